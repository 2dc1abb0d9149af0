//! Sink that passes packets to several other sinks.

use reelwright_core::{
    Error, Metadata, OutputRequest, Packet, Result, Sink, StreamParameters, TimeLimits,
};

use super::Member;
use crate::endpoint::Prepared;

/// Several sinks of the same packets.
pub(crate) struct TeeSink<'w> {
    members: Vec<OpenMember<'w>>,
    /// True if the failure of a member ended all members.
    is_ended: bool,
}

struct OpenMember<'w> {
    name: String,
    sink: Box<dyn Sink + 'w>,
    /// Indexes of its streams in the tee.
    streams: Vec<usize>,
    is_ignored: bool,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    Closed,
    Failed,
}

impl OpenMember<'_> {
    /// Returns the parameters of its streams.
    fn own(&self, streams: &[StreamParameters]) -> Vec<StreamParameters> {
        self.streams.iter().map(|index| streams[*index].clone()).collect()
    }
}

impl<'w> TeeSink<'w> {
    /// Opens all outputs.
    ///
    /// # Errors
    /// An output that must not fail, or every output, cannot be opened; or an interrupt or a
    /// timeout occurs.
    pub(crate) fn open(
        members: Vec<Member>,
        prepared: Vec<Prepared>,
        streams: &[StreamParameters],
    ) -> Result<Self> {
        let mut opened: Vec<OpenMember<'w>> = Vec::new();
        let mut last = Ok(());
        for (member, prepared) in members.into_iter().zip(prepared) {
            let (name, is_ignored) = (member.name().to_owned(), member.is_ignored);
            let checked = member.check(streams);
            let Member { endpoint, streams, .. } = member;
            match checked.and_then(|()| endpoint.open(prepared)) {
                Ok(sink) => {
                    let (sink, stage) = (Box::new(sink), Stage::Open);
                    opened.push(OpenMember { name, sink, streams, is_ignored, stage });
                }
                Err(error) if error.can_continue() => return Err(error),
                Err(error) => {
                    let error = error.in_output(&name);
                    if !is_ignored {
                        return Err(error);
                    }
                    log::warn!("{}", error.report());
                    last = Err(error);
                }
            }
        }
        if opened.is_empty() {
            last?;
        }
        Ok(Self { members: opened, is_ended: false })
    }

    /// Calls each open member. Others continue after the failure of an ignored member.
    ///
    /// # Errors
    /// A member whose failure is not ignored fails, or the last member fails, or an interrupt or a
    /// timeout occurs. All members are called first.
    fn each(
        &mut self,
        streams: &[StreamParameters],
        mut call: impl FnMut(&mut OpenMember<'w>) -> Result<()>,
    ) -> Result<()> {
        let mut stopped = Ok(());
        for index in 0..self.members.len() {
            let member = &mut self.members[index];
            if member.stage != Stage::Open {
                continue;
            }
            match call(member) {
                Ok(()) => {}
                Err(error) if error.can_continue() => stopped = Err(error),
                Err(error) => self.settle(index, error, streams)?,
            }
        }
        stopped
    }

    /// Ends a member that failed.
    ///
    /// # Errors
    /// The member's error, unless the others continue.
    fn settle(&mut self, index: usize, error: Error, streams: &[StreamParameters]) -> Result<()> {
        let member = &mut self.members[index];
        member.stage = Stage::Failed;
        let own = if streams.is_empty() { Vec::new() } else { member.own(streams) };
        member.sink.fail(&error, &own);
        // The first error is the one to report.
        let _ = member.sink.close();
        let error = error.in_output(&member.name);
        if member.is_ignored && self.members.iter().any(|member| member.stage == Stage::Open) {
            log::warn!("{}", error.report());
            return Ok(());
        }
        self.is_ended = true;
        Err(error)
    }
}

impl Sink for TeeSink<'_> {
    fn start(&mut self, streams: &[StreamParameters], metadata: &Metadata) -> Result<()> {
        self.each(streams, |member| {
            let own = member.own(streams);
            member.sink.start(&own, metadata)
        })
    }

    fn time_limits(&self, stream: usize) -> TimeLimits {
        let of = |member: &OpenMember<'_>| {
            let own = member.streams.iter().position(|index| *index == stream)?;
            Some(member.sink.time_limits(own))
        };
        let open = self.members.iter().filter(|member| member.stage == Stage::Open);
        open.filter_map(of).fold(TimeLimits::NONE, |a, b| TimeLimits {
            max_pts: a.max_pts.min(b.max_pts),
            max_gap: a.max_gap.min(b.max_gap),
        })
    }

    fn write(&mut self, packet: &mut Packet) -> Result<()> {
        let stream = packet.stream;
        let written = self.each(&[], |member| {
            let Some(own) = member.streams.iter().position(|index| *index == stream) else {
                return Ok(());
            };
            packet.stream = own;
            member.sink.write(packet)
        });
        packet.stream = stream;
        written
    }

    fn flush(&mut self) -> Result<()> {
        self.each(&[], |member| member.sink.flush())
    }

    fn finish(&mut self, streams: &[StreamParameters]) -> Result<()> {
        self.each(streams, |member| {
            let own = member.own(streams);
            member.sink.finish(&own)
        })
    }

    fn fail(&mut self, error: &Error, streams: &[StreamParameters]) {
        let is_ended = self.is_ended;
        for member in self.members.iter_mut().filter(|member| member.stage == Stage::Open) {
            let own = member.own(streams);
            if !is_ended {
                member.sink.fail(error, &own);
            } else if let Err(error) = member.sink.finish(&own) {
                // The error that ended all members is the one to report.
                log::warn!("{}", error.in_output(&member.name).report());
            }
        }
    }

    fn close(&mut self) -> Result<()> {
        self.each(&[], |member| {
            member.sink.close()?;
            member.stage = Stage::Closed;
            Ok(())
        })
    }

    fn bytes_written(&mut self) -> u64 {
        self.members.iter_mut().map(|member| member.sink.bytes_written()).sum()
    }

    fn take_request(&mut self) -> Option<OutputRequest> {
        self.members.iter_mut().filter_map(|member| member.sink.take_request()).last()
    }
}
