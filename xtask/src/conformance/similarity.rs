//! Comparison of lossy audio with its input: length, similarity and position.

use std::f64::consts::TAU;

use reelwright::CodecId;
use reelwright_core::Channel;

use super::audio::tones;
use super::case::{Case, Signal};
use super::program::{Problem, Program};
use super::written::Written;

/// Maximum offset in samples at which the position of audio is searched.
const FAR: usize = 3000;
/// Number of samples that are searched.
const SEARCHED: usize = 8192;
/// Minimum power ratio of a channel's own tone to each other tone: 12 dB.
const TONE_MARGIN: f64 = 4.0;
/// Minimum correlation at which the position is known exactly.
const CLEAR: f64 = 0.95;
/// Minimum number of audio frames for a comparison.
const LEAST_FRAMES: usize = 1000;

/// Position of the audio in the output of a decoder.
struct Place {
    /// Number of samples before the first one.
    offset: usize,
    /// Total number of samples.
    length: usize,
    /// Number of decoded samples per encoded sample.
    stride: usize,
}

impl Place {
    fn of(program: Program, case: &Case) -> Self {
        let frames = case.frames();
        let whole = |offset: usize, block: usize| {
            let blocks = (frames + offset).div_ceil(block).max(least_frames(case.codec()));
            (offset, blocks * block)
        };
        let stride = (case.decoded_rate() / case.sample_rate) as usize;
        let stereo = case.channels() == 2;
        let (offset, length) = match case.codec() {
            codec if case.is_mp4() && case.has_delay() => {
                let (delay, block) = match codec {
                    CodecId::Opus => (312, 960),
                    CodecId::Mp3 => (576 + 529, if case.sample_rate < 32_000 { 576 } else { 1152 }),
                    _ => (1024, 1024),
                };
                let length =
                    (frames * stride + delay).div_ceil(block).max(least_frames(codec)) * block;
                match program {
                    // It applies the edit list at the start, but before version 6 not at the end.
                    Program::Ffmpeg if case.seekable || codec == CodecId::Opus => {
                        let blocks = (frames * stride + delay).div_ceil(block);
                        (0, blocks * block - delay)
                    }
                    // It ignores edit lists of fragmented files, even of its own.
                    Program::Ffmpeg => (delay, length),
                    // Symphonia does not support edit lists.
                    _ => (delay, length),
                }
            }
            // ADTS states neither the encoder delay in the first frame nor the end.
            CodecId::Aac => whole(1024, 1024),
            // Without an information frame, the delays of encoder and decoder remain.
            CodecId::Mp3 if !case.seekable => {
                whole(576 + 529, if case.sample_rate < 32_000 { 576 } else { 1152 })
            }
            // Delay of two filter banks.
            CodecId::AdpcmG722 => (22, frames.next_multiple_of(2)),
            // Blocks of 1024 bytes.
            CodecId::AdpcmImaWav => whole(0, if stereo { 1017 } else { 2041 }),
            CodecId::AdpcmMs => whole(0, if stereo { 1012 } else { 2036 }),
            _ => (0, frames * stride),
        };
        Self { offset, length, stride }
    }
}

/// Returns the minimum number of frames, because programs need some to detect the format.
const fn least_frames(codec: CodecId) -> usize {
    match codec {
        CodecId::Aac => 3,
        CodecId::Mp3 => 4,
        _ => 0,
    }
}

/// Compares the interleaved samples of a decoder with the input.
pub(super) fn judge(program: Program, file: &Written, found: &[f32]) -> Vec<Problem> {
    let (case, channels) = (&file.case, file.case.channels());
    let place = Place::of(program, case);
    let frames = found.len() / channels;
    if frames != place.length {
        let found = format!("{frames} samples instead of {}", place.length);
        return vec![Problem::new("length", found)];
    }
    if case.frames() < LEAST_FRAMES {
        return Vec::new();
    }
    let decoded = |channel: usize| -> Vec<f64> {
        found.iter().skip(channel).step_by(channels).map(|x| f64::from(*x)).collect()
    };
    let problem = |channel: usize| match case.signal {
        Signal::Tones => wrong_tone(case, channel, &decoded(channel)),
        Signal::Media | Signal::Sweep => {
            let audio = file.audio.channel(case, channel);
            check_similarity(case, &place, channel, &audio, &decoded(channel))
        }
    };
    (0..channels).find_map(problem).into_iter().collect()
}

