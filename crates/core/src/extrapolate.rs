//! Extrapolation of a stream to before its first sample.

/// Coefficients of the prediction.
const ORDER: usize = 32;
/// Fewer samples than this tell too little.
const LEAST: usize = 4 * ORDER;

/// Continues a channel to before its first sample by linear prediction (Burg's method), from what
/// follows: the last of `before` comes right before the first of `samples`. Decoders drop what lossy
/// encoders put there; where it fits, a stream that begins abruptly has no jump, which would take
/// bits and leave noise.
///
/// Silence, and streams of a few samples, are continued by silence.
pub fn extrapolate_backwards(samples: &[f32], before: &mut [f32]) {
    before.fill(0.0);
    if samples.len() < LEAST {
        return;
    }
    let (coefficients, order) = burg(samples);
    // The nearest first.
    let mut known = [0.0; ORDER];
    for (to, from) in known.iter_mut().zip(samples) {
        *to = f64::from(*from);
    }
    for to in before.iter_mut().rev() {
        let pairs = coefficients[..order].iter().zip(&known);
        let next = pairs.map(|(a, x)| a * x).sum::<f64>().clamp(-1.0, 1.0);
        known.rotate_right(1);
        known[0] = next;
        *to = next as f32;
    }
}

/// The coefficients that predict a sample from those after it, and how many there are.
fn burg(samples: &[f32]) -> ([f64; ORDER], usize) {
    // Backwards in time.
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
    fn tones_go_on() {
        let samples: Vec<_> = (0..1024).map(tones).collect();
        let mut before = [9.0; 512];
        extrapolate_backwards(&samples, &mut before);
        for (at, found) in (-512..0).zip(before) {
            assert!((found - tones(at)).abs() < 0.05, "{at}: {found} {}", tones(at));
        }
    }

    #[test]
    fn noise_and_clicks_stay_within_full_scale_and_silence_is_silent() {
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
