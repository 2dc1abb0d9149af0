//! Headerless samples as input.

use std::io::{self, Read};
use std::str::FromStr;

use reelwright::{DataType, TypedBuffer};

/// How headerless samples are stored: `s16le`, `f32be`, …
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawFormat {
    kind: Kind,
    bytes: usize,
    big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unsigned,
    Signed,
    Float,
}

const NAMES: &[(&str, Kind, usize, bool)] = &[
    ("u8", Kind::Unsigned, 1, false),
    ("s8", Kind::Signed, 1, false),
    ("s16le", Kind::Signed, 2, false),
    ("s16be", Kind::Signed, 2, true),
    ("s24le", Kind::Signed, 3, false),
    ("s24be", Kind::Signed, 3, true),
    ("s32le", Kind::Signed, 4, false),
    ("s32be", Kind::Signed, 4, true),
    ("s64le", Kind::Signed, 8, false),
    ("s64be", Kind::Signed, 8, true),
    ("f32le", Kind::Float, 4, false),
    ("f32be", Kind::Float, 4, true),
    ("f64le", Kind::Float, 8, false),
    ("f64be", Kind::Float, 8, true),
];

impl FromStr for RawFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = NAMES.iter().find(|(n, ..)| *n == name);
        found.map(|&(_, kind, bytes, big_endian)| Self { kind, bytes, big_endian }).ok_or_else(
            || {
                let names: Vec<_> = NAMES.iter().map(|(name, ..)| *name).collect();
                format!("one of {}", names.join(", "))
            },
        )
    }
}

impl RawFormat {
    /// The smallest type that holds the samples.
    pub(crate) fn data_type(self) -> DataType {
        match (self.kind, self.bytes) {
            (Kind::Float, 4) => DataType::F32,
            (Kind::Float, _) => DataType::F64,
            (_, 1) => DataType::U8,
            (_, 2) => DataType::I16,
            (_, 3 | 4) => DataType::I32,
            _ => DataType::I64,
        }
    }

    /// The bytes of one sample.
    pub(crate) fn bytes(self) -> usize {
        self.bytes
    }

    /// Appends the samples in `bytes`, a whole number of them, to a buffer of
    /// [`data_type`](Self::data_type).
    pub(crate) fn append(self, bytes: &[u8], to: &mut TypedBuffer) {
        // Every sample as 8 bytes, most significant first, padded with zeros at the end.
        let samples = bytes.chunks_exact(self.bytes).map(|sample| {
            let mut wide = [0; 8];
            wide[..self.bytes].copy_from_slice(sample);
            if !self.big_endian {
                wide[..self.bytes].reverse();
            }
            wide
        });
        let int = samples.clone().map(i64::from_be_bytes);
        let bits = samples.map(u64::from_be_bytes);
        match to {
            TypedBuffer::U8(to) => {
                let flip = if self.kind == Kind::Signed { 0x80 } else { 0 };
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

/// Reads until `buffer` is full or the input ends; returns how much was read.
pub(crate) fn read_full(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(format: &str, bytes: &[u8]) -> TypedBuffer {
        let format: RawFormat = format.parse().unwrap();
        let mut buffer = TypedBuffer::zeroed(format.data_type(), 0);
        format.append(bytes, &mut buffer);
        buffer
    }

    #[test]
    fn samples_are_read_in_their_byte_order() {
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
        assert!("s17le".parse::<RawFormat>().unwrap_err().contains("s16le"));
    }
}
