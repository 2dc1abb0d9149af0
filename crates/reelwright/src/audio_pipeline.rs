//! The way of an audio chunk to packets: checked, converted, cut into frames, encoded.

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

/// Samples in a frame where the encoder takes any number. The frames never follow the user's
/// chunks, so that packets do not either.
const FRAME_SIZE: usize = 1024;
/// The most elements such a frame has, however many channels there are.
const MAX_FRAME_ELEMENTS: usize = 1 << 17;
/// Samples of each channel that are resampled at a time, at most: before or after, where there are
/// more.
const RESAMPLED_BLOCK: usize = 1024;
/// The most elements that one sample of every channel may become at another rate.
const MAX_RESAMPLED_ELEMENTS: u64 = 1 << 24;
/// Elements of a chunk that is taken as a whole, so that it need not be borrowed again.
const SMALL: usize = 4096;
/// Elements that are searched for outliers at a time.
const CHECKED_ELEMENTS: usize = 1 << 22;

/// One audio stream at work.
pub(crate) struct AudioPipeline {
    input: DataType,
    channels: usize,
    /// Of the chunks.
    time_base: TimeBase,
    sample_rate: u32,
    way: Way,
    encoder: Box<dyn AudioEncoder>,
    /// Whether samples that are not a number, or beyond ±1, have no meaning in what is encoded.
    is_bounded: bool,
    samples: SampleBuffer,
    /// Samples per channel of a frame.
    capacity: usize,
    /// Samples per channel that the buffer has room for: a frame, and the rest of a small chunk.
    room: usize,
    /// When the next sample written is heard, in samples of the chunks.
    next: i64,
    /// How much of that are pauses.
    paused: i64,
    gaps: Gaps,
    /// The longest gap that is filled, in samples of the chunks.
    longest_gap: i64,
    limits: TimeLimits,
    is_finished: bool,
    /// The pauses that packets do not know of yet: from which of the samples that were written
    /// they are later, and by how many; both are encoded ones. The first one is in force.
    pauses: VecDeque<(i64, i64)>,
    has_warned_of_overlap: bool,
    /// How many samples beyond ±1 were clamped.
    pub(crate) clamped: u64,
    pub(crate) packets: PacketQueue,
}

/// What becomes of a gap that pts leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gaps {
    /// Silence.
    Filled,
    /// Silence; where nothing was heard before, or that would be very long, packets are later.
    FilledAfterTheStart,
    /// Packets are later.
    Pauses,
    /// It is lost.
    LeftOut,
}

/// What a chunk that was checked needs before its samples are taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AudioPlan {
    step: Step,
    beyond_unity: u64,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// It follows the last chunk.
    Follow,
    /// It follows the last chunk, though its pts is earlier.
    Overlap,
    /// So many samples of silence come first.
    Fill(i64),
    /// So many samples pass without any packet.
    Pause(i64),
    /// The gap up to this sample is left out.
    LeaveOut(i64),
}

/// How a chunk's samples become a frame's.
enum Way {
    /// In one step.
    Straight(AudioConverter),
    /// To another rate.
    Resampled(Box<Resampled>),
}

/// A chunk's samples on their way to another rate. Where channels are dropped that is done first,
/// and where they are added last.
struct Resampled {
    before: AudioConverter,
    block: TypedBuffer,
    /// Samples of each channel that the block holds.
    capacity: usize,
    channels: usize,
    resampler: Resampler,
    after: AudioConverter,
    /// Whether there is something new in the resampler.
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
                 become more than {MAX_RESAMPLED_ELEMENTS}."
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

    /// Takes rows of a chunk, at most [`capacity`](Self::capacity).
    fn push(&mut self, chunk: &TensorView<'_>, rows: Range<usize>) {
        let elements = rows.len() * self.channels;
        self.before.convert(chunk, rows, &mut self.block, self.capacity, 0);
        self.resampler.push(first(self.block.as_slice(), elements));
    }
}

