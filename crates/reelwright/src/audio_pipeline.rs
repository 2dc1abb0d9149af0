//! Audio pipeline: checks chunks, converts them, splits them into frames, and encodes the frames.

use std::collections::VecDeque;
use std::ops::Range;

use reelwright_convert::{AudioConverter, Outliers, Resampler, outliers};
use reelwright_core::{
    AudioEncoder, DataType, Element, Error, Interrupt, PacketQueue, Result, SampleFormat,
    StreamParameters, TensorView, TimeBase, TimeLimits, Timestamp, TypedBuffer, TypedSlice,
    with_slice,
};

use crate::audio_stream::ResolvedAudio;
use crate::sample_buffer::SampleBuffer;

/// Samples per frame if the encoder accepts any number. Frame sizes do not depend on the user's
/// chunks, so that packets do not either.
const FRAME_SIZE: usize = 1024;
/// Maximum number of elements of such a frame, with any number of channels.
const MAX_FRAME_ELEMENTS: usize = 1 << 17;
/// Maximum number of samples per channel to resample at once, counted at the higher rate.
const RESAMPLED_BLOCK: usize = 1024;
/// Maximum number of elements that resampling may output for one input sample of every channel.
const MAX_RESAMPLED_ELEMENTS: u64 = 1 << 24;
/// Maximum number of elements of a chunk that is copied completely, so that it need not be borrowed
/// again.
const SMALL: usize = 4096;
/// Number of elements to search for outliers between interrupt checks.
const CHECKED_ELEMENTS: usize = 1 << 22;

/// Pipeline of one audio stream.
pub(crate) struct AudioPipeline {
    input: DataType,
    channels: usize,
    /// Time base of the chunks.
    time_base: TimeBase,
    sample_rate: u32,
    conversion: Conversion,
    encoder: Box<dyn AudioEncoder>,
    /// True if the encoder does not support NaN and samples beyond ±1.
    is_bounded: bool,
    samples: SampleBuffer,
    /// Samples per channel of a frame.
    capacity: usize,
    /// Capacity of the buffer in samples per channel: a frame, and the rest of a small chunk.
    room: usize,
    /// Timestamp of the next sample, in samples of the chunks.
    next: i64,
    /// Total duration of the gaps before `next`.
    gap_total: i64,
    gap_policy: GapPolicy,
    /// Maximum gap that is filled, in samples of the chunks.
    max_gap: i64,
    limits: TimeLimits,
    is_finished: bool,
    /// Gaps to apply to packets: the first encoded sample after each gap, and the delay from there
    /// on, both in encoded samples. The first entry is in effect.
    gaps: VecDeque<(i64, i64)>,
    has_warned_about_overlap: bool,
    /// Number of samples beyond ±1 that were clamped.
    pub(crate) clamped: u64,
    pub(crate) packets: PacketQueue,
}

/// Treatment of a gap before a pts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GapPolicy {
    /// Fills gaps with silence.
    Fill,
    /// Fills gaps with silence, except gaps at the start and long gaps, which delay packets.
    FillAfterStart,
    /// Delays packets by gaps.
    Delay,
    /// Drops gaps.
    Drop,
}

/// Preparation that a checked chunk needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AudioPlan {
    step: Step,
    beyond_unity: u64,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// The chunk follows the previous one.
    Follow,
    /// The chunk follows the previous one, although its pts is earlier.
    Overlap,
    /// Number of silent samples to insert before the chunk.
    Fill(i64),
    /// Number of samples of a gap without packets before the chunk.
    Gap(i64),
    /// Timestamp of the chunk. The gap before it is dropped.
    Drop(i64),
}

/// Conversion of a chunk's samples to those of a frame.
enum Conversion {
    /// Conversion without resampling.
    Direct(AudioConverter),
    /// Conversion with resampling.
    Resampled(Box<Resampled>),
}

/// Conversion with resampling. Channels are removed before resampling, and added after it.
struct Resampled {
    before: AudioConverter,
    block: TypedBuffer,
    /// Capacity of the block in samples per channel.
    capacity: usize,
    channels: usize,
    resampler: Resampler,
    after: AudioConverter,
    /// True if the resampler has new input.
    is_pushed: bool,
}

