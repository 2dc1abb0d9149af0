//! Subtitles and chapters, read by third-party programs.

use std::cell::RefCell;
use std::time::Duration;

use mp4_atom::{Any, Decode as _};
use reelwright_core::helpers::WebVttCue;
use reelwright_core::helpers::timed_text::{BOLD, FONT_SIZE, TextStyle, TimedText};
use reelwright_core::{
    AudioSpecificConfig, Chapter, CodecId, CodecRecord, ColorInfo, MediaParameters, MemoryOutput,
    Metadata, MuxerInfo, Packet, PixelFormat, Rational, Result, StreamParameters, TimeBase,
    Timestamp, WebVttHeader,
};
use reelwright_mux_mp4::MUXERS;
use reelwright_testkit::muxing::{default_layout, open, pcm, video_parameters};
use reelwright_testkit::output::{CrashOutput, FailingOutput};
use reelwright_testkit::program::run;

const MP4: &MuxerInfo = &MUXERS[0];
const MOV: &MuxerInfo = &MUXERS[1];
const THREE_GP: &MuxerInfo = &MUXERS[3];

/// Every layout, by its flags.
const LAYOUTS: [&str; 4] = ["hybrid_fragmented", "progressive", "faststart", "frag_keyframe"];

fn subtitles(codec: CodecId) -> StreamParameters {
    let unit = TimeBase::new(Rational::new(1, 1000).unwrap());
    StreamParameters::new(codec, unit, MediaParameters::Subtitle).language(Some("fra".to_owned()))
}

/// Subtitle: start and end in milliseconds, and text.
type Cue<'a> = (i64, i64, &'a str);

fn packets(stream: usize, codec: CodecId, cues: &[Cue<'_>]) -> Vec<Packet> {
    let packet = |(start, end, text): &Cue<'_>| Packet {
        stream,
        data: match codec {
            CodecId::WebVtt => {
                WebVttCue { payload: (*text).to_owned(), ..WebVttCue::default() }.to_bytes()
            }
            _ => TimedText { text: (*text).to_owned(), styles: Vec::new() }.to_bytes(FONT_SIZE),
        }
        .unwrap(),
        pts: Timestamp(*start),
        dts: Timestamp(*start),
        duration: end - start,
        keyframe: true,
        ..Packet::default()
    };
    cues.iter().map(packet).collect()
}

/// Samples of silence, 1/10 s a packet.
fn silence(seconds: i64) -> Vec<Packet> {
    let packet = |i| Packet {
        data: vec![0; 1600],
        pts: Timestamp(i * 800),
        dts: Timestamp(i * 800),
        duration: 800,
        keyframe: true,
        ..Packet::default()
    };
    (0..seconds * 10).map(packet).collect()
}

/// Streams of a file: audio and subtitles.
fn streams(codec: CodecId) -> [StreamParameters; 2] {
    [pcm(CodecId::PcmS16Le, 8000, default_layout(1)), subtitles(codec)]
}

/// All packets in the order of their dts.
fn interleaved(streams: &[StreamParameters], mut all: Vec<Packet>) -> Vec<Packet> {
    let seconds = |packet: &Packet| streams[packet.stream].time_base.to_seconds(packet.dts);
    all.sort_by(|a, b| seconds(a).total_cmp(&seconds(b)));
    all
}

fn muxed(
    info: &MuxerInfo,
    layout: &str,
    streams: &[StreamParameters],
    tags: &Metadata,
    packets: &[Packet],
) -> Result<Vec<u8>> {
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(info, &[("movflags", layout)])?;
    muxer.start(streams, tags, &mut output)?;
    for packet in packets {
        muxer.write(packet, &mut output)?;
    }
    muxer.finish(streams, &mut output)?;
    Ok(output.into_bytes())
}

/// A file of five seconds of silence with subtitles.
fn with_cues(info: &MuxerInfo, layout: &str, codec: CodecId, cues: &[Cue<'_>]) -> Vec<u8> {
    let streams = streams(codec);
    let packets = interleaved(&streams, [silence(5), packets(1, codec, cues)].concat());
    muxed(info, layout, &streams, &Metadata::new(), &packets).unwrap()
}

/// Returns the bodies of all boxes at `path`, from the top level.
fn find<'a>(mut bytes: &'a [u8], path: &[&[u8; 4]]) -> Vec<&'a [u8]> {
    let [kind, rest @ ..] = path else { return vec![bytes] };
    let mut found = Vec::new();
    while bytes.len() >= 8 {
        let (header, size) = match u32::from_be_bytes(bytes[..4].try_into().unwrap()) {
            1 => (16, u64::from_be_bytes(bytes[8..16].try_into().unwrap()) as usize),
            size => (8, size as usize),
        };
        let Some(body) = bytes.get(header..size) else { break };
        if &bytes[4..8] == *kind {
            found.extend(find(body, rest));
        }
        bytes = &bytes[size..];
    }
    found
}

