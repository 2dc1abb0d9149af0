//! Chapters of all inputs.

use std::time::Duration;

use reelwright_core::Chapter;
use symphonia::core::meta::{ChapterGroup, ChapterGroupItem, StandardTag};

/// Sorts chapters and removes overlaps, as [`Metadata`](reelwright_core::Metadata) requires. Of
/// chapters with the same start, keeps the first. Cuts a chapter at the start of the next.
pub(crate) fn ordered(mut chapters: Vec<Chapter>) -> Vec<Chapter> {
    chapters.sort_by_key(|chapter| chapter.start);
    chapters.dedup_by_key(|chapter| chapter.start);
    let starts: Vec<Duration> = chapters.iter().skip(1).map(|next| next.start).collect();
    for (i, chapter) in chapters.iter_mut().enumerate() {
        let start = chapter.start;
        let end = chapter.end.filter(|end| *end > start);
        chapter.end = end.map(|end| starts.get(i).map_or(end, |next| end.min(*next)));
        chapter.title.retain(|c| c != '\0');
    }
    chapters
}

/// Removes chapters (`chapter000` and `chapter000name`) from Vorbis comments and returns them.
pub(crate) fn extract_from_comments(tags: &mut Vec<(String, String)>) -> Vec<Chapter> {
    let number = |key: &str| {
        let digits = key.get(..7)?.eq_ignore_ascii_case("chapter").then(|| key.get(7..10))??;
        digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.to_owned())
    };
    let mut found = Vec::new();
    for (key, value) in tags.iter().filter(|(key, _)| key.len() == 10) {
        if let (Some(number), Some(start)) = (number(key), time(value)) {
            found.push((number, start));
        }
    }
    let is_found = |key: &str| {
        let number = number(key)?;
        found.iter().position(|(other, _)| *other == number)
    };
    let mut chapters: Vec<Chapter> =
        found.iter().map(|(_, start)| Chapter::new(*start, None, "")).collect();
    tags.retain(|(key, value)| {
        let Some(index) = is_found(key) else { return true };
        let is_name = key.get(10..).is_some_and(|rest| rest.eq_ignore_ascii_case("name"));
        if is_name {
            chapters[index].title.clone_from(value);
        }
        // Other fields, such as chapter000url, remain.
        !is_name && key.len() != 10
    });
    ordered(chapters)
}

/// Parses a time such as `01:02:03.004`.
fn time(text: &str) -> Option<Duration> {
    let mut parts = text.trim().splitn(3, ':');
    let (hours, minutes) = (parts.next()?.parse::<u32>().ok()?, parts.next()?.parse::<u32>().ok()?);
    let (seconds, fraction) =
        parts.next().map(|rest| rest.split_once('.').unwrap_or((rest, "0")))?;
    let is_number = !fraction.is_empty() && fraction.bytes().all(|digit| digit.is_ascii_digit());
    if minutes > 59 || !is_number {
        return None;
    }
    let nanos: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let seconds = seconds.parse::<u32>().ok().filter(|seconds| *seconds < 60)?;
    let whole = u64::from(hours) * 3600 + u64::from(minutes) * 60 + u64::from(seconds);
    Some(Duration::new(whole, nanos.parse().ok()?))
}

/// Returns the chapters that symphonia found, in any nesting of groups.
pub(crate) fn from_symphonia(group: &ChapterGroup) -> Vec<Chapter> {
    let mut chapters = Vec::new();
    let mut groups = vec![group];
    while let Some(group) = groups.pop() {
        for item in &group.items {
            let chapter = match item {
                ChapterGroupItem::Group(group) => {
                    groups.push(group);
                    continue;
                }
                ChapterGroupItem::Chapter(chapter) => chapter,
            };
            // In ID3, the largest time means that there is no end.
            const UNKNOWN: Duration = Duration::from_millis(u32::MAX as u64);
            let time = |(seconds, nanos): (i64, u32)| {
                Some(Duration::new(u64::try_from(seconds).ok()?, nanos))
            };
            let Some(start) = time(chapter.start_time.parts()) else { continue };
            let end = chapter.end_time.and_then(|end| time(end.parts()));
            let title = chapter.tags.iter().find_map(|tag| match &tag.std {
                Some(StandardTag::ChapterTitle(title)) => Some(title.to_string()),
                _ => None,
            });
            let end = end.filter(|end| *end != UNKNOWN);
            chapters.push(Chapter::new(start, end, title.unwrap_or_default()));
        }
    }
    ordered(chapters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chapters(times: &[(u64, Option<u64>)]) -> Vec<Chapter> {
        let millis = Duration::from_millis;
        times.iter().map(|(start, end)| Chapter::new(millis(*start), end.map(millis), "")).collect()
    }

    #[test]
    fn sorts_chapters_and_removes_overlaps() {
        let wild = chapters(&[(5, Some(9)), (0, Some(7)), (5, None), (9, Some(9)), (20, Some(3))]);
        let expected = chapters(&[(0, Some(5)), (5, Some(9)), (9, None), (20, None)]);
        assert_eq!(ordered(wild), expected);
    }

    #[test]
    fn reads_chapters_from_comments() {
        let tags = [
            ("title", "T"),
            ("chapter000", "00:00:00.000"),
            ("chapter000name", "one"),
            ("CHAPTER001", "01:02:03.004"),
            ("chapter001url", "x"),
            ("chapter002", "soon"),
            ("chapter", "x"),
            ("chapterä1234", "x"),
        ];
        let mut tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        let mut expected = chapters(&[(0, None), (3_723_004, None)]);
        expected[0].title = "one".to_owned();
        assert_eq!(extract_from_comments(&mut tags), expected);
        let keys: Vec<_> = tags.iter().map(|(key, _)| &key[..]).collect();
        assert_eq!(keys, ["title", "chapter001url", "chapter002", "chapter", "chapterä1234"]);
    }

    #[test]
    fn parses_times_and_rejects_malformed_ones() {
        assert_eq!(time("99:59:59.5"), Some(Duration::from_millis(359_999_500)));
        assert_eq!(time(" 0:1:2 "), Some(Duration::from_secs(62)));
        for wrong in
            ["", "1", "1:2", "1:60:0.0", "1:2:60.0", "1:2:3.", "1:2:3.x", "-1:0:0.0", "é:0:0"]
        {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }
}
