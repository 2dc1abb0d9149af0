//! The psychoacoustic model: how much noise each scalefactor band can have beside what is heard
//! there (in the manner of ISO/IEC 11172-3 annex D, psychoacoustic model 2).
//!
//! Energies of a short-time spectrum are gathered in partitions of a third of a Bark. Each masks
//! its neighbourhood by Schroeder's spreading function, tones less than noise; how tonal a
//! neighbourhood is, is told by its spectral flatness. No threshold rises fast, since a transform
//! spreads noise to before the sound that would mask it.

use fearless_simd::{Level, dispatch};

use crate::fft::Fft;
use crate::tables::{LONG_BANDS, Rate, SHORT_BANDS};

/// Width of a partition in Bark, where the spectrum is fine enough.
const PARTITION_BARK: f64 = 1.0 / 3.0;
/// As many partitions as there can be.
const MAX_PARTITIONS: usize = 80;
/// How far below a noise, and below a tone, the noise that it masks must stay, in dB.
const NOISE_MASKS_TONE: f64 = 6.0;
const TONE_MASKS_NOISE: f64 = 22.0;
/// How much further below a sound noise must stay at 0 Bark, in dB, and the Bark where it need not
/// any more. Low tones beat with noise that the spreading alone would hide.
const LOW_TILT: f64 = 24.0;
const LOW_TILT_END: f64 = 20.0;
/// Flatness, as log2 of the arithmetic over the geometric mean, of noise and of a tone. That of
/// white noise is 0.83 on average.
const FLATNESS_OF_NOISE: f32 = 1.1;
const FLATNESS_OF_TONE: f32 = 5.0;
/// How much a threshold may rise from one granule to the next.
const RISE: f32 = 3.0;
/// Steps in which tonality is told.
const TONALITIES: usize = 64;

/// The channels the model looks at: left, right, and their sum and difference.
pub(crate) const VIEWS: usize = 4;

/// Masking thresholds over energies, by band, in one channel's granule: how far the noise must
/// stay below the sound.
#[derive(Clone, Copy)]
pub(crate) struct Masking {
    pub(crate) long: [f32; LONG_BANDS],
    /// By band and window.
    pub(crate) short: [[f32; 3]; SHORT_BANDS],
}

impl Default for Masking {
    fn default() -> Self {
        Self { long: [0.0; LONG_BANDS], short: [[0.0; 3]; SHORT_BANDS] }
    }
}

/// The model at work on one stream.
pub(crate) struct Psychoacoustics {
    level: Level,
    long: Analysis<LONG_BANDS>,
    short: Analysis<SHORT_BANDS>,
    /// Thresholds of the granule before, before they were held down, by view.
    before: [[f32; MAX_PARTITIONS]; VIEWS],
}

impl Psychoacoustics {
    pub(crate) fn new(rate: &Rate, level: Level) -> Self {
        Self {
            level,
            long: Analysis::new(rate.hz, 1024, rate.long, 576.0),
            short: Analysis::new(rate.hz, 256, rate.short, 192.0),
            before: [[f32::INFINITY; MAX_PARTITIONS]; VIEWS],
        }
    }

    /// Looks at a granule: `left` and `right` are 1024 samples with it in the middle. `short` is
    /// whether its windows are short ones, `views` how many channels are wanted.
    pub(crate) fn look(
        &mut self,
        left: &[f32],
        right: &[f32],
        short: bool,
        views: usize,
        masking: &mut [Masking; VIEWS],
    ) {
        dispatch!(self.level, _simd => self.look_body(left, right, short, views, masking));
    }

