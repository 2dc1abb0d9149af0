//! The encoder: takes frames of 1024 samples and returns access units.

use fearless_simd::Level;
use reelwright_core::helpers::bits::BitWriter;
use reelwright_core::{
    AudioEncoder, AudioEncoderRequest, AudioFormat, AudioFrame, AudioParameters,
    AudioSpecificConfig, CodecId, CodecRecord, Error, MediaParameters, Options, PacketClock,
    PacketQueue, Result, SampleFormat, StreamParameters, TimeBase, helpers::clamp_sample,
    helpers::extrapolate_backwards,
};
use reelwright_psychoacoustics::lowpass_gains;

use crate::bands::{LINES, SHORT_LINES};
use crate::config::Config;
use crate::element::{Analysis, Element, Kind};
use crate::huffman::Huffman;
use crate::mdct::Filterbank;
use crate::psycho::Model;
use crate::quantizer::Quantizer;
use crate::rate::RateLoop;
use crate::stream::Tools;

/// Samples of each channel in an access unit.
const FRAME_SIZE: usize = LINES;

/// Samples a decoder outputs before the first input sample: half a window.
const DELAY: u32 = 1024;

/// Minimum number of frames in a stream, so that readers can detect the format.
const LEAST_FRAMES: usize = 3;

/// AAC-LC's audio object type.
const LC: u8 = 2;

/// Elements of each channel configuration and their channels in the layout (ISO/IEC 14496-3 table
/// 1.19). For 7.1, decoders read the first pair as front, the second as side and the third as back.
const ELEMENTS: [&[(Kind, &[usize])]; 7] = [
    &[(Kind::Single, &[0])],
    &[(Kind::Pair, &[0, 1])],
    &[(Kind::Single, &[2]), (Kind::Pair, &[0, 1])],
    &[(Kind::Single, &[2]), (Kind::Pair, &[0, 1]), (Kind::Single, &[3])],
    &[(Kind::Single, &[2]), (Kind::Pair, &[0, 1]), (Kind::Pair, &[3, 4])],
    &[
        (Kind::Single, &[2]),
        (Kind::Pair, &[0, 1]),
        (Kind::Pair, &[4, 5]),
        (Kind::LowFrequency, &[3]),
    ],
    &[
        (Kind::Single, &[2]),
        (Kind::Pair, &[0, 1]),
        (Kind::Pair, &[6, 7]),
        (Kind::Pair, &[4, 5]),
        (Kind::LowFrequency, &[3]),
    ],
];

/// Encoder of one AAC stream.
pub(crate) struct AacEncoder {
    parameters: StreamParameters,
    tools: Tools,
    analysis: Analysis,
    elements: Vec<Element>,
    rate_loop: RateLoop,
    /// Samples of each channel: the previous frame, the frame to code next, and the frame after it.
    samples: Vec<[f32; 3 * LINES]>,
    /// Number of input frames.
    frames: u64,
    /// Set after a short frame or the end of the stream; no more frames are accepted.
    ended: bool,
    bits: BitWriter,
    clock: PacketClock,
}

impl AacEncoder {
    pub(crate) fn open(
        request: &AudioEncoderRequest,
        options: &mut Options,
    ) -> Result<Box<dyn AudioEncoder>> {
        Ok(Box::new(Self::with_level(request, options, Level::new())?))
    }

