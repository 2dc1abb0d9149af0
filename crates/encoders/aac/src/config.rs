//! What the encoder can be told.

use reelwright_core::{AudioEncoderRequest, ChannelLayout, Error, OptionInfo, Options, Result};
use syom::EncodeOptions;

const CBR: OptionInfo = OptionInfo::bool(
    "cbr",
    false,
    "spend the bit rate evenly, with a bit reservoir; mono and stereo only",
);
const AAC_IS: OptionInfo =
    OptionInfo::bool("aac_is", false, "intensity stereo: one channel for high frequencies");
const AAC_PNS: OptionInfo =
    OptionInfo::bool("aac_pns", false, "perceptual noise substitution: noise only by its loudness");

pub(crate) static OPTIONS: &[OptionInfo] = &[CBR, AAC_IS, AAC_PNS];

/// The layouts of channel configurations 1 to 7 (ISO/IEC 14496-3 table 1.19).
pub(crate) static LAYOUTS: &[ChannelLayout] = &[
    ChannelLayout::MONO,
    ChannelLayout::STEREO,
    ChannelLayout::SURROUND_3_0,
    ChannelLayout::SURROUND_4_0,
    ChannelLayout::SURROUND_5_0,
    ChannelLayout::SURROUND_5_1,
    ChannelLayout::SURROUND_7_1,
];

/// The least bits per second that a channel can be coded with.
const MIN_BIT_RATE: u64 = 8_000;

/// Most bits of a channel in a frame of 1024 samples (ISO/IEC 14496-3 §4.5.3.1).
const MAX_FRAME_BITS: u64 = 6144;

/// The crate's options, and the bit rate where one is steered for.
pub(crate) fn config(
    request: &AudioEncoderRequest,
    options: &mut Options,
) -> Result<(EncodeOptions, Option<u64>)> {
    let channels = request.layout.channels() as u64;
    let rate = u64::from(request.sample_rate);
    let cbr = options.take_bool(&CBR)?;
    let config = EncodeOptions::raw()
        .with_intensity(options.take_bool(&AAC_IS)?)
        .with_pns(options.take_bool(&AAC_PNS)?);
    if let Some(qscale) = request.config.qscale {
        if cbr {
            return Err(Error::argument(
                "qscale and the option cbr exclude each other: a constant quality has no constant \
                 bit rate.",
            ));
        }
        let level = qscale as u8;
        if f32::from(level) != qscale || level > 10 {
            return Err(Error::argument(format!(
                "aac takes a qscale of 0 (smallest) to 10 (best), without fractions. Found: {qscale}"
            )));
        }
        return Ok((config.with_quality(level), None));
    }
    if cbr && channels > 2 {
        return Err(Error::unsupported(format!(
            "aac's option cbr is for 1 or 2 channels. Found: {channels}"
        )));
    }
    let (min, max) = (MIN_BIT_RATE * channels, MAX_FRAME_BITS * channels * rate / 1024);
    let bit_rate = match request.config.bit_rate {
        None => (64_000.min(3 * rate)) * channels,
        Some(bit_rate) if (min..=max).contains(&bit_rate) => bit_rate,
        Some(bit_rate) => {
            return Err(Error::unsupported(format!(
                "aac does not support a bit rate of {bit_rate} with {channels} channels at {rate} \
                 Hz. Supported values are {min} to {max}."
            )));
        }
    };
    Ok((config.with_cbr(cbr).with_bitrate_bps(bit_rate as u32), Some(bit_rate)))
}
