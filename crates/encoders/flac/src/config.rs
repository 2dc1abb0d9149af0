//! Compression levels, and the options that override them.

use reelwright_core::{AudioEncoderRequest, Error, OptionInfo, Options, Result, SampleFormat};

use crate::frame::ChannelMode;
use crate::kernels::{MAX_FIXED_ORDER, MAX_ORDER};
use crate::rice::{MAX_PARTITION_ORDER, RiceSearch};

/// Maximum bits per sample for mid/side stereo. Differences of deeper samples need more than 32
/// bits.
pub(crate) const MAX_STEREO_BITS: u32 = 31;

const COMPRESSION_LEVEL: OptionInfo = OptionInfo::int(
    "compression_level",
    (0, 12),
    Some(5),
    "compression effort: 0 is fastest, 12 is smallest",
);
const LPC_TYPE: OptionInfo = OptionInfo::choice(
    "lpc_type",
    &[
        ("auto", "chosen by the compression level"),
        ("none", "no prediction"),
        ("fixed", "fixed predictors"),
        ("levinson", "linear predictors by Levinson-Durbin recursion"),
    ],
    "auto",
    "type of prediction",
);
const LPC_COEFF_PRECISION: OptionInfo = OptionInfo::int(
    "lpc_coeff_precision",
    (1, 15),
    None,
    "bits of a linear predictor's coefficient; by default chosen by block size and bit depth",
);
const MIN_PREDICTION_ORDER: OptionInfo =
    OptionInfo::int("min_prediction_order", (0, 32), None, "lowest prediction order");
const MAX_PREDICTION_ORDER: OptionInfo = OptionInfo::int(
    "max_prediction_order",
    (0, 32),
    None,
    "highest prediction order; at most 4 for fixed predictors",
);
const PREDICTION_ORDER_METHOD: OptionInfo = OptionInfo::choice(
    "prediction_order_method",
    &[
        ("auto", "chosen by the compression level"),
        ("estimation", "the order with the best estimate"),
        ("2level", "the best of two orders and the estimated one"),
        ("4level", "the same with four orders"),
        ("8level", "the same with eight orders"),
        ("search", "the best of all orders"),
    ],
    "auto",
    "search for a linear predictor's order",
);
const MIN_PARTITION_ORDER: OptionInfo = OptionInfo::int(
    "min_partition_order",
    (0, MAX_PARTITION_ORDER as i64),
    None,
    "minimum partition order: a block has 2^n partitions",
);
const MAX_PARTITION: OptionInfo = OptionInfo::int(
    "max_partition_order",
    (0, MAX_PARTITION_ORDER as i64),
    None,
    "maximum partition order: a block has 2^n partitions",
);
const CH_MODE: OptionInfo = OptionInfo::choice(
    "ch_mode",
    &[
        ("auto", "the mode with the smallest frame"),
        ("indep", "left and right"),
        ("left_side", "left and the difference"),
        ("right_side", "the difference and right"),
        ("mid_side", "the mean and the difference"),
    ],
    "auto",
    "stereo mode",
);
const FRAME_SIZE: OptionInfo = OptionInfo::int(
    "frame_size",
    (16, 65_535),
    None,
    "samples per block; by default about a tenth of a second",
);
const BITS_PER_RAW_SAMPLE: OptionInfo = OptionInfo::int(
    "bits_per_raw_sample",
    (4, 32),
    None,
    "bits kept of each sample, from the highest; by default 16 for s16 and 24 for s32",
);
const THREADS: OptionInfo =
    OptionInfo::int("threads", (0, 64), Some(1), "encoder threads; 0 is one per processor");
const THREAD_TYPE: OptionInfo = OptionInfo::choice(
    "thread_type",
    &[("frame", "each thread encodes separate blocks")],
    "frame",
    "threading method",
);

pub(crate) static OPTIONS: &[OptionInfo] = &[
    COMPRESSION_LEVEL,
    LPC_TYPE,
    LPC_COEFF_PRECISION,
    MIN_PREDICTION_ORDER,
    MAX_PREDICTION_ORDER,
    PREDICTION_ORDER_METHOD,
    MIN_PARTITION_ORDER,
    MAX_PARTITION,
    CH_MODE,
    FRAME_SIZE,
    BITS_PER_RAW_SAMPLE,
    THREADS,
    THREAD_TYPE,
];

/// Predictors to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prediction {
    /// Disables prediction.
    None,
    /// Fixed predictors.
    Fixed,
    /// Linear predictors, and fixed ones if their estimate is better.
    Linear,
}

