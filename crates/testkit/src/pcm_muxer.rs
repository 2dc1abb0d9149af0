//! Checks that every muxer of one PCM stream must pass.

use proptest::prelude::*;
use reelwright_core::{
    CodecId, MemoryOutput, Metadata, MuxerInfo, Packet, Result, StreamParameters,
};

use crate::muxing::{cut, default_layout, mux, open, packet, pcm};
use crate::program::{ffmpeg_copy_audio, ffprobe};
use crate::signal::noise_bytes;

/// Checks that a muxer of one PCM stream rejects packets of other streams, incomplete samples,
/// calls in the wrong order and other numbers of streams.
pub fn check_rejections(info: &MuxerInfo, stream: &StreamParameters) {
    let streams = std::slice::from_ref(stream);
    let block =
        stream.codec.bytes_per_sample().unwrap() * stream.audio().unwrap().format.layout.channels();
    let none = Metadata::new();
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(info, &[]).unwrap();
    assert!(muxer.write(&packet(&[]), &mut output).is_err());
    assert!(muxer.flush(&mut output).is_err());
    assert!(muxer.finish(streams, &mut output).is_err());
    assert!(muxer.start(&[], &none, &mut output).is_err());
    let two = [stream.clone(), stream.clone()];
    assert!(muxer.start(&two, &none, &mut output).is_err());
    assert!(output.bytes().is_empty(), "{}: rejected streams must write nothing", info.name);
    muxer.start(streams, &none, &mut output).unwrap();
    let header = output.bytes().len();
    let message = |result: Result<()>| result.unwrap_err().to_string();
    let ragged = message(muxer.write(&packet(&vec![0; block + 1]), &mut output));
    assert!(ragged.contains(&format!("{} bytes", block + 1)), "{ragged}");
    let other = Packet { stream: 7, ..packet(&vec![0; block]) };
    let other = message(muxer.write(&other, &mut output));
    assert!(other.contains("Found: 7"), "{other}");
    muxer.write(&packet(&[]), &mut output).unwrap();
    assert_eq!(output.bytes().len(), header);
    muxer.finish(streams, &mut output).unwrap();
    assert!(muxer.write(&packet(&[]), &mut output).is_err());
}

/// Generates streams of any codec, rate and layout, supported by a container or not.
pub fn any_stream() -> impl Strategy<Value = StreamParameters> {
    let channels = prop_oneof![1usize..9, 1usize..65_536];
    let rate = prop_oneof![Just(48_000), any::<u32>()];
    (prop::sample::select(CodecId::ALL), rate, channels)
        .prop_map(|(codec, rate, channels)| pcm(codec, rate, default_layout(channels)))
}

/// Generates packets as stream index and length, valid or not.
pub fn any_packets() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0usize..3, 0usize..64), 0..10)
}

/// Writes packets. Checks that nothing panics, and that the file has the packets that were
/// accepted.
pub fn write_or_reject(
    info: &MuxerInfo,
    stream: &StreamParameters,
    packets: &[(usize, usize)],
    mut output: MemoryOutput,
) {
    let streams = std::slice::from_ref(stream);
    let mut muxer = open(info, &[]).unwrap();
    let started = muxer.start(streams, &Metadata::new(), &mut output).is_ok();
    for &(stream, bytes) in packets {
        let before = output.bytes().len();
        let packet = Packet { stream, ..packet(&noise_bytes(bytes)) };
        let written = muxer.write(&packet, &mut output).is_ok();
        assert!(started || !written);
        assert_eq!(output.bytes()[before..], packet.data[..if written { bytes } else { 0 }]);
        let _ = muxer.flush(&mut output);
    }
    assert_eq!(muxer.finish(streams, &mut output).is_ok(), started);
}

/// Checks that ffmpeg and ffprobe read the written data: for every codec, 1, 2 and 6 channels, an
/// odd number of samples, and both kinds of outputs. Files for unseekable outputs are also read
/// from a pipe.
pub fn check_with_ffmpeg(info: &MuxerInfo, demuxer: &str) {
    for &codec in info.audio_codecs {
        let Some(bytes) = codec.bytes_per_sample() else { continue };
        for channels in [1, 2, 6] {
            let block = bytes * channels;
            let data = noise_bytes(1237 * block);
            let stream = pcm(codec, 44_100, default_layout(channels));
            let file = |output| {
                let packets = cut(&data, block, &[1, 100, 0, 33]);
                mux(info, &[], &stream, &Metadata::new(), packets, output).unwrap()
            };
            let (file, streamed) =
                (file(MemoryOutput::seekable()), file(MemoryOutput::streaming()));
            for (input, bytes) in [("{}", &file), ("{}", &streamed), ("-", &streamed)] {
                let Some(found) = ffmpeg_copy_audio(demuxer, input, bytes) else { return };
                assert_eq!(found.len(), data.len(), "{} {codec} {channels}", info.name);
                assert!(found == data, "{} {codec} {channels}", info.name);
            }
            let entry = "stream=codec_name,sample_rate,channels";
            let Some(found) = ffprobe(demuxer, entry, &file) else { return };
            assert_eq!(found, format!("{codec},44100,{channels}"), "{}", info.name);
        }
    }
}
