//! iTunes' comment with the priming and padding of AAC.

use reelwright_core::{CodecId, StreamParameters};

use crate::flavor::Flavor;
use crate::track::{Kind, Track};

/// Returns the text of `iTunSMPB` for a file with one AAC stream, after its last packet.
pub(crate) fn comment(
    tracks: &[Track],
    streams: &[StreamParameters],
    flavor: &Flavor,
) -> Option<String> {
    let ([track, others @ ..], [stream, ..]) = (tracks, streams) else { return None };
    let rate = stream.audio()?.format.sample_rate;
    if others.iter().any(|other| other.kind != Kind::Chapters) {
        return None;
    }
    if stream.codec != CodecId::Aac || flavor.is_quicktime() || track.span.is_empty() {
        return None;
    }
    let (start, end) = track.span.presented();
    // Reserved, priming, padding, number of valid samples, and unused fields.
    let fields = [track.span.priming(), track.span.padding, end - start];
    let samples = fields.map(|ticks| track.clock.rescale(ticks, rate));
    let mut text = format!(" 00000000 {:08X} {:08X} {:016X}", samples[0], samples[1], samples[2]);
    for _ in 0..8 {
        text.push_str(" 00000000");
    }
    Some(text)
}
