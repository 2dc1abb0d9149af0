//! What a muxer writes to: one output, or objects by name.

use crate::{Error, Output, Result};

/// What a muxer writes to: an output or, for containers that
/// [make objects](crate::MuxerInfo::multiple_objects), many objects by name.
pub trait Destination {
    /// The single output.
    fn output(&mut self) -> &mut dyn Output;

    /// The file name of the destination; empty where it has none.
    fn name(&self) -> &str {
        ""
    }

    /// Objects beside one another, among them the one of the destination's own name.
    ///
    /// # Errors
    /// The destination is a single output.
    fn object_store(&mut self) -> Result<&mut dyn ObjectStore> {
        Err(Error::unsupported(
            "This destination is a single output, and the format makes several. Pass a path, or the \
             address of a protocol that has objects.",
        ))
    }
}

/// Objects by name, such as the files of a folder.
pub trait ObjectStore: Send {
    /// Creates an object, or empties the one of this name. What is written to it is seen while it
    /// grows, where the store can show that. `content_type` is its internet media type.
    ///
    /// # Errors
    /// The store's own.
    fn create(&mut self, name: &str, content_type: Option<&str>) -> Result<Box<dyn Output>>;

    /// Creates an object, or replaces the one of this name, by [`Output::close`] and in one step: whoever
    /// reads sees the old one or the new one. Without `close` it is as if nothing had been written.
    ///
    /// # Errors
    /// The store's own.
    fn replace(&mut self, name: &str, content_type: Option<&str>) -> Result<Box<dyn Output>>;

    /// Removes an object.
    ///
    /// # Errors
    /// The store's own, also where there is none of this name.
    fn remove(&mut self, name: &str) -> Result<()>;
}

impl<O: Output> Destination for O {
    fn output(&mut self) -> &mut dyn Output {
        self
    }
}
