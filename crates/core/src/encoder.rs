//! Traits and descriptions of encoders.

use std::sync::Arc;

use crate::error::list;
use crate::opener::Opener;
use crate::{
    AudioFormat, AudioFrame, ChannelLayout, CodecId, MemoryKind, OptionInfo, Options, PacketQueue,
    PixelFormat, Rational, Result, SampleFormat, StreamParameters, TimeBase, VideoFormat,
    VideoFrame,
};

/// Encoder of one audio stream. It accepts frames and returns packets, and does no I/O.
///
/// Frames have the sample format, rate and layout of the [`AudioEncoderRequest`], and follow each
/// other without gaps.
///
/// The packets that a call appends depend only on the calls so far, never on timing. An encoder
/// with threads waits for the packets that are due.
pub trait AudioEncoder: Send {
    /// Returns the stream's parameters for a muxer. They are complete before the first packet,
    /// except for values that are only known at the end, such as a checksum or the largest packet.
    /// [`finish`](Self::finish) sets these.
    fn parameters(&self) -> &StreamParameters;

    /// Returns the samples per call of [`encode`](Self::encode): `Some(n)` is exactly n, and fewer
    /// in the last call only. `None` is any number.
    fn frame_size(&self) -> Option<usize>;

    /// Returns the maximum number of samples per channel that were encoded and are not in a packet
    /// yet, at the sample rate of the [`AudioEncoderRequest`].
    fn max_delay(&self) -> u64 {
        0
    }

    /// Encodes a frame and appends the packets that are ready.
    ///
    /// # Errors
    /// The codec cannot encode the samples.
    fn encode(&mut self, frame: &AudioFrame, packets: &mut PacketQueue) -> Result<()>;

    /// Appends the remaining packets. No frames can be encoded afterwards.
    ///
    /// # Errors
    /// The codec cannot encode the samples.
    fn finish(&mut self, packets: &mut PacketQueue) -> Result<()>;
}

/// Encoder of one video stream. Like [`AudioEncoder`], with one frame per call.
///
/// Packets are appended in the order of their dts, which strictly increases and never exceeds the
/// pts. Reordering makes the first dts negative.
pub trait VideoEncoder: Send {
    /// Returns the stream's parameters, as [`AudioEncoder::parameters`].
    fn parameters(&self) -> &StreamParameters;

    /// Returns the maximum number of frames that were encoded and are not in a packet yet.
    fn max_delay(&self) -> usize {
        0
    }

    /// Encodes a frame, possibly keeping a handle of it, and appends the packets that are ready.
    ///
    /// A frame is encoded as a keyframe if its [side data](crate::SideData) requests it and the
    /// encoder [supports it](VideoEncoderInfo::forced_keyframes).
    ///
    ///
    /// # Errors
    /// The codec cannot encode the frame.
    fn encode(&mut self, frame: &VideoFrame, packets: &mut PacketQueue) -> Result<()>;

    /// Appends the remaining packets. No frames can be encoded afterwards.
    ///
    /// # Errors
    /// The codec cannot encode the frames.
    fn finish(&mut self, packets: &mut PacketQueue) -> Result<()>;
}

/// Settings that all codecs share, as in torio's `CodecConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CodecConfig {
    /// Average bit rate in bits per second.
    pub bit_rate: Option<u64>,
    /// Compression effort; the range depends on the encoder.
    pub compression_level: Option<i32>,
    /// Constant quality; the range depends on the encoder.
    pub qscale: Option<f32>,
    /// Maximum number of frames from one keyframe to the next.
    pub gop_size: Option<u32>,
    /// Maximum number of consecutive B-frames.
    pub max_b_frames: Option<u32>,
}

/// Field of [`CodecConfig`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are self-explanatory
pub enum CodecConfigField {
    BitRate,
    CompressionLevel,
    Qscale,
    GopSize,
    MaxBFrames,
}

impl CodecConfigField {
    /// Returns the field's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BitRate => "bit_rate",
            Self::CompressionLevel => "compression_level",
            Self::Qscale => "qscale",
            Self::GopSize => "gop_size",
            Self::MaxBFrames => "max_b_frames",
        }
    }
}

