//! Encoding of one block of samples as one frame.

use fearless_simd::Level;

use crate::config::{Config, MAX_STEREO_BITS, OrderSearch, Prediction, Stereo};
use crate::crc::crc16;
use crate::frame::{ChannelMode, FrameHeader, MAX_HEADER_BYTES};
use crate::kernels::{
    LEAD, MAX_FIXED_ORDER, MAX_ORDER, RunCost, apply_window, autocorrelation, bits_and_peak,
    fixed_costs, mid_side, residual_narrow, residual_wide, stereo_costs,
};
use crate::lpc::{Predictors, Quantized, Window};
use crate::rice::{RicePlan, RiceScratch, estimate};
use reelwright_core::helpers::bits::BitWriter;

/// Maximum bits per sample that `stereo_costs` can sum.
const MAX_STEREO_COST_BITS: u32 = 27;
/// Maximum peak that `fixed_costs` can sum: a fourth difference is up to 16 times as large.
const MAX_FIXED_COST_PEAK: u32 = (1 << 27) - 1;

/// Subframe type (RFC 9639 §9.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Constant,
    Verbatim,
    Fixed,
    Linear,
}

/// Samples of a channel, and the smallest coding found so far.
#[derive(Debug)]
struct Subframe {
    /// Samples, shifted right by the wasted bits.
    samples: Vec<i32>,
    wasted_bits: u32,
    /// Bits per sample without the wasted bits.
    bits_per_sample: u32,
    peak: u32,
    kind: Kind,
    predictor: Quantized,
    residual: Vec<i32>,
    plan: RicePlan,
    /// Number of bits that [`write`](Self::write) writes.
    bits: u64,
}

impl Default for Subframe {
    fn default() -> Self {
        Self {
            samples: Vec::new(),
            wasted_bits: 0,
            bits_per_sample: 0,
            peak: 0,
            kind: Kind::Verbatim,
            predictor: Quantized::new(&[], 1),
            residual: Vec::new(),
            plan: RicePlan::default(),
            bits: 0,
        }
    }
}

/// Buffers that searches reuse.
#[derive(Debug, Default)]
struct Scratch {
    residual: Vec<i32>,
    plan: RicePlan,
    rice: RiceScratch,
    /// [`LEAD`] zeros, the windowed samples, and zeros up to a multiple of 4.
    windowed: Vec<f64>,
    /// Samples as floats, for products with coefficients that need more than 32 bits.
    wide: Vec<f64>,
    predictors: Predictors,
}

/// Encodes blocks independently of each other.
#[derive(Debug)]
pub(crate) struct BlockEncoder {
    config: Config,
    level: Level,
    /// Windows for blocks of `windows_for` samples.
    windows: Vec<Window>,
    windows_for: usize,
    channels: Vec<Subframe>,
    mid: Subframe,
    side: Subframe,
    scratch: Scratch,
    frame: BitWriter,
}

impl BlockEncoder {
    pub(crate) fn new(config: Config, level: Level) -> Self {
        Self {
            level,
            windows: Vec::new(),
            windows_for: 0,
            channels: (0..config.channels).map(|_| Subframe::default()).collect(),
            mid: Subframe::default(),
            side: Subframe::default(),
            scratch: Scratch::default(),
            frame: BitWriter::default(),
            config,
        }
    }

    /// Appends the frame of a block to `out`. All `planes` have the same number of samples, from 1
    /// to 65,535.
    pub(crate) fn encode(&mut self, planes: &[Vec<i32>], number: u32, out: &mut Vec<u8>) {
        let block = planes[0].len();
        if self.windows_for != block && self.config.prediction == Prediction::Linear {
            self.windows = Window::subdivided(block, self.config.window_parts);
            self.windows_for = block;
        }
        let mode = self.choose(planes);

        let subframes: [&Subframe; 2];
        let coded: &mut dyn Iterator<Item = &Subframe> = match mode {
            ChannelMode::Independent => &mut self.channels.iter(),
            _ => {
                subframes = match mode {
                    ChannelMode::LeftSide => [&self.channels[0], &self.side],
                    ChannelMode::SideRight => [&self.side, &self.channels[1]],
                    _ => [&self.mid, &self.side],
                };
                &mut subframes.into_iter()
            }
        };
        // A subframe is at most as long as verbatim samples with one extra bit each.
        let bits = self.config.bits_per_sample as usize + 1;
        let room = MAX_HEADER_BYTES + self.config.channels * (8 + (block * bits).div_ceil(8)) + 2;
        let frame = &mut self.frame;
        frame.start(room);
        let header = FrameHeader {
            number,
            block_size: block,
            sample_rate: self.config.sample_rate,
            channels: self.config.channels,
            mode,
            bits_per_sample: self.config.bits_per_sample,
        };
        header.write(frame);
        for subframe in coded {
            subframe.write(self.level, frame);
        }
        frame.align();
        let crc = crc16(frame.bytes());
        frame.put(u64::from(crc), 16);
        out.extend_from_slice(frame.bytes());
    }

