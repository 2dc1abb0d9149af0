//! A track: converts packets to samples with their times.

use reelwright_core::{
    CodecId, Error, FrameLength, MediaKind, Packet, Rational, Result, StreamParameters, TimeBase,
};

use crate::clock::Clock;
use crate::tables::SampleTables;

/// Kind of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Audio,
    Video,
    Subtitle,
    /// Chapter titles.
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

/// State of a stream.
#[derive(Debug)]
pub(crate) struct Track {
    /// Index of the stream. The track's number is one more.
    pub(crate) index: usize,
    pub(crate) clock: Clock,
    pub(crate) kind: Kind,
    /// Bytes of a PCM sample of all channels. Samples of a packet are one unit of time apart.
    block: Option<usize>,
    pub(crate) tables: SampleTables,
    /// Set if the tables are kept. Tables are not kept if all samples are in fragments.
    keeps_tables: bool,
    pub(crate) span: Span,
    pub(crate) rate: BitRate,
    /// Last added samples, whose duration depends on the next packet.
    last: Option<Last>,
    /// Default duration of the last frame, in ticks.
    length: FrameLength,
    /// Samples that are not written yet.
    pub(crate) batch: Batch,
    /// Time 0 of the track's media in ticks, once it is fixed.
    pub(crate) origin: Option<i64>,
}

/// Presentation of a track, in ticks.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Span {
    /// dts of the first packet.
    pub(crate) first_dts: Option<i64>,
    first_pts: Option<i64>,
    /// Samples that decoders trim at the start and at the end.
    delay: i64,
    pub(crate) padding: i64,
    end: i64,
    /// Sum of the samples' durations.
    pub(crate) media: i64,
}

impl Span {
    /// Returns the start and the end of the presentation.
    pub(crate) fn presented(&self) -> (i64, i64) {
        let start = self.first_pts.unwrap_or(0).saturating_add(self.delay).max(0);
        (start, self.end.max(start))
    }

    /// Returns the number of samples before the presentation.
    pub(crate) fn priming(&self) -> i64 {
        let (start, _) = self.presented();
        start.saturating_sub(self.first_pts.unwrap_or(start)).max(0)
    }

    /// Returns whether the track has no samples.
    pub(crate) const fn is_empty(&self) -> bool {
        self.first_dts.is_none()
    }
}

/// Average and maximum bit rate.
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

    /// Returns the average bit rate in bit/s over `media` ticks.
    pub(crate) fn average(&self, clock: Clock, media: i64) -> u32 {
        if media <= 0 {
            return 0;
        }
        let bits = u128::from(self.bytes) * 8 * u128::from(clock.timescale);
        u32::try_from(bits / media.unsigned_abs() as u128).unwrap_or(u32::MAX)
    }

    /// Returns the maximum number of bits in a second; at least `average`.
    pub(crate) fn most(&self, average: u32) -> u32 {
        u32::try_from(self.peak.max(self.window) * 8).unwrap_or(u32::MAX).max(average)
    }

    /// Returns the size of the largest packet in bytes.
    pub(crate) const fn largest(&self) -> u32 {
        self.largest
    }
}

/// A packet in the units of the track.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timed {
    /// dts in ticks.
    pub(crate) dts: i64,
    pts: i64,
    duration: i64,
    /// Number of samples in the packet.
    samples: u32,
    /// Bytes per sample.
    size: u32,
    delay: i64,
    padding: i64,
    pub(crate) is_sync: bool,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    timed: Timed,
    /// Set if the samples are still in the batch.
    in_batch: bool,
}

/// Samples that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) data: Vec<u8>,
    pub(crate) samples: Vec<Sample>,
    /// Sum of the entries' numbers of samples.
    pub(crate) count: u32,
    /// dts of the first sample, and the smallest pts, in ticks.
    pub(crate) dts: i64,
    pub(crate) pts: i64,
    /// Decoding end of the last sample, in ticks.
    pub(crate) end: i64,
}

/// Sample of a batch. For PCM, the samples of a packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) duration: u32,
    pub(crate) size: u32,
    pub(crate) offset: u32,
    pub(crate) is_sync: bool,
}

