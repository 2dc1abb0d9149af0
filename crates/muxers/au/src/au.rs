//! The `au` muxer.

use reelwright_core::helpers::single_stream::{BlockStream, not_started};
use reelwright_core::{
    CodecId, Destination, Error, Metadata, Muxer, Packet, Result, StreamParameters,
};

use crate::annotation::annotation;

/// The sample encodings that have a number.
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

/// Everything in front of the annotation.
const HEADER: usize = 24;

/// The length of sound that nobody knows (`AUDIO_UNKNOWN_SIZE`).
const UNKNOWN: u32 = u32::MAX;

/// The `au` muxer.
#[derive(Debug, Default)]
pub(crate) struct Au {
    file: Option<File>,
}

/// A file that was started.
#[derive(Debug)]
struct File {
    sound: BlockStream,
    seekable: bool,
    /// Where the file starts in the output.
    start: u64,
    /// Position of the audio in the output.
    sound_at: u64,
    /// The bytes of sound.
    data: u64,
    /// True if the header states a length, which then must stay true.
    has_length: bool,
}

impl Muxer for Au {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let sound = BlockStream::new("au", streams, CODECS)?;
        let annotation = annotation(tags);
        let offset = u32::try_from(HEADER + annotation.len()).map_err(|_| {
            Error::too_large(format!(
                "Metadata must be shorter than {} bytes. Found: {} bytes",
                u32::MAX,
                annotation.len()
            ))
        })?;
        let channels = sound.layout.channels() as u32;
        let mut bytes = Vec::with_capacity(HEADER + annotation.len());
        bytes.extend(b".snd");
        for field in [offset, UNKNOWN, encoding(sound.codec), sound.sample_rate, channels] {
            bytes.extend(field.to_be_bytes());
        }
        bytes.extend(annotation);
        let output = to.output();
        let (seekable, start) = (output.is_seekable(), output.position());
        let (sound_at, has_length) = (start + bytes.len() as u64, false);
        self.file = Some(File { sound, seekable, start, sound_at, data: 0, has_length });
        output.write(&bytes)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("au"))?;
        file.sound.check(packet)?;
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

    fn hand_on(&mut self, to: &mut dyn Destination) -> Result<()> {
        match &self.file {
            Some(file) if file.has_length => file.patch_size(to)?,
            _ => {}
        }
        to.output().flush()
    }

    fn mend(&mut self, length: u64, to: &mut dyn Destination) -> Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let Some(data) = length.checked_sub(file.sound_at) else { return Ok(()) };
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
    /// Writes the length as it is now, where the output lets us.
    fn patch_size(&self, to: &mut dyn Destination) -> Result<()> {
        if !self.seekable || !to.output().can_patch()? {
            return Ok(());
        }
        let size = u32::try_from(self.data).unwrap_or(UNKNOWN);
        to.output().patch(self.start + 8, &size.to_be_bytes())
    }
}

/// The number of an encoding, `AUDIO_FILE_ENCODING_*`.
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
