//! Chapters.

use reelwright_core::{Chapter, ChapterSupport, MuxerInfo, Result, helpers::list};

use super::StreamingMediaEncoder;

impl<W> StreamingMediaEncoder<'_, W> {
    /// Sets the chapters, and removes earlier ones. A chapter without an end lasts until the next
    /// one, and the last one until the end of the file.
    ///
    /// Logs a warning if the format cannot store chapters, or an end before the start of the next
    /// chapter. [`ChapterSupport`] lists the properties of chapters that formats can store.
    ///
    /// # Errors
    /// The output is already open, or chapters are not in order, overlap, or end before they start.
    ///
    /// ```
    /// use reelwright::{AudioStream, Chapter, StreamingMediaEncoder};
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("book.m4b");
    /// let mut encoder = StreamingMediaEncoder::new(&path, None)?;
    /// encoder.add_audio_stream(&AudioStream::new(44_100, 1))?;
    /// encoder.set_chapters([
    ///     Chapter::from_seconds(0.0, None, "Prologue")?,
    ///     Chapter::from_seconds(61.5, None, "The harbor")?,
    /// ])?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_chapters(&mut self, chapters: impl IntoIterator<Item = Chapter>) -> Result<()> {
        self.check_new("set chapters")?;
        self.metadata.set_chapters(chapters.into_iter().collect())?;
        for format in self.containers() {
            self.warn_about_chapters(format);
        }
        Ok(())
    }

    /// Logs a warning about chapters or ends that a container cannot store.
    fn warn_about_chapters(&self, format: &MuxerInfo) {
        let (name, support) = (format.name, format.chapters);
        let chapters = self.metadata.chapters();
        if support == ChapterSupport::None && !chapters.is_empty() {
            let others = self.registry.muxers().filter(|muxer| muxer.chapters.is_supported());
            log::warn!(
                "{name} cannot store chapters. The chapters are ignored. Formats that store \
                 chapters: {}.",
                list(others.map(|muxer| muxer.name))
            );
        } else if let Some(chapter) = support.unsupported_end(chapters)
            && let Some(end) = chapter.end
        {
            log::warn!(
                "{name} cannot store the end of a chapter. Chapter {:?} ends at {} s, but is \
                 stored without a pause before the next chapter.",
                chapter.title,
                end.as_secs_f64()
            );
        }
    }
}
