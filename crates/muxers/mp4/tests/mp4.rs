//! MP4 and related formats, read by third-party programs and crates.

use std::io::Cursor;

use mp4::{Mp4Reader, TrackType};
use mp4_atom::{Any, Atom as _, Decode as _, Moov};
use proptest::prelude::*;
use reelwright_core::{
    AlacConfig, AudioParameters, AudioSpecificConfig, Av1Config, AvcConfig, CodecId, CodecRecord,
    ColorInfo, CoverArt, ErrorKind, FlacStreamInfo, MemoryOutput, Metadata, Muxer, MuxerInfo,
    OpusHead, Packet, PixelFormat, Rational, Result, StreamParameters, TimeBase, Timestamp,
    VideoFormat,
};
use reelwright_mux_mp4::MUXERS;
use reelwright_testkit::decode::decode_bytes;
use reelwright_testkit::muxing::{
    check_failing_output, default_layout, memory, open, pcm, tags, video_parameters,
};
use reelwright_testkit::output::{CountingOutput, CrashOutput, FailingOutput};
use reelwright_testkit::program::ffprobe;
use reelwright_testkit::signal::noise_bytes;

const MP4: &MuxerInfo = &MUXERS[0];
const MOV: &MuxerInfo = &MUXERS[1];
const IPOD: &MuxerInfo = &MUXERS[2];

/// Every layout, by its flags.
const LAYOUTS: [&str; 4] = ["hybrid_fragmented", "progressive", "faststart", "frag_keyframe"];

/// Parameters of H.264 of 320 by 180.
fn h264() -> StreamParameters {
    let sps =
        vec![0x67, 0x42, 0xc0, 0x0d, 0x8c, 0x8d, 0x40, 0xa0, 0xcd, 0x90, 0x0f, 0x08, 0x84, 0x6a];
    let color = ColorInfo::BT709;
    video_parameters(CodecId::H264, PixelFormat::Yuv420p, (320, 180), (25, 1), color)
        .record(CodecRecord::H264(AvcConfig::new(sps, vec![0x68, 0xce, 0x3c, 0x80])))
}

fn aac(rate: u32) -> StreamParameters {
    let mut stream = pcm(CodecId::Aac, rate, default_layout(2));
    // LC at 48 kHz, stereo.
    stream.record = CodecRecord::Aac(AudioSpecificConfig {
        bytes: vec![0x11, 0x90],
        object_type: 2,
        core_sample_rate: rate,
        channel_configuration: 2,
    });
    stream
}

/// Parameters of Opus with packets of 20 ms.
fn opus() -> StreamParameters {
    let mut stream = pcm(CodecId::Opus, 48_000, default_layout(2));
    stream.record = CodecRecord::Opus(OpusHead {
        channels: 2,
        pre_skip: 312,
        input_sample_rate: 44_100,
        output_gain: 0,
        mapping: None,
    });
    stream
}

/// Packets of video frames of 1/25 s. Every `gop`th is a keyframe.
fn video(count: i64, gop: i64) -> Vec<Packet> {
    let packet = |i| Packet {
        data: noise_bytes(50 + (i as usize * 37) % 400),
        pts: Timestamp(i),
        dts: Timestamp(i),
        duration: 1,
        keyframe: i % gop == 0,
        ..Packet::default()
    };
    (0..count).map(packet).collect()
}

/// Packets of audio with a delay of `delay` samples and `received` input samples.
fn audio_packets(stream: usize, delay: u32, received: usize, frame: u32) -> Vec<Packet> {
    let mut clock = reelwright_core::PacketClock::new(delay);
    clock.receive(received);
    let mut packets = Vec::new();
    while clock.pending() > 0 {
        let mut packet =
            Packet { stream, data: noise_bytes(100 + packets.len() % 7), ..Packet::default() };
        clock.set_times(&mut packet, frame);
        packets.push(packet);
    }
    packets
}

/// All packets in the order of their dts.
fn interleaved(streams: &[StreamParameters], packets: Vec<Vec<Packet>>) -> Vec<Packet> {
    let mut all: Vec<Packet> = packets.into_iter().flatten().collect();
    let seconds = |packet: &Packet| streams[packet.stream].time_base.to_seconds(packet.dts);
    all.sort_by(|a, b| seconds(a).total_cmp(&seconds(b)));
    all
}

fn muxed(
    info: &MuxerInfo,
    options: &[(&str, &str)],
    streams: &[StreamParameters],
    tags: &Metadata,
    packets: &[Packet],
    mut output: MemoryOutput,
) -> Result<Vec<u8>> {
    let mut muxer = open(info, options)?;
    muxer.start(streams, tags, &mut output)?;
    for packet in packets {
        muxer.write(packet, &mut output)?;
    }
    muxer.finish(streams, &mut output)?;
    Ok(output.into_bytes())
}

/// Muxes packets to a seekable output.
fn file(
    info: &MuxerInfo,
    layout: &str,
    streams: &[StreamParameters],
    packets: &[Packet],
) -> Vec<u8> {
    let options = [("movflags", layout)];
    let output = MemoryOutput::seekable();
    muxed(info, &options, streams, &Metadata::new(), packets, output).unwrap()
}

/// Returns the kinds and bodies of all complete boxes.
fn boxes(mut bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut found = Vec::new();
    while bytes.len() >= 8 {
        let kind: String = bytes[4..8].iter().map(|b| char::from(*b)).collect();
        let (header, size) = match u32::from_be_bytes(bytes[..4].try_into().unwrap()) {
            1 => (16, u64::from_be_bytes(bytes[8..16].try_into().unwrap()) as usize),
            size => (8, size as usize),
        };
        let Some(body) = bytes.get(header..size) else { break };
        found.push((kind, body));
        bytes = &bytes[size..];
    }
    found
}

fn kinds(bytes: &[u8]) -> Vec<String> {
    boxes(bytes).into_iter().map(|(kind, _)| kind).collect()
}

/// Returns the body of the box at a path.
fn find<'a>(bytes: &'a [u8], path: &[&str]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| {
        boxes(bytes).into_iter().find(|(found, _)| found == kind).map(|(_, body)| body)
    })
}

/// Parses the movie box with mp4-atom, which rejects unknown boxes.
fn moov(bytes: &[u8]) -> Moov {
    let body = find(bytes, &["moov"]).unwrap();
    Moov::decode_body(&mut &body[..]).unwrap()
}

/// Sample of a fragment: decoding time, duration, sync flag and bytes.
type FoundSample = (u64, u32, bool, Vec<u8>);

/// Returns the samples of a track in all complete fragments, parsed by mp4-atom.
fn fragment_samples(bytes: &[u8], track: u32) -> Vec<FoundSample> {
    let mut found = Vec::new();
    let mut rest = bytes;
    let mut at = 0;
    for (kind, body) in boxes(bytes) {
        let size = body.len() + 8;
        if kind == "moof" && kinds(&rest[size..]).first().is_some_and(|next| next == "mdat") {
            let Ok(Any::Moof(moof)) = Any::decode(&mut &rest[..size]) else { panic!("moof") };
            // The brand `iso5` requires offsets from the fragment (ISO/IEC 14496-12 §8.8.7.1).
            assert!(moof.traf.iter().all(|traf| traf.tfhd.default_base_is_moof));
            for traf in moof.traf.iter().filter(|traf| traf.tfhd.track_id == track) {
                let mut time = traf.tfdt.as_ref().unwrap().base_media_decode_time;
                for trun in &traf.trun {
                    let mut data = at + trun.data_offset.unwrap() as usize;
                    for sample in trun.samples.iter() {
                        let size = sample.size.or(traf.tfhd.default_sample_size).unwrap();
                        let duration = sample.duration.or(traf.tfhd.default_sample_duration);
                        let flags = sample.flags.or(traf.tfhd.default_sample_flags).unwrap();
                        let bytes = bytes[data..data + size as usize].to_vec();
                        found.push((time, duration.unwrap(), flags & 0x1_0000 == 0, bytes));
                        time += u64::from(duration.unwrap());
                        data += size as usize;
                    }
                }
            }
        }
        rest = &rest[size..];
        at += size;
    }
    found
}

/// Track numbers of each fragment.
fn fragment_tracks(bytes: &[u8]) -> Vec<Vec<u32>> {
    let fragments = boxes(bytes).into_iter().filter(|(kind, _)| kind == "moof");
    let tracks = fragments.map(|(_, moof)| {
        let trafs = boxes(moof).into_iter().filter(|(kind, _)| kind == "traf");
        let tfhd = trafs.map(|(_, traf)| find(traf, &["tfhd"]).unwrap());
        tfhd.map(|tfhd| u32::from_be_bytes(tfhd[4..8].try_into().unwrap())).collect()
    });
    tracks.collect()
}

/// Three seconds of video and audio.
fn movie() -> (Vec<StreamParameters>, Vec<Packet>) {
    let streams = vec![h264(), aac(48_000)];
    let packets =
        interleaved(&streams, vec![video(75, 10), audio_packets(1, 1024, 3 * 48_000 - 300, 1024)]);
    (streams, packets)
}

#[test]
fn the_crate_mp4_finds_every_sample() {
    let (streams, packets) = movie();
    for layout in &LAYOUTS[..3] {
        let bytes = file(MP4, layout, &streams, &packets);
        let size = bytes.len() as u64;
        let mut reader = Mp4Reader::read_header(Cursor::new(bytes), size).unwrap();
        assert_eq!(reader.duration().as_millis(), 3000, "{layout}");
        let track = &reader.tracks()[&1];
        assert_eq!(track.track_type().unwrap(), TrackType::Video);
        assert_eq!((track.width(), track.height(), track.timescale()), (320, 180, 12_800));
        assert_eq!(track.duration().as_millis(), 3000);
        for (stream, id) in [(0, 1), (1, 2)] {
            let written: Vec<&Packet> = packets.iter().filter(|p| p.stream == stream).collect();
            assert_eq!(reader.sample_count(id).unwrap() as usize, written.len(), "{layout}");
            let (unit, origin) = if stream == 0 { (512, 0) } else { (1, -1024) };
            for (packet, number) in written.into_iter().zip(1..) {
                let found = reader.read_sample(id, number).unwrap().unwrap();
                assert_eq!(found.bytes[..], packet.data[..], "{layout}");
                assert_eq!(found.start_time as i64, (packet.dts.0 - origin) * unit);
                assert_eq!(found.is_sync, packet.keyframe);
                let heard = packet.duration - i64::from(packet.trim_end);
                assert_eq!(i64::from(found.duration), heard * unit);
            }
        }
    }
}

