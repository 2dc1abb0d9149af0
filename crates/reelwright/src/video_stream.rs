//! Parameters of a video stream, and defaults for those that are not set.

use reelwright_convert::ScaleFilter;
use reelwright_core::{
    CodecConfig, CodecId, ColorInfo, ColorModel, ColorRange, Error, MuxerInfo, OptionInfo, Options,
    PixelFormat, Rational, Result, RgbColor, TimeBase, VideoEncoderInfo, VideoEncoderRequest,
    VideoFormat, helpers::list,
};

use crate::encoder_options::take_video;
use crate::nearest_pixel_format::nearest;
use crate::registry::Registry;
use crate::video_color::{Alpha, choose_color, take_alpha};

/// Minimum frame size in pixels that may take any encoder too long for an interrupt.
const SLOW_PIXELS: u64 = 1920 * 1080;
/// Option of NVENC encoders. Reelwright replaces them by another encoder.
const GPU: OptionInfo = OptionInfo::int("gpu", (-2, i32::MAX as i64), None, "the device; ignored");
/// Maximum width and height of a frame.
const MAX_SIZE: u32 = 1 << 16;

/// Video stream: the format of its chunks, and its encoding.
///
/// ```
/// use reelwright::{CodecConfig, PixelFormat, VideoStream};
///
/// // Chunks of shape (frame, 3, 720, 1280) of u8, for the format's default encoder.
/// VideoStream::new(30.0, 1280, 720);
///
/// // Gray frames, encoded as H.264 of half the size with 2 Mbit/s.
/// VideoStream::new(30.0, 1280, 720)
///     .format(PixelFormat::Gray8)
///     .encoder("h264")
///     .encoder_width(640)
///     .encoder_height(360)
///     .codec_config(CodecConfig { bit_rate: Some(2_000_000), ..CodecConfig::default() });
/// ```
#[derive(Debug, Clone)]
pub struct VideoStream {
    frame_rate: f64,
    time_base: Option<Rational>,
    sample_aspect_ratio: Option<Rational>,
    width: u32,
    height: u32,
    format: PixelFormat,
    /// Color space, if frames will be written instead of chunks.
    frames: Option<ColorInfo>,
    encoder: Option<String>,
    encoder_options: Options,
    encoder_frame_rate: Option<f64>,
    encoder_width: Option<u32>,
    encoder_height: Option<u32>,
    encoder_format: Option<PixelFormat>,
    encoder_color_range: Option<ColorRange>,
    codec_config: CodecConfig,
    scale_filter: ScaleFilter,
    filter_desc: Option<String>,
    pub(crate) language: Option<String>,
    hw_accel: Option<String>,
}

