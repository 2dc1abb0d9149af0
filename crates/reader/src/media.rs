//! Inputs: identification, tracks and metadata.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, bail};
use reelwright_core::{
    ChannelLayout, Chapter, ColorInfo, ColorRange, CoverArt, PixelFormat, Rational, TimeBase,
};

use crate::adts::Adts;
use crate::annexb::AnnexB;
use crate::audio::AudioInput;
use crate::av1::{Ivf, ObuStream};
use crate::chapters;
use crate::chunked::Chunked;
use crate::flac::Flac;
use crate::flv::Flv;
use crate::image_sequence::{ImageSequence, is_sequence};
use crate::image_stream::ImageStream;
use crate::interruptible::InterruptibleReader;
use crate::matroska::Matroska;
use crate::mp4::Mp4;
use crate::mpeg_audio::MpegAudio;
use crate::ogg::Ogg;
use crate::packet::{Codec, Demuxer, Kind, Packet, Track};
use crate::packet_input::PacketInput;
use crate::pcm::PcmFormat;
use crate::source::Source;
use crate::still::{self, Animation};
use crate::tags::{self, Tags};
use crate::video::VideoInput;
use crate::y4m::RawFrames;

/// Default frames per second, as in FFmpeg.
const FRAME_RATE: i64 = 25;
/// Number of bytes that identify an input.
const PROBED: usize = 4096;

/// Options for opening an input.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Default frames per second, for video that states none.
    pub frame_rate: Option<Rational>,
    /// Format of an input without a header. `None` detects the format from the first bytes.
    pub raw: Option<RawInput>,
    /// Set to end blocked reads.
    pub stop: Arc<AtomicBool>,
}

/// Format of an input without a header.
#[derive(Debug, Clone, Copy)]
pub enum RawInput {
    /// Interleaved samples.
    Audio {
        /// Sample format.
        format: PcmFormat,
        /// Sample rate in Hz.
        sample_rate: u32,
        /// Number of channels.
        channels: usize,
    },
    /// G.722 at 64 kbit/s.
    G722,
    /// Uncompressed frames.
    Video {
        /// Pixel format.
        format: PixelFormat,
        /// Color range of YUV, if known.
        range: Option<ColorRange>,
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },
}

/// An input: its tracks and metadata.
pub struct Media {
    /// Name of the input in messages.
    pub name: String,
    /// Name of the container, as in FFmpeg if it has one.
    pub container: String,
    /// Metadata with FFmpeg's names.
    pub tags: Vec<(String, String)>,
    /// Cover art.
    pub cover: Option<CoverArt>,
    /// Chapters, in order.
    pub chapters: Vec<Chapter>,
    /// Tracks in the order of the input.
    pub tracks: Vec<Track>,
    body: Body,
}

enum Body {
    Packets { demuxer: Rc<RefCell<dyn Demuxer>>, counts: bool },
    ImageSequence(Option<ImageSequence>, Rational),
    Animation(Option<Box<Animation>>),
    Nothing,
}

/// Returns true if an input's name means standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Returns standard input as a file if it is a regular file at its start.
#[cfg(unix)]
fn stdin_file() -> Option<(File, u64)> {
    use std::io::Seek;
    use std::os::fd::AsFd;
    let mut file = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    (file.stream_position().ok()? == 0).then_some((file, metadata.len()))
}

#[cfg(not(unix))]
fn stdin_file() -> Option<(File, u64)> {
    None
}

fn open_source(path: &Path, stop: &Arc<AtomicBool>) -> anyhow::Result<Source> {
    if is_stdin(path) {
        if let Some((file, size)) = stdin_file() {
            return Ok(Source::file(file, size));
        }
        return Ok(Source::stream(InterruptibleReader::new(io::stdin(), Arc::clone(stop))));
    }
    let failed = || format!("Failed to open input: {}", path.display());
    let file = File::open(path).with_context(failed)?;
    let metadata = file.metadata().with_context(failed)?;
    if metadata.is_dir() {
        bail!("{} (it is a directory)", failed());
    }
    Ok(if metadata.is_file() {
        Source::file(file, metadata.len())
    } else {
        Source::stream(InterruptibleReader::new(file, Arc::clone(stop)))
    })
}

