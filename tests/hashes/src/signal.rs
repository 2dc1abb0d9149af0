//! Audio and video made of integers alone, so that every machine makes the same.

/// Samples of each channel at 48 kHz: a second and a bit, which fills no encoder's last block.
pub(crate) const SAMPLES: usize = 50_021;

/// Pseudorandom numbers (xorshift).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> i32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32 as i32
    }
}

/// A triangle wave with a period of 2³² phases, from -2¹⁵ to 2¹⁵.
fn triangle(phase: u32) -> i64 {
    let ramp = i64::from(phase >> 15);
    if ramp < 1 << 16 { ramp - (1 << 15) } else { (1 << 16) + (1 << 15) - ramp }
}

/// Interleaved samples of 24 bits: two voices and noise a channel, a pause, and a loud onset.
fn audio(samples: usize, channels: usize) -> impl Iterator<Item = i32> {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    (0..samples * channels).map(move |i| {
        let (t, channel) = ((i / channels) as u32, (i % channels) as u32);
        let low = triangle(t.wrapping_mul(39_370_534 + 4_000_000 * channel));
        let high = triangle(t.wrapping_mul(178_956_970 + 9_876_543 * channel));
        let level = match t % 30_000 {
            0..12_000 => 90,
            12_000..20_000 => 8,
            20_000..22_000 => 0,
            _ => 170,
        };
        let hiss = i64::from(noise.next() >> 20);
        ((low * 2 + high + hiss) * level / 4) as i32
    })
}

/// The same as floats; every one is exact.
pub(crate) fn f32(samples: usize, channels: usize) -> Vec<f32> {
    audio(samples, channels).map(|x| x as f32 / 8_388_608.0).collect()
}

/// The same in 16 bits.
pub(crate) fn i16(samples: usize, channels: usize) -> Vec<i16> {
    audio(samples, channels).map(|x| (x >> 8) as i16).collect()
}

/// The same in 32 bits.
pub(crate) fn i32(samples: usize, channels: usize) -> Vec<i32> {
    audio(samples, channels).map(|x| x << 8).collect()
}

/// The same in 8 bits without sign.
pub(crate) fn u8(samples: usize, channels: usize) -> Vec<u8> {
    audio(samples, channels).map(|x| ((x >> 16) + 128) as u8).collect()
}

/// Frames of RGB, as (frame, 3, height, width): a gradient that pans with sensor noise, a textured
/// square that moves the other way, and a cut in the middle.
pub(crate) fn rgb(frames: usize, width: usize, height: usize) -> Vec<u8> {
    let mut noise = Noise(0x2545_F491_4F6C_DD1D);
    let mut video = Vec::with_capacity(frames * 3 * width * height);
    for frame in 0..frames {
        let scene = 2 * frame / frames.max(1);
        for channel in 0..3 {
            for y in 0..height {
                for x in 0..width {
                    let ramp = (2 * x + 3 * y + 5 * frame + 50 * channel + 90 * scene) % 200;
                    let (left, top) = ((width + 40 - 3 * frame) % width, 8 + frame);
                    let inside = (left..left + 24).contains(&x) && (top..top + 16).contains(&y);
                    let texture = (((x - left.min(x)) * 7) ^ ((y - top.min(y)) * 13)) % 120;
                    let value = if inside { 100 + texture } else { 20 + ramp };
                    let grain = (noise.next() >> 30) as isize;
                    video.push((value as isize + grain).clamp(0, 255) as u8);
                }
            }
        }
    }
    video
}
