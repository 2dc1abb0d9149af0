//! Compact sample tables of a track.

use reelwright_core::Result;

use crate::boxes::{Bytes, boxed, count, full_box};

/// Location of the samples that a movie box describes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Samples {
    /// Chunks in the tables, plus an offset of `shift` bytes.
    Chunks { shift: u64 },
    /// Fragments describe the samples.
    Fragments,
}

/// Table of a track's samples. Needs one or two bytes per sample if sizes differ, and none if all
/// sizes are equal.
#[derive(Debug, Default)]
pub(crate) struct SampleTables {
    durations: Runs,
    offsets: Runs,
    sizes: Sizes,
    sync: SyncSamples,
    chunks: Vec<u64>,
    /// Number of samples per chunk, in runs of chunks.
    chunk_samples: Runs,
}

impl SampleTables {
    /// Adds `samples` of `size` bytes each.
    #[inline(always)]
    pub(crate) fn add(&mut self, samples: u32, size: u32, is_sync: bool) {
        self.sizes.push(samples, size);
        self.sync.push(samples, is_sync);
    }

    /// Sets the duration and the composition offset of the last added samples.
    pub(crate) fn time(&mut self, samples: u32, duration: u32, offset: u32) {
        self.durations.push(samples, duration);
        self.offsets.push(samples, offset);
    }

    /// Sets the position of the last added samples in the file.
    pub(crate) fn chunk(&mut self, at: u64, samples: u32) {
        self.chunks.push(at);
        self.chunk_samples.push(1, samples);
    }

    /// Returns the number of samples.
    pub(crate) const fn samples(&self) -> u32 {
        self.sizes.count
    }

    /// Returns whether the last chunk's offset plus `shift` needs 64 bits.
    pub(crate) fn needs_64_bits(&self, shift: u64) -> bool {
        self.chunks.last().is_some_and(|at| at.saturating_add(shift) > u64::from(u32::MAX))
    }

    /// Appends the boxes of the sample table after the sample entries. `shift` is added to the
    /// chunks' offsets.
    ///
    /// # Errors
    /// Fails if a table has too many entries.
    pub(crate) fn write(&self, out: &mut Bytes, shift: u64, wide: bool) -> Result<()> {
        full_box(out, b"stts", (0, 0), |out| self.durations.write(out))?;
        if self.offsets.runs.iter().any(|(_, offset)| *offset != 0) {
            full_box(out, b"ctts", (0, 0), |out| self.offsets.write(out))?;
        }
        if let Some(sync) = &self.sync.numbers {
            full_box(out, b"stss", (0, 0), |out| {
                out.extend(count(sync.len())?);
                out.extend(sync.iter().flat_map(|number| number.to_be_bytes()));
                Ok(())
            })?;
        }
        full_box(out, b"stsc", (0, 0), |out| {
            out.extend(count(self.chunk_samples.runs.len())?);
            let mut first = 1u32;
            for (chunks, samples) in &self.chunk_samples.runs {
                // All samples use the first sample entry.
                out.extend([first, *samples, 1].into_iter().flat_map(u32::to_be_bytes));
                first = first.saturating_add(*chunks);
            }
            Ok(())
        })?;
        full_box(out, b"stsz", (0, 0), |out| {
            self.sizes.write(out);
            Ok(())
        })?;
        full_box(out, if wide { b"co64" } else { b"stco" }, (0, 0), |out| {
            out.extend(count(self.chunks.len())?);
            for at in &self.chunks {
                let at = at.saturating_add(shift);
                if wide {
                    out.extend(at.to_be_bytes());
                } else {
                    out.extend((at as u32).to_be_bytes());
                }
            }
            Ok(())
        })
    }
}

/// Appends the tables of a fragmented track.
///
/// # Errors
/// None, because these boxes are small.
pub(crate) fn write_empty(out: &mut Bytes) -> Result<()> {
    for kind in [b"stts", b"stsc", b"stco"] {
        full_box(out, kind, (0, 0), |out| {
            out.extend([0; 4]);
            Ok(())
        })?;
    }
    boxed(out, b"stsz", |out| {
        out.extend([0; 12]);
        Ok(())
    })
}

/// Run-length encoded values.
#[derive(Debug, Default)]
struct Runs {
    runs: Vec<(u32, u32)>,
}

impl Runs {
    fn push(&mut self, samples: u32, value: u32) {
        if samples == 0 {
            return;
        }
        match self.runs.last_mut() {
            Some((count, last)) if *last == value => *count = count.saturating_add(samples),
            _ => self.runs.push((samples, value)),
        }
    }

    fn write(&self, out: &mut Bytes) -> Result<()> {
        out.extend(count(self.runs.len())?);
        for (samples, value) in &self.runs {
            out.extend(samples.to_be_bytes());
            out.extend(value.to_be_bytes());
        }
        Ok(())
    }
}

/// Sizes of samples: one number if all sizes are equal, otherwise each size in groups of 7 bits,
/// lowest first.
#[derive(Debug, Default)]
struct Sizes {
    count: u32,
    /// Size of the first sample. If `others` is empty, the size of all samples.
    first: u32,
    others: Vec<u8>,
}

impl Sizes {
    #[inline(always)]
    fn push(&mut self, samples: u32, size: u32) {
        if samples == 0 {
            return;
        }
        if self.count == 0 {
            self.first = size;
        }
        if self.others.is_empty() && size != self.first {
            for _ in 0..self.count {
                push_number(&mut self.others, self.first);
            }
        }
        if size != self.first || !self.others.is_empty() {
            for _ in 0..samples {
                push_number(&mut self.others, size);
            }
        }
        self.count = self.count.saturating_add(samples);
    }