    /// Finds the coding of each channel, and of mid and side if the configuration allows them.
    fn choose(&mut self, planes: &[Vec<i32>]) -> ChannelMode {
        use ChannelMode::{Independent, LeftSide, MidSide, SideRight};
        let bits = self.config.bits_per_sample;
        let stereo = match self.config.stereo {
            _ if planes.len() != 2 || bits > MAX_STEREO_BITS => Stereo::Always(Independent),
            Stereo::Estimate if bits <= MAX_STEREO_COST_BITS => {
                Stereo::Always(self.estimate_mode(&planes[0], &planes[1]))
            }
            Stereo::Estimate => Stereo::Search,
            other => other,
        };
        let wanted = |mode: ChannelMode| stereo == Stereo::Search || stereo == Stereo::Always(mode);
        if wanted(LeftSide) || wanted(SideRight) || wanted(MidSide) {
            let (mid, side) = (&mut self.mid.samples, &mut self.side.samples);
            mid_side(self.level, &planes[0], &planes[1], mid, side);
            self.search(Target::Side).start(bits + 1);
        }
        if wanted(MidSide) {
            self.search(Target::Mid).start(bits);
        }
        for (channel, plane) in planes.iter().enumerate() {
            let partner = if channel == 0 { LeftSide } else { SideRight };
            if wanted(Independent) || wanted(partner) {
                self.channels[channel].samples.clear();
                self.channels[channel].samples.extend_from_slice(plane);
                self.search(Target::Channel(channel)).start(bits);
            }
        }
        let mode = match stereo {
            Stereo::Always(mode) => mode,
            _ => {
                let (left, right) = (self.channels[0].bits, self.channels[1].bits);
                let (mid, side) = (self.mid.bits, self.side.bits);
                cheapest([left + right, left + side, side + right, mid + side])
            }
        };
        let targets = match mode {
            Independent => {
                for channel in 0..planes.len() {
                    self.search(Target::Channel(channel)).finish();
                }
                return mode;
            }
            LeftSide => [Target::Channel(0), Target::Side],
            SideRight => [Target::Side, Target::Channel(1)],
            MidSide => [Target::Mid, Target::Side],
        };
        for target in targets {
            self.search(target).finish();
        }
        mode
    }

    /// Estimates the mode with the fewest bits.
    fn estimate_mode(&self, left: &[i32], right: &[i32]) -> ChannelMode {
        let peak = bits_and_peak(self.level, left).1.max(bits_and_peak(self.level, right).1);
        // Twice the amplitude costs one more bit per sample.
        let [left, right, mid, side] = stereo_costs(self.level, left, right, peak)
            .map(|sum| (libm::log2(sum as f64 + 1.0) * 1e6) as u64);
        cheapest([left + right, left + side, side + right, mid + side])
    }

    fn search(&mut self, target: Target) -> Search<'_> {
        Search {
            config: &self.config,
            level: self.level,
            windows: &self.windows,
            subframe: match target {
                Target::Channel(index) => &mut self.channels[index],
                Target::Mid => &mut self.mid,
                Target::Side => &mut self.side,
            },
            scratch: &mut self.scratch,
        }
    }
}

/// Returns the mode of the lowest cost. Order of costs: left and right, left and side, side and
/// right, mid and side.
fn cheapest(costs: [u64; 4]) -> ChannelMode {
    use ChannelMode::{Independent, LeftSide, MidSide, SideRight};
    [Independent, LeftSide, SideRight, MidSide]
        .into_iter()
        .zip(costs)
        .min_by_key(|(_, cost)| *cost)
        .map_or(Independent, |(mode, _)| mode)
}

/// Subframe to search.
#[derive(Clone, Copy)]
enum Target {
    Channel(usize),
    Mid,
    Side,
}

/// Search for the smallest coding of one channel.
struct Search<'a> {
    config: &'a Config,
    level: Level,
    windows: &'a [Window],
    subframe: &'a mut Subframe,
    scratch: &'a mut Scratch,
}

