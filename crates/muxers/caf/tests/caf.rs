//! CAF in third-party readers, and the bytes that the specification states.

use proptest::prelude::*;
use reelwright_core::{
    AlacConfig, ChannelLayout, CodecId, CodecRecord, MemoryOutput, Metadata, Packet,
};
use reelwright_mux_caf::MUXER;
use reelwright_testkit::decode::decode_bytes;
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
    let stream = pcm(CodecId::PcmS16Le, 8000, default_layout(1));
    let data: &[u8] = &[1, 2, 3, 4];
    let file = |output| mux(&MUXER, &[], &stream, &Metadata::new(), [data], output).unwrap();
    assert_eq!(
        file(MemoryOutput::seekable()),
        // 8000 = 1.953125 * 2^12; little-endian; 2 bytes and 1 sample per packet; 1 channel; 16
        // bits. The edit count is part of the data.
        b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20\x40\xBF\x40\0\0\0\0\0lpcm\0\0\0\x02\
          \0\0\0\x02\0\0\0\x01\0\0\0\x01\0\0\0\x10data\0\0\0\0\0\0\0\x08\0\0\0\0\x01\x02\x03\x04"
    );
    assert_eq!(file(MemoryOutput::streaming())[56..64], [0xFF; 8]);
}

#[test]
fn ffmpeg_reads_every_codec() {
    check_with_ffmpeg(&MUXER, "caf");
}

#[test]
fn the_file_states_the_layout() {
    for name in ["mono", "stereo", "2.1", "quad", "5.1(side)", "5.1", "7.1"] {
        let stream = pcm(CodecId::PcmS16Be, 48_000, name.parse().unwrap());
        let data = vec![0; 2 * 16 * stream.audio().unwrap().format.layout.channels()];
        let output = MemoryOutput::seekable();
        let file = mux(&MUXER, &[], &stream, &Metadata::new(), [&data[..]], output).unwrap();
        let Some(found) = ffprobe("caf", "stream=channel_layout", &file) else { return };
        let unsaid = ["mono", "stereo"].contains(&name) && found == "unknown";
        assert!(found == name || unsaid, "{name}: {found}");
    }
    let stream = pcm(CodecId::PcmS16Be, 48_000, ChannelLayout::unspecified(12).unwrap());
    let file = mux(&MUXER, &[], &stream, &Metadata::new(), [], MemoryOutput::seekable()).unwrap();
    // kAudioChannelLayoutTag_DiscreteInOrder | 12
    assert_eq!(file[52..68], *b"chan\0\0\0\0\0\0\0\x0C\0\x93\0\x0C");
}

#[test]
fn ffprobe_reads_metadata_back() {
    let all = tags([("title", "Tä"), ("artist", "A"), ("comment", "x\ny"), ("anything", "else")]);
    let stream = pcm(CodecId::PcmS16Be, 8000, default_layout(1));
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
fn symphonia_reads_the_audio_back() {
    // With an unknown length, symphonia 0.6.1 searches for the next chunk in the audio.
    let data = noise_bytes(4 * 600);
    for codec in [CodecId::PcmS16Le, CodecId::PcmS32Le, CodecId::PcmF32Le] {
        for channels in [1, 2, 6] {
            let stream = pcm(codec, 48_000, default_layout(channels));
            let output = MemoryOutput::seekable();
            let file = mux(&MUXER, &[], &stream, &Metadata::new(), [&data[..]], output).unwrap();
            assert!(decode_bytes(file) == data, "{codec} {channels}");
        }
    }
}

#[test]
fn lengths_have_64_bits() {
    let stream = pcm(CodecId::PcmS16Be, 48_000, default_layout(2));
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
    let stream = pcm(CodecId::PcmS16Be, 48_000, default_layout(2));
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(&MUXER, &[]).unwrap();
    muxer.start(&[stream], &Metadata::new(), &mut output).unwrap();
    muxer.write(&packet(&[0; 40]), &mut output).unwrap();
    muxer.flush(&mut output).unwrap();
    assert_eq!(output.bytes()[56..64], 44u64.to_be_bytes());
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

#[test]
fn alac_has_a_leading_cookie_and_a_trailing_packet_table() {
    let config = AlacConfig {
        frame_length: 4096,
        bit_depth: 24,
        rice: [40, 10, 14],
        channels: 2,
        max_frame_bytes: 0,
        average_bit_rate: 0,
        sample_rate: 48_000,
    };
    let stream =
        |config| pcm(CodecId::Alac, 48_000, default_layout(2)).record(CodecRecord::Alac(config));
    let start = stream(config);
    let end = stream(AlacConfig { max_frame_bytes: 300, average_bit_rate: 5, ..config });
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(&MUXER, &[]).unwrap();
    muxer.start(std::slice::from_ref(&start), &Metadata::new(), &mut output).unwrap();
    for (bytes, duration) in [(100, 4096), (300, 4096), (7, 10)] {
        let packet = Packet { duration, ..packet(&vec![1; bytes]) };
        muxer.write(&packet, &mut output).unwrap();
    }
    let long = Packet { duration: 4097, ..packet(&[1]) };
    let message = muxer.write(&long, &mut output).unwrap_err().to_string();
    assert!(message.contains("0 to 4096") && message.contains("4097"), "{message}");
    muxer.finish(std::slice::from_ref(&end), &mut output).unwrap();
    let file = output.into_bytes();
    let find = |id: &[u8]| file.windows(id.len()).position(|bytes| bytes == id).unwrap();
    let CodecRecord::Alac(known) = end.record else { unreachable!() };
    assert_eq!(file[find(b"kuki") + 12..][..24], known.to_bytes());
    let data = find(b"data");
    assert_eq!(file[data + 4..data + 12], (4i64 + 407).to_be_bytes());
    let table = &file[data + 12 + 4 + 407..];
    assert_eq!(&table[..4], b"pakt");
    assert_eq!(table[12..20], 3i64.to_be_bytes());
    assert_eq!(table[20..28], (2 * 4096 + 10i64).to_be_bytes());
    assert_eq!(table[28..36], [0, 0, 0, 0, 0, 0, 0x0F, 0xF6]);
    assert_eq!(table[36..], [100, 0x82, 0x2C, 7]);

    let mut output = MemoryOutput::streaming();
    let rejected = open(&MUXER, &[]).unwrap().start(&[start], &Metadata::new(), &mut output);
    assert!(rejected.unwrap_err().to_string().contains("a seekable output"));
}
