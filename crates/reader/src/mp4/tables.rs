//! Sample tables (ISO/IEC 14496-12 §8.6, §8.7), read sample by sample. The tables stay compressed
//! in memory, whatever the number of samples.

use mp4_atom::{Co64, Ctts, Stco, Stsc, Stss, Stsz, StszSamples, Stts};

use super::boxes::{be32, child, decode_child};

/// A sample, or several consecutive samples of PCM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) offset: u64,
    pub(super) size: u64,
    /// Decoding and presentation time on the media's timeline.
    pub(super) dts: i64,
    pub(super) pts: i64,
    pub(super) duration: u64,
    pub(super) is_sync: bool,
}

/// The sample tables of a track.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    /// Run lengths and durations.
    durations: Vec<(u32, u32)>,
    /// Run lengths and composition offsets.
    offsets: Vec<(u32, i64)>,
    /// First chunk of each run, from 0, and the number of samples per chunk.
    runs: Vec<(u32, u32)>,
    sizes: Sizes,
    chunks: Vec<u64>,
    /// Sync samples, from 1. `None` means that every sample is one.
    syncs: Option<Vec<u32>>,
    /// Maximum number of samples that are read at once.
    at_once: u32,
}

#[derive(Debug, Clone)]
enum Sizes {
    Same(u32, u32),
    Each(Vec<u32>),
}

impl Default for Sizes {
    fn default() -> Self {
        Self::Each(Vec::new())
    }
}

impl Sizes {
    fn count(&self) -> u32 {
        match self {
            Self::Same(_, count) => *count,
            Self::Each(sizes) => u32::try_from(sizes.len()).unwrap_or(u32::MAX),
        }
    }

    fn get(&self, sample: u32) -> Option<u32> {
        match self {
            Self::Same(size, count) => (sample < *count).then_some(*size),
            Self::Each(sizes) => sizes.get(sample as usize).copied(),
        }
    }
}

impl Tables {
    /// Reads a `SampleTableBox`. If `pcm_bytes` is the size of a sample, several are read at once.
    pub(super) fn new(stbl: &[u8], pcm_bytes: Option<u32>) -> Self {
        let sizes = match decode_child::<Stsz>(stbl).map(|stsz| stsz.samples) {
            Some(StszSamples::Identical { count, size }) => Sizes::Same(size, count),
            Some(StszSamples::Different { sizes }) => Sizes::Each(sizes),
            None => Sizes::Each(child(stbl, b"stz2").map(compact_sizes).unwrap_or_default()),
        };
        // QuickTime's old descriptions state the size of one channel, or 1.
        let sizes = match (pcm_bytes, sizes) {
            (Some(bytes), sizes) => Sizes::Same(bytes, sizes.count()),
            (None, sizes) => sizes,
        };
        let chunks = match decode_child::<Stco>(stbl) {
            Some(stco) => stco.entries.into_iter().map(u64::from).collect(),
            None => decode_child::<Co64>(stbl).map(|co64| co64.entries).unwrap_or_default(),
        };
        let durations = decode_child::<Stts>(stbl).map(|stts| stts.entries).unwrap_or_default();
        let offsets = decode_child::<Ctts>(stbl).map(|ctts| ctts.entries).unwrap_or_default();
        let runs = decode_child::<Stsc>(stbl).map(|stsc| stsc.entries).unwrap_or_default();
        Self {
            durations: durations.iter().map(|e| (e.sample_count, e.sample_delta)).collect(),
            // Version 0 has unsigned numbers, but writers store negative ones in it.
            offsets: offsets
                .iter()
                .map(|e| (e.sample_count, i64::from(e.sample_offset as i32)))
                .collect(),
            runs: runs
                .iter()
                .map(|e| (e.first_chunk.saturating_sub(1), e.samples_per_chunk))
                .collect(),
            sizes,
            chunks,
            syncs: decode_child::<Stss>(stbl).map(|stss| stss.entries),
            at_once: if pcm_bytes.is_some() { 4096 } else { 1 },
        }
    }

    /// Returns the number of samples.
    pub(super) fn samples(&self) -> u32 {
        self.sizes.count()
    }

    /// Returns the duration of all samples but the last, if they have the same.
    pub(super) fn constant_duration(&self) -> Option<u32> {
        let &(count, first) = self.durations.first()?;
        let (last, others) = self.durations.split_last()?;
        let same = others.iter().all(|(_, duration)| *duration == first)
            && (last.1 == first || (last.0 == 1 && self.durations.len() > 1));
        (same && first > 0 && (count > 0)).then_some(first)
    }

    /// Returns the sum of all durations.
    pub(super) fn duration(&self) -> u64 {
        self.durations.iter().map(|(count, each)| u64::from(*count) * u64::from(*each)).sum()
    }

