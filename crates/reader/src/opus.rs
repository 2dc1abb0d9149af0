//! Opus decoder for symphonia, which demuxes Opus but does not decode it.

use opus_pure::OpusDecoder;
use reelwright_core::ChannelLayout;
use symphonia::core::audio::{AudioBuffer, AudioMut, AudioSpec};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::registry::SupportedAudioCodec;
use symphonia::core::errors::{Error, Result};
use symphonia::core::packet::PacketRef;

use crate::symphonia_adapter::PacketDecoder;

/// Maximum number of audio frames in a packet: 120 ms.
const MAX_SAMPLES: usize = 5760;

/// Sample rate of the decoded audio in Hz.
const RATE: u32 = 48_000;

/// One stream of a packet, mono or stereo.
struct Stream {
    decoder: OpusDecoder,
    channels: usize,
}

/// An Opus decoder (RFC 6716, with the channel mappings of RFC 7845).
pub(crate) struct Opus {
    streams: Vec<Stream>,
    /// Stream and channel of the stream for each channel. `None` means silence.
    sources: Vec<Option<(usize, usize)>>,
    /// Index in the output buffer of each channel of the header's mapping.
    order: Vec<usize>,
    /// Output gain of the header, as a factor.
    gain: f32,
    samples: Vec<f32>,
}

impl PacketDecoder for Opus {
    const CODECS: &'static [SupportedAudioCodec] = &[SupportedAudioCodec {
        id: CODEC_ID_OPUS,
        info: CodecInfo { short_name: "opus", long_name: "Opus", profiles: &[] },
    }];

    fn new(parameters: &AudioCodecParameters) -> Result<(Self, AudioBuffer<f32>)> {
        let unsupported = |_| Error::Unsupported("opus: channels");
        let channels = parameters.channels.clone().ok_or(Error::Unsupported("opus: channels"))?;
        let count = channels.count();
        let head = parameters.extra_data.as_deref().unwrap_or_default();
        let family = head.get(18).copied().unwrap_or(0);
        let gain = match head.get(16..18) {
            Some(gain) => f32::from(i16::from_le_bytes([gain[0], gain[1]])) / 256.0,
            None => 0.0,
        };
        let (total, coupled, mapping) = match head.get(19..21 + count) {
            Some([total, coupled, mapping @ ..]) if family > 0 => {
                (usize::from(*total), usize::from(*coupled), mapping.to_vec())
            }
            // Family 0 has one stream, mono or stereo.
            _ if family == 0 && (1..=2).contains(&count) => (1, count - 1, vec![0, 1]),
            _ => return Err(Error::Unsupported("opus: channel mapping")),
        };
        if total == 0 || coupled > total {
            return Err(Error::DecodeError("opus: malformed channel mapping"));
        }
        let streams = (0..total).map(|stream| {
            let channels = if stream < coupled { 2 } else { 1 };
            let decoder = OpusDecoder::new(RATE as i32, channels).map_err(unsupported)?;
            Ok(Stream { decoder, channels })
        });
        let streams = streams.collect::<Result<Vec<_>>>()?;
        // The channels of coupled streams come first, two for each (RFC 7845 §5.1.1).
        let sources = mapping.iter().take(count).map(|&index| {
            let index = usize::from(index);
            let (stream, channel) = match index.checked_sub(2 * coupled) {
                None => (index / 2, index % 2),
                Some(mono) => (coupled + mono, 0),
            };
            (stream < total).then_some((stream, channel))
        });
        let sources = sources.collect();
        let order = match family {
            0 | 1 => ChannelLayout::vorbis_default(count).and_then(ChannelLayout::vorbis_order),
            _ => None,
        };
        let decoder = Self {
            streams,
            sources,
            order: order.map_or_else(|| (0..count).collect(), <[usize]>::to_vec),
            gain: 10f32.powf(gain / 20.0),
            samples: vec![0.0; MAX_SAMPLES * 2],
        };
        Ok((decoder, AudioBuffer::new(AudioSpec::new(RATE, channels), MAX_SAMPLES)))
    }

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        const MALFORMED: Error = Error::DecodeError("opus: malformed packet");
        let mut rest = packet.data;
        let mut samples = None;
        let last = self.streams.len() - 1;
        for (index, stream) in self.streams.iter_mut().enumerate() {
            let undelimited;
            let data = if index == last {
                rest
            } else {
                (undelimited, rest) = undelimit(rest).ok_or(MALFORMED)?;
                &undelimited[..]
            };
            let decoded = stream.decoder.decode(data, MAX_SAMPLES, &mut self.samples);
            let decoded = decoded.map_err(|_| MALFORMED)?;
            if *samples.get_or_insert(decoded) != decoded {
                return Err(MALFORMED);
            }
            if index == 0 {
                buffer.render_silence(Some(decoded));
            }
            for (source, ours) in self.sources.iter().zip(&self.order) {
                let Some((_, channel)) = source.filter(|(stream, _)| *stream == index) else {
                    continue;
                };
                let Some(plane) = buffer.plane_mut(*ours) else { continue };
                let from = self.samples.iter().skip(channel).step_by(stream.channels);
                for (to, from) in plane.iter_mut().zip(from) {
                    *to = from * self.gain;
                }
            }
        }
        // The caller trims the start, because symphonia's Ogg reader does not state it in packets.
        buffer.trim(0, packet.trim_end.get() as usize);
        Ok(())
    }
}

