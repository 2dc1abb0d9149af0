//! ADTS header, which precedes every packet (ISO/IEC 14496-3 table 1.A.6).

use reelwright_core::{AudioSpecificConfig, Error, Result};

/// Bytes of a header without a CRC.
pub(crate) const LENGTH: usize = 7;

/// Maximum size of a packet with its header: the field has 13 bits.
const MAX_LENGTH: usize = (1 << 13) - 1;

/// adts_buffer_fullness of a variable bit rate.
const VARIABLE: u64 = 0x7FF;

/// Sample rates, indexed by sampling_frequency_index (ISO/IEC 14496-3 table 1.18).
const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
    7350,
];

/// Bits that all headers of a stream share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header(u64);

impl Header {
    /// # Errors
    /// Fails unless the object type is 1 to 4, the sample rate is in the table, and the channel
    /// configuration is 1 to 7. Decoders detect SBR and PS within AAC-LC.
    pub(crate) fn new(config: &AudioSpecificConfig) -> Result<Self> {
        let object_type = match config.object_type {
            5 | 29 => 2,
            other => other,
        };
        let rate = RATES.iter().position(|rate| *rate == config.core_sample_rate);
        let (Some(rate), 1..=4, 1..=7) = (rate, object_type, config.channel_configuration) else {
            return Err(Error::unsupported(format!(
                "adts supports audio object types 1 to 4, 5 and 29, the sample rates of AAC and \
                 channel configurations 1 to 7. Found: object type {}, {} Hz, channel \
                 configuration {}",
                config.object_type, config.core_sample_rate, config.channel_configuration
            )));
        };
        // Sync word, MPEG-4, layer 0, no CRC.
        let bits = 0xFFF1u64 << 40
            | u64::from(object_type - 1) << 38
            | (rate as u64) << 34
            | u64::from(config.channel_configuration) << 30
            | VARIABLE << 2;
        Ok(Self(bits))
    }

    /// Returns the header of a packet of `bytes` bytes.
    ///
    /// # Errors
    /// Fails if the length exceeds 13 bits.
    pub(crate) fn of(self, bytes: usize) -> Result<[u8; LENGTH]> {
        let length = bytes + LENGTH;
        if length > MAX_LENGTH {
            return Err(Error::too_large(format!(
                "A packet of adts must have at most {} bytes. Found: {bytes} bytes",
                MAX_LENGTH - LENGTH
            )));
        }
        let bits = self.0 | (length as u64) << 13;
        let mut header = [0; LENGTH];
        header.copy_from_slice(&bits.to_be_bytes()[1..]);
        Ok(header)
    }
}
