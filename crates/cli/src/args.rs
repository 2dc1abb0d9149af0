//! Command line arguments.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use reelwright::{ColorRange, PixelFormat, Rational, ResampleQuality, SampleFormat, ScaleFilter};
use reelwright_reader::PcmFormat;

/// Encode audio and video, without FFmpeg.
#[derive(Debug, Parser)]
#[command(name = "reelwright", version, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Encode media files or raw samples into a file
    Encode(Box<EncodeArgs>),
    /// List the entries of this build, such as formats and encoders
    List {
        /// Kind of entries to list
        what: Listing,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Describe an encoder or a muxer and its options
    Help {
        /// `encoder=NAME`, `muxer=NAME`, `protocol=NAME`, or only the name of an encoder, a format,
        /// a protocol, an option or a command
        topic: Option<String>,
    },
    /// Print a script that completes the command line in a shell
    Completions { shell: clap_complete::Shell },
    /// Print the manual page in roff
    Man,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listing {
    Muxers,
    Encoders,
    Devices,
    Protocols,
    SampleFormats,
    PixelFormats,
}

#[derive(Debug, Args)]
pub(crate) struct EncodeArgs {
    /// Files to read: audio (WAV, FLAC, MP3, AAC, M4A, Ogg, Opus, AIFF, CAF, …), MP4 with H.264,
    /// Y4M, or images, single or numbered (`frame_%04d.png`); each audio and video track becomes a
    /// stream. `-` is standard input; `testsrc=size=640x360:rate=30:duration=5` and
    /// `sine=frequency=440:duration=5` are generated
    #[arg(required = true, value_name = "IN")]
    pub(crate) inputs: Vec<PathBuf>,

    /// File to write; `-` is standard output
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: String,

    /// Overwrite the output if it exists
    #[arg(short = 'y', long)]
    pub(crate) overwrite: bool,

    /// Container format; default from the output's extension
    #[arg(short, long, value_name = "NAME")]
    pub(crate) format: Option<String>,

    /// Audio encoder; default from the container
    #[arg(long, value_name = "NAME", help_heading = "Audio")]
    pub(crate) audio_encoder: Option<String>,

    /// Option of the audio encoder; can be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value, help_heading = "Audio")]
    pub(crate) audio_option: Vec<(String, String)>,

    /// Sample format to encode; default is the supported one that loses the least
    #[arg(long, value_name = "FORMAT", help_heading = "Audio")]
    pub(crate) sample_format: Option<SampleFormat>,

    /// Audio bit rate in bits per second, such as 128k
    #[arg(long, value_name = "RATE", value_parser = bit_rate, help_heading = "Audio")]
    pub(crate) bit_rate: Option<u64>,

    /// Audio quality instead of a bit rate; the range depends on the encoder
    #[arg(
        long,
        value_name = "Q",
        allow_hyphen_values = true,
        conflicts_with = "bit_rate",
        help_heading = "Audio"
    )]
    pub(crate) qscale: Option<f32>,

    /// Video encoder; default from the container
    #[arg(long, value_name = "NAME", help_heading = "Video")]
    pub(crate) video_encoder: Option<String>,

    /// Option of the video encoder; can be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value, help_heading = "Video")]
    pub(crate) video_option: Vec<(String, String)>,

    /// Frame size to encode, such as 1280x720; frames are scaled to it
    #[arg(long, value_name = "WxH", value_parser = frame_size, help_heading = "Video")]
    pub(crate) size: Option<(u32, u32)>,

    /// Scaling filter: neighbor, bilinear, bicubic, lanczos or area; default bicubic
    #[arg(long, value_name = "FILTER", help_heading = "Video")]
    pub(crate) scale_filter: Option<ScaleFilter>,

    /// Frame rate to encode, such as 30 or 30000/1001: frames are repeated or dropped; for images,
    /// the frame rate of the input
    #[arg(long, value_name = "RATE", value_parser = frames_per_second, help_heading = "Video")]
    pub(crate) frame_rate: Option<Rational>,

    /// Pixel format to encode
    #[arg(long, value_name = "FORMAT", value_parser = PixelFormat::parse_with_range, help_heading = "Video")]
    pub(crate) pixel_format: Option<(PixelFormat, Option<ColorRange>)>,

    /// Video bit rate in bits per second, such as 2M
    #[arg(long, value_name = "RATE", value_parser = bit_rate, help_heading = "Video")]
    pub(crate) video_bit_rate: Option<u64>,

    /// Constant quality of video, the encoder's option crf; lower is better
    #[arg(long, value_name = "CRF", conflicts_with_all = ["video_bit_rate", "video_qscale"], help_heading = "Video")]
    pub(crate) crf: Option<f32>,

    /// Video quality instead of a bit rate; the range depends on the encoder
    #[arg(
        long,
        value_name = "Q",
        allow_hyphen_values = true,
        conflicts_with = "video_bit_rate",
        help_heading = "Video"
    )]
    pub(crate) video_qscale: Option<f32>,

    /// Maximum number of frames from one keyframe to the next
    #[arg(long, value_name = "N", help_heading = "Video")]
    pub(crate) gop: Option<u32>,

    /// Audio compression effort; the range depends on the encoder
    #[arg(long, value_name = "LEVEL", allow_hyphen_values = true, help_heading = "Audio")]
    pub(crate) compression_level: Option<i32>,

    /// Sample rate to encode, in Hz; audio is resampled to it
    #[arg(long, value_name = "HZ", help_heading = "Audio")]
    pub(crate) sample_rate: Option<u32>,

    /// Resampling quality: fast, default or high
    #[arg(long, value_name = "QUALITY", help_heading = "Audio")]
    pub(crate) resample_quality: Option<ResampleQuality>,

    /// Number of channels to encode; audio is remixed to it
    #[arg(long, value_name = "N", help_heading = "Audio")]
    pub(crate) channels: Option<usize>,

    /// Metadata, replacing the input's of the same key; an empty value removes it; can be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value, help_heading = "Metadata and subtitles")]
    pub(crate) metadata: Vec<(String, String)>,

    /// Copy the packets of the input without re-encoding, which loses nothing; options of encoders
    /// are not allowed
    #[arg(long)]
    pub(crate) copy: bool,

    /// Cover art, a JPEG, PNG or GIF file; replaces the input's
    #[arg(long, value_name = "FILE", help_heading = "Metadata and subtitles")]
    pub(crate) cover: Option<PathBuf>,

    /// Chapters, a file in FFmpeg's metadata format; replaces the input's
    #[arg(long, value_name = "FILE", help_heading = "Metadata and subtitles")]
    pub(crate) chapters: Option<PathBuf>,

    /// Subtitles, a SubRip (.srt) or WebVTT (.vtt) file; each becomes a stream; can be repeated
    #[arg(long, value_name = "FILE", help_heading = "Metadata and subtitles")]
    pub(crate) subtitles: Vec<PathBuf>,

    /// Codec of the subtitles: mov_text or webvtt; default from the container
    #[arg(
        long,
        value_name = "CODEC",
        requires = "subtitles",
        help_heading = "Metadata and subtitles"
    )]
    pub(crate) subtitle_codec: Option<String>,

    /// Language of each subtitle file, such as eng, in the order of the files
    #[arg(
        long,
        value_name = "LANGUAGE",
        requires = "subtitles",
        help_heading = "Metadata and subtitles"
    )]
    pub(crate) subtitle_language: Vec<String>,

    /// Option of the container; can be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) muxer_option: Vec<(String, String)>,

    /// Samples per channel in a chunk
    #[arg(long, value_name = "N", default_value_t = 4800,
          value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(crate) chunk: u32,

    /// Read the inputs as headerless data in this format: samples (s16le, f32le, alaw, ...), g722,
    /// or rawvideo
    #[arg(long, value_name = "FORMAT", help_heading = "Input")]
    pub(crate) input_format: Option<InputFormat>,

    /// Sample rate of headerless input, in Hz
    #[arg(long, value_name = "HZ", requires = "input_format", help_heading = "Input")]
    pub(crate) input_sample_rate: Option<u32>,

    /// Number of channels of headerless input
    #[arg(long, value_name = "N", requires = "input_format", help_heading = "Input")]
    pub(crate) input_channels: Option<usize>,

    /// Frame size of rawvideo input, such as 1280x720; default --size
    #[arg(long, value_name = "WxH", value_parser = frame_size, requires = "input_format", help_heading = "Input")]
    pub(crate) input_size: Option<(u32, u32)>,

    /// Pixel format of rawvideo input; default --pixel-format
    #[arg(
        long,
        value_name = "FORMAT",
        requires = "input_format",
        value_parser = PixelFormat::parse_with_range, help_heading = "Input")]
    pub(crate) input_pixel_format: Option<(PixelFormat, Option<ColorRange>)>,

    /// Audio track to encode: its number among the input's audio tracks, from 0, or its language;
    /// default the first
    #[arg(long, value_name = "TRACK", conflicts_with = "no_audio", help_heading = "Input")]
    pub(crate) audio_track: Option<TrackChoice>,

    /// Video track to encode, like --audio-track
    #[arg(long, value_name = "TRACK", conflicts_with = "no_video", help_heading = "Input")]
    pub(crate) video_track: Option<TrackChoice>,

    /// Ignore the inputs' audio
    #[arg(long, help_heading = "Input")]
    pub(crate) no_audio: bool,

    /// Ignore the inputs' video
    #[arg(long, help_heading = "Input")]
    pub(crate) no_video: bool,

    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Format of headerless input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InputFormat {
    Audio(PcmFormat),
    G722,
    Video,
}

impl FromStr for InputFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "rawvideo" => Ok(Self::Video),
            "g722" => Ok(Self::G722),
            _ => name
                .parse()
                .map(Self::Audio)
                .map_err(|names: String| format!("{names}, g722, rawvideo")),
        }
    }
}

/// Track among those of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TrackChoice {
    Number(usize),
    Language(String),
}

impl FromStr for TrackChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(number) = text.parse() {
            return Ok(Self::Number(number));
        }
        let is_code =
            (2..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic());
        let expected = "expected a number from 0 on, or a language such as eng";
        if is_code {
            Ok(Self::Language(text.to_ascii_lowercase()))
        } else {
            Err(expected.to_owned())
        }
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

fn frame_size(text: &str) -> Result<(u32, u32), String> {
    let size = reelwright_reader::size(text).ok_or("expected WIDTHxHEIGHT, such as 1280x720")?;
    Ok((size.0 as u32, size.1 as u32))
}

fn frames_per_second(text: &str) -> Result<Rational, String> {
    reelwright_reader::frame_rate(text)
        .ok_or_else(|| "expected a rate, such as 30 or 30000/1001".into())
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
