//! Tracks and packets of demuxers.

use std::ops::Range;

use reelwright_core::{ChannelLayout, ColorInfo, PixelFormat, Rational, TimeBase};
use symphonia::core::codecs::audio::AudioCodecParameters;

use crate::pcm::PcmFormat;

/// Kind of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Audio.
    Audio,
    /// Video, or a single image.
    Video,
    /// Subtitles.
    Subtitle,
    /// Anything else: time codes, chapters, measurements.
    Data,
}

impl Kind {
    /// Name of the kind in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Subtitle => "subtitle",
            Self::Data => "data",
        }
    }
}

/// A track of an input.
#[derive(Debug, Clone)]
pub struct Track {
    /// Position among the input's tracks, from 0.
    pub index: usize,
    /// Kind of the track.
    pub kind: Kind,
    /// Name of the codec, as in FFmpeg if it has one.
    pub codec: String,
    /// ISO 639 code of the language, if the input states one.
    pub language: Option<String>,
    /// Unit of the packets' timestamps.
    pub time_base: TimeBase,
    /// Duration of the presented media in `time_base`, if the input states one.
    pub duration: Option<u64>,
    /// Decoder of the packets. `None` if the codec is not supported.
    pub decoder: Option<Codec>,
    /// True if the packets are titles of chapters. The chapters belong to the input as a whole.
    pub is_chapters: bool,
    /// Properties of the video that the container states.
    pub video: VideoFacts,
    /// Properties of the audio that the container states.
    pub audio: AudioFacts,
}

impl Track {
    /// Creates a track without further properties.
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
            video: VideoFacts::default(),
            audio: AudioFacts::default(),
        }
    }
}

/// Properties of a video track that its container states.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct VideoFacts {
    /// Width and height in pixels.
    pub size: Option<(usize, usize)>,
    /// Frames per second.
    pub frame_rate: Option<Rational>,
    /// True if the duration of frames may vary.
    pub is_variable: bool,
    /// Width / height of a pixel.
    pub sample_aspect_ratio: Option<Rational>,
    /// Color code points.
    pub color: Option<ColorInfo>,
    /// Rotation and mirroring that show the frames upright.
    pub orientation: Orientation,
}

/// Properties of an audio track that its container states.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AudioFacts {
    /// Sample rate in Hz.
    pub sample_rate: Option<u32>,
    /// Channel layout of the samples.
    pub layout: Option<ChannelLayout>,
    /// Index of each coded channel in the layout's order, if it differs.
    pub order: Option<[u8; 8]>,
    /// Significant bits of a sample.
    pub bits: Option<u32>,
    /// Number of audio frames after the delay is removed.
    pub samples: Option<u64>,
    /// Number of audio frames at the start that are the encoder's delay.
    pub delay: u64,
    /// True if the container cannot store pauses: a gap means lost data.
    pub is_gapless: bool,
    /// Granularity of the container's timestamps in nanoseconds, if `time_base` is finer.
    pub rounding: Option<u64>,
}

/// Decoder configuration.
#[derive(Debug, Clone)]
pub enum Codec {
    /// Uncompressed samples.
    Pcm(PcmFormat),
    /// Codec of symphonia, or one that this crate adds to it.
    Symphonia(Box<AudioCodecParameters>),
    /// G.722 at 64 kbit/s.
    G722,
    /// H.264: with an avcC record, NAL units with lengths; otherwise an Annex B byte stream.
    H264(Option<Vec<u8>>),
    /// AV1 with its configuration record (av1C), which may be empty.
    Av1(Vec<u8>),
    /// A still image in each packet.
    Image,
    /// Uncompressed planes, in order, without row padding.
    Raw(PixelFormat),
}

/// Rotation and mirroring that show frames upright.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Orientation {
    /// Clockwise quarter turns after the mirroring, 0 to 3.
    pub quarter_turns: u8,
    /// True if left and right are exchanged before the rotation.
    pub is_mirrored: bool,
}

impl Orientation {
    /// Returns true if frames are shown unchanged.
    pub fn is_upright(self) -> bool {
        self == Self::default()
    }
}

/// Coded frames or samples.
#[derive(Debug, Clone)]
pub struct Packet {
    /// The coded bytes.
    pub data: Vec<u8>,
    /// Presentation timestamp, in the track's time base.
    pub pts: i64,
    /// Decoding timestamp, in the track's time base, if the input states it.
    pub dts: Option<i64>,
    /// Duration in the track's time base. 0 if the input does not state it.
    pub duration: u64,
    /// True if decoding can start here.
    pub is_sync: bool,
    /// Range of presentation times that are shown. Content outside is decoded and dropped.
    pub window: Range<i64>,
    /// True if the packet does not follow the one before it. The decoder is reset.
    pub is_discontinuous: bool,
    /// New configuration of the decoder, if it changes at a discontinuity.
    pub config: Option<Box<Codec>>,
    /// Numbers of audio frames to drop from the start and the end of the decoded packet.
    pub trim: (u32, u32),
}

impl Packet {
    /// Creates a packet that is shown completely.
    pub fn new(data: Vec<u8>, pts: i64, duration: u64) -> Self {
        Self {
            data,
            pts,
            dts: None,
            duration,
            is_sync: true,
            window: i64::MIN..i64::MAX,
            is_discontinuous: false,
            config: None,
            trim: (0, 0),
        }
    }
}

/// Demuxer of a container.
pub trait Demuxer {
    /// Returns the next packet of a track, or `None` at the end.
    ///
    /// # Errors
    /// Reading the input fails. Damage is an error only if nothing after it can be read.
    fn next(&mut self, track: usize) -> anyhow::Result<Option<Packet>>;

    /// Declares the tracks that will be read. Packets of other tracks are dropped.
    fn select(&mut self, tracks: &[usize]) {
        let _ = tracks;
    }

    /// Makes the demuxer return also the packets of a track that are not needed for presentation.
    fn keep_all(&mut self, track: usize) {
        let _ = track;
    }

    /// Returns true if the input is damaged or truncated, as far as it was read.
    fn is_damaged(&self) -> bool {
        false
    }
}
