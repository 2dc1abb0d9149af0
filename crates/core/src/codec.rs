//! The codecs by name.

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
    Aac = "aac",
    AdpcmG722 = "adpcm_g722",
    AdpcmImaWav = "adpcm_ima_wav",
    AdpcmMs = "adpcm_ms",
    Alac = "alac",
    Flac = "flac",
    Mp3 = "mp3",
    Opus = "opus",
    Vorbis = "vorbis",
    Av1 = "av1",
    Bmp = "bmp",
    Gif = "gif",
    H264 = "h264",
    Mjpeg = "mjpeg",
    Pgm = "pgm",
    Png = "png",
    Ppm = "ppm",
    RawVideo = "rawvideo",
    Webp = "webp",
    WrappedAvframe = "wrapped_avframe",
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
            Self::Aac
            | Self::AdpcmG722
            | Self::AdpcmImaWav
            | Self::AdpcmMs
            | Self::Alac
            | Self::Flac
            | Self::Mp3
            | Self::Opus
            | Self::Vorbis
            | Self::Av1
            | Self::Bmp
            | Self::Gif
            | Self::H264
            | Self::Mjpeg
            | Self::Pgm
            | Self::Png
            | Self::Ppm
            | Self::RawVideo
            | Self::Webp
            | Self::WrappedAvframe => return None,
        })
    }
}

impl CodecId {
    /// Whether samples or pixels come out as they went in, but for bits that the codec has no room
    /// for.
    pub const fn is_lossless(self) -> bool {
        match self {
            Self::Aac
            | Self::AdpcmG722
            | Self::AdpcmImaWav
            | Self::AdpcmMs
            | Self::Mp3
            | Self::Opus
            | Self::PcmALaw
            | Self::PcmMuLaw
            | Self::Vorbis
            | Self::Av1
            | Self::Gif
            | Self::H264
            | Self::Mjpeg => false,
            Self::PcmU8
            | Self::PcmS8
            | Self::PcmS16Le
            | Self::PcmS16Be
            | Self::PcmS24Le
            | Self::PcmS24Be
            | Self::PcmS32Le
            | Self::PcmS32Be
            | Self::PcmS64Le
            | Self::PcmS64Be
            | Self::PcmF32Le
            | Self::PcmF32Be
            | Self::PcmF64Le
            | Self::PcmF64Be
            | Self::Alac
            | Self::Flac
            | Self::Bmp
            | Self::Pgm
            | Self::Png
            | Self::Ppm
            | Self::RawVideo
            | Self::Webp
            | Self::WrappedAvframe => true,
        }
    }
}

impl fmt::Display for CodecId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (i, codec) in CodecId::ALL.iter().enumerate() {
            assert!(CodecId::ALL[..i].iter().all(|other| other.name() != codec.name()), "{codec}");
        }
    }
}
