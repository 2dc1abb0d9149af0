//! Lossless round trips through third-party decoders.

use reelwright_core::{ChannelLayouts, CodecConfig, CodecId, CodecRecord, SampleFormat};
use reelwright_enc_alac::ENCODER;
use reelwright_testkit::encoding::{Case, Encoded, check_encoder};
use reelwright_testkit::signal::{music_i16, music_i32, noise_i16, noise_i32};
use symphonia_codec_alac::AlacDecoder;
use symphonia_core::codecs::audio::well_known::CODEC_ID_ALAC;
use symphonia_core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia_core::packet::Packet;

#[test]
fn encoder_passes_common_checks() {
    check_encoder(&ENCODER);
}

/// Decodes to samples in the high bits of an `i32`.
fn decoded(encoded: &Encoded) -> Vec<i32> {
    let CodecRecord::Alac(config) = &encoded.parameters.record else { panic!("no configuration") };
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(CODEC_ID_ALAC).with_extra_data(config.to_bytes().into());
    let mut decoder = AlacDecoder::try_new(&parameters, &AudioDecoderOptions::default()).unwrap();
    let mut samples = Vec::new();
    for packet in &encoded.packets {
        let data = packet.data.clone().into_boxed_slice();
        let pts = symphonia_core::units::Timestamp::new(packet.pts.0);
        let duration = symphonia_core::units::Duration::new(packet.duration as u64);
        let packet = Packet::new(0, pts, duration, data);
        let mut part = Vec::new();
        decoder.decode(&packet).unwrap().copy_to_vec_interleaved::<i32>(&mut part);
        samples.extend(part);
    }
    samples
}

#[test]
fn sixteen_bit_samples_round_trip() {
    for channels in [1, 2] {
        for samples in [music_i16(20_001, channels), noise_i16(9000 * channels), vec![0; 8192]] {
            for level in 0..=2 {
                let config =
                    CodecConfig { compression_level: Some(level), ..CodecConfig::default() };
                let layout = ENCODER.layouts.for_channels(channels).unwrap();
                let case =
                    Case { format: SampleFormat::S16p, layout, config, ..Case::new(&ENCODER) };
                let expected = samples.iter().map(|sample| i32::from(*sample) << 16);
                let found = decoded(&case.encode(&samples).unwrap());
                assert!(found.into_iter().eq(expected), "{channels} {level}");
            }
        }
    }
}

#[test]
fn every_bit_depth_round_trips() {
    for channels in [1, 2] {
        for samples in [music_i32(20_001, channels), noise_i32(9000 * channels)] {
            for (bits, mask) in [("16", !0xFFFF), ("20", !0xFFF), ("24", !0xFF), ("32", !0)] {
                let options = format!("bits_per_raw_sample={bits}");
                let layout = ENCODER.layouts.for_channels(channels).unwrap();
                let case = Case {
                    format: SampleFormat::S32p,
                    layout,
                    options: &options,
                    ..Case::new(&ENCODER)
                };
                let found = decoded(&case.encode(&samples).unwrap());
                let expected = samples.iter().map(|sample| sample & mask);
                assert!(found.into_iter().eq(expected), "{channels} {bits}");
            }
        }
    }
}

#[test]
fn higher_levels_give_smaller_files() {
    let samples = music_i16(200_000, 2);
    let sizes = [0, 1, 2].map(|level| {
        let config = CodecConfig { compression_level: Some(level), ..CodecConfig::default() };
        let case = Case { format: SampleFormat::S16p, config, ..Case::new(&ENCODER) };
        case.encode(&samples).unwrap().bytes().len()
    });
    assert!(sizes[0] > sizes[1] && sizes[1] >= sizes[2], "{sizes:?}");
}

#[test]
fn noise_is_not_larger_than_verbatim() {
    let samples = noise_i16(2 * 8192);
    let case = Case { format: SampleFormat::S16p, ..Case::new(&ENCODER) };
    let encoded = case.encode(&samples).unwrap();
    assert!(encoded.packets.iter().all(|packet| packet.data.len() <= 4096 * 4 + 8));
}

#[test]
fn the_record_describes_the_stream() {
    let ChannelLayouts::List(layouts) = ENCODER.layouts else { panic!("a list") };
    for layout in layouts {
        let case = Case { layout: *layout, ..Case::new(&ENCODER) };
        let encoded = case.encode_music(20_000).unwrap();
        let CodecRecord::Alac(config) = &encoded.parameters.record else { panic!("no record") };
        assert_eq!(usize::from(config.channels), layout.channels());
        assert_eq!((config.bit_depth, config.frame_length), (24, 4096));
        let largest = encoded.packets.iter().map(|packet| packet.data.len()).max().unwrap();
        assert_eq!(config.max_frame_bytes as usize, largest);
        assert_eq!(encoded.parameters.codec, CodecId::Alac);
        let rate = encoded.bytes().len() as u64 * 8 * u64::from(case.rate) / 20_000;
        assert_eq!(encoded.parameters.bit_rate, Some(rate));
    }
}

#[test]
fn values_out_of_range_are_errors() {
    let config = CodecConfig { compression_level: Some(3), ..CodecConfig::default() };
    let message = Case { config, ..Case::new(&ENCODER) }.open().err().unwrap().to_string();
    assert!(message.contains("0 (fastest) to 2") && message.contains("Found: 3"), "{message}");
    let case = Case {
        format: SampleFormat::S16p,
        options: "bits_per_raw_sample=24",
        ..Case::new(&ENCODER)
    };
    let message = case.open().err().unwrap().to_string();
    assert!(message.contains("24") && message.contains("s16p"), "{message}");
}
