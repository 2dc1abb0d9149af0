//! Parameters of an audio stream, and defaults for those that are not set.

use reelwright_convert::ResampleQuality;
use reelwright_core::{
    AudioEncoderInfo, AudioEncoderRequest, AudioFormat, ChannelLayout, CodecConfig, DataType,
    Error, MuxerInfo, Options, Result, SampleFormat, helpers::list,
};

use crate::encoder_options::take_audio;
use crate::registry::Registry;

/// Audio stream: the format of its chunks, and its encoding.
///
/// ```
/// use reelwright::{AudioStream, CodecConfig, SampleFormat};
///
/// // Chunks of shape (frame, 2) of f32 at 48 kHz, for the format's default encoder.
/// AudioStream::new(48_000, 2);
///
/// // Chunks of i16, encoded as mono FLAC.
/// AudioStream::new(16_000, 2)
///     .format(SampleFormat::S16)
///     .encoder("flac")
///     .encoder_option("max_partition_order", "5")
///     .encoder_num_channels(1)
///     .codec_config(CodecConfig { compression_level: Some(8), ..CodecConfig::default() });
/// ```
#[derive(Debug, Clone)]
pub struct AudioStream {
    sample_rate: u32,
    num_channels: usize,
    channel_layout: Option<ChannelLayout>,
    format: SampleFormat,
    bits_per_raw_sample: Option<u32>,
    encoder: Option<String>,
    encoder_options: Options,
    encoder_sample_rate: Option<u32>,
    encoder_num_channels: Option<usize>,
    encoder_format: Option<SampleFormat>,
    codec_config: CodecConfig,
    resample_quality: ResampleQuality,
    filter_desc: Option<String>,
    pub(crate) language: Option<String>,
}

impl AudioStream {
    /// Creates a stream of `f32` chunks of shape (frame, `num_channels`), at `sample_rate` Hz.
    pub fn new(sample_rate: u32, num_channels: usize) -> Self {
        Self {
            sample_rate,
            num_channels,
            channel_layout: None,
            format: SampleFormat::Flt,
            bits_per_raw_sample: None,
            encoder: None,
            encoder_options: Options::new(),
            encoder_sample_rate: None,
            encoder_num_channels: None,
            encoder_format: None,
            codec_config: CodecConfig::default(),
            resample_quality: ResampleQuality::default(),
            filter_desc: None,
            language: None,
        }
    }

    /// Sets the sample type of chunks: `u8`, `s16`, `s32`, `s64`, `flt` (default) or `dbl`.
    #[must_use]
    pub fn format(mut self, format: SampleFormat) -> Self {
        self.format = format;
        self
    }

    /// Sets the number of significant bits of integer samples, from the highest bit; default all
    /// bits. Logs a warning if the default encoder keeps fewer bits.
    #[must_use]
    pub fn bits_per_raw_sample(mut self, bits: u32) -> Self {
        self.bits_per_raw_sample = Some(bits);
        self
    }

    /// Sets the channel layout of chunks. The default is [`ChannelLayout::default_for`] their
    /// number of channels.
    #[must_use]
    pub fn channel_layout(mut self, layout: ChannelLayout) -> Self {
        self.channel_layout = Some(layout);
        self
    }

    /// Sets the language, an ISO 639-2 code such as `eng`, for containers that store a language per
    /// stream.
    #[must_use]
    pub fn language(mut self, code: impl Into<String>) -> Self {
        self.language = Some(code.into());
        self
    }

    /// Sets the encoder by name, one of [`audio_encoders`](crate::audio_encoders). The default
    /// depends on the format.
    #[must_use]
    pub fn encoder(mut self, name: impl Into<String>) -> Self {
        self.encoder = Some(name.into());
        self
    }

