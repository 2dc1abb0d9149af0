//! Formats of the family: QuickTime, and the formats of MPEG, Apple and 3GPP that derive from it.

use reelwright_core::{ChapterSupport, CodecId};

/// Properties that differ between the formats.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flavor {
    /// FFmpeg's name.
    pub(crate) name: &'static str,
    pub(crate) major: [u8; 4],
    /// Major brand of files with video.
    pub(crate) major_of_video: [u8; 4],
    pub(crate) minor: u32,
    /// Compatible brands, in addition to the major brand.
    pub(crate) compatible: &'static [[u8; 4]],
    pub(crate) audio_codecs: &'static [CodecId],
    pub(crate) video_codecs: &'static [CodecId],
    pub(crate) subtitle_codecs: &'static [CodecId],
    pub(crate) chapters: ChapterSupport,
}

impl Flavor {
    /// Returns whether this is QuickTime, which has its own handlers, sample entries and codecs.
    pub(crate) fn is_quicktime(&self) -> bool {
        &self.major == b"qt  "
    }
}

/// Codecs of both QuickTime and MPEG.
macro_rules! codecs {
    ($($more:ident),* $(,)?) => {
        &[$(CodecId::$more),*]
    };
}

pub(crate) static MP4: Flavor = Flavor {
    name: "mp4",
    major: *b"isom",
    major_of_video: *b"isom",
    minor: 512,
    compatible: &[*b"iso2", *b"mp41"],
    audio_codecs: codecs![
        Aac, Mp3, Opus, Flac, Alac, PcmS16Le, PcmS16Be, PcmS24Le, PcmS24Be, PcmS32Le, PcmS32Be,
        PcmF32Le, PcmF32Be, PcmF64Le, PcmF64Be,
    ],
    video_codecs: codecs![H264, Av1, Mjpeg, Png],
    subtitle_codecs: codecs![MovText, WebVtt],
    chapters: ChapterSupport::LastEnd,
};

pub(crate) static MOV: Flavor = Flavor {
    name: "mov",
    major: *b"qt  ",
    major_of_video: *b"qt  ",
    minor: 512,
    compatible: &[],
    audio_codecs: codecs![
        Aac, PcmS16Le, PcmS16Be, PcmS24Le, PcmS24Be, PcmS32Le, PcmS32Be, PcmF32Le, PcmF32Be,
        PcmF64Le, PcmF64Be, PcmU8, PcmS8, PcmALaw, PcmMuLaw, Alac, Mp3,
    ],
    video_codecs: codecs![H264, Mjpeg, Png, Av1],
    subtitle_codecs: codecs![MovText],
    chapters: ChapterSupport::LastEnd,
};

pub(crate) static IPOD: Flavor = Flavor {
    name: "ipod",
    major: *b"M4A ",
    major_of_video: *b"M4V ",
    minor: 512,
    compatible: &[*b"isom", *b"iso2"],
    audio_codecs: codecs![Aac, Alac, Mp3],
    video_codecs: codecs![H264],
    subtitle_codecs: codecs![MovText],
    chapters: ChapterSupport::LastEnd,
};

pub(crate) static THREE_GP: Flavor = Flavor {
    name: "3gp",
    major: *b"3gp4",
    major_of_video: *b"3gp4",
    minor: 512,
    compatible: &[*b"3gp6", *b"isom", *b"iso2"],
    audio_codecs: codecs![Aac],
    video_codecs: codecs![H264],
    subtitle_codecs: codecs![MovText],
    chapters: ChapterSupport::None,
};

pub(crate) static THREE_G2: Flavor = Flavor {
    name: "3g2",
    major: *b"3g2a",
    major_of_video: *b"3g2a",
    minor: 0x1_0000,
    compatible: &[*b"3g2b", *b"isom", *b"iso2"],
    audio_codecs: codecs![Aac],
    video_codecs: codecs![H264],
    subtitle_codecs: codecs![MovText],
    chapters: ChapterSupport::None,
};
