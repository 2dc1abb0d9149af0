//! Every option value is lossless, and the encoder rejects unsupported ones.

mod common;

use common::{Case, open};
use reelwright_core::{ErrorKind, OptionKind, SampleFormat};
use reelwright_enc_flac::ENCODER;
use reelwright_testkit::signal::{music_i16, music_i32, noise_i16};

#[test]
fn every_value_of_every_option_is_lossless() {
    let (short, long) = (music_i16(5001, 2), music_i32(5001, 2));
    for option in ENCODER.encoder.options {
        let values: Vec<String> = match option.kind {
            OptionKind::Int { min, max, .. } if max - min < 100 => {
                (min..=max).map(|value| value.to_string()).collect()
            }
            OptionKind::Int { min, max, .. } => vec![min.to_string(), max.to_string()],
            OptionKind::Bool { .. } | OptionKind::BoolOrSeconds { .. } => {
                vec!["true".into(), "false".into()]
            }
            OptionKind::Choice { values, .. } => values.iter().map(|v| v.0.to_owned()).collect(),
            _ => Vec::new(),
        };
        for value in values {
            let mut options = format!("{}={value}", option.name);
            match option.name {
                // Skips most numbers of threads: they are slow, and the output is the same.
                "threads" if value.parse::<u32>().unwrap() > 4 => continue,
                "min_prediction_order" => options += " max_prediction_order=32 lpc_type=levinson",
                "max_prediction_order" => options += " lpc_type=levinson",
                _ => {}
            }
            Case::stereo(&long, &format!("{options} ")).assert_lossless();
            if option.name != "bits_per_raw_sample" {
                Case::stereo(&short, &options).assert_lossless();
            }
        }
    }
}

#[test]
fn predictor_options_are_consistent() {
    let samples = [music_i16(5001, 1), noise_i16(1000)].concat();
    for method in ["estimation", "2level", "4level", "8level", "search"] {
        for (min, max) in [(0, 0), (0, 1), (1, 1), (2, 7), (12, 12), (13, 13), (5, 32), (32, 32)] {
            for precision in [1, 2, 7, 15] {
                let options = format!(
                    "lpc_type=levinson prediction_order_method={method} \
                     min_prediction_order={min} max_prediction_order={max} \
                     lpc_coeff_precision={precision} compression_level=7"
                );
                Case::mono(&samples, &options).assert_lossless();
            }
        }
    }
    for (min, max) in [(0, 0), (1, 1), (2, 3), (4, 4)] {
        let options =
            format!("lpc_type=fixed min_prediction_order={min} max_prediction_order={max}");
        Case::mono(&samples, &options).assert_lossless();
    }
    for (min, max) in [(0, 0), (0, 8), (3, 5), (8, 8)] {
        for block in [16, 192, 255, 4096] {
            let options =
                format!("min_partition_order={min} max_partition_order={max} frame_size={block}");
            Case::mono(&samples, &options).assert_lossless();
        }
    }
}

#[test]
fn every_number_of_threads_gives_the_same_bytes() {
    let samples = music_i16(100_001, 2);
    for level in ["compression_level=0", "compression_level=8"] {
        let file = |threads: u32| {
            Case::stereo(&samples, &format!("{level} frame_size=1024 threads={threads}")).encode()
        };
        let one = file(1);
        for threads in [0, 2, 3, 7] {
            assert!(file(threads) == one, "{level}, {threads} threads");
        }
    }
}

#[test]
fn invalid_option_values_are_errors_with_alternatives() {
    for option in ENCODER.encoder.options {
        let values: Vec<String> = match option.kind {
            OptionKind::Int { min, max, .. } => {
                vec![(min - 1).to_string(), (max + 1).to_string(), "many".into()]
            }
            _ => vec!["neither".into()],
        };
        for value in values {
            let options = format!("{}={value}", option.name);
            let error = open(SampleFormat::S32, 2, 48_000, &options).map(drop).unwrap_err();
            let message = error.to_string();
            assert_eq!(error.kind(), ErrorKind::Option);
            for part in [option.name, value.as_str(), &option.kind.to_string()] {
                assert!(message.contains(part), "{message}");
            }
        }
    }
    for (options, allowed) in [
        ("lpc_type=fixed max_prediction_order=5", "at most 4"),
        ("lpc_type=none min_prediction_order=1", "at most 0"),
        ("min_prediction_order=9 max_prediction_order=8", "9 and 8"),
        ("min_partition_order=5 max_partition_order=4", "5 and 4"),
        ("bits_per_raw_sample=17", "at most 16"),
    ] {
        let error = open(SampleFormat::S16, 2, 48_000, options).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Option);
        assert!(error.to_string().contains(allowed), "{error}");
    }
    for (format, channels, options) in [
        (SampleFormat::S16, 1, "ch_mode=mid_side"),
        (SampleFormat::S16, 3, "ch_mode=left_side"),
        (SampleFormat::S32, 2, "ch_mode=right_side bits_per_raw_sample=32"),
    ] {
        let error = open(format, channels, 48_000, options).map(drop).unwrap_err();
        assert!(error.to_string().contains("auto, indep"), "{error}");
    }
    assert!(open(SampleFormat::S32, 2, 48_000, "ch_mode=mid_side bits_per_raw_sample=31").is_ok());
    assert!(open(SampleFormat::S16, 1, 48_000, "min_prediction_order=20").is_ok());
}

#[test]
fn codec_config_sets_the_level() {
    use reelwright_core::{
        AudioEncoderRequest, AudioFormat, ChannelLayout, CodecConfig, CodecId, Options,
    };
    let open = |compression_level, options: &[(&str, &str)]| {
        let request = AudioEncoderRequest::new(
            CodecId::Flac,
            AudioFormat {
                sample_format: SampleFormat::S16,
                sample_rate: 48_000,
                layout: ChannelLayout::STEREO,
            },
        )
        .config(CodecConfig { compression_level, ..CodecConfig::default() });
        ENCODER.open(&request, &mut options.iter().copied().collect::<Options>()).map(drop)
    };
    open(Some(12), &[]).unwrap();
    for wrong in [-1, 13, i32::MAX] {
        let error = open(Some(wrong), &[]).unwrap_err();
        assert!(error.to_string().contains("0 to 12"), "{error}");
        // The option overrides the codec configuration.
        open(Some(wrong), &[("compression_level", "3")]).unwrap();
    }
}
