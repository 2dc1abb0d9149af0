//! The encoder: takes blocks of samples and returns frames and STREAMINFO.

use fearless_simd::Level;
use md5::{Digest, Md5};
use reelwright_core::{
    AudioEncoder, AudioEncoderRequest, AudioFormat, AudioFrame, AudioParameters, CodecId,
    CodecRecord, Error, FlacStreamInfo, MediaParameters, Options, PacketQueue, Result,
    SampleFormat, StreamParameters, TimeBase, Timestamp,
};

use crate::block::BlockEncoder;
use crate::config::Config;
use crate::kernels::deinterleave;
use crate::workers::{Job, Workers};

/// Encoder of one FLAC stream. All blocks but the last have the same size.
pub(crate) struct FlacEncoder {
    config: Config,
    level: Level,
    sample_format: SampleFormat,
    parameters: StreamParameters,
    info: FlacStreamInfo,
    md5: Md5,
    /// Samples as bytes, for the MD5 checksum.
    bytes: Vec<u8>,
    next_number: u32,
    /// Set after a short block or the end of the stream; no more blocks are accepted.
    ended: bool,
    /// pts of the first sample.
    start: Option<Timestamp>,
    /// Number of samples in the packets so far.
    packed_samples: u64,
    engine: Engine,
}

/// Encodes blocks on this thread or on others.
enum Engine {
    Here { encoder: Box<BlockEncoder>, planes: Vec<Vec<i32>> },
    Threads { workers: Workers, spare: Vec<Job> },
}

impl FlacEncoder {
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
        let info = FlacStreamInfo {
            min_block_size: config.block_size as u16,
            max_block_size: config.block_size as u16,
            min_frame_size: 0,
            max_frame_size: 0,
            sample_rate: config.sample_rate,
            channels: config.channels as u8,
            bits_per_sample: config.bits_per_sample as u8,
            total_samples: 0,
            md5: [0; 16],
        };
        let parameters = StreamParameters::new(
            CodecId::Flac,
            TimeBase::from_sample_rate(config.sample_rate)?,
            MediaParameters::Audio(
                AudioParameters::new(AudioFormat {
                    sample_rate: config.sample_rate,
                    ..request.format
                })
                .bits_per_sample(config.bits_per_sample)
                .frame_size(Some(config.block_size)),
            ),
        )
        .record(CodecRecord::Flac(info.clone()));
        let planes = || vec![Vec::with_capacity(config.block_size); config.channels];
        let engine = if config.threads > 1 {
            let job = || Job { planes: planes(), ..Job::default() };
            Engine::Threads { workers: Workers::start(&config, level)?, spare: vec![job()] }
        } else {
            let encoder = Box::new(BlockEncoder::new(config.clone(), level));
            Engine::Here { encoder, planes: planes() }
        };
        Ok(Self {
            level,
            sample_format: request.format.sample_format,
            parameters,
            info,
            md5: Md5::new(),
            bytes: Vec::new(),
            next_number: 0,
            ended: false,
            start: None,
            packed_samples: 0,
            engine,
            config,
        })
    }

    /// Returns an error if a frame has the wrong format or cannot follow the previous ones.
    fn check(&self, frame: &AudioFrame) -> Result<()> {
        let Self { config, sample_format, .. } = self;
        frame.check_format(*sample_format, config.channels)?;
        if frame.samples() == 0 || frame.samples() > config.block_size {
            return Err(Error::argument(format!(
                "A block of this FLAC stream must have 1 to {} samples. Found: {}",
                config.block_size,
                frame.samples()
            )));
        }
        if self.ended {
            return Err(Error::state(format!(
                "The FLAC stream has ended. Only its last block may have fewer than {} samples.",
                config.block_size
            )));
        }
        Ok(())
    }

    /// Adds samples to the checksum as little-endian whole bytes, shifted right like the planes.
    fn digest(&mut self, frame: &AudioFrame) {
        let (bits, shift) = (self.config.bits_per_sample, self.config.input_shift);
        self.bytes.clear();
        if let Some(samples) = frame.interleaved::<i16>() {
            if bits > 8 {
                self.bytes.extend(samples.iter().flat_map(|x| (x >> shift).to_le_bytes()));
            } else {
                self.bytes.extend(samples.iter().map(|x| (x >> shift) as u8));
            }
        } else if let Some(samples) = frame.interleaved::<i32>() {
            let width = bits.div_ceil(8) as usize;
            for x in samples {
                self.bytes.extend_from_slice(&(x >> shift).to_le_bytes()[..width]);
            }
        }
        self.md5.update(&self.bytes);
    }

    /// Fills the newest packet with the frame of `samples` samples.
    fn pack(&mut self, packets: &mut PacketQueue, samples: usize, frame: &mut Vec<u8>) {
        let size = frame.len() as u32;
        let info = &mut self.info;
        info.max_frame_size = info.max_frame_size.max(size);
        info.min_frame_size =
            if info.min_frame_size == 0 { size } else { info.min_frame_size.min(size) };
        let packet = packets.push();
        std::mem::swap(&mut packet.data, frame);
        let start = self.start.unwrap_or_default().0;
        packet.pts = Timestamp(start.saturating_add_unsigned(self.packed_samples));
        packet.dts = packet.pts;
        packet.duration = samples as i64;
        packet.keyframe = true;
        self.packed_samples += samples as u64;
    }
}

