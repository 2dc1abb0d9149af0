//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use reelwright::{ResampleQuality, SampleFormat};

use crate::raw::RawFormat;

/// Encode audio, without FFmpeg.
#[derive(Debug, Parser)]
#[command(name = "reelwright", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Encode media files or raw samples into a file
    Encode(Box<EncodeArgs>),
    /// List what this build can do
    List {
        /// What to list
        what: Listing,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Describe an encoder or a muxer and its options
    Help {
        /// `encoder=NAME` or `muxer=NAME`
        topic: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listing {
    Muxers,
    Encoders,
    Devices,
    Protocols,
    SampleFormats,
}

#[derive(Debug, Args)]
pub(crate) struct EncodeArgs {
    /// Files to read (WAV, FLAC, MP3, AAC, M4A, Ogg, Opus, AIFF, CAF, …), each becoming a stream,
    /// where the container takes several; `-` is standard input
    #[arg(required = true, value_name = "IN")]
    pub(crate) inputs: Vec<PathBuf>,

    /// File to write; `-` is standard output
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: String,

    /// Overwrite the output if it exists
    #[arg(short = 'y', long)]
    pub(crate) overwrite: bool,

    /// Container; the output's extension tells it otherwise
    #[arg(short, long, value_name = "NAME")]
    pub(crate) format: Option<String>,

    /// Audio encoder; the container's default otherwise
    #[arg(long, value_name = "NAME")]
    pub(crate) audio_encoder: Option<String>,

    /// Option of the audio encoder; can be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) audio_option: Vec<(String, String)>,

    /// Sample format to encode; of those the encoder takes, what loses least otherwise
    #[arg(long, value_name = "FORMAT")]
    pub(crate) sample_format: Option<SampleFormat>,

    /// Bits per second, such as 128k
    #[arg(long, value_name = "RATE", value_parser = bit_rate)]
    pub(crate) bit_rate: Option<u64>,

    /// Quality instead of a bit rate; the range is the encoder's
    #[arg(long, value_name = "Q", allow_hyphen_values = true)]
    pub(crate) qscale: Option<f32>,

    /// How hard to try; the range is the encoder's
    #[arg(long, value_name = "LEVEL", allow_hyphen_values = true)]
    pub(crate) compression_level: Option<i32>,

    /// Sample rate to encode, in Hz; the input is resampled to it
    #[arg(long, value_name = "HZ")]
    pub(crate) sample_rate: Option<u32>,

    /// How carefully to resample: fast, default or high
    #[arg(long, value_name = "QUALITY", default_value_t)]
    pub(crate) resample_quality: ResampleQuality,

    /// Number of channels to encode; the input's are remixed to it
    #[arg(long, value_name = "N")]
    pub(crate) channels: Option<usize>,

    /// Metadata, in place of the input's of the same key; an empty value removes it; can be given
    /// several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) metadata: Vec<(String, String)>,

    /// Cover art, a JPEG, PNG or GIF file; in place of the input's
    #[arg(long, value_name = "FILE")]
    pub(crate) cover: Option<PathBuf>,

    /// Option of the container; can be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) muxer_option: Vec<(String, String)>,

    /// Samples of each channel in a chunk
    #[arg(long, value_name = "N", default_value_t = 4800,
          value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(crate) chunk: u32,

    /// Read the inputs as headerless samples of this format
    #[arg(long, value_name = "FORMAT", requires_all = ["input_sample_rate", "input_channels"])]
    pub(crate) input_format: Option<RawFormat>,

    /// Sample rate of headerless input, in Hz
    #[arg(long, value_name = "HZ", requires = "input_format")]
    pub(crate) input_sample_rate: Option<u32>,

    /// Number of channels of headerless input
    #[arg(long, value_name = "N", requires = "input_format")]
    pub(crate) input_channels: Option<usize>,

    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

fn bit_rate(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => match text.strip_suffix('M') {
            Some(digits) => (digits, 1_000_000),
            None => (text, 1),
        },
    };
    let rate = digits.parse::<u64>().ok().and_then(|rate| rate.checked_mul(factor));
    rate.filter(|rate| *rate > 0).ok_or_else(|| "expected bits per second, such as 128k".to_owned())
}
