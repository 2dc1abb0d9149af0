//! Compression of frames (RFC 9559 §5.1.4.1.31): removed headers and zlib.

use std::io::Read;

use super::ebml::{child, children, uint_child};
use super::ids;

/// Maximum size in bytes of a frame or a codec's configuration after decompression.
const MAX_SIZE: u64 = 256 << 20;

/// One step of decompression.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    scope: u64,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Zlib,
    /// Removed bytes at the start of every frame.
    Header(Vec<u8>),
}

/// Decompression steps of a track, in the order in which they are undone.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Encodings(Vec<Step>);

/// Kind of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Frame,
    Configuration,
}

impl Encodings {
    /// Reads a track's `ContentEncodings`.
    ///
    /// # Errors
    /// The encoding is not supported. The error is a description of it.
    pub(super) fn new(entry: &[u8]) -> Result<Self, &'static str> {
        let Some(body) = child(entry, ids::CONTENT_ENCODINGS) else { return Ok(Self::default()) };
        let mut steps = Vec::new();
        for (_, encoding) in children(body).filter(|(id, _)| *id == ids::CONTENT_ENCODING) {
            let order = uint_child(encoding, ids::ENCODING_ORDER).unwrap_or(0);
            let scope = uint_child(encoding, ids::ENCODING_SCOPE).unwrap_or(1);
            if uint_child(encoding, ids::ENCODING_TYPE).unwrap_or(0) != 0 {
                return Err("encrypted");
            }
            let compression = child(encoding, ids::COMPRESSION).unwrap_or_default();
            let kind = match uint_child(compression, ids::COMPRESSION_ALGORITHM).unwrap_or(0) {
                0 => Kind::Zlib,
                1 => return Err("compressed by bzlib"),
                2 => return Err("compressed by LZO"),
                3 => {
                    let settings = child(compression, ids::COMPRESSION_SETTINGS);
                    Kind::Header(settings.unwrap_or_default().to_vec())
                }
                _ => return Err("compressed with an unknown algorithm"),
            };
            steps.push((order, Step { scope, kind }));
        }
        // Undoes the steps in reverse order.
        steps.sort_by_key(|(order, _)| std::cmp::Reverse(*order));
        Ok(Self(steps.into_iter().map(|(_, step)| step).collect()))
    }

    /// Decompresses content. Returns `None` if it is damaged.
    pub(super) fn restored(&self, data: &[u8], content: Content) -> Option<Vec<u8>> {
        let bit = if content == Content::Frame { 1 } else { 2 };
        let mut data = data.to_vec();
        for step in self.0.iter().filter(|step| step.scope & bit != 0) {
            data = match &step.kind {
                Kind::Header(header) => [header, &data[..]].concat(),
                Kind::Zlib => {
                    let mut inflated = Vec::new();
                    let decoder = flate2::read::ZlibDecoder::new(&data[..]);
                    decoder.take(MAX_SIZE).read_to_end(&mut inflated).ok()?;
                    inflated
                }
            };
        }
        Some(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_restored_in_reverse_order() {
        let header = [
            &[0x62, 0x40, 0x91, 0x50, 0x31, 0x81, 0][..],
            &[0x50, 0x34, 0x8A, 0x42, 0x54, 0x81, 3, 0x42, 0x55, 0x83, b'a', b'b', b'c'],
        ];
        let mut header = header.concat();
        header[2] = 0x80 | (header.len() - 3) as u8;
        let zlib = [0x62, 0x40, 0x8B, 0x50, 0x31, 0x81, 1, 0x50, 0x34, 0x84, 0x42, 0x54, 0x81, 0];
        let body = [&header[..], &zlib].concat();
        let entry = [&[0x6D, 0x80, 0x80 | body.len() as u8][..], &body].concat();
        let encodings = Encodings::new(&entry).unwrap();
        // "de" in a stored block of zlib.
        let packed = [0x78, 0x01, 1, 2, 0, 0xFD, 0xFF, b'd', b'e', 0x01, 0x2F, 0x00, 0xCA];
        assert_eq!(encodings.restored(&packed, Content::Frame).as_deref(), Some(&b"abcde"[..]));
        assert_eq!(encodings.restored(b"x", Content::Configuration).as_deref(), Some(&b"x"[..]));
        assert_eq!(encodings.restored(b"x", Content::Frame), None);
        let encrypted = [0x6D, 0x80, 0x87, 0x62, 0x40, 0x84, 0x50, 0x33, 0x81, 1];
        assert_eq!(Encodings::new(&encrypted), Err("encrypted"));
    }
}