/// Splits bytes after a self-delimited packet (RFC 6716 appendix B). Returns the packet without
/// delimiter and the remaining bytes, or `None` if the packet is malformed.
fn undelimit(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    /// Reads a frame's length (§3.2.1). Returns it and the remaining bytes.
    fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
        match bytes {
            [first @ 0..252, rest @ ..] => Some((usize::from(*first), rest)),
            [first, second, rest @ ..] => {
                Some((usize::from(*first) + 4 * usize::from(*second), rest))
            }
            _ => None,
        }
    }
    let (&toc, after_toc) = bytes.split_first()?;
    // `head` is the part before the added length, which is the length of the last frame.
    let (head, own, before_own) = match toc & 3 {
        0 => (&bytes[..1], 1, 0),
        1 => (&bytes[..1], 2, 0),
        2 => {
            let (first, rest) = length(after_toc)?;
            (&bytes[..bytes.len() - rest.len()], 1, first)
        }
        _ => {
            let (&count, mut rest) = after_toc.split_first()?;
            let frames = usize::from(count & 0x3F);
            let mut sum = 0;
            if count & 0x40 != 0 {
                // The padding length ends with the first byte that is not 255.
                loop {
                    let (&padding, after) = rest.split_first()?;
                    rest = after;
                    sum += usize::from(padding.min(254));
                    if padding < 255 {
                        break;
                    }
                }
            }
            let is_variable = count & 0x80 != 0;
            for _ in 1..frames {
                if is_variable {
                    let (frame, after) = length(rest)?;
                    rest = after;
                    sum += frame;
                }
            }
            let head = &bytes[..bytes.len() - rest.len()];
            (head, if is_variable { 1 } else { frames }, sum)
        }
    };
    let (last, media) = length(&bytes[head.len()..])?;
    let size = last * own + before_own;
    let (media, rest) = media.split_at_checked(size)?;
    Some(([head, media].concat(), rest))
}

#[cfg(test)]
mod tests {
    use super::undelimit;

    #[test]
    fn converts_self_delimited_packets_to_ordinary_ones() {
        // Code 0: one frame. Code 1: two of one length. Code 2: two lengths. Code 3: any number.
        let cases: &[(&[u8], &[u8])] = &[
            (&[0x08, 2, 1, 2], &[0x08, 1, 2]),
            (&[0x09, 1, 1, 2], &[0x09, 1, 2]),
            (&[0x0A, 1, 2, 1, 2, 3], &[0x0A, 1, 1, 2, 3]),
            (&[0x0B, 0x83, 1, 0, 2, 1, 2, 3], &[0x0B, 0x83, 1, 0, 1, 2, 3]),
            (&[0x0B, 0x42, 1, 1, 1, 2, 0], &[0x0B, 0x42, 1, 1, 2, 0]),
        ];
        for (delimited, ordinary) in cases {
            let bytes = [delimited, &[9, 9][..]].concat();
            let (found, rest) = undelimit(&bytes).unwrap();
            assert_eq!((&found[..], rest), (*ordinary, &[9, 9][..]));
            for end in 0..delimited.len() {
                assert!(undelimit(&delimited[..end]).is_none(), "{end}");
            }
        }
    }
}
