//! ADTS headers, parsed according to ISO/IEC 14496-3.

use proptest::prelude::*;
use reelwright_core::{
    AudioSpecificConfig, ChannelLayout, CodecId, CodecRecord, Metadata, StreamParameters,
};
use reelwright_mux_adts::MUXER;
use reelwright_testkit::muxing::{check_failing_output, memory, mux, open, packet, pcm};

fn aac(object_type: u8, core_sample_rate: u32, channel_configuration: u8) -> StreamParameters {
    let config = AudioSpecificConfig {
        bytes: Vec::new(),
        object_type,
        core_sample_rate,
        channel_configuration,
    };
    pcm(CodecId::Aac, core_sample_rate, ChannelLayout::STEREO).record(CodecRecord::Aac(config))
}

/// Returns `bits` bits from bit `at` on.
fn field(header: &[u8], at: usize, bits: usize) -> u32 {
    (at..at + bits).fold(0, |field, i| field << 1 | u32::from(header[i / 8] >> (7 - i % 8) & 1))
}

#[test]
fn the_header_has_every_field() {
    for (object_type, profile) in [(1, 0), (2, 1), (4, 3), (5, 1), (29, 1)] {
        for (rate, index) in [(96_000, 0), (44_100, 4), (8000, 11), (7350, 12)] {
            for channels in 1..=7u8 {
                let stream = aac(object_type, rate, channels);
                let data = [[1u8; 5].as_slice(), &[2; 300]];
                let file =
                    mux(&MUXER, &[], &stream, &Metadata::new(), data, memory(false)).unwrap();
                let (first, second) = file.split_at(12);
                for (frame, data) in [(first, data[0]), (second, data[1])] {
                    assert_eq!(field(frame, 0, 12), 0xFFF);
                    assert_eq!(field(frame, 12, 4), 1, "MPEG-4, no checksum");
                    assert_eq!(field(frame, 16, 2), profile);
                    assert_eq!(field(frame, 18, 4), index);
                    assert_eq!(field(frame, 23, 3), u32::from(channels));
                    assert_eq!(field(frame, 30, 13) as usize, frame.len());
                    assert_eq!(field(frame, 43, 11), 0x7FF);
                    assert_eq!(field(frame, 54, 2), 0);
                    assert_eq!(&frame[7..], data);
                }
            }
        }
    }
}

#[test]
fn streams_that_do_not_fit_the_header_are_errors() {
    for stream in [aac(23, 48_000, 2), aac(2, 48_001, 2), aac(2, 48_000, 0), aac(2, 48_000, 8)] {
        let mut output = memory(true);
        let result = open(&MUXER, &[]).unwrap().start(&[stream], &Metadata::new(), &mut output);
        let message = result.unwrap_err().to_string();
        assert!(message.contains("Stream 0") && message.contains("object type"), "{message}");
    }
    let wrong = pcm(CodecId::PcmS16Le, 8000, ChannelLayout::MONO);
    let mut output = memory(true);
    assert!(open(&MUXER, &[]).unwrap().start(&[wrong], &Metadata::new(), &mut output).is_err());
    let mut muxer = open(&MUXER, &[]).unwrap();
    assert!(muxer.write(&packet(&[1]), &mut output).is_err(), "before start");
    muxer.start(&[aac(2, 48_000, 2)], &Metadata::new(), &mut output).unwrap();
    let message = muxer.write(&packet(&[0; 8185]), &mut output).unwrap_err().to_string();
    assert!(message.contains("at most 8184") && message.contains("8185"), "{message}");
}

#[test]
fn any_failure_of_the_output_is_an_error() {
    check_failing_output(&MUXER, &aac(2, 44_100, 2), &[0; 40]);
}

proptest! {
    #[test]
    fn packets_round_trip(sizes in prop::collection::vec(0usize..8184, 0..10)) {
        let packets: Vec<Vec<u8>> = sizes.iter().map(|size| vec![5; *size]).collect();
        let data = packets.iter().map(Vec::as_slice);
        let stream = aac(2, 44_100, 2);
        let file = mux(&MUXER, &[], &stream, &Metadata::new(), data, memory(true)).unwrap();
        let mut rest = file.as_slice();
        for packet in &packets {
            let length = field(rest, 30, 13) as usize;
            prop_assert_eq!(&rest[7..length], packet.as_slice());
            rest = &rest[length..];
        }
        prop_assert!(rest.is_empty());
    }
}
