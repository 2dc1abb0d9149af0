//! Ogg pages, parsed according to RFC 3533.

use proptest::prelude::*;
use reelwright_core::{
    ChannelLayout, CodecId, CodecRecord, CoverArt, ErrorKind, FlacStreamInfo, MemoryOutput,
    Metadata, MuxerInfo, OpusHead, Output, Packet, Result, StreamParameters, Timestamp,
    VorbisHeaders,
};
use reelwright_mux_ogg::MUXERS;
use reelwright_testkit::muxing::{check_failing_output, memory, open, packet, pcm, tags};
use reelwright_testkit::program::run;

const PRE_SKIP: u16 = 312;

fn muxer(name: &str) -> &'static MuxerInfo {
    MUXERS.iter().find(|info| info.name == name).unwrap()
}

fn opus() -> StreamParameters {
    let head = OpusHead {
        channels: 2,
        pre_skip: PRE_SKIP,
        input_sample_rate: 44_100,
        output_gain: 0,
        mapping: None,
    };
    pcm(CodecId::Opus, 48_000, ChannelLayout::STEREO).record(CodecRecord::Opus(head))
}

fn vorbis() -> StreamParameters {
    let headers = VorbisHeaders {
        identification: b"\x01vorbis and more".to_vec(),
        setup: [b"\x05vorbis".as_slice(), &[7; 5000]].concat(),
    };
    pcm(CodecId::Vorbis, 48_000, ChannelLayout::STEREO).record(CodecRecord::Vorbis(headers))
}

fn flac() -> StreamParameters {
    let info = FlacStreamInfo {
        min_block_size: 4096,
        max_block_size: 4096,
        min_frame_size: 0,
        max_frame_size: 0,
        sample_rate: 48_000,
        channels: 2,
        bits_per_sample: 16,
        total_samples: 0,
        md5: [0; 16],
    };
    pcm(CodecId::Flac, 48_000, ChannelLayout::STEREO).record(CodecRecord::Flac(info))
}

/// Page of a file.
#[derive(Debug)]
struct Page {
    flags: u8,
    granule: i64,
    serial: u32,
    sequence: u32,
    segments: Vec<u8>,
    body: Vec<u8>,
}

fn pages(file: &[u8]) -> Vec<Page> {
    let mut pages = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        assert_eq!(&rest[..5], b"OggS\0");
        let count = usize::from(rest[26]);
        let segments = rest[27..27 + count].to_vec();
        let size = segments.iter().map(|segment| usize::from(*segment)).sum::<usize>();
        let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
        pages.push(Page {
            flags: rest[5],
            granule: i64::from_le_bytes(rest[6..14].try_into().unwrap()),
            serial: word(14),
            sequence: word(18),
            segments,
            body: rest[27 + count..27 + count + size].to_vec(),
        });
        rest = &rest[27 + count + size..];
    }
    pages
}

/// Returns the packets of a logical stream, each with the granule position of the page on which it
/// ends, and true if it is the last packet that ends on the page.
fn packets(pages: &[Page], serial: u32) -> Vec<(Vec<u8>, i64, bool)> {
    let mut packets: Vec<(Vec<u8>, i64, bool)> = Vec::new();
    let mut open = Vec::new();
    for (sequence, page) in pages.iter().filter(|page| page.serial == serial).enumerate() {
        assert_eq!(page.sequence as usize, sequence);
        assert_eq!(page.flags & 1 == 1, !open.is_empty(), "continued");
        let (mut at, mut last) = (0, None);
        for segment in &page.segments {
            let size = usize::from(*segment);
            open.extend_from_slice(&page.body[at..at + size]);
            at += size;
            if size < 255 {
                last = Some(packets.len());
                packets.push((std::mem::take(&mut open), page.granule, false));
            }
        }
        let is_empty = page.segments.is_empty();
        assert!(is_empty || (page.granule == -1) == last.is_none());
        if let Some(last) = last {
            packets[last].2 = true;
        }
    }
    assert!(open.is_empty());
    packets
}

/// Returns contiguous Opus packets of 20 ms.
fn opus_packets(sizes: &[usize], trim_end: u32) -> Vec<Packet> {
    let count = sizes.len();
    let packets = sizes.iter().enumerate().map(|(i, size)| Packet {
        pts: Timestamp(960 * i as i64 - i64::from(PRE_SKIP)),
        duration: 960,
        trim_start: if i == 0 { PRE_SKIP.into() } else { 0 },
        trim_end: if i == count - 1 { trim_end } else { 0 },
        ..packet(&vec![i as u8; *size])
    });
    packets.collect()
}