/// Orders of a linear predictor to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderSearch {
    /// The order with the best estimate.
    Estimate,
    /// The estimated order, and this many evenly spaced orders.
    Levels(usize),
    /// All orders.
    All,
}

/// Choice of the stereo mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stereo {
    /// The mode with the best estimate.
    Estimate,
    /// The smallest mode, by encoding all.
    Search,
    /// A fixed mode.
    Always(ChannelMode),
}

/// Encoding parameters of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) sample_rate: u32,
    pub(crate) channels: usize,
    pub(crate) bits_per_sample: u32,
    /// Right shift of input samples to `bits_per_sample` bits.
    pub(crate) input_shift: u32,
    pub(crate) block_size: usize,
    pub(crate) prediction: Prediction,
    pub(crate) min_order: usize,
    pub(crate) max_order: usize,
    pub(crate) order_search: OrderSearch,
    pub(crate) precision: u32,
    /// Number of parts into which the windows divide a block.
    pub(crate) window_parts: usize,
    pub(crate) rice: RiceSearch,
    pub(crate) stereo: Stereo,
    pub(crate) threads: usize,
}

struct Level {
    prediction: Prediction,
    max_order: usize,
    order_search: OrderSearch,
    window_parts: usize,
    max_partition_order: u32,
    stereo: Stereo,
}

const fn level(
    prediction: Prediction,
    max_order: usize,
    order_search: OrderSearch,
    window_parts: usize,
    max_partition_order: u32,
    stereo: Stereo,
) -> Level {
    Level { prediction, max_order, order_search, window_parts, max_partition_order, stereo }
}

static LEVELS: [Level; 13] = {
    use OrderSearch::{All, Estimate, Levels};
    use Prediction::{Fixed, Linear};
    const EST: Stereo = Stereo::Estimate;
    const SEARCH: Stereo = Stereo::Search;
    [
        level(Fixed, 4, Estimate, 0, 3, EST),
        level(Fixed, 4, Estimate, 0, 5, EST),
        level(Fixed, 4, Estimate, 0, 6, SEARCH),
        level(Linear, 6, Estimate, 1, 5, EST),
        level(Linear, 8, Estimate, 1, 6, EST),
        level(Linear, 12, Estimate, 1, 6, EST),
        level(Linear, 12, Estimate, 1, 6, SEARCH),
        level(Linear, 12, Estimate, 2, 6, SEARCH),
        level(Linear, 12, Estimate, 3, 6, SEARCH),
        level(Linear, 12, Levels(4), 3, 6, SEARCH),
        level(Linear, 16, Levels(8), 3, 6, SEARCH),
        level(Linear, 32, Levels(8), 3, 6, SEARCH),
        level(Linear, 32, All, 3, 6, SEARCH),
    ]
};

