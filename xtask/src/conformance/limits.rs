//! What the programs are known not to do, and why that is no fault of a file.

use reelwright::CodecId;

use super::case::Case;
use super::program::Program;

/// A check that a program does not pass for some files.
pub(super) struct Limit {
    pub(super) program: Program,
    pub(super) check: &'static str,
    pub(super) applies: fn(&Case) -> bool,
    pub(super) reason: &'static str,
}

impl Limit {
    /// The limit that explains why a check failed.
    pub(super) fn find(program: Program, check: &str, case: &Case) -> Option<usize> {
        LIMITS.iter().position(|limit| {
            limit.program == program && limit.check == check && (limit.applies)(case)
        })
    }
}

fn is_g711(case: &Case) -> bool {
    matches!(case.codec(), CodecId::PcmALaw | CodecId::PcmMuLaw)
}

/// Whether a container says nothing of positions as nothing has to be said.
fn has_no_positions(case: &Case) -> bool {
    let implied = case.channels() <= 2;
    match case.muxer.name {
        "au" => true,
        "aiff" | "caf" => implied,
        "mov" => implied,
        // The short `fmt ` chunk.
        "wav" | "w64" => implied && (case.codec().bytes_per_sample() <= Some(2) || is_float(case)),
        _ => false,
    }
}

fn is_iso_pcm(case: &Case) -> bool {
    case.muxer.name == "mp4" && case.codec().bytes_per_sample().is_some()
}

fn is_float(case: &Case) -> bool {
    use CodecId as C;
    matches!(case.codec(), C::PcmF32Le | C::PcmF32Be | C::PcmF64Le | C::PcmF64Be)
}

/// Whether a header that cannot be mended does not say how long the sound is.
fn has_no_length(case: &Case) -> bool {
    !case.seekable && ["aiff", "caf", "flac"].contains(&case.muxer.name)
}