    #[inline(always)]
    fn look_body(
        &mut self,
        left: &[f32],
        right: &[f32],
        short: bool,
        views: usize,
        masking: &mut [Masking; VIEWS],
    ) {
        self.long.spectra(left, right, views);
        for (view, masking) in masking.iter_mut().enumerate().take(views) {
            self.long.thresholds(view, true);
            let before = &mut self.before[view];
            for (threshold, before) in self.long.threshold.iter_mut().zip(before) {
                let raw = *threshold;
                if !short {
                    *threshold = raw.min(RISE * *before);
                }
                *before = raw;
            }
            self.long.ratios(&mut masking.long);
        }
        if short {
            for window in 0..3 {
                // The windows' middles are a sixth of a granule from its begin and end.
                let start = 512 - 192 + 192 * window - 128;
                self.short.spectra(&left[start..], &right[start..], views);
                for (view, masking) in masking.iter_mut().enumerate().take(views) {
                    self.short.thresholds(view, false);
                    let mut ratios = [0.0; SHORT_BANDS];
                    self.short.ratios(&mut ratios);
                    for (out, ratio) in masking.short.iter_mut().zip(ratios) {
                        out[window] = ratio;
                    }
                }
            }
        }
    }
}

/// The model with a transform of one size, and as many scalefactor bands.
struct Analysis<const BANDS: usize> {
    fft: Fft,
    /// First lines of the partitions, and the end.
    starts: Vec<u16>,
    /// The partitions around each one that tell how tonal it is: first and end.
    around: Vec<(u8, u8)>,
    /// How much of a partition's threshold is felt in each: `[from][to]`.
    spread: Vec<[f32; MAX_PARTITIONS]>,
    /// Which part of a partition is in each scalefactor band: `[partition][band]`.
    shares: Vec<[f32; BANDS]>,
    /// Energies of the lines, by view.
    lines: [Vec<f32>; VIEWS],
    logs: Vec<f32>,
    /// Of the view last looked at.
    energy: [f32; MAX_PARTITIONS],
    threshold: [f32; MAX_PARTITIONS],
    /// By tonality, how far masked noise is below what masks it.
    masks: [f32; TONALITIES + 1],
    /// By partition, how much less is masked at low frequencies.
    tilt: [f32; MAX_PARTITIONS],
}

fn bark(hz: f64) -> f64 {
    13.0 * libm::atan(0.000_76 * hz) + 3.5 * libm::atan((hz / 7500.0) * (hz / 7500.0))
}

/// Schroeder's spreading function, in dB, at a distance in Bark from what masks.
fn spreading_db(distance: f64) -> f64 {
    let x = distance + 0.474;
    15.81 + 7.5 * x - 17.5 * (1.0 + x * x).sqrt()
}

