//! A syntactic element: one channel or a channel pair.
//!
//! Transforms samples to spectra, computes the allowed noise, and decides block switching and
//! mid/side stereo.

use reelwright_core::helpers::bits::BitWriter;
use reelwright_psychoacoustics::{TransientDetector, log2};

use crate::bands::{LINES, MAX_BANDS, SHORT_LINES, WINDOWS};
use crate::config::Config;
use crate::layout::Layout;
use crate::mdct::{Filterbank, Sequence};
use crate::psycho::{LANES, Model, PerBand};
use crate::stream::{Stream, Tools};

/// Maximum number of lines in a low-frequency channel (ISO/IEC 14496-3 §4.5.2.2.6).
const LOW_LINES: usize = 12;
/// Maximum rise of a threshold from one frame to the next, as a factor. The transform spreads noise
/// to before the signal that would mask it (pre-echo).
const RISE: f32 = 3.0;
/// Ratio of energies at which a short window begins a new group.
const GROUP_RATIO: f32 = 4.0;

/// Ratio of energies at which the detector reports a transient.
const TRANSIENT_RATIO: f32 = 12.0;

/// Maximum cost of mid and side, relative to left and right, for a band to use them.
const MID_SIDE_GAIN: f32 = 0.97;

/// Type of an element. The numbers are those of id_syn_ele.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Single = 0,
    Pair = 1,
    LowFrequency = 3,
}

/// Filter bank and psychoacoustic models that all elements share.
pub(crate) struct Analysis {
    pub(crate) bank: Filterbank,
    pub(crate) long: Model,
    pub(crate) short: Model,
    /// Lowpass gain of each line: for long windows, then for short ones.
    pub(crate) lowpass: [Box<[f32; LINES]>; 2],
    pub(crate) mid_side: bool,
}

/// Analyzed signals of a pair: left, right, mid and side.
const VIEWS: usize = 4;

/// State of one element.
pub(crate) struct Element {
    pub(crate) kind: Kind,
    /// element_instance_tag.
    tag: u32,
    /// Indices of the element's channels in the input.
    pub(crate) channels: Vec<usize>,
    transients: Vec<TransientDetector<WINDOWS, SHORT_LINES>>,
    transient_here: bool,
    has_started: bool,
    layout: Layout,
    /// Spectrum of each view; short windows follow each other.
    spectra: Vec<[f32; LINES]>,
    energies: Vec<[f32; MAX_BANDS]>,
    allowed: Vec<[f32; MAX_BANDS]>,
    /// Thresholds of the previous frame for each view, before the limit on their rise.
    before: [PerBand; VIEWS],
    mid_side: [bool; MAX_BANDS],
    streams: Vec<Stream>,
    max_sfb: usize,
}

impl Element {
    pub(crate) fn new(config: &Config, kind: Kind, tag: u32, channels: &[usize]) -> Self {
        let views = if kind == Kind::Pair { VIEWS } else { 1 };
        Self {
            kind,
            tag,
            channels: channels.to_vec(),
            transients: channels
                .iter()
                .map(|_| TransientDetector::new(TRANSIENT_RATIO, None))
                .collect(),
            transient_here: false,
            has_started: false,
            layout: Layout::new(&config.rate),
            spectra: vec![[0.0; LINES]; views],
            energies: vec![[0.0; MAX_BANDS]; views],
            allowed: vec![[0.0; MAX_BANDS]; views],
            before: [[f32::INFINITY; LANES]; VIEWS],
            mid_side: [false; MAX_BANDS],
            streams: channels.iter().map(|_| Stream::new(&config.rate)).collect(),
            max_sfb: 0,
        }
    }