pub(super) static LIMITS: &[Limit] = &[
    Limit {
        program: Program::Symphonia,
        check: "decode",
        applies: |case| !case.seekable && ["aiff", "caf"].contains(&case.muxer.name),
        reason: "looks for a chunk behind sound of open length in AIFF and CAF",
    },
    Limit {
        program: Program::Symphonia,
        check: "decode",
        applies: |case| {
            is_g711(case)
                && (["caf", "mov"].contains(&case.muxer.name)
                    || case.channels() > 2
                    || case.sample_rate > 48_000)
        },
        reason: "refuses A-law and mu-law that state their 8 bits, and does not know the GUID of mu-law",
    },
    Limit {
        program: Program::Symphonia,
        check: "decode",
        applies: |case| case.codec() == CodecId::PcmS64Le,
        reason: "has no integers of 64 bits",
    },
    Limit {
        program: Program::Symphonia,
        check: "decode",
        applies: |case| case.muxer.name == "caf" && case.codec() == CodecId::PcmS8,
        reason: "has no CAF of 8 bits",
    },
    Limit {
        program: Program::Symphonia,
        check: "decode",
        applies: is_iso_pcm,
        reason: "has no PCM as ISO/IEC 23003-5 has it",
    },
    Limit {
        program: Program::Symphonia,
        check: "decode",
        applies: |case| {
            use CodecId as C;
            let is_mistaken = [C::PcmS8, C::PcmS24Be, C::PcmS32Be, C::PcmF32Be, C::PcmF64Be]
                .contains(&case.codec());
            case.muxer.name == "mov" && is_mistaken && case.channels() <= 2
        },
        reason: "takes QuickTime's big-endian names for little-endian ones, and `twos` for 16 bits",
    },
    Limit {
        program: Program::Symphonia,
        check: "decode",
        applies: |case| case.is_mp4() && case.codec() == CodecId::Aac && case.sample_rate > 65_535,
        reason: "believes the sample entry's rate, which ends at 65,535 Hz",
    },
    Limit {
        program: Program::Symphonia,
        check: "length",
        applies: |case| {
            case.codec() == CodecId::Mp3 && !case.seekable && case.sample_rate <= 12_000
        },
        reason: "leaves out a frame of MPEG-2.5 without an information frame, of LAME's too",
    },
    Limit {
        program: Program::Ffmpeg,
        check: "decode",
        applies: |case| {
            case.codec() == CodecId::Mp3
                && (case.sample_rate, case.channels()) == (24_000, 1)
                && case.settings.bit_rate == Some(160_000)
        },
        reason: "finds bits left over at MPEG-2's highest rate where it is told to look; nobody else does",
    },
    Limit {
        program: Program::Ffmpeg,
        check: "decode",
        applies: |case| is_iso_pcm(case) && is_float(case),
        reason: "has no floating-point PCM as ISO/IEC 23003-5 has it before version 6.1",
    },
    Limit {
        program: Program::Ffprobe,
        check: "codec",
        applies: |case| is_iso_pcm(case) && is_float(case),
        reason: "has no floating-point PCM as ISO/IEC 23003-5 has it before version 6.1",
    },
    Limit {
        program: Program::Ffmpeg,
        check: "decode",
        applies: |case| case.is_mp4() && case.frames() <= 2,
        reason: "leaves out a packet of which one or two samples are heard, of its own files too",
    },
    Limit {
        program: Program::Ffmpeg,
        check: "length",
        applies: |case| case.is_mp4() && case.frames() <= 2,
        reason: "leaves out a packet of which one or two samples are heard, of its own files too",
    },
    Limit {
        program: Program::Ffprobe,
        check: "layout",
        applies: is_iso_pcm,
        reason: "does not read the layout of ISO's PCM before version 6",
    },
    Limit {
        program: Program::Mediainfo,
        check: "codec",
        applies: is_iso_pcm,
        reason: "has no name for ISO's PCM, only its code",
    },
    Limit {
        program: Program::Mediainfo,
        check: "channels",
        applies: |case| is_iso_pcm(case) || (case.is_mp4() && case.codec() == CodecId::Opus),
        reason: "does not tell the channels of Opus and ISO's PCM in MP4, of FFmpeg's files neither",
    },
    Limit {
        program: Program::Mediainfo,
        check: "bits",
        applies: |case| is_iso_pcm(case) || (case.muxer.name == "mov" && is_g711(case)),
        reason: "does not tell the depth of ISO's PCM, nor of G.711 in QuickTime",
    },
    Limit {
        program: Program::Mediainfo,
        check: "rate",
        applies: |case| is_iso_pcm(case) && case.sample_rate > 65_535,
        reason: "knows the rate of ISO's PCM from the sample entry only, which ends at 65,535 Hz",
    },
    Limit {
        program: Program::Flac,
        check: "decode",
        applies: |case| !case.bits().is_multiple_of(8),
        reason: "writes raw samples of whole bytes only; its test decodes these all the same",
    },
    Limit {
        program: Program::Ffmpeg,
        check: "decode",
        applies: |case| case.codec() == CodecId::Flac && case.bits() == 32,
        reason: "does not decode FLAC of 32 bits before version 6",
    },
    Limit {
        program: Program::Ffprobe,
        check: "layout",
        applies: has_no_positions,
        reason: "assumes no layout where a file states none: mono and stereo, and all of AU",
    },
    Limit {
        program: Program::Ffprobe,
        check: "samples",
        applies: |case| has_no_length(case) && case.muxer.name != "caf",
        reason: "does not count samples where no length is stated",
    },
    Limit {
        program: Program::Ffprobe,
        check: "samples",
        applies: |case| case.muxer.name == "caf" && case.codec() == CodecId::Alac,
        reason: "counts whole packets of ALAC, of its own files too",
    },
    Limit {
        program: Program::Symphonia,
        check: "decode",
        applies: |case| case.codec() == CodecId::Alac && case.channels() > 6,
        reason: "takes ALAC's back channels of 6.1 and 7.1 for side ones, and orders them so",
    },
    Limit {
        program: Program::Ffprobe,
        check: "layout",
        applies: |case| {
            (case.is_ogg() || case.is_mp4())
                && case.codec() == CodecId::Flac
                && case.channels() == 6
        },
        reason: "does not read the channel mask of FLAC in Ogg and MP4",
    },
    Limit {
        program: Program::Ffprobe,
        check: "open",
        applies: |case| case.is_ogg() && case.codec() == CodecId::Flac && case.bits() == 32,
        reason: "does not decode FLAC of 32 bits before version 6",
    },
    Limit {
        program: Program::Mediainfo,
        check: "codec",
        applies: |case| case.codec() == CodecId::AdpcmG722,
        reason: "has no name for G.722, only its number",
    },
    Limit {
        program: Program::Mediainfo,
        check: "bits",
        applies: |case| case.codec() == CodecId::Alac,
        reason: "does not tell the depth of ALAC in CAF",
    },
    Limit {
        program: Program::Ffprobe,
        check: "samples",
        applies: |case| case.codec() == CodecId::Opus,
        reason: "counts what a decoder of Opus skips",
    },
    Limit {
        program: Program::Mediainfo,
        check: "duration",
        applies: has_no_length,
        reason: "does not count samples where no length is stated",
    },
    Limit {
        program: Program::Mediainfo,
        check: "duration",
        applies: |case| case.muxer.name == "au",
        reason: "takes AU's bytes for samples",
    },
    Limit {
        program: Program::Mediainfo,
        check: "bits",
        applies: |case| case.muxer.name == "au",
        reason: "does not tell the depth of AU",
    },
    Limit {
        program: Program::Mediainfo,
        check: "duration",
        applies: |case| case.muxer.name == "w64" && !case.seekable,
        reason: "believes the 8 TiB that W64 states where no length is known",
    },
    Limit {
        program: Program::Mediainfo,
        check: "duration",
        applies: |case| case.muxer.name == "w64",
        reason: "takes W64's data header for sound",
    },
    Limit {
        program: Program::Mediainfo,
        check: "duration",
        applies: |case| case.muxer.name == "caf",
        reason: "counts the first 64 KiB of CAF",
    },
];