impl AudioPipeline {
    pub(crate) fn new(stream: ResolvedAudio) -> Result<Self> {
        let way = if stream.sample_rate == stream.request.format.sample_rate {
            Way::Straight(AudioConverter::with_normalization(
                stream.input,
                stream.layout,
                stream.request.format.sample_format,
                stream.request.format.layout,
                stream.normalizes(),
            )?)
        } else {
            Way::Resampled(Box::new(Resampled::new(&stream)?))
        };
        let ResolvedAudio { info, request, mut options, input, sample_rate, layout, bits, .. } =
            stream;
        let encoder = info.open(&request, &mut options)?;
        options.finish(crate::audio_encoder_options(&info))?;

        let out_channels = request.format.layout.channels();
        let frame_size = encoder.frame_size();
        let capacity =
            frame_size.unwrap_or_else(|| (MAX_FRAME_ELEMENTS / out_channels).clamp(1, FRAME_SIZE));
        let room = match &way {
            Way::Straight(_) => capacity + SMALL / layout.channels(),
            Way::Resampled(_) => capacity,
        };
        let data_type = request.format.sample_format.data_type();

        let kept = encoder.parameters().audio().map_or(0, |audio| audio.bits_per_sample);
        if info.encoder.codec.is_lossless() && kept < bits {
            log::warn!(
                "{} keeps {kept} of {bits} bits of a sample. To keep more pass another encoder, or \
                 bits_per_raw_sample to one that has the option.",
                info.encoder.name
            );
        }
        Ok(Self {
            input,
            channels: layout.channels(),
            time_base: TimeBase::from_sample_rate(sample_rate)?,
            sample_rate,
            way,
            encoder,
            is_bounded: !input.is_integer()
                && (data_type.is_integer() || !info.encoder.codec.is_lossless()),
            samples: SampleBuffer::new(request.format, room),
            capacity,
            room,
            next: 0,
            paused: 0,
            gaps: Gaps::Filled,
            longest_gap: i64::MAX,
            limits: TimeLimits::NONE,
            is_finished: false,
            pauses: VecDeque::new(),
            has_warned_of_overlap: false,
            clamped: 0,
            packets: PacketQueue::new(),
        })
    }

    pub(crate) fn parameters(&self) -> &StreamParameters {
        self.encoder.parameters()
    }

    /// Sets the longest gap that is filled, in seconds, if any is, and whether the format can have
    /// pauses.
    pub(crate) fn set_gaps(&mut self, longest: Option<f64>, has_pauses: bool) {
        self.gaps = match (longest.is_some(), has_pauses) {
            (true, false) => Gaps::Filled,
            (true, true) => Gaps::FilledAfterTheStart,
            (false, true) => Gaps::Pauses,
            (false, false) => Gaps::LeftOut,
        };
        self.longest_gap = longest
            .map_or(i64::MAX, |seconds| (seconds * f64::from(self.sample_rate)).round() as i64);
    }

    /// Sets the times that the container can store.
    pub(crate) fn set_limits(&mut self, limits: TimeLimits) {
        self.limits = limits;
    }

