//! Psychoacoustic model: the noise that masking hides in each scalefactor band, similar to
//! psychoacoustic model 2 of ISO/IEC 11172-3 annex D.
//!
//! The bands of [`MaskingModel`] are partitions of a short-time spectrum, a third of a Bark wide.
//! Thresholds rise slowly, because the transform spreads noise to before the signal that would mask
//! it (pre-echo).

use fearless_simd::{Level, dispatch};
use reelwright_psychoacoustics::{MaskingModel, MaskingParameters, bark, log2};

use crate::fft::Fft;
use crate::tables::{LONG_BANDS, Rate, SHORT_BANDS};

/// Width of a partition in Bark, if the spectrum has the resolution.
const PARTITION_BARK: f64 = 1.0 / 3.0;
/// Maximum number of partitions.
const MAX_PARTITIONS: usize = 80;
const PARAMETERS: MaskingParameters = MaskingParameters {
    noise_masks_tone: 6.0,
    tone_masks_noise: 22.0,
    low_tilt: 24.0,
    low_tilt_end: 20.0,
    // White noise has 0.83 on average.
    flatness_of_noise: 1.1,
    flatness_of_tone: 5.0,
    // The spectrum already includes the threshold in quiet.
    floor: 0.0,
    neighbors: 1,
    least_lines: 7,
};
/// Maximum rise of a threshold from one granule to the next, as a factor.
const RISE: f32 = 3.0;

/// Analyzed signals: left, right, mid and side.
pub(crate) const VIEWS: usize = 4;

/// Ratios of masking threshold to energy for each band of one channel of a granule.
#[derive(Clone, Copy)]
pub(crate) struct Masking {
    pub(crate) long: [f32; LONG_BANDS],
    /// Ratio of each band and window.
    pub(crate) short: [[f32; 3]; SHORT_BANDS],
}

impl Default for Masking {
    fn default() -> Self {
        Self { long: [0.0; LONG_BANDS], short: [[0.0; 3]; SHORT_BANDS] }
    }
}

/// State of the model for one stream.
pub(crate) struct Psychoacoustics {
    level: Level,
    long: Analysis<LONG_BANDS>,
    short: Analysis<SHORT_BANDS>,
    /// Thresholds of the previous granule for each view, before the limit on their rise.
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

    /// Analyzes a granule. `left` and `right` are 1024 samples with the granule in the middle.
    /// `short` selects short windows. `views` is the number of signals to analyze.
    pub(crate) fn analyze(
        &mut self,
        left: &[f32],
        right: &[f32],
        short: bool,
        views: usize,
        masking: &mut [Masking; VIEWS],
    ) {
        dispatch!(self.level, _simd => self.analyze_body(left, right, short, views, masking));
    }

    #[inline(always)]
    fn analyze_body(
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
                // The centers of the windows are a sixth of a granule from its start and end.
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

/// Model for one transform size and number of scalefactor bands.
struct Analysis<const BANDS: usize> {
    fft: Fft,
    model: MaskingModel<MAX_PARTITIONS>,
    /// Part of each partition in each scalefactor band: `[partition][band]`.
    shares: Vec<[f32; BANDS]>,
    /// Energies of the lines of each view.
    lines: [Vec<f32>; VIEWS],
    logs: Vec<f32>,
    /// Energies and thresholds of the last analyzed view.
    energy: [f32; MAX_PARTITIONS],
    threshold: [f32; MAX_PARTITIONS],
}

impl<const BANDS: usize> Analysis<BANDS> {
    /// Creates a model for a transform of `size` samples. `bands` are in lines of an MDCT of
    /// `lines` lines.
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
        let centers: Vec<f64> = starts
            .windows(2)
            .map(|edges| bark_of(f64::from(edges[0] + edges[1] - 1) / 2.0))
            .collect();
        let mut shares = vec![[0.0; BANDS]; starts.len() - 1];
        for (p, shares) in shares.iter_mut().enumerate() {
            let (from, to) = (f64::from(starts[p]) - 0.5, f64::from(starts[p + 1]) - 0.5);
            for (band, share) in shares.iter_mut().enumerate() {
                let edge = |line: u16| f64::from(line) * half as f64 / lines;
                let overlap = edge(bands[band + 1]).min(to) - edge(bands[band]).max(from);
                *share = (overlap.max(0.0) / (to - from)) as f32;
            }
        }
        Self {
            fft: Fft::new(size),
            model: MaskingModel::new(&starts, &centers, &PARAMETERS),
            shares,
            lines: std::array::from_fn(|_| vec![0.0; half]),
            logs: vec![0.0; half],
            energy: [0.0; MAX_PARTITIONS],
            threshold: [0.0; MAX_PARTITIONS],
        }
    }

    /// Computes the line energies of all views.
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

    /// Computes the energies and thresholds of a view's partitions.
    #[inline(always)]
    fn thresholds(&mut self, view: usize, tonal: bool) {
        let lines = &self.lines[view];
        let count = self.model.bands();
        for partition in 0..count {
            self.energy[partition] = lines[self.model.range(partition)].iter().sum();
        }
        let mut logs = [0.0f32; MAX_PARTITIONS];
        if tonal {
            for (log, line) in self.logs.iter_mut().zip(lines) {
                *log = log2(*line);
            }
            for (partition, log) in logs.iter_mut().enumerate().take(count) {
                *log = self.logs[self.model.range(partition)].iter().sum();
            }
        }
        self.model.thresholds(&self.energy, tonal.then_some(&logs), &mut self.threshold);
    }

    /// Computes the ratios of threshold to energy for each scalefactor band.
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
