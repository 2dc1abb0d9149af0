//! iTunes' note of what was never in the input of AAC: samples before the first and after the last.

use reelwright_core::{CodecId, StreamParameters};

use crate::flavour::Flavour;
use crate::track::{Kind, Track};

/// The text of `iTunSMPB` for a file of one AAC stream, whose packets are all written.
pub(crate) fn comment(
    tracks: &[Track],
    streams: &[StreamParameters],
    flavour: &Flavour,
) -> Option<String> {
    let ([track, others @ ..], [stream, ..]) = (tracks, streams) else { return None };
    let rate = stream.audio()?.format.sample_rate;
    if others.iter().any(|other| other.kind != Kind::Chapters) {
        return None;
    }
    if stream.codec != CodecId::Aac || flavour.is_quicktime() || track.span.is_empty() {
        return None;
    }
    let (start, end) = track.span.presented();
    // Nothing, delay, padding, samples that are heard, and fields of no use.
    let fields = [track.span.priming(), track.span.padding, end - start];
    let samples = fields.map(|ticks| track.clock.rescale(ticks, rate));
    let mut text = format!(" 00000000 {:08X} {:08X} {:016X}", samples[0], samples[1], samples[2]);
    for _ in 0..8 {
        text.push_str(" 00000000");
    }
    Some(text)
}
