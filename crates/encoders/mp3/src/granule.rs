//! One channel of a granule: its spectrum in bands, the allowed noise of each band, and coding at a
//! noise offset.

use reelwright_psychoacoustics::{NoiseAllocation, search_gain};

use crate::config::Effort;
use crate::filterbank::BlockType;
use crate::huffman::{Cuts, Huffman, Regions};
use crate::quantizer::{GAINS, Quantizer};
use crate::scalefactors::{Coding, LONG_FACTORS, MAX_FACTORS, SHORT_FACTORS, first_high};
use crate::tables::{LINES, LONG_BANDS, MAX_BANDS, MAX_PART2_3, PRETAB, Rate, SHORT_BANDS};

/// Number of bits below which `code` searches a smaller noise offset after it had to raise it.
const FULL_GRANULE: u32 = MAX_PART2_3 - MAX_PART2_3 / 8;
/// Noise offset in dB at which a granule is silent.
const SILENCE: f32 = 250.0;

/// Distance below the masking threshold at which noise becomes white, in dB.
const WHITE_AT: f32 = 12.0;
/// Maximum by which one band of a short block may lower global_gain beyond the range of
/// scalefactors.
const MOST_DRAG: u8 = 12;
/// Maximum excess of the gain of the bands without scalefactors. Their gain is global_gain, which
/// affects all other bands.
const LAST_BAND_SLACK: u8 = 2;

/// Quantizer and entropy coder of all granules.
pub(crate) struct Tools {
    pub(crate) rate: Rate,
    pub(crate) quantizer: Quantizer,
    pub(crate) huffman: Huffman,
}

/// Side information and main data of one channel of a granule.
#[derive(Clone)]
pub(crate) struct Coded {
    pub(crate) block_type: BlockType,
    pub(crate) global_gain: u32,
    pub(crate) scalefac_scale: bool,
    pub(crate) preflag: bool,
    pub(crate) subblock_gain: [u32; 3],
    pub(crate) scalefactors: [u8; MAX_BANDS],
    pub(crate) scalefactor_coding: Coding,
    pub(crate) regions: Regions,
    /// Quantized magnitudes.
    pub(crate) values: [u16; LINES],
}

impl Default for Coded {
    fn default() -> Self {
        Self {
            block_type: BlockType::Long,
            global_gain: 0,
            scalefac_scale: false,
            preflag: false,
            subblock_gain: [0; 3],
            scalefactors: [0; MAX_BANDS],
            scalefactor_coding: Coding::default(),
            regions: Regions::default(),
            values: [0; LINES],
        }
    }
}

impl Coded {
    /// Returns part2_3_length.
    pub(crate) fn bits(&self) -> u32 {
        self.scalefactor_coding.bits + self.regions.bits
    }
}

/// One channel of a granule, and the state of its coding.
pub(crate) struct Granule {
    block_type: BlockType,
    /// Lines in bitstream order.
    lines: [f32; LINES],
    magnitudes: [f32; LINES],
    powers: [f32; LINES],
    bands: usize,
    /// First line of each band in bitstream order, then the end.
    starts: [u16; MAX_BANDS + 1],
    allocation: NoiseAllocation<MAX_BANDS>,
    /// Sum of the square roots of the magnitudes in each band.
    roots: [f32; MAX_BANDS],
    least_gains: [u8; MAX_BANDS],
    /// Cache of the noise of each band and gain. Unknown entries are negative.
    noise: Box<[[f32; GAINS]; MAX_BANDS]>,
    /// Gain of each band that the last search found.
    gains: [Option<u8>; MAX_BANDS],
}

/// Distance of the noise from the masking threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NoiseOffset {
    /// Distance in dB.
    pub(crate) db: f32,
}

impl Granule {
    pub(crate) fn new() -> Self {
        Self {
            block_type: BlockType::Long,
            lines: [0.0; LINES],
            magnitudes: [0.0; LINES],
            powers: [0.0; LINES],
            bands: 0,
            starts: [0; MAX_BANDS + 1],
            allocation: NoiseAllocation::new(WHITE_AT),
            roots: [0.0; MAX_BANDS],
            least_gains: [0; MAX_BANDS],
            noise: vec![[0.0; GAINS]; MAX_BANDS].try_into().expect("as many as there are bands"),
            gains: [None; MAX_BANDS],
        }
    }

