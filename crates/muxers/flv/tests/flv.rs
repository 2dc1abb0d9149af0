//! FLV output, tag by tag.

use proptest::prelude::*;
use reelwright_core::{
    AudioSpecificConfig, Av1Config, AvcConfig, ChannelLayout, CodecId, CodecRecord, ColorInfo,
    ErrorKind, FlacStreamInfo, MemoryOutput, Metadata, OpusHead, Output, Packet, PixelFormat,
    Rational, Result, StreamParameters, TimeBase, Timestamp,
};
use reelwright_mux_flv::MUXER;
use reelwright_testkit::muxing::{
    check_failing_output, cut, default_layout, memory, mux, open, packet, pcm, tags,
    video_parameters,
};

fn video(codec: CodecId) -> StreamParameters {
    let record = match codec {
        CodecId::H264 => CodecRecord::H264(AvcConfig::new(
            vec![0x67, 66, 0xc0, 10, 0xda, 0x79],
            vec![0x68, 0xce],
        )),
        _ => CodecRecord::Av1(Av1Config { bytes: vec![0x81, 0, 0x0c, 0, 0x0a, 1, 0] }),
    };
    video_parameters(codec, PixelFormat::Yuv420p, (64, 48), (25, 1), ColorInfo::BT709)
        .record(record)
}

fn aac(rate: u32) -> StreamParameters {
    let config = AudioSpecificConfig {
        bytes: vec![0x12, 0x10],
        object_type: 2,
        core_sample_rate: 44_100,
        channel_configuration: 2,
    };
    pcm(CodecId::Aac, rate, ChannelLayout::STEREO).record(CodecRecord::Aac(config))
}

fn opus() -> StreamParameters {
    let head = OpusHead {
        channels: 2,
        pre_skip: 312,
        input_sample_rate: 48_000,
        output_gain: 0,
        mapping: None,
    };
    pcm(CodecId::Opus, 48_000, ChannelLayout::STEREO).record(CodecRecord::Opus(head))
}

fn flac_info(total_samples: u64) -> FlacStreamInfo {
    FlacStreamInfo {
        min_block_size: 4096,
        max_block_size: 4096,
        min_frame_size: 0,
        max_frame_size: 0,
        sample_rate: 48_000,
        channels: 6,
        bits_per_sample: 24,
        total_samples,
        md5: [0; 16],
    }
}

fn flac(total_samples: u64) -> StreamParameters {
    pcm(CodecId::Flac, 48_000, ChannelLayout::SURROUND_5_1)
        .record(CodecRecord::Flac(flac_info(total_samples)))
}

/// A tag as it stands in a file.
#[derive(Debug, Clone, PartialEq)]
struct Tag {
    at: usize,
    kind: u8,
    time: u32,
    body: Vec<u8>,
}

fn be(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// Parses a file by Adobe's specification §E.2 to §E.4.1.
fn parse(file: &[u8]) -> (u8, Vec<Tag>) {
    assert_eq!(&file[..4], b"FLV\x01");
    assert_eq!(file[5..13], [0, 0, 0, 9, 0, 0, 0, 0]);
    let (mut at, mut tags) = (13, Vec::new());
    while at < file.len() {
        let size = be(&file[at + 1..at + 4]) as usize;
        let time = be(&[&file[at + 7..at + 8], &file[at + 4..at + 7]].concat());
        assert_eq!(file[at + 8..at + 11], [0; 3], "stream number");
        let end = at + 11 + size;
        assert_eq!(be(&file[end..end + 4]) as usize, 11 + size, "size after a tag");
        tags.push(Tag { at, kind: file[at], time, body: file[at + 11..end].to_vec() });
        at = end + 4;
    }
    (file[4], tags)
}

/// A value of AMF 0.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Number(f64),
    Bool(bool),
    Text(String),
    Object(Vec<(String, Value)>),
    Array(Vec<Value>),
}

impl Value {
    fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Object(entries) => entries.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            _ => None,
        }
    }

    fn number(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Some(Value::Number(number)) => Some(*number),
            None => None,
            other => panic!("{name}: {other:?}"),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            None => None,
            other => panic!("{name}: {other:?}"),
        }
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    taken
}

fn object(bytes: &mut &[u8]) -> Vec<(String, Value)> {
    let mut entries = Vec::new();
    loop {
        let length = be(take(bytes, 2)) as usize;
        let name = String::from_utf8(take(bytes, length).to_vec()).unwrap();
        if name.is_empty() {
            assert_eq!(take(bytes, 1), [9]);
            return entries;
        }
        entries.push((name, value(bytes)));
    }
}

