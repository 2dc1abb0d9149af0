//! Uncompressed audio: sample formats and their conversion to numbers.

use std::str::FromStr;

use reelwright_core::{CodecId, DataType, TypedBuffer};

/// Stored sample format: `s16le`, `f32be`, …
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PcmFormat {
    kind: PcmKind,
    bytes: usize,
    is_big_endian: bool,
}

/// Encoding of a sample's bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PcmKind {
    /// Unsigned integers. Silence is the middle value.
    Unsigned,
    /// Two's complement integers.
    Signed,
    /// IEEE 754 floating point.
    Float,
    /// ITU-T G.711 A-law.
    ALaw,
    /// ITU-T G.711 µ-law.
    MuLaw,
}

/// All formats: FFmpeg's name of the raw format, and the codec.
const ALL: &[(&str, CodecId, PcmKind, usize, bool)] = &[
    ("u8", CodecId::PcmU8, PcmKind::Unsigned, 1, false),
    ("s8", CodecId::PcmS8, PcmKind::Signed, 1, false),
    ("s16le", CodecId::PcmS16Le, PcmKind::Signed, 2, false),
    ("s16be", CodecId::PcmS16Be, PcmKind::Signed, 2, true),
    ("s24le", CodecId::PcmS24Le, PcmKind::Signed, 3, false),
    ("s24be", CodecId::PcmS24Be, PcmKind::Signed, 3, true),
    ("s32le", CodecId::PcmS32Le, PcmKind::Signed, 4, false),
    ("s32be", CodecId::PcmS32Be, PcmKind::Signed, 4, true),
    ("s64le", CodecId::PcmS64Le, PcmKind::Signed, 8, false),
    ("s64be", CodecId::PcmS64Be, PcmKind::Signed, 8, true),
    ("f32le", CodecId::PcmF32Le, PcmKind::Float, 4, false),
    ("f32be", CodecId::PcmF32Be, PcmKind::Float, 4, true),
    ("f64le", CodecId::PcmF64Le, PcmKind::Float, 8, false),
    ("f64be", CodecId::PcmF64Be, PcmKind::Float, 8, true),
    ("alaw", CodecId::PcmALaw, PcmKind::ALaw, 1, false),
    ("mulaw", CodecId::PcmMuLaw, PcmKind::MuLaw, 1, false),
];

impl PcmFormat {
    /// Creates a format of `bytes` bytes per sample. Returns `None` if it does not exist.
    pub fn new(kind: PcmKind, bytes: usize, is_big_endian: bool) -> Option<Self> {
        let is_big_endian = is_big_endian && bytes > 1;
        let format = Self { kind, bytes, is_big_endian };
        ALL.iter()
            .any(|(_, _, k, b, e)| (*k, *b, *e) == (kind, bytes, is_big_endian))
            .then_some(format)
    }

    /// Returns the names of all formats.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|(name, ..)| *name)
    }

    /// Returns FFmpeg's name of the codec.
    pub fn codec(self) -> &'static str {
        let found = ALL.iter().find(|(_, _, kind, bytes, is_big_endian)| {
            (*kind, *bytes, *is_big_endian) == (self.kind, self.bytes, self.is_big_endian)
        });
        found.map_or("pcm", |(_, codec, ..)| codec.name())
    }

    /// Returns the smallest type that can represent the samples.
    pub fn data_type(self) -> DataType {
        match (self.kind, self.bytes) {
            (PcmKind::Float, 4) => DataType::F32,
            (PcmKind::Float, _) => DataType::F64,
            (PcmKind::ALaw | PcmKind::MuLaw, _) => DataType::I16,
            (_, 1) => DataType::U8,
            (_, 2) => DataType::I16,
            (_, 3 | 4) => DataType::I32,
            _ => DataType::I64,
        }
    }

    /// Returns the size of a sample in bytes.
    pub const fn bytes(self) -> usize {
        self.bytes
    }

    /// Returns the number of significant bits of a decoded sample.
    pub const fn bits(self) -> u32 {
        match self.kind {
            PcmKind::ALaw | PcmKind::MuLaw => 16,
            _ => 8 * self.bytes as u32,
        }
    }

    /// Appends the complete samples in `bytes` to a buffer of type [`data_type`](Self::data_type).
    pub fn append(self, bytes: &[u8], to: &mut TypedBuffer) {
        match (self.kind, &mut *to) {
            (PcmKind::ALaw, TypedBuffer::I16(to)) => {
                return to.extend(bytes.iter().map(|code| alaw(*code)));
            }
            (PcmKind::MuLaw, TypedBuffer::I16(to)) => {
                return to.extend(bytes.iter().map(|code| mulaw(*code)));
            }
            _ => {}
        }
        // A constant sample size lets the compiler vectorize the loop.
        match (self.bytes, self.is_big_endian) {
            (1, _) => self.extend::<1, true>(bytes, to),
            (2, false) => self.extend::<2, false>(bytes, to),
            (2, true) => self.extend::<2, true>(bytes, to),
            (3, false) => self.extend::<3, false>(bytes, to),
            (3, true) => self.extend::<3, true>(bytes, to),
            (4, false) => self.extend::<4, false>(bytes, to),
            (4, true) => self.extend::<4, true>(bytes, to),
            (_, false) => self.extend::<8, false>(bytes, to),
            (_, true) => self.extend::<8, true>(bytes, to),
        }
    }

    fn extend<const BYTES: usize, const BIG_ENDIAN: bool>(
        self,
        bytes: &[u8],
        to: &mut TypedBuffer,
    ) {
        // Every sample as 8 bytes, most significant byte first, zero-padded.
        let samples = bytes.as_chunks::<BYTES>().0.iter().map(|sample| {
            let mut wide = [0; 8];
            wide[..BYTES].copy_from_slice(sample);
            if !BIG_ENDIAN {
                wide[..BYTES].reverse();
            }
            wide
        });
        let int = samples.clone().map(i64::from_be_bytes);
        let bits = samples.map(u64::from_be_bytes);
        match to {
            TypedBuffer::U8(to) => {
                let flip = if self.kind == PcmKind::Signed { 0x80 } else { 0 };
                to.extend(bytes.iter().map(|x| x ^ flip));
            }
            TypedBuffer::I16(to) => to.extend(int.map(|x| (x >> 48) as i16)),
            TypedBuffer::I32(to) => to.extend(int.map(|x| (x >> 32) as i32)),
            TypedBuffer::I64(to) => to.extend(int),
            TypedBuffer::F32(to) => to.extend(bits.map(|x| f32::from_bits((x >> 32) as u32))),
            TypedBuffer::F64(to) => to.extend(bits.map(f64::from_bits)),
        }
    }
}

