//! Opening the output.

use reelwright_core::{
    BoolOrSeconds, Error, OpenContext, OptionInfo, Options, Result, Sink, StreamParameters,
};

use super::StreamingMediaEncoder;
use super::checks::{failed_before, unopened};
use super::state::{Destinations, Open, State};
use crate::blocking::Gate;
use crate::endpoint::{FLUSH_PACKETS, Prepared, RW_TIMEOUT};
use crate::packet_sink::PacketSink;
use crate::tee::{MEMBER_OPTIONS, Member, TeeSink};

/// Default for the maximum gap that is filled, in seconds.
const DEFAULT_MAX_GAP: f64 = 60.0 * 60.0;

const FILL_GAPS: OptionInfo = OptionInfo::bool_or_seconds(
    "fill_gaps",
    true,
    1e9,
    "fills gaps before a pts: with silence, or by repeating a frame if the format cannot store its \
     duration; longer gaps than this number of seconds (true: one hour) are rejected; with false, \
     audio has gaps in MP4 and QuickTime, and gaps are dropped in other formats",
);
/// Options of [`StreamingMediaEncoder::open_with`] that all formats share.
pub static OPEN_OPTIONS: &[OptionInfo] = &[FILL_GAPS, FLUSH_PACKETS, RW_TIMEOUT];

impl<W> StreamingMediaEncoder<'_, W> {
    /// Opens the output and writes the header. Truncates an existing file.
    ///
    /// # Errors
    /// See [`open_with`](Self::open_with).
    pub fn open(&mut self) -> Result<()> {
        self.open_with(Options::new())
    }

    /// Opens the output with options of the format
    /// ([`MuxerInfo::options`](crate::MuxerInfo::options)), of the protocol
    /// ([`ProtocolInfo::options`](crate::ProtocolInfo::options)) and [`OPEN_OPTIONS`].
    ///
    /// # Errors
    /// The output is already open or has no stream, an option is unknown or has an invalid value,
    /// the output cannot be opened, or the format does not support the streams.
    pub fn open_with(&mut self, options: Options) -> Result<()> {
        let opened = self.try_open(options);
        if let (Err(error), State::New(_)) = (&opened, &self.state) {
            self.open_error = Some(error.report().to_string());
        }
        opened
    }

    fn try_open(&mut self, mut options: Options) -> Result<()> {
        match &self.state {
            State::New(_) => {}
            State::Open(_) => return Err(Error::state("Output is already opened.")),
            State::Failed(_, error) => return Err(failed_before(error)),
            State::Unopened(error) => return Err(unopened(error)),
            State::Closed => return Err(Error::state("Output is already closed.")),
        }
        if self.streams.is_empty() {
            return Err(Error::state(format!(
                "{} has no stream. Add one before `open`.",
                self.name
            )));
        }
        let max_gap = match options.take_bool_or_seconds(&FILL_GAPS)? {
            BoolOrSeconds::Bool(fills) => fills.then_some(DEFAULT_MAX_GAP),
            BoolOrSeconds::Seconds(seconds) => Some(seconds),
        };
        for (stream, supports_gaps) in self.streams.iter_mut().zip(&self.supports_gaps) {
            stream.set_gaps(max_gap, *supports_gaps);
        }
        let gate = Gate::new(OpenContext::new(self.interrupt.clone()));
        let State::New(destinations) = &self.state else { return Ok(()) };
        let prepared = self.prepare(destinations, options, &gate)?;
        let State::New(destinations) = std::mem::replace(&mut self.state, State::Closed) else {
            unreachable!("the state was just checked")
        };
        let copy = destinations.try_clone();
        let parameters = self.parameters();
        let mut sink = match destinations.open(prepared, &parameters) {
            Ok(sink) => sink,
            Err(error) => {
                self.state = match copy.filter(|_| error.can_continue()) {
                    Some(destinations) => State::New(destinations),
                    None => State::Unopened(error.clone()),
                };
                return Err(error);
            }
        };
        let started = sink.start(&parameters, &self.metadata);
        if let Err(error) = &started
            && !error.can_continue()
        {
            self.state = State::Failed(Some(sink), error.clone());
            return started;
        }
        for (index, stream) in self.streams.iter_mut().enumerate() {
            stream.set_limits(sink.time_limits(index));
        }
        self.state = State::Open(Open { sink, gate, is_ending: false });
        self.or_fail(started)
    }

    /// Parses all options, and waits for the reader of a named pipe. Does not open other outputs.
    fn prepare(
        &self,
        destinations: &Destinations<'_>,
        options: Options,
        gate: &Gate,
    ) -> Result<Vec<Prepared>> {
        let registry = &self.registry;
        match destinations {
            Destinations::One(endpoint) => {
                let mut prepared = endpoint.prepare(registry, options, &[FILL_GAPS], gate)?;
                endpoint.await_reader(&mut prepared)?;
                Ok(vec![prepared])
            }
            Destinations::Tee(members) => {
                let known = |name: &str| [FLUSH_PACKETS, RW_TIMEOUT].iter().any(|o| o.name == name);
                let mut prepared = Vec::new();
                for member in members {
                    // Common options apply unless the output has its own.
                    let mut own: Options = options.iter().filter(|(name, _)| known(name)).collect();
                    member.options.iter().for_each(|(name, value)| own.set(name, value));
                    let made = member.endpoint.prepare(registry, own, MEMBER_OPTIONS, gate);
                    prepared.push(made.map_err(|error| error.in_output(member.name()))?);
                }
                let rest: Options = options.iter().filter(|(name, _)| !known(name)).collect();
                rest.finish(OPEN_OPTIONS)?;
                for (member, prepared) in members.iter().zip(&mut prepared) {
                    member.endpoint.await_reader(prepared)?;
                }
                Ok(prepared)
            }
            Destinations::Packets(_) => {
                let mut options = options;
                // Packets need neither a flush nor a timeout.
                options.take_int(&FLUSH_PACKETS)?;
                options.take_int(&RW_TIMEOUT)?;
                options.finish(OPEN_OPTIONS).map(|()| Vec::new())
            }
        }
    }
}

impl<'w> Destinations<'w> {
    /// Copies the destinations if all can be opened again after an interrupt.
    fn try_clone(&self) -> Option<Self> {
        match self {
            Self::One(endpoint) => Some(Self::One(Box::new(endpoint.try_clone()?))),
            Self::Tee(members) => {
                members.iter().map(Member::try_clone).collect::<Option<_>>().map(Self::Tee)
            }
            Self::Packets(packets) => Some(Self::Packets(packets.clone())),
        }
    }

    fn open(
        self,
        mut prepared: Vec<Prepared>,
        streams: &[StreamParameters],
    ) -> Result<Box<dyn Sink + 'w>> {
        match self {
            Self::One(endpoint) => Ok(Box::new(endpoint.open(prepared.remove(0))?)),
            Self::Tee(members) => Ok(Box::new(TeeSink::open(members, prepared, streams)?)),
            Self::Packets(packets) => Ok(Box::new(PacketSink(packets))),
        }
    }
}
