//! State of an encoder.

use reelwright_core::{Error, Sink};

use crate::blocking::Gate;
use crate::endpoint::Endpoint;
use crate::packet_sink::Packets;
use crate::tee::Member;

/// Stages of an encoder's life cycle.
pub(super) enum State<'w> {
    /// Streams can be added.
    New(Destinations<'w>),
    Open(Open<'w>),
    /// An error prevents further writing. The sink is kept until `close`.
    Failed(Option<Box<dyn Sink + 'w>>, Error),
    /// The output could not be opened.
    Unopened(Error),
    Closed,
}

/// Destinations of the streams.
pub(super) enum Destinations<'w> {
    One(Box<Endpoint<'w>>),
    Tee(Vec<Member>),
    /// The caller receives the packets.
    Packets(Packets),
}

/// The open sink.
pub(super) struct Open<'w> {
    pub(super) sink: Box<dyn Sink + 'w>,
    pub(super) gate: Gate,
    /// True if `close` was called and was interrupted.
    pub(super) is_ending: bool,
}
