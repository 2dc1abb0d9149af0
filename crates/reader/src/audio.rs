//! Decoded audio samples with their positions.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use anyhow::{Context, anyhow, bail};
use audio_codec::g722::G722Decoder;
use reelwright_core::{ChannelLayout, DataType, SampleFormat, TensorView, TimeBase, TypedBuffer};
use symphonia::core::audio::{Channels, GenericAudioBufferRef};
use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_VORBIS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::{CodecRegistry, RegisterableAudioDecoder};
use symphonia::core::units::{Duration, Timestamp};

use crate::aac::Aac;
use crate::channels::{self, Order};
use crate::guard::guarded;
use crate::opus::Opus;
use crate::packet::{Codec, Demuxer, Packet, Track};
use crate::pcm::PcmFormat;
use crate::symphonia_adapter::SymphoniaAdapter;
use crate::vorbis::Vorbis;

/// Tolerance of packet times in seconds before a difference is a gap, if the container's time base
/// is coarser than a sample.
const COARSE: f64 = 0.01;
/// Maximum duration in samples of silence that replaces a damaged packet.
const MAX_SILENCE: u64 = 1 << 17;

/// Decoder of an audio track.
pub struct AudioInput {
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Channel layout of the samples.
    pub layout: ChannelLayout,
    /// Number of audio frames, if the input states it.
    pub samples: Option<u64>,
    /// True if `samples` is exact. Fewer samples mean lost data.
    pub is_exact: bool,
    /// Significant bits of a sample, if the input states them.
    pub bits: Option<u32>,
    /// ISO 639 code of the language, if the input states one.
    pub language: Option<String>,
    name: String,
    source: AudioSource,
    ready: VecDeque<Block>,
    /// Number of elements of the first ready block that were returned.
    taken: usize,
    /// Error to return after the ready samples.
    failure: Option<anyhow::Error>,
    is_damaged: bool,
}

/// Contiguous samples.
struct Block {
    /// Position of the first sample.
    at: i64,
    data: TypedBuffer,
}

enum AudioSource {
    Track(Box<TrackSource>),
    Sine(crate::test_source::Sine),
}

struct TrackSource {
    demuxer: Rc<RefCell<dyn Demuxer>>,
    track: Track,
    decoder: Decoder,
    data_type: DataType,
    /// Position after the last decoded sample, presented or not.
    position: Option<i64>,
    /// True if the next samples do not follow the samples before.
    is_discontinuous: bool,
    has_warned: bool,
    is_at_end: bool,
    stated_end: i64,
}

enum Decoder {
    Pcm(PcmFormat),
    Symphonia(Box<dyn AudioDecoder>, Box<AudioCodecParameters>),
    G722(Box<G722Decoder>),
}

/// Samples of a packet.
struct Decoded {
    data: TypedBuffer,
    rate: u32,
    layout: ChannelLayout,
}

impl AudioInput {
    /// Opens a track that has a decoder.
    ///
    /// # Errors
    /// The codec's configuration is not supported, or no samples can be decoded.
    pub(crate) fn open(
        name: &str,
        demuxer: Rc<RefCell<dyn Demuxer>>,
        track: Track,
    ) -> anyhow::Result<Self> {
        let decoder = Decoder::new(&track)?;
        let mut source = TrackSource {
            demuxer,
            decoder,
            data_type: DataType::F32,
            position: None,
            is_discontinuous: false,
            has_warned: false,
            is_at_end: false,
            stated_end: track
                .audio
                .samples
                .and_then(|samples| i64::try_from(samples).ok())
                .unwrap_or(i64::MAX),
            track,
        };
        // The sample type is known only after decoding.
        let mut is_damaged = false;
        let (first, packet) = loop {
            let packet = source.demuxer.borrow_mut().next(source.track.index)?;
            let Some(packet) = packet else {
                bail!("no samples of its {} audio can be decoded", source.track.codec);
            };
            match source.decoder.decode(&packet, &source.track, None) {
                Ok(Some(decoded)) => break (decoded, packet),
                Ok(None) => {}
                Err(reason) => {
                    is_damaged = true;
                    source.warn(name, &reason);
                }
            }
        };
        source.data_type = first.data.data_type();
        let (rate, layout) = (first.rate, first.layout);
        let track = &source.track;
        let in_samples =
            |units: u64| scale(track.time_base, rate, i64::try_from(units).ok()?).try_into().ok();
        let samples = track.audio.samples.or_else(|| track.duration.and_then(in_samples));
        let is_exact = track.audio.samples.is_some();
        let bits = track.audio.bits;
        let language = track.language.clone();
        let mut input = Self {
            language,
            sample_rate: rate,
            layout,
            samples,
            is_exact,
            bits,
            name: name.to_owned(),
            source: AudioSource::Track(Box::new(source)),
            ready: VecDeque::new(),
            taken: 0,
            failure: None,
            is_damaged,
        };
        input.place(&packet, first);
        Ok(input)
    }

