//! Codecs: one table, from which every property derives.

use std::fmt;

/// A row of the table.
struct Row {
    name: &'static str,
    is_lossless: bool,
    bytes_per_sample: Option<usize>,
}

/// `lossless` or `lossy` as a value.
macro_rules! is_lossless {
    (lossless) => {
        true
    };
    (lossy) => {
        false
    };
}

/// A number, or none.
macro_rules! optional {
    () => {
        None
    };
    ($number:literal) => {
        Some($number)
    };
}

macro_rules! codecs {
    ($($variant:ident = $name:literal, $loss:ident $($bytes:literal)?;)*) => {
        /// A codec: a way to write samples or frames as bytes. Names are FFmpeg's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[allow(missing_docs)] // the names say it
        pub enum CodecId {
            $($variant,)*
        }

        impl CodecId {
            /// Every codec.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
        }

        /// In the order of [`CodecId::ALL`].
        const TABLE: &[Row] = &[$(Row {
            name: $name,
            is_lossless: is_lossless!($loss),
            bytes_per_sample: optional!($($bytes)?),
        }),*];
    };
}

// FFmpeg's name, whether it is lossless but for bits that it has no room for, and the bytes of
// one sample of one channel if that is a constant.
codecs! {
    PcmU8 = "pcm_u8", lossless 1;
    PcmS8 = "pcm_s8", lossless 1;
    PcmS16Le = "pcm_s16le", lossless 2;
    PcmS16Be = "pcm_s16be", lossless 2;
    PcmS24Le = "pcm_s24le", lossless 3;
    PcmS24Be = "pcm_s24be", lossless 3;
    PcmS32Le = "pcm_s32le", lossless 4;
    PcmS32Be = "pcm_s32be", lossless 4;
    PcmS64Le = "pcm_s64le", lossless 8;
    PcmS64Be = "pcm_s64be", lossless 8;
    PcmF32Le = "pcm_f32le", lossless 4;
    PcmF32Be = "pcm_f32be", lossless 4;
    PcmF64Le = "pcm_f64le", lossless 8;
    PcmF64Be = "pcm_f64be", lossless 8;
    PcmALaw = "pcm_alaw", lossy 1;
    PcmMuLaw = "pcm_mulaw", lossy 1;
    Aac = "aac", lossy;
    AdpcmG722 = "adpcm_g722", lossy;
    AdpcmImaWav = "adpcm_ima_wav", lossy;
    AdpcmMs = "adpcm_ms", lossy;
    Alac = "alac", lossless;
    Flac = "flac", lossless;
    Mp3 = "mp3", lossy;
    Opus = "opus", lossy;
    Vorbis = "vorbis", lossy;
    Av1 = "av1", lossy;
    Bmp = "bmp", lossless;
    Gif = "gif", lossy;
    H264 = "h264", lossy;
    Mjpeg = "mjpeg", lossy;
    Pgm = "pgm", lossless;
    Png = "png", lossless;
    Ppm = "ppm", lossless;
    RawVideo = "rawvideo", lossless;
    Webp = "webp", lossless;
    WrappedAvframe = "wrapped_avframe", lossless;
}

impl CodecId {
    const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// FFmpeg's name of the codec.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Bytes of one sample of one channel, if that is a constant.
    pub const fn bytes_per_sample(self) -> Option<usize> {
        self.row().bytes_per_sample
    }

    /// Returns whether samples or pixels come out as they went in, but for bits that the codec has no
    /// room for.
    pub const fn is_lossless(self) -> bool {
        self.row().is_lossless
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
