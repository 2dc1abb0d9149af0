//! Packets of encoded data, and their queue.

use std::collections::VecDeque;

use crate::Timestamp;

/// One encoded frame, or several audio frames. Timestamps are in the stream's time base.
#[derive(Debug, Clone, Default)]
pub struct Packet {
    /// Index of the stream.
    pub stream: usize,
    /// Encoded bytes.
    pub data: Vec<u8>,
    /// Presentation timestamp. Negative if the packet starts with priming: the first sample of the
    /// input has pts 0.
    pub pts: Timestamp,
    /// Decoding timestamp. Never after `pts`; strictly increases within a stream.
    pub dts: Timestamp,
    /// Duration, or 0 if unknown. Video with unknown duration lasts until the next packet, and the
    /// last frame as long as the one before it.
    pub duration: i64,
    /// True if decoding can start at this packet.
    pub keyframe: bool,
    /// Priming samples at the start of the decoded packet, which are not in the input. Priming
    /// longer than a packet extends over the first packets.
    pub trim_start: u32,
    /// Padding samples at the end of the decoded packet, which are not in the input.
    pub trim_end: u32,
}

/// Queue of packets that reuses their buffers.
///
/// Encoders fill the packets that [`push`](Self::push) returns. Consumers remove packets with
/// [`pop`](Self::pop) and return them with [`recycle`](Self::recycle), so that there are no
/// allocations in steady state.
#[derive(Debug, Default)]
pub struct PacketQueue {
    ready: VecDeque<Packet>,
    spare: Vec<Packet>,
    /// Number of ready packets whose size is included in `bytes`.
    counted: usize,
    bytes: usize,
}

impl PacketQueue {
    /// Creates an empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an empty packet and returns it for filling.
    pub fn push(&mut self) -> &mut Packet {
        let mut packet = self.spare.pop().unwrap_or_default();
        packet.data.clear();
        self.push_buffer(packet.data)
    }

    /// Returns an empty buffer for a packet that is pushed later, with the memory of a recycled
    /// packet.
    pub fn take_buffer(&mut self) -> Vec<u8> {
        let mut packet = self.spare.pop().unwrap_or_default();
        packet.data.clear();
        packet.data
    }

    /// Appends a packet with a buffer from [`take_buffer`](Self::take_buffer).
    pub fn push_buffer(&mut self, data: Vec<u8>) -> &mut Packet {
        self.ready.push_back(Packet { data, ..Packet::default() });
        self.ready.back_mut().expect("one was just pushed")
    }

    /// Returns the first packet.
    pub fn front(&self) -> Option<&Packet> {
        self.ready.front()
    }

    /// Returns the last packet.
    pub fn back(&self) -> Option<&Packet> {
        self.ready.back()
    }

    /// Removes and returns the first packet.
    pub fn pop(&mut self) -> Option<Packet> {
        let packet = self.ready.pop_front()?;
        if let Some(others) = self.counted.checked_sub(1) {
            self.counted = others;
            self.bytes -= packet.data.len();
        }
        Some(packet)
    }

    /// Returns the total size in bytes of the queued packets. They must not change afterwards.
    pub fn bytes(&mut self) -> usize {
        let added = self.ready.range(self.counted..).map(|packet| packet.data.len());
        self.bytes += added.sum::<usize>();
        self.counted = self.ready.len();
        self.bytes
    }

    /// Returns a packet's memory to the queue.
    pub fn recycle(&mut self, packet: Packet) {
        self.spare.push(packet);
    }

    /// Returns the number of queued packets.
    pub fn len(&self) -> usize {
        self.ready.len()
    }

    /// Returns whether the queue is empty.
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// Delays the packets from index `first` on. `by` returns the delay of pts and dts for a pts.
    pub fn delay(&mut self, first: usize, mut by: impl FnMut(Timestamp) -> i64) {
        for packet in self.ready.range_mut(first..) {
            let later = by(packet.pts);
            packet.pts.0 = packet.pts.0.saturating_add(later);
            packet.dts.0 = packet.dts.0.saturating_add(later);
        }
    }

    /// Returns an iterator over the packets, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Packet> {
        self.ready.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recycled_buffers_are_empty_and_keep_their_memory() {
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
    fn bytes_counts_only_queued_packets() {
        let mut queue = PacketQueue::new();
        assert_eq!(queue.bytes(), 0);
        for size in [5, 70, 900] {
            queue.push().data.resize(size, 0);
        }
        // Removes a packet that was not counted.
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
