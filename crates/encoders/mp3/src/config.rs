//! Configuration: bit rate and rate control, bandwidth, effort.

use reelwright_core::{
    AudioEncoderRequest, Error, Mp3RateControl, OptionInfo, Options, Result, helpers::list,
};

use crate::tables::Rate;

const RESERVOIR: OptionInfo = OptionInfo::bool("reservoir", true, "use the bit reservoir");
const JOINT_STEREO: OptionInfo =
    OptionInfo::bool("joint_stereo", true, "allow mid/side stereo in each frame");
const ABR: OptionInfo =
    OptionInfo::bool("abr", false, "average bit rate: bit_rate is the mean, and frames vary");
const CUTOFF: OptionInfo = OptionInfo::int(
    "cutoff",
    (0, 24_000),
    Some(0),
    "lowpass frequency in Hz; 0 chooses it by the bit rate or quality",
);

pub(crate) static OPTIONS: &[OptionInfo] = &[RESERVOIR, JOINT_STEREO, ABR, CUTOFF];

/// Default compression ratio relative to 16-bit samples, in thousandths. As in LAME, it gives 128
/// kbit/s for CD audio.
const DEFAULT_RATIO: u32 = 11_025;
/// Bit rate of a stereo stream in kbit/s, and the bandwidth it allows in Hz.
const BANDWIDTHS: [(u32, u32); 17] = [
    (8, 2000),
    (16, 3700),
    (24, 3900),
    (32, 5500),
    (40, 7000),
    (48, 7500),
    (56, 10_000),
    (64, 11_000),
    (80, 13_500),
    (96, 15_100),
    (112, 15_600),
    (128, 17_000),
    (160, 17_500),
    (192, 18_600),
    (224, 19_400),
    (256, 19_700),
    (320, 20_500),
];
/// Bandwidth of each whole quality in Hz, and a value beyond 9 for interpolation.
const QUALITY_BANDWIDTHS: [u32; 11] =
    [19_800, 19_400, 18_800, 18_300, 17_700, 17_100, 16_500, 15_600, 14_600, 13_000, 11_500];

/// Rate control mode. Rates are in kbit/s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum RateControl {
    Constant {
        kbps: u32,
    },
    Average {
        kbps: u32,
    },
    /// Quality from 0 (best) to below 10.
    Variable {
        quality: f32,
    },
}

/// Effort of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effort {
    Fast,
    Usual,
    Best,
}

/// Configuration of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) rate: Rate,
    pub(crate) channels: usize,
    pub(crate) control: RateControl,
    pub(crate) effort: Effort,
    pub(crate) reservoir: bool,
    pub(crate) joint_stereo: bool,
    /// Lowpass frequency in Hz.
    pub(crate) lowpass: u32,
}

impl Config {
    /// Reads the encoder's options.
    pub(crate) fn new(request: &AudioEncoderRequest, options: &mut Options) -> Result<Self> {
        let hz = request.format.sample_rate;
        let rate = Rate::of(hz).ok_or_else(|| {
            Error::unsupported(format!(
                "mp3 does not support a sample rate of {hz} Hz. Supported values are {}.",
                list(crate::tables::SAMPLE_RATES)
            ))
        })?;
        let channels = request.format.layout.channels();
        let abr = options.take_bool(&ABR)?;
        let control = match (request.config.qscale, abr) {
            (Some(quality), _) => {
                if !(0.0..10.0).contains(&quality) {
                    return Err(Error::option(format!(
                        "qscale of mp3 must be 0 (best) to 9.999. Found: {quality}"
                    )));
                }
                RateControl::Variable { quality }
            }
            (None, abr) => {
                let usual = || u64::from(default_kbps(&rate, channels)) * 1000;
                let bit_rate = request.config.bit_rate.unwrap_or_else(usual);
                if abr { average(bit_rate, &rate) } else { constant(bit_rate, &rate) }
            }
        };
        let effort = match request.config.compression_level {
            None | Some(3..=6) => Effort::Usual,
            Some(0..=2) => Effort::Best,
            Some(7..=9) => Effort::Fast,
            Some(level) => {
                return Err(Error::option(format!(
                    "compression_level of mp3 must be 0 (slowest) to 9. Found: {level}"
                )));
            }
        };
        let cutoff = options.take_int(&CUTOFF)?.unwrap_or(0) as u32;
        let lowpass = if cutoff > 0 { cutoff } else { bandwidth(control, channels) };
        Ok(Self {
            rate,
            channels,
            control,
            effort,
            reservoir: options.take_bool(&RESERVOIR)?,
            joint_stereo: options.take_bool(&JOINT_STEREO)? && channels == 2,
            lowpass: lowpass.min(hz / 2),
        })
    }

