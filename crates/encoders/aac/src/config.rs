//! Configuration: bit rate and rate control, bandwidth, tools.

use reelwright_core::{
    AudioEncoderRequest, ChannelLayout, Error, OptionInfo, Options, Result, helpers::list,
};

use crate::bands::{RATES, Rate};

const CBR: OptionInfo =
    OptionInfo::bool("cbr", false, "constant bit rate, within the limits of a decoder's buffer");
const AAC_MS: OptionInfo = OptionInfo::bool("aac_ms", true, "allow mid/side stereo in each band");
const CUTOFF: OptionInfo = OptionInfo::int(
    "cutoff",
    (0, 48_000),
    Some(0),
    "lowpass frequency in Hz; 0 chooses it by the bit rate or quality",
);

const PROFILE: OptionInfo = OptionInfo::choice(
    "profile",
    &[
        ("aac_low", "low complexity, supported by all decoders"),
        ("mpeg2_aac_low", "the same, because the encoder uses only MPEG-2 tools"),
        ("aac_lc", "the same"),
        ("lc", "the same"),
        ("1", "the same, by FFmpeg's profile number"),
    ],
    "aac_low",
    "profile that decoders must support; this encoder writes low complexity only",
);

pub(crate) static OPTIONS: &[OptionInfo] = &[CBR, AAC_MS, CUTOFF, PROFILE];

/// Channel layouts of channelConfiguration 1 to 7 (ISO/IEC 14496-3 table 1.19).
pub(crate) static LAYOUTS: &[ChannelLayout] = &[
    ChannelLayout::MONO,
    ChannelLayout::STEREO,
    ChannelLayout::SURROUND_3_0,
    ChannelLayout::SURROUND_4_0,
    ChannelLayout::SURROUND_5_0,
    ChannelLayout::SURROUND_5_1,
    ChannelLayout::SURROUND_7_1,
];

/// Lowest supported bit rate of a channel, in bit/s.
const MIN_BIT_RATE: u64 = 8_000;

/// Maximum number of bits per channel in a frame of 1024 samples (ISO/IEC 14496-3 §4.5.3.1).
const MAX_FRAME_BITS: u64 = 6144;

/// Bit rate of one channel in kbit/s, and the bandwidth it allows in Hz.
const BANDWIDTHS: [(u32, u32); 12] = [
    (8, 3800),
    (12, 5500),
    (16, 7200),
    (20, 8800),
    (24, 10_500),
    (32, 14_000),
    (40, 15_500),
    (48, 17_000),
    (64, 18_500),
    (80, 19_500),
    (96, 20_500),
    (128, 22_000),
];
/// Bandwidth of each quality, in Hz.
const QUALITY_BANDWIDTHS: [u32; 11] =
    [11_000, 12_500, 14_500, 16_000, 17_000, 18_000, 18_500, 19_500, 20_500, 21_500, 22_500];

/// Rate control mode. Rates are in bit/s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum RateControl {
    Average {
        bit_rate: u64,
    },
    Constant {
        bit_rate: u64,
    },
    /// Quality from 0 (smallest) to 10 (best).
    Variable {
        quality: u8,
    },
}

/// Configuration of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) rate: Rate,
    pub(crate) channels: usize,
    /// channelConfiguration: the layout's position in `LAYOUTS`, counted from 1.
    pub(crate) channel_configuration: u8,
    pub(crate) control: RateControl,
    pub(crate) mid_side: bool,
    /// Lowpass frequency in Hz.
    pub(crate) lowpass: u32,
}

impl Config {
    /// Reads the encoder's options.
    pub(crate) fn new(request: &AudioEncoderRequest, options: &mut Options) -> Result<Self> {
        let hz = request.format.sample_rate;
        let rate = Rate::of(hz).ok_or_else(|| {
            Error::unsupported(format!(
                "aac does not support a sample rate of {hz} Hz. Supported values are {}.",
                list(RATES)
            ))
        })?;
        let layout = request.format.layout;
        let Some(index) = LAYOUTS.iter().position(|known| *known == layout) else {
            return Err(Error::unsupported(format!("aac does not support {layout}.")));
        };
        let channels = layout.channels();
        options.take_choice(&PROFILE)?;
        let cbr = options.take_bool(&CBR)?;
        let control = match request.config.qscale {
            Some(qscale) => variable(qscale, cbr)?,
            None => with_bit_rate(request, cbr)?,
        };
        let natural = match control {
            RateControl::Variable { quality } => QUALITY_BANDWIDTHS[usize::from(quality)],
            RateControl::Average { bit_rate } | RateControl::Constant { bit_rate } => {
                bandwidth(bit_rate as f64 / 1000.0 / channels as f64)
            }
        };
        let cutoff = options.take_int(&CUTOFF)?.unwrap_or(0) as u32;
        let lowpass = if cutoff == 0 { natural } else { cutoff }.min(hz / 2);
        Ok(Self {
            rate,
            channels,
            channel_configuration: index as u8 + 1,
            control,
            mid_side: options.take_bool(&AAC_MS)?,
            lowpass,
        })
    }

    /// Returns the target bit rate, if there is one.
    pub(crate) fn bit_rate(&self) -> Option<u64> {
        match self.control {
            RateControl::Average { bit_rate } | RateControl::Constant { bit_rate } => {
                Some(bit_rate)
            }
            RateControl::Variable { .. } => None,
        }
    }
}

fn variable(qscale: f32, cbr: bool) -> Result<RateControl> {
    if cbr {
        return Err(Error::argument(
            "qscale and the option cbr exclude each other: constant quality needs a variable bit \
             rate.",
        ));
    }
    let quality = qscale as u8;
    if f32::from(quality) != qscale || quality > 10 {
        return Err(Error::argument(format!(
            "aac does not support a qscale of {qscale}. Supported values are 0 (smallest) to 10 \
             (best), without fractions."
        )));
    }
    Ok(RateControl::Variable { quality })
}

fn with_bit_rate(request: &AudioEncoderRequest, cbr: bool) -> Result<RateControl> {
    let (channels, hz) =
        (request.format.layout.channels() as u64, u64::from(request.format.sample_rate));
    let (min, max) = (MIN_BIT_RATE * channels, MAX_FRAME_BITS * channels * hz / 1024);
    let bit_rate = match request.config.bit_rate {
        None => (64_000.min(3 * hz)) * channels,
        Some(bit_rate) if (min..=max).contains(&bit_rate) => bit_rate,
        Some(bit_rate) => {
            return Err(Error::unsupported(format!(
                "aac does not support a bit rate of {bit_rate} with {channels} channels at {hz} \
                 Hz. Supported values are {min} to {max}."
            )));
        }
    };
    Ok(match cbr {
        true => RateControl::Constant { bit_rate },
        false => RateControl::Average { bit_rate },
    })
}

/// Returns the bandwidth in Hz for a bit rate of one channel.
fn bandwidth(kbps: f64) -> u32 {
    let after = BANDWIDTHS.partition_point(|&(known, _)| f64::from(known) <= kbps);
    let Some(&(low_kbps, low)) = after.checked_sub(1).map(|at| &BANDWIDTHS[at]) else {
        return BANDWIDTHS[0].1;
    };
    let Some(&(high_kbps, high)) = BANDWIDTHS.get(after) else { return 48_000 };
    let part = (kbps - f64::from(low_kbps)) / f64::from(high_kbps - low_kbps);
    (f64::from(low) + part * f64::from(high - low)) as u32
}
