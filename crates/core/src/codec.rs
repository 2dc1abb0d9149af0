//! The codecs by name, and what a container must know of each.

use std::fmt;

/// Declares [`CodecId`] from one list, so that nothing told of every codec can miss one.
macro_rules! codecs {
    ($($variant:ident = $name:literal,)*) => {
        /// A codec: a way to write samples or pictures as bytes. Names are FFmpeg's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[allow(missing_docs)] // the names say it
        pub enum CodecId {
            $($variant,)*
        }

        impl CodecId {
            /// Every codec.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// FFmpeg's name of the codec.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

codecs! {
    PcmU8 = "pcm_u8",
    PcmS8 = "pcm_s8",
    PcmS16Le = "pcm_s16le",
    PcmS16Be = "pcm_s16be",
    PcmS24Le = "pcm_s24le",
    PcmS24Be = "pcm_s24be",
    PcmS32Le = "pcm_s32le",
    PcmS32Be = "pcm_s32be",
    PcmS64Le = "pcm_s64le",
    PcmS64Be = "pcm_s64be",
    PcmF32Le = "pcm_f32le",
    PcmF32Be = "pcm_f32be",
    PcmF64Le = "pcm_f64le",
    PcmF64Be = "pcm_f64be",
    PcmALaw = "pcm_alaw",
    PcmMuLaw = "pcm_mulaw",
    Flac = "flac",
    RawVideo = "rawvideo",
}

impl CodecId {
    /// The bytes of one sample of one channel, where that is a constant.
    pub const fn bytes_per_sample(self) -> Option<usize> {
        Some(match self {
            Self::PcmU8 | Self::PcmS8 | Self::PcmALaw | Self::PcmMuLaw => 1,
            Self::PcmS16Le | Self::PcmS16Be => 2,
            Self::PcmS24Le | Self::PcmS24Be => 3,
            Self::PcmS32Le | Self::PcmS32Be | Self::PcmF32Le | Self::PcmF32Be => 4,
            Self::PcmS64Le | Self::PcmS64Be | Self::PcmF64Le | Self::PcmF64Be => 8,
            Self::Flac | Self::RawVideo => return None,
        })
    }
}

impl fmt::Display for CodecId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A codec's configuration record, where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodecRecord {
    /// The codec needs none.
    None,
    /// FLAC's STREAMINFO.
    Flac(FlacStreamInfo),
}

/// FLAC's STREAMINFO metadata block (RFC 9639 §8.2). Zero means "not known" where the RFC says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlacStreamInfo {
    /// Samples in the shortest block but the last, 16–65,535.
    pub min_block_size: u16,
    /// Samples in the longest block, 16–65,535.
    pub max_block_size: u16,
    /// Bytes in the smallest frame; 24 bits.
    pub min_frame_size: u32,
    /// Bytes in the largest frame; 24 bits.
    pub max_frame_size: u32,
    /// In Hz; 20 bits.
    pub sample_rate: u32,
    /// 1–8.
    pub channels: u8,
    /// 4–32.
    pub bits_per_sample: u8,
    /// Samples of each channel in the stream; 36 bits.
    pub total_samples: u64,
    /// MD5 of the interleaved little-endian samples.
    pub md5: [u8; 16],
}

impl FlacStreamInfo {
    /// The block's body as it stands in a file, without the block's header. A total that does not
    /// fit in its field is "not known"; of any other number the lowest bits are written.
    pub fn to_bytes(&self) -> [u8; 34] {
        let fitting = |total: u64, bits: u32| if total >> bits == 0 { total } else { 0 };
        let mut bytes = [0; 34];
        bytes[0..2].copy_from_slice(&self.min_block_size.to_be_bytes());
        bytes[2..4].copy_from_slice(&self.max_block_size.to_be_bytes());
        let [min, max] =
            [self.min_frame_size, self.max_frame_size].map(|size| fitting(size.into(), 24));
        bytes[4..10].copy_from_slice(&(min << 24 | max).to_be_bytes()[2..]);
        let packed = (u64::from(self.sample_rate) << 44)
            | (u64::from(self.channels.wrapping_sub(1) & 7) << 41)
            | (u64::from(self.bits_per_sample.wrapping_sub(1) & 31) << 36)
            | fitting(self.total_samples, 36);
        bytes[10..18].copy_from_slice(&packed.to_be_bytes());
        bytes[18..34].copy_from_slice(&self.md5);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streaminfo_is_the_rfcs_example() {
        // RFC 9639 appendix D.1.
        let info = FlacStreamInfo {
            min_block_size: 4096,
            max_block_size: 4096,
            min_frame_size: 15,
            max_frame_size: 15,
            sample_rate: 44_100,
            channels: 2,
            bits_per_sample: 16,
            total_samples: 1,
            md5: [
                0x3e, 0x84, 0xb4, 0x18, 0x07, 0xdc, 0x69, 0x03, 0x07, 0x58, 0x6a, 0x3d, 0xad, 0x1a,
                0x2e, 0x0f,
            ],
        };
        let bytes = info.to_bytes();
        assert_eq!(
            bytes[..18],
            [
                0x10, 0x00, 0x10, 0x00, 0x00, 0x00, 0x0f, 0x00, 0x00, 0x0f, 0x0a, 0xc4, 0x42, 0xf0,
                0x00, 0x00, 0x00, 0x01
            ]
        );
        assert_eq!(bytes[18..], info.md5);
    }

    #[test]
    fn what_does_not_fit_leaves_other_fields_alone() {
        let info = FlacStreamInfo {
            min_block_size: 16,
            max_block_size: 16,
            min_frame_size: (1 << 24) - 1,
            max_frame_size: 1 << 24,
            sample_rate: (1 << 20) + 5,
            channels: 9,
            bits_per_sample: 33,
            total_samples: 1 << 36,
            md5: [0; 16],
        };
        let expected = [0, 16, 0, 16, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0x50, 0, 0, 0, 0, 0];
        assert_eq!(info.to_bytes()[..18], expected);
    }

    #[test]
    fn names_are_unique() {
        for (i, codec) in CodecId::ALL.iter().enumerate() {
            assert!(CodecId::ALL[..i].iter().all(|other| other.name() != codec.name()), "{codec}");
        }
    }
}
