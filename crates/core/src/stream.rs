//! What a muxer must know of a stream.

use crate::{
    AudioFormat, CodecId, CodecRecord, FrameLength, Rational, TimeBase, Timestamp, VideoFormat,
};

/// One elementary stream as its encoder describes it.
#[derive(Debug, Clone, PartialEq)]
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
    /// What is particular to sound or pictures.
    pub media: MediaParameters,
}

impl StreamParameters {
    /// The audio parameters, if this is an audio stream.
    pub const fn audio(&self) -> Option<&AudioParameters> {
        match &self.media {
            MediaParameters::Audio(audio) => Some(audio),
            MediaParameters::Video(_) => None,
        }
    }

    /// The video parameters, if this is a video stream.
    pub const fn video(&self) -> Option<&VideoParameters> {
        match &self.media {
            MediaParameters::Video(video) => Some(video),
            MediaParameters::Audio(_) => None,
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

/// What is particular to sound or pictures.
#[derive(Debug, Clone, PartialEq)]
pub enum MediaParameters {
    /// Sound.
    Audio(AudioParameters),
    /// Pictures.
    Video(VideoParameters),
}

/// What is particular to an audio stream.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioParameters {
    /// Format of the frames that the encoder was given, with the channels in the order of the
    /// packets' samples.
    pub format: AudioFormat,
    /// The bits of a sample that carry sound: 24 for pcm_s24le and for a 24-bit FLAC.
    pub bits_per_sample: u32,
    /// Samples of each channel in every packet but the last, where that is a constant.
    pub frame_size: Option<usize>,
}

/// What is particular to a video stream.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoParameters {
    /// Format of the frames that the encoder was given.
    pub format: VideoFormat,
    /// Nominal frames per second, where the stream has a steady rate; times are in
    /// [`time_base`](StreamParameters::time_base).
    pub frame_rate: Option<Rational>,
}
