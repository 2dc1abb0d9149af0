//! The programs, and what each is asked.

mod ffmpeg;
mod ffprobe;
mod flac;
mod house;
mod mediainfo;
mod mpg123;
mod oggz;
mod opusinfo;
mod symphonia;

use std::io;
use std::process::{Command, Output, Stdio};

use anyhow::Context;
use reelwright::CodecId;
use serde_json::Value;

use super::case::{Case, Written};
use super::expected::{self, Decoded};
use super::likeness;
use super::sound::Signal;

/// Who looks at the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Program {
    Symphonia,
    Flac,
    Ffmpeg,
    Ffprobe,
    Mediainfo,
    Mpg123,
    Opusinfo,
    Oggz,
    /// What needs no program: files beside each other.
    House,
}

/// What was found wrong with a file, each a check's name and what was found: `Some(vec![])` is
/// all well, `None` that the program knows nothing of such files.
pub(super) type Found = Option<Vec<Problem>>;

/// A check that failed.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) check: &'static str,
    pub(super) found: String,
}

impl Problem {
    pub(super) fn new(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, found: found.into() }
    }

    /// The check fails if `found` is not `expected`.
    fn unless(check: &'static str, found: &str, expected: &str) -> Option<Self> {
        (found != expected).then(|| Self::new(check, format!("{found:?} instead of {expected:?}")))
    }
}

impl Program {
    pub(super) const ALL: [Self; 9] = [
        Self::Symphonia,
        Self::Flac,
        Self::Ffmpeg,
        Self::Ffprobe,
        Self::Mediainfo,
        Self::Mpg123,
        Self::Opusinfo,
        Self::Oggz,
        Self::House,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Symphonia => "symphonia",
            Self::Flac => "flac",
            Self::Ffmpeg => "ffmpeg",
            Self::Ffprobe => "ffprobe",
            Self::Mediainfo => "mediainfo",
            Self::Mpg123 => "mpg123",
            Self::Opusinfo => "opusinfo",
            Self::Oggz => "oggz-validate",
            Self::House => "files",
        }
    }

    /// Whether it can be run; says so if not.
    pub(super) fn is_installed(self) -> bool {
        if matches!(self, Self::Symphonia | Self::House) {
            return true;
        }
        let missing = Command::new(self.name())
            .arg("--version")
            .output()
            .is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        if missing {
            reelwright_testkit::program::missing(self.name());
        }
        !missing
    }

    fn knows(self, case: &Case) -> bool {
        let (codec, muxer) = (case.codec(), case.muxer.name);
        match self {
            Self::Symphonia => match codec {
                CodecId::Opus | CodecId::AdpcmG722 => false,
                CodecId::Aac => case.channels() <= 2,
                _ => case.has_header() && !["au", "w64"].contains(&muxer),
            },
            Self::Flac => codec == CodecId::Flac && !case.is_resampled() && !case.is_mp4(),
            Self::Ffmpeg => true,
            // What a file says of itself does not depend on the compression level or bit rate. It
            // takes one file at a time, and so most of the time: not every one is asked about.
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
            Self::House => !case.is_lossless(),
        }
    }

    /// Looks at the files of one group.
    pub(super) fn check(self, files: &[Written]) -> anyhow::Result<Vec<Found>> {
        let known: Vec<&Written> = files.iter().filter(|file| self.knows(&file.case)).collect();
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
            Self::House => house::check(&known)?,
        };
        let mut problems = problems.into_iter();
        let found = |file: &Written| if self.knows(&file.case) { problems.next() } else { None };
        Ok(files.iter().map(found).collect())
    }
}

fn run(command: &mut Command) -> anyhow::Result<Output> {
    let what = format!("{command:?}");
    command.stdin(Stdio::null()).output().with_context(|| what)
}

/// Lets a program test all files at once, and one by one where something is wrong.
fn test(
    files: &[&Written],
    command: impl Fn() -> Command,
    is_well: impl Fn(&Output) -> bool,
) -> anyhow::Result<Vec<Vec<Problem>>> {
    let look = |files: &[&Written]| run(command().args(files.iter().map(|file| &file.path)));
    if is_well(&look(files)?) {
        return Ok(vec![Vec::new(); files.len()]);
    }
    let one = |file: &&Written| -> anyhow::Result<Vec<Problem>> {
        let output = look(&[file])?;
        let said = [output.stderr.as_slice(), &output.stdout].concat();
        let problem = || Problem::new("test", String::from_utf8_lossy(&said));
        Ok((!is_well(&output)).then(problem).into_iter().collect())
    };
    files.iter().map(one).collect()
}

/// What is wrong with all decoded samples, little-endian bytes in [`Decoded`]'s type.
fn judge(program: Program, file: &Written, found: &[u8]) -> Vec<Problem> {
    if Decoded::of(&file.case) == Decoded::F32 {
        let (samples, _) = found.as_chunks();
        let samples: Vec<f32> = samples.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        return likeness::judge(program, file, &samples);
    }
    let found = expected::compare(file, found);
    found.map(|found| Problem::new("decode", found)).into_iter().collect()
}

/// A field of JSON as text.
fn text(object: &Value, key: &str) -> String {
    match &object[key] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
