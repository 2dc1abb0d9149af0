//! Inputs: media files that symphonia reads, and headerless samples.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, anyhow, bail};
use reelwright::{ChannelLayout, DataType, Picture, SampleFormat, TensorView, TypedBuffer};
use symphonia::core::audio::{Channels, GenericAudioBufferRef};
use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_OPUS};
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::{CodecRegistry, RegisterableAudioDecoder};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadOnlySource};
use symphonia::core::meta::MetadataOptions;

use crate::aac::Aac;
use crate::edit_list;
use crate::opus::Opus;
use crate::patient::PatientReader;
use crate::raw::{RawFormat, read_full};
use crate::tags;
use crate::video::Sine;

/// Headerless samples are read in pieces of about this many bytes.
const RAW_PIECE: usize = 1 << 20;

/// One input: a stream of interleaved samples.
pub(crate) struct Input {
    pub(crate) sample_rate: u32,
    pub(crate) layout: ChannelLayout,
    /// In samples of each channel, where the input says so.
    pub(crate) duration: Option<u64>,
    pub(crate) metadata: Vec<(String, String)>,
    pub(crate) cover: Option<Picture>,
    /// The bits of a sample that carry sound, where the input says so.
    pub(crate) bits: Option<u32>,
    source: Source,
    /// Samples that were read, and the index of the first that was not handed out.
    samples: TypedBuffer,
    start: usize,
    ended: bool,
}

enum Source {
    Media(Media),
    Raw { format: RawFormat, reader: Box<dyn Read>, bytes: Vec<u8> },
    Sine(Sine),
}

struct Media {
    name: String,
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    /// Of integer samples, where the file says so: decoders may hand them out in wider ones.
    bits: Option<u32>,
    sample_rate: u32,
    /// Samples of each channel that are still to be left out, and to be handed out after them.
    skip: u64,
    left: u64,
}

impl Input {
    /// Opens the sound of a media file, or of standard input for `-`; none where it has none. What
    /// keeps us waiting ends when `stop` is set.
    pub(crate) fn media(path: &Path, stop: &Arc<AtomicBool>) -> anyhow::Result<Option<Self>> {
        let name = path.display().to_string();
        let mut edit = None;
        let source: Box<dyn MediaSource> = match open(path, stop)? {
            Opened::File(mut file, _) => {
                edit = edit_list::of(&mut file)
                    .with_context(|| format!("Failed to read input: {name}"))?;
                Box::new(file)
            }
            Opened::Stream(reader) => Box::new(ReadOnlySource::new(reader)),
        };
        let mut hint = Hint::new();
        if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
            hint.with_extension(extension);
        }
        let stream = MediaSourceStream::new(source, Default::default());
        let mut format = symphonia::default::get_probe()
            .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
            .with_context(|| format!("Failed to read input: {name}"))?;
        let Some(track) = format.default_track(TrackType::Audio) else { return Ok(None) };
        let parameters = track
            .codec_params
            .as_ref()
            .and_then(|parameters| parameters.audio())
            .ok_or_else(|| anyhow!("Failed to read input: {name} (unknown audio codec)"))?;
        let mut codecs = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut codecs);
        codecs.register_audio_decoder::<Opus>();
        let mut decoder = codecs.make_audio_decoder(parameters, &AudioDecoderOptions::default());
        if decoder.is_err() && parameters.codec == CODEC_ID_AAC {
            decoder = Aac::try_registry_new(parameters, &AudioDecoderOptions::default());
        }
        let decoder = decoder.with_context(|| format!("Failed to decode input: {name}"))?;
        let bits = parameters.bits_per_sample;
        // Of other codecs the reader leaves it out itself.
        let delay = track.delay.filter(|_| parameters.codec == CODEC_ID_OPUS);
        let (track, duration) = (track.id, track.num_frames);
        let mut revisions = format.metadata();
        let revision = revisions.skip_to_latest();
        let metadata = revision.map(tags::of).unwrap_or_default();
        let cover = revision.and_then(tags::cover_of);
        let mut media =
            Media { name, format, decoder, track, bits, sample_rate: 0, skip: 0, left: u64::MAX };

        // Only the first samples tell their type.
        let mut samples = TypedBuffer::zeroed(DataType::F32, 0);
        let Some((sample_rate, layout)) = media.first(&mut samples)? else {
            bail!("Failed to decode input: {} (it has no samples)", media.name);
        };
        let mut duration = duration;
        if let Some(edit) = edit {
            let length = edit.length.map(|units| edit.samples(units, sample_rate));
            media.skip = edit.samples(edit.start, sample_rate);
            media.left = length.unwrap_or(u64::MAX);
            duration = length.or(duration);
        } else if let Some(delay) = delay {
            media.skip = delay.into();
            duration = duration.map(|samples| samples.saturating_sub(delay.into()));
        }
        media.trim(&mut samples, 0, layout.channels());
        Ok(Some(Self {
            sample_rate,
            layout,
            duration,
            metadata,
            cover,
            bits,
            source: Source::Media(media),
            samples,
            start: 0,
            ended: false,
        }))
    }

    /// A sine that is made up.
    pub(crate) fn sine(sine: Sine) -> Self {
        Self {
            sample_rate: sine.sample_rate,
            layout: ChannelLayout::MONO,
            duration: sine.samples,
            metadata: Vec::new(),
            cover: None,
            bits: None,
            source: Source::Sine(sine),
            samples: TypedBuffer::zeroed(DataType::F32, 0),
            start: 0,
            ended: false,
        }
    }

    /// Opens headerless samples, or standard input for `-`.
    pub(crate) fn raw(
        path: &Path,
        format: RawFormat,
        sample_rate: u32,
        channels: usize,
        stop: &Arc<AtomicBool>,
    ) -> anyhow::Result<Self> {
        let layout = ChannelLayout::default_for(channels)?;
        let (reader, size): (Box<dyn Read>, _) = match open(path, stop)? {
            Opened::File(file, size) => (Box::new(file), Some(size)),
            Opened::Stream(reader) => (Box::new(reader), None),
        };
        Ok(Self {
            sample_rate,
            layout,
            duration: size.map(|size| size / (format.bytes() * channels) as u64),
            metadata: Vec::new(),
            cover: None,
            bits: Some(8 * format.bytes() as u32),
            source: Source::Raw { format, reader, bytes: Vec::new() },
            samples: TypedBuffer::zeroed(format.data_type(), 0),
            start: 0,
            ended: false,
        })
    }

    /// The type of the samples.
    pub(crate) fn sample_format(&self) -> SampleFormat {
        SampleFormat::packed(self.samples.data_type())
    }

    /// The next `frames` frames, fewer at the end, none after it.
    pub(crate) fn next(&mut self, frames: usize) -> anyhow::Result<Option<TensorView<'_>>> {
        let channels = self.layout.channels();
        let wanted = frames.saturating_mul(channels);
        if self.samples.len() - self.start < wanted && !self.ended {
            drop_front(&mut self.samples, self.start);
            self.start = 0;
            while self.samples.len() < wanted && !self.ended {
                self.ended = !self.source.append(&mut self.samples, self.layout, wanted)?;
            }
        }
        let rows = (self.samples.len() - self.start).min(wanted) / channels;
        if rows == 0 {
            return Ok(None);
        }
        let range = self.start..self.start + rows * channels;
        self.start = range.end;
        let shape = [rows, channels];
        Ok(Some(match &self.samples {
            TypedBuffer::U8(data) => TensorView::contiguous(&data[range], &shape)?,
            TypedBuffer::I16(data) => TensorView::contiguous(&data[range], &shape)?,
            TypedBuffer::I32(data) => TensorView::contiguous(&data[range], &shape)?,
            TypedBuffer::I64(data) => TensorView::contiguous(&data[range], &shape)?,
            TypedBuffer::F32(data) => TensorView::contiguous(&data[range], &shape)?,
            TypedBuffer::F64(data) => TensorView::contiguous(&data[range], &shape)?,
        }))
    }
}

