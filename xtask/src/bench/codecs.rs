//! All codecs except FLAC and PCM, compared with common encoders.
//!
//! Peers are complete programs. For the cheapest codecs, most of the measured time is spent outside
//! of the encoder.

use std::path::Path;
use std::process::Command;

use reelwright::{AudioStream, CodecConfig, Element};

use super::compare::{Peer, measure, print_head};
use super::measure::{capture, ffmpeg, installed};
use super::music::{Music, encode};
use super::results::Results;

/// An encoder of this project and its peers.
pub(super) struct Codec<'a> {
    pub(super) encoder: &'static str,
    /// Extension of the files, which determines the container.
    pub(super) extension: &'static str,
    /// Bit rate in bits per second, for codecs that have one.
    pub(super) bit_rate: Option<u64>,
    pub(super) peers: &'a [Encoder],
}

/// An encoder of another project.
#[derive(Clone, Copy)]
pub(super) enum Encoder {
    /// FFmpeg's encoder of this name.
    Ffmpeg(&'static str),
    Lame,
    Opusenc,
}

const CODECS: &[Codec<'_>] = &[
    Codec {
        encoder: "aac",
        extension: "aac",
        bit_rate: Some(128_000),
        peers: &[Encoder::Ffmpeg("aac")],
    },
    Codec {
        encoder: "mp3",
        extension: "mp3",
        bit_rate: Some(128_000),
        peers: &[Encoder::Lame, Encoder::Ffmpeg("libmp3lame")],
    },
    Codec {
        encoder: "opus",
        extension: "opus",
        bit_rate: Some(96_000),
        peers: &[Encoder::Ffmpeg("libopus"), Encoder::Opusenc],
    },
    Codec { encoder: "alac", extension: "caf", bit_rate: None, peers: &[Encoder::Ffmpeg("alac")] },
    Codec {
        encoder: "adpcm_ima_wav",
        extension: "wav",
        bit_rate: None,
        peers: &[Encoder::Ffmpeg("adpcm_ima_wav")],
    },
    Codec {
        encoder: "adpcm_ms",
        extension: "wav",
        bit_rate: None,
        peers: &[Encoder::Ffmpeg("adpcm_ms")],
    },
];

/// Codec for speech at 16 kHz.
const G722: Codec<'_> =
    Codec { encoder: "g722", extension: "g722", bit_rate: None, peers: &[Encoder::Ffmpeg("g722")] };

pub(super) fn run(music: &Music, results: &mut Results) -> anyhow::Result<()> {
    print_head();
    for codec in CODECS {
        codec.compare(music, results)?;
    }
    G722.compare(&music.narrow()?, results)
}

impl Codec<'_> {
    fn compare(&self, music: &Music, results: &mut Results) -> anyhow::Result<()> {
        let output = music.output("own").with_extension(self.extension);
        let name = match self.bit_rate {
            Some(bit_rate) => format!("{} {}k", self.encoder, bit_rate / 1000),
            None => self.encoder.into(),
        };
        let own = || self.encode(&music.samples, music.channels, music.stream(), &output);
        let mut files = Vec::new();
        for encoder in self.peers {
            let command = |input: &Path, output: &Path| self.command(*encoder, input, output);
            let peer = Peer { name: encoder.name(), program: encoder.program(), command: &command };
            let line = format!("{name} | {}", peer.name);
            let peer_output = music.output(peer.name).with_extension(self.extension);
            if let Some(both) = measure(music, &line, &output, &own, &peer, &peer_output)? {
                both.report("codecs", &name, peer.name, results);
                files.push((encoder.name(), peer_output));
            }
        }
        let Some(requested) = self.bit_rate else { return Ok(()) };
        if !installed("ffprobe", &format!("{name}'s bit rate")) {
            return Ok(());
        }
        let rate = |name: &str, path: &Path| {
            let rate = bit_rate(path, music.seconds())?;
            let off = 100.0 * (rate / requested as f64 - 1.0);
            anyhow::Ok(format!("{name} {:.1} kbit/s ({off:+.1}%)", rate / 1000.0))
        };
        let mut rates = vec![rate("ours", &output)?];
        for (name, path) in &files {
            rates.push(rate(name, path)?);
        }
        println!("    {}", rates.join(", "));
        Ok(())
    }

    /// Returns the codec with half of the bit rate for one channel.
    pub(super) fn for_channels(&self, channels: usize) -> Self {
        let bit_rate = self.bit_rate.map(|bit_rate| bit_rate * channels as u64 / 2);
        Self { bit_rate, ..*self }
    }

    /// Encodes with this project's encoder.
    pub(super) fn encode<T: Element>(
        &self,
        samples: &[T],
        channels: usize,
        stream: AudioStream,
        output: &Path,
    ) -> anyhow::Result<()> {
        let config = CodecConfig { bit_rate: self.bit_rate, ..CodecConfig::default() };
        encode(samples, channels, output, stream.encoder(self.encoder).codec_config(config))
    }

    /// Returns the command of a peer, with no option except the bit rate.
    pub(super) fn command(&self, encoder: Encoder, input: &Path, output: &Path) -> Command {
        let kilobits = self.bit_rate.unwrap_or_default() / 1000;
        match encoder {
            Encoder::Ffmpeg(codec) => {
                let mut command = ffmpeg(input);
                command.args(["-c:a", codec]);
                if self.bit_rate.is_some() {
                    command.args(["-b:a", &format!("{kilobits}k")]);
                }
                command.arg(output);
                command
            }
            Encoder::Lame => {
                let mut command = Command::new("lame");
                command.args(["--quiet", "-b", &kilobits.to_string()]).arg(input).arg(output);
                command
            }
            Encoder::Opusenc => {
                let mut command = Command::new("opusenc");
                command
                    .args(["--quiet", "--bitrate", &kilobits.to_string()])
                    .arg(input)
                    .arg(output);
                command
            }
        }
    }
}

impl Encoder {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ffmpeg("aac") => "ffmpeg aac",
            Self::Ffmpeg(name @ ("libmp3lame" | "libopus")) => name,
            Self::Ffmpeg(_) => "ffmpeg",
            Self::Lame => "lame",
            Self::Opusenc => "opusenc",
        }
    }

    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Ffmpeg(_) => "ffmpeg",
            Self::Lame => "lame",
            Self::Opusenc => "opusenc",
        }
    }
}

/// Returns the bit rate of a file's packets, without its container.
pub(super) fn bit_rate(path: &Path, seconds: f64) -> anyhow::Result<f64> {
    /// ffprobe includes the ADTS header in the packet.
    const ADTS_HEADER: f64 = 7.0;
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error", "-show_entries", "packet=size", "-of", "csv=p=0"]).arg(path);
    let printed = String::from_utf8(capture(&mut ffprobe)?)?;
    let header = if path.extension().is_some_and(|aac| aac == "aac") { ADTS_HEADER } else { 0.0 };
    let mut bytes = 0.0;
    for size in printed.lines().filter(|line| !line.is_empty()) {
        // A packet with side data has a comma after its size.
        bytes += size.trim_end_matches(',').parse::<f64>()? - header;
    }
    Ok(8.0 * bytes / seconds)
}
