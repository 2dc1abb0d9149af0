//! AV1 video: decoder, and demuxers of IVF and OBU streams.

use anyhow::{anyhow, bail};
use reelwright_core::{
    ChromaLocation, ColorInfo, ColorPrimaries, ColorRange, MatrixCoefficients, PixelFormat,
    Rational, TimeBase, TransferCharacteristics,
};
use rusty_av1d::pixel::YUVRange;
use rusty_av1d::{Decoder, Picture, PixelLayout, PlanarImageComponent, Rav1dError, Settings};

use crate::decoded::Damage;
use crate::frame::Frame;
use crate::guard::guarded;
use crate::mp4::code_point;
use crate::packet::{Codec, Demuxer, Kind, Packet, Track};
use crate::source::Source;
use crate::unit_reader::UnitReader;

/// Maximum number of pixels in a frame.
const MAX_PIXELS: u32 = 1 << 27;

/// An AV1 decoder.
pub(crate) struct Av1 {
    decoder: Decoder,
    /// OBUs of the container's configuration record.
    config: Vec<u8>,
    needs_config: bool,
    needs_sync: bool,
}

fn decoder() -> anyhow::Result<Decoder> {
    let mut settings = Settings::new();
    // One thread, so that a panic can be converted to an error.
    settings.set_n_threads(1);
    // Each frame is returned before the next packet is sent.
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(MAX_PIXELS);
    Decoder::with_settings(&settings)
        .map_err(|error| anyhow!("Failed to open the AV1 decoder: {error}"))
}

impl Av1 {
    /// Creates a decoder with the container's configuration record, which may be empty.
    ///
    /// # Errors
    /// The decoder cannot be created.
    pub(crate) fn new(record: &[u8]) -> anyhow::Result<Self> {
        Ok(Self {
            decoder: decoder()?,
            config: record.get(4..).unwrap_or_default().to_vec(),
            needs_config: true,
            needs_sync: true,
        })
    }

    /// Decodes a temporal unit. Returns its frames.
    ///
    /// # Errors
    /// The pixel format is not supported.
    pub(crate) fn push(
        &mut self,
        packet: &[u8],
        is_sync: bool,
    ) -> anyhow::Result<Result<Vec<Frame>, Damage>> {
        if self.needs_sync && !is_sync {
            return Ok(Ok(Vec::new()));
        }
        let config = std::mem::replace(&mut self.needs_config, false).then(|| self.config.clone());
        let data = [config.unwrap_or_default(), packet.to_vec()].concat();
        let decoder = &mut self.decoder;
        let decoded = guarded(|| -> Result<Vec<Picture>, Rav1dError> {
            let mut received = Vec::new();
            let mut sent = decoder.send_data(data.into_boxed_slice(), None, None, None);
            loop {
                match decoder.get_picture() {
                    Ok(decoded) => {
                        received.push(decoded);
                        continue;
                    }
                    Err(Rav1dError::TryAgain) => {}
                    Err(error) => return Err(error),
                }
                match sent {
                    Ok(()) => return Ok(received),
                    Err(Rav1dError::TryAgain) => sent = decoder.send_pending_data(),
                    Err(error) => return Err(error),
                }
            }
        });
        match decoded {
            Ok(Ok(received)) => {
                self.needs_sync = false;
                let mut frames = Vec::new();
                for decoded in &received {
                    frames.extend(frame(decoded)?);
                }
                Ok(Ok(frames))
            }
            failed => {
                self.reset()?;
                let reason = match failed {
                    Ok(Err(error)) => format!("AV1: {error}"),
                    _ => "AV1: a frame could not be decoded".to_owned(),
                };
                Ok(Err(Damage(reason)))
            }
        }
    }

    /// Resets the decoder. Decoding continues at the next keyframe.
    ///
    /// # Errors
    /// The same errors as [`new`](Self::new).
    pub(crate) fn reset(&mut self) -> anyhow::Result<()> {
        self.decoder = decoder()?;
        self.needs_config = true;
        self.needs_sync = true;
        Ok(())
    }
}

