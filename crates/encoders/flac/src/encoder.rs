//! The encoder: blocks of samples in, frames and STREAMINFO out.

use fearless_simd::Level;
use md5::{Digest, Md5};
use reelwright_core::{
    AudioEncoder, AudioEncoderRequest, AudioFrame, AudioParameters, CodecId, CodecRecord, Error,
    FlacStreamInfo, MediaParameters, Options, PacketQueue, Result, StreamParameters, TimeBase,
    Timestamp,
};

use crate::block::BlockEncoder;
use crate::config::Config;
use crate::kernels::deinterleave;
use crate::workers::{Job, Workers};

/// A FLAC stream of blocks of one size, the last one shorter.
pub(crate) struct FlacEncoder {
    config: Config,
    level: Level,
    parameters: StreamParameters,
    info: FlacStreamInfo,
    md5: Md5,
    /// Samples as bytes, for the checksum.
    bytes: Vec<u8>,
    next_number: u32,
    /// When the first sample is heard.
    start: Option<Timestamp>,
    /// Samples of the blocks whose packets are out.
    packed_samples: u64,
    engine: Engine,
}

/// Who encodes the blocks.
enum Engine {
    Here { encoder: Box<BlockEncoder>, planes: Vec<Vec<i32>> },
    Threads { workers: Workers, spare: Vec<Job> },
}

impl FlacEncoder {
    pub(crate) fn open(
        request: &AudioEncoderRequest,
        options: &mut Options,
    ) -> Result<Box<dyn AudioEncoder>> {
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
        let parameters = StreamParameters {
            time_base: TimeBase::of_sample_rate(config.sample_rate)?,
            codec: CodecId::Flac,
            record: CodecRecord::Flac(info.clone()),
            bit_rate: None,
            media: MediaParameters::Audio(AudioParameters {
                sample_rate: config.sample_rate,
                layout: request.layout,
                sample_format: request.sample_format,
                bits_per_sample: config.bits_per_sample,
                frame_size: Some(config.block_size),
            }),
        };
        let planes = || vec![Vec::with_capacity(config.block_size); config.channels];
        let engine = if config.threads > 1 {
            let job = || Job { planes: planes(), ..Job::default() };
            Engine::Threads { workers: Workers::start(&config)?, spare: vec![job()] }
        } else {
            let encoder = Box::new(BlockEncoder::new(config.clone()));
            Engine::Here { encoder, planes: planes() }
        };
        Ok(Box::new(Self {
            level: Level::new(),
            parameters,
            info,
            md5: Md5::new(),
            bytes: Vec::new(),
            next_number: 0,
            start: None,
            packed_samples: 0,
            engine,
            config,
        }))
    }

    /// Adds samples, shifted right as planes are, to the checksum: little-endian, in whole bytes.
    fn digest(&mut self, frame: &AudioFrame<'_>) {
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

    /// Fills a packet that was just pushed with the frame of `samples` samples.
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

    fn encode(&mut self, frame: &AudioFrame<'_>, packets: &mut PacketQueue) -> Result<()> {
        let number = self.next_number;
        if number >= 1 << 31 {
            return Err(Error::too_large(format!(
                "A FLAC stream can have 2^31 blocks of {} samples. Pass a larger frame_size.",
                self.config.block_size
            )));
        }
        if frame.samples() == 0 || frame.samples() > self.config.block_size {
            return Err(Error::argument(format!(
                "A block of this FLAC stream has 1 to {} samples. Found: {}",
                self.config.block_size,
                frame.samples()
            )));
        }
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
