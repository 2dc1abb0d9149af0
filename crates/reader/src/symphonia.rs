//! Containers that symphonia demultiplexes: FLAC, Matroska and WebM.

use std::collections::VecDeque;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Mutex;

use anyhow::{anyhow, bail};
use reelwright_core::{Picture, Rational, TimeBase};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_OPUS};
use symphonia::core::codecs::video::well_known as video;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;

use crate::aac_config::AacConfig;
use crate::guard::guarded;
use crate::packet::{Codec, Demuxer, Kind, Packet, Track};
use crate::source::{Sequential, Source};
use crate::tags;

/// The most bytes that wait of a track while another one is read.
const MAX_WAITING: usize = 256 << 20;

/// Names of video codecs, FFmpeg's.
const VIDEO: &[(symphonia::core::codecs::video::VideoCodecId, &str)] = &[
    (video::CODEC_ID_H264, "h264"),
    (video::CODEC_ID_HEVC, "hevc"),
    (video::CODEC_ID_VP8, "vp8"),
    (video::CODEC_ID_VP9, "vp9"),
    (video::CODEC_ID_AV1, "av1"),
    (video::CODEC_ID_MJPEG, "mjpeg"),
    (video::CODEC_ID_MPEG1, "mpeg1video"),
    (video::CODEC_ID_MPEG2, "mpeg2video"),
    (video::CODEC_ID_MPEG4, "mpeg4"),
    (video::CODEC_ID_THEORA, "theora"),
];

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

