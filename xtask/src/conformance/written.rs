//! Files of the cases.

use std::fs::File;
use std::path::PathBuf;

use reelwright::{StreamingMediaEncoder, Target, TensorView};
use reelwright_core::with_slice;

use super::audio::InputAudio;
use super::case::Case;
use super::media::Media;

/// A written file.
pub(super) struct Written {
    pub(super) case: Case,
    pub(super) path: PathBuf,
    pub(super) audio: InputAudio,
}

impl Case {
    /// Encodes the file in chunks of 0.05 s.
    pub(super) fn write(&self, media: &Media, path: PathBuf) -> anyhow::Result<Written> {
        let path = path.with_extension(self.muxer.extensions.first().unwrap_or(&"raw"));
        let audio = InputAudio::new(media, self, self.input().data_type());
        let file = File::create(&path)?;
        let target =
            if self.seekable { Target::seekable_writer(file) } else { Target::writer(file) };
        let mut encoder =
            StreamingMediaEncoder::new(target.buffer_size(1 << 16), Some(self.muxer.name))?;
        encoder.add_audio_stream(&self.stream())?;
        encoder.set_metadata([("title", "Conformance"), ("artist", "Nobody")])?;
        encoder.open()?;
        let channels = self.channels();
        let chunk = self.input_rate as usize / 20 * channels;
        with_slice!(audio.samples.as_slice(), data => {
            for chunk in data.chunks(chunk) {
                let shape = [chunk.len() / channels, channels];
                encoder.write_audio_chunk(0, &TensorView::contiguous(chunk, &shape)?, None)?;
            }
        });
        encoder.close()?;
        Ok(Written { case: self.clone(), path, audio })
    }
}