/// Whether an input's name means standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

pub(crate) enum Opened {
    /// With its size in bytes.
    File(File, u64),
    /// A pipe, a terminal or the like.
    Stream(PatientReader),
}

/// Opens a file, or standard input for `-`.
pub(crate) fn open(path: &Path, stop: &Arc<AtomicBool>) -> anyhow::Result<Opened> {
    if is_stdin(path) {
        return Ok(Opened::Stream(PatientReader::new(io::stdin(), Arc::clone(stop))));
    }
    let failed = || format!("Failed to open input: {}", path.display());
    let file = File::open(path).with_context(failed)?;
    let metadata = file.metadata().with_context(failed)?;
    Ok(if metadata.is_file() {
        Opened::File(file, metadata.len())
    } else {
        Opened::Stream(PatientReader::new(file, Arc::clone(stop)))
    })
}

impl Source {
    /// Appends some samples; false at the end.
    fn append(
        &mut self,
        to: &mut TypedBuffer,
        layout: ChannelLayout,
        wanted: usize,
    ) -> anyhow::Result<bool> {
        match self {
            Self::Media(media) => media.append(to, layout),
            Self::Sine(sine) => {
                let TypedBuffer::F32(to) = to else { return Ok(false) };
                let before = to.len();
                sine.append(wanted.min(RAW_PIECE), to);
                Ok(to.len() > before)
            }
            Self::Raw { format, reader, bytes } => {
                let frame = format.bytes() * layout.channels();
                // However much is wanted, memory grows only with what comes.
                let size = (wanted * format.bytes()).min((RAW_PIECE / frame).max(1) * frame);
                bytes.resize(size, 0);
                let read = read_full(reader, bytes).context("Failed to read input")?;
                if !read.is_multiple_of(frame) {
                    log::warn!(
                        "The input ends in the middle of a frame: its last {} bytes are left out.",
                        read % frame
                    );
                }
                format.append(&bytes[..read - read % frame], to);
                Ok(read == bytes.len())
            }
        }
    }
}

