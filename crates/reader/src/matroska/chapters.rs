//! Chapters (RFC 9559 §5.1.7).

use std::time::Duration;

use reelwright_core::Chapter;

use super::ebml::{child, children, text, uint_child};
use super::ids;

/// The chapters of a file.
#[derive(Debug, Default)]
pub(super) struct Chapters {
    /// First-level chapters of the edition that is played.
    pub(super) all: Vec<Chapter>,
    /// Number of other chapters.
    pub(super) others: usize,
}

impl Chapters {
    /// Reads the body of a `Chapters` element.
    pub(super) fn read(body: &[u8]) -> Self {
        let of = |id| move |(found, body): (u32, _)| (found == id).then_some(body);
        let flag = |body: &[u8], id| uint_child(body, id) == Some(1);
        let editions: Vec<&[u8]> = children(body).filter_map(of(ids::EDITION)).collect();
        // Ordered editions reorder parts of the media, which is not supported.
        let plays = |edition: &&&[u8]| {
            !flag(edition, ids::EDITION_ORDERED) && !flag(edition, ids::EDITION_HIDDEN)
        };
        let is_default = |edition: &&&[u8]| flag(edition, ids::EDITION_DEFAULT);
        let played = editions.iter().filter(plays).find(is_default);
        let played = played.or_else(|| editions.iter().find(plays)).copied();
        let mut chapters = Self::default();
        for edition in editions {
            for atom in children(edition).filter_map(of(ids::CHAPTER_ATOM)) {
                let nested = children(atom).filter(|(id, _)| *id == ids::CHAPTER_ATOM).count();
                chapters.others += nested;
                match chapter(atom).filter(|_| !flag(atom, ids::CHAPTER_HIDDEN)) {
                    // Compares addresses, because two editions can have equal bytes.
                    Some(chapter) if played.is_some_and(|played| std::ptr::eq(played, edition)) => {
                        chapters.all.push(chapter);
                    }
                    _ => chapters.others += 1,
                }
            }
        }
        chapters
    }
}

fn chapter(atom: &[u8]) -> Option<Chapter> {
    let start = Duration::from_nanos(uint_child(atom, ids::CHAPTER_START)?);
    let end = uint_child(atom, ids::CHAPTER_END).map(Duration::from_nanos);
    let title = child(atom, ids::CHAPTER_DISPLAY).and_then(|body| child(body, ids::CHAPTER_STRING));
    Some(Chapter::new(start, end, title.map(text).unwrap_or_default()))
}
