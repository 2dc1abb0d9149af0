//! Interleaving of the packets of several streams.

use std::cmp::Ordering;

use reelwright_core::{TimeBase, Timestamp};

use crate::stream::Stream;

/// Maximum lead of a stream over others within one chunk, in seconds in addition to encoder delays,
/// and maximum number of bytes of waiting packets. Beyond these limits, packets no longer wait, so
/// that memory is bounded.
const MAX_WAIT: f64 = 10.0;
const MAX_BYTES: usize = 256 << 20;

/// Minimum lead of other streams, from earlier calls, over a paused stream, in seconds. Packets do
/// not wait for a paused stream, so that recorded data reaches the disk.
const PAUSE: f64 = 0.4;

/// Streams that receive no data while others continue.
///
/// The state depends on the data of earlier calls, so that chunks of any length are interleaved,
/// and never on the clock or on threads.
#[derive(Debug, Default)]
pub(crate) struct PausedStreams(Vec<bool>);

impl PausedStreams {
    /// Updates the state for a new chunk of stream `index`.
    pub(crate) fn note_chunk(&mut self, streams: &[Stream], index: usize) {
        if streams.len() < 2 {
            return;
        }
        self.0.resize(streams.len(), false);
        self.0[index] = false;
        let end = streams[index].end();
        for (other, stream) in streams.iter().enumerate().filter(|(other, _)| *other != index) {
            self.0[other] |= end - stream.end() > PAUSE;
        }
    }

    /// Returns whether a stream is paused.
    pub(crate) fn contains(&self, index: usize) -> bool {
        self.0.get(index) == Some(&true)
    }
}

/// Returns the stream with the next packet: the packet with the earliest dts. Returns `None` if
/// another stream may still produce an earlier packet, unless all streams have ended
/// (`is_complete`). Packets do not wait for subtitles, but subtitles wait for other streams.
pub(crate) fn next(
    streams: &mut [Stream],
    paused: &PausedStreams,
    is_complete: bool,
) -> Option<usize> {
    let bytes = bytes(streams);
    let streams = &*streams;
    let waiting = || {
        streams.iter().enumerate().filter_map(|(index, stream)| {
            let time_base = stream.parameters().time_base;
            Some((index, stream.packets().front()?.dts, time_base, stream))
        })
    };
    let (index, ..) = waiting().min_by(|a, b| compare((a.1, a.2), (b.1, b.2)))?;
    // Counts the submitted media, not the packets that an encoder returned.
    let is_late = || {
        let held = streams.iter().map(Stream::max_delay).fold(0.0, f64::max);
        waiting().any(|(_, first, time_base, stream)| {
            !stream.is_sparse() && stream.end() - time_base.to_seconds(first) > MAX_WAIT + held
        })
    };
    let all_are_here = streams.iter().enumerate().all(|(index, stream)| {
        stream.packets().front().is_some() || paused.contains(index) || stream.is_sparse()
    });
    (is_complete || all_are_here || bytes > MAX_BYTES || is_late()).then_some(index)
}

/// Returns the number of bytes of waiting packets.
fn bytes(streams: &mut [Stream]) -> usize {
    streams.iter_mut().map(|stream| stream.packets_mut().bytes()).sum()
}

/// Compares two timestamps without rounding.
fn compare((a, in_a): (Timestamp, TimeBase), (b, in_b): (Timestamp, TimeBase)) -> Ordering {
    let (a_unit, b_unit) = (in_a.seconds(), in_b.seconds());
    let scaled =
        |at: Timestamp, num: i64, den: i64| i128::from(at.0) * i128::from(num) * i128::from(den);
    scaled(a, a_unit.num(), b_unit.den()).cmp(&scaled(b, b_unit.num(), a_unit.den()))
}
