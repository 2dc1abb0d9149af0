//! Lowpass of a spectrum.

/// Returns the gain of each line of a spectrum of `lines` lines at the sample rate `hz`: 1 below
/// the cutoff, 0 above it, and a short transition. `line_of` maps an index in the returned array to
/// its line, as short blocks interleave or repeat the lines.
pub fn lowpass_gains<const N: usize>(
    cutoff: u32,
    hz: u32,
    lines: usize,
    line_of: impl Fn(usize) -> usize,
) -> Box<[f32; N]> {
    let mut gains = Box::new([1.0; N]);
    let edge = f64::from(cutoff);
    if 2 * cutoff < hz {
        for (index, gain) in gains.iter_mut().enumerate() {
            let at = (line_of(index) as f64 + 0.5) / lines as f64 * f64::from(hz) / 2.0;
            // The transition is a thirtieth of the band.
            let beyond = ((at - edge) / (edge / 30.0) + 0.5).clamp(0.0, 1.0);
            *gain = libm::cos(beyond * std::f64::consts::FRAC_PI_2) as f32;
        }
    }
    gains
}

#[cfg(test)]
mod tests {
    use super::lowpass_gains;

    #[test]
    fn lines_above_the_cutoff_are_removed() {
        let gains = lowpass_gains::<576>(10_000, 48_000, 576, |line| line);
        let line = |hz: usize| hz * 576 / 24_000;
        assert_eq!(gains[..line(9_800)], [1.0; 235]);
        assert!(gains[line(10_200)..].iter().all(|gain| gain.abs() < 1e-15));
        assert!(gains.is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn a_cutoff_of_half_the_sample_rate_changes_nothing() {
        assert_eq!(*lowpass_gains::<16>(24_000, 48_000, 16, |line| line), [1.0; 16]);
    }
}
