//! The adaptive linear predictor of a channel.

/// Fraction bits of a coefficient.
pub(crate) const SHIFT: u32 = 9;

/// Maximum prediction order of this encoder.
pub(crate) const MAX_ORDER: usize = 8;

/// Prediction coefficients, newest sample first. They adapt after each sample, and a packet begins
/// with the coefficients at the end of the previous packet.
pub(crate) type Coefficients = [i16; MAX_ORDER];

/// Coefficients at the start of a stream.
pub(crate) const INITIAL: Coefficients = {
    let mut coefficients = [0; MAX_ORDER];
    coefficients[0] = (38 << SHIFT >> 4) as i16;
    coefficients[1] = (-29 << SHIFT >> 4) as i16;
    coefficients[2] = (-2 << SHIFT >> 4) as i16;
    coefficients
};

/// Writes the prediction residual of `samples`, which have `bits` bits each. Uses the first `ORDER`
/// coefficients and updates them.
pub(crate) fn residual<const ORDER: usize>(
    samples: &[i32],
    bits: u32,
    coefficients: &mut Coefficients,
    residual: &mut Vec<i32>,
) {
    let wrap = |value: i32| value << (32 - bits) >> (32 - bits);
    residual.clear();
    let warm_up = samples.len().min(ORDER + 1);
    residual.extend(samples.first());
    residual.extend(samples[..warm_up].windows(2).map(|pair| wrap(pair[1].wrapping_sub(pair[0]))));
    let used: &mut [i16; ORDER] = (&mut coefficients[..ORDER]).try_into().expect("ORDER fits");
    for window in samples.windows(ORDER + 2) {
        // All samples are relative to the oldest one.
        let base = window[0];
        let mut past = [0i32; ORDER];
        for (past, sample) in past.iter_mut().zip(window[1..=ORDER].iter().rev()) {
            *past = sample.wrapping_sub(base);
        }
        let sum =
            past.iter().zip(&*used).fold(1i32 << (SHIFT - 1), |sum, (sample, coefficient)| {
                sum.wrapping_add(sample.wrapping_mul(i32::from(*coefficient)))
            });
        let predicted = base.wrapping_add(sum >> SHIFT);
        let error = wrap(window[ORDER + 1].wrapping_sub(predicted));
        residual.push(error);
        adapt(used, &past, error);
    }
}

/// Adapts the coefficients, from the oldest sample's on, until they account for the error.
#[inline(always)]
fn adapt<const ORDER: usize>(coefficients: &mut [i16; ORDER], past: &[i32; ORDER], error: i32) {
    let sign = error.signum();
    let mut left = error;
    for (age, (coefficient, sample)) in (1..).zip(coefficients.iter_mut().zip(past).rev()) {
        if left.signum() != sign || sign == 0 {
            return;
        }
        // The decoder uses the direction from the sample to the base.
        let towards = sample.wrapping_neg().signum();
        *coefficient = coefficient.wrapping_sub((towards * sign) as i16);
        let share = sample.wrapping_neg().wrapping_mul(towards * sign) >> SHIFT;
        left = left.wrapping_sub(share.wrapping_mul(age));
    }
}
