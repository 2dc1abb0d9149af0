//! Destinations of muxers: one output, or a set of named objects.

use crate::{Error, Output, Result};

/// Destination of a muxer: an output or, for containers with [multiple
/// objects](crate::MuxerInfo::multiple_objects), a store of named objects.
pub trait Destination {
    /// Returns the single output.
    fn output(&mut self) -> &mut dyn Output;

    /// Returns the file name of the destination, or an empty string.
    fn name(&self) -> &str {
        ""
    }

    /// Returns the store of objects. One of them has the destination's name.
    ///
    /// # Errors
    /// The destination is a single output.
    fn object_store(&mut self) -> Result<&mut dyn ObjectStore> {
        Err(Error::unsupported(
            "This destination is a single output, and the format writes several objects. Pass a \
             path, or the address of a protocol that supports objects.",
        ))
    }
}

/// Store of named objects, such as the files of a folder.
pub trait ObjectStore: Send {
    /// Creates an object, or truncates an existing one. Readers see the data while it is written,
    /// if the store supports that. `content_type` is the internet media type.
    ///
    /// # Errors
    /// The store fails.
    fn create(&mut self, name: &str, content_type: Option<&str>) -> Result<Box<dyn Output>>;

    /// Creates or replaces an object atomically when [`Output::close`] is called: readers see the
    /// old or the new one. Without `close`, nothing changes.
    ///
    /// # Errors
    /// The store fails.
    fn replace(&mut self, name: &str, content_type: Option<&str>) -> Result<Box<dyn Output>>;

    /// Removes an object.
    ///
    /// # Errors
    /// The store fails, including when no object has this name.
    fn remove(&mut self, name: &str) -> Result<()>;
}

impl<O: Output> Destination for O {
    fn output(&mut self) -> &mut dyn Output {
        self
    }
}
