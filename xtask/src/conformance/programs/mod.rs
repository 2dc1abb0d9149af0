//! Programs and their checks.

mod comparison;
mod ffmpeg;
mod ffprobe;
mod flac;
mod mediainfo;
mod mpg123;
mod oggz;
mod opusinfo;
mod run;
mod symphonia;

use reelwright::CodecId;

use super::case::{Case, Signal};
use super::program::{Problem, Program};
use super::written::Written;

/// Problems of a file. `Some(vec![])` means that all checks passed, `None` that the program does
/// not support such files.
pub(super) type Found = Option<Vec<Problem>>;

impl Program {
    fn supports(self, case: &Case) -> bool {
        let (codec, muxer) = (case.codec(), case.muxer.name);
        match self {
            Self::Symphonia => match codec {
                CodecId::Opus | CodecId::AdpcmG722 => false,
                CodecId::Aac => case.channels() <= 2,
                _ => case.has_header() && !["au", "w64"].contains(&muxer),
            },
            Self::Flac => codec == CodecId::Flac && !case.is_resampled() && !case.is_mp4(),
            Self::Ffmpeg => true,
            // Metadata does not depend on the compression level or bit rate. ffprobe checks one
            // file at a time and needs most of the time, so it checks only some files.
            Self::Ffprobe if case.is_lossless() => {
                let is_usual = |level| [2, 5].contains(&level);
                case.has_header()
                    && [8000, 96_000].contains(&case.input_rate)
                    && case.settings.compression_level.is_none_or(is_usual)
            }
            Self::Ffprobe => case.has_header() && case.signal != Signal::Media,
            Self::Mediainfo => case.has_header(),
            Self::Mpg123 => codec == CodecId::Mp3,
            Self::Opusinfo => codec == CodecId::Opus && case.is_ogg(),
            Self::Oggz => case.is_ogg(),
            Self::Comparison => !case.is_lossless(),
        }
    }

    /// Checks the files of a group.
    pub(super) fn check(self, files: &[Written]) -> anyhow::Result<Vec<Found>> {
        let known: Vec<&Written> = files.iter().filter(|file| self.supports(&file.case)).collect();
        if known.is_empty() {
            return Ok(vec![None; files.len()]);
        }
        let problems = match self {
            Self::Symphonia => known.iter().map(|file| symphonia::check(file)).collect(),
            Self::Flac => flac::check(&known)?,
            Self::Ffmpeg => ffmpeg::check(&known)?,
            Self::Ffprobe => {
                known.iter().map(|file| ffprobe::check(file)).collect::<anyhow::Result<_>>()?
            }
            Self::Mediainfo => mediainfo::check(&known)?,
            Self::Mpg123 => mpg123::check(&known)?,
            Self::Opusinfo => opusinfo::check(&known)?,
            Self::Oggz => oggz::check(&known)?,
            Self::Comparison => comparison::check(&known)?,
        };
        let mut problems = problems.into_iter();
        let found = |file: &Written| if self.supports(&file.case) { problems.next() } else { None };
        Ok(files.iter().map(found).collect())
    }
}