impl AudioEncoder for FlacEncoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn frame_size(&self) -> Option<usize> {
        Some(self.config.block_size)
    }

    fn max_delay(&self) -> u64 {
        let Engine::Threads { workers, .. } = &self.engine else { return 0 };
        (workers.capacity() * self.config.block_size) as u64
    }

    fn encode(&mut self, frame: &AudioFrame, packets: &mut PacketQueue) -> Result<()> {
        self.check(frame)?;
        let number = self.next_number;
        if number >= 1 << 31 {
            return Err(Error::too_large(format!(
                "A FLAC stream can have at most 2^31 blocks of {} samples. Pass a larger frame_size.",
                self.config.block_size
            )));
        }
        self.ended = frame.samples() < self.config.block_size;
        self.start.get_or_insert(frame.pts());
        self.digest(frame);
        self.info.total_samples += frame.samples() as u64;
        self.next_number += 1;

        let (level, shift) = (self.level, self.config.input_shift);
        let fill = |planes: &mut [Vec<i32>]| {
            if let Some(samples) = frame.interleaved::<i16>() {
                deinterleave(level, samples, shift, planes);
            } else if let Some(samples) = frame.interleaved::<i32>() {
                deinterleave(level, samples, shift, planes);
            }
        };
        match &mut self.engine {
            Engine::Here { encoder, planes } => {
                fill(planes);
                let mut bytes = packets.take_buffer();
                encoder.encode(planes, number, &mut bytes);
                self.pack(packets, frame.samples(), &mut bytes);
            }
            Engine::Threads { workers, spare } => {
                let oldest = if workers.is_full() { workers.receive()? } else { None };
                let mut job = spare.pop().unwrap_or_else(|| Job {
                    planes: vec![Vec::with_capacity(self.config.block_size); self.config.channels],
                    ..Job::default()
                });
                fill(&mut job.planes);
                job.number = number;
                workers.send(job)?;
                if let Some(job) = oldest {
                    self.pack_job(job, packets);
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, packets: &mut PacketQueue) -> Result<()> {
        while let Engine::Threads { workers, .. } = &mut self.engine {
            match workers.receive()? {
                Some(job) => self.pack_job(job, packets),
                None => break,
            }
        }
        self.ended = true;
        self.info.md5 = self.md5.finalize_reset().into();
        self.parameters.record = CodecRecord::Flac(self.info.clone());
        Ok(())
    }
}

impl FlacEncoder {
    fn pack_job(&mut self, mut job: Job, packets: &mut PacketQueue) {
        self.pack(packets, job.planes[0].len(), &mut job.frame);
        if let Engine::Threads { spare, .. } = &mut self.engine {
            spare.push(job);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelwright_core::{ChannelLayout, Element};
    use reelwright_testkit::encoding::packed;
    use reelwright_testkit::levels::levels;
    use reelwright_testkit::signal::{music_i16, music_i32, noise_i32};

    /// Returns the frames and STREAMINFO.
    fn encode<T: Element>(samples: &[T], channels: usize, options: &str, level: Level) -> Vec<u8> {
        let request = AudioEncoderRequest::new(
            CodecId::Flac,
            AudioFormat {
                sample_format: SampleFormat::packed(T::DATA_TYPE),
                sample_rate: 48_000,
                layout: ChannelLayout::default_for(channels).unwrap(),
            },
        );
        let mut options: Options =
            options.split_whitespace().filter_map(|o| o.split_once('=')).collect();
        let mut encoder = FlacEncoder::with_level(&request, &mut options, level).unwrap();
        let mut packets = PacketQueue::new();
        for chunk in samples.chunks(encoder.frame_size().unwrap() * channels) {
            let frame = packed(T::slice(chunk), channels, Timestamp(0));
            encoder.encode(&frame, &mut packets).unwrap();
        }
        encoder.finish(&mut packets).unwrap();
        let mut bytes = encoder.info.to_bytes().to_vec();
        packets.iter().for_each(|packet| bytes.extend(&packet.data));
        bytes
    }

    #[test]
    fn every_instruction_set_gives_the_same_bytes() {
        fn check<T: Element>(samples: &[T], channels: usize, options: &str) {
            let expected = encode(samples, channels, options, Level::fallback());
            for level in levels() {
                let found = encode(samples, channels, options, level);
                assert!(found == expected, "{level:?}, {channels} channels, {options}");
            }
        }
        for level in 0..=12 {
            let options = format!("compression_level={level}");
            check(&music_i16(20_001, 2), 2, &options);
            check(&music_i32(9001, 2), 2, &options);
        }
        check(&music_i32(9001, 2), 2, "bits_per_raw_sample=32");
        check(&music_i16(9001, 3), 3, "threads=2");
        check(&noise_i32(20_000), 1, "bits_per_raw_sample=32 compression_level=8");
        check(&noise_i32(20_000), 2, "compression_level=2");
    }
}