impl<const BANDS: usize> Analysis<BANDS> {
    /// With a transform of `size` samples; `bands` are in lines of an MDCT of `lines` lines.
    fn new(hz: u32, size: usize, bands: &[u16], lines: f64) -> Self {
        let half = size / 2;
        let bark_of = |line: f64| bark(line * f64::from(hz) / size as f64);
        let mut starts = vec![0u16];
        let mut begin = 0;
        for line in 1..half {
            let width = bark_of(line as f64 + 0.5) - bark_of(begin as f64 - 0.5);
            if width > PARTITION_BARK && starts.len() < MAX_PARTITIONS {
                starts.push(line as u16);
                begin = line;
            }
        }
        starts.push(half as u16);
        let count = starts.len() - 1;
        let middle: Vec<f64> = starts
            .windows(2)
            .map(|edges| bark_of(f64::from(edges[0] + edges[1] - 1) / 2.0))
            .collect();
        let around = (0..count)
            .map(|p| {
                let (mut from, mut to) = (p.saturating_sub(1), (p + 2).min(count));
                while starts[to] - starts[from] < 7 {
                    from = from.saturating_sub(1);
                    to = (to + 1).min(count);
                }
                (from as u8, to as u8)
            })
            .collect();
        let mut spread = vec![[0.0; MAX_PARTITIONS]; count];
        for to in 0..count {
            let weights: Vec<f64> = (0..count)
                .map(|from| {
                    let db = spreading_db(middle[to] - middle[from]);
                    if db < -60.0 { 0.0 } else { libm::exp10(db / 10.0) }
                })
                .collect();
            // A flat spectrum shall stay as it is.
            let sum: f64 = weights
                .iter()
                .enumerate()
                .map(|(from, weight)| weight * f64::from(starts[from + 1] - starts[from]))
                .sum();
            let own = f64::from(starts[to + 1] - starts[to]);
            for (from, weight) in weights.iter().enumerate() {
                spread[from][to] = (weight * own / sum) as f32;
            }
        }
        let mut shares = vec![[0.0; BANDS]; count];
        for (p, shares) in shares.iter_mut().enumerate() {
            let (from, to) = (f64::from(starts[p]) - 0.5, f64::from(starts[p + 1]) - 0.5);
            for (band, share) in shares.iter_mut().enumerate() {
                let edge = |line: u16| f64::from(line) * half as f64 / lines;
                let overlap = edge(bands[band + 1]).min(to) - edge(bands[band]).max(from);
                *share = (overlap.max(0.0) / (to - from)) as f32;
            }
        }
        let mut tilt = [0.0; MAX_PARTITIONS];
        for (tilt, z) in tilt.iter_mut().zip(&middle) {
            let db = LOW_TILT * (1.0 - z / LOW_TILT_END).max(0.0);
            *tilt = libm::exp10(-db / 10.0) as f32;
        }
        let masks = std::array::from_fn(|tonality| {
            let tonality = tonality as f64 / TONALITIES as f64;
            let db = NOISE_MASKS_TONE + tonality * (TONE_MASKS_NOISE - NOISE_MASKS_TONE);
            libm::exp10(-db / 10.0) as f32
        });
        Self {
            fft: Fft::new(size),
            starts,
            around,
            spread,
            shares,
            lines: std::array::from_fn(|_| vec![0.0; half]),
            logs: vec![0.0; half],
            energy: [0.0; MAX_PARTITIONS],
            threshold: [0.0; MAX_PARTITIONS],
            masks,
            tilt,
        }
    }

    /// Energies of the lines of all views.
    #[inline(always)]
    fn spectra(&mut self, left: &[f32], right: &[f32], views: usize) {
        let size = self.fft.size();
        let scale = 1.0 / size as f32;
        let (re, im) = self.fft.transform(&left[..size], &right[..size]);
        let [l, r, m, s] = &mut self.lines;
        let half = size / 2;
        // Line 0 is its own mirror image.
        l[0] = re[0] * re[0] * scale;
        r[0] = im[0] * im[0] * scale;
        m[0] = 0.5 * (re[0] + im[0]) * (re[0] + im[0]) * scale;
        s[0] = 0.5 * (re[0] - im[0]) * (re[0] - im[0]) * scale;
        let (re, re_mirror) = (&re[1..half], &re[half + 1..]);
        let (im, im_mirror) = (&im[1..half], &im[half + 1..]);
        let count = half - 1;
        let out = l[1..].iter_mut().zip(&mut r[1..]).zip(&mut m[1..]).zip(&mut s[1..]);
        for (k, (((l, r), m), s)) in out.enumerate().take(count) {
            let (zr, zi) = (re[k], im[k]);
            let (yr, yi) = (re_mirror[count - 1 - k], im_mirror[count - 1 - k]);
            let (lr, li) = (0.5 * (zr + yr), 0.5 * (zi - yi));
            let (rr, ri) = (0.5 * (zi + yi), 0.5 * (yr - zr));
            let (left, right) = (lr * lr + li * li, rr * rr + ri * ri);
            let (mean, cross) = (0.5 * (left + right), lr * rr + li * ri);
            *l = left * scale;
            *r = right * scale;
            *m = (mean + cross).max(0.0) * scale;
            *s = (mean - cross).max(0.0) * scale;
        }
        for lines in &mut self.lines[..views] {
            for line in lines {
                *line += 1e-20;
            }
        }
    }

