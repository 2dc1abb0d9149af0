//! Metadata of a file: iTunes' list of items, QuickTime's list with keys, and Nero's chapters.

use reelwright_core::helpers::itunes::{NUMBERS, TEXTS};
use reelwright_core::{Chapter, CoverArt, Error, Metadata, Result, StreamParameters};

use crate::boxes::{Bytes, append, boxed, count, full_box, handler_box};
use crate::chapters;
use crate::flavor::Flavor;
use crate::gapless;
use crate::tables::Samples;
use crate::track::Track;

/// Types of values (QuickTime File Format, "Well-known types").
const BINARY: u32 = 0;
const UTF_8: u32 = 1;
const JPEG: u32 = 13;
const PNG: u32 = 14;
const INTEGER: u32 = 21;

/// Namespace of items with names of any length.
const ITUNES: &[u8] = b"com.apple.iTunes";

/// Keys that other boxes store.
const ELSEWHERE: [&str; 2] = ["creation_time", "language"];

/// Appends the user data box, unless it is empty.
///
/// # Errors
/// Fails if a box gets too large.
pub(crate) fn write(
    out: &mut Bytes,
    tags: &Metadata,
    chapters: &[Chapter],
    (flavor, use_keys): (&Flavor, bool),
    tracks: &[Track],
    streams: &[StreamParameters],
    samples: Samples,
) -> Result<()> {
    let is_kept = |(key, _): &(&str, &str)| !ELSEWHERE.iter().any(|e| e.eq_ignore_ascii_case(key));
    let entries: Vec<(&str, &str)> = tags.iter().filter(is_kept).collect();
    let gapless = match samples {
        Samples::Chunks { .. } => gapless::comment(tracks, streams, flavor),
        Samples::Fragments => None,
    };
    let cover = tags.cover().map(|cover| kind_of(cover).map(|kind| (cover, kind))).transpose()?;
    let mut has_items = !entries.is_empty() || cover.is_some() || gapless.is_some();
    if use_keys && has_items {
        keys(out, &entries, cover, flavor.is_quicktime())?;
        has_items = false;
    }
    if !has_items && chapters.is_empty() {
        return Ok(());
    }
    boxed(out, b"udta", |out| {
        let items = |out: &mut Bytes| {
            handler_box(out, [0; 4], b"mdir", "", false)?;
            // Apple's manufacturer code, at the start of the reserved fields.
            let at = out.len() - 13;
            out[at..at + 4].copy_from_slice(b"appl");
            boxed(out, b"ilst", |out| {
                for (key, value) in &entries {
                    item(out, key, value)?;
                }
                if let Some((cover, kind)) = cover {
                    boxed(out, b"covr", |out| data(out, kind, cover.data()))?;
                }
                match &gapless {
                    Some(text) => free_form(out, "iTunSMPB", text),
                    None => Ok(()),
                }
            })
        };
        if has_items {
            full_box(out, b"meta", (0, 0), items)?;
        }
        if chapters.is_empty() { Ok(()) } else { chapters::write_nero(out, chapters) }
    })
}

/// Appends an item of the list.
fn item(out: &mut Bytes, key: &str, value: &str) -> Result<()> {
    let is = |name: &&str| name.eq_ignore_ascii_case(key);
    if let Some((_, kind)) = TEXTS.iter().find(|(name, _)| is(name)) {
        return boxed(out, kind, |out| data(out, UTF_8, value.as_bytes()));
    }
    if let Some((number, total)) = pair(value) {
        // Two reserved bytes before the numbers, and after them in a track's item.
        let numbers = [[0; 2], number.to_be_bytes(), total.to_be_bytes()].concat();
        if is(&"track") {
            return boxed(out, b"trkn", |out| data(out, BINARY, &[&numbers[..], &[0; 2]].concat()));
        }
        if is(&"disc") {
            return boxed(out, b"disk", |out| data(out, BINARY, &numbers));
        }
    }
    if let Some((_, kind, bytes)) = NUMBERS.iter().find(|(name, ..)| is(name))
        && let Ok(number) = value.parse::<u32>()
        && u64::from(number) < 1 << (8 * bytes)
    {
        let bytes = &number.to_be_bytes()[4 - bytes..];
        return boxed(out, kind, |out| data(out, INTEGER, bytes));
    }
    free_form(out, key, value)
}

/// Parses `3` or `3/12`.
fn pair(value: &str) -> Option<(u16, u16)> {
    let (number, total) = value.split_once('/').unwrap_or((value, "0"));
    Some((number.parse().ok()?, total.parse().ok()?))
}

/// Appends an item with a name of any length.
fn free_form(out: &mut Bytes, key: &str, value: &str) -> Result<()> {
    boxed(out, b"----", |out| {
        full_box(out, b"mean", (0, 0), |out| append(out, ITUNES))?;
        full_box(out, b"name", (0, 0), |out| append(out, key.as_bytes()))?;
        data(out, UTF_8, value.as_bytes())
    })
}

/// Appends a value without country and language.
fn data(out: &mut Bytes, kind: u32, bytes: &[u8]) -> Result<()> {
    boxed(out, b"data", |out| {
        out.extend(kind.to_be_bytes());
        out.extend([0; 4]);
        append(out, bytes)
    })
}

/// Returns the value type of a cover.
///
/// # Errors
/// Fails unless the cover is JPEG or PNG.
fn kind_of(cover: &CoverArt) -> Result<u32> {
    match cover.mime_type() {
        "image/jpeg" => Ok(JPEG),
        "image/png" => Ok(PNG),
        other => Err(Error::unsupported(format!(
            "A cover in mp4 must be a JPEG or PNG image. Found: {other}"
        ))),
    }
}

/// Appends QuickTime's metadata: a list of keys, and items that refer to them by number.
fn keys(
    out: &mut Bytes,
    entries: &[(&str, &str)],
    cover: Option<(&CoverArt, u32)>,
    is_quicktime: bool,
) -> Result<()> {
    const COVER: &str = "com.apple.quicktime.artwork";
    boxed(out, b"meta", |out| {
        // QuickTime's box has no version.
        if !is_quicktime {
            out.extend([0; 4]);
        }
        handler_box(out, [0; 4], b"mdta", "", false)?;
        let names = entries.iter().map(|(key, _)| *key).chain(cover.map(|_| COVER));
        full_box(out, b"keys", (0, 0), |out| {
            out.extend(count(entries.len() + usize::from(cover.is_some()))?);
            for name in names {
                boxed(out, b"mdta", |out| append(out, name.as_bytes()))?;
            }
            Ok(())
        })?;
        boxed(out, b"ilst", |out| {
            let values = entries.iter().map(|(_, value)| (UTF_8, value.as_bytes()));
            let values = values.chain(cover.map(|(cover, kind)| (kind, cover.data())));
            for ((kind, value), number) in values.zip(1u32..) {
                boxed(out, &number.to_be_bytes(), |out| data(out, kind, value))?;
            }
            Ok(())
        })
    })
}
