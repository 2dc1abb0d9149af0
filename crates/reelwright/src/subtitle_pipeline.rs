//! Subtitle pipeline: converts texts and times to packets.

use reelwright_core::helpers::WebVttCue;
use reelwright_core::helpers::timed_text::FONT_SIZE;
use reelwright_core::{
    CodecId, Error, PacketQueue, Result, StreamParameters, TimeLimits, Timestamp,
};

use crate::subtitle_text::MarkedText;

/// Pipeline of one subtitle stream.
pub(crate) struct SubtitlePipeline {
    parameters: StreamParameters,
    pub(crate) packets: PacketQueue,
    /// Start of the last subtitle, and the latest end, in units of the time base.
    start: i64,
    end: i64,
    limits: TimeLimits,
}

/// Content of a subtitle.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content<'a> {
    Text(&'a str),
    Cue(&'a WebVttCue),
}

impl SubtitlePipeline {
    pub(crate) fn new(parameters: StreamParameters) -> Self {
        Self { parameters, packets: PacketQueue::new(), start: 0, end: 0, limits: TimeLimits::NONE }
    }

    pub(crate) const fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    pub(crate) fn set_limits(&mut self, limits: TimeLimits) {
        self.limits = limits;
    }

    /// Returns the end of the written subtitles, in seconds.
    pub(crate) fn end(&self) -> f64 {
        self.seconds(self.end)
    }

    fn seconds(&self, units: i64) -> f64 {
        self.parameters.time_base.to_seconds(Timestamp(units))
    }

    /// Queues a packet of a subtitle from `start` to `end` seconds.
    ///
    /// # Errors
    /// A time is invalid or out of order, or the codec does not support the text. The subtitle is
    /// not queued then.
    pub(crate) fn write(&mut self, start: f64, end: f64, content: Content<'_>) -> Result<()> {
        let (start, end) = self.times(start, end)?;
        let data = match (content, self.parameters.codec) {
            (Content::Cue(cue), CodecId::WebVtt) => cue.to_bytes()?,
            (Content::Text(text), CodecId::WebVtt) => MarkedText::parse(text)?.cue().to_bytes()?,
            (Content::Text(text), _) => MarkedText::parse(text)?.timed().to_bytes(FONT_SIZE)?,
            (Content::Cue(_), codec) => {
                return Err(Error::argument(format!(
                    "A WebVTT cue requires a stream of webvtt. Found: {codec}. Write its text \
                     instead."
                )));
            }
        };
        (self.start, self.end) = (start, self.end.max(end));
        let packet = self.packets.push_buffer(data);
        (packet.pts, packet.dts) = (Timestamp(start), Timestamp(start));
        packet.duration = end - start;
        packet.keyframe = true;
        Ok(())
    }

    /// Returns the times of a subtitle in units of the time base. The minimum duration is one unit.
    fn times(&self, start: f64, end: f64) -> Result<(i64, i64)> {
        let units = |name, seconds: f64| {
            self.parameters.time_base.from_seconds(seconds).map_err(|_| {
                Error::argument(format!(
                    "The {name} of a subtitle must be positive, finite and below {:e} s. Found: \
                     {seconds}",
                    self.seconds(1 << 53)
                ))
            })
        };
        let (from, to) = (units("start", start)?.0, units("end", end)?.0);
        if start > end {
            return Err(Error::argument(format!(
                "A subtitle must not end before its start, {start} s. Found: {end} s"
            )));
        }
        if from < self.start {
            return Err(Error::argument(format!(
                "Subtitles must come in the order of their starts. The last one started at {} s. \
                 Found: {start} s",
                self.seconds(self.start)
            )));
        }
        let to = to.max(from + 1);
        let TimeLimits { max_pts: pts, max_gap: gap } = self.limits;
        let is_far = from.saturating_sub(self.end.max(self.start)) > gap || to - from > gap;
        if to > pts || is_far {
            return Err(Error::argument(format!(
                "The container stores times of subtitles up to {:e} s, and gaps and durations up \
                 to {:e} s. Found: {start} s to {end} s",
                self.seconds(pts),
                self.seconds(gap)
            )));
        }
        Ok((from, to))
    }
}
