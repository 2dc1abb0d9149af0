//! Configuration and channel layouts.

use opus_pure::{Application, RateControl};
use reelwright_core::{AudioEncoderRequest, ChannelLayout, Error, OptionInfo, Options, Result};

const APPLICATION: OptionInfo = OptionInfo::choice(
    "application",
    &[
        ("audio", "fidelity to the input"),
        ("voip", "intelligible speech"),
        ("lowdelay", "lowest delay, without the speech modes"),
    ],
    "audio",
    "application to optimize for",
);
const FRAME_DURATION: OptionInfo = OptionInfo::choice(
    "frame_duration",
    &[
        ("20", "20 ms"),
        ("2.5", "2.5 ms"),
        ("5", "5 ms"),
        ("10", "10 ms"),
        ("40", "40 ms"),
        ("60", "60 ms"),
        ("80", "80 ms"),
        ("100", "100 ms"),
        ("120", "120 ms"),
    ],
    "20",
    "packet duration in milliseconds",
);
const VBR: OptionInfo = OptionInfo::choice(
    "vbr",
    &[
        ("on", "variable bit rate with bit_rate as the average"),
        ("constrained", "variable bit rate within narrow limits"),
        ("off", "constant bit rate"),
    ],
    "on",
    "rate control mode",
);
const COMPRESSION_LEVEL: OptionInfo = OptionInfo::int(
    "compression_level",
    (0, 10),
    Some(10),
    "encoder complexity: 0 is fastest, 10 is best",
);
const PACKET_LOSS: OptionInfo =
    OptionInfo::int("packet_loss", (0, 100), Some(0), "expected packet loss in percent");
const FEC: OptionInfo =
    OptionInfo::bool("fec", false, "forward error correction: repeat speech in the next packet");
const DTX: OptionInfo =
    OptionInfo::bool("dtx", false, "discontinuous transmission: almost no data for silence");

pub(crate) static OPTIONS: &[OptionInfo] =
    &[APPLICATION, FRAME_DURATION, VBR, COMPRESSION_LEVEL, PACKET_LOSS, FEC, DTX];

/// Channel layouts of mapping families 0 and 1 (RFC 7845 §5.1.1.2).
pub(crate) static LAYOUTS: &[ChannelLayout] = &[
    ChannelLayout::MONO,
    ChannelLayout::STEREO,
    ChannelLayout::SURROUND_3_0,
    ChannelLayout::QUAD,
    ChannelLayout::SURROUND_5_0,
    ChannelLayout::SURROUND_5_1,
    ChannelLayout::SURROUND_6_1,
    ChannelLayout::SURROUND_7_1,
];

/// Minimum bit rate of an Opus stream, in bit/s.
const MIN_BIT_RATE: u64 = 6_000;

/// Maximum bit rate per channel, in bit/s.
const MAX_BIT_RATE: u64 = 256_000;

pub(crate) struct Config {
    pub(crate) application: Application,
    /// Samples per channel in a packet.
    pub(crate) frame_size: usize,
    pub(crate) rate_control: RateControl,
    pub(crate) bit_rate: u64,
    pub(crate) complexity: i32,
    pub(crate) packet_loss: i32,
    pub(crate) fec: bool,
    pub(crate) dtx: bool,
}

impl Config {
    /// Reads the encoder's options. `streams` is the number of Opus streams, `coupled` the number
    /// of stereo ones among them.
    pub(crate) fn new(
        request: &AudioEncoderRequest,
        options: &mut Options,
        (streams, coupled): (usize, usize),
    ) -> Result<Self> {
        let channels = request.format.layout.channels() as u64;
        let rate = request.format.sample_rate as usize;
        let duration = options.take_choice(&FRAME_DURATION)?;
        // Units of 0.1 ms, so that 2.5 ms is an integer.
        let tenths = duration.parse::<f64>().expect("the choices are numbers") * 10.0;
        let (min, max) = (MIN_BIT_RATE * streams as u64, MAX_BIT_RATE * channels);
        let bit_rate = match request.config.bit_rate {
            None => 64_000 * streams as u64 + 32_000 * coupled as u64,
            Some(bit_rate) if (min..=max).contains(&bit_rate) => bit_rate,
            Some(bit_rate) => {
                return Err(Error::unsupported(format!(
                    "opus does not support a bit rate of {bit_rate} with {channels} channels. \
                     Supported values are {min} to {max}."
                )));
            }
        };
        let option = options.contains(&COMPRESSION_LEVEL);
        let complexity =
            match (request.config.compression_level, options.take_int(&COMPRESSION_LEVEL)?) {
                (Some(level), _) if !option => level.into(),
                (_, level) => level.expect("it has a default"),
            };
        if !(0..=10).contains(&complexity) {
            return Err(Error::argument(format!(
                "opus supports a compression_level of 0 (fastest) to 10 (best). Found: {complexity}"
            )));
        }
        Ok(Self {
            application: match options.take_choice(&APPLICATION)? {
                "voip" => Application::Voip,
                "lowdelay" => Application::RestrictedLowDelay,
                _ => Application::Audio,
            },
            frame_size: rate * tenths as usize / 10_000,
            rate_control: match options.take_choice(&VBR)? {
                "off" => RateControl::Cbr,
                "constrained" => RateControl::ConstrainedVbr,
                _ => RateControl::Vbr,
            },
            bit_rate,
            complexity: complexity as i32,
            packet_loss: options.take_int(&PACKET_LOSS)?.expect("it has a default") as i32,
            fec: options.take_bool(&FEC)?,
            dtx: options.take_bool(&DTX)?,
        })
    }
}