impl CodecConfig {
    /// Returns the fields that are set.
    pub fn fields(&self) -> impl Iterator<Item = CodecConfigField> {
        use CodecConfigField as F;
        [
            self.bit_rate.map(|_| F::BitRate),
            self.compression_level.map(|_| F::CompressionLevel),
            self.qscale.map(|_| F::Qscale),
            self.gop_size.map(|_| F::GopSize),
            self.max_b_frames.map(|_| F::MaxBFrames),
        ]
        .into_iter()
        .flatten()
    }
}

/// Parameters of a new audio encoder. The sample format, rate and layout are among those of its
/// [`AudioEncoderInfo`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AudioEncoderRequest {
    /// Codec, for crates that encode several.
    pub codec: CodecId,
    /// Format of the frames.
    pub format: AudioFormat,
    /// Settings that all codecs share.
    pub config: CodecConfig,
}

impl AudioEncoderRequest {
    /// Creates a request with default settings.
    pub fn new(codec: CodecId, format: AudioFormat) -> Self {
        Self { codec, format, config: CodecConfig::default() }
    }

    /// Sets [`codec`](field@Self::codec).
    #[must_use]
    pub const fn codec(mut self, codec: CodecId) -> Self {
        self.codec = codec;
        self
    }

    /// Sets [`format`](field@Self::format).
    #[must_use]
    pub const fn format(mut self, format: AudioFormat) -> Self {
        self.format = format;
        self
    }

    /// Sets [`config`](field@Self::config).
    #[must_use]
    pub const fn config(mut self, config: CodecConfig) -> Self {
        self.config = config;
        self
    }
}

/// Parameters of a new video encoder, as [`AudioEncoderRequest`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct VideoEncoderRequest {
    /// Codec, for crates that encode several.
    pub codec: CodecId,
    /// Format of the frames.
    pub format: VideoFormat,
    /// Unit of the frames' timestamps; at most the duration of a frame.
    pub time_base: TimeBase,
    /// Nominal frames per second. Bit rates, keyframe intervals and levels follow the frames'
    /// actual timestamps if they differ.
    pub frame_rate: Rational,
    /// Settings that all codecs share.
    pub config: CodecConfig,
}

impl VideoEncoderRequest {
    /// Creates a request with default settings.
    pub fn new(
        codec: CodecId,
        format: VideoFormat,
        time_base: TimeBase,
        frame_rate: Rational,
    ) -> Self {
        Self { codec, format, time_base, frame_rate, config: CodecConfig::default() }
    }

    /// Sets [`codec`](field@Self::codec).
    #[must_use]
    pub const fn codec(mut self, codec: CodecId) -> Self {
        self.codec = codec;
        self
    }

    /// Sets [`format`](field@Self::format).
    #[must_use]
    pub const fn format(mut self, format: VideoFormat) -> Self {
        self.format = format;
        self
    }

    /// Sets [`time_base`](field@Self::time_base).
    #[must_use]
    pub const fn time_base(mut self, time_base: TimeBase) -> Self {
        self.time_base = time_base;
        self
    }

    /// Sets [`frame_rate`](field@Self::frame_rate).
    #[must_use]
    pub const fn frame_rate(mut self, frame_rate: Rational) -> Self {
        self.frame_rate = frame_rate;
        self
    }

    /// Sets [`config`](field@Self::config).
    #[must_use]
    pub const fn config(mut self, config: CodecConfig) -> Self {
        self.config = config;
        self
    }
}

/// Implementation of an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backing {
    /// Pure Rust.
    Rust,
    /// A library in another language.
    Binding {
        /// Name of the library.
        library: &'static str,
        /// License of the library, as an SPDX expression.
        license: &'static str,
    },
}

/// Description of an encoder. Listings, help texts, validation and defaults use it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EncoderInfo {
    /// Name; FFmpeg's name if FFmpeg has an encoder of the same kind.
    pub name: &'static str,
    /// Human-readable name.
    pub long_name: &'static str,
    /// Names of other implementations that select this encoder too.
    pub aliases: &'static [&'static str],
    /// Codec of the packets.
    pub codec: CodecId,
    /// Implementation of the encoder.
    pub backing: Backing,
    /// Options of the encoder.
    pub options: &'static [OptionInfo],
    /// Supported fields of [`CodecConfig`].
    pub config: &'static [CodecConfigField],
}