    /// Bit rate in bit/s, if it is constant or an average.
    pub(crate) fn bit_rate(&self) -> Option<u64> {
        match self.control {
            RateControl::Constant { kbps } | RateControl::Average { kbps } => {
                Some(u64::from(kbps) * 1000)
            }
            RateControl::Variable { .. } => None,
        }
    }

    /// Returns the rate control mode for muxers.
    pub(crate) fn rate_control(&self) -> Mp3RateControl {
        match self.control {
            RateControl::Constant { .. } => Mp3RateControl::Constant,
            RateControl::Average { .. } => Mp3RateControl::Average,
            RateControl::Variable { quality } => Mp3RateControl::Variable(quality as u8),
        }
    }
}

/// Returns the default bit rate in kbit/s: the available one that is nearest to the default ratio.
fn default_kbps(rate: &Rate, channels: usize) -> u32 {
    let wanted = rate.hz * channels as u32 * 16;
    let rates = rate.bit_rates()[1..].iter().copied();
    rates.min_by_key(|kbps| (kbps * DEFAULT_RATIO).abs_diff(wanted)).expect("there are some")
}

/// Returns the nearest available bit rate, or the lower of two nearest ones.
fn constant(bit_rate: u64, rate: &Rate) -> RateControl {
    let rates = &rate.bit_rates()[1..];
    let distance = |kbps: u32| bit_rate.abs_diff(u64::from(kbps) * 1000);
    let kbps = rates.iter().copied().min_by_key(|kbps| distance(*kbps)).expect("there are some");
    if distance(kbps) > 0 {
        log::warn!(
            "bit_rate of mp3 at {} Hz must be one of {}. Found: {bit_rate}. {} is used. Pass abr=1 \
             for an average in between.",
            rate.hz,
            list(rates.iter().map(|kbps| kbps * 1000)),
            kbps * 1000
        );
    }
    RateControl::Constant { kbps }
}

/// Returns the average bit rate, rounded to kbit/s and limited to the available range.
fn average(bit_rate: u64, rate: &Rate) -> RateControl {
    let rates = rate.bit_rates();
    let (least, most) = (u64::from(rates[1]) * 1000, u64::from(rates[14]) * 1000);
    let used = bit_rate.clamp(least, most);
    if used != bit_rate {
        log::warn!(
            "bit_rate of mp3 at {} Hz with abr=1 must be {least} to {most}. Found: {bit_rate}. \
             {used} is used.",
            rate.hz
        );
    }
    RateControl::Average { kbps: ((used + 500) / 1000) as u32 }
}

/// Returns the bandwidth for a bit rate or quality.
fn bandwidth(control: RateControl, channels: usize) -> u32 {
    match control {
        RateControl::Constant { kbps } | RateControl::Average { kbps } => {
            let nearest = BANDWIDTHS.iter().min_by_key(|(rate, _)| rate.abs_diff(kbps));
            let stereo = nearest.expect("there are some").1;
            // A mono stream has twice the bits per channel, but does not need twice the bandwidth.
            if channels == 1 { stereo * 3 / 2 } else { stereo }
        }
        RateControl::Variable { quality } => {
            let whole = quality as usize;
            let (better, worse) = (QUALITY_BANDWIDTHS[whole], QUALITY_BANDWIDTHS[whole + 1]);
            better - ((better - worse) as f32 * (quality - whole as f32)) as u32
        }
    }
}
