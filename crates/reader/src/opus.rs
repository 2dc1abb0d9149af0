//! Opus for symphonia, which reads its containers but does not decode it.

use opus_pure::OpusDecoder;
use reelwright_core::ChannelLayout;
use symphonia::core::audio::{AudioBuffer, AudioMut, AudioSpec};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::registry::SupportedAudioCodec;
use symphonia::core::errors::{Error, Result};
use symphonia::core::packet::PacketRef;

use crate::added::PacketDecoder;

/// Samples of each channel in the longest packet: 120 ms.
const MAX_SAMPLES: usize = 5760;

/// The rate of everything that is decoded.
const RATE: u32 = 48_000;

/// One of the streams of a packet, of one channel or two.
struct Stream {
    decoder: OpusDecoder,
    channels: usize,
}

/// An Opus decoder (RFC 6716, with the channel mappings of RFC 7845).
pub(crate) struct Opus {
    streams: Vec<Stream>,
    /// For each channel: the stream it comes from and which of the stream's channels it is; none
    /// for silence.
    sources: Vec<Option<(usize, usize)>>,
    /// For each channel of the header's mapping, which of ours it is.
    order: Vec<usize>,
    /// What the header has decoders multiply by.
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
            // Family 0 has one stream, of one channel or two.
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
        // What comes before the first sample is left out by whoever reads, for no reader of Ogg says
        // it in its packets.
        buffer.trim(0, packet.trim_end.get() as usize);
        Ok(())
    }
}

/// Takes a self-delimited packet (RFC 6716 appendix B) off the front of some bytes: returns the
/// ordinary packet and what follows. None where it is malformed.
fn undelimit(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    /// A frame's length (§3.2.1) and what follows it.
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
    // `head` is everything in front of the added length, which is that of the last frame.
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
                // Lengths of padding end with the first that is not 255.
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
    fn self_delimited_packets_become_ordinary_ones() {
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
