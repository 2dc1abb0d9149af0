//! What decoders that nobody here wrote make of the access units.

mod common;

use common::{decode, decode_elsewhere, snr};
use reelwright_core::{ChannelLayout, CodecConfig, Layouts, SampleRates};
use reelwright_enc_aac::ENCODER;
use reelwright_testkit::encoding::Case;
use reelwright_testkit::signal::{Noise, music_f32};

fn with_bit_rate(bit_rate: u64) -> CodecConfig {
    CodecConfig { bit_rate: Some(bit_rate), ..CodecConfig::default() }
}

#[test]
fn every_rate_and_layout_decodes_to_what_went_in() {
    let (SampleRates::List(rates), Layouts::List(layouts)) =
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
                // What is in a channel of low frequencies is lost but for its lowest.
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
    // A tone that ends as loud as it was.
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
fn clicks_have_no_echo_before_them() {
    // Bursts of noise, with silence in between.
    let mut noise = Noise::new(9);
    let samples: Vec<f32> = (0..88_200)
        .map(|i| {
            let decay = (-((i % 11_025) as f32) / 300.0).exp();
            if i >= 11_025 { noise.uniform() as f32 * 0.8 * decay } else { 0.0 }
        })
        .collect();
    let case = Case { rate: 44_100, layout: ChannelLayout::MONO, ..Case::new(&ENCODER) };
    let found = decode(&case.encode(&samples).unwrap());
    for start in (11_025..88_200).step_by(11_025) {
        let energy = |range: std::ops::Range<usize>| {
            let count = range.len() as f32;
            found[range].iter().map(|x| x * x).sum::<f32>() / count
        };
        // Masking before a sound is short: 6 ms and more ahead there is nearly nothing.
        let (before, burst) = (energy(start - 1000..start - 260), energy(start..start + 200));
        assert!(before < burst * 1e-4, "at {start}: {before} before {burst}");
    }
}

#[test]
fn nothing_is_left_above_the_cutoff() {
    let mut noise = Noise::new(8);
    let samples: Vec<f32> = (0..60_000).map(|_| noise.uniform() as f32 * 0.3).collect();
    let loudness = |options| {
        let case = Case { layout: ChannelLayout::MONO, options, ..Case::new(&ENCODER) };
        let found = decode(&case.encode(&samples).unwrap());
        // The second difference is mostly what is high.
        found.windows(3).map(|x| (x[0] - 2.0 * x[1] + x[2]).powi(2)).sum::<f32>()
    };
    assert!(loudness("cutoff=6000") * 20.0 < loudness(""));
}

#[test]
fn each_channel_is_in_its_place() {
    let Layouts::List(layouts) = ENCODER.layouts else { panic!("a list") };
    for &layout in layouts {
        let channels = layout.channels();
        // Noise of its own in each; what is low is everywhere the same.
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

/// Tones that begin and end abruptly, in silence. Returns the SNR around each beginning and each
/// end, from the lowest.
fn burst_quality(rate: u32, decode: impl Fn(&[f32]) -> Vec<f32>) -> [Vec<f64>; 2] {
    let mut found = [Vec::new(), Vec::new()];
    for (position, frequency) in (0..8).flat_map(|p| [(p, 440.0), (p, 1000.0)]) {
        let third = rate as usize / 3;
        let burst = third + position * 113..2 * third + position * 131;
        let samples: Vec<f32> = (0..rate as usize)
            .map(|i| {
                let phase = std::f64::consts::TAU * frequency * i as f64 / f64::from(rate) + 1.0;
                if burst.contains(&i) { (0.5 * phase.sin()) as f32 } else { 0.0 }
            })
            .collect();
        let decoded = decode(&samples);
        let spans = [burst.start - 512..burst.start + 1024, burst.end - 1024..burst.end + 512];
        for (span, found) in spans.into_iter().zip(&mut found) {
            found.push(snr(&samples[span.clone()], &decoded[span]));
        }
    }
    found.map(|mut found| {
        found.sort_by(f64::total_cmp);
        found
    })
}

#[test]
fn abrupt_beginnings_and_ends_are_close_to_the_input() {
    for (rate, bit_rate) in [(8_000, 32_000), (16_000, 64_000), (24_000, 64_000), (32_000, 64_000)]
    {
        let found = burst_quality(rate, |samples| {
            let config = with_bit_rate(bit_rate);
            let layout = ChannelLayout::MONO;
            let case = Case { rate, layout, config, ..Case::new(&ENCODER) };
            decode(&case.encode(samples).unwrap())
        });
        for (found, what) in found.iter().zip(["beginnings", "ends"]) {
            let (worst, median) = (found[0], found[found.len() / 2]);
            assert!(worst > 30.0 && median > 42.0, "{what} at {rate} Hz: {found:.1?}");
        }
    }
}
