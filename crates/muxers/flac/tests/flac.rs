//! FLAC: RFC 9639's own example, and third-party readers.

mod frames;

use frames::{BLOCK, Sine};
use proptest::prelude::*;
use reelwright_core::{
    AudioFormat, AudioParameters, ChannelLayout, CodecId, CodecRecord, ErrorKind, FlacStreamInfo,
    MediaParameters, MemoryOutput, Metadata, Output as _, Packet, Result, SampleFormat,
    StreamParameters, TimeBase,
};
use reelwright_mux_flac::MUXER;
use reelwright_testkit::decode::decode_bytes;
use reelwright_testkit::muxing::{check_failing_output, memory, open, tags};
use reelwright_testkit::program::{ffmpeg_copy_audio, ffprobe, run};
use reelwright_testkit::signal::noise_bytes;

/// Returns a stream of 16 bits without the values that are known only at the end.
fn stream(rate: u32, layout: ChannelLayout) -> StreamParameters {
    let info = FlacStreamInfo {
        min_block_size: BLOCK as u16,
        max_block_size: BLOCK as u16,
        min_frame_size: 0,
        max_frame_size: 0,
        sample_rate: rate,
        channels: layout.channels() as u8,
        bits_per_sample: 16,
        total_samples: 0,
        md5: [0; 16],
    };
    StreamParameters::new(
        CodecId::Flac,
        TimeBase::from_sample_rate(rate).unwrap(),
        MediaParameters::Audio(
            AudioParameters::new(AudioFormat {
                sample_rate: rate,
                layout,
                sample_format: SampleFormat::S16,
            })
            .bits_per_sample(16)
            .frame_size(Some(BLOCK)),
        ),
    )
    .record(CodecRecord::Flac(info))
}

fn mono(rate: u32) -> StreamParameters {
    stream(rate, ChannelLayout::MONO)
}

/// Returns the stream as known at the end.
fn ended(mut stream: StreamParameters, frames: usize) -> StreamParameters {
    let CodecRecord::Flac(info) = &mut stream.record else { unreachable!() };
    info.total_samples = (frames * BLOCK) as u64;
    stream
}

/// Returns a file of mono frames.
fn mux(
    options: &[(&str, &str)],
    stream: &StreamParameters,
    tags: &Metadata,
    frames: usize,
    mut output: MemoryOutput,
) -> Result<Vec<u8>> {
    let mut muxer = open(&MUXER, options)?;
    muxer.start(std::slice::from_ref(stream), tags, &mut output)?;
    for packet in Sine::default().take(frames) {
        muxer.write(&packet, &mut output)?;
    }
    muxer.finish(&[ended(stream.clone(), frames)], &mut output)?;
    Ok(output.into_bytes())
}

/// Returns types and bodies of the metadata blocks, and the frames after them.
fn blocks(file: &[u8]) -> (Vec<(u8, &[u8])>, &[u8]) {
    assert_eq!(&file[..4], b"fLaC");
    let (mut blocks, mut rest) = (Vec::new(), &file[4..]);
    loop {
        let length = u32::from_be_bytes([0, rest[1], rest[2], rest[3]]) as usize;
        blocks.push((rest[0] & 0x7F, &rest[4..4 + length]));
        let last = rest[0] >> 7 == 1;
        rest = &rest[4 + length..];
        if last {
            return (blocks, rest);
        }
    }
}