fn value(bytes: &mut &[u8]) -> Value {
    match take(bytes, 1)[0] {
        0 => Value::Number(f64::from_be_bytes(take(bytes, 8).try_into().unwrap())),
        1 => Value::Bool(take(bytes, 1)[0] == 1),
        2 => {
            let length = be(take(bytes, 2)) as usize;
            Value::Text(String::from_utf8(take(bytes, length).to_vec()).unwrap())
        }
        3 => Value::Object(object(bytes)),
        8 => {
            let count = be(take(bytes, 4)) as usize;
            let entries = object(bytes);
            assert_eq!(entries.len(), count);
            Value::Object(entries)
        }
        10 => (0..be(take(bytes, 4))).map(|_| value(bytes)).collect::<Vec<_>>().into(),
        12 => {
            let length = be(take(bytes, 4)) as usize;
            Value::Text(String::from_utf8(take(bytes, length).to_vec()).unwrap())
        }
        other => panic!("marker {other}"),
    }
}

impl From<Vec<Value>> for Value {
    fn from(values: Vec<Value>) -> Self {
        Value::Array(values)
    }
}

fn metadata(tags: &[Tag]) -> Value {
    let tag = tags.iter().find(|tag| tag.kind == 18).unwrap();
    let mut bytes = &tag.body[..];
    assert_eq!(value(&mut bytes), Value::Text("onMetaData".to_owned()));
    let properties = value(&mut bytes);
    assert!(bytes.is_empty());
    properties
}

struct Sent {
    stream: usize,
    dts: i64,
    pts: i64,
    keyframe: bool,
    data: Vec<u8>,
    duration: i64,
    trims: (u32, u32),
}

fn sent(stream: usize, dts: i64, pts: i64) -> Sent {
    Sent { stream, dts, pts, keyframe: true, data: vec![7; 5], duration: 0, trims: (0, 0) }
}

fn as_packet(sent: &Sent) -> Packet {
    Packet {
        stream: sent.stream,
        dts: Timestamp(sent.dts),
        pts: Timestamp(sent.pts),
        keyframe: sent.keyframe,
        duration: sent.duration,
        trim_start: sent.trims.0,
        trim_end: sent.trims.1,
        ..packet(&sent.data)
    }
}

fn write(
    options: &[(&str, &str)],
    streams: &[StreamParameters],
    tags: &Metadata,
    packets: &[Sent],
    mut output: MemoryOutput,
) -> Result<Vec<u8>> {
    let mut muxer = open(&MUXER, options)?;
    muxer.start(streams, tags, &mut output)?;
    for packet in packets {
        muxer.write(&as_packet(packet), &mut output)?;
    }
    muxer.finish(streams, &mut output)?;
    Ok(output.into_bytes())
}

fn media(tags: &[Tag]) -> Vec<(u8, u32, Vec<u8>)> {
    let media = tags.iter().filter(|tag| tag.kind != 18);
    media.map(|tag| (tag.kind, tag.time, tag.body.clone())).collect()
}

