//! The state of an encoder.

use reelwright_core::{Error, Sink};

use crate::endpoint::Endpoint;
use crate::packet_sink::Packets;
use crate::patient::Gate;
use crate::tee::Member;

/// Stages of an encoder's life.
pub(super) enum State<'w> {
    /// Streams can be added.
    New(Destinations<'w>),
    Open(Open<'w>),
    /// After the first error in the middle of the work; the sink is kept until `close`.
    Failed(Option<Box<dyn Sink + 'w>>, Error),
    /// After the error of opening the output.
    Unopened(Error),
    Closed,
}

/// Where the streams are to go.
pub(super) enum Destinations<'w> {
    One(Box<Endpoint<'w>>),
    Tee(Vec<Member>),
    /// Back to the caller.
    Packets(Packets),
}

/// The open sink.
pub(super) struct Open<'w> {
    pub(super) sink: Box<dyn Sink + 'w>,
    pub(super) gate: Gate,
    /// Whether `close` was called, and is to be called again.
    pub(super) is_ending: bool,
}
