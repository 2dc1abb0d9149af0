//! What the tests from end to end share.

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

/// How a file is made.
#[derive(Clone)]
pub struct Recipe {
    format: &'static str,
    stream: AudioStream,
    metadata: Vec<(String, String)>,
    options: Options,
    seekable: bool,
}

impl Recipe {
    /// A seekable file of `format`, with one stream.
    pub fn new(format: &'static str, stream: AudioStream) -> Self {
        Self { format, stream, metadata: Vec::new(), options: Options::new(), seekable: true }
    }

    /// The same, of an encoder and in the type of samples that it takes first.
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

    /// Adds an entry of metadata.
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

    /// Whether the output can seek.
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

    /// An open encoder into `target`.
    ///
    /// # Errors
    /// The encoder's.
    pub fn open<'w>(&self, target: Target<'w>) -> Result<StreamingMediaEncoder<'w>> {
        let mut encoder = StreamingMediaEncoder::new(target, Some(self.format))?;
        self.start(&mut encoder)?;
        Ok(encoder)
    }

    /// Adds the stream to an encoder and opens it.
    ///
    /// # Errors
    /// The encoder's.
    pub fn start<W>(&self, encoder: &mut StreamingMediaEncoder<'_, W>) -> Result<()> {
        encoder.add_audio_stream(&self.stream)?;
        encoder.set_metadata(self.metadata.iter().cloned())?;
        encoder.open_with(self.options.clone())
    }

    /// The bytes of a file into which `write` writes.
    ///
    /// # Errors
    /// The encoder's.
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

    /// The bytes of a file of these chunks.
    ///
    /// # Errors
    /// The encoder's.
    pub fn chunks<'a>(
        &self,
        chunks: impl IntoIterator<Item = &'a TensorView<'a>>,
    ) -> Result<Vec<u8>> {
        self.file(|encoder| {
            chunks.into_iter().try_for_each(|chunk| encoder.write_audio_chunk(0, chunk, None))
        })
    }
}

/// Every container of sound.
pub fn audio_muxers() -> impl Iterator<Item = &'static MuxerInfo> {
    muxers().filter(|muxer| !muxer.audio_codecs.is_empty())
}

/// Every container of sound with every encoder it takes.
pub fn formats() -> impl Iterator<Item = (&'static MuxerInfo, &'static AudioEncoderInfo)> {
    audio_muxers().flat_map(|muxer| {
        audio_encoders()
            .filter(move |info| muxer.audio_codecs.contains(&info.encoder.codec))
            .map(move |info| (muxer, info))
    })
}

/// The outputs that a container with an encoder can be written to, by whether they can seek.
pub fn outputs(muxer: &MuxerInfo, encoder: &AudioEncoderInfo) -> &'static [bool] {
    // The lengths of the packets come last.
    let needs_seeking = muxer.name == "caf" && encoder.encoder.codec == CodecId::Alac;
    if needs_seeking { &[true] } else { &[true, false] }
}

/// One of the real media among the tests' assets.
pub fn asset(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)
}