impl VideoStream {
    /// Pixel formats of chunks, torio's first: those with a value of each component for each pixel.
    pub const CHUNK_FORMATS: &'static [PixelFormat] = &[
        PixelFormat::Rgb24,
        PixelFormat::Bgr24,
        PixelFormat::Yuv444p,
        PixelFormat::Gray8,
        PixelFormat::Rgb0,
        PixelFormat::Bgr0,
        PixelFormat::Rgba,
        PixelFormat::Bgra,
        PixelFormat::Ya8,
        PixelFormat::Gray10Le,
        PixelFormat::Gray12Le,
        PixelFormat::Gray16Le,
        PixelFormat::Ya16Le,
        PixelFormat::Rgb48Le,
        PixelFormat::Rgba64Le,
        PixelFormat::Gbrp,
        PixelFormat::Gbrp10Le,
        PixelFormat::Gbrap,
        PixelFormat::Yuv444p10Le,
        PixelFormat::Yuva444p,
    ];

    /// Creates a stream of chunks of shape (frame, 3, `height`, `width`) of `u8`: red, green, blue,
    /// with `frame_rate` frames per second.
    pub fn new(frame_rate: f64, width: u32, height: u32) -> Self {
        Self {
            frame_rate,
            time_base: None,
            sample_aspect_ratio: None,
            width,
            height,
            format: PixelFormat::Rgb24,
            frames: None,
            encoder: None,
            encoder_options: Options::new(),
            encoder_frame_rate: None,
            encoder_width: None,
            encoder_height: None,
            encoder_format: None,
            encoder_color_range: None,
            codec_config: CodecConfig::default(),
            scale_filter: ScaleFilter::default(),
            filter_desc: None,
            language: None,
            hw_accel: None,
        }
    }

    /// Sets the unit of the frames' timestamps in seconds, such as 1/90000, for a variable frame
    /// rate. The maximum is the duration of a frame. Without a time base, timestamps are rounded to
    /// frames of the frame rate.
    ///
    /// The frame rate remains the nominal rate, at which frames without a pts follow. If the format
    /// cannot store timestamps, or with [`encoder_frame_rate`](Self::encoder_frame_rate), frames
    /// are repeated and dropped.
    #[must_use]
    pub fn time_base(mut self, seconds: Rational) -> Self {
        self.time_base = Some(seconds);
        self
    }

    /// Sets the sample aspect ratio of the frames that are written (width / height of a pixel);
    /// default 1. The encoded frames keep the display aspect ratio, even if scaled. Logs a warning
    /// if the format cannot store the ratio.
    #[must_use]
    pub fn sample_aspect_ratio(mut self, ratio: Rational) -> Self {
        self.sample_aspect_ratio = Some(ratio);
        self
    }

    /// Sets the pixel format of chunks; default `rgb24`. Every format without chroma subsampling is
    /// supported: with `u8` chunks for 8 bits, such as `bgr24`, `yuv444p`, `gray8`, `rgba` with
    /// straight alpha, or `rgb0` and `bgr0`, which have 3 or 4 channels, the last of which is
    /// ignored; and with `u16` chunks for more bits, such as `gray16le` and `rgb48le`, or
    /// `yuv444p10le` with values from 0 to 1023.
    #[must_use]
    pub fn format(mut self, format: PixelFormat) -> Self {
        self.format = format;
        self
    }

    /// Selects frames instead of chunks as input, for
    /// [`write_video_frame`](crate::StreamingMediaEncoder::write_video_frame): of any pixel format,
    /// in this color space.
    #[must_use]
    pub fn frames(mut self, format: PixelFormat, color: ColorInfo) -> Self {
        self.format = format;
        self.frames = Some(color);
        self
    }

    /// Sets the language, an ISO 639-2 code such as `eng`, for containers that store a language per
    /// stream.
    #[must_use]
    pub fn language(mut self, code: impl Into<String>) -> Self {
        self.language = Some(code.into());
        self
    }

    /// Sets the encoder by name, one of [`video_encoders`](crate::video_encoders). The default
    /// depends on the format.
    #[must_use]
    pub fn encoder(mut self, name: impl Into<String>) -> Self {
        self.encoder = Some(name.into());
        self
    }

    /// Sets an option of the encoder, one of
    /// [`video_encoder_options`](crate::video_encoder_options).
    #[must_use]
    pub fn encoder_option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.encoder_options.set(name, value);
        self
    }

    /// Sets the encoded frame rate. Frames are repeated or dropped. The default is the frame rate
    /// of the chunks.
    #[must_use]
    pub fn encoder_frame_rate(mut self, rate: f64) -> Self {
        self.encoder_frame_rate = Some(rate);
        self
    }

    /// Sets the encoded width in pixels. Frames are scaled to this size. The default is the width of
    /// the chunks.
    #[must_use]
    pub fn encoder_width(mut self, width: u32) -> Self {
        self.encoder_width = Some(width);
        self
    }

    /// Sets the encoded height in pixels. Frames are scaled to this size. The default is the height of
    /// the chunks.
    #[must_use]
    pub fn encoder_height(mut self, height: u32) -> Self {
        self.encoder_height = Some(height);
        self
    }

    /// Sets the encoded pixel format. The default is the supported format with the smallest
    /// loss, among those that players commonly support.
    #[must_use]
    pub fn encoder_format(mut self, format: PixelFormat) -> Self {
        self.encoder_format = Some(format);
        self
    }

    /// Sets the range of the encoded frames like the option `color_range`: `yuvj420p` is `yuv420p`
    /// with full range. See [`PixelFormat::parse_with_range`].
    #[must_use]
    pub fn encoder_color_range(mut self, range: ColorRange) -> Self {
        self.encoder_color_range = Some(range);
        self
    }

    /// Sets parameters that all encoders share. Logs a warning for those that the encoder does not
    /// support.
    #[must_use]
    pub fn codec_config(mut self, config: CodecConfig) -> Self {
        self.codec_config = config;
        self
    }

    /// Sets the filter that scales frames.
    #[must_use]
    pub fn scale_filter(mut self, filter: ScaleFilter) -> Self {
        self.scale_filter = filter;
        self
    }

    /// Sets a filter graph. Not supported yet: adding the stream fails.
    #[must_use]
    pub fn filter_desc(mut self, filters: impl Into<String>) -> Self {
        self.filter_desc = Some(filters.into());
        self
    }

    /// Sets a device to encode on, such as `cuda:0`. Not supported yet: adding the stream fails.
    #[must_use]
    pub fn hw_accel(mut self, device: impl Into<String>) -> Self {
        self.hw_accel = Some(device.into());
        self
    }

    /// Chooses defaults and checks all parameters. `extension` is the extension of the destination.
    pub(crate) fn resolve(
        &self,
        registry: &Registry,
        muxer: &MuxerInfo,
        extension: Option<&str>,
    ) -> Result<ResolvedVideo> {
        let frame_rate = positive_rate("Frame rate", self.frame_rate)?;
        let width = positive("width", self.width)?;
        let height = positive("height", self.height)?;
        if self.frames.is_none() && !Self::CHUNK_FORMATS.contains(&self.format) {
            return Err(Error::argument(format!(
                "Unsupported pixel format ({}) was provided. Valid values are {}.",
                self.format,
                list(Self::CHUNK_FORMATS)
            )));
        }
        if muxer.video_codecs.is_empty() {
            return Err(Error::unsupported(format!("{} does not support video.", muxer.name)));
        }
        if let Some(filters) = &self.filter_desc {
            return Err(Error::unsupported(format!(
                "filter_desc is not supported yet. Found: {filters:?}. Omit the argument."
            )));
        }
        if let Some(device) = &self.hw_accel {
            return Err(Error::unsupported(format!(
                "hw_accel is not supported yet. Found: {device:?}. Omit the argument, and pass \
                 chunks in CPU memory."
            )));
        }
        let info = match &self.encoder {
            Some(name) => registry.video_encoder_by_name(name)?,
            None => registry.default_video_encoder(muxer, extension)?,
        };
        if !muxer.video_codecs.contains(&info.encoder.codec) {
            return Err(Error::unsupported(format!(
                "{} does not support {}. Supported codecs are {}.",
                muxer.name,
                info.encoder.codec,
                list(muxer.video_codecs)
            )));
        }
        let mut options = self.encoder_options.clone();
        if self.encoder.as_ref().is_some_and(|name| name.ends_with("_nvenc")) {
            options.take_int(&GPU)?;
        }
        let mut config = self.codec_config;
        let threads = take_video(&info.encoder, &mut options, &mut config)?;
        let encoder_frame_rate = match self.encoder_frame_rate {
            None => frame_rate,
            Some(rate) => positive_rate("Encoder frame rate", rate)?,
        };
        let time_base = self.time_base_for(frame_rate)?;
        // Frames at arbitrary times are converted to a constant rate.
        let is_constant = encoder_frame_rate != frame_rate
            || self.time_base.is_some()
                && (self.encoder_frame_rate.is_some() || !muxer.variable_frame_rate);
        let encoder_time_base =
            if is_constant { TimeBase::new(encoder_frame_rate.inverse()) } else { time_base };
        let encoder_width =
            self.encoder_width.map_or(Ok(width), |width| positive("Encoder width", width))?;
        let encoder_height =
            self.encoder_height.map_or(Ok(height), |height| positive("Encoder height", height))?;
        let pixel_format = self.choose_format(info)?;
        let alpha = take_alpha(&mut options)?;
        if self.encoder_format.is_none() && pixel_format.depth() < self.format.depth() {
            log::warn!(
                "{} encodes {} bits per component. The {} bits of {} are reduced.",
                info.encoder.name,
                pixel_format.depth(),
                self.format.depth(),
                self.format
            );
        }
        // Gray has no matrix, and its range is converted like that of RGB.
        let is_yuv = self.format.model() == ColorModel::Yuv;
        let own = self.frames.filter(|_| is_yuv);
        // YUV values are not converted, so the size of the input selects the color space.
        let lines = if own.is_some() { height } else { encoder_height };
        let range = self.encoder_color_range;
        let color = choose_color(info.color, own, (pixel_format, range), lines, &mut options)?;
        let aspect = self.encoded_aspect((width, height), (encoder_width, encoder_height))?;
        if aspect != Rational::ONE && !(muxer.sample_aspect_ratio || info.sample_aspect_ratio) {
            log::warn!(
                "{} in {} cannot store a sample aspect ratio of {}:{}. Players will show square \
                 pixels.",
                info.encoder.codec,
                muxer.name,
                aspect.num(),
                aspect.den()
            );
        }
        Ok(ResolvedVideo {
            info: info.clone(),
            request: VideoEncoderRequest::new(
                info.encoder.codec,
                VideoFormat {
                    pixel_format,
                    width: encoder_width,
                    height: encoder_height,
                    sample_aspect_ratio: aspect,
                    color,
                },
                encoder_time_base,
                encoder_frame_rate,
            )
            .config(config),
            options,
            input: VideoFormat::new(
                self.format,
                width,
                height,
                self.frames.unwrap_or(ColorInfo::BT601),
            ),
            alpha_is_dropped: self.format.has_alpha()
                && !pixel_format.has_alpha()
                && alpha == Alpha::Keep,
            background: match alpha {
                Alpha::Compose(color) => Some(color),
                Alpha::Keep | Alpha::Drop => None,
            },
            frame_rate,
            time_base,
            is_constant,
            drops: (self.time_base.is_some() && self.encoder_frame_rate.is_none())
                .then_some(muxer.name),
            keeps_times: muxer.variable_frame_rate || self.time_base.is_some(),
            scale_filter: self.scale_filter,
            is_threaded: threads.is_some_and(|threads| threads > 1)
                || is_slow(info.encoder.codec, encoder_width, encoder_height),
        })
    }

    /// Returns the encoded sample aspect ratio. Scaling from `from` to `to` keeps the display
    /// aspect ratio.
    fn encoded_aspect(&self, from: (u32, u32), to: (u32, u32)) -> Result<Rational> {
        let Some(ratio) = self.sample_aspect_ratio else { return Ok(Rational::ONE) };
        let most = i64::from(u16::MAX);
        if ratio.num() <= 0 || ratio.num() > most || ratio.den() > most {
            return Err(Error::argument(format!(
                "The terms of sample_aspect_ratio must be from 1 to {most}. Found: {ratio}"
            )));
        }
        let product = |a: i64, b: u32, c: u32| i128::from(a) * i128::from(b) * i128::from(c);
        let (mut num, mut den) =
            (product(ratio.num(), from.0, to.1), product(ratio.den(), from.1, to.0));
        let (mut a, mut b) = (num, den);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        (num, den) = (num / a, den / a);
        // Parameter sets have 16 bits for each.
        while num > i128::from(most) || den > i128::from(most) {
            (num, den) = ((num / 2).max(1), (den / 2).max(1));
        }
        Rational::new(num as i64, den as i64)
    }

    /// Returns the unit of the frames' timestamps.
    fn time_base_for(&self, frame_rate: Rational) -> Result<TimeBase> {
        let frame = frame_rate.inverse();
        let unit = self.time_base.unwrap_or(frame);
        let product = |a: i64, b: i64| i128::from(a) * i128::from(b);
        if product(unit.num(), frame.den()) > product(frame.num(), unit.den()) {
            return Err(Error::argument(format!(
                "time_base must be at most the duration of a frame. Found: {unit} s at a frame \
                 rate of {frame_rate}. Pass a time base of {frame} or a fraction of it."
            )));
        }
        let most = i64::from(u32::MAX);
        if self.time_base.is_some() && (unit.num() > most || unit.den() > most) {
            return Err(Error::argument(format!(
                "The terms of time_base must be at most {most}. Found: {unit}"
            )));
        }
        Ok(TimeBase::new(unit))
    }

    fn choose_format(&self, info: &VideoEncoderInfo) -> Result<PixelFormat> {
        let formats = info.pixel_formats;
        let Some(format) = self.encoder_format else {
            return Ok(nearest(info.encoder.codec, self.format, formats));
        };
        if !formats.contains(&format) {
            return Err(Error::unsupported(format!(
                "{} does not support {format} format. Supported values are; {}",
                info.encoder.name,
                list(formats)
            )));
        }
        Ok(format)
    }
}

