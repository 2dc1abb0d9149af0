//! Writing of boxes (ISO/IEC 14496-12 §4.2) to memory.

use mp4_atom::Encode;
use reelwright_core::{Error, Result};

/// Bytes of boxes under construction.
pub(crate) type Bytes = Vec<u8>;

/// Appends a box. `body` appends its contents.
///
/// # Errors
/// Fails if the body fails, or if the box has 2^32 bytes or more.
pub(crate) fn boxed(
    out: &mut Bytes,
    kind: &[u8; 4],
    body: impl FnOnce(&mut Bytes) -> Result<()>,
) -> Result<()> {
    let at = out.len();
    out.extend([0; 4]);
    out.extend(kind);
    body(out)?;
    let size = u32::try_from(out.len() - at).map_err(|_| too_large(kind))?;
    out[at..at + 4].copy_from_slice(&size.to_be_bytes());
    Ok(())
}

/// Appends a box that begins with a version and flags of 24 bits.
///
/// # Errors
/// The same errors as [`boxed`].
pub(crate) fn full_box(
    out: &mut Bytes,
    kind: &[u8; 4],
    (version, flags): (u8, u32),
    body: impl FnOnce(&mut Bytes) -> Result<()>,
) -> Result<()> {
    boxed(out, kind, |out| {
        out.extend((u32::from(version) << 24 | flags).to_be_bytes());
        body(out)
    })
}

/// Appends bytes as the body of a box.
#[allow(clippy::unnecessary_wraps)] // so are all bodies
pub(crate) fn append(out: &mut Bytes, bytes: &[u8]) -> Result<()> {
    out.extend_from_slice(bytes);
    Ok(())
}

/// Appends a box with a version of 0 and no flags.
///
/// # Errors
/// The same errors as [`full_box`].
pub(crate) fn append_full(out: &mut Bytes, kind: &[u8; 4], bytes: &[u8]) -> Result<()> {
    full_box(out, kind, (0, 0), |out| append(out, bytes))
}

/// Appends a `HandlerBox` (§8.4.3). QuickTime's version has a class, and a name with a length
/// prefix.
pub(crate) fn handler_box(
    out: &mut Bytes,
    class: [u8; 4],
    handler: &[u8; 4],
    name: &str,
    is_quicktime: bool,
) -> Result<()> {
    full_box(out, b"hdlr", (0, 0), |out| {
        out.extend(class);
        out.extend(handler);
        out.extend([0; 12]);
        if is_quicktime {
            out.push(name.len() as u8);
            out.extend(name.as_bytes());
        } else {
            out.extend(name.as_bytes());
            out.push(0);
        }
        Ok(())
    })
}

/// Appends a box of the crate mp4-atom.
///
/// # Errors
/// Fails if a value does not fit in its field.
pub(crate) fn put(out: &mut Bytes, atom: &impl Encode) -> Result<()> {
    atom.encode(out).map_err(|error| {
        Error::too_large(format!("A value exceeds its field in an MP4 box: {error}."))
    })
}

/// Returns the error for a box of 2^32 bytes or more.
fn too_large(kind: &[u8; 4]) -> Error {
    Error::too_large(format!(
        "The box {} of MP4 must be smaller than 4294967296 bytes.",
        String::from_utf8_lossy(kind)
    ))
}

/// Returns a table's number of entries.
///
/// # Errors
/// Fails if there are 2^32 entries or more.
pub(crate) fn count(entries: usize) -> Result<[u8; 4]> {
    u32::try_from(entries).map(u32::to_be_bytes).map_err(|_| {
        Error::too_large(format!(
            "A table of MP4 must have fewer than 2^32 entries. Found: {entries}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn box_sizes_are_correct() {
        let mut out = vec![9];
        boxed(&mut out, b"moov", |out| {
            full_box(out, b"stss", (1, 2), |out| {
                out.push(7);
                Ok(())
            })
        })
        .unwrap();
        assert_eq!(out, b"\x09\0\0\0\x15moov\0\0\0\x0dstss\x01\0\0\x02\x07");
    }
}
