//! What the muxers can be told: how a file is laid out, and where fragments end.

use reelwright_core::{Error, OptionInfo, Options, Result};

const MOVFLAGS: OptionInfo = OptionInfo::flags(
    "movflags",
    &[
        ("hybrid_fragmented", "fragments until the end, then an ordinary file; the default"),
        ("progressive", "an ordinary file, its index last; nothing plays before the end"),
        ("faststart", "an ordinary file, its index first; the media waits in a temporary file"),
        ("frag_keyframe", "fragments that begin at keyframes of the video"),
        ("frag_every_frame", "fragments of a packet each"),
        ("frag_custom", "fragments that end where the user flushes, or frag_duration or frag_size"),
        ("empty_moov", "fragments from the first packet on, as all fragmented files here"),
        ("default_base_moof", "fragments that can be moved, as all are here"),
        ("omit_tfhd_offset", "offsets from the fragment, as all are here"),
        ("delay_moov", "the header waits for the first packets, as it does here"),
        ("dash", "a segment index before each fragment"),
        ("cmaf", "fragments of a single stream that say they follow CMAF"),
        ("skip_trailer", "no index of the fragments at the end"),
        ("use_metadata_tags", "metadata under any keys, as QuickTime has it"),
        ("write_colr", "what the colours are, as it is always written here"),
    ],
    "how the file is laid out; where the output cannot seek, fragments",
);

const FRAG_DURATION: OptionInfo = OptionInfo::int(
    "frag_duration",
    (1, i32::MAX as i64),
    None,
    "the longest fragment in microseconds",
);

const MIN_FRAG_DURATION: OptionInfo = OptionInfo::int(
    "min_frag_duration",
    (0, i32::MAX as i64),
    None,
    "the shortest fragment in microseconds that a keyframe ends",
);

const FRAG_SIZE: OptionInfo =
    OptionInfo::int("frag_size", (1, i32::MAX as i64), None, "the largest fragment in bytes");

/// The options of every member of the family.
pub(crate) static OPTIONS: &[OptionInfo] = &[MOVFLAGS, FRAG_DURATION, MIN_FRAG_DURATION, FRAG_SIZE];

/// How a file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LayoutKind {
    Hybrid,
    Progressive,
    FastStart,
    Fragmented,
}

/// When a fragment ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FragmentRule {
    pub(crate) at_keyframes: bool,
    pub(crate) at_packets: bool,
    /// In microseconds.
    pub(crate) longest: Option<i64>,
    pub(crate) shortest: i64,
    /// In bytes.
    pub(crate) largest: usize,
}

/// Bytes that fragments hold at most without a choice of the user's.
const LARGEST: usize = 32 << 20;

/// In microseconds, where the user asked for nothing: video of nothing but keyframes would make
/// many fragments.
const SHORTEST: i64 = 500_000;

/// What a muxer was told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// None where the output decides.
    pub(crate) layout: Option<LayoutKind>,
    pub(crate) rule: FragmentRule,
    pub(crate) with_index: bool,
    pub(crate) is_cmaf: bool,
    pub(crate) skip_trailer: bool,
    pub(crate) use_keys: bool,
}

impl Settings {
    /// # Errors
    /// A malformed value, or layouts that are not to be had together.
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
                    "movflags: a file has one layout: hybrid_fragmented, progressive, faststart, or \
                     fragments. Found: {}",
                    whole.into_iter().chain(fragments).collect::<Vec<_>>().join(", ")
                )));
            }
        };
        let asked = !fragments.is_empty();
        let longest = longest.or(has("frag_custom").then_some(i64::MAX));
        Ok(Self {
            layout,
            rule: FragmentRule {
                at_keyframes: has("frag_keyframe") || has("cmaf") || !asked,
                at_packets: has("frag_every_frame"),
                longest,
                shortest: shortest.unwrap_or(if asked { 0 } else { SHORTEST }),
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
