//! Side data of video frames: what belongs to a frame beside its pixels and times.

use std::sync::Arc;

/// Data of one video frame beside its pixels and times.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SideData {
    /// Encode the frame as a keyframe, at which decoding can start.
    pub keyframe: bool,
    /// Order of the fields of an interlaced frame; `None` is progressive.
    pub field_order: Option<FieldOrder>,
    /// Metadata of high dynamic range, shared by the frames that it is the same for.
    pub hdr: Option<Arc<HdrMetadata>>,
}

/// Order in which the fields of an interlaced frame are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldOrder {
    /// The field of rows 0, 2, 4… first.
    TopFirst,
    /// The field of rows 1, 3, 5… first.
    BottomFirst,
}

/// Metadata of high dynamic range.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HdrMetadata {
    /// Color volume of the display that the video was mastered on (SMPTE ST 2086).
    pub mastering_display: Option<MasteringDisplay>,
    /// Light level of the content (CTA-861.3).
    pub content_light: Option<ContentLight>,
}

/// Color volume of a display (SMPTE ST 2086).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MasteringDisplay {
    /// CIE 1931 (x, y) of red, green and blue.
    pub primaries: [(f64, f64); 3],
    /// CIE 1931 (x, y) of white.
    pub white_point: (f64, f64),
    /// Least luminance in cd/m².
    pub min_luminance: f64,
    /// Greatest luminance in cd/m².
    pub max_luminance: f64,
}

/// Light level of content in cd/m² (CTA-861.3 annex P).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentLight {
    /// Greatest light level of a pixel (MaxCLL).
    pub max_content: u16,
    /// Greatest average light level of a frame (MaxFALL).
    pub max_frame_average: u16,
}
