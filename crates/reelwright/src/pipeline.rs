//! The way of an audio chunk to packets: checked, converted, cut into frames, encoded.

use reelwright_convert::{AudioConverter, first_nan};
use reelwright_core::{
    AudioEncoder, AudioFrame, DataType, Element, Error, PacketQueue, Result, StreamParameters,
    TensorView, TimeBase, Timestamp, TypedBuffer, TypedSlice, with_slice,
};

use crate::audio_stream::ResolvedAudio;

/// Samples in a frame where the encoder takes any number. The frames never follow the user's
/// chunks, so that packets do not either.
const FRAME_SIZE: usize = 1024;
/// The most elements such a frame has, however many channels there are.
const MAX_FRAME_ELEMENTS: usize = 1 << 17;
/// The longest gap that is filled with silence, in seconds.
const MAX_GAP_SECONDS: i64 = 24 * 60 * 60;

/// One audio stream at work.
pub(crate) struct AudioPipeline {
    input: DataType,
    channels: usize,
    time_base: TimeBase,
    sample_rate: u32,
    converter: AudioConverter,
    encoder: Box<dyn AudioEncoder>,
    is_planar: bool,
    out_channels: usize,
    /// Whether NaN has no meaning in what is encoded.
    refuses_nan: bool,
    frame: TypedBuffer,
    /// Samples per channel that the frame can hold and that it holds.
    capacity: usize,
    filled: usize,
    /// When the frame's first sample is heard, in encoded samples.
    frame_start: i64,
    /// When the next sample written is heard, in samples.
    next: i64,
    fills_gaps: bool,
    has_warned_of_overlap: bool,
    pub(crate) packets: PacketQueue,
}

impl AudioPipeline {
    pub(crate) fn new(stream: ResolvedAudio) -> Result<Self> {
        let ResolvedAudio { info, request, mut options, input, layout, bits } = stream;
        let converter = AudioConverter::new(input, layout, request.sample_format, request.layout)?;
        let encoder = (info.open)(&request, &mut options)?;
        options.finish(info.encoder.options)?;

        let out_channels = request.layout.channels();
        let frame_size = encoder.frame_size();
        let capacity =
            frame_size.unwrap_or_else(|| (MAX_FRAME_ELEMENTS / out_channels).clamp(1, FRAME_SIZE));
        let data_type = request.sample_format.data_type();

        let kept = encoder.parameters().audio().map_or(0, |audio| audio.bits_per_sample);
        if kept < bits {
            log::warn!(
                "{} keeps {kept} of {bits} bits of a sample. To keep more pass another encoder, or \
                 bits_per_raw_sample to one that has the option.",
                info.encoder.name
            );
        }
        Ok(Self {
            input,
            channels: layout.channels(),
            time_base: TimeBase::of_sample_rate(request.sample_rate)?,
            sample_rate: request.sample_rate,
            converter,
            encoder,
            is_planar: request.sample_format.is_planar(),
            out_channels,
            refuses_nan: !input.is_integer() && data_type.is_integer(),
            frame: TypedBuffer::zeroed(data_type, capacity * out_channels),
            capacity,
            filled: 0,
            frame_start: 0,
            next: 0,
            fills_gaps: true,
            has_warned_of_overlap: false,
            packets: PacketQueue::new(),
        })
    }

    pub(crate) fn parameters(&self) -> &StreamParameters {
        self.encoder.parameters()
    }

    pub(crate) fn set_fills_gaps(&mut self, fills_gaps: bool) {
        self.fills_gaps = fills_gaps;
    }

    /// Refuses a chunk that does not fit, before anything of it is written; returns how many
    /// samples of silence must come before it.
    pub(crate) fn check(&mut self, chunk: &TensorView<'_>, pts: Option<f64>) -> Result<i64> {
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
        if self.refuses_nan
            && let Some((frame, channel)) = first_nan(chunk)
        {
            return Err(Error::chunk(format!(
                "NaN cannot be encoded as {}. Found at frame {frame}, channel {channel} of the \
                 chunk; nothing of the chunk was written.",
                self.parameters().codec
            )));
        }
        let Some(pts) = pts else { return Ok(0) };
        let Timestamp(at) = self.time_base.at(pts)?;
        let gap = at - self.next;
        if gap < 0 {
            if !self.has_warned_of_overlap {
                self.has_warned_of_overlap = true;
                log::warn!("The provided PTS value is smaller than the next expected value.");
            }
            return Ok(0);
        }
        if !self.fills_gaps {
            self.next = at;
            return Ok(0);
        }
        if gap > MAX_GAP_SECONDS * i64::from(self.sample_rate) {
            return Err(Error::chunk(format!(
                "A PTS of {pts} leaves a gap of {:.0} s. Up to {MAX_GAP_SECONDS} s are filled with \
                 silence; pass fill_gaps=false to open to leave gaps out.",
                self.time_base.seconds_of(Timestamp(gap))
            )));
        }
        Ok(gap)
    }

    /// Takes the samples of `chunk` from `row` on, until a frame is full or the chunk ends;
    /// returns the row to go on from.
    pub(crate) fn write(&mut self, chunk: &TensorView<'_>, row: usize) -> Result<usize> {
        let rows = (self.capacity - self.filled).min(chunk.shape()[0] - row);
        let range = row..row + rows;
        self.converter.convert(chunk, range, &mut self.frame, self.capacity, self.filled);
        self.filled += rows;
        self.next += rows as i64;
        if self.filled == self.capacity {
            self.encode()?;
        }
        Ok(row + rows)
    }

    /// Silence in the type of the chunks, of `samples` samples.
    pub(crate) fn silence(&self, samples: usize) -> TensorView<'static> {
        let shape = [samples, self.channels];
        let zero = match self.input {
            DataType::U8 => TensorView::new(&[128u8], 0, &shape, &[0, 0]),
            DataType::I16 => TensorView::new(&[0i16], 0, &shape, &[0, 0]),
            DataType::I32 => TensorView::new(&[0i32], 0, &shape, &[0, 0]),
            DataType::I64 => TensorView::new(&[0i64], 0, &shape, &[0, 0]),
            DataType::F32 => TensorView::new(&[0f32], 0, &shape, &[0, 0]),
            DataType::F64 => TensorView::new(&[0f64], 0, &shape, &[0, 0]),
        };
        zero.expect("a view of one element repeated stays in it")
    }

    /// Encodes what is in the frame.
    fn encode(&mut self) -> Result<()> {
        if self.filled == 0 {
            return Ok(());
        }
        let pts = Timestamp(self.frame_start);
        let frame = if self.is_planar {
            let data = self.frame.as_slice();
            AudioFrame::planar(data, self.out_channels, self.filled, self.capacity, pts)
        } else {
            let elements = self.filled * self.out_channels;
            AudioFrame::packed(first(self.frame.as_slice(), elements), self.out_channels, pts)
        };
        self.frame_start += self.filled as i64;
        self.filled = 0;
        self.encoder.encode(&frame, &mut self.packets)
    }

    /// Encodes what has come so far, if the encoder takes frames of any size.
    pub(crate) fn flush(&mut self) -> Result<()> {
        if self.encoder.frame_size().is_none() { self.encode() } else { Ok(()) }
    }

    /// Encodes everything there is.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.encode()?;
        self.encoder.finish(&mut self.packets)
    }
}

fn first(data: TypedSlice<'_>, elements: usize) -> TypedSlice<'_> {
    with_slice!(data, data => Element::slice(&data[..elements]))
}
