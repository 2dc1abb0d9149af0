//! W64 in third-party readers, and its lengths.

use proptest::prelude::*;
use reelwright_core::{CodecId, MemoryOutput, Metadata};
use reelwright_mux_wav::W64;
use reelwright_testkit::muxing::{
    check_failing_output, default_layout, memory, mux, open, packet, pcm, tags,
};
use reelwright_testkit::output::CountingOutput;
use reelwright_testkit::pcm_muxer::{
    any_packets, any_stream, check_rejections, check_with_ffmpeg, write_or_reject,
};
use reelwright_testkit::program::{ffprobe, run};
use reelwright_testkit::signal::noise_bytes;

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

#[test]
fn chunks_are_aligned_and_fill_the_file() {
    let stream = pcm(CodecId::PcmALaw, 8000, default_layout(1));
    let data: &[u8] = &[9; 13];
    let tags = tags([("title", "T")]);
    let file = mux(&W64, &[], &stream, &tags, [data], MemoryOutput::seekable()).unwrap();
    assert_eq!(u64_at(&file, 16), file.len() as u64);
    let (mut at, mut names) = (40, Vec::new());
    while at < file.len() {
        let size = u64_at(&file, at + 16) as usize;
        names.push((file[at..at + 4].to_vec(), size - 24));
        at += size.next_multiple_of(8);
    }
    // No aligned chunk follows the audio.
    assert_eq!(at, file.len().next_multiple_of(8));
    let summary = b"\xBC\x94\x5F\x92".to_vec();
    assert_eq!(
        names,
        [
            (b"fmt ".to_vec(), 24),
            (b"fact".to_vec(), 8),
            (summary, 4 + 8 + 4),
            (b"data".to_vec(), 13)
        ]
    );
}

#[test]
fn ffmpeg_reads_every_codec() {
    check_with_ffmpeg(&W64, "w64");
}

#[test]
fn sox_reads_the_audio_back() {
    let data = noise_bytes(2 * 1001);
    let stream = pcm(CodecId::PcmS16Le, 8000, default_layout(1));
    for output in [MemoryOutput::seekable(), MemoryOutput::streaming()] {
        let file = mux(&W64, &[], &stream, &Metadata::new(), [&data[..]], output).unwrap();
        let Some(found) = run("sox", &["-t", "w64", "{}", "-t", "raw", "-"], &file) else { return };
        assert!(found == data, "{} of {}", found.len(), data.len());
    }
}

#[test]
fn ffprobe_reads_metadata_back() {
    let all = tags([("title", "Títle"), ("artist", "A"), ("comment", "longer than that")]);
    let stream = pcm(CodecId::PcmU8, 8000, default_layout(1));
    for output in [MemoryOutput::seekable(), MemoryOutput::streaming()] {
        let data: &[u8] = &[0; 101];
        let file = mux(&W64, &[], &stream, &all, [data], output).unwrap();
        for (key, value) in all.iter() {
            let Some(found) = ffprobe("w64", &format!("format_tags={key}"), &file) else { return };
            assert_eq!(found, value, "{key}");
        }
    }
}

#[test]
fn lengths_have_64_bits() {
    let stream = pcm(CodecId::PcmF32Le, 48_000, default_layout(2));
    let mut output = CountingOutput::new();
    let mut muxer = open(&W64, &[]).unwrap();
    muxer.start(std::slice::from_ref(&stream), &Metadata::new(), &mut output).unwrap();
    let mebibyte = packet(&vec![0; 1 << 20]);
    for _ in 0..5000 {
        muxer.write(&mebibyte, &mut output).unwrap();
    }
    muxer.finish(&[stream], &mut output).unwrap();
    assert_eq!(u64_at(&output.head, 16), output.length);
    let fact = output.head.windows(4).position(|w| w == b"fact").unwrap();
    assert_eq!(u64_at(&output.head, fact + 24), 5000 << 17);
    let data = output.head.windows(4).position(|w| w == b"data").unwrap();
    assert_eq!(u64_at(&output.head, data + 16), (5000 << 20) + 24);
}

#[test]
fn invalid_calls_and_failing_outputs_are_errors() {
    check_rejections(&W64, &pcm(CodecId::PcmS16Le, 8000, default_layout(2)));
    check_failing_output(&W64, &pcm(CodecId::PcmF32Le, 8000, default_layout(1)), &[0; 40]);
}

proptest! {
    #[test]
    fn any_input_is_written_or_rejected(
        stream in any_stream(),
        packets in any_packets(),
        seekable: bool,
    ) {
        let output = memory(seekable);
        write_or_reject(&W64, &stream, &packets, output);
    }
}
