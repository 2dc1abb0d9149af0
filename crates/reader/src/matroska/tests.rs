//! Tests with generated files.

use super::*;
use crate::media::{Media, OpenOptions};

/// Returns an element with a 4-byte size.
fn element(id: u32, body: &[u8]) -> Vec<u8> {
    let size = (0x1000_0000 | body.len() as u32).to_be_bytes();
    [&id_bytes(id)[..], &size, body].concat()
}

/// Returns an element of unknown size.
fn open(id: u32, body: &[u8]) -> Vec<u8> {
    [&id_bytes(id)[..], &[0x01], &[0xFF; 7], body].concat()
}

fn id_bytes(id: u32) -> Vec<u8> {
    id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

fn number(id: u32, value: u64) -> Vec<u8> {
    element(id, &value.to_be_bytes())
}

fn header() -> Vec<u8> {
    element(ids::EBML, &element(ids::DOC_TYPE, b"matroska"))
}

/// Returns a track of mono 16-bit PCM at 48 kHz.
fn pcm(number_: u64, more: &[u8]) -> Vec<u8> {
    let audio = [
        element(ids::SAMPLING_FREQUENCY, &48_000f64.to_be_bytes()),
        number(ids::CHANNELS, 1),
        number(ids::BIT_DEPTH, 16),
    ];
    let entry = [
        &number(ids::TRACK_NUMBER, number_)[..],
        &number(ids::TRACK_TYPE, 2),
        &element(ids::CODEC_ID, b"A_PCM/INT/LIT"),
        &element(ids::AUDIO, &audio.concat()),
        more,
    ];
    element(ids::TRACK_ENTRY, &entry.concat())
}

fn simple(track: u8, time: i16, samples: &[i16]) -> Vec<u8> {
    let samples: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let [high, low] = time.to_be_bytes();
    element(ids::SIMPLE_BLOCK, &[&[0x80 | track, high, low, 0x80], &samples[..]].concat())
}

fn cluster(time: u64, blocks: &[Vec<u8>]) -> Vec<u8> {
    element(ids::CLUSTER, &[number(ids::TIMESTAMP, time), blocks.concat()].concat())
}

fn file(tracks: &[Vec<u8>], clusters: &[Vec<u8>]) -> Vec<u8> {
    let tracks = element(ids::TRACKS, &tracks.concat());
    let crc = element(ids::CRC_32, &[0; 4]);
    let body = [&crc[..], &element(ids::VOID, &[0; 9]), &tracks, &clusters.concat()].concat();
    [header(), element(ids::SEGMENT, &body)].concat()
}

fn media(bytes: Vec<u8>, is_stream: bool) -> anyhow::Result<Media> {
    let source = match is_stream {
        true => Source::stream(std::io::Cursor::new(bytes)),
        false => Source::memory(bytes),
    };
    Media::from_source("a.mkv", source, "mkv", &OpenOptions::default(), None)
}

/// Returns the positions and lengths of contiguous audio, and true if damage was found.
fn positions(bytes: &[u8], is_stream: bool) -> (Vec<(i64, usize)>, bool) {
    let mut media = media(bytes.to_vec(), is_stream).unwrap();
    let mut audio = media.audio(0).unwrap();
    let mut all: Vec<(i64, usize)> = Vec::new();
    while let Some((chunk, at)) = audio.next_chunk(1 << 20).unwrap() {
        let count = chunk.shape()[0];
        match all.last_mut() {
            Some((start, length)) if *start + *length as i64 == at => *length += count,
            _ => all.push((at, count)),
        }
    }
    let is_damaged = audio.is_damaged();
    (all, is_damaged)
}

/// Returns twenty clusters of 1100 samples, whose times are rounded down to milliseconds.
fn rounded() -> Vec<Vec<u8>> {
    let time = |index: u64| index * 1100 / 48;
    (0..20).map(|index| cluster(time(index), &[simple(1, 0, &[7; 1100])])).collect()
}

#[test]
fn rounded_times_are_not_gaps_and_real_gaps_remain() {
    for is_stream in [false, true] {
        let whole = file(&[pcm(1, &[])], &rounded());
        assert_eq!(positions(&whole, is_stream), (vec![(0, 22_000)], false));
        let mut unsupported = rounded();
        unsupported.remove(9);
        let (found, is_damaged) = positions(&file(&[pcm(1, &[])], &unsupported), is_stream);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(!is_damaged && found[0] == (0, 9900) && (found[1].0 - 11_000).abs() < 48);
        let late = file(&[pcm(1, &[])], &rounded()[4..]);
        assert_eq!(positions(&late, is_stream).0, [(91 * 48, 17_600)]);
    }
}

#[test]
fn reads_elements_of_unknown_size_and_truncated_files() {
    let tracks = element(ids::TRACKS, &pcm(1, &[]));
    let blocks = |index: u64| {
        [number(ids::TIMESTAMP, index * 100), simple(1, 0, &[1; 2400]), simple(1, 50, &[1; 2400])]
    };
    let clusters: Vec<u8> =
        (0..3).flat_map(|index| open(ids::CLUSTER, &blocks(index).concat())).collect();
    let live = [header(), open(ids::SEGMENT, &[tracks, clusters].concat())].concat();
    for is_stream in [false, true] {
        assert_eq!(positions(&live, is_stream), (vec![(0, 14_400)], false));
        // The whole samples of the last block are kept.
        let cut = &live[..live.len() - 4001];
        assert_eq!(positions(cut, is_stream), (vec![(0, 12_399)], true));
        let closed = file(&[pcm(1, &[])], &rounded());
        let between = closed.len() - cluster(0, &[simple(1, 0, &[7; 1100])]).len();
        assert_eq!(positions(&closed[..between], is_stream), (vec![(0, 20_900)], true));
    }
}

#[test]
fn damage_in_the_middle_loses_one_cluster() {
    let mut bytes = file(&[pcm(1, &[])], &rounded());
    let mark = ids::CLUSTER.to_be_bytes();
    let at = bytes.windows(4).enumerate().filter(|(_, four)| *four == mark).nth(8).unwrap().0;
    // The header of a block, and the start of its cluster.
    for (start, length) in [(at + 20, 9), (at, 6), (at + 2, 60)] {
        let before = bytes.clone();
        bytes[start..start + length].fill(0);
        for is_stream in [false, true] {
            let (found, is_damaged) = positions(&bytes, is_stream);
            assert!(is_damaged && found.len() == 2, "{start} {found:?}");
            assert_eq!(found[0], (0, 8800));
            assert_eq!(found[1].0 + found[1].1 as i64, 22_000 + (found[1].0 - 9900));
        }
        bytes = before;
    }
}

#[test]
fn finds_tracks_after_damage() {
    let mut bytes = file(&[pcm(1, &[])], &rounded());
    // The header of the first element of the segment, and the sizes of the next.
    let at = header().len() + 8;
    bytes[at..at + 12].fill(0xFF);
    for is_stream in [false, true] {
        assert_eq!(positions(&bytes, is_stream), (vec![(0, 22_000)], true));
    }
}

#[test]
fn ignores_an_appended_file() {
    let bytes = file(&[pcm(1, &[])], &rounded());
    for is_stream in [false, true] {
        let twice = [&bytes[..], &bytes].concat();
        assert_eq!(positions(&twice, is_stream), (vec![(0, 22_000)], true));
    }
}

#[test]
fn wrong_checksum_is_damage() {
    let mut sum = flate2::Crc::new();
    let body = [number(ids::TIMESTAMP, 0), simple(1, 0, &[1; 480])].concat();
    sum.update(&body);
    for (sum, expected) in [(sum.sum(), false), (sum.sum() ^ 1, true)] {
        let crc = [&[ids::CRC_32 as u8, 0x84], &sum.to_le_bytes()[..]].concat();
        let bytes = file(&[pcm(1, &[])], &[element(ids::CLUSTER, &[&crc[..], &body].concat())]);
        let mut media = media(bytes, false).unwrap();
        media.select(&[0]);
        let mut audio = media.audio(0).unwrap();
        assert_eq!(audio.next_chunk(1000).unwrap().unwrap().0.shape(), [480, 1]);
        assert!(audio.next_chunk(1000).unwrap().is_none());
        assert_eq!(audio.is_damaged(), expected);
    }
}

#[test]
fn removes_delay_and_padding() {
    // 1 ms at the start, and 2 ms at the end of the last block.
    let delay = number(ids::CODEC_DELAY, 1_000_000);
    let padding = number(ids::DISCARD_PADDING, 2_000_000);
    let last = [0x81, 0, 20, 0].into_iter().chain(vec![0; 1920]).collect::<Vec<u8>>();
    let group = element(ids::BLOCK_GROUP, &[element(ids::BLOCK, &last), padding].concat());
    let clusters = [cluster(0, &[simple(1, 0, &[5; 960]), group])];
    assert_eq!(
        positions(&file(&[pcm(1, &delay)], &clusters), false),
        (vec![(0, 1920 - 48 - 96)], false)
    );
}

#[test]
fn reads_interleaved_tracks() {
    let language = [element(ids::LANGUAGE, b"ger"), element(ids::LANGUAGE_BCP47, b"de-CH")];
    let video = [
        number(ids::TRACK_NUMBER, 3),
        number(ids::TRACK_TYPE, 1),
        element(ids::CODEC_ID, b"V_PRORES"),
        number(ids::DEFAULT_DURATION, 33_366_667),
        element(
            ids::VIDEO,
            &[
                number(ids::PIXEL_WIDTH, 720),
                number(ids::PIXEL_HEIGHT, 576),
                number(ids::DISPLAY_WIDTH, 16),
                number(ids::DISPLAY_HEIGHT, 9),
                number(ids::DISPLAY_UNIT, 3),
                element(ids::COLOR, &[number(ids::MATRIX, 9), number(ids::RANGE, 2)].concat()),
                element(ids::PROJECTION, &element(ids::POSE_ROLL, &(-90f64).to_be_bytes())),
            ]
            .concat(),
        ),
    ];
    let encrypted = element(
        ids::CONTENT_ENCODINGS,
        &element(ids::CONTENT_ENCODING, &number(ids::ENCODING_TYPE, 1)),
    );
    let tracks = [
        element(ids::TRACK_ENTRY, &video.concat()),
        pcm(1, &language.concat()),
        pcm(2, &encrypted),
    ];
    let blocks = [simple(1, 0, &[1; 480]), simple(2, 0, &[2; 480]), simple(1, 10, &[3; 480])];
    for is_stream in [false, true] {
        let mut media = media(file(&tracks, &[cluster(0, &blocks)]), is_stream).unwrap();
        let facts = media.tracks[0].video;
        assert_eq!(facts.frame_rate, reelwright_core::Rational::new(30_000, 1001).ok());
        assert_eq!(facts.sample_aspect_ratio, reelwright_core::Rational::new(64, 45).ok());
        assert_eq!(facts.orientation.quarter_turns, 1);
        assert_eq!(facts.color.unwrap().range, reelwright_core::ColorRange::Full);
        let languages: Vec<_> = media.tracks.iter().map(|track| track.language.clone()).collect();
        let expected = [Some("eng"), Some("deu"), Some("eng")];
        assert_eq!(languages, expected.map(|language| language.map(str::to_owned)));
        for (index, named) in [(0, "prores"), (2, "pcm_s16le (encrypted)")] {
            let message = match index {
                0 => format!("{:#}", media.video(index).err().unwrap()),
                _ => format!("{:#}", media.audio(index).err().unwrap()),
            };
            assert!(message.contains(named) && message.contains("matroska"), "{message}");
        }
        media.select(&[1]);
        let mut audio = media.audio(1).unwrap();
        assert_eq!(audio.next_chunk(2000).unwrap().unwrap().0.shape(), [960, 1]);
    }
}

#[test]
fn keeps_the_times_of_uncompressed_frames() {
    let raw = [
        number(ids::TRACK_NUMBER, 1),
        number(ids::TRACK_TYPE, 1),
        element(ids::CODEC_ID, b"V_UNCOMPRESSED"),
        element(
            ids::VIDEO,
            &[
                number(ids::PIXEL_WIDTH, 4),
                number(ids::PIXEL_HEIGHT, 2),
                element(ids::UNCOMPRESSED_FOURCC, b"I420"),
            ]
            .concat(),
        ),
    ];
    let frame = |time: i16, length: usize| {
        let [high, low] = time.to_be_bytes();
        element(ids::SIMPLE_BLOCK, &[&[0x81, high, low, 0x80], &vec![9; length][..]].concat())
    };
    let clusters = [cluster(50, &[frame(-50, 12), frame(-17, 12), frame(20, 7), frame(60, 12)])];
    let mut media =
        media(file(&[element(ids::TRACK_ENTRY, &raw.concat())], &clusters), false).unwrap();
    let mut video = media.video(0).unwrap();
    let mut times = Vec::new();
    while let Some((_, pts, _)) = video.next_frame().unwrap() {
        times.push(pts);
    }
    // A frame that is too short is damaged.
    assert_eq!(times, [0, 33, 110]);
    assert!(video.is_damaged());
}

#[test]
fn reads_title_date_and_tags_after_the_clusters() {
    let tag = |name: &[u8], value: &[u8]| {
        let simple = [element(ids::TAG_NAME, name), element(ids::TAG_STRING, value)].concat();
        element(ids::TAG, &element(ids::SIMPLE_TAG, &simple))
    };
    let info = [
        element(ids::TITLE, "Üben".as_bytes()),
        element(ids::DATE_UTC, &86_400_000_000_000i64.to_be_bytes()),
    ];
    let info = element(ids::INFO, &info.concat());
    let tracks = element(ids::TRACKS, &pcm(1, &[]));
    let clusters = cluster(0, &[simple(1, 0, &[1; 480])]);
    let tags = element(ids::TAGS, &[tag(b"LYRICS", b"la"), tag(b"TITLE", b"no")].concat());
    let seek = |position: usize| {
        let entry = [
            element(ids::SEEK_ID, &ids::TAGS.to_be_bytes()),
            number(ids::SEEK_POSITION, position as u64),
        ];
        element(ids::SEEK_HEAD, &element(ids::SEEK, &entry.concat()))
    };
    let position = [&seek(0)[..], &info, &tracks, &clusters].concat().len();
    let body = [&seek(position)[..], &info, &tracks, &clusters, &tags].concat();
    let media = media([header(), element(ids::SEGMENT, &body)].concat(), false).unwrap();
    let expected =
        [("title", "Üben"), ("creation_time", "2001-01-02T00:00:00.000000Z"), ("lyrics", "la")];
    assert_eq!(media.tags, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
}

#[test]
fn damaged_bytes_do_not_panic() {
    let whole = file(&[pcm(1, &[]), pcm(2, &[])], &rounded()[..3]);
    for at in 0..whole.len().min(420) {
        for value in [0, 0x01, 0x7F, 0xFF] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            for is_stream in [false, true] {
                let Ok(mut media) = media(bytes.clone(), is_stream) else { continue };
                let Ok(mut audio) = media.audio(0) else { continue };
                while let Ok(Some(_)) = audio.next_chunk(4096) {}
            }
        }
        let _ = media(whole[..at].to_vec(), false).map(|mut media| media.audio(0).is_ok());
    }
}
