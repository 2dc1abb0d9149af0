//! Default pixel formats of encoders.

use reelwright_core::{CodecId, ColorModel, PixelFormat};

/// Returns the pixel format for encoding frames of the format `input`.
///
/// For a lossless codec, the format has the smallest loss. For a lossy codec, the format has the
/// color model and chroma subsampling of the codec's first format, which all players support,
/// except that JPEG keeps gray frames.
pub(crate) fn nearest(codec: CodecId, input: PixelFormat, formats: &[PixelFormat]) -> PixelFormat {
    let keeps_model = |format: &PixelFormat| format.model() == input.model();
    let first = formats.first().copied().expect("an encoder supports at least one format");
    if (codec.is_lossless() || (codec == CodecId::Mjpeg && input.model() == ColorModel::Gray))
        && let Some(best) = formats.iter().copied().filter(keeps_model).min_by_key(loss_of(input))
    {
        return best;
    }
    let is_usual = |format: &PixelFormat| {
        (format.model(), format.chroma_shift()) == (first.model(), first.chroma_shift())
    };
    formats.iter().copied().filter(is_usual).min_by_key(loss_of(input)).unwrap_or(first)
}

/// Returns the losses of a format compared with `input`, then its unused parts.
fn loss_of(input: PixelFormat) -> impl Fn(&PixelFormat) -> ([u32; 3], [u32; 4]) {
    move |format| {
        let (across, down) = format.chroma_shift();
        let (own_across, own_down) = input.chroma_shift();
        let padding = |format: PixelFormat| format.channels() > format.components().len();
        let lost = [
            (input.has_alpha() && !format.has_alpha()).into(),
            across.saturating_sub(own_across) + down.saturating_sub(own_down),
            input.depth().saturating_sub(format.depth()),
        ];
        let unused = [
            (*format != input).into(),
            padding(*format).into(),
            (format.has_alpha() && !input.has_alpha()).into(),
            format.depth().saturating_sub(input.depth())
                + own_across.saturating_sub(across)
                + own_down.saturating_sub(down),
        ];
        (lost, unused)
    }
}

#[cfg(test)]
mod tests {
    use super::PixelFormat::{
        Bgr0, Bgr24, Gray8, Gray10Le, Gray16Le, Rgb24, Rgb48Le, Rgba, Rgba64Le, Ya8, Yuv420p,
        Yuv420p10Le, Yuv422p10Le, Yuv444p, Yuva444p,
    };
    use super::*;

    #[test]
    fn lossless_codecs_have_the_smallest_error() {
        let png = [Rgb24, Rgba, Gray8, Ya8, Rgb48Le, Rgba64Le, Gray16Le];
        let cases = [
            (Rgb24, Rgb24),
            (Bgr0, Rgb24),
            (Rgba, Rgba),
            (Rgba64Le, Rgba64Le),
            (Gray10Le, Gray16Le),
            // No format has this model: the first format's model, with the least loss otherwise.
            (Yuva444p, Rgba),
            (Yuv422p10Le, Rgb48Le),
        ];
        for (input, expected) in cases {
            assert_eq!(nearest(CodecId::Png, input, &png), expected, "{input}");
        }
        assert_eq!(nearest(CodecId::Bmp, Rgb24, &[Bgr24, Gray8]), Bgr24);
    }

    #[test]
    fn lossy_codecs_use_formats_that_players_support() {
        let av1 = [Yuv420p, Yuv444p, Gray8, Yuv420p10Le, Yuv422p10Le];
        for (input, expected) in [
            (Rgb24, Yuv420p),
            (Yuv444p, Yuv420p),
            (Gray8, Yuv420p),
            (Rgb48Le, Yuv420p10Le),
            (Yuv422p10Le, Yuv420p10Le),
        ] {
            assert_eq!(nearest(CodecId::Av1, input, &av1), expected, "{input}");
        }
        assert_eq!(nearest(CodecId::Mjpeg, Gray16Le, &[Yuv420p, Gray8]), Gray8);
    }
}
