//! Packets that come back instead of going into a container.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reelwright_core::{Error, Metadata, MuxerInfo, Packet, Result, Sink, StreamParameters};

/// What stands for the container of packets that come back.
pub(crate) static PACKETS: MuxerInfo =
    MuxerInfo::new("packets", "packets without a container", &|_| {
        Err(Error::state("Packets have no container."))
    })
    .max_streams(usize::MAX)
    .variable_frame_rate(true)
    .audio_gaps(true)
    .sample_aspect_ratio(true);

/// The packets of an encoder that [`StreamingMediaEncoder::to_packets`](crate::StreamingMediaEncoder::to_packets)
/// made, in the order of their dts. Copies share them.
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

    /// Takes the first packet; none where the encoder is still to bring the next one.
    pub fn pop(&self) -> Option<Packet> {
        self.inner().ready.pop_front()
    }

    /// Number of packets that wait.
    pub fn len(&self) -> usize {
        self.inner().ready.len()
    }

    /// Returns whether no packet waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Parameters of the streams, with their configuration records: from `open` on, and final after
    /// `finish`. Empty before.
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

/// The end at which packets come in.
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
