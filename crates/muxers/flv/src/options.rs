//! The option `flvflags`.

use reelwright_core::{Error, OptionInfo, Options, Result};

/// Has the names of FFmpeg's option.
pub(crate) const FLVFLAGS: OptionInfo = OptionInfo::flags(
    "flvflags",
    &[
        ("add_keyframe_index", "positions of keyframes in the metadata; needs a seekable output"),
        ("no_duration_filesize", "no duration and file size in the metadata"),
        ("no_metadata", "no metadata"),
        ("no_sequence_end", "no tags that mark the end of video streams"),
        ("aac_seq_header_detect", "configuration of AAC from its rate and channels if it has none"),
    ],
    "properties of the file",
);

/// Values of `flvflags`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flags {
    pub(crate) has_index: bool,
    pub(crate) has_duration: bool,
    pub(crate) has_metadata: bool,
    pub(crate) has_sequence_end: bool,
    pub(crate) detects_aac: bool,
}

impl Flags {
    /// # Errors
    /// Fails for unknown flags, or for an index without metadata.
    pub(crate) fn take(options: &mut Options) -> Result<Self> {
        let given = options.take_flags(&FLVFLAGS)?;
        let has = |flag| given.contains(&flag);
        let flags = Self {
            has_index: has("add_keyframe_index"),
            has_duration: !has("no_duration_filesize"),
            has_metadata: !has("no_metadata"),
            has_sequence_end: !has("no_sequence_end"),
            detects_aac: has("aac_seq_header_detect"),
        };
        if flags.has_index && !flags.has_metadata {
            return Err(Error::option(
                "flvflags: add_keyframe_index is a part of the metadata, which no_metadata \
                 excludes. Pass one of them.",
            ));
        }
        Ok(flags)
    }
}