/// A container that symphonia reads.
pub(crate) struct Symphonia {
    format: Box<dyn FormatReader>,
    name: &'static str,
    tracks: Vec<Track>,
    ids: Vec<u32>,
    waiting: Vec<VecDeque<Packet>>,
    waiting_bytes: usize,
    selected: Vec<usize>,
    /// Added to the times of each track.
    shifts: Vec<Option<i64>>,
    /// Where the last packet of each track ended.
    ends: Vec<i64>,
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
    /// Reads the headers of a container.
    ///
    /// # Errors
    /// It is of no kind that symphonia knows, or damaged.
    pub(crate) fn open(source: Source, extension: &str) -> anyhow::Result<(Self, Tags)> {
        let is_seekable = source.is_seekable();
        let mut format = probe(source, extension)?;
        let tags = guarded(|| read_tags(&mut format)).unwrap_or_default();
        let name = match format.format_info().short_name {
            "matroska" | "mkv" => "matroska",
            other => other,
        };
        let mut tracks = Vec::new();
        let mut ids = Vec::new();
        for track in format.tracks() {
            let unit = track.time_base.and_then(|base| {
                Rational::new(base.numer.get().into(), base.denom.get().into()).ok()
            });
            let unit = unit.map_or_else(|| Rational::new(1, 1000), Ok)?;
            let index = tracks.len();
            let mut made = match &track.codec_params {
                Some(CodecParameters::Audio(parameters)) => {
                    let info = symphonia::default::get_codecs().get_audio_decoder(parameters.codec);
                    let codec = match parameters.codec {
                        CODEC_ID_OPUS => "opus".to_owned(),
                        _ => info.map_or_else(
                            || audio_name(parameters.codec),
                            |info| info.codec.info.short_name.to_owned(),
                        ),
                    };
                    let mut made = Track::new(index, Kind::Audio, &codec, TimeBase::new(unit));
                    made.sound.sample_rate = parameters.sample_rate;
                    made.sound.bits = parameters.bits_per_sample;
                    if parameters.codec == CODEC_ID_OPUS {
                        // The header is exact; Matroska's own delay is rounded to its unit.
                        let head =
                            parameters.extra_data.as_deref().and_then(|head| head.get(10..12));
                        let skip = head.map(|skip| u16::from_le_bytes([skip[0], skip[1]]));
                        made.sound.delay = skip.unwrap_or(0).into();
                    }
                    let is_known = info.is_some() || parameters.codec == CODEC_ID_OPUS;
                    let mut parameters = parameters.clone();
                    let channels = parameters.channels.as_ref().map(|channels| channels.count());
                    // Matroska states their number only.
                    if let Some(positions) = channels.and_then(crate::audio::positions)
                        && name == "matroska"
                    {
                        parameters.channels = Some(positions);
                    }
                    if parameters.codec == CODEC_ID_AAC
                        && let Some(config) =
                            parameters.extra_data.as_deref().and_then(AacConfig::new)
                        && let Some(positions) = crate::channels::positions(config.layout)
                    {
                        parameters.channels = Some(positions);
                    }
                    made.decoder = is_known.then(|| Codec::Symphonia(Box::new(parameters)));
                    // FLAC's own number is exact.
                    if name != "matroska" {
                        made.sound.samples = track.num_frames;
                        made.sound.is_gapless = true;
                    }
                    made
                }
                Some(CodecParameters::Video(parameters)) => {
                    let known = VIDEO.iter().find(|(id, _)| *id == parameters.codec);
                    let codec = known.map_or("unknown", |(_, name)| name);
                    let mut made = Track::new(index, Kind::Video, codec, TimeBase::new(unit));
                    let extra = parameters.extra_data.first().map(|extra| extra.data.to_vec());
                    made.decoder = match codec {
                        "h264" => extra.map(|record| Codec::H264(Some(record))),
                        "av1" => {
                            let config =
                                extra.and_then(|record| record.get(4..).map(<[u8]>::to_vec));
                            Some(Codec::Av1(config.unwrap_or_default()))
                        }
                        "mjpeg" => Some(Codec::Image),
                        _ => None,
                    };
                    made.picture.size = parameters
                        .width
                        .zip(parameters.height)
                        .map(|(width, height)| (width.into(), height.into()));
                    made.picture.is_variable = true;
                    made
                }
                Some(CodecParameters::Subtitle(_)) => {
                    Track::new(index, Kind::Subtitle, "text", TimeBase::new(unit))
                }
                _ => Track::new(index, Kind::Data, "unknown", TimeBase::new(unit)),
            };
            made.duration = track.duration.map(|duration| duration.get());
            let language = track.language.as_deref().filter(|language| *language != "und");
            made.language = language.map(str::to_owned);
            ids.push(track.id);
            tracks.push(made);
        }
        let waiting = tracks.iter().map(|_| VecDeque::new()).collect();
        let selected = (0..tracks.len()).collect();
        let ends = vec![0; tracks.len()];
        let shifts = vec![None; tracks.len()];
        let demuxer = Self {
            format,
            name,
            tracks,
            ids,
            waiting,
            waiting_bytes: 0,
            selected,
            shifts,
            ends,
            is_seekable,
            has_failed: false,
            is_damaged: false,
        };
        Ok((demuxer, tags))
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Reads a packet of any track; false at the end.
    fn step(&mut self) -> anyhow::Result<bool> {
        if self.has_failed {
            return Ok(false);
        }
        let format = &mut self.format;
        let packet = match guarded(|| format.next_packet()) {
            Ok(Ok(Some(packet))) => packet,
            Ok(Ok(None)) => return Ok(false),
            Ok(Err(SymphoniaError::IoError(error)))
                if error.kind() != std::io::ErrorKind::UnexpectedEof =>
            {
                return Err(error.into());
            }
            Ok(Err(error)) => {
                // What came before is good. A stream ends where it ends, unless it stated more.
                self.has_failed = true;
                let is_end = matches!(error, SymphoniaError::IoError(_)) && !self.is_seekable;
                let is_short = |track: &Track| {
                    let second = 1.0 / track.time_base.seconds().to_f64();
                    track.duration.is_some_and(|stated| {
                        stated as f64 - self.ends[track.index] as f64 > second
                    })
                };
                self.is_damaged |= !is_end || self.tracks.iter().any(is_short);
                return Ok(false);
            }
            Err(_) => {
                self.has_failed = true;
                self.is_damaged = true;
                return Ok(false);
            }
        };
        let Some(index) = self.ids.iter().position(|id| *id == packet.track_id) else {
            return Ok(true);
        };
        let end = packet.pts.get().saturating_add_unsigned(packet.dur.get());
        self.ends[index] = self.ends[index].max(end);
        if !self.selected.contains(&index) {
            return Ok(true);
        }
        let mut made = Packet::new(packet.data.into_vec(), packet.pts.get(), packet.dur.get());
        // The rounded delay was subtracted; the exact one is again.
        if self.tracks[index].sound.delay > 0 {
            let shift = *self.shifts[index].get_or_insert(made.pts.min(0).saturating_neg());
            made.pts = made.pts.saturating_add(shift);
        }
        if let Some(Codec::H264(_)) = &self.tracks[index].decoder {
            made.is_sync = is_idr(&made.data);
        }
        self.waiting_bytes += made.data.len();
        if self.waiting_bytes > MAX_WAITING {
            bail!("its tracks are too far apart: more than {MAX_WAITING} bytes would have to wait");
        }
        self.waiting[index].push_back(made);
        Ok(true)
    }
}

/// Whether an access unit with lengths of four bytes has an IDR slice.
fn is_idr(mut units: &[u8]) -> bool {
    while let Some((length, rest)) = units.split_first_chunk::<4>() {
        if rest.first().is_some_and(|header| header & 0x1f == 5) {
            return true;
        }
        let length = u32::from_be_bytes(*length) as usize;
        units = rest.get(length..).unwrap_or_default();
    }
    false
}

/// Names of audio codecs that are not decoded.
fn audio_name(id: symphonia::core::codecs::audio::AudioCodecId) -> String {
    use symphonia::core::codecs::audio::well_known as audio;
    let name = match id {
        audio::CODEC_ID_AC3 => "ac3",
        audio::CODEC_ID_EAC3 => "eac3",
        audio::CODEC_ID_DCA => "dts",
        audio::CODEC_ID_TRUEHD => "truehd",
        audio::CODEC_ID_WAVPACK => "wavpack",
        audio::CODEC_ID_TTA => "tta",
        audio::CODEC_ID_MUSEPACK => "musepack",
        _ => "unknown",
    };
    name.to_owned()
}

impl Demuxer for Symphonia {
    fn next(&mut self, track: usize) -> anyhow::Result<Option<Packet>> {
        loop {
            if let Some(packet) = self.waiting.get_mut(track).and_then(VecDeque::pop_front) {
                self.waiting_bytes -= packet.data.len();
                return Ok(Some(packet));
            }
            if !self.step()? {
                return Ok(None);
            }
        }
    }

    fn select(&mut self, tracks: &[usize]) {
        self.selected = tracks.to_vec();
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}
