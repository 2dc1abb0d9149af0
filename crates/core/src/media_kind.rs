//! Kinds of media.

use std::fmt;

/// What a stream or codec carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaKind {
    /// Samples of sound.
    Audio,
    /// Frames.
    Video,
    /// Texts with a start and an end.
    Subtitle,
    /// Anything else that has times.
    Data,
}

impl MediaKind {
    /// The name: `audio`, `video`, `subtitle` or `data`.
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