impl Sample {
    /// Placeholder for no sample.
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
    /// Fails if the track cannot represent the time base or the PCM format.
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

    /// Returns the track's number in the file.
    pub(crate) const fn number(&self) -> u32 {
        self.index as u32 + 1
    }

    /// Returns whether this is a video track.
    pub(crate) fn is_video(&self) -> bool {
        self.kind == Kind::Video
    }

    /// Returns whether the track is PCM.
    pub(crate) const fn is_pcm(&self) -> bool {
        self.block.is_some()
    }

    /// Converts a packet to the units of the track.
    ///
    /// # Errors
    /// Fails for times that decrease or exceed the container's fields, partial samples, or too many
    /// samples.
    #[inline(always)]
    pub(crate) fn time(&self, packet: &Packet, codec: CodecId) -> Result<Timed> {
        let reject = |what: &str| {
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
            return Err(reject("times that are below 2^62 ticks of its timescale"));
        };
        if duration < 0 || duration > i64::from(u32::MAX) {
            return Err(reject("a duration from 0 to 4294967295 ticks of its timescale"));
        }
        if pts < dts || pts - dts > i64::from(i32::MAX) {
            return Err(reject("a pts that is 0 to 2147483647 ticks after its dts"));
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
                "A track of mp4 supports at most 4294967295 samples. Write another file.",
            ));
        }
        if self.is_pcm() {
            let run = i64::from(samples).checked_mul(self.clock.unit).filter(|run| *run < 1 << 32);
            duration = run.ok_or_else(|| reject("fewer than 2^32 ticks of its timescale"))?;
        }
        if let Some(last) = &self.last {
            let last = last.timed;
            if dts < last.dts {
                return Err(reject(&format!(
                    "a dts that is not before the previous one, {}",
                    last.dts / self.clock.unit
                )));
            }
            if self.is_pcm() {
                // Samples are contiguous, except at a gap.
                dts = dts.max(last.dts + last.duration);
                if dts >= 1 << 62 {
                    return Err(reject("a dts below 2^62 ticks of its timescale"));
                }
            }
            if dts - last.dts > i64::from(u32::MAX) {
                return Err(reject(&format!(
                    "a dts that is at most {} after the previous one, {}",
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

    /// Returns whether there is a gap before a PCM packet.
    pub(crate) fn leaves_gap(&self, timed: &Timed) -> bool {
        let end = self.last.map(|last| last.timed.dts + last.timed.duration);
        self.is_pcm() && end.is_some_and(|end| timed.dts != end)
    }

    /// Adds a packet to the batch.
    #[inline(always)]
    pub(crate) fn add(&mut self, mut timed: Timed, data: &[u8]) {
        if timed.samples == 0 {
            return;
        }
        self.settle(timed.dts);
        // Without a duration, the packet is as long as the previous ones.
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
        // The end of a frame is known when the next one arrives.
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

    /// Sets the duration of the last video frame before a batch is written. The next packet's dts
    /// is `next`.
    pub(crate) fn settle_frame(&mut self, next: i64) {
        if self.is_video() {
            self.settle(next);
        }
    }

    /// Sets the duration of the last samples, because the start of the next ones is known.
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

    /// Sets the duration of the very last samples: that of the packet, without padding.
    pub(crate) fn settle_last(&mut self) {
        let Some(Last { timed, .. }) = self.last else { return };
        // Readers without support for edit lists also find the length.
        let played = timed.duration - if self.is_video() { 0 } else { timed.padding };
        self.settle(timed.dts + if played > 0 { played } else { timed.duration });
    }

    /// Clears the batch after it was written.
    pub(crate) fn batch_is_written(&mut self) {
        self.batch.clear();
        if let Some(last) = &mut self.last {
            last.in_batch = false;
        }
    }

    /// Returns the length of the batch up to the dts `until`, in ticks.
    pub(crate) fn batch_length(&self, until: i64) -> i64 {
        if self.batch.count == 0 { 0 } else { until.saturating_sub(self.batch.dts) }
    }
}
