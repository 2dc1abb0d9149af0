//! Test assets.

use std::path::{Path, PathBuf};

/// Returns the path of a test asset.
pub(super) fn asset(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/assets").join(name)
}
