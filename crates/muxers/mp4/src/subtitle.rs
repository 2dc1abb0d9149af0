//! Samples of subtitles. A track has one sample at any time, without gaps. Overlapping cues are
//! split where another one begins or ends, and empty samples fill the gaps.

use std::collections::VecDeque;

use reelwright_core::helpers::WebVttCue;
use reelwright_core::helpers::timed_text::TimedText;
use reelwright_core::{CodecId, Packet, Result, StreamParameters, Timestamp};

use crate::boxes::{append, boxed};
use crate::text_entry::TextArea;

/// Cues of a stream that become samples. Times are in units of the stream's time base.
#[derive(Debug)]
pub(crate) struct Subtitles {
    /// Index of the stream.
    pub(crate) index: usize,
    /// Cues that have begun, in order.
    cues: Vec<Cue>,
    /// End of the last sample.
    end: i64,
    font_size: u8,
    is_webvtt: bool,
    /// Number of the next cue.
    next: u32,
    has_warned: bool,
    ready: VecDeque<Packet>,
}

#[derive(Debug)]
struct Cue {
    start: i64,
    end: i64,
    number: u32,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Timed(TimedText),
    WebVtt(WebVttCue),
}

impl Subtitles {
    pub(crate) fn new(index: usize, codec: CodecId, area: TextArea) -> Self {
        Self {
            index,
            cues: Vec::new(),
            end: 0,
            font_size: area.font_size(),
            is_webvtt: codec == CodecId::WebVtt,
            next: 0,
            has_warned: false,
            ready: VecDeque::new(),
        }
    }

    /// Adds a cue. Samples before its start become complete.
    ///
    /// # Errors
    /// Fails if the packet is not of the codec, or if simultaneous cues do not fit in a sample.
    pub(crate) fn push(&mut self, packet: &Packet, stream: &StreamParameters) -> Result<()> {
        let content = if self.is_webvtt {
            Content::WebVtt(WebVttCue::from_bytes(&packet.data)?)
        } else {
            Content::Timed(TimedText::from_bytes(&packet.data)?)
        };
        let until = packet.pts.0.saturating_add(packet.duration.max(1));
        self.advance(packet.pts.0)?;
        if packet.pts.0 < self.end && !std::mem::replace(&mut self.has_warned, true) {
            let seconds = |units| stream.time_base.to_seconds(Timestamp(units));
            log::warn!(
                "Stream {}: the subtitle at {} s overlaps one that is already in the file, and \
                 begins at {} s. Write overlapping subtitles before the other streams pass them.",
                self.index,
                seconds(packet.pts.0),
                seconds(self.end)
            );
        }
        let start = packet.pts.0.max(self.end);
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.cues.push(Cue { start, end: until.max(start.saturating_add(1)), number, content });
        Ok(())
    }

    /// Completes all samples up to `time`, and splits longer ones.
    fn advance(&mut self, time: i64) -> Result<()> {
        while self.end < time {
            let next = self.cues.iter().map(|cue| cue.end).fold(time, i64::min);
            self.sample(next)?;
        }
        Ok(())
    }

    /// Completes the samples that end by `time`, the position of the other streams.
    ///
    /// # Errors
    /// The same errors as [`push`](Self::push).
    pub(crate) fn settle(&mut self, time: i64) -> Result<()> {
        while let Some(next) = self.cues.iter().map(|cue| cue.end).min().filter(|end| *end <= time)
        {
            self.sample(next)?;
        }
        Ok(())
    }

    /// Creates a sample of the cues, from the end of the last one to `end`.
    fn sample(&mut self, end: i64) -> Result<()> {
        let start = std::mem::replace(&mut self.end, end);
        let data = self.data(start, end)?;
        self.cues.retain(|cue| cue.end > end);
        self.ready.push_back(Packet {
            stream: self.index,
            data,
            pts: Timestamp(start),
            dts: Timestamp(start),
            duration: end - start,
            keyframe: true,
            ..Packet::default()
        });
        Ok(())
    }

    /// Returns the next complete sample.
    pub(crate) fn pop(&mut self) -> Option<Packet> {
        self.ready.pop_front()
    }

    /// Returns a sample of the cues, from `start` to `end`.
    fn data(&self, start: i64, end: i64) -> Result<Vec<u8>> {
        let mut text = TimedText::default();
        let mut boxes = Vec::new();
        for cue in &self.cues {
            match &cue.content {
                Content::Timed(timed) => text.push_line(timed),
                Content::WebVtt(webvtt) => {
                    let is_split = cue.start < start || cue.end > end;
                    cue_box(&mut boxes, webvtt, is_split.then_some(cue.number))?;
                }
            }
        }
        if !self.is_webvtt {
            return text.to_bytes(self.font_size);
        }
        if boxes.is_empty() {
            boxed(&mut boxes, b"vtte", |_| Ok(()))?;
        }
        Ok(boxes)
    }
}

/// Appends a `VTTCueBox` (ISO/IEC 14496-30 §7.5.3). Parts of one cue have the same number.
fn cue_box(out: &mut Vec<u8>, cue: &WebVttCue, number: Option<u32>) -> Result<()> {
    boxed(out, b"vttc", |out| {
        if let Some(number) = number {
            boxed(out, b"vsid", |out| append(out, &number.to_be_bytes()))?;
        }
        if !cue.id.is_empty() {
            boxed(out, b"iden", |out| append(out, cue.id.as_bytes()))?;
        }
        if !cue.settings.is_empty() {
            boxed(out, b"sttg", |out| append(out, cue.settings.as_bytes()))?;
        }
        boxed(out, b"payl", |out| append(out, cue.payload.as_bytes()))
    })
}