impl Media {
    /// Opens a file, a pattern of image files, or standard input for `-`.
    ///
    /// # Errors
    /// The input cannot be opened, its format is not supported, or its header is damaged.
    pub fn open(path: &Path, options: &OpenOptions) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        if options.raw.is_none() && is_sequence(path) {
            return Self::images(name, ImageSequence::sequence(path)?, options);
        }
        let source = open_source(path, &options.stop)?;
        let extension = path.extension().and_then(|extension| extension.to_str());
        let extension = extension.unwrap_or_default().to_ascii_lowercase();
        // symphonia reads some tags that the demuxers here do not.
        let again = (!is_stdin(path) && source.is_seekable()).then(|| path.to_owned());
        let opened = Self::from_source(&name, source, &extension, options, again.as_deref());
        opened.with_context(|| format!("Failed to read input: {name}"))
    }

    /// Opens a list of image files as a video.
    ///
    /// # Errors
    /// None in practice.
    pub fn list(files: &[PathBuf], options: &OpenOptions) -> anyhow::Result<Self> {
        let name = files.first().map(|file| file.display().to_string()).unwrap_or_default();
        Self::images(name, ImageSequence::list(files), options)
    }

    fn images(name: String, images: ImageSequence, options: &OpenOptions) -> anyhow::Result<Self> {
        let rate = frame_rate(options)?;
        let mut track = Track::new(0, Kind::Video, "image", TimeBase::new(rate.inverse()));
        track.decoder = Some(Codec::Image);
        Ok(Self {
            name,
            container: "image2".to_owned(),
            tags: Vec::new(),
            cover: None,
            chapters: Vec::new(),
            tracks: vec![track],
            body: Body::ImageSequence(Some(images), rate),
        })
    }

    /// Identifies the format of a source by its first bytes, or by the `extension` of its name if
    /// they are ambiguous.
    ///
    /// # Errors
    /// The same errors as [`open`](Self::open).
    pub fn from_source(
        name: &str,
        mut source: Source,
        extension: &str,
        options: &OpenOptions,
        again: Option<&Path>,
    ) -> anyhow::Result<Self> {
        if let Some(raw) = options.raw {
            return Self::raw(name, source, raw, options);
        }
        let start = source.peek(PROBED)?.to_vec();
        if start.is_empty() {
            bail!("the file is empty");
        }
        // G.722 has no header.
        if extension == "g722" && !is_marked(&start) {
            return Self::raw(name, source, RawInput::G722, options);
        }
        if Mp4::matches(&start) {
            let mut movie = Mp4::open(source)?;
            let (tags, cover) = movie.take_tags();
            let mut media = Self::packets(name, "mp4", movie.tracks(), tags);
            media.cover = cover;
            media.chapters = chapters::ordered(movie.take_chapters());
            return Ok(media.with(movie));
        }
        if RawFrames::matches(&start) {
            let (frames, track) = RawFrames::y4m(source, options.frame_rate, name)?;
            return Ok(Self::packets(name, "yuv4mpegpipe", vec![track], Vec::new()).with(frames));
        }
        if Ogg::matches(&start) {
            let ogg = Ogg::open(source)?;
            let mut media = Self::packets(name, "ogg", ogg.tracks().to_vec(), ogg.tags().to_vec());
            if let Some(path) = again {
                media.cover = read_tags(path, "ogg").cover;
            }
            media.chapters = chapters::extract_from_comments(&mut media.tags);
            return Ok(media.with(ogg));
        }
        if Flv::matches(&start) {
            let mut flv = Flv::open(source, name)?;
            let tags = flv.take_tags();
            return Ok(Self::packets(name, "flv", flv.tracks(), tags).with(flv));
        }
        if Ivf::matches(&start) {
            let (ivf, track) = Ivf::open(source)?;
            return Ok(Self::packets(name, "ivf", vec![track], Vec::new()).with(ivf));
        }
        if let Some(kind) = still::kind(&start) {
            return Self::image(name, source, kind, extension, options);
        }
        let mut source = match Chunked::open(source)? {
            Ok(chunked) => {
                let (track, tags) = (chunked.track().clone(), chunked.tags().to_vec());
                let container = chunked.name();
                let mut media = Self::packets(name, container, vec![track], tags);
                media.add_tags(again, container);
                return Ok(media.with(chunked));
            }
            Err(source) => source,
        };
        if Flac::matches(&mut source)? {
            let (flac, track, tags, cover) = Flac::open(source)?;
            let mut media = Self::packets(name, "flac", vec![track], tags);
            media.cover = cover;
            media.chapters = chapters::extract_from_comments(&mut media.tags);
            return Ok(media.with(flac));
        }
        if Matroska::matches(&start) {
            let mut matroska = Matroska::open(source, name)?;
            let (tags, cover) = matroska.take_tags();
            let container = matroska.container();
            let mut media = Self::packets(name, container, matroska.tracks(), tags);
            media.cover = cover;
            media.chapters = chapters::ordered(matroska.take_chapters());
            return Ok(media.with(matroska));
        }
        if AnnexB::matches(&start) {
            let mut track = Self::counted("h264", options)?;
            track.video.frame_rate = options.frame_rate;
            track.decoder = Some(Codec::H264(None));
            return Ok(
                Self::packets(name, "h264", vec![track], Vec::new()).counting(AnnexB::new(source))
            );
        }
        if ObuStream::matches(&start) {
            let mut track = Self::counted("av1", options)?;
            track.decoder = Some(Codec::Av1(Vec::new()));
            return Ok(
                Self::packets(name, "obu", vec![track], Vec::new()).with(ObuStream::new(source))
            );
        }
        let source = match Adts::open(source)? {
            Ok((adts, track)) => {
                let mut media = Self::packets(name, "adts", vec![track], Vec::new());
                media.add_tags(again, "aac");
                return Ok(media.with(adts));
            }
            Err(source) => source,
        };
        if let Ok((stream, track)) = MpegAudio::open(source)? {
            let container = track.codec.clone();
            let mut media = Self::packets(name, &container, vec![track], Vec::new());
            media.add_tags(again, "mp3");
            return Ok(media.with(stream));
        }
        bail!(
            "the format is not supported. Supported formats: WAV, RF64, Wave64, AIFF, AU, CAF, \
             FLAC, Ogg, MP3, ADTS, MP4, QuickTime, Matroska, WebM, FLV, IVF, Y4M, JPEG, PNG, GIF, WebP, \
             BMP, \
             PNM, raw H.264, AV1 and MJPEG, and headerless audio and video with --input-format"
        )
    }

    /// Creates a track of a stream without timestamps.
    fn counted(codec: &str, options: &OpenOptions) -> anyhow::Result<Track> {
        let rate = frame_rate(options)?;
        let mut track = Track::new(0, Kind::Video, codec, TimeBase::new(rate.inverse()));
        track.video.frame_rate = Some(rate);
        Ok(track)
    }

    fn raw(
        name: &str,
        source: Source,
        raw: RawInput,
        options: &OpenOptions,
    ) -> anyhow::Result<Self> {
        match raw {
            RawInput::Video { format, range, width, height } => {
                let rate = frame_rate(options)?;
                let (frames, mut track) =
                    RawFrames::raw(source, format, (width, height), rate, name)?;
                let color = |range| ColorInfo { range, ..ColorInfo::default() };
                track.video.color = range.map(color);
                Ok(Self::packets(name, "rawvideo", vec![track], Vec::new()).with(frames))
            }
            RawInput::G722 => {
                let layout = ChannelLayout::MONO;
                let chunked = Chunked::bare(source, "g722", Codec::G722, 16_000, layout, (1, 2))?;
                let track = chunked.track().clone();
                Ok(Self::packets(name, "g722", vec![track], Vec::new()).with(chunked))
            }
            RawInput::Audio { format, sample_rate, channels } => {
                let layout = ChannelLayout::default_for(channels)?;
                let frame = format.bytes() * channels;
                let codec = Codec::Pcm(format);
                let chunked =
                    Chunked::bare(source, format.codec(), codec, sample_rate, layout, (frame, 1))?;
                let track = chunked.track().clone();
                Ok(Self::packets(name, "raw audio", vec![track], Vec::new()).with(chunked))
            }
        }
    }

    fn image(
        name: &str,
        mut source: Source,
        kind: &'static str,
        extension: &str,
        options: &OpenOptions,
    ) -> anyhow::Result<Self> {
        // A pipe is treated as a stream of images, even if it contains only one.
        let is_stream = match source.is_seekable() {
            true => (kind == "mjpeg" && is_mjpeg(extension)) || has_several(&mut source, kind)?,
            false => !still::is_animated(&mut source, kind)?,
        };
        if is_stream {
            match ImageStream::new(source, kind) {
                Ok(stream) => {
                    let mut track = Self::counted(kind, options)?;
                    track.decoder = Some(Codec::Image);
                    return Ok(Self::packets(name, "mjpeg", vec![track], Vec::new()).with(stream));
                }
                Err(back) => source = back,
            }
        }
        let rate = frame_rate(options)?;
        let mut track = Track::new(0, Kind::Video, kind, TimeBase::new(rate.inverse()));
        track.decoder = Some(Codec::Image);
        let mut source = match Animation::open(source, kind)? {
            Ok(animation) => {
                let mut media = Self::packets(name, kind, vec![track], Vec::new());
                media.body = Body::Animation(Some(Box::new(animation)));
                return Ok(media);
            }
            Err(source) => source,
        };
        let size = source.size().unwrap_or(u64::MAX).min(1 << 30);
        let data = source.bytes_at(0, usize::try_from(size)?)?;
        track.video.frame_rate = Some(rate);
        track.duration = Some(1);
        let demuxer = One(Some(Packet::new(data, 0, 1)));
        Ok(Self::packets(name, kind, vec![track], Vec::new()).with(demuxer))
    }

    fn packets(
        name: &str,
        container: &str,
        tracks: Vec<Track>,
        tags: Vec<(String, String)>,
    ) -> Self {
        let (name, container) = (name.to_owned(), container.to_owned());
        Self {
            name,
            container,
            tags,
            cover: None,
            chapters: Vec::new(),
            tracks,
            body: Body::Nothing,
        }
    }

    fn with(mut self, demuxer: impl Demuxer + 'static) -> Self {
        self.body = Body::Packets { demuxer: Rc::new(RefCell::new(demuxer)), counts: false };
        self
    }

    /// Does the same as [`with`](Self::with) for a demuxer without timestamps: frames are numbered.
    fn counting(mut self, demuxer: impl Demuxer + 'static) -> Self {
        self.body = Body::Packets { demuxer: Rc::new(RefCell::new(demuxer)), counts: true };
        self
    }

    /// Adds the metadata that symphonia finds in a file.
    fn add_tags(&mut self, path: Option<&Path>, extension: &str) {
        let Some(path) = path else { return };
        let Tags { entries, cover, chapters } = read_tags(path, extension);
        for (key, value) in entries {
            if !self.tags.iter().any(|(known, _)| *known == key) {
                self.tags.push((key, value));
            }
        }
        self.cover = cover;
        self.chapters = chapters;
    }

    /// Declares the tracks that will be opened. Packets of other tracks are dropped.
    pub fn select(&mut self, tracks: &[usize]) {
        if let Body::Packets { demuxer, .. } = &self.body {
            demuxer.borrow_mut().select(tracks);
        }
    }

    /// Returns true if damage was found so far.
    pub fn is_damaged(&self) -> bool {
        match &self.body {
            Body::Packets { demuxer, .. } => demuxer.borrow().is_damaged(),
            _ => false,
        }
    }

    /// Returns the name of a track for messages: `in.mkv: audio track 2 (dts, eng)`.
    pub fn describe(&self, track: &Track) -> String {
        let language =
            track.language.as_ref().map(|language| format!(", {language}")).unwrap_or_default();
        format!(
            "{}: {} track {} ({}{language})",
            self.name,
            track.kind.name(),
            track.index,
            track.codec
        )
    }

    /// Opens an audio track.
    ///
    /// # Errors
    /// The codec is not supported, or no samples can be decoded. The error names the container, the
    /// codec and the track.
    pub fn audio(&mut self, index: usize) -> anyhow::Result<AudioInput> {
        let track = self.track(index, Kind::Audio)?;
        let Body::Packets { demuxer, .. } = &self.body else {
            bail!("Failed to read input: {} (it has no audio)", self.name);
        };
        let failed = self.failed(&track);
        AudioInput::open(&self.name, Rc::clone(demuxer), track).context(failed)
    }

    /// Opens an audio or video track for copying its packets without decoding.
    ///
    /// # Errors
    /// The packets cannot be copied. The error states the reason.
    pub fn copy(&mut self, index: usize) -> anyhow::Result<PacketInput> {
        let track = match self.tracks.get(index) {
            Some(track) => self.track(index, track.kind)?,
            None => bail!("Failed to read input: {} (it has no track {index})", self.name),
        };
        let Body::Packets { demuxer, counts: false } = &self.body else {
            bail!(
                "Failed to copy {}: it has no timestamps, so it must be encoded",
                self.describe(&track)
            );
        };
        let failed = format!("Failed to copy {}", self.describe(&track));
        PacketInput::open(&self.name, Rc::clone(demuxer), track).context(failed)
    }

    /// Opens a video track.
    ///
    /// # Errors
    /// The same errors as [`audio`](Self::audio).
    pub fn video(&mut self, index: usize) -> anyhow::Result<VideoInput> {
        let track = self.track(index, Kind::Video)?;
        let failed = self.failed(&track);
        let name = &self.name;
        let opened = match &mut self.body {
            Body::Packets { demuxer, counts } => {
                VideoInput::open(name, Rc::clone(demuxer), track, *counts)
            }
            Body::ImageSequence(images, rate) => match images.take() {
                Some(images) => VideoInput::images(name, images, *rate),
                None => bail!("{name}: its video is already open"),
            },
            Body::Animation(animation) => match animation.take() {
                Some(animation) => VideoInput::animation(name, *animation),
                None => bail!("{name}: its video is already open"),
            },
            Body::Nothing => bail!("{name} has no video"),
        };
        opened.context(failed)
    }

    /// Returns the message that a track cannot be decoded.
    fn failed(&self, track: &Track) -> String {
        format!("Failed to decode input: {} in {}", self.describe(track), self.container)
    }

    /// Returns a track of a kind if it has a decoder.
    fn track(&self, index: usize, kind: Kind) -> anyhow::Result<Track> {
        let track = self.tracks.get(index).filter(|track| track.kind == kind);
        let Some(track) = track else {
            bail!("{} has no {} track {index}", self.name, kind.name());
        };
        if track.decoder.is_none() {
            bail!("{}: {} is not supported", self.failed(track), track.codec);
        }
        Ok(track.clone())
    }
}

