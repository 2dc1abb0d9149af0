//! Contract of encoders, and effects of the options.

use reelwright_core::{ChannelLayouts, CodecConfig, CodecRecord};
use reelwright_enc_fdk::ENCODER;
use reelwright_testkit::encoding::{Case, check_encoder};

#[test]
fn encoder_passes_common_checks() {
    check_encoder(&ENCODER);
}

#[test]
fn keeps_the_bit_rate() {
    for requested in [64_000u64, 128_000, 256_000] {
        let config = CodecConfig { bit_rate: Some(requested), ..CodecConfig::default() };
        let encoded = Case { config, ..Case::new(&ENCODER) }.encode_music(10 * 48_000).unwrap();
        let found = encoded.bytes().len() as f64 * 8.0 / 10.0 / requested as f64;
        assert!((found - 1.0).abs() < 0.03, "{requested}: {found}");
    }
}

#[test]
fn higher_quality_gives_larger_output() {
    let sizes = [1, 3, 5].map(|qscale| {
        let config = CodecConfig { qscale: Some(qscale as f32), ..CodecConfig::default() };
        let case = Case { config, ..Case::new(&ENCODER) };
        case.encode_music(5 * 48_000).unwrap().bytes().len()
    });
    assert!(sizes.windows(2).all(|pair| pair[0] < pair[1]), "{sizes:?}");
}

#[test]
fn every_profile_is_in_the_configuration() {
    for (profile, object_type, frame) in [
        ("aac_low", 2, 1024),
        ("aac_he", 5, 2048),
        ("aac_he_v2", 29, 2048),
        ("aac_ld", 23, 512),
        ("aac_eld", 39, 512),
    ] {
        let options = format!("profile={profile}");
        let case = Case { options: &options, ..Case::new(&ENCODER) };
        let encoded = case.encode_music(48_000).unwrap();
        let CodecRecord::Aac(config) = &encoded.parameters.record else { panic!("no record") };
        assert_eq!(config.object_type, object_type);
        // The first five bits, or six more after an escape.
        let first = config.bytes[0] >> 3;
        let bits = u16::from_be_bytes([config.bytes[0], config.bytes[1]]);
        let found = if first == 31 { 32 + (bits >> 5 & 63) as u8 } else { first };
        assert_eq!(found, object_type, "{profile}");
        assert_eq!(encoded.parameters.audio().unwrap().frame_size, Some(frame), "{profile}");
        assert_eq!(encoded.presented_samples(), 48_000, "{profile}");
    }
}

#[test]
fn options_change_the_stream() {
    let bytes =
        |options| Case { options, ..Case::new(&ENCODER) }.encode_music(48_000).unwrap().bytes();
    let plain = bytes("");
    for options in ["afterburner=0", "vbr=3", "cutoff=8000"] {
        assert!(bytes(options) != plain, "{options}");
    }
}

#[test]
fn every_layout_has_its_configuration() {
    let ChannelLayouts::List(layouts) = ENCODER.layouts else { panic!("a list") };
    for (i, layout) in layouts.iter().enumerate() {
        let encoder = Case { layout: *layout, ..Case::new(&ENCODER) }.open().unwrap();
        let CodecRecord::Aac(config) = &encoder.parameters().record else { panic!("no record") };
        assert_eq!(usize::from(config.channel_configuration), i + 1, "{layout}");
    }
}

#[test]
fn unsupported_values_are_errors() {
    let config = CodecConfig { qscale: Some(2.5), ..CodecConfig::default() };
    let message = Case { config, ..Case::new(&ENCODER) }.open().err().unwrap().to_string();
    assert!(message.contains("1 (smallest) to 5 (best)"), "{message}");
    let layout = reelwright_core::ChannelLayout::MONO;
    let case = Case { layout, options: "profile=aac_he_v2", ..Case::new(&ENCODER) };
    let message = case.open().err().unwrap().to_string();
    assert!(message.contains("2 channels"), "{message}");
}