#[test]
fn h264_and_aac_have_the_tags_of_adobe() {
    // Reordered by one frame, after an encoder delay of 1024 samples.
    let streams = [video(CodecId::H264), aac(44_100)];
    let packets = [
        sent(0, -1, 0),
        Sent { trims: (1024, 0), duration: 1024, ..sent(1, -1024, -1024) },
        sent(1, 0, 0),
        Sent { keyframe: false, ..sent(0, 0, 2) },
        Sent { trims: (0, 100), duration: 1024, ..sent(1, 1024, 1024) },
        Sent { keyframe: false, ..sent(0, 1, 1) },
    ];
    for seekable in [true, false] {
        let none = Metadata::new();
        let file = write(&[], &streams, &none, &packets, memory(seekable)).unwrap();
        let (flags, tags) = parse(&file);
        assert_eq!(flags, 5);
        let record = match &streams[0].record {
            CodecRecord::H264(config) => config.to_bytes().unwrap(),
            _ => unreachable!(),
        };
        let frame = |start: &[u8]| [start, &[7; 5]].concat();
        let expected = [
            (9, 0, [&[0x17, 0, 0, 0, 0], &record[..]].concat()),
            (8, 0, vec![0xaf, 0, 0x12, 0x10]),
            (9, 0, frame(&[0x17, 1, 0, 0, 40])),
            // 40 ms later, as all streams: 40 − 23.2.
            (8, 17, frame(&[0xaf, 1])),
            (8, 40, frame(&[0xaf, 1])),
            (9, 40, frame(&[0x27, 1, 0, 0, 80])),
            (8, 63, frame(&[0xaf, 1])),
            (9, 80, frame(&[0x27, 1, 0, 0, 0])),
            (9, 80, vec![0x17, 2, 0, 0, 0]),
        ];
        assert_eq!(media(&tags), expected);
        let properties = metadata(&tags);
        assert_eq!(properties.number("width"), Some(64.0));
        assert_eq!(properties.number("height"), Some(48.0));
        assert_eq!(properties.number("framerate"), Some(25.0));
        assert_eq!(properties.number("videocodecid"), Some(7.0));
        assert_eq!(properties.number("audiocodecid"), Some(10.0));
        assert_eq!(properties.number("audiosamplerate"), Some(44_100.0));
        assert_eq!(properties.number("audiosamplesize"), Some(16.0));
        assert_eq!(properties.get("stereo"), Some(&Value::Bool(true)));
        let stated = seekable.then_some(file.len() as f64);
        assert_eq!(properties.number("filesize"), stated);
        // The last frame is shown at 40 + 80 ms and lasts 40 ms.
        assert_eq!(properties.number("duration"), seekable.then_some(0.16));
        let delay = (1024.0 / 44_100.0 * 1e6f64).round() / 1e6;
        assert_eq!(properties.number("audiodelay"), seekable.then_some(delay));
    }
}

#[test]
fn new_codecs_and_further_tracks_have_enhanced_tags() {
    let streams = [
        video(CodecId::Av1),
        opus(),
        video(CodecId::H264),
        flac(0),
        aac(44_100),
        video(CodecId::Av1),
    ];
    let packets = [
        sent(0, 0, 0),
        sent(1, 0, 0),
        sent(2, 0, 1),
        sent(3, 0, 0),
        Sent { keyframe: false, ..sent(5, 1, 1) },
        sent(4, 4410, 4410),
    ];
    let file = write(&[], &streams, &Metadata::new(), &packets, memory(true)).unwrap();
    let tags = parse(&file).1;
    let CodecRecord::H264(config) = &streams[2].record else { unreachable!() };
    let av1 = [0x81, 0, 0x0c, 0, 0x0a, 1, 0];
    let join = |a: &[u8], b: &[u8]| [a, b].concat();
    let CodecRecord::Opus(head) = &streams[1].record else { unreachable!() };
    let expected = [
        (9, 0, join(b"\x90av01", &av1)),
        (8, 0, join(b"\x90Opus", &head.to_bytes())),
        // Front left and front right.
        (8, 0, join(b"\x94Opus", &[1, 2, 0, 0, 0, 3])),
        (9, 0, join(b"\x96\0avc1\x01", &config.to_bytes().unwrap())),
        (8, 0, join(b"\x95\0fLaC\x01", &flac_info(0).to_bytes())),
        (8, 0, join(b"\x95\x04fLaC\x01", &[1, 6, 0, 0, 6, 0x0f])),
        (8, 0, join(b"\x95\0mp4a\x02", &[0x12, 0x10])),
        (8, 0, join(b"\x95\x04mp4a\x02", &[1, 2, 0, 0, 0, 3])),
        (9, 0, join(b"\x96\0av01\x02", &av1)),
        (9, 0, join(b"\x91av01", &[7; 5])),
        (8, 0, join(b"\x91Opus", &[7; 5])),
        (9, 0, join(b"\x96\x01avc1\x01\0\0\x28", &[7; 5])),
        (8, 0, join(b"\x95\x01fLaC\x01", &[7; 5])),
        (9, 40, join(b"\xa6\x01av01\x02", &[7; 5])),
        (8, 100, join(b"\x95\x01mp4a\x02", &[7; 5])),
        (9, 0, b"\x92av01".to_vec()),
        (9, 0, b"\x96\x02avc1\x01".to_vec()),
        (9, 40, b"\x96\x02av01\x02".to_vec()),
    ];
    let layout = ChannelLayout::SURROUND_5_1.mask().unwrap().to_be_bytes();
    for (found, mut expected) in media(&tags).into_iter().zip(expected.clone()) {
        if expected.2.starts_with(b"\x95\x04fLaC") {
            expected.2[9..].copy_from_slice(&layout);
        }
        assert_eq!(found, expected, "{:x?}", found.2);
    }
    assert_eq!(media(&tags).len(), expected.len());
    let properties = metadata(&tags);
    assert_eq!(properties.number("videocodecid"), Some(f64::from(0x6176_3031)));
    assert_eq!(properties.number("audiocodecid"), Some(f64::from(0x4f70_7573)));
    let second = properties.get("audioTrackIdInfoMap").and_then(|map| map.get("1")).unwrap();
    assert_eq!(second.number("channels"), Some(6.0));
    assert_eq!(second.number("samplerate"), Some(48_000.0));
    let second = properties.get("videoTrackIdInfoMap").and_then(|map| map.get("2")).unwrap();
    assert_eq!(second.number("width"), Some(64.0));
}

