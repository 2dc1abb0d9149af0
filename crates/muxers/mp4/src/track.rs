//! A track: from packets to samples with their times.

use reelwright_core::{
    CodecId, Error, FrameLength, MediaKind, Packet, Rational, Result, StreamParameters, TimeBase,
};

use crate::clock::Clock;
use crate::tables::SampleTables;

/// What the samples of a track are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Audio,
    Video,
    Subtitle,
    /// Titles of chapters.
    Chapters,
}

impl Kind {
    fn of(stream: &StreamParameters) -> Self {
        match stream.kind() {
            MediaKind::Video => Self::Video,
            MediaKind::Subtitle => Self::Subtitle,
            _ => Self::Audio,
        }
    }
}

/// What is being written of one stream.
#[derive(Debug)]
pub(crate) struct Track {
    /// Index of the stream; the track's number is one more.
    pub(crate) index: usize,
    pub(crate) clock: Clock,
    pub(crate) kind: Kind,
    /// Bytes of a PCM sample of all channels. The samples of a packet are a unit of time apart.
    block: Option<usize>,
    pub(crate) tables: SampleTables,
    /// Whether the tables are kept: not where they are all in fragments.
    keeps_tables: bool,
    pub(crate) span: Span,
    pub(crate) rate: BitRate,
    /// The samples that were added last and whose duration the next packet tells.
    last: Option<Last>,
    /// Their length unless stated, in ticks.
    length: FrameLength,
    /// What was not yet written.
    pub(crate) batch: Batch,
    /// The time, in ticks, that is 0 in the track's media; where it is fixed.
    pub(crate) origin: Option<i64>,
}

/// When a track is presented, in ticks.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Span {
    /// When the first packet is decoded.
    pub(crate) first_dts: Option<i64>,
    first_pts: Option<i64>,
    /// Samples that decoders drop at the start and at the end.
    delay: i64,
    pub(crate) padding: i64,
    end: i64,
    /// The sum of the samples' durations.
    pub(crate) media: i64,
}

impl Span {
    /// From the first moment that is presented to the last one.
    pub(crate) fn presented(&self) -> (i64, i64) {
        let start = self.first_pts.unwrap_or(0).saturating_add(self.delay).max(0);
        (start, self.end.max(start))
    }

    /// The samples before the first one that is presented.
    pub(crate) fn priming(&self) -> i64 {
        let (start, _) = self.presented();
        start.saturating_sub(self.first_pts.unwrap_or(start)).max(0)
    }

    /// Whether the track has samples.
    pub(crate) const fn is_empty(&self) -> bool {
        self.first_dts.is_none()
    }
}

/// How many bits a second has, on average and at most.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct BitRate {
    bytes: u64,
    largest: u32,
    window_start: i64,
    window: u64,
    peak: u64,
}

impl BitRate {
    fn add(&mut self, clock: Clock, dts: i64, bytes: u32) {
        if dts.saturating_sub(self.window_start) >= i64::from(clock.timescale) {
            self.peak = self.peak.max(self.window);
            (self.window_start, self.window) = (dts, 0);
        }
        self.bytes += u64::from(bytes);
        self.window += u64::from(bytes);
        self.largest = self.largest.max(bytes);
    }

    /// Bits a second on average, over `media` ticks.
    pub(crate) fn average(&self, clock: Clock, media: i64) -> u32 {
        if media <= 0 {
            return 0;
        }
        let bits = u128::from(self.bytes) * 8 * u128::from(clock.timescale);
        u32::try_from(bits / media.unsigned_abs() as u128).unwrap_or(u32::MAX)
    }

    /// Bits of the fullest second, never below `average`.
    pub(crate) fn most(&self, average: u32) -> u32 {
        u32::try_from(self.peak.max(self.window) * 8).unwrap_or(u32::MAX).max(average)
    }

    /// Bytes of the largest packet.
    pub(crate) const fn largest(&self) -> u32 {
        self.largest
    }
}

/// A packet in the track's terms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timed {
    /// In ticks.
    pub(crate) dts: i64,
    pts: i64,
    duration: i64,
    /// How many samples it is.
    samples: u32,
    /// Bytes of each of them.
    size: u32,
    delay: i64,
    padding: i64,
    pub(crate) is_sync: bool,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    timed: Timed,
    /// Its place in the batch, where it still is there.
    in_batch: bool,
}

/// Samples that were not yet written.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) data: Vec<u8>,
    pub(crate) samples: Vec<Sample>,
    /// The sum of the samples' counts.
    pub(crate) count: u32,
    /// When the first one is decoded and the first is presented, in ticks.
    pub(crate) dts: i64,
    pub(crate) pts: i64,
    /// When the last one ends to be decoded, in ticks.
    pub(crate) end: i64,
}

