//! One channel of a frame: its spectrum in bands, the allowed noise of each band, and coding at a
//! noise offset.

use reelwright_core::helpers::bits::BitWriter;
use reelwright_psychoacoustics::{NoiseAllocation, search_gain};

use crate::bands::{LINES, MAX_BANDS, Rate};
use crate::huffman::{
    Costs, Huffman, choose, factor_bits, write_factor, write_sections, write_values,
};
use crate::layout::Layout;
use crate::quantizer::{GAINS, Powers, Quantizer};

/// Noise offset in dB at which a channel is silent.
const SILENCE: f32 = 250.0;
/// Distance below the masking threshold at which noise becomes white, in dB.
const WHITE_AT: f32 = 30.0;
/// Maximum difference of scale factors.
const REACH: u8 = 60;

/// Quantizer and entropy coder of all channels.
pub(crate) struct Tools {
    pub(crate) rate: Rate,
    pub(crate) quantizer: Quantizer,
    pub(crate) huffman: Huffman,
}

/// One channel of a frame, and the result of its last coding.
pub(crate) struct Stream {
    layout: Layout,
    /// Lines in bitstream order.
    pub(crate) lines: [f32; LINES],
    powers: Powers,
    pub(crate) noise: NoiseAllocation<MAX_BANDS>,
    /// Sum of the square roots of the magnitudes in each band.
    roots: [f32; MAX_BANDS],
    least_gains: [u8; MAX_BANDS],
    /// Gain of each band that the last search found.
    found: [Option<u8>; MAX_BANDS],

    values: [i16; LINES],
    costs: Box<[Costs; MAX_BANDS]>,
    /// Codebook of each band. An all-zero band has 0 or a neighbor's codebook.
    books: [u8; MAX_BANDS],
    /// Scale factor of each band.
    gains: [u8; MAX_BANDS],
    /// First band from which all bands of every group are zero.
    pub(crate) used_bands: usize,
    max_sfb: usize,
}

impl Stream {
    pub(crate) fn new(rate: &Rate) -> Self {
        Self {
            layout: Layout::new(rate),
            lines: [0.0; LINES],
            powers: Powers { powers: [0.0; LINES], roots: [0.0; LINES] },
            noise: NoiseAllocation::new(WHITE_AT),
            roots: [0.0; MAX_BANDS],
            least_gains: [0; MAX_BANDS],
            found: [None; MAX_BANDS],
            values: [0; LINES],
            costs: Box::new([Costs::default(); MAX_BANDS]),
            books: [0; MAX_BANDS],
            gains: [0; MAX_BANDS],
            used_bands: 0,
            max_sfb: 0,
        }
    }

    /// Loads a frame. The caller has set `lines` and `noise`.
    pub(crate) fn load(&mut self, tools: &Tools, layout: &Layout) {
        self.layout.clone_from(layout);
        tools.quantizer.prepare(&self.lines, &mut self.powers);
        for band in 0..layout.bands() {
            let range = layout.range(band);
            let roots = self.powers.roots[range.clone()].as_chunks::<4>().0;
            let powers = self.powers.powers[range].as_chunks::<4>().0;
            let (mut sums, mut largest) = ([0.0f32; 4], [0.0f32; 4]);
            for (root, power) in roots.iter().zip(powers) {
                for k in 0..4 {
                    sums[k] += root[k];
                    largest[k] = largest[k].max(power[k]);
                }
            }
            self.roots[band] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
            let largest = largest.into_iter().fold(0.0, f32::max);
            self.least_gains[band] = tools.quantizer.least_gain(largest) as u8;
        }
        self.found = [None; MAX_BANDS];
        self.noise.prepare(layout.bands(), |band| layout.range(band).len());
    }

