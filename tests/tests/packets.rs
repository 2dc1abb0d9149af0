//! Packets: streams that were encoded elsewhere, and encoders without a container.

use reelwright::h264::append_byte_stream;
use reelwright::{
    AudioFormat, AudioParameters, AudioStream, AvcConfig, ChannelLayout, CodecId, CodecRecord,
    Error, ErrorKind, MediaParameters, Options, Packet, Rational, Result, SampleFormat,
    StreamParameters, StreamingMediaEncoder, TensorView, TimeBase, Timestamp, VideoStream,
    audio_encoders, video_encoders,
};

const SIZE: usize = 64;
const FRAMES: usize = 12;

fn frame(index: usize) -> Vec<u8> {
    (0..3 * SIZE * SIZE).map(|i| (i / 9 + index * 6) as u8).collect()
}

fn write_frames(encoder: &mut StreamingMediaEncoder<'_>, index: usize) -> Result<()> {
    for number in 0..FRAMES {
        let pixels = frame(number);
        let chunk = TensorView::contiguous(&pixels, &[1, 3, SIZE, SIZE])?;
        encoder.write_video_chunk(index, &chunk, None)?;
    }
    Ok(())
}

fn write_audio(encoder: &mut StreamingMediaEncoder<'_>, index: usize) -> Result<()> {
    let samples: Vec<i16> = (0..2 * 24_000).map(|i| (i * 37 % 9000) as i16).collect();
    encoder.write_audio_chunk(index, &TensorView::contiguous(&samples, &[24_000, 2])?, None)
}

fn video(encoder: &str) -> VideoStream {
    VideoStream::new(25.0, SIZE as u32, SIZE as u32).encoder(encoder)
}

fn audio(encoder: &str) -> AudioStream {
    AudioStream::new(48_000, 2).format(SampleFormat::S16).encoder(encoder)
}

/// Returns the packets of both streams, and their parameters.
fn encode(video_encoder: &str, audio_encoder: &str) -> (Vec<Packet>, Vec<StreamParameters>) {
    let (mut encoder, mut packets) = StreamingMediaEncoder::to_packets();
    encoder.add_video_stream(&video(video_encoder)).unwrap();
    encoder.add_audio_stream(&audio(audio_encoder)).unwrap();
    encoder.open().unwrap();
    write_frames(&mut encoder, 0).unwrap();
    write_audio(&mut encoder, 1).unwrap();
    encoder.finish().unwrap();
    let all = packets.by_ref().collect();
    (all, packets.streams())
}

fn mux(
    format: &str,
    options: &[(&str, &str)],
    packets: &[Packet],
    streams: &[StreamParameters],
) -> Result<Vec<u8>> {
    let mut encoder =
        StreamingMediaEncoder::to_seekable_writer(std::io::Cursor::new(Vec::new()), format)?;
    for stream in streams {
        encoder.add_packet_stream(stream)?;
    }
    encoder.open_with(options.iter().copied().collect::<Options>())?;
    for packet in packets {
        encoder.write_packet(packet.stream, packet)?;
    }
    Ok(encoder.finish().map_err(Error::from)?.into_inner())
}

/// Returns the file that an encoder writes with a container.
fn whole(format: &str, options: &[(&str, &str)], streams: [&str; 2]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let target = reelwright::Target::seekable_writer(&mut bytes);
    let mut encoder = StreamingMediaEncoder::new(target, Some(format)).unwrap();
    encoder.add_video_stream(&video(streams[0])).unwrap();
    encoder.add_audio_stream(&audio(streams[1])).unwrap();
    encoder.open_with(options.iter().copied().collect::<Options>()).unwrap();
    write_frames(&mut encoder, 0).unwrap();
    write_audio(&mut encoder, 1).unwrap();
    encoder.finish().unwrap();
    bytes.into_inner()
}

const LAYOUTS: &[&str] = &[
    "progressive",
    "faststart",
    "hybrid_fragmented",
    "frag_keyframe",
    "frag_every_frame",
    "frag_keyframe+dash",
];

#[test]
fn muxed_packets_equal_encoded_file() {
    for (format, streams) in [
        ("mp4", ["h264", "aac"]),
        ("mp4", ["h264", "opus"]),
        ("mp4", ["librav1e", "flac"]),
        ("mov", ["mjpeg", "alac"]),
        ("mov", ["h264", "pcm_s16le"]),
    ] {
        let (packets, parameters) = encode(streams[0], streams[1]);
        for layout in LAYOUTS {
            let options = [("movflags", *layout)];
            let expected = whole(format, &options, streams);
            let found = mux(format, &options, &packets, &parameters).unwrap();
            assert!(found == expected, "{format} {streams:?} {layout}");
        }
    }
}

