//! What an encoder is, and how it is described.

use std::sync::Arc;

use crate::error::list;
use crate::opener::Opener;
use crate::{
    AudioFormat, AudioFrame, ChannelLayout, CodecId, MemoryKind, OptionInfo, Options, PacketQueue,
    PixelFormat, Rational, Result, SampleFormat, StreamParameters, TimeBase, VideoFormat,
    VideoFrame,
};

/// An audio codec at work on one stream. Push frames in, collect packets out; it does no I/O.
///
/// Frames come in the sample format, rate and layout of the [`AudioEncoderRequest`], one after
/// the other without gaps.
///
/// The packets that a call appends depend on the calls so far and never on time: an encoder with
/// threads waits for those that are due.
pub trait AudioEncoder: Send {
    /// What a muxer must know. Complete before the first packet, but for what only the end can
    /// tell (a checksum over everything, the largest packet): that is filled in by `finish`.
    fn parameters(&self) -> &StreamParameters;

    /// Samples per call of [`encode`](Self::encode): `Some(n)` = exactly n, only the last call may
    /// bring fewer; `None` = any number.
    fn frame_size(&self) -> Option<usize>;

    /// Maximum number of samples of each channel that were encoded and are in no packet yet, in samples
    /// of the [`AudioEncoderRequest`].
    fn max_delay(&self) -> u64 {
        0
    }

    /// Takes a frame in; appends the packets that are ready.
    ///
    /// # Errors
    /// What the codec cannot carry.
    fn encode(&mut self, frame: &AudioFrame, packets: &mut PacketQueue) -> Result<()>;

    /// Appends what is still inside. Nothing is encoded after that.
    ///
    /// # Errors
    /// What the codec cannot carry.
    fn finish(&mut self, packets: &mut PacketQueue) -> Result<()>;
}

/// A video codec at work on one stream. The same as [`AudioEncoder`], one frame a call.
///
/// Packets are appended in the order of their dts, which strictly increases and is never after the
/// pts. The first dts are negative by the delay of reordering.
pub trait VideoEncoder: Send {
    /// What a muxer must know, as in [`AudioEncoder::parameters`].
    fn parameters(&self) -> &StreamParameters;

    /// Maximum number of frames that were encoded and have no packet yet.
    fn max_delay(&self) -> usize {
        0
    }

    /// Takes a frame in, and may keep a handle of it; appends the packets that are ready.
    ///
    /// A frame whose [side data](crate::SideData) asks for a keyframe becomes one if the
    /// [description](VideoEncoderInfo::forced_keyframes) says so.
    ///
    ///
    /// # Errors
    /// What the codec cannot carry.
    fn encode(&mut self, frame: &VideoFrame, packets: &mut PacketQueue) -> Result<()>;

    /// Appends what is still inside. Nothing is encoded after that.
    ///
    /// # Errors
    /// What the codec cannot carry.
    fn finish(&mut self, packets: &mut PacketQueue) -> Result<()>;
}

/// What all codecs can be told in the same way, as torio's `CodecConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CodecConfig {
    /// Average bits per second.
    pub bit_rate: Option<u64>,
    /// How hard to try; the range depends on the encoder.
    pub compression_level: Option<i32>,
    /// Constant quality; the range depends on the encoder.
    pub qscale: Option<f32>,
    /// Pictures from one keyframe to the next.
    pub gop_size: Option<u32>,
    /// The most B-frames in a row.
    pub max_b_frames: Option<u32>,
}

/// A field of [`CodecConfig`], to say which of them an encoder heeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum CodecConfigField {
    BitRate,
    CompressionLevel,
    Qscale,
    GopSize,
    MaxBFrames,
}

impl CodecConfigField {
    /// The field's name.
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
    /// The fields that are set.
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

/// What an audio encoder is opened for. The opener may rely on format, rate and layout being
/// among those of its [`AudioEncoderInfo`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AudioEncoderRequest {
    /// The codec, for crates that serve several.
    pub codec: CodecId,
    /// Format of the frames.
    pub format: AudioFormat,
    /// What all codecs can be told.
    pub config: CodecConfig,
}

impl AudioEncoderRequest {
    /// A request that leaves the rest to the encoder.
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

/// What a video encoder is opened for, as [`AudioEncoderRequest`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct VideoEncoderRequest {
    /// The codec, for crates that serve several.
    pub codec: CodecId,
    /// Format of the frames.
    pub format: VideoFormat,
    /// The unit of the frames' times; at most the length of a frame.
    pub time_base: TimeBase,
    /// Nominal frames per second. Bit rates, keyframe intervals and levels follow the frames'
    /// real times where these differ.
    pub frame_rate: Rational,
    /// What all codecs can be told.
    pub config: CodecConfig,
}

impl VideoEncoderRequest {
    /// A request that leaves the rest to the encoder.
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

/// What an encoder is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backing {
    /// Rust alone.
    Rust,
    /// A library in another language.
    Binding {
        /// Its name.
        library: &'static str,
        /// Its license, as an SPDX expression.
        license: &'static str,
    },
}

/// What is told of every encoder. Listings, help, validation and defaults come from here.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EncoderInfo {
    /// FFmpeg's name, where this is that codec's encoder.
    pub name: &'static str,
    /// A few words for people.
    pub long_name: &'static str,
    /// Names of other implementations that this one stands in for.
    pub aliases: &'static [&'static str],
    /// What its packets are.
    pub codec: CodecId,
    /// What it is made of.
    pub backing: Backing,
    /// Its own options.
    pub options: &'static [OptionInfo],
    /// The fields of [`CodecConfig`] it heeds.
    pub config: &'static [CodecConfigField],
}

