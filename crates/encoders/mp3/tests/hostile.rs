//! Whatever comes in, valid frames come out, as many as there should be.

mod common;

use common::{Case, DELAY, RATES};
use proptest::prelude::*;

fn check(samples: &[f32], rate: u32, channels: usize, options: &str) {
    let stream = Case { rate, channels, options }.encode(samples);
    let count = samples.len() / channels;
    let size = if rate >= 32_000 { 1152 } else { 576 };
    // One frame alone is no stream for many readers.
    assert_eq!(stream.packets.len(), (count + DELAY).div_ceil(size).max(4));
    assert!(stream.decode().iter().all(|x| x.is_finite()));
}

#[test]
fn extremes_fit() {
    let count = 8000;
    let noise: Vec<f32> = {
        let mut noise = reelwright_testkit::signal::Noise::new(1);
        (0..count).map(|_| noise.uniform() as f32).collect()
    };
    let signals: [(&str, Vec<f32>); 9] = [
        ("silence", vec![0.0; count]),
        ("DC", vec![1.0; count]),
        ("square", (0..count).map(|i| if i / 50 % 2 == 0 { 1.0 } else { -1.0 }).collect()),
        ("Nyquist", (0..count).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect()),
        ("noise", noise.clone()),
        ("far too loud", noise.iter().map(|x| x * 1e30).collect()),
        ("far too quiet", noise.iter().map(|x| x * 1e-30).collect()),
        ("not numbers", (0..count).map(|i| [f32::NAN, 0.5, f32::INFINITY][i % 3]).collect()),
        ("a click", (0..count).map(|i| if i == 4000 { 1.0 } else { 0.0 }).collect()),
    ];
    for (name, samples) in &signals {
        for rate in RATES {
            let bit_rates =
                if rate >= 32_000 { [32_000, 128_000, 320_000] } else { [8_000, 64_000, 160_000] };
            for channels in [1, 2] {
                for bit_rate in bit_rates {
                    eprintln!("{name}, {rate} Hz, {channels} channels, {bit_rate} bit/s");
                    check(samples, rate, channels, &format!("bit_rate={bit_rate}"));
                }
                let averages = bit_rates.map(|bit_rate| format!("abr=1 bit_rate={bit_rate}"));
                for options in averages.iter().map(String::as_str).chain(["qscale=0", "qscale=9.9"])
                {
                    eprintln!("{name}, {rate} Hz, {channels} channels, {options}");
                    check(samples, rate, channels, options);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(60)
    })]
    #[test]
    fn anything_gives_valid_frames(
        runs in prop::collection::vec((any::<u64>(), -40i32..8, 1usize..1500, any::<bool>()), 1..10),
        rate in prop::sample::select(RATES.to_vec()),
        channels in 1usize..=2,
        control in 0usize..4,
        step in 0usize..14,
        level in 0i32..=9,
        switches in any::<(bool, bool)>(),
    ) {
        let mut samples = Vec::new();
        for (seed, exponent, length, bits) in runs {
            let mut noise = reelwright_testkit::signal::Noise::new(seed);
            for _ in 0..length * channels {
                samples.push(match bits {
                    // Any float there is, now and then.
                    true if noise.next_u32() < 1 << 27 => f32::from_bits(noise.next_u32()),
                    _ => noise.uniform() as f32 * 2f32.powi(exponent),
                });
            }
        }
        let rates: [u32; 14] = if rate >= 32_000 {
            [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
        } else {
            [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
        };
        let control = match control {
            0 | 1 => format!("bit_rate={}", rates[step] * 1000),
            2 => format!("abr=1 bit_rate={}", rates[step] * 1000),
            _ => format!("qscale={}", step as f32 * 0.7),
        };
        let (reservoir, joint) = switches;
        let options = format!(
            "{control} compression_level={level} reservoir={reservoir} joint_stereo={joint}"
        );
        check(&samples, rate, channels, &options);
    }
}
