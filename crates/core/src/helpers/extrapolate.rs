//! Extrapolation of audio to before its first sample.

/// Order of the linear prediction.
const ORDER: usize = 32;
/// Length of the fade-in, in samples: players that do not support priming play it.
const FADE: usize = 256;
/// A prediction is rejected if it is this many times as rough as the samples.
const ROUGH: f64 = 2.0;
/// Minimum number of samples for a prediction.
const MIN_SAMPLES: usize = 4 * ORDER;

/// Fills `before`, the samples of a channel that precede `samples`, by linear prediction (Burg's
/// method). The priming of lossy encoders, which decoders drop, then continues the stream smoothly:
/// a stream that starts abruptly has no jump, which would cost bits and cause noise. The prediction
/// fades in for players that do not support priming.
///
/// For silence and very short streams, `before` is silence.
pub fn extrapolate_backwards(samples: &[f32], before: &mut [f32]) {
    before.fill(0.0);
    if samples.len() < MIN_SAMPLES {
        return;
    }
    let (coefficients, order) = burg(samples);
    // Nearest sample first.
    let mut known = [0.0; ORDER];
    for (to, from) in known.iter_mut().zip(samples) {
        *to = f64::from(*from);
    }
    let mut predicted = [0.0; FADE];
    for to in &mut predicted {
        let pairs = coefficients[..order].iter().zip(&known);
        *to = pairs.map(|(a, x)| a * x).sum::<f64>().clamp(-1.0, 1.0);
        known.rotate_right(1);
        known[0] = *to;
    }
    // An unsuitable prediction oscillates. The mirror image of the samples is then nearer.
    let real = roughness(samples.iter().take(FADE).map(|x| f64::from(*x)));
    if roughness(predicted.iter().copied()) > ROUGH * real {
        for (to, from) in predicted.iter_mut().zip(samples.iter().skip(1).chain([&0.0])) {
            *to = f64::from(*from);
        }
    }
    for (distance, (to, from)) in before.iter_mut().rev().zip(predicted).enumerate() {
        // From 1 to 0 with a smooth curve.
        let part = 1.0 - distance as f64 / FADE as f64;
        *to = (from * part * part * (3.0 - 2.0 * part)) as f32;
    }
}

/// Returns the energy of the second differences.
fn roughness(samples: impl Iterator<Item = f64>) -> f64 {
    let (mut before, mut sum) = ([0.0; 2], 0.0);
    for (index, sample) in samples.enumerate() {
        if index > 1 {
            let second: f64 = before[0] - 2.0 * before[1] + sample;
            sum += second * second;
        }
        before = [before[1], sample];
    }
    sum
}

/// Returns the coefficients that predict a sample from those after it, and their number.
fn burg(samples: &[f32]) -> ([f64; ORDER], usize) {
    // Reversed in time.
    let mut forward: Vec<f64> = samples.iter().rev().map(|x| f64::from(*x)).collect();
    let mut backward = forward.clone();
    let mut coefficients = [0.0; ORDER];
    for order in 0..ORDER {
        let (mut product, mut energy) = (0.0, 0.0);
        for (f, b) in forward[order + 1..].iter().zip(&backward[order..]) {
            product += f * b;
            energy += f * f + b * b;
        }
        if energy < 1e-12 {
            return (coefficients, order);
        }
        let reflection = 2.0 * product / energy;
        let earlier = coefficients;
        for i in 0..order {
            coefficients[i] = earlier[i] - reflection * earlier[order - 1 - i];
        }
        coefficients[order] = reflection;
        for at in (order + 1..forward.len()).rev() {
            let (f, b) = (forward[at], backward[at - 1]);
            forward[at] = f - reflection * b;
            backward[at] = b - reflection * f;
        }
    }
    (coefficients, ORDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tones(at: i32) -> f32 {
        let at = f64::from(at) / 48_000.0 * std::f64::consts::TAU;
        (0.4 * (440.0 * at).sin() + 0.3 * (1234.0 * at + 1.0).sin()) as f32
    }

    #[test]
    fn continues_and_fades_tones() {
        let samples: Vec<_> = (0..1024).map(tones).collect();
        let mut before = [9.0; 512];
        extrapolate_backwards(&samples, &mut before);
        for (at, found) in (-512..0).zip(before) {
            let part = (1.0 + (at + 1) as f32 / FADE as f32).max(0.0);
            let expected = tones(at) * part * part * (3.0 - 2.0 * part);
            assert!((found - expected).abs() < 0.05, "{at}: {found} {expected}");
        }
    }

    #[test]
    fn noise_and_clicks_stay_within_full_scale_and_silence_stays_silent() {
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let noise: Vec<_> = (0..1024).map(|_| noise()).collect();
        let mut click = vec![0.0; 1024];
        click[700] = 1.0;
        for samples in [&noise[..], &click, &[1.0; 1024], &[0.0; 1024], &[0.5; 3]] {
            let mut before = [9.0; 1024];
            extrapolate_backwards(samples, &mut before);
            assert!(before.iter().all(|x| x.abs() <= 1.0));
            if samples[0] == 0.0 || samples.len() == 3 {
                assert!(before.iter().all(|x| x.abs() < 1e-6));
            }
        }
    }
}