    /// Returns the largest gain of a band whose noise is at most `target`, or `None` if the band
    /// needs no coding.
    fn gain(&mut self, tools: &Tools, band: usize, target: f32) -> Option<u8> {
        if self.noise.energies[band] <= target {
            return None;
        }
        let range = self.layout.range(band);
        let (powers, roots) = (&self.powers.powers[range.clone()], &self.powers.roots[range]);
        let noise = |gain: usize| tools.quantizer.noise(powers, roots, gain);
        let least = usize::from(self.least_gains[band]);
        let start = match self.found[band] {
            Some(gain) => usize::from(gain),
            None => tools.quantizer.estimate_gain(target, self.roots[band]).max(least),
        };
        let gain = search_gain(start, least, GAINS, target, noise);
        self.found[band] = Some(gain as u8);
        Some(gain as u8)
    }

    /// Quantizes all bands at a noise offset in dB.
    pub(crate) fn quantize(&mut self, tools: &Tools, offset: f32) {
        let factor = libm::exp2f(offset * (std::f32::consts::LOG2_10 / 10.0));
        let bands = self.layout.bands();
        let mut gains = [None; MAX_BANDS];
        // Above, all bands are silent, so that every search ends here.
        if offset < SILENCE {
            for (band, gain) in gains.iter_mut().enumerate().take(bands) {
                *gain = self.gain(tools, band, self.noise.target(band, factor));
            }
        }
        let highest = gains.iter().flatten().copied().max().unwrap_or(0);
        let lowest = highest.saturating_sub(REACH);
        self.used_bands = 0;
        let window_bands = self.layout.window_bands();
        for (band, gain) in gains.iter().enumerate().take(bands) {
            let range = self.layout.range(band);
            let values = &mut self.values[range.clone()];
            let mut largest = 0;
            if let Some(gain) = gain {
                let gain = (*gain).max(lowest);
                self.gains[band] = gain;
                let (lines, powers) = (&self.lines[range.clone()], &self.powers.powers[range]);
                largest = tools.quantizer.quantize(lines, powers, gain.into(), values);
            } else {
                values.fill(0);
            }
            self.costs[band] = tools.huffman.costs(values, largest);
            if largest > 0 {
                self.used_bands = self.used_bands.max(band % window_bands + 1);
            }
        }
    }

    /// Chooses codebooks for the first `max_sfb` bands of each group. Returns the bits of section
    /// data, scale factors and spectrum.
    pub(crate) fn section(&mut self, max_sfb: usize) -> u32 {
        self.max_sfb = max_sfb;
        let window_bands = self.layout.window_bands();
        let mut bits = 0;
        let is_zero = |band: &usize| self.costs[*band][0] == 0;
        let first = (0..self.layout.bands()).find(|band| !is_zero(band));
        let mut last = first.map_or(0, |band| self.gains[band]);
        for group in 0..self.layout.groups().len() {
            let bands = group * window_bands..group * window_bands + max_sfb;
            let costs = &self.costs[bands.clone()];
            bits += choose(costs, self.layout.is_short(), &mut self.books[bands.clone()]);
            for band in bands {
                if self.books[band] == 0 {
                    continue;
                }
                if is_zero(&band) {
                    // The band's cost already includes the bit for a difference of 0.
                    self.gains[band] = last;
                } else {
                    bits += factor_bits(i32::from(self.gains[band]) - i32::from(last));
                }
                last = self.gains[band];
            }
        }
        bits
    }

    /// Writes individual_channel_stream(). `info` writes ics_info.
    pub(crate) fn write(&self, bits: &mut BitWriter, info: impl FnOnce(&mut BitWriter)) {
        let bands = || {
            let window_bands = self.layout.window_bands();
            let groups = 0..self.layout.groups().len();
            groups.map(move |group| group * window_bands..group * window_bands + self.max_sfb)
        };
        let coded = || bands().flatten().filter(|&band| self.books[band] != 0);
        let global = coded().next().map_or(0, |band| self.gains[band]);
        bits.put(global.into(), 8);
        info(bits);
        for bands in bands() {
            write_sections(&self.books[bands], self.layout.is_short(), bits);
        }
        let mut last = global;
        for band in coded() {
            write_factor(i32::from(self.gains[band]) - i32::from(last), bits);
            last = self.gains[band];
        }
        // No pulse data, TNS or gain control.
        bits.put(0, 3);
        for band in coded() {
            write_values(self.books[band], &self.values[self.layout.range(band)], bits);
        }
    }
}