    /// Opens a generated sine.
    pub fn sine(sine: crate::test_source::Sine) -> Self {
        Self {
            sample_rate: sine.sample_rate,
            layout: ChannelLayout::MONO,
            samples: sine.samples,
            is_exact: true,
            bits: None,
            language: None,
            name: "sine".to_owned(),
            source: AudioSource::Sine(sine),
            ready: VecDeque::new(),
            taken: 0,
            failure: None,
            is_damaged: false,
        }
    }

    /// Returns the sample format.
    pub fn sample_format(&self) -> SampleFormat {
        SampleFormat::packed(match &self.source {
            AudioSource::Track(source) => source.data_type,
            AudioSource::Sine(_) => DataType::F32,
        })
    }

    /// Returns true if the input is damaged or truncated, as far as it was read.
    pub fn is_damaged(&self) -> bool {
        let demuxer = match &self.source {
            AudioSource::Track(source) => source.demuxer.borrow().is_damaged(),
            AudioSource::Sine(_) => false,
        };
        self.is_damaged || demuxer
    }

    /// Returns at most `frames` audio frames and the position of the first, or `None` at the end.
    ///
    /// # Errors
    /// Reading or decoding fails.
    pub fn next_chunk(&mut self, frames: usize) -> anyhow::Result<Option<(TensorView<'_>, i64)>> {
        let channels = self.layout.channels();
        let wanted = frames.max(1).saturating_mul(channels);
        // Joins contiguous blocks, so that chunks have the requested size.
        loop {
            let first = self.ready.front().map_or(0, |block| block.data.len() - self.taken);
            if first >= wanted || self.ready.len() > 1 || self.failure.is_some() {
                break;
            }
            match self.decode(wanted - first) {
                Ok(true) => {}
                Ok(false) => break,
                // The samples before the error are returned first.
                Err(error) => self.failure = Some(error),
            }
        }
        while self.ready.front().is_some_and(|block| block.data.len() == self.taken) {
            self.ready.pop_front();
            self.taken = 0;
        }
        let Some(block) = self.ready.front() else {
            return self.failure.take().map_or(Ok(None), Err);
        };
        let range = self.taken..block.data.len().min(self.taken + wanted);
        let at = block.at + (self.taken / channels) as i64;
        self.taken = range.end;
        let shape = [range.len() / channels, channels];
        let view = match &block.data {
            TypedBuffer::U8(data) => TensorView::contiguous(&data[range], &shape)?,
            TypedBuffer::I16(data) => TensorView::contiguous(&data[range], &shape)?,
            TypedBuffer::I32(data) => TensorView::contiguous(&data[range], &shape)?,
            TypedBuffer::I64(data) => TensorView::contiguous(&data[range], &shape)?,
            TypedBuffer::F32(data) => TensorView::contiguous(&data[range], &shape)?,
            TypedBuffer::F64(data) => TensorView::contiguous(&data[range], &shape)?,
        };
        Ok(Some((view, at)))
    }

    /// Decodes a packet. Returns false at the end.
    fn decode(&mut self, wanted: usize) -> anyhow::Result<bool> {
        let channels = self.layout.channels();
        let source = match &mut self.source {
            AudioSource::Sine(sine) => {
                let at = sine.position();
                let mut data = Vec::new();
                sine.append(wanted.min(1 << 16), &mut data);
                if data.is_empty() {
                    return Ok(false);
                }
                self.push(at, TypedBuffer::F32(data));
                return Ok(true);
            }
            AudioSource::Track(source) => source,
        };
        if source.is_at_end {
            return Ok(false);
        }
        let packet = source.demuxer.borrow_mut().next(source.track.index);
        let Some(packet) =
            packet.with_context(|| format!("Failed to read input: {}", self.name))?
        else {
            source.is_at_end = true;
            return Ok(false);
        };
        source.is_discontinuous |= packet.is_discontinuous;
        let format = (source.data_type, self.sample_rate, self.layout);
        match source.decoder.decode(&packet, &source.track, Some(format)) {
            Ok(Some(decoded)) => {
                if (decoded.data.data_type(), decoded.rate, decoded.layout.channels())
                    != (source.data_type, self.sample_rate, channels)
                {
                    bail!(
                        "The format of {} changes: its audio is {} Hz, {} at the start, then {} Hz, \
                         {}. Split the input there.",
                        self.name,
                        self.sample_rate,
                        self.layout,
                        decoded.rate,
                        decoded.layout
                    );
                }
                self.place(&packet, decoded);
            }
            Ok(None) => {}
            Err(reason) => {
                self.is_damaged = true;
                source.warn(&self.name, &reason);
                let duration = i64::try_from(packet.duration).unwrap_or(0);
                let length = scale(source.track.time_base, self.sample_rate, duration);
                let length = length.unsigned_abs().min(MAX_SILENCE) as usize;
                let data = silence(source.data_type, length * channels);
                let (rate, layout) = (self.sample_rate, self.layout);
                self.place(&packet, Decoded { data, rate, layout });
            }
        }
        Ok(true)
    }

