//! H.264 video: parameter sets and decoder.

use anyhow::{Context, bail};
use reelwright_core::{
    ChromaLocation, ColorInfo, ColorPrimaries, ColorRange, MatrixCoefficients, PixelFormat,
    Rational, TransferCharacteristics,
};
use rusty_h264_decoder::{DecodeError, Decoder};

use crate::decoded::{Damage, Decoded};
use crate::frame::{Frame, FramePlanes};
use crate::guard::guarded;
use crate::mp4::code_point;

/// Substrings of the decoder's messages about unsupported features. All other errors are damage.
const UNSUPPORTED: &[&str] =
    &["bit depth", "4:2:0", "interlace", "FMO", "SP/SI", "explicit", "too large"];

/// Sample aspect ratios (H.264 table E-1), from `aspect_ratio_idc` 1 on.
const ASPECT_RATIOS: [(i64, i64); 16] = [
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
];

/// Properties in a sequence parameter set (H.264 §7.3.2.1.1, Annex E).
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sps {
    profile: u8,
    chroma_format: u32,
    bit_depth: u32,
    is_interlaced: bool,
    /// Width and height in pixels.
    pub(crate) size: Option<(usize, usize)>,
    pub(crate) sample_aspect_ratio: Option<Rational>,
    pub(crate) color: ColorInfo,
    pub(crate) frame_rate: Option<Rational>,
    /// Maximum number of frames that precede a frame in decoding order and follow it in
    /// presentation order, if stated.
    pub(crate) reordered_frames: Option<u32>,
}

/// Bit reader of a NAL unit's payload, most significant bit first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit.into())
    }

    fn bits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | self.bit()?))
    }

    /// Reads `ue(v)` (§9.1).
    fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1u32 << zeros) - 1 + self.bits(zeros)?)
    }

    /// Reads `se(v)` (§9.1.1).
    fn se(&mut self) -> Option<i32> {
        let code = i64::from(self.ue()?);
        i32::try_from(if code % 2 == 1 { (code + 1) / 2 } else { -code / 2 }).ok()
    }
}