/// Returns true if a path is a file with a single image.
pub fn is_still(path: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(path) else { return false };
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if !metadata.is_file() || is_mjpeg(extension) {
        return false;
    }
    let Ok(file) = File::open(path) else { return false };
    let mut source = Source::file(file, metadata.len());
    let kind = source.peek(PROBED).ok().and_then(still::kind);
    match kind {
        Some(kind) => {
            matches!(still::is_animated(&mut source, kind), Ok(false))
                && matches!(has_several(&mut source, kind), Ok(false))
        }
        None => false,
    }
}

fn frame_rate(options: &OpenOptions) -> anyhow::Result<Rational> {
    Ok(match options.frame_rate {
        Some(rate) => rate,
        None => Rational::new(FRAME_RATE, 1)?,
    })
}

fn read_tags(path: &Path, extension: &str) -> Tags {
    let Ok(file) = File::open(path) else { return Default::default() };
    let Ok(metadata) = file.metadata() else { return Default::default() };
    tags::read(Source::file(file, metadata.len()), extension)
}

/// Returns true if the first bytes are those of a supported container.
fn is_marked(start: &[u8]) -> bool {
    Mp4::matches(start)
        || [&b"RIFF"[..], b"OggS", b"fLaC", b"FORM", b".snd", b"caff", b"ID3", b"DKIF", b"FLV\x01"]
            .iter()
            .any(|mark| start.starts_with(mark))
}

/// Returns true if an extension is that of a stream of images.
fn is_mjpeg(extension: &str) -> bool {
    matches!(extension, "mjpg" | "mjpeg")
}

/// Returns true if another image follows the first in a file.
fn has_several(source: &mut Source, kind: &str) -> io::Result<bool> {
    let Some(signature) = still::signature(kind) else { return Ok(false) };
    let mut count = 1 << 16;
    loop {
        let data = source.bytes_at(0, count)?;
        let end = still::extent(&data).map(|extent| extent.end);
        if let Some(end) = end.filter(|end| *end <= data.len()) {
            return Ok(source.bytes_at(end as u64, signature.len())? == signature);
        }
        if data.len() < count || count > 1 << 28 {
            return Ok(false);
        }
        count *= 4;
    }
}

/// Demuxer of a single packet.
struct One(Option<Packet>);

impl Demuxer for One {
    fn next(&mut self, _: usize) -> anyhow::Result<Option<Packet>> {
        Ok(self.0.take())
    }
}
