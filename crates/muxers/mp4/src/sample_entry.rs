//! Sample descriptions: how a track's samples are coded.

use mp4_atom::{Colr, Pasp, Visual};
use reelwright_core::{
    CodecId, CodecRecord, ColorInfo, ColorPrimaries, ColorRange, Error, MatrixCoefficients, Result,
    StreamParameters, TransferCharacteristics, VideoParameters,
};

use crate::boxes::{Bytes, append, boxed, put};
use crate::esds::{self, Rates, bit_rate};
use crate::flavour::Flavour;
use crate::sound_entry;

/// Appends the description of a stream, whose rates are known as far as packets were written.
///
/// # Errors
/// A stream that the container cannot describe.
pub(crate) fn write(
    out: &mut Bytes,
    stream: &StreamParameters,
    flavour: &Flavour,
    rates: Rates,
) -> Result<()> {
    if let Some(audio) = stream.audio() {
        return sound_entry::write(out, stream, audio, flavour, rates);
    }
    let Some(video) = stream.video() else { return Ok(()) };
    let is_quicktime = flavour.is_quicktime();
    match (stream.codec, &stream.record) {
        (CodecId::H264, CodecRecord::H264(config)) => {
            picture_entry(out, b"avc1", video, is_quicktime, rates, |out| {
                let record = config.to_bytes()?;
                boxed(out, b"avcC", |out| append(out, &record))
            })
        }
        (CodecId::Av1, CodecRecord::Av1(config)) => {
            picture_entry(out, b"av01", video, is_quicktime, rates, |out| {
                boxed(out, b"av1C", |out| append(out, &config.bytes))
            })
        }
        (CodecId::Mjpeg, _) if is_quicktime => {
            picture_entry(out, b"jpeg", video, true, rates, |_| Ok(()))
        }
        (CodecId::Png, _) if is_quicktime => {
            picture_entry(out, b"png ", video, true, rates, |_| Ok(()))
        }
        (CodecId::Mjpeg | CodecId::Png, _) => {
            let object = if stream.codec == CodecId::Mjpeg { esds::JPEG } else { esds::PNG };
            picture_entry(out, b"mp4v", video, false, rates, |out| {
                esds::write(out, object, esds::VISUAL, rates, None)
            })
        }
        (codec, _) => Err(Error::unsupported(format!(
            "{} cannot describe {codec} without its configuration.",
            flavour.name
        ))),
    }
}

/// A `VisualSampleEntry` (ISO/IEC 14496-12 §12.1.3) with what `config` appends.
fn picture_entry(
    out: &mut Bytes,
    kind: &[u8; 4],
    video: &VideoParameters,
    is_quicktime: bool,
    rates: Rates,
    config: impl FnOnce(&mut Bytes) -> Result<()>,
) -> Result<()> {
    let (width, height) = size(video)?;
    boxed(out, kind, |out| {
        put(out, &Visual { data_reference_index: 1, width, height, ..Visual::default() })?;
        config(out)?;
        if let Some(colr) = colr(&video.format.color, is_quicktime) {
            put(out, &colr)?;
        }
        let sar = video.format.sample_aspect_ratio;
        if let (Ok(h_spacing), Ok(v_spacing)) = (sar.num().try_into(), sar.den().try_into()) {
            put(out, &Pasp { h_spacing, v_spacing })?;
        }
        if is_quicktime { Ok(()) } else { bit_rate(out, rates) }
    })
}

/// Width and height in pixels.
///
/// # Errors
/// They must have 16 bits.
pub(crate) fn size(video: &VideoParameters) -> Result<(u16, u16)> {
    let fits = |what, size: u32| {
        u16::try_from(size).ok().filter(|size| *size > 0).ok_or_else(|| {
            Error::unsupported(format!("mp4 needs a {what} from 1 to 65535. Found: {size}"))
        })
    };
    Ok((fits("width", video.format.width)?, fits("height", video.format.height)?))
}

/// The colours, where anything is known of them.
fn colr(color: &ColorInfo, is_quicktime: bool) -> Option<Colr> {
    let is_unknown = color.primaries == ColorPrimaries::Unspecified
        && color.transfer == TransferCharacteristics::Unspecified
        && color.matrix == MatrixCoefficients::Unspecified;
    if is_unknown && color.range == ColorRange::Limited {
        return None;
    }
    let colour_primaries = color.primaries.code().into();
    let transfer_characteristics = color.transfer.code().into();
    let matrix_coefficients = color.matrix.code().into();
    let full_range_flag = color.range == ColorRange::Full;
    // QuickTime's own form has no range.
    Some(if is_quicktime && !full_range_flag {
        Colr::Nclc { colour_primaries, transfer_characteristics, matrix_coefficients }
    } else {
        Colr::Nclx {
            colour_primaries,
            transfer_characteristics,
            matrix_coefficients,
            full_range_flag,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colr_is_written_if_any_color_property_is_known() {
        let unknown = ColorInfo::default();
        let unknown = ColorInfo { range: ColorRange::Limited, ..unknown };
        for is_quicktime in [false, true] {
            assert_eq!(colr(&unknown, is_quicktime), None);
        }
        // ISO/IEC 14496-12 §12.1.5; codes are those of ISO/IEC 23091-2, where 2 is unspecified.
        for (color, codes) in [
            (ColorInfo { primaries: ColorPrimaries::Bt709, ..unknown }, (1, 2, 2)),
            (ColorInfo { transfer: TransferCharacteristics::Srgb, ..unknown }, (2, 13, 2)),
            (ColorInfo { matrix: MatrixCoefficients::Bt470Bg, ..unknown }, (2, 2, 5)),
            (ColorInfo { range: ColorRange::Full, ..unknown }, (2, 2, 2)),
        ] {
            let full_range_flag = color.range == ColorRange::Full;
            let (colour_primaries, transfer_characteristics, matrix_coefficients) = codes;
            let nclx = Colr::Nclx {
                colour_primaries,
                transfer_characteristics,
                matrix_coefficients,
                full_range_flag,
            };
            assert_eq!(colr(&color, false).as_ref(), Some(&nclx));
            // QuickTime's `nclc` has no range field and means limited range.
            let nclc =
                Colr::Nclc { colour_primaries, transfer_characteristics, matrix_coefficients };
            let expected = if full_range_flag { nclx } else { nclc };
            assert_eq!(colr(&color, true), Some(expected));
        }
    }
}
