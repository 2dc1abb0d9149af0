//! Vorbis comments (Vorbis I §5), used by Ogg and FLAC.

use reelwright_core::{ChannelLayout, CoverArt};

/// Fields for which FFmpeg uses another name.
const NAMES: &[(&str, &str)] = &[
    ("albumartist", "album_artist"),
    ("tracknumber", "track"),
    ("discnumber", "disc"),
    ("description", "comment"),
];

/// The fields of a comment.
#[derive(Debug, Default)]
pub(crate) struct Comments {
    /// Keys and values under FFmpeg's names.
    pub(crate) tags: Vec<(String, String)>,
    /// Channel layout, which FLAC files may state (RFC 9639 §8.6.2).
    pub(crate) layout: Option<ChannelLayout>,
}

impl Comments {
    /// Reads a comment up to the first malformed field.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut comments = Self::default();
        let Some((_vendor, rest)) = sized(bytes) else { return comments };
        let mut rest = rest.get(4..).unwrap_or_default();
        while let Some((entry, after)) = sized(rest) {
            rest = after;
            let entry = String::from_utf8_lossy(entry);
            let Some((key, value)) = entry.split_once('=') else { continue };
            let key = key.to_ascii_lowercase();
            match &key[..] {
                "waveformatextensible_channel_mask" => {
                    let digits = value.trim().trim_start_matches("0x").trim_start_matches("0X");
                    let mask = u32::from_str_radix(digits, 16).ok();
                    comments.layout = mask.and_then(|mask| ChannelLayout::from_mask(mask).ok());
                }
                "metadata_block_picture" | "" => {}
                _ => {
                    let known = NAMES.iter().find(|(name, _)| *name == key);
                    let key = known.map_or(key, |(_, ours)| (*ours).to_owned());
                    if !comments.tags.iter().any(|(other, _)| *other == key) {
                        comments.tags.push((key, value.to_owned()));
                    }
                }
            }
        }
        comments
    }
}

/// Splits off the bytes after a 32-bit length. Returns them and the remaining bytes.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, after) = bytes.split_first_chunk::<4>()?;
    after.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// Reads a `METADATA_BLOCK_PICTURE` of FLAC (RFC 9639 §8.8). The flag is true for a front cover.
pub(crate) fn cover(block: &[u8]) -> Option<(CoverArt, bool)> {
    let word = |at: usize| {
        let bytes = block.get(at..at.checked_add(4)?)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?) as usize)
    };
    let is_front = word(0)? == 3;
    let description = word(4)?.checked_add(8)?;
    let size = word(description)?.checked_add(4 + 16 + description)?;
    let data = block.get(size.checked_add(4)?..)?.get(..word(size)?)?;
    Some((CoverArt::front_cover(data.to_vec()).ok()?, is_front))
}
