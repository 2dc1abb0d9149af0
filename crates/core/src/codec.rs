//! Codecs, generated from one table of their properties.

use std::fmt;

use crate::MediaKind;

/// Description of a codec that is not in the table.
///
/// ```
/// use reelwright_core::{CodecId, CustomCodec, MediaKind};
///
/// static RLE: CustomCodec = CustomCodec::new("toy_rle", MediaKind::Audio).lossless();
/// const CODEC: CodecId = CodecId::Custom(&RLE);
/// assert_eq!(CODEC.name(), "toy_rle");
/// assert!(CODEC.is_lossless());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CustomCodec {
    name: &'static str,
    kind: MediaKind,
    is_lossless: bool,
    bytes_per_sample: Option<usize>,
}

impl CustomCodec {
    /// Creates a lossy codec. Two codecs with equal names and properties are equal.
    pub const fn new(name: &'static str, kind: MediaKind) -> Self {
        Self { name, kind, is_lossless: false, bytes_per_sample: None }
    }

    /// Marks the codec as lossless.
    #[must_use]
    pub const fn lossless(mut self) -> Self {
        self.is_lossless = true;
        self
    }

    /// Sets the bytes per sample and channel, if constant.
    #[must_use]
    pub const fn bytes_per_sample(mut self, bytes: usize) -> Self {
        self.bytes_per_sample = Some(bytes);
        self
    }
}

/// Applies `lossless` or `lossy` to a codec.
macro_rules! with_loss {
    (lossless, $codec:expr) => {
        $codec.lossless()
    };
    (lossy, $codec:expr) => {
        $codec
    };
}

macro_rules! codecs {
    ($($variant:ident = $kind:ident $name:literal, $loss:ident $($bytes:literal)?;)*) => {
        /// A codec. Names are FFmpeg's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[allow(missing_docs)] // the names are self-explanatory
        pub enum CodecId {
            $($variant,)*
            /// A codec that is not in this table.
            Custom(&'static CustomCodec),
        }

        impl CodecId {
            /// All codecs of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            const fn properties(self) -> &'static CustomCodec {
                match self {
                    $(Self::$variant => {
                        const CODEC: CustomCodec = with_loss!(
                            $loss,
                            CustomCodec::new($name, MediaKind::$kind)$(.bytes_per_sample($bytes))?
                        );
                        &CODEC
                    })*
                    Self::Custom(codec) => codec,
                }
            }
        }
    };
}

// Kind, FFmpeg's name, lossless or lossy (apart from sample bits that the codec cannot store), and
// the bytes per sample and channel if constant.
codecs! {
    PcmU8 = Audio "pcm_u8", lossless 1;
    PcmS8 = Audio "pcm_s8", lossless 1;
    PcmS16Le = Audio "pcm_s16le", lossless 2;
    PcmS16Be = Audio "pcm_s16be", lossless 2;
    PcmS24Le = Audio "pcm_s24le", lossless 3;
    PcmS24Be = Audio "pcm_s24be", lossless 3;
    PcmS32Le = Audio "pcm_s32le", lossless 4;
    PcmS32Be = Audio "pcm_s32be", lossless 4;
    PcmS64Le = Audio "pcm_s64le", lossless 8;
    PcmS64Be = Audio "pcm_s64be", lossless 8;
    PcmF32Le = Audio "pcm_f32le", lossless 4;
    PcmF32Be = Audio "pcm_f32be", lossless 4;
    PcmF64Le = Audio "pcm_f64le", lossless 8;
    PcmF64Be = Audio "pcm_f64be", lossless 8;
    PcmALaw = Audio "pcm_alaw", lossy 1;
    PcmMuLaw = Audio "pcm_mulaw", lossy 1;
    Aac = Audio "aac", lossy;
    AdpcmG722 = Audio "adpcm_g722", lossy;
    AdpcmImaWav = Audio "adpcm_ima_wav", lossy;
    AdpcmMs = Audio "adpcm_ms", lossy;
    Alac = Audio "alac", lossless;
    Flac = Audio "flac", lossless;
    Mp3 = Audio "mp3", lossy;
    Opus = Audio "opus", lossy;
    Vorbis = Audio "vorbis", lossy;
    Av1 = Video "av1", lossy;
    Bmp = Video "bmp", lossless;
    Gif = Video "gif", lossy;
    H264 = Video "h264", lossy;
    Mjpeg = Video "mjpeg", lossy;
    Pgm = Video "pgm", lossless;
    Png = Video "png", lossless;
    Ppm = Video "ppm", lossless;
    RawVideo = Video "rawvideo", lossless;
    Webp = Video "webp", lossless;
    WrappedAvframe = Video "wrapped_avframe", lossless;
    MovText = Subtitle "mov_text", lossless;
    WebVtt = Subtitle "webvtt", lossless;
}

impl CodecId {
    /// Returns FFmpeg's name of the codec.
    pub const fn name(self) -> &'static str {
        self.properties().name
    }

    /// Returns the kind of media.
    pub const fn kind(self) -> MediaKind {
        self.properties().kind
    }

    /// Returns the bytes per sample and channel, if constant.
    pub const fn bytes_per_sample(self) -> Option<usize> {
        self.properties().bytes_per_sample
    }

    /// Returns whether decoding restores the samples or pixels exactly, apart from sample bits that
    /// the codec cannot store.
    pub const fn is_lossless(self) -> bool {
        self.properties().is_lossless
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
