//! Inputs of `encode`: opened, their tracks chosen.

use std::path::{Path, PathBuf};

use anyhow::bail;
use reelwright::{MuxerInfo, Rational, TimeBase};
use reelwright_reader::{
    AudioInput, Kind, Media, OpenOptions, RawInput, Sine, TestSource, Track, VideoInput, is_still,
};

use crate::args::{EncodeArgs, InputFormat, TrackChoice};

/// Seconds between the frames of an image that is shown as long as the audio lasts, and the units
/// of a second that their durations have.
pub(crate) const STILL: f64 = 1.0;
pub(crate) const STILL_UNITS: i64 = 1000;

/// One stream that is read.
pub(crate) enum Source {
    Audio(Box<AudioInput>),
    Video(Box<VideoInput>),
    /// An image that is shown as long as the audio lasts.
    Still(Box<VideoInput>),
}

/// Everything that is read, and what the inputs say of themselves.
#[derive(Default)]
pub(crate) struct Inputs {
    pub(crate) sources: Vec<Source>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) cover: Option<reelwright::Picture>,
}

/// Opens the inputs and those of their tracks that the container can hold.
///
/// # Errors
/// An input cannot be opened, or a track that was chosen cannot be decoded.
pub(crate) fn open(
    args: &EncodeArgs,
    options: &OpenOptions,
    format: &MuxerInfo,
) -> anyhow::Result<Inputs> {
    let mut inputs = Inputs::default();
    let mut stills = Vec::new();
    let mut rest = &args.inputs[..];
    while let Some((path, after)) = rest.split_first() {
        rest = after;
        if let Some(source) = generated(path)? {
            inputs.sources.push(source);
            continue;
        }
        // Images that follow each other are one video.
        if options.raw.is_none() && is_still(path) {
            let count = 1 + rest.iter().take_while(|path| is_still(path)).count();
            if count > 1 {
                let files: Vec<PathBuf> =
                    args.inputs[args.inputs.len() - rest.len() - 1..][..count].to_vec();
                rest = &rest[count - 1..];
                let mut media = Media::list(&files, options)?;
                inputs.add(args, &mut media, format)?;
                continue;
            }
            stills.push(inputs.sources.len());
        }
        let mut media = Media::open(path, options)?;
        inputs.add(args, &mut media, format)?;
    }
    let has_audio = inputs.sources.iter().any(|source| matches!(source, Source::Audio(_)));
    let videos = inputs.sources.iter().filter(|s| !matches!(s, Source::Audio(_))).count();
    if let ([still], true, 1) = (&stills[..], has_audio, videos) {
        let source = inputs.sources.remove(*still);
        inputs.sources.insert(
            *still,
            match source {
                Source::Video(mut video) => {
                    video.frame_rate = Rational::from_f64(1.0 / STILL)?;
                    video.time_base = TimeBase::new(Rational::new(1, STILL_UNITS)?);
                    video.is_variable = true;
                    Source::Still(video)
                }
                other => other,
            },
        );
    }
    Ok(inputs)
}

/// A test pattern or a tone, if that is what a name describes.
fn generated(path: &Path) -> anyhow::Result<Option<Source>> {
    let Some(text) = path.to_str().filter(|_| !path.exists()) else { return Ok(None) };
    if let Some(source) = TestSource::of(text)? {
        return Ok(Some(Source::Video(Box::new(VideoInput::test(source)?))));
    }
    Ok(Sine::of(text)?.map(|sine| Source::Audio(Box::new(AudioInput::sine(sine)))))
}

/// The format of headerless inputs, as the options state it.
///
/// # Errors
/// An option is missing that the format needs.
pub(crate) fn raw(args: &EncodeArgs) -> anyhow::Result<Option<RawInput>> {
    let missing = |what: &str| format!("--input-format {what}");
    Ok(match args.input_format {
        None => None,
        Some(InputFormat::Audio(format)) => {
            let (Some(sample_rate), Some(channels)) = (args.input_sample_rate, args.input_channels)
            else {
                bail!(
                    "{} needs --input-sample-rate and --input-channels.",
                    missing("of headerless audio")
                );
            };
            Some(RawInput::Audio { format, sample_rate, channels })
        }
        Some(InputFormat::G722) => Some(RawInput::G722),
        Some(InputFormat::Video) => {
            let size = args.input_size.or(args.size);
            let (Some((width, height)), Some(format)) =
                (size, args.input_pixel_format.or(args.pixel_format))
            else {
                bail!("{} needs --size and --pixel-format of its frames.", missing("rawvideo"));
            };
            Some(RawInput::Video { format, width: width as usize, height: height as usize })
        }
    })
}

