//! Streams, metadata and other settings before the output is opened.

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
    /// Sets an interrupt that can stop long or blocking calls. A stopped call returns an error of
    /// kind [`Interrupted`](crate::ErrorKind::Interrupted). The stream stays open and has only
    /// complete frames, and [`close`](Self::close) completes the file. If another interrupt stops
    /// `close`, the file is abandoned like in [`abandon`](Self::abandon).
    ///
    /// # Errors
    /// The output is already open.
    pub fn set_interrupt(&mut self, interrupt: Interrupt) -> Result<()> {
        self.check_new("set an interrupt")?;
        self.interrupt = interrupt;
        Ok(())
    }

    /// Adds an audio stream and returns its index.
    ///
    /// # Errors
    /// The output is already open, the format does not support another stream or the codec, or a
    /// parameter or option of the stream is invalid.
    pub fn add_audio_stream(&mut self, stream: &AudioStream) -> Result<usize> {
        let index = self.next_index()?;
        let language = language(stream.language.as_deref()).map_err(|e| e.in_stream(index))?;
        let container = self.container(MediaKind::Audio).map_err(|e| e.in_stream(index))?;
        let pipeline = stream.resolve(&self.registry, &container.format);
        let pipeline = pipeline.and_then(AudioPipeline::new).map_err(|e| e.in_stream(index))?;
        self.add(Stream::Audio(Box::new(pipeline)), language, &container);
        Ok(index)
    }

    /// Adds a video stream and returns its index.
    ///
    /// # Errors
    /// The same errors as [`add_audio_stream`](Self::add_audio_stream).
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

    /// Returns the containers of the outputs, several for a tee.
    pub(super) fn containers(&self) -> Vec<&MuxerInfo> {
        match &self.state {
            State::New(Destinations::Tee(members)) => {
                members.iter().map(|member| &member.endpoint.format).collect()
            }
            _ => vec![&self.format],
        }
    }

    /// Returns the container for a new stream.
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
        self.supports_gaps.push(container.format.audio_gaps);
        self.streams.push(stream);
    }

    /// Returns the index for a new stream.
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

    /// Sets the metadata of the file, and removes all earlier entries. The keys are those of
    /// FFmpeg: `title`, `artist`, `album`, `date`, `comment`, …
    ///
    /// # Errors
    /// The output is already open, or a key is empty or contains `=` or control characters.
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

    /// Sets the cover art. Logs a warning if the format cannot store cover art.
    ///
    /// # Errors
    /// The output is already open.
    pub fn set_cover(&mut self, cover: CoverArt) -> Result<()> {
        self.check_new("set a cover")?;
        for format in self.containers().iter().filter(|format| !format.cover_art) {
            log::warn!("{} cannot store a cover. The cover is ignored.", format.name);
        }
        self.metadata.set_cover(cover);
        Ok(())
    }
}

/// Container of a stream, or the common properties of several containers.
pub(super) struct Container {
    pub(super) format: MuxerInfo,
    /// Extension of the file name, if there is one file.
    extension: Option<String>,
    /// Indexes of the outputs of a tee that receive the stream.
    members: Vec<usize>,
}

/// Checks a stream's language.
///
/// # Errors
/// The language is not an ISO 639-2 code.
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
