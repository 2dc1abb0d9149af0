//! Color and alpha options of video encoders, and the color space of encoded frames.

use reelwright_core::{
    ChromaLocation, ColorInfo, ColorModel, ColorPrimaries, ColorRange, Error, MatrixCoefficients,
    OptionInfo, Options, PixelFormat, Result, RgbColor, TransferCharacteristics, VideoColor,
};

/// Minimum number of lines of high definition.
const HD_LINES: u32 = 720;
const MATRICES: &[(&str, &str)] = &[
    ("auto", "bt709 from 720 lines on, otherwise smpte170m; bt470bg for JPEG"),
    ("bt709", "high definition"),
    ("smpte170m", "BT.601 with 525 lines"),
    ("bt470bg", "BT.601 with 625 lines; the same numbers as smpte170m"),
    ("bt2020nc", "ultra high definition"),
];
const COLORSPACE: OptionInfo =
    OptionInfo::choice("colorspace", MATRICES, "auto", "matrix that converts RGB to YUV; stored");
const COLOR_RANGE: OptionInfo = OptionInfo::choice(
    "color_range",
    &[
        ("auto", "tv; pc for JPEG"),
        ("tv", "black is 16 and white 235"),
        ("pc", "black is 0 and white 255"),
        ("mpeg", "same as tv"),
        ("jpeg", "same as pc"),
    ],
    "auto",
    "values of black and white; stored",
);
const COLOR_PRIMARIES: OptionInfo = OptionInfo::choice(
    "color_primaries",
    &[
        ("auto", "the primaries of the colorspace"),
        ("bt709", "high definition and sRGB"),
        ("smpte170m", "BT.601 with 525 lines"),
        ("bt470bg", "BT.601 with 625 lines"),
        ("bt2020", "ultra high definition"),
        ("smpte432", "Display P3"),
    ],
    "auto",
    "color primaries to store; no conversion",
);
const COLOR_TRC: OptionInfo = OptionInfo::choice(
    "color_trc",
    &[
        ("auto", "the transfer function of the colorspace"),
        ("bt709", "high definition"),
        ("smpte170m", "BT.601"),
        ("iec61966-2-1", "sRGB"),
        ("smpte2084", "PQ, of HDR10"),
        ("arib-std-b67", "hybrid log-gamma"),
    ],
    "auto",
    "transfer characteristics to store; no conversion",
);
const CHROMA_LOCATION: OptionInfo = OptionInfo::choice(
    "chroma_sample_location",
    &[("auto", "left; center for JPEG"), ("left", "MPEG-2"), ("center", "JPEG")],
    "auto",
    "location of chroma samples that several pixels share",
);
const ALPHA: OptionInfo = OptionInfo::text(
    "alpha",
    "keep, drop or compose:COLOR, such as compose:white and compose:#102030",
    "keep",
    "treatment of alpha: keep it if the encoder supports it, drop it, or compose over a color",
);
/// Color options of all video encoders.
pub(crate) static COLOR_OPTIONS: &[OptionInfo] =
    &[COLORSPACE, COLOR_RANGE, COLOR_PRIMARIES, COLOR_TRC, CHROMA_LOCATION, ALPHA];

/// Treatment of alpha.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alpha {
    Keep,
    Drop,
    Compose(RgbColor),
}

/// Parses the option `alpha`.
pub(crate) fn take_alpha(options: &mut Options) -> Result<Alpha> {
    match options.take_text(&ALPHA).as_deref() {
        None | Some("keep") => Ok(Alpha::Keep),
        Some("drop") => Ok(Alpha::Drop),
        Some(text) => match text.split_once(':') {
            Some(("compose", color)) => Ok(Alpha::Compose(color.parse()?)),
            _ => Err(ALPHA.invalid_value(text)),
        },
    }
}

