//! Generated test patterns and tones: `testsrc=size=640x360:rate=30:duration=5` and
//! `sine=frequency=440:sample_rate=48000:duration=5`.

use std::f64::consts::TAU;

use anyhow::{Context, bail};
use reelwright_core::{ColorInfo, PixelFormat, Rational};

use crate::frame::Frame;

/// Colors of the bars (red, green, blue), from left to right.
const BARS: [[u8; 3]; 8] = [
    [255, 255, 255],
    [255, 255, 0],
    [0, 255, 255],
    [0, 255, 0],
    [255, 0, 255],
    [255, 0, 0],
    [0, 0, 255],
    [0, 0, 0],
];
/// Amplitude of FFmpeg's sine.
const AMPLITUDE: f64 = 0.125;

/// Color bars over a gray ramp, and a white square that moves to the right and restarts every two
/// seconds.
pub struct TestSource {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) frame_rate: Rational,
    /// Number of frames. `None` means endless.
    pub(crate) frames: Option<u64>,
    next: u64,
}

// Allowed option values, for error messages.
const SIZE: &str = "WIDTHxHEIGHT, each from 1 to 65536";
const RATE: &str = "a positive number or fraction of frames per second, such as 30000/1001";
const HZ: &str = "a frequency of at least 0 Hz";
const SECONDS: &str = "a duration of at least 0 seconds";

/// A sine tone.
pub struct Sine {
    pub(crate) sample_rate: u32,
    /// Number of samples. `None` means endless.
    pub(crate) samples: Option<u64>,
    frequency: f64,
    next: u64,
}

/// Parses the options of source `name`: `name`, or `name=key=value:key=value`. Returns `None` if
/// `text` is not that source.
fn options<'a>(text: &'a str, name: &str) -> Option<Vec<(&'a str, &'a str)>> {
    let rest = text.strip_prefix(name)?;
    if rest.is_empty() {
        return Some(Vec::new());
    }
    let options = rest.strip_prefix('=')?.split(':');
    options.map(|option| option.split_once('=')).collect()
}

/// Parses a size such as `640x360`.
pub fn size(text: &str) -> Option<(usize, usize)> {
    let (width, height) = text.split_once('x')?;
    let sizes = (width.parse().ok()?, height.parse().ok()?);
    (sizes.0 > 0 && sizes.1 > 0 && sizes.0 <= 1 << 16 && sizes.1 <= 1 << 16).then_some(sizes)
}

/// Parses a frame rate such as `30`, `29.97` or `30000/1001`.
pub fn frame_rate(text: &str) -> Option<Rational> {
    match text.split_once('/') {
        Some((num, den)) => Rational::new(num.parse().ok()?, den.parse().ok()?).ok(),
        None => Rational::from_f64(text.parse().ok()?).ok(),
    }
}

fn seconds(text: &str) -> Option<f64> {
    text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)
}

impl TestSource {
    /// Parses a description of this source. Returns `None` if `text` is not one.
    ///
    /// # Errors
    /// An option is unknown, or its value is not valid.
    pub fn parse(text: &str) -> anyhow::Result<Option<Self>> {
        let Some(options) = options(text, "testsrc") else { return Ok(None) };
        let (mut dimensions, mut rate, mut duration) = ((320, 240), Rational::new(25, 1)?, None);
        for (key, value) in options {
            let invalid = |must: &str| format!("{key} of testsrc must be {must}. Found: {value}");
            match key {
                "size" | "s" => {
                    dimensions = size(value).with_context(|| invalid(SIZE))?;
                }
                "rate" | "r" => rate = frame_rate(value).with_context(|| invalid(RATE))?,
                "duration" | "d" => {
                    duration = Some(seconds(value).with_context(|| invalid(SECONDS))?);
                }
                _ => bail!(
                    "Unexpected option of testsrc: {key}. Available options are size, rate, duration."
                ),
            }
        }
        let (width, height) = dimensions;
        Ok(Some(Self {
            width,
            height,
            frame_rate: rate,
            frames: duration.map(|duration| (duration * rate.to_f64()).round() as u64),
            next: 0,
        }))
    }

