//! QuickTime's text track of chapter titles (QuickTime File Format, "Chapter Lists").

use std::time::Duration;

use reelwright_core::{
    Chapter, CodecId, MediaParameters, Packet, Rational, Result, StreamParameters, TimeBase,
    Timestamp,
};

use crate::edit_list;
use crate::file::File;
use crate::track::{Kind, Track};

/// Box after a title that states the encoding UTF-8, as QuickTime expects.
const ENCODING: [u8; 12] = *b"\0\0\0\x0cencd\0\0\x01\0";

/// Adds the track to a file after its last packet. The samples are in the track's batch.
///
/// # Errors
/// None in practice.
pub(crate) fn add_track(file: &mut File) -> Result<()> {
    let chapters = file.movie.chapters();
    let (timescale, ends) = times(chapters, &file.tracks);
    let unit = TimeBase::new(Rational::new(1, timescale.into())?);
    let stream = StreamParameters::new(CodecId::MovText, unit, MediaParameters::Subtitle);
    let mut track = Track::new(file.tracks.len(), &stream, true)?;
    track.kind = Kind::Chapters;
    for (chapter, end) in chapters.iter().zip(ends) {
        let start = units(chapter.start, timescale);
        let mut data = (chapter.title.len() as u16).to_be_bytes().to_vec();
        data.extend(chapter.title.as_bytes());
        data.extend(ENCODING);
        let packet = Packet {
            data,
            pts: Timestamp(start),
            dts: Timestamp(start),
            duration: end.saturating_sub(start).clamp(1, u32::MAX.into()),
            keyframe: true,
            ..Packet::default()
        };
        let timed = track.time(&packet, stream.codec)?;
        track.add(timed, &packet.data);
    }
    track.settle_last();
    file.tracks.push(track);
    file.streams.push(stream);
    Ok(())
}

fn units(time: Duration, timescale: u32) -> i64 {
    Chapter::to_units(time, timescale).min(1 << 61) as i64
}

/// Returns the timescale of the track and the ends of the chapters. As in other programs, the unit
/// is a millisecond, unless a chapter begins or ends between two.
fn times(chapters: &[Chapter], tracks: &[Track]) -> (u32, Vec<i64>) {
    let ends = |timescale| {
        let media = tracks.iter().map(|track| edit_list::length(track, timescale)).max();
        let media = media.unwrap_or(0).min(1 << 61) as i64;
        let next = chapters.iter().skip(1).map(move |next| units(next.start, timescale)).map(Some);
        let ends = chapters.iter().zip(next.chain([None]));
        let ends = ends.map(move |(chapter, next)| {
            next.or(chapter.end.map(|end| units(end, timescale))).unwrap_or(media)
        });
        ends.collect::<Vec<_>>()
    };
    let times = chapters.iter().flat_map(|chapter| [Some(chapter.start), chapter.end]).flatten();
    let mut times = times.map(|time| time.subsec_nanos());
    if times.any(|nanos| nanos % 1_000_000 != 0) {
        const MICROS: u32 = 1_000_000;
        let ends = ends(MICROS);
        let mut lengths =
            chapters.iter().zip(&ends).map(|(chapter, end)| end - units(chapter.start, MICROS));
        if lengths.all(|length| length <= u32::MAX.into()) {
            return (MICROS, ends);
        }
    }
    (1000, ends(1000))
}