    /// Analyzes a frame. `samples` returns, for a channel, both halves of the frame's window and
    /// the samples after them.
    pub(crate) fn analyze<'a>(
        &mut self,
        analysis: &Analysis,
        tools: &Tools,
        samples: impl Fn(usize) -> &'a [f32; 3 * LINES],
    ) {
        let sequence = self.next_sequence(&samples);
        let lowpass = &analysis.lowpass[usize::from(sequence == Sequence::Short)];
        for (&channel, spectrum) in self.channels.iter().zip(&mut self.spectra) {
            let samples: &[f32; 2 * LINES] =
                samples(channel)[..2 * LINES].try_into().expect("as long as that");
            if self.kind == Kind::LowFrequency {
                analysis.bank.transform_low(samples, spectrum);
            } else {
                analysis.bank.transform(samples, sequence, spectrum);
            }
            for (line, gain) in spectrum.iter_mut().zip(&lowpass[..]) {
                *line *= gain;
            }
            if self.kind == Kind::LowFrequency {
                spectrum[LOW_LINES..].fill(0.0);
            }
        }
        if let [left, right, mid, side] = &mut self.spectra[..] {
            for ((l, r), (m, s)) in left.iter().zip(right).zip(mid.iter_mut().zip(side)) {
                (*m, *s) = (0.5 * (*l + *r), 0.5 * (*l - *r));
            }
        }
        let (groups, count) = match sequence {
            Sequence::Short => group(&self.spectra[..self.channels.len()]),
            _ => ([1; WINDOWS], 1),
        };
        self.layout.set(&tools.rate, sequence, &groups[..count]);
        for view in 0..self.spectra.len() {
            self.analyze_view(analysis, view);
        }
        self.choose_stereo(analysis.mid_side);
        for (channel, stream) in self.streams.iter_mut().enumerate() {
            self.layout.arrange(&self.spectra[channel], &mut stream.lines);
            stream.noise.energies = self.energies[channel];
            stream.noise.allowed = self.allowed[channel];
        }
        if let [left, right] = &mut self.streams[..] {
            for band in (0..self.layout.bands()).filter(|&band| self.mid_side[band]) {
                for (channel, stream) in [&mut *left, &mut *right].into_iter().enumerate() {
                    stream.noise.energies[band] = self.energies[2 + channel][band];
                    stream.noise.allowed[band] = self.allowed[2 + channel][band];
                }
                let range = self.layout.range(band);
                for (l, r) in left.lines[range.clone()].iter_mut().zip(&mut right.lines[range]) {
                    (*l, *r) = (0.5 * (*l + *r), 0.5 * (*l - *r));
                }
            }
        }
        for stream in &mut self.streams {
            stream.load(tools, &self.layout);
        }
    }

    /// Returns the windows of the next frame.
    fn next_sequence<'a>(&mut self, samples: impl Fn(usize) -> &'a [f32; 3 * LINES]) -> Sequence {
        if self.kind == Kind::LowFrequency {
            return Sequence::Long;
        }
        // The region that the next frame's short windows would cover.
        let from = LINES + LINES / 2 + SHORT_LINES / 2;
        if !self.has_started {
            self.has_started = true;
            for (detector, &channel) in self.transients.iter_mut().zip(&self.channels) {
                detector.start(&samples(channel)[LINES..]);
                let here = &samples(channel)[from - LINES - 2..from + SHORT_LINES];
                self.transient_here |= detector.detect(here);
            }
        }
        let mut transient_next = false;
        for (detector, &channel) in self.transients.iter_mut().zip(&self.channels) {
            transient_next |=
                detector.detect(&samples(channel)[from - 2..from + LINES + SHORT_LINES]);
        }
        let sequence = match (self.layout.sequence, self.transient_here, transient_next) {
            (_, true, _) | (Sequence::Short | Sequence::Start, _, true) => Sequence::Short,
            (_, _, true) => Sequence::Start,
            (Sequence::Short | Sequence::Start, _, _) => Sequence::Stop,
            _ => Sequence::Long,
        };
        self.transient_here = transient_next;
        sequence
    }

    /// Computes the band energies and the allowed noise of a view.
    fn analyze_view(&mut self, analysis: &Analysis, view: usize) {
        let (mut energies, mut allowed) = ([0.0; LANES], [0.0; LANES]);
        let spectrum = &self.spectra[view];
        // Noise in the mid channel goes to both outputs.
        let share = if view < 2 { 1.0 } else { 0.5 };
        if !self.layout.is_short() {
            analysis.long.analyze(spectrum, &mut energies, &mut allowed);
            for band in 0..self.layout.bands() {
                let raw = allowed[band];
                let held = raw.min(RISE * self.before[view][band]);
                self.before[view][band] = raw;
                self.energies[view][band] = energies[band];
                self.allowed[view][band] = held.max(share * analysis.long.quiet()[band]);
            }
            return;
        }
        self.before[view] = [f32::INFINITY; LANES];
        let bands = self.layout.window_bands();
        let mut window = 0;
        for (group, &count) in self.layout.groups().iter().enumerate() {
            let mut sums = [[0.0f32; LANES]; 2];
            let mut least = [f32::INFINITY; LANES];
            for _ in 0..count {
                let lines = &spectrum[SHORT_LINES * window..][..SHORT_LINES];
                analysis.short.analyze(lines, &mut energies, &mut allowed);
                for band in 0..bands {
                    sums[0][band] += energies[band];
                    sums[1][band] += allowed[band];
                    least[band] = least[band].min(allowed[band]);
                }
                window += 1;
            }
            let windows = f32::from(count);
            for band in 0..bands {
                let at = group * bands + band;
                self.energies[view][at] = sums[0][band];
                let quiet = share * windows * analysis.short.quiet()[band];
                self.allowed[view][at] = sums[1][band].min(2.0 * windows * least[band]).max(quiet);
            }
        }
    }

    /// Chooses mid/side coding for the bands where it takes fewer bits.
    fn choose_stereo(&mut self, mid_side: bool) {
        self.mid_side = [false; MAX_BANDS];
        let [left, right, mid, side] = &mut self.allowed[..] else { return };
        if !mid_side {
            return;
        }
        for band in 0..self.layout.bands() {
            // Noise in mid and side goes to both left and right.
            let limit = left[band].min(right[band]);
            let sum = mid[band] + side[band];
            if sum > limit {
                mid[band] *= limit / sum;
                side[band] *= limit / sum;
            }
            let need = |view: usize, allowed: f32| {
                log2(1.0 + self.energies[view][band] / allowed.max(1e-30))
            };
            let separate = need(0, left[band]) + need(1, right[band]);
            let together = need(2, mid[band]) + need(3, side[band]);
            self.mid_side[band] = together < separate * MID_SIDE_GAIN;
        }
    }

    /// Codes the element at a noise offset in dB. Returns the number of bits.
    pub(crate) fn code(&mut self, tools: &Tools, offset: f32) -> u32 {
        for stream in &mut self.streams {
            stream.quantize(tools, offset);
        }
        self.max_sfb = self.streams.iter().map(|stream| stream.used_bands).max().unwrap_or(0);
        let max_sfb = self.max_sfb;
        let streams: u32 =
            self.streams.iter_mut().map(|stream| 8 + stream.section(max_sfb) + 3).sum();
        let info = if self.layout.is_short() { 15 } else { 11 };
        let pair = match self.kind {
            Kind::Pair => {
                3 + if self.uses_mid_side() == 1 { self.used().count() as u32 } else { 0 }
            }
            _ => 0,
        };
        3 + 4 + info + pair + streams
    }

    /// Iterates over the bands below `max_sfb` of each group.
    fn used(&self) -> impl Iterator<Item = usize> {
        let (bands, max_sfb) = (self.layout.window_bands(), self.max_sfb);
        let groups = 0..self.layout.groups().len();
        groups.flat_map(move |group| group * bands..group * bands + max_sfb)
    }

    /// Returns ms_mask_present.
    fn uses_mid_side(&self) -> u32 {
        let count = self.used().filter(|&band| self.mid_side[band]).count();
        match count {
            0 => 0,
            count if count == self.used().count() => 2,
            _ => 1,
        }
    }

    /// Writes the element as last coded.
    pub(crate) fn write(&self, bits: &mut BitWriter) {
        bits.put(self.kind as u64, 3);
        bits.put(self.tag.into(), 4);
        if self.kind != Kind::Pair {
            self.streams[0].write(bits, |bits| self.write_info(bits));
            return;
        }
        // common_window: both channels have the same windows.
        bits.put(1, 1);
        self.write_info(bits);
        let present = self.uses_mid_side();
        bits.put(present.into(), 2);
        if present == 1 {
            for band in self.used() {
                bits.put(self.mid_side[band].into(), 1);
            }
        }
        for stream in &self.streams {
            stream.write(bits, |_| ());
        }
    }

    /// Writes ics_info().
    fn write_info(&self, bits: &mut BitWriter) {
        bits.put(0, 1);
        bits.put(self.layout.sequence as u64, 2);
        // window_shape: 0 is a sine window, 1 is Kaiser-Bessel derived.
        bits.put(u64::from(self.kind != Kind::LowFrequency), 1);
        if self.layout.is_short() {
            bits.put(self.max_sfb as u64, 4);
            let mut grouping = 0u64;
            for &count in self.layout.groups() {
                grouping = grouping << count | ((1 << count) - 1) >> 1;
            }
            // scale_factor_grouping: one bit for each window after the first, set if the window
            // continues the group.
            bits.put(grouping & 0x7F, 7);
        } else {
            bits.put(self.max_sfb as u64, 6);
            bits.put(0, 1);
        }
    }
}