    /// Sets an option of the encoder, one of
    /// [`audio_encoder_options`](crate::audio_encoder_options).
    #[must_use]
    pub fn encoder_option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.encoder_options.set(name, value);
        self
    }

    /// Sets the encoded sample rate in Hz. Chunks are resampled to this rate. The default is the
    /// lowest supported rate that is not below the rate of the chunks, or else the highest rate.
    #[must_use]
    pub fn encoder_sample_rate(mut self, rate: u32) -> Self {
        self.encoder_sample_rate = Some(rate);
        self
    }

    /// Sets the encoded number of channels. Chunks are remixed to this number. The default is the
    /// layout of the chunks if supported, otherwise the smallest layout that includes all channels,
    /// otherwise a downmix.
    #[must_use]
    pub fn encoder_num_channels(mut self, channels: usize) -> Self {
        self.encoder_num_channels = Some(channels);
        self
    }

    /// Sets the encoded sample format. The default is the supported format with the smallest loss.
    #[must_use]
    pub fn encoder_format(mut self, format: SampleFormat) -> Self {
        self.encoder_format = Some(format);
        self
    }

    /// Sets parameters that all encoders share. Logs a warning for those that the encoder does not
    /// support.
    #[must_use]
    pub fn codec_config(mut self, config: CodecConfig) -> Self {
        self.codec_config = config;
        self
    }

    /// Sets the quality of resampling.
    #[must_use]
    pub fn resample_quality(mut self, quality: ResampleQuality) -> Self {
        self.resample_quality = quality;
        self
    }

    /// Sets a filter graph. Not supported yet: adding the stream fails.
    #[must_use]
    pub fn filter_desc(mut self, filters: impl Into<String>) -> Self {
        self.filter_desc = Some(filters.into());
        self
    }

    /// Chooses defaults and checks all parameters.
    pub(crate) fn resolve(&self, registry: &Registry, muxer: &MuxerInfo) -> Result<ResolvedAudio> {
        if self.sample_rate == 0 {
            return Err(Error::argument("Sample rate must be positive. Found: 0"));
        }
        let layout = match self.channel_layout {
            None => ChannelLayout::default_for(self.num_channels)?,
            Some(layout) if layout.channels() == self.num_channels => layout,
            Some(layout) => {
                return Err(Error::argument(format!(
                    "Expected a channel layout with {} channels. Found {layout}, with {}",
                    self.num_channels,
                    layout.channels()
                )));
            }
        };
        if self.format.is_planar() {
            return Err(Error::argument(format!(
                "Unsupported sample format ({}) was provided. Valid values are {}.",
                self.format,
                list(SampleFormat::PACKED)
            )));
        }
        if muxer.audio_codecs.is_empty() {
            return Err(Error::unsupported(format!("{} does not support audio.", muxer.name)));
        }
        if let Some(filters) = &self.filter_desc {
            return Err(Error::unsupported(format!(
                "filter_desc is not supported yet. Found: {filters:?}. Omit the argument."
            )));
        }
        let info = match &self.encoder {
            Some(name) => registry.audio_encoder_by_name(name)?,
            None => registry.default_audio_encoder(muxer)?,
        };
        if !muxer.audio_codecs.contains(&info.encoder.codec) {
            return Err(Error::unsupported(format!(
                "{} does not support {}. Supported codecs are {}.",
                muxer.name,
                info.encoder.codec,
                list(muxer.audio_codecs)
            )));
        }
        let (mut options, mut config) = (self.encoder_options.clone(), self.codec_config);
        take_audio(&info.encoder, &mut options, &mut config)?;
        let (layout, encoded_layout) = self.choose_layouts(info, layout)?;
        let request = AudioEncoderRequest::new(
            info.encoder.codec,
            AudioFormat {
                sample_format: self.choose_format(info)?,
                sample_rate: self.choose_rate(info)?,
                layout: encoded_layout,
            },
        )
        .config(config);
        Ok(ResolvedAudio {
            info: info.clone(),
            request,
            options,
            input: self.format.data_type(),
            sample_rate: self.sample_rate,
            layout,
            resample_quality: self.resample_quality,
            bits: self.bits_to_keep(),
        })
    }

    /// Returns the bits per sample that should be kept, unless the user chose to drop some.
    fn bits_to_keep(&self) -> u32 {
        let chosen = self.encoder.is_some()
            || self.encoder_format.is_some()
            || !self.encoder_options.is_empty();
        let data_type = self.format.data_type();
        if chosen || !data_type.is_integer() {
            return 0;
        }
        let all = 8 * data_type.bytes() as u32;
        self.bits_per_raw_sample.map_or(all, |bits| bits.min(all))
    }

    fn choose_format(&self, info: &AudioEncoderInfo) -> Result<SampleFormat> {
        let Some(format) = self.encoder_format else {
            return Ok(least_loss(self.format.data_type(), info.sample_formats));
        };
        if !info.sample_formats.contains(&format) {
            return Err(Error::unsupported(format!(
                "{} does not support {format} format. Supported values are; {}",
                info.encoder.name,
                list(info.sample_formats)
            )));
        }
        Ok(format)
    }

    fn choose_rate(&self, info: &AudioEncoderInfo) -> Result<u32> {
        match self.encoder_sample_rate {
            None => Ok(info.sample_rates.nearest(self.sample_rate)),
            Some(0) => Err(Error::argument("Encoder sample rate must be positive. Found: 0")),
            Some(rate) if info.sample_rates.contains(rate) => Ok(rate),
            Some(rate) => Err(Error::unsupported(format!(
                "{} does not support sample rate {rate}. Supported values are; {}",
                info.encoder.name, info.sample_rates
            ))),
        }
    }

    /// Returns the layout of the chunks and the encoded layout.
    fn choose_layouts(
        &self,
        info: &AudioEncoderInfo,
        own: ChannelLayout,
    ) -> Result<(ChannelLayout, ChannelLayout)> {
        let own_count = own.channels();
        // If the user sets no layout, the encoder may choose one with the same number of channels.
        let by_count = info.layouts.for_channels(own_count);
        let is_kept = self.encoder_num_channels.is_none_or(|channels| channels == own_count);
        let may_choose = self.channel_layout.is_none() && is_kept;
        let own = match by_count {
            Some(layout) if may_choose && !info.layouts.contains(own) => layout,
            _ => own,
        };
        let encoded = match self.encoder_num_channels {
            Some(0) => {
                return Err(Error::argument(
                    "The number of channels must be greater than 0. Found: 0",
                ));
            }
            Some(channels) if channels != own_count => {
                let usual = ChannelLayout::default_for(channels)?;
                if info.layouts.contains(usual) {
                    Some(usual)
                } else {
                    info.layouts.for_channels(channels)
                }
            }
            Some(_) => info
                .layouts
                .nearest(own)
                .filter(|layout| layout.channels() == own_count)
                .or(by_count),
            None => info.layouts.nearest(own),
        };
        let Some(encoded) = encoded else {
            return Err(Error::unsupported(format!(
                "{} does not support {} channels. Supported values are; {}",
                info.encoder.name,
                self.encoder_num_channels.unwrap_or(own_count),
                info.layouts
            )));
        };
        if encoded.channels() < own_count && self.encoder_num_channels.is_none() {
            log::warn!(
                "{} does not support {own}. It is remixed to {encoded}. Supported values are; {}",
                info.encoder.name,
                info.layouts
            );
        }
        Ok((own, encoded))
    }
}

