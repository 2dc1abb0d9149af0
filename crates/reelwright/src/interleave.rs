//! In which order the packets of several streams go to the muxer.

use std::cmp::Ordering;

use reelwright_core::{TimeBase, Timestamp};

use crate::stream::Stream;
use crate::video_worker::IN_FLIGHT;

/// How far one chunk may bring a stream ahead of one that brings nothing, in seconds, and how many bytes may
/// wait for it in all. After that packets no longer wait, so that memory is bounded.
const MAX_WAIT: i64 = 10;
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

    fn has(&self, index: usize) -> bool {
        self.0.get(index) == Some(&true)
    }
}

/// The stream whose first packet is next: the one with the earliest dts. None while another stream
/// may still bring an earlier one, unless everything `is_complete`.
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
    let is_late = || {
        waiting().any(|(_, first, time_base, stream)| {
            let last = stream.packets().back().map_or(first, |packet| packet.dts);
            let waited = Timestamp(last.0.saturating_sub(first.0));
            time_base.seconds_of(waited) > MAX_WAIT as f64
        })
    };
    let all_are_here = streams
        .iter()
        .enumerate()
        .all(|(index, stream)| stream.packets().front().is_some() || pauses.has(index));
    (is_complete || all_are_here || bytes > MAX_BYTES || is_late()).then_some(index)
}

/// The bytes that wait.
fn bytes(streams: &mut [Stream]) -> usize {
    streams.iter_mut().map(|stream| stream.packets_mut().bytes()).sum()
}

/// Whether packets that another thread is at work on may show that a stream is late: then they
/// must be there before [`next`] decides, so that it never depends on that thread's speed.
pub(crate) fn needs_all(streams: &mut [Stream], pauses: &Pauses) -> bool {
    if streams.len() < 2 || streams.iter().all(|stream| stream.in_flight().is_none()) {
        return false;
    }
    let is_awaited =
        |(index, stream): (usize, &Stream)| pauses.has(index) && stream.in_flight().is_some();
    if streams.iter().enumerate().any(is_awaited) {
        return true;
    }
    let ready = bytes(streams);
    let streams = &*streams;
    let may_come: usize = streams.iter().map(most_in_flight).sum();
    let may_be_late = |stream: &Stream| {
        let packets = stream.packets();
        let ready = packets.front().zip(packets.back()).map(|(first, last)| (first.dts, last.dts));
        let (first, last) = match (ready, stream.in_flight()) {
            (Some((first, last)), Some((_, latest))) => (first, last.max(latest)),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => return false,
        };
        let waited = Timestamp(last.0.saturating_sub(first.0));
        stream.parameters().time_base.seconds_of(waited) > MAX_WAIT as f64
    };
    ready.saturating_add(may_come) > MAX_BYTES || streams.iter().any(may_be_late)
}

/// More bytes than the packets can have that another thread is at work on: no encoder makes a
/// picture larger than eight bytes a pixel.
fn most_in_flight(stream: &Stream) -> usize {
    const PIXEL: usize = 8;
    const HEADERS: usize = 1 << 16;
    let Some(video) = stream.parameters().video() else { return 0 };
    let pixels = (video.format.width as usize).saturating_mul(video.format.height as usize);
    if stream.in_flight().is_none() {
        return 0;
    }
    pixels.saturating_mul(PIXEL).saturating_add(HEADERS).saturating_mul(IN_FLIGHT)
}

/// Which of two points in time is earlier, without rounding.
fn compare((a, in_a): (Timestamp, TimeBase), (b, in_b): (Timestamp, TimeBase)) -> Ordering {
    let (a_unit, b_unit) = (in_a.seconds(), in_b.seconds());
    let scaled =
        |at: Timestamp, num: i64, den: i64| i128::from(at.0) * i128::from(num) * i128::from(den);
    scaled(a, a_unit.num(), b_unit.den()).cmp(&scaled(b, b_unit.num(), a_unit.den()))
}
