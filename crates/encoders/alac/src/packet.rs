//! Packets of elements. Each element is compressed, or verbatim if that is shorter.

use reelwright_core::helpers::bits::BitWriter;

use crate::config::{Config, Element, elements};
use crate::golomb;
use crate::predictor::{self, Coefficients, MAX_ORDER, SHIFT};

/// Samples per channel in every packet but the last.
pub(crate) const FRAME_SIZE: usize = 4096;

/// Fraction bits of the weight that mixes two channels.
const MIX_BITS: u32 = 2;

/// Tag that ends a packet.
const END: u64 = 7;

/// Prediction orders to try.
const ORDERS: [usize; 2] = [4, MAX_ORDER];

/// Writes packets and keeps the state between them.
pub(crate) struct Packets {
    config: Config,
    channels: Vec<Channel>,
    writer: BitWriter,
}

/// A channel, or one of the two mixed channels of a pair.
#[derive(Clone)]
struct Channel {
    /// Samples to code: mixed and without their low bits.
    samples: Vec<i32>,
    trials: [Trial; ORDERS.len()],
    /// Index of the shortest trial.
    best: usize,
}

/// Prediction of one order.
#[derive(Clone)]
struct Trial {
    /// Coefficients at the start of the packet.
    before: Coefficients,
    /// Coefficients at the end of the packet.
    after: Coefficients,
    residual: Vec<i32>,
}

impl Packets {
    pub(crate) fn new(config: Config, channels: usize) -> Self {
        let trial = Trial {
            before: predictor::INITIAL,
            after: predictor::INITIAL,
            residual: Vec::with_capacity(FRAME_SIZE),
        };
        let channel = Channel {
            samples: Vec::with_capacity(FRAME_SIZE),
            trials: std::array::from_fn(|_| trial.clone()),
            best: 0,
        };
        Self { config, channels: vec![channel; channels], writer: BitWriter::default() }
    }

    /// Encodes planes of samples, each of [`Config::bits`] bits. Returns the packet.
    pub(crate) fn encode(&mut self, planes: &[Vec<i32>]) -> &[u8] {
        let samples = planes[0].len();
        // An element is at most as long as its verbatim samples and headers.
        self.writer.start(samples * planes.len() * 4 + 1024);
        let (mut singles, mut pairs, mut low) = (0, 0, 0);
        for element in elements(planes.len()) {
            let (tag, instance) = match element {
                Element::Single(_) => (0, &mut singles),
                Element::Pair(..) => (1, &mut pairs),
                Element::LowFrequency(_) => (3, &mut low),
            };
            self.writer.put(tag, 3);
            self.writer.put(*instance, 4);
            *instance += 1;
            match *element {
                Element::Single(c) | Element::LowFrequency(c) => self.element(&[c], planes),
                Element::Pair(left, right) => self.element(&[left, right], planes),
            }
        }
        self.writer.put(END, 3);
        self.writer.align();
        self.writer.bytes()
    }

    /// Writes one channel or a pair.
    fn element(&mut self, indices: &[usize], planes: &[Vec<i32>]) {
        let Config { bits: all_bits, level } = self.config;
        let samples = planes[indices[0]].len();
        let low_bits = if all_bits > 20 { 8 * (all_bits / 8 - 2) } else { 0 };
        // A difference of two channels needs one more bit.
        let bits = all_bits - low_bits + (indices.len() as u32 - 1);

        let mut weight = 0;
        if let [left, right] = *indices {
            weight = best_weight(&planes[left], &planes[right], low_bits, level);
            mix_planes(&planes[left], &planes[right], low_bits, weight, |l, r| {
                self.channels[left].samples.push(l);
                self.channels[right].samples.push(r);
            });
        } else {
            let plane = planes[indices[0]].iter().map(|sample| sample >> low_bits);
            self.channels[indices[0]].samples.extend(plane);
        }
        let orders = if level == 0 { 1 } else { ORDERS.len() };
        let mut size = u64::from(low_bits) * (samples * indices.len()) as u64;
        for index in indices {
            size += self.channels[*index].predict(orders, bits);
        }
        let is_verbatim = size >= u64::from(all_bits) * (samples * indices.len()) as u64;

        let writer = &mut self.writer;
        let is_partial = samples != FRAME_SIZE;
        writer.put(0, 12);
        writer.put(is_partial.into(), 1);
        writer.put(if is_verbatim { 0 } else { u64::from(low_bits / 8) }, 2);
        writer.put(is_verbatim.into(), 1);
        if is_partial {
            writer.put(samples as u64, 32);
        }
        if is_verbatim {
            for sample in interleaved(planes, indices) {
                writer.put_signed(sample.into(), all_bits);
            }
        } else {
            writer.put(if indices.len() == 2 { MIX_BITS.into() } else { 0 }, 8);
            writer.put(weight as u64, 8);
            for index in indices {
                self.channels[*index].write_header(writer);
            }
            if low_bits > 0 {
                let mask = (1u64 << low_bits) - 1;
                for sample in interleaved(planes, indices) {
                    writer.put(sample as u64 & mask, low_bits);
                }
            }
            for index in indices {
                let channel = &mut self.channels[*index];
                golomb::encode(&channel.trials[channel.best].residual, bits, writer);
                for trial in &mut channel.trials[..orders] {
                    trial.before = trial.after;
                }
            }
        }
        for index in indices {
            self.channels[*index].samples.clear();
        }
    }
}

