//! Target with its container, which opens a sink.

use std::fs::File;
use std::time::Duration;

use reelwright_core::{
    Error, Muxer, MuxerInfo, OptionInfo, Options, ProtocolInfo, Result, helpers::list,
};

use crate::blocking::Gate;
use crate::muxer_sink::MuxerSink;
use crate::registry::Registry;
use crate::target::Target;

pub(crate) const FLUSH_PACKETS: OptionInfo = OptionInfo::int(
    "flush_packets",
    (-1, 1),
    Some(-1),
    "1 passes every packet to the output immediately; 0 and -1 pass data when a buffer is full",
);
pub(crate) const RW_TIMEOUT: OptionInfo = OptionInfo::int(
    "rw_timeout",
    (0, i64::MAX),
    Some(0),
    "maximum time that a call waits for an output that accepts no data, in microseconds; then the \
     call fails, and a later call continues; 0 waits until an interrupt",
);

/// Target with its container.
pub(crate) struct Endpoint<'w> {
    pub(crate) target: Target<'w>,
    pub(crate) format: MuxerInfo,
}

/// Parsed options and muxer of an endpoint, before anything is opened.
pub(crate) struct Prepared {
    muxer: Box<dyn Muxer>,
    protocol: Option<ProtocolInfo>,
    protocol_options: Options,
    flushes_packets: bool,
    gate: Gate,
    /// Writing end of a named pipe that has a reader.
    reader: Result<Option<File>>,
}

impl<'w> Endpoint<'w> {
    /// Chooses the container of a target, by name or by the target's extension.
    ///
    /// # Errors
    /// The format, extension or protocol is unknown, or a writer has no format.
    pub(crate) fn new(
        registry: &Registry,
        target: Target<'w>,
        format: Option<&str>,
    ) -> Result<Self> {
        let target = target.resolve(registry.protocol_list())?;
        let format = match (format, target.extension()) {
            (Some(name), _) => registry.muxer_by_name(name)?,
            (None, _) if target.is_writer() => {
                return Err(Error::argument(format!(
                    "`format` must be provided when the output is a writer. Available formats \
                     are {}.",
                    list(registry.muxers().map(|muxer| muxer.name))
                )));
            }
            (None, extension) => {
                extension.and_then(|e| registry.muxer_by_extension(e)).ok_or_else(|| {
                    Error::unknown_name(format!(
                        "Failed to open output \"{}\": its extension does not imply a format. Pass \
                         `format`, one of {}.",
                        target.name(),
                        list(registry.muxers().map(|muxer| muxer.name))
                    ))
                })?
            }
        };
        Ok(Self { format: format.clone(), target })
    }

    /// Parses all options and creates the muxer, without opening the output. `more` are options
    /// that the caller parses.
    ///
    /// # Errors
    /// An option is unknown or has an invalid value.
    pub(crate) fn prepare(
        &self,
        registry: &Registry,
        mut options: Options,
        more: &[OptionInfo],
        gate: &Gate,
    ) -> Result<Prepared> {
        let flushes_packets = options.take_int(&FLUSH_PACKETS)? == Some(1);
        let timeout = options.take_int(&RW_TIMEOUT)?.filter(|wait| *wait > 0);
        let timeout = timeout.map(|wait| Duration::from_micros(wait.unsigned_abs()));
        let protocol = self.target.protocol(registry.protocol_list()).cloned();
        let known = protocol.as_ref().map_or(&[][..], |protocol| protocol.options);
        let protocol_options = options.split_off(known, self.format.options);
        let muxer = self.format.open(&mut options)?;
        let own = [FLUSH_PACKETS, RW_TIMEOUT];
        options.finish(self.format.options.iter().chain(more).chain(&own).chain(known))?;
        let gate = gate.with_timeout(timeout);
        Ok(Prepared { muxer, protocol, protocol_options, flushes_packets, gate, reader: Ok(None) })
    }

    /// Waits until a named pipe has a reader.
    ///
    /// # Errors
    /// An interrupt or a timeout occurs. [`open`](Self::open) reports other errors.
    pub(crate) fn await_reader(&self, prepared: &mut Prepared) -> Result<()> {
        match self.target.await_reader(&prepared.gate) {
            Err(error) if error.can_continue() => Err(error),
            reader => {
                prepared.reader = reader;
                Ok(())
            }
        }
    }

    /// Copies the endpoint, unless it is a writer.
    pub(crate) fn try_clone(&self) -> Option<Self> {
        Some(Self { target: self.target.try_clone()?, format: self.format.clone() })
    }

    /// Opens the destination. Truncates an existing file.
    ///
    /// # Errors
    /// The destination cannot be opened, or an interrupt or a timeout occurs.
    pub(crate) fn open(self, prepared: Prepared) -> Result<MuxerSink<'w>> {
        let Prepared { muxer, protocol, protocol_options, flushes_packets, gate, reader } =
            prepared;
        let Self { target, format } = self;
        let output = target.open(
            format.multiple_objects,
            protocol.as_ref(),
            protocol_options,
            reader?,
            &gate,
        )?;
        Ok(MuxerSink::new(muxer, output, gate, flushes_packets, format.max_streams == 1))
    }
}