    /// Returns the next frame and its number, or `None` at the end.
    pub(crate) fn next(&mut self) -> Option<(Frame, i64)> {
        if self.frames.is_some_and(|frames| self.next >= frames) {
            return None;
        }
        let (width, height) = (self.width, self.height);
        let mut pixels = vec![0; 3 * width * height];
        let bars = height - height / 4;
        for (y, row) in pixels.chunks_exact_mut(3 * width).enumerate() {
            for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                *pixel = if y < bars {
                    BARS[8 * x / width]
                } else {
                    [(255 * x / (width - 1).max(1)) as u8; 3]
                };
            }
        }
        let side = (height / 8).max(1);
        let at = self.next as f64 / (2.0 * self.frame_rate.to_f64());
        let left = (at.fract() * width as f64) as usize;
        for row in pixels.chunks_exact_mut(3 * width).skip(height / 3).take(side) {
            row[3 * left..3 * (left + side).min(width)].fill(255);
        }
        let number = i64::try_from(self.next).ok()?;
        self.next += 1;
        let frame = Frame::packed(PixelFormat::Rgb24, (width, height), ColorInfo::SRGB, pixels);
        Some((frame, number))
    }
}

impl Sine {
    /// Parses a description of this source. Returns `None` if `text` is not one.
    ///
    /// # Errors
    /// An option is unknown, or its value is not valid.
    pub fn parse(text: &str) -> anyhow::Result<Option<Self>> {
        let Some(options) = options(text, "sine") else { return Ok(None) };
        let (mut frequency, mut sample_rate, mut duration) = (440.0, 48_000, None);
        for (key, value) in options {
            let invalid = |must: &str| format!("{key} of sine must be {must}. Found: {value}");
            match key {
                "frequency" | "f" => frequency = seconds(value).with_context(|| invalid(HZ))?,
                "sample_rate" | "r" => {
                    let rate = value.parse().ok().filter(|rate: &u32| (1..=768_000).contains(rate));
                    sample_rate = rate.with_context(|| invalid("from 1 to 768000"))?;
                }
                "duration" | "d" => {
                    duration = Some(seconds(value).with_context(|| invalid(SECONDS))?);
                }
                _ => bail!(
                    "Unexpected option of sine: {key}. Available options are frequency, \
                     sample_rate, duration."
                ),
            }
        }
        let samples =
            duration.map(|duration: f64| (duration * f64::from(sample_rate)).round() as u64);
        Ok(Some(Self { sample_rate, samples, frequency, next: 0 }))
    }

    /// Returns the position of the next sample.
    pub(crate) const fn position(&self) -> i64 {
        self.next as i64
    }

    /// Appends `count` samples, or fewer at the end.
    pub(crate) fn append(&mut self, count: usize, to: &mut Vec<f32>) {
        let left = self.samples.map_or(u64::MAX, |samples| samples - self.next);
        let count = left.min(count as u64);
        let step = self.frequency / f64::from(self.sample_rate);
        // Only the fraction of the phase is used, which keeps precision.
        to.extend((self.next..self.next + count).map(|sample| {
            let turns = step * sample as f64;
            (AMPLITUDE * (TAU * turns.fract()).sin()) as f32
        }));
        self.next += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinguishes_sources_from_files() {
        let source = TestSource::parse("testsrc=size=64x32:rate=30000/1001:duration=2").unwrap();
        let source = source.unwrap();
        assert_eq!((source.width, source.height, source.frames), (64, 32, Some(60)));
        assert!(TestSource::parse("testsrc.mp4").unwrap().is_none());
        assert!(TestSource::parse("testsrc").unwrap().is_some());
        assert!(TestSource::parse("testsrc=size=0x1").is_err());
        let message = TestSource::parse("testsrc=color=1").err().unwrap().to_string();
        assert!(message.contains("color") && message.contains("duration"), "{message}");
        let sine = Sine::parse("sine=frequency=1000:duration=0.5").unwrap().unwrap();
        assert_eq!((sine.sample_rate, sine.samples), (48_000, Some(24_000)));
        // The product of 2.01 and 48,000 is below 96,480 in f64.
        assert_eq!(Sine::parse("sine=duration=2.01").unwrap().unwrap().samples, Some(96_480));
        assert!(Sine::parse("sinew.wav").unwrap().is_none());
    }

    #[test]
    fn square_moves() {
        let mut source = TestSource::parse("testsrc=size=64x32:duration=1").unwrap().unwrap();
        let (first, _) = source.next().unwrap();
        let mut last = None;
        while let Some(frame) = source.next() {
            last = Some(frame);
        }
        let (last, number) = last.unwrap();
        assert_eq!(number, 24);
        assert!(last != first);
    }
}
