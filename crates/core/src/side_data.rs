//! Side data of video frames.

use std::sync::Arc;

/// Additional data of one video frame.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SideData {
    /// Requests encoding as a keyframe, at which decoding can start.
    pub keyframe: bool,
    /// Order of the fields of an interlaced frame; `None` if progressive.
    pub field_order: Option<FieldOrder>,
    /// HDR metadata, shared by the frames to which it applies.
    pub hdr: Option<Arc<HdrMetadata>>,
}

/// Display order of the fields of an interlaced frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldOrder {
    /// The field of rows 0, 2, 4… is first.
    TopFirst,
    /// The field of rows 1, 3, 5… is first.
    BottomFirst,
}

/// HDR metadata.
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
    /// Minimum luminance in cd/m².
    pub min_luminance: f64,
    /// Maximum luminance in cd/m².
    pub max_luminance: f64,
}

/// Light level of content in cd/m² (CTA-861.3 annex P).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentLight {
    /// Maximum light level of a pixel (MaxCLL).
    pub max_content: u16,
    /// Maximum average light level of a frame (MaxFALL).
    pub max_frame_average: u16,
}
