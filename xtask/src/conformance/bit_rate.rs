//! Tested bit rates and their tolerances.

use reelwright::{AudioEncoderInfo, ChannelLayout, CodecId};

use super::case::Case;
use super::program::Problem;

/// Returns the lowest, a common and the highest useful bit rate. `None` for a fixed bit rate.
pub(super) fn three(
    encoder: &AudioEncoderInfo,
    sample_rate: u32,
    layout: ChannelLayout,
) -> Option<[u64; 3]> {
    let (rate, channels) = (u64::from(sample_rate), layout.channels() as u64);
    match encoder.encoder.codec {
        // The ends of the tables, and a middle value.
        CodecId::Mp3 if sample_rate < 32_000 => Some([8_000, 64_000, 160_000]),
        CodecId::Mp3 => Some([32_000, 128_000, 320_000]),
        CodecId::Aac => {
            let each = [rate.clamp(8_000, 32_000), (2 * rate).min(64_000), (4 * rate).min(128_000)];
            Some(each.map(|each| each * channels))
        }
        CodecId::Opus => {
            let each = [8_000, (2 * rate).min(64_000), (4 * rate).min(160_000)];
            Some(each.map(|each| each * channels))
        }
        _ => None,
    }
}

/// Returns the relative tolerance of a file's bit rate.
fn tolerance(case: &Case) -> f64 {
    // Average bit rates need more than a few seconds. Tests of the encoders check them.
    match case.codec() {
        CodecId::Aac => 0.1,
        CodecId::Mp3 if !case.settings.options.is_empty() => 0.1,
        CodecId::Mp3 => 0.03,
        // The target is for a mix of signals. Speech needs more than the average.
        _ => 0.3,
    }
}

/// Checks the bit rate of a file with `bytes` bytes in `samples` samples.
pub(super) fn judge(case: &Case, bytes: u64, samples: u64) -> Option<Problem> {
    let requested = case.settings.bit_rate?;
    // A low-frequency channel needs fewer bits, and the target is an average over time.
    let is_short = case.frames() < 2 * case.sample_rate as usize;
    if case.codec() == CodecId::Opus && (case.channels() > 2 || is_short) {
        return None;
    }
    // Speech without its coding tools exceeds the target, with libopus even more.
    if case.settings.options.iter().any(|option| option == &("application", "lowdelay")) {
        return None;
    }
    let of = |bytes: f64| bytes * 8.0 * f64::from(case.decoded_rate()) / samples as f64;
    let found = of(bytes as f64);
    let is_constant = case.codec() == CodecId::Mp3 && case.settings.options.is_empty();
    // Frames are whole bytes.
    let tolerance = if is_constant { of(1.0) } else { tolerance(case) * requested as f64 };
    // AAC starts with a full bit reservoir: 6144 bits per channel (ISO/IEC 14496-3 §4.5.3.2).
    let reservoir = match case.codec() {
        CodecId::Aac => of(6144.0 / 8.0 * case.channels() as f64),
        _ => 0.0,
    };
    let is_far = (found - requested as f64).abs() > tolerance + reservoir;
    is_far.then(|| Problem::new("bit rate", format!("{found:.0} bit/s instead of {requested}")))
}
