//! How good our lossy encoders sound beside their peers, as ViSQOL hears it.

use std::path::{Path, PathBuf};

use reelwright::AudioStream;

use super::asset::asset;
use super::codecs::{Codec, Encoder, bit_rate};
use super::measure::{capture, installed};
use super::noise::noise_to_mask;
use super::piece::{Piece, RATE};
use super::visqol::Visqol;

/// Bit rates are for stereo; mono gets half.
const SETTINGS: &[Codec] = &[
    Codec {
        encoder: "aac",
        extension: "aac",
        bit_rate: Some(128_000),
        peers: &[Encoder::Ffmpeg("aac")],
    },
    Codec {
        encoder: "opus",
        extension: "opus",
        bit_rate: Some(96_000),
        peers: &[Encoder::Ffmpeg("libopus")],
    },
    Codec { encoder: "mp3", extension: "mp3", bit_rate: Some(128_000), peers: &[Encoder::Lame] },
    Codec { encoder: "mp3", extension: "mp3", bit_rate: Some(192_000), peers: &[Encoder::Lame] },
];

/// A file's figures.
#[derive(Clone, Copy, Default)]
struct Figures {
    mos: f64,
    /// Noise to mask, in dB.
    noise: f64,
    kilobits: f64,
}

pub(super) fn run(files: &[PathBuf]) -> anyhow::Result<()> {
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
        println!("One short piece says little: name more on the command line.\n");
        &assets
    } else {
        files
    };
    let pieces = files.iter().map(|file| Piece::load(file, directory.path()));
    let pieces = pieces.collect::<anyhow::Result<Vec<_>>>()?;
    println!(
        "ViSQOL's audio mode, 48 kHz; excerpts of at most 9 s; mono pieces at half the bit rate"
    );
    for codec in SETTINGS {
        table(codec, &pieces, &visqol, directory.path())?;
    }
    Ok(())
}

fn table(codec: &Codec, pieces: &[Piece], visqol: &Visqol, directory: &Path) -> anyhow::Result<()> {
    let asked = codec.bit_rate.unwrap_or_default() / 1000;
    for peer in codec.peers {
        let title = format!("{} {asked}k | {}", codec.encoder, peer.name());
        if !installed(peer.program(), &title) {
            continue;
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
            let foreign = directory.join("peer").with_extension(codec.extension);
            capture(&mut codec.command(*peer, &piece.wav, &foreign))?;
            let both = [figures(piece, &own, visqol)?, figures(piece, &foreign, visqol)?];
            print_line(&piece.name, both);
            for (sum, figures) in sums.iter_mut().zip(both) {
                sum.mos += figures.mos / pieces.len() as f64;
                sum.noise += figures.noise / pieces.len() as f64;
                sum.kilobits += figures.kilobits / pieces.len() as f64;
            }
        }
        print_line("mean", sums);
    }
    Ok(())
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
