//! Properties of the audio stream.

use reelwright_core::helpers::single_stream::{self, BlockStream};
use reelwright_core::{
    AlacConfig, ChannelLayout, CodecId, CodecRecord, Error, Result, StreamParameters,
};

/// Codecs that the audio description supports. 8 bits are signed.
pub(crate) static CODECS: &[CodecId] = &[
    CodecId::PcmS16Be,
    CodecId::PcmS16Le,
    CodecId::PcmS8,
    CodecId::PcmS24Be,
    CodecId::PcmS24Le,
    CodecId::PcmS32Be,
    CodecId::PcmS32Le,
    CodecId::PcmF32Be,
    CodecId::PcmF32Le,
    CodecId::PcmF64Be,
    CodecId::PcmF64Le,
    CodecId::PcmALaw,
    CodecId::PcmMuLaw,
    CodecId::Alac,
];

/// The single stream of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AudioStream {
    /// Uncompressed samples.
    Pcm(BlockStream),
    /// Packets of many samples and variable size.
    Alac(AlacConfig, ChannelLayout),
}

impl AudioStream {
    /// # Errors
    /// Fails unless there is one stream, with one of [`CODECS`] and its record.
    pub(crate) fn new(streams: &[StreamParameters]) -> Result<Self> {
        let stream = single_stream::only("caf", streams)?;
        match (stream.codec, &stream.record, stream.audio()) {
            (CodecId::Alac, CodecRecord::Alac(config), Some(audio)) => {
                Ok(Self::Alac(*config, audio.format.layout))
            }
            (CodecId::Alac, ..) => {
                Err(Error::unsupported("caf requires the configuration of alac. None was given.")
                    .in_stream(0))
            }
            _ => BlockStream::new("caf", streams, CODECS).map(Self::Pcm),
        }
    }

    /// Sample rate in Hz.
    pub(crate) const fn sample_rate(&self) -> u32 {
        match self {
            Self::Pcm(pcm) => pcm.sample_rate,
            Self::Alac(config, _) => config.sample_rate,
        }
    }

    pub(crate) const fn layout(&self) -> ChannelLayout {
        match self {
            Self::Pcm(pcm) => pcm.layout,
            Self::Alac(_, layout) => *layout,
        }
    }
}
