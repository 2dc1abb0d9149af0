//! Analysis of samples: buffering, block switching, spectra, mid/side stereo, and the allowed noise
//! of each band.

use fearless_simd::Level;
use reelwright_core::helpers::extrapolate_backwards;
use reelwright_psychoacoustics::{TransientDetector, band_threshold_in_quiet, log2, lowpass_gains};

use crate::config::Config;
use crate::filterbank::{BlockType, ChannelState, Filterbank, TAPS};
use crate::granule::Tools;
use crate::psycho::{Masking, Psychoacoustics, VIEWS};
use crate::rate::Granules;
use crate::tables::{LINES, LONG_BANDS, MAX_BANDS, Rate, SHORT_BANDS};

/// Number of samples before a granule that its analysis needs.
const HISTORY: usize = 800;
/// Number of samples after a granule that the model needs.
const MODEL_END: usize = 224;
/// Samples from the start of a granule to the end of its filters. It makes the delay of encoder and
/// decoder 576 + 529 samples, which players expect.
const FILTER_LAG: usize = 48;
/// Samples after the next granule in which the encoder detects transients: the length of a start
/// window.
const LOOKAHEAD: usize = 96;
/// Limit of sample magnitudes.
const CLIP: f32 = 8.0;
/// Number of parts of a granule whose energies the transient detector compares, and the samples per
/// part.
const PARTS: usize = 6;
const PART: usize = LINES / PARTS;
/// Ratio of energies at which the detector reports a transient.
const TRANSIENT_RATIO: f32 = 9.0;
/// Ratio for the part after a granule. The polyphase filter spreads a transient to the previous
/// granule.
const EDGE_RATIO: f32 = 5000.0;
/// Samples after a granule that the transient detector needs.
const AHEAD: usize = 2 * PART;

/// Splits samples into granules and analyzes them.
pub(crate) struct Analyzer {
    channels: usize,
    frame_samples: usize,
    joint_stereo: bool,
    bank: Filterbank,
    states: Vec<ChannelState>,
    transients: Vec<TransientDetector<PARTS, PART>>,
    model: Psychoacoustics,
    /// Samples of each channel, from `HISTORY` before the next frame on.
    samples: Vec<Vec<f32>>,
    /// Number of channels whose signal before the first sample is extrapolated.
    primed: usize,
    /// Silence in place of a missing second channel.
    silence: Vec<f32>,
    /// Lowpass gain of each line in the filter bank's order: for long blocks, then for short ones.
    lowpass: [Box<[f32; LINES]>; 2],
    /// Threshold in quiet of each band.
    quiet_long: [f32; LONG_BANDS],
    quiet_short: [f32; SHORT_BANDS],
    last_type: BlockType,
    transient_here: bool,
    spectra: Vec<Vec<[f32; LINES]>>,
    masking: Vec<[Masking; VIEWS]>,
    types: Vec<BlockType>,
    bands: Bands,
    /// Band energies of each granule and view.
    energies: Vec<[[f32; MAX_BANDS]; VIEWS]>,
    allowed: Vec<[[f32; MAX_BANDS]; VIEWS]>,
}

impl Analyzer {
    pub(crate) fn new(config: &Config, level: Level) -> Self {
        let rate = &config.rate;
        let (granules, channels) = (rate.granules(), config.channels);
        let quiet_of = |edges: &[u16], lines| {
            band_threshold_in_quiet([edges[0], edges[1]], lines, rate.hz, 1.0)
        };
        let gains = |lines, line_of: fn(usize) -> usize| {
            lowpass_gains(config.lowpass, rate.hz, lines, line_of)
        };
        Self {
            channels,
            frame_samples: rate.frame_samples(),
            joint_stereo: config.joint_stereo,
            bank: Filterbank::new(level),
            states: (0..channels).map(|_| ChannelState::new()).collect(),
            transients: (0..channels)
                .map(|_| TransientDetector::new(TRANSIENT_RATIO, Some(EDGE_RATIO)))
                .collect(),
            model: Psychoacoustics::new(rate, level),
            samples: vec![vec![0.0; HISTORY]; channels],
            primed: 0,
            silence: vec![0.0; HISTORY + MODEL_END],
            lowpass: [gains(576, |index| index), gains(192, |index| index / 3)],
            quiet_long: std::array::from_fn(|band| quiet_of(&rate.long[band..], 576)),
            quiet_short: std::array::from_fn(|band| quiet_of(&rate.short[band..], 192)),
            last_type: BlockType::Long,
            transient_here: false,
            spectra: vec![vec![[0.0; LINES]; channels]; granules],
            masking: vec![[Masking::default(); VIEWS]; granules],
            types: vec![BlockType::Long; granules],
            bands: Bands { rate: *rate },
            energies: vec![[[0.0; MAX_BANDS]; VIEWS]; granules],
            allowed: vec![[[0.0; MAX_BANDS]; VIEWS]; granules],
        }
    }

