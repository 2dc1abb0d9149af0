//! Containers of chunks with one audio stream: WAV, RF64, Wave64, AIFF, AU and CAF.

mod aiff;
mod au;
mod caf;
mod header;
mod wav;

use anyhow::bail;
use reelwright_core::{ChannelLayout, Rational, TimeBase};

use header::{Block, Header, Size};

use crate::packet::{Codec, Demuxer, Kind, Packet, Track};
use crate::source::Source;

/// Approximate size in bytes of a PCM packet.
const PIECE: usize = 1 << 16;

/// Demuxer of an audio stream.
pub(crate) struct Chunked {
    source: Source,
    name: &'static str,
    track: Track,
    tags: Vec<(String, String)>,
    at: u64,
    end: u64,
    block: Block,
    /// Number of audio frames before the next packet, and number of presented audio frames.
    position: u64,
    is_damaged: bool,
}

/// Audio format in a `WAVEFORMATEX` structure.
pub(crate) struct WaveFormat {
    pub(crate) codec: String,
    pub(crate) decoder: Option<Codec>,
    pub(crate) sample_rate: u32,
    pub(crate) layout: Option<ChannelLayout>,
    pub(crate) bits: Option<u32>,
    /// Size in bytes and audio frames of a frame, or of a block that is decoded as a whole.
    pub(crate) bytes: usize,
    pub(crate) samples: u64,
    pub(crate) is_blocks: bool,
}

/// Reads a `WAVEFORMATEX` structure.
///
/// # Errors
/// The structure is truncated or inconsistent.
pub(crate) fn wave_format(format: &[u8]) -> anyhow::Result<WaveFormat> {
    let header = wav::describe(format, 0, Size::Unknown, None)?;
    let (bytes, samples, is_blocks) = match header.block {
        Block::Frames { bytes, samples } => (bytes, samples, false),
        Block::Blocks { bytes, samples } => (bytes, samples, true),
        Block::Packets { samples, .. } => (1, samples, false),
    };
    Ok(WaveFormat {
        codec: header.codec,
        decoder: header.decoder,
        sample_rate: header.sample_rate,
        layout: header.layout,
        bits: header.bits,
        bytes,
        samples,
        is_blocks,
    })
}

impl Chunked {
    /// Reads the header of a supported container. Returns the source if the container is another.
    ///
    /// # Errors
    /// The header is damaged.
    pub(crate) fn open(mut source: Source) -> anyhow::Result<Result<Self, Source>> {
        let start = source.peek(16)?.to_vec();
        let header = if start.starts_with(b".snd") {
            au::header(&mut source)?
        } else if start.starts_with(b"caff") {
            caf::header(&mut source)?
        } else if start.starts_with(b"FORM") && matches!(start.get(8..12), Some(b"AIFF" | b"AIFC"))
        {
            aiff::header(&mut source)?
        } else if wav::matches(&start) {
            wav::header(&mut source)?
        } else {
            return Ok(Err(source));
        };
        Self::new(source, header).map(Ok)
    }

    /// Reads audio without a header. `unit` is the unit's size in bytes and audio frames.
    ///
    /// # Errors
    /// The sample rate is 0.
    pub(crate) fn bare(
        source: Source,
        codec: &str,
        decoder: Codec,
        sample_rate: u32,
        layout: ChannelLayout,
        (bytes, samples): (usize, u64),
    ) -> anyhow::Result<Self> {
        let bits = match &decoder {
            Codec::Pcm(format) => format.bits(),
            _ => 16,
        };
        let size = source.size().map_or(Size::Unknown, Size::Known);
        let header = Header {
            name: "raw audio",
            codec: codec.to_owned(),
            decoder: Some(decoder),
            sample_rate,
            layout: Some(layout),
            order: None,
            bits: Some(bits),
            block: Block::Frames { bytes, samples },
            start: 0,
            size,
            delay: 0,
            samples: None,
            tags: Vec::new(),
        };
        Self::new(source, header)
    }

