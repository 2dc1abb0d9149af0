//! Tests with generated files.

use super::*;
use crate::media::{Media, OpenOptions};

/// Returns a tag with its size after it.
fn tag_of(kind: u8, time: u32, body: &[u8]) -> Vec<u8> {
    let size = (body.len() as u32).to_be_bytes();
    let [extended, high, middle, low] = time.to_be_bytes();
    let header = [kind, size[1], size[2], size[3], high, middle, low, extended, 0, 0, 0];
    let after = (body.len() as u32 + 11).to_be_bytes();
    [&header[..], body, &after].concat()
}

fn file(flags: u8, tags: &[Vec<u8>]) -> Vec<u8> {
    [&b"FLV\x01"[..], &[flags, 0, 0, 0, 9, 0, 0, 0, 0], &tags.concat()].concat()
}

/// Returns a tag of 441 samples of PCM: 16 bits, 44.1 kHz, mono.
fn pcm(time: u32, value: u8) -> Vec<u8> {
    tag_of(8, time, &[&[0x3e][..], &[value; 882]].concat())
}

/// Returns a tag with these numbers as metadata.
fn metadata(numbers: &[(&str, f64)]) -> Vec<u8> {
    let mut body = b"\x02\0\x0aonMetaData\x08\0\0\0\0".to_vec();
    for (name, number) in numbers {
        body.extend((name.len() as u16).to_be_bytes());
        body.extend(name.as_bytes());
        body.push(0);
        body.extend(number.to_be_bytes());
    }
    body.extend(b"\0\x05title\x02\0\x03abc\0\0\x09");
    tag_of(18, 0, &body)
}

fn media(bytes: &[u8], is_stream: bool) -> anyhow::Result<Media> {
    let source = match is_stream {
        true => Source::stream(std::io::Cursor::new(bytes.to_vec())),
        false => Source::memory(bytes.to_vec()),
    };
    Media::from_source("a.flv", source, "flv", &OpenOptions::default(), None)
}

/// Returns the positions and lengths of contiguous audio, and true if damage was found.
fn positions(bytes: &[u8], is_stream: bool) -> (Vec<(i64, usize)>, bool) {
    let mut media = media(bytes, is_stream).unwrap();
    let mut audio = media.audio(0).unwrap();
    let mut all: Vec<(i64, usize)> = Vec::new();
    while let Some((chunk, at)) = audio.next_chunk(1 << 20).unwrap() {
        let count = chunk.shape()[0];
        match all.last_mut() {
            Some((start, length)) if *start + *length as i64 == at => *length += count,
            _ => all.push((at, count)),
        }
    }
    (all, audio.is_damaged())
}

/// Returns twenty tags, each 10 ms long.
fn regular() -> Vec<Vec<u8>> {
    (0..20).map(|index| pcm(index * 10, index as u8)).collect()
}

#[test]
fn audio_follows_its_samples_and_keeps_gaps() {
    for is_stream in [false, true] {
        assert_eq!(positions(&file(4, &regular()), is_stream), (vec![(0, 8820)], false));
        // Times of live streams jitter.
        let jitter = (0..20).map(|i| pcm(i * 10 + [0, 7, 3][i as usize % 3], 1));
        let jitter: Vec<_> = jitter.collect();
        assert_eq!(positions(&file(4, &jitter), is_stream), (vec![(0, 8820)], false));
        let mut gap = regular();
        gap.drain(5..15);
        let expected = vec![(0, 2205), (6615, 2205)];
        assert_eq!(positions(&file(4, &gap), is_stream), (expected, false));
        let late = file(4, &regular()[7..]);
        assert_eq!(positions(&late, is_stream), (vec![(3087, 13 * 441)], false));
        // The header states neither audio nor video.
        assert_eq!(positions(&file(0, &regular()), is_stream), (vec![(0, 8820)], false));
    }
}

#[test]
fn priming_and_padding_are_removed_as_the_metadata_states() {
    let numbers = [("audiodelay", 100.0 / 44_100.0), ("duration", 0.195)];
    for is_stream in [false, true] {
        let tags = [vec![metadata(&numbers)], regular()].concat();
        // Times begin 2 ms before the media, and the file ends 195 − 2 ms after that.
        let found = positions(&file(4, &tags), is_stream);
        assert_eq!(found, (vec![(0, 8511)], false));
        // A duration that ends earlier is wrong.
        let tags = [vec![metadata(&[("duration", 0.1)])], regular()].concat();
        assert_eq!(positions(&file(4, &tags), is_stream), (vec![(0, 8820)], false));
        let media = media(&file(4, &tags), is_stream).unwrap();
        assert_eq!(media.tags, [("title".to_owned(), "abc".to_owned())]);
        assert_eq!(media.container, "flv");
    }
}

