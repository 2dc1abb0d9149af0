//! Nero's chapter box, and limits of chapters.

use reelwright_core::{Chapter, Error, Result};

use crate::boxes::{Bytes, append, full_box};

/// Maximum number of chapters in Nero's box, and of bytes in a title.
const MOST: usize = u8::MAX as usize;

/// Units per second in Nero's box.
const NERO_TIMESCALE: u32 = 10_000_000;

/// Checks that the chapter track can store all chapters.
///
/// # Errors
/// Fails for a time of more than 2^32 ms, or a title of more than 65,535 bytes.
pub(crate) fn check(chapters: &[Chapter]) -> Result<()> {
    for (chapter, number) in chapters.iter().zip(1u32..) {
        let last = chapter.end.unwrap_or(chapter.start);
        if Chapter::to_units(last, 1000) > u32::MAX.into() {
            return Err(Error::unsupported(format!(
                "Chapters of mp4 must end before 4294967.295 s. Found: {} s in chapter {number}",
                last.as_secs_f64()
            )));
        }
        if chapter.title.len() > usize::from(u16::MAX) {
            return Err(Error::unsupported(format!(
                "The title of a chapter in mp4 must be at most 65535 bytes long. Found: {} bytes in \
                 chapter {number}",
                chapter.title.len()
            )));
        }
    }
    Ok(())
}

/// Appends Nero's box. Chapters beyond its limits are only in the track.
///
/// # Errors
/// None in practice.
pub(crate) fn write_nero(out: &mut Bytes, chapters: &[Chapter]) -> Result<()> {
    full_box(out, b"chpl", (1, 0), |out| {
        out.extend([0; 4]);
        out.push(chapters.len().min(MOST) as u8);
        for chapter in &chapters[..chapters.len().min(MOST)] {
            out.extend(Chapter::to_units(chapter.start, NERO_TIMESCALE).to_be_bytes());
            let title = &chapter.title;
            let fits = |end: &usize| title.is_char_boundary(*end);
            let title = &title[..(0..=title.len().min(MOST)).rev().find(fits).unwrap_or(0)];
            out.push(title.len() as u8);
            append(out, title.as_bytes())?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn nero_chapters_truncate_long_titles_between_characters() {
        let chapters: Vec<Chapter> =
            (0..300).map(|i| Chapter::new(Duration::from_secs(i), None, "ä".repeat(128))).collect();
        let mut out = Vec::new();
        write_nero(&mut out, &chapters).unwrap();
        assert_eq!(out[..17], *b"\0\x01\x06\x0achpl\x01\0\0\0\0\0\0\0\xff");
        assert_eq!(out.len(), 17 + 255 * (9 + 254));
        assert_eq!(out[17 + 263..][..9], *b"\0\0\0\0\0\x98\x96\x80\xfe");
    }

    #[test]
    fn chapters_beyond_the_limits_are_errors() {
        let chapter = |end, title: &str| [Chapter::new(Duration::ZERO, end, title)];
        check(&chapter(Some(Duration::from_millis(u32::MAX.into())), "a")).unwrap();
        assert!(check(&chapter(Some(Duration::from_secs(4_294_968)), "a")).is_err());
        check(&chapter(None, &"a".repeat(65_535))).unwrap();
        assert!(check(&chapter(None, &"a".repeat(65_536))).is_err());
    }
}