#[test]
fn every_codec_can_be_encoded_to_packets() {
    for name in video_encoders().map(|info| info.encoder.name) {
        let (mut encoder, packets) = StreamingMediaEncoder::to_packets();
        encoder.add_video_stream(&video(name)).unwrap();
        encoder.open().unwrap();
        write_frames(&mut encoder, 0).unwrap();
        encoder.finish().unwrap();
        let pts: Vec<i64> = packets.clone().map(|packet| packet.pts.0).collect();
        assert_eq!(pts, (0..FRAMES as i64).collect::<Vec<_>>(), "{name}");
        let [stream] = &packets.streams()[..] else { panic!("{name}") };
        assert_eq!(stream.video().unwrap().format.width, SIZE as u32);
    }
    for info in audio_encoders() {
        let name = info.encoder.name;
        let (mut encoder, packets) = StreamingMediaEncoder::to_packets();
        encoder.add_audio_stream(&audio(name)).unwrap();
        encoder.open().unwrap();
        write_audio(&mut encoder, 0).unwrap();
        encoder.finish().unwrap();
        let [stream] = &packets.streams()[..] else { panic!("{name}") };
        // The presented duration equals that of the input.
        let rate = i64::from(stream.audio().unwrap().format.sample_rate);
        let heard = |p: &Packet| p.duration - i64::from(p.trim_start) - i64::from(p.trim_end);
        let all: i64 = packets.clone().map(|packet| heard(&packet)).sum();
        let unit = stream.time_base.seconds();
        assert_eq!(all * rate * unit.num() / unit.den(), rate / 2, "{name}");
        let extradata = stream.record.to_extradata().unwrap();
        if !matches!(stream.record, CodecRecord::Adpcm(_) | CodecRecord::Mp3(_)) {
            let record = CodecRecord::from_extradata(stream.codec, &extradata).unwrap();
            assert_eq!(record, stream.record, "{name}");
        }
    }
}

#[test]
fn accepts_byte_streams_and_adts() {
    let (packets, streams) = encode("h264", "aac");
    let CodecRecord::H264(config) = &streams[0].record else { panic!() };
    let mut first = true;
    for packet in packets.iter().filter(|packet| packet.stream == 0) {
        let mut stream = Vec::new();
        append_byte_stream(config, packet, &mut stream).unwrap();
        if std::mem::take(&mut first) {
            assert_eq!(AvcConfig::from_byte_stream(&stream).unwrap(), *config);
        }
        let mut back = Vec::new();
        assert_eq!(config.append_packet(&stream, &mut back).unwrap(), packet.keyframe);
        assert_eq!(back, packet.data);
    }
    let CodecRecord::Aac(config) = &streams[1].record else { panic!() };
    let one: Vec<Packet> =
        packets.into_iter().filter(|packet| packet.stream == 1).take(1).collect();
    let one = [Packet { stream: 0, ..one[0].clone() }];
    let adts = mux("adts", &[], &one, &streams[1..]).unwrap();
    let (found, header) = reelwright::AudioSpecificConfig::from_adts(&adts).unwrap();
    assert_eq!(&adts[header..], one[0].data);
    assert_eq!(found.core_sample_rate, config.core_sample_rate);
}

/// Returns H.264 packets in the order I P B B, as x264 writes them, with an artificial payload.
fn reordered(count: i64, shift: i64) -> Vec<Packet> {
    let mut packets = vec![(0, true)];
    let mut at = 1;
    while at + 2 < count {
        packets.extend([(at + 2, false), (at, false), (at + 1, false)]);
        at += 3;
    }
    let packet = |(dts, (pts, keyframe)): (i64, (i64, bool))| Packet {
        data: vec![0, 0, 0, 3, if keyframe { 0x65 } else { 0x41 }, pts as u8, dts as u8],
        pts: Timestamp(pts + shift),
        dts: Timestamp(dts - 1 + shift),
        duration: 1,
        keyframe,
        ..Packet::default()
    };
    (0..).zip(packets).map(packet).collect()
}

fn h264() -> StreamParameters {
    let (_, streams) = encode("h264", "aac");
    streams[0].clone()
}

