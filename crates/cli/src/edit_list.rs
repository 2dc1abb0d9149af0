//! Which part of an MP4 file's sound is to be heard (ISO/IEC 14496-12 §8.6.6): the reader of MP4 that
//! is used here decodes all of it, encoder delay and padding too.

use std::io::{self, Read, Seek, SeekFrom};

/// Larger `moov` boxes are not looked into: their tables alone would have a gigabyte of sound.
const MAX_MOOV: u64 = 64 << 20;

/// The part that is heard, in units of the track's time base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edit {
    /// Units a second.
    pub(crate) timescale: u32,
    /// Units in front of it.
    pub(crate) start: u64,
    /// Units of it, where the file says so.
    pub(crate) length: Option<u64>,
}

impl Edit {
    /// How many samples at `rate` Hz `units` are.
    pub(crate) fn samples(&self, units: u64, rate: u32) -> u64 {
        let scaled = u128::from(units) * u128::from(rate) / u128::from(self.timescale);
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

/// Reads the edit of an MP4 file's first audio track, if there is one; the file is then at its start
/// again.
pub(crate) fn of(file: &mut (impl Read + Seek)) -> io::Result<Option<Edit>> {
    let moov = find_moov(file);
    file.seek(SeekFrom::Start(0))?;
    Ok(moov.ok().flatten().and_then(|moov| edit(&moov)))
}

fn find_moov(file: &mut (impl Read + Seek)) -> io::Result<Option<Vec<u8>>> {
    let end = file.seek(SeekFrom::End(0))?;
    let mut at = 0;
    while at + 8 <= end {
        file.seek(SeekFrom::Start(at))?;
        let mut header = [0; 16];
        file.read_exact(&mut header[..8])?;
        let kind = [header[4], header[5], header[6], header[7]];
        if at == 0 && &kind != b"ftyp" {
            return Ok(None);
        }
        let (size, skip) = match u64::from(be32(&header, 0)) {
            0 => (end - at, 8),
            1 => {
                file.read_exact(&mut header[8..])?;
                (be64(&header, 8), 16)
            }
            size => (size, 8),
        };
        if size < skip {
            return Ok(None);
        }
        if &kind == b"moov" {
            if size > MAX_MOOV {
                return Ok(None);
            }
            let mut body = Vec::new();
            file.take(size - skip).read_to_end(&mut body)?;
            return Ok(Some(body));
        }
        at = at.saturating_add(size);
    }
    Ok(None)
}

/// The edit of the first audio track in a `moov` box.
fn edit(moov: &[u8]) -> Option<Edit> {
    let (movie_scale, _) = scale_and_duration(child(moov, b"mvhd")?)?;
    let track = children(moov).filter(|(kind, _)| kind == b"trak").find_map(|(_, track)| {
        let media = child(track, b"mdia")?;
        (child(media, b"hdlr")?.get(8..12)? == b"soun").then_some((track, media))
    });
    let (track, media) = track?;
    let (timescale, duration) = scale_and_duration(child(media, b"mdhd")?)?;
    let list = child(child(track, b"edts")?, b"elst")?;
    let (segment, start) = first_entry(list)?;
    let whole = duration.checked_sub(start);
    let length = match (segment, whole) {
        (0, _) => None,
        // The movie's time base is often too coarse to say where the sound ends. Where the media
        // ends within a unit of it, that is what was meant.
        (segment, whole) => {
            let units = u128::from(segment) * u128::from(timescale) / u128::from(movie_scale);
            let units = u64::try_from(units).ok()?;
            let unit = u64::from(timescale).div_ceil(u64::from(movie_scale));
            Some(whole.filter(|whole| whole.abs_diff(units) <= unit).unwrap_or(units))
        }
    };
    Some(Edit { timescale, start, length })
}

/// The first entry of an `elst` box that is not a gap: how long it is in the movie's time base, and
/// where it starts in the media's.
fn first_entry(list: &[u8]) -> Option<(u64, u64)> {
    let is_long = *list.first()? == 1;
    let size = if is_long { 20 } else { 12 };
    list.get(8..)?.chunks_exact(size).find_map(|entry| {
        let (segment, start) = if is_long {
            (be64(entry, 0), be64(entry, 8) as i64)
        } else {
            (be32(entry, 0).into(), i64::from(be32(entry, 4) as i32))
        };
        Some((segment, u64::try_from(start).ok()?))
    })
}

/// Time base and duration of an `mvhd` or `mdhd` box.
fn scale_and_duration(header: &[u8]) -> Option<(u32, u64)> {
    let (scale, duration) = match header.first()? {
        1 => (be32(header.get(..32)?, 20), be64(header, 24)),
        _ => (be32(header.get(..20)?, 12), be32(header, 16).into()),
    };
    (scale > 0).then_some((scale, duration))
}

fn child<'a>(parent: &'a [u8], wanted: &[u8; 4]) -> Option<&'a [u8]> {
    children(parent).find(|(kind, _)| kind == wanted).map(|(_, body)| body)
}

