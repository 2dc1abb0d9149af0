//! The encoder: takes frames of samples and returns Opus packets.

use opus_pure::{OpusEncoder as Stream, OpusMSEncoder as Streams};
use reelwright_core::{
    AudioEncoder, AudioEncoderRequest, AudioFormat, AudioFrame, AudioParameters, CodecId,
    CodecRecord, Error, MediaParameters, Options, OpusChannelMapping, OpusHead, PacketClock,
    PacketQueue, Result, SampleFormat, StreamParameters, TimeBase, helpers::clamp_sample,
};

use crate::config::Config;

/// Rate of Opus timestamps.
const CLOCK_RATE: u32 = 48_000;

/// Encoder of one or several streams.
enum Core {
    One(Box<Stream>),
    Several(Box<Streams>),
}

impl Core {
    fn each(&mut self, set: impl FnMut(&mut Stream)) {
        match self {
            Self::One(stream) => std::slice::from_mut(stream.as_mut()),
            Self::Several(streams) => streams.streams_mut(),
        }
        .iter_mut()
        .for_each(set);
    }

    fn lookahead(&self) -> usize {
        match self {
            Self::One(stream) => stream.lookahead(),
            Self::Several(streams) => streams.streams()[0].lookahead(),
        }
    }
}

/// Interleaved samples of a packet in Vorbis channel order.
enum Samples {
    S16(Vec<i16>),
    Flt(Vec<f32>),
}

pub(crate) struct OpusEncoder {
    parameters: StreamParameters,
    core: Core,
    sample_format: SampleFormat,
    channels: usize,
    frame_size: usize,
    /// Clock units per sample.
    scale: u32,
    /// Index in the layout of each channel in Vorbis order.
    order: &'static [usize],
    samples: Samples,
    clock: PacketClock,
    /// Size of the largest packet in bytes.
    room: usize,
}

impl OpusEncoder {
    pub(crate) fn open(
        request: &AudioEncoderRequest,
        options: &mut Options,
    ) -> Result<Box<dyn AudioEncoder>> {
        let AudioEncoderRequest {
            format: AudioFormat { sample_format, sample_rate, layout }, ..
        } = *request;
        let channels = layout.channels();
        let Some(order) = layout.vorbis_order() else {
            return Err(Error::unsupported(format!("opus does not support {layout}.")));
        };
        let family = if channels > 2 { 1 } else { 0 };
        let mapping = opus_pure::ChannelLayout::surround(channels, family).map_err(failed)?;
        let (streams, coupled) = (mapping.nb_streams, mapping.nb_coupled_streams);
        let config = Config::new(request, options, (streams, coupled))?;
        let rate = sample_rate as i32;
        let mut core = if family == 0 {
            let mut stream = Stream::new(rate, channels, config.application).map_err(failed)?;
            stream.bitrate_bps = config.bit_rate as i32;
            Core::One(Box::new(stream))
        } else {
            let mut streams =
                Streams::new(rate, channels, family, config.application).map_err(failed)?;
            streams.set_bitrate(config.bit_rate as i32);
            Core::Several(Box::new(streams))
        };
        core.each(|stream| {
            stream.complexity = config.complexity;
            stream.rate_control = config.rate_control;
            stream.packet_loss_perc = config.packet_loss;
            stream.use_inband_fec = config.fec;
            stream.use_dtx = config.dtx;
        });
        let scale = CLOCK_RATE / sample_rate;
        let delay = core.lookahead() as u32 * scale;
        let head = OpusHead {
            channels: channels as u8,
            pre_skip: delay as u16,
            input_sample_rate: sample_rate,
            output_gain: 0,
            mapping: (family != 0).then_some(OpusChannelMapping {
                family,
                streams: streams as u8,
                coupled: coupled as u8,
                indices: mapping.mapping,
            }),
        };
        let frame_size = config.frame_size;
        let parameters = StreamParameters::new(
            CodecId::Opus,
            TimeBase::from_sample_rate(CLOCK_RATE)?,
            MediaParameters::Audio(
                AudioParameters::new(AudioFormat {
                    sample_rate: CLOCK_RATE,
                    layout,
                    sample_format,
                })
                .bits_per_sample(16)
                .frame_size(Some(frame_size * scale as usize)),
            ),
        )
        .record(CodecRecord::Opus(head))
        .bit_rate(Some(config.bit_rate));
        let samples = match sample_format {
            SampleFormat::S16 => Samples::S16(vec![0; frame_size * channels]),
            _ => Samples::Flt(vec![0.0; frame_size * channels]),
        };
        // A packet has up to 48 frames of up to 1275 bytes each (RFC 6716 §3.2), with at least 2.5
        // ms of audio.
        let frames = (frame_size * 400).div_ceil(sample_rate as usize);
        let room = streams * (frames * 1277 + 16);
        Ok(Box::new(Self {
            parameters,
            core,
            sample_format,
            channels,
            frame_size,
            scale,
            order,
            samples,
            clock: PacketClock::new(delay),
            room,
        }))
    }

