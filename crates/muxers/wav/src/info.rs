//! Metadata in RIFF: texts with four-letter ids.

use reelwright_core::{Error, Metadata, Result};

/// FFmpeg's generic keys and their ids in the INFO list.
const IDS: &[(&str, [u8; 4])] = &[
    ("artist", *b"IART"),
    ("comment", *b"ICMT"),
    ("copyright", *b"ICOP"),
    ("date", *b"ICRD"),
    ("genre", *b"IGNR"),
    ("language", *b"ILNG"),
    ("title", *b"INAM"),
    ("album", *b"IPRD"),
    ("track", *b"IPRT"),
    ("encoder", *b"ISFT"),
    ("timecode", *b"ISMP"),
    ("encoded_by", *b"ITCH"),
];

/// Returns the id of `key`: that of a generic key, or the key itself if it is an id.
fn id(key: &str) -> Option<[u8; 4]> {
    if let Some((_, id)) = IDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
        return Some(*id);
    }
    let id: [u8; 4] = key.as_bytes().try_into().ok()?;
    let letters = id.iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    (id[0] == b'I' && letters).then_some(id)
}

/// Returns the entries of `tags` that INFO supports, each id once.
pub(crate) fn entries(tags: &Metadata) -> Vec<([u8; 4], &str)> {
    let mut entries: Vec<([u8; 4], &str)> = Vec::new();
    for (key, value) in tags.iter().filter(|(_, value)| !value.is_empty()) {
        let Some(id) = id(key) else { continue };
        match entries.iter_mut().find(|(known, _)| *known == id) {
            Some(entry) => entry.1 = value,
            None => entries.push((id, value)),
        }
    }
    entries
}

/// Returns the LIST chunk of type INFO, or no bytes if it is empty.
///
/// # Errors
/// Fails if a text has 4 GiB.
pub(crate) fn list_chunk(tags: &Metadata) -> Result<Vec<u8>> {
    let entries = entries(tags);
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut chunk = b"LIST\0\0\0\0INFO".to_vec();
    for (id, value) in entries {
        chunk.extend(id);
        // The length of a ZSTR includes the NUL, but not the padding byte.
        chunk.extend(length(value.len() + 1)?.to_le_bytes());
        chunk.extend(value.as_bytes());
        chunk.push(0);
        if value.len().is_multiple_of(2) {
            chunk.push(0);
        }
    }
    let size = length(chunk.len() - 8)?;
    chunk[4..8].copy_from_slice(&size.to_le_bytes());
    Ok(chunk)
}

/// Returns `bytes` as a field of 32 bits.
pub(crate) fn length(bytes: usize) -> Result<u32> {
    u32::try_from(bytes).map_err(|_| {
        Error::too_large(format!(
            "Metadata must be at most {} bytes long. Found: {bytes} bytes",
            u32::MAX
        ))
    })
}