impl Channel {
    /// Predicts with the first `orders` orders and selects the shortest trial. Returns its number
    /// of bits.
    fn predict(&mut self, orders: usize, bits: u32) -> u64 {
        let mut least = u64::MAX;
        for (i, (trial, order)) in self.trials[..orders].iter_mut().zip(ORDERS).enumerate() {
            trial.after = trial.before;
            let Trial { after, residual, .. } = trial;
            match order {
                4 => predictor::residual::<4>(&self.samples, bits, after, residual),
                _ => predictor::residual::<MAX_ORDER>(&self.samples, bits, after, residual),
            }
            let mut size = 16 * (order as u64 + 1);
            golomb::encode(residual, bits, &mut size);
            if size < least {
                (self.best, least) = (i, size);
            }
        }
        least
    }

    fn write_header(&self, writer: &mut BitWriter) {
        let order = ORDERS[self.best];
        // Mode 0, fraction bits of the coefficients, and the usual adaptation speed of the mean.
        writer.put(SHIFT.into(), 8);
        writer.put(4 << 5 | order as u64, 8);
        for coefficient in &self.trials[self.best].before[..order] {
            writer.put_signed((*coefficient).into(), 16);
        }
    }
}

/// Interleaves the samples of some channels.
fn interleaved(planes: &[Vec<i32>], indices: &[usize]) -> impl Iterator<Item = i32> {
    let samples = planes[indices[0]].len();
    (0..samples).flat_map(move |i| indices.iter().map(move |index| planes[*index][i]))
}

/// Estimates the best weight of the left channel in the mixed mean, in quarters. 0 leaves the
/// channels unmixed.
fn best_weight(left: &[i32], right: &[i32], low_bits: u32, level: i32) -> i32 {
    let weights = match level {
        0 => &[0][..],
        1 => &[0, 2],
        _ => &[0, 1, 2, 3, 4],
    };
    let cost = |weight: i32| {
        let mut cost = 0u64;
        let mut last = [[0i32; 2]; 2];
        mix_planes(left, right, low_bits, weight, |u, v| {
            for (value, last) in [u, v].into_iter().zip(&mut last) {
                // The second difference approximates the prediction residual.
                let difference = value.wrapping_sub(last[0]);
                cost += u64::from(difference.wrapping_sub(last[1]).unsigned_abs());
                *last = [value, difference];
            }
        });
        cost
    };
    if weights.len() == 1 {
        return weights[0];
    }
    weights.iter().copied().min_by_key(|weight| cost(*weight)).expect("there are weights")
}

/// Passes the weighted mean and the difference of each pair of samples to `push`, or both samples
/// if `weight` is 0.
fn mix_planes(
    left: &[i32],
    right: &[i32],
    low_bits: u32,
    weight: i32,
    mut push: impl FnMut(i32, i32),
) {
    for (left, right) in left.iter().zip(right) {
        let (left, right) = (left >> low_bits, right >> low_bits);
        if weight == 0 {
            push(left, right);
        } else {
            let sum = weight * left + ((1 << MIX_BITS) - weight) * right;
            push(sum >> MIX_BITS, left - right);
        }
    }
}