impl Resampled {
    fn new(stream: &ResolvedAudio) -> Result<Self> {
        let ResolvedAudio { request, input, sample_rate, layout, .. } = stream;
        let between = if request.format.layout.channels() < layout.channels() {
            request.format.layout
        } else {
            *layout
        };
        let channels = between.channels();
        let (from, to) = (u64::from(*sample_rate), u64::from(request.format.sample_rate));
        if to.div_ceil(from.max(1)).saturating_mul(channels as u64) > MAX_RESAMPLED_ELEMENTS {
            return Err(Error::unsupported(format!(
                "{channels} channels cannot be resampled from {from} to {to} Hz: a sample would \
                 become more than {MAX_RESAMPLED_ELEMENTS}. Pass a lower encoder_sample_rate."
            )));
        }
        let capacity = (RESAMPLED_BLOCK as u64 * from / to).clamp(1, RESAMPLED_BLOCK as u64);
        let capacity = capacity as usize;
        let quality = stream.resample_quality;
        let resampler =
            Resampler::new(*sample_rate, request.format.sample_rate, channels, quality)?;
        let data_type = resampler.data_type();
        let format = SampleFormat::packed(data_type);
        Ok(Self {
            before: AudioConverter::with_normalization(
                *input,
                *layout,
                format,
                between,
                stream.normalizes(),
            )?,
            block: TypedBuffer::zeroed(data_type, capacity * channels),
            capacity,
            channels,
            resampler,
            after: AudioConverter::with_normalization(
                data_type,
                between,
                request.format.sample_format,
                request.format.layout,
                stream.normalizes(),
            )?,
            is_pushed: false,
        })
    }

    /// Resamples rows of a chunk, at most [`capacity`](Self::capacity).
    fn push(&mut self, chunk: &TensorView<'_>, rows: Range<usize>) {
        let elements = rows.len() * self.channels;
        self.before.convert(chunk, rows, &mut self.block, self.capacity, 0);
        self.resampler.push(first(self.block.as_slice(), elements));
    }
}

impl AudioPipeline {
    pub(crate) fn new(stream: ResolvedAudio) -> Result<Self> {
        let conversion = if stream.sample_rate == stream.request.format.sample_rate {
            Conversion::Direct(AudioConverter::with_normalization(
                stream.input,
                stream.layout,
                stream.request.format.sample_format,
                stream.request.format.layout,
                stream.normalizes(),
            )?)
        } else {
            Conversion::Resampled(Box::new(Resampled::new(&stream)?))
        };
        let ResolvedAudio { info, request, mut options, input, sample_rate, layout, bits, .. } =
            stream;
        let encoder = info.open(&request, &mut options)?;
        options.finish(crate::audio_encoder_options(&info))?;

        let out_channels = request.format.layout.channels();
        let frame_size = encoder.frame_size();
        let capacity =
            frame_size.unwrap_or_else(|| (MAX_FRAME_ELEMENTS / out_channels).clamp(1, FRAME_SIZE));
        let room = match &conversion {
            Conversion::Direct(_) => capacity + SMALL / layout.channels(),
            Conversion::Resampled(_) => capacity,
        };
        let data_type = request.format.sample_format.data_type();

        let kept = encoder.parameters().audio().map_or(0, |audio| audio.bits_per_sample);
        if info.encoder.codec.is_lossless() && kept < bits {
            log::warn!(
                "{} keeps {kept} of {bits} bits per sample. To keep more, pass another encoder, or \
                 set its option bits_per_raw_sample if available.",
                info.encoder.name
            );
        }
        Ok(Self {
            input,
            channels: layout.channels(),
            time_base: TimeBase::from_sample_rate(sample_rate)?,
            sample_rate,
            conversion,
            encoder,
            is_bounded: !input.is_integer()
                && (data_type.is_integer() || !info.encoder.codec.is_lossless()),
            samples: SampleBuffer::new(request.format, room),
            capacity,
            room,
            next: 0,
            gap_total: 0,
            gap_policy: GapPolicy::Fill,
            max_gap: i64::MAX,
            limits: TimeLimits::NONE,
            is_finished: false,
            gaps: VecDeque::new(),
            has_warned_about_overlap: false,
            clamped: 0,
            packets: PacketQueue::new(),
        })
    }

    pub(crate) fn parameters(&self) -> &StreamParameters {
        self.encoder.parameters()
    }

