//! Case of a file: its input and its parameters.

use std::fmt;

use reelwright::{
    AudioEncoderInfo, AudioStream, ChannelLayout, CodecConfig, CodecId, MuxerInfo, SampleFormat,
};

/// Parameters of a file.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) muxer: &'static MuxerInfo,
    pub(super) encoder: &'static AudioEncoderInfo,
    /// Sample rate of the chunks. They are resampled to `sample_rate`.
    pub(super) input_rate: u32,
    /// Encoded sample rate.
    pub(super) sample_rate: u32,
    pub(super) layout: ChannelLayout,
    pub(super) seekable: bool,
    pub(super) signal: Signal,
    /// Number of audio frames in the chunks.
    pub(super) input_frames: usize,
    pub(super) settings: Settings,
}

/// Input signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Speech and music. A low tone for channels of which lossy codecs keep only low frequencies.
    Media,
    /// A different tone in each channel.
    Tones,
    /// A sweep, which is defined at any time, for comparison with resampled audio.
    Sweep,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Media => "",
            Self::Tones => " tones",
            Self::Sweep => " sweep",
        })
    }
}

/// Settings of the encoder.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Settings {
    pub(super) bit_rate: Option<u64>,
    pub(super) qscale: Option<f32>,
    pub(super) compression_level: Option<i32>,
    /// Number of bits that a lossless codec keeps.
    pub(super) bits: Option<u32>,
    pub(super) options: Vec<(&'static str, &'static str)>,
}

impl Case {
    pub(super) fn codec(&self) -> CodecId {
        self.encoder.encoder.codec
    }

    pub(super) fn channels(&self) -> usize {
        self.layout.channels()
    }

    /// Returns the number of encoded audio frames.
    pub(super) fn frames(&self) -> usize {
        let (from, to) = (self.input_rate as usize, self.sample_rate as usize);
        (2 * self.input_frames * to + from) / (2 * from)
    }

    pub(super) fn is_lossless(&self) -> bool {
        !matches!(
            self.codec(),
            CodecId::Aac
                | CodecId::Mp3
                | CodecId::Opus
                | CodecId::Vorbis
                | CodecId::AdpcmG722
                | CodecId::AdpcmImaWav
                | CodecId::AdpcmMs
        )
    }

    pub(super) fn is_resampled(&self) -> bool {
        self.input_rate != self.sample_rate
    }

    pub(super) fn is_ogg(&self) -> bool {
        ["ogg", "oga", "opus"].contains(&self.muxer.name)
    }

    pub(super) fn is_mp4(&self) -> bool {
        ["mp4", "mov"].contains(&self.muxer.name)
    }

    /// Returns true if the encoder has a delay.
    pub(super) fn has_delay(&self) -> bool {
        matches!(self.codec(), CodecId::Aac | CodecId::Mp3 | CodecId::Opus)
    }

    /// Returns the sample rate of decoders. Opus has its own.
    pub(super) fn decoded_rate(&self) -> u32 {
        if self.codec() == CodecId::Opus { 48_000 } else { self.sample_rate }
    }

    /// Returns true if the file has a header with its parameters.
    pub(super) fn has_header(&self) -> bool {
        self.is_ogg()
            || self.is_mp4()
            || ["wav", "w64", "aiff", "au", "caf", "flac", "mp3", "adts"].contains(&self.muxer.name)
    }

    /// Returns the number of bits of a sample that are kept.
    pub(super) fn bits(&self) -> u32 {
        let of_codec = || 8 * self.codec().bytes_per_sample().unwrap_or_default() as u32;
        self.settings.bits.unwrap_or_else(of_codec)
    }

    pub(super) fn input(&self) -> SampleFormat {
        match self.settings.bits {
            _ if self.is_resampled() || !self.is_lossless() => SampleFormat::Flt,
            Some(bits) if bits > 16 => SampleFormat::S32,
            Some(_) => SampleFormat::S16,
            None => self.encoder.sample_formats[0],
        }
    }

    /// Returns the stream for the encoder.
    pub(super) fn stream(&self) -> AudioStream {
        let settings = &self.settings;
        let mut stream = AudioStream::new(self.input_rate, self.channels())
            .channel_layout(self.layout)
            .format(self.input())
            .encoder(self.encoder.encoder.name)
            .encoder_sample_rate(self.sample_rate)
            .codec_config(CodecConfig {
                bit_rate: settings.bit_rate,
                qscale: settings.qscale,
                compression_level: settings.compression_level,
                ..CodecConfig::default()
            });
        if let Some(bits) = settings.bits {
            stream = stream.encoder_option("bits_per_raw_sample", bits.to_string());
        }
        for (name, value) in &settings.options {
            stream = stream.encoder_option(*name, *value);
        }
        stream
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { muxer, input_rate, sample_rate, layout, input_frames, .. } = self;
        write!(f, "{} {} ", muxer.name, self.codec())?;
        if self.is_resampled() {
            write!(f, "{input_rate} Hz to ")?;
        }
        write!(f, "{sample_rate} Hz {layout}, {input_frames} samples")?;
        write!(f, "{}{}", self.signal, self.settings)?;
        f.write_str(if self.seekable { "" } else { " streamed" })
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bit_rate, qscale, compression_level, bits, options } = self;
        bit_rate.map_or(Ok(()), |bit_rate| write!(f, " {bit_rate} bit/s"))?;
        qscale.map_or(Ok(()), |qscale| write!(f, " qscale {qscale}"))?;
        compression_level.map_or(Ok(()), |level| write!(f, " level {level}"))?;
        bits.map_or(Ok(()), |bits| write!(f, " {bits} bit"))?;
        options.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}
