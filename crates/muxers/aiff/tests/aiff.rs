//! AIFF and AIFF-C in third-party readers, and the bytes that the specifications state.

use proptest::prelude::*;
use reelwright_core::{CodecId, ErrorKind, MemoryOutput, Metadata};
use reelwright_mux_aiff::MUXER;
use reelwright_testkit::decode::decode_bytes;
use reelwright_testkit::muxing::{
    check_failing_output, cut, default_layout, memory, mux, open, packet, pcm, tags,
};
use reelwright_testkit::output::CountingOutput;
use reelwright_testkit::pcm_muxer::{
    any_packets, any_stream, check_rejections, check_with_ffmpeg, write_or_reject,
};
use reelwright_testkit::program::{ffprobe, run};
use reelwright_testkit::signal::noise_bytes;

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// Returns ids and bodies of the chunks, which must fill the FORM chunk.
fn chunks(file: &[u8]) -> Vec<(&str, &[u8])> {
    assert_eq!(&file[..4], b"FORM");
    assert_eq!(u32_at(file, 4) as usize, file.len() - 8);
    let mut rest = &file[12..];
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let size = u32_at(rest, 4) as usize;
        chunks.push((str::from_utf8(&rest[..4]).unwrap(), &rest[8..8 + size]));
        rest = &rest[8 + size.next_multiple_of(2)..];
    }
    chunks
}

#[test]
fn writes_a_minimal_file() {
    let stream = pcm(CodecId::PcmS8, 22_050, default_layout(1));
    let data: &[u8] = &[1, 2, 3];
    let file = mux(&MUXER, &[], &stream, &Metadata::new(), [data], MemoryOutput::seekable());
    assert_eq!(
        file.unwrap(),
        b"FORM\0\0\0\x32AIFFCOMM\0\0\0\x12\0\x01\0\0\0\x03\0\x08\x40\x0D\xAC\x44\0\0\0\0\0\0\
          SSND\0\0\0\x0B\0\0\0\0\0\0\0\0\x01\x02\x03\0"
    );
}

#[test]
fn compressed_files_have_a_version_and_a_type() {
    for (codec, kind) in [
        (CodecId::PcmS16Le, b"sowt"),
        (CodecId::PcmF32Be, b"fl32"),
        (CodecId::PcmF64Be, b"fl64"),
        (CodecId::PcmALaw, b"alaw"),
        (CodecId::PcmMuLaw, b"ulaw"),
    ] {
        let stream = pcm(codec, 8000, default_layout(2));
        let output = MemoryOutput::seekable();
        let file = mux(&MUXER, &[], &stream, &Metadata::new(), [], output).unwrap();
        assert_eq!(&file[8..12], b"AIFC");
        let chunks = chunks(&file);
        assert_eq!(chunks[0], ("FVER", &[0xA2, 0x80, 0x51, 0x40][..]));
        assert_eq!(&chunks[1].1[18..], [&kind[..], &[0, 0]].concat());
    }
}

#[test]
fn metadata_has_chunks() {
    let tags = tags([("artist", "A"), ("title", "Tt"), ("comment", "ccc"), ("copyright", "me")]);
    let stream = pcm(CodecId::PcmS16Be, 8000, default_layout(1));
    let file = mux(&MUXER, &[], &stream, &tags, [], MemoryOutput::seekable()).unwrap();
    let texts: Vec<_> =
        chunks(&file).into_iter().filter(|c| !["COMM", "SSND"].contains(&c.0)).collect();
    let expected: [(&str, &[u8]); 4] =
        [("NAME", b"Tt"), ("AUTH", b"A"), ("(c) ", b"me"), ("ANNO", b"ccc")];
    assert_eq!(texts, expected);
    for (key, value) in [("title", "Tt"), ("author", "A"), ("copyright", "me"), ("comment", "ccc")]
    {
        let Some(found) = ffprobe("aiff", &format!("format_tags={key}"), &file) else { return };
        assert_eq!(found, value);
    }
}

#[test]
fn ffmpeg_reads_every_codec() {
    check_with_ffmpeg(&MUXER, "aiff");
}

#[test]
fn ffprobe_reads_layouts() {
    for name in ["2.1", "quad", "5.1(side)", "5.1", "7.1"] {
        let stream = pcm(CodecId::PcmS16Be, 48_000, name.parse().unwrap());
        let data = vec![0; 2 * 16 * stream.audio().unwrap().format.layout.channels()];
        let output = MemoryOutput::seekable();
        let file = mux(&MUXER, &[], &stream, &Metadata::new(), [&data[..]], output).unwrap();
        let Some(found) = ffprobe("aiff", "stream=channel_layout", &file) else { return };
        assert_eq!(found, name);
    }
}

