//! Boxes (ISO/IEC 14496-12 §4.2).

use mp4_atom::Atom;

/// A box in memory: its type and body.
pub(super) type Boxed<'a> = ([u8; 4], &'a [u8]);

/// Iterates over the boxes in a body, up to the first truncated one.
pub(super) fn children(body: &[u8]) -> impl Iterator<Item = Boxed<'_>> {
    let mut rest = body;
    std::iter::from_fn(move || {
        let (size, header) = match be32(rest, 0)? {
            0 => (rest.len(), 8),
            1 => (usize::try_from(be64(rest, 8)?).ok()?, 16),
            size => (size as usize, 8),
        };
        let body = rest.get(header..size)?;
        let kind = rest[4..8].try_into().ok()?;
        rest = &rest[size..];
        Some((kind, body))
    })
}

/// Returns the body of the first box of a type.
pub(super) fn child<'a>(body: &'a [u8], wanted: &[u8; 4]) -> Option<&'a [u8]> {
    children(body).find(|(kind, _)| kind == wanted).map(|(_, body)| body)
}

/// Returns the body of a nested box. `path` is the types of the boxes, outermost first.
pub(super) fn descendant<'a>(body: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(body, |body, kind| child(body, kind))
}

/// Decodes a box of a type of `mp4_atom` from its body. Returns `None` if it is damaged.
pub(super) fn decode<T: Atom>(mut body: &[u8]) -> Option<T> {
    T::decode_body(&mut body).ok()
}

/// Decodes a child box of a type of `mp4_atom`.
pub(super) fn decode_child<T: Atom>(body: &[u8]) -> Option<T> {
    decode(child(body, &T::KIND.into())?)
}

pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

pub(super) fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}