#[test]
fn priming_of_a_stream_that_begins_later_is_before_the_start() {
    let record = [1, 66, 0xc0, 10, 0xff, 0xe1, 0, 4, 0x67, 66, 0xc0, 10, 1, 0, 1, 0x68];
    let start = tag_of(9, 0, &[&[0x17, 0, 0, 0, 0][..], &record].concat());
    let frame = tag_of(9, 0, &[0x17, 1, 0, 0, 0, 0, 0, 0, 1, 9]);
    // 10 ms of priming, whose tag has the time of the second one.
    let times = (0..20).map(|index: u32| pcm(10 * index.saturating_sub(1), 1));
    let numbers = metadata(&[("audiodelay", 0.01)]);
    let bytes = file(5, &[vec![numbers, start, frame], times.collect()].concat());
    for is_stream in [false, true] {
        let mut media = media(&bytes, is_stream).unwrap();
        let mut audio = media.audio(1).unwrap();
        let (chunk, at) = audio.next_chunk(1 << 20).unwrap().unwrap();
        assert_eq!((at, chunk.shape()[0]), (0, 19 * 441));
    }
}

#[test]
fn damaged_and_truncated_files_are_read_as_far_as_possible() {
    let tags = regular();
    let whole = file(4, &tags);
    for is_stream in [false, true] {
        // Ends within a tag, and within the header of one.
        for cut in [500, 890] {
            let (found, is_damaged) = positions(&whole[..whole.len() - cut], is_stream);
            assert_eq!((found, is_damaged), (vec![(0, 19 * 441)], true), "{cut}");
        }
        // The sizes of two tags are wrong. The tags after them are found.
        let mut wrong = whole.clone();
        let third = 13 + 3 * tags[0].len();
        for start in [third, third + tags[0].len()] {
            wrong[start..start + 11].fill(0xee);
        }
        let (found, is_damaged) = positions(&wrong, is_stream);
        assert_eq!((found, is_damaged), (vec![(0, 3 * 441), (5 * 441, 15 * 441)], true));
        // Without the size after the last tag, nothing is lost.
        let bare = &whole[..whole.len() - 4];
        assert_eq!(positions(bare, is_stream).0, [(0, 8820)]);
    }
    // The metadata states the size, so an end between two tags is found.
    let stated = |size| file(4, &[vec![metadata(&[("filesize", size)])], tags.clone()].concat());
    let size = stated(0.0).len();
    for is_stream in [false, true] {
        assert!(!positions(&stated(size as f64), is_stream).1);
        let cut = &stated(size as f64)[..size - tags[0].len()];
        assert_eq!(positions(cut, is_stream), (vec![(0, 19 * 441)], true));
    }
    for length in 0..40 {
        assert!(media(&whole[..length], false).is_err(), "{length}");
    }
}