#[test]
fn decodes_the_first_example_of_the_rfc() {
    // RFC 9639 appendix D.1: one frame of one sample in stereo.
    let frame = b"\xFF\xF8\x69\x18\x00\x00\xBF\x03\x58\xFD\x03\x12\x8B\xAA\x9A";
    let info = FlacStreamInfo {
        min_block_size: 4096,
        max_block_size: 4096,
        min_frame_size: 15,
        max_frame_size: 15,
        sample_rate: 44_100,
        channels: 2,
        bits_per_sample: 16,
        total_samples: 1,
        md5: *b"\x3E\x84\xB4\x18\x07\xDC\x69\x03\x07\x58\x6A\x3D\xAD\x1A\x2E\x0F",
    };
    let mut stream = stream(44_100, ChannelLayout::STEREO);
    stream.record = CodecRecord::Flac(info.clone());
    let streams = [stream];
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(&MUXER, &[("padding", "0")]).unwrap();
    muxer.start(&streams, &Metadata::new(), &mut output).unwrap();
    muxer.write(&Packet { data: frame.to_vec(), ..Packet::default() }, &mut output).unwrap();
    muxer.finish(&streams, &mut output).unwrap();
    let (blocks, frames) = blocks(output.bytes());
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[0], (0, &info.to_bytes()[..]));
    assert_eq!(frames, frame);
    let Some(audio) = run(
        "flac",
        &["-dcs", "--force-raw-format", "--endian=little", "--sign=signed", "{}"],
        output.bytes(),
    ) else {
        return;
    };
    // Samples that the RFC derives by hand.
    assert_eq!(audio, [25_588i16, 10_416].map(i16::to_le_bytes).concat());
}

#[test]
fn seekable_output_contains_final_totals() {
    let file = |output| mux(&[], &mono(8000), &Metadata::new(), 5, output).unwrap();
    let total = |file: &[u8]| u64::from_be_bytes(blocks(file).0[0].1[10..18].try_into().unwrap());
    assert_eq!(total(&file(MemoryOutput::seekable())) & ((1 << 36) - 1), 5 * BLOCK as u64);
    assert_eq!(total(&file(MemoryOutput::streaming())) & ((1 << 36) - 1), 0);
}

#[test]
fn padding_has_the_requested_length() {
    let padding = |options: &[(&str, &str)]| {
        let output = MemoryOutput::seekable();
        let file = mux(options, &mono(8000), &Metadata::new(), 1, output).unwrap();
        blocks(&file).0.iter().find(|b| b.0 == 1).map(|b| (b.1.len(), b.1.iter().all(|&b| b == 0)))
    };
    assert_eq!(padding(&[]), Some((8192, true)));
    assert_eq!(padding(&[("padding", "5")]), Some((5, true)));
    assert_eq!(padding(&[("padding", "0")]), None);
    let error = open(&MUXER, &[("padding", "16777216")]).map(drop).unwrap_err();
    assert!(error.to_string().contains("0 to 16777215"), "{error}");
}

#[test]
fn file_without_header_consists_of_frames() {
    let options = [("write_header", "false")];
    let file = mux(&options, &mono(8000), &Metadata::new(), 3, MemoryOutput::seekable()).unwrap();
    let frames: Vec<u8> = Sine::default().take(3).flat_map(|packet| packet.data).collect();
    assert_eq!(file, frames);
    let both = [("write_header", "false"), ("seek_interval", "1")];
    assert_eq!(open(&MUXER, &both).map(drop).unwrap_err().kind(), ErrorKind::Option);
}

#[test]
fn fields_have_the_names_of_vorbis_comments() {
    let tags = tags([
        ("title", "Tä"),
        ("album_artist", "A"),
        ("track", "3"),
        ("disc", "1"),
        ("comment", "c"),
        ("mood", "x=y\nz"),
    ]);
    let file = mux(&[], &mono(8000), &tags, 1, MemoryOutput::streaming()).unwrap();
    let comment = blocks(&file).0.into_iter().find(|b| b.0 == 4).unwrap().1;
    let mut rest = comment;
    let mut text = || {
        let (length, more) = rest.split_at(4);
        let length = u32::from_le_bytes(length.try_into().unwrap()) as usize;
        let (text, more) = more.split_at(length);
        rest = more;
        String::from_utf8(text.to_vec()).unwrap()
    };
    assert!(text().starts_with("Reelwright "));
    rest = &rest[4..];
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (length, more) = rest.split_at(4);
        let (field, more) = more.split_at(u32::from_le_bytes(length.try_into().unwrap()) as usize);
        fields.push(str::from_utf8(field).unwrap());
        rest = more;
    }
    assert_eq!(
        fields,
        [
            "TITLE=Tä",
            "ALBUMARTIST=A",
            "TRACKNUMBER=3",
            "DISCNUMBER=1",
            "DESCRIPTION=c",
            "MOOD=x=y\nz"
        ]
    );
    for (key, value) in tags.iter() {
        let Some(found) = ffprobe("flac", &format!("format_tags={key}"), &file) else { return };
        assert_eq!(found.trim_matches('"'), value, "{key}");
    }
}

