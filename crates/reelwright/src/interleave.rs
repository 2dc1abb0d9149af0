//! In which order the packets of several streams go to the muxer.

use std::cmp::Ordering;

use reelwright_core::{TimeBase, Timestamp};

use crate::stream::Stream;

/// How far one chunk may bring a stream ahead of one that brings nothing, in seconds beside what
/// encoders hold, and how many bytes may wait for it in all. After that packets no longer wait, so that
/// memory is bounded.
const MAX_WAIT: f64 = 10.0;
const MAX_BYTES: usize = 256 << 20;

/// How far the earlier calls brought other streams ahead of one that pauses, in seconds: nothing
/// waits for it any longer, so that what was recorded reaches the disk.
const PAUSE: f64 = 0.4;

/// Streams that bring nothing while others go on.
///
/// This depends on what the calls before brought, so that chunks of any length are interleaved,
/// and never on the clock or on threads.
#[derive(Debug, Default)]
pub(crate) struct Pauses(Vec<bool>);

impl Pauses {
    /// Notes that a chunk of stream `index` comes.
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

    /// Returns whether a stream pauses.
    pub(crate) fn has(&self, index: usize) -> bool {
        self.0.get(index) == Some(&true)
    }
}

/// The stream whose first packet is next: the one with the earliest dts. None while another stream
/// may still bring an earlier one, unless everything `is_complete`. Nothing waits for subtitles, and those
/// that are written ahead wait for the others.
pub(crate) fn next(streams: &mut [Stream], pauses: &Pauses, is_complete: bool) -> Option<usize> {
    let bytes = bytes(streams);
    let streams = &*streams;
    let waiting = || {
        streams.iter().enumerate().filter_map(|(index, stream)| {
            let time_base = stream.parameters().time_base;
            Some((index, stream.packets().front()?.dts, time_base, stream))
        })
    };
    let (index, ..) = waiting().min_by(|a, b| compare((a.1, a.2), (b.1, b.2)))?;
    // Submitted media count, and not the packets that an encoder brought.
    let is_late = || {
        let held = streams.iter().map(Stream::max_delay).fold(0.0, f64::max);
        waiting().any(|(_, first, time_base, stream)| {
            !stream.is_sparse() && stream.end() - time_base.to_seconds(first) > MAX_WAIT + held
        })
    };
    let all_are_here = streams.iter().enumerate().all(|(index, stream)| {
        stream.packets().front().is_some() || pauses.has(index) || stream.is_sparse()
    });
    (is_complete || all_are_here || bytes > MAX_BYTES || is_late()).then_some(index)
}

/// The bytes that wait.
fn bytes(streams: &mut [Stream]) -> usize {
    streams.iter_mut().map(|stream| stream.packets_mut().bytes()).sum()
}

/// Which of two points in time is earlier, without rounding.
fn compare((a, in_a): (Timestamp, TimeBase), (b, in_b): (Timestamp, TimeBase)) -> Ordering {
    let (a_unit, b_unit) = (in_a.seconds(), in_b.seconds());
    let scaled =
        |at: Timestamp, num: i64, den: i64| i128::from(at.0) * i128::from(num) * i128::from(den);
    scaled(a, a_unit.num(), b_unit.den()).cmp(&scaled(b, b_unit.num(), a_unit.den()))
}
