//! Effects of the options.

mod common;

use common::Case;
use reelwright_core::{CodecRecord, Mp3RateControl, SampleFormat};
use reelwright_testkit::lossy::{high_frequency_energy, snr, white_noise};
use reelwright_testkit::signal::{Noise, music_f32};

/// Returns music with noise that differs between the channels, which needs many bits.
fn rich(samples: usize) -> Vec<f32> {
    let mut noise = Noise::new(3);
    let mut samples = music_f32(samples, 2);
    for (i, x) in samples.iter_mut().enumerate() {
        let loud = if i / 30_000 % 2 == 0 { 0.02 } else { 0.15 };
        *x = *x * 0.5 + noise.uniform() as f32 * loud;
    }
    samples
}

fn error(options: &str, rate: u32) -> String {
    let case = Case { rate, channels: 2, options };
    case.open(SampleFormat::Fltp).err().unwrap().to_string()
}

#[test]
fn constant_rates_are_constant() {
    let samples = rich(60_000);
    for rate in [32_000u32, 44_100, 48_000, 22_050, 24_000, 8_000, 11_025] {
        let bit_rate = if rate >= 32_000 { 192_000u64 } else { 80_000 };
        let options = format!("bit_rate={bit_rate}");
        let stream = Case { rate, channels: 2, options: &options }.encode(&samples);
        let frame = if rate >= 32_000 { 144 } else { 72 };
        let mut exact = 0;
        for packet in &stream.packets {
            exact += frame * bit_rate;
            let whole = packet.data.len() as u64 * u64::from(rate);
            let padding = u64::from(packet.data[2] >> 1 & 1);
            assert_eq!(packet.data.len() as u64, frame * bit_rate / u64::from(rate) + padding);
            exact = exact.checked_sub(whole).unwrap();
            assert!(exact < u64::from(rate));
        }
    }
}

#[test]
fn the_nearest_bit_rate_is_used() {
    for (options, rate, expected) in [
        ("bit_rate=198000", 44_100, 192_000),
        ("bit_rate=999999999", 44_100, 320_000),
        ("bit_rate=1", 44_100, 32_000),
        ("bit_rate=100000", 44_100, 96_000),
        // Halfway between two rates.
        ("bit_rate=144000", 48_000, 128_000),
        ("bit_rate=320000", 8_000, 160_000),
        ("abr=1 bit_rate=321000", 44_100, 320_000),
        ("abr=1 bit_rate=1000", 8_000, 8_000),
        ("abr=1 bit_rate=198000", 44_100, 198_000),
    ] {
        let encoder = Case { rate, channels: 2, options }.open(SampleFormat::Fltp).unwrap();
        assert_eq!(encoder.parameters().bit_rate, Some(expected), "{options}");
    }
}

#[test]
fn options_out_of_range_are_errors_with_alternatives() {
    assert!(error("qscale=10", 44_100).contains("10"));
    assert!(error("qscale=NaN", 44_100).contains("NaN"));
    assert!(error("qscale=-1", 44_100).contains("-1"));
    assert!(error("compression_level=10", 44_100).contains("0 (slowest) to 9"));
    assert!(error("cutoff=30000", 44_100).contains("24000"));
    assert!(error("bogus=1", 44_100).contains("joint_stereo"));
}

#[test]
fn parameters_hold_the_rate_control() {
    let parameters_of = |options: &str| {
        let encoder = Case::stereo(options).open(SampleFormat::Fltp).unwrap();
        let CodecRecord::Mp3(info) = encoder.parameters().record else { panic!("no record") };
        (encoder.parameters().bit_rate, info.rate_control, info.lowpass)
    };
    assert_eq!(parameters_of(""), (Some(128_000), Mp3RateControl::Constant, 17_000));
    assert_eq!(parameters_of("abr=1 bit_rate=150000").1, Mp3RateControl::Average);
    let (bit_rate, control, _) = parameters_of("qscale=2.5 bit_rate=64000");
    assert_eq!((bit_rate, control), (None, Mp3RateControl::Variable(2)));
    assert_eq!(parameters_of("cutoff=9000").2, 9000);
}

#[test]
fn averages_are_met() {
    let samples = rich(44_100 * 20);
    for bit_rate in [70_000u32, 133_000, 220_000] {
        let options = format!("abr=1 bit_rate={bit_rate}");
        let found = Case::stereo(&options).encode(&samples).bit_rate(44_100);
        let off = (found / f64::from(bit_rate) - 1.0).abs();
        assert!(off < 0.03, "{found} for {bit_rate}");
    }
}

#[test]
fn worse_qualities_are_smaller() {
    let samples = rich(60_000);
    let size =
        |quality: f64| Case::stereo(&format!("qscale={quality}")).encode(&samples).bytes().len();
    let sizes: Vec<usize> = (0..10).map(|quality| size(quality.into())).collect();
    assert!(sizes.is_sorted_by(|a, b| a > b), "{sizes:?}");
    assert!(sizes[0] > 2 * sizes[9], "{sizes:?}");
    // Fractions of a quality have an effect.
    let between = size(2.5);
    assert!(sizes[3] < between && between < sizes[2], "{between} {sizes:?}");
}

#[test]
fn the_reservoir_is_used_or_not() {
    let samples = rich(60_000);
    let main_data_begins = |options: &str| -> Vec<u32> {
        let stream = Case::stereo(options).encode(&samples);
        let begin = |data: &[u8]| u32::from(data[4]) << 1 | u32::from(data[5]) >> 7;
        stream.packets.iter().map(|packet| begin(&packet.data)).collect()
    };
    assert!(main_data_begins("").iter().any(|&begin| begin > 100));
    assert!(main_data_begins("reservoir=0").iter().all(|&begin| begin == 0));
}

#[test]
fn mid_and_side_are_used_or_not() {
    // Left and right are almost the same.
    let samples = music_f32(60_000, 2);
    let modes = |options: &str| -> Vec<u8> {
        let stream = Case::stereo(options).encode(&samples);
        stream.packets.iter().map(|packet| packet.data[3] >> 4).collect()
    };
    assert!(modes("").contains(&0b0110));
    assert!(modes("joint_stereo=0").iter().all(|&mode| mode == 0));
}

#[test]
fn nothing_is_left_above_the_cutoff() {
    let samples = white_noise(8, 60_000, 0.3);
    let energy =
        |options: &str| high_frequency_energy(&Case::mono(options).encode(&samples).decode());
    assert!(energy("bit_rate=128000 cutoff=6000") * 20.0 < energy("bit_rate=128000"));
}

#[test]
fn effort_changes_the_audio() {
    let samples = rich(60_000);
    let sizes = [0, 5, 9].map(|level| {
        let options = format!("qscale=4 compression_level={level}");
        Case::stereo(&options).encode(&samples).bytes().len()
    });
    assert!(sizes[0] <= sizes[1] && sizes[1] < sizes[2], "{sizes:?}");
    let quality = [0, 5, 9].map(|level| {
        let options = format!("compression_level={level}");
        snr(&samples, &Case::stereo(&options).encode(&samples).decode())
    });
    assert!(quality.iter().all(|&quality| quality > 5.0), "{quality:?}");
}
