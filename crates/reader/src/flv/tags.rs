//! Bodies of audio and video tags (Adobe's specification §E.4, Enhanced RTMP).

use std::ops::Range;

use crate::packet::Kind;

/// Codec of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagCodec {
    /// Codec of Adobe's tags: the number, and for audio the other four bits of its byte.
    Number(u8, u8),
    /// Codec of enhanced tags.
    FourCc([u8; 4]),
}

/// Content of a part of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// Configuration of the decoder.
    Configuration,
    /// A frame. `offset` is the distance of its pts from its dts in milliseconds.
    Frame { is_keyframe: bool, offset: i32 },
    /// The channels of a multichannel stream.
    Channels,
    /// The end of a stream, or something that decoders do not need.
    Nothing,
}

/// Part of a tag that belongs to one track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) kind: Kind,
    /// Number among the tracks of the kind.
    pub(super) number: u8,
    pub(super) codec: TagCodec,
    pub(super) content: Content,
    /// Position of the data in the body.
    pub(super) data: Range<usize>,
}

/// Reader of a body.
struct Cursor<'a> {
    body: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.body.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn u24(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes([0, self.byte()?, self.byte()?, self.byte()?]))
    }

    fn four_cc(&mut self) -> Option<[u8; 4]> {
        Some([self.byte()?, self.byte()?, self.byte()?, self.byte()?])
    }
}

/// Extends the sign of a number of 24 bits.
fn signed(number: u32) -> i32 {
    ((number << 8) as i32) >> 8
}

/// Returns the parts of an audio or video tag, as far as the body is valid.
pub(super) fn parts(kind: Kind, body: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    let _ = match kind {
        Kind::Audio => audio(body, &mut parts),
        _ => video(body, &mut parts),
    };
    parts
}

fn audio(body: &[u8], parts: &mut Vec<Part>) -> Option<()> {
    /// Number that marks enhanced tags.
    const ENHANCED: u8 = 9;
    const AAC: u8 = 10;
    let first = *body.first()?;
    if first >> 4 == ENHANCED {
        let mut cursor = Cursor { body, at: 1 };
        return enhanced(&mut cursor, Kind::Audio, first & 15, true, parts);
    }
    let codec = TagCodec::Number(first >> 4, first & 15);
    let frame = Content::Frame { is_keyframe: true, offset: 0 };
    let (content, start) = match (first >> 4, body.get(1)) {
        (AAC, Some(0)) => (Content::Configuration, 2),
        (AAC, Some(1)) => (frame, 2),
        (AAC, _) => return None,
        _ => (frame, 1),
    };
    parts.push(Part { kind: Kind::Audio, number: 0, codec, content, data: start..body.len() });
    Some(())
}

fn video(body: &[u8], parts: &mut Vec<Part>) -> Option<()> {
    /// Codecs whose tags state a packet type and an offset. Only H.264 is in the specification.
    const WITH_OFFSET: [u8; 3] = [7, 12, 13];
    /// Frame type of commands to the player.
    const COMMAND: u8 = 5;
    let first = *body.first()?;
    let frame_type = first >> 4 & 7;
    let is_keyframe = matches!(frame_type, 1 | 4);
    if first & 0x80 != 0 {
        /// Packet type of color properties, which even commands may have.
        const METADATA: u8 = 4;
        if frame_type == COMMAND && first & 15 != METADATA {
            return None;
        }
        let mut cursor = Cursor { body, at: 1 };
        return enhanced(&mut cursor, Kind::Video, first & 15, is_keyframe, parts);
    }
    if frame_type == COMMAND {
        return None;
    }
    let number = first & 15;
    let mut part = Part {
        kind: Kind::Video,
        number: 0,
        codec: TagCodec::Number(number, 0),
        content: Content::Frame { is_keyframe, offset: 0 },
        data: 1..body.len(),
    };
    if WITH_OFFSET.contains(&number) {
        let mut cursor = Cursor { body, at: 1 };
        let packet_type = cursor.byte()?;
        let offset = signed(cursor.u24()?);
        part.content = match packet_type {
            0 => Content::Configuration,
            1 => Content::Frame { is_keyframe, offset },
            _ => Content::Nothing,
        };
        part.data = cursor.at..body.len();
    }
    parts.push(part);
    Some(())
}

