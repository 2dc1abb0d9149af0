//! The encoder: takes frames of samples and returns access units.

use fdk_aac_sys as sys;
use reelwright_core::{
    AudioEncoder, AudioEncoderRequest, AudioFormat, AudioFrame, AudioParameters,
    AudioSpecificConfig, CodecId, CodecRecord, Error, MediaParameters, Options, PacketClock,
    PacketQueue, Result, SampleFormat, StreamParameters, TimeBase,
};

use crate::config::{Config, LAYOUTS};
use crate::library::{Code, Library};

pub(crate) struct FdkEncoder {
    parameters: StreamParameters,
    library: Library,
    channels: usize,
    frame_size: usize,
    max_bytes: usize,
    /// Interleaved samples of a frame.
    frame: Vec<i16>,
    /// Number of priming samples.
    delay: u32,
    clock: PacketClock,
}

impl FdkEncoder {
    pub(crate) fn open(
        request: &AudioEncoderRequest,
        options: &mut Options,
    ) -> Result<Box<dyn AudioEncoder>> {
        let AudioEncoderRequest {
            format: AudioFormat { sample_format, sample_rate, layout }, ..
        } = *request;
        let channels = layout.channels();
        let Some(index) = LAYOUTS.iter().position(|known| *known == layout) else {
            return Err(Error::unsupported(format!("libfdk_aac does not support {layout}.")));
        };
        let config = Config::new(request, options)?;
        let channel_configuration = index as u8 + 1;
        let rejected = |code: Code| {
            Error::unsupported(format!(
                "libfdk_aac does not support {layout} at {sample_rate} Hz with object type {} and \
                 {}: {code}.",
                config.object_type,
                match config.vbr {
                    0 => format!("a bit rate of {}", config.bit_rate),
                    vbr => format!("quality {vbr}"),
                }
            ))
        };
        let mut library = Library::new(channels).map_err(failed)?;
        let mut parameters = vec![
            (sys::AACENC_PARAM_AACENC_AOT, config.object_type.into()),
            (sys::AACENC_PARAM_AACENC_SAMPLERATE, sample_rate),
            (sys::AACENC_PARAM_AACENC_CHANNELMODE, channel_configuration.into()),
            // WAV's channel order.
            (sys::AACENC_PARAM_AACENC_CHANNELORDER, 1),
            (sys::AACENC_PARAM_AACENC_BITRATEMODE, config.vbr),
            (sys::AACENC_PARAM_AACENC_AFTERBURNER, config.afterburner.into()),
            // Raw access units, and explicit signaling of SBR and PS.
            (sys::AACENC_PARAM_AACENC_TRANSMUX, 0),
            (sys::AACENC_PARAM_AACENC_SIGNALING_MODE, 2),
        ];
        if config.vbr == 0 {
            parameters.push((sys::AACENC_PARAM_AACENC_BITRATE, config.bit_rate));
        }
        if config.cutoff > 0 {
            parameters.push((sys::AACENC_PARAM_AACENC_BANDWIDTH, config.cutoff));
        }
        for (parameter, value) in parameters {
            library.set(parameter, value).map_err(rejected)?;
        }
        let info = library.configure().map_err(rejected)?;
        let has_sbr = matches!(config.object_type, 5 | 29);
        let record = AudioSpecificConfig {
            bytes: info.audio_specific_config,
            object_type: config.object_type,
            core_sample_rate: if has_sbr { sample_rate / 2 } else { sample_rate },
            // Parametric stereo codes one channel.
            channel_configuration: if config.object_type == 29 { 1 } else { channel_configuration },
        };
        let parameters = StreamParameters::new(
            CodecId::Aac,
            TimeBase::from_sample_rate(sample_rate)?,
            MediaParameters::Audio(
                AudioParameters::new(AudioFormat { sample_rate, layout, sample_format })
                    .bits_per_sample(16)
                    .frame_size(Some(info.frame_size)),
            ),
        )
        .record(CodecRecord::Aac(record))
        .bit_rate((config.vbr == 0).then_some(config.bit_rate.into()));
        Ok(Box::new(Self {
            parameters,
            library,
            channels,
            frame_size: info.frame_size,
            max_bytes: info.max_bytes,
            frame: Vec::with_capacity(info.frame_size * channels),
            delay: info.delay,
            clock: PacketClock::new(info.delay),
        }))
    }

    /// Encodes a frame or flushes the encoder. Returns `false` if the encoder is empty.
    fn packet(&mut self, has_frame: bool, packets: &mut PacketQueue) -> Result<bool> {
        let mut data = packets.take_buffer();
        data.resize(self.max_bytes, 0);
        let samples = has_frame.then_some(self.frame.as_slice());
        let Some(bytes) = self.library.encode(samples, &mut data).map_err(failed)? else {
            return Ok(false);
        };
        if bytes > 0 {
            data.truncate(bytes);
            let packet = packets.push_buffer(data);
            self.clock.set_times(packet, self.frame_size as u32);
        }
        Ok(true)
    }
}

impl AudioEncoder for FdkEncoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn frame_size(&self) -> Option<usize> {
        Some(self.frame_size)
    }

    fn max_delay(&self) -> u64 {
        u64::from(self.delay) + self.frame_size as u64
    }

    fn encode(&mut self, frame: &AudioFrame, packets: &mut PacketQueue) -> Result<()> {
        frame.check_format(SampleFormat::S16, self.channels)?;
        let samples = frame.interleaved::<i16>().expect("the format was checked");
        if frame.samples() > self.frame_size {
            return Err(Error::chunk(format!(
                "Expected at most {} samples in a frame. Found: {}",
                self.frame_size,
                frame.samples()
            )));
        }
        if samples.is_empty() {
            return Ok(());
        }
        self.frame.clear();
        self.frame.extend_from_slice(samples);
        self.clock.receive(frame.samples());
        self.packet(true, packets).map(drop)
    }

    fn finish(&mut self, packets: &mut PacketQueue) -> Result<()> {
        if self.clock.received() == 0 {
            return Ok(());
        }
        // The library outputs more packets than the input needs.
        while self.clock.pending() > 0 {
            if !self.packet(false, packets)? {
                break;
            }
        }
        Ok(())
    }
}

fn failed(code: Code) -> Error {
    Error::unsupported(format!("libfdk_aac: {code}"))
}
