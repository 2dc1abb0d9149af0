//! Contract of encoders, and effects of the options.

use reelwright_core::{ChannelLayouts, CodecConfig, CodecRecord};
use reelwright_enc_aac::ENCODER;
use reelwright_testkit::encoding::{Case, check_encoder};

#[test]
fn encoder_passes_common_checks() {
    check_encoder(&ENCODER);
}

/// Returns the bit rate of encoded music in bit/s.
fn bit_rate(case: &Case<'_>, seconds: usize) -> f64 {
    let encoded = case.encode_music(seconds * case.rate as usize).unwrap();
    (encoded.bytes().len() * 8) as f64 / seconds as f64
}

fn with_bit_rate(bit_rate: u64) -> CodecConfig {
    CodecConfig { bit_rate: Some(bit_rate), ..CodecConfig::default() }
}

#[test]
fn keeps_the_bit_rate() {
    for options in ["", "cbr=1"] {
        for requested in [64_000u64, 128_000, 256_000] {
            let case = Case { config: with_bit_rate(requested), options, ..Case::new(&ENCODER) };
            let found = bit_rate(&case, 10) / requested as f64;
            assert!((found - 1.0).abs() < 0.03, "{options} {requested}: {found}");
        }
    }
}

#[test]
fn constant_bit_rate_is_steady() {
    // Alternates loud and soft noise, after silence.
    let mut noise = reelwright_testkit::signal::Noise::new(3);
    let samples: Vec<f32> = (0..2 * 48_000 * 6)
        .map(|i| match i / 40_000 % 3 {
            0 => 0.0,
            1 => 0.9 * noise.uniform() as f32,
            _ => (i as f32 * 0.01).sin() * 0.01,
        })
        .collect();
    for requested in [24_000u64, 128_000, 384_000] {
        let case =
            Case { config: with_bit_rate(requested), options: "cbr=1", ..Case::new(&ENCODER) };
        let encoded = case.encode(&samples).unwrap();
        // A decoder's buffer that is full at first and fills at the bit rate (ISO/IEC 14496-3
        // §4.5.3.2) never runs dry, and never overflows by more than the last byte.
        let (room, mean) = (2.0 * 6144.0, requested as f64 * 1024.0 / 48_000.0);
        let mut level = room;
        for packet in &encoded.packets {
            level -= 8.0 * packet.data.len() as f64;
            assert!(level >= 0.0, "{requested}: {level}");
            level += mean;
            assert!(level < room + 8.0, "{requested}: {level}");
            level = level.min(room);
        }
    }
}

#[test]
fn higher_qscale_gives_larger_output() {
    let sizes = [0, 2, 5, 8, 10].map(|qscale| {
        let config = CodecConfig { qscale: Some(qscale as f32), ..CodecConfig::default() };
        bit_rate(&Case { config, ..Case::new(&ENCODER) }, 3)
    });
    assert!(sizes.windows(2).all(|pair| pair[0] < pair[1]), "{sizes:?}");
}

#[test]
fn options_change_the_stream() {
    let bytes =
        |options| Case { options, ..Case::new(&ENCODER) }.encode_music(48_000).unwrap().bytes();
    let plain = bytes("");
    for options in ["aac_ms=0", "cbr=1", "cutoff=8000"] {
        assert!(bytes(options) != plain, "{options}");
    }
}

#[test]
fn configuration_depends_on_the_layout() {
    let ChannelLayouts::List(layouts) = ENCODER.layouts else { panic!("a list") };
    for (i, layout) in layouts.iter().enumerate() {
        let encoder = Case { layout: *layout, ..Case::new(&ENCODER) }.open().unwrap();
        let CodecRecord::Aac(config) = &encoder.parameters().record else { panic!("no record") };
        // Object type 2, rate index 3 (48 kHz), and the channel configuration.
        let bits = u16::from_be_bytes([config.bytes[0], config.bytes[1]]);
        assert_eq!(bits >> 3, 2 << 8 | 3 << 4 | (i as u16 + 1), "{layout}");
        assert_eq!((config.object_type, config.core_sample_rate), (2, 48_000));
        assert_eq!(usize::from(config.channel_configuration), i + 1);
    }
}

#[test]
fn unsupported_values_are_errors_with_alternatives() {
    let rejected = |config: CodecConfig, options| {
        Case { config, options, ..Case::new(&ENCODER) }.open().err().unwrap().to_string()
    };
    let message = rejected(with_bit_rate(1000), "");
    assert!(message.contains("1000") && message.contains("16000 to 576000"), "{message}");
    let message = rejected(with_bit_rate(1_000_000), "");
    assert!(message.contains("16000 to 576000"), "{message}");
    for qscale in [-1.0, 2.5, 11.0] {
        let config = CodecConfig { qscale: Some(qscale), ..CodecConfig::default() };
        let message = rejected(config, "");
        assert!(message.contains(&qscale.to_string()) && message.contains("0 (smallest)"));
    }
    let config = CodecConfig { qscale: Some(5.0), ..CodecConfig::default() };
    assert!(rejected(config, "cbr=1").contains("exclude each other"));
}
