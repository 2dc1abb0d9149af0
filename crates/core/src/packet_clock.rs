//! The times and trims of an audio encoder's packets.

use crate::{Packet, Timestamp};

/// Gives the packets of an audio encoder their times and trims, so that the first sample that came
/// in is heard at 0 and nothing is heard that did not come in.
///
/// Everything is in the stream's time base, one unit a sample.
#[derive(Debug, Clone)]
pub struct PacketClock {
    next: i64,
    received: i64,
}

impl PacketClock {
    /// The clock of a codec whose decoder brings `delay` samples before the first real one.
    pub const fn new(delay: u32) -> Self {
        Self { next: -(delay as i64), received: 0 }
    }

    /// Counts `samples` that came in.
    pub const fn receive(&mut self, samples: usize) {
        self.received += samples as i64;
    }

    /// How many samples came in.
    pub const fn received(&self) -> i64 {
        self.received
    }

    /// How many of the samples that came in are not yet in a packet.
    pub const fn pending(&self) -> i64 {
        self.received - self.next
    }

    /// Sets the times and trims of the next packet, from which `duration` samples are decoded.
    /// What it holds beyond the samples that came in so far is padding: with the last packet they
    /// must all have come in, and before it enough of them.
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
    fn delay_is_spread_and_padding_is_told() {
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
    fn heard_is_what_came_in() {
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