fn file(
    info: &MuxerInfo,
    options: &[(&str, &str)],
    streams: &[StreamParameters],
    tags: &Metadata,
    packets: &[Packet],
) -> Vec<u8> {
    let mut output = memory(false);
    let mut muxer = open(info, options).unwrap();
    muxer.start(streams, tags, &mut output).unwrap();
    for packet in packets {
        muxer.write(packet, &mut output).unwrap();
    }
    muxer.finish(streams, &mut output).unwrap();
    output.into_bytes()
}

#[test]
fn opus_has_its_headers_and_trims() {
    let tags = tags([("title", "A title"), ("comment", "said")]);
    let file = file(muxer("opus"), &[], &[opus()], &tags, &opus_packets(&[100; 50], 700));
    let pages = pages(&file);
    assert_eq!((pages[0].flags, pages[0].granule, pages[0].segments.len()), (2, 0, 1));
    assert_eq!((pages[1].flags, pages[1].granule), (0, 0));
    let last = pages.last().unwrap();
    assert_eq!((last.flags, last.granule), (4, 50 * 960 - 700));
    let packets = packets(&pages, 0);
    assert_eq!(packets.len(), 52);
    assert_eq!(packets[0].0[..8], *b"OpusHead");
    assert_eq!(packets[1].0[..8], *b"OpusTags");
    let comment = String::from_utf8_lossy(&packets[1].0).into_owned();
    assert!(comment.contains("TITLE=A title") && comment.contains("DESCRIPTION=said"));
    for (i, (data, granule, is_last)) in packets[2..].iter().enumerate() {
        assert_eq!(*data, vec![i as u8; 100]);
        if *is_last && i != 49 {
            assert_eq!(*granule, 960 * (i as i64 + 1));
        }
    }
}

#[test]
fn pages_have_a_maximum_duration() {
    for (duration, most) in [("0", 1), ("20000", 1), ("100000", 5), ("1000000", 50)] {
        let options = [("page_duration", duration)];
        let file =
            file(muxer("ogg"), &options, &[opus()], &Metadata::new(), &opus_packets(&[10; 200], 0));
        let pages = pages(&file);
        let counts: Vec<_> = pages[2..].iter().map(|page| page.segments.len()).collect();
        assert!(counts.iter().all(|count| *count <= most), "{duration}: {counts:?}");
        assert_eq!(counts[0], most, "{duration}");
    }
}

#[test]
fn written_packets_are_in_the_file_in_time() {
    let mut output = memory(false);
    let mut muxer = open(muxer("ogg"), &[]).unwrap();
    muxer.start(&[opus()], &Metadata::new(), &mut output).unwrap();
    for (i, packet) in opus_packets(&[50; 200], 0).iter().enumerate() {
        muxer.write(packet, &mut output).unwrap();
        let heard = pages(output.bytes()).iter().map(|page| page.granule).max().unwrap();
        let written = 960 * (i as i64 + 1);
        assert!(written - heard <= 24_000, "half a second: {written} {heard}");
    }
    muxer.flush(&mut output).unwrap();
    let pages = pages(output.bytes());
    assert_eq!(pages.last().unwrap().granule, 960 * 200);
    muxer.finish(&[opus()], &mut output).unwrap();
    let pages = self::pages(output.bytes());
    let last = pages.last().unwrap();
    assert_eq!((last.flags, last.granule, last.body.len()), (4, 960 * 200, 0));
}

/// Output that counts bytes at its last flush.
struct Flushed {
    inner: MemoryOutput,
    bytes: usize,
}

impl Output for Flushed {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.inner.write(bytes)
    }

    fn position(&self) -> u64 {
        self.inner.position()
    }

    fn is_seekable(&self) -> bool {
        self.inner.is_seekable()
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        self.inner.patch(at, bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.bytes = self.inner.bytes().len();
        Ok(())
    }
}

#[test]
fn streams_are_flushed_page_by_page_and_files_on_demand() {
    for seekable in [false, true] {
        let mut output = Flushed { inner: memory(seekable), bytes: 0 };
        let mut muxer = open(muxer("ogg"), &[]).unwrap();
        muxer.start(&[opus()], &Metadata::new(), &mut output).unwrap();
        for packet in &opus_packets(&[50; 100], 0) {
            muxer.write(packet, &mut output).unwrap();
            let expected = if seekable { 0 } else { output.inner.bytes().len() };
            assert_eq!(output.bytes, expected);
        }
        muxer.flush(&mut output).unwrap();
        assert_eq!(output.bytes, output.inner.bytes().len());
        assert_eq!(pages(output.inner.bytes()).last().unwrap().granule, 960 * 100);
    }
}

