//! What a protocol is, and how it is described: addresses as outputs.

use std::sync::Arc;

use crate::opener::Opener;
use crate::{Error, ObjectStore, OpenContext, OptionInfo, Options, Output, Result};

/// Opens an address; takes its options out of the given ones.
pub type OpenOutput =
    dyn Fn(&str, &mut Options, &OpenContext) -> Result<Box<dyn Output>> + Send + Sync;

/// Opens an address as objects beside one another, whose own name is the address' last part; takes its
/// options out of the given ones.
pub type OpenObjectStore =
    dyn Fn(&str, &mut Options, &OpenContext) -> Result<Box<dyn ObjectStore>> + Send + Sync;

/// A protocol's description and constructor of outputs.
///
/// ```
/// use reelwright_core::{MemoryOutput, ProtocolInfo};
///
/// pub static NOWHERE: ProtocolInfo =
///     ProtocolInfo::new(&["nowhere"], "forgets everything", &|_address, _options, _context| {
///         Ok(Box::new(MemoryOutput::streaming()))
///     });
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ProtocolInfo {
    /// What addresses begin with, before `:`; the first one is the protocol's name.
    pub schemes: &'static [&'static str],
    /// A few words for people.
    pub long_name: &'static str,
    /// Its own options. One that the container has too goes to both.
    pub options: &'static [OptionInfo],
    open: Opener<OpenOutput>,
    open_object_store: Option<Opener<OpenObjectStore>>,
}

impl ProtocolInfo {
    /// A protocol without options; `open` opens an address, of which it is given all.
    ///
    /// # Panics
    /// If there is no scheme.
    pub const fn new(
        schemes: &'static [&'static str],
        long_name: &'static str,
        open: &'static OpenOutput,
    ) -> Self {
        Self::with_opener(schemes, long_name, Opener::Static(open))
    }

    /// As [`new`](Self::new), with a constructor that may hold state.
    ///
    /// # Panics
    /// If there is no scheme.
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
        assert!(!schemes.is_empty(), "a protocol has a scheme");
        Self { schemes, long_name, options: &[], open, open_object_store: None }
    }

    /// Sets [`options`](field@Self::options).
    #[must_use]
    pub const fn options(mut self, options: &'static [OptionInfo]) -> Self {
        self.options = options;
        self
    }

    /// Lets containers that make several objects write to addresses: `open` opens the place that an
    /// address is in.
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

    /// The protocol's name.
    pub const fn name(&self) -> &'static str {
        self.schemes[0]
    }

    /// Opens an address; takes its options out of the given ones.
    ///
    /// # Errors
    /// A value that an option does not take, an output that cannot be opened, or an interrupt.
    pub fn open(
        &self,
        address: &str,
        options: &mut Options,
        context: &OpenContext,
    ) -> Result<Box<dyn Output>> {
        (self.open)(address, options, context)
    }

    /// Opens the place that an address is in, for a container that makes several objects there.
    ///
    /// # Errors
    /// As [`open`](Self::open), or the protocol makes single outputs.
    pub fn open_object_store(
        &self,
        address: &str,
        options: &mut Options,
        context: &OpenContext,
    ) -> Result<Box<dyn ObjectStore>> {
        match &self.open_object_store {
            Some(open) => open(address, options, context),
            None => Err(Error::unsupported(format!(
                "Failed to open dst: {address}. The protocol {} makes single outputs, and the format \
                 several. Pass a path.",
                self.name()
            ))),
        }
    }
}
