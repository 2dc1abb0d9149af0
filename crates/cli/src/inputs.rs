//! Inputs of `encode` and their selected tracks.

use std::path::Path;

use anyhow::bail;
use reelwright::{MuxerInfo, Rational, TimeBase};
use reelwright_reader::{
    AudioInput, Kind, Media, OpenOptions, PacketInput, RawInput, Sine, TestSource, Track,
    VideoInput, is_still,
};

use crate::args::{EncodeArgs, InputFormat, TrackChoice};
use crate::wording;

/// Seconds between frames of an image that is shown for the duration of the audio, and units per
/// second of their durations.
pub(crate) const STILL: f64 = 1.0;
pub(crate) const STILL_UNITS: i64 = 1000;

/// Input stream.
pub(crate) enum Source {
    Audio(Box<AudioInput>),
    Video(Box<VideoInput>),
    /// An image that is shown for the duration of the audio.
    Still(Box<VideoInput>),
    /// Packets that are copied without re-encoding.
    Copy(Box<PacketInput>),
}

/// All input streams, and the inputs' metadata.
#[derive(Default)]
pub(crate) struct Inputs {
    pub(crate) sources: Vec<Source>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) cover: Option<reelwright::CoverArt>,
    pub(crate) chapters: Vec<reelwright::Chapter>,
    /// True if a damaged track was ignored.
    pub(crate) is_damaged: bool,
}

/// Open input with its selected tracks.
enum Opened {
    Generated(Source),
    Media { media: Box<Media>, chosen: Vec<(Kind, usize)>, is_still: bool },
}

/// Opens the inputs and those of their tracks that the container supports.
///
/// # Errors
/// An input cannot be opened, or a selected track cannot be decoded.
pub(crate) fn open(
    args: &EncodeArgs,
    options: &OpenOptions,
    format: &MuxerInfo,
) -> anyhow::Result<Inputs> {
    let mut opened = Vec::new();
    let mut rest = &args.inputs[..];
    while let Some((path, after)) = rest.split_first() {
        let all = rest;
        rest = after;
        if let Some(source) = generated(path)? {
            if args.copy {
                bail!("{} is generated and has no packets to copy. Remove --copy.", path.display());
            }
            opened.push(Opened::Generated(source));
            continue;
        }
        // Consecutive images are one video.
        let images = match options.raw {
            None => all.iter().take_while(|path| is_still(path)).count(),
            Some(_) => 0,
        };
        let media = if images > 1 {
            rest = &all[images..];
            Media::list(&all[..images], options)?
        } else {
            Media::open(path, options)?
        };
        let chosen = chosen(args, &media)?;
        opened.push(Opened::Media { media: Box::new(media), chosen, is_still: images == 1 });
    }
    let supports = |kind: Kind| match kind {
        Kind::Audio => !format.audio_codecs.is_empty(),
        _ => !format.video_codecs.is_empty(),
    };
    let kinds = opened.iter().flat_map(Opened::kinds).collect::<Vec<_>>();
    // If no stream remains, the container reports the reason.
    let drops = kinds.iter().any(|kind| supports(*kind));
    for kind in [Kind::Video, Kind::Audio] {
        if drops && kinds.contains(&kind) && !supports(kind) {
            log::warn!(
                "{} does not support {kind}. The {kind} streams of the input are ignored.",
                format.name,
                kind = kind.name()
            );
        }
    }
    let mut inputs = Inputs::default();
    let mut stills = Vec::new();
    for one in opened {
        match one {
            Opened::Generated(source) => {
                if !drops || supports(source.kind()) {
                    inputs.sources.push(source);
                }
            }
            Opened::Media { mut media, mut chosen, is_still } => {
                if drops {
                    chosen.retain(|(kind, _)| supports(*kind));
                }
                if is_still && !chosen.is_empty() {
                    stills.push(inputs.sources.len());
                }
                inputs.add(&mut media, &chosen, args.copy)?;
            }
        }
    }
    let has_audio = inputs.sources.iter().any(|source| !source.is_video());
    let videos = inputs.sources.iter().filter(|source| source.is_video()).count();
    if let ([still], true, 1) = (&stills[..], has_audio, videos) {
        let source = match inputs.sources.remove(*still) {
            Source::Video(mut video) => {
                match args.frame_rate {
                    Some(rate) => {
                        video.frame_rate = rate;
                        video.time_base = TimeBase::new(rate.inverse());
                        video.is_variable = false;
                    }
                    None => {
                        video.frame_rate = Rational::from_f64(1.0 / STILL)?;
                        video.time_base = TimeBase::new(Rational::new(1, STILL_UNITS)?);
                        video.is_variable = true;
                    }
                }
                Source::Still(video)
            }
            other => other,
        };
        inputs.sources.insert(*still, source);
    }
    // A file with one stream states the language in its metadata.
    if let [source] = &inputs.sources[..]
        && let Some(language) = source.language()
        && !inputs.tags.iter().any(|(key, _)| key == "language")
    {
        inputs.tags.push(("language".to_owned(), language.to_owned()));
    }
    Ok(inputs)
}