/// Reads an enhanced tag after its first byte.
fn enhanced(
    cursor: &mut Cursor<'_>,
    kind: Kind,
    first_type: u8,
    is_keyframe: bool,
    parts: &mut Vec<Part>,
) -> Option<()> {
    const EXTENSION: u8 = 7;
    /// Codecs whose frames have an offset.
    const WITH_OFFSET: [[u8; 4]; 3] = [*b"avc1", *b"hvc1", *b"vvc1"];
    let multitrack = if kind == Kind::Audio { 5 } else { 6 };
    let mut packet_type = first_type;
    // Extensions state fractions of a millisecond, and others that are not known yet.
    while packet_type == EXTENSION {
        let mut size = usize::from(cursor.byte()?) + 1;
        if size == 256 {
            size = usize::from(cursor.byte()?) << 8 | usize::from(cursor.byte()?);
            size += 1;
        }
        cursor.at = cursor.at.checked_add(size)?;
        packet_type = cursor.byte()? & 15;
    }
    // One track; several with a codec; several with a codec each.
    let mut tracks = None;
    if packet_type == multitrack {
        let byte = cursor.byte()?;
        (tracks, packet_type) = (Some(byte >> 4), byte & 15);
        if packet_type == multitrack {
            return None;
        }
    }
    let mut four_cc = match tracks {
        Some(2) => None,
        _ => Some(cursor.four_cc()?),
    };
    loop {
        if tracks == Some(2) {
            four_cc = Some(cursor.four_cc()?);
        }
        let number = if tracks.is_some() { cursor.byte()? } else { 0 };
        let end = match tracks {
            Some(1 | 2) => cursor.u24()? as usize + cursor.at,
            _ => cursor.body.len(),
        };
        let end = end.min(cursor.body.len());
        let four_cc = four_cc?;
        let mut offset = 0;
        let content = match (packet_type, kind) {
            (0, _) => Content::Configuration,
            (1, _) => {
                if kind == Kind::Video && WITH_OFFSET.contains(&four_cc) {
                    offset = signed(cursor.u24()?);
                }
                Content::Frame { is_keyframe, offset }
            }
            // Frames without an offset.
            (3, Kind::Video) => Content::Frame { is_keyframe, offset },
            (4, Kind::Audio) => Content::Channels,
            _ => Content::Nothing,
        };
        let data = cursor.at.min(end)..end;
        parts.push(Part { kind, number, codec: TagCodec::FourCc(four_cc), content, data });
        cursor.at = end;
        if cursor.at >= cursor.body.len() || !matches!(tracks, Some(1 | 2)) {
            return Some(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(is_keyframe: bool, offset: i32) -> Content {
        Content::Frame { is_keyframe, offset }
    }

    #[test]
    fn reads_tags_of_both_specifications() {
        let one = |kind, body: &[u8]| {
            let mut parts = parts(kind, body);
            assert_eq!(parts.len(), 1, "{body:x?}");
            let part = parts.remove(0);
            (part.number, part.codec, part.content, body[part.data].to_vec())
        };
        let avc = one(Kind::Video, &[0x27, 1, 0xff, 0xff, 0xfe, 5]);
        assert_eq!(avc, (0, TagCodec::Number(7, 0), frame(false, -2), vec![5]));
        let aac = one(Kind::Audio, &[0xaf, 0, 0x12, 0x10]);
        let number = TagCodec::Number(10, 15);
        assert_eq!(aac, (0, number, Content::Configuration, vec![0x12, 0x10]));
        let av1 = one(Kind::Video, b"\x91av01xyz");
        assert_eq!(av1, (0, TagCodec::FourCc(*b"av01"), frame(true, 0), b"xyz".to_vec()));
        let avc = one(Kind::Video, b"\xa1avc1\0\0\x09x");
        assert_eq!(avc, (0, TagCodec::FourCc(*b"avc1"), frame(false, 9), b"x".to_vec()));
        let avc = one(Kind::Video, b"\xa3avc1x");
        assert_eq!(avc.2, frame(false, 0));
        // A nanosecond offset in front.
        let opus = one(Kind::Audio, b"\x97\x02abc\x01Opusx");
        assert_eq!(opus, (0, TagCodec::FourCc(*b"Opus"), frame(true, 0), b"x".to_vec()));
        let second = one(Kind::Audio, b"\x95\x01mp4a\x03x");
        assert_eq!(second, (3, TagCodec::FourCc(*b"mp4a"), frame(true, 0), b"x".to_vec()));
    }

    #[test]
    fn tags_of_several_tracks_have_several_parts() {
        let body = b"\x96\x10av01\x00\x00\x00\x02ab\x01\x00\x00\x01c";
        let found = parts(Kind::Video, body);
        let found: Vec<_> = found.iter().map(|p| (p.number, &body[p.data.clone()])).collect();
        assert_eq!(found, [(0, &b"ab"[..]), (1, b"c")]);
        let body = b"\x95\x21Opus\x00\x00\x00\x02abfLaC\x01\x00\x00\x01c";
        let found = parts(Kind::Audio, body);
        let found: Vec<_> = found.iter().map(|p| (p.codec, &body[p.data.clone()])).collect();
        let codecs = [TagCodec::FourCc(*b"Opus"), TagCodec::FourCc(*b"fLaC")];
        assert_eq!(found, [(codecs[0], &b"ab"[..]), (codecs[1], b"c")]);
        for length in 0..body.len() {
            assert!(parts(Kind::Audio, &body[..length]).len() <= 2);
            assert!(parts(Kind::Video, &body[..length]).len() <= 2);
        }
    }
}