/// Audio stream with all parameters chosen.
pub(crate) struct ResolvedAudio {
    pub(crate) info: AudioEncoderInfo,
    pub(crate) request: AudioEncoderRequest,
    pub(crate) options: Options,
    /// Sample type of the chunks; the next two fields are their rate and layout.
    pub(crate) input: DataType,
    pub(crate) sample_rate: u32,
    pub(crate) layout: ChannelLayout,
    pub(crate) resample_quality: ResampleQuality,
    /// Bits per sample that should be kept.
    pub(crate) bits: u32,
}

impl ResolvedAudio {
    /// Returns whether a downmix must stay within full scale, because the encoded format clips
    /// beyond it.
    pub(crate) fn normalizes(&self) -> bool {
        let is_integer = self.request.format.sample_format.data_type().is_integer();
        is_integer || !self.info.encoder.codec.is_lossless()
    }
}

/// Returns the format with the smallest loss for samples of type `from`. If several formats are
/// lossless, returns the smallest one.
fn least_loss(from: DataType, formats: &[SampleFormat]) -> SampleFormat {
    let keeps_all = |to: DataType| match (from, to) {
        _ if from == to => true,
        (DataType::U8, _) => true,
        (DataType::I16, to) => to != DataType::U8,
        (DataType::I32, to) => matches!(to, DataType::I64 | DataType::F64),
        (DataType::F32, to) => to == DataType::F64,
        (DataType::U16 | DataType::I64 | DataType::F64, _) => false,
    };
    // Otherwise, the most precise lossy format.
    let precision = |to: DataType| match to {
        DataType::U8 => 8,
        DataType::U16 | DataType::I16 => 16,
        DataType::F32 => 24,
        DataType::I32 => 32,
        DataType::F64 => 53,
        DataType::I64 => 64,
    };
    let types = || formats.iter().map(|format| (format.data_type(), *format));
    let lossless = types().filter(|(to, _)| keeps_all(*to)).min_by_key(|(to, _)| to.bytes());
    let closest = || types().max_by_key(|(to, _)| precision(*to));
    lossless.or_else(closest).expect("an encoder supports at least one format").1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_the_format_with_the_least_loss() {
        use SampleFormat::{Dbl, Flt, Fltp, S16, S32, U8};
        assert_eq!(least_loss(DataType::I16, &[S16, S32]), S16);
        assert_eq!(least_loss(DataType::U8, &[S16, S32]), S16);
        assert_eq!(least_loss(DataType::F32, &[S16, S32]), S32);
        assert_eq!(least_loss(DataType::I64, &[S16, S32]), S32);
        assert_eq!(least_loss(DataType::I32, &[Flt, Dbl]), Dbl);
        assert_eq!(least_loss(DataType::I16, &[U8, Fltp, Dbl]), Fltp);
        assert_eq!(least_loss(DataType::F64, &[U8, S16]), S16);
    }
}