impl Search<'_> {
    /// Searches far enough to compare channels.
    fn start(mut self, bits_per_sample: u32) {
        self.measure(bits_per_sample);
        let samples = &self.subframe.samples;
        if samples.iter().all(|x| *x == samples[0]) {
            self.subframe.kind = Kind::Constant;
            self.subframe.bits = self.subframe.header_bits() + u64::from(bits_per_sample);
            return;
        }
        self.subframe.kind = Kind::Verbatim;
        self.subframe.bits = self.subframe.verbatim_bits();
        match self.config.prediction {
            Prediction::None => self.try_predictor(Kind::Fixed, fixed_predictor(0)),
            Prediction::Fixed => self.try_fixed(),
            Prediction::Linear => {
                if let Some(window) = self.windows.first() {
                    self.try_window(window);
                }
                self.try_fixed();
            }
        }
    }

    /// Continues the search if that can help, and counts the exact bits.
    fn finish(mut self) {
        if self.subframe.kind == Kind::Constant {
            return;
        }
        if self.config.prediction == Prediction::Linear {
            for window in self.windows.iter().skip(1) {
                self.try_window(window);
            }
        }
        let subframe = self.subframe;
        if matches!(subframe.kind, Kind::Fixed | Kind::Linear) {
            let order = subframe.predictor.order;
            let guess = subframe.plan.bits;
            subframe.plan.settle(self.level, &subframe.residual, order, &mut self.scratch.rice);
            subframe.bits = subframe.bits - guess + subframe.plan.bits;
            if subframe.bits >= subframe.verbatim_bits() {
                subframe.kind = Kind::Verbatim;
                subframe.bits = subframe.verbatim_bits();
            }
        }
    }

    /// Removes the wasted bits and finds the peak.
    fn measure(&mut self, bits_per_sample: u32) {
        let subframe = &mut *self.subframe;
        let (or, peak) = bits_and_peak(self.level, &subframe.samples);
        subframe.wasted_bits =
            if or == 0 { 0 } else { or.trailing_zeros().min(bits_per_sample - 1) };
        if subframe.wasted_bits > 0 {
            for x in &mut subframe.samples {
                *x >>= subframe.wasted_bits;
            }
        }
        subframe.bits_per_sample = bits_per_sample - subframe.wasted_bits;
        subframe.peak = peak >> subframe.wasted_bits;
    }

    /// Tries the fixed predictor with the best estimate, if it can improve on the current coding.
    fn try_fixed(&mut self) {
        let subframe = &*self.subframe;
        let orders =
            self.config.min_order.min(MAX_FIXED_ORDER)..=self.config.max_order.min(MAX_FIXED_ORDER);
        if subframe.peak > MAX_FIXED_COST_PEAK {
            return self.try_predictor(Kind::Fixed, fixed_predictor(*orders.end()));
        }
        let costs = fixed_costs(self.level, &subframe.samples, subframe.peak);
        let order = orders.min_by_key(|order| costs[*order]).unwrap_or(0);
        // Assumes one partition. More partitions save a few percent of it.
        let cost = RunCost { sum: 2 * costs[order], or: u32::MAX };
        let (_, bits) = estimate(cost, subframe.samples.len() as u64);
        if subframe.kind != Kind::Linear || bits - bits / 16 < subframe.bits {
            self.try_predictor(Kind::Fixed, fixed_predictor(order));
        }
    }

    /// Tries the linear predictors for the samples under a window.
    fn try_window(&mut self, window: &Window) {
        let used = window.weights.len();
        // A block that is not longer than the warm-up has nothing to predict.
        let max_order = self.config.max_order.min(MAX_ORDER).min(used.saturating_sub(1));
        let min_order = self.config.min_order.max(1);
        if min_order > max_order {
            return;
        }
        let windowed = &mut self.scratch.windowed;
        windowed.clear();
        windowed.resize((LEAD + used).next_multiple_of(4), 0.0);
        let samples = &self.subframe.samples[window.start..window.start + used];
        let inside = &mut windowed[LEAD..LEAD + used];
        apply_window(self.level, samples, &window.weights, inside);
        let mut sums = [0.0; MAX_ORDER + 1];
        autocorrelation(self.level, windowed, max_order, &mut sums);
        self.scratch.predictors.solve(&sums, max_order);
        let solved = self.scratch.predictors.orders();
        if solved < min_order {
            return;
        }
        match self.config.order_search {
            OrderSearch::Estimate => self.try_order(self.estimate_order(min_order, used)),
            OrderSearch::Levels(levels) => {
                let estimate = self.estimate_order(min_order, used);
                self.try_order(estimate);
                let mut last = estimate;
                for i in 1..=levels {
                    let order = min_order + (solved - min_order) * i / levels;
                    if order != estimate && order != last {
                        self.try_order(order);
                    }
                    last = order;
                }
            }
            OrderSearch::All => {
                for order in min_order..=solved {
                    self.try_order(order);
                }
            }
        }
    }

    /// Estimates the best order after a window of `used` samples.
    fn estimate_order(&self, min_order: usize, used: usize) -> usize {
        let bits_per_order = self.config.precision + self.subframe.bits_per_sample;
        let block = self.subframe.samples.len();
        self.scratch.predictors.best_order(min_order, used, block, bits_per_order)
    }

    fn try_order(&mut self, order: usize) {
        let coefficients = self.scratch.predictors.coefficients(order);
        let predictor = Quantized::new(coefficients, self.config.precision);
        self.try_predictor(Kind::Linear, predictor);
    }

    /// Uses the predictor if the estimated subframe is smaller.
    fn try_predictor(&mut self, kind: Kind, predictor: Quantized) {
        let block = self.subframe.samples.len();
        if predictor.order >= block || !self.residual(&predictor) {
            return;
        }
        let subframe = &mut *self.subframe;
        let scratch = &mut *self.scratch;
        scratch.plan.find(
            self.level,
            &scratch.residual,
            predictor.order,
            self.config.rice,
            &mut scratch.rice,
        );
        let order = predictor.order as u64;
        let mut bits = subframe.header_bits()
            + order * u64::from(subframe.bits_per_sample)
            + scratch.plan.bits;
        if kind == Kind::Linear {
            bits += 4 + 5 + order * u64::from(predictor.precision);
        }
        if bits < subframe.bits {
            (subframe.bits, subframe.kind, subframe.predictor) = (bits, kind, predictor);
            std::mem::swap(&mut subframe.plan, &mut scratch.plan);
            std::mem::swap(&mut subframe.residual, &mut scratch.residual);
        }
    }

    /// Computes the residual. Returns `false` if the format cannot code it.
    fn residual(&mut self, predictor: &Quantized) -> bool {
        let subframe = &*self.subframe;
        let out = &mut self.scratch.residual;
        let (coefficients, shift) = (predictor.coefficients(), predictor.shift);
        let largest_sum = u64::from(subframe.peak) * predictor.gain();
        let largest_residual = u64::from(subframe.peak) + (largest_sum >> shift) + 1;
        if largest_sum < 1 << 31 && largest_residual < 1 << 31 {
            residual_narrow(self.level, &subframe.samples, coefficients, shift, out);
            return true;
        }
        if largest_sum >= 1 << 53 {
            return false;
        }
        let wide = &mut self.scratch.wide;
        wide.clear();
        wide.extend(subframe.samples.iter().map(|&x| f64::from(x)));
        residual_wide(self.level, wide, coefficients, shift, out)
    }
}