    /// Refuses a chunk that does not fit. Nothing is changed by it.
    ///
    /// # Errors
    /// The chunk does not fit the stream, or there was an interrupt.
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
                 chunk; nothing of the chunk was written.",
                self.parameters().codec
            )));
        }
        Ok(AudioPlan { step: self.step(pts)?, beyond_unity: outliers.beyond_unity })
    }

    /// Searches a chunk for samples that cannot be encoded as they are, with pauses for interrupts.
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

    /// What `pts` asks for.
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
        let is_long = gap > self.longest_gap;
        let pauses = match self.gaps {
            Gaps::LeftOut => return Ok(Step::LeaveOut(at)),
            Gaps::Pauses => true,
            Gaps::FilledAfterTheStart => is_long || self.next == 0,
            Gaps::Filled => false,
        };
        let seconds = |samples| self.time_base.to_seconds(Timestamp(samples));
        if pauses {
            let encoded = self.parameters().time_base;
            let in_encoded = |samples| self.time_base.rescale(Timestamp(samples), encoded).0;
            // Before the first sample there is none that would have to last for the gap.
            let is_long = self.next > 0 && in_encoded(gap) > self.limits.max_gap;
            if is_long || in_encoded(at) > self.limits.max_pts {
                return Err(Error::chunk(format!(
                    "A PTS of {pts} leaves a gap of {:.0} s. The format stores gaps of up to {:.0} \
                     s. Nothing of the chunk was written.",
                    seconds(gap),
                    encoded.to_seconds(Timestamp(self.limits.max_gap))
                )));
            }
            return Ok(Step::Pause(gap));
        }
        if is_long {
            return Err(Error::chunk(format!(
                "A PTS of {pts} leaves a gap of {:.0} s. Up to {} s are filled with silence. Pass \
                 fill_gaps to open: more seconds, or fill_gaps=false to leave gaps out. Nothing of \
                 the chunk was written.",
                seconds(gap),
                seconds(self.longest_gap)
            )));
        }
        Ok(Step::Fill(gap))
    }

    /// Prepares for the chunk that was checked; returns how many samples of silence must come
    /// before it.
    ///
    /// # Errors
    /// The encoder's.
    pub(crate) fn schedule(&mut self, plan: AudioPlan) -> Result<i64> {
        let at = match plan.step {
            Step::Follow | Step::Overlap => self.next,
            Step::Fill(gap) | Step::Pause(gap) => self.next + gap,
            Step::LeaveOut(at) => at,
        };
        if plan.beyond_unity > 0 {
            if self.clamped == 0 {
                log::warn!(
                    "{} samples of a chunk at {} s are beyond ±1, and are clamped. More are not \
                     warned of.",
                    plan.beyond_unity,
                    self.time_base.to_seconds(Timestamp(at))
                );
            }
            self.clamped += plan.beyond_unity;
        }
        match plan.step {
            Step::Follow => {}
            Step::Overlap => {
                if !self.has_warned_of_overlap {
                    self.has_warned_of_overlap = true;
                    log::warn!("The provided PTS value is smaller than the next expected value.");
                }
            }
            Step::Fill(gap) => return Ok(gap),
            Step::Pause(gap) => self.pause(gap)?,
            Step::LeaveOut(at) => self.next = at,
        }
        Ok(0)
    }

    /// Returns the end of what was written, in seconds.
    pub(crate) fn end(&self) -> f64 {
        self.time_base.to_seconds(Timestamp(self.next))
    }

    /// Seconds of audio that the encoder may hold, and its frame that is not full.
    pub(crate) fn max_delay(&self) -> f64 {
        let frame = self.encoder.frame_size().unwrap_or(self.capacity) as u64;
        let rate = self.parameters().audio().map_or(1, |audio| audio.format.sample_rate);
        (self.encoder.max_delay() + frame) as f64 / f64::from(rate)
    }

    /// Makes the packets of what follows later by a gap.
    fn pause(&mut self, gap: i64) -> Result<()> {
        // Packets of any size end where the pause begins.
        self.flush()?;
        let encoded =
            self.parameters().audio().map_or(self.sample_rate, |audio| audio.format.sample_rate);
        let at_encoded_rate = |samples: i64| {
            let rate = i128::from(self.sample_rate);
            ((i128::from(samples) * i128::from(encoded) + rate / 2) / rate) as i64
        };
        let written = self.next - self.paused;
        // What comes before the first sample, for the sake of the encoder, goes with it.
        let from = if written == 0 { i64::MIN } else { at_encoded_rate(written) };
        self.paused += gap;
        self.next += gap;
        self.pauses.push_back((from, at_encoded_rate(self.paused)));
        Ok(())
    }

    /// Tells the packets from `first` on of the pauses before them.
    fn delay_packets(&mut self, first: usize) {
        let pauses = &mut self.pauses;
        self.packets.delay(first, |pts| {
            while pauses.get(1).is_some_and(|(from, _)| *from <= pts.0) {
                pauses.pop_front();
            }
            pauses.front().filter(|(from, _)| *from <= pts.0).map_or(0, |(_, later)| *later)
        });
    }

    /// Whether a chunk has the type and channels of those that are checked.
    pub(crate) fn is_alike(&self, chunk: &TensorView<'_>) -> bool {
        chunk.data_type() == self.input && matches!(chunk.shape(), [_, c] if *c == self.channels)
    }

    /// Takes samples of `chunk` from `row` on, up to the end of a frame, or all of a small chunk;
    /// returns the row to go on from. Nothing must be [left to encode](Self::has_work).
    pub(crate) fn take(&mut self, chunk: &TensorView<'_>, row: usize) -> usize {
        let left = chunk.shape()[0] - row;
        let rows = match &mut self.way {
            Way::Straight(converter) => {
                let is_small = left <= SMALL / self.channels;
                let end = if is_small { self.room } else { self.capacity };
                let rows = left.min(end - self.samples.len());
                self.samples.append(rows, |to, room, at| {
                    converter.convert(chunk, row..row + rows, to, room, at);
                });
                rows
            }
            Way::Resampled(way) => {
                let rows = left.min(way.capacity);
                way.push(chunk, row..row + rows);
                way.is_pushed = true;
                rows
            }
        };
        self.next += rows as i64;
        row + rows
    }

    /// Whether samples that were taken can be encoded.
    pub(crate) fn has_work(&self) -> bool {
        match &self.way {
            Way::Straight(_) => self.samples.len() >= self.capacity,
            Way::Resampled(way) => way.is_pushed,
        }
    }

    /// Encodes the samples that were taken, as far as they fill a frame.
    ///
    /// # Errors
    /// The encoder's.
    pub(crate) fn work(&mut self) -> Result<()> {
        match &mut self.way {
            Way::Straight(_) if self.samples.len() >= self.capacity => self.encode(),
            Way::Straight(_) => Ok(()),
            Way::Resampled(way) => {
                way.is_pushed = false;
                self.take_resampled()
            }
        }
    }

    /// Encodes what the resampler has ready; what does not fill a frame stays in it.
    fn take_resampled(&mut self) -> Result<()> {
        loop {
            let Way::Resampled(way) = &mut self.way else { return Ok(()) };
            let Resampled { resampler, after, channels, .. } = way.as_mut();
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

    /// Silence in the type of the chunks, of `samples` samples.
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

    /// Encodes a frame of what the buffer holds, or all of it if that is less.
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

    /// Encodes what has come so far, if the encoder takes frames of any size.
    pub(crate) fn flush(&mut self) -> Result<()> {
        while self.encoder.frame_size().is_none() && self.samples.len() > 0 {
            self.encode()?;
        }
        Ok(())
    }

    /// Encodes everything there is, the first time.
    pub(crate) fn finish(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.is_finished, true) {
            return Ok(());
        }
        self.work()?;
        if let Way::Resampled(way) = &mut self.way {
            way.resampler.finish();
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
