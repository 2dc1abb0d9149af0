//! CAF: what readers of others find in the files, and the bytes the specification gives.

use proptest::prelude::*;
use reelwright_core::{ChannelLayout, CodecId, MemoryOutput, Metadata};
use reelwright_mux_caf::MUXER;
use reelwright_testkit::decode::decode_bytes;
use reelwright_testkit::muxing::{
    cut, fails_anywhere, memory, mux, open, packet, pcm, tags, usual,
};
use reelwright_testkit::output::CountingOutput;
use reelwright_testkit::pcm_muxer::{
    any_packets, any_stream, ffmpeg_finds_what_was_written, refuses_what_is_wrong, write_or_refuse,
};
use reelwright_testkit::program::ffprobe;
use reelwright_testkit::signal::noise_bytes;

#[test]
fn the_plainest_file() {
    let stream = pcm(CodecId::PcmS16Le, 8000, usual(1));
    let data: &[u8] = &[1, 2, 3, 4];
    let file = |output| mux(&MUXER, &[], &stream, &Metadata::new(), [data], output).unwrap();
    assert_eq!(
        file(MemoryOutput::seekable()),
        // 8000 = 1.953125 * 2^12; little-endian; 2 bytes and 1 sample in a packet; 1 channel; 16
        // bits. The edit count is part of the data.
        b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20\x40\xBF\x40\0\0\0\0\0lpcm\0\0\0\x02\
          \0\0\0\x02\0\0\0\x01\0\0\0\x01\0\0\0\x10data\0\0\0\0\0\0\0\x08\0\0\0\0\x01\x02\x03\x04"
    );
    assert_eq!(file(MemoryOutput::streaming())[56..64], [0xFF; 8]);
}

#[test]
fn ffmpeg_reads_every_codec() {
    ffmpeg_finds_what_was_written(&MUXER, "caf");
}

#[test]
fn layouts_are_told() {
    for name in ["mono", "stereo", "2.1", "quad", "5.1(side)", "5.1", "7.1"] {
        let stream = pcm(CodecId::PcmS16Be, 48_000, name.parse().unwrap());
        let data = vec![0; 2 * 16 * stream.audio().unwrap().layout.channels()];
        let output = MemoryOutput::seekable();
        let file = mux(&MUXER, &[], &stream, &Metadata::new(), [&data[..]], output).unwrap();
        let Some(found) = ffprobe("caf", "stream=channel_layout", &file) else { return };
        let unsaid = ["mono", "stereo"].contains(&name) && found == "unknown";
        assert!(found == name || unsaid, "{name}: {found}");
    }
    let stream = pcm(CodecId::PcmS16Be, 48_000, ChannelLayout::unpositioned(12).unwrap());
    let file = mux(&MUXER, &[], &stream, &Metadata::new(), [], MemoryOutput::seekable()).unwrap();
    // kAudioChannelLayoutTag_DiscreteInOrder | 12
    assert_eq!(file[52..68], *b"chan\0\0\0\0\0\0\0\x0C\0\x93\0\x0C");
}

#[test]
fn ffprobe_reads_metadata_back() {
    let all = tags([("title", "Tä"), ("artist", "A"), ("comment", "x\ny"), ("anything", "else")]);
    let stream = pcm(CodecId::PcmS16Be, 8000, usual(1));
    let data: &[u8] = &[0; 100];
    for output in [MemoryOutput::seekable(), MemoryOutput::streaming()] {
        let file = mux(&MUXER, &[], &stream, &all, [data], output).unwrap();
        for (key, value) in all.iter() {
            let Some(found) = ffprobe("caf", &format!("format_tags={key}"), &file) else { return };
            assert_eq!(found.trim_matches('"'), value);
        }
    }
}

#[test]
fn symphonia_reads_what_was_written() {
    // Not an open length: symphonia 0.6.1 looks for the next chunk in the sound then.
    let data = noise_bytes(4 * 600);
    for codec in [CodecId::PcmS16Le, CodecId::PcmS32Le, CodecId::PcmF32Le] {
        for channels in [1, 2, 6] {
            let stream = pcm(codec, 48_000, usual(channels));
            let output = MemoryOutput::seekable();
            let file = mux(&MUXER, &[], &stream, &Metadata::new(), [&data[..]], output).unwrap();
            assert!(decode_bytes(file) == data, "{codec} {channels}");
        }
    }
}

#[test]
fn lengths_have_64_bits() {
    let stream = pcm(CodecId::PcmS16Be, 48_000, usual(2));
    let mut output = CountingOutput::new();
    let mut muxer = open(&MUXER, &[]).unwrap();
    muxer.start(std::slice::from_ref(&stream), &Metadata::new(), &mut output).unwrap();
    let mebibyte = packet(&vec![0; 1 << 20]);
    for _ in 0..5000 {
        muxer.write(&mebibyte, &mut output).unwrap();
    }
    muxer.finish(&[stream], &mut output).unwrap();
    assert_eq!(output.head[56..64], ((5000u64 << 20) + 4).to_be_bytes());
}

#[test]
fn flush_writes_the_length() {
    let stream = pcm(CodecId::PcmS16Be, 48_000, usual(2));
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(&MUXER, &[]).unwrap();
    muxer.start(&[stream], &Metadata::new(), &mut output).unwrap();
    muxer.write(&packet(&[0; 40]), &mut output).unwrap();
    muxer.flush(&mut output).unwrap();
    assert_eq!(output.bytes()[56..64], 44u64.to_be_bytes());
}

#[test]
fn what_is_wrong_and_what_fails_is_an_error() {
    refuses_what_is_wrong(&MUXER, &pcm(CodecId::PcmS24Be, 8000, usual(2)));
    fails_anywhere(&MUXER, &pcm(CodecId::PcmS8, 8000, usual(1)), &[0; 41]);
    let stream = pcm(CodecId::PcmS8, 0, usual(1));
    let mut output = MemoryOutput::seekable();
    assert!(open(&MUXER, &[]).unwrap().start(&[stream], &Metadata::new(), &mut output).is_err());
}

proptest! {
    #[test]
    fn cuts_leave_no_trace(cuts in prop::collection::vec(0usize..40, 1..8), seekable: bool) {
        let output = || memory(seekable);
        let data = noise_bytes(4 * 333);
        let stream = pcm(CodecId::PcmS16Be, 44_100, usual(2));
        let packets = cut(&data, 4, &cuts);
        let found = mux(&MUXER, &[], &stream, &Metadata::new(), packets, output()).unwrap();
        let whole = mux(&MUXER, &[], &stream, &Metadata::new(), [&data[..]], output()).unwrap();
        prop_assert_eq!(found, whole);
    }

    #[test]
    fn anything_is_written_or_refused(
        stream in any_stream(),
        packets in any_packets(),
        seekable: bool,
    ) {
        let output = memory(seekable);
        write_or_refuse(&MUXER, &stream, &packets, output);
    }
}