    /// Sets the maximum gap that is filled, in seconds, or `None`, and whether the format supports
    /// gaps.
    pub(crate) fn set_gaps(&mut self, longest: Option<f64>, supports_gaps: bool) {
        self.gap_policy = match (longest.is_some(), supports_gaps) {
            (true, false) => GapPolicy::Fill,
            (true, true) => GapPolicy::FillAfterStart,
            (false, true) => GapPolicy::Delay,
            (false, false) => GapPolicy::Drop,
        };
        self.max_gap = longest
            .map_or(i64::MAX, |seconds| (seconds * f64::from(self.sample_rate)).round() as i64);
    }

    /// Sets the range of timestamps that the container can store.
    pub(crate) fn set_limits(&mut self, limits: TimeLimits) {
        self.limits = limits;
    }

    /// Checks that a chunk matches the stream, without changing the stream.
    ///
    /// # Errors
    /// The chunk does not match the stream, or an interrupt occurs.
    pub(crate) fn check(
        &self,
        chunk: &TensorView<'_>,
        pts: Option<f64>,
        interrupt: &Interrupt,
    ) -> Result<AudioPlan> {
        if chunk.data_type() != self.input {
            return Err(Error::chunk(format!(
                "Expected {} type. Found: {}",
                self.input,
                chunk.data_type()
            )));
        }
        let shape = chunk.shape();
        if shape.len() != 2 {
            return Err(Error::chunk(format!(
                "Input Tensor has to be 2D, of shape (frame, channel). Found shape: {shape:?}"
            )));
        }
        if shape[1] != self.channels {
            return Err(Error::chunk(format!(
                "Expected waveform with {} channels. Found {}",
                self.channels, shape[1]
            )));
        }
        let outliers = self.outliers(chunk, interrupt)?;
        if let Some((frame, channel)) = outliers.first_nan {
            return Err(Error::chunk(format!(
                "NaN cannot be encoded as {}. Found at frame {frame}, channel {channel} of the \
                 chunk. The chunk was not written.",
                self.parameters().codec
            )));
        }
        Ok(AudioPlan { step: self.step(pts)?, beyond_unity: outliers.beyond_unity })
    }

    /// Searches a chunk for samples that cannot be encoded unchanged, and checks for interrupts.
    fn outliers(&self, chunk: &TensorView<'_>, interrupt: &Interrupt) -> Result<Outliers> {
        let rows = chunk.shape()[0];
        let step = (CHECKED_ELEMENTS / self.channels).max(1);
        if !self.is_bounded {
            return Ok(Outliers::default());
        }
        if rows <= step {
            return Ok(outliers(chunk));
        }
        let mut all = Outliers::default();
        for start in (0..rows).step_by(step) {
            let found = outliers(&chunk.rows(start, rows.min(start + step)));
            all.beyond_unity += found.beyond_unity;
            if let Some((frame, channel)) = found.first_nan {
                all.first_nan = Some((start + frame, channel));
                break;
            }
            interrupt.check()?;
        }
        Ok(all)
    }

    /// Returns the step for `pts`.
    fn step(&self, pts: Option<f64>) -> Result<Step> {
        let Some(pts) = pts else { return Ok(Step::Follow) };
        let Timestamp(at) = self.time_base.from_seconds(pts)?;
        let gap = at - self.next;
        if gap < 0 {
            return Ok(Step::Overlap);
        }
        if gap == 0 {
            return Ok(Step::Follow);
        }
        let is_long = gap > self.max_gap;
        let delays = match self.gap_policy {
            GapPolicy::Drop => return Ok(Step::Drop(at)),
            GapPolicy::Delay => true,
            GapPolicy::FillAfterStart => is_long || self.next == 0,
            GapPolicy::Fill => false,
        };
        let seconds = |samples| self.time_base.to_seconds(Timestamp(samples));
        if delays {
            let encoded = self.parameters().time_base;
            let in_encoded = |samples| self.time_base.rescale(Timestamp(samples), encoded).0;
            // No sample before the first one has to last for the gap.
            let is_long = self.next > 0 && in_encoded(gap) > self.limits.max_gap;
            if is_long || in_encoded(at) > self.limits.max_pts {
                return Err(Error::chunk(format!(
                    "A PTS of {pts} leaves a gap of {:.0} s. The format stores gaps of up to {:.0} \
                     s. The chunk was not written.",
                    seconds(gap),
                    encoded.to_seconds(Timestamp(self.limits.max_gap))
                )));
            }
            return Ok(Step::Gap(gap));
        }
        if is_long {
            return Err(Error::chunk(format!(
                "A PTS of {pts} leaves a gap of {:.0} s. Up to {} s are filled with silence. Call \
                 open with a larger fill_gaps, or with fill_gaps=false to omit gaps. The chunk was \
                 not written.",
                seconds(gap),
                seconds(self.max_gap)
            )));
        }
        Ok(Step::Fill(gap))
    }