#[test]
fn fragments_hold_every_sample() {
    let (streams, packets) = movie();
    let written = |stream: usize| packets.iter().filter(move |p| p.stream == stream);
    for seekable in [true, false] {
        for options in [
            &[("movflags", "frag_keyframe")][..],
            &[("movflags", "empty_moov+default_base_moof"), ("frag_duration", "200000")],
            &[("movflags", "dash"), ("frag_size", "2000")],
            &[("movflags", "frag_every_frame+skip_trailer")],
        ] {
            let tags = Metadata::new();
            let bytes = muxed(MP4, options, &streams, &tags, &packets, memory(seekable)).unwrap();
            let found = fragment_samples(&bytes, 1);
            assert_eq!(found.len(), 75, "{options:?}");
            for (found, packet) in found.iter().zip(written(0)) {
                let expected =
                    (packet.dts.0 as u64 * 512, 512, packet.keyframe, packet.data.clone());
                assert_eq!(*found, expected, "{options:?}");
            }
            let found = fragment_samples(&bytes, 2);
            for (found, packet) in found.iter().zip(written(1)) {
                assert_eq!(found.0 as i64, packet.dts.0 + 1024);
                assert_eq!(found.3, packet.data);
            }
            let length: u32 = found.iter().map(|sample| sample.1).sum();
            assert_eq!(length, 1024 + 3 * 48_000 - 300);
        }
    }
}

#[test]
fn fragments_end_at_the_requested_packets() {
    let streams = [h264()];
    let fragments = |options: &[(&str, &str)], packets: &[Packet]| {
        let output = MemoryOutput::streaming();
        let bytes = muxed(MP4, options, &streams, &Metadata::new(), packets, output).unwrap();
        kinds(&bytes).iter().filter(|kind| *kind == "moof").count()
    };
    // Keyframes every 0.4 s: by default, keyframes after at least half a second end a fragment.
    assert_eq!(fragments(&[], &video(75, 10)), 4);
    assert_eq!(fragments(&[("movflags", "frag_keyframe")], &video(75, 10)), 8);
    let at_least = [("movflags", "frag_keyframe"), ("min_frag_duration", "1000000")];
    assert_eq!(fragments(&at_least, &video(75, 10)), 3);
    // Other rules, and files without video, have fragments of at most a second.
    assert_eq!(fragments(&[("movflags", "empty_moov")], &video(75, 10)), 3);
    let audio = muxed(
        MP4,
        &[],
        &[aac(48_000)],
        &Metadata::new(),
        &audio_packets(0, 0, 3 * 48_000, 960),
        MemoryOutput::streaming(),
    );
    assert_eq!(fragment_tracks(&audio.unwrap()).len(), 3);
    // Memory stays bounded without keyframes.
    assert_eq!(fragments(&[("movflags", "frag_keyframe")], &video(500, 1000)), 4);
    assert_eq!(fragments(&[("frag_duration", "400000")], &video(75, 1000)), 8);
    assert_eq!(fragments(&[("movflags", "frag_every_frame")], &video(75, 10)), 75);
    assert_eq!(fragments(&[("movflags", "frag_custom")], &video(75, 10)), 1);
    // `frag_size` limits the bytes of the packets.
    let of_size = |bytes: usize| -> Vec<_> {
        video(12, 1).into_iter().map(|packet| Packet { data: vec![1; bytes], ..packet }).collect()
    };
    assert_eq!(fragments(&[("frag_size", "1000")], &of_size(250)), 3);
    assert_eq!(fragments(&[("frag_size", "1000")], &of_size(251)), 4);
    // With `frag_custom`, only `flush` ends a fragment.
    let mut output = MemoryOutput::streaming();
    let mut muxer = open(MP4, &[("movflags", "frag_custom")]).unwrap();
    muxer.start(&streams, &Metadata::new(), &mut output).unwrap();
    for packet in &video(75, 10) {
        muxer.write(packet, &mut output).unwrap();
        if packet.dts.0 == 30 || packet.dts.0 == 31 {
            muxer.flush(&mut output).unwrap();
        }
    }
    muxer.finish(&streams, &mut output).unwrap();
    let bytes = output.bytes();
    assert_eq!(kinds(bytes).iter().filter(|kind| *kind == "moof").count(), 3);
}