/// A sample of a batch; of PCM, a packet's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) duration: u32,
    pub(crate) size: u32,
    pub(crate) offset: u32,
    pub(crate) is_sync: bool,
}

impl Sample {
    /// No sample.
    pub(crate) const NONE: Self = Self { duration: 0, size: 0, offset: 0, is_sync: true };
}

impl Batch {
    fn clear(&mut self) {
        self.data.clear();
        self.samples.clear();
        self.count = 0;
    }
}

impl Track {
    /// # Errors
    /// A time base or a PCM stream that cannot be counted.
    pub(crate) fn new(index: usize, stream: &StreamParameters, keeps_tables: bool) -> Result<Self> {
        let clock = Clock::new(stream.time_base, stream.video().is_some())?;
        let block = stream
            .audio()
            .zip(stream.codec.bytes_per_sample())
            .map(|(audio, bytes)| bytes * audio.format.layout.channels());
        let tick = TimeBase::new(Rational::new(1, i64::from(clock.timescale))?);
        let nothing = FrameLength::new(0, tick);
        let length = stream.video().map_or(nothing, |video| video.frame_length(tick));
        Ok(Self {
            index,
            clock,
            kind: Kind::of(stream),
            block,
            tables: SampleTables::default(),
            keeps_tables,
            span: Span::default(),
            rate: BitRate::default(),
            last: None,
            length,
            batch: Batch::default(),
            origin: None,
        })
    }

    /// The track's number in the file.
    pub(crate) const fn number(&self) -> u32 {
        self.index as u32 + 1
    }

    /// Returns whether the track is of video.
    pub(crate) fn is_video(&self) -> bool {
        self.kind == Kind::Video
    }

    /// Returns whether the track is of PCM.
    pub(crate) const fn is_pcm(&self) -> bool {
        self.block.is_some()
    }

    /// A packet in the track's terms.
    ///
    /// # Errors
    /// Times that go back or leave the container's fields, parts of samples, too many samples.
    pub(crate) fn time(&self, packet: &Packet, codec: CodecId) -> Result<Timed> {
        let refuse = |what: &str| {
            Error::argument(format!(
                "A packet of mp4 must have {what}. Found: pts {}, dts {}, duration {}",
                packet.pts, packet.dts, packet.duration
            ))
        };
        let times = (
            self.clock.ticks(packet.pts.0),
            self.clock.ticks(packet.dts.0),
            self.clock.ticks(packet.duration),
        );
        let (Some(pts), Some(mut dts), Some(mut duration)) = times else {
            return Err(refuse("times that are below 2^62 ticks of its timescale"));
        };
        if duration < 0 || duration > i64::from(u32::MAX) {
            return Err(refuse("a duration from 0 to 4294967295 ticks of its timescale"));
        }
        if pts < dts || pts - dts > i64::from(i32::MAX) {
            return Err(refuse("a pts that is 0 to 2147483647 ticks after its dts"));
        }
        let bytes = packet.data.len();
        let (samples, size) = match self.block {
            None => (1, bytes),
            Some(block) if bytes.is_multiple_of(block) => (bytes / block, block),
            Some(block) => {
                return Err(Error::chunk(format!(
                    "A packet of {codec} must hold whole samples of all channels, {block} bytes \
                     each. Found: {bytes} bytes"
                )));
            }
        };
        let (Ok(samples), Ok(size)) = (u32::try_from(samples), u32::try_from(size)) else {
            return Err(Error::too_large(format!(
                "A packet of mp4 must be smaller than 4294967296 bytes. Found: {bytes}"
            )));
        };
        let written = self.tables.samples().max(self.batch.count);
        if written.checked_add(samples).is_none() {
            return Err(Error::too_large(
                "A track of mp4 has at most 4294967295 samples. Write another file.",
            ));
        }
        if self.is_pcm() {
            let run = i64::from(samples).checked_mul(self.clock.unit).filter(|run| *run < 1 << 32);
            duration = run.ok_or_else(|| refuse("fewer than 2^32 ticks of its timescale"))?;
        }
        if let Some(last) = &self.last {
            let last = last.timed;
            if dts < last.dts {
                return Err(refuse(&format!(
                    "a dts that is not before the one in front of it, {}",
                    last.dts / self.clock.unit
                )));
            }
            if self.is_pcm() {
                // Samples follow on each other, but where there is a gap.
                dts = dts.max(last.dts + last.duration);
                if dts >= 1 << 62 {
                    return Err(refuse("a dts below 2^62 ticks of its timescale"));
                }
            }
            if dts - last.dts > i64::from(u32::MAX) {
                return Err(refuse(&format!(
                    "a dts that is at most {} after the one in front of it, {}",
                    i64::from(u32::MAX) / self.clock.unit,
                    last.dts / self.clock.unit
                )));
            }
        }
        let pts = pts.max(dts);
        let delay = self.clock.ticks(packet.trim_start.into()).unwrap_or(0);
        let padding = self.clock.ticks(packet.trim_end.into()).unwrap_or(0);
        Ok(Timed { dts, pts, duration, samples, size, delay, padding, is_sync: packet.keyframe })
    }