    /// Appends the presented samples of a packet at their position.
    fn place(&mut self, packet: &Packet, mut decoded: Decoded) {
        let channels = self.layout.channels();
        let AudioSource::Track(source) = &mut self.source else { return };
        let (front, back) = (packet.trim.0 as usize * channels, packet.trim.1 as usize * channels);
        let length = decoded.data.len();
        cut(
            &mut decoded.data,
            front.min(length)..length.saturating_sub(back).max(front.min(length)),
        );
        let count = (decoded.data.len() / channels) as i64;
        let time_base = source.track.time_base;
        let delay = i64::try_from(source.track.audio.delay).unwrap_or(0);
        let stated = scale(time_base, self.sample_rate, packet.pts).saturating_sub(delay);
        let unit = time_base.seconds();
        let is_exact = unit.num() == 1 && i64::from(self.sample_rate) % unit.den().max(1) == 0;
        let tolerance = match source.track.audio.rounding {
            None if is_exact => 1,
            rounding => {
                // Two programs may have rounded the times.
                let unit = 2.0 * rounding.unwrap_or(0) as f64 / 1e9;
                (unit.max(COARSE) * f64::from(self.sample_rate)) as i64 + 1
            }
        };
        let at = match source.position {
            Some(position) if !std::mem::take(&mut source.is_discontinuous) => {
                // Overlapping samples are appended: nothing is lost.
                let is_gap = stated.saturating_sub(position) > tolerance;
                self.is_damaged |= is_gap && source.track.audio.is_gapless;
                if is_gap { stated } else { position }
            }
            // The first samples may not be decodable.
            None => {
                self.is_damaged |= stated > tolerance && source.track.audio.is_gapless;
                stated
            }
            Some(_) => stated,
        };
        source.position = Some(at.saturating_add(count));
        let in_samples = |at: i64| match at {
            i64::MIN | i64::MAX => at,
            at => scale(time_base, self.sample_rate, at),
        };
        let shown = in_samples(packet.window.start).max(0)
            ..in_samples(packet.window.end).min(source.stated_end);
        let from = shown.start.saturating_sub(at).clamp(0, count);
        let to = (shown.end.saturating_sub(at)).clamp(from, count);
        cut(&mut decoded.data, from as usize * channels..to as usize * channels);
        if !decoded.data.is_empty() {
            self.push(at + from, decoded.data);
        }
    }

    fn push(&mut self, at: i64, data: TypedBuffer) {
        let channels = self.layout.channels();
        if let Some(last) = self.ready.back_mut()
            && last.at + (last.data.len() / channels) as i64 == at
        {
            if self.ready.len() == 1 && self.taken > 0 {
                let last = &mut self.ready[0];
                let length = last.data.len();
                cut(&mut last.data, self.taken..length);
                last.at += (self.taken / channels) as i64;
                self.taken = 0;
            }
            if let Some(last) = self.ready.back_mut() {
                extend(&mut last.data, data);
            }
            return;
        }
        self.ready.push_back(Block { at, data });
    }
}

impl TrackSource {
    fn warn(&mut self, name: &str, reason: &str) {
        if !std::mem::replace(&mut self.has_warned, true) {
            log::warn!("{name} is damaged: {reason}. Silence replaces lost samples.");
        }
    }
}

/// Converts a time in a track's time base to samples, rounded to the nearest.
fn scale(time_base: TimeBase, rate: u32, at: i64) -> i64 {
    let unit = time_base.seconds();
    let scaled = i128::from(at) * i128::from(unit.num()) * i128::from(rate);
    let den = i128::from(unit.den());
    i64::try_from((scaled + den / 2).div_euclid(den)).unwrap_or(i64::MAX)
}