#[test]
fn flush_restarts_the_page_duration() {
    let mut output = memory(false);
    let mut muxer = open(muxer("ogg"), &[("page_duration", "100000")]).unwrap();
    muxer.start(&[opus()], &Metadata::new(), &mut output).unwrap();
    for (i, packet) in opus_packets(&[50; 13], 0).iter().enumerate() {
        muxer.write(packet, &mut output).unwrap();
        if i == 2 {
            muxer.flush(&mut output).unwrap();
            // A second flush writes no data.
            muxer.flush(&mut output).unwrap();
        }
    }
    muxer.finish(&[opus()], &mut output).unwrap();
    let pages = pages(output.bytes());
    let counts: Vec<_> = pages[2..].iter().map(|page| page.segments.len()).collect();
    assert_eq!(counts, [3, 5, 5]);
}

#[test]
fn packets_are_split_only_if_a_page_cannot_hold_them() {
    // 255 segments of up to 255 bytes are a page (RFC 3533 §6); a packet ends with a shorter one.
    for (sizes, expected) in [
        (vec![10; 300], vec![255, 45]),
        (vec![10, 253 * 255], vec![255]),
        (vec![10, 254 * 255], vec![1, 255]),
        (vec![254 * 255 + 254, 10], vec![255, 1]),
        (vec![255 * 255, 10], vec![255, 2]),
        (vec![0; 256], vec![255, 1]),
    ] {
        let options = [("page_duration", "10000000")];
        let file =
            file(muxer("ogg"), &options, &[opus()], &Metadata::new(), &opus_packets(&sizes, 0));
        let pages = pages(&file);
        let counts: Vec<_> = pages[2..].iter().map(|page| page.segments.len()).collect();
        assert_eq!(counts, expected, "{} packets, the first of {}", sizes.len(), sizes[0]);
        let found = packets(&pages, 0);
        assert!(found[2..].iter().map(|packet| packet.0.len()).eq(sizes));
    }
}

#[test]
fn headers_that_fill_a_page_are_not_continued() {
    // The comment header of Vorbis: 7 bytes, the vendor's and the entries' lengths, the framing bit.
    let page = |value: usize| {
        let tags = tags([("title", &*"x".repeat(value))]);
        pages(&file(muxer("ogg"), &[], &[vorbis()], &tags, &[]))
    };
    let comment = packets(&page(1), 0)[1].0.len() - 1;
    // A packet of 255 segments, the last of which is 100 bytes long.
    let pages = page(254 * 255 + 100 - comment);
    assert_eq!((pages[1].segments.len(), pages[1].segments[254]), (255, 100));
    assert_eq!((pages[2].flags, pages[2].body[..7].to_vec()), (0, b"\x05vorbis".to_vec()));
    assert_eq!(packets(&pages, 0).len(), 3);
}

#[test]
fn several_streams_are_grouped() {
    let streams = [opus(), vorbis(), flac()];
    let mut all = Vec::new();
    for stream in 0..3 {
        all.extend(
            opus_packets(&[300; 40], 0).into_iter().map(|packet| Packet { stream, ..packet }),
        );
    }
    all.sort_by_key(|packet| packet.pts);
    let options = [("serial_offset", "7")];
    let file = file(muxer("ogg"), &options, &streams, &Metadata::new(), &all);
    let pages = pages(&file);
    // All first headers come before anything else.
    let firsts: Vec<_> = pages.iter().map(|page| page.flags & 2 != 0).collect();
    assert!(firsts[..3].iter().all(|first| *first) && firsts[3..].iter().all(|first| !first));
    for serial in 7..10 {
        let packets = packets(&pages, serial);
        let headers = if serial == 8 { 3 } else { 2 };
        assert_eq!(packets.len(), headers + 40);
        let last = pages.iter().rfind(|page| page.serial == serial).unwrap();
        assert_eq!(last.flags & 4, 4);
    }
    run(
        "oggz-validate",
        &["{}"],
        &self::file(muxer("ogg"), &[], &[opus()], &Metadata::new(), &opus_packets(&[300; 40], 5)),
    );
}

#[test]
fn cover_art_has_the_block_of_flac() {
    let cover = CoverArt::front_cover(b"GIF89a and so on".to_vec()).unwrap();
    let mut tags = Metadata::new();
    tags.set_cover(cover.clone());
    let file = |stream| file(muxer("ogg"), &[], &[stream], &tags, &[]);
    let opus = packets(&pages(&file(opus())), 0);
    let comment = String::from_utf8_lossy(&opus[1].0).into_owned();
    let field = comment.split("METADATA_BLOCK_PICTURE=").nth(1).unwrap();
    use base64::Engine as _;
    let block = base64::engine::general_purpose::STANDARD.decode(field).unwrap();
    assert_eq!(block, cover.to_flac_block());
    let flac = packets(&pages(&file(flac())), 0);
    assert_eq!(flac[0].0[..9], *b"\x7FFLAC\x01\x00\x00\x02");
    assert_eq!(flac[1].0[0], 4);
    assert_eq!(flac[2].0[0], 0x86);
    assert_eq!(flac[2].0[4..], cover.to_flac_block());
}