impl EncoderInfo {
    /// An encoder in Rust that has no options.
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

/// Makes an audio encoder; takes its options out of the given ones.
pub type OpenAudioEncoder =
    dyn Fn(&AudioEncoderRequest, &mut Options) -> Result<Box<dyn AudioEncoder>> + Send + Sync;

/// Makes a video encoder; takes its options out of the given ones.
pub type OpenVideoEncoder =
    dyn Fn(&VideoEncoderRequest, &mut Options) -> Result<Box<dyn VideoEncoder>> + Send + Sync;

/// An audio encoder's description and constructor.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AudioEncoderInfo {
    /// What is told of every encoder.
    pub encoder: EncoderInfo,
    /// What frames it takes; the first is torio's default.
    pub sample_formats: &'static [SampleFormat],
    /// The rates it takes.
    pub sample_rates: SampleRates,
    /// The layouts it takes.
    pub layouts: ChannelLayouts,
    open: Opener<OpenAudioEncoder>,
}

impl AudioEncoderInfo {
    /// An encoder of 16-bit samples at any rate in any layout; `open` makes it and takes its options
    /// out of the given ones.
    pub const fn new(encoder: EncoderInfo, open: &'static OpenAudioEncoder) -> Self {
        Self::with_opener(encoder, Opener::Static(open))
    }

    /// As [`new`](Self::new), with a constructor that may hold state.
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

    /// Makes an encoder; takes its options out of the given ones.
    ///
    /// # Errors
    /// A value that an option does not take, or what the codec cannot carry.
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

/// A video encoder's description and constructor.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct VideoEncoderInfo {
    /// What is told of every encoder.
    pub encoder: EncoderInfo,
    /// What frames it takes; the first is torio's default.
    pub pixel_formats: &'static [PixelFormat],
    /// True if any frame can be made a keyframe. Where it cannot, a frame that asks for it is refused.
    pub forced_keyframes: bool,
    /// True if the coded stream says the sample aspect ratio.
    pub sample_aspect_ratio: bool,
    /// Kinds of memory that its frames may be in. Frames in others are refused.
    pub memory: &'static [MemoryKind],
    /// Which colours its pictures are taken to have.
    pub color: VideoColor,
    open: Opener<OpenVideoEncoder>,
}

impl VideoEncoderInfo {
    /// An encoder of [`PixelFormat::Yuv420p`] in host memory that forces no keyframes and whose streams
    /// say their colors; `open` makes it and takes its options out of the given ones.
    pub const fn new(encoder: EncoderInfo, open: &'static OpenVideoEncoder) -> Self {
        Self::with_opener(encoder, Opener::Static(open))
    }

    /// As [`new`](Self::new), with a constructor that may hold state.
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

    /// Makes an encoder; takes its options out of the given ones.
    ///
    /// # Errors
    /// A value that an option does not take, or what the codec cannot carry.
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

/// Which colours the pictures of a codec are taken to have: what RGB is converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoColor {
    /// The stream says it. BT.709 from 720 lines up and BT.601 below unless the user says
    /// otherwise, which is what players guess that do not read it.
    Tagged,
    /// Nothing says it: BT.601 in limited range unless the user says otherwise.
    Untagged,
    /// JFIF: BT.601 in full range.
    Jfif,
}

/// The sample rates an encoder takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleRates {
    /// Every rate up to this one.
    UpTo(u32),
    /// These, ascending.
    List(&'static [u32]),
}

impl SampleRates {
    /// Whether `rate` is one of them.
    pub fn contains(&self, rate: u32) -> bool {
        match self {
            Self::UpTo(max) => (1..=*max).contains(&rate),
            Self::List(rates) => rates.contains(&rate),
        }
    }

    /// The one that keeps most of sound at `rate`: the lowest that is not below it, else the
    /// highest.
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

/// The channel layouts an encoder takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelLayouts {
    /// Any layout of up to this many channels.
    UpTo(usize),
    /// These, the preferred one of each channel count first.
    List(&'static [ChannelLayout]),
}

impl ChannelLayouts {
    /// Whether `layout` is one of them.
    pub fn contains(&self, layout: ChannelLayout) -> bool {
        match self {
            Self::UpTo(max) => layout.channels() <= *max,
            Self::List(layouts) => layouts.contains(&layout),
        }
    }

    /// The preferred layout of `channels` channels.
    pub fn for_channels(&self, channels: usize) -> Option<ChannelLayout> {
        match self {
            Self::UpTo(max) if channels > *max => None,
            Self::UpTo(_) => ChannelLayout::default_for(channels).ok(),
            Self::List(list) => list.iter().copied().find(|l| l.channels() == channels),
        }
    }

    /// The one that keeps most of sound in `layout`: the smallest with a place for every channel,
    /// else the largest that is smaller.
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
    fn rates_are_not_lowered_without_need() {
        let rates = SampleRates::List(&[8000, 16_000, 44_100]);
        let nearest = [1, 8000, 8001, 44_056, 48_000].map(|rate| rates.nearest(rate));
        assert_eq!(nearest, [8000, 8000, 16_000, 44_100, 44_100]);
        assert_eq!(SampleRates::UpTo(96_000).nearest(192_000), 96_000);
        assert_eq!(SampleRates::UpTo(96_000).nearest(11_025), 11_025);
    }

    #[test]
    fn channels_are_kept_where_there_is_a_place() {
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
