//! Properties of the audio stream, checked against the sizes of their fields.

use reelwright_core::helpers::single_stream::BlockStream;
use reelwright_core::{CodecId, Error, Result, StreamParameters};

/// Codecs that `fmt ` supports. Integers are little-endian, and 8 bits are unsigned.
pub(crate) static CODECS: &[CodecId] = &[
    CodecId::PcmS16Le,
    CodecId::PcmU8,
    CodecId::PcmS24Le,
    CodecId::PcmS32Le,
    CodecId::PcmS64Le,
    CodecId::PcmF32Le,
    CodecId::PcmF64Le,
    CodecId::PcmALaw,
    CodecId::PcmMuLaw,
    CodecId::AdpcmMs,
    CodecId::AdpcmImaWav,
    CodecId::AdpcmG722,
];

/// 64-bit length that means "up to the end of the file": 8 TiB, longer than any file. Readers that
/// skip the chunk to find the next one can still seek to its end: FFmpeg rejects larger lengths in
/// W64, and SoX in RF64.
pub(crate) const OPEN_64: u64 = 1 << 43;

/// Stream that `fmt ` can describe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AudioStream {
    pub(crate) pcm: BlockStream,
    /// Bytes per block. A block of PCM is one sample of every channel.
    pub(crate) block_align: u16,
    /// Bytes per second.
    pub(crate) byte_rate: u32,
}

impl AudioStream {
    /// Returns the single stream of a file of `format`.
    ///
    /// # Errors
    /// Fails unless there is one stream with one of [`CODECS`], and its values fit in the fields.
    pub(crate) fn new(format: &str, streams: &[StreamParameters]) -> Result<Self> {
        let pcm = BlockStream::new(format, streams, CODECS)?;
        let too_wide = || {
            Error::unsupported(format!(
                "{format} does not support {} channels of {} at {} Hz: a sample of all channels may \
                 have at most {} bytes, and a second at most {} bytes.",
                pcm.layout.channels(),
                pcm.codec,
                pcm.sample_rate,
                u16::MAX,
                u32::MAX
            ))
            .in_stream(0)
        };
        let block_align = u16::try_from(pcm.block_size).map_err(|_| too_wide())?;
        let bytes = u64::from(pcm.sample_rate) * u64::from(block_align);
        let byte_rate = bytes / u64::from(pcm.samples_per_block);
        let byte_rate = u32::try_from(byte_rate).map_err(|_| too_wide())?;
        Ok(Self { pcm, block_align, byte_rate })
    }

    /// Returns whether samples are plain integers, which need no `fact` chunk.
    pub(crate) const fn is_integer_pcm(&self) -> bool {
        matches!(
            self.pcm.codec,
            CodecId::PcmU8
                | CodecId::PcmS16Le
                | CodecId::PcmS24Le
                | CodecId::PcmS32Le
                | CodecId::PcmS64Le
        )
    }
}