    /// Prepares for a checked chunk. Returns the number of silent samples that must come before it.
    ///
    /// # Errors
    /// The encoder fails.
    pub(crate) fn schedule(&mut self, plan: AudioPlan) -> Result<i64> {
        let at = match plan.step {
            Step::Follow | Step::Overlap => self.next,
            Step::Fill(gap) | Step::Gap(gap) => self.next + gap,
            Step::Drop(at) => at,
        };
        if plan.beyond_unity > 0 {
            if self.clamped == 0 {
                log::warn!(
                    "{} samples of a chunk at {} s are beyond ±1 and are clamped. Further samples \
                     are clamped without a warning.",
                    plan.beyond_unity,
                    self.time_base.to_seconds(Timestamp(at))
                );
            }
            self.clamped += plan.beyond_unity;
        }
        match plan.step {
            Step::Follow => {}
            Step::Overlap => {
                if !self.has_warned_about_overlap {
                    self.has_warned_about_overlap = true;
                    log::warn!("The provided PTS value is smaller than the next expected value.");
                }
            }
            Step::Fill(gap) => return Ok(gap),
            Step::Gap(gap) => self.delay_by(gap)?,
            Step::Drop(at) => self.next = at,
        }
        Ok(0)
    }

    /// Returns the end of the written samples, in seconds.
    pub(crate) fn end(&self) -> f64 {
        self.time_base.to_seconds(Timestamp(self.next))
    }

    /// Returns the maximum duration that the encoder and its incomplete frame may contain, in
    /// seconds.
    pub(crate) fn max_delay(&self) -> f64 {
        let frame = self.encoder.frame_size().unwrap_or(self.capacity) as u64;
        let rate = self.parameters().audio().map_or(1, |audio| audio.format.sample_rate);
        (self.encoder.max_delay() + frame) as f64 / f64::from(rate)
    }

    /// Delays the following packets by a gap.
    fn delay_by(&mut self, gap: i64) -> Result<()> {
        // Packets of any size end where the gap begins.
        self.flush()?;
        let encoded =
            self.parameters().audio().map_or(self.sample_rate, |audio| audio.format.sample_rate);
        let at_encoded_rate = |samples: i64| {
            let rate = i128::from(self.sample_rate);
            ((i128::from(samples) * i128::from(encoded) + rate / 2) / rate) as i64
        };
        let written = self.next - self.gap_total;
        // Priming before the first sample is delayed too.
        let from = if written == 0 { i64::MIN } else { at_encoded_rate(written) };
        self.gap_total += gap;
        self.next += gap;
        self.gaps.push_back((from, at_encoded_rate(self.gap_total)));
        Ok(())
    }

    /// Adds the delays of the gaps to the packets from `first` on.
    fn delay_packets(&mut self, first: usize) {
        let gaps = &mut self.gaps;
        self.packets.delay(first, |pts| {
            while gaps.get(1).is_some_and(|(from, _)| *from <= pts.0) {
                gaps.pop_front();
            }
            gaps.front().filter(|(from, _)| *from <= pts.0).map_or(0, |(_, later)| *later)
        });
    }

    /// Returns whether a chunk has the type and channels of a checked chunk.
    pub(crate) fn has_format_of(&self, chunk: &TensorView<'_>) -> bool {
        chunk.data_type() == self.input && matches!(chunk.shape(), [_, c] if *c == self.channels)
    }

    /// Copies samples of `chunk` from `row` on: up to the end of a frame, or all of a small chunk.
    /// Returns the next row. There must be no samples [left to encode](Self::has_work).
    pub(crate) fn take(&mut self, chunk: &TensorView<'_>, row: usize) -> usize {
        let left = chunk.shape()[0] - row;
        let rows = match &mut self.conversion {
            Conversion::Direct(converter) => {
                let is_small = left <= SMALL / self.channels;
                let end = if is_small { self.room } else { self.capacity };
                let rows = left.min(end - self.samples.len());
                self.samples.append(rows, |to, room, at| {
                    converter.convert(chunk, row..row + rows, to, room, at);
                });
                rows
            }
            Conversion::Resampled(conversion) => {
                let rows = left.min(conversion.capacity);
                conversion.push(chunk, row..row + rows);
                conversion.is_pushed = true;
                rows
            }
        };
        self.next += rows as i64;
        row + rows
    }

