//! Sink that returns packets to the caller.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reelwright_core::{Error, Metadata, MuxerInfo, Packet, Result, Sink, StreamParameters};

/// Format of packets without a container.
pub(crate) static PACKETS: MuxerInfo =
    MuxerInfo::new("packets", "packets without a container", &|_| {
        Err(Error::state("Packets have no container."))
    })
    .max_streams(usize::MAX)
    .variable_frame_rate(true)
    .audio_gaps(true)
    .sample_aspect_ratio(true);

/// Packets of an encoder from
/// [`StreamingMediaEncoder::to_packets`](crate::StreamingMediaEncoder::to_packets), in the order of
/// their dts. Clones share the queue.
#[derive(Debug, Clone, Default)]
pub struct Packets(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    ready: VecDeque<Packet>,
    streams: Vec<StreamParameters>,
    bytes: u64,
}

impl Packets {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes and returns the first packet, or `None` if the encoder has not produced it yet.
    pub fn pop(&self) -> Option<Packet> {
        self.inner().ready.pop_front()
    }

    /// Returns the number of queued packets.
    pub fn len(&self) -> usize {
        self.inner().ready.len()
    }

    /// Returns whether the queue is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the parameters of the streams with their configuration records: empty before `open`,
    /// final after `finish`.
    pub fn streams(&self) -> Vec<StreamParameters> {
        self.inner().streams.clone()
    }
}

impl Iterator for Packets {
    type Item = Packet;

    fn next(&mut self) -> Option<Packet> {
        self.pop()
    }
}

/// Sending end of a packet queue.
pub(crate) struct PacketSink(pub(crate) Packets);

impl Sink for PacketSink {
    fn start(&mut self, streams: &[StreamParameters], _: &Metadata) -> Result<()> {
        self.0.inner().streams = streams.to_vec();
        Ok(())
    }

    fn write(&mut self, packet: &mut Packet) -> Result<()> {
        let mut inner = self.0.inner();
        inner.bytes += packet.data.len() as u64;
        inner.ready.push_back(packet.clone());
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self, streams: &[StreamParameters]) -> Result<()> {
        self.0.inner().streams = streams.to_vec();
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }

    fn bytes_written(&mut self) -> u64 {
        self.0.inner().bytes
    }
}
