//! Subtitle streams.

use reelwright_core::helpers::WebVttCue;
use reelwright_core::{MediaKind, Result};

use super::StreamingMediaEncoder;
use super::setup::language;
use crate::stream::Stream;
use crate::subtitle_pipeline::{Content, SubtitlePipeline};
use crate::subtitle_stream::SubtitleStream;

impl<W> StreamingMediaEncoder<'_, W> {
    /// Adds a subtitle stream; returns its index.
    ///
    /// # Errors
    /// The output is open already, the format does not take another stream or the codec, or the
    /// language or the header is wrong.
    pub fn add_subtitle_stream(&mut self, stream: &SubtitleStream) -> Result<usize> {
        self.check_new("add a new stream")?;
        let index = self.streams.len();
        let code = language(stream.language.as_deref()).map_err(|e| e.in_stream(index))?;
        let container = self.container(MediaKind::Subtitle).map_err(|e| e.in_stream(index))?;
        // A format without subtitles says so, and not that it holds one stream.
        let parameters = stream.resolve(&self.registry, &container.format);
        let parameters = parameters.map_err(|error| error.in_stream(index))?;
        self.next_index()?;
        let stream = Stream::Subtitle(Box::new(SubtitlePipeline::new(parameters)));
        self.add(stream, code, &container);
        Ok(index)
    }

    /// Writes a subtitle to stream `index`, shown from `start` to `end` seconds, rounded to
    /// milliseconds; at least one.
    ///
    /// In `text`, `<b>`, `<i>` and `<u>` and their end tags make it bold, italic or underlined;
    /// everything else stands for itself. Subtitles come in the order of their starts and may
    /// overlap: they are shown together then, `mov_text` with a line for each. No other stream waits for
    /// subtitles: write each before the other streams pass its start, or all of them first.
    ///
    /// # Errors
    /// The output is not open, there is no such stream, `end` is before `start`, `start` is before that of
    /// the last subtitle, a time is not finite, or the text holds NUL or is longer than 65,535 bytes in
    /// `mov_text`: then nothing was written, and the next one can be. Or the output failed.
    pub fn write_subtitle(&mut self, index: usize, start: f64, end: f64, text: &str) -> Result<()> {
        self.write_content(index, start, end, Content::Text(text))
    }

    /// Writes a cue of WebVTT as it is to stream `index`, which must be of `webvtt`. Times are as in
    /// [`write_subtitle`](Self::write_subtitle).
    ///
    /// # Errors
    /// As `write_subtitle`; or the cue holds what would end it in a file.
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