    /// Returns whether copied samples can be encoded.
    pub(crate) fn has_work(&self) -> bool {
        match &self.conversion {
            Conversion::Direct(_) => self.samples.len() >= self.capacity,
            Conversion::Resampled(conversion) => conversion.is_pushed,
        }
    }

    /// Encodes the copied samples if they fill a frame.
    ///
    /// # Errors
    /// The encoder fails.
    pub(crate) fn work(&mut self) -> Result<()> {
        match &mut self.conversion {
            Conversion::Direct(_) if self.samples.len() >= self.capacity => self.encode(),
            Conversion::Direct(_) => Ok(()),
            Conversion::Resampled(conversion) => {
                conversion.is_pushed = false;
                self.take_resampled()
            }
        }
    }

    /// Encodes the output of the resampler. Samples that do not fill a frame remain in it.
    fn take_resampled(&mut self) -> Result<()> {
        loop {
            let Conversion::Resampled(conversion) = &mut self.conversion else { return Ok(()) };
            let Resampled { resampler, after, channels, .. } = conversion.as_mut();
            let ready = resampler.ready();
            let shape = [with_slice!(ready, data => data.len()) / *channels, *channels];
            let samples = shape[0].min(self.capacity - self.samples.len());
            if samples == 0 {
                return Ok(());
            }
            let view = with_slice!(ready, data => TensorView::contiguous(data, &shape))?;
            self.samples.append(samples, |to, room, at| {
                after.convert(&view, 0..samples, to, room, at);
            });
            resampler.consume(samples);
            if self.samples.len() == self.capacity {
                self.encode()?;
            }
        }
    }

    /// Returns a chunk of `samples` silent samples.
    pub(crate) fn silence(&self, samples: usize) -> TensorView<'static> {
        let shape = [samples, self.channels];
        let zero = match self.input {
            DataType::U8 => TensorView::new(&[128u8], 0, &shape, &[0, 0]),
            DataType::U16 => TensorView::new(&[1u16 << 15], 0, &shape, &[0, 0]),
            DataType::I16 => TensorView::new(&[0i16], 0, &shape, &[0, 0]),
            DataType::I32 => TensorView::new(&[0i32], 0, &shape, &[0, 0]),
            DataType::I64 => TensorView::new(&[0i64], 0, &shape, &[0, 0]),
            DataType::F32 => TensorView::new(&[0f32], 0, &shape, &[0, 0]),
            DataType::F64 => TensorView::new(&[0f64], 0, &shape, &[0, 0]),
        };
        zero.expect("a view of one element repeated stays in it")
    }

    /// Encodes one frame from the buffer, or all of it if it has less.
    fn encode(&mut self) -> Result<()> {
        if self.samples.len() == 0 {
            return Ok(());
        }
        let first = self.packets.len();
        let frame = self.samples.take(self.capacity)?;
        self.encoder.encode(&frame, &mut self.packets)?;
        self.delay_packets(first);
        Ok(())
    }

    /// Encodes all buffered samples, if the encoder accepts frames of any size.
    pub(crate) fn flush(&mut self) -> Result<()> {
        while self.encoder.frame_size().is_none() && self.samples.len() > 0 {
            self.encode()?;
        }
        Ok(())
    }

    /// Encodes all remaining samples. Later calls do nothing.
    pub(crate) fn finish(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.is_finished, true) {
            return Ok(());
        }
        self.work()?;
        if let Conversion::Resampled(conversion) = &mut self.conversion {
            conversion.resampler.finish();
            self.take_resampled()?;
        }
        while self.samples.len() > 0 {
            self.encode()?;
        }
        let first = self.packets.len();
        self.encoder.finish(&mut self.packets)?;
        self.delay_packets(first);
        Ok(())
    }
}

fn first(data: TypedSlice<'_>, elements: usize) -> TypedSlice<'_> {
    with_slice!(data, data => Element::slice(&data[..elements]))
}