/// Video stream with all parameters chosen.
pub(crate) struct ResolvedVideo {
    pub(crate) info: VideoEncoderInfo,
    pub(crate) request: VideoEncoderRequest,
    pub(crate) options: Options,
    /// Format of chunks and frames.
    pub(crate) input: VideoFormat,
    /// Background color for alpha.
    pub(crate) background: Option<RgbColor>,
    /// True if alpha is dropped without a request by the user.
    pub(crate) alpha_is_dropped: bool,
    /// Nominal frames per second of the chunks.
    pub(crate) frame_rate: Rational,
    /// Time base of the chunks.
    pub(crate) time_base: TimeBase,
    /// True if frames are repeated and dropped for a constant rate.
    pub(crate) is_constant: bool,
    /// Container that drops frames although the user requested no other frame rate.
    pub(crate) drops: Option<&'static str>,
    /// True if a gap before a pts adds no frames.
    pub(crate) keeps_times: bool,
    pub(crate) scale_filter: ScaleFilter,
    /// True if the encoder runs on its own thread.
    pub(crate) is_threaded: bool,
}

/// Returns whether a frame may take the encoder too long for an interrupt. It then runs on its own
/// thread, which does not change its output.
fn is_slow(codec: CodecId, width: u32, height: u32) -> bool {
    // GIF's palette is computed for several frames at once.
    matches!(codec, CodecId::Av1 | CodecId::Gif)
        || u64::from(width) * u64::from(height) >= SLOW_PIXELS
}

fn positive(what: &str, size: u32) -> Result<u32> {
    match size {
        1..=MAX_SIZE => Ok(size),
        0 => Err(Error::argument(format!("{what} must be positive. Found: 0"))),
        _ => Err(Error::argument(format!("{what} must be at most {MAX_SIZE}. Found: {size}"))),
    }
}

fn positive_rate(what: &str, rate: f64) -> Result<Rational> {
    if !(rate.is_finite() && rate > 0.0) {
        return Err(Error::argument(format!("{what} must be positive and finite. Found: {rate}")));
    }
    Rational::from_f64(rate)
}
