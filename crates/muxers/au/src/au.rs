//! The `au` muxer.

use reelwright_core::helpers::single_stream::{BlockStream, not_started};
use reelwright_core::{
    CodecId, Destination, Error, Metadata, Muxer, Packet, Result, StreamParameters,
};

use crate::annotation::annotation;

/// Codecs that have an encoding number.
pub(crate) static CODECS: &[CodecId] = &[
    CodecId::PcmS16Be,
    CodecId::PcmS8,
    CodecId::PcmS24Be,
    CodecId::PcmS32Be,
    CodecId::PcmF32Be,
    CodecId::PcmF64Be,
    CodecId::PcmALaw,
    CodecId::PcmMuLaw,
];

/// Size of the header before the annotation.
const HEADER: usize = 24;

/// Unknown length of the audio (`AUDIO_UNKNOWN_SIZE`).
const UNKNOWN: u32 = u32::MAX;

/// The `au` muxer.
#[derive(Debug, Default)]
pub(crate) struct Au {
    file: Option<File>,
}

/// State of an open file.
#[derive(Debug)]
struct File {
    audio: BlockStream,
    seekable: bool,
    /// Position of the file in the output.
    start: u64,
    /// Position of the audio in the output.
    audio_at: u64,
    /// Number of bytes of audio.
    data: u64,
    /// Set if the header states a length, which must stay correct.
    has_length: bool,
}

impl Muxer for Au {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let audio = BlockStream::new("au", streams, CODECS)?;
        let annotation = annotation(tags);
        let offset = u32::try_from(HEADER + annotation.len()).map_err(|_| {
            Error::too_large(format!(
                "Metadata must be shorter than {} bytes. Found: {} bytes",
                u32::MAX,
                annotation.len()
            ))
        })?;
        let channels = audio.layout.channels() as u32;
        let mut bytes = Vec::with_capacity(HEADER + annotation.len());
        bytes.extend(b".snd");
        for field in [offset, UNKNOWN, encoding(audio.codec), audio.sample_rate, channels] {
            bytes.extend(field.to_be_bytes());
        }
        bytes.extend(annotation);
        let output = to.output();
        let (seekable, start) = (output.is_seekable(), output.position());
        let (audio_at, has_length) = (start + bytes.len() as u64, false);
        self.file = Some(File { audio, seekable, start, audio_at, data: 0, has_length });
        output.write(&bytes)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("au"))?;
        file.audio.check(packet)?;
        to.output().write(&packet.data)?;
        file.data += packet.data.len() as u64;
        Ok(())
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("au"))?;
        file.has_length = true;
        file.patch_size(to)?;
        to.output().flush()
    }

    fn flush_output(&mut self, to: &mut dyn Destination) -> Result<()> {
        match &self.file {
            Some(file) if file.has_length => file.patch_size(to)?,
            _ => {}
        }
        to.output().flush()
    }

    fn patch_header(&mut self, length: u64, to: &mut dyn Destination) -> Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let Some(data) = length.checked_sub(file.audio_at) else { return Ok(()) };
        file.data = data;
        file.patch_size(to)
    }

    fn finish(&mut self, _: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        self.file.as_ref().ok_or_else(|| not_started("au"))?.patch_size(to)?;
        self.file = None;
        Ok(())
    }
}

impl File {
    /// Writes the current length if the output can seek.
    fn patch_size(&self, to: &mut dyn Destination) -> Result<()> {
        if !self.seekable || !to.output().can_patch()? {
            return Ok(());
        }
        let size = u32::try_from(self.data).unwrap_or(UNKNOWN);
        to.output().patch(self.start + 8, &size.to_be_bytes())
    }
}

/// Returns the encoding number, `AUDIO_FILE_ENCODING_*`.
const fn encoding(codec: CodecId) -> u32 {
    match codec {
        CodecId::PcmMuLaw => 1,
        CodecId::PcmS8 => 2,
        CodecId::PcmS24Be => 4,
        CodecId::PcmS32Be => 5,
        CodecId::PcmF32Be => 6,
        CodecId::PcmF64Be => 7,
        CodecId::PcmALaw => 27,
        _ => 3,
    }
}