    fn with_level(
        request: &AudioEncoderRequest,
        options: &mut Options,
        level: Level,
    ) -> Result<Self> {
        let config = Config::new(request, options)?;
        let rate = config.rate;
        let record = AudioSpecificConfig {
            bytes: specific_config(&config),
            object_type: LC,
            core_sample_rate: rate.hz,
            channel_configuration: config.channel_configuration,
        };
        let parameters = StreamParameters::new(
            CodecId::Aac,
            TimeBase::from_sample_rate(rate.hz)?,
            MediaParameters::Audio(
                AudioParameters::new(AudioFormat { sample_rate: rate.hz, ..request.format })
                    .bits_per_sample(16)
                    .frame_size(Some(FRAME_SIZE)),
            ),
        )
        .record(CodecRecord::Aac(record))
        .bit_rate(config.bit_rate());
        let mut tags = [0; 4];
        let elements = ELEMENTS[usize::from(config.channel_configuration) - 1].iter();
        let elements = elements.map(|&(kind, channels)| {
            let tag = &mut tags[kind as usize];
            *tag += 1;
            Element::new(&config, kind, *tag - 1, channels)
        });
        Ok(Self {
            parameters,
            tools: Tools { rate, quantizer: Quantizer::new(level), huffman: Huffman::new(level) },
            analysis: Analysis {
                bank: Filterbank::new(level),
                long: Model::new(&rate, false, level),
                short: Model::new(&rate, true, level),
                lowpass: [LINES, SHORT_LINES].map(|lines| {
                    lowpass_gains(config.lowpass, rate.hz, lines, |index| index % lines)
                }),
                mid_side: config.mid_side,
            },
            elements: elements.collect(),
            rate_loop: RateLoop::new(&config),
            samples: vec![[0.0; 3 * LINES]; config.channels],
            frames: 0,
            ended: false,
            bits: BitWriter::default(),
            clock: PacketClock::new(DELAY),
        })
    }

    /// Appends samples to each channel and pads them with silence.
    fn push<'a>(&mut self, plane: impl Fn(usize) -> &'a [f32]) {
        for (channel, samples) in self.samples.iter_mut().enumerate() {
            samples.copy_within(LINES.., 0);
            let new = plane(channel);
            let (here, after) = samples[2 * LINES..].split_at_mut(new.len());
            for (to, from) in here.iter_mut().zip(new) {
                *to = clamp_sample(*from);
            }
            after.fill(0.0);
        }
        self.frames += 1;
        if self.frames == 1 {
            self.prime();
        }
    }

    /// Extrapolates the signal to before its first sample.
    fn prime(&mut self) {
        for samples in &mut self.samples {
            let (before, first) = samples[LINES..].split_at_mut(LINES);
            extrapolate_backwards(first, before);
        }
    }

    /// Codes the frame before the last input frame.
    fn encode_frame(&mut self, packets: &mut PacketQueue) {
        for element in &mut self.elements {
            element.analyze(&self.analysis, &self.tools, |channel| &self.samples[channel]);
        }
        let spent = self.rate_loop.code(&self.tools, &mut self.elements);
        self.bits.start(MAX_BYTES * self.samples.len() + ROOM);
        for element in &self.elements {
            element.write(&mut self.bits);
        }
        debug_assert_eq!(self.bits.len(), spent.bits as usize);
        fill(&mut self.bits, spent.least_bytes);
        self.bits.put(7, END_BITS as u32);
        self.bits.align();
        self.rate_loop.spend(self.bits.bytes().len());
        let packet = packets.push();
        // Reserves the maximum size, so that the packet's buffer is reused without growing.
        packet.data.reserve(MAX_BYTES * self.samples.len());
        packet.data.extend_from_slice(self.bits.bytes());
        self.clock.set_times(packet, FRAME_SIZE as u32);
    }
}

/// Maximum number of bytes per channel in a frame (ISO/IEC 14496-3 §4.5.3.1), and spare bytes.
const MAX_BYTES: usize = 6144 / 8;
const ROOM: usize = 64;

/// Bits of ID_END, which ends a frame.
const END_BITS: usize = 3;

/// Writes fill elements until a frame has at least `least_bytes` bytes.
fn fill(bits: &mut BitWriter, least_bytes: usize) {
    /// Maximum payload of a fill element, in bytes.
    const MOST: usize = 15 + 255 - 1;
    let bytes = |bits: &BitWriter| (bits.len() + END_BITS).div_ceil(8);
    while bytes(bits) < least_bytes {
        let missing = 8 * least_bytes - END_BITS - bits.len();
        bits.put(6, 3);
        // A count above 14 continues in esc_count.
        let count = (missing - 3 - 4) / 8;
        let count = if count < 15 { count } else { (count - 1).min(MOST) };
        if count < 15 {
            bits.put(count as u64, 4);
        } else {
            bits.put(15, 4);
            bits.put((count - 14) as u64, 8);
        }
        // The first byte is the extension type EXT_FILL, which decoders skip.
        for _ in 0..count {
            bits.put(0, 8);
        }
    }
}

