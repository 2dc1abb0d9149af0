//! MP3 tags and the information frame, parsed field by field.

use std::time::Duration;

use id3::TagLike;
use proptest::prelude::*;
use reelwright_core::{
    ChannelLayout, Chapter, CodecId, CodecRecord, CoverArt, MemoryOutput, Metadata, Mp3Info,
    Mp3RateControl, Packet, StreamParameters,
};
use reelwright_mux_mp3::MUXER;
use reelwright_testkit::muxing::{memory, open, packet, pcm, tags};
use reelwright_testkit::program::ffprobe;

fn mp3(rate_control: Mp3RateControl) -> StreamParameters {
    pcm(CodecId::Mp3, 44_100, ChannelLayout::STEREO)
        .record(CodecRecord::Mp3(Mp3Info { rate_control, lowpass: 17_000 }))
        .bit_rate(Some(128_000))
}

/// Returns a silent frame of 128 kbit/s at 44.1 kHz, joint stereo.
fn frame() -> Vec<u8> {
    let mut frame = vec![0xFF, 0xFB, 0x90, 0x40];
    frame.resize(417, 0);
    frame
}

fn packets(count: usize, trim_end: u32) -> Vec<Packet> {
    let packets = (0..count).map(|i| Packet {
        duration: 1152,
        trim_start: if i == 0 { 1105 } else { 0 },
        trim_end: if i == count - 1 { trim_end } else { 0 },
        ..packet(&frame())
    });
    packets.collect()
}

