//! Elements of EBML (RFC 8794): identifiers, sizes and values.

use crate::source::Source;

/// Maximum size of a header in bytes: an identifier of four and a size of eight.
const MAX_HEADER: usize = 12;

/// Header of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) id: u32,
    /// Offset of the first byte of the content.
    pub(super) body: u64,
    /// Size of the content in bytes, or `None` if it is unknown.
    pub(super) size: Option<u64>,
}

impl Element {
    /// Returns the offset after the content, or `None` if the size is unknown or too large.
    pub(super) fn end(&self) -> Option<u64> {
        self.body.checked_add(self.size?)
    }
}

/// The result of reading a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    Element(Element),
    /// The bytes are not a header.
    Malformed,
    /// End of the input. True if a part of a header is left.
    End(bool),
}

/// Reads the header at `at`.
///
/// # Errors
/// Reading the input fails.
pub(super) fn read(source: &mut Source, at: u64) -> std::io::Result<Read> {
    let mut bytes = [0; MAX_HEADER];
    let count = source.read_at(at, &mut bytes)?;
    Ok(match header(&bytes[..count]) {
        Some((id, size, length)) => {
            Read::Element(Element { id, body: at.saturating_add(length as u64), size })
        }
        None if count == 0 => Read::End(false),
        None if count < MAX_HEADER => Read::End(true),
        None => Read::Malformed,
    })
}

/// Parses a header. Returns the identifier, the size and the length of the header.
pub(super) fn header(bytes: &[u8]) -> Option<(u32, Option<u64>, usize)> {
    let first = *bytes.first()?;
    let id_length = first.leading_zeros() as usize + 1;
    if id_length > 4 {
        return None;
    }
    let id = bytes.get(..id_length)?.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
    let (size, size_length) = number(&bytes[id_length..])?;
    Some((id, size, id_length + size_length))
}

/// Reads a variable-length number. Returns it and its length. All bits set mean `None`.
pub(super) fn number(bytes: &[u8]) -> Option<(Option<u64>, usize)> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    if length > 8 {
        return None;
    }
    let all = bytes.get(..length)?.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
    let mask = (1u64 << (7 * length)) - 1;
    Some(((all & mask != mask).then_some(all & mask), length))
}

/// Iterator over child elements, which ends at the first truncated one.
pub(super) struct Children<'a> {
    rest: &'a [u8],
    is_cut: bool,
}

/// Iterates over the elements in `bytes`.
pub(super) fn children(bytes: &[u8]) -> Children<'_> {
    Children { rest: bytes, is_cut: false }
}

impl Children<'_> {
    /// Returns true if the last element was truncated.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let split = header(self.rest).and_then(|(id, size, length)| {
            let (body, rest) =
                self.rest[length..].split_at_checked(usize::try_from(size?).ok()?)?;
            Some((id, body, rest))
        });
        let Some((id, body, rest)) = split else {
            self.is_cut = true;
            self.rest = &[];
            return None;
        };
        self.rest = rest;
        Some((id, body))
    }
}

/// Returns the content of the first element with an identifier.
pub(super) fn child(bytes: &[u8], id: u32) -> Option<&[u8]> {
    children(bytes).find(|(found, _)| *found == id).map(|(_, body)| body)
}

/// Reads an unsigned integer. Returns `None` if it has more than eight bytes.
pub(super) fn uint(body: &[u8]) -> Option<u64> {
    (body.len() <= 8).then(|| body.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

/// Reads a signed integer. Returns `None` if it has more than eight bytes.
pub(super) fn int(body: &[u8]) -> Option<i64> {
    let shift = 64 - 8 * u32::try_from(body.len()).ok()?.clamp(1, 8);
    Some((uint(body)? << shift).cast_signed() >> shift)
}

/// Reads a floating-point number of four or eight bytes. No bytes mean 0.
pub(super) fn float(body: &[u8]) -> Option<f64> {
    match body.len() {
        0 => Some(0.0),
        4 => Some(f32::from_be_bytes(body.try_into().ok()?).into()),
        8 => Some(f64::from_be_bytes(body.try_into().ok()?)),
        _ => None,
    }
    .filter(|value| value.is_finite())
}

/// Reads text up to the first NUL.
pub(super) fn text(body: &[u8]) -> String {
    let end = body.iter().position(|byte| *byte == 0).unwrap_or(body.len());
    String::from_utf8_lossy(&body[..end]).into_owned()
}

/// Reads the unsigned integer in the first element with an identifier.
pub(super) fn uint_child(bytes: &[u8], id: u32) -> Option<u64> {
    child(bytes, id).and_then(uint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_element_headers() {
        assert_eq!(header(&[0xEC, 0x81, 0]), Some((0xEC, Some(1), 2)));
        assert_eq!(header(&[0x42, 0x86, 0x40, 0x02]), Some((0x4286, Some(2), 4)));
        assert_eq!(header(&[0x1F, 0x43, 0xB6, 0x75, 0xFF]), Some((0x1F43_B675, None, 5)));
        let unknown = [0x18, 0x53, 0x80, 0x67, 1, 255, 255, 255, 255, 255, 255, 255];
        assert_eq!(header(&unknown), Some((0x1853_8067, None, 12)));
        assert_eq!(header(&[0x08, 0x81, 0, 0, 0, 0]), None);
        assert_eq!(header(&[0xEC, 0x00, 0, 0, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(header(&[0x1F, 0x43]), None);
    }

    #[test]
    fn reads_values_of_any_length() {
        assert_eq!((uint(&[]), uint(&[1, 0]), uint(&[0; 9])), (Some(0), Some(256), None));
        assert_eq!((int(&[]), int(&[0xFF]), int(&[0xFF, 0])), (Some(0), Some(-1), Some(-256)));
        assert_eq!(int(&[0x80, 0, 0, 0, 0, 0, 0, 0]), Some(i64::MIN));
        assert_eq!(float(&0.5f32.to_be_bytes()), Some(0.5));
        assert_eq!(float(&f64::NAN.to_be_bytes()), None);
        assert_eq!(text(b"a\0b"), "a");
        let mut all = children(&[0xEC, 0x80, 0xBF, 0x81, 7, 0xEC, 0x85, 1]);
        assert_eq!(all.by_ref().collect::<Vec<_>>(), [(0xEC, &[][..]), (0xBF, &[7])]);
        assert!(all.is_cut());
    }
}