#[test]
fn reordered_packets_keep_their_timestamps_in_every_layout() {
    let directory = tempfile::tempdir().unwrap();
    let parameters = h264();
    for shift in [0, 25] {
        let packets = reordered(13, shift);
        for layout in LAYOUTS {
            let file =
                mux("mp4", &[("movflags", layout)], &packets, std::slice::from_ref(&parameters))
                    .unwrap();
            let path = directory.path().join("a.mp4");
            std::fs::write(&path, file).unwrap();
            let fields = "packet=pts_time,dts_time,flags";
            let Some(found) = reelwright_testkit::program::run(
                "ffprobe",
                &["-v", "error", "-show_entries", fields, "-of", "csv=p=0", path.to_str().unwrap()],
                &[],
            ) else {
                return;
            };
            let text = String::from_utf8(found).unwrap();
            let expected: Vec<_> = packets
                .iter()
                .map(|packet| {
                    let seconds = |at: Timestamp| format!("{:.6}", at.0 as f64 / 25.0);
                    let flags = if packet.keyframe { "K" } else { "_" };
                    (seconds(packet.pts), seconds(packet.dts), flags)
                })
                .collect();
            let found: Vec<_> = text
                .lines()
                .map(|line| {
                    let mut words = line.split(',');
                    let mut next = || words.next().unwrap_or_default().to_owned();
                    (next(), next(), if next().starts_with('K') { "K" } else { "_" })
                })
                .collect();
            assert_eq!(found, expected, "{layout}, shift {shift}");
        }
    }
}

#[test]
fn rejects_invalid_packet_and_continues() {
    let mut encoder =
        StreamingMediaEncoder::to_seekable_writer(std::io::Cursor::new(Vec::new()), "mp4").unwrap();
    encoder.add_packet_stream(&h264()).unwrap();
    encoder.add_audio_stream(&audio("aac")).unwrap();
    encoder.open().unwrap();
    let packets = reordered(4, 0);
    encoder.write_packet(0, &packets[0]).unwrap();
    let with = |change: &dyn Fn(&mut Packet)| {
        let mut packet = packets[1].clone();
        change(&mut packet);
        packet
    };
    for (wrong, part) in [
        (with(&|packet| packet.dts = packets[0].dts), "after that of the previous packet"),
        (with(&|packet| packet.pts.0 = packet.dts.0 - 1), "not after its pts"),
        (with(&|packet| packet.duration = -1), "not negative"),
        (with(&|packet| packet.data.clear()), "data"),
        (with(&|packet| packet.pts.0 = i64::MAX), "times up to"),
        (with(&|packet| packet.data = vec![0, 0, 0, 1, 0x41, 5]), "append_packet"),
    ] {
        let error = encoder.write_packet(0, &wrong).unwrap_err();
        assert_eq!((error.kind(), error.stream()), (ErrorKind::Chunk, Some(0)));
        assert!(error.to_string().contains(part), "{error}");
    }
    let pixels = frame(0);
    let chunk = TensorView::contiguous(&pixels, &[1, 3, SIZE, SIZE]).unwrap();
    let error = encoder.write_video_chunk(0, &chunk, None).unwrap_err().to_string();
    assert!(error.contains("write_packet"), "{error}");
    let error = encoder.write_packet(1, &packets[1]).unwrap_err().to_string();
    assert!(error.contains("does not accept packets"), "{error}");
    encoder.write_packet(0, &packets[1]).unwrap();
    assert!(encoder.finish().is_ok());
}

#[test]
fn checks_packet_streams_when_they_are_added() {
    let rejected = |format: &str, stream: &StreamParameters| {
        let mut encoder = StreamingMediaEncoder::to_writer(Vec::new(), format).unwrap();
        encoder.add_packet_stream(stream).unwrap_err().to_string()
    };
    let video = h264();
    assert!(rejected("mp4", &video.clone().record(CodecRecord::None)).contains("record"));
    assert!(rejected("wav", &video).contains("does not support video"));
    assert!(rejected("ivf", &video).contains("does not support h264"));
    assert!(rejected("mp4", &video.clone().codec(CodecId::Aac)).contains("codec for audio"));
    let format = AudioFormat {
        sample_format: SampleFormat::S16,
        sample_rate: 0,
        layout: ChannelLayout::MONO,
    };
    let second = TimeBase::new(Rational::new(1, 8000).unwrap());
    let media = MediaParameters::Audio(AudioParameters::new(format));
    let audio = StreamParameters::new(CodecId::PcmS16Le, second, media);
    assert!(rejected("wav", &audio).contains("sample rate"));
}
