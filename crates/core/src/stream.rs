//! Parameters of streams, which muxers store.

use crate::{
    AudioFormat, CodecId, CodecRecord, FrameLength, MediaKind, Rational, TimeBase, Timestamp,
    VideoFormat,
};

/// Parameters of one elementary stream.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StreamParameters {
    /// Unit of the packets' timestamps.
    pub time_base: TimeBase,
    /// Codec of the packets.
    pub codec: CodecId,
    /// The codec's configuration record.
    pub record: CodecRecord,
    /// Average bits per second, if known.
    pub bit_rate: Option<u64>,
    /// Language as an ISO 639-2 code (`eng`), if known. Encoders do not set it.
    pub language: Option<String>,
    /// Parameters that depend on the kind of media.
    pub media: MediaParameters,
}

impl StreamParameters {
    /// Creates parameters without a configuration record, bit rate and language.
    pub const fn new(codec: CodecId, time_base: TimeBase, media: MediaParameters) -> Self {
        Self { time_base, codec, record: CodecRecord::None, bit_rate: None, language: None, media }
    }

    /// Sets [`codec`](field@Self::codec).
    #[must_use]
    pub const fn codec(mut self, codec: CodecId) -> Self {
        self.codec = codec;
        self
    }

    /// Sets [`time_base`](field@Self::time_base).
    #[must_use]
    pub const fn time_base(mut self, time_base: TimeBase) -> Self {
        self.time_base = time_base;
        self
    }

    /// Sets [`bit_rate`](field@Self::bit_rate).
    #[must_use]
    pub const fn bit_rate(mut self, bit_rate: Option<u64>) -> Self {
        self.bit_rate = bit_rate;
        self
    }

    /// Sets [`record`](field@Self::record).
    #[must_use]
    pub fn record(mut self, record: CodecRecord) -> Self {
        self.record = record;
        self
    }

    /// Sets [`language`](field@Self::language).
    #[must_use]
    pub fn language(mut self, language: Option<String>) -> Self {
        self.language = language;
        self
    }

    /// Sets [`media`](field@Self::media).
    #[must_use]
    pub fn media(mut self, media: MediaParameters) -> Self {
        self.media = media;
        self
    }

    /// Returns the audio parameters, if this is an audio stream.
    pub const fn audio(&self) -> Option<&AudioParameters> {
        match &self.media {
            MediaParameters::Audio(audio) => Some(audio),
            MediaParameters::Video(_) | MediaParameters::Subtitle => None,
        }
    }

    /// Returns the video parameters, if this is a video stream.
    pub const fn video(&self) -> Option<&VideoParameters> {
        match &self.media {
            MediaParameters::Video(video) => Some(video),
            MediaParameters::Audio(_) | MediaParameters::Subtitle => None,
        }
    }

    /// Returns the kind of media.
    pub const fn kind(&self) -> MediaKind {
        match &self.media {
            MediaParameters::Audio(_) => MediaKind::Audio,
            MediaParameters::Video(_) => MediaKind::Video,
            MediaParameters::Subtitle => MediaKind::Subtitle,
        }
    }
}

impl VideoParameters {
    /// Returns the estimate of frame durations, with the nominal duration in `time_base`, at least
    /// 1 unit.
    pub fn frame_length(&self, time_base: TimeBase) -> FrameLength {
        let nominal = self.frame_rate.map_or(1, |rate| {
            TimeBase::new(rate.inverse()).rescale(Timestamp(1), time_base).0.max(1)
        });
        FrameLength::new(nominal, time_base)
    }
}

/// Parameters that depend on the kind of media.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MediaParameters {
    /// Audio.
    Audio(AudioParameters),
    /// Video.
    Video(VideoParameters),
    /// Texts with a start and an end time.
    Subtitle,
}

/// Parameters of an audio stream.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AudioParameters {
    /// Format of the encoder's input, with the channels in the order of the packets' samples.
    pub format: AudioFormat,
    /// Significant bits per sample: 24 for pcm_s24le and for a 24-bit FLAC.
    pub bits_per_sample: u32,
    /// Samples per channel in each packet except the last, if constant.
    pub frame_size: Option<usize>,
}

impl AudioParameters {
    /// Creates parameters with all bits of the samples significant and packets of any duration.
    pub fn new(format: AudioFormat) -> Self {
        let bits_per_sample = 8 * format.sample_format.data_type().bytes() as u32;
        Self { format, bits_per_sample, frame_size: None }
    }

    /// Sets [`format`](field@Self::format).
    #[must_use]
    pub const fn format(mut self, format: AudioFormat) -> Self {
        self.format = format;
        self
    }

    /// Sets [`bits_per_sample`](field@Self::bits_per_sample).
    #[must_use]
    pub const fn bits_per_sample(mut self, bits_per_sample: u32) -> Self {
        self.bits_per_sample = bits_per_sample;
        self
    }

    /// Sets [`frame_size`](field@Self::frame_size).
    #[must_use]
    pub const fn frame_size(mut self, frame_size: Option<usize>) -> Self {
        self.frame_size = frame_size;
        self
    }
}

/// Parameters of a video stream.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VideoParameters {
    /// Format of the encoder's input.
    pub format: VideoFormat,
    /// Nominal frames per second, if constant. Timestamps are in units of
    /// [`time_base`](StreamParameters::time_base).
    pub frame_rate: Option<Rational>,
}

impl VideoParameters {
    /// Creates parameters without a constant frame rate.
    pub const fn new(format: VideoFormat) -> Self {
        Self { format, frame_rate: None }
    }

    /// Sets [`format`](field@Self::format).
    #[must_use]
    pub const fn format(mut self, format: VideoFormat) -> Self {
        self.format = format;
        self
    }

    /// Sets [`frame_rate`](field@Self::frame_rate).
    #[must_use]
    pub const fn frame_rate(mut self, frame_rate: Option<Rational>) -> Self {
        self.frame_rate = frame_rate;
        self
    }
}
