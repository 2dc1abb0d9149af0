//! Options of video encoders about colors and alpha, and how the encoded frames' colors are chosen.

use reelwright_core::{
    ChromaLocation, ColorInfo, ColorModel, ColorPrimaries, ColorRange, Error, MatrixCoefficients,
    OptionInfo, Options, PixelFormat, Result, RgbColor, TransferCharacteristics, VideoColor,
};

/// From this many lines on pictures are taken to be of high definition.
const HD_LINES: u32 = 720;
const MATRICES: &[(&str, &str)] = &[
    ("auto", "bt709 from 720 lines on, and else smpte170m; bt470bg for JPEG"),
    ("bt709", "high definition"),
    ("smpte170m", "BT.601 with 525 lines"),
    ("bt470bg", "BT.601 with 625 lines; the same numbers as smpte170m"),
    ("bt2020nc", "ultra high definition"),
];
const COLORSPACE: OptionInfo =
    OptionInfo::choice("colorspace", MATRICES, "auto", "how RGB becomes YUV; told to players");
const COLOR_RANGE: OptionInfo = OptionInfo::choice(
    "color_range",
    &[
        ("auto", "tv; pc for JPEG"),
        ("tv", "black is 16 and white 235"),
        ("pc", "black is 0 and white 255"),
        ("mpeg", "as tv"),
        ("jpeg", "as pc"),
    ],
    "auto",
    "which values are black and white; told to players",
);
const COLOR_PRIMARIES: OptionInfo = OptionInfo::choice(
    "color_primaries",
    &[
        ("auto", "as the colorspace"),
        ("bt709", "high definition and sRGB"),
        ("smpte170m", "BT.601 with 525 lines"),
        ("bt470bg", "BT.601 with 625 lines"),
        ("bt2020", "ultra high definition"),
        ("smpte432", "Display P3"),
    ],
    "auto",
    "which red, green and blue the pictures have: told to players, nothing is converted",
);
const COLOR_TRC: OptionInfo = OptionInfo::choice(
    "color_trc",
    &[
        ("auto", "as the colorspace"),
        ("bt709", "high definition"),
        ("smpte170m", "BT.601"),
        ("iec61966-2-1", "sRGB"),
        ("smpte2084", "PQ, of HDR10"),
        ("arib-std-b67", "hybrid log-gamma"),
    ],
    "auto",
    "how light becomes values: told to players, nothing is converted",
);
const CHROMA_LOCATION: OptionInfo = OptionInfo::choice(
    "chroma_sample_location",
    &[("auto", "left; center for JPEG"), ("left", "as MPEG-2"), ("center", "as JPEG")],
    "auto",
    "where chroma is that several pixels share",
);
const ALPHA: OptionInfo = OptionInfo::text(
    "alpha",
    "keep, drop or compose:COLOR, as compose:white and compose:#102030",
    "keep",
    "what becomes of alpha: kept if the encoder has it, dropped, or composed over a color",
);
/// Options of every video encoder about colors.
pub(crate) static COLOR_OPTIONS: &[OptionInfo] =
    &[COLORSPACE, COLOR_RANGE, COLOR_PRIMARIES, COLOR_TRC, CHROMA_LOCATION, ALPHA];

/// Treatment of alpha.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alpha {
    Keep,
    Drop,
    Compose(RgbColor),
}

/// Takes the option `alpha`.
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

/// `own`, with what it does not say as in `usual`.
fn with_usual(own: ColorInfo, usual: ColorInfo) -> ColorInfo {
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

/// Chooses the color of encoded frames; `own` is that of the input, if it is YUV.
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
        // YUV keeps its numbers.
        VideoColor::Tagged | VideoColor::Untagged if own.is_some() => {
            let usual = if lines >= HD_LINES { ColorInfo::BT709 } else { ColorInfo::BT601 };
            own.map_or(usual, |own| with_usual(own, usual))
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
                    "color_range={range} contradicts the encoder_format, which states the other range. \
                     Leave one of them out."
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
            "colorspace={matrix} has no meaning for {format} pictures, which are RGB. Leave it out \
             or pass a YUV encoder_format."
        )));
    }
    let is_always_full = of_codec == VideoColor::Jfif || format.model() == ColorModel::Gray;
    if is_always_full && color.range == ColorRange::Limited {
        let what = if of_codec == VideoColor::Jfif { "JPEG" } else { format.name() };
        return Err(Error::option(format!(
            "color_range=tv is not available for {what}, which has full range. Leave it out, or pass \
             another encoder_format or encoder."
        )));
    }
    Ok(color)
}