impl EncoderInfo {
    /// Describes an encoder in pure Rust without options.
    pub const fn new(name: &'static str, long_name: &'static str, codec: CodecId) -> Self {
        Self {
            name,
            long_name,
            aliases: &[],
            codec,
            backing: Backing::Rust,
            options: &[],
            config: &[],
        }
    }

    /// Sets [`aliases`](field@Self::aliases).
    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Sets [`backing`](field@Self::backing).
    #[must_use]
    pub const fn backing(mut self, backing: Backing) -> Self {
        self.backing = backing;
        self
    }

    /// Sets [`options`](field@Self::options).
    #[must_use]
    pub const fn options(mut self, options: &'static [OptionInfo]) -> Self {
        self.options = options;
        self
    }

    /// Sets [`config`](field@Self::config).
    #[must_use]
    pub const fn config(mut self, config: &'static [CodecConfigField]) -> Self {
        self.config = config;
        self
    }
}

/// Function that creates an audio encoder and removes its options from the given set.
pub type OpenAudioEncoder =
    dyn Fn(&AudioEncoderRequest, &mut Options) -> Result<Box<dyn AudioEncoder>> + Send + Sync;

/// Function that creates a video encoder and removes its options from the given set.
pub type OpenVideoEncoder =
    dyn Fn(&VideoEncoderRequest, &mut Options) -> Result<Box<dyn VideoEncoder>> + Send + Sync;

/// Description and constructor of an audio encoder.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AudioEncoderInfo {
    /// Properties that all encoders share.
    pub encoder: EncoderInfo,
    /// Supported sample formats; the first is torio's default.
    pub sample_formats: &'static [SampleFormat],
    /// Supported sample rates.
    pub sample_rates: SampleRates,
    /// Supported channel layouts.
    pub layouts: ChannelLayouts,
    open: Opener<OpenAudioEncoder>,
}

impl AudioEncoderInfo {
    /// Describes an encoder of 16-bit samples at any rate in any layout. `open` creates it and
    /// removes its options from the given set.
    pub const fn new(encoder: EncoderInfo, open: &'static OpenAudioEncoder) -> Self {
        Self::with_opener(encoder, Opener::Static(open))
    }

    /// Describes an encoder as [`new`](Self::new) does, with a constructor that may hold state.
    pub fn from_closure(
        encoder: EncoderInfo,
        open: impl Fn(&AudioEncoderRequest, &mut Options) -> Result<Box<dyn AudioEncoder>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self::with_opener(encoder, Opener::Shared(Arc::new(open)))
    }

    const fn with_opener(encoder: EncoderInfo, open: Opener<OpenAudioEncoder>) -> Self {
        Self {
            encoder,
            sample_formats: &[SampleFormat::S16],
            sample_rates: SampleRates::UpTo(i32::MAX as u32),
            layouts: ChannelLayouts::UpTo(u16::MAX as usize),
            open,
        }
    }

    /// Creates an encoder and removes its options from the given set.
    ///
    /// # Errors
    /// An option has an invalid value, or the codec does not support the request.
    pub fn open(
        &self,
        request: &AudioEncoderRequest,
        options: &mut Options,
    ) -> Result<Box<dyn AudioEncoder>> {
        (self.open)(request, options)
    }

    /// Sets [`sample_formats`](field@Self::sample_formats).
    #[must_use]
    pub const fn sample_formats(mut self, sample_formats: &'static [SampleFormat]) -> Self {
        self.sample_formats = sample_formats;
        self
    }

    /// Sets [`sample_rates`](field@Self::sample_rates).
    #[must_use]
    pub const fn sample_rates(mut self, sample_rates: SampleRates) -> Self {
        self.sample_rates = sample_rates;
        self
    }

    /// Sets [`layouts`](field@Self::layouts).
    #[must_use]
    pub const fn layouts(mut self, layouts: ChannelLayouts) -> Self {
        self.layouts = layouts;
        self
    }
}

