//! Sample entries: description of a track's codec.

use mp4_atom::{Colr, Pasp, Visual};
use reelwright_core::{
    CodecId, CodecRecord, ColorInfo, ColorPrimaries, ColorRange, Error, MatrixCoefficients, Result,
    StreamParameters, TransferCharacteristics, VideoParameters,
};

use crate::audio_entry;
use crate::boxes::{Bytes, append, boxed, put};
use crate::esds::{self, Rates, bit_rate};
use crate::flavor::Flavor;

/// Appends the sample entry of a stream. `rates` are known as far as packets were written.
///
/// # Errors
/// Fails if the container does not support the stream.
pub(crate) fn write(
    out: &mut Bytes,
    stream: &StreamParameters,
    flavor: &Flavor,
    rates: Rates,
) -> Result<()> {
    if let Some(audio) = stream.audio() {
        return audio_entry::write(out, stream, audio, flavor, rates);
    }
    let Some(video) = stream.video() else { return Ok(()) };
    let is_quicktime = flavor.is_quicktime();
    match (stream.codec, &stream.record) {
        (CodecId::H264, CodecRecord::H264(config)) => {
            video_entry(out, b"avc1", video, is_quicktime, rates, |out| {
                let record = config.to_bytes()?;
                boxed(out, b"avcC", |out| append(out, &record))
            })
        }
        (CodecId::Av1, CodecRecord::Av1(config)) => {
            video_entry(out, b"av01", video, is_quicktime, rates, |out| {
                boxed(out, b"av1C", |out| append(out, &config.bytes))
            })
        }
        (CodecId::Mjpeg, _) if is_quicktime => {
            video_entry(out, b"jpeg", video, true, rates, |_| Ok(()))
        }
        (CodecId::Png, _) if is_quicktime => {
            video_entry(out, b"png ", video, true, rates, |_| Ok(()))
        }
        (CodecId::Mjpeg | CodecId::Png, _) => {
            let object = if stream.codec == CodecId::Mjpeg { esds::JPEG } else { esds::PNG };
            video_entry(out, b"mp4v", video, false, rates, |out| {
                esds::write(out, object, esds::VISUAL, rates, None)
            })
        }
        (codec, _) => Err(Error::unsupported(format!(
            "{} does not support {codec} without its configuration.",
            flavor.name
        ))),
    }
}

/// Appends a `VisualSampleEntry` (ISO/IEC 14496-12 §12.1.3). `config` appends its boxes.
fn video_entry(
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

/// Returns width and height in pixels.
///
/// # Errors
/// Fails if they need more than 16 bits.
pub(crate) fn size(video: &VideoParameters) -> Result<(u16, u16)> {
    let fits = |what, size: u32| {
        u16::try_from(size).ok().filter(|size| *size > 0).ok_or_else(|| {
            Error::unsupported(format!("mp4 requires a {what} from 1 to 65535. Found: {size}"))
        })
    };
    Ok((fits("width", video.format.width)?, fits("height", video.format.height)?))
}

/// Returns the color information box, if any property is known.
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
    // QuickTime's own type has no range.
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
    fn colr_requires_a_known_color_property() {
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