/// Returns the AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1).
fn specific_config(config: &Config) -> Vec<u8> {
    let bits = u16::from(LC) << 11
        | (config.rate.index as u16) << 7
        | u16::from(config.channel_configuration) << 3;
    bits.to_be_bytes().to_vec()
}

impl AudioEncoder for AacEncoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn frame_size(&self) -> Option<usize> {
        Some(FRAME_SIZE)
    }

    fn max_delay(&self) -> u64 {
        // The overlap of the transform, and one frame of lookahead.
        u64::from(DELAY) + FRAME_SIZE as u64
    }

    fn encode(&mut self, frame: &AudioFrame, packets: &mut PacketQueue) -> Result<()> {
        frame.check_format(SampleFormat::Fltp, self.samples.len())?;
        let samples = frame.samples();
        if samples > FRAME_SIZE {
            return Err(Error::chunk(format!(
                "A frame has {samples} samples. At most {FRAME_SIZE} are allowed."
            )));
        }
        if samples == 0 {
            return Ok(());
        }
        if self.ended {
            return Err(Error::state(format!(
                "The AAC stream has ended. Only its last frame may have fewer than {FRAME_SIZE} \
                 samples."
            )));
        }
        self.ended = samples < FRAME_SIZE;
        self.push(|channel| frame.plane::<f32>(channel).expect("the format was checked"));
        self.clock.receive(samples);
        if self.frames > 1 {
            self.encode_frame(packets);
        }
        Ok(())
    }

    fn finish(&mut self, packets: &mut PacketQueue) -> Result<()> {
        self.ended = true;
        let least = (LEAST_FRAMES * FRAME_SIZE) as i64;
        let is_short = |clock: &PacketClock| {
            // Samples in the packets so far, including the delay.
            clock.received() - clock.pending() + i64::from(DELAY) < least
        };
        while self.clock.received() > 0 && (self.clock.pending() > 0 || is_short(&self.clock)) {
            self.push(|_| &[]);
            self.encode_frame(packets);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelwright_core::{ChannelLayout, CodecConfig, Element as _, Timestamp};
    use reelwright_testkit::encoding::planar;
    use reelwright_testkit::levels::levels;
    use reelwright_testkit::lossy::music_with_clicks;

    fn encode(samples: &[f32], config: CodecConfig, level: Level) -> Vec<u8> {
        let request = AudioEncoderRequest::new(
            CodecId::Aac,
            AudioFormat {
                sample_format: SampleFormat::Fltp,
                sample_rate: 44_100,
                layout: ChannelLayout::STEREO,
            },
        )
        .config(config);
        let mut encoder = AacEncoder::with_level(&request, &mut Options::new(), level).unwrap();
        let mut packets = PacketQueue::new();
        let (left, right) = samples.split_at(samples.len() / 2);
        for (left, right) in left.chunks(FRAME_SIZE).zip(right.chunks(FRAME_SIZE)) {
            let both = [left, right].concat();
            let frame = planar(f32::slice(&both), 2, Timestamp(0));
            encoder.encode(&frame, &mut packets).unwrap();
        }
        encoder.finish(&mut packets).unwrap();
        packets.iter().flat_map(|packet| packet.data.iter().copied()).collect()
    }

    #[test]
    fn every_instruction_set_gives_the_same_bytes() {
        let samples = music_with_clicks(40_000);
        for (bit_rate, qscale) in [(None, None), (Some(48_000), None), (None, Some(9.0))] {
            let config = CodecConfig { bit_rate, qscale, ..CodecConfig::default() };
            let expected = encode(&samples, config, Level::fallback());
            for level in levels() {
                assert!(encode(&samples, config, level) == expected, "{level:?}, {config:?}");
            }
        }
    }

    #[test]
    fn fill_elements_have_the_missing_bytes() {
        for before in 0..30usize {
            for least in [0, 1, 2, 3, 17, 18, 19, 20, 268, 269, 270, 271, 272, 600, 1000] {
                let mut bits = BitWriter::default();
                bits.start(1100);
                for _ in 0..before {
                    bits.put(1, 1);
                }
                fill(&mut bits, least);
                bits.put(7, 3);
                bits.align();
                let found = bits.bytes().len();
                assert_eq!(found, least.max((before + 3).div_ceil(8)), "{before} {least}");
            }
        }
    }
}