    /// Encodes the samples in `samples`.
    fn packet(&mut self, packets: &mut PacketQueue) -> Result<()> {
        let packet = packets.push();
        packet.data.resize(self.room, 0);
        let size = self.frame_size;
        let bytes = match (&mut self.core, &self.samples) {
            (Core::One(stream), Samples::S16(s)) => stream.encode_s16(s, size, &mut packet.data),
            (Core::One(stream), Samples::Flt(s)) => stream.encode(s, size, &mut packet.data),
            (Core::Several(all), Samples::S16(s)) => all.encode_s16(s, size, &mut packet.data),
            (Core::Several(all), Samples::Flt(s)) => all.encode(s, size, &mut packet.data),
        }
        .map_err(failed)?;
        packet.data.truncate(bytes);
        self.clock.set_times(packet, size as u32 * self.scale);
        Ok(())
    }
}

impl AudioEncoder for OpusEncoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn frame_size(&self) -> Option<usize> {
        Some(self.frame_size)
    }

    fn max_delay(&self) -> u64 {
        self.core.lookahead() as u64
    }

    fn encode(&mut self, frame: &AudioFrame, packets: &mut PacketQueue) -> Result<()> {
        frame.check_format(self.sample_format, self.channels)?;
        let samples = frame.samples();
        if samples > self.frame_size {
            return Err(Error::chunk(format!(
                "Expected at most {} samples in a frame. Found: {samples}",
                self.frame_size
            )));
        }
        if samples == 0 {
            return Ok(());
        }
        match &mut self.samples {
            Samples::S16(to) => {
                fill(to, frame.interleaved().expect("the format was checked"), self.order, |s| s);
            }
            Samples::Flt(to) => {
                let from = frame.interleaved().expect("the format was checked");
                fill(to, from, self.order, clamp_sample);
            }
        }
        self.clock.receive(samples * self.scale as usize);
        self.packet(packets)
    }

    fn finish(&mut self, packets: &mut PacketQueue) -> Result<()> {
        if self.clock.received() == 0 {
            return Ok(());
        }
        match &mut self.samples {
            Samples::S16(samples) => samples.fill(0),
            Samples::Flt(samples) => samples.fill(0.0),
        }
        while self.clock.pending() > 0 {
            self.packet(packets)?;
        }
        Ok(())
    }
}

/// Copies `from` to `to` with reordered channels, and pads with silence.
fn fill<S: Copy + Default>(to: &mut [S], from: &[S], order: &[usize], map: impl Fn(S) -> S) {
    let (head, tail) = to.split_at_mut(from.len());
    let channels = order.len();
    for (to, from) in head.chunks_exact_mut(channels).zip(from.chunks_exact(channels)) {
        for (to, channel) in to.iter_mut().zip(order) {
            *to = map(from[*channel]);
        }
    }
    tail.fill(S::default());
}

fn failed(error: opus_pure::Error) -> Error {
    Error::unsupported(format!("opus: {error}"))
}
