//! Results of video decoders.

use crate::frame::Frame;

/// A decoded frame.
pub(crate) struct Decoded {
    pub(crate) frame: Frame,
    /// Presentation order.
    pub(crate) order: (u64, i64),
    /// True if all frames before it are shown before it.
    pub(crate) resets_order: bool,
}

/// A reason why a packet could not be decoded.
#[derive(Debug)]
pub(crate) struct Damage(pub(crate) String);
