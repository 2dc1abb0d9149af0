//! Description of protocols: outputs that are addressed by URL.

use std::sync::Arc;

use crate::opener::Opener;
use crate::{Error, ObjectStore, OpenContext, OptionInfo, Options, Output, Result};

/// Function that opens an address and removes its options from the given set.
pub type OpenOutput =
    dyn Fn(&str, &mut Options, &OpenContext) -> Result<Box<dyn Output>> + Send + Sync;

/// Function that opens the location of an address as a set of objects, one of which has the last
/// part of the address as its name. It removes its options from the given set.
pub type OpenObjectStore =
    dyn Fn(&str, &mut Options, &OpenContext) -> Result<Box<dyn ObjectStore>> + Send + Sync;

/// Description of a protocol and constructor of its outputs.
///
/// ```
/// use reelwright_core::{MemoryOutput, ProtocolInfo};
///
/// pub static NOWHERE: ProtocolInfo =
///     ProtocolInfo::new(&["nowhere"], "discards all data", &|_address, _options, _context| {
///         Ok(Box::new(MemoryOutput::streaming()))
///     });
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ProtocolInfo {
    /// Beginnings of addresses, before `:`. The first is the protocol's name.
    pub schemes: &'static [&'static str],
    /// Human-readable name.
    pub long_name: &'static str,
    /// Options of the protocol. An option that the container has too is passed to both.
    pub options: &'static [OptionInfo],
    open: Opener<OpenOutput>,
    open_object_store: Option<Opener<OpenObjectStore>>,
}

impl ProtocolInfo {
    /// Describes a protocol without options. `open` receives the complete address.
    ///
    /// # Panics
    /// If `schemes` is empty.
    pub const fn new(
        schemes: &'static [&'static str],
        long_name: &'static str,
        open: &'static OpenOutput,
    ) -> Self {
        Self::with_opener(schemes, long_name, Opener::Static(open))
    }

    /// Describes a protocol as [`new`](Self::new) does, with a constructor that may hold state.
    ///
    /// # Panics
    /// If `schemes` is empty.
    pub fn from_closure(
        schemes: &'static [&'static str],
        long_name: &'static str,
        open: impl Fn(&str, &mut Options, &OpenContext) -> Result<Box<dyn Output>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self::with_opener(schemes, long_name, Opener::Shared(Arc::new(open)))
    }

    const fn with_opener(
        schemes: &'static [&'static str],
        long_name: &'static str,
        open: Opener<OpenOutput>,
    ) -> Self {
        assert!(!schemes.is_empty(), "a protocol must have a scheme");
        Self { schemes, long_name, options: &[], open, open_object_store: None }
    }

    /// Sets [`options`](field@Self::options).
    #[must_use]
    pub const fn options(mut self, options: &'static [OptionInfo]) -> Self {
        self.options = options;
        self
    }

    /// Supports containers that write several objects: `open` opens the location of an address.
    #[must_use]
    pub fn object_store(
        mut self,
        open: impl Fn(&str, &mut Options, &OpenContext) -> Result<Box<dyn ObjectStore>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.open_object_store = Some(Opener::Shared(Arc::new(open)));
        self
    }

    /// Returns the protocol's name.
    pub const fn name(&self) -> &'static str {
        self.schemes[0]
    }

    /// Opens an address and removes its options from the given set.
    ///
    /// # Errors
    /// An option has an invalid value, the output cannot be opened, or an interrupt occurs.
    pub fn open(
        &self,
        address: &str,
        options: &mut Options,
        context: &OpenContext,
    ) -> Result<Box<dyn Output>> {
        (self.open)(address, options, context)
    }

    /// Opens the location of an address, for a container that writes several objects.
    ///
    /// # Errors
    /// The same errors as [`open`](Self::open), or the protocol supports single outputs only.
    pub fn open_object_store(
        &self,
        address: &str,
        options: &mut Options,
        context: &OpenContext,
    ) -> Result<Box<dyn ObjectStore>> {
        match &self.open_object_store {
            Some(open) => open(address, options, context),
            None => Err(Error::unsupported(format!(
                "Failed to open dst: {address}. The protocol {} supports a single output, and the \
                format writes several objects. Pass a path.",
                self.name()
            ))),
        }
    }
}
