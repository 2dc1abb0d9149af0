//! Configuration and channel layouts.

use reelwright_core::{
    AudioEncoderRequest, ChannelLayout, Error, OptionInfo, Options, Result, SampleFormat,
};

const BITS_PER_RAW_SAMPLE: OptionInfo = OptionInfo::choice(
    "bits_per_raw_sample",
    &[("auto", "16 for s16p, 24 for s32p"), ("16", "16"), ("20", "20"), ("24", "24"), ("32", "32")],
    "auto",
    "bits kept of each sample, from the highest",
);

pub(crate) static OPTIONS: &[OptionInfo] = &[BITS_PER_RAW_SAMPLE];

/// Layout for each number of channels that Apple's decoder supports.
pub(crate) static LAYOUTS: &[ChannelLayout] = &[
    ChannelLayout::MONO,
    ChannelLayout::STEREO,
    ChannelLayout::SURROUND_3_0,
    ChannelLayout::SURROUND_4_0,
    ChannelLayout::SURROUND_5_0,
    ChannelLayout::SURROUND_5_1,
    ChannelLayout::SURROUND_6_1_BACK,
    ChannelLayout::SURROUND_7_1_WIDE,
];

/// One channel or a pair in a packet, as indices into the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Single(usize),
    Pair(usize, usize),
    LowFrequency(usize),
}

/// Returns the elements of a packet: the center first, low frequencies last.
pub(crate) const fn elements(channels: usize) -> &'static [Element] {
    use Element::{LowFrequency, Pair, Single};
    match channels {
        1 => &[Single(0)],
        2 => &[Pair(0, 1)],
        3 => &[Single(2), Pair(0, 1)],
        4 => &[Single(2), Pair(0, 1), Single(3)],
        5 => &[Single(2), Pair(0, 1), Pair(3, 4)],
        6 => &[Single(2), Pair(0, 1), Pair(4, 5), LowFrequency(3)],
        7 => &[Single(2), Pair(0, 1), Pair(4, 5), Single(6), LowFrequency(3)],
        _ => &[Single(2), Pair(6, 7), Pair(0, 1), Pair(4, 5), LowFrequency(3)],
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Config {
    /// Bits per sample: 16, 20, 24 or 32.
    pub(crate) bits: u32,
    /// Compression level from 0 to 2.
    pub(crate) level: i32,
}

impl Config {
    pub(crate) fn new(request: &AudioEncoderRequest, options: &mut Options) -> Result<Self> {
        let all = 8 * request.format.sample_format.data_type().bytes() as u32;
        let bits = match options.take_choice(&BITS_PER_RAW_SAMPLE)? {
            "auto" if request.format.sample_format == SampleFormat::S16p => 16,
            "auto" => 24,
            bits => bits.parse().expect("the other choices are numbers"),
        };
        if bits > all {
            return Err(Error::option(format!(
                "Invalid value for option bits_per_raw_sample: {bits}. A sample of {} has {all} \
                 bits.",
                request.format.sample_format
            )));
        }
        let level = request.config.compression_level.unwrap_or(2);
        if !(0..=2).contains(&level) {
            return Err(Error::argument(format!(
                "alac supports a compression_level of 0 (fastest) to 2 (smallest). Found: {level}"
            )));
        }
        Ok(Self { bits, level })
    }
}
