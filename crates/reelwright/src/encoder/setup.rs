//! Streams, metadata and whatever else is set before the output is opened.

use reelwright_core::{CoverArt, Error, Interrupt, MediaKind, Metadata, MuxerInfo, Result};

use super::StreamingMediaEncoder;
use super::state::{Destinations, State};
use crate::audio_pipeline::AudioPipeline;
use crate::audio_stream::AudioStream;
use crate::stream::Stream;
use crate::tee;
use crate::video_pipeline::VideoPipeline;
use crate::video_stream::VideoStream;

impl<W> StreamingMediaEncoder<'_, W> {
    /// Sets what can stop calls that take long or block. A call that was stopped returns an error of
    /// kind [`Interrupted`](crate::ErrorKind::Interrupted). The stream stays open then and holds
    /// whole frames, and [`close`](Self::close) completes the file; an interrupt of `close` after
    /// another one abandons it, as [`abandon`](Self::abandon) does.
    ///
    /// # Errors
    /// The output is open already.
    pub fn set_interrupt(&mut self, interrupt: Interrupt) -> Result<()> {
        self.check_new("set an interrupt")?;
        self.interrupt = interrupt;
        Ok(())
    }

    /// Adds an audio stream; returns its index.
    ///
    /// # Errors
    /// The output is open already, the format does not take another stream or the codec, or a
    /// parameter or option of the stream is wrong.
    pub fn add_audio_stream(&mut self, stream: &AudioStream) -> Result<usize> {
        let index = self.next_index()?;
        let language = language(stream.language.as_deref()).map_err(|e| e.in_stream(index))?;
        let container = self.container(MediaKind::Audio).map_err(|e| e.in_stream(index))?;
        let pipeline = stream.resolve(&self.registry, &container.format);
        let pipeline = pipeline.and_then(AudioPipeline::new).map_err(|e| e.in_stream(index))?;
        self.add(Stream::Audio(Box::new(pipeline)), language, &container);
        Ok(index)
    }

    /// Adds a video stream; returns its index.
    ///
    /// # Errors
    /// As [`add_audio_stream`](Self::add_audio_stream).
    pub fn add_video_stream(&mut self, stream: &VideoStream) -> Result<usize> {
        let index = self.next_index()?;
        let language = language(stream.language.as_deref()).map_err(|e| e.in_stream(index))?;
        let container = self.container(MediaKind::Video).map_err(|e| e.in_stream(index))?;
        let pipeline = stream
            .resolve(&self.registry, &container.format, container.extension.as_deref())
            .and_then(|stream| VideoPipeline::new(stream, container.format.variable_frame_rate))
            .map_err(|error| error.in_stream(index))?;
        self.add(Stream::Video(Box::new(pipeline)), language, &container);
        Ok(index)
    }

    /// The containers that are written: several for a tee.
    pub(super) fn containers(&self) -> Vec<&MuxerInfo> {
        match &self.state {
            State::New(Destinations::Tee(members)) => {
                members.iter().map(|member| &member.endpoint.format).collect()
            }
            _ => vec![&self.format],
        }
    }

    /// The container of a stream to add.
    pub(super) fn container(&self, kind: MediaKind) -> Result<Container> {
        match &self.state {
            State::New(Destinations::One(endpoint)) => Ok(Container {
                format: endpoint.format.clone(),
                extension: endpoint.target.extension().map(str::to_owned),
                members: Vec::new(),
            }),
            State::New(Destinations::Tee(members)) => {
                let of_kind = self.streams.iter().filter(|stream| stream.kind() == kind).count();
                let (format, members) = tee::container(members, kind, self.streams.len(), of_kind)?;
                Ok(Container { format, extension: None, members })
            }
            State::New(Destinations::Packets(_)) => {
                Ok(Container { format: self.format.clone(), extension: None, members: Vec::new() })
            }
            _ => Err(self.not_open()),
        }
    }

    pub(super) fn add(&mut self, stream: Stream, language: Option<String>, container: &Container) {
        if let State::New(Destinations::Tee(members)) = &mut self.state {
            let index = self.streams.len();
            container.members.iter().for_each(|member| members[*member].streams.push(index));
        }
        self.languages.push(language);
        self.keeps_pauses.push(container.format.audio_gaps);
        self.streams.push(stream);
    }

    /// The index of a stream to add.
    pub(super) fn next_index(&self) -> Result<usize> {
        self.check_new("add a new stream")?;
        let index = self.streams.len();
        if index >= self.format.max_streams {
            return Err(Error::unsupported(format!(
                "{} does not support more than {index} stream{}.",
                self.format.name,
                if index == 1 { "" } else { "s" }
            )));
        }
        Ok(index)
    }

    /// Sets what the file says of itself; replaces all that was set before. Keys are FFmpeg's:
    /// `title`, `artist`, `album`, `date`, `comment`, …
    ///
    /// # Errors
    /// The output is open already, or a key is empty or holds `=` or control characters.
    pub fn set_metadata<K: Into<String>, V: Into<String>>(
        &mut self,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<()> {
        self.check_new("set metadata")?;
        let mut metadata = Metadata::new();
        for (key, value) in entries {
            metadata.set(key, value)?;
        }
        if let Some(cover) = self.metadata.cover() {
            metadata.set_cover(cover.clone());
        }
        metadata.set_chapters(self.metadata.chapters().to_vec())?;
        self.metadata = metadata;
        Ok(())
    }

    /// Sets the picture that players show. It is warned of where the format has no place for it.
    ///
    /// # Errors
    /// The output is open already.
    pub fn set_cover(&mut self, cover: CoverArt) -> Result<()> {
        self.check_new("set a cover")?;
        for format in self.containers().iter().filter(|format| !format.cover_art) {
            log::warn!("{} has no place for a cover; it is left out.", format.name);
        }
        self.metadata.set_cover(cover);
        Ok(())
    }
}

/// The container of a stream, or what several containers have in common.
pub(super) struct Container {
    pub(super) format: MuxerInfo,
    /// Of the file's name, where there is one file.
    extension: Option<String>,
    /// The outputs of a tee that get the stream.
    members: Vec<usize>,
}

/// A stream's language.
///
/// # Errors
/// It is no code of ISO 639-2.
pub(super) fn language(code: Option<&str>) -> Result<Option<String>> {
    match code {
        Some(code) if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_lowercase()) => {
            Err(Error::argument(format!(
                "The language must be a code of ISO 639-2, three lower-case letters such as eng. \
                 Found: {code:?}"
            )))
        }
        code => Ok(code.map(str::to_owned)),
    }
}
