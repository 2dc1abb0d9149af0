//! Round trips of all kinds of streams through third-party decoders.

mod common;

use common::Case;
use reelwright_core::Element;
use reelwright_testkit::signal::{Noise, music_i16, music_i32, noise_i16, noise_i32};

#[test]
fn every_level_is_lossless() {
    let (short, long) = (music_i16(20_001, 2), music_i32(9001, 2));
    for level in 0..=12 {
        let options = format!("compression_level={level}");
        Case::stereo(&short, &options).assert_lossless();
        Case::stereo(&long, &options).assert_lossless();
    }
}

#[test]
fn every_number_of_channels_is_lossless() {
    for channels in 1..=8 {
        let (short, long) = (music_i16(5000, channels), music_i32(5000, channels));
        for options in ["", "compression_level=0", "compression_level=8"] {
            Case { channels, ..Case::mono(&short, options) }.assert_lossless();
            Case { channels, ..Case::mono(&long, options) }.assert_lossless();
        }
        Case { channels, ..Case::mono(&long, "") }.assert_lossless_with_programs();
    }
}

#[test]
fn every_bit_depth_is_lossless() {
    for bits in 4..=32 {
        for (level, channels) in [(0, 1), (2, 2), (5, 2), (8, 2)] {
            let options = format!("bits_per_raw_sample={bits} compression_level={level}");
            let long = [music_i32(5000, channels), noise_i32(5000 * channels)].concat();
            let case = Case { channels, ..Case::mono(&long, &options) };
            case.assert_lossless();
            if bits <= 16 {
                let short = [music_i16(5000, channels), noise_i16(5000 * channels)].concat();
                Case { channels, ..Case::mono(&short, &options) }.assert_lossless();
            }
            if level == 5 {
                case.assert_lossless_with_programs();
            }
        }
    }
}

#[test]
fn every_sample_rate_code_is_lossless() {
    let samples = music_i16(3000, 1);
    let usual = [8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400];
    let others = [1, 999, 11_025, 65_535, 65_536, 192_000, 255_000, 256_000, 384_000, 655_350];
    for rate in usual.into_iter().chain(others) {
        // A rate above 16 bits that is not a multiple of 10 is only in STREAMINFO.
        Case { rate, ..Case::mono(&samples, "") }.assert_lossless();
        Case { rate, ..Case::mono(&samples, "") }.assert_lossless_with_programs();
    }
    // Rates that symphonia does not support.
    for rate in [655_351, 655_360, 705_600, 1_048_575] {
        Case { rate, ..Case::mono(&samples, "") }.assert_lossless_with_programs();
    }
}

#[test]
fn every_block_size_and_length_is_lossless() {
    let (short, long) = (music_i16(65_536, 2), music_i32(65_536, 2));
    for block in [16, 17, 192, 255, 256, 576, 1152, 4096, 4608, 32_768, 65_535] {
        for level in [0, 3, 8] {
            let options = format!("frame_size={block} compression_level={level}");
            for length in [0, 1, 2, 15, 16, 17, block - 1, block, block + 1] {
                if length == 0 {
                    // The stream has no samples to decode. `encode` checks STREAMINFO.
                    Case::stereo::<i16>(&[], &options).encode();
                    continue;
                }
                Case::stereo(&short[..2 * length], &options).assert_lossless();
                Case::mono(&long[..length], &options).assert_lossless();
            }
        }
        let options = format!("frame_size={block}");
        Case::stereo(&short[..2 * block + 2], &options).assert_lossless_with_programs();
    }
}

