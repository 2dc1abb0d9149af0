//! The choice of a layout.

use reelwright_core::{Error, Result};

use super::Layout;
use super::faststart::FastStart;
use super::fragmented::Fragmented;
use super::hybrid::Hybrid;
use super::progressive::Progressive;
use crate::options::{LayoutKind, Settings};

/// Returns the layout that was chosen, or else the one that suits the output; and whether it writes
/// the tables of all samples at the end.
///
/// # Errors
/// The output cannot seek, and the layout needs it.
pub(crate) fn open(settings: &Settings, is_seekable: bool) -> Result<(Box<dyn Layout>, bool)> {
    let automatic = if is_seekable { LayoutKind::Hybrid } else { LayoutKind::Fragmented };
    let kind = settings.layout.unwrap_or(automatic);
    if !is_seekable && matches!(kind, LayoutKind::Hybrid | LayoutKind::Progressive) {
        return Err(Error::unsupported(
            "movflags hybrid_fragmented and progressive need an output that can seek. Write a \
             file, or pass faststart, or nothing for fragments.",
        ));
    }
    Ok(match kind {
        LayoutKind::Hybrid => (Box::new(Hybrid::new(settings)), true),
        LayoutKind::Progressive => (Box::new(Progressive::default()), true),
        LayoutKind::FastStart => (Box::new(FastStart::default()), true),
        LayoutKind::Fragmented => (Box::new(Fragmented::new(settings)), false),
    })
}