#[test]
fn rejects_metadata_beyond_the_limits_of_flac() {
    // The length of a metadata block has 24 bits (RFC 9639 §8.1).
    let start = |bytes: usize| {
        let tags = tags([("lyrics", &*"x".repeat(bytes))]);
        open(muxer("ogg"), &[]).unwrap().start(&[flac()], &tags, &mut memory(false))
    };
    start((1 << 24) - 100).unwrap();
    let error = start(1 << 24).unwrap_err();
    assert!(error.to_string().contains("at most 16777215 bytes long in FLAC"), "{error}");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[test]
fn invalid_input_is_an_error() {
    let mut output = memory(true);
    let start = |info, streams: &[StreamParameters]| {
        let mut output = memory(true);
        open(info, &[]).unwrap().start(streams, &Metadata::new(), &mut output)
    };
    let message = start(muxer("ogg"), &[]).unwrap_err().to_string();
    assert!(message.contains("at least one stream"), "{message}");
    let wav = pcm(CodecId::PcmS16Le, 8000, ChannelLayout::MONO);
    let message = start(muxer("ogg"), &[opus(), wav]).unwrap_err().to_string();
    assert!(message.contains("Stream 1") && message.contains("vorbis"), "{message}");
    let bare = opus().record(CodecRecord::None);
    assert!(start(muxer("opus"), &[bare]).is_err());
    let mut muxer = open(muxer("opus"), &[]).unwrap();
    assert!(muxer.write(&packet(&[1]), &mut output).is_err(), "before start");
    muxer.start(&[opus()], &Metadata::new(), &mut output).unwrap();
    let late = Packet { pts: Timestamp(9600), duration: 960, ..packet(&[1]) };
    muxer.write(&late, &mut output).unwrap();
    let early = Packet { pts: Timestamp(0), duration: 960, ..packet(&[1]) };
    let message = muxer.write(&early, &mut output).unwrap_err().to_string();
    assert!(message.contains("must not end before the previous one, at 10560"), "{message}");
    for duration in [-1, i64::MIN] {
        let backward = Packet { pts: Timestamp(20_000), duration, ..packet(&[1]) };
        assert!(muxer.write(&backward, &mut output).is_err(), "{duration}");
    }
    // A packet without samples ends where the previous one does.
    let empty = Packet { pts: Timestamp(10_560), duration: 0, ..packet(&[1]) };
    muxer.write(&empty, &mut output).unwrap();
    let other = Packet { stream: 1, ..late };
    assert!(muxer.write(&other, &mut output).is_err());
}

#[test]
fn any_failure_of_the_output_is_an_error() {
    for info in MUXERS {
        check_failing_output(info, &opus(), &[1; 600]);
    }
}

proptest! {
    #[test]
    fn packets_round_trip(
        sizes in prop::collection::vec(prop_oneof![0usize..600, 60_000usize..70_000], 1..30),
        trim_end in 0u32..648,
        duration in 0u32..400_000,
    ) {
        let duration = duration.to_string();
        let options = [("page_duration", duration.as_str())];
        let audio = opus_packets(&sizes, trim_end);
        let file = file(muxer("ogg"), &options, &[opus()], &Metadata::new(), &audio);
        let pages = pages(&file);
        let found = packets(&pages, 0);
        prop_assert_eq!(found.len(), sizes.len() + 2);
        for ((data, ..), packet) in found[2..].iter().zip(&audio) {
            prop_assert_eq!(data, &packet.data);
        }
        let last = 960 * sizes.len() as i64 - i64::from(trim_end);
        prop_assert_eq!(pages.last().unwrap().granule, last);
    }

    #[test]
    fn any_input_is_written_or_rejected(
        packets in prop::collection::vec(
            (any::<i64>(), any::<i64>(), any::<u32>(), 0usize..3, 0usize..700), 0..20),
    ) {
        let mut output = memory(false);
        let mut muxer = open(muxer("ogg"), &[]).unwrap();
        muxer.start(&[opus(), flac()], &Metadata::new(), &mut output).unwrap();
        for (pts, duration, trim_end, stream, size) in packets {
            let pts = Timestamp(pts);
            let packet = Packet { pts, duration, trim_end, stream, ..packet(&vec![3; size]) };
            let _ = muxer.write(&packet, &mut output);
        }
        muxer.finish(&[opus(), flac()], &mut output).unwrap();
        pages(output.bytes());
    }
}
