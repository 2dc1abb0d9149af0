//! Options: the layout of a file, and the ends of fragments.

use reelwright_core::{Error, OptionInfo, Options, Result};

const MOVFLAGS: OptionInfo = OptionInfo::flags(
    "movflags",
    &[
        ("hybrid_fragmented", "fragmented while writing, then an ordinary file; the default"),
        ("progressive", "an ordinary file with its index last; not playable before it is closed"),
        ("faststart", "an ordinary file with its index first; buffers media in a temporary file"),
        ("frag_keyframe", "fragments that begin at keyframes of the video"),
        ("frag_every_frame", "one packet per fragment"),
        ("frag_custom", "fragments that end at a flush, or by frag_duration or frag_size"),
        ("empty_moov", "fragments from the first packet on; always used for fragmented files"),
        ("default_base_moof", "fragments that can be moved; always used"),
        ("omit_tfhd_offset", "offsets are relative to the fragment; always used"),
        ("delay_moov", "the header waits for the first packets; always used"),
        ("dash", "a segment index before each fragment"),
        ("cmaf", "fragments of a single stream, with CMAF brands"),
        ("skip_trailer", "no index of the fragments at the end"),
        ("use_metadata_tags", "metadata with arbitrary keys, in QuickTime's format"),
        ("write_colr", "color properties; always written"),
    ],
    "layout of the file; fragments by default if the output cannot seek",
);

const FRAG_DURATION: OptionInfo = OptionInfo::int(
    "frag_duration",
    (1, i32::MAX as i64),
    None,
    "maximum duration of a fragment in microseconds",
);

const MIN_FRAG_DURATION: OptionInfo = OptionInfo::int(
    "min_frag_duration",
    (0, i32::MAX as i64),
    None,
    "minimum duration of a fragment that a keyframe ends, in microseconds",
);

const FRAG_SIZE: OptionInfo =
    OptionInfo::int("frag_size", (1, i32::MAX as i64), None, "maximum size of a fragment in bytes");

/// Options of all formats of the family.
pub(crate) static OPTIONS: &[OptionInfo] = &[MOVFLAGS, FRAG_DURATION, MIN_FRAG_DURATION, FRAG_SIZE];

/// Layout of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LayoutKind {
    Hybrid,
    Progressive,
    FastStart,
    Fragmented,
}

/// Rule for the end of a fragment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FragmentRule {
    pub(crate) at_keyframes: bool,
    pub(crate) at_packets: bool,
    /// Maximum duration in microseconds.
    pub(crate) longest: Option<i64>,
    pub(crate) shortest: i64,
    /// Maximum size in bytes.
    pub(crate) largest: usize,
}

/// Default maximum size of fragments in bytes.
const LARGEST: usize = 32 << 20;

/// Default minimum duration in microseconds. Without a minimum, video with only keyframes would
/// have many fragments.
const SHORTEST: i64 = 500_000;

/// Values of a muxer's options.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Layout; `None` selects it by the output.
    pub(crate) layout: Option<LayoutKind>,
    pub(crate) rule: FragmentRule,
    pub(crate) with_index: bool,
    pub(crate) is_cmaf: bool,
    pub(crate) skip_trailer: bool,
    pub(crate) use_keys: bool,
}

impl Settings {
    /// Reads the options.
    ///
    /// # Errors
    /// A value is malformed, or two layouts are selected.
    pub(crate) fn take(options: &mut Options) -> Result<Self> {
        let flags = options.take_flags(&MOVFLAGS)?;
        let longest = options.take_int(&FRAG_DURATION)?;
        let shortest = options.take_int(&MIN_FRAG_DURATION)?;
        let largest = options.take_int(&FRAG_SIZE)?;
        let has = |flag: &str| flags.contains(&flag);
        let fragments: Vec<&str> = flags
            .iter()
            .copied()
            .filter(|flag| {
                ["frag_keyframe", "frag_every_frame", "frag_custom", "empty_moov", "dash", "cmaf"]
                    .contains(flag)
            })
            .chain(longest.map(|_| "frag_duration"))
            .chain(largest.map(|_| "frag_size"))
            .collect();
        let whole: Vec<&str> = ["hybrid_fragmented", "progressive", "faststart"]
            .into_iter()
            .filter(|flag| has(flag))
            .collect();
        let layout = match (&whole[..], fragments.is_empty()) {
            ([], true) => None,
            ([], false) => Some(LayoutKind::Fragmented),
            (["hybrid_fragmented"], _) if !has("cmaf") => Some(LayoutKind::Hybrid),
            (["progressive"], true) => Some(LayoutKind::Progressive),
            (["faststart"], true) => Some(LayoutKind::FastStart),
            _ => {
                return Err(Error::option(format!(
                    "Invalid value for option movflags: layouts cannot be combined. Use one of \
                     hybrid_fragmented, progressive, faststart, or options of fragments. Found: {}",
                    whole.into_iter().chain(fragments).collect::<Vec<_>>().join(", ")
                )));
            }
        };
        let requested = !fragments.is_empty();
        let longest = longest.or(has("frag_custom").then_some(i64::MAX));
        Ok(Self {
            layout,
            rule: FragmentRule {
                at_keyframes: has("frag_keyframe") || has("cmaf") || !requested,
                at_packets: has("frag_every_frame"),
                longest,
                shortest: shortest.unwrap_or(if requested { 0 } else { SHORTEST }),
                largest: largest.map_or(LARGEST, |bytes| bytes as usize),
            },
            with_index: has("dash"),
            is_cmaf: has("cmaf"),
            skip_trailer: has("skip_trailer"),
            use_keys: has("use_metadata_tags"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(given: &[(&str, &str)]) -> Result<Settings> {
        Settings::take(&mut given.iter().copied().collect())
    }

    #[test]
    fn flags_choose_the_layout() {
        let layout = |given: &[(&str, &str)]| settings(given).unwrap().layout;
        assert_eq!(layout(&[]), None);
        assert_eq!(layout(&[("movflags", "write_colr")]), None);
        assert_eq!(layout(&[("movflags", "+faststart")]), Some(LayoutKind::FastStart));
        let fragments = "frag_keyframe+empty_moov+default_base_moof";
        assert_eq!(layout(&[("movflags", fragments)]), Some(LayoutKind::Fragmented));
        assert_eq!(layout(&[("frag_duration", "1000000")]), Some(LayoutKind::Fragmented));
        let hybrid = [("movflags", "hybrid_fragmented+frag_keyframe"), ("frag_size", "1M")];
        assert_eq!(layout(&hybrid), Some(LayoutKind::Hybrid));
    }

    #[test]
    fn layouts_exclude_each_other() {
        for wrong in ["faststart+frag_keyframe", "progressive+faststart", "hybrid_fragmented+cmaf"]
        {
            let message = settings(&[("movflags", wrong)]).unwrap_err().to_string();
            assert!(message.contains("movflags") && message.contains("faststart"), "{message}");
        }
    }
}
