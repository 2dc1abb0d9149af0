//! Opening the output.

use reelwright_core::{
    BoolOrSeconds, Error, OpenContext, OptionInfo, Options, Result, Sink, StreamParameters,
};

use super::StreamingMediaEncoder;
use super::checks::{failed_before, unopened};
use super::state::{Destinations, Open, State};
use crate::endpoint::{FLUSH_PACKETS, Prepared, RW_TIMEOUT};
use crate::packet_sink::PacketSink;
use crate::patient::Gate;
use crate::tee::{MEMBER_OPTIONS, Member, TeeSink};

/// The longest gap that is filled unless `fill_gaps` says otherwise, in seconds.
const LONGEST_GAP: f64 = 60.0 * 60.0;

const FILL_GAPS: OptionInfo = OptionInfo::bool_or_seconds(
    "fill_gaps",
    true,
    1e9,
    "fills a gap that pts leaves: with silence, or by repeating a frame where the format cannot \
     show one longer; a gap longer than so many seconds is refused, one hour with true; without, \
     audio pauses in MP4 and its kin, and in other formats the gap is left out",
);
/// The options of [`StreamingMediaEncoder::open_with`] that every format has.
pub static OPEN_OPTIONS: &[OptionInfo] = &[FILL_GAPS, FLUSH_PACKETS, RW_TIMEOUT];

impl<W> StreamingMediaEncoder<'_, W> {
    /// Opens the output and writes the header. A file is emptied.
    ///
    /// # Errors
    /// See [`open_with`](Self::open_with).
    pub fn open(&mut self) -> Result<()> {
        self.open_with(Options::new())
    }

    /// Opens the output with options: those of the format
    /// ([`MuxerInfo::options`](crate::MuxerInfo::options)), those of the protocol
    /// ([`ProtocolInfo::options`](crate::ProtocolInfo::options)) and [`OPEN_OPTIONS`].
    ///
    /// # Errors
    /// The output is open already or has no stream, an option is unknown or its value wrong, the
    /// output cannot be opened, or the format cannot describe the streams.
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
        let longest_gap = match options.take_bool_or_seconds(&FILL_GAPS)? {
            BoolOrSeconds::Bool(fills) => fills.then_some(LONGEST_GAP),
            BoolOrSeconds::Seconds(seconds) => Some(seconds),
        };
        for (stream, pauses) in self.streams.iter_mut().zip(&self.keeps_pauses) {
            stream.set_gaps(longest_gap, *pauses);
        }
        let gate = Gate::new(OpenContext::new(self.interrupt.clone()));
        let State::New(destinations) = &self.state else { return Ok(()) };
        let prepared = self.prepare(destinations, options, &gate)?;
        let State::New(destinations) = std::mem::replace(&mut self.state, State::Closed) else {
            unreachable!("the state was just checked")
        };
        let again = destinations.again();
        let parameters = self.parameters();
        let mut sink = match destinations.open(prepared, &parameters) {
            Ok(sink) => sink,
            Err(error) => {
                self.state = match again.filter(|_| error.can_continue()) {
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

    /// Takes all options, and waits for whoever is to read a named pipe; opens nothing else.
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
                    // What is said of all holds unless the output says otherwise.
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
                // There is nothing to flush or to wait for.
                options.take_int(&FLUSH_PACKETS)?;
                options.take_int(&RW_TIMEOUT)?;
                options.finish(OPEN_OPTIONS).map(|()| Vec::new())
            }
        }
    }
}

impl<'w> Destinations<'w> {
    /// The same, if all can be opened once more after an interrupt.
    fn again(&self) -> Option<Self> {
        match self {
            Self::One(endpoint) => Some(Self::One(Box::new(endpoint.again()?))),
            Self::Tee(members) => {
                members.iter().map(Member::again).collect::<Option<_>>().map(Self::Tee)
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
