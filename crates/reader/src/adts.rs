//! AAC in ADTS (ISO/IEC 13818-7 §6.2).

use anyhow::bail;
use reelwright_core::{Rational, TimeBase};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;

use crate::aac_config::{self, AacConfig, SAMPLE_RATES};
use crate::channels::positions;
use crate::packet::{Codec, Demuxer, Kind, Packet, Track};
use crate::source::Source;

/// Number of audio frames in an AAC frame.
const FRAME: u64 = 1024;
/// Maximum number of bytes that are searched for the next frame.
const MAX_GARBAGE: u64 = 1 << 20;

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    object: u8,
    rate_index: u8,
    channels: u8,
    size: usize,
    header: usize,
}

impl Header {
    fn new(bytes: &[u8]) -> Option<Self> {
        let &[sync, a, b, c, d, e, ..] = bytes else { return None };
        if sync != 0xFF || a & 0xF6 != 0xF0 {
            return None;
        }
        let rate_index = b >> 2 & 15;
        let size = usize::from(c & 3) << 11 | usize::from(d) << 3 | usize::from(e >> 5);
        let header = if a & 1 == 1 { 7 } else { 9 };
        let is_valid = usize::from(rate_index) < SAMPLE_RATES.len() && size > header;
        is_valid.then_some(Self {
            object: (b >> 6) + 1,
            rate_index,
            channels: (b & 1) << 2 | c >> 6,
            size,
            header,
        })
    }

    fn agrees(self, other: Self) -> bool {
        (self.object, self.rate_index, self.channels)
            == (other.object, other.rate_index, other.channels)
    }

    /// Returns the `AudioSpecificConfig` (ISO/IEC 14496-3 §1.6.2.1).
    fn config(self) -> [u8; 2] {
        [self.object << 3 | self.rate_index >> 1, (self.rate_index & 1) << 7 | self.channels << 3]
    }
}

/// Demuxer of AAC frames with ADTS headers.
pub(crate) struct Adts {
    source: Source,
    at: u64,
    first: Header,
    frames: u64,
    is_damaged: bool,
}

impl Adts {
    /// Opens a stream that begins with a frame. Another frame must follow, or the frame must fill
    /// the input. Otherwise returns the source.
    ///
    /// # Errors
    /// The stream's channel configuration is not supported.
    pub(crate) fn open(mut source: Source) -> anyhow::Result<Result<(Self, Track), Source>> {
        let mut at = 0u64;
        let tag = source.bytes_at(0, 10)?;
        if tag.starts_with(b"ID3") && tag.len() == 10 {
            at = 10 + tag[6..].iter().fold(0u64, |sum, byte| sum << 7 | u64::from(byte & 0x7F));
        }
        let window = source.bytes_at(at, 1 << 14)?;
        let Some(first) = Header::new(&window) else { return Ok(Err(source)) };
        let is_followed = match window.get(first.size..) {
            Some(next) if next.len() >= 7 => {
                Header::new(next).is_some_and(|next| next.agrees(first))
            }
            _ => true,
        };
        if !is_followed {
            return Ok(Err(source));
        }
        let config = if first.channels == 0 {
            let frame = source.bytes_at(at, first.size)?;
            let frame = frame.get(first.header..).unwrap_or_default();
            let Some(config) = aac_config::config_from_frame(first.object, first.rate_index, frame)
            else {
                bail!(
                    "the first ADTS frame does not describe its channels, which is not supported"
                );
            };
            config
        } else {
            first.config().to_vec()
        };
        let Some(layout) = AacConfig::new(&config).map(|config| config.layout) else {
            bail!("the AAC channel configuration is not supported");
        };
        let rate = SAMPLE_RATES[usize::from(first.rate_index)];
        let mut track =
            Track::new(0, Kind::Audio, "aac", TimeBase::new(Rational::new(1, rate.into())?));
        track.audio.sample_rate = Some(rate);
        track.audio.is_gapless = true;
        track.audio.layout = Some(layout);
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(CODEC_ID_AAC).with_sample_rate(rate);
        parameters.with_extra_data(config.into());
        if let Some(channels) = positions(layout) {
            parameters.with_channels(channels);
        }
        track.decoder = Some(Codec::Symphonia(Box::new(parameters)));
        Ok(Ok((Self { source, at, first, frames: 0, is_damaged: false }, track)))
    }
}

impl Demuxer for Adts {
    fn next(&mut self, _: usize) -> anyhow::Result<Option<Packet>> {
        let mut garbage = 0;
        loop {
            let head = self.source.bytes_at(self.at, 9)?;
            if head.len() < 7 {
                self.is_damaged |= !head.is_empty() || garbage > 0;
                return Ok(None);
            }
            // A tag at the end is not damage.
            if head.starts_with(b"TAG") || head.starts_with(b"APETAGEX") {
                return Ok(None);
            }
            let header = Header::new(&head).filter(|header| header.agrees(self.first));
            let Some(header) = header else {
                garbage += 1;
                self.at += 1;
                self.is_damaged = true;
                if garbage > MAX_GARBAGE {
                    return Ok(None);
                }
                continue;
            };
            let mut data = self.source.bytes_at(self.at, header.size)?;
            if data.len() < header.size {
                self.is_damaged = true;
                return Ok(None);
            }
            // Lost frames leave a gap of their duration.
            let size = header.size as u64;
            self.frames += (garbage + size / 2) / size;
            self.at += size;
            data.drain(..header.header);
            let packet = Packet::new(data, (self.frames * FRAME).try_into()?, FRAME);
            self.frames += 1;
            return Ok(Some(packet));
        }
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_the_configuration_of_a_header() {
        let header = Header { object: 2, rate_index: 4, channels: 2, size: 100, header: 7 };
        assert_eq!(header.config(), [0x12, 0x10]);
    }
}
