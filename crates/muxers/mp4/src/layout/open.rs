//! Selection of a layout.

use reelwright_core::{Error, Result};

use super::Layout;
use super::faststart::FastStart;
use super::fragmented::Fragmented;
use super::hybrid::Hybrid;
use super::progressive::Progressive;
use crate::options::{LayoutKind, Settings};

/// Returns the selected layout, or the default for the output. Also returns whether the layout
/// writes the tables of all samples at the end.
///
/// # Errors
/// Fails if the layout requires a seekable output and this one is not.
pub(crate) fn open(settings: &Settings, is_seekable: bool) -> Result<(Box<dyn Layout>, bool)> {
    let automatic = if is_seekable { LayoutKind::Hybrid } else { LayoutKind::Fragmented };
    let kind = settings.layout.unwrap_or(automatic);
    if !is_seekable && matches!(kind, LayoutKind::Hybrid | LayoutKind::Progressive) {
        return Err(Error::unsupported(
            "movflags hybrid_fragmented and progressive require an output that can seek. Write a \
             file, pass faststart, or omit them for fragments.",
        ));
    }
    Ok(match kind {
        LayoutKind::Hybrid => (Box::new(Hybrid::new(settings)), true),
        LayoutKind::Progressive => (Box::new(Progressive::default()), true),
        LayoutKind::FastStart => (Box::new(FastStart::default()), true),
        LayoutKind::Fragmented => (Box::new(Fragmented::new(settings)), false),
    })
}