    /// Whether a packet of PCM leaves a gap after the last one.
    pub(crate) fn leaves_gap(&self, timed: &Timed) -> bool {
        let end = self.last.map(|last| last.timed.dts + last.timed.duration);
        self.is_pcm() && end.is_some_and(|end| timed.dts != end)
    }

    /// Takes a packet into the batch.
    pub(crate) fn add(&mut self, mut timed: Timed, data: &[u8]) {
        if timed.samples == 0 {
            return;
        }
        self.settle(timed.dts);
        // As long as the ones in front of it, where nobody knows.
        if timed.duration == 0 {
            timed.duration = self.length.get().min(u32::MAX.into());
        }
        let is_video = self.is_video();
        let span = &mut self.span;
        let pts = if is_video {
            span.first_pts.map_or(timed.pts, |p| p.min(timed.pts))
        } else {
            span.first_pts.unwrap_or(timed.pts)
        };
        span.first_pts = Some(pts);
        span.first_dts.get_or_insert(timed.dts);
        span.delay = span.delay.saturating_add(timed.delay);
        span.padding = span.padding.saturating_add(timed.padding);
        // A frame's end is known when the next one comes.
        if timed.padding < timed.duration && !is_video {
            span.end = span.end.max(timed.pts + timed.duration - timed.padding);
        }
        self.rate.add(self.clock, timed.dts, data.len() as u32);
        if self.keeps_tables {
            self.tables.add(timed.samples, timed.size, timed.is_sync);
        }
        // A packet of PCM is a run of samples.
        let duration = if self.is_pcm() { self.clock.unit } else { timed.duration };
        let batch = &mut self.batch;
        if batch.count == 0 {
            (batch.dts, batch.pts) = (timed.dts, timed.pts);
        }
        batch.pts = batch.pts.min(timed.pts);
        batch.end = timed.dts + timed.duration;
        batch.count += timed.samples;
        batch.data.extend_from_slice(data);
        batch.samples.push(Sample {
            duration: duration as u32,
            size: timed.size,
            offset: (timed.pts - timed.dts) as u32,
            is_sync: timed.is_sync,
        });
        self.last = Some(Last { timed, in_batch: true });
    }

    /// Fixes how long the last frame of video lasts, as the next packet is decoded at `next`, before
    /// a batch is written.
    pub(crate) fn settle_frame(&mut self, next: i64) {
        if self.is_video() {
            self.settle(next);
        }
    }

    /// Fixes the duration of the last samples, now that it is known when the next ones come.
    fn settle(&mut self, next: i64) {
        let Some(Last { timed, in_batch }) = self.last.take() else { return };
        let duration = next - timed.dts;
        self.length.add(duration);
        let offset = (timed.pts - timed.dts) as u32;
        if self.is_video() {
            self.span.end = self.span.end.max(timed.pts + duration);
        }
        self.span.media += duration;
        if self.is_pcm() {
            let before = timed.samples - 1;
            if self.keeps_tables {
                self.tables.time(before, self.clock.unit as u32, offset);
                let rest = duration - i64::from(before) * self.clock.unit;
                self.tables.time(1, rest.clamp(0, u32::MAX.into()) as u32, offset);
            }
            return;
        }
        if self.keeps_tables {
            self.tables.time(1, duration as u32, offset);
        }
        if let (true, Some(sample)) = (in_batch, self.batch.samples.last_mut()) {
            sample.duration = duration as u32;
            self.batch.end = next;
        }
    }

    /// Fixes the duration of the very last samples: what the packet said, without padding.
    pub(crate) fn settle_last(&mut self) {
        let Some(Last { timed, .. }) = self.last else { return };
        // Readers that know no edit lists find the length, too.
        let heard = timed.duration - if self.is_video() { 0 } else { timed.padding };
        self.settle(timed.dts + if heard > 0 { heard } else { timed.duration });
    }

    /// Empties the batch, which was written.
    pub(crate) fn batch_is_written(&mut self) {
        self.batch.clear();
        if let Some(last) = &mut self.last {
            last.in_batch = false;
        }
    }

    /// When the last packet is decoded and how long the batch is, in ticks.
    pub(crate) fn batch_length(&self, until: i64) -> i64 {
        if self.batch.count == 0 { 0 } else { until.saturating_sub(self.batch.dts) }
    }
}