#[test]
fn sox_reads_its_supported_codecs() {
    let data = noise_bytes(24 * 50);
    for (codec, raw) in [
        (CodecId::PcmS8, ["-e", "signed", "-b", "8", "-B"]),
        (CodecId::PcmS16Be, ["-e", "signed", "-b", "16", "-B"]),
        (CodecId::PcmS24Be, ["-e", "signed", "-b", "24", "-B"]),
        (CodecId::PcmS16Le, ["-e", "signed", "-b", "16", "-L"]),
        (CodecId::PcmF32Be, ["-e", "float", "-b", "32", "-B"]),
    ] {
        for output in [MemoryOutput::seekable(), MemoryOutput::streaming()] {
            let stream = pcm(codec, 48_000, default_layout(2));
            let file = mux(&MUXER, &[], &stream, &Metadata::new(), [&data[..]], output).unwrap();
            let mut arguments = vec!["-t", "aiff", "{}", "-t", "raw"];
            arguments.extend(raw);
            arguments.push("-");
            let Some(found) = run("sox", &arguments, &file) else { return };
            // sox computes with 32 bits.
            let same =
                if codec == CodecId::PcmF32Be { found.len() == data.len() } else { found == data };
            assert!(same, "{codec}");
        }
    }
}

#[test]
fn symphonia_reads_integers_and_floats() {
    for codec in [CodecId::PcmS16Be, CodecId::PcmS32Be, CodecId::PcmF32Be] {
        let size = codec.bytes_per_sample().unwrap();
        let data = noise_bytes(4 * 600);
        let stream = pcm(codec, 48_000, default_layout(2));
        let output = MemoryOutput::seekable();
        let file = mux(&MUXER, &[], &stream, &Metadata::new(), [&data[..]], output).unwrap();
        let audio = decode_bytes(file);
        let native: Vec<u8> =
            data.chunks(size).flat_map(|sample| sample.iter().rev().copied()).collect();
        assert!(audio == native, "{codec}: {} of {}", audio.len(), native.len());
    }
}

#[test]
fn rejects_data_beyond_4_gib_and_keeps_a_complete_file() {
    let stream = pcm(CodecId::PcmS24Be, 48_000, default_layout(2));
    let mut output = CountingOutput::new();
    let mut muxer = open(&MUXER, &[]).unwrap();
    muxer.start(&[stream], &Metadata::new(), &mut output).unwrap();
    let data = packet(&vec![0; 6 << 20]);
    let error = loop {
        if let Err(error) = muxer.write(&data, &mut output) {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    // The largest multiple of 6 MiB that fits in 4 GiB.
    let audio = 682 * (6 << 20);
    assert_eq!(output.length, 54 + audio);
    assert_eq!(u64::from(u32_at(&output.head, 4)), output.length - 8);
    assert_eq!(u64::from(u32_at(&output.head, 22)), audio / 6);
    assert_eq!(u64::from(u32_at(&output.head, 42)), audio + 8);
}

#[test]
fn a_flushed_file_is_complete() {
    let stream = pcm(CodecId::PcmS16Be, 48_000, default_layout(2));
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(&MUXER, &[]).unwrap();
    muxer.start(std::slice::from_ref(&stream), &Metadata::new(), &mut output).unwrap();
    for written in [400, 800] {
        muxer.write(&packet(&noise_bytes(400)), &mut output).unwrap();
        muxer.flush(&mut output).unwrap();
        assert_eq!(chunks(output.bytes()).last().unwrap().1.len(), written + 8);
    }
}

#[test]
fn invalid_calls_and_failing_outputs_are_errors() {
    check_rejections(&MUXER, &pcm(CodecId::PcmS24Be, 8000, default_layout(2)));
    check_failing_output(&MUXER, &pcm(CodecId::PcmS8, 8000, default_layout(1)), &[0; 41]);
    for (rate, channels) in [(0, 1), (8000, 32_768)] {
        let stream = pcm(CodecId::PcmS8, rate, default_layout(channels));
        let mut output = MemoryOutput::seekable();
        let result = open(&MUXER, &[]).unwrap().start(&[stream], &Metadata::new(), &mut output);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Unsupported);
    }
}

proptest! {
    #[test]
    fn file_does_not_depend_on_packet_sizes(
        cuts in prop::collection::vec(0usize..40, 1..8),
        seekable: bool,
    ) {
        let output = || memory(seekable);
        let data = noise_bytes(3 * 333);
        let stream = pcm(CodecId::PcmS24Be, 44_100, default_layout(1));
        let packets = cut(&data, 3, &cuts);
        let found = mux(&MUXER, &[], &stream, &Metadata::new(), packets, output()).unwrap();
        let whole = mux(&MUXER, &[], &stream, &Metadata::new(), [&data[..]], output()).unwrap();
        prop_assert_eq!(found, whole);
    }

    #[test]
    fn any_input_is_written_or_rejected(
        stream in any_stream(),
        packets in any_packets(),
        seekable: bool,
    ) {
        let output = memory(seekable);
        write_or_reject(&MUXER, &stream, &packets, output);
    }
}