fn frame(decoded: &Picture) -> anyhow::Result<Option<Frame>> {
    let depth = decoded.bits_per_component().map_or(8, |bits| bits.0);
    let format = match (decoded.pixel_layout(), depth) {
        (PixelLayout::I400, 8) => PixelFormat::Gray8,
        (PixelLayout::I420, 8) => PixelFormat::Yuv420p,
        (PixelLayout::I422, 8) => PixelFormat::Yuv422p,
        (PixelLayout::I444, 8) => PixelFormat::Yuv444p,
        (PixelLayout::I400, 10) => PixelFormat::Gray10Le,
        (PixelLayout::I420, 10) => PixelFormat::Yuv420p10Le,
        (PixelLayout::I422, 10) => PixelFormat::Yuv422p10Le,
        (PixelLayout::I444, 10) => PixelFormat::Yuv444p10Le,
        (PixelLayout::I400, 12) => PixelFormat::Gray12Le,
        (PixelLayout::I420, 12) => PixelFormat::Yuv420p12Le,
        _ => bail!("AV1 with {depth} bits per sample and this chroma subsampling is not supported"),
    };
    let color = ColorInfo {
        primaries: code_point(
            ColorPrimaries::ALL,
            ColorPrimaries::code,
            decoded.color_primaries() as u16,
        ),
        transfer: code_point(
            TransferCharacteristics::ALL,
            TransferCharacteristics::code,
            decoded.transfer_characteristic() as u16,
        ),
        matrix: code_point(
            MatrixCoefficients::ALL,
            MatrixCoefficients::code,
            decoded.matrix_coefficients() as u16,
        ),
        range: match decoded.color_range() {
            YUVRange::Full => ColorRange::Full,
            YUVRange::Limited => ColorRange::Limited,
        },
        chroma_location: ChromaLocation::Left,
    };
    if format.chroma_shift() == (0, 0) && color.matrix == MatrixCoefficients::Identity {
        bail!("AV1 in RGB (identity matrix) is not supported: use YUV");
    }
    let parts = [PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V];
    let planes: Vec<_> = parts[..format.planes()]
        .iter()
        .map(|part| (decoded.plane(*part), decoded.stride(*part) as usize))
        .collect();
    let size = (decoded.width() as usize, decoded.height() as usize);
    Ok(Frame::copied(format, size, color, &planes))
}

/// Reads a leb128 number (AV1 §4.10.5). Returns it and its length.
fn leb128(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().take(8).enumerate() {
        value |= u64::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

/// Iterates over the OBUs in a temporal unit: type, start and end.
fn obus(bytes: &[u8]) -> impl Iterator<Item = (u8, usize, usize)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let header = *bytes.get(at)?;
        let kind = header >> 3 & 15;
        let skip = 1 + usize::from(header >> 2 & 1);
        let end = if header & 2 != 0 {
            let (size, length) = leb128(bytes.get(at + skip..)?)?;
            (at + skip + length).checked_add(usize::try_from(size).ok()?)?
        } else {
            bytes.len()
        };
        let start = at;
        at = end;
        Some((kind, start, end))
    })
}

/// OBU type of a temporal delimiter and of a sequence header (AV1 §6.2.2).
const TEMPORAL_DELIMITER: u8 = 2;
const SEQUENCE_HEADER: u8 = 1;

/// Returns the length of the temporal delimiter at the start of a unit. Containers omit it.
pub(crate) fn delimiter_length(unit: &[u8]) -> usize {
    obus(unit).next().filter(|(kind, ..)| *kind == TEMPORAL_DELIMITER).map_or(0, |(.., end)| end)
}

/// Returns true if a temporal unit is a sync point: encoders repeat the sequence header there.
fn is_sync(unit: &[u8]) -> bool {
    obus(unit).any(|(kind, ..)| kind == SEQUENCE_HEADER)
}

/// Demuxer of IVF: a header of 32 bytes, then frames with headers of 12 bytes.
pub(crate) struct Ivf {
    source: Source,
    at: u64,
    is_av1: bool,
    is_damaged: bool,
}

impl Ivf {
    pub(crate) fn matches(start: &[u8]) -> bool {
        start.starts_with(b"DKIF")
    }