    /// Energies and thresholds of the partitions of a view.
    #[inline(always)]
    fn thresholds(&mut self, view: usize, tonal: bool) {
        let lines = &self.lines[view];
        let count = self.starts.len() - 1;
        let range = |p: usize| usize::from(self.starts[p])..usize::from(self.starts[p + 1]);
        for p in 0..count {
            self.energy[p] = lines[range(p)].iter().sum();
        }
        let mut masking = [0.0f32; MAX_PARTITIONS];
        if tonal {
            for (log, line) in self.logs.iter_mut().zip(lines) {
                *log = log2(*line);
            }
            let mut logs = [0.0f32; MAX_PARTITIONS];
            for (p, log) in logs.iter_mut().enumerate().take(count) {
                *log = self.logs[range(p)].iter().sum();
            }
            for (p, masking) in masking.iter_mut().enumerate().take(count) {
                let (from, to) = (usize::from(self.around[p].0), usize::from(self.around[p].1));
                let lines = f32::from(self.starts[to] - self.starts[from]);
                let energy: f32 = self.energy[from..to].iter().sum();
                let log: f32 = logs[from..to].iter().sum();
                let flatness = log2(energy / lines) - log / lines;
                let tonality =
                    (flatness - FLATNESS_OF_NOISE) / (FLATNESS_OF_TONE - FLATNESS_OF_NOISE);
                let step = (tonality.clamp(0.0, 1.0) * TONALITIES as f32) as usize;
                *masking = self.energy[p] * self.masks[step] * self.tilt[p];
            }
        } else {
            // Too few lines to tell; most short blocks are noise.
            let mask = self.masks[TONALITIES / 4];
            let energies = self.energy[..count].iter().zip(&self.tilt);
            for (masking, (energy, tilt)) in masking.iter_mut().zip(energies) {
                *masking = energy * mask * tilt;
            }
        }
        self.threshold = [0.0; MAX_PARTITIONS];
        for (masking, spread) in masking.iter().zip(&self.spread) {
            for (threshold, share) in self.threshold.iter_mut().zip(spread) {
                *threshold += masking * share;
            }
        }
    }

    /// Thresholds over energies of the scalefactor bands.
    #[inline(always)]
    fn ratios(&self, ratios: &mut [f32; BANDS]) {
        let mut energies = [0.0f32; BANDS];
        *ratios = [0.0; BANDS];
        for ((shares, energy), threshold) in
            self.shares.iter().zip(&self.energy).zip(&self.threshold)
        {
            for band in 0..BANDS {
                energies[band] += energy * shares[band];
                ratios[band] += threshold * shares[band];
            }
        }
        for (ratio, energy) in ratios.iter_mut().zip(energies) {
            *ratio /= energy.max(1e-20);
        }
    }
}

/// The logarithm to base 2 of a positive number, to about 1e-4.
#[inline(always)]
pub(crate) fn log2(x: f32) -> f32 {
    let bits = x.to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    let m = f32::from_bits((bits & 0x007F_FFFF) | 0x3F80_0000) - 1.0;
    // A polynomial that is exact at both ends.
    let high = 0.455_742_93 + m * (-0.274_832_3 + m * (0.119_381_41 + m * -0.025_125_57));
    let p = m * (1.442_501_7 + m * (-0.717_668_1 + m * high));
    exponent as f32 + p
}

/// The threshold of hearing over full scale, as an energy of one line of the MDCT at `hz`:
/// Terhardt's curve, flatter at the highest frequencies, with full scale at `full_scale_db` of
/// sound pressure.
pub(crate) fn quiet(hz: f64, full_scale_db: f64) -> f64 {
    let khz = (hz / 1000.0).max(0.05);
    let db = 3.64 * libm::pow(khz, -0.8) - 6.5 * libm::exp(-0.6 * (khz - 3.3) * (khz - 3.3))
        + 0.000_6 * libm::pow(khz, 4.0);
    libm::exp10((db.min(100.0) - full_scale_db) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_close() {
        for i in 1..4000 {
            let x = 1e-9f32 * (i as f32) * (i as f32);
            assert!((log2(x) - x.log2()).abs() < 2e-4, "{x}: {} for {}", log2(x), x.log2());
        }
    }
}