    /// Loads a spectrum in the filter bank's order.
    pub(crate) fn load(&mut self, tools: &Tools, block_type: BlockType, spectrum: &[f32; LINES]) {
        self.block_type = block_type;
        if block_type == BlockType::Short {
            self.bands = 3 * SHORT_BANDS;
            let mut next = 0;
            for (band, edges) in tools.rate.short.windows(2).enumerate() {
                for window in 0..3 {
                    self.starts[3 * band + window] = next as u16;
                    for line in edges[0]..edges[1] {
                        self.lines[next] = spectrum[3 * usize::from(line) + window];
                        next += 1;
                    }
                }
            }
            self.starts[MAX_BANDS] = LINES as u16;
        } else {
            self.bands = LONG_BANDS;
            self.lines.copy_from_slice(spectrum);
            self.starts[..=LONG_BANDS].copy_from_slice(tools.rate.long);
        }
        tools.quantizer.prepare(&self.lines, &mut self.magnitudes, &mut self.powers);
        for band in 0..self.bands {
            let range = self.range(band);
            let (mut energy, mut roots, mut max) = (0.0f32, 0.0f32, 0.0f32);
            for (x, power) in self.magnitudes[range.clone()].iter().zip(&self.powers[range]) {
                energy += x * x;
                roots += x.sqrt();
                max = max.max(*power);
            }
            self.allocation.energies[band] = energy;
            self.roots[band] = roots;
            self.least_gains[band] = tools.quantizer.least_gain(max) as u8;
        }
        self.noise[..self.bands].fill([-1.0; GAINS]);
        self.gains = [None; MAX_BANDS];
    }

    fn range(&self, band: usize) -> std::ops::Range<usize> {
        usize::from(self.starts[band])..usize::from(self.starts[band + 1])
    }

    /// Returns the spectrum in bitstream order.
    pub(crate) fn lines(&self) -> &[f32; LINES] {
        &self.lines
    }

    /// Sets the allowed noise of each band. Bands of short blocks have the index `3 * band +
    /// window`.
    pub(crate) fn allow(&mut self, allowed: &[f32; MAX_BANDS]) {
        self.allocation.allowed = *allowed;
        let starts = &self.starts;
        self.allocation.prepare(self.bands, |band| usize::from(starts[band + 1] - starts[band]));
    }

    fn noise(&mut self, tools: &Tools, band: usize, gain: usize) -> f32 {
        let known = self.noise[band][gain];
        if known >= 0.0 {
            return known;
        }
        let range = self.range(band);
        let noise =
            tools.quantizer.noise(&self.magnitudes[range.clone()], &self.powers[range], gain);
        self.noise[band][gain] = noise;
        noise
    }

    /// Returns the largest gain of a band whose noise is at most `target`, or `None` if the band
    /// needs no coding.
    fn gain(&mut self, tools: &Tools, band: usize, target: f32) -> Option<u8> {
        if self.allocation.energies[band] <= target {
            return None;
        }
        let least = usize::from(self.least_gains[band]);
        let start = match self.gains[band] {
            Some(gain) => usize::from(gain),
            None => tools.quantizer.estimate_gain(target, self.roots[band]).max(least),
        };
        let gain = search_gain(start, least, GAINS, target, |gain| self.noise(tools, band, gain));
        self.gains[band] = Some(gain as u8);
        Some(gain as u8)
    }

    /// Codes the granule at a noise offset, within the maximum of part2_3_length. Returns the
    /// number of bits.
    pub(crate) fn code(
        &mut self,
        tools: &Tools,
        offset: NoiseOffset,
        effort: Effort,
        coded: &mut Coded,
    ) -> u32 {
        let mut db = offset.db;
        // A noise offset with too many bits, and one that fits.
        let (mut fine, mut coarse) = (f32::NEG_INFINITY, f32::INFINITY);
        loop {
            self.code_once(tools, NoiseOffset { db }, effort, coded);
            let bits = coded.bits();
            if bits > MAX_PART2_3 {
                fine = db;
                db = if coarse == f32::INFINITY || coarse <= fine {
                    coarse = f32::INFINITY;
                    // A hundred bits correspond to about 1 dB for all lines. The step is limited,
                    // because the maximum is high.
                    fine + ((bits - MAX_PART2_3) as f32 * 0.005 + 0.5).min(24.0)
                } else if coarse - fine < 1.0 {
                    coarse
                } else {
                    0.5 * (fine + coarse)
                };
            } else if fine == f32::NEG_INFINITY || db - fine < 1.0 || bits >= FULL_GRANULE {
                return bits;
            } else {
                coarse = db;
                db = 0.5 * (fine + coarse);
            }
        }
    }

    fn code_once(&mut self, tools: &Tools, offset: NoiseOffset, effort: Effort, coded: &mut Coded) {
        let factor = libm::exp2f(offset.db * (std::f32::consts::LOG2_10 / 10.0));
        let mut gains = [None; MAX_BANDS];
        // Above, all bands are silent, so that every search ends here.
        if offset.db < SILENCE {
            for (band, gain) in gains.iter_mut().enumerate().take(self.bands) {
                *gain = self.gain(tools, band, self.allocation.target(band, factor));
            }
        }
        self.code_with(tools, &gains, 0, effort, coded);
        if effort == Effort::Best {
            // Scalefactors have twice the unit of global_gain, so another global_gain may fit other
            // bands better.
            for lower in 1..=2 {
                let mut other = coded.clone();
                self.code_with(tools, &gains, lower, effort, &mut other);
                if other.bits() < coded.bits() {
                    *coded = other;
                }
            }
        }
    }

