//! Deterministic test signals.

use std::f64::consts::TAU;

/// Pseudorandom number generator (xorshift), whose state is never 0.
#[derive(Debug, Clone)]
pub struct Noise(u64);

impl Noise {
    /// Creates a generator. Its sequence depends on `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Returns a uniformly distributed number from -1 to 1.
    pub fn uniform(&mut self) -> f64 {
        f64::from(self.next_u32() as i32) / f64::from(1u32 << 31)
    }

    /// Returns 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32
    }
}

/// Returns interleaved music-like samples from -1 to 1: notes with harmonics that fade in and out,
/// a little noise, and correlated but different channels.
pub fn music(samples: usize, channels: usize) -> Vec<f64> {
    let mut noise = Noise::new(1);
    let mut signal = Vec::with_capacity(samples * channels);
    for i in 0..samples {
        let t = i as f64;
        // Four consecutive notes.
        let note = [220.0, 277.2, 329.6, 440.0][i / 6000 % 4] / 44_100.0;
        let swell = 0.6 + 0.4 * (t * TAU / 30_000.0).sin();
        let tone: f64 = (1..=4).map(|h| (TAU * note * h as f64 * t).sin() / (h * h) as f64).sum();
        for channel in 0..channels {
            let side = (t * 0.031 * (1.0 + channel as f64 / 7.0)).sin() * 0.1;
            signal.push((tone * 0.4 * swell + side + noise.uniform() * 0.004) * 0.9);
        }
    }
    signal
}

/// Returns [`music`] as 16-bit samples.
pub fn music_i16(samples: usize, channels: usize) -> Vec<i16> {
    music(samples, channels).into_iter().map(|x| (x * 32_767.0) as i16).collect()
}

/// Returns [`music`] as 32-bit samples, all of whose bits are significant.
pub fn music_i32(samples: usize, channels: usize) -> Vec<i32> {
    music(samples, channels).into_iter().map(|x| (x * f64::from(i32::MAX)) as i32).collect()
}

/// Returns [`music`] as floats.
pub fn music_f32(samples: usize, channels: usize) -> Vec<f32> {
    music(samples, channels).into_iter().map(|x| x as f32).collect()
}

/// Returns white noise over the full 16-bit range.
pub fn noise_i16(samples: usize) -> Vec<i16> {
    let mut noise = Noise::new(2);
    (0..samples).map(|_| (noise.next_u32() >> 16) as i16).collect()
}

/// Returns white noise over the full 32-bit range.
pub fn noise_i32(samples: usize) -> Vec<i32> {
    let mut noise = Noise::new(3);
    (0..samples).map(|_| noise.next_u32() as i32).collect()
}

/// Returns aperiodic bytes, which are finite as floats of any size.
pub fn noise_bytes(bytes: usize) -> Vec<u8> {
    let mut noise = Noise::new(4);
    // An exponent of all ones would be a NaN, which decoders may change.
    (0..bytes).map(|_| (noise.next_u32() >> 24) as u8 & 0x3F).collect()
}
