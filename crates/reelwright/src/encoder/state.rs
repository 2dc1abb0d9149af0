//! The state of an encoder.

use reelwright_core::{Error, Muxer};

use crate::output::Opened;
use crate::patient::Gate;
use crate::target::Target;

/// Stages of an encoder's life.
pub(super) enum State<'w> {
    /// Streams can be added.
    New(Target<'w>),
    Open(Box<Open<'w>>),
    /// After the first error in the middle of the work; the output is kept until `close`.
    Failed(Option<Opened<'w>>, Error),
    /// After the error of opening the output.
    Unopened(Error),
    Closed,
}

/// The open output and its muxer.
pub(super) struct Open<'w> {
    pub(super) muxer: Box<dyn Muxer>,
    pub(super) output: Opened<'w>,
    pub(super) gate: Gate,
    /// True if every packet is handed on at once.
    pub(super) flushes_packets: bool,
    /// End of the media and of the bytes that were handed on, if this goes by time.
    pub(super) handed_on: Option<(f64, u64)>,
    /// Progress of `close`.
    pub(super) ending: Ending,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    NotBegun,
    Begun,
    MuxerFinished,
}