    /// Codes the granule with at most these gains. `lower` reduces global_gain further.
    fn code_with(
        &self,
        tools: &Tools,
        gains: &[Option<u8>; MAX_BANDS],
        lower: i32,
        effort: Effort,
        coded: &mut Coded,
    ) {
        let (short, mpeg1) = (self.block_type == BlockType::Short, tools.rate.is_mpeg1());
        coded.block_type = self.block_type;
        if short {
            self.fit_short(gains, lower, coded);
        } else {
            self.fit_long(gains, lower, mpeg1, coded);
        }
        for (band, gain) in gains.iter().enumerate().take(self.bands) {
            let range = self.range(band);
            let coded_gain = gain_of(coded, band);
            let values = &mut coded.values[range.clone()];
            match gain {
                None => values.fill(0),
                Some(_) => tools.quantizer.quantize(&self.powers[range], coded_gain, values),
            }
        }
        let cuts = match self.block_type {
            BlockType::Long => Cuts::Bands(tools.rate.long),
            BlockType::Short => Cuts::Fixed(3 * usize::from(tools.rate.short[3])),
            _ => Cuts::Fixed(tools.rate.long[8].into()),
        };
        coded.regions = tools.huffman.count(&coded.values, cuts, effort != Effort::Fast);
        if coded.regions.bits == 0 {
            coded.scalefactors = [0; MAX_BANDS];
        }
        coded.scalefactor_coding = Coding::shortest(&coded.scalefactors, short, mpeg1);
    }

    /// Finds global_gain and scalefactors that give each band of a long block at most its gain.
    fn fit_long(
        &self,
        gains: &[Option<u8>; MAX_BANDS],
        lower: i32,
        mpeg1: bool,
        coded: &mut Coded,
    ) {
        coded.subblock_gain = [0; 3];
        coded.scalefactors = [0; MAX_BANDS];
        (coded.preflag, coded.scalefac_scale) = (false, false);
        // Gains are relative to the highest one. The last band has no scalefactor and uses
        // global_gain.
        let highest = gains[..LONG_FACTORS].iter().flatten().copied().max();
        let last = gains[LONG_FACTORS];
        let Some(highest) = highest.or(last) else {
            coded.global_gain = 0;
            return;
        };
        let mut global = i32::from(
            last.map_or(highest, |last| highest.min(last.saturating_add(LAST_BAND_SLACK))),
        );
        // Below this gain, some value would be too large for the codes.
        let coded_bands = (0..LONG_BANDS).filter(|&band| gains[band].is_some());
        let least = coded_bands.map(|band| i32::from(self.least_gains[band])).max().unwrap_or(0);
        global = (global - lower).max(least);
        // Maximum reduction by scalefactors, with and without preflag and scalefac_scale.
        let reach = |band: usize, preflag: bool, unit: i32| {
            let pre = if preflag { i32::from(PRETAB[band]) } else { 0 };
            unit * (i32::from(MAX_FACTORS[usize::from(band >= first_high(false))]) + pre)
        };
        let bands = || (0..LONG_FACTORS).filter_map(|band| Some((band, i32::from(gains[band]?))));
        let lack = |preflag: bool, unit: i32| {
            bands()
                .map(|(band, gain)| global - gain - reach(band, preflag, unit))
                .max()
                .unwrap_or(0)
        };
        let preflag_helps =
            mpeg1 && bands().all(|(band, gain)| global - gain >= 2 * i32::from(PRETAB[band]));
        let (preflag, unit) =
            if lack(preflag_helps, 2) <= 0 { (preflag_helps, 2) } else { (false, 4) };
        global = (global - lack(preflag, unit).max(0)).max(least);
        coded.global_gain = global as u32;
        (coded.preflag, coded.scalefac_scale) = (preflag, unit == 4);
        for band in 0..LONG_FACTORS {
            let Some(gain) = gains[band] else { continue };
            let pre = if preflag { i32::from(PRETAB[band]) } else { 0 };
            let need = (global - i32::from(gain)).max(0);
            let most = (global - i32::from(self.least_gains[band])) / unit;
            let factor = ((need + unit - 1) / unit).min(most) - pre;
            let limit = MAX_FACTORS[usize::from(band >= first_high(false))];
            coded.scalefactors[band] = factor.clamp(0, limit.into()) as u8;
        }
    }

