//! The encoder: takes samples and returns frames when their main data is complete.

use fearless_simd::Level;
use reelwright_core::helpers::bits::BitWriter;
use reelwright_core::{
    AudioEncoder, AudioEncoderRequest, AudioFormat, AudioFrame, AudioParameters, CodecId,
    CodecRecord, Error, MediaParameters, Mp3Info, Options, PacketQueue, Result, SampleFormat,
    StreamParameters, TimeBase, Timestamp,
};

use crate::analysis::Analyzer;
use crate::bitstream::{Bitstream, Header};
use crate::config::{Config, RateControl};
use crate::granule::{Coded, Granule, Tools};
use crate::huffman::Huffman;
use crate::quantizer::Quantizer;
use crate::rate::{Budget, Granules, RateLoop};

/// Samples that a decoder outputs before the first input sample: 576 of the encoder, and 529 of the
/// decoder's filters.
const DELAY: u64 = 576 + 529;
/// Maximum number of frames whose main data may still go into the reservoir of earlier frames.
const FRAMES_UNDER_WAY: u64 = 9;
/// Minimum number of frames in a stream. Readers detect the format by several consecutive frames.
const LEAST_FRAMES: u64 = 4;
/// Bits of frame and reservoir that a decoder must buffer. LAME has the same limit.
const DECODER_BUFFER: usize = 1440;

/// Encoder of one MP3 stream.
pub(crate) struct Mp3Encoder {
    config: Config,
    parameters: StreamParameters,
    tools: Tools,
    analyzer: Analyzer,
    rate_loop: RateLoop,
    granules: Granules,
    coded: Vec<Vec<Coded>>,
    main_data: BitWriter,
    stream: Bitstream,
    packer: Packer,
    /// Fraction of a byte that the frames so far are too short, times the sample rate.
    fraction: u32,
    /// Set after a short frame or the end of the stream; no more frames are accepted.
    ended: bool,
    /// Number of input samples per channel.
    taken: u64,
    /// Number of coded frames.
    frames: u64,
}

