//! Configuration and channel layouts.

use reelwright_core::{AudioEncoderRequest, ChannelLayout, Error, OptionInfo, Options, Result};

const PROFILE: OptionInfo = OptionInfo::choice(
    "profile",
    &[
        ("aac_low", "AAC-LC"),
        ("aac_he", "HE-AAC, with SBR"),
        ("aac_he_v2", "HE-AAC v2, with SBR and parametric stereo; stereo only"),
        ("aac_ld", "AAC-LD, with low delay"),
        ("aac_eld", "AAC-ELD, with lower delay"),
    ],
    "aac_low",
    "AAC profile",
);
const AFTERBURNER: OptionInfo =
    OptionInfo::bool("afterburner", true, "spend more time for better quality");
const VBR: OptionInfo = OptionInfo::int(
    "vbr",
    (0, 5),
    Some(0),
    "variable bit rate mode: 1 is smallest, 5 is best, 0 is constant bit rate",
);
const CUTOFF: OptionInfo = OptionInfo::int(
    "cutoff",
    (0, 20_000),
    Some(0),
    "lowpass frequency in Hz; 0 chooses it by the bit rate",
);

pub(crate) static OPTIONS: &[OptionInfo] = &[PROFILE, AFTERBURNER, VBR, CUTOFF];

/// Channel layouts of channelConfiguration 1 to 7 (ISO/IEC 14496-3 table 1.19).
pub(crate) static LAYOUTS: &[ChannelLayout] = &[
    ChannelLayout::MONO,
    ChannelLayout::STEREO,
    ChannelLayout::SURROUND_3_0,
    ChannelLayout::SURROUND_4_0,
    ChannelLayout::SURROUND_5_0,
    ChannelLayout::SURROUND_5_1,
    ChannelLayout::SURROUND_7_1_WIDE,
];

#[derive(Debug, Clone, Copy)]
pub(crate) struct Config {
    /// Audio object type.
    pub(crate) object_type: u8,
    pub(crate) afterburner: bool,
    /// Variable bit rate mode from 1 to 5; 0 is constant bit rate.
    pub(crate) vbr: u32,
    pub(crate) bit_rate: u32,
    pub(crate) cutoff: u32,
}

impl Config {
    pub(crate) fn new(request: &AudioEncoderRequest, options: &mut Options) -> Result<Self> {
        let channels = request.format.layout.channels();
        let object_type = match options.take_choice(&PROFILE)? {
            "aac_he" => 5,
            "aac_he_v2" => 29,
            "aac_ld" => 23,
            "aac_eld" => 39,
            _ => 2,
        };
        if object_type == 29 && channels != 2 {
            return Err(Error::unsupported(format!(
                "libfdk_aac supports the profile aac_he_v2 only for 2 channels. Found: {channels}"
            )));
        }
        let mut vbr = options.take_int(&VBR)?.expect("it has a default") as u32;
        if let Some(qscale) = request.config.qscale {
            vbr = qscale as u32;
            if vbr as f32 != qscale || !(1..=5).contains(&vbr) {
                return Err(Error::argument(format!(
                    "libfdk_aac supports a qscale of 1 (smallest) to 5 (best), without fractions. \
                     Found: {qscale}"
                )));
            }
        }
        // Default bit rate per channel. SBR needs half of it, parametric stereo a quarter.
        let usual = match object_type {
            5 => 32_000,
            29 => 16_000,
            _ => 64_000,
        };
        let usual = u64::from(usual.min(3 * request.format.sample_rate)) * channels as u64;
        let bit_rate = request.config.bit_rate.unwrap_or(usual);
        let bit_rate = u32::try_from(bit_rate).map_err(|_| {
            Error::argument(format!(
                "libfdk_aac does not support a bit rate of {bit_rate}. It must be below 2^32."
            ))
        })?;
        Ok(Self {
            object_type,
            afterburner: options.take_bool(&AFTERBURNER)?,
            vbr,
            bit_rate,
            cutoff: options.take_int(&CUTOFF)?.expect("it has a default") as u32,
        })
    }
}
