//! Input audio.

use std::f64::consts::TAU;

use reelwright::{ChannelLayout, DataType, TypedBuffer};
use reelwright_core::Channel;
use reelwright_testkit::signal::Noise;

use super::case::{Case, Signal};
use super::media::Media;

/// Frequency in Hz that every low-frequency channel keeps.
const LOW_TONE: f64 = 60.0;

/// Returns the frequency of each channel in [`Signal::Tones`], in Hz.
pub(super) fn tones(layout: ChannelLayout) -> Vec<f64> {
    let low = layout.index_of(Channel::LowFrequency);
    let tone = |channel| 310.0 + 230.0 * channel as f64;
    (0..layout.channels()).map(|c| if low == Some(c) { LOW_TONE } else { tone(c) }).collect()
}

/// Returns [`Signal::Sweep`] at a time in seconds.
fn sweep(time: f64) -> f64 {
    // It rises to 3000 Hz and falls again, each in a second, with continuous phase.
    let (turns, within) = ((time / 2.0).floor(), time % 2.0);
    let rising = within.min(1.0);
    let falling = (within - 1.0).max(0.0);
    let phase = 200.0 * within + 1400.0 * rising * rising + 2800.0 * falling
        - 1400.0 * falling * falling
        + turns * 3200.0;
    0.5 * (TAU * phase).sin()
}

/// Interleaved input samples.
pub(super) struct InputAudio {
    pub(super) samples: TypedBuffer,
}

impl InputAudio {
    pub(super) fn new(media: &Media, case: &Case, data_type: DataType) -> Self {
        let channels = case.channels();
        let places =
            || (0..case.input_frames).flat_map(|frame| (0..channels).map(move |c| (frame, c)));
        let sixteen = || places().map(|(frame, c)| media.sample(frame, c, channels));
        let time = |frame: usize| frame as f64 / f64::from(case.input_rate);
        // Random bits below the 16 bits of the media.
        let mut noise = Noise::new(1);
        let mut noise = |bits: u32| i64::from(noise.next_u32()) & ((1 << bits) - 1);
        let samples = match (case.signal, data_type) {
            (Signal::Media, DataType::U8) => {
                TypedBuffer::U8(sixteen().map(|x| ((x >> 8) + 128) as u8).collect())
            }
            (Signal::Media, DataType::U16) => unreachable!("audio has no samples of this type"),
            (Signal::Media, DataType::I16) => TypedBuffer::I16(sixteen().collect()),
            (Signal::Media, DataType::I32) => {
                TypedBuffer::I32(sixteen().map(|x| i32::from(x) << 16 | noise(16) as i32).collect())
            }
            (Signal::Media, DataType::I64) => TypedBuffer::I64(
                sixteen().map(|x| i64::from(x) << 48 | noise(24) << 24 | noise(24)).collect(),
            ),
            (Signal::Media, DataType::F64) => {
                TypedBuffer::F64(sixteen().map(|x| f64::from(x) / 36_000.0).collect())
            }
            (Signal::Media, DataType::F32) => {
                let low = case.layout.index_of(Channel::LowFrequency);
                let low = low.filter(|_| !case.is_lossless());
                let swell = |t: f64| (TAU * 1.3 * t).sin() * (TAU * LOW_TONE * t).sin() * 0.6;
                let sample = |(frame, c)| match low {
                    Some(low) if low == c => swell(time(frame)) as f32,
                    _ => f32::from(media.sample(frame, c, channels)) / 36_000.0,
                };
                TypedBuffer::F32(places().map(sample).collect())
            }
            (Signal::Tones, _) => {
                let tones = tones(case.layout);
                let sample =
                    |(frame, c): (usize, usize)| 0.3 * (TAU * tones[c] * time(frame)).sin() as f32;
                TypedBuffer::F32(places().map(sample).collect())
            }
            (Signal::Sweep, _) => {
                TypedBuffer::F32(places().map(|(frame, _)| sweep(time(frame)) as f32).collect())
            }
        };
        Self { samples }
    }

    /// Returns the expected samples of a channel at the encoded rate.
    pub(super) fn channel(&self, case: &Case, channel: usize) -> Vec<f64> {
        if case.is_resampled() {
            let rate = f64::from(case.sample_rate);
            return (0..case.frames()).map(|frame| sweep(frame as f64 / rate)).collect();
        }
        let (first, step) = (channel, case.channels());
        match &self.samples {
            TypedBuffer::F32(x) => {
                x.iter().skip(first).step_by(step).map(|x| f64::from(*x)).collect()
            }
            _ => Vec::new(),
        }
    }
}
