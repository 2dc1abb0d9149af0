//! Headerless PCM: the file consists of the packets, and the names equal those of FFmpeg.

use proptest::prelude::*;
use reelwright_core::{MemoryOutput, Metadata, MuxerInfo};
use reelwright_mux_raw::MUXERS;
use reelwright_testkit::muxing::{
    check_failing_output, cut, default_layout, memory, mux, open, pcm, tags,
};
use reelwright_testkit::pcm_muxer::{any_packets, any_stream, check_rejections, write_or_reject};
use reelwright_testkit::program::run;
use reelwright_testkit::signal::noise_bytes;

/// Returns the muxers of PCM, without G.722.
fn pcm_muxers() -> impl Iterator<Item = &'static MuxerInfo> {
    MUXERS.iter().filter(|info| {
        info.audio_codecs.first().is_some_and(|codec| codec.bytes_per_sample().is_some())
    })
}

#[test]
fn file_consists_of_the_audio() {
    for info in pcm_muxers() {
        for channels in [1, 2, 6] {
            let stream = pcm(info.audio_codecs[0], 48_000, default_layout(channels));
            let block = channels * info.audio_codecs[0].bytes_per_sample().unwrap();
            let data = noise_bytes(block * 37);
            for output in [MemoryOutput::seekable(), MemoryOutput::streaming()] {
                let packets = cut(&data, block, &[1, 0, 5]);
                let tags = tags([("title", "not stored")]);
                let file = mux(info, &[], &stream, &tags, packets, output).unwrap();
                assert!(file == data, "{} {channels}", info.name);
            }
        }
    }
}

#[test]
fn format_names_equal_those_of_ffmpeg() {
    for info in MUXERS {
        let arguments = ["-hide_banner", "-h", &format!("muxer={}", info.name)];
        let Some(help) = run("ffmpeg", &arguments, &[]) else { return };
        let help = String::from_utf8(help).unwrap();
        assert!(help.starts_with(&format!("Muxer {} [{}]:", info.name, info.long_name)), "{help}");
        let codec = info.audio_codecs.iter().chain(info.video_codecs).next().unwrap();
        assert!(help.contains(&format!("codec: {codec}.")), "{help}");
        let extensions = info.extensions.join(",");
        let has_extensions = help.contains(&format!("Common extensions: {extensions}."));
        assert_eq!(has_extensions, !extensions.is_empty(), "{help}");
    }
}

#[test]
fn invalid_calls_are_errors() {
    for info in pcm_muxers() {
        check_rejections(info, &pcm(info.audio_codecs[0], 8000, default_layout(2)));
        let other = MUXERS.iter().find(|other| other.name != info.name).unwrap();
        let stream = pcm(other.audio_codecs[0], 8000, default_layout(1));
        let mut output = MemoryOutput::seekable();
        let result = open(info, &[]).unwrap().start(&[stream], &Metadata::new(), &mut output);
        let message = result.unwrap_err().to_string();
        assert!(message.contains(info.name) && message.contains(other.name), "{message}");
    }
}

#[test]
fn any_failure_of_the_output_is_an_error() {
    check_failing_output(
        &MUXERS[0],
        &pcm(MUXERS[0].audio_codecs[0], 8000, default_layout(1)),
        &[0; 40],
    );
}

proptest! {
    #[test]
    fn file_does_not_depend_on_packet_sizes(cuts in prop::collection::vec(0usize..40, 1..8)) {
        let data = noise_bytes(2 * 333);
        let stream = pcm(MUXERS[0].audio_codecs[0], 44_100, default_layout(1));
        let output = MemoryOutput::seekable();
        let packets = cut(&data, 2, &cuts);
        let found = mux(&MUXERS[0], &[], &stream, &Metadata::new(), packets, output).unwrap();
        prop_assert_eq!(found, data);
    }

    #[test]
    fn any_input_is_written_or_rejected(
        stream in any_stream(),
        packets in any_packets(),
        seekable: bool,
    ) {
        let output = memory(seekable);
        write_or_reject(&MUXERS[0], &stream, &packets, output);
    }
}