#[test]
fn cmaf_brand_requires_one_stream() {
    let (streams, packets) = movie();
    let video: Vec<_> = packets.iter().filter(|packet| packet.stream == 0).cloned().collect();
    let brands = |flags| {
        let none = Metadata::new();
        let output = MemoryOutput::streaming();
        let bytes =
            muxed(MP4, &[("movflags", flags)], &streams[..1], &none, &video, output).unwrap();
        let size = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        bytes[16..size].chunks(4).map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    assert!(brands("cmaf").contains(&b"cmfc".to_vec()));
    assert!(!brands("frag_keyframe").contains(&b"cmfc".to_vec()));
    let mut muxer = open(MP4, &[("movflags", "cmaf")]).unwrap();
    let error =
        muxer.start(&streams, &Metadata::new(), &mut MemoryOutput::streaming()).unwrap_err();
    assert!(error.to_string().contains("one stream. Found: 2"), "{error}");
}

#[test]
fn layouts_have_their_boxes() {
    let (streams, packets) = movie();
    let of = |layout| kinds(&file(MP4, layout, &streams, &packets)).join(" ");
    assert_eq!(of("hybrid_fragmented"), "ftyp mdat moov");
    assert_eq!(of("progressive"), "ftyp free mdat moov");
    assert_eq!(of("faststart"), "ftyp moov mdat");
    assert!(of("frag_keyframe").starts_with("ftyp moov moof mdat moof mdat "));
    assert!(of("frag_keyframe").ends_with(" mfra"));
    assert!(of("frag_keyframe+dash").starts_with("ftyp moov sidx moof mdat sidx moof mdat"));
    assert!(of("frag_keyframe+skip_trailer").ends_with(" mdat"));
    let none = Metadata::new();
    let auto = |output| kinds(&muxed(MP4, &[], &streams, &none, &packets, output).unwrap());
    assert_eq!(auto(MemoryOutput::seekable()).join(" "), "ftyp mdat moov");
    assert!(auto(MemoryOutput::streaming()).join(" ").starts_with("ftyp moov moof mdat"));
    for layout in ["hybrid_fragmented", "progressive"] {
        let mut muxer = open(MP4, &[("movflags", layout)]).unwrap();
        let error = muxer.start(&streams, &none, &mut MemoryOutput::streaming()).unwrap_err();
        assert!(error.to_string().contains("an output that can seek"), "{error}");
    }
    let streamed = muxed(
        MP4,
        &[("movflags", "faststart")],
        &streams,
        &none,
        &packets,
        MemoryOutput::streaming(),
    );
    assert_eq!(streamed.unwrap(), file(MP4, "faststart", &streams, &packets));
}

#[test]
fn killed_recording_is_playable_to_its_last_fragment() {
    let (streams, packets) = movie();
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(MP4, &[]).unwrap();
    muxer.start(&streams, &Metadata::new(), &mut output).unwrap();
    for packet in &packets {
        muxer.write(packet, &mut output).unwrap();
    }
    // The muxer is dropped without `finish`.
    let bytes = output.into_bytes();
    let whole = fragment_samples(&bytes, 1);
    assert!(whole.len() >= 50, "{}", whole.len());
    let mut most = 0;
    for cut in (0..bytes.len()).step_by(97) {
        let found = fragment_samples(&bytes[..cut], 1);
        assert!(whole.starts_with(&found));
        assert!(found.len() >= most);
        most = found.len();
    }
    let expected = packets.iter().filter(|packet| packet.stream == 0).map(|p| &p.data);
    assert!(whole.iter().map(|sample| &sample.3).zip(expected).all(|(a, b)| a == b));
}

#[test]
fn file_is_playable_after_a_power_cut_during_close() {
    let (streams, packets) = movie();
    let mut output = CrashOutput::new();
    let mut muxer = open(MP4, &[]).unwrap();
    muxer.start(&streams, &Metadata::new(), &mut output).unwrap();
    for packet in &packets {
        muxer.write(packet, &mut output).unwrap();
    }
    muxer.finish(&streams, &mut output).unwrap();
    assert_eq!(output.barriers(), 2);
    let whole = file(MP4, "hybrid_fragmented", &streams, &packets);
    assert!(output.state(2, 0) == whole);
    let expected: Vec<_> =
        packets.iter().filter(|packet| packet.stream == 0).map(|packet| &packet.data).collect();
    let (mut fragmented, mut ordinary) = (0, 0);
    for seed in 0..200 {
        // After the first barrier, only the change of the header is missing or incomplete.
        let bytes = output.state(1, seed);
        let kinds = kinds(&bytes);
        if kinds.iter().any(|kind| kind == "moof") {
            let found = fragment_samples(&bytes, 1);
            assert!(found.iter().map(|sample| &sample.3).eq(expected.iter().copied()), "{seed}");
            assert_eq!(fragment_samples(&bytes, 2).len(), packets.len() - expected.len());
            fragmented += 1;
        } else {
            // One large box of any kind, and the movie box with offsets from the file's start.
            assert_eq!((kinds.len(), &kinds[2][..]), (3, "moov"), "{seed}");
            assert!(bytes.iter().zip(&whole).skip(56).all(|(a, b)| a == b), "{seed}");
            let samples = moov(&bytes).trak[0].mdia.minf.stbl.stts.entries[0].sample_count;
            assert_eq!(samples as usize, expected.len());
            ordinary += 1;
        }
        // Before the first barrier, writes may be lost or reordered. Readers find complete
        // fragments or none.
        let bytes = output.state(0, seed);
        boxes(&bytes);
    }
    assert!(fragmented > 20 && ordinary > 20, "{fragmented} {ordinary}");
}

#[test]
fn flush_makes_everything_playable() {
    let (streams, packets) = movie();
    for seekable in [true, false] {
        let mut output = memory(seekable);
        let mut muxer = open(MP4, &[]).unwrap();
        muxer.start(&streams, &Metadata::new(), &mut output).unwrap();
        // The starts of tracks are unknown before the first packet.
        let header = output.bytes().len();
        muxer.flush(&mut output).unwrap();
        assert_eq!(output.bytes().len(), header);
        for packet in &packets {
            muxer.write(packet, &mut output).unwrap();
        }
        muxer.flush(&mut output).unwrap();
        assert_eq!(fragment_samples(output.bytes(), 1).len(), 75);
        muxer.finish(&streams, &mut output).unwrap();
        if seekable {
            let stts = moov(output.bytes()).trak[0].mdia.minf.stbl.stts.clone();
            assert_eq!(stts.entries[0].sample_count, 75);
        }
    }
}

#[test]
fn pcm_is_found_by_symphonia() {
    let data = noise_bytes(4 * 60_000);
    for layout in LAYOUTS {
        for codec in [CodecId::PcmS16Le, CodecId::PcmS16Be, CodecId::PcmS32Le, CodecId::PcmF32Le] {
            let stream = pcm(codec, 48_000, default_layout(2));
            let frame = codec.bytes_per_sample().unwrap() * 2;
            let mut at = 0;
            let packets: Vec<Packet> = data
                .chunks(1024 * frame)
                .map(|data| {
                    let (samples, time) = ((data.len() / frame) as i64, Timestamp(at));
                    at += samples;
                    let duration = samples;
                    let data = data.to_vec();
                    Packet {
                        data,
                        pts: time,
                        dts: time,
                        duration,
                        keyframe: true,
                        ..Packet::default()
                    }
                })
                .collect();
            let found = decode_bytes(file(MOV, layout, &[stream], &packets));
            let width = codec.bytes_per_sample().unwrap();
            let expected: Vec<u8> = if codec == CodecId::PcmS16Be {
                data.chunks(width).flat_map(|sample| sample.iter().rev().copied()).collect()
            } else {
                data.clone()
            };
            assert!(found == expected, "{codec} {layout}");
        }
    }
}

#[test]
fn presented_samples_are_exact() {
    let edits = |bytes: &[u8], track: usize| -> Vec<(u64, Option<u64>)> {
        let moov = moov(bytes);
        let edits = moov.trak[track].edts.as_ref().and_then(|edts| edts.elst.as_ref());
        let entries = edits.map(|elst| elst.entries.clone()).unwrap_or_default();
        entries.iter().map(|entry| (entry.segment_duration, entry.media_time)).collect()
    };
    // Delay and padding.
    let bytes = file(MP4, "progressive", &[aac(48_000)], &audio_packets(0, 1024, 5000, 1024));
    assert_eq!(edits(&bytes, 0), [(5000, Some(1024))]);
    let found = moov(&bytes);
    assert_eq!((found.mvhd.timescale, found.mvhd.duration), (48_000, 5000));
    assert_eq!(found.trak[0].tkhd.duration, 5000);
    assert_eq!(found.trak[0].mdia.mdhd.duration, 6024);
    // Only presented samples.
    let bytes = file(MP4, "progressive", &[h264()], &video(10, 5));
    assert!(edits(&bytes, 0).is_empty());
    // A late start, and packets decoded before they are shown.
    let mut packets = video(10, 5);
    for (packet, pts) in packets.iter_mut().zip([2, 5, 3, 4, 8, 6, 7, 11, 9, 10]) {
        packet.pts = Timestamp(pts + 25);
        packet.dts = Timestamp(packet.dts.0 + 25);
    }
    let bytes = file(MP4, "progressive", &[h264()], &packets);
    assert_eq!(edits(&bytes, 0), [(27 * 512, None), (10 * 512, Some(2 * 512))]);
    let ctts = moov(&bytes).trak[0].mdia.minf.stbl.ctts.clone().unwrap();
    let offsets: Vec<i64> = ctts
        .entries
        .iter()
        .flat_map(|entry| vec![entry.sample_offset / 512; entry.sample_count as usize])
        .collect();
    assert_eq!(offsets, [2, 4, 1, 1, 4, 1, 1, 4, 1, 1]);
}

#[test]
fn durations_of_frames_are_distances_of_timestamps() {
    let mut packets = video(4, 4);
    for (packet, (dts, duration)) in packets.iter_mut().zip([(0, 1), (1, 5), (6, 1), (9, 0)]) {
        (packet.pts, packet.dts, packet.duration) = (Timestamp(dts), Timestamp(dts), duration);
    }
    let bytes = file(MP4, "hybrid_fragmented", &[h264()], &packets);
    let stts = moov(&bytes).trak[0].mdia.minf.stbl.stts.clone();
    let runs: Vec<_> =
        stts.entries.iter().map(|e| (e.sample_count, e.sample_delta / 512)).collect();
    // The last frame has the duration of the previous one.
    assert_eq!(runs, [(1, 1), (1, 5), (2, 3)]);
}

#[test]
fn fragments_state_the_duration_of_their_last_frames() {
    let mut packets = video(6, 2);
    for (packet, dts) in packets.iter_mut().zip([0, 3, 4, 90, 97, 98]) {
        (packet.pts, packet.dts, packet.duration) = (Timestamp(dts), Timestamp(dts), 0);
    }
    for options in [[("movflags", "frag_keyframe")], [("movflags", "frag_every_frame")]] {
        let mut output = MemoryOutput::streaming();
        let mut muxer = open(MP4, &options).unwrap();
        muxer.start(&[h264()], &Metadata::new(), &mut output).unwrap();
        for packet in &packets {
            muxer.write(packet, &mut output).unwrap();
        }
        muxer.finish(&[h264()], &mut output).unwrap();
        let found: Vec<_> = fragment_samples(output.bytes(), 1)
            .into_iter()
            .map(|(dts, duration, ..)| (dts / 512, duration / 512))
            .collect();
        assert_eq!(found, [(0, 3), (3, 1), (4, 86), (90, 7), (97, 1), (98, 1)]);
    }
}

#[test]
fn late_track_keeps_its_delay() {
    let streams = [h264(), aac(48_000)];
    for layout in ["frag_keyframe", "hybrid_fragmented"] {
        let options = [("movflags", layout)];
        let mut output = MemoryOutput::seekable();
        let mut muxer = open(MP4, &options).unwrap();
        muxer.start(&streams, &Metadata::new(), &mut output).unwrap();
        for packet in video(150, 10) {
            muxer.write(&packet, &mut output).unwrap();
        }
        // The header is already written.
        assert!(!fragment_tracks(output.bytes()).is_empty());
        for packet in audio_packets(1, 1024, 3000, 1024) {
            muxer.write(&packet, &mut output).unwrap();
        }
        muxer.flush(&mut output).unwrap();
        // A fragment has only tracks with samples.
        assert!(fragment_tracks(output.bytes()).starts_with(&[vec![1]]));
        let found = fragment_samples(output.bytes(), 2);
        let edts = moov(output.bytes()).trak[1].edts.clone().unwrap();
        let origin = edts.elst.unwrap().entries[0].media_time.unwrap();
        assert_eq!(found[0].0 as i64 - origin as i64, -1024);
    }
}

/// Body of the `DecoderConfigDescriptor` in an `esds` box (ISO/IEC 14496-1 §7.2.6.6).
fn decoder_config(esds: &[u8]) -> &[u8] {
    /// Tag and body of a descriptor, whose size is in groups of 7 bits.
    fn descriptor(bytes: &[u8]) -> (u8, &[u8]) {
        let digits = bytes[1..].iter().take_while(|byte| **byte & 128 != 0).count() + 1;
        let size =
            bytes[1..=digits].iter().fold(0, |size, byte| size << 7 | usize::from(byte & 127));
        (bytes[0], &bytes[1 + digits..][..size])
    }
    let (3, es) = descriptor(&esds[4..]) else { panic!("{esds:02x?}") };
    // Flags of 0: no optional fields follow.
    assert_eq!(es[2], 0);
    let (4, config) = descriptor(&es[3..]) else { panic!("{esds:02x?}") };
    config
}

#[test]
fn the_first_fragment_waits_for_all_tracks() {
    let streams = [h264(), aac(48_000)];
    let packets = [video(50, 5), audio_packets(1, 1024, 3000, 1024)].concat();
    let bytes = file(MP4, "frag_keyframe", &streams, &packets);
    assert_eq!(fragment_tracks(&bytes), [[1, 2]]);
    // The header has the exact priming of the audio.
    let edits = moov(&bytes).trak[1].edts.clone().unwrap().elst.unwrap().entries;
    assert_eq!((edits.len(), edits[0].media_time), (1, Some(1024)));
}

#[test]
fn keyframe_does_not_end_a_fragment_without_video() {
    let streams = [h264(), aac(48_000)];
    let mut output = MemoryOutput::streaming();
    let mut muxer = open(MP4, &[("movflags", "frag_keyframe")]).unwrap();
    muxer.start(&streams, &Metadata::new(), &mut output).unwrap();
    let (video, audio) = (video(10, 5), audio_packets(1, 0, 8 * 1024, 1024));
    for packet in video[..5].iter().chain(&audio[..4]) {
        muxer.write(packet, &mut output).unwrap();
    }
    muxer.flush(&mut output).unwrap();
    for packet in audio[4..].iter().chain(&video[5..]) {
        muxer.write(packet, &mut output).unwrap();
    }
    muxer.finish(&streams, &mut output).unwrap();
    assert_eq!(fragment_tracks(output.bytes()), [[1, 2], [1, 2]]);
}

#[test]
fn codecs_are_described() {
    // 144 bytes are whole samples of any PCM.
    let entry = |info, stream: &StreamParameters| {
        let packets =
            [Packet { data: vec![0; 144], duration: 1, keyframe: true, ..Packet::default() }];
        let bytes = file(info, "progressive", std::slice::from_ref(stream), &packets);
        let stsd =
            find(&bytes, &["moov", "trak", "mdia", "minf", "stbl", "stsd"]).unwrap().to_vec();
        let (kind, body) = boxes(&stsd[8..]).remove(0);
        (kind, body.to_vec())
    };
    let (kind, body) = entry(MP4, &h264());
    assert_eq!(kind, "avc1");
    // Data reference 1, and 320 by 180 pixels (ISO/IEC 14496-12 §12.1.3.2).
    assert_eq!(body[..8], [0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(body[24..28], [1, 64, 0, 180]);
    let CodecRecord::H264(config) = h264().record else { unreachable!() };
    assert_eq!(find(&body[78..], &["avcC"]).unwrap(), config.to_bytes().unwrap());
    assert_eq!(find(&body[78..], &["colr"]).unwrap(), b"nclx\0\x01\0\x01\0\x01\0");
    assert_eq!(find(&body[78..], &["pasp"]).unwrap(), [0, 0, 0, 1, 0, 0, 0, 1]);

    let av1 = h264()
        .codec(CodecId::Av1)
        .record(CodecRecord::Av1(Av1Config { bytes: vec![0x81, 0, 0x0c, 0, 0x0a, 1] }));
    let (kind, body) = entry(MP4, &av1);
    assert_eq!(
        (kind.as_str(), find(&body[78..], &["av1C"]).unwrap()),
        ("av01", &[0x81, 0, 0x0c, 0, 0x0a, 1][..])
    );

    let (kind, body) = entry(MP4, &aac(48_000));
    assert_eq!(kind, "mp4a");
    let esds = find(&body[28..], &["esds"]).unwrap();
    assert!(esds.windows(4).any(|bytes| bytes == [0x05, 2, 0x11, 0x90]), "{esds:02x?}");

    let (kind, body) = entry(MP4, &opus());
    assert_eq!(kind, "Opus");
    let expected = [0, 2, 1, 0x38, 0, 0, 0xac, 0x44, 0, 0, 0];
    assert_eq!(find(&body[28..], &["dOps"]).unwrap(), expected);

    let info = FlacStreamInfo {
        min_block_size: 4096,
        max_block_size: 4096,
        min_frame_size: 0,
        max_frame_size: 0,
        sample_rate: 96_000,
        channels: 2,
        bits_per_sample: 24,
        total_samples: 1,
        md5: [7; 16],
    };
    let flac =
        pcm(CodecId::Flac, 96_000, default_layout(2)).record(CodecRecord::Flac(info.clone()));
    let (kind, body) = entry(MP4, &flac);
    assert_eq!(
        (kind.as_str(), &body[16..20], &body[24..28]),
        ("fLaC", &[0, 2, 0, 24][..], &[0; 4][..])
    );
    let dfla = find(&body[28..], &["dfLa"]).unwrap();
    assert_eq!(dfla[..8], [0, 0, 0, 0, 0x80, 0, 0, 34]);
    assert_eq!(dfla[8..], info.to_bytes());

    let config = AlacConfig {
        frame_length: 4096,
        bit_depth: 16,
        rice: [40, 10, 14],
        channels: 2,
        max_frame_bytes: 0,
        average_bit_rate: 0,
        sample_rate: 48_000,
    };
    let alac = pcm(CodecId::Alac, 48_000, default_layout(2)).record(CodecRecord::Alac(config));
    let (kind, body) = entry(IPOD, &alac);
    assert_eq!(kind, "alac");
    assert_eq!(find(&body[28..], &["alac"]).unwrap()[4..], config.to_bytes());

    let (kind, body) = entry(MP4, &pcm(CodecId::PcmS24Le, 48_000, default_layout(6)));
    assert_eq!(
        (kind.as_str(), find(&body[28..], &["pcmC"]).unwrap()),
        ("ipcm", &[0, 0, 0, 0, 1, 24][..])
    );
    // Front left and right, center, low frequencies, back left and right (ISO/IEC 23091-3).
    assert_eq!(find(&body[28..], &["chnl"]).unwrap(), [0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 8, 9]);
    let (kind, _) = entry(MP4, &pcm(CodecId::PcmF64Be, 48_000, default_layout(1)));
    assert_eq!(kind, "fpcm");

    for (codec, expected) in [
        (CodecId::PcmS16Le, "sowt"),
        (CodecId::PcmS16Be, "twos"),
        (CodecId::PcmS24Be, "in24"),
        (CodecId::PcmS24Le, "lpcm"),
        (CodecId::PcmF32Be, "fl32"),
        (CodecId::PcmALaw, "alaw"),
        (CodecId::Mp3, ".mp3"),
    ] {
        assert_eq!(entry(MOV, &pcm(codec, 44_100, default_layout(2))).0, expected);
    }
    for (info, codec, expected) in [
        (MP4, CodecId::Mjpeg, "mp4v"),
        (MP4, CodecId::Png, "mp4v"),
        (MOV, CodecId::Mjpeg, "jpeg"),
        (MOV, CodecId::Png, "png "),
    ] {
        let stream = h264().codec(codec).record(CodecRecord::None);
        assert_eq!(entry(info, &stream).0, expected);
    }
    // objectTypeIndication values of the MP4 registration authority.
    for (codec, object_type) in [(CodecId::Mjpeg, 0x6C), (CodecId::Png, 0x6D)] {
        let (_, body) = entry(MP4, &h264().codec(codec).record(CodecRecord::None));
        assert_eq!(decoder_config(find(&body[78..], &["esds"]).unwrap())[0], object_type);
    }
}

#[test]
fn decoders_of_opus_start_early() {
    let bytes = file(MP4, "progressive", &[opus()], &audio_packets(0, 312, 9600, 960));
    let path = ["moov", "trak", "mdia", "minf", "stbl"];
    let stbl = find(&bytes, &path).unwrap();
    // Version 1, 2 bytes each, one description: 4 packets of 20 ms before.
    let sgpd = b"\x01\0\0\0roll\0\0\0\x02\0\0\0\x01\xff\xfc";
    assert_eq!(find(stbl, &["sgpd"]).unwrap(), sgpd);
    let sbgp = b"\0\0\0\0roll\0\0\0\x01\0\0\0\x0b\0\0\0\x01";
    assert_eq!(find(stbl, &["sbgp"]).unwrap(), sbgp);
    // The header of fragments has the description. QuickTime has no sample groups.
    let bytes = file(MP4, "frag_keyframe", &[opus()], &audio_packets(0, 312, 9600, 960));
    let stbl = find(&bytes, &path).unwrap();
    assert_eq!(find(stbl, &["sgpd"]).unwrap(), sgpd);
    assert_eq!(find(stbl, &["sbgp"]), None);
    for layout in LAYOUTS {
        let bytes = file(MOV, layout, &[aac(48_000)], &audio_packets(0, 1024, 9600, 1024));
        let kinds = kinds(find(&bytes, &path).unwrap()).join(" ");
        assert!(!kinds.contains("sgpd") && !kinds.contains("sbgp"), "{layout}: {kinds}");
    }
}

#[test]
fn aac_has_a_roll_group_and_mp3_has_none() {
    let groups = |stream: &StreamParameters, packets: &[Packet]| {
        let bytes = file(MP4, "progressive", std::slice::from_ref(stream), packets);
        let stbl = find(&bytes, &["moov", "trak", "mdia", "minf", "stbl"]).unwrap().to_vec();
        ["sgpd", "sbgp"].map(|kind| find(&stbl, &[kind]).map(<[u8]>::to_vec))
    };
    // The roll distance is -1 (ISO/IEC 14496-12 §10.1).
    let sgpd = Some(b"\x01\0\0\0roll\0\0\0\x02\0\0\0\x01\xff\xff".to_vec());
    let sbgp = Some(b"\0\0\0\0roll\0\0\0\x01\0\0\0\x05\0\0\0\x01".to_vec());
    let packets = audio_packets(0, 0, 5 * 1024, 1024);
    assert_eq!(groups(&aac(48_000), &packets), [sgpd.clone(), sbgp]);
    // A track without samples maps none to the group.
    assert_eq!(groups(&aac(48_000), &[]), [sgpd, None]);
    assert_eq!(groups(&pcm(CodecId::Mp3, 48_000, default_layout(2)), &packets), [None, None]);
}

#[test]
fn headers_of_fragments_have_defaults_for_each_track() {
    let (streams, packets) = movie();
    let found = moov(&file(MP4, "frag_keyframe", &streams, &packets));
    let trex = found.mvex.unwrap().trex;
    let found: Vec<_> = trex
        .iter()
        .map(|trex| {
            (trex.track_id, trex.default_sample_description_index, trex.default_sample_flags)
        })
        .collect();
    // ISO/IEC 14496-12 §8.8.3 requires one for each track. Video samples depend on others by
    // default; audio samples do not.
    assert_eq!(found, [(1, 1, 0x0101_0000), (2, 1, 0)]);
}

#[test]
fn sample_entries_contain_the_final_records() {
    let flac = |md5| {
        let info = FlacStreamInfo {
            min_block_size: 4096,
            max_block_size: 4096,
            min_frame_size: 0,
            max_frame_size: 0,
            sample_rate: 48_000,
            channels: 2,
            bits_per_sample: 16,
            total_samples: 4096,
            md5: [md5; 16],
        };
        pcm(CodecId::Flac, 48_000, default_layout(2)).record(CodecRecord::Flac(info))
    };
    for layout in LAYOUTS {
        let mut output = MemoryOutput::seekable();
        let mut muxer = open(MP4, &[("movflags", layout)]).unwrap();
        muxer.start(&[flac(0)], &Metadata::new(), &mut output).unwrap();
        for packet in audio_packets(0, 0, 4096, 4096) {
            muxer.write(&packet, &mut output).unwrap();
        }
        // Fragmented layouts write their header here, before the record is complete.
        muxer.flush(&mut output).unwrap();
        muxer.finish(&[flac(0x5a)], &mut output).unwrap();
        let moov = find(output.bytes(), &["moov"]).unwrap();
        assert!(moov.windows(16).any(|bytes| bytes == [0x5a; 16]), "{layout}");
    }
    // A longer record does not fit the header, so the header is unchanged.
    let mut longer = aac(48_000);
    let CodecRecord::Aac(config) = &mut longer.record else { unreachable!() };
    config.bytes.extend([0x56, 0xE5, 0]);
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(MP4, &[("movflags", "frag_keyframe")]).unwrap();
    muxer.start(&[aac(48_000)], &Metadata::new(), &mut output).unwrap();
    for packet in audio_packets(0, 0, 4096, 1024) {
        muxer.write(&packet, &mut output).unwrap();
    }
    muxer.flush(&mut output).unwrap();
    let before = output.bytes().to_vec();
    muxer.finish(&[longer], &mut output).unwrap();
    assert!(output.bytes().starts_with(&before));
}

#[test]
fn audio_tracks_are_alternatives() {
    let streams = [h264(), aac(48_000), aac(48_000)];
    let packets = interleaved(
        &streams,
        vec![
            video(25, 5),
            audio_packets(1, 1024, 48_000, 1024),
            audio_packets(2, 1024, 24_000, 1024),
        ],
    );
    let found = moov(&file(MP4, "progressive", &streams, &packets));
    let groups: Vec<_> =
        found.trak.iter().map(|t| (t.tkhd.alternate_group, t.tkhd.enabled)).collect();
    assert_eq!(groups, [(0, true), (1, true), (1, false)]);
    assert_eq!(found.trak[2].tkhd.duration, u64::from(found.mvhd.timescale) / 2);
}

#[test]
fn sample_aspect_ratio_is_stored() {
    let mut stream = h264();
    let square = stream.video().unwrap().clone();
    let sample_aspect_ratio = Rational::new(4, 3).unwrap();
    let format = VideoFormat { sample_aspect_ratio, ..square.format };
    stream.media = reelwright_core::MediaParameters::Video(square.format(format));
    let found = moov(&file(MP4, "progressive", &[stream], &video(1, 1)));
    let tkhd = &found.trak[0].tkhd;
    assert_eq!((tkhd.width.integer(), tkhd.width.decimal()), (426, 0xaaaa));
    assert_eq!(tkhd.height.integer(), 180);
}

#[test]
fn ffprobe_reads_metadata_back() {
    let all = [
        ("title", "Tä"),
        ("artist", "A"),
        ("album_artist", "B"),
        ("album", "C"),
        ("date", "2024"),
        ("genre", "Rock"),
        ("comment", "x\ny"),
        ("composer", "D"),
        ("track", "3/12"),
        ("disc", "1/2"),
        ("compilation", "1"),
        ("copyright", "E"),
        ("lyrics", "F"),
        ("description", "G"),
        ("encoder", "H"),
        ("anything", "else"),
        ("creation_time", "2024-01-02T03:04:05.000000Z"),
    ];
    let png = b"\x89PNG\r\n\x1A\n0123".to_vec();
    for info in &MUXERS[..3] {
        for flags in ["progressive", "frag_keyframe", "use_metadata_tags"] {
            let mut tags = tags(all);
            tags.set_cover(CoverArt::front_cover(png.clone()).unwrap());
            let packets = audio_packets(0, 1024, 5000, 1024);
            let options = [("movflags", flags)];
            let output = MemoryOutput::seekable();
            let file = muxed(info, &options, &[aac(48_000)], &tags, &packets, output).unwrap();
            assert!(file.windows(png.len()).any(|bytes| bytes == png));
            for (key, value) in all {
                let entry = format!("format_tags={key}");
                let Some(found) = ffprobe("mp4", &entry, &file) else { return };
                assert_eq!(found.trim_matches('"'), value, "{} {flags}", info.name);
            }
        }
    }
}

/// Name, type and value of each item in iTunes' list; free-form names as `----:name`.
fn items(bytes: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
    let list = find(&find(bytes, &["moov", "udta", "meta"]).unwrap()[4..], &["ilst"]).unwrap();
    let item = |(kind, body): (String, &[u8])| {
        let name =
            find(body, &["name"]).map(|name| String::from_utf8_lossy(&name[4..]).into_owned());
        let data = find(body, &["data"]).unwrap();
        assert_eq!(data[4..8], [0; 4], "no country, no language");
        let kind = name.map_or(kind.clone(), |name| format!("{kind}:{name}"));
        (kind, u32::from_be_bytes(data[..4].try_into().unwrap()), data[8..].to_vec())
    };
    boxes(list).into_iter().map(item).collect()
}

#[test]
fn metadata_is_a_list_of_items() {
    let written = |tags: &Metadata| {
        let packets = audio_packets(0, 0, 5000, 1024);
        let mp3 = [pcm(CodecId::Mp3, 48_000, default_layout(2))];
        muxed(MP4, &[], &mp3, tags, &packets, MemoryOutput::seekable()).unwrap()
    };
    assert!(find(&written(&Metadata::new()), &["moov", "udta"]).is_none());
    let elsewhere = tags([("language", "deu"), ("creation_time", "2024-01-01T00:00:00Z")]);
    assert!(find(&written(&elsewhere), &["moov", "udta"]).is_none());
    // QuickTime's types of values: 0 is binary, 1 is UTF-8, 21 is an integer. A number that does
    // not fit the bytes of its item is written as text.
    for (key, value, kind, data_type, data) in [
        ("title", "Tä", "©nam", 1, "Tä".as_bytes()),
        ("track", "3/12", "trkn", 0, &[0, 0, 0, 3, 0, 12, 0, 0]),
        ("track", "3", "trkn", 0, &[0, 0, 0, 3, 0, 0, 0, 0]),
        ("track", "A side", "----:track", 1, b"A side"),
        ("disc", "1/2", "disk", 0, &[0, 0, 0, 1, 0, 2]),
        ("disc", "70000", "----:disc", 1, b"70000"),
        ("compilation", "1", "cpil", 21, &[1]),
        ("media_type", "255", "stik", 21, &[255]),
        ("media_type", "256", "----:media_type", 1, b"256"),
        ("tempo", "65535", "tmpo", 21, &[255, 255]),
        ("tempo", "65536", "----:tempo", 1, b"65536"),
        ("tempo", "slow", "----:tempo", 1, b"slow"),
        ("season_number", "16777217", "tvsn", 21, &[1, 0, 0, 1]),
        ("anything", "7", "----:anything", 1, b"7"),
        ("anything", "7/8", "----:anything", 1, b"7/8"),
    ] {
        let bytes = written(&tags([(key, value)]));
        assert_eq!(items(&bytes), [(kind.to_owned(), data_type, data.to_vec())], "{key} {value}");
        // Readers look for the handler `mdir` and the manufacturer `appl`.
        let meta = find(&bytes, &["moov", "udta", "meta"]).unwrap();
        let expected = [&[0; 8][..], b"mdirappl", &[0; 9]].concat();
        assert_eq!(find(&meta[4..], &["hdlr"]).unwrap(), expected);
    }
    for (cover, data_type) in [(&b"\xFF\xD8\xFF\xE0123"[..], 13), (b"\x89PNG\r\n\x1A\n0123", 14)] {
        let mut tags = Metadata::new();
        tags.set_cover(CoverArt::front_cover(cover.to_vec()).unwrap());
        assert_eq!(items(&written(&tags)), [("covr".to_owned(), data_type, cover.to_vec())]);
    }
}

#[test]
fn use_metadata_tags_writes_quicktime_keys() {
    let cover = b"\x89PNG\r\n\x1A\n0123";
    let mut tags = tags([("title", "A"), ("anything", "B")]);
    tags.set_cover(CoverArt::front_cover(cover.to_vec()).unwrap());
    for (info, header) in [(MP4, 4), (MOV, 0)] {
        let flags = [("movflags", "progressive+use_metadata_tags")];
        let bytes = muxed(info, &flags, &[h264()], &tags, &[], MemoryOutput::seekable()).unwrap();
        assert!(find(&bytes, &["moov", "udta"]).is_none());
        // A full box in ISO/IEC 14496-12 §8.11.1, a plain one in QuickTime.
        let meta = &find(&bytes, &["moov", "meta"]).unwrap()[header..];
        assert_eq!(kinds(meta), ["hdlr", "keys", "ilst"], "{}", info.name);
        assert_eq!(find(meta, &["hdlr"]).unwrap()[8..12], *b"mdta");
        let keys = find(meta, &["keys"]).unwrap();
        assert_eq!(keys[4..8], [0, 0, 0, 3]);
        let names: Vec<_> = boxes(&keys[8..])
            .into_iter()
            .map(|(kind, name)| {
                assert_eq!(kind, "mdta");
                String::from_utf8_lossy(name).into_owned()
            })
            .collect();
        assert_eq!(names, ["title", "anything", "com.apple.quicktime.artwork"]);
        let list = boxes(find(meta, &["ilst"]).unwrap());
        let expected = [(1, &b"A"[..]), (1, b"B"), (14, cover)];
        for (((number, item), (data_type, value)), index) in
            list.into_iter().zip(expected).zip(1u8..)
        {
            assert_eq!(number.as_bytes(), [0, 0, 0, index]);
            let data = find(item, &["data"]).unwrap();
            assert_eq!(data, [&[0, 0, 0, data_type, 0, 0, 0, 0][..], value].concat());
        }
    }
}

#[test]
fn covers_are_jpeg_or_png() {
    let mut tags = Metadata::new();
    tags.set_cover(CoverArt::front_cover(b"GIF89a".to_vec()).unwrap());
    let mut output = MemoryOutput::seekable();
    let error = open(MP4, &[]).unwrap().start(&[h264()], &tags, &mut output).unwrap_err();
    assert!(error.to_string().ends_with("Found: image/gif"), "{error}");
}

#[test]
fn brands_identify_the_format() {
    for (info, stream, expected) in [
        (MP4, h264(), "isom"),
        (MOV, h264(), "qt  "),
        (IPOD, h264(), "M4V "),
        (IPOD, aac(48_000), "M4A "),
        (&MUXERS[3], aac(48_000), "3gp4"),
        (&MUXERS[4], aac(48_000), "3g2a"),
    ] {
        let bytes = file(info, "progressive", &[stream], &[]);
        assert_eq!(&bytes[8..12], expected.as_bytes());
        assert_eq!(&bytes[16..20], expected.as_bytes());
    }
    let brands = |info, stream| {
        let bytes = file(info, "progressive", &[stream], &[]);
        String::from_utf8_lossy(&find(&bytes, &["ftyp"]).unwrap()[8..]).into_owned()
    };
    // The brand `avc1` belongs to the ISO base media format, not to QuickTime.
    assert_eq!(brands(MP4, h264()), "isomiso2mp41avc1");
    assert_eq!(brands(MP4, aac(48_000)), "isomiso2mp41");
    assert_eq!(brands(MOV, h264()), "qt  ");
}

#[test]
fn itunes_tags_state_the_priming() {
    let packets = audio_packets(0, 1024, 5000, 1024);
    let bytes = file(IPOD, "hybrid_fragmented", &[aac(48_000)], &packets);
    let note = b" 00000000 00000400 00000078 0000000000001388 00000000";
    assert!(bytes.windows(note.len()).any(|found| found == note));
}

#[test]
fn languages_and_times_are_stored() {
    let all = tags([("language", "deu"), ("creation_time", "1904-01-01T00:01:00Z")]);
    let output = MemoryOutput::seekable();
    let packets = video(1, 1);
    let bytes = muxed(MP4, &[], &[h264()], &all, &packets, output).unwrap();
    let found = moov(&bytes);
    assert_eq!(found.trak[0].mdia.mdhd.language, "deu");
    assert_eq!(found.mvhd.creation_time, 60);
    let wrong = tags([("creation_time", "yesterday")]);
    let mut output = MemoryOutput::seekable();
    let error = open(MP4, &[]).unwrap().start(&[h264()], &wrong, &mut output).unwrap_err();
    assert!(error.to_string().contains("Found: yesterday"), "{error}");
    assert!(output.bytes().is_empty());
}

#[test]
fn times_have_64_bits_only_if_necessary() {
    // Seconds since 1904 exceed 32 bits in 2040 (ISO/IEC 14496-12 §8.2.2.3).
    for (time, version, seconds) in
        [("2040-02-06T06:28:15Z", 0, u64::from(u32::MAX)), ("2040-02-06T06:28:16Z", 1, 1 << 32)]
    {
        let tags = tags([("creation_time", time)]);
        let output = MemoryOutput::seekable();
        let bytes = muxed(MP4, &[], &[h264()], &tags, &video(10, 5), output).unwrap();
        for path in [&["mvhd"][..], &["trak", "tkhd"], &["trak", "mdia", "mdhd"]] {
            let header = find(&bytes, &[&["moov"], path].concat()).unwrap();
            assert_eq!(header[0], version, "{path:?}");
            let width = if version == 1 { 8 } else { 4 };
            let time = &header[4..4 + width];
            assert_eq!(time, &seconds.to_be_bytes()[8 - width..], "{path:?}");
        }
        let found = moov(&bytes);
        assert_eq!(found.mvhd.modification_time, seconds);
        assert_eq!((found.mvhd.timescale, found.mvhd.duration), (12_800, 10 * 512));
        assert_eq!((found.trak[0].tkhd.track_id, found.trak[0].tkhd.duration), (1, 10 * 512));
        let media = &found.trak[0].mdia.mdhd;
        assert_eq!((media.timescale, media.duration), (12_800, 10 * 512));
    }
}

#[test]
fn large_files_count_with_64_bits() {
    let stream = pcm(CodecId::PcmS16Be, 48_000, default_layout(2));
    let streams = std::slice::from_ref(&stream);
    for (layout, at) in [("progressive", 20), ("hybrid_fragmented", 28)] {
        let mut output = CountingOutput::new();
        let mut muxer = open(MOV, &[("movflags", layout)]).unwrap();
        muxer.start(streams, &Metadata::new(), &mut output).unwrap();
        let mut packet = Packet { data: vec![0; 1 << 20], ..Packet::default() };
        for i in 0..5000 {
            packet.pts = Timestamp(i << 18);
            packet.dts = packet.pts;
            muxer.write(&packet, &mut output).unwrap();
        }
        muxer.finish(streams, &mut output).unwrap();
        assert_eq!(&output.head[at..at + 8], b"\0\0\0\x01mdat", "{layout}");
        let size = u64::from_be_bytes(output.head[at + 8..at + 16].try_into().unwrap());
        assert!(size >= (5000 << 20) + 16 && size < output.length, "{layout}");
    }
}

#[test]
fn rejects_invalid_input() {
    let none = Metadata::new();
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(MP4, &[]).unwrap();
    assert!(muxer.write(&Packet::default(), &mut output).is_err());
    assert!(muxer.flush(&mut output).is_err());
    assert!(muxer.finish(&[h264()], &mut output).is_err());
    let mut rejected = |streams: &[StreamParameters]| {
        let error = open(MP4, &[]).unwrap().start(streams, &none, &mut output).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        error.to_string()
    };
    assert_eq!(rejected(&[]), "mp4 requires at least one stream. Found: 0");
    let vorbis = rejected(&[h264(), pcm(CodecId::Vorbis, 48_000, default_layout(2))]);
    assert!(vorbis.starts_with("Stream 1: mp4 does not support vorbis"), "{vorbis}");
    assert!(vorbis.contains("aac") && !vorbis.contains("h264"), "{vorbis}");
    let bare = h264().record(CodecRecord::None);
    assert!(rejected(&[bare]).contains("without its configuration"));
    let wide = video_parameters(
        CodecId::Mjpeg,
        PixelFormat::Yuv420p,
        (65_536, 2),
        (25, 1),
        ColorInfo::JFIF,
    );
    assert!(rejected(&[wide]).contains("65536"));
    let flat =
        video_parameters(CodecId::Mjpeg, PixelFormat::Yuv420p, (2, 0), (25, 1), ColorInfo::JFIF);
    assert!(rejected(&[flat]).contains("a height from 1 to 65535. Found: 0"));
    let base = TimeBase::new(Rational::new(1, 1 << 40).unwrap());
    assert!(rejected(&[h264().time_base(base)]).contains("time base"));
    assert!(output.bytes().is_empty(), "nothing is written for what is rejected");

    let mut started = || -> Box<dyn Muxer> {
        let mut muxer = open(MP4, &[]).unwrap();
        muxer.start(&[h264()], &none, &mut output).unwrap();
        muxer.write(&video(6, 1)[5], &mut output).unwrap();
        muxer
    };
    let at = |pts, dts| Packet { pts: Timestamp(pts), dts: Timestamp(dts), ..Packet::default() };
    for (packet, expected) in [
        (at(4, 4), "Stream 0: A packet of mp4 must have a dts that is not before"),
        (at(6, 7), "a pts that is 0 to"),
        (at(i64::MAX, 6), "below 2^62"),
        (at(6, i64::MIN), "below 2^62"),
        (at(1 << 40, 1 << 40), "at most 8388607 after the previous one, 5"),
        (Packet { duration: -1, ..at(6, 6) }, "a duration from 0"),
        (Packet { stream: 3, ..at(6, 6) }, "one of 1 streams, from 0 on. Found: 3"),
    ] {
        let mut muxer = started();
        let error = muxer.write(&packet, &mut MemoryOutput::seekable()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let stream = pcm(CodecId::PcmS16Le, 48_000, default_layout(2));
    let ragged = Packet { data: vec![0; 7], ..Packet::default() };
    let output = MemoryOutput::seekable();
    let error = muxed(MOV, &[], &[stream], &none, &[ragged], output).unwrap_err().to_string();
    assert!(error.contains("4 bytes each. Found: 7 bytes"), "{error}");
}

#[test]
fn outputs_that_fail_are_errors() {
    check_failing_output(MOV, &pcm(CodecId::PcmS8, 8000, default_layout(1)), &[0; 41]);
    let (streams, packets) = movie();
    for layout in LAYOUTS {
        let whole = file(MP4, layout, &streams, &packets).len();
        for left in (0..whole).step_by(whole / 50) {
            let mut output = FailingOutput::new(MemoryOutput::seekable(), left);
            let mut muxer = open(MP4, &[("movflags", layout)]).unwrap();
            let result = muxer.start(&streams, &Metadata::new(), &mut output).and_then(|()| {
                packets.iter().try_for_each(|packet| muxer.write(packet, &mut output))?;
                muxer.finish(&streams, &mut output)
            });
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Io, "{layout} {left}");
        }
    }
}

/// Body of a box in the description of track `index`, which is `header` bytes long.
fn described<'a>(bytes: &'a [u8], index: usize, header: usize, kind: &str) -> Option<&'a [u8]> {
    let tracks = boxes(find(bytes, &["moov"]).unwrap());
    let track = tracks.into_iter().filter(|(kind, _)| kind == "trak").nth(index).unwrap().1;
    let stsd = find(track, &["mdia", "minf", "stbl", "stsd"]).unwrap();
    find(&boxes(&stsd[8..])[0].1[header..], &[kind])
}

#[test]
fn stated_bit_rates_equal_those_of_the_packets() {
    // Bytes of each frame of four seconds. `maxBitrate` is the number of bits in the largest
    // second, `bufferSizeDB` the bytes that a decoder needs at once (ISO/IEC 14496-12 §8.5.2).
    for seconds in [[100, 300, 50, 70], [100, 60, 50, 310], [400, 60, 50, 70]] {
        let mut packets = video(100, 25);
        for (i, packet) in packets.iter_mut().enumerate() {
            packet.data = vec![1; seconds[i / 25]];
        }
        let bytes = file(MP4, "progressive", &[h264()], &packets);
        let btrt = described(&bytes, 0, 78, "btrt").unwrap();
        let most = *seconds.iter().max().unwrap() as u32;
        let sum = seconds.iter().sum::<usize>() as u32;
        let expected = [most, 25 * 8 * most, 25 * 8 * sum / 4].map(u32::to_be_bytes).concat();
        assert_eq!(btrt, expected, "{seconds:?}");
    }
    let bytes = file(MP4, "progressive", &[h264()], &[]);
    assert_eq!(described(&bytes, 0, 78, "btrt").unwrap(), [0; 12]);
    // In fragments, only the encoder's bit rate is known.
    let packets = video(10, 5);
    let bytes = file(MP4, "frag_keyframe", &[h264().bit_rate(Some(123_456))], &packets);
    let expected = [0, 123_456, 123_456].map(u32::to_be_bytes).concat();
    assert_eq!(described(&bytes, 0, 78, "btrt").unwrap(), expected);
    // With one packet per second, the average is its number of bits. The maximum is not lower.
    let packets: Vec<_> = video(2, 1)
        .into_iter()
        .map(|packet| Packet {
            pts: Timestamp(packet.pts.0 * 5),
            dts: Timestamp(packet.dts.0 * 5),
            duration: 5,
            data: vec![0; 1000],
            ..packet
        })
        .collect();
    let bytes = file(MP4, "progressive", &[h264()], &packets);
    let expected = [1000, 8 * 5000, 8 * 5000].map(u32::to_be_bytes).concat();
    assert_eq!(described(&bytes, 0, 78, "btrt").unwrap(), expected);
}

#[test]
fn rejects_values_that_do_not_fit_a_field() {
    let none = Metadata::new();
    let at = |pts: i64, dts: i64, duration: i64| Packet {
        data: vec![1; 4],
        pts: Timestamp(pts),
        dts: Timestamp(dts),
        duration,
        keyframe: true,
        ..Packet::default()
    };
    let written = |stream: &StreamParameters, packets: &[Packet]| {
        let streams = std::slice::from_ref(stream);
        muxed(MOV, &[], streams, &none, packets, MemoryOutput::seekable())
    };
    let rejected = |stream: &StreamParameters, packets: &[Packet]| {
        written(stream, packets).unwrap_err().to_string()
    };
    let mp3 = pcm(CodecId::Mp3, 48_000, default_layout(2));
    let (unsigned, signed) = (i64::from(u32::MAX), i64::from(i32::MAX));
    // Durations have 32 bits (ISO/IEC 14496-12 §8.6.1.2), composition offsets 31 and a sign.
    written(&mp3, &[at(0, 0, unsigned)]).unwrap();
    assert!(rejected(&mp3, &[at(0, 0, unsigned + 1)]).contains("a duration from 0"));
    written(&mp3, &[at(signed, 0, 1)]).unwrap();
    assert!(rejected(&mp3, &[at(signed + 1, 0, 1)]).contains("a pts that is 0 to"));
    written(&mp3, &[at(0, 0, 1), at(unsigned, unsigned, 1)]).unwrap();
    let far = [at(0, 0, 1), at(unsigned + 1, unsigned + 1, 1)];
    assert!(rejected(&mp3, &far).contains("at most 4294967295 after the previous one, 0"));
    // Two packets may be decoded at once.
    written(&mp3, &[at(7, 7, 0), at(7, 7, 1)]).unwrap();
    // Packets of PCM have durations, and samples are contiguous.
    let slow = TimeBase::new(Rational::new(1 << 31, 48_001).unwrap());
    let slow = pcm(CodecId::PcmS16Le, 48_000, default_layout(1)).time_base(slow);
    let samples = |count: usize| Packet { data: vec![1; 2 * count], ..at(0, 0, 0) };
    written(&slow, &[samples(1)]).unwrap();
    assert!(rejected(&slow, &[samples(2)]).contains("fewer than 2^32 ticks"));
    let mono = pcm(CodecId::PcmS16Le, 48_000, default_layout(1));
    let last = (1 << 62) - 1;
    let run = |dts: i64, count: usize| Packet { data: vec![1; 2 * count], ..at(dts, dts, 0) };
    written(&mono, &[run(last - 4, 4), run(last, 1)]).unwrap();
    assert!(rejected(&mono, &[run(last - 3, 4), run(last, 1)]).contains("a dts below 2^62"));
}

#[test]
fn pcm_samples_are_contiguous_except_for_gaps() {
    let mono = pcm(CodecId::PcmS16Le, 48_000, default_layout(1));
    let run = |dts: i64, count: usize| Packet {
        data: vec![dts as u8; 2 * count],
        pts: Timestamp(dts),
        dts: Timestamp(dts),
        keyframe: true,
        ..Packet::default()
    };
    let durations_of = |stream: &StreamParameters, packets: &[Packet]| -> Vec<(u32, u32)> {
        let bytes = file(MOV, "progressive", std::slice::from_ref(stream), packets);
        let stts = moov(&bytes).trak[0].mdia.minf.stbl.stts.clone();
        stts.entries.iter().map(|entry| (entry.sample_count, entry.sample_delta)).collect()
    };
    let durations = |packets: &[Packet]| durations_of(&mono, packets);
    assert_eq!(durations(&[run(0, 4), run(4, 4)]), [(8, 1)]);
    // Rounded times that are slightly late.
    assert_eq!(durations(&[run(0, 4), run(2, 4), run(5, 4)]), [(12, 1)]);
    // The last sample before a gap lasts until the next one.
    let gap = [run(0, 4), run(10, 4)];
    assert_eq!(durations(&gap), [(3, 1), (1, 7), (4, 1)]);
    let slow = TimeBase::new(Rational::new(1001, 48_000).unwrap());
    let found = durations_of(&mono.clone().time_base(slow), &gap);
    assert_eq!(found, [(3, 1001), (1, 7007), (4, 1001)]);
    assert_eq!(durations(&[run(0, 4), run(1, 0), run(4, 4)]), [(8, 1)]);

    let fragments = |packets: &[Packet]| {
        let bytes = file(MOV, "frag_keyframe", std::slice::from_ref(&mono), packets);
        let moofs = kinds(&bytes).iter().filter(|kind| *kind == "moof").count();
        let mut times = Vec::new();
        let mut rest = &bytes[..];
        while rest.len() >= 8 {
            let size = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
            if let Ok(Any::Moof(moof)) = Any::decode(&mut &rest[..size]) {
                times.push(moof.traf[0].tfdt.as_ref().unwrap().base_media_decode_time);
            }
            rest = &rest[size..];
        }
        assert_eq!(times.len(), moofs);
        times
    };
    let even: Vec<_> = (0..10).map(|i| run(4 * i, 4)).collect();
    assert_eq!(fragments(&even), [0]);
    // A run of samples cannot contain a gap, so a new fragment begins at the end of the gap.
    let gap: Vec<_> = (0..10).map(|i| run(4 * i + if i < 5 { 0 } else { 100 }, 4)).collect();
    assert_eq!(fragments(&gap), [0, 120]);
    // Packets of other codecs state their durations, and need no other fragment.
    let bytes = file(
        MP4,
        "frag_keyframe",
        &[aac(48_000)],
        &[
            Packet { duration: 1024, ..run(0, 4) },
            Packet { duration: 1024, ..run(5000, 4) },
            Packet { duration: 1024, ..run(6024, 4) },
        ],
    );
    assert_eq!(kinds(&bytes).iter().filter(|kind| *kind == "moof").count(), 1);
    let found: Vec<_> = fragment_samples(&bytes, 1).iter().map(|s| (s.0, s.1)).collect();
    assert_eq!(found, [(0, 5000), (5000, 1024), (6024, 1024)]);
}

#[test]
fn packet_of_padding_is_not_presented() {
    let packet = |dts, trim_end| Packet {
        data: vec![1; 9],
        pts: Timestamp(dts),
        dts: Timestamp(dts),
        duration: 1024,
        keyframe: true,
        trim_end,
        ..Packet::default()
    };
    let packets = [packet(0, 0), packet(1024, 1024)];
    let found = moov(&file(MP4, "progressive", &[aac(48_000)], &packets));
    // The packet of padding is part of the media. The edit list ends before the packet.
    assert_eq!(found.trak[0].mdia.mdhd.duration, 2048);
    assert_eq!(found.trak[0].tkhd.duration, 1024);
    let edits = found.trak[0].edts.clone().unwrap().elst.unwrap().entries;
    assert_eq!((edits.len(), edits[0].segment_duration, edits[0].media_time), (1, 1024, Some(0)));
    let stts = &found.trak[0].mdia.minf.stbl.stts.entries;
    assert_eq!((stts.len(), stts[0].sample_count, stts[0].sample_delta), (1, 2, 1024));
    // A late start needs an edit list, even if the wait is as long as the padding.
    let found =
        moov(&file(MP4, "progressive", &[aac(48_000)], &[packet(1024, 0), packet(2048, 1024)]));
    let edits = found.trak[0].edts.clone().unwrap().elst.unwrap().entries;
    let edits: Vec<_> = edits.iter().map(|edit| (edit.segment_duration, edit.media_time)).collect();
    assert_eq!(edits, [(1024, None), (1024, Some(0))]);
    // Padding before a gap is not presented either.
    let packets = [packet(0, 0), packet(5000, 1024)];
    let found = moov(&file(MP4, "progressive", &[aac(48_000)], &packets));
    assert_eq!(found.trak[0].tkhd.duration, 1024);
}

#[test]
fn fragments_state_offsets_and_indexes_include_them() {
    // Packets whose decoding order differs from the presentation order.
    let mut packets = video(10, 5);
    for (packet, pts) in packets.iter_mut().zip([2, 4, 3, 6, 5, 7, 9, 8, 11, 10]) {
        packet.pts = Timestamp(pts);
    }
    let bytes = file(MP4, "frag_keyframe+dash", &[h264()], &packets);
    let (mut shown, mut sizes, mut indexes) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = &bytes[..];
    while rest.len() >= 8 {
        let size = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        match Any::decode(&mut &rest[..size]) {
            Ok(Any::Moof(moof)) => {
                let traf = &moof.traf[0];
                let mut time = traf.tfdt.as_ref().unwrap().base_media_decode_time as i64;
                for sample in traf.trun.iter().flat_map(|trun| trun.samples.iter()) {
                    shown.push((time + sample.cts.unwrap_or(0)) / 512);
                    time +=
                        i64::from(sample.duration.or(traf.tfhd.default_sample_duration).unwrap());
                }
                let media = u32::from_be_bytes(rest[size..size + 4].try_into().unwrap());
                sizes.push(size as u32 + media);
            }
            Ok(Any::Sidx(sidx)) => indexes.push(sidx),
            _ => {}
        }
        rest = &rest[size..];
    }
    assert_eq!(shown, [2, 4, 3, 6, 5, 7, 9, 8, 11, 10]);
    // Each index describes the following fragment (ISO/IEC 14496-12 §8.16.3).
    assert_eq!(indexes.len(), 2);
    for ((index, size), earliest) in indexes.iter().zip(&sizes).zip([2, 7]) {
        assert_eq!((index.reference_id, index.timescale, index.first_offset), (1, 12_800, 0));
        assert_eq!(index.earliest_presentation_time, earliest * 512);
        let [reference] = &index.references[..] else { panic!("one reference") };
        assert_eq!((reference.referenced_size, reference.reference_type), (*size, false));
        assert_eq!(reference.subsegment_duration, 5 * 512);
        assert_eq!((reference.starts_with_sap, reference.sap_type), (true, 1));
    }
    assert!(moov(&bytes).trak[0].edts.is_none());
}

#[test]
fn data_offset_counts_a_long_table() {
    let streams = [
        pcm(CodecId::Mp3, 48_000, default_layout(2)),
        pcm(CodecId::Mp3, 48_000, default_layout(2)),
    ];
    // 4 bytes per sample make the first track's table longer than 2^16 bytes.
    let packet = |stream, i: i64| Packet {
        stream,
        data: vec![i as u8; 1 + i as usize % 3],
        pts: Timestamp(i),
        dts: Timestamp(i),
        duration: 1,
        keyframe: true,
        ..Packet::default()
    };
    let first: Vec<_> = (0..20_000).map(|i| packet(0, i)).collect();
    let second: Vec<_> = (0..10).map(|i| packet(1, i)).collect();
    let bytes = file(MP4, "frag_custom", &streams, &[&first[..], &second].concat());
    assert_eq!(fragment_tracks(&bytes), [[1, 2]]);
    for (written, track) in [(first, 1), (second, 2)] {
        let found = fragment_samples(&bytes, track).into_iter().map(|sample| sample.3);
        assert!(found.eq(written.into_iter().map(|packet| packet.data)), "{track}");
    }
}

#[test]
fn random_access_finds_the_fragments() {
    // `dash` puts a segment index before each fragment.
    for layout in ["frag_keyframe", "frag_keyframe+dash"] {
        check_random_access(layout);
    }
}

fn check_random_access(layout: &str) {
    let (streams, packets) = movie();
    let bytes = file(MP4, layout, &streams, &packets);
    // The last field of a file is the length of the box that it ends (§8.8.11).
    let length = u32::from_be_bytes(bytes[bytes.len() - 4..].try_into().unwrap()) as usize;
    let mfra = &bytes[bytes.len() - length..];
    assert_eq!(
        (&mfra[4..8], u32::from_be_bytes(mfra[..4].try_into().unwrap())),
        (&b"mfra"[..], length as u32)
    );
    let mut tracks = 0;
    for (kind, _) in boxes(&mfra[8..]).into_iter().filter(|(kind, _)| kind == "tfra") {
        let at = mfra.windows(4).enumerate().filter(|(_, found)| *found == kind.as_bytes());
        let at = at.map(|(at, _)| at).nth(tracks).unwrap() - 4;
        let Ok(Any::Tfra(tfra)) = Any::decode(&mut &mfra[at..]) else { panic!("tfra") };
        tracks += 1;
        assert_eq!(tfra.track_id as usize, tracks);
        assert!(!tfra.entries.is_empty());
        for entry in &tfra.entries {
            let at = entry.moof_offset as usize;
            let size = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
            let Ok(Any::Moof(moof)) = Any::decode(&mut &bytes[at..at + size]) else { panic!() };
            let traf = &moof.traf[entry.traf_number as usize - 1];
            assert_eq!(traf.tfhd.track_id as usize, tracks);
            assert_eq!(traf.tfdt.as_ref().unwrap().base_media_decode_time, entry.time);
            assert_eq!((entry.trun_number, entry.sample_delta), (1, 1));
        }
    }
    assert_eq!(tracks, 2);
}

#[test]
fn itunes_tags_state_priming_of_aac_only() {
    let note = |info: &MuxerInfo, streams: &[StreamParameters], packets: &[Packet]| {
        let bytes = file(info, "progressive", streams, packets);
        let at = bytes.windows(8).position(|found| found == b"iTunSMPB");
        at.map(|at| {
            let text = &bytes[at..];
            let start = text.windows(9).position(|found| found == b" 00000000").unwrap();
            String::from_utf8_lossy(&text[start..start + 44]).into_owned()
        })
    };
    let packets = audio_packets(0, 1024, 5000, 1024);
    let expected = " 00000000 00000400 00000078 0000000000001388";
    assert_eq!(note(MP4, &[aac(48_000)], &packets).unwrap(), expected);
    // The number of presented samples is the same after a late start.
    let late: Vec<_> = packets
        .iter()
        .map(|packet| Packet {
            pts: Timestamp(packet.pts.0 + 2000),
            dts: Timestamp(packet.dts.0 + 2000),
            ..packet.clone()
        })
        .collect();
    assert_eq!(note(MP4, &[aac(48_000)], &late).unwrap(), expected);
    assert_eq!(note(MOV, &[aac(48_000)], &packets), None);
    assert_eq!(note(MP4, &[aac(48_000)], &[]), None);
    assert_eq!(note(MP4, &[opus()], &packets), None);
    let (streams, packets) = movie();
    assert_eq!(note(MP4, &streams, &packets), None);
    // The tag describes the complete file, so files with a second stream do not have it.
    let both = [audio_packets(0, 1024, 5000, 1024), audio_packets(1, 1024, 5000, 1024)].concat();
    assert_eq!(note(MP4, &[aac(48_000), aac(48_000)], &both), None);
    // The tag counts samples in any time base.
    let halves = aac(48_000).time_base(TimeBase::from_sample_rate(96_000).unwrap());
    let twice: Vec<_> = audio_packets(0, 1024, 5000, 1024)
        .into_iter()
        .map(|packet| Packet {
            pts: Timestamp(2 * packet.pts.0),
            dts: Timestamp(2 * packet.dts.0),
            duration: 2 * packet.duration,
            trim_start: 2 * packet.trim_start,
            trim_end: 2 * packet.trim_end,
            ..packet
        })
        .collect();
    assert_eq!(note(MP4, &[halves], &twice).unwrap(), expected);
}

#[test]
fn chunks_are_half_a_second_or_four_mebibytes() {
    /// Number of samples of each chunk (ISO/IEC 14496-12 §8.7.4).
    fn chunks(bytes: &[u8], track: usize) -> Vec<u32> {
        let found = moov(bytes);
        let table = &found.trak[track].mdia.minf.stbl;
        let chunks = table.stco.as_ref().unwrap().entries.len() as u32;
        let mut runs = table.stsc.entries.iter().rev();
        let mut of_chunk: Vec<u32> = (1..=chunks).rev().collect();
        let mut run = runs.next().unwrap();
        for chunk in &mut of_chunk {
            if *chunk < run.first_chunk {
                run = runs.next().unwrap();
            }
            *chunk = run.samples_per_chunk;
        }
        of_chunk.reverse();
        of_chunk
    }
    let packets = |count: i64, duration: i64, bytes: usize| -> Vec<Packet> {
        let packet = |i| Packet {
            data: vec![i as u8; bytes],
            pts: Timestamp(i * duration),
            dts: Timestamp(i * duration),
            duration,
            keyframe: true,
            ..Packet::default()
        };
        (0..count).map(packet).collect()
    };
    let mp3 = [pcm(CodecId::Mp3, 48_000, default_layout(2))];
    for layout in &LAYOUTS[..3] {
        let of = |packets: &[Packet]| chunks(&file(MP4, layout, &mp3, packets), 0);
        assert_eq!(of(&packets(12, 4800, 10)), [5, 5, 2], "{layout}");
        assert_eq!(of(&packets(12, 4799, 10)), [6, 6], "{layout}");
        // Chunks that were written as fragments may be larger.
        if *layout != "hybrid_fragmented" {
            assert_eq!(of(&packets(9, 1, 1 << 20)), [4, 4, 1], "{layout}");
            assert_eq!(of(&packets(9, 1, (1 << 20) + 1)), [3, 3, 3], "{layout}");
        }
        // Tracks are interleaved.
        let (streams, packets) = movie();
        let bytes = file(MP4, layout, &streams, &packets);
        let (video, audio) = (chunks(&bytes, 0), chunks(&bytes, 1));
        assert_eq!((video.len(), audio.len()), (6, 6), "{layout}");
        assert!(video.iter().all(|samples| *samples <= 13), "{layout}: {video:?}");
        assert!(audio.iter().all(|samples| *samples <= 24), "{layout}: {audio:?}");
    }
}

#[test]
fn segment_indexes_have_the_duration_of_the_fragment() {
    let mono = pcm(CodecId::PcmS16Le, 48_000, default_layout(1));
    let run = |i: i64| Packet {
        data: vec![i as u8; 2 * 1024],
        pts: Timestamp(1024 * i),
        dts: Timestamp(1024 * i),
        duration: 1024,
        keyframe: true,
        ..Packet::default()
    };
    let runs: Vec<_> = (0..100).map(run).collect();
    for (info, stream, packets) in
        [(MOV, mono, runs), (MP4, aac(48_000), audio_packets(0, 0, 100 * 1024, 1024))]
    {
        let bytes = file(info, "frag_custom+dash", std::slice::from_ref(&stream), &packets);
        let found = fragment_samples(&bytes, 1);
        let length: u32 = found.iter().map(|sample| sample.1).sum();
        assert_eq!(length, 100 * 1024, "{}", info.name);
        let expected = if stream.codec == CodecId::Aac { 1024 } else { 1 };
        assert!(found.iter().all(|sample| sample.1 == expected), "{}", info.name);
        let sidx = find(&bytes, &["sidx"]).unwrap();
        let Ok(sidx) = mp4_atom::Sidx::decode_body(&mut &sidx[..]) else { panic!("sidx") };
        assert_eq!(sidx.references[0].subsegment_duration, length, "{}", info.name);
    }
}

#[test]
fn segment_indexes_refer_to_a_track_of_the_fragment() {
    let streams = [h264(), aac(48_000)];
    let packets = [video(5, 5), audio_packets(1, 0, 8 * 48_000, 1024)].concat();
    let bytes = file(MP4, "frag_keyframe+dash", &streams, &packets);
    let tracks = fragment_tracks(&bytes);
    let indexes = boxes(&bytes).into_iter().filter(|(kind, _)| kind == "sidx");
    // `reference_ID` is a track of the fragment that follows (ISO/IEC 14496-12 §8.16.3).
    let references = indexes.map(|(_, body)| u32::from_be_bytes(body[4..8].try_into().unwrap()));
    assert_eq!(references.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(tracks, [vec![1, 2], vec![2]]);
}

/// Returns arbitrary packets, most of them invalid.
fn any_packet() -> impl Strategy<Value = Packet> {
    let time = || prop_oneof![0i64..100, -2000i64..2000, any::<i64>()];
    let trim = || prop_oneof![0u32..2000, any::<u32>()];
    (0usize..3, 0usize..64, time(), time(), time(), any::<bool>(), trim(), trim()).prop_map(
        |(stream, bytes, pts, dts, duration, keyframe, trim_start, trim_end)| Packet {
            stream,
            data: noise_bytes(bytes * 4),
            pts: Timestamp(pts),
            dts: Timestamp(dts),
            duration,
            keyframe,
            trim_start,
            trim_end,
        },
    )
}

proptest! {
    #[test]
    fn any_input_is_written_or_rejected(
        packets in prop::collection::vec(any_packet(), 0..40),
        (num, den) in prop_oneof![Just((1, 48_000)), (1i64..1 << 33, 1i64..1 << 33)],
        layout in prop::sample::select(&LAYOUTS[..]),
        info in prop::sample::select(&[0usize, 1][..]),
        codec in prop::sample::select(&[CodecId::PcmS16Le, CodecId::Mp3][..]),
    ) {
        let time_base = TimeBase::new(Rational::new(num, den).unwrap());
        let streams = [
            pcm(codec, 48_000, default_layout(2))
.time_base(time_base),
            h264()
.time_base(time_base),
        ];
        let mut output = MemoryOutput::seekable();
        let mut muxer = open(&MUXERS[info], &[("movflags", layout)]).unwrap();
        if muxer.start(&streams, &Metadata::new(), &mut output).is_ok() {
            for packet in &packets {
                // A rejected packet changes no state, because its times are checked first.
                let _ = muxer.write(packet, &mut output);
            }
            let _ = muxer.finish(&streams, &mut output);
        }
    }

    #[test]
    fn any_stream_is_described_or_rejected(
        codec in prop::sample::select(CodecId::ALL),
        rate in prop_oneof![Just(48_000), any::<u32>()],
        channels in prop_oneof![1usize..9, 1usize..65_536],
        info in 0usize..5,
    ) {
        let stream = pcm(codec, rate, default_layout(channels));
        let audio: &AudioParameters = stream.audio().unwrap();
        let mut output = MemoryOutput::seekable();
        let mut muxer = open(&MUXERS[info], &[]).unwrap();
        let started = muxer.start(std::slice::from_ref(&stream), &Metadata::new(), &mut output);
        prop_assert!(started.is_err() || audio.format.layout.channels() == channels);
    }
}
