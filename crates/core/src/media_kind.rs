//! Kinds of media.

use std::fmt;

/// Kind of media of a stream or codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaKind {
    /// Audio samples.
    Audio,
    /// Video frames.
    Video,
    /// Texts with a start and an end time.
    Subtitle,
    /// Other data with timestamps.
    Data,
}

impl MediaKind {
    /// Returns the name: `audio`, `video`, `subtitle` or `data`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Subtitle => "subtitle",
            Self::Data => "data",
        }
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
