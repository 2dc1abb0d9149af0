//! Tests with third-party decoders.

mod common;

use common::{decode, decode_elsewhere};
use reelwright_core::{ChannelLayout, ChannelLayouts, CodecConfig, SampleRates};
use reelwright_enc_aac::ENCODER;
use reelwright_testkit::encoding::Case;
use reelwright_testkit::lossy::{
    check_pre_echo, check_tone_bursts, high_frequency_energy, snr, white_noise,
};
use reelwright_testkit::signal::{Noise, music_f32};

fn with_bit_rate(bit_rate: u64) -> CodecConfig {
    CodecConfig { bit_rate: Some(bit_rate), ..CodecConfig::default() }
}

#[test]
fn every_rate_and_layout_decodes_to_the_input() {
    let (SampleRates::List(rates), ChannelLayouts::List(layouts)) =
        (ENCODER.sample_rates, ENCODER.layouts)
    else {
        panic!("lists")
    };
    for &rate in rates {
        for &layout in layouts {
            let channels = layout.channels();
            let samples = music_f32(rate as usize / 2, channels);
            let config = with_bit_rate(u64::from(2 * rate.min(64_000)) * channels as u64);
            let case = Case { rate, layout, config, ..Case::new(&ENCODER) };
            let encoded = case.encode(&samples).unwrap();
            let found = [(channels <= 2).then(|| decode(&encoded)), decode_elsewhere(&encoded)];
            for found in found.iter().flatten() {
                let quality = snr(&samples, found);
                // A low-frequency channel keeps only its lowest lines.
                let floor = if channels < 6 { 10.0 } else { 4.0 };
                assert!(quality > floor, "{rate} Hz, {layout}: {quality}");
            }
            if let [Some(found), Some(elsewhere)] = &found {
                let same = snr(found, elsewhere);
                assert!(same > 60.0, "{rate} Hz, {layout}: {same}");
            }
        }
    }
}

#[test]
fn more_bits_are_closer_to_the_input() {
    let samples = music_f32(60_000, 2);
    let quality = |config| {
        snr(&samples, &decode(&Case { config, ..Case::new(&ENCODER) }.encode(&samples).unwrap()))
    };
    let qualities = [48_000, 128_000, 320_000].map(|bit_rate| quality(with_bit_rate(bit_rate)));
    assert!(qualities.is_sorted(), "{qualities:?}");
    assert!(qualities[1] > 12.0 && qualities[2] > 20.0, "{qualities:?}");
    let qualities = [0.0, 5.0, 10.0]
        .map(|qscale| quality(CodecConfig { qscale: Some(qscale), ..CodecConfig::default() }));
    assert!(qualities.is_sorted() && qualities[2] > 20.0, "{qualities:?}");
}

#[test]
fn the_last_sample_is_in_the_stream() {
    // A tone that stops without fading.
    for count in [5000, 5119, 5120, 5121, 6000] {
        let samples: Vec<f32> = (0..count).map(|i| (i as f32 * 0.1).sin() * 0.5).collect();
        let config = with_bit_rate(128_000);
        let case = Case { layout: ChannelLayout::MONO, config, ..Case::new(&ENCODER) };
        let found = decode(&case.encode(&samples).unwrap());
        let end = count - 100..count;
        assert!(snr(&samples[end.clone()], &found[end]) > 15.0, "{count}");
    }
}

#[test]
fn clicks_have_no_pre_echo() {
    let case = Case { rate: 44_100, layout: ChannelLayout::MONO, ..Case::new(&ENCODER) };
    // Pre-masking is short: 6 ms and more before a transient there must be almost no noise.
    check_pre_echo(260, |samples| decode(&case.encode(samples).unwrap()));
}

#[test]
fn removes_everything_above_the_cutoff() {
    let samples = white_noise(8, 60_000, 0.3);
    let energy = |options| {
        let case = Case { layout: ChannelLayout::MONO, options, ..Case::new(&ENCODER) };
        high_frequency_energy(&decode(&case.encode(&samples).unwrap()))
    };
    assert!(energy("cutoff=6000") * 20.0 < energy(""));
}

#[test]
fn each_channel_is_in_its_place() {
    let ChannelLayouts::List(layouts) = ENCODER.layouts else { panic!("a list") };
    for &layout in layouts {
        let channels = layout.channels();
        // Different noise in each channel; the low-frequency signal is the same in all.
        let mut noise = Noise::new(4);
        let mut low = vec![0.0f32; channels];
        let samples: Vec<f32> = (0..48_000 * channels)
            .map(|i| {
                let low = &mut low[i % channels];
                *low += 0.01 * (noise.uniform() as f32 - *low);
                2.0 * *low
            })
            .collect();
        let config = with_bit_rate(96_000 * channels as u64);
        let case = Case { layout, config, ..Case::new(&ENCODER) };
        let Some(found) = decode_elsewhere(&case.encode(&samples).unwrap()) else { return };
        for of in 0..channels {
            let likeness = |with: usize| {
                let pairs = samples.chunks(channels).zip(found.chunks(channels));
                pairs.map(|(a, b)| f64::from(a[of] * b[with])).sum::<f64>()
            };
            let others = (0..channels).filter(|&with| with != of).map(likeness);
            let loudest = others.map(f64::abs).fold(0.0, f64::max);
            assert!(likeness(of) > 4.0 * loudest, "{layout}: {of}");
        }
    }
}

#[test]
fn abrupt_starts_and_ends_are_close_to_the_input() {
    for (rate, bit_rate) in [(8_000, 32_000), (16_000, 64_000), (24_000, 64_000), (32_000, 64_000)]
    {
        let config = with_bit_rate(bit_rate);
        let case = Case { rate, layout: ChannelLayout::MONO, config, ..Case::new(&ENCODER) };
        check_tone_bursts(rate, 30.0, 42.0, |samples| decode(&case.encode(samples).unwrap()));
    }
}