impl Config {
    /// Reads the encoder's options.
    pub(crate) fn new(request: &AudioEncoderRequest, options: &mut Options) -> Result<Self> {
        let sample_bits = match request.format.sample_format {
            SampleFormat::S16 => 16,
            _ => 32,
        };
        let bits_per_sample = match options.take_int(&BITS_PER_RAW_SAMPLE)? {
            Some(bits) if bits > i64::from(sample_bits) => {
                return Err(Error::option(format!(
                    "bits_per_raw_sample must be at most {sample_bits} with sample format {}. \
                     Found: {bits}. Pass encoder_format=\"s32\" for more.",
                    request.format.sample_format
                )));
            }
            Some(bits) => bits as u32,
            None => sample_bits.min(24),
        };

        let given = options.contains(&COMPRESSION_LEVEL);
        let mut number = options.take_int(&COMPRESSION_LEVEL)?.unwrap_or(5);
        if let (Some(level), false) = (request.config.compression_level, given) {
            if !(0..LEVELS.len() as i32).contains(&level) {
                return Err(Error::option(format!(
                    "compression_level of flac must be 0 to {}. Found: {level}",
                    LEVELS.len() - 1
                )));
            }
            number = i64::from(level);
        }
        let level = &LEVELS[number as usize];

        let prediction = match options.take_choice(&LPC_TYPE)? {
            "none" => Prediction::None,
            "fixed" => Prediction::Fixed,
            "levinson" => Prediction::Linear,
            _ => level.prediction,
        };
        let highest = match prediction {
            Prediction::None => 0,
            Prediction::Fixed => MAX_FIXED_ORDER,
            Prediction::Linear => MAX_ORDER,
        };
        let min_order = options.take_int(&MIN_PREDICTION_ORDER)?;
        let max_order = options.take_int(&MAX_PREDICTION_ORDER)?;
        for (name, order) in [("min", min_order), ("max", max_order)] {
            if order.is_some_and(|order| order > highest as i64) {
                return Err(Error::option(format!(
                    "{name}_prediction_order must be at most {highest} with this lpc_type. Found: {}",
                    order.unwrap_or_default()
                )));
            }
        }
        let min_order = min_order.map_or(0, |order| order as usize);
        let usual = level.max_order.min(highest).max(min_order);
        let max_order = max_order.map_or(usual, |order| order as usize);
        in_order("prediction_order", min_order as i64, max_order as i64)?;

        let order_search = match options.take_choice(&PREDICTION_ORDER_METHOD)? {
            "estimation" => OrderSearch::Estimate,
            "2level" => OrderSearch::Levels(2),
            "4level" => OrderSearch::Levels(4),
            "8level" => OrderSearch::Levels(8),
            "search" => OrderSearch::All,
            _ => level.order_search,
        };

        let max_partition = options.take_int(&MAX_PARTITION)?;
        let min_partition = options.take_int(&MIN_PARTITION_ORDER)?.unwrap_or(0);
        let max_partition = max_partition
            .unwrap_or_else(|| i64::from(level.max_partition_order).max(min_partition));
        in_order("partition_order", min_partition, max_partition)?;

        let ch_mode = options.take_choice(&CH_MODE)?;
        let stereo = match ch_mode {
            "indep" => Stereo::Always(ChannelMode::Independent),
            "left_side" => Stereo::Always(ChannelMode::LeftSide),
            "right_side" => Stereo::Always(ChannelMode::SideRight),
            "mid_side" => Stereo::Always(ChannelMode::MidSide),
            _ => level.stereo,
        };
        let channels = request.format.layout.channels();
        let takes_differences = !matches!(ch_mode, "auto" | "indep");
        if takes_differences && (channels != 2 || bits_per_sample > MAX_STEREO_BITS) {
            return Err(Error::option(format!(
                "ch_mode={ch_mode} supports only two channels of at most {MAX_STEREO_BITS} bits. \
                 Found: {channels} of {bits_per_sample} bits. Valid values are auto, indep."
            )));
        }

        let block_size = match options.take_int(&FRAME_SIZE)? {
            Some(size) => size as usize,
            None => default_block_size(request.format.sample_rate),
        };
        let precision = match options.take_int(&LPC_COEFF_PRECISION)? {
            Some(bits) => bits as u32,
            None => default_precision(block_size, bits_per_sample),
        };
        let threads = match options.take_int(&THREADS)? {
            Some(0) => std::thread::available_parallelism().map_or(1, usize::from),
            Some(threads) => threads as usize,
            None => 1,
        };
        options.take_choice(&THREAD_TYPE)?;

        Ok(Self {
            sample_rate: request.format.sample_rate,
            channels,
            bits_per_sample,
            input_shift: sample_bits - bits_per_sample,
            block_size,
            prediction,
            min_order,
            max_order,
            order_search,
            precision,
            window_parts: level.window_parts.max(1),
            rice: RiceSearch {
                min_partition_order: min_partition as u32,
                max_partition_order: max_partition as u32,
            },
            stereo,
            threads,
        })
    }
}

fn in_order(what: &str, min: i64, max: i64) -> Result<()> {
    if min > max {
        return Err(Error::option(format!(
            "min_{what} must be at most max_{what}. Found: {min} and {max}"
        )));
    }
    Ok(())
}

/// Returns the number of samples in about a tenth of a second. The maximum is 4608, the largest
/// size that all decoders must support up to 48 kHz (RFC 9639 §7). Sizes are multiples of 2⁸, so
/// that blocks can have 2⁸ partitions.
fn default_block_size(sample_rate: u32) -> usize {
    match sample_rate {
        0..=12_000 => 1024,
        12_001..=24_000 => 2304,
        24_001..=32_000 => 4096,
        _ => 4608,
    }
}

/// Returns the coefficient precision. Longer blocks and deeper samples benefit from more precision.
fn default_precision(block_size: usize, bits_per_sample: u32) -> u32 {
    let for_size = match block_size {
        0..=384 => 8,
        385..=1152 => 10,
        1153..=2304 => 12,
        _ => 13,
    };
    if bits_per_sample > 16 { for_size + 2 } else { for_size }
}