#[test]
fn rejects_keys_that_are_not_field_names() {
    let write = |key| mux(&[], &mono(8000), &tags([(key, "x")]), 1, MemoryOutput::seekable());
    let error = write("schlüssel").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
    assert!(error.to_string().contains("schlüssel"), "{error}");
    write("~ all that is printable {").unwrap();
    let long = "x".repeat(1 << 24);
    let error = mux(&[], &mono(8000), &tags([("title", &long)]), 1, MemoryOutput::seekable());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::TooLarge);
}

#[test]
fn the_file_states_layouts_that_are_not_implied() {
    let mask = |name: &str, tags: &Metadata| {
        let mut output = MemoryOutput::streaming();
        let stream = stream(8000, name.parse().unwrap());
        open(&MUXER, &[]).unwrap().start(&[stream], tags, &mut output).unwrap();
        let text = String::from_utf8_lossy(output.bytes()).into_owned();
        let at = text.find("WAVEFORMATEXTENSIBLE_CHANNEL_MASK=");
        at.map(|at| {
            text[at + 34..].trim_matches(|c: char| !c.is_ascii_alphanumeric())[..].to_owned()
        })
    };
    let none = Metadata::new();
    for implied in ["mono", "stereo", "3.0", "quad", "6.1", "7.1"] {
        assert_eq!(mask(implied, &none), None, "{implied}");
    }
    for (name, bits) in [("2.1", "0xb"), ("5.1", "0x3f"), ("5.1(side)", "0x60f"), ("4.0", "0x107")]
    {
        assert_eq!(mask(name, &none).as_deref(), Some(bits), "{name}");
    }
    let own = tags([("WAVEFORMATEXTENSIBLE_CHANNEL_MASK", "0x33")]);
    assert_eq!(mask("5.1", &own).as_deref(), Some("0x33"));
}

/// Returns sample numbers, offsets and lengths of a seek table's points.
fn points(file: &[u8]) -> Vec<(u64, u64, u16)> {
    let (blocks, _) = blocks(file);
    let table = blocks.iter().find(|b| b.0 == 3).unwrap().1;
    let point = |p: &[u8]| {
        (
            u64::from_be_bytes(p[..8].try_into().unwrap()),
            u64::from_be_bytes(p[8..16].try_into().unwrap()),
            u16::from_be_bytes(p[16..].try_into().unwrap()),
        )
    };
    table.chunks(18).map(point).collect()
}

#[test]
fn seek_points_lead_to_frames() {
    let frames = 1000;
    // 41.67 frames per second, 24 seconds.
    let options = [("seek_interval", "2")];
    let output = MemoryOutput::seekable();
    let file = mux(&options, &mono(8000), &Metadata::new(), frames, output).unwrap();
    let points = points(&file);
    assert_eq!(points.len(), 512);
    let (real, placeholders) = points.split_at(12);
    assert!(placeholders.iter().all(|p| *p == (u64::MAX, 0, 0)));
    let audio = blocks(&file).1;
    let all: Vec<Packet> = Sine::default().take(frames).collect();
    for (i, &(sample, offset, samples)) in real.iter().enumerate() {
        let wanted = i as u64 * 16_000;
        assert!((sample..sample + u64::from(samples)).contains(&wanted));
        let frame = &all[sample as usize / BLOCK].data;
        assert!(audio[offset as usize..].starts_with(frame));
    }
}

#[test]
fn seek_table_requires_a_seekable_output() {
    let options = [("seek_interval", "10")];
    let output = MemoryOutput::streaming();
    let error = mux(&options, &mono(8000), &Metadata::new(), 1, output).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("seek_interval"), "{error}");
}

