//! Tracks and packets, as demuxers bring them.

use std::ops::Range;

use reelwright_core::{ChannelLayout, ColorInfo, PixelFormat, Rational, TimeBase};
use symphonia::core::codecs::audio::AudioCodecParameters;

use crate::pcm::PcmFormat;

/// The kind of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Audio.
    Audio,
    /// Video, also a single image.
    Video,
    /// Subtitles.
    Subtitle,
    /// Anything else: time codes, chapters, measurements.
    Data,
}

impl Kind {
    /// The name that messages use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Subtitle => "subtitle",
            Self::Data => "data",
        }
    }
}

/// One track of an input.
#[derive(Debug, Clone)]
pub struct Track {
    /// The position among the input's tracks, from 0.
    pub index: usize,
    /// Audio, video, …
    pub kind: Kind,
    /// The codec's name, FFmpeg's where it has one.
    pub codec: String,
    /// ISO 639 code of the language, where the input states one.
    pub language: Option<String>,
    /// The unit of the packets' times.
    pub time_base: TimeBase,
    /// Duration of what is presented, in `time_base`, where the input states one.
    pub duration: Option<u64>,
    /// The means to decode the packets; none for a codec that is not supported.
    pub decoder: Option<Codec>,
    /// True if the packets are titles of chapters, which the input as a whole has.
    pub is_chapters: bool,
    /// Facts about frames that the container states.
    pub picture: PictureFacts,
    /// Facts about samples that the container states.
    pub sound: SoundFacts,
}

impl Track {
    /// A track of which nothing else is known yet.
    pub(crate) fn new(index: usize, kind: Kind, codec: &str, time_base: TimeBase) -> Self {
        Self {
            index,
            kind,
            codec: codec.to_owned(),
            language: None,
            time_base,
            duration: None,
            decoder: None,
            is_chapters: false,
            picture: PictureFacts::default(),
            sound: SoundFacts::default(),
        }
    }
}

/// Facts about a video track that its container states.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PictureFacts {
    /// Width and height in pixels.
    pub size: Option<(usize, usize)>,
    /// Frames per second.
    pub frame_rate: Option<Rational>,
    /// Whether frames may be shown for different times.
    pub is_variable: bool,
    /// Width / height of a pixel.
    pub sample_aspect_ratio: Option<Rational>,
    /// Color code points.
    pub color: Option<ColorInfo>,
    /// The turn and the mirroring that show the frames upright.
    pub orientation: Orientation,
}

/// Facts about an audio track that its container states.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SoundFacts {
    /// Sample rate in Hz.
    pub sample_rate: Option<u32>,
    /// Channels that the samples are for.
    pub layout: Option<ChannelLayout>,
    /// Index of each coded channel in the layout's own order, where it is another one.
    pub order: Option<[u8; 8]>,
    /// Bits of a sample that carry audio.
    pub bits: Option<u32>,
    /// Number of samples of each channel after the delay is removed.
    pub samples: Option<u64>,
    /// Samples at the start that are the encoder's delay.
    pub delay: u64,
    /// Whether the container has no pauses: a gap is a loss.
    pub is_gapless: bool,
    /// Nanoseconds that the container's own times are multiples of, if `time_base` is finer.
    pub rounding: Option<u64>,
}

/// A decoder's configuration.
#[derive(Debug, Clone)]
pub enum Codec {
    /// Samples as they are.
    Pcm(PcmFormat),
    /// A codec of symphonia, or one that is added to it.
    Symphonia(Box<AudioCodecParameters>),
    /// G.722 at 64 kbit/s.
    G722,
    /// H.264: NAL units after lengths with an avcC record, a byte stream without one.
    H264(Option<Vec<u8>>),
    /// AV1, with its configuration record (av1C), or nothing.
    Av1(Vec<u8>),
    /// A still image in each packet.
    Image,
    /// Planes one after the other, each row without padding.
    Raw(PixelFormat),
}

/// A turn and a mirroring: how frames are shown upright.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Orientation {
    /// Clockwise quarter turns, 0 to 3, after the mirroring.
    pub quarter_turns: u8,
    /// Left and right are exchanged first.
    pub is_mirrored: bool,
}

impl Orientation {
    /// Returns whether frames are shown as they are.
    pub fn is_upright(self) -> bool {
        self == Self::default()
    }
}

/// Coded frames or samples.
#[derive(Debug, Clone)]
pub struct Packet {
    /// The coded bytes.
    pub data: Vec<u8>,
    /// Presentation time, in the track's time base.
    pub pts: i64,
    /// Decoding time, in the track's time base; none where the input does not state it.
    pub dts: Option<i64>,
    /// Duration in the track's time base; 0 where the input does not state it.
    pub duration: u64,
    /// Whether decoding can start here.
    pub is_sync: bool,
    /// The presentation times that are shown; frames and samples outside are only decoded.
    pub window: Range<i64>,
    /// Whether the decoder starts anew: the packet does not follow the one before it.
    pub starts_anew: bool,
    /// The decoder's configuration, where it changes with `starts_anew`.
    pub config: Option<Box<Codec>>,
    /// Samples to drop from the start and the end of what is decoded.
    pub trim: (u32, u32),
}

impl Packet {
    /// A packet that is wholly shown.
    pub fn new(data: Vec<u8>, pts: i64, duration: u64) -> Self {
        Self {
            data,
            pts,
            dts: None,
            duration,
            is_sync: true,
            window: i64::MIN..i64::MAX,
            starts_anew: false,
            config: None,
            trim: (0, 0),
        }
    }
}

/// A container at work.
pub trait Demuxer {
    /// The next packet of a track; none at the end.
    ///
    /// # Errors
    /// The input's own. Damage is an error only where nothing after it can be read.
    fn next(&mut self, track: usize) -> anyhow::Result<Option<Packet>>;

    /// Declares the tracks that will be read; packets of others are dropped.
    fn select(&mut self, tracks: &[usize]) {
        let _ = tracks;
    }

    /// Brings also the packets of a track that nothing presented needs.
    fn keep_all(&mut self, track: usize) {
        let _ = track;
    }

    /// Returns whether the input was found to end early or to be damaged.
    fn is_damaged(&self) -> bool {
        false
    }
}
