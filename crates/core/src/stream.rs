//! What a muxer must know of a stream.

use crate::{
    AudioFormat, CodecId, CodecRecord, FrameLength, MediaKind, Rational, TimeBase, Timestamp,
    VideoFormat,
};

/// One elementary stream as its encoder describes it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StreamParameters {
    /// The unit of the packets' times.
    pub time_base: TimeBase,
    /// How the packets are coded.
    pub codec: CodecId,
    /// The codec's configuration record.
    pub record: CodecRecord,
    /// Average bits per second, where it is known.
    pub bit_rate: Option<u64>,
    /// Code of ISO 639-2 of the language (`eng`), where it is known. Encoders leave it out.
    pub language: Option<String>,
    /// What is particular to the kind of media.
    pub media: MediaParameters,
}

impl StreamParameters {
    /// A stream without a configuration record, whose bit rate and language nobody knows.
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

    /// The audio parameters, if this is an audio stream.
    pub const fn audio(&self) -> Option<&AudioParameters> {
        match &self.media {
            MediaParameters::Audio(audio) => Some(audio),
            MediaParameters::Video(_) | MediaParameters::Subtitle => None,
        }
    }

    /// The video parameters, if this is a video stream.
    pub const fn video(&self) -> Option<&VideoParameters> {
        match &self.media {
            MediaParameters::Video(video) => Some(video),
            MediaParameters::Audio(_) | MediaParameters::Subtitle => None,
        }
    }

    /// The kind of media.
    pub const fn kind(&self) -> MediaKind {
        match &self.media {
            MediaParameters::Audio(_) => MediaKind::Audio,
            MediaParameters::Video(_) => MediaKind::Video,
            MediaParameters::Subtitle => MediaKind::Subtitle,
        }
    }
}

impl VideoParameters {
    /// The nominal length of a frame in units of `time_base`, at least 1.
    pub fn frame_length(&self, time_base: TimeBase) -> FrameLength {
        let nominal = self.frame_rate.map_or(1, |rate| {
            TimeBase::new(rate.inverse()).rescale(Timestamp(1), time_base).0.max(1)
        });
        FrameLength::new(nominal, time_base)
    }
}

/// What is particular to the kind of media.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MediaParameters {
    /// Sound.
    Audio(AudioParameters),
    /// Pictures.
    Video(VideoParameters),
    /// Texts with a start and an end.
    Subtitle,
}

/// What is particular to an audio stream.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AudioParameters {
    /// Format of the frames that the encoder was given, with the channels in the order of the
    /// packets' samples.
    pub format: AudioFormat,
    /// The bits of a sample that carry sound: 24 for pcm_s24le and for a 24-bit FLAC.
    pub bits_per_sample: u32,
    /// Samples of each channel in every packet but the last, where that is a constant.
    pub frame_size: Option<usize>,
}

impl AudioParameters {
    /// Samples of which all bits carry sound, in packets of any duration.
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

/// What is particular to a video stream.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VideoParameters {
    /// Format of the frames that the encoder was given.
    pub format: VideoFormat,
    /// Nominal frames per second, where the stream has a steady rate; times are in
    /// [`time_base`](StreamParameters::time_base).
    pub frame_rate: Option<Rational>,
}

impl VideoParameters {
    /// Frames without a steady rate.
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