/// Returns the fixed predictor of an order as integer coefficients (RFC 9639 §9.2.5, table 21).
fn fixed_predictor(order: usize) -> Quantized {
    const COEFFICIENTS: [&[f64]; MAX_FIXED_ORDER + 1] =
        [&[], &[1.0], &[2.0, -1.0], &[3.0, -3.0, 1.0], &[4.0, -6.0, 4.0, -1.0]];
    let mut predictor = Quantized::new(&[], 1);
    predictor.order = order;
    for (integer, c) in predictor.coefficients.iter_mut().zip(COEFFICIENTS[order]) {
        *integer = *c as i32;
    }
    predictor
}

impl Subframe {
    /// Bits of the subframe header: a zero, the type, and the wasted bits.
    fn header_bits(&self) -> u64 {
        8 + u64::from(self.wasted_bits)
    }

    fn verbatim_bits(&self) -> u64 {
        self.header_bits() + self.samples.len() as u64 * u64::from(self.bits_per_sample)
    }

    fn write(&self, level: Level, to: &mut BitWriter) {
        let order = self.predictor.order;
        let code = match self.kind {
            Kind::Constant => 0,
            Kind::Verbatim => 1,
            Kind::Fixed => 8 + order as u64,
            Kind::Linear => 32 + order as u64 - 1,
        };
        to.put(code << 1 | u64::from(self.wasted_bits > 0), 8);
        if self.wasted_bits > 0 {
            to.put_unary(u64::from(self.wasted_bits) - 1);
        }
        let plain = match self.kind {
            Kind::Constant => 1,
            Kind::Verbatim => self.samples.len(),
            Kind::Fixed | Kind::Linear => order,
        };
        for &x in &self.samples[..plain] {
            to.put_signed(i64::from(x), self.bits_per_sample);
        }
        if self.kind == Kind::Linear {
            to.put(u64::from(self.predictor.precision) - 1, 4);
            to.put(u64::from(self.predictor.shift), 5);
            for &c in self.predictor.coefficients() {
                to.put_signed(i64::from(c), self.predictor.precision);
            }
        }
        if matches!(self.kind, Kind::Fixed | Kind::Linear) {
            self.plan.write(level, &self.residual, order, to);
        }
    }
}