    /// Appends samples of a channel.
    pub(crate) fn push(&mut self, channel: usize, samples: impl Iterator<Item = f32>) {
        self.samples[channel]
            .extend(samples.map(|x| if x.is_finite() { x.clamp(-CLIP, CLIP) } else { 0.0 }));
        if self.primed == channel {
            self.primed += 1;
            self.prime(channel);
        }
    }

    /// Extrapolates a channel to before its first sample, and filters the granule before the first
    /// one.
    fn prime(&mut self, channel: usize) {
        let samples = &mut self.samples[channel];
        let mut before = [0.0; HISTORY + LINES];
        extrapolate_backwards(&samples[HISTORY..], &mut before);
        samples[..HISTORY].copy_from_slice(&before[LINES..]);
        let end = HISTORY + LINES - FILTER_LAG;
        let state = &mut self.states[channel];
        self.bank.filter(&before[end - LINES - (TAPS - 32)..end], state);
        // Position of the first granule's short windows.
        let end = HISTORY + LOOKAHEAD;
        let first = samples.get(HISTORY..end + 2);
        if let (Some(first), Some(here)) = (first, samples.get(end - LINES - 2..end + AHEAD)) {
            self.transients[channel].start(first);
            self.transient_here |= self.transients[channel].detect(here);
        }
    }

    /// Returns whether there are enough samples for a frame.
    pub(crate) fn has_frame(&self) -> bool {
        self.samples[0].len() >= HISTORY + self.frame_samples + LOOKAHEAD + AHEAD
    }

    /// Analyzes the next frame. Returns whether it should use mid/side stereo.
    pub(crate) fn next_frame(&mut self, tools: &Tools, granules: &mut Granules) -> bool {
        for granule in 0..granules.len() {
            self.analyze(granule);
            self.allow(granule);
        }
        let mid_side = self.joint_stereo && self.prefers_mid_side();
        for (index, granules) in granules.iter_mut().enumerate() {
            let spectra = &mut self.spectra[index];
            if mid_side && let [left, right] = &mut spectra[..] {
                for (l, r) in left.iter_mut().zip(right) {
                    let half = std::f32::consts::FRAC_1_SQRT_2;
                    (*l, *r) = ((*l + *r) * half, (*l - *r) * half);
                }
            }
            for (channel, granule) in granules.iter_mut().enumerate() {
                granule.load(tools, self.types[index], &self.spectra[index][channel]);
                granule.allow(&self.allowed[index][if mid_side { 2 } else { 0 } + channel]);
            }
        }
        for samples in &mut self.samples {
            samples.copy_within(self.frame_samples.., 0);
            samples.truncate(samples.len() - self.frame_samples);
        }
        mid_side
    }

    /// Computes a granule's block type, spectra and masking.
    fn analyze(&mut self, granule: usize) {
        let base = HISTORY + LINES * granule;
        let mut transient_next = false;
        for (detector, samples) in self.transients.iter_mut().zip(&self.samples) {
            let from = base + LOOKAHEAD;
            transient_next |= detector.detect(&samples[from - 2..from + LINES + AHEAD]);
        }
        let block_type = match (self.last_type, self.transient_here, transient_next) {
            (_, true, _) | (BlockType::Short, _, true) => BlockType::Short,
            (_, _, true) => BlockType::Start,
            (BlockType::Short, _, _) => BlockType::Stop,
            _ => BlockType::Long,
        };
        self.transient_here = transient_next;
        self.last_type = block_type;
        self.types[granule] = block_type;

        let short = block_type == BlockType::Short;
        let lowpass = &self.lowpass[usize::from(short)];
        for (channel, samples) in self.samples.iter().enumerate() {
            let end = base + LINES - FILTER_LAG;
            let state = &mut self.states[channel];
            self.bank.filter(&samples[end - LINES - (TAPS - 32)..end], state);
            let spectrum = &mut self.spectra[granule][channel];
            self.bank.transform(state, block_type, spectrum);
            for (line, gain) in spectrum.iter_mut().zip(&lowpass[..]) {
                *line *= gain;
            }
        }
        let span = base - HISTORY..base + MODEL_END;
        let left = &self.samples[0][span.clone()];
        let right = self.samples.get(1).map_or(&self.silence[..], |samples| &samples[span]);
        let views = match (self.channels, self.joint_stereo) {
            (1, _) => 1,
            (_, false) => 2,
            (_, true) => 4,
        };
        self.model.analyze(left, right, short, views, &mut self.masking[granule]);
    }

