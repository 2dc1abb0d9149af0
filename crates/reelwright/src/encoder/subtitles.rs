//! Subtitle streams.

use reelwright_core::helpers::WebVttCue;
use reelwright_core::{MediaKind, Result};

use super::StreamingMediaEncoder;
use super::setup::language;
use crate::stream::Stream;
use crate::subtitle_pipeline::{Content, SubtitlePipeline};
use crate::subtitle_stream::SubtitleStream;

impl<W> StreamingMediaEncoder<'_, W> {
    /// Adds a subtitle stream and returns its index.
    ///
    /// # Errors
    /// The output is already open, the format does not support another stream or the codec, or the
    /// language or the header is invalid.
    pub fn add_subtitle_stream(&mut self, stream: &SubtitleStream) -> Result<usize> {
        self.check_new("add a new stream")?;
        let index = self.streams.len();
        let code = language(stream.language.as_deref()).map_err(|e| e.in_stream(index))?;
        let container = self.container(MediaKind::Subtitle).map_err(|e| e.in_stream(index))?;
        // For a format without subtitles, the error is not about the maximum number of streams.
        let parameters = stream.resolve(&self.registry, &container.format);
        let parameters = parameters.map_err(|error| error.in_stream(index))?;
        self.next_index()?;
        let stream = Stream::Subtitle(Box::new(SubtitlePipeline::new(parameters)));
        self.add(stream, code, &container);
        Ok(index)
    }

    /// Writes a subtitle to stream `index`, from `start` to `end` seconds, rounded to milliseconds.
    /// The minimum duration is one millisecond.
    ///
    /// In `text`, `<b>`, `<i>` and `<u>` and their end tags set bold, italic and underlined text.
    /// All other characters are literal. Subtitles must be written in the order of their starts and
    /// may overlap. Overlapping subtitles are displayed together, in `mov_text` on separate lines.
    /// Other streams do not wait for subtitles: write each before the other streams pass its start,
    /// or write all first.
    ///
    /// # Errors
    /// The output is not open, the stream does not exist, `end` is before `start`, `start` is
    /// before the start of the previous subtitle, a time is not finite, or the text contains NUL or
    /// exceeds 65,535 bytes in `mov_text`. The subtitle is not written then, and writing can
    /// continue. If the output fails, all further writes are errors.
    pub fn write_subtitle(&mut self, index: usize, start: f64, end: f64, text: &str) -> Result<()> {
        self.write_content(index, start, end, Content::Text(text))
    }

    /// Writes a WebVTT cue unchanged to stream `index`, which must have the codec `webvtt`. Times
    /// are the same as in [`write_subtitle`](Self::write_subtitle).
    ///
    /// # Errors
    /// The same errors as `write_subtitle`, or the cue contains text that would end it in a file.
    pub fn write_webvtt_cue(
        &mut self,
        index: usize,
        start: f64,
        end: f64,
        cue: &WebVttCue,
    ) -> Result<()> {
        self.write_content(index, start, end, Content::Cue(cue))
    }

    fn write_content(
        &mut self,
        index: usize,
        start: f64,
        end: f64,
        content: Content<'_>,
    ) -> Result<()> {
        let subtitles = self.open_stream(index)?.subtitles(index)?;
        subtitles.write(start, end, content).map_err(|error| error.in_stream(index))?;
        self.write_packets(false)?;
        self.check_interrupt()?;
        self.was_interrupted = false;
        Ok(())
    }
}
