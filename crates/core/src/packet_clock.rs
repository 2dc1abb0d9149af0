//! Timestamps and trims of an audio encoder's packets.

use crate::{Packet, Timestamp};

/// Computes the timestamps and trims of an audio encoder's packets, so that the first input sample
/// has pts 0, and priming and padding are trimmed.
///
/// All values are in the stream's time base, one unit per sample.
#[derive(Debug, Clone)]
pub struct PacketClock {
    next: i64,
    received: i64,
}

impl PacketClock {
    /// Creates the clock of a codec whose decoder outputs `delay` priming samples first.
    pub const fn new(delay: u32) -> Self {
        Self { next: -(delay as i64), received: 0 }
    }

    /// Adds `samples` input samples.
    pub const fn receive(&mut self, samples: usize) {
        self.received += samples as i64;
    }

    /// Returns the number of input samples.
    pub const fn received(&self) -> i64 {
        self.received
    }

    /// Returns the number of input samples that are not in a packet yet.
    pub const fn pending(&self) -> i64 {
        self.received - self.next
    }

    /// Sets the timestamps and trims of the next packet, which decodes to `duration` samples.
    /// Samples beyond the input received so far are padding. Call it only when the packet is
    /// covered by received input, or for the last packets.
    pub fn set_times(&mut self, packet: &mut Packet, duration: u32) {
        let end = self.next + i64::from(duration);
        packet.pts = Timestamp(self.next);
        packet.dts = packet.pts;
        packet.duration = i64::from(duration);
        packet.keyframe = true;
        let within = |samples: i64| samples.clamp(0, i64::from(duration)) as u32;
        packet.trim_start = within(-self.next);
        packet.trim_end = within(end - self.received).min(duration - packet.trim_start);
        self.next = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_priming_and_sets_padding() {
        let mut clock = PacketClock::new(1105);
        clock.receive(1500);
        let mut packets = Vec::new();
        while clock.pending() > 0 {
            let mut packet = Packet::default();
            clock.set_times(&mut packet, 576);
            packets.push((packet.pts.0, packet.trim_start, packet.trim_end));
        }
        let expected = [(-1105, 576, 0), (-529, 529, 0), (47, 0, 0), (623, 0, 0), (1199, 0, 275)];
        assert_eq!(packets, expected);
    }

    #[test]
    fn untrimmed_samples_are_the_input() {
        for (delay, received, duration) in [(0, 1, 1024), (1024, 1, 1024), (312, 960, 960)] {
            let mut clock = PacketClock::new(delay);
            clock.receive(received);
            let mut heard = 0;
            while clock.pending() > 0 {
                let mut packet = Packet::default();
                clock.set_times(&mut packet, duration);
                heard += duration - packet.trim_start - packet.trim_end;
            }
            assert_eq!(heard as usize, received);
        }
    }
}
