//! From a stream of samples to granules: buffering, block switching, spectra, mid/side stereo and
//! the noise that each band may have.

use fearless_simd::Level;
use reelwright_core::extrapolate_backwards;

use crate::attack::{AHEAD, AttackDetector};
use crate::config::Config;
use crate::filterbank::{BlockType, ChannelState, Filterbank, TAPS};
use crate::granule::Tools;
use crate::psycho::{Masking, Psychoacoustics, VIEWS, log2, quiet};
use crate::rate::Granules;
use crate::tables::{LINES, LONG_BANDS, MAX_BANDS, Rate, SHORT_BANDS};

/// Samples before a granule's first one that its analysis looks at.
const HISTORY: usize = 800;
/// Samples after it that the model looks at.
const MODEL_END: usize = 224;
/// How much later than the first sample of a granule its filters end: so is the delay of encoder
/// and decoder together what players expect, 576 + 529.
const FILTER_LAG: usize = 48;
/// How far attacks are looked for beyond the granule after the one at hand: a window before short
/// ones goes on for so long.
const LOOKAHEAD: usize = 96;
/// Louder samples are cut off at this.
const CLIP: f32 = 8.0;
/// Sound pressure of full scale: more than anybody would stand, since nobody knows how far quiet
/// passages are turned up.
const FULL_SCALE_DB: f64 = 120.0;

/// Turns samples to granules.
pub(crate) struct Analyser {
    channels: usize,
    frame_samples: usize,
    joint_stereo: bool,
    bank: Filterbank,
    states: Vec<ChannelState>,
    attacks: Vec<AttackDetector>,
    model: Psychoacoustics,
    /// Samples from `HISTORY` before the next frame on, by channel.
    samples: Vec<Vec<f32>>,
    /// Channels of which it is known what comes before the first sample.
    primed: usize,
    /// Silence where there is no second channel.
    silence: Vec<f32>,
    /// What the lowpass leaves of each line, of long and of short blocks, in the filter bank's
    /// order.
    lowpass: [Box<[f32; LINES]>; 2],
    /// Thresholds of hearing by band.
    quiet_long: [f32; LONG_BANDS],
    quiet_short: [f32; SHORT_BANDS],
    last_type: BlockType,
    attack_here: bool,
    spectra: Vec<Vec<[f32; LINES]>>,
    masking: Vec<[Masking; VIEWS]>,
    types: Vec<BlockType>,
    bands: Bands,
    /// By granule and view.
    energies: Vec<[[f32; MAX_BANDS]; VIEWS]>,
    allowed: Vec<[[f32; MAX_BANDS]; VIEWS]>,
}

impl Analyser {
    pub(crate) fn new(config: &Config, level: Level) -> Self {
        let rate = &config.rate;
        let (granules, channels) = (rate.granules(), config.channels);
        let quiet_of = |edges: &[u16], lines: f64| {
            let hz = |line: f64| (line + 0.5) / lines * f64::from(rate.hz) / 2.0;
            let least = (edges[0]..edges[1])
                .map(|line| quiet(hz(line.into()), FULL_SCALE_DB))
                .fold(f64::INFINITY, f64::min);
            (least * f64::from(edges[1] - edges[0])) as f32
        };
        Self {
            channels,
            frame_samples: rate.frame_samples(),
            joint_stereo: config.joint_stereo,
            bank: Filterbank::new(level),
            states: (0..channels).map(|_| ChannelState::new()).collect(),
            attacks: (0..channels).map(|_| AttackDetector::new()).collect(),
            model: Psychoacoustics::new(rate, level),
            samples: vec![vec![0.0; HISTORY]; channels],
            primed: 0,
            silence: vec![0.0; HISTORY + MODEL_END],
            lowpass: [false, true].map(|short| lowpass(config.lowpass, rate.hz, short)),
            quiet_long: std::array::from_fn(|band| quiet_of(&rate.long[band..], 576.0)),
            quiet_short: std::array::from_fn(|band| quiet_of(&rate.short[band..], 192.0)),
            last_type: BlockType::Long,
            attack_here: false,
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

    /// Continues a channel to before its first sample, and filters the granule before the first
    /// one.
    fn prime(&mut self, channel: usize) {
        let samples = &mut self.samples[channel];
        let mut before = [0.0; HISTORY + LINES];
        extrapolate_backwards(&samples[HISTORY..], &mut before);
        samples[..HISTORY].copy_from_slice(&before[LINES..]);
        let end = HISTORY + LINES - FILTER_LAG;
        let state = &mut self.states[channel];
        self.bank.filter(&before[end - LINES - (TAPS - 32)..end], state);
        // The place of the first granule's short windows.
        let end = HISTORY + LOOKAHEAD;
        let first = samples.get(HISTORY..end + 2);
        if let (Some(first), Some(here)) = (first, samples.get(end - LINES - 2..end + AHEAD)) {
            self.attacks[channel].start(first);
            self.attack_here |= self.attacks[channel].look(here);
        }
    }

    /// Whether there are enough samples for a frame.
    pub(crate) fn has_frame(&self) -> bool {
        self.samples[0].len() >= HISTORY + self.frame_samples + LOOKAHEAD + AHEAD
    }

    /// Analyses the next frame. Returns whether it is to be mid and side.
    pub(crate) fn next_frame(&mut self, tools: &Tools, granules: &mut Granules) -> bool {
        for granule in 0..granules.len() {
            self.look(granule);
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

    /// Finds a granule's block type, spectra and masking.
    fn look(&mut self, granule: usize) {
        let base = HISTORY + LINES * granule;
        let mut attack_next = false;
        for (attacks, samples) in self.attacks.iter_mut().zip(&self.samples) {
            let from = base + LOOKAHEAD;
            attack_next |= attacks.look(&samples[from - 2..from + LINES + AHEAD]);
        }
        let block_type = match (self.last_type, self.attack_here, attack_next) {
            (_, true, _) | (BlockType::Short, _, true) => BlockType::Short,
            (_, _, true) => BlockType::Start,
            (BlockType::Short, _, _) => BlockType::Stop,
            _ => BlockType::Long,
        };
        self.attack_here = attack_next;
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
        self.model.look(left, right, short, views, &mut self.masking[granule]);
    }

    /// Finds the noise that the bands of all views may have.
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
                // Noise of both goes to left and right alike, half of it each.
                let limit = 2.0 * l.min(*r);
                let sum = *m + *s;
                if sum > limit && sum > 0.0 {
                    (*m, *s) = (*m * limit / sum, *s * limit / sum);
                }
            }
        }
    }

    /// Whether mid and side take fewer bits than left and right, as far as the masking tells.
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

/// The scalefactor bands, of spectra in the filter bank's order.
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

    /// Calls `add` with each line and its band.
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

    /// Of left, right, mid and side.
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

/// What is left of each line: all below the cutoff, nothing above it, and less and less before.
fn lowpass(cutoff: u32, hz: u32, short: bool) -> Box<[f32; LINES]> {
    let mut gains = Box::new([0.0; LINES]);
    let edge = f64::from(cutoff);
    let lines = if short { 192.0 } else { 576.0 };
    for (index, gain) in gains.iter_mut().enumerate() {
        let line = if short { index / 3 } else { index };
        let at = (line as f64 + 0.5) / lines * f64::from(hz) / 2.0;
        // The transition is a thirtieth of the band.
        let beyond = ((at - edge) / (edge / 30.0) + 0.5).clamp(0.0, 1.0);
        *gain = libm::cos(beyond * std::f64::consts::FRAC_PI_2) as f32;
        if cutoff * 2 >= hz {
            *gain = 1.0;
        }
    }
    gains
}
