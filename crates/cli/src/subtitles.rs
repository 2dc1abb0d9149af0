//! Subtitles and chapters from separate files.

use anyhow::{Context, bail};
use reelwright::{Chapter, CodecId, StreamingMediaEncoder, SubtitleStream, WebVttCue};
use reelwright_reader::{SubtitleFile, ffmetadata, plain_text};

use crate::args::EncodeArgs;

/// Subtitle files.
pub(crate) struct Subtitles(Vec<SubtitleFile>);

/// Subtitle files, and the indices of their streams.
pub(crate) struct SubtitleStreams(Vec<(usize, CodecId, SubtitleFile)>);

impl Subtitles {
    /// Reads the files.
    ///
    /// # Errors
    /// A file cannot be read or is damaged, or there are more languages than files.
    pub(crate) fn open(args: &EncodeArgs) -> anyhow::Result<Self> {
        let (languages, files) = (args.subtitle_language.len(), args.subtitles.len());
        if languages > files {
            bail!(
                "--subtitle-language is set {languages} times for {files} files of --subtitles. \
                 Pass it at most once per file."
            );
        }
        let mut read = Vec::new();
        for path in &args.subtitles {
            let failed = || format!("Failed to read subtitles: {}", path.display());
            let bytes = std::fs::read(path).with_context(failed)?;
            let file = SubtitleFile::read(&bytes).with_context(failed)?;
            if file.is_simplified {
                log::warn!("{}: fonts, colors and positions are ignored.", path.display());
            }
            read.push(file);
        }
        Ok(Self(read))
    }

    /// Adds the streams, after all others.
    ///
    /// # Errors
    /// The same errors as [`StreamingMediaEncoder::add_subtitle_stream`].
    pub(crate) fn add_streams(
        self,
        args: &EncodeArgs,
        encoder: &mut StreamingMediaEncoder<'_>,
    ) -> reelwright::Result<SubtitleStreams> {
        let default = encoder.format().subtitle_codecs.first().map(|codec| codec.name());
        let codec = args.subtitle_codec.as_deref().or(default);
        let mut streams = Vec::new();
        for (i, file) in self.0.into_iter().enumerate() {
            let mut stream = SubtitleStream::new();
            if let Some(codec) = codec {
                stream = stream.codec(codec);
            }
            if let Some(language) = args.subtitle_language.get(i) {
                stream = stream.language(language);
            }
            if let Some(header) = file.header.as_ref().filter(|_| codec == Some("webvtt")) {
                stream = stream.header(header);
            }
            let index = encoder.add_subtitle_stream(&stream)?;
            let parameters = encoder.stream_parameters(index);
            streams.extend(parameters.map(|parameters| (index, parameters.codec, file)));
        }
        Ok(SubtitleStreams(streams))
    }
}

impl SubtitleStreams {
    /// Writes all subtitles before the other streams.
    ///
    /// # Errors
    /// The same errors as [`StreamingMediaEncoder::write_subtitle`].
    pub(crate) fn write(self, encoder: &mut StreamingMediaEncoder<'_>) -> reelwright::Result<()> {
        for (index, codec, file) in self.0 {
            let is_webvtt = file.header.is_some();
            for cue in file.cues {
                let (start, end) = (cue.start.as_secs_f64(), cue.end.as_secs_f64());
                match (is_webvtt, codec) {
                    (true, CodecId::WebVtt) => {
                        let payload = cue.text;
                        let cue = WebVttCue { id: cue.id, settings: cue.settings, payload };
                        encoder.write_webvtt_cue(index, start, end, &cue)?;
                    }
                    (true, _) => {
                        encoder.write_subtitle(index, start, end, &plain_text(&cue.text))?;
                    }
                    (false, _) => encoder.write_subtitle(index, start, end, &cue.text)?,
                }
            }
        }
        Ok(())
    }
}

/// Returns the user's chapters, if a file was set.
///
/// # Errors
/// The file cannot be read or is damaged.
pub(crate) fn own_chapters(args: &EncodeArgs) -> anyhow::Result<Option<Vec<Chapter>>> {
    let Some(path) = &args.chapters else { return Ok(None) };
    let failed = || format!("Failed to read chapters: {}", path.display());
    let bytes = std::fs::read(path).with_context(failed)?;
    Ok(Some(ffmetadata::chapters(&bytes).with_context(failed)?))
}