/// Returns `own` with unspecified values replaced by those of `usual`.
fn with_defaults(own: ColorInfo, usual: ColorInfo) -> ColorInfo {
    let mut color = own;
    if color.primaries == ColorPrimaries::Unspecified {
        color.primaries = usual.primaries;
    }
    if color.transfer == TransferCharacteristics::Unspecified {
        color.transfer = usual.transfer;
    }
    if color.matrix == MatrixCoefficients::Unspecified {
        color.matrix = usual.matrix;
    }
    color
}

/// Chooses the color space of encoded frames. `own` is the color space of a YUV input.
pub(crate) fn choose_color(
    of_codec: VideoColor,
    own: Option<ColorInfo>,
    (format, encoded_range): (PixelFormat, Option<ColorRange>),
    lines: u32,
    options: &mut Options,
) -> Result<ColorInfo> {
    let mut color = match of_codec {
        _ if format.is_rgb() => ColorInfo::SRGB,
        VideoColor::Jfif => ColorInfo::JFIF,
        // YUV values are not converted.
        VideoColor::Tagged | VideoColor::Untagged if own.is_some() => {
            let usual = if lines >= HD_LINES { ColorInfo::BT709 } else { ColorInfo::BT601 };
            own.map_or(usual, |own| with_defaults(own, usual))
        }
        VideoColor::Tagged if lines >= HD_LINES => ColorInfo::BT709,
        VideoColor::Tagged | VideoColor::Untagged => ColorInfo::BT601,
    };
    if format.model() == ColorModel::Gray {
        color.range = ColorRange::Full;
    }
    color.range = encoded_range.unwrap_or(color.range);
    let matrix = options.take_choice(&COLORSPACE)?;
    if matrix != "auto" {
        color.matrix = matrix.parse::<MatrixCoefficients>()?;
        let (primaries, transfer) = match color.matrix {
            MatrixCoefficients::Bt709 => (ColorPrimaries::Bt709, TransferCharacteristics::Bt709),
            MatrixCoefficients::Bt2020NonConstant => {
                (ColorPrimaries::Bt2020, TransferCharacteristics::Bt709)
            }
            MatrixCoefficients::Bt470Bg => {
                (ColorPrimaries::Bt470Bg, TransferCharacteristics::Smpte170M)
            }
            _ => (ColorPrimaries::Smpte170M, TransferCharacteristics::Smpte170M),
        };
        (color.primaries, color.transfer) = (primaries, transfer);
    }
    match options.take_choice(&COLOR_RANGE)? {
        "auto" => {}
        range => {
            color.range = range.parse()?;
            if encoded_range.is_some_and(|encoded| encoded != color.range) {
                return Err(Error::option(format!(
                    "color_range={range} contradicts the encoder_format, which states the other \
                     range. Remove one of the two."
                )));
            }
        }
    }
    match options.take_choice(&COLOR_PRIMARIES)? {
        "auto" => {}
        primaries => color.primaries = primaries.parse()?,
    }
    match options.take_choice(&COLOR_TRC)? {
        "auto" => {}
        transfer => color.transfer = transfer.parse()?,
    }
    match options.take_choice(&CHROMA_LOCATION)? {
        "auto" => {}
        location => color.chroma_location = location.parse::<ChromaLocation>()?,
    }
    if format.is_rgb() && color.matrix != MatrixCoefficients::Identity {
        return Err(Error::option(format!(
            "colorspace={matrix} is not available for {format} frames, which are RGB. Remove the \
             option, or pass a YUV encoder_format."
        )));
    }
    let is_always_full = of_codec == VideoColor::Jfif || format.model() == ColorModel::Gray;
    if is_always_full && color.range == ColorRange::Limited {
        let what = if of_codec == VideoColor::Jfif { "JPEG" } else { format.name() };
        return Err(Error::option(format!(
            "color_range=tv is not available for {what}, which has full range. Remove the \
             option, or pass another encoder_format or encoder."
        )));
    }
    Ok(color)
}