/// Decodes a sample of G.711 A-law to 16 bits.
fn alaw(code: u8) -> i16 {
    let code = code ^ 0x55;
    let (exponent, mantissa) = (code >> 4 & 7, i16::from(code & 15));
    let magnitude = match exponent {
        0 => (mantissa << 4) + 8,
        _ => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    if code & 0x80 != 0 { magnitude } else { -magnitude }
}

/// Decodes a sample of G.711 µ-law to 16 bits.
fn mulaw(code: u8) -> i16 {
    const BIAS: i16 = 0x84;
    let code = !code;
    let magnitude = ((i16::from(code & 15) << 3) + BIAS) << (code >> 4 & 7);
    if code & 0x80 != 0 { BIAS - magnitude } else { magnitude - BIAS }
}

impl FromStr for PcmFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = ALL.iter().find(|(n, ..)| *n == name);
        found
            .map(|&(_, _, kind, bytes, is_big_endian)| Self { kind, bytes, is_big_endian })
            .ok_or_else(|| format!("one of {}", Self::names().collect::<Vec<_>>().join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(format: &str, bytes: &[u8]) -> TypedBuffer {
        let format: PcmFormat = format.parse().unwrap();
        let mut buffer = TypedBuffer::zeroed(format.data_type(), 0);
        format.append(bytes, &mut buffer);
        buffer
    }

    #[test]
    fn reads_samples_in_their_byte_order() {
        assert!(matches!(decoded("s8", &[0x80, 0x7f]), TypedBuffer::U8(x) if x == [0, 255]));
        assert!(matches!(decoded("s16le", &[1, 0x80]), TypedBuffer::I16(x) if x == [-32767]));
        assert!(matches!(decoded("s16be", &[0x80, 1]), TypedBuffer::I16(x) if x == [-32767]));
        assert!(
            matches!(decoded("s24le", &[1, 0, 0x80]), TypedBuffer::I32(x) if x == [-0x7fff_ff00])
        );
        assert!(
            matches!(decoded("s24be", &[0x80, 0, 1]), TypedBuffer::I32(x) if x == [-0x7fff_ff00])
        );
        let f32be = 0.25f32.to_be_bytes();
        assert!(matches!(decoded("f32be", &f32be), TypedBuffer::F32(x) if x == [0.25]));
        let f64le = (-1.5f64).to_le_bytes();
        assert!(matches!(decoded("f64le", &f64le), TypedBuffer::F64(x) if x == [-1.5]));
        assert!("s17le".parse::<PcmFormat>().unwrap_err().contains("s16le"));
    }

    #[test]
    fn companded_samples_match_g711() {
        // G.711 tables 1a and 2a: the largest and the smallest values, scaled to 16 bits.
        assert!(matches!(decoded("alaw", &[0xAA, 0x2A, 0xD5, 0x55]),
            TypedBuffer::I16(x) if x == [32256, -32256, 8, -8]));
        assert!(matches!(decoded("mulaw", &[0x80, 0x00, 0xFF, 0x7F]),
            TypedBuffer::I16(x) if x == [32124, -32124, 0, 0]));
    }
}