impl Inputs {
    /// Adds the chosen tracks of an input.
    fn add(
        &mut self,
        args: &EncodeArgs,
        media: &mut Media,
        format: &MuxerInfo,
    ) -> anyhow::Result<()> {
        let mut chosen = Vec::new();
        let mut holds_none = Vec::new();
        for (kind, is_excluded, choice, holds) in [
            (Kind::Video, args.no_video, &args.video_track, !format.video_codecs.is_empty()),
            (Kind::Audio, args.no_audio, &args.audio_track, !format.audio_codecs.is_empty()),
        ] {
            if is_excluded {
                continue;
            }
            let tracks: Vec<&Track> =
                media.tracks.iter().filter(|track| track.kind == kind).collect();
            let Some(track) = choose(media, &tracks, choice.as_ref(), kind)? else { continue };
            if holds {
                chosen.push((kind, track.index));
            } else {
                holds_none.push((kind, track.index));
            }
        }
        // Where nothing would be left the container's own message says why.
        if chosen.is_empty() {
            chosen.append(&mut holds_none);
        }
        for (kind, _) in &holds_none {
            log::warn!("{} does not support {}, which is left out.", format.name, kind.name());
        }
        for track in &media.tracks {
            let is_known =
                |list: &[(Kind, usize)]| list.iter().any(|(_, index)| *index == track.index);
            let is_excluded = match track.kind {
                Kind::Audio => args.no_audio,
                Kind::Video => args.no_video,
                Kind::Subtitle | Kind::Data => false,
            };
            if is_known(&chosen) || is_known(&holds_none) || is_excluded {
                continue;
            }
            let why = match track.kind {
                Kind::Audio => "choose it with --audio-track",
                Kind::Video => "choose it with --video-track",
                Kind::Subtitle => "subtitles are not supported",
                Kind::Data => "data is not supported",
            };
            log::warn!("{} is left out: {why}.", media.describe(track));
        }
        if chosen.is_empty() {
            bail!(
                "Failed to read input: {} (it has neither audio nor video to encode)",
                media.name
            );
        }
        let indices: Vec<usize> = chosen.iter().map(|(_, index)| *index).collect();
        media.select(&indices);
        for (kind, index) in chosen {
            self.sources.push(match kind {
                Kind::Video => Source::Video(Box::new(media.video(index)?)),
                _ => Source::Audio(Box::new(media.audio(index)?)),
            });
            let language = media.tracks.get(index).and_then(|track| track.language.clone());
            if let Some(language) = language
                && !media.tags.iter().any(|(key, _)| key == "language")
            {
                media.tags.push(("language".to_owned(), language));
            }
        }
        // The first input tells of the whole.
        for (key, value) in std::mem::take(&mut media.tags) {
            if !self.tags.iter().any(|(known, _)| *known == key) {
                self.tags.push((key, value));
            }
        }
        if self.cover.is_none() {
            self.cover = media.cover.take();
        }
        Ok(())
    }
}

/// The track of a kind that is encoded; none where there is none and none was asked for.
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
    /// Duration in seconds, where the input states it.
    pub(crate) fn duration(&self) -> Option<f64> {
        match self {
            Self::Audio(audio) => Some(audio.samples? as f64 / f64::from(audio.sample_rate)),
            Self::Video(video) => Some(video.duration? as f64 * video.time_base.seconds().to_f64()),
            Self::Still(_) => Some(0.0),
        }
    }

    pub(crate) fn is_video(&self) -> bool {
        !matches!(self, Self::Audio(_))
    }

    /// Whether damage was found, or the input ended before it says it does.
    pub(crate) fn is_damaged(&self) -> bool {
        match self {
            Self::Audio(audio) => audio.is_damaged(),
            Self::Video(video) | Self::Still(video) => video.is_damaged(),
        }
    }
}
