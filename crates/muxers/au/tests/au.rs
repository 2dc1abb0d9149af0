//! AU in ffmpeg, and the bytes that the specification states.

use proptest::prelude::*;
use reelwright_core::{CodecId, MemoryOutput, Metadata};
use reelwright_mux_au::MUXER;
use reelwright_testkit::muxing::{
    check_failing_output, cut, default_layout, memory, mux, open, packet, pcm, tags,
};
use reelwright_testkit::output::CountingOutput;
use reelwright_testkit::pcm_muxer::{
    any_packets, any_stream, check_rejections, check_with_ffmpeg, write_or_reject,
};
use reelwright_testkit::program::ffprobe;
use reelwright_testkit::signal::noise_bytes;

#[test]
fn writes_a_minimal_file() {
    let stream = pcm(CodecId::PcmMuLaw, 8000, default_layout(1));
    let data: &[u8] = &[1, 2, 3];
    let file = |output| mux(&MUXER, &[], &stream, &Metadata::new(), [data], output).unwrap();
    assert_eq!(
        file(MemoryOutput::seekable()),
        b".snd\0\0\0\x20\0\0\0\x03\0\0\0\x01\0\0\x1F\x40\0\0\0\x01\0\0\0\0\0\0\0\0\x01\x02\x03"
    );
    assert_eq!(file(MemoryOutput::streaming())[8..12], [0xFF; 4]);
}

#[test]
fn ffmpeg_reads_every_codec() {
    check_with_ffmpeg(&MUXER, "au");
}

#[test]
fn metadata_is_in_the_annotation() {
    let all = tags([("title", "Tä"), ("artist", "A"), ("TRACK", "3"), ("mood", "two\nlines")]);
    let stream = pcm(CodecId::PcmS16Be, 8000, default_layout(1));
    let data: &[u8] = &[0; 100];
    let file = mux(&MUXER, &[], &stream, &all, [data], MemoryOutput::seekable()).unwrap();
    let text = "Title=Tä\nArtist=A\nTrack=3\nmood=two lines\0".as_bytes();
    assert_eq!(&file[24..24 + text.len()], text);
    let offset = u32::from_be_bytes(file[4..8].try_into().unwrap()) as usize;
    assert_eq!((offset % 8, file.len()), (0, offset + 100));
    for (key, value) in [("title", "Tä"), ("artist", "A"), ("track", "3")] {
        let Some(found) = ffprobe("au", &format!("format_tags={key}"), &file) else { return };
        assert_eq!(found, value);
    }
}

#[test]
fn length_is_unknown_beyond_4_gib() {
    let stream = pcm(CodecId::PcmS16Be, 48_000, default_layout(2));
    let length = |mebibytes| {
        let mut output = CountingOutput::new();
        let mut muxer = open(&MUXER, &[]).unwrap();
        muxer.start(std::slice::from_ref(&stream), &Metadata::new(), &mut output).unwrap();
        let mebibyte = packet(&vec![0; 1 << 20]);
        for _ in 0..mebibytes {
            muxer.write(&mebibyte, &mut output).unwrap();
        }
        muxer.finish(std::slice::from_ref(&stream), &mut output).unwrap();
        u32::from_be_bytes(output.head[8..12].try_into().unwrap())
    };
    assert_eq!(length(4095), 4095 << 20);
    assert_eq!(length(4096), u32::MAX);
}

#[test]
fn flush_writes_the_length() {
    let stream = pcm(CodecId::PcmS16Be, 48_000, default_layout(2));
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(&MUXER, &[]).unwrap();
    muxer.start(&[stream], &Metadata::new(), &mut output).unwrap();
    muxer.write(&packet(&[0; 40]), &mut output).unwrap();
    muxer.flush(&mut output).unwrap();
    assert_eq!(output.bytes()[8..12], [0, 0, 0, 40]);
}

#[test]
fn invalid_calls_and_failing_outputs_are_errors() {
    check_rejections(&MUXER, &pcm(CodecId::PcmS24Be, 8000, default_layout(2)));
    check_failing_output(&MUXER, &pcm(CodecId::PcmS8, 8000, default_layout(1)), &[0; 41]);
    let stream = pcm(CodecId::PcmS8, 0, default_layout(1));
    let mut output = MemoryOutput::seekable();
    assert!(open(&MUXER, &[]).unwrap().start(&[stream], &Metadata::new(), &mut output).is_err());
}

proptest! {
    #[test]
    fn file_does_not_depend_on_packet_sizes(
        cuts in prop::collection::vec(0usize..40, 1..8),
        seekable: bool,
    ) {
        let output = || memory(seekable);
        let data = noise_bytes(4 * 333);
        let stream = pcm(CodecId::PcmS16Be, 44_100, default_layout(2));
        let packets = cut(&data, 4, &cuts);
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
