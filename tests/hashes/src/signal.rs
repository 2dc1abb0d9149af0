//! Audio and video signals that are computed from integers, and so are the same on every machine.

/// Number of audio frames at 48 kHz: more than a second, and not a multiple of any block size.
pub(crate) const SAMPLES: usize = 50_021;

/// Pseudorandom number generator (xorshift).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> i32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32 as i32
    }
}

/// Returns a triangle wave from -2¹⁵ to 2¹⁵ with a period of 2³².
fn triangle(phase: u32) -> i64 {
    let ramp = i64::from(phase >> 15);
    if ramp < 1 << 16 { ramp - (1 << 15) } else { (1 << 16) + (1 << 15) - ramp }
}

/// Returns interleaved 24-bit samples: two voices and noise per channel, a pause, and a loud onset.
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

/// Returns the signal as floats, all of which are exact.
pub(crate) fn f32(samples: usize, channels: usize) -> Vec<f32> {
    audio(samples, channels).map(|x| x as f32 / 8_388_608.0).collect()
}

/// Returns the signal as 16-bit samples.
pub(crate) fn i16(samples: usize, channels: usize) -> Vec<i16> {
    audio(samples, channels).map(|x| (x >> 8) as i16).collect()
}

/// Returns the signal as 32-bit samples.
pub(crate) fn i32(samples: usize, channels: usize) -> Vec<i32> {
    audio(samples, channels).map(|x| x << 8).collect()
}

/// Returns the signal as unsigned 8-bit samples.
pub(crate) fn u8(samples: usize, channels: usize) -> Vec<u8> {
    audio(samples, channels).map(|x| ((x >> 16) + 128) as u8).collect()
}

/// Returns RGB frames as (frame, 3, height, width): a panning gradient with sensor noise, a
/// textured square that moves in the other direction, and a scene cut in the middle.
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