/// Description and constructor of a video encoder.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct VideoEncoderInfo {
    /// Properties that all encoders share.
    pub encoder: EncoderInfo,
    /// Supported pixel formats; the first is torio's default.
    pub pixel_formats: &'static [PixelFormat],
    /// True if any frame can be made a keyframe. Otherwise, frames that request a keyframe are
    /// rejected.
    pub forced_keyframes: bool,
    /// True if the coded stream stores the sample aspect ratio.
    pub sample_aspect_ratio: bool,
    /// Supported kinds of memory of frames. Frames in other memory are rejected.
    pub memory: &'static [MemoryKind],
    /// Color space that decoders assume.
    pub color: VideoColor,
    open: Opener<OpenVideoEncoder>,
}

impl VideoEncoderInfo {
    /// Describes an encoder of [`PixelFormat::Yuv420p`] in host memory without forced keyframes,
    /// whose streams store their color space. `open` creates it and removes its options from the
    /// given set.
    pub const fn new(encoder: EncoderInfo, open: &'static OpenVideoEncoder) -> Self {
        Self::with_opener(encoder, Opener::Static(open))
    }

    /// Describes an encoder as [`new`](Self::new) does, with a constructor that may hold state.
    pub fn from_closure(
        encoder: EncoderInfo,
        open: impl Fn(&VideoEncoderRequest, &mut Options) -> Result<Box<dyn VideoEncoder>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self::with_opener(encoder, Opener::Shared(Arc::new(open)))
    }

    const fn with_opener(encoder: EncoderInfo, open: Opener<OpenVideoEncoder>) -> Self {
        Self {
            encoder,
            pixel_formats: &[PixelFormat::Yuv420p],
            forced_keyframes: false,
            sample_aspect_ratio: false,
            memory: &[MemoryKind::HOST],
            color: VideoColor::Tagged,
            open,
        }
    }

    /// Creates an encoder and removes its options from the given set.
    ///
    /// # Errors
    /// An option has an invalid value, or the codec does not support the request.
    pub fn open(
        &self,
        request: &VideoEncoderRequest,
        options: &mut Options,
    ) -> Result<Box<dyn VideoEncoder>> {
        (self.open)(request, options)
    }

    /// Sets [`pixel_formats`](field@Self::pixel_formats).
    #[must_use]
    pub const fn pixel_formats(mut self, pixel_formats: &'static [PixelFormat]) -> Self {
        self.pixel_formats = pixel_formats;
        self
    }

    /// Sets [`forced_keyframes`](field@Self::forced_keyframes).
    #[must_use]
    pub const fn forced_keyframes(mut self, forced_keyframes: bool) -> Self {
        self.forced_keyframes = forced_keyframes;
        self
    }

    /// Sets [`sample_aspect_ratio`](field@Self::sample_aspect_ratio).
    #[must_use]
    pub const fn sample_aspect_ratio(mut self, sample_aspect_ratio: bool) -> Self {
        self.sample_aspect_ratio = sample_aspect_ratio;
        self
    }

    /// Sets [`memory`](field@Self::memory).
    #[must_use]
    pub const fn memory(mut self, memory: &'static [MemoryKind]) -> Self {
        self.memory = memory;
        self
    }

    /// Sets [`color`](field@Self::color).
    #[must_use]
    pub const fn color(mut self, color: VideoColor) -> Self {
        self.color = color;
        self
    }
}

/// Color space that decoders of a codec assume. RGB is converted to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoColor {
    /// The stream stores the color space. The default is BT.709 from 720 lines up and BT.601 below,
    /// as players assume that ignore the stored value.
    Tagged,
    /// The stream does not store it. The default is BT.601 in limited range.
    Untagged,
    /// JFIF: BT.601 in full range.
    Jfif,
}

/// Sample rates that an encoder supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleRates {
    /// Every rate up to this maximum, in Hz.
    UpTo(u32),
    /// Supported rates in Hz, ascending.
    List(&'static [u32]),
}

impl SampleRates {
    /// Returns whether `rate` is supported.
    pub fn contains(&self, rate: u32) -> bool {
        match self {
            Self::UpTo(max) => (1..=*max).contains(&rate),
            Self::List(rates) => rates.contains(&rate),
        }
    }