impl Mp3Encoder {
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
        let (rate, channels) = (config.rate, config.channels);
        let parameters = StreamParameters::new(
            CodecId::Mp3,
            TimeBase::from_sample_rate(rate.hz)?,
            MediaParameters::Audio(
                AudioParameters::new(AudioFormat { sample_rate: rate.hz, ..request.format })
                    .bits_per_sample(request.format.sample_format.data_type().bytes() as u32 * 8)
                    .frame_size(Some(rate.frame_samples())),
            ),
        )
        .record(CodecRecord::Mp3(Mp3Info {
            rate_control: config.rate_control(),
            lowpass: config.lowpass,
        }))
        .bit_rate(config.bit_rate());
        let tools = Tools { rate, quantizer: Quantizer::new(level), huffman: Huffman::new(level) };
        Ok(Self {
            parameters,
            tools,
            analyzer: Analyzer::new(&config, level),
            rate_loop: RateLoop::new(&config),
            granules: (0..rate.granules())
                .map(|_| (0..channels).map(|_| Granule::new()).collect())
                .collect(),
            coded: vec![vec![Coded::default(); channels]; rate.granules()],
            main_data: BitWriter::default(),
            stream: Bitstream::new(rate, channels, config.joint_stereo),
            packer: Packer::new(rate.frame_samples() as u64),
            fraction: 0,
            ended: false,
            taken: 0,
            frames: 0,
            config,
        })
    }

    /// Returns an error if a frame has the wrong format or cannot follow the previous ones.
    fn check(&self, frame: &AudioFrame) -> Result<()> {
        let (format, size) = (self.sample_format(), self.config.rate.frame_samples());
        frame.check_format(format, self.config.channels)?;
        if frame.samples() == 0 || frame.samples() > size {
            return Err(Error::argument(format!(
                "A frame of this MP3 stream must have 1 to {size} samples. Found: {}",
                frame.samples()
            )));
        }
        if self.ended {
            return Err(Error::state(format!(
                "The MP3 stream has ended. Only its last frame may have fewer than {size} samples."
            )));
        }
        Ok(())
    }

    fn sample_format(&self) -> SampleFormat {
        self.parameters.audio().map_or(SampleFormat::Fltp, |audio| audio.format.sample_format)
    }

    /// Encodes all frames that have enough samples.
    fn run(&mut self, packets: &mut PacketQueue) {
        while self.analyzer.has_frame() {
            self.encode_frame(packets);
        }
    }

    fn encode_frame(&mut self, packets: &mut PacketQueue) {
        let mid_side = self.analyzer.next_frame(&self.tools, &mut self.granules);
        let rate = self.config.rate;
        let overhead = rate.overhead(self.config.channels);
        let free = self.stream.free();
        let (header, size) = match self.config.control {
            RateControl::Constant { kbps } => {
                let (whole, fraction) = rate.frame_bytes(kbps);
                self.fraction += fraction;
                let padding = self.fraction >= rate.hz;
                self.fraction -= if padding { rate.hz } else { 0 };
                let size = whole + usize::from(padding);
                let most_free = self.most_free(whole + 1);
                let room = size - overhead;
                self.rate_loop.constant(
                    &self.tools,
                    &mut self.granules,
                    &mut self.coded,
                    Budget {
                        least: 8 * (free + room).saturating_sub(most_free) as u32,
                        mean: 8 * room as u32,
                        most: 8 * (free + room) as u32,
                        reservoir: 8 * free as u32,
                        max_reservoir: 8 * most_free as u32,
                    },
                );
                let index = rate.bit_rates().iter().position(|&r| r == kbps).unwrap_or(0);
                (Header { bitrate_index: index as u32, padding, mid_side }, size)
            }
            RateControl::Average { .. } | RateControl::Variable { .. } => {
                self.code_variable(overhead, free, mid_side)
            }
        };
        self.write_main_data();
        let buffer = self.packer.spare.pop().unwrap_or_else(|| packets.take_buffer());
        self.stream.open(header, size, &self.coded, buffer);
        let most_free = self.most_free(size);
        let packer = &mut self.packer;
        self.stream.fill(self.main_data.bytes(), |bytes| packer.pack(bytes, packets));
        let excess = self.stream.free().saturating_sub(most_free);
        self.stream.stuff(excess, |bytes| packer.pack(bytes, packets));
        self.frames += 1;
    }

    /// Codes a frame at the bit rate that it needs. Returns its header and size.
    fn code_variable(&mut self, overhead: usize, free: usize, mid_side: bool) -> (Header, usize) {
        let rate = self.config.rate;
        let sizes = rate.bit_rates().map(|kbps| rate.frame_bytes(kbps).0);
        let most = 8 * (free + sizes[14] - overhead) as u32;
        let (tools, granules, coded) = (&self.tools, &mut self.granules, &mut self.coded[..]);
        let mean = match self.config.control {
            RateControl::Average { kbps } => {
                Some(f64::from(kbps) * 1000.0 * rate.frame_samples() as f64 / f64::from(rate.hz))
            }
            _ => None,
        };
        let bits = match mean {
            Some(mean) => {
                let room = (mean - 8.0 * overhead as f64).max(0.0) as u32;
                self.rate_loop.average(tools, granules, coded, room, most)
            }
            None => self.rate_loop.variable(tools, granules, coded, most),
        };
        let bytes = bits.div_ceil(8) as usize;
        // At the lowest rates, the smallest frame may be too small for its side information.
        let index = (1..15)
            .find(|&index| sizes[index] >= overhead && free + sizes[index] - overhead >= bytes)
            .unwrap_or(14);
        if let Some(mean) = mean {
            self.rate_loop.spend(8.0 * sizes[index] as f64 - mean);
        }
        (Header { bitrate_index: index as u32, padding: false, mid_side }, sizes[index])
    }

    /// Maximum number of free bytes for later frames after a frame of `size` bytes.
    fn most_free(&self, size: usize) -> usize {
        if !self.config.reservoir {
            return 0;
        }
        let rate = &self.config.rate;
        rate.max_main_data_begin().min(DECODER_BUFFER.saturating_sub(size))
    }

    fn write_main_data(&mut self) {
        let bits = &mut self.main_data;
        let room: u32 = self.coded.iter().flatten().map(Coded::bits).sum();
        bits.start(room.div_ceil(8) as usize);
        for (granules, coded) in self.granules.iter().zip(&self.coded) {
            for (granule, coded) in granules.iter().zip(coded) {
                let before = bits.len();
                coded.scalefactor_coding.write(&coded.scalefactors, bits);
                self.tools.huffman.write(&coded.values, granule.lines(), &coded.regions, bits);
                debug_assert_eq!(bits.len() - before, coded.bits() as usize);
            }
        }
        bits.align();
    }
}