impl Decoder {
    fn new(track: &Track) -> anyhow::Result<Self> {
        Ok(match track.decoder.as_ref() {
            Some(Codec::Pcm(format)) => Self::Pcm(*format),
            Some(Codec::G722) => Self::G722(Box::default()),
            Some(Codec::Symphonia(parameters)) => {
                Self::Symphonia(symphonia_decoder(parameters, &track.codec)?, parameters.clone())
            }
            _ => bail!("{} audio is not supported", track.codec),
        })
    }

    /// Decodes a packet. Returns `None` if it has no samples. `format` is the type of earlier
    /// samples.
    fn decode(
        &mut self,
        packet: &Packet,
        track: &Track,
        format: Option<(DataType, u32, ChannelLayout)>,
    ) -> Result<Option<Decoded>, String> {
        let layout = |count: usize| match track.audio.layout.filter(|l| l.channels() == count) {
            Some(layout) => Ok(layout),
            None => ChannelLayout::default_for(count).map_err(|error| error.to_string()),
        };
        let rate = track.audio.sample_rate.unwrap_or(48_000);
        match self {
            Self::Pcm(pcm) => {
                let layout = layout(track.audio.layout.map_or(1, ChannelLayout::channels))?;
                let mut data = TypedBuffer::zeroed(pcm.data_type(), 0);
                let frame = pcm.bytes() * layout.channels();
                pcm.append(&packet.data[..packet.data.len() / frame * frame], &mut data);
                if let Some(order) = track.audio.order {
                    reorder(&mut data, layout.channels(), order);
                }
                Ok((!data.is_empty()).then_some(Decoded { data, rate, layout }))
            }
            Self::G722(decoder) => {
                if packet.is_discontinuous {
                    **decoder = G722Decoder::new();
                }
                let data = TypedBuffer::I16(decoder.decode_frame(&packet.data));
                Ok(Some(Decoded { data, rate: 16_000, layout: ChannelLayout::MONO }))
            }
            Self::Symphonia(decoder, parameters) => {
                if packet.is_discontinuous {
                    // A new stream may have another configuration.
                    match packet.config.as_deref() {
                        Some(Codec::Symphonia(now)) if now.extra_data != parameters.extra_data => {
                            *decoder = symphonia_decoder(now, &track.codec)
                                .map_err(|error| format!("{error:#}"))?;
                            parameters.clone_from(now);
                        }
                        _ => decoder.reset(),
                    }
                }
                let at = Timestamp::new(packet.pts);
                let duration = Duration::new(packet.duration);
                let coded = symphonia::core::packet::Packet::new(0, at, duration, &packet.data[..]);
                let decoded = guarded(|| {
                    decoder.decode(&coded).map(|samples| {
                        let bits = track.audio.bits;
                        let kind =
                            format.map_or_else(|| data_type(&samples, bits), |format| format.0);
                        let mut data = TypedBuffer::zeroed(kind, 0);
                        append(&samples, &mut data);
                        let kind = data_type(&samples, bits);
                        (data, kind, samples.spec().rate(), samples.spec().channels().clone())
                    })
                });
                match decoded {
                    Ok(Ok((mut data, kind, rate, coded))) => {
                        if data.is_empty() {
                            return Ok(None);
                        }
                        if kind != data.data_type() {
                            return Err("the sample type changes".to_owned());
                        }
                        // The container's channel layout takes precedence over the decoder's.
                        let count = coded.count();
                        let stated = track.audio.layout.filter(|l| l.channels() == count);
                        let layout = match stated.or_else(|| channels::decoder_layout(&coded)) {
                            Some(layout) => layout,
                            None => layout(count)?,
                        };
                        if parameters.codec == CODEC_ID_ALAC
                            && let Some(own) = channels::alac_decoder_layout(count)
                            && let Some(order) = channels::order_in(own, layout)
                        {
                            reorder(&mut data, count, order);
                        }
                        Ok(Some(Decoded { data, rate, layout }))
                    }
                    Ok(Err(error)) => {
                        decoder.reset();
                        Err(error.to_string())
                    }
                    Err(_) => {
                        // The decoder's state is invalid after a panic.
                        *decoder = symphonia_decoder(parameters, &track.codec)
                            .map_err(|error| format!("{error:#}"))?;
                        Err(format!("{} could not be decoded", track.codec))
                    }
                }
            }
        }
    }
}

