//! Chapters in Nero's `chpl` box, and in text tracks that other tracks refer to (QuickTime File
//! Format, "Chapter Lists").

use std::time::Duration;

use reelwright_core::{Chapter, Rational, TimeBase, Timestamp};

use super::boxes::{be32, be64, child};

/// Ticks per second in Nero's box.
const NERO_TIMESCALE: u64 = 10_000_000;

/// Reads the chapters of Nero's box in the user data of a `moov` body.
pub(super) fn nero(moov: &[u8]) -> Vec<Chapter> {
    let read = || {
        let body = child(child(moov, b"udta")?, b"chpl")?;
        let reserved = if *body.first()? == 0 { 0 } else { 4 };
        let mut rest = body.get(4 + reserved..)?.split_first()?.1;
        let mut chapters = Vec::new();
        while let (Some(time), Some(length)) = (be64(rest, 0), rest.get(8)) {
            let Some(title) = rest.get(9..9 + usize::from(*length)) else { break };
            let nanos = (time % NERO_TIMESCALE * 100) as u32;
            let start = Duration::new(time / NERO_TIMESCALE, nanos);
            chapters.push(Chapter::new(start, None, String::from_utf8_lossy(title)));
            rest = &rest[9 + title.len()..];
        }
        Some(chapters)
    };
    read().unwrap_or_default()
}

/// Returns the IDs of the chapter tracks that a track refers to.
pub(super) fn references(trak: &[u8]) -> Vec<u32> {
    let list = child(trak, b"tref").and_then(|tref| child(tref, b"chap")).unwrap_or_default();
    list.chunks_exact(4).filter_map(|number| be32(number, 0)).collect()
}

/// Reads the chapter in a text sample.
pub(super) fn sample(data: &[u8], pts: i64, duration: i64, time_base: TimeBase) -> Option<Chapter> {
    let (length, rest) = data.split_first_chunk::<2>()?;
    let text = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
    let title = match text {
        [0xFE, 0xFF, text @ ..] => {
            let units = text.chunks_exact(2).map(|unit| u16::from_be_bytes([unit[0], unit[1]]));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        text => String::from_utf8_lossy(text).into_owned(),
    };
    let micros = TimeBase::new(Rational::new(1, 1_000_000).ok()?);
    let time = |units: i64| {
        let micros = time_base.rescale(Timestamp(units), micros).0;
        u64::try_from(micros).ok().map(Duration::from_micros)
    };
    Some(Chapter::new(time(pts.max(0))?, time(pts.saturating_add(duration)), title))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_titles_in_utf_8_and_utf_16() {
        let unit = TimeBase::new(Rational::new(1, 1000).unwrap());
        let expected = |title: &str| {
            let millis = Duration::from_millis;
            Some(Chapter::new(millis(1500), Some(millis(2000)), title))
        };
        assert_eq!(sample(b"\0\x02\xc3\xa9junk", 1500, 500, unit), expected("é"));
        assert_eq!(sample(b"\0\x04\xfe\xff\0\xe9", 1500, 500, unit), expected("é"));
        assert_eq!(sample(b"\0\0", 1500, 500, unit), expected(""));
        assert_eq!(sample(b"\0\x02x", 0, 1, unit), None);
    }
}