/// Signals for the limits of the format, in mono, in the high bits of an `i32`.
fn corners() -> Vec<(&'static str, Vec<i32>)> {
    const N: usize = 5000;
    let mut noise = Noise::new(9);
    let mut each = |f: &mut dyn FnMut(usize, &mut Noise) -> i32| -> Vec<i32> {
        (0..N).map(|i| f(i, &mut noise)).collect()
    };
    let extreme = |high: bool| if high { i32::MAX } else { i32::MIN };
    vec![
        ("silence", vec![0; N]),
        ("DC", vec![0x1234_5678; N]),
        ("the lowest value", vec![i32::MIN; N]),
        ("the highest value", vec![i32::MAX; N]),
        ("a square wave", each(&mut |i, _| extreme(i / 50 % 2 == 0))),
        ("alternation", each(&mut |i, _| extreme(i % 2 == 0))),
        ("white noise", each(&mut |_, noise| noise.next_u32() as i32)),
        ("noise of two values", each(&mut |_, noise| extreme(noise.next_u32() % 2 == 0))),
        ("an impulse", each(&mut |i, _| if i == 3000 { i32::MIN } else { 0 })),
        ("the first sample", each(&mut |i, _| if i == 0 { i32::MAX } else { 0 })),
        ("wasted bits", each(&mut |_, noise| ((noise.next_u32() as i32) >> 12) << 16)),
        ("many wasted bits", each(&mut |i, _| if i % 7 == 0 { i32::MIN } else { 0 })),
        ("a ramp", each(&mut |i, _| (i as i32 - 2500) * 800_000)),
        (
            "rare bursts",
            each(&mut |i, noise| noise.next_u32() as i32 >> if i % 997 == 0 { 1 } else { 15 }),
        ),
        // The largest differences that the sums of the fixed predictors support.
        ("28 bits", each(&mut |i, _| [1 << 27, -(1 << 27)][i % 2] + i32::from(i == 9))),
        ("27 bits", each(&mut |i, _| [1 << 26, -(1 << 26)][i % 2] + i32::from(i == 9))),
        ("17 bits", each(&mut |i, _| [1 << 16, -(1 << 16)][i % 2] + i32::from(i == 9))),
        (
            "17 bits at the top",
            each(&mut |i, _| ([1 << 16, -(1 << 16)][i % 2] + i32::from(i == 9)) << 8),
        ),
        (
            "a loud tone",
            each(&mut |i, noise| {
                ((i as f64 * 0.05).sin() * 2.1e9) as i32 + (noise.next_u32() as i32 >> 12)
            }),
        ),
        ("a clipped tone", each(&mut |i, _| ((i as f64 * 0.05).sin() * 9e9) as i32)),
    ]
}

#[test]
fn limits_of_the_format_are_lossless() {
    let all = ["compression_level=0", "compression_level=2", "", "compression_level=8"];
    let more = ["lpc_type=none", "compression_level=11 frame_size=4096", "max_partition_order=0"];
    for (name, long) in corners() {
        eprintln!("{name}");
        let short: Vec<i16> = long.iter().map(|x| (x >> 16) as i16).collect();
        for options in all.into_iter().chain(more) {
            Case::mono(&short, options).assert_lossless();
            Case::mono(&long, options).assert_lossless();
            let deep = format!("bits_per_raw_sample=32 {options}");
            Case::mono(&long, &deep).assert_lossless();
        }
        Case::mono(&long, "bits_per_raw_sample=32").assert_lossless_with_programs();
    }
}

#[test]
fn correlated_channels_are_lossless() {
    fn pairs<T: Copy>(left: &[T], right: impl Fn(T) -> T) -> Vec<T> {
        left.iter().flat_map(|&x| [x, right(x)]).collect()
    }
    fn check<T: Element>(samples: &[T]) {
        for mode in ["auto", "indep", "left_side", "right_side", "mid_side"] {
            for level in [0, 2, 5, 8] {
                for bits in ["", "bits_per_raw_sample=12", "bits_per_raw_sample=16"] {
                    let options = format!("ch_mode={mode} compression_level={level} {bits}");
                    Case::stereo(samples, &options).assert_lossless();
                }
            }
        }
    }
    for (_, long) in corners() {
        let long = &long[..4700];
        let short: Vec<i16> = long.iter().map(|x| (x >> 16) as i16).collect();
        check(&pairs(&short, |x| x));
        check(&pairs(&short, |x| !x));
        check(&pairs(&short, |_| 0));
        check(&pairs(long, |x| !x));
    }
    for bits in [27, 28, 31, 32] {
        for (_, long) in corners() {
            let options = format!("bits_per_raw_sample={bits} compression_level=7");
            Case::stereo(&pairs(&long[..4700], |x| !x), &options).assert_lossless();
        }
    }
}

#[test]
fn every_length_of_frame_numbers_is_lossless() {
    // Lengths of 1, 2 and 3 bytes; 4 would need a million frames.
    let samples = noise_i16(16 * 70_000);
    Case::mono(&samples, "frame_size=16 compression_level=0").assert_lossless();
}