#[test]
fn audio_tags_state_format_rate_size_and_channels() {
    let first = |codec, rate, channels| {
        let stream = pcm(codec, rate, default_layout(channels));
        let streams = std::slice::from_ref(&stream);
        let packet = [Sent { data: vec![1; 8], ..sent(0, 0, 0) }];
        let file = write(&[], streams, &Metadata::new(), &packet, memory(true))?;
        let (flags, tags) = parse(&file);
        assert_eq!(flags, 4);
        let tag = tags.last().unwrap().clone();
        Ok::<_, reelwright_core::Error>(tag.body[..tag.body.len() - 8].to_vec())
    };
    // SoundFormat, SoundRate, SoundSize and SoundType (§E.4.2.1).
    for (codec, rate, channels, byte) in [
        (CodecId::PcmS16Le, 44_100, 2, 0x3f),
        (CodecId::PcmS16Le, 22_050, 1, 0x3a),
        (CodecId::PcmS16Le, 11_025, 2, 0x37),
        (CodecId::PcmU8, 5512, 1, 0x30),
        (CodecId::PcmU8, 44_100, 2, 0x3d),
        (CodecId::PcmALaw, 8000, 1, 0x72),
        (CodecId::PcmMuLaw, 8000, 2, 0x83),
        (CodecId::Mp3, 44_100, 2, 0x2f),
        (CodecId::Mp3, 48_000, 2, 0x2f),
        (CodecId::Mp3, 22_050, 1, 0x2a),
        (CodecId::Mp3, 11_025, 1, 0x26),
    ] {
        assert_eq!(first(codec, rate, channels).unwrap(), [byte], "{codec} {rate} {channels}");
    }
    // Adobe's tags have no number for this rate.
    assert_eq!(first(CodecId::Mp3, 32_000, 2).unwrap(), b"\x91.mp3");
    for (codec, rate, channels, expected) in [
        (CodecId::PcmS16Le, 48_000, 2, "5512, 11025, 22050, 44100"),
        (CodecId::PcmS16Le, 44_100, 6, "1 or 2 channels"),
        (CodecId::PcmALaw, 44_100, 1, "8000"),
        (CodecId::PcmS24Le, 44_100, 2, "aac, mp3, opus, flac, pcm_s16le, pcm_u8"),
    ] {
        let error = first(codec, rate, channels).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(expected), "{error}");
    }
    let twice = [pcm(CodecId::PcmU8, 44_100, ChannelLayout::MONO), aac(44_100)];
    write(&[], &twice, &Metadata::new(), &[], memory(true)).unwrap();
    let twice = [aac(44_100), pcm(CodecId::PcmU8, 44_100, ChannelLayout::MONO)];
    let error = write(&[], &twice, &Metadata::new(), &[], memory(true)).unwrap_err().to_string();
    assert!(error.starts_with("Stream 1: ") && error.contains("first audio stream"), "{error}");
    let odd = [pcm(CodecId::PcmS16Le, 44_100, ChannelLayout::STEREO)];
    let packet = [Sent { data: vec![1; 7], ..sent(0, 0, 0) }];
    assert!(write(&[], &odd, &Metadata::new(), &packet, memory(true)).is_err());
}

