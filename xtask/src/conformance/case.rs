//! Which files are made.

use std::fmt;
use std::fs::File;
use std::path::PathBuf;

use reelwright::{
    AudioEncoderInfo, AudioStream, ChannelLayout, CodecId, MuxerInfo, SampleFormat,
    StreamingMediaEncoder, Target, TensorView, audio_encoders, muxers,
};
use reelwright_core::with_slice;

use super::expected::{Media, Sound};

const RATES: [u32; 4] = [8000, 44_100, 48_000, 96_000];
const CHANNELS: [usize; 4] = [1, 2, 6, 8];
/// FLAC's depths that no sample format has by default.
const RARE_BITS: [u32; 4] = [8, 12, 20, 32];

/// One file.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) muxer: &'static MuxerInfo,
    pub(super) encoder: &'static AudioEncoderInfo,
    pub(super) sample_rate: u32,
    pub(super) channels: usize,
    pub(super) seekable: bool,
    /// Of FLAC: compression level and bits of a sample.
    pub(super) flac: Option<(u32, u32)>,
}

/// A case's file.
pub(super) struct Written {
    pub(super) case: Case,
    pub(super) path: PathBuf,
    pub(super) sound: Sound,
}

impl Case {
    pub(super) fn codec(&self) -> CodecId {
        self.encoder.encoder.codec
    }

    pub(super) fn layout(&self) -> ChannelLayout {
        ChannelLayout::default_for(self.channels).expect("a usual number of channels")
    }

    /// Whether a file says of itself what it is.
    pub(super) fn has_header(&self) -> bool {
        ["wav", "w64", "aiff", "au", "caf", "flac"].contains(&self.muxer.name)
    }

    /// The bits of a sample that are kept.
    pub(super) fn bits(&self) -> u32 {
        self.flac.map_or_else(
            || 8 * self.codec().bytes_per_sample().unwrap_or_default() as u32,
            |(_, bits)| bits,
        )
    }

    fn input(&self) -> SampleFormat {
        match self.flac {
            Some((_, bits)) if bits > 16 => SampleFormat::S32,
            _ => self.encoder.sample_formats[0],
        }
    }

    /// Encodes the file, a twentieth of a second at a time.
    pub(super) fn write(&self, media: &Media, path: PathBuf) -> anyhow::Result<Written> {
        let path = path.with_extension(self.muxer.extensions.first().unwrap_or(&"raw"));
        let sound = media.sound(self.channels, self.input().data_type());
        let mut stream = AudioStream::new(self.sample_rate, self.channels)
            .format(self.input())
            .encoder(self.encoder.encoder.name);
        if let Some((level, bits)) = self.flac {
            stream = stream
                .encoder_option("compression_level", level.to_string())
                .encoder_option("bits_per_raw_sample", bits.to_string());
        }
        let file = File::create(&path)?;
        let target =
            if self.seekable { Target::seekable_writer(file) } else { Target::writer(file) };
        let mut encoder =
            StreamingMediaEncoder::new(target.buffer_size(1 << 16), Some(self.muxer.name))?;
        encoder.add_audio_stream(&stream)?;
        encoder.set_metadata([("title", "Conformance"), ("artist", "Nobody")])?;
        encoder.open()?;
        let chunk = self.sample_rate as usize / 20 * self.channels;
        with_slice!(sound.samples.as_slice(), data => {
            for chunk in data.chunks(chunk) {
                let shape = [chunk.len() / self.channels, self.channels];
                encoder.write_audio_chunk(0, &TensorView::contiguous(chunk, &shape)?, None)?;
            }
        });
        encoder.close()?;
        Ok(Written { case: self.clone(), path, sound })
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sample_rate, channels, .. } = self;
        write!(f, "{} {} {sample_rate} Hz {channels} ch", self.muxer.name, self.codec())?;
        if let Some((level, bits)) = self.flac {
            write!(f, " level {level} {bits} bit")?;
        }
        f.write_str(if self.seekable { "" } else { " streamed" })
    }
}

/// Every case, in groups that a program can look at in one run.
pub(super) fn groups() -> Vec<Vec<Case>> {
    let mut groups = Vec::new();
    for muxer in muxers() {
        for encoder in
            audio_encoders().filter(|info| muxer.audio_codecs.contains(&info.encoder.codec))
        {
            if encoder.encoder.codec == CodecId::Flac {
                let levels = (0..=12).flat_map(|level| [(level, 16), (level, 24)]);
                for flac in levels.chain(RARE_BITS.map(|bits| (5, bits))) {
                    groups.push(group(muxer, encoder, Some(flac)));
                }
            } else {
                groups.push(group(muxer, encoder, None));
            }
        }
    }
    groups
}

fn group(
    muxer: &'static MuxerInfo,
    encoder: &'static AudioEncoderInfo,
    flac: Option<(u32, u32)>,
) -> Vec<Case> {
    let mut cases = Vec::new();
    for sample_rate in RATES {
        for channels in CHANNELS {
            for seekable in [true, false] {
                cases.push(Case { muxer, encoder, sample_rate, channels, seekable, flac });
            }
        }
    }
    cases
}