/// The boxes in a box, as far as they are whole.
fn children(parent: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = parent;
    std::iter::from_fn(move || {
        let header = rest.get(..8)?;
        let size = be32(header, 0) as usize;
        let body = rest.get(8..size)?;
        let kind = [header[4], header[5], header[6], header[7]];
        rest = &rest[size..];
        Some((kind, body))
    })
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn be64(bytes: &[u8], at: usize) -> u64 {
    u64::from(be32(bytes, at)) << 32 | u64::from(be32(bytes, at + 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// A file of a movie at 1000 units a second, with a track of `duration` samples at 48 kHz.
    fn file(duration: u32, entries: &[[u32; 3]]) -> Vec<u8> {
        let mvhd = boxed(b"mvhd", &words(&[0, 0, 0, 1000, 0]));
        let mdhd = boxed(b"mdhd", &words(&[0, 0, 0, 48_000, duration]));
        let hdlr = boxed(b"hdlr", &[&[0; 8][..], b"soun"].concat());
        let mdia = boxed(b"mdia", &[mdhd, hdlr].concat());
        let list = [words(&[0, entries.len() as u32]), words(entries.as_flattened())].concat();
        let edts = boxed(b"edts", &boxed(b"elst", &list));
        let trak = boxed(b"trak", &[edts, mdia].concat());
        let moov = boxed(b"moov", &[mvhd, trak].concat());
        [boxed(b"ftyp", b"M4A "), boxed(b"free", &[0; 5]), moov].concat()
    }

    fn found(file: &[u8]) -> Option<Edit> {
        of(&mut io::Cursor::new(file)).unwrap()
    }

    #[test]
    fn priming_is_in_front_and_the_end_is_exact() {
        let rate = 1 << 16;
        // 5312 ms are 254,976 samples; 5311 ms would be a few samples short.
        for segment in [5312, 5311] {
            let edit = found(&file(256_000, &[[segment, 1024, rate]])).unwrap();
            assert_eq!((edit.timescale, edit.start, edit.length), (48_000, 1024, Some(254_976)));
        }
        let cut = found(&file(256_000, &[[u32::MAX, u32::MAX, rate], [1000, 2048, rate]]));
        assert_eq!(cut, Some(Edit { timescale: 48_000, start: 2048, length: Some(48_000) }));
        let open = found(&file(0, &[[0, 1024, rate]])).unwrap();
        assert_eq!((open.start, open.length), (1024, None));
    }

    #[test]
    fn anything_else_has_no_edit() {
        let whole = file(256_000, &[[5312, 1024, 1 << 16]]);
        for length in 0..whole.len() {
            assert_eq!(found(&whole[..length]).filter(|edit| edit.start != 1024), None);
        }
        assert_eq!(found(&whole[12..]), None);
        assert_eq!(found(b"RIFF and so on, which is no MP4"), None);
    }
}
