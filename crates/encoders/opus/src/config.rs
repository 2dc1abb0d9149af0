//! What the encoder can be told.

use opus_pure::{Application, RateControl};
use reelwright_core::{AudioEncoderRequest, ChannelLayout, Error, OptionInfo, Options, Result};

const APPLICATION: OptionInfo = OptionInfo::choice(
    "application",
    &[
        ("audio", "faithful to the input"),
        ("voip", "speech that is understood"),
        ("lowdelay", "least delay, without the tools for speech"),
    ],
    "audio",
    "what to do best",
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
    "milliseconds in a packet",
);
const VBR: OptionInfo = OptionInfo::choice(
    "vbr",
    &[
        ("on", "as many bits as each packet needs, the bit rate on average"),
        ("constrained", "the same, near the bit rate at all times"),
        ("off", "packets of one size"),
    ],
    "on",
    "how the bit rate may vary",
);
const COMPRESSION_LEVEL: OptionInfo = OptionInfo::int(
    "compression_level",
    (0, 10),
    Some(10),
    "how hard to try: 0 is fastest, 10 is best",
);
const PACKET_LOSS: OptionInfo =
    OptionInfo::int("packet_loss", (0, 100), Some(0), "per cent of packets expected to be lost");
const FEC: OptionInfo = OptionInfo::bool(
    "fec",
    false,
    "repeat speech in the next packet, for the packets expected to be lost",
);
const DTX: OptionInfo =
    OptionInfo::bool("dtx", false, "send almost nothing while there is silence");

pub(crate) static OPTIONS: &[OptionInfo] =
    &[APPLICATION, FRAME_DURATION, VBR, COMPRESSION_LEVEL, PACKET_LOSS, FEC, DTX];

/// The layouts of mapping families 0 and 1 (RFC 7845 §5.1.1.2).
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

/// Bits per second that a stream needs at least.
const MIN_BIT_RATE: u64 = 6_000;

/// Bits per second that a channel can take at most.
const MAX_BIT_RATE: u64 = 256_000;

pub(crate) struct Config {
    pub(crate) application: Application,
    /// Samples of each channel in a packet.
    pub(crate) frame_size: usize,
    pub(crate) rate_control: RateControl,
    pub(crate) bit_rate: u64,
    pub(crate) complexity: i32,
    pub(crate) packet_loss: i32,
    pub(crate) fec: bool,
    pub(crate) dtx: bool,
}

impl Config {
    /// Takes the encoder's options. `streams` and `coupled` are Opus' own, of which the coupled
    /// ones are stereo.
    pub(crate) fn new(
        request: &AudioEncoderRequest,
        options: &mut Options,
        (streams, coupled): (usize, usize),
    ) -> Result<Self> {
        let channels = request.format.layout.channels() as u64;
        let rate = request.format.sample_rate as usize;
        let duration = options.take_choice(&FRAME_DURATION)?;
        // In units of 0.1 ms, so that 2.5 ms is whole.
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
                "opus takes a compression_level of 0 (fastest) to 10 (best). Found: {complexity}"
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
