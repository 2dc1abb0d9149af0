//! What the headers say of the sound, checked against the size of their fields.

use reelwright_core::helpers::single_stream::BlockStream;
use reelwright_core::{CodecId, Error, Result, StreamParameters};

/// The sample encodings `fmt ` can name. Integers are little-endian, and 8 bits are unsigned.
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

/// A length of 64 bits that means "up to the end of the file": more than anyone will write (8 TiB),
/// and still a position that readers, who skip over the chunk in search of the next, can seek to.
/// FFmpeg refuses larger ones in W64, and SoX in RF64.
pub(crate) const OPEN_64: u64 = 1 << 43;

/// One stream that `fmt ` can describe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sound {
    pub(crate) pcm: BlockStream,
    /// Bytes of a block: in PCM of one sample of every channel.
    pub(crate) block_align: u16,
    /// Bytes of one second.
    pub(crate) byte_rate: u32,
}

impl Sound {
    /// The only stream of a file of `format`.
    ///
    /// # Errors
    /// There must be one stream, its codec one of [`CODECS`], and its rates must
    /// fit in their fields.
    pub(crate) fn new(format: &str, streams: &[StreamParameters]) -> Result<Self> {
        let pcm = BlockStream::new(format, streams, CODECS)?;
        let too_wide = || {
            Error::unsupported(format!(
                "{format} cannot describe {} channels of {} at {} Hz: a sample of all channels has \
                 at most {} bytes, and a second at most {} bytes.",
                pcm.layout.channels(),
                pcm.codec,
                pcm.sample_rate,
                u16::MAX,
                u32::MAX
            ))
            .in_stream(0)
        };
        let block_align = u16::try_from(pcm.block).map_err(|_| too_wide())?;
        let bytes = u64::from(pcm.sample_rate) * u64::from(block_align);
        let byte_rate = bytes / u64::from(pcm.samples_per_block);
        let byte_rate = u32::try_from(byte_rate).map_err(|_| too_wide())?;
        Ok(Self { pcm, block_align, byte_rate })
    }

    /// Whether samples are plain integers, the only ones that need no `fact` chunk.
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
