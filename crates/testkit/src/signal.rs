//! Samples to test with. The same calls give the same samples on every run.

use std::f64::consts::TAU;

/// Numbers that look random: xorshift, never 0, the same after each [`Noise::new`] of a seed.
#[derive(Debug, Clone)]
pub struct Noise(u64);

impl Noise {
    /// Another seed gives other noise.
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// From -1 to 1, every value as likely.
    pub fn uniform(&mut self) -> f64 {
        f64::from(self.next_u32() as i32) / f64::from(1u32 << 31)
    }

    /// All 32 bits are random.
    pub fn next_u32(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32
    }
}

/// Interleaved samples from -1 to 1 that behave like music: a few notes with harmonics that swell
/// and fade, a little noise, and channels that are alike but not the same.
pub fn music(samples: usize, channels: usize) -> Vec<f64> {
    let mut noise = Noise::new(1);
    let mut sound = Vec::with_capacity(samples * channels);
    for i in 0..samples {
        let t = i as f64;
        // Four notes, one after the other.
        let note = [220.0, 277.2, 329.6, 440.0][i / 6000 % 4] / 44_100.0;
        let swell = 0.6 + 0.4 * (t * TAU / 30_000.0).sin();
        let tone: f64 = (1..=4).map(|h| (TAU * note * h as f64 * t).sin() / (h * h) as f64).sum();
        for channel in 0..channels {
            let side = (t * 0.031 * (1.0 + channel as f64 / 7.0)).sin() * 0.1;
            sound.push((tone * 0.4 * swell + side + noise.uniform() * 0.004) * 0.9);
        }
    }
    sound
}

/// [`music`] in 16 bits.
pub fn music_i16(samples: usize, channels: usize) -> Vec<i16> {
    music(samples, channels).into_iter().map(|x| (x * 32_767.0) as i16).collect()
}

/// [`music`] in 32 bits, all of which carry sound.
pub fn music_i32(samples: usize, channels: usize) -> Vec<i32> {
    music(samples, channels).into_iter().map(|x| (x * f64::from(i32::MAX)) as i32).collect()
}

/// [`music`] as floats.
pub fn music_f32(samples: usize, channels: usize) -> Vec<f32> {
    music(samples, channels).into_iter().map(|x| x as f32).collect()
}

/// White noise over all of 16 bits.
pub fn noise_i16(samples: usize) -> Vec<i16> {
    let mut noise = Noise::new(2);
    (0..samples).map(|_| (noise.next_u32() >> 16) as i16).collect()
}

/// White noise over all of 32 bits.
pub fn noise_i32(samples: usize) -> Vec<i32> {
    let mut noise = Noise::new(3);
    (0..samples).map(|_| noise.next_u32() as i32).collect()
}

/// Bytes without a period that a sample could have; as floats of any size they are finite.
pub fn noise_bytes(bytes: usize) -> Vec<u8> {
    let mut noise = Noise::new(4);
    // An exponent of all ones would be a NaN, which decoders need not keep.
    (0..bytes).map(|_| (noise.next_u32() >> 24) as u8 & 0x3F).collect()
}