impl Sps {
    /// Parses a NAL unit, including its header.
    pub(crate) fn new(unit: &[u8]) -> Option<Self> {
        // Emulation prevention (§7.4.1.1).
        let mut payload = Vec::with_capacity(unit.len());
        let mut zeros = 0;
        for &byte in unit.get(1..)? {
            if zeros >= 2 && byte == 3 {
                zeros = 0;
                continue;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            payload.push(byte);
        }
        let mut bits = Bits { bytes: &payload, at: 0 };
        let profile = bits.bits(8)? as u8;
        bits.bits(16)?;
        bits.ue()?;
        let mut sps = Self { profile, chroma_format: 1, bit_depth: 8, ..Self::default() };
        if matches!(
            profile,
            100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
        ) {
            sps.chroma_format = bits.ue()?;
            if sps.chroma_format == 3 {
                bits.bit()?;
            }
            sps.bit_depth = 8 + bits.ue()?.max(bits.ue()?);
            bits.bit()?;
            if bits.bit()? == 1 {
                let lists = if sps.chroma_format == 3 { 12 } else { 8 };
                for list in 0..lists {
                    if bits.bit()? == 1 {
                        let mut next = 8;
                        for _ in 0..if list < 6 { 16 } else { 64 } {
                            if next == 0 {
                                break;
                            }
                            next = (next + bits.se()?).rem_euclid(256);
                        }
                    }
                }
            }
        }
        bits.ue()?;
        match bits.ue()? {
            0 => drop(bits.ue()?),
            2 => sps.reordered_frames = Some(0),
            1 => {
                bits.bit()?;
                bits.se()?;
                bits.se()?;
                for _ in 0..bits.ue()?.min(255) {
                    bits.se()?;
                }
            }
            _ => {}
        }
        bits.ue()?;
        bits.bit()?;
        let (columns, rows) = (bits.ue()?, bits.ue()?);
        sps.is_interlaced = bits.bit()? == 0;
        if sps.is_interlaced {
            bits.bit()?;
        }
        bits.bit()?;
        let mut crop = [0; 4];
        if bits.bit()? == 1 {
            for side in &mut crop {
                *side = bits.ue()?;
            }
        }
        sps.size = sps.cropped_size(columns, rows, crop);
        if bits.bit()? == 1 {
            // The fields before a truncated part are valid.
            let _ = sps.usability(&mut bits);
        }
        Some(sps)
    }

    /// Returns the size of frames of macroblocks without the cropped pixels (§7.4.2.1.1).
    fn cropped_size(&self, columns: u32, rows: u32, crop: [u32; 4]) -> Option<(usize, usize)> {
        let fields = if self.is_interlaced { 2 } else { 1 };
        let (x, y) = match self.chroma_format {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        let [left, right, top, bottom] = crop.map(u64::from);
        let side = |blocks: u32, unit: u64, cut: u64| {
            let pixels = (u64::from(blocks) + 1) * 16 * unit;
            pixels.checked_sub(cut).filter(|side| (1..1 << 16).contains(side))
        };
        let width = side(columns, 1, x * (left + right))?;
        let height = side(rows, fields, y * fields * (top + bottom))?;
        Some((width as usize, height as usize))
    }

    /// Reads the required part of `vui_parameters` (§E.1.1).
    fn usability(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        if bits.bit()? == 1 {
            let (num, den) = match bits.bits(8)? {
                255 => (i64::from(bits.bits(16)?), i64::from(bits.bits(16)?)),
                number => {
                    let index = (number as usize).wrapping_sub(1);
                    ASPECT_RATIOS.get(index).copied().unwrap_or((0, 0))
                }
            };
            if num > 0 && den > 0 {
                self.sample_aspect_ratio = Rational::new(num, den).ok();
            }
        }
        if bits.bit()? == 1 {
            bits.bit()?;
        }
        if bits.bit()? == 1 {
            bits.bits(3)?;
            if bits.bit()? == 1 {
                self.color.range = ColorRange::Full;
            }
            if bits.bit()? == 1 {
                let mut next = || Some(bits.bits(8)? as u16);
                let (primaries, transfer, matrix) = (next()?, next()?, next()?);
                self.color.primaries =
                    code_point(ColorPrimaries::ALL, ColorPrimaries::code, primaries);
                self.color.transfer = code_point(
                    TransferCharacteristics::ALL,
                    TransferCharacteristics::code,
                    transfer,
                );
                self.color.matrix =
                    code_point(MatrixCoefficients::ALL, MatrixCoefficients::code, matrix);
            }
        }
        if bits.bit()? == 1 {
            let top = bits.ue()?;
            bits.ue()?;
            if top == 1 {
                self.color.chroma_location = ChromaLocation::Center;
            }
        }
        if bits.bit()? == 1 {
            let (units, scale) = (bits.bits(32)?, bits.bits(32)?);
            if units > 0 && scale > 0 {
                self.frame_rate = Rational::new(scale.into(), 2 * i64::from(units)).ok();
            }
            bits.bit()?;
        }
        let mut has_hrd = false;
        for _ in 0..2 {
            if bits.bit()? == 1 {
                has_hrd = true;
                skip_hrd_parameters(bits)?;
            }
        }
        if has_hrd {
            bits.bit()?;
        }
        bits.bit()?;
        if bits.bit()? == 1 {
            bits.bit()?;
            for _ in 0..4 {
                bits.ue()?;
            }
            self.reordered_frames = Some(bits.ue()?);
        }
        Some(())
    }

    /// Returns the name of a feature that is not supported, if the stream uses one.
    fn unsupported(&self) -> Option<String> {
        let chroma = ["4:0:0", "4:2:0", "4:2:2", "4:4:4"].get(self.chroma_format as usize);
        if self.bit_depth > 8 {
            Some(format!("{} bits per sample", self.bit_depth))
        } else if self.chroma_format != 1 {
            Some(format!("chroma {}", chroma.unwrap_or(&"unknown")))
        } else {
            None
        }
    }
}

/// Skips `hrd_parameters` (§E.1.2).
fn skip_hrd_parameters(bits: &mut Bits<'_>) -> Option<()> {
    let count = bits.ue()?.min(31) + 1;
    bits.bits(8)?;
    for _ in 0..count {
        bits.ue()?;
        bits.ue()?;
        bits.bit()?;
    }
    bits.bits(20)?;
    Some(())
}

/// An H.264 decoder.
pub(crate) struct H264 {
    decoder: Decoder,
    /// Parameter sets of the container, as an Annex B byte stream.
    sets: Vec<u8>,
    /// Size in bytes of the NAL units' length fields, or `None` for byte streams.
    length_size: Option<usize>,
    needs_sets: bool,
    needs_sync: bool,
    /// Number of resets of the picture order count.
    epoch: u64,
    stream: Vec<u8>,
    pub(crate) sps: Option<Sps>,
}

impl H264 {
    /// Creates a decoder of packets with an `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15
    /// §5.3.3.1), or without one of byte streams (H.264 Annex B).
    ///
    /// # Errors
    /// The record is truncated, or the stream uses a feature that is not supported.
    pub(crate) fn new(record: Option<&[u8]>) -> anyhow::Result<Self> {
        let mut h264 = Self {
            decoder: Decoder::new(),
            sets: Vec::new(),
            length_size: None,
            needs_sets: true,
            needs_sync: true,
            epoch: 0,
            stream: Vec::new(),
            sps: None,
        };
        let Some(record) = record else { return Ok(h264) };
        h264.length_size =
            Some(usize::from(record.get(4).context("the avcC is truncated")? & 3) + 1);
        let mut rest = record.get(5..).unwrap_or_default();
        for mask in [0x1f, 0xff] {
            let Some((count, after)) = rest.split_first() else { bail!("the avcC is truncated") };
            rest = after;
            for _ in 0..count & mask {
                let set = rest.split_first_chunk::<2>().and_then(|(length, after)| {
                    after.split_at_checked(u16::from_be_bytes(*length).into())
                });
                let Some((set, after)) = set else { bail!("the avcC is truncated") };
                h264.read_parameter_set(set)?;
                h264.sets.extend([0, 0, 0, 1]);
                h264.sets.extend(set);
                rest = after;
            }
        }
        Ok(h264)
    }

    /// Reads the NAL unit if it is a sequence parameter set.
    fn read_parameter_set(&mut self, unit: &[u8]) -> anyhow::Result<()> {
        if unit.first().is_some_and(|header| header & 0x1f == 7)
            && let Some(sps) = Sps::new(unit)
        {
            if let Some(unsupported) = sps.unsupported() {
                bail!(
                    "H.264 with {unsupported} is not supported. Supported: 8 bits and chroma 4:2:0"
                );
            }
            self.sps = Some(sps);
        }
        Ok(())
    }

    /// Decodes a packet, which must be an access unit.
    ///
    /// # Errors
    /// The stream uses a feature of H.264 that is not supported.
    pub(crate) fn push(
        &mut self,
        packet: &[u8],
        is_sync: bool,
    ) -> anyhow::Result<Result<Option<Decoded>, Damage>> {
        if self.needs_sync && !is_sync {
            return Ok(Ok(None));
        }
        self.stream.clear();
        if self.needs_sets {
            self.stream.extend_from_slice(&self.sets);
        }
        let mut resets_order = false;
        let mut units: Vec<&[u8]> = Vec::new();
        match self.length_size {
            Some(size) => {
                let mut rest = packet;
                while !rest.is_empty() {
                    let unit = rest.split_at_checked(size).and_then(|(length, after)| {
                        let length =
                            length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                        after.split_at_checked(length)
                    });
                    let Some((unit, after)) = unit else {
                        return Ok(Err(self.damaged("an H.264 packet is truncated")));
                    };
                    units.push(unit);
                    rest = after;
                }
            }
            None => units.extend(crate::annexb::units(packet)),
        }
        for unit in units {
            self.read_parameter_set(unit)?;
            // An IDR slice.
            resets_order |= unit.first().is_some_and(|header| header & 0x1f == 5);
            self.stream.extend([0, 0, 0, 1]);
            self.stream.extend(unit);
        }
        let (decoder, stream) = (&mut self.decoder, &self.stream);
        let decoded = guarded(|| decoder.decode(stream).map(|frame| (frame, decoder.last_poc())));
        match decoded {
            Ok(Ok((frame, order))) => {
                self.needs_sets = false;
                self.needs_sync = false;
                let Some(frame) = frame else { return Ok(Ok(None)) };
                self.epoch += u64::from(resets_order);
                let color = self.sps.as_ref().map(|sps| sps.color).unwrap_or_default();
                let frame = Frame {
                    format: PixelFormat::Yuv420p,
                    width: frame.width,
                    height: frame.height,
                    color,
                    planes: FramePlanes::U8([frame.y, frame.u, frame.v, Vec::new()]),
                };
                Ok(Ok(Some(Decoded { frame, order: (self.epoch, order.into()), resets_order })))
            }
            Ok(Err(DecodeError::Unsupported(tool)))
                if UNSUPPORTED.iter().any(|unsupported| tool.contains(unsupported)) =>
            {
                bail!("H.264 with {tool} is not supported")
            }
            Ok(Err(error)) => Ok(Err(self.damaged(&format!("H.264: {error}")))),
            Err(_) => Ok(Err(self.damaged("H.264: a frame could not be decoded"))),
        }
    }

    /// Resets the decoder. No earlier frame is used for reference.
    pub(crate) fn reset(&mut self) {
        self.decoder = Decoder::new();
        self.needs_sets = true;
        self.needs_sync = true;
        self.epoch += 1;
    }

    fn damaged(&mut self, reason: &str) -> Damage {
        self.reset();
        Damage(reason.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_parameter_sets() {
        // High profile, 720x576 with 16:15 pixels and 625-line BT.601, written by x264.
        let sps = [
            0x67, 0x64, 0x00, 0x1e, 0xac, 0xd9, 0x40, 0xb4, 0x12, 0x6f, 0xfc, 0x00, 0x40, 0x00,
            0x3d, 0xa8, 0x28, 0x30, 0x2a, 0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00,
            0x64, 0x1e, 0x2c, 0x5b, 0x2c,
        ];
        let sps = Sps::new(&sps).unwrap();
        assert_eq!(sps.sample_aspect_ratio, Rational::new(16, 15).ok());
        assert_eq!(sps.color.primaries, ColorPrimaries::Bt470Bg);
        assert_eq!(sps.color.transfer, TransferCharacteristics::Smpte170M);
        assert_eq!(
            (sps.color.matrix, sps.color.range),
            (MatrixCoefficients::Bt470Bg, ColorRange::Limited)
        );
        assert_eq!((sps.bit_depth, sps.chroma_format, sps.is_interlaced), (8, 1, false));
        assert_eq!(sps.frame_rate, Rational::new(25, 1).ok());
        assert_eq!(sps.size, Some((720, 576)));
        // 1920x1080 in 68 rows of macroblocks.
        assert_eq!(sps.cropped_size(119, 67, [0, 0, 0, 4]), Some((1920, 1080)));
        assert_eq!(sps.cropped_size(0, 0, [u32::MAX; 4]), None);
        assert_eq!(sps.reordered_frames, Some(2));
        for length in 0..10 {
            assert!(
                Sps::new(&[0x67, 0x64, 0, 0x1e, 0xac, 0xd9, 0x40, 0xb4, 0x12, 0x7e][..length])
                    .is_none()
            );
        }
    }
}