impl Opened {
    fn kinds(&self) -> Vec<Kind> {
        match self {
            Self::Generated(source) => vec![source.kind()],
            Self::Media { chosen, .. } => chosen.iter().map(|(kind, _)| *kind).collect(),
        }
    }
}

/// Returns the selected tracks of an input, at most one of each kind. Logs a warning for the
/// others.
fn chosen(args: &EncodeArgs, media: &Media) -> anyhow::Result<Vec<(Kind, usize)>> {
    let mut chosen = Vec::new();
    for (kind, is_excluded, choice) in [
        (Kind::Video, args.no_video, &args.video_track),
        (Kind::Audio, args.no_audio, &args.audio_track),
    ] {
        let tracks: Vec<&Track> = media.tracks.iter().filter(|track| track.kind == kind).collect();
        if !is_excluded && let Some(track) = choose(media, &tracks, choice.as_ref(), kind)? {
            chosen.push((kind, track.index));
        }
    }
    for track in &media.tracks {
        let why = match track.kind {
            Kind::Audio if args.no_audio => continue,
            Kind::Video if args.no_video => continue,
            Kind::Audio => "choose it with --audio-track",
            Kind::Video => "choose it with --video-track",
            // The chapters are kept.
            _ if track.is_chapters => continue,
            Kind::Subtitle => "subtitles are read from files with --subtitles",
            Kind::Data => "data is not supported",
        };
        if !chosen.iter().any(|(_, index)| *index == track.index) {
            log::warn!("{} is ignored: {why}.", media.describe(track));
        }
    }
    if chosen.is_empty() {
        bail!("Failed to read input: {} (it has neither audio nor video to encode)", media.name);
    }
    Ok(chosen)
}

/// Returns a test pattern or a tone, if the name describes one.
fn generated(path: &Path) -> anyhow::Result<Option<Source>> {
    let Some(text) = path.to_str().filter(|_| !path.exists()) else { return Ok(None) };
    if let Some(source) = TestSource::parse(text)? {
        return Ok(Some(Source::Video(Box::new(VideoInput::test(source)?))));
    }
    Ok(Sine::parse(text)?.map(|sine| Source::Audio(Box::new(AudioInput::sine(sine)))))
}

/// Returns the format of headerless inputs from the options.
///
/// # Errors
/// An option is missing that the format requires.
pub(crate) fn raw(args: &EncodeArgs) -> anyhow::Result<Option<RawInput>> {
    let missing = |what: &str| format!("--input-format {what}");
    Ok(match args.input_format {
        None => None,
        Some(InputFormat::Audio(format)) => {
            let (Some(sample_rate), Some(channels)) = (args.input_sample_rate, args.input_channels)
            else {
                bail!(
                    "{} requires --input-sample-rate and --input-channels.",
                    missing("of headerless audio")
                );
            };
            Some(RawInput::Audio { format, sample_rate, channels })
        }
        Some(InputFormat::G722) => Some(RawInput::G722),
        Some(InputFormat::Video) => {
            let size = args.input_size.or(args.size);
            let (Some((width, height)), Some((format, range))) =
                (size, args.input_pixel_format.or(args.pixel_format))
            else {
                bail!("{} requires --size and --pixel-format of its frames.", missing("rawvideo"));
            };
            let (width, height) = (width as usize, height as usize);
            Some(RawInput::Video { format, range, width, height })
        }
    })
}