/// Groups consecutive short windows of similar energy. Returns the length of each group and the
/// number of groups.
fn group(spectra: &[[f32; LINES]]) -> ([u8; WINDOWS], usize) {
    let mut groups = [0; WINDOWS];
    let mut count = 0;
    // Lowest and highest energy of the group's windows, for each channel.
    let mut spans = [(0.0f32, 0.0f32); 2];
    for window in 0..WINDOWS {
        let energy = |spectrum: &[f32; LINES]| {
            // Skips the lowest lines, which change least. The constant hides rounding errors.
            let lines = &spectrum[SHORT_LINES * window + 4..SHORT_LINES * (window + 1)];
            lines.iter().map(|x| x * x).sum::<f32>() + 1e6
        };
        let mut joined = spans;
        let mut is_alike = window > 0;
        for (spectrum, (least, most)) in spectra.iter().zip(&mut joined) {
            let energy = energy(spectrum);
            (*least, *most) = (least.min(energy), most.max(energy));
            is_alike &= *most < GROUP_RATIO * *least;
        }
        if is_alike {
            groups[count - 1] += 1;
            spans = joined;
        } else {
            groups[count] = 1;
            count += 1;
            for (spectrum, span) in spectra.iter().zip(&mut spans) {
                *span = (energy(spectrum), energy(spectrum));
            }
        }
    }
    (groups, count)
}
