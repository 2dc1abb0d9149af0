//! Opening the output.

use reelwright_core::{
    BoolOrSeconds, Destination, Error, ErrorKind, OpenContext, OptionInfo, Options, Result,
};

use super::StreamingMediaEncoder;
use super::checks::{failed_before, unopened};
use super::state::{Ending, Open, State};
use crate::output::Opened;
use crate::patient::Gate;

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
const FLUSH_PACKETS: OptionInfo = OptionInfo::int(
    "flush_packets",
    (-1, 1),
    Some(-1),
    "1 hands every packet to the output at once; otherwise the output's buffer fills first",
);

/// The options of [`StreamingMediaEncoder::open_with`] that every format has.
pub static OPEN_OPTIONS: &[OptionInfo] = &[FILL_GAPS, FLUSH_PACKETS];

impl<W> StreamingMediaEncoder<'_, W> {
    /// Opens the output and writes the header. A file is emptied.
    ///
    /// # Errors
    /// See [`open_with`](Self::open_with).
    pub fn open(&mut self) -> Result<()> {
        self.open_with(Options::new())
    }

    /// Opens the output with options: those of the format
    /// ([`MuxerInfo::options`](crate::MuxerInfo::options)) and [`OPEN_OPTIONS`].
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
        for stream in &mut self.streams {
            stream.set_gaps(longest_gap, self.format.pauses);
        }
        let flushes_packets = options.take_int(&FLUSH_PACKETS)? == Some(1);
        let protocol = match &self.state {
            State::New(target) => target.protocol(&self.registry).cloned(),
            _ => None,
        };
        let protocol_options = protocol.as_ref().map_or(&[][..], |protocol| protocol.options);
        let mut output_options = options.split_off(protocol_options, self.format.options);
        let mut muxer = self.format.open(&mut options)?;
        let known = self.format.options.iter().chain(OPEN_OPTIONS).chain(protocol_options);
        options.finish(known)?;

        let gate = Gate::new(self.interrupt.clone());
        let reader = match &self.state {
            State::New(target) => target.await_reader(&gate),
            _ => Ok(None),
        };
        if let Err(error) = &reader
            && error.kind() == ErrorKind::Interrupted
        {
            return reader.map(drop);
        }
        let State::New(target) = std::mem::replace(&mut self.state, State::Closed) else {
            unreachable!("the state was just checked")
        };
        let siblings = !self.format.pictures.is_empty() && target.path().is_some();
        let opened = reader.and_then(|reader| match &protocol {
            Some(protocol) => {
                let context = OpenContext::new(self.interrupt.clone());
                let output = protocol.open(&self.name, &mut output_options, &context)?;
                output_options.finish(protocol_options)?;
                Ok(Opened::new(output, None, gate.clone()))
            }
            None => target.open(siblings, reader, &gate),
        });
        let mut output = match opened {
            Ok(output) => output,
            Err(error) => {
                self.state = State::Unopened(error.clone());
                return Err(error);
            }
        };
        let parameters = self.parameters();
        match muxer.start(&parameters, &self.metadata, &mut output) {
            Ok(()) => {
                for (stream, parameters) in self.streams.iter_mut().zip(&parameters) {
                    stream.set_limits(muxer.time_limits(parameters));
                }
                let ending = Ending::NotBegun;
                let handed_on = output.has_path().then_some((0.0, 0));
                output.output().mark_whole();
                let open = Open { muxer, output, gate, flushes_packets, handed_on, ending };
                self.state = State::Open(Box::new(open));
                // The header may wait in the output's buffer.
                self.take_stop()
            }
            Err(error) => {
                self.state = State::Failed(Some(output), error.clone());
                Err(error)
            }
        }
    }
}
