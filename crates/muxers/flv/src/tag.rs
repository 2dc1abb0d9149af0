//! Tags of a file (Adobe's specification §E.4).

use reelwright_core::{Error, Result};

/// Type of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagKind {
    Audio = 8,
    Video = 9,
    Script = 18,
}

/// Bytes before a tag's body.
pub(crate) const HEADER: usize = 11;
/// Bytes after a tag: its size with the header.
pub(crate) const TRAILER: usize = 4;
/// Maximum size of a body; the field has 24 bits.
const MAX_BODY: usize = (1 << 24) - 1;
/// Maximum time of a tag in milliseconds; the field is a signed number of 32 bits.
pub(crate) const MAX_TIME: i64 = i32::MAX as i64;

/// Appends the header of a tag whose body follows. [`end`] completes the tag.
pub(crate) fn begin(out: &mut Vec<u8>, kind: TagKind, time: u32) {
    let [extended, high, middle, low] = time.to_be_bytes();
    // The size is not known yet, and the stream number is always 0.
    out.extend([kind as u8, 0, 0, 0, high, middle, low, extended, 0, 0, 0]);
}

/// Completes the tag that begins at `start` and ends at the end of `out`.
///
/// # Errors
/// The body exceeds its field.
pub(crate) fn end(out: &mut Vec<u8>, start: usize) -> Result<()> {
    let size = out.len() - start;
    let body = size - HEADER;
    if body > MAX_BODY {
        return Err(Error::too_large(format!(
            "A tag of flv has at most {MAX_BODY} bytes. Found: {body}"
        )));
    }
    out[start + 1..start + 4].copy_from_slice(&(body as u32).to_be_bytes()[1..]);
    out.extend((size as u32).to_be_bytes());
    Ok(())
}