impl Media {
    /// Decodes the first packet that has samples; tells rate and channels.
    fn first(&mut self, to: &mut TypedBuffer) -> anyhow::Result<Option<(u32, ChannelLayout)>> {
        while let Some(packet) = self.packet()? {
            let Some(decoded) = decode(&mut self.decoder, &packet, &self.name)? else { continue };
            if decoded.frames() == 0 {
                continue;
            }
            self.sample_rate = decoded.spec().rate();
            let layout = layout_of(decoded.spec().channels())?;
            *to = TypedBuffer::zeroed(data_type(&decoded, self.bits), 0);
            append(&decoded, to);
            return Ok(Some((self.sample_rate, layout)));
        }
        Ok(None)
    }

    fn append(&mut self, to: &mut TypedBuffer, layout: ChannelLayout) -> anyhow::Result<bool> {
        let Some(packet) = self.packet()? else { return Ok(false) };
        let Some(decoded) = decode(&mut self.decoder, &packet, &self.name)? else {
            return Ok(true);
        };
        let spec = decoded.spec();
        if decoded.frames() > 0
            && (spec.rate() != self.sample_rate
                || spec.channels().count() != layout.channels()
                || data_type(&decoded, self.bits) != to.data_type())
        {
            bail!(
                "The input changes in the middle: {} has {} Hz and {layout} at its start, and then \
                 {} Hz and {} channels.",
                self.name,
                self.sample_rate,
                spec.rate(),
                spec.channels().count()
            );
        }
        let start = to.len();
        append(&decoded, to);
        self.trim(to, start, layout.channels());
        Ok(self.left > 0)
    }

    /// Leaves out what is not to be heard of the elements from `start` on.
    fn trim(&mut self, samples: &mut TypedBuffer, start: usize, channels: usize) {
        let count = ((samples.len() - start) / channels) as u64;
        let skipped = count.min(self.skip);
        let kept = (count - skipped).min(self.left);
        self.skip -= skipped;
        self.left -= kept;
        let front = start..start + skipped as usize * channels;
        let end = start + kept as usize * channels;
        match samples {
            TypedBuffer::U8(data) => keep(data, front, end),
            TypedBuffer::I16(data) => keep(data, front, end),
            TypedBuffer::I32(data) => keep(data, front, end),
            TypedBuffer::I64(data) => keep(data, front, end),
            TypedBuffer::F32(data) => keep(data, front, end),
            TypedBuffer::F64(data) => keep(data, front, end),
        }
    }

    /// The next packet of the audio track.
    fn packet(&mut self) -> anyhow::Result<Option<symphonia::core::packet::Packet>> {
        loop {
            match self.format.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.track => return Ok(Some(packet)),
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(SymphoniaError::IoError(error))
                    if error.kind() == io::ErrorKind::UnexpectedEof =>
                {
                    log::warn!("{} ends early.", self.name);
                    return Ok(None);
                }
                Err(error) => {
                    return Err(error).with_context(|| format!("Failed to read {}", self.name));
                }
            }
        }
    }
}

/// Decodes a packet; a damaged one is left out with a warning.
fn decode<'a>(
    decoder: &'a mut Box<dyn AudioDecoder>,
    packet: &symphonia::core::packet::Packet,
    name: &str,
) -> anyhow::Result<Option<GenericAudioBufferRef<'a>>> {
    match decoder.decode(packet) {
        Ok(decoded) => Ok(Some(decoded)),
        Err(SymphoniaError::DecodeError(reason)) => {
            log::warn!("A damaged packet of {name} is left out: {reason}.");
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| format!("Failed to decode {name}")),
    }
}

fn layout_of(channels: &Channels) -> anyhow::Result<ChannelLayout> {
    let count = channels.count();
    let mask = match channels {
        // Some decoders have mono on the left.
        Channels::Positioned(position) if count > 1 => u32::try_from(position.bits()).ok(),
        _ => None,
    };
    let layout = mask.and_then(|mask| ChannelLayout::from_mask(mask).ok());
    match layout.filter(|layout| layout.channels() == count) {
        Some(layout) => Ok(layout),
        None => Ok(ChannelLayout::default_for(count)?),
    }
}

/// The smallest type that holds all of a decoder's samples, of which `bits` carry sound.
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

/// Appends a decoder's samples, which are of the buffer's type.
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
        // No decoder has them.
        TypedBuffer::I64(_) => {}
    }
}

/// Removes the elements `front`, and then those from `end` on.
fn keep<T>(data: &mut Vec<T>, front: Range<usize>, end: usize) {
    if !front.is_empty() {
        drop(data.drain(front));
    }
    data.truncate(end);
}

/// Removes the first `count` elements.
fn drop_front(buffer: &mut TypedBuffer, count: usize) {
    match buffer {
        TypedBuffer::U8(data) => drop(data.drain(..count)),
        TypedBuffer::I16(data) => drop(data.drain(..count)),
        TypedBuffer::I32(data) => drop(data.drain(..count)),
        TypedBuffer::I64(data) => drop(data.drain(..count)),
        TypedBuffer::F32(data) => drop(data.drain(..count)),
        TypedBuffer::F64(data) => drop(data.drain(..count)),
    }
}