    /// Computes the allowed noise of each band of all views.
    fn allow(&mut self, granule: usize) {
        let masking = &self.masking[granule];
        let short = self.types[granule] == BlockType::Short;
        let energies = &mut self.energies[granule];
        match &self.spectra[granule][..] {
            [left, right] if self.joint_stereo => {
                self.bands.energies(short, left, right, energies);
            }
            channels => {
                for (channel, energies) in channels.iter().zip(energies) {
                    self.bands.energy(short, channel, energies);
                }
            }
        }
        let energies = &self.energies[granule];
        let allowed = &mut self.allowed[granule];
        for ((energies, masking), allowed) in energies.iter().zip(masking).zip(allowed.iter_mut()) {
            for band in 0..if short { MAX_BANDS } else { LONG_BANDS } {
                let (ratio, quiet) = if short {
                    (masking.short[band / 3][band % 3], self.quiet_short[band / 3])
                } else {
                    (masking.long[band], self.quiet_long[band])
                };
                allowed[band] = (energies[band] * ratio).max(quiet);
            }
        }
        if self.joint_stereo {
            let [left, right, mid, side] = allowed;
            for (((l, r), m), s) in left.iter().zip(right).zip(mid).zip(side) {
                // Half of the noise in mid and side goes to left, the other half to right.
                let limit = 2.0 * l.min(*r);
                let sum = *m + *s;
                if sum > limit && sum > 0.0 {
                    (*m, *s) = (*m * limit / sum, *s * limit / sum);
                }
            }
        }
    }

    /// Returns whether mid and side need fewer bits than left and right, by perceptual entropy.
    fn prefers_mid_side(&self) -> bool {
        let mut entropies = [0.0f32; 2];
        for (granule, &block_type) in self.types.iter().enumerate() {
            let short = block_type == BlockType::Short;
            for view in 0..VIEWS {
                let (energies, allowed) =
                    (&self.energies[granule][view], &self.allowed[granule][view]);
                let mut entropy = 0.0;
                for band in 0..if short { MAX_BANDS } else { LONG_BANDS } {
                    let snr = energies[band] / allowed[band].max(1e-30);
                    entropy += self.bands.width(short, band) * log2(1.0 + snr);
                }
                entropies[view / 2] += entropy;
            }
        }
        entropies[1] < entropies[0]
    }
}

/// Scalefactor bands of spectra in the filter bank's order.
struct Bands {
    rate: Rate,
}

impl Bands {
    fn width(&self, short: bool, band: usize) -> f32 {
        let Rate { long, short: edges, .. } = self.rate;
        match short {
            true => f32::from(edges[band / 3 + 1] - edges[band / 3]),
            false => f32::from(long[band + 1] - long[band]),
        }
    }

    /// Calls `add` for each line with its band.
    #[inline(always)]
    fn each(&self, short: bool, mut add: impl FnMut(usize, usize)) {
        if short {
            for (band, edges) in self.rate.short.windows(2).enumerate() {
                for line in usize::from(edges[0])..usize::from(edges[1]) {
                    for window in 0..3 {
                        add(3 * line + window, 3 * band + window);
                    }
                }
            }
        } else {
            for (band, edges) in self.rate.long.windows(2).enumerate() {
                for line in usize::from(edges[0])..usize::from(edges[1]) {
                    add(line, band);
                }
            }
        }
    }

    fn energy(&self, short: bool, lines: &[f32; LINES], energies: &mut [f32; MAX_BANDS]) {
        *energies = [0.0; MAX_BANDS];
        self.each(short, |line, band| energies[band] += lines[line] * lines[line]);
    }

    /// Computes the band energies of left, right, mid and side.
    fn energies(
        &self,
        short: bool,
        left: &[f32; LINES],
        right: &[f32; LINES],
        energies: &mut [[f32; MAX_BANDS]; VIEWS],
    ) {
        *energies = [[0.0; MAX_BANDS]; VIEWS];
        let [l_sums, r_sums, m_sums, s_sums] = energies;
        self.each(short, |line, band| {
            let (l, r) = (left[line], right[line]);
            l_sums[band] += l * l;
            r_sums[band] += r * r;
            m_sums[band] += 0.5 * (l + r) * (l + r);
            s_sums[band] += 0.5 * (l - r) * (l - r);
        });
    }
}
