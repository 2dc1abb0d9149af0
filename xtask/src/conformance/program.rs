//! Programs that check files, and their results.

use std::io;
use std::process::Command;

/// Program that checks files.
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
    /// Comparison of files with each other, without a program.
    Comparison,
}

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

    /// Returns a problem if `found` is not `expected`.
    pub(super) fn unless(check: &'static str, found: &str, expected: &str) -> Option<Self> {
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
        Self::Comparison,
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
            Self::Comparison => "files",
        }
    }

    /// Returns true if the program is installed. Prints a line if not.
    pub(super) fn is_installed(self) -> bool {
        if matches!(self, Self::Symphonia | Self::Comparison) {
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
}
