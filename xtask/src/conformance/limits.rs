//! Known limitations of the programs, which are not faults of the files.

use reelwright::CodecId;

use super::case::Case;
use super::program::Program;

/// Check that a program does not pass for some files.
pub(super) struct Limit {
    pub(super) program: Program,
    pub(super) check: &'static str,
    pub(super) applies: fn(&Case) -> bool,
    pub(super) reason: &'static str,
}

impl Limit {
    /// Returns the index of the limitation that explains a failed check.
    pub(super) fn find(program: Program, check: &str, case: &Case) -> Option<usize> {
        LIMITS.iter().position(|limit| {
            limit.program == program && limit.check == check && (limit.applies)(case)
        })
    }
}

fn is_g711(case: &Case) -> bool {
    matches!(case.codec(), CodecId::PcmALaw | CodecId::PcmMuLaw)
}

/// Returns true if the container has no channel positions because they are the default.
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

/// Returns true if the header does not state the length, because it could not be updated.
fn has_no_length(case: &Case) -> bool {
    !case.seekable && ["aiff", "caf", "flac"].contains(&case.muxer.name)
}

pub(super) static LIMITS: &[Limit] = &[
    Limit {
        program: Program::Symphonia,
        check: "decode",
        applies: |case| !case.seekable && ["aiff", "caf"].contains(&case.muxer.name),
        reason: "expects a chunk after audio of open length in AIFF and CAF",
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
        reason: "rejects A-law and mu-law with 8 bits in the header, and does not support the GUID of mu-law",
    },
    Limit {
        program: Program::Symphonia,
        check: "decode",
        applies: |case| case.codec() == CodecId::PcmS64Le,
        reason: "does not support 64-bit integers",
    },
    Limit {
        program: Program::Symphonia,
        check: "decode",
        applies: |case| case.muxer.name == "caf" && case.codec() == CodecId::PcmS8,
        reason: "does not support 8-bit CAF",
    },
    Limit {
        program: Program::Symphonia,
        check: "decode",
        applies: is_iso_pcm,
        reason: "does not support PCM of ISO/IEC 23003-5",
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
        reason: "reads QuickTime's big-endian names as little-endian ones, and `twos` as 16 bits",
    },
    Limit {
        program: Program::Symphonia,
        check: "decode",
        applies: |case| case.is_mp4() && case.codec() == CodecId::Aac && case.sample_rate > 65_535,
        reason: "uses the rate of the sample entry, which is at most 65,535 Hz",
    },
    Limit {
        program: Program::Symphonia,
        check: "length",
        applies: |case| {
            case.codec() == CodecId::Mp3 && !case.seekable && case.sample_rate <= 12_000
        },
        reason: "skips a frame of MPEG-2.5 without an information frame, in LAME's files too",
    },
    Limit {
        program: Program::Ffmpeg,
        check: "decode",
        applies: |case| {
            case.codec() == CodecId::Mp3
                && (case.sample_rate, case.channels()) == (24_000, 1)
                && case.settings.bit_rate == Some(160_000)
        },
        reason: "reports unused bits at MPEG-2's highest rate in strict mode, check_similarity other decoders",
    },
    Limit {
        program: Program::Ffmpeg,
        check: "decode",
        applies: |case| is_iso_pcm(case) && is_float(case),
        reason: "does not support floating-point PCM of ISO/IEC 23003-5 before version 6.1",
    },
    Limit {
        program: Program::Ffprobe,
        check: "codec",
        applies: |case| is_iso_pcm(case) && is_float(case),
        reason: "does not support floating-point PCM of ISO/IEC 23003-5 before version 6.1",
    },
    Limit {
        program: Program::Ffmpeg,
        check: "decode",
        applies: |case| case.is_mp4() && case.frames() <= 2,
        reason: "skips a packet with one or two presented samples, in its own files too",
    },
    Limit {
        program: Program::Ffmpeg,
        check: "length",
        applies: |case| case.is_mp4() && case.frames() <= 2,
        reason: "skips a packet with one or two presented samples, in its own files too",
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
        reason: "prints the code of ISO's PCM instead of a name",
    },
    Limit {
        program: Program::Mediainfo,
        check: "channels",
        applies: |case| is_iso_pcm(case) || (case.is_mp4() && case.codec() == CodecId::Opus),
        reason: "does not print the channels of Opus and ISO's PCM in MP4, not even of FFmpeg's files",
    },
    Limit {
        program: Program::Mediainfo,
        check: "bits",
        applies: |case| is_iso_pcm(case) || (case.muxer.name == "mov" && is_g711(case)),
        reason: "prints the bit depth neither of ISO's PCM nor of G.711 in QuickTime",
    },
    Limit {
        program: Program::Mediainfo,
        check: "rate",
        applies: |case| is_iso_pcm(case) && case.sample_rate > 65_535,
        reason: "uses the rate of the sample entry for ISO's PCM, which is at most 65,535 Hz",
    },
    Limit {
        program: Program::Flac,
        check: "decode",
        applies: |case| !case.bits().is_multiple_of(8),
        reason: "writes raw samples only in whole bytes; its test mode decodes the others",
    },
    Limit {
        program: Program::Ffmpeg,
        check: "decode",
        applies: |case| case.codec() == CodecId::Flac && case.bits() == 32,
        reason: "does not decode 32-bit FLAC before version 6",
    },
    Limit {
        program: Program::Ffprobe,
        check: "layout",
        applies: has_no_positions,
        reason: "assumes no layout if a file states none: mono and stereo, and all of AU",
    },
    Limit {
        program: Program::Ffprobe,
        check: "samples",
        applies: |case| has_no_length(case) && case.muxer.name != "caf",
        reason: "does not count samples if no length is stated",
    },
    Limit {
        program: Program::Ffprobe,
        check: "samples",
        applies: |case| case.muxer.name == "caf" && case.codec() == CodecId::Alac,
        reason: "counts whole packets of ALAC, in its own files too",
    },
    Limit {
        program: Program::Symphonia,
        check: "decode",
        applies: |case| case.codec() == CodecId::Alac && case.channels() > 6,
        reason: "reads ALAC's back channels of 6.1 and 7.1 as side channels, in their order",
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
        reason: "does not decode 32-bit FLAC before version 6",
    },
    Limit {
        program: Program::Mediainfo,
        check: "codec",
        applies: |case| case.codec() == CodecId::AdpcmG722,
        reason: "prints the number of G.722 instead of a name",
    },
    Limit {
        program: Program::Mediainfo,
        check: "bits",
        applies: |case| case.codec() == CodecId::Alac,
        reason: "does not print the bit depth of ALAC in CAF",
    },
    Limit {
        program: Program::Ffprobe,
        check: "samples",
        applies: |case| case.codec() == CodecId::Opus,
        reason: "counts the samples that an Opus decoder skips",
    },
    Limit {
        program: Program::Mediainfo,
        check: "duration",
        applies: has_no_length,
        reason: "does not count samples if no length is stated",
    },
    Limit {
        program: Program::Mediainfo,
        check: "duration",
        applies: |case| case.muxer.name == "au",
        reason: "counts AU's bytes as samples",
    },
    Limit {
        program: Program::Mediainfo,
        check: "bits",
        applies: |case| case.muxer.name == "au",
        reason: "does not print the bit depth of AU",
    },
    Limit {
        program: Program::Mediainfo,
        check: "duration",
        applies: |case| case.muxer.name == "w64" && !case.seekable,
        reason: "uses the 8 TiB that W64 states if the length is unknown",
    },
    Limit {
        program: Program::Mediainfo,
        check: "duration",
        applies: |case| case.muxer.name == "w64",
        reason: "reads W64's data header as audio",
    },
    Limit {
        program: Program::Mediainfo,
        check: "duration",
        applies: |case| case.muxer.name == "caf",
        reason: "counts the first 64 KiB of CAF",
    },
];
