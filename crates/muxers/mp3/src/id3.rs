//! ID3 tags: version 2 at the start, version 1 at the end.

use std::time::Duration;

use id3::frame::{
    Chapter as ChapterFrame, Comment, ExtendedText, Lyrics, Picture, PictureType, TableOfContents,
};
use id3::{Encoder, Frame, Tag, TagLike, Version};
use reelwright_core::{Chapter, Error, Metadata, Result};

/// FFmpeg's generic keys and their text frames.
const FRAMES: &[(&str, &str)] = &[
    ("album", "TALB"),
    ("album_artist", "TPE2"),
    ("album-sort", "TSOA"),
    ("artist", "TPE1"),
    ("artist-sort", "TSOP"),
    ("composer", "TCOM"),
    ("copyright", "TCOP"),
    ("disc", "TPOS"),
    ("encoded_by", "TENC"),
    ("encoder", "TSSE"),
    ("genre", "TCON"),
    ("language", "TLAN"),
    ("performer", "TPE3"),
    ("publisher", "TPUB"),
    ("title", "TIT2"),
    ("title-sort", "TSOT"),
    ("track", "TRCK"),
];

/// Language code of an undetermined language (ISO 639-2).
const UNDETERMINED: &str = "und";

/// Returns the ID3v2 tag of `tags`, or no bytes if it is empty. `end` is the end of the media, if
/// known; the size of the tag does not depend on it.
///
/// # Errors
/// Fails if the tag has more than 256 MiB, if there are more than 65,025 chapters, or if a chapter
/// ends at 2^32 ms or later.
pub(crate) fn version_2(
    tags: &Metadata,
    version: Version,
    end: Option<Duration>,
) -> Result<Vec<u8>> {
    let mut tag = Tag::new();
    for (key, value) in tags.iter() {
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        if let Some((_, frame)) = FRAMES.iter().find(|(name, _)| is(name)) {
            tag.set_text(*frame, value);
        } else if is("date") {
            set_date(&mut tag, value, version);
        } else if is("comment") {
            tag.add_frame(Comment {
                lang: UNDETERMINED.to_owned(),
                description: String::new(),
                text: value.to_owned(),
            });
        } else if is("lyrics") {
            tag.add_frame(Lyrics {
                lang: UNDETERMINED.to_owned(),
                description: String::new(),
                text: value.to_owned(),
            });
        } else {
            tag.add_frame(ExtendedText { description: key.to_owned(), value: value.to_owned() });
        }
    }
    if let Some(cover) = tags.cover() {
        tag.add_frame(Picture {
            mime_type: cover.mime_type().to_owned(),
            picture_type: PictureType::CoverFront,
            description: String::new(),
            data: cover.data().to_vec(),
        });
    }
    add_chapters(&mut tag, tags.chapters(), end)?;
    let mut bytes = Vec::new();
    if tag.frames().next().is_none() {
        return Ok(bytes);
    }
    Encoder::new().version(version).padding(0).encode(&tag, &mut bytes).map_err(|error| {
        Error::too_large(format!("The metadata cannot be written as an ID3v2 tag: {error}"))
    })?;
    Ok(bytes)
}

/// Maximum number of entries in a table of contents.
const MOST_IN_TABLE: usize = u8::MAX as usize;

/// Adds the frames of chapters, and the table of contents that players expect.
fn add_chapters(tag: &mut Tag, chapters: &[Chapter], media_end: Option<Duration>) -> Result<()> {
    // Offset value for "use the time".
    const NO_OFFSET: u32 = u32::MAX;
    if chapters.is_empty() {
        return Ok(());
    }
    if chapters.len() > MOST_IN_TABLE * MOST_IN_TABLE {
        return Err(Error::unsupported(format!(
            "mp3 supports at most 65025 chapters. Found: {}",
            chapters.len()
        )));
    }
    let millis = |time: Duration| {
        u32::try_from(Chapter::to_units(time, 1000)).map_err(|_| {
            Error::unsupported(format!(
                "Chapters of mp3 must end before 4294967.295 s. Found: {} s",
                time.as_secs_f64()
            ))
        })
    };
    let id = |number: usize| format!("ch{number}");
    let ids: Vec<String> = (0..chapters.len()).map(id).collect();
    let table = |element_id: &str, top_level, elements: &[String]| TableOfContents {
        element_id: element_id.to_owned(),
        top_level,
        ordered: true,
        elements: elements.to_vec(),
        frames: Vec::new(),
    };
    if ids.len() <= MOST_IN_TABLE {
        tag.add_frame(table("toc", true, &ids));
    } else {
        let parts =
            || ids.chunks(MOST_IN_TABLE).enumerate().map(|(i, ids)| (format!("toc{i}"), ids));
        tag.add_frame(table("toc", true, &parts().map(|(name, _)| name).collect::<Vec<_>>()));
        for (name, ids) in parts() {
            tag.add_frame(table(&name, false, ids));
        }
    }
    for (i, chapter) in chapters.iter().enumerate() {
        let start = millis(chapter.start)?;
        let end = match chapter.end.or(chapters.get(i + 1).map(|next| next.start)) {
            Some(end) => millis(end)?,
            None => media_end.and_then(|end| millis(end).ok()).unwrap_or(u32::MAX),
        };
        let title = Some(&chapter.title).filter(|title| !title.is_empty());
        tag.add_frame(ChapterFrame {
            element_id: ids[i].clone(),
            start_time: start,
            end_time: end.max(start),
            start_offset: NO_OFFSET,
            end_offset: NO_OFFSET,
            frames: title.map(|title| Frame::text("TIT2", title)).into_iter().collect(),
        });
    }
    Ok(())
}

/// Sets the date: unchanged in ID3v2.4; as year, and day and month if given, in ID3v2.3.
fn set_date(tag: &mut Tag, date: &str, version: Version) {
    if version == Version::Id3v24 {
        tag.set_text("TDRC", date);
        return;
    }
    tag.set_text("TYER", date.get(..4).unwrap_or(date));
    if let (Some("-"), Some(month), Some("-"), Some(day)) =
        (date.get(4..5), date.get(5..7), date.get(7..8), date.get(8..10))
    {
        tag.set_text("TDAT", format!("{day}{month}"));
    }
}

/// Returns the ID3v1.1 tag of `tags`: short fields in ISO 8859-1.
pub(crate) fn version_1(tags: &Metadata) -> [u8; 128] {
    let mut tag = [0; 128];
    tag[..3].copy_from_slice(b"TAG");
    let mut put = |key: &str, at: usize, length: usize| {
        let text = tags.get(key).unwrap_or_default();
        for (to, c) in tag[at..at + length].iter_mut().zip(text.chars()) {
            *to = u8::try_from(c).unwrap_or(b'?');
        }
    };
    put("title", 3, 30);
    put("artist", 33, 30);
    put("album", 63, 30);
    put("date", 93, 4);
    put("comment", 97, 28);
    let track = tags.get("track").and_then(|track| track.split('/').next()?.parse().ok());
    tag[126] = track.unwrap_or(0);
    // No genre.
    tag[127] = 255;
    tag
}
