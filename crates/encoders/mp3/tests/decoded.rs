//! Tests with third-party decoders.

mod common;

use common::{Case, RATES};
use reelwright_testkit::lossy::{check_pre_echo, check_tone_bursts, snr};
use reelwright_testkit::signal::{music_f32, music_i16, music_i32};

/// Returns the lowest, a medium and the highest bit rate of a sample rate.
fn bit_rates(rate: u32) -> [u32; 3] {
    if rate >= 32_000 { [32_000, 128_000, 320_000] } else { [8_000, 64_000, 160_000] }
}

#[test]
fn every_rate_decodes_cleanly_to_the_same_length() {
    for rate in RATES {
        for channels in [1, 2] {
            let samples = music_f32(rate as usize / 2, channels);
            for bit_rate in bit_rates(rate) {
                let options = format!("bit_rate={bit_rate}");
                let stream = Case { rate, channels, options: &options }.encode(&samples);
                let found = stream.decode();
                let quality = snr(&samples, &found);
                let floor =
                    [-3.0, 8.0, 15.0][bit_rates(rate).iter().position(|&b| b == bit_rate).unwrap()];
                assert!(quality > floor, "{rate} Hz, {channels} channels, {options}: {quality}");
                if let Some(elsewhere) = stream.decode_elsewhere() {
                    // Decoders differ in the first line of a band at 24 kHz.
                    let same = snr(&found, &elsewhere);
                    assert!(
                        same > if rate == 24_000 { 40.0 } else { 60.0 },
                        "{rate} Hz, {channels} channels, {options}: {same}"
                    );
                }
            }
        }
    }
}

#[test]
fn more_bits_are_closer_to_the_input() {
    let samples = music_f32(60_000, 2);
    let quality = |options: &str| {
        let stream = Case::stereo(options).encode(&samples);
        snr(&samples, &stream.decode())
    };
    let qualities = ["bit_rate=64000", "bit_rate=128000", "bit_rate=320000"].map(quality);
    assert!(qualities.is_sorted(), "{qualities:?}");
    assert!(qualities[1] > 12.0 && qualities[2] > 20.0, "{qualities:?}");
    let qualities = ["qscale=9", "qscale=4.5", "qscale=0"].map(quality);
    assert!(qualities.is_sorted() && qualities[2] > 15.0, "{qualities:?}");
}

#[test]
fn short_streams_keep_their_length() {
    for rate in [44_100, 22_050] {
        for samples in [0, 1, 2, 46, 47, 48, 575, 576, 577, 1104, 1105, 1152, 1153, 2304, 3000] {
            let stream = Case { rate, channels: 1, options: "" }.encode(&music_f32(samples, 1));
            if samples > 0 {
                assert_eq!(stream.decode().len(), samples);
            }
        }
    }
}

#[test]
fn the_last_sample_is_in_the_stream() {
    // A tone that stops without fading.
    for count in [5000, 5759, 5760, 6000] {
        let samples: Vec<f32> = (0..count).map(|i| (i as f32 * 0.1).sin() * 0.5).collect();
        let found = Case::mono("bit_rate=320000").encode(&samples).decode();
        let end = count - 200;
        assert!(snr(&samples[end..], &found[end..]) > 10.0);
    }
}

#[test]
fn integers_are_as_good_as_floats() {
    let expected = music_f32(20_000, 2);
    let case = Case::stereo("bit_rate=256000");
    let found = [
        case.encode(&expected).decode(),
        case.encode(&music_i16(20_000, 2)).decode(),
        case.encode(&music_i32(20_000, 2)).decode(),
    ];
    for found in found {
        assert!(snr(&expected, &found) > 18.0);
    }
}

#[test]
fn clicks_have_no_pre_echo() {
    // Pre-masking is short: 5 ms and more before a transient there must be almost no noise.
    check_pre_echo(220, |samples| Case::mono("bit_rate=128000").encode(samples).decode());
}

#[test]
fn abrupt_starts_and_ends_are_close_to_the_input() {
    for (rate, bit_rate) in [(8_000, 32_000), (16_000, 64_000), (24_000, 64_000), (32_000, 64_000)]
    {
        let options = format!("bit_rate={bit_rate}");
        let case = Case { rate, channels: 1, options: &options };
        check_tone_bursts(rate, 25.0, 38.0, |samples| case.encode(samples).decode());
    }
}