impl Inputs {
    /// Adds the selected tracks of an input, or copies of their packets.
    fn add(
        &mut self,
        media: &mut Media,
        chosen: &[(Kind, usize)],
        is_copied: bool,
    ) -> anyhow::Result<()> {
        let indices: Vec<usize> = chosen.iter().map(|(_, index)| *index).collect();
        media.select(&indices);
        let before = self.sources.len();
        let mut failed = Vec::new();
        for &(kind, index) in chosen {
            let source = match kind {
                _ if is_copied => media.copy(index).map(|packets| Source::Copy(Box::new(packets))),
                Kind::Video => media.video(index).map(|video| Source::Video(Box::new(video))),
                _ => media.audio(index).map(|audio| Source::Audio(Box::new(audio))),
            };
            match source {
                Ok(source) => self.sources.push(source),
                Err(error) => failed.push(error),
            }
        }
        for error in failed {
            // In a damaged input, tracks with content are kept.
            if self.sources.len() == before || !media.is_damaged() {
                return Err(error);
            }
            log::warn!("{}. The track is ignored.", wording::of_error(&error));
            self.is_damaged = true;
        }
        // The first input has precedence.
        for (key, value) in std::mem::take(&mut media.tags) {
            if !self.tags.iter().any(|(known, _)| *known == key) {
                self.tags.push((key, value));
            }
        }
        if self.cover.is_none() {
            self.cover = media.cover.take();
        }
        if self.chapters.is_empty() {
            self.chapters = std::mem::take(&mut media.chapters);
        }
        Ok(())
    }
}

/// Returns the selected track of a kind, or `None` if there is none and none was requested.
fn choose<'a>(
    media: &Media,
    tracks: &[&'a Track],
    choice: Option<&TrackChoice>,
    kind: Kind,
) -> anyhow::Result<Option<&'a Track>> {
    let found = match choice {
        None => return Ok(tracks.first().copied()),
        Some(TrackChoice::Number(number)) => tracks.get(*number).copied(),
        Some(TrackChoice::Language(language)) => tracks.iter().copied().find(|track| {
            track.language.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(language))
        }),
    };
    if found.is_none() {
        let all: Vec<String> = tracks
            .iter()
            .enumerate()
            .map(|(number, track)| {
                let language = track.language.as_deref().unwrap_or("no language");
                format!("{number} ({}, {language})", track.codec)
            })
            .collect();
        let all = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
        let wanted = match choice {
            Some(TrackChoice::Number(number)) => number.to_string(),
            Some(TrackChoice::Language(language)) => language.clone(),
            None => String::new(),
        };
        bail!(
            "{} has no {} track {wanted}. Its {} tracks are: {all}.",
            media.name,
            kind.name(),
            kind.name()
        );
    }
    Ok(found)
}

impl Source {
    /// Returns the duration in seconds, if the input states it.
    pub(crate) fn duration(&self) -> Option<f64> {
        match self {
            Self::Audio(audio) => Some(audio.samples? as f64 / f64::from(audio.sample_rate)),
            Self::Video(video) => Some(video.duration? as f64 * video.time_base.seconds().to_f64()),
            Self::Still(_) => Some(0.0),
            Self::Copy(packets) => {
                let unit = packets.parameters.time_base.seconds().to_f64();
                Some(packets.duration? as f64 * unit)
            }
        }
    }

    /// Returns the language code, if the input states one.
    fn language(&self) -> Option<&str> {
        match self {
            Self::Audio(audio) => audio.language.as_deref(),
            Self::Video(video) | Self::Still(video) => video.language.as_deref(),
            Self::Copy(packets) => packets.parameters.language.as_deref(),
        }
    }

    pub(crate) fn is_video(&self) -> bool {
        self.kind() == Kind::Video
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Audio(_) => Kind::Audio,
            Self::Video(_) | Self::Still(_) => Kind::Video,
            Self::Copy(packets) if packets.is_video() => Kind::Video,
            Self::Copy(_) => Kind::Audio,
        }
    }

    /// Returns whether the input is damaged or shorter than it states.
    pub(crate) fn is_damaged(&self) -> bool {
        match self {
            Self::Audio(audio) => audio.is_damaged(),
            Self::Video(video) | Self::Still(video) => video.is_damaged(),
            Self::Copy(packets) => packets.is_damaged(),
        }
    }
}