/// Returns the minimum correlation of input and output, which depends on the bits per sample.
fn floor(case: &Case) -> f64 {
    let samples = f64::from(case.sample_rate) * case.channels() as f64;
    let bits = case.settings.bit_rate.map(|bit_rate| bit_rate as f64 / samples);
    match (case.codec(), bits) {
        (CodecId::AdpcmG722 | CodecId::AdpcmImaWav | CodecId::AdpcmMs, _) => 0.97,
        (CodecId::Opus, Some(bits)) if bits >= 0.9 => 0.9,
        // Channels of 8 kbit/s are coded parametrically rather than by waveform.
        (CodecId::Opus, Some(bits)) if bits < 0.4 => 0.3,
        // Speech is two samples early, as with libopus, which affects high tones.
        (CodecId::Opus, Some(bits)) if bits < 0.9 => 0.5,
        (_, Some(bits)) if bits < 0.4 => 0.5,
        (_, Some(bits)) if bits < 0.9 => 0.78,
        (_, Some(bits)) if bits < 1.5 => 0.9,
        (_, Some(bits)) if bits < 3.0 => 0.95,
        (_, Some(_)) => 0.98,
        (_, None) => 0.89,
    }
}

/// Returns the normalized correlation of two signals, the second of which is delayed by `lag`
/// samples.
fn correlation(audio: &[f64], decoded: &[f64], stride: usize, lag: isize) -> f64 {
    let (mut product, mut one, mut other) = (0.0, 0.0, 0.0);
    for (index, sample) in audio.iter().enumerate() {
        let at = (index * stride).checked_add_signed(lag);
        let Some(decoded) = at.and_then(|at| decoded.get(at)) else { continue };
        product += sample * decoded;
        one += sample * sample;
        other += decoded * decoded;
    }
    if one == 0.0 || other == 0.0 { 0.0 } else { product / (one * other).sqrt() }
}

/// Checks that a channel is similar to its input and at its position.
fn check_similarity(
    case: &Case,
    place: &Place,
    channel: usize,
    audio: &[f64],
    decoded: &[f64],
) -> Option<Problem> {
    let at = |lag: isize| correlation(audio, decoded, place.stride, place.offset as isize + lag);
    let (similarity, floor) = (at(0), floor(case));
    let is_low = case.layout.index_of(Channel::LowFrequency) == Some(channel);
    // AAC's low-frequency channel has twelve lines, which end at 47 Hz here.
    if is_low && case.codec() == CodecId::Aac && case.sample_rate == 8000 {
        return None;
    }
    if similarity >= floor {
        // Low tones are similar at neighboring positions, and noise may be at any.
        // Opus resamples speech internally, with an offset below one sample of 8 kHz.
        let near = if case.codec() == CodecId::Opus { 7 } else { 1 };
        let is_clear = !is_low && similarity >= CLEAR;
        let shifted = [-near, near].into_iter().find(|lag| is_clear && at(*lag) > similarity)?;
        let found = format!("channel {channel} is more similar at an offset of {shifted} samples");
        return Some(Problem::new("place", found));
    }
    let far = FAR as isize;
    let start = &audio[..audio.len().min(SEARCHED)];
    let at = |lag: isize| correlation(start, decoded, place.stride, place.offset as isize + lag);
    let (lag, best) = (-far..=far)
        .map(|lag| (lag, at(lag)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or_default();
    let found = format!(
        "channel {channel} has a correlation of {similarity:.3} instead of {floor} (best at {lag} samples: \
         {best:.3})"
    );
    Some(Problem::new("content", found))
}

/// Checks that a channel has mostly its own tone.
fn wrong_tone(case: &Case, channel: usize, decoded: &[f64]) -> Option<Problem> {
    let tones = tones(case.layout);
    let loudness = |tone: f64| {
        let step = TAU * tone / f64::from(case.decoded_rate());
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (index, sample) in decoded.iter().enumerate() {
            let phase = step * index as f64;
            sine += sample * phase.sin();
            cosine += sample * phase.cos();
        }
        f64::hypot(sine, cosine)
    };
    let own = loudness(tones[channel]);
    let (other, loudest) = (0..tones.len())
        .filter(|other| *other != channel)
        .map(|other| (other, loudness(tones[other])))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    (own < TONE_MARGIN * loudest).then(|| {
        let found = format!(
            "channel {channel} has {:.1} dB of channel {other}'s tone relative to its own",
            20.0 * (loudest / own).log10()
        );
        Problem::new("channel order", found)
    })
}