    fn write(&self, out: &mut Bytes) {
        // A size of 0 means that a table follows.
        let is_equal = self.others.is_empty() && (self.first != 0 || self.count == 0);
        out.extend(if is_equal { self.first } else { 0 }.to_be_bytes());
        out.extend(self.count.to_be_bytes());
        if is_equal {
            return;
        }
        if self.others.is_empty() {
            out.resize(out.len() + 4 * self.count as usize, 0);
        }
        let mut number = 0u32;
        let mut shift = 0;
        for byte in &self.others {
            number |= u32::from(byte & 127) << shift;
            shift += 7;
            if byte & 128 == 0 {
                out.extend(number.to_be_bytes());
                (number, shift) = (0, 0);
            }
        }
    }
}

fn push_number(bytes: &mut Vec<u8>, mut number: u32) {
    loop {
        let digit = number as u8 & 127;
        number >>= 7;
        if number == 0 {
            bytes.push(digit);
            return;
        }
        bytes.push(digit + 128);
    }
}

/// Numbers of the sync samples, from 1 on. `None` if all samples are sync samples.
#[derive(Debug, Default)]
struct SyncSamples {
    count: u32,
    numbers: Option<Vec<u32>>,
}

impl SyncSamples {
    #[inline(always)]
    fn push(&mut self, samples: u32, is_sync: bool) {
        let first = self.count.saturating_add(1);
        self.count = self.count.saturating_add(samples);
        if !is_sync && self.numbers.is_none() {
            self.numbers = Some((1..first).collect());
        }
        if let (Some(numbers), true) = (&mut self.numbers, is_sync) {
            numbers.extend(first..=self.count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(pushed: &[(u32, u32)]) -> Vec<u32> {
        let mut sizes = Sizes::default();
        for (samples, size) in pushed {
            sizes.push(*samples, *size);
        }
        let mut out = Vec::new();
        sizes.write(&mut out);
        out.chunks_exact(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect()
    }

    #[test]
    fn sizes_are_a_table_only_if_they_differ() {
        assert_eq!(sizes(&[]), [0, 0]);
        assert_eq!(sizes(&[(1, 300), (5, 300)]), [300, 6]);
        assert_eq!(sizes(&[(2, 300), (1, 127), (1, 128)]), [0, 4, 300, 300, 127, 128]);
        assert_eq!(sizes(&[(1, 0), (1, u32::MAX), (1, 0)]), [0, 3, 0, u32::MAX, 0]);
        assert_eq!(sizes(&[(2, 0)]), [0, 2, 0, 0]);
    }

    #[test]
    fn sync_samples_are_listed_only_if_some_samples_are_not() {
        let mut sync = SyncSamples::default();
        sync.push(3, true);
        assert!(sync.numbers.is_none());
        sync.push(2, false);
        sync.push(1, true);
        assert_eq!(sync.numbers.unwrap(), [1, 2, 3, 6]);
    }

    #[test]
    fn offsets_have_64_bits_only_if_necessary() {
        let mut tables = SampleTables::default();
        assert!(!tables.needs_64_bits(u64::MAX));
        tables.chunk(u32::MAX.into(), 1);
        assert!(!tables.needs_64_bits(0));
        assert!(tables.needs_64_bits(1));
        tables.chunk(1 << 33, 1);
        assert!(tables.needs_64_bits(0));
    }

    #[test]
    fn chunks_of_other_lengths_begin_other_runs() {
        let mut tables = SampleTables::default();
        for (at, samples) in [(8, 2), (108, 2), (208, 3), (308, 1), (408, 1)] {
            tables.chunk(at, samples);
        }
        let mut out = Vec::new();
        tables.write(&mut out, 0, true).unwrap();
        let words = |kind: &[u8]| -> Vec<u32> {
            let at = out.windows(4).position(|found| found == kind).unwrap();
            let size = u32::from_be_bytes(out[at - 4..at].try_into().unwrap()) as usize;
            let body = &out[at + 8..at - 4 + size];
            body.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect()
        };
        // First chunk, samples per chunk, sample entry (ISO/IEC 14496-12 §8.7.4).
        assert_eq!(words(b"stsc"), [3, 1, 2, 1, 3, 3, 1, 4, 1, 1]);
        assert_eq!(words(b"co64"), [5, 0, 8, 0, 108, 0, 208, 0, 308, 0, 408]);
    }

    #[test]
    fn tables_are_runs() {
        let mut tables = SampleTables::default();
        for _ in 0..1000 {
            tables.add(1, 10, true);
            tables.time(1, 512, 0);
        }
        tables.chunk(100, 500);
        tables.chunk(200, 500);
        let mut out = Vec::new();
        tables.write(&mut out, 7, false).unwrap();
        let stts = b"\0\0\0\x18stts\0\0\0\0\0\0\0\x01\0\0\x03\xe8\0\0\x02\0";
        let stsc = b"\0\0\0\x1cstsc\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\x01\xf4\0\0\0\x01";
        let stsz = b"\0\0\0\x14stsz\0\0\0\0\0\0\0\x0a\0\0\x03\xe8";
        let stco = b"\0\0\0\x18stco\0\0\0\0\0\0\0\x02\0\0\0\x6b\0\0\0\xcf";
        assert_eq!(out, [&stts[..], stsc, stsz, stco].concat());
    }
}
