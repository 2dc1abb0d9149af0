//! Quality of lossy audio encoders and their peers by ViSQOL.

use std::path::{Path, PathBuf};

use reelwright::AudioStream;

use super::asset::asset;
use super::codecs::{Codec, Encoder, bit_rate};
use super::measure::{capture, installed};
use super::noise::noise_to_mask;
use super::piece::{Piece, RATE};
use super::results::Results;
use super::visqol::Visqol;

/// Encoder (also the file's extension), its name in plots, peer, and bit rates of stereo in kbit/s.
/// Mono files have half the bit rate.
const SETTINGS: &[(&str, &str, Encoder, &[u64])] = &[
    ("aac", "AAC", Encoder::Ffmpeg("aac"), &[64, 96, 128, 192]),
    ("opus", "Opus", Encoder::Ffmpeg("libopus"), &[48, 64, 96, 128]),
    ("mp3", "MP3", Encoder::Lame, &[96, 128, 160, 192]),
];

/// Measurements of a file.
#[derive(Clone, Copy, Default)]
struct Figures {
    mos: f64,
    /// Noise-to-mask ratio in dB.
    noise: f64,
    kilobits: f64,
}

pub(super) fn run(files: &[PathBuf], results: &mut Results) -> anyhow::Result<()> {
    let Some(visqol) = Visqol::find() else {
        println!("skipped: no visqol");
        return Ok(());
    };
    if !["ffmpeg", "ffprobe"].iter().all(|program| installed(program, "quality")) {
        return Ok(());
    }
    let directory = tempfile::tempdir()?;
    let assets = [asset("bbb_48k_stereo.flac")];
    let files = if files.is_empty() {
        println!("One short piece is not representative. Pass more files.\n");
        &assets
    } else {
        files
    };
    let pieces = files.iter().map(|file| Piece::load(file, directory.path()));
    let pieces = pieces.collect::<anyhow::Result<Vec<_>>>()?;
    println!(
        "ViSQOL's audio mode, 48 kHz; excerpts of at most 9 s; mono pieces at half the bit rate"
    );
    for (encoder, name, peer, rates) in SETTINGS {
        let (mut own, mut theirs) = (Vec::new(), Vec::new());
        for rate in *rates {
            let codec = Codec {
                encoder,
                extension: encoder,
                bit_rate: Some(1000 * rate),
                peers: std::slice::from_ref(peer),
            };
            if let Some(means) = table(&codec, *peer, &pieces, &visqol, directory.path())? {
                let [of_own, of_peer] = means.map(|mean| [mean.kilobits, mean.mos]);
                own.push(of_own);
                theirs.push(of_peer);
            }
        }
        let plot = format!("{name}, ViSQOL, {} pieces", pieces.len());
        results.curve("quality", &plot, "Reelwright", &own);
        results.curve("quality", &plot, peer.name(), &theirs);
    }
    Ok(())
}

/// Prints the figures of each piece. Returns the means of both encoders if the peer is installed.
fn table(
    codec: &Codec<'_>,
    peer: Encoder,
    pieces: &[Piece],
    visqol: &Visqol,
    directory: &Path,
) -> anyhow::Result<Option<[Figures; 2]>> {
    let target = codec.bit_rate.unwrap_or_default() / 1000;
    let title = format!("{} {target}k | {}", codec.encoder, peer.name());
    if !installed(peer.program(), &title) {
        return Ok(None);
    }
    println!(
        "\n{title:<28} {:>6} {:>7} {:>7}   {:>9} {:>7}   {:>7} {:>7}",
        "MOS", "peer's", "", "noise", "peer's", "kbit/s", "peer's"
    );
    let mut sums = [Figures::default(); 2];
    for piece in pieces {
        let codec = codec.for_channels(piece.channels);
        let own = directory.join("own").with_extension(codec.extension);
        let stream = AudioStream::new(RATE, piece.channels);
        codec.encode(&piece.samples, piece.channels, stream, &own)?;
        let of_peer = directory.join("peer").with_extension(codec.extension);
        capture(&mut codec.command(peer, &piece.wav, &of_peer))?;
        let both = [figures(piece, &own, visqol)?, figures(piece, &of_peer, visqol)?];
        print_line(&piece.name, both);
        for (sum, figures) in sums.iter_mut().zip(both) {
            sum.mos += figures.mos / pieces.len() as f64;
            sum.noise += figures.noise / pieces.len() as f64;
            sum.kilobits += figures.kilobits / pieces.len() as f64;
        }
    }
    print_line("mean", sums);
    Ok(Some(sums))
}

fn figures(piece: &Piece, encoded: &Path, visqol: &Visqol) -> anyhow::Result<Figures> {
    let (decoded, wav) = piece.decode(encoded)?;
    Ok(Figures {
        mos: visqol.mos(&piece.reference, &wav)?,
        noise: noise_to_mask(piece.compared(), &decoded, piece.channels),
        kilobits: bit_rate(encoded, piece.seconds())? / 1000.0,
    })
}

fn print_line(name: &str, [ours, theirs]: [Figures; 2]) {
    println!(
        "{name:<28} {:>6.3} {:>7.3} {:>+7.3}   {:>6.1} dB {:>4.1} dB   {:>7.1} {:>7.1}",
        ours.mos,
        theirs.mos,
        ours.mos - theirs.mos,
        ours.noise,
        theirs.noise,
        ours.kilobits,
        theirs.kilobits
    );
}
