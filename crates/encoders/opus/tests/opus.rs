//! Contract of encoders, and effects of the options.

use reelwright_core::{ChannelLayouts, CodecConfig, CodecRecord};
use reelwright_enc_opus::ENCODER;
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
    for (options, tolerance) in [("vbr=off", 0.01), ("vbr=constrained", 0.1), ("vbr=on", 0.25)] {
        for requested in [32_000u64, 96_000, 192_000] {
            let case = Case { config: with_bit_rate(requested), options, ..Case::new(&ENCODER) };
            let found = bit_rate(&case, 10) / requested as f64;
            assert!((found - 1.0).abs() < tolerance, "{options} {requested}: {found}");
        }
    }
}

#[test]
fn constant_bit_rate_packets_have_equal_sizes() {
    let case = Case { options: "vbr=off", ..Case::new(&ENCODER) };
    let encoded = case.encode_music(48_000).unwrap();
    let size = encoded.packets[0].data.len();
    assert!(encoded.packets.iter().all(|packet| packet.data.len() == size));
}

#[test]
fn packets_have_the_requested_duration() {
    for (duration, samples) in [
        ("2.5", 120),
        ("5", 240),
        ("10", 480),
        ("20", 960),
        ("40", 1920),
        ("60", 2880),
        ("120", 5760),
    ] {
        for rate in [8000, 16_000, 48_000] {
            let options = format!("frame_duration={duration}");
            let case = Case { options: &options, rate, ..Case::new(&ENCODER) };
            let encoded = case.encode_music(rate as usize).unwrap();
            assert!(encoded.packets.iter().all(|packet| packet.duration == samples), "{duration}");
        }
    }
}

#[test]
fn options_change_the_stream() {
    let bytes =
        |options| Case { options, ..Case::new(&ENCODER) }.encode_music(48_000).unwrap().bytes();
    let plain = bytes("");
    for options in [
        "application=lowdelay",
        "vbr=off",
        "vbr=constrained",
        "compression_level=0",
        "packet_loss=50",
    ] {
        assert!(bytes(options) != plain, "{options}");
    }
    // Discontinuous transmission has an effect in silence.
    let silence = vec![0i16; 2 * 96_000];
    let size = |options| {
        let config = with_bit_rate(16_000);
        let case = Case { options, config, ..Case::new(&ENCODER) };
        case.encode(&silence).unwrap().bytes().len()
    };
    assert!(size("application=voip dtx=1") < size("application=voip dtx=0"));
    // Forward error correction has an effect on speech with packet loss.
    let speech = |options| {
        let case =
            Case { options, config: with_bit_rate(24_000), rate: 16_000, ..Case::new(&ENCODER) };
        case.encode_music(16_000).unwrap().bytes()
    };
    assert!(speech("application=voip") != speech("application=audio"));
    assert!(
        speech("application=voip packet_loss=20 fec=1")
            != speech("application=voip packet_loss=20 fec=0")
    );
}

#[test]
fn the_header_states_the_delay_and_the_mapping() {
    let ChannelLayouts::List(layouts) = ENCODER.layouts else { panic!("a list") };
    for layout in layouts {
        for rate in [8000, 48_000] {
            let case = Case { layout: *layout, rate, ..Case::new(&ENCODER) };
            let encoded = case.encode_music(rate as usize / 10).unwrap();
            let CodecRecord::Opus(head) = &encoded.parameters.record else { panic!("no header") };
            assert_eq!(usize::from(head.channels), layout.channels());
            assert_eq!(head.input_sample_rate, rate);
            assert_eq!(encoded.packets[0].pts.0, -i64::from(head.pre_skip));
            assert_eq!(head.mapping.is_some(), layout.channels() > 2);
            if let Some(mapping) = &head.mapping {
                let decoded = mapping.streams + mapping.coupled;
                assert_eq!((mapping.family, usize::from(decoded)), (1, layout.channels()));
            }
        }
    }
}

#[test]
fn unsupported_values_are_errors_with_alternatives() {
    let rejected = |config: CodecConfig, options| {
        Case { config, options, ..Case::new(&ENCODER) }.open().err().unwrap().to_string()
    };
    let message = rejected(with_bit_rate(1000), "");
    assert!(message.contains("1000") && message.contains("6000 to 512000"), "{message}");
    let config = CodecConfig { compression_level: Some(11), ..CodecConfig::default() };
    assert!(rejected(config, "").contains("0 (fastest) to 10"));
    assert!(rejected(CodecConfig::default(), "frame_duration=7").contains("2.5"));
}