    /// Reads the header. Returns the demuxer and its track.
    pub(crate) fn open(mut source: Source) -> anyhow::Result<(Self, Track)> {
        let header = source.bytes_at(0, 32)?;
        if header.len() < 32 {
            bail!("the header is truncated");
        }
        let le16 = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let le32 = |at: usize| u32::from(le16(at)) | u32::from(le16(at + 2)) << 16;
        let (den, num) = (le32(16), le32(20));
        let unit = Rational::new(num.max(1).into(), den.max(1).into())?;
        let (codec, is_av1) = match &header[8..12] {
            b"AV01" => ("av1", true),
            b"VP80" => ("vp8", false),
            b"VP90" => ("vp9", false),
            b"H264" => ("h264", false),
            _ => ("unknown", false),
        };
        let mut track = Track::new(0, Kind::Video, codec, TimeBase::new(unit));
        track.decoder = is_av1.then(|| Codec::Av1(Vec::new()));
        track.video.size = Some((le16(12).into(), le16(14).into()));
        track.video.frame_rate = Some(unit.inverse());
        // Such a time base is a clock, not a frame duration.
        track.video.is_variable = unit.inverse().to_f64() > 240.0;
        let frames = u64::from(le32(24));
        track.duration = Some(frames).filter(|n| *n > 0 && !track.video.is_variable);
        let at = u64::from(le16(6)).max(32);
        Ok((Self { source, at, is_av1, is_damaged: false }, track))
    }
}

impl Demuxer for Ivf {
    fn next(&mut self, _: usize) -> anyhow::Result<Option<Packet>> {
        let header = self.source.bytes_at(self.at, 12)?;
        let &[a, b, c, d, ref rest @ ..] = &header[..] else {
            self.is_damaged |= !header.is_empty();
            return Ok(None);
        };
        let size = u32::from_le_bytes([a, b, c, d]) as usize;
        let Ok(pts) = <[u8; 8]>::try_from(rest).map(u64::from_le_bytes) else {
            self.is_damaged = true;
            return Ok(None);
        };
        let data = self.source.bytes_at(self.at + 12, size)?;
        if data.len() < size {
            self.is_damaged = true;
            return Ok(None);
        }
        self.at += 12 + size as u64;
        let mut packet = Packet::new(data, i64::try_from(pts).unwrap_or(i64::MAX), 0);
        packet.is_sync = !self.is_av1 || is_sync(&packet.data);
        Ok(Some(packet))
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}

/// Demuxer of an OBU stream (AV1 §5.2). A packet is a temporal unit.
pub(crate) struct ObuStream {
    units: UnitReader,
    is_damaged: bool,
}

impl ObuStream {
    /// Returns true if the input begins with a temporal delimiter and a sequence header.
    pub(crate) fn matches(start: &[u8]) -> bool {
        start.len() > 4 && start.starts_with(&[0x12, 0]) && start[2] >> 3 & 15 == SEQUENCE_HEADER
    }

    pub(crate) fn new(source: Source) -> Self {
        Self { units: UnitReader::new(source), is_damaged: false }
    }
}

impl Demuxer for ObuStream {
    fn next(&mut self, _: usize) -> anyhow::Result<Option<Packet>> {
        let is_damaged = &mut self.is_damaged;
        let packet = self.units.next(|buffer, is_last| {
            let next = obus(buffer)
                .filter(|(_, start, end)| *start > 0 && *end <= buffer.len())
                .find(|(kind, ..)| *kind == TEMPORAL_DELIMITER);
            if let Some((_, start, _)) = next {
                return Some(start);
            }
            is_last.then(|| {
                // A truncated OBU is damage. The OBUs before it form a unit.
                let whole = obus(buffer).map(|(.., end)| end);
                let whole = whole.take_while(|end| *end <= buffer.len()).last().unwrap_or(0);
                *is_damaged |= whole < buffer.len();
                buffer.truncate(whole);
                whole
            })
        });
        Ok(packet?.map(|packet| Packet { is_sync: is_sync(&packet.data), ..packet }))
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}