#[test]
fn third_party_readers_play_the_file() {
    let frames = 300;
    let audio = frames::samples(frames);
    for (options, output) in [
        (&[][..], MemoryOutput::streaming()),
        (&[][..], MemoryOutput::seekable()),
        (&[("seek_interval", "1")][..], MemoryOutput::seekable()),
    ] {
        let tags = tags([("title", "T")]);
        let file = mux(options, &mono(8000), &tags, frames, output.clone()).unwrap();
        // symphonia decodes to 32 bits; the upper half is the sample.
        let found = decode_bytes(file.clone());
        let upper: Vec<u8> = found.chunks(4).flat_map(|sample| &sample[2..]).copied().collect();
        assert!(upper == audio);
        let decode = ["-v", "error", "-i", "{}", "-f", "s16le", "-"];
        if let Some(found) = run("ffmpeg", &decode, &file) {
            assert!(found == audio);
            assert_eq!(ffmpeg_copy_audio("flac", "-", &file).unwrap(), blocks(&file).1);
        }
        let decode = ["-dcs", "--force-raw-format", "--endian=little", "--sign=signed", "{}"];
        if let Some(found) = run("flac", &decode, &file) {
            assert!(found == audio);
        }
        if output.is_seekable()
            && let Some(from) = run("flac", &[&decode[..], &["--skip=30000"]].concat(), &file)
        {
            assert!(from == audio[60_000..]);
        }
    }
}

#[test]
fn unsupported_streams_are_errors() {
    let mut output = MemoryOutput::seekable();
    let none = Metadata::new();
    let mut start = |change: fn(&mut FlacStreamInfo)| {
        let mut stream = mono(8000);
        let CodecRecord::Flac(info) = &mut stream.record else { unreachable!() };
        change(info);
        open(&MUXER, &[]).unwrap().start(&[stream], &none, &mut output).unwrap_err().kind()
    };
    assert_eq!(start(|info| info.sample_rate = 1 << 20), ErrorKind::Unsupported);
    assert_eq!(start(|info| info.sample_rate = 0), ErrorKind::Unsupported);
    assert_eq!(start(|info| info.channels = 9), ErrorKind::Unsupported);
    assert_eq!(start(|info| info.bits_per_sample = 3), ErrorKind::Unsupported);
    let mut other = mono(8000);
    other.codec = CodecId::PcmS16Le;
    assert!(open(&MUXER, &[]).unwrap().start(&[other], &none, &mut output).is_err());
    let mut stream = mono(8000);
    stream.record = CodecRecord::None;
    let mut muxer = open(&MUXER, &[]).unwrap();
    assert!(muxer.start(&[stream.clone()], &none, &mut output).is_err());
    assert!(muxer.start(&[], &none, &mut output).is_err());
    assert!(muxer.write(&Packet::default(), &mut output).is_err());
    assert!(output.bytes().is_empty());
    muxer.start(&[mono(8000)], &none, &mut output).unwrap();
    let other = Packet { stream: 7, ..Packet::default() };
    let error = muxer.write(&other, &mut output).unwrap_err();
    assert!(error.to_string().contains("Found: 7"), "{error}");
    assert!(muxer.finish(&[stream], &mut output).is_err());
}

#[test]
fn any_failure_of_the_output_is_an_error() {
    check_failing_output(&MUXER, &mono(8000), &Sine::default().next().unwrap().data);
}

proptest! {
    // The file depends only on the packets, and the packets do not depend on the chunks.
    #[test]
    fn any_packets_are_written_or_rejected(
        packets in prop::collection::vec((0usize..3, 0usize..50, any::<i64>()), 0..20),
        seekable: bool,
    ) {
        let mut output = memory(seekable);
        let options: &[_] = if seekable { &[("seek_interval", "1")] } else { &[] };
        let mut muxer = open(&MUXER, options).unwrap();
        let stream = mono(8000);
        muxer.start(std::slice::from_ref(&stream), &Metadata::new(), &mut output).unwrap();
        let mut expected = Vec::new();
        for (stream, bytes, duration) in packets {
            let data = noise_bytes(bytes);
            let packet = Packet { stream, data, duration, ..Packet::default() };
            let result = muxer.write(&packet, &mut output);
            prop_assert_eq!(result.is_ok(), stream == 0);
            if stream == 0 {
                expected.extend(packet.data);
            }
        }
        muxer.finish(&[stream], &mut output).unwrap();
        prop_assert_eq!(blocks(output.bytes()).1, expected);
    }
}