/// Subtitle packets as listed by ffprobe: pts and duration in milliseconds, and size.
fn probed_packets(file: &[u8]) -> Option<Vec<(i64, i64, usize)>> {
    let shown =
        ["-select_streams", "1", "-show_entries", "packet=pts,duration,size", "-of", "csv=p=0"];
    let text = run("ffprobe", &[&["-v", "error", "-i", "{}"], &shown[..]].concat(), file)?;
    let lines = String::from_utf8(text).unwrap();
    let fields = |line: &str| {
        let fields: Vec<i64> = line.split(',').filter_map(|field| field.parse().ok()).collect();
        (fields[0], fields[1], fields[2] as usize)
    };
    Some(lines.lines().map(fields).collect())
}

/// Returns the subtitles that ffmpeg finds.
fn srt(file: &[u8]) -> Option<String> {
    let text = run("ffmpeg", &["-v", "error", "-i", "{}", "-map", "0:s", "-f", "srt", "-"], file)?;
    Some(String::from_utf8(text).unwrap().replace("\r\n", "\n"))
}

const CUES: [Cue<'_>; 3] =
    [(500, 1750, "Salut à tous"), (1750, 2000, "deux\nlignes 日本"), (3000, 4500, "fin")];

#[test]
fn gaps_are_empty_samples_in_every_layout() {
    for layout in LAYOUTS {
        for (info, codec) in
            [(MP4, CodecId::MovText), (MOV, CodecId::MovText), (THREE_GP, CodecId::MovText)]
        {
            let streams = if info.name == "3gp" {
                // Subtitles alone.
                vec![subtitles(codec)]
            } else {
                streams(codec).to_vec()
            };
            let index = streams.len() - 1;
            let audio = if index == 1 { silence(5) } else { Vec::new() };
            let packets = interleaved(&streams, [audio, packets(index, codec, &CUES)].concat());
            let file = muxed(info, layout, &streams, &Metadata::new(), &packets).unwrap();
            let Some(srt) = srt(&file) else { return };
            let expected = "1\n00:00:00,500 --> 00:00:01,750\nSalut à tous\n\n\
                2\n00:00:01,750 --> 00:00:02,000\ndeux\nlignes 日本\n\n\
                3\n00:00:03,000 --> 00:00:04,500\nfin\n\n";
            if layout == "frag_keyframe" {
                // FFmpeg 5.1 does not find durations of subtitles in fragments, not even in its own
                // files.
                for cue in expected.split("\n\n") {
                    let found = cue.lines().filter(|line| !line.contains("-->"));
                    assert!(found.into_iter().all(|line| srt.contains(line)), "{srt}");
                }
            } else {
                assert_eq!(srt, expected, "{layout} {}", info.name);
            }
            let found = fragmented_samples(&file, index as u32 + 1);
            if layout == "frag_keyframe" {
                let found: Vec<_> =
                    found.iter().map(|(start, ms, data)| (*start, *ms, data.len())).collect();
                assert_eq!(found, SAMPLES, "{}", info.name);
            } else if index == 1 {
                assert_eq!(probed_packets(&file).unwrap(), SAMPLES, "{layout} {}", info.name);
            }
        }
    }
}

/// Samples of [`CUES`] with the gaps: start, duration and size.
const SAMPLES: [(i64, i64, usize); 5] =
    [(0, 500, 2), (500, 1250, 15), (1750, 250, 20), (2000, 1000, 2), (3000, 1500, 5)];

/// Returns the samples of a track in fragments: start, duration and data.
fn fragmented_samples(file: &[u8], track: u32) -> Vec<(i64, i64, Vec<u8>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(size) = file[at..].first_chunk::<4>() {
        let size = u32::from_be_bytes(*size) as usize;
        if &file[at + 4..at + 8] == b"moof" {
            let Ok(Any::Moof(moof)) = Any::decode(&mut &file[at..at + size]) else {
                panic!("moof")
            };
            for traf in moof.traf.iter().filter(|traf| traf.tfhd.track_id == track) {
                let mut time = traf.tfdt.as_ref().unwrap().base_media_decode_time as i64;
                let mut data = at + traf.trun[0].data_offset.unwrap() as usize;
                for sample in &traf.trun[0].samples {
                    let size = sample.size.or(traf.tfhd.default_sample_size).unwrap() as usize;
                    let duration = sample.duration.or(traf.tfhd.default_sample_duration);
                    let duration = i64::from(duration.unwrap());
                    found.push((time, duration, file[data..data + size].to_vec()));
                    time += duration;
                    data += size;
                }
            }
        }
        at += if size < 8 { break } else { size };
    }
    found
}

#[test]
fn timed_text_is_described() {
    let file = with_cues(MP4, "progressive", CodecId::MovText, &CUES);
    let traks = find(&file, &[b"moov", b"trak"]);
    let [_, trak] = traks[..] else { panic!("{}", traks.len()) };
    assert_eq!(find(trak, &[b"mdia", b"hdlr"])[0][8..12], *b"sbtl");
    assert_eq!(find(trak, &[b"mdia", b"minf", b"nmhd"]), [[0; 4]]);
    let stsd = find(trak, &[b"mdia", b"minf", b"stbl", b"stsd"])[0];
    let entry = find(&stsd[8..], &[b"tx3g"])[0];
    // 3GPP TS 26.245 §5.16: 8 bytes of every entry, flags, justification, background, box, style.
    assert_eq!(entry[..8], [0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(entry[8..14], [0, 0, 0, 0, 1, 0xFF]);
    assert_eq!(entry.len(), 8 + 4 + 2 + 4 + 8 + 12 + 8 + 5 + 5);
    assert_eq!(find(&entry[38..], &[b"ftab"])[0], b"\0\x01\0\x01\x05Arial");

    let file = with_cues(MOV, "progressive", CodecId::MovText, &CUES);
    let trak = find(&file, &[b"moov", b"trak"])[1];
    assert_eq!(find(trak, &[b"mdia", b"hdlr"])[0][4..12], *b"mhlrtext");
    assert_eq!(find(trak, &[b"mdia", b"minf", b"gmhd", b"gmin"])[0].len(), 16);
    let stsd = find(trak, &[b"mdia", b"minf", b"stbl", b"stsd"])[0];
    // QuickTime File Format, "Text Sample Description": 60 bytes with the size and type.
    assert_eq!(find(&stsd[8..], &[b"text"])[0].len(), 60 - 8);
}

#[test]
fn every_subtitle_is_a_sync_sample() {
    // Without `stss`, all samples are sync samples (ISO/IEC 14496-12 §8.6.2.1).
    let file = with_cues(MP4, "progressive", CodecId::MovText, &CUES);
    let trak = find(&file, &[b"moov", b"trak"])[1];
    assert!(find(trak, &[b"mdia", b"minf", b"stbl", b"stss"]).is_empty());
}

#[test]
fn webvtt_without_a_header_has_the_default_one() {
    let cues = packets(0, CodecId::WebVtt, &CUES);
    let none = Metadata::new();
    let file = muxed(MP4, "progressive", &[subtitles(CodecId::WebVtt)], &none, &cues).unwrap();
    let stsd = find(&file, &[b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"])[0];
    // `vttC` holds a file's text up to the first cue (ISO/IEC 14496-30 §7.5).
    let entry = find(&stsd[8..], &[b"wvtt"])[0];
    assert_eq!(find(&entry[8..], &[b"vttC"]), [b"WEBVTT"]);
}

#[test]
fn subtitles_are_shown_over_the_video() {
    let video = video_parameters(
        CodecId::Mjpeg,
        PixelFormat::Yuv420p,
        (640, 480),
        (25, 1),
        ColorInfo::BT709,
    );
    let streams = [video, subtitles(CodecId::MovText)];
    let frame = Packet { data: vec![0; 9], duration: 1, keyframe: true, ..Packet::default() };
    let packets = [vec![frame], packets(1, CodecId::MovText, &[(0, 40, "x")])].concat();
    let file = muxed(MP4, "progressive", &streams, &Metadata::new(), &packets).unwrap();
    let trak = find(&file, &[b"moov", b"trak"])[1];
    let tkhd = find(trak, &[b"tkhd"])[0];
    assert_eq!(tkhd[tkhd.len() - 8..], [2, 128, 0, 0, 1, 224, 0, 0]);
    // The layer is above the video.
    assert_eq!(tkhd[32..34], [0xFF, 0xFF]);
    let stsd = find(trak, &[b"mdia", b"minf", b"stbl", b"stsd"])[0];
    let entry = find(&stsd[8..], &[b"tx3g"])[0];
    assert_eq!(entry[18..26], [0, 0, 0, 0, 1, 224, 2, 128]);
    assert_eq!(entry[26..38], [0, 0, 0, 0, 0, 1, 0, 26, 255, 255, 255, 255]);
}

#[test]
fn styles_reach_players() {
    let mut packets = packets(1, CodecId::MovText, &[(0, 1000, "bold text")]);
    let styles = vec![TextStyle { start: 0, end: 4, face: BOLD }];
    packets[0].data =
        TimedText { text: "bold text".to_owned(), styles }.to_bytes(FONT_SIZE).unwrap();
    let streams = streams(CodecId::MovText);
    let all = [silence(1), packets].concat();
    let file = muxed(MP4, "progressive", &streams, &Metadata::new(), &all).unwrap();
    let Some(srt) = srt(&file) else { return };
    assert_eq!(srt, "1\n00:00:00,000 --> 00:00:01,000\n<b>bold</b> text\n\n");
}

#[test]
fn overlapping_subtitles_are_merged() {
    let cues = [(0, 2000, "a"), (1000, 3000, "b"), (1000, 1500, "c"), (4000, 4000, "d")];
    for layout in &LAYOUTS[..3] {
        let file = with_cues(MP4, layout, CodecId::MovText, &cues);
        let Some(srt) = srt(&file) else { return };
        let times_and_texts: Vec<&str> =
            srt.split("\n\n").filter_map(|cue| cue.split_once('\n').map(|(_, cue)| cue)).collect();
        assert_eq!(
            times_and_texts,
            [
                "00:00:00,000 --> 00:00:01,000\na",
                "00:00:01,000 --> 00:00:01,500\na\nb\nc",
                "00:00:01,500 --> 00:00:02,000\na\nb",
                "00:00:02,000 --> 00:00:03,000\nb",
                // Even the shortest subtitles are shown.
                "00:00:04,000 --> 00:00:04,001\nd",
            ],
            "{layout}"
        );
    }
}

/// Returns the samples of the second track of a progressive file.
fn samples(file: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let table = find(file, &[b"moov", b"trak", b"mdia", b"minf", b"stbl"])[1];
    let words = |kind, skip: usize| -> Vec<u32> {
        let body = &find(table, &[kind])[0][skip..];
        body.chunks_exact(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect()
    };
    let durations: Vec<u32> = words(b"stts", 8)
        .chunks(2)
        .flat_map(|run| std::iter::repeat_n(run[1], run[0] as usize))
        .collect();
    let sizes = match words(b"stsz", 4)[..] {
        [0, _, ref sizes @ ..] => sizes.to_vec(),
        [size, count, ..] => vec![size; count as usize],
        _ => panic!(),
    };
    // Chunks last half a second. The samples of one chunk are contiguous.
    let mut at = words(b"stco", 8)[0] as usize;
    let sample = |(duration, size): (u32, &u32)| {
        let data = file[at..at + *size as usize].to_vec();
        at += *size as usize;
        (duration, data)
    };
    durations.into_iter().zip(&sizes).map(sample).collect()
}

#[test]
fn webvtt_has_its_boxes() {
    let mut all =
        packets(0, CodecId::WebVtt, &[(1000, 3000, "<i>a</i> &amp; b"), (2000, 3000, "c")]);
    for packet in &mut all {
        packet.stream = 1;
    }
    all[1].data = WebVttCue {
        id: "second".to_owned(),
        settings: "line:0".to_owned(),
        payload: "c".to_owned(),
    }
    .to_bytes()
    .unwrap();
    let text = "WEBVTT\n\nSTYLE\n::cue { color: red }".to_owned();
    let mut streams = streams(CodecId::WebVtt);
    streams[1].record = CodecRecord::WebVtt(WebVttHeader { text: text.clone() });
    // Only subtitles are written, so one chunk contains all of them.
    let file = muxed(MP4, "progressive", &streams, &Metadata::new(), &all).unwrap();
    let trak = find(&file, &[b"moov", b"trak"])[1];
    assert_eq!(find(trak, &[b"mdia", b"hdlr"])[0][8..12], *b"text");
    assert_eq!(find(trak, &[b"mdia", b"minf", b"nmhd"]).len(), 1);
    let stsd = find(trak, &[b"mdia", b"minf", b"stbl", b"stsd"])[0];
    let entry = find(&stsd[8..], &[b"wvtt"])[0];
    assert_eq!(find(&entry[8..], &[b"vttC"]), [text.as_bytes()]);

    // ISO/IEC 14496-30 §7.5: no gaps; cues that last over several samples have the same number.
    let [(1000, empty), (1000, first), (1000, both)] = &samples(&file)[..] else {
        panic!("{:?}", samples(&file))
    };
    assert_eq!(empty, b"\0\0\0\x08vtte");
    let first = find(first, &[b"vttc"]);
    assert_eq!(first.len(), 1);
    assert_eq!(find(first[0], &[b"payl"]), [b"<i>a</i> &amp; b"]);
    let both = find(both, &[b"vttc"]);
    assert_eq!(both.len(), 2);
    assert_eq!(find(both[0], &[b"vsid"]), find(first[0], &[b"vsid"]));
    assert_eq!(find(both[0], &[b"vsid"]), [[0; 4]]);
    assert_eq!(find(both[1], &[b"vsid"]).len(), 0);
    assert_eq!(find(both[1], &[b"iden"]), [b"second"]);
    assert_eq!(find(both[1], &[b"sttg"]), [b"line:0"]);
    assert_eq!(find(both[1], &[b"payl"]), [b"c"]);
}

#[test]
fn fragments_do_not_wait_for_subtitles() {
    let video = video_parameters(
        CodecId::Mjpeg,
        PixelFormat::Yuv420p,
        (640, 480),
        (25, 1),
        ColorInfo::BT709,
    );
    let frame = |i| Packet {
        data: vec![0; 9],
        pts: Timestamp(i),
        dts: Timestamp(i),
        duration: 1,
        keyframe: i % 10 == 0,
        ..Packet::default()
    };
    let frames: Vec<_> = (0..50).map(frame).collect();
    let streams = [video, subtitles(CodecId::MovText)];
    let file = muxed(MP4, "frag_keyframe", &streams, &Metadata::new(), &frames).unwrap();
    assert_eq!(find(&file, &[b"moof"]).len(), 5);
}

#[test]
fn sparse_subtitles_do_not_end_fragments() {
    // One subtitle in ten minutes, and keyframes each second.
    let without = |cues: &[Cue<'_>]| {
        let streams = streams(CodecId::MovText);
        let packets = [silence(60), packets(1, CodecId::MovText, cues)].concat();
        let packets = interleaved(&streams, packets);
        let file = muxed(MP4, "frag_keyframe", &streams, &Metadata::new(), &packets).unwrap();
        find(&file, &[b"moof"]).len()
    };
    assert_eq!(without(&[(50_000, 51_000, "late")]), without(&[]));
    assert_eq!(without(&[(50_300, 50_600, "late")]), without(&[]));
}

#[test]
fn subtitle_is_flushed_when_it_ends() {
    let streams = streams(CodecId::MovText);
    let packets =
        interleaved(&streams, [silence(10), packets(1, CodecId::MovText, &CUES)].concat());
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(MP4, &[]).unwrap();
    muxer.start(&streams, &Metadata::new(), &mut output).unwrap();
    for packet in &packets {
        muxer.write(packet, &mut output).unwrap();
    }
    // Simulates a killed process: no calls follow.
    let file = output.into_bytes();
    let found = fragmented_samples(&file, 2);
    assert_eq!(found.last(), Some(&(3000, 1500, b"\0\x03fin".to_vec())));
}

#[test]
fn late_subtitles_start_after_written_ones() {
    let streams = streams(CodecId::MovText);
    let mut packets = interleaved(
        &streams,
        [silence(4), packets(1, CodecId::MovText, &[(0, 2000, "a")])].concat(),
    );
    packets.extend(self::packets(1, CodecId::MovText, &[(1000, 3000, "b"), (1500, 1700, "c")]));
    let file = muxed(MP4, "progressive", &streams, &Metadata::new(), &packets).unwrap();
    let Some(srt) = srt(&file) else { return };
    for expected in [
        "00:00:00,000 --> 00:00:02,000\na",
        "00:00:02,000 --> 00:00:02,001\nb\nc",
        "00:00:02,001 --> 00:00:03,000\nb",
    ] {
        assert!(srt.contains(expected), "{srt}");
    }
}

thread_local! {
    static WARNINGS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Collects warnings by thread, because each test runs in its own thread.
struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        WARNINGS.with_borrow_mut(|warnings| warnings.push(record.args().to_string()));
    }

    fn flush(&self) {}
}

#[test]
fn late_subtitles_cause_one_warning() {
    // An error means that another test has set it.
    let _ = log::set_logger(&Logger);
    log::set_max_level(log::LevelFilter::Warn);
    let streams = streams(CodecId::MovText);
    let warnings = |late: &[Cue<'_>]| {
        WARNINGS.take();
        let early = packets(1, CodecId::MovText, &[(0, 2000, "a")]);
        let mut packets = interleaved(&streams, [silence(4), early].concat());
        packets.extend(self::packets(1, CodecId::MovText, late));
        muxed(MP4, "progressive", &streams, &Metadata::new(), &packets).unwrap();
        WARNINGS.take()
    };
    // No warning: a subtitle begins at the end of another, or overlaps one that is not yet written.
    assert_eq!(warnings(&[(2000, 3000, "b"), (2500, 4000, "c")]), [""; 0]);
    let [warning] = &warnings(&[(1000, 3000, "b"), (1500, 1700, "c")])[..] else { panic!() };
    let expected = "Stream 1: the subtitle at 1 s overlaps one that is already in the file, \
        and begins at 2 s.";
    assert!(warning.starts_with(expected), "{warning}");
}

#[test]
fn rejects_invalid_subtitles() {
    for codec in [CodecId::MovText, CodecId::WebVtt] {
        let streams = streams(codec);
        let mut muxer = open(MP4, &[]).unwrap();
        let mut output = MemoryOutput::seekable();
        muxer.start(&streams, &Metadata::new(), &mut output).unwrap();
        let packet = Packet { stream: 1, data: vec![9], duration: 1, ..Packet::default() };
        let error = muxer.write(&packet, &mut output).unwrap_err();
        assert_eq!(error.stream(), Some(1));
    }
    let error = muxed(MOV, "progressive", &[subtitles(CodecId::WebVtt)], &Metadata::new(), &[]);
    assert!(error.unwrap_err().to_string().contains("mov does not support webvtt"));
    // Texts that fit alone, but not together.
    let long = "x".repeat(40_000);
    let cues = packets(0, CodecId::MovText, &[(0, 9, &long), (0, 9, &long)]);
    let error = muxed(MP4, "progressive", &[subtitles(CodecId::MovText)], &Metadata::new(), &cues);
    let error = error.unwrap_err();
    assert!(error.to_string().contains("at most 65535 bytes"), "{error}");
}

#[test]
fn outputs_that_fail_are_errors() {
    let streams = streams(CodecId::MovText);
    let packets = interleaved(&streams, [silence(2), packets(1, CodecId::MovText, &CUES)].concat());
    let tags = chapters(&[(0, None, "a"), (900, None, "b")]);
    for layout in LAYOUTS {
        let muxed = |left| {
            let mut output = FailingOutput::new(MemoryOutput::seekable(), left);
            let mut muxer = open(MP4, &[("movflags", layout)])?;
            muxer.start(&streams, &tags, &mut output)?;
            for packet in &packets {
                muxer.write(packet, &mut output)?;
            }
            muxer.finish(&streams, &mut output)
        };
        let needed = (0..).find(|thousands| muxed(thousands * 1000).is_ok()).unwrap() * 1000;
        assert!(needed > 32_000, "{layout}");
        for left in (0..needed - 1000).step_by(17) {
            assert!(muxed(left).is_err(), "{layout} {left}");
        }
    }
}

/// Metadata with chapters, whose times are in milliseconds.
fn chapters(chapters: &[(u64, Option<u64>, &str)]) -> Metadata {
    let millis = Duration::from_millis;
    let chapter = |(start, end, title): &(u64, Option<u64>, &str)| {
        Chapter::new(millis(*start), end.map(millis), *title)
    };
    let mut tags = Metadata::new();
    tags.set_chapters(chapters.iter().map(chapter).collect()).unwrap();
    tags
}

/// Returns the chapters that ffprobe finds: start, end and title.
fn probed_chapters(file: &[u8]) -> Option<Vec<(f64, f64, String)>> {
    let shown =
        ["-show_entries", "chapter=start_time,end_time:chapter_tags=title", "-of", "csv=p=0"];
    let text = run("ffprobe", &[&["-v", "error", "-i", "{}"], &shown[..]].concat(), file)?;
    let lines = String::from_utf8(text).unwrap();
    let chapter = |line: &str| {
        let mut fields = line.splitn(3, ',');
        let mut time = || fields.next().unwrap().parse().unwrap();
        let (start, end) = (time(), time());
        (start, end, fields.next().unwrap_or_default().to_owned())
    };
    Some(lines.lines().map(chapter).collect())
}

fn with_chapters(info: &MuxerInfo, layout: &str, tags: &Metadata) -> Vec<u8> {
    let streams = [pcm(CodecId::PcmS16Le, 8000, default_layout(1))];
    muxed(info, layout, &streams, tags, &silence(5)).unwrap()
}

#[test]
fn players_find_chapters_in_every_layout() {
    let tags = chapters(&[(0, None, "Début"), (1250, Some(3000), "日本"), (3000, None, "fin")]);
    for layout in LAYOUTS {
        for info in [MP4, MOV] {
            let file = with_chapters(info, layout, &tags);
            let Some(found) = probed_chapters(&file) else { return };
            let expected = [(0.0, 1.25, "Début"), (1.25, 3.0, "日本"), (3.0, 5.0, "fin")]
                .map(|(start, end, title)| (start, end, title.to_owned()));
            assert_eq!(found, expected, "{layout} {}", info.name);
        }
    }
}

#[test]
fn chapters_start_late_and_end_early() {
    // Times between milliseconds.
    let mut tags = Metadata::new();
    let micros = Duration::from_micros;
    let late = Chapter::new(micros(500_250), None, "late");
    tags.set_chapters(vec![late, Chapter::new(micros(2_000_001), Some(micros(4_000_000)), "b")])
        .unwrap();
    for layout in ["hybrid_fragmented", "faststart"] {
        let file = with_chapters(MP4, layout, &tags);
        let trak = find(&file, &[b"moov", b"trak"])[1];
        // An empty edit, then an edit with all media.
        assert_eq!(find(trak, &[b"edts", b"elst"])[0][7], 2);
        let durations: Vec<u32> = samples(&file).iter().map(|sample| sample.0).collect();
        assert_eq!(durations, [1_499_751, 1_999_999]);
        let Some(found) = probed_chapters(&file) else { return };
        // FFmpeg uses the length of the track's media as its end.
        let expected =
            [(0.50025, 2.000_001, "late".to_owned()), (2.000_001, 3.49975, "b".to_owned())];
        assert_eq!(found, expected, "{layout}");
    }
}

#[test]
fn chapters_are_written_twice() {
    let tags = chapters(&[(0, None, "a"), (2000, None, "b")]);
    let file = with_chapters(MP4, "progressive", &tags);
    let nero = b"\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\0\x01a\0\0\0\0\x01\x31\x2d\0\x01b";
    assert_eq!(find(&file, &[b"moov", b"udta", b"chpl"]), [nero]);
    let traks = find(&file, &[b"moov", b"trak"]);
    assert_eq!(find(traks[0], &[b"tref", b"chap"]), [[0, 0, 0, 2]]);
    // Players do not show the chapter track as a separate track.
    assert_eq!(find(traks[1], &[b"tkhd"])[0][..4], [0, 0, 0, 2]);
    assert_eq!(
        samples(&file),
        [
            (2000, b"\0\x01a\0\0\0\x0cencd\0\0\x01\0".to_vec()),
            (3000, b"\0\x01b\0\0\0\x0cencd\0\0\x01\0".to_vec())
        ]
    );
    // The header of a fragmented file states the chapters, because no data follows the fragments.
    let file = with_chapters(MP4, "frag_keyframe", &tags);
    assert_eq!(find(&file, &[b"moov", b"udta", b"chpl"]), [nero]);
    assert_eq!(find(&file, &[b"moov", b"trak"]).len(), 1);
    // 3GPP does not support chapters.
    let file = muxed(THREE_GP, "progressive", &[subtitles(CodecId::MovText)], &tags, &[]).unwrap();
    assert!(find(&file, &[b"moov", b"udta"]).is_empty());
}

#[test]
fn chapter_times_are_milliseconds_or_finer() {
    let micros = Duration::from_micros;
    // Timescale of the track, and the durations of its samples.
    let found = |chapters: Vec<Chapter>| {
        let mut tags = Metadata::new();
        tags.set_chapters(chapters).unwrap();
        let file = with_chapters(MP4, "progressive", &tags);
        let trak = find(&file, &[b"moov", b"trak"])[1];
        let mdhd = find(trak, &[b"mdia", b"mdhd"])[0];
        // Version 1 has times of 64 bits (ISO/IEC 14496-12 §8.4.2.2).
        let timescale = &mdhd[if mdhd[0] == 1 { 20 } else { 12 }..][..4];
        let durations = samples(&file).iter().map(|sample| sample.0).collect::<Vec<_>>();
        (u32::from_be_bytes(timescale.try_into().unwrap()), durations)
    };
    let last = Chapter::new(micros(1_250_000), Some(micros(2_001_000)), "b");
    let first = |start| Chapter::new(micros(start), None, "a");
    assert_eq!(found(vec![first(0), last.clone()]), (1000, vec![1250, 751]));
    assert_eq!(found(vec![first(1), last]), (1_000_000, vec![1_249_999, 751_000]));
    // A sample lasts at most 2^32 - 1 ticks (ISO/IEC 14496-12 §8.6.1.2), however late it begins.
    let hours = Duration::from_secs(2 * 3600);
    let late = Chapter::new(hours, Some(hours + micros(4_294_967_295)), "b");
    assert_eq!(
        found(vec![first(2_905_032_705), late]),
        (1_000_000, vec![4_294_967_295, 4_294_967_295])
    );
    let late = Chapter::new(hours, Some(hours + micros(1_000_001)), "b");
    assert_eq!(found(vec![first(2_905_032_704), late]), (1000, vec![4_294_967, 1000]));
}

#[test]
fn itunsmpb_is_written_beside_chapters() {
    let record = CodecRecord::Aac(AudioSpecificConfig {
        bytes: vec![0x15, 0x88],
        object_type: 2,
        core_sample_rate: 8000,
        channel_configuration: 1,
    });
    let stream = pcm(CodecId::Aac, 8000, default_layout(1)).record(record);
    let file = muxed(MP4, "progressive", &[stream], &chapters(&[(0, None, "a")]), &silence(1));
    let note = b" 00000000 00000000 00000000 0000000000001F40";
    assert!(file.unwrap().windows(note.len()).any(|found| found == note));
}

#[test]
fn every_title_is_a_sync_sample() {
    let file = with_chapters(MP4, "progressive", &chapters(&[(0, None, "a"), (2000, None, "b")]));
    let table = find(&file, &[b"moov", b"trak", b"mdia", b"minf", b"stbl"])[1];
    // Without `stss`, all samples are sync samples (ISO/IEC 14496-12 §8.6.2.1).
    assert!(find(table, &[b"stss"]).is_empty());
}

#[test]
fn many_chapters_and_long_titles_are_found() {
    let title = "é".repeat(1000);
    let many: Vec<_> = (0..300).map(|i| (i * 10, None, title.as_str())).collect();
    let file = with_chapters(MP4, "hybrid_fragmented", &chapters(&many));
    let Some(found) = probed_chapters(&file) else { return };
    assert_eq!(found.len(), 300);
    assert_eq!(found[299], (2.99, 5.0, title));
}

#[test]
fn file_is_playable_after_a_power_cut_during_chapters() {
    let streams = [pcm(CodecId::PcmS16Le, 8000, default_layout(1))];
    let mut output = CrashOutput::new();
    let mut muxer = open(MP4, &[]).unwrap();
    muxer.start(&streams, &chapters(&[(0, None, "a"), (2000, None, "b")]), &mut output).unwrap();
    for packet in &silence(5) {
        muxer.write(packet, &mut output).unwrap();
    }
    muxer.finish(&streams, &mut output).unwrap();
    for barrier in 1..=output.barriers() {
        for seed in 0..10 {
            let file = output.state(barrier, seed);
            let Some(found) = probed_chapters(&file) else { return };
            assert_eq!(found.len(), 2, "{barrier} {seed}");
        }
    }
}