    fn new(source: Source, header: Header) -> anyhow::Result<Self> {
        if header.sample_rate == 0 {
            bail!("the header has a sample rate of 0");
        }
        let time_base = TimeBase::new(Rational::new(1, header.sample_rate.into())?);
        let mut track = Track::new(0, Kind::Audio, &header.codec, time_base);
        track.audio.sample_rate = Some(header.sample_rate);
        track.audio.layout = header.layout;
        track.audio.order = header.order;
        track.audio.bits = header.bits;
        track.audio.delay = header.delay;
        let mut is_damaged = false;
        let available = source.size().map(|size| size.saturating_sub(header.start));
        let end = match (header.size, available) {
            (Size::Known(size), Some(available)) if size > available => {
                is_damaged = true;
                header.start + available
            }
            (Size::Known(size), _) => header.start.saturating_add(size),
            (Size::Open | Size::Unknown, Some(available)) => header.start + available,
            (Size::Open | Size::Unknown, None) => u64::MAX,
        };
        let bytes = (end != u64::MAX).then(|| end - header.start);
        let of_bytes = |bytes: u64| match &header.block {
            Block::Frames { bytes: frame, samples } | Block::Blocks { bytes: frame, samples } => {
                Some((bytes / *frame as u64).saturating_mul(*samples))
            }
            Block::Packets { .. } => None,
        };
        let counted = bytes.and_then(of_bytes);
        // A stated number of samples that exceeds the size of the data is ignored.
        let stated = header.samples.filter(|n| counted.is_none_or(|counted| *n <= counted));
        track.audio.samples = stated.or(counted);
        track.duration = track.audio.samples;
        track.decoder = header.decoder;
        if header.size == Size::Open {
            log::warn!(
                "The {} header states no length. The input is read to its end.",
                header.name
            );
        }
        Ok(Self {
            source,
            name: header.name,
            track,
            tags: header.tags,
            at: header.start,
            end,
            block: header.block,
            position: 0,
            is_damaged,
        })
    }

    /// Name of the container.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The only track.
    pub(crate) fn track(&self) -> &Track {
        &self.track
    }

    /// Metadata before the audio, with FFmpeg's names.
    pub(crate) fn tags(&self) -> &[(String, String)] {
        &self.tags
    }
}

impl Demuxer for Chunked {
    fn next(&mut self, _: usize) -> anyhow::Result<Option<Packet>> {
        let left = self.end.saturating_sub(self.at);
        let (bytes, unit, samples) = match &mut self.block {
            Block::Frames { bytes, samples } => {
                ((PIECE / *bytes).max(1) * *bytes, *bytes, *samples)
            }
            Block::Blocks { bytes, samples } => (*bytes, *bytes, *samples),
            Block::Packets { sizes, samples } => match sizes.pop_front() {
                Some(size) => (size as usize, size as usize, *samples),
                None => return Ok(None),
            },
        };
        let wanted = bytes.min(usize::try_from(left).unwrap_or(usize::MAX));
        let is_frames = matches!(self.block, Block::Frames { .. });
        let mut data = if is_frames {
            // Does not wait for more data of a stream than is available.
            self.source.available_at(self.at, wanted, unit)?
        } else {
            self.source.bytes_at(self.at, wanted)?
        };
        let is_open = self.end == u64::MAX;
        let is_short = if is_frames { data.len() < unit.min(wanted) } else { data.len() < wanted };
        self.is_damaged |= is_short && !is_open;
        self.at += data.len() as u64;
        let is_adpcm = matches!(self.block, Block::Blocks { .. });
        let rest = data.len() % unit.max(1);
        if rest > 0 && !is_adpcm {
            log::warn!(
                "The input ends in the middle of a frame. Its last {rest} bytes are ignored."
            );
            data.truncate(data.len() - rest);
        }
        if data.is_empty() {
            return Ok(None);
        }
        if is_adpcm && data.len() < unit {
            // The decoder requires whole blocks. The padding is removed after decoding.
            let short = samples * data.len() as u64 / unit as u64;
            data.resize(unit, 0);
            let mut packet = Packet::new(data, self.position.try_into()?, samples);
            packet.trim.1 = u32::try_from(samples - short).unwrap_or(u32::MAX);
            self.position += short;
            return Ok(Some(packet));
        }
        let count = (data.len() / unit.max(1)) as u64 * samples;
        let packet = Packet::new(data, self.position.try_into()?, count);
        self.position += count;
        Ok(Some(packet))
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}