#[test]
fn several_tracks_have_their_own_packets() {
    let streaminfo = [
        0x10, 0x00, 0x10, 0x00, 0, 0, 0, 0, 0, 0, 0x0a, 0xc4, 0x40, 0xf0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    let second = tag_of(8, 0, &[&b"\x95\0fLaC\x01"[..], &streaminfo].concat());
    let frame = |time| tag_of(8, time, b"\x95\x01fLaC\x01not a frame");
    let unknown = tag_of(9, 0, b"\x92hvc1");
    let hevc = tag_of(9, 0, b"\x90hvc1abc");
    let bytes =
        file(5, &[vec![second, unknown, hevc, frame(0)], regular(), vec![frame(90)]].concat());
    for is_stream in [false, true] {
        let media = media(&bytes, is_stream).unwrap();
        let codecs: Vec<_> = media.tracks.iter().map(|track| &track.codec[..]).collect();
        assert_eq!(codecs, ["flac", "hevc", "pcm_s16le"]);
        assert!(media.tracks[1].decoder.is_none() && media.tracks[0].decoder.is_some());
        let source = match is_stream {
            true => Source::stream(std::io::Cursor::new(bytes.clone())),
            false => Source::memory(bytes.clone()),
        };
        let mut flv = Flv::open(source, "a.flv").unwrap();
        flv.select(&[0, 2]);
        let mut times = Vec::new();
        while let Some(packet) = flv.next(0).unwrap() {
            times.push(packet.pts);
        }
        assert_eq!(times.len(), 2);
        let mut count = 0;
        while flv.next(2).unwrap().is_some() {
            count += 1;
        }
        assert_eq!(count, 20);
        assert!(!flv.is_damaged());
    }
}

#[test]
fn reordered_frames_have_both_times() {
    let record = [1, 66, 0xc0, 10, 0xff, 0xe1, 0, 4, 0x67, 66, 0xc0, 10, 1, 0, 1, 0x68];
    let start = tag_of(9, 0, &[&[0x17, 0, 0, 0, 0][..], &record].concat());
    let frame = |time, first, offset| tag_of(9, time, &[first, 1, 0, 0, offset, 0, 0, 0, 1, 9]);
    // Presentation begins at 80 ms.
    let frames =
        [frame(0, 0x17, 80), frame(40, 0x27, 160), frame(80, 0x27, 80), frame(120, 0x27, 40)];
    let numbers = metadata(&[("width", 64.0), ("height", 48.0), ("framerate", 25.0)]);
    let bytes = file(1, &[vec![numbers, start], frames.to_vec()].concat());
    let mut flv = Flv::open(Source::memory(bytes), "a.flv").unwrap();
    let track = flv.tracks().remove(0);
    assert_eq!(
        (track.video.size, track.video.frame_rate),
        (Some((64, 48)), Rational::new(25, 1).ok())
    );
    let mut times = Vec::new();
    while let Some(packet) = flv.next(0).unwrap() {
        times.push((packet.dts.unwrap(), packet.pts, packet.is_sync));
    }
    assert_eq!(times, [(-80, 0, true), (-40, 120, false), (0, 80, false), (40, 80, false)]);
}

#[test]
fn video_continues_at_a_keyframe_after_lost_tags() {
    let record = [1, 66, 0xc0, 10, 0xff, 0xe1, 0, 4, 0x67, 66, 0xc0, 10, 1, 0, 1, 0x68];
    let start = tag_of(9, 0, &[&[0x17, 0, 0, 0, 0][..], &record].concat());
    let frame = |time| tag_of(9, time, &[0x27, 1, 0, 0, 0, 0, 0, 0, 1, 9]);
    let mut bytes = file(1, &[start, frame(0), frame(40), frame(80), frame(120)]);
    let size = frame(0).len();
    let third = bytes.len() - 2 * size;
    bytes[third] = 0xee;
    let mut flv = Flv::open(Source::memory(bytes), "a.flv").unwrap();
    let mut found = Vec::new();
    while let Some(packet) = flv.next(0).unwrap() {
        found.push((packet.pts, packet.is_discontinuous));
    }
    assert_eq!(found, [(0, false), (40, false), (120, true)]);
    assert!(flv.is_damaged());
}

#[test]
fn times_continue_after_their_field_overflows() {
    let follow = |times: &[u32]| {
        times
            .iter()
            .scan(0, |last, time| {
                *last = unwrapped(*last, *time);
                Some(*last)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(follow(&[0, 40, 20, 1 << 30]), [0, 40, 20, 1 << 30]);
    // With 31 bits, as FFmpeg writes them, and with 32.
    let (short, long) = (1i64 << 31, 1i64 << 32);
    let times: Vec<u32> = (0..40).map(|i| i << 27).collect();
    let expected: Vec<i64> = (0..40).map(|i| i << 27).collect();
    assert_eq!(follow(&times)[..32], expected[..32]);
    let wrapped: Vec<u32> = times.iter().map(|time| time & 0x7fff_ffff).collect();
    assert_eq!(follow(&wrapped), expected);
    assert_eq!(unwrapped(short - 5, 3), short + 3);
    assert_eq!(unwrapped(long - 5, 3), long + 3);
    assert_eq!(unwrapped(long + 3, u32::MAX), long - 1);
}

#[test]
fn random_damage_is_never_a_panic() {
    let streaminfo = [0x10; 34];
    let flac = tag_of(8, 0, &[&b"\x95\0fLaC\x01"[..], &streaminfo].concat());
    let av1 = tag_of(9, 0, b"\x90av01\x81\0\x0c\0");
    let extended = tag_of(9, 20, b"\x97\x02abc\x01av01xyz");
    let aac = tag_of(8, 0, b"\x95\x10mp4a\x02\0\0\x02\x12\x10\x03\0\0\x02\x12\x10");
    let tags = [vec![metadata(&[("duration", 0.2)]), flac, av1, aac], regular(), vec![extended]];
    let whole = file(5, &tags.concat());
    // A linear congruential generator.
    let mut state = 1u64;
    let mut random = move |limit: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    for round in 0..600 {
        let mut bytes = whole.clone();
        for _ in 0..=random(8) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes[at] = random(256) as u8,
                1 => bytes[at] ^= 1 << random(8),
                2 => {
                    let end = (at + random(40)).min(bytes.len());
                    bytes.drain(at..end);
                }
                _ => {
                    let end = (at + random(40)).min(bytes.len());
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
            if bytes.is_empty() {
                bytes.push(0);
            }
        }
        let source = match round % 2 {
            0 => Source::memory(bytes),
            _ => Source::stream(std::io::Cursor::new(bytes)),
        };
        let Ok(mut flv) = Flv::open(source, "a.flv") else { continue };
        for track in 0..flv.tracks().len() {
            // No more packets than tags fit into the file.
            let mut count = 0;
            while let Ok(Some(_)) = flv.next(track) {
                count += 1;
            }
            assert!(count < 4000, "{count}");
        }
    }
}