fn symphonia_decoder(
    parameters: &AudioCodecParameters,
    codec: &str,
) -> anyhow::Result<Box<dyn AudioDecoder>> {
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    codecs.register_audio_decoder::<SymphoniaAdapter<Opus>>();
    let options = AudioDecoderOptions::default();
    let count = parameters.channels.as_ref().map_or(0, Channels::count);
    let made = guarded(|| {
        if parameters.codec == CODEC_ID_VORBIS && count > 2 {
            return SymphoniaAdapter::<Vorbis>::try_registry_new(parameters, &options);
        }
        let decoder = codecs.make_audio_decoder(parameters, &options);
        match decoder {
            Err(_) if parameters.codec == CODEC_ID_AAC => {
                SymphoniaAdapter::<Aac>::try_registry_new(parameters, &options)
            }
            decoder => decoder,
        }
    });
    match made {
        Ok(Ok(decoder)) => Ok(decoder),
        Ok(Err(error)) => Err(anyhow!("this kind of {codec} audio is not supported: {error}")),
        Err(_) => Err(anyhow!("the configuration of its {codec} audio is damaged")),
    }
}

/// Returns the smallest type for all samples of a decoder with `bits` significant bits.
fn data_type(decoded: &GenericAudioBufferRef<'_>, bits: Option<u32>) -> DataType {
    use GenericAudioBufferRef as B;
    let bits = match decoded {
        B::U8(_) => return DataType::U8,
        B::F32(_) => return DataType::F32,
        B::F64(_) => return DataType::F64,
        B::S8(_) => 8,
        B::S16(_) | B::U16(_) => 16,
        B::S24(_) | B::U24(_) => bits.unwrap_or(24),
        B::S32(_) | B::U32(_) => bits.unwrap_or(32),
    };
    if bits <= 16 { DataType::I16 } else { DataType::I32 }
}

/// Appends a decoder's samples, converted to the type of the buffer.
fn append(decoded: &GenericAudioBufferRef<'_>, to: &mut TypedBuffer) {
    macro_rules! append {
        ($to:expr, $zero:expr) => {{
            let start = $to.len();
            $to.resize(start + decoded.samples_interleaved(), $zero);
            decoded.copy_to_slice_interleaved(&mut $to[start..]);
        }};
    }
    match to {
        TypedBuffer::U8(to) => append!(to, 0),
        TypedBuffer::I16(to) => append!(to, 0),
        TypedBuffer::I32(to) => append!(to, 0),
        TypedBuffer::F32(to) => append!(to, 0.0),
        TypedBuffer::F64(to) => append!(to, 0.0),
        // No decoder returns this type.
        TypedBuffer::I64(_) => {}
    }
}

/// Returns `length` elements of silence.
fn silence(data_type: DataType, length: usize) -> TypedBuffer {
    match data_type {
        DataType::U8 => TypedBuffer::U8(vec![128; length]),
        other => TypedBuffer::zeroed(other, length),
    }
}

/// Calls a generic function with the vector of a buffer.
macro_rules! with_vec {
    ($buffer:expr, $data:ident => $body:expr) => {
        match $buffer {
            TypedBuffer::U8($data) => $body,
            TypedBuffer::I16($data) => $body,
            TypedBuffer::I32($data) => $body,
            TypedBuffer::I64($data) => $body,
            TypedBuffer::F32($data) => $body,
            TypedBuffer::F64($data) => $body,
        }
    };
}

/// Reorders the channels of interleaved samples.
fn reorder(buffer: &mut TypedBuffer, channels: usize, order: Order) {
    with_vec!(buffer, data => {
        for frame in data.chunks_exact_mut(channels) {
            let mut coded = [frame[0]; 8];
            coded[..channels].copy_from_slice(frame);
            for (sample, to) in coded.iter().zip(&order[..channels]) {
                frame[usize::from(*to)] = *sample;
            }
        }
    });
}

/// Keeps only a range of a buffer's elements.
fn cut(buffer: &mut TypedBuffer, kept: Range<usize>) {
    with_vec!(buffer, data => {
        data.truncate(kept.end);
        if kept.start > 0 {
            drop(data.drain(..kept.start));
        }
    });
}

/// Appends a buffer of the same type.
fn extend(to: &mut TypedBuffer, from: TypedBuffer) {
    match (to, from) {
        (TypedBuffer::U8(to), TypedBuffer::U8(from)) => to.extend(from),
        (TypedBuffer::I16(to), TypedBuffer::I16(from)) => to.extend(from),
        (TypedBuffer::I32(to), TypedBuffer::I32(from)) => to.extend(from),
        (TypedBuffer::I64(to), TypedBuffer::I64(from)) => to.extend(from),
        (TypedBuffer::F32(to), TypedBuffer::F32(from)) => to.extend(from),
        (TypedBuffer::F64(to), TypedBuffer::F64(from)) => to.extend(from),
        _ => {}
    }
}