fn file(
    options: &[(&str, &str)],
    stream: &StreamParameters,
    tags: &Metadata,
    packets: &[Packet],
    mut output: MemoryOutput,
) -> Vec<u8> {
    let streams = std::slice::from_ref(stream);
    let mut muxer = open(&MUXER, options).unwrap();
    muxer.start(streams, tags, &mut output).unwrap();
    for packet in packets {
        muxer.write(packet, &mut output).unwrap();
    }
    muxer.finish(streams, &mut output).unwrap();
    output.into_bytes()
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

#[test]
fn the_information_frame_states_lengths_and_trims() {
    for (control, magic, method) in [
        (Mp3RateControl::Constant, b"Info", 1),
        (Mp3RateControl::Average, b"Xing", 2),
        (Mp3RateControl::Variable(4), b"Xing", 4),
    ] {
        let stream = mp3(control);
        let file = file(&[], &stream, &Metadata::new(), &packets(1000, 300), memory(true));
        assert_eq!(file.len(), 1001 * 417);
        assert_eq!(file[..4], [0xFF, 0xFB, 0x90, 0x40]);
        let info = &file[4 + 32..417];
        assert_eq!(&info[..4], magic);
        assert_eq!((be32(info, 4), be32(info, 8)), (15, 1000));
        assert_eq!(be32(info, 12) as usize, file.len());
        // With frames of equal size, a hundredth of the time is a hundredth of the bytes.
        for (i, position) in info[16..116].iter().enumerate() {
            assert!(i32::from(*position).abs_diff((i * 256 / 100) as i32) <= 1, "{i} {position}");
        }
        let lame = &info[120..];
        assert_eq!(&lame[..4], b"LAME");
        assert_eq!((lame[9], lame[10], lame[20]), (method, 170, 128));
        let trims = be32(lame, 20) & 0xFF_FFFF;
        assert_eq!((trims >> 12, trims & 4095), (1105 - 529, 300 + 529));
        assert_eq!(be32(lame, 28) as usize, file.len());
    }
}

#[test]
fn unseekable_output_has_no_information_frame() {
    let stream = mp3(Mp3RateControl::Constant);
    let packets = packets(10, 0);
    let streamed = file(&[], &stream, &Metadata::new(), &packets, memory(false));
    assert_eq!(streamed, frame().repeat(10));
    let without = file(&[("write_xing", "0")], &stream, &Metadata::new(), &packets, memory(true));
    assert_eq!(without, streamed);
}

#[test]
fn information_frame_is_silence_until_finish() {
    let stream = mp3(Mp3RateControl::Constant);
    let mut output = memory(true);
    let mut muxer = open(&MUXER, &[]).unwrap();
    muxer.start(std::slice::from_ref(&stream), &Metadata::new(), &mut output).unwrap();
    for packet in packets(3, 0) {
        muxer.write(&packet, &mut output).unwrap();
    }
    muxer.flush(&mut output).unwrap();
    assert_eq!(output.bytes(), frame().repeat(4));
}

#[test]
fn file_without_frames_consists_of_its_tags() {
    let stream = mp3(Mp3RateControl::Constant);
    assert!(file(&[], &stream, &Metadata::new(), &[], memory(true)).is_empty());
}

#[test]
fn metadata_and_cover_round_trip() {
    let mut tags = tags([
        ("title", "Straße \u{1F3B5}"),
        ("artist", "Artist"),
        ("date", "2024-05-06"),
        ("comment", "said"),
        ("track", "3/12"),
        ("mood", "calm"),
    ]);
    let cover = CoverArt::front_cover(b"\xFF\xD8\xFF\xE0 and so on".to_vec()).unwrap();
    tags.set_cover(cover.clone());
    let stream = mp3(Mp3RateControl::Constant);
    for (option, version) in [("3", id3::Version::Id3v23), ("4", id3::Version::Id3v24)] {
        let options = [("id3v2_version", option)];
        let file = file(&options, &stream, &tags, &packets(2, 0), memory(true));
        let tag = id3::Tag::read_from2(std::io::Cursor::new(&file)).unwrap();
        assert_eq!(tag.version(), version);
        assert_eq!((tag.title(), tag.artist()), (Some("Straße \u{1F3B5}"), Some("Artist")));
        assert_eq!((tag.track(), tag.total_tracks()), (Some(3), Some(12)));
        assert_eq!(tag.comments().next().unwrap().text, "said");
        let mood = tag.extended_texts().next().unwrap();
        assert_eq!((mood.description.as_str(), mood.value.as_str()), ("mood", "calm"));
        let picture = tag.pictures().next().unwrap();
        assert_eq!((picture.mime_type.as_str(), &picture.data[..]), ("image/jpeg", cover.data()));
        assert_eq!(picture.picture_type, id3::frame::PictureType::CoverFront);
        match version {
            id3::Version::Id3v24 => {
                assert_eq!(tag.date_recorded().unwrap().to_string(), "2024-05-06");
            }
            _ => {
                assert_eq!(tag.year(), Some(2024));
                assert_eq!(tag.get("TDAT").unwrap().content().text(), Some("0605"));
            }
        }
    }
    let without = file(&[("id3v2_version", "0")], &stream, &tags, &packets(2, 0), memory(true));
    assert_eq!(without[..2], [0xFF, 0xFB]);
}

#[test]
fn id3v1_tag_is_last() {
    let tags = tags([("title", "x".repeat(40).as_str()), ("artist", "é\u{1F3B5}"), ("track", "7")]);
    let options = [("write_id3v1", "1"), ("id3v2_version", "0")];
    let stream = mp3(Mp3RateControl::Constant);
    let file = file(&options, &stream, &tags, &packets(2, 0), memory(false));
    let tag = &file[2 * 417..];
    assert_eq!((tag.len(), &tag[..3]), (128, &b"TAG"[..]));
    assert_eq!(tag[3..33], [b'x'; 30]);
    assert_eq!(tag[33..36], [0xE9, b'?', 0]);
    assert_eq!(tag[126], 7);
}

#[test]
fn invalid_calls_are_errors() {
    let mut output = memory(true);
    let mut muxer = open(&MUXER, &[]).unwrap();
    assert!(muxer.write(&packet(&frame()), &mut output).is_err(), "before start");
    let wrong = pcm(CodecId::Mp3, 44_100, ChannelLayout::STEREO);
    assert!(muxer.start(&[wrong], &Metadata::new(), &mut output).is_err(), "without its record");
    let stream = mp3(Mp3RateControl::Constant);
    muxer.start(&[stream], &Metadata::new(), &mut output).unwrap();
    for wrong in [&b""[..], b"abcd", b"\xFF\xFB\xF0\x00", b"\xFF\xFD\x90\x00"] {
        let message = muxer.write(&packet(wrong), &mut output).unwrap_err().to_string();
        assert!(message.contains("layer III"), "{message}");
    }
}

#[test]
fn any_failure_of_the_output_is_an_error() {
    let stream = mp3(Mp3RateControl::Constant);
    reelwright_testkit::muxing::check_failing_output(&MUXER, &stream, &frame());
}

proptest! {
    #[test]
    fn any_input_is_written_or_rejected(
        packets in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..40), any::<[u8; 3]>(), any::<[u32; 2]>()), 0..20),
        seekable: bool,
    ) {
        let stream = mp3(Mp3RateControl::Variable(200));
        let streams = std::slice::from_ref(&stream);
        let mut output = memory(seekable);
        let mut muxer = open(&MUXER, &[("write_id3v1", "1")]).unwrap();
        muxer.start(streams, &Metadata::new(), &mut output).unwrap();
        for (rest, [a, b, c], [trim_start, trim_end]) in packets {
            let data = [&[0xFF, 0xE0 | a, b, c][..], &rest].concat();
            let _ = muxer.write(&Packet { data, trim_start, trim_end, ..Packet::default() }, &mut output);
        }
        muxer.finish(streams, &mut output).unwrap();
    }
}