    /// Returns a cursor before the first sample.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor::default()
    }

    /// Returns a cursor before the sample at which decoding must start to show `pts`: `preroll`
    /// samples before a sync sample.
    pub(super) fn cursor_for(&self, pts: i64, preroll: usize) -> Cursor {
        let mut cursor = self.cursor();
        let mut recent = std::collections::VecDeque::new();
        let mut found = cursor.clone();
        loop {
            let before = cursor.clone();
            let Some(sample) = cursor.next(self) else { return found };
            recent.push_back(before);
            if recent.len() > preroll + 1 {
                recent.pop_front();
            }
            if sample.is_sync {
                if sample.pts > pts {
                    return found;
                }
                found = recent.front().cloned().unwrap_or_default();
            }
            // Without reordering, no later sample is presented earlier.
            if sample.dts > pts && self.offsets.iter().all(|(_, offset)| *offset >= 0) {
                return found;
            }
        }
    }
}

/// Reads the sizes of a `CompactSampleSizeBox` (§8.7.3.3).
fn compact_sizes(body: &[u8]) -> Vec<u32> {
    let bits = body.get(7).copied().unwrap_or(0);
    let count = be32(body, 8).unwrap_or(0) as usize;
    let data = body.get(12..).unwrap_or_default();
    match bits {
        4 => {
            let halves = data.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            halves.take(count).map(u32::from).collect()
        }
        8 => data.iter().take(count).map(|byte| u32::from(*byte)).collect(),
        16 => {
            let pairs = data.chunks_exact(2).take(count);
            pairs.map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).collect()
        }
        _ => Vec::new(),
    }
}

/// Position in the tables.
#[derive(Debug, Clone, Default)]
pub(super) struct Cursor {
    sample: u32,
    dts: i64,
    /// Entry of each table, and the number of its samples before the cursor.
    duration: (usize, u32),
    offset: (usize, u32),
    run: usize,
    chunk: (usize, u32),
    /// Number of bytes of the chunk before the cursor.
    in_chunk: u64,
    sync: usize,
}

/// Advances a run-length table by one sample. Returns the value of the sample.
fn advance<T: Copy>(table: &[(u32, T)], (entry, passed): &mut (usize, u32)) -> Option<T> {
    loop {
        let (count, value) = *table.get(*entry)?;
        if *passed < count {
            *passed += 1;
            return Some(value);
        }
        (*entry, *passed) = (*entry + 1, 0);
    }
}

impl Cursor {
    /// Returns the next sample, or `None` at the end of the samples or the tables.
    pub(super) fn next(&mut self, tables: &Tables) -> Option<Sample> {
        let mut first = self.one(tables)?;
        for _ in 1..tables.at_once {
            // Only samples of the same chunk are contiguous.
            if self.chunk.1 == 0 || self.samples_in_chunk(tables) <= self.chunk.1 {
                break;
            }
            let Some(next) = self.one(tables) else { break };
            first.size += next.size;
            first.duration += next.duration;
        }
        Some(first)
    }

    fn samples_in_chunk(&self, tables: &Tables) -> u32 {
        tables.runs.get(self.run).map_or(0, |(_, samples)| *samples)
    }

    fn one(&mut self, tables: &Tables) -> Option<Sample> {
        let size = u64::from(tables.sizes.get(self.sample)?);
        // Finds the run of the chunk. Skips chunks without samples.
        loop {
            while let Some((first, _)) = tables.runs.get(self.run + 1)
                && *first as usize <= self.chunk.0
            {
                self.run += 1;
            }
            if self.chunk.1 < self.samples_in_chunk(tables) {
                break;
            }
            if self.chunk.0 >= tables.chunks.len() {
                return None;
            }
            self.chunk = (self.chunk.0 + 1, 0);
            self.in_chunk = 0;
        }
        let offset = tables.chunks.get(self.chunk.0)?.checked_add(self.in_chunk)?;
        let duration = u64::from(advance(&tables.durations, &mut self.duration).unwrap_or(0));
        let composition = advance(&tables.offsets, &mut self.offset).unwrap_or(0);
        let is_sync = match &tables.syncs {
            None => true,
            Some(syncs) => {
                let number = self.sample + 1;
                while syncs.get(self.sync).is_some_and(|sync| *sync < number) {
                    self.sync += 1;
                }
                syncs.get(self.sync) == Some(&number)
            }
        };
        let dts = self.dts;
        self.sample += 1;
        self.dts = dts.saturating_add_unsigned(duration);
        self.chunk.1 += 1;
        self.in_chunk = self.in_chunk.saturating_add(size);
        Some(Sample { offset, size, dts, pts: dts.saturating_add(composition), duration, is_sync })
    }
}