#[test]
fn unsupported_streams_are_errors() {
    let refused = |stream: StreamParameters| {
        let streams = std::slice::from_ref(&stream);
        write(&[], streams, &Metadata::new(), &[], memory(true)).unwrap_err().to_string()
    };
    let message = refused(video(CodecId::H264).codec(CodecId::Mjpeg));
    assert!(message.contains("mjpeg") && message.contains("h264, av1"), "{message}");
    let message = refused(video(CodecId::Av1).record(CodecRecord::None));
    assert!(message.contains("configuration record of av1"), "{message}");
    let message = refused(opus().record(CodecRecord::None));
    assert!(message.contains("configuration record of opus"), "{message}");
    let message = refused(aac(44_100).record(CodecRecord::None));
    assert!(message.contains("aac_seq_header_detect"), "{message}");
    assert!(write(&[], &[], &Metadata::new(), &[], memory(true)).is_err());
    let many = vec![aac(44_100); 257];
    let message = write(&[], &many, &Metadata::new(), &[], memory(true)).unwrap_err().to_string();
    assert!(message.contains("256") && message.contains("257"), "{message}");
    for (index, packet) in [
        sent(2, 0, 0),
        Sent { data: vec![0; 1 << 24], ..sent(0, 0, 0) },
        sent(0, 0, 1 << 40),
        sent(0, 1, 0),
    ]
    .iter()
    .enumerate()
    {
        let streams = [video(CodecId::H264), video(CodecId::H264)];
        let result =
            write(&[], &streams, &Metadata::new(), std::slice::from_ref(packet), memory(true));
        assert!(result.is_err(), "{index}");
    }
    // AV1 has no field for the distance.
    let reordered = [sent(0, 0, 1)];
    assert!(
        write(&[], &[video(CodecId::Av1)], &Metadata::new(), &reordered, memory(true)).is_err()
    );
}

