//! What must come out of a lossy codec: as many samples as it promises, alike, and at their place.

use std::f64::consts::TAU;

use reelwright::CodecId;
use reelwright_core::Channel;

use super::case::{Case, Signal};
use super::program::{Problem, Program};
use super::sound::tones;
use super::written::Written;

/// How far from its place sound is looked for, to say where it is.
const FAR: usize = 3000;
/// How much of it.
const SEARCHED: usize = 8192;
/// How much louder a channel's own tone must be than each other's: 12 dB.
const TONE_MARGIN: f64 = 4.0;
/// From which likeness on the place is known to the sample.
const CLEAR: f64 = 0.95;
/// Sound that is shorter says nothing of likeness.
const LEAST_FRAMES: usize = 1000;

/// Where the sound is in what a decoder gives.
struct Place {
    /// Samples before the first one.
    offset: usize,
    /// Samples in all.
    length: usize,
    /// Decoded samples for one that was encoded.
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
                    // It skips what the edit list skips at the start, and before version 6 not at
                    // the end.
                    Program::Ffmpeg if case.seekable || codec == CodecId::Opus => {
                        let blocks = (frames * stride + delay).div_ceil(block);
                        (0, blocks * block - delay)
                    }
                    // Of fragments it skips nothing, of its own neither.
                    Program::Ffmpeg => (delay, length),
                    // Symphonia has no edit lists.
                    _ => (delay, length),
                }
            }
            // ADTS cannot say that the first frame is the encoder's delay, nor where the end is.
            CodecId::Aac => whole(1024, 1024),
            // No information frame: the delays of encoder and decoder are to be heard.
            CodecId::Mp3 if !case.seekable => {
                whole(576 + 529, if case.sample_rate < 32_000 { 576 } else { 1152 })
            }
            // The delay of two filter banks.
            CodecId::AdpcmG722 => (22, frames.next_multiple_of(2)),
            // Blocks of 1024 bytes.
            CodecId::AdpcmImaWav => whole(0, if stereo { 1017 } else { 2041 }),
            CodecId::AdpcmMs => whole(0, if stereo { 1012 } else { 2036 }),
            _ => (0, frames * stride),
        };
        Self { offset, length, stride }
    }
}

/// The fewest frames that an encoder writes: programs that are not told the format need some to find
/// it.
const fn least_frames(codec: CodecId) -> usize {
    match codec {
        CodecId::Aac => 3,
        CodecId::Mp3 => 4,
        _ => 0,
    }
}

/// What is wrong with the interleaved samples that a decoder gave.
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
            let sound = file.sound.channel(case, channel);
            unlike(case, &place, channel, &sound, &decoded(channel))
        }
    };
    (0..channels).find_map(problem).into_iter().collect()
}

/// The least correlation of what went in and what comes out, by the bits that a sample has.
fn floor(case: &Case) -> f64 {
    let samples = f64::from(case.sample_rate) * case.channels() as f64;
    let bits = case.settings.bit_rate.map(|bit_rate| bit_rate as f64 / samples);
    match (case.codec(), bits) {
        (CodecId::AdpcmG722 | CodecId::AdpcmImaWav | CodecId::AdpcmMs, _) => 0.97,
        (CodecId::Opus, Some(bits)) if bits >= 0.9 => 0.9,
        // Channels of 8 kbit/s are coded by their character more than by their waves.
        (CodecId::Opus, Some(bits)) if bits < 0.4 => 0.3,
        // Speech is heard two samples early, as that of libopus' files is: high tones lose by it.
        (CodecId::Opus, Some(bits)) if bits < 0.9 => 0.5,
        (_, Some(bits)) if bits < 0.4 => 0.5,
        (_, Some(bits)) if bits < 0.9 => 0.78,
        (_, Some(bits)) if bits < 1.5 => 0.9,
        (_, Some(bits)) if bits < 3.0 => 0.95,
        (_, Some(_)) => 0.98,
        (_, None) => 0.89,
    }
}

/// The normalised correlation of two signals, the second of which is `lag` samples late.
fn correlation(sound: &[f64], decoded: &[f64], stride: usize, lag: isize) -> f64 {
    let (mut product, mut one, mut other) = (0.0, 0.0, 0.0);
    for (index, sample) in sound.iter().enumerate() {
        let at = (index * stride).checked_add_signed(lag);
        let Some(decoded) = at.and_then(|at| decoded.get(at)) else { continue };
        product += sample * decoded;
        one += sample * sample;
        other += decoded * decoded;
    }
    if one == 0.0 || other == 0.0 { 0.0 } else { product / (one * other).sqrt() }
}

/// Whether a channel is not what went in, or not where it belongs.
fn unlike(
    case: &Case,
    place: &Place,
    channel: usize,
    sound: &[f64],
    decoded: &[f64],
) -> Option<Problem> {
    let at = |lag: isize| correlation(sound, decoded, place.stride, place.offset as isize + lag);
    let (likeness, floor) = (at(0), floor(case));
    let is_low = case.layout.index_of(Channel::LowFrequency) == Some(channel);
    // AAC's channel of low frequencies has twelve lines, which end at 47 Hz here.
    if is_low && case.codec() == CodecId::Aac && case.sample_rate == 8000 {
        return None;
    }
    if likeness >= floor {
        // A low tone is alike anywhere near, and noise may be anywhere.
        // Opus resamples speech inside, by less than a sample of 8 kHz.
        let near = if case.codec() == CodecId::Opus { 7 } else { 1 };
        let is_clear = !is_low && likeness >= CLEAR;
        let shifted = [-near, near].into_iter().find(|lag| is_clear && at(*lag) > likeness)?;
        let found = format!("channel {channel} is more alike {shifted} samples from its place");
        return Some(Problem::new("place", found));
    }
    let far = FAR as isize;
    let start = &sound[..sound.len().min(SEARCHED)];
    let at = |lag: isize| correlation(start, decoded, place.stride, place.offset as isize + lag);
    let (lag, best) = (-far..=far)
        .map(|lag| (lag, at(lag)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or_default();
    let found = format!(
        "channel {channel} is {likeness:.3} alike instead of {floor} (most {lag} samples later: \
         {best:.3})"
    );
    Some(Problem::new("content", found))
}

/// Whether another channel's tone is what a channel has most of.
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
            "channel {channel} has {:.1} dB of channel {other}'s tone beside its own",
            20.0 * (loudest / own).log10()
        );
        Problem::new("channel order", found)
    })
}