impl AudioEncoder for Mp3Encoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn frame_size(&self) -> Option<usize> {
        Some(self.config.rate.frame_samples())
    }

    fn max_delay(&self) -> u64 {
        let frame = self.config.rate.frame_samples() as u64;
        DELAY + (FRAMES_UNDER_WAY + 1) * frame
    }

    fn encode(&mut self, frame: &AudioFrame, packets: &mut PacketQueue) -> Result<()> {
        self.check(frame)?;
        self.ended = frame.samples() < self.config.rate.frame_samples();
        self.packer.start.get_or_insert(frame.pts());
        self.taken += frame.samples() as u64;
        for channel in 0..self.config.channels {
            if let Some(plane) = frame.plane::<f32>(channel) {
                self.analyzer.push(channel, plane.iter().copied());
            } else if let Some(plane) = frame.plane::<i16>(channel) {
                let scale = 1.0 / 32_768.0;
                self.analyzer.push(channel, plane.iter().map(|&x| f32::from(x) * scale));
            } else if let Some(plane) = frame.plane::<i32>(channel) {
                let scale = 1.0 / 2_147_483_648.0;
                self.analyzer.push(channel, plane.iter().map(|&x| x as f32 * scale));
            }
        }
        self.run(packets);
        Ok(())
    }

    fn finish(&mut self, packets: &mut PacketQueue) -> Result<()> {
        self.ended = true;
        if self.taken == 0 {
            return Ok(());
        }
        let size = self.config.rate.frame_samples();
        let frames = (self.taken + DELAY).div_ceil(size as u64).max(LEAST_FRAMES);
        self.packer.end = Some(DELAY + self.taken);
        while self.frames < frames {
            for channel in 0..self.config.channels {
                self.analyzer.push(channel, std::iter::repeat_n(0.0, size));
            }
            if self.analyzer.has_frame() {
                self.encode_frame(packets);
            }
        }
        let packer = &mut self.packer;
        self.stream.stuff(self.stream.free(), |bytes| packer.pack(bytes, packets));
        // A second call has nothing left to encode.
        self.taken = 0;
        Ok(())
    }
}

/// Creates packets from frames.
struct Packer {
    /// pts of the first input sample.
    start: Option<Timestamp>,
    frame_samples: u64,
    packed: u64,
    /// Number of samples before the padding, once it is known.
    end: Option<u64>,
    /// Buffers of packets whose bytes came in another buffer.
    spare: Vec<Vec<u8>>,
}

impl Packer {
    fn new(frame_samples: u64) -> Self {
        Self { start: None, frame_samples, packed: 0, end: None, spare: Vec::new() }
    }

    fn pack(&mut self, bytes: Vec<u8>, packets: &mut PacketQueue) {
        let before = self.packed * self.frame_samples;
        let start = self.start.unwrap_or_default().0;
        let packet = packets.push();
        let memory = std::mem::replace(&mut packet.data, bytes);
        if memory.capacity() > 0 {
            self.spare.push(memory);
        }
        packet.pts =
            Timestamp(start.saturating_sub_unsigned(DELAY).saturating_add_unsigned(before));
        packet.dts = packet.pts;
        packet.duration = self.frame_samples as i64;
        packet.keyframe = true;
        packet.trim_start = DELAY.saturating_sub(before).min(self.frame_samples) as u32;
        self.packed += 1;
        if let Some(end) = self.end {
            let after = (before + self.frame_samples).saturating_sub(end);
            packet.trim_end = after.min(self.frame_samples) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelwright_core::{ChannelLayout, CodecConfig, Element};
    use reelwright_testkit::encoding::planar;
    use reelwright_testkit::levels::levels;
    use reelwright_testkit::lossy::music_with_clicks;

    fn request(config: CodecConfig) -> AudioEncoderRequest {
        AudioEncoderRequest::new(
            CodecId::Mp3,
            AudioFormat {
                sample_format: SampleFormat::Fltp,
                sample_rate: 44_100,
                layout: ChannelLayout::STEREO,
            },
        )
        .config(config)
    }

    fn encode(samples: &[f32], config: CodecConfig, level: Level) -> Vec<u8> {
        let (mut options, count) = (Options::new(), samples.len() / 2);
        let mut encoder = Mp3Encoder::with_level(&request(config), &mut options, level).unwrap();
        let mut packets = PacketQueue::new();
        let (left, right) = samples.split_at(count);
        for (left, right) in left.chunks(1152).zip(right.chunks(1152)) {
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
        for (compression_level, qscale) in
            [(None, None), (Some(0), None), (Some(9), Some(3.5)), (Some(0), Some(0.0))]
        {
            let config = CodecConfig { compression_level, qscale, ..CodecConfig::default() };
            let expected = encode(&samples, config, Level::fallback());
            for level in levels() {
                assert!(encode(&samples, config, level) == expected, "{level:?}, {config:?}");
            }
        }
    }

    #[test]
    fn few_frames_are_in_flight_and_memory_is_reused() {
        let config = CodecConfig { bit_rate: Some(32_000), ..CodecConfig::default() };
        let mut encoder =
            Mp3Encoder::with_level(&request(config), &mut Options::new(), Level::new()).unwrap();
        let (samples, mut packets, mut seen) =
            (music_with_clicks(1152), PacketQueue::new(), Vec::new());
        for count in 0..200 {
            let frame = planar(f32::slice(&samples), 2, Timestamp(0));
            encoder.encode(&frame, &mut packets).unwrap();
            assert!(encoder.frames - encoder.packer.packed <= FRAMES_UNDER_WAY as _);
            while let Some(packet) = packets.pop() {
                let memory = packet.data.as_ptr();
                assert!(count < 50 || seen.contains(&memory));
                if !seen.contains(&memory) {
                    seen.push(memory);
                }
                packets.recycle(packet);
            }
        }
    }
}
