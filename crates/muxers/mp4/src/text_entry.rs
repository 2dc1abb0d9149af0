//! Sample entries and media headers of text: 3GPP Timed Text (3GPP TS 26.245 §5.16), WebVTT
//! (ISO/IEC 14496-30 §7.5), and QuickTime text (QuickTime File Format, "Text Media").

use mp4_atom::{Encode as _, Matrix};
use reelwright_core::helpers::timed_text::{FONT_SIZE, style_fields};
use reelwright_core::{CodecId, CodecRecord, Result, StreamParameters, WebVttHeader};

use crate::boxes::{Bytes, append, append_full, boxed, full_box};

/// Area in which text is shown: the whole video, if there is any.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TextArea {
    /// Width in pixels.
    pub(crate) width: u16,
    /// Height in pixels.
    pub(crate) height: u16,
}

impl TextArea {
    /// Returns the area of the first video stream.
    pub(crate) fn of(streams: &[StreamParameters]) -> Self {
        let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX).min(i16::MAX as u16);
        let format = streams.iter().find_map(StreamParameters::video).map(|video| &video.format);
        format.map_or(Self::default(), |format| Self {
            width: side(format.width),
            height: side(format.height),
        })
    }

    /// Returns FFmpeg's font size in pixels: 16 for 288 lines.
    pub(crate) fn font_size(self) -> u8 {
        if self.height == 0 { FONT_SIZE } else { (self.height / 18).clamp(8, 255) as u8 }
    }
}

/// Appends the sample entry of a subtitle stream.
///
/// # Errors
/// None in practice.
pub(crate) fn write(
    out: &mut Bytes,
    stream: &StreamParameters,
    area: TextArea,
    is_quicktime: bool,
) -> Result<()> {
    match (stream.codec, &stream.record) {
        (CodecId::WebVtt, CodecRecord::WebVtt(header)) => webvtt(out, header),
        (CodecId::WebVtt, _) => webvtt(out, &WebVttHeader::default()),
        _ if is_quicktime => quicktime(out, area),
        _ => timed_text(out, area),
    }
}

/// Reserved bytes and the index of the data reference, at the start of every sample entry.
const SAMPLE_ENTRY: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 1];

/// Appends a `TextSampleEntry`: centered at the bottom, white on a transparent background.
fn timed_text(out: &mut Bytes, area: TextArea) -> Result<()> {
    boxed(out, b"tx3g", |out| {
        out.extend(SAMPLE_ENTRY);
        // No display flags; centered, at the bottom; transparent background.
        out.extend([0; 4]);
        out.extend([1, 0xFF]);
        out.extend([0; 4]);
        // Text box: top, left, bottom, right.
        out.extend([0, 0, area.height, area.width].into_iter().flat_map(u16::to_be_bytes));
        // Default style.
        out.extend([0; 4]);
        out.extend(style_fields(0, area.font_size()));
        boxed(out, b"ftab", |out| {
            const FONT: &[u8] = b"Arial";
            out.extend([0, 1, 0, 1, FONT.len() as u8]);
            append(out, FONT)
        })
    })
}

/// Appends a `WVTTSampleEntry`.
fn webvtt(out: &mut Bytes, header: &WebVttHeader) -> Result<()> {
    boxed(out, b"wvtt", |out| {
        out.extend(SAMPLE_ENTRY);
        boxed(out, b"vttC", |out| append(out, header.text.as_bytes()))
    })
}

/// Appends QuickTime's text sample description.
pub(crate) fn quicktime(out: &mut Bytes, area: TextArea) -> Result<()> {
    boxed(out, b"text", |out| {
        out.extend(SAMPLE_ENTRY);
        // No display flags; centered; black background.
        out.extend([0; 4]);
        out.extend(1u32.to_be_bytes());
        out.extend([0; 6]);
        out.extend([0, 0, area.height, area.width].into_iter().flat_map(u16::to_be_bytes));
        // Reserved; default font and face; reserved; white; no font name.
        out.extend([0; 8]);
        out.extend([0; 7]);
        out.extend([0xFF; 6]);
        out.push(0);
        Ok(())
    })
}

/// Appends the media header of text: a `NullMediaHeaderBox` (ISO/IEC 14496-12 §12.6.2), or
/// QuickTime's base media header.
///
/// # Errors
/// None in practice.
pub(crate) fn media_header(out: &mut Bytes, is_quicktime_text: bool) -> Result<()> {
    if !is_quicktime_text {
        return append_full(out, b"nmhd", &[]);
    }
    boxed(out, b"gmhd", |out| {
        full_box(out, b"gmin", (0, 0), |out| {
            // Graphics mode "dither copy", an unused gray, and no balance.
            append(out, &[0, 0x40, 0x80, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0])
        })?;
        boxed(out, b"text", |out| {
            // The fixed size cannot exceed the limit.
            let _ = Matrix::default().encode(out);
            Ok(())
        })
    })
}
