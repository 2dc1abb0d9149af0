//! Shared code of the end-to-end tests.

pub mod log;
pub mod peer;
pub mod read;
pub mod samples;

use std::io::Cursor;
use std::path::{Path, PathBuf};

use reelwright::{
    AudioEncoderInfo, AudioStream, CodecId, MuxerInfo, Options, Result, SampleFormat,
    StreamingMediaEncoder, Target, TensorView, audio_encoders, muxers,
};

/// Parameters of a file.
#[derive(Clone)]
pub struct Recipe {
    format: &'static str,
    stream: AudioStream,
    metadata: Vec<(String, String)>,
    options: Options,
    seekable: bool,
}

impl Recipe {
    /// Creates a recipe of a seekable file of `format` with one stream.
    pub fn new(format: &'static str, stream: AudioStream) -> Self {
        Self { format, stream, metadata: Vec::new(), options: Options::new(), seekable: true }
    }

    /// Does the same as `new`, with an encoder and its first sample format.
    pub fn of(
        muxer: &'static MuxerInfo,
        encoder: &'static AudioEncoderInfo,
        sample_rate: u32,
        channels: usize,
    ) -> Self {
        let stream = AudioStream::new(sample_rate, channels)
            .encoder(encoder.encoder.name)
            .format(SampleFormat::packed(encoder.sample_formats[0].data_type()));
        Self::new(muxer.name, stream)
    }

    /// Adds a metadata entry.
    #[must_use]
    pub fn metadata_entry(mut self, key: &str, value: &str) -> Self {
        self.metadata.push((key.into(), value.into()));
        self
    }

    /// Sets an option of `open`.
    #[must_use]
    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.options.set(name, value);
        self
    }

    /// Sets whether the output can seek.
    #[must_use]
    pub fn seekable(mut self, seekable: bool) -> Self {
        self.seekable = seekable;
        self
    }

    /// Changes the stream.
    #[must_use]
    pub fn stream(mut self, change: impl FnOnce(AudioStream) -> AudioStream) -> Self {
        self.stream = change(self.stream);
        self
    }

    /// Returns an open encoder that writes to `target`.
    ///
    /// # Errors
    /// The encoder fails.
    pub fn open<'w>(&self, target: Target<'w>) -> Result<StreamingMediaEncoder<'w>> {
        let mut encoder = StreamingMediaEncoder::new(target, Some(self.format))?;
        self.start(&mut encoder)?;
        Ok(encoder)
    }

    /// Adds the stream to an encoder and opens the encoder.
    ///
    /// # Errors
    /// The encoder fails.
    pub fn start<W>(&self, encoder: &mut StreamingMediaEncoder<'_, W>) -> Result<()> {
        encoder.add_audio_stream(&self.stream)?;
        encoder.set_metadata(self.metadata.iter().cloned())?;
        encoder.open_with(self.options.clone())
    }

    /// Returns the bytes of a file that `write` writes.
    ///
    /// # Errors
    /// The encoder fails.
    pub fn file(
        &self,
        write: impl FnOnce(&mut StreamingMediaEncoder<'_>) -> Result<()>,
    ) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut cursor = Cursor::new(&mut bytes);
        let target = if self.seekable {
            Target::seekable_writer(&mut cursor)
        } else {
            Target::writer(&mut cursor)
        };
        let mut encoder = self.open(target)?;
        write(&mut encoder)?;
        encoder.finish()?;
        Ok(bytes)
    }

    /// Returns the bytes of a file with these chunks.
    ///
    /// # Errors
    /// The encoder fails.
    pub fn chunks<'a>(
        &self,
        chunks: impl IntoIterator<Item = &'a TensorView<'a>>,
    ) -> Result<Vec<u8>> {
        self.file(|encoder| {
            chunks.into_iter().try_for_each(|chunk| encoder.write_audio_chunk(0, chunk, None))
        })
    }
}

/// Iterates over the audio containers.
pub fn audio_muxers() -> impl Iterator<Item = &'static MuxerInfo> {
    muxers().filter(|muxer| !muxer.audio_codecs.is_empty())
}

/// Iterates over the audio containers with each encoder that they support at any rate. FLV stores PCM
/// only at the few rates that its own tests use.
pub fn formats() -> impl Iterator<Item = (&'static MuxerInfo, &'static AudioEncoderInfo)> {
    audio_muxers().flat_map(|muxer| {
        audio_encoders()
            .filter(move |info| muxer.audio_codecs.contains(&info.encoder.codec))
            .filter(move |info| {
                muxer.name != "flv" || info.encoder.codec.bytes_per_sample().is_none()
            })
            .map(move |info| (muxer, info))
    })
}

/// Returns the supported kinds of outputs of a container and encoder: true for seekable ones.
pub fn outputs(muxer: &MuxerInfo, encoder: &AudioEncoderInfo) -> &'static [bool] {
    // The sizes of the packets precede them, and are known only at the end.
    let needs_seeking = muxer.name == "caf" && encoder.encoder.codec == CodecId::Alac;
    if needs_seeking { &[true] } else { &[true, false] }
}

/// Returns the path of a media file in the tests' assets.
pub fn asset(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)
}
