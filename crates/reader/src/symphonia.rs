//! FLAC files, which symphonia demultiplexes, and metadata that it finds in other files.

use std::io::{Read, Seek, SeekFrom};
use std::sync::Mutex;

use anyhow::{anyhow, bail};
use reelwright_core::{Picture, Rational, TimeBase};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;

use crate::guard::guarded;
use crate::packet::{Codec, Demuxer, Kind, Packet, Track};
use crate::source::{Sequential, Source};
use crate::tags;

/// A source as symphonia takes it: it asks for readers that could be shared.
struct Shared {
    source: Mutex<Sequential>,
    size: Option<u64>,
}

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.source.get_mut().map_err(|_| std::io::ErrorKind::Other)?.read(buffer)
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.source.get_mut().map_err(|_| std::io::ErrorKind::Other)?.seek(to)
    }
}

impl MediaSource for Shared {
    fn is_seekable(&self) -> bool {
        self.size.is_some()
    }

    fn byte_len(&self) -> Option<u64> {
        self.size
    }
}

/// A FLAC file.
pub(crate) struct Symphonia {
    format: Box<dyn FormatReader>,
    name: &'static str,
    track: Track,
    id: u32,
    /// Where the last packet ended.
    end: i64,
    is_seekable: bool,
    has_failed: bool,
    is_damaged: bool,
}

/// Metadata under FFmpeg's names, and a cover.
pub(crate) type Tags = (Vec<(String, String)>, Option<Picture>);

fn probe(source: Source, extension: &str) -> anyhow::Result<Box<dyn FormatReader>> {
    let size = source.size();
    let shared = Shared { source: Mutex::new(Sequential::new(source)), size };
    let stream = MediaSourceStream::new(Box::new(shared), Default::default());
    let mut hint = Hint::new();
    hint.with_extension(extension);
    let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
    match guarded(|| symphonia::default::get_probe().probe(&hint, stream, format, metadata)) {
        Ok(Ok(format)) => Ok(format),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(anyhow!("its header is damaged")),
    }
}

/// The metadata of a file of any container that symphonia knows; nothing of others.
pub(crate) fn tags(source: Source, extension: &str) -> Tags {
    match probe(source, extension) {
        Ok(mut format) => guarded(|| read_tags(&mut format)).unwrap_or_default(),
        Err(_) => Tags::default(),
    }
}

fn read_tags(format: &mut Box<dyn FormatReader>) -> Tags {
    let mut revisions = format.metadata();
    let revision = revisions.skip_to_latest();
    (revision.map(tags::of).unwrap_or_default(), revision.and_then(tags::cover_of))
}

impl Symphonia {
    /// Reads the headers of a container of one audio track.
    ///
    /// # Errors
    /// It is of no kind that symphonia knows, or damaged.
    pub(crate) fn open(source: Source, extension: &str) -> anyhow::Result<(Self, Tags)> {
        let is_seekable = source.is_seekable();
        let mut format = probe(source, extension)?;
        let tags = guarded(|| read_tags(&mut format)).unwrap_or_default();
        let name = format.format_info().short_name;
        let found = format.tracks().iter().find_map(|track| match &track.codec_params {
            Some(CodecParameters::Audio(parameters)) => Some((track, parameters)),
            _ => None,
        });
        let Some((track, parameters)) = found else { bail!("it has no audio") };
        let unit = track
            .time_base
            .and_then(|base| Rational::new(base.numer.get().into(), base.denom.get().into()).ok());
        let unit = unit.map_or_else(|| Rational::new(1, 1000), Ok)?;
        let info = symphonia::default::get_codecs().get_audio_decoder(parameters.codec);
        let codec = info.map_or("unknown", |info| info.codec.info.short_name);
        let mut made = Track::new(0, Kind::Audio, codec, TimeBase::new(unit));
        made.sound.sample_rate = parameters.sample_rate;
        made.sound.bits = parameters.bits_per_sample;
        made.sound.samples = track.num_frames;
        made.sound.is_gapless = true;
        made.decoder = info.map(|_| Codec::Symphonia(Box::new(parameters.clone())));
        made.duration = track.duration.map(|duration| duration.get());
        let id = track.id;
        let demuxer = Self {
            format,
            name,
            track: made,
            id,
            end: 0,
            is_seekable,
            has_failed: false,
            is_damaged: false,
        };
        Ok((demuxer, tags))
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn track(&self) -> &Track {
        &self.track
    }

    /// Notes that nothing more can be read; a stream ends where it ends, unless it stated more.
    fn fail(&mut self, is_end: bool) {
        self.has_failed = true;
        let second = 1.0 / self.track.time_base.seconds().to_f64();
        let is_short =
            self.track.duration.is_some_and(|stated| stated as f64 - self.end as f64 > second);
        self.is_damaged |= !is_end || self.is_seekable || is_short;
    }
}

impl Demuxer for Symphonia {
    fn next(&mut self, _: usize) -> anyhow::Result<Option<Packet>> {
        while !self.has_failed {
            let format = &mut self.format;
            match guarded(|| format.next_packet()) {
                Ok(Ok(Some(packet))) if packet.track_id == self.id => {
                    self.end =
                        self.end.max(packet.pts.get().saturating_add_unsigned(packet.dur.get()));
                    let (pts, duration) = (packet.pts.get(), packet.dur.get());
                    return Ok(Some(Packet::new(packet.data.into_vec(), pts, duration)));
                }
                Ok(Ok(Some(_))) => {}
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(SymphoniaError::IoError(error)))
                    if error.kind() != std::io::ErrorKind::UnexpectedEof =>
                {
                    return Err(error.into());
                }
                // What came before is good.
                Ok(Err(error)) => self.fail(matches!(error, SymphoniaError::IoError(_))),
                Err(_) => self.fail(false),
            }
        }
        Ok(None)
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}
