//! Coded data on its way from an encoder to a muxer.

use std::collections::VecDeque;

use crate::Timestamp;

/// One coded frame. Times are in the stream's time base.
#[derive(Debug, Clone, Default)]
pub struct Packet {
    /// Index of the stream.
    pub stream: usize,
    /// The coded bytes.
    pub data: Vec<u8>,
    /// When it is heard or shown. Negative where the whole packet, or its beginning, is encoder
    /// delay: the first sample that was in the input is heard at 0.
    pub pts: Timestamp,
    /// When it must be decoded; never after `pts`, strictly increasing within a stream.
    pub dts: Timestamp,
    /// Duration; 0 if unknown: video lasts until the next packet, and the last one as long as the one
    /// before it.
    pub duration: i64,
    /// Whether decoding can start here.
    pub keyframe: bool,
    /// Samples at the start of the decoded packet that were never in the input (encoder delay). A
    /// delay longer than a packet is spread over the first ones.
    pub trim_start: u32,
    /// Samples at the end of the decoded packet that were never in the input (padding).
    pub trim_end: u32,
}

/// Packets in order, with their buffers used again.
///
/// Encoders [`push`](Self::push) and fill; whoever takes a packet with [`pop`](Self::pop) gives it
/// back with [`recycle`](Self::recycle), so that in steady state nothing is allocated.
#[derive(Debug, Default)]
pub struct PacketQueue {
    ready: VecDeque<Packet>,
    spare: Vec<Packet>,
    /// How many of those that are ready are in `bytes`.
    weighed: usize,
    bytes: usize,
}

impl PacketQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an empty packet and lends it out to be filled.
    pub fn push(&mut self) -> &mut Packet {
        let mut packet = self.spare.pop().unwrap_or_default();
        packet.data.clear();
        self.push_buffer(packet.data)
    }

    /// An empty buffer to fill before its packet is pushed, with the memory of a recycled one.
    pub fn take_buffer(&mut self) -> Vec<u8> {
        let mut packet = self.spare.pop().unwrap_or_default();
        packet.data.clear();
        packet.data
    }

    /// Appends a packet with a buffer that was taken and filled before.
    pub fn push_buffer(&mut self, data: Vec<u8>) -> &mut Packet {
        self.ready.push_back(Packet { data, ..Packet::default() });
        self.ready.back_mut().expect("one was just pushed")
    }

    /// The first packet.
    pub fn front(&self) -> Option<&Packet> {
        self.ready.front()
    }

    /// The last packet.
    pub fn back(&self) -> Option<&Packet> {
        self.ready.back()
    }

    /// Takes the first packet out.
    pub fn pop(&mut self) -> Option<Packet> {
        let packet = self.ready.pop_front()?;
        if let Some(others) = self.weighed.checked_sub(1) {
            self.weighed = others;
            self.bytes -= packet.data.len();
        }
        Some(packet)
    }

    /// The bytes of the packets that wait, which are not to change after that.
    pub fn bytes(&mut self) -> usize {
        let added = self.ready.range(self.weighed..).map(|packet| packet.data.len());
        self.bytes += added.sum::<usize>();
        self.weighed = self.ready.len();
        self.bytes
    }

    /// Takes back a packet whose bytes nobody needs any more.
    pub fn recycle(&mut self, packet: Packet) {
        self.spare.push(packet);
    }

    /// How many packets wait.
    pub fn len(&self) -> usize {
        self.ready.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// Changes the times of the packets from index `first` on: pts and dts become later by what
    /// `by` says for the pts.
    pub fn delay(&mut self, first: usize, mut by: impl FnMut(Timestamp) -> i64) {
        for packet in self.ready.range_mut(first..) {
            let later = by(packet.pts);
            packet.pts.0 = packet.pts.0.saturating_add(later);
            packet.dts.0 = packet.dts.0.saturating_add(later);
        }
    }

    /// The packets, first to last.
    pub fn iter(&self) -> impl Iterator<Item = &Packet> {
        self.ready.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_empty_with_their_memory() {
        let mut queue = PacketQueue::new();
        let packet = queue.push();
        packet.data.extend_from_slice(&[1; 1000]);
        (packet.stream, packet.duration, packet.keyframe) = (3, 9, true);
        let packet = queue.pop().unwrap();
        let memory = packet.data.as_ptr();
        queue.recycle(packet);
        let again = queue.push();
        assert_eq!(again.data.as_ptr(), memory);
        assert!(again.data.is_empty() && again.stream == 0 && !again.keyframe);
    }

    #[test]
    fn the_bytes_are_of_the_packets_that_wait() {
        let mut queue = PacketQueue::new();
        assert_eq!(queue.bytes(), 0);
        for size in [5, 70, 900] {
            queue.push().data.resize(size, 0);
        }
        // One leaves that was never weighed.
        queue.pop();
        assert_eq!(queue.bytes(), 970);
        queue.push().data.resize(4, 0);
        assert_eq!(queue.bytes(), 974);
        queue.pop();
        assert_eq!((queue.bytes(), queue.len()), (904, 2));
        queue.pop();
        queue.pop();
        assert_eq!((queue.bytes(), queue.pop().is_none()), (0, true));
    }
}