    /// Returns the supported rate with the smallest loss: the lowest that is not below `rate`,
    /// otherwise the highest.
    pub fn nearest(&self, rate: u32) -> u32 {
        match self {
            Self::UpTo(max) => rate.clamp(1, *max),
            Self::List(rates) => {
                let enough = rates.iter().copied().filter(|r| *r >= rate).min();
                enough.or(rates.iter().copied().max()).unwrap_or(rate)
            }
        }
    }
}

impl std::fmt::Display for SampleRates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UpTo(max) => write!(f, "1 to {max}"),
            Self::List(rates) => f.write_str(&list(*rates)),
        }
    }
}

/// Channel layouts that an encoder supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelLayouts {
    /// Any layout of up to this number of channels.
    UpTo(usize),
    /// Supported layouts. The preferred layout for each number of channels comes first.
    List(&'static [ChannelLayout]),
}

impl ChannelLayouts {
    /// Returns whether `layout` is supported.
    pub fn contains(&self, layout: ChannelLayout) -> bool {
        match self {
            Self::UpTo(max) => layout.channels() <= *max,
            Self::List(layouts) => layouts.contains(&layout),
        }
    }

    /// Returns the preferred layout for a number of channels.
    pub fn for_channels(&self, channels: usize) -> Option<ChannelLayout> {
        match self {
            Self::UpTo(max) if channels > *max => None,
            Self::UpTo(_) => ChannelLayout::default_for(channels).ok(),
            Self::List(list) => list.iter().copied().find(|l| l.channels() == channels),
        }
    }

    /// Returns the supported layout with the smallest loss: the smallest that includes every
    /// channel, otherwise the largest that has fewer channels.
    pub fn nearest(&self, layout: ChannelLayout) -> Option<ChannelLayout> {
        if self.contains(layout) {
            return Some(layout);
        }
        match self {
            Self::UpTo(max) => ChannelLayout::default_for(*max).ok(),
            Self::List(list) => {
                let with_all =
                    list.iter().filter(|l| l.includes(layout)).min_by_key(|l| l.channels());
                let smaller = list.iter().filter(|l| l.channels() < layout.channels());
                let smaller = || smaller.max_by_key(|l| l.channels());
                with_all.or_else(smaller).or(list.first()).copied()
            }
        }
    }
}

impl std::fmt::Display for ChannelLayouts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UpTo(max) => write!(f, "1 to {max} channels"),
            Self::List(layouts) => f.write_str(&list(*layouts)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rate_is_not_lower_if_possible() {
        let rates = SampleRates::List(&[8000, 16_000, 44_100]);
        let nearest = [1, 8000, 8001, 44_056, 48_000].map(|rate| rates.nearest(rate));
        assert_eq!(nearest, [8000, 8000, 16_000, 44_100, 44_100]);
        assert_eq!(SampleRates::UpTo(96_000).nearest(192_000), 96_000);
        assert_eq!(SampleRates::UpTo(96_000).nearest(11_025), 11_025);
    }

    #[test]
    fn nearest_layout_includes_all_channels_if_possible() {
        const L: &[ChannelLayout] = &[
            ChannelLayout::MONO,
            ChannelLayout::STEREO,
            ChannelLayout::SURROUND_3_0,
            ChannelLayout::SURROUND_5_1,
        ];
        let nearest = |name: &str| {
            let layout: ChannelLayout = name.parse().unwrap();
            ChannelLayouts::List(L).nearest(layout).unwrap().to_string()
        };
        assert_eq!(nearest("stereo"), "stereo");
        assert_eq!(nearest("2.1"), "5.1");
        assert_eq!(nearest("5.1(side)"), "5.1");
        assert_eq!(nearest("quad"), "5.1");
        assert_eq!(nearest("7.1"), "5.1");
        assert_eq!(nearest("4.0"), "5.1");
        let eight =
            ChannelLayouts::UpTo(8).nearest(ChannelLayout::unspecified(9).unwrap()).unwrap();
        assert_eq!(eight.to_string(), "7.1");
    }
}