/// Returns metadata with chapters, whose times are in milliseconds.
fn chapters(chapters: &[(u64, Option<u64>, &str)]) -> Metadata {
    let millis = Duration::from_millis;
    let chapter = |(start, end, title): &(u64, Option<u64>, &str)| {
        Chapter::new(millis(*start), end.map(millis), *title)
    };
    let mut tags = Metadata::new();
    tags.set_chapters(chapters.iter().map(chapter).collect()).unwrap();
    tags
}

#[test]
fn chapters_have_frames_and_a_table() {
    let tags = chapters(&[(0, None, "Début"), (1500, Some(2000), ""), (3000, None, "fin")]);
    for (version, titles) in [("4", ["Début", "", "fin"]), ("3", ["Début", "", "fin"])] {
        let stream = mp3(Mp3RateControl::Constant);
        // 200 packets, minus the trimmed samples.
        let samples = 200.0 * 1152.0 - 1105.0 - 300.0;
        for (seekable, end) in [(true, (samples / 44.1f64).round() as u32), (false, u32::MAX)] {
            let options = [("id3v2_version", version)];
            let file = file(&options, &stream, &tags, &packets(200, 300), memory(seekable));
            let tag = id3::Tag::read_from2(std::io::Cursor::new(&file)).unwrap();
            let found: Vec<_> = tag
                .chapters()
                .map(|chapter| {
                    let title = chapter.frames.first().and_then(|frame| frame.content().text());
                    assert_eq!((chapter.start_offset, chapter.end_offset), (u32::MAX, u32::MAX));
                    (chapter.start_time, chapter.end_time, title.unwrap_or_default())
                })
                .collect();
            let expected = [(0, 1500, titles[0]), (1500, 2000, titles[1]), (3000, end, titles[2])];
            assert_eq!(found, expected, "{version} {seekable}");
            let tables: Vec<_> = tag.tables_of_contents().collect();
            assert_eq!(tables.len(), 1);
            assert!(tables[0].top_level && tables[0].ordered);
            assert_eq!(tables[0].elements, ["ch0", "ch1", "ch2"]);
        }
    }
}

#[test]
fn ffprobe_reads_chapters_back() {
    let tags = chapters(&[(0, None, "Début"), (1500, Some(2000), "日本"), (3000, None, "fin")]);
    let stream = mp3(Mp3RateControl::Constant);
    let file = file(&[], &stream, &tags, &packets(200, 300), memory(true));
    let entries = "chapter=start_time,end_time:chapter_tags=title";
    let Some(found) = ffprobe("mp3", entries, &file) else { return };
    let expected = "0.000000,1.500000,Début\n1.500000,2.000000,日本\n3.000000,5.193000,fin";
    assert_eq!(found, expected);
}

#[test]
fn many_chapters_have_tables_of_tables() {
    let many: Vec<_> = (0..600).map(|i| (i * 10, None, "x")).collect();
    let stream = mp3(Mp3RateControl::Constant);
    let file = file(&[], &stream, &chapters(&many), &packets(300, 0), memory(true));
    let tag = id3::Tag::read_from2(std::io::Cursor::new(&file)).unwrap();
    let tables: Vec<_> = tag.tables_of_contents().map(|table| table.elements.len()).collect();
    assert_eq!(tables, [3, 255, 255, 90]);
    assert_eq!(tag.chapters().count(), 600);
}

#[test]
fn rejects_chapters_that_are_too_late_or_too_many() {
    let stream = mp3(Mp3RateControl::Constant);
    let rejected = |tags: &Metadata| {
        let mut muxer = open(&MUXER, &[]).unwrap();
        muxer.start(std::slice::from_ref(&stream), tags, &mut memory(true)).unwrap_err().to_string()
    };
    let late = rejected(&chapters(&[(1 << 32, None, "a")]));
    assert!(late.contains("4294967.295 s"), "{late}");
    let many: Vec<_> = (0..65_026).map(|i| (i, None, "")).collect();
    assert!(rejected(&chapters(&many)).contains("at most 65025 chapters"));
}
