//! Round trips of arbitrary samples.

mod common;

use common::Case;
use proptest::prelude::*;
use reelwright_core::Element;

/// Generates runs of samples of various loudness and smoothness, so that blocks are not uniform.
fn samples<T: std::fmt::Debug + 'static>(
    fit: impl Fn(i64) -> T + Clone + 'static,
) -> impl Strategy<Value = Vec<T>> {
    let run = (any::<i64>(), 0u32..64, 1usize..400, any::<u64>(), prop::bool::ANY);
    prop::collection::vec(run, 1..12).prop_map(move |runs| {
        let mut all = Vec::new();
        for (start, shift, length, seed, walks) in runs {
            let mut noise = reelwright_testkit::signal::Noise::new(seed);
            let mut value = start;
            for _ in 0..length {
                let step = ((u64::from(noise.next_u32()) << 32) as i64) >> shift;
                value = if walks { value.wrapping_add(step >> 3) } else { step };
                all.push(fit(value));
            }
        }
        all
    })
}

fn options(bits: u32) -> impl Strategy<Value = String> {
    let block = prop_oneof![Just(4096u32), 16u32..700];
    let mode = prop::sample::select(vec!["auto", "indep", "left_side", "right_side", "mid_side"]);
    (0..=12, block, mode, 4..=bits, 1u32..=15, prop::bool::ANY, 0u32..=8).prop_map(
        |(level, block, mode, bits, precision, given, partition)| {
            let precision =
                if given { format!("lpc_coeff_precision={precision}") } else { String::new() };
            format!(
                "compression_level={level} frame_size={block} ch_mode={mode} \
                 bits_per_raw_sample={bits} max_partition_order={partition} {precision}"
            )
        },
    )
}

fn check<T: Element>(mut samples: Vec<T>, channels: usize, options: &str) {
    samples.truncate(samples.len() / channels * channels);
    // Differences need two channels of fewer than 32 bits.
    let two = channels == 2 && !options.contains("bits_per_raw_sample=32");
    let options = if two {
        options.to_owned()
    } else {
        let kept = options.split_whitespace().filter(|option| !option.starts_with("ch_mode="));
        kept.collect::<Vec<_>>().join(" ")
    };
    if !samples.is_empty() {
        Case { channels, ..Case::mono(&samples, &options) }.assert_lossless();
    }
}

proptest! {
    #[test]
    fn any_16_bit_samples_round_trip(
        samples in samples(|x| (x >> 48) as i16),
        channels in 1usize..=8,
        options in options(16),
    ) {
        check(samples, channels, &options);
    }

    #[test]
    fn any_32_bit_samples_round_trip(
        samples in samples(|x| (x >> 32) as i32),
        channels in 1usize..=8,
        options in options(32),
    ) {
        check(samples, channels, &options);
    }
}