#[test]
fn times_have_32_bits_and_are_rounded_from_the_exact_time() {
    let stream = aac(44_100);
    let last = i64::from(i32::MAX);
    // 2^24 − 1 and 2^24 ms, and 2^31 − 1 ms, in samples.
    let samples = |millis: i64| millis * 44_100 / 1000 + 1;
    let times = [0xFF_FFFE, 0xFF_FFFF, 0x100_0000, last];
    let packets: Vec<Sent> = times.iter().map(|t| sent(0, samples(*t), samples(*t))).collect();
    let none = Metadata::new();
    let streams = std::slice::from_ref(&stream);
    let file = write(&[], streams, &none, &packets, memory(true)).unwrap();
    let tags = parse(&file).1;
    let found: Vec<i64> = media(&tags)[1..].iter().map(|tag| tag.1.into()).collect();
    assert_eq!(found, times);
    let tag = &tags[4];
    // Low 24 bits, then the extension.
    assert_eq!(file[tag.at + 4..tag.at + 8], [0, 0, 0, 1]);
    for beyond in [last + 1, 1 << 32] {
        let packet = [sent(0, samples(beyond), samples(beyond))];
        let error = write(&[], streams, &none, &packet, memory(true)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(error.to_string().contains("24.8 days"), "{error}");
    }
    let mut muxer = open(&MUXER, &[]).unwrap();
    muxer.start(streams, &none, &mut memory(true)).unwrap();
    let limit = muxer.time_limits(&stream).max_pts;
    assert!((samples(last - 120_000)..samples(last)).contains(&limit), "{limit}");
    // A day of frames of 1024 samples: no error accumulates.
    let frames = 24 * 3600 * 44_100 / 1024;
    let packets: Vec<Sent> = (0..frames)
        .step_by(997)
        .map(|frame| sent(0, frame * 1024 - 1024, frame * 1024 - 1024))
        .collect();
    let file = write(&[], streams, &none, &packets, memory(true)).unwrap();
    for (tag, sent) in media(&parse(&file).1)[1..].iter().zip(&packets) {
        let exact = sent.dts as f64 * 1000.0 / 44_100.0 + 23.0;
        assert!((f64::from(tag.1) - exact).abs() <= 0.5, "{exact} {}", tag.1);
    }
}

#[test]
fn a_stream_that_begins_later_is_not_shifted() {
    let streams = [video(CodecId::H264), aac(44_100), video(CodecId::H264)];
    let packets = [
        sent(0, 0, 0),
        sent(0, 1, 1),
        sent(1, -1024, -1024),
        sent(1, 0, 0),
        sent(1, 1024, 1024),
        // Reordered by two frames.
        sent(2, -2, 0),
        sent(2, -1, 3),
        sent(2, 0, 1),
    ];
    let file = write(&[], &streams, &Metadata::new(), &packets, memory(true)).unwrap();
    let tags = parse(&file).1;
    let found: Vec<u32> = media(&tags).iter().map(|tag| tag.1).collect();
    assert_eq!(found[3..11], [0, 40, 0, 0, 23, 0, 0, 0]);
    // The offsets keep the times of presentation.
    let offsets = media(&tags).into_iter().filter(|tag| tag.2.starts_with(b"\x96\x01avc1\x01"));
    let offsets: Vec<u32> = offsets.map(|tag| be(&tag.2[7..10])).collect();
    assert_eq!(offsets, [0, 120, 40]);
}

#[test]
fn metadata_of_the_user_is_stored() {
    let long = "x".repeat(70_000);
    let given = tags([("title", "Tïtle"), ("Artist", "me"), ("comment", &long), ("WIDTH", "1")]);
    let file = write(&[], &[aac(44_100)], &given, &[], memory(true)).unwrap();
    let properties = metadata(&parse(&file).1);
    assert_eq!(properties.text("title"), Some("Tïtle"));
    assert_eq!(properties.text("Artist"), Some("me"));
    assert_eq!(properties.text("comment"), Some(&long[..]));
    assert!(properties.text("encoder").unwrap().starts_with("Reelwright "));
    // This name describes the file.
    assert_eq!(properties.get("WIDTH"), None);
    let own = tags([("encoder", "mine")]);
    let file = write(&[], &[aac(44_100)], &own, &[], memory(true)).unwrap();
    assert_eq!(metadata(&parse(&file).1).text("encoder"), Some("mine"));
    let key = "k".repeat(70_000);
    let error = write(&[], &[aac(44_100)], &tags([(&key, "v")]), &[], memory(true)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let rate = aac(44_100).bit_rate(Some(128_000));
    let file = write(&[], &[rate], &Metadata::new(), &[], memory(true)).unwrap();
    assert_eq!(metadata(&parse(&file).1).number("audiodatarate"), Some(128.0));
}

#[test]
fn each_flag_has_its_effect() {
    let streams = [video(CodecId::H264), aac(44_100)];
    let packets = [sent(0, 0, 0), sent(1, 0, 0), sent(0, 1, 1)];
    let tags_with = |flags: &str| {
        let file =
            write(&[("flvflags", flags)], &streams, &Metadata::new(), &packets, memory(true));
        parse(&file.unwrap()).1
    };
    let usual = tags_with("");
    let bare = tags_with("no_metadata");
    assert_eq!(media(&bare), media(&usual));
    assert!(bare.iter().all(|tag| tag.kind != 18));
    let open_ended = metadata(&tags_with("no_duration_filesize"));
    assert_eq!((open_ended.number("duration"), open_ended.number("filesize")), (None, None));
    assert_eq!(open_ended.number("width"), Some(64.0));
    let endless = tags_with("no_sequence_end");
    assert_eq!(media(&endless), media(&usual)[..media(&usual).len() - 1]);
    let refused = |flags| match open(&MUXER, &[("flvflags", flags)]) {
        Ok(_) => panic!("{flags}"),
        Err(error) => error,
    };
    let error = refused("no_metadata+add_keyframe_index");
    assert!(error.to_string().contains("no_metadata"), "{error}");
    let error = refused("bogus");
    assert!(error.to_string().contains("add_keyframe_index"), "{error}");
}

#[test]
fn configuration_of_aac_is_detected_on_request() {
    let stream = pcm(CodecId::Aac, 48_000, ChannelLayout::STEREO);
    // An ADTS frame with the header of 7 bytes, and one without.
    let adts = vec![0xff, 0xf1, 0x4c, 0x80, 0x01, 0x3f, 0xfc, 5, 6];
    let packets =
        [Sent { data: adts, ..sent(0, 0, 0) }, Sent { data: vec![8, 9], ..sent(0, 1024, 1024) }];
    let flags = [("flvflags", "aac_seq_header_detect")];
    let file = write(&flags, &[stream], &Metadata::new(), &packets, memory(true)).unwrap();
    let bodies: Vec<Vec<u8>> = media(&parse(&file).1).into_iter().map(|tag| tag.2).collect();
    // AAC-LC, index 3 of the rates, 2 channels.
    assert_eq!(bodies, [vec![0xaf, 0, 0x11, 0x90], vec![0xaf, 1, 5, 6], vec![0xaf, 1, 8, 9]]);
    let odd = pcm(CodecId::Aac, 47_000, ChannelLayout::STEREO);
    assert!(write(&flags, &[odd], &Metadata::new(), &[], memory(true)).is_err());
    // A configuration that the stream has is kept.
    let file = write(&flags, &[aac(44_100)], &Metadata::new(), &[], memory(true)).unwrap();
    assert_eq!(media(&parse(&file).1)[0].2, [0xaf, 0, 0x12, 0x10]);
}

/// Returns the positions and times of the index.
fn index(tags: &[Tag]) -> Vec<(usize, u32)> {
    let properties = metadata(tags);
    let keyframes = properties.get("keyframes").unwrap();
    let numbers = |name: &str| match keyframes.get(name) {
        Some(Value::Array(values)) => values
            .iter()
            .map(|value| match value {
                Value::Number(number) => *number,
                other => panic!("{other:?}"),
            })
            .collect::<Vec<f64>>(),
        other => panic!("{other:?}"),
    };
    let (positions, times) = (numbers("filepositions"), numbers("times"));
    assert_eq!(positions.len(), times.len());
    let times = times.into_iter().map(|time| (time * 1000.0).round() as u32);
    positions.into_iter().map(|position| position as usize).zip(times).collect()
}

#[test]
fn the_index_has_positions_and_times_of_keyframes() {
    let flags = [("flvflags", "add_keyframe_index")];
    let streams = [aac(44_100), video(CodecId::H264)];
    for count in [1, 100, 1023, 1024, 1025, 5000] {
        let frames = (0..count).map(|i| Sent { keyframe: i % 2 == 0, ..sent(1, i, i) });
        let frames: Vec<Sent> = frames.collect();
        let file = write(&flags, &streams, &Metadata::new(), &frames, memory(true)).unwrap();
        let tags = parse(&file).1;
        let listed = index(&tags);
        let keyframes = tags.iter().filter(|tag| tag.kind == 9 && tag.body.starts_with(&[0x17, 1]));
        let keyframes: Vec<(usize, u32)> = keyframes.map(|tag| (tag.at, tag.time)).collect();
        let step = if keyframes.len() > 2048 { 4 } else { keyframes.len().div_ceil(1024) };
        let expected: Vec<_> = keyframes.iter().copied().step_by(step).collect();
        assert_eq!(listed, expected, "{count}");
        // The reserved space is the same.
        let first = tags.iter().find(|tag| tag.kind != 18).unwrap();
        assert!(first.at < 20_000 && first.at > 1024 * 18, "{}", first.at);
    }
    let frames: Vec<Sent> = (0..100).map(|i| sent(0, i * 4410, i * 4410)).collect();
    let file = write(&flags, &streams[..1], &Metadata::new(), &frames, memory(true)).unwrap();
    let listed = index(&parse(&file).1);
    let times: Vec<u32> = listed.iter().map(|(_, time)| *time).collect();
    assert_eq!(times, (0..10).map(|second| second * 1000).collect::<Vec<u32>>());
    let error =
        write(&flags, &streams, &Metadata::new(), &[], memory(false)).unwrap_err().to_string();
    assert!(error.contains("seekable") && error.contains("add_keyframe_index"), "{error}");
}

#[test]
fn flush_makes_a_complete_file() {
    let flags = [("flvflags", "add_keyframe_index")];
    let streams = [video(CodecId::H264)];
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(&MUXER, &flags).unwrap();
    assert!(muxer.flush(&mut output).is_err());
    muxer.start(&streams, &Metadata::new(), &mut output).unwrap();
    for frame in 0..10i64 {
        muxer.write(&as_packet(&sent(0, frame, frame)), &mut output).unwrap();
        muxer.flush(&mut output).unwrap();
        let tags = parse(output.bytes()).1;
        let properties = metadata(&tags);
        let written = (frame + 1) as f64;
        assert_eq!(properties.number("duration"), Some(written * 0.04));
        assert_eq!(properties.number("filesize"), Some(output.bytes().len() as f64));
        assert_eq!(index(&tags).len() as i64, frame + 1);
        assert_eq!(output.playable_length(), output.position());
    }
    // As after a full disk.
    let cut = parse(output.bytes()).1[8].at as u64;
    output.truncate(cut).unwrap();
    muxer.patch_header(cut, &mut output).unwrap();
    let tags = parse(output.bytes()).1;
    assert_eq!(metadata(&tags).number("filesize"), Some(cut as f64));
    assert!(index(&tags).iter().all(|(at, _)| (*at as u64) < cut));
}

#[test]
fn the_final_record_of_flac_replaces_the_first() {
    for seekable in [true, false] {
        let mut output = memory(seekable);
        let mut muxer = open(&MUXER, &[]).unwrap();
        muxer.start(&[aac(44_100), flac(0)], &Metadata::new(), &mut output).unwrap();
        muxer.write(&as_packet(&sent(1, 0, 0)), &mut output).unwrap();
        muxer.finish(&[aac(44_100), flac(4096)], &mut output).unwrap();
        let tags = parse(output.bytes()).1;
        let start = tags.iter().find(|tag| tag.body.starts_with(b"\x95\0fLaC")).unwrap();
        let expected = flac_info(if seekable { 4096 } else { 0 }).to_bytes();
        assert_eq!(start.body[7..], expected);
    }
}

#[test]
fn empty_packets_have_no_tag() {
    let packets = [Sent { data: Vec::new(), ..sent(0, 0, 0) }];
    let file = write(&[], &[aac(44_100)], &Metadata::new(), &packets, memory(true)).unwrap();
    assert_eq!(media(&parse(&file).1).len(), 1);
}

#[test]
fn any_failure_of_the_output_is_an_error() {
    check_failing_output(&MUXER, &aac(44_100), &[1; 9]);
    check_failing_output(&MUXER, &flac(0), &[1; 9]);
    check_failing_output(&MUXER, &video(CodecId::H264), &[1; 9]);
}

proptest! {
    #[test]
    fn pcm_does_not_depend_on_the_division_into_packets(
        data in prop::collection::vec(any::<u8>(), 0..4000),
        cuts in prop::collection::vec(1usize..200, 1..20),
    ) {
        let stream = pcm(CodecId::PcmS16Le, 44_100, ChannelLayout::STEREO);
        let data = &data[..data.len() / 4 * 4];
        let none = Metadata::new();
        let packets = cut(data, 4, &cuts);
        let file = mux(&MUXER, &[], &stream, &none, packets, memory(true)).unwrap();
        let samples: Vec<u8> =
            media(&parse(&file).1).iter().flat_map(|tag| tag.2[1..].to_vec()).collect();
        prop_assert_eq!(samples, data);
    }

    #[test]
    fn streams_keep_their_distance(
        start in -200i64..200,
        delay in 0i64..3000,
        (num, den) in prop::sample::select(vec![(1, 25), (1001, 30_000), (1, 90_000), (1, 600)]),
    ) {
        let unit = TimeBase::new(Rational::new(num, den).unwrap());
        let streams = [video(CodecId::H264).time_base(unit), aac(44_100)];
        let seconds = |sent: &Sent| match sent.stream {
            0 => sent.dts as f64 * num as f64 / den as f64,
            _ => sent.dts as f64 / 44_100.0,
        };
        let mut packets: Vec<Sent> = (0..50).map(|i| sent(0, start + i, start + i + 3)).collect();
        packets.extend((0..50).map(|i| sent(1, i * 1024 - delay, i * 1024 - delay)));
        packets.sort_by(|a, b| seconds(a).total_cmp(&seconds(b)));
        let file = write(&[], &streams, &Metadata::new(), &packets, memory(true)).unwrap();
        let tags = parse(&file).1;
        let frames = tags.iter().filter(|tag| tag.kind != 18 && tag.body.get(1) == Some(&1));
        // Halves are rounded away from zero, in exact arithmetic.
        let (num_of, den_of) = if packets[0].stream == 0 { (num, den) } else { (1, 44_100) };
        let early = (-packets[0].dts).max(0) * 1000 * num_of;
        let shift = -(((2 * early + den_of) / (2 * den_of)) as f64);
        let mut count = 0;
        for (tag, sent) in frames.zip(&packets) {
            let exact = seconds(sent) * 1000.0 - shift;
            prop_assert!((f64::from(tag.time) - exact).abs() <= 0.5001, "{} {}", tag.time, exact);
            if sent.stream == 0 {
                let offset = f64::from(be(&tag.body[2..5]));
                let pts = exact + 3000.0 * num as f64 / den as f64;
                prop_assert!((f64::from(tag.time) + offset - pts).abs() <= 0.5001);
            }
            count += 1;
        }
        prop_assert_eq!(count, packets.len());
    }
}