    /// Does the same as the function above for a short block, with subblock_gain.
    fn fit_short(&self, gains: &[Option<u8>; MAX_BANDS], lower: i32, coded: &mut Coded) {
        coded.scalefactors = [0; MAX_BANDS];
        (coded.preflag, coded.scalefac_scale) = (false, false);
        coded.subblock_gain = [0; 3];
        let Some(highest) = gains.iter().flatten().copied().max() else {
            coded.global_gain = 0;
            return;
        };
        let gains = &within_reach(gains);
        let mut global = i32::from(highest);
        let of_window = |window: usize| {
            (window..MAX_BANDS).step_by(3).filter_map(|band| Some((band, i32::from(gains[band]?))))
        };
        // The last bands have no scalefactors and use the gain of their window.
        for window in 0..3 {
            let Some(highest) = of_window(window).map(|(_, gain)| gain).max() else { continue };
            let last = gains[SHORT_FACTORS + window]
                .map_or(highest, |last| highest.min(i32::from(last) + i32::from(LAST_BAND_SLACK)));
            coded.subblock_gain[window] = ((global - last) / 8).clamp(0, 7) as u32;
        }
        let base = |global: i32, coded: &Coded, window: usize| {
            global - 8 * coded.subblock_gain[window] as i32
        };
        let lack = |unit: i32, coded: &Coded| {
            (0..3)
                .flat_map(|window| {
                    let base = base(global, coded, window);
                    of_window(window).map(move |(band, gain)| {
                        let reach = match band {
                            SHORT_FACTORS.. => 0,
                            _ => i32::from(MAX_FACTORS[usize::from(band >= first_high(true))]),
                        };
                        let wanted = match band {
                            SHORT_FACTORS.. => gain + i32::from(LAST_BAND_SLACK),
                            _ => gain,
                        };
                        base - wanted - unit * reach
                    })
                })
                .max()
                .unwrap_or(0)
        };
        let unit = if lack(2, coded) <= 0 { 2 } else { 4 };
        global -= lack(unit, coded).max(0) + lower;
        // Below this gain, some value would be too large for the codes.
        let coded_bands = (0..MAX_BANDS).filter(|&band| gains[band].is_some());
        let least = coded_bands.map(|band| {
            i32::from(self.least_gains[band]) + 8 * coded.subblock_gain[band % 3] as i32
        });
        global = global.max(least.max().unwrap_or(0));
        if global > i32::from(u8::MAX) {
            global -= 8 * 7;
            coded.subblock_gain = [0; 3];
        }
        coded.global_gain = global as u32;
        coded.scalefac_scale = unit == 4;
        for band in 0..SHORT_FACTORS {
            let Some(gain) = gains[band] else { continue };
            let base = base(global, coded, band % 3);
            let need = (base - i32::from(gain)).max(0);
            let most = (base - i32::from(self.least_gains[band])) / unit;
            let limit = MAX_FACTORS[usize::from(band >= first_high(true))];
            coded.scalefactors[band] =
                ((need + unit - 1) / unit).min(most).clamp(0, limit.into()) as u8;
        }
    }
}

/// Raises the gains of a short block's bands that would lower global_gain too far. A band that is
/// almost masked by a tone would otherwise take most bits of the block, for finer noise in all
/// others.
fn within_reach(gains: &[Option<u8>; MAX_BANDS]) -> [Option<u8>; MAX_BANDS] {
    let mut reachable = *gains;
    let highest = gains.iter().flatten().copied().max().unwrap_or(0);
    for window in 0..3 {
        let of_window = gains.iter().skip(window).step_by(3).flatten();
        let Some(highest_here) = of_window.copied().max() else { continue };
        let base = highest_here.max(highest.saturating_sub(8 * 7));
        for (band, gain) in reachable.iter_mut().enumerate().skip(window).step_by(3) {
            let reach = match band {
                SHORT_FACTORS.. => 0,
                _ => 4 * MAX_FACTORS[usize::from(band >= first_high(true))],
            };
            if let Some(gain) = gain {
                *gain = (*gain).max(base.saturating_sub(reach + MOST_DRAG));
            }
        }
    }
    reachable
}

/// Returns the coded gain of a band.
fn gain_of(coded: &Coded, band: usize) -> usize {
    let short = coded.block_type == BlockType::Short;
    let unit = if coded.scalefac_scale { 4 } else { 2 };
    let factors = if short { SHORT_FACTORS } else { LONG_FACTORS };
    let pre = if coded.preflag && !short { PRETAB[band] } else { 0 };
    let factor = if band < factors { coded.scalefactors[band] + pre } else { 0 };
    let subblock = if short { 8 * coded.subblock_gain[band % 3] } else { 0 };
    coded.global_gain.saturating_sub(unit * u32::from(factor) + subblock) as usize
}
