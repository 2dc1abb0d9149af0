//! Index of keyframes, of bounded size.

use crate::amf;

/// Maximum number of entries.
pub(crate) const MAX_ENTRIES: usize = 1024;
/// Bytes of an entry: two numbers.
pub(crate) const ENTRY: usize = 18;

/// Positions of keyframes. If there are too many, every second one is removed.
#[derive(Debug)]
pub(crate) struct Index {
    /// Positions of the tags, and their times in milliseconds.
    entries: Vec<(u64, u32)>,
    /// Only every keyframe whose number is a multiple of this is kept.
    step: u64,
    count: u64,
}

impl Index {
    pub(crate) fn new() -> Self {
        Self { entries: Vec::with_capacity(MAX_ENTRIES), step: 1, count: 0 }
    }

    /// Adds a keyframe.
    pub(crate) fn add(&mut self, position: u64, time: u32) {
        if self.count.is_multiple_of(self.step) {
            if self.entries.len() == MAX_ENTRIES {
                let mut number = 0u32;
                self.entries.retain(|_| {
                    number += 1;
                    number % 2 == 1
                });
                self.step *= 2;
            }
            if self.count.is_multiple_of(self.step) {
                self.entries.push((position, time));
            }
        }
        self.count += 1;
    }

    /// Returns the time of the last entry in milliseconds.
    pub(crate) fn last_time(&self) -> Option<u32> {
        self.entries.last().map(|(_, time)| *time)
    }

    /// Removes the keyframes from a position on.
    pub(crate) fn truncate(&mut self, length: u64) {
        self.entries.retain(|(position, _)| *position < length);
    }

    /// Returns the number of unused bytes that were reserved.
    pub(crate) fn unused(&self) -> usize {
        (MAX_ENTRIES - self.entries.len()) * ENTRY
    }

    /// Appends the value of the property `keyframes`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(amf::OBJECT);
        let mut array = |name: &str, value: &dyn Fn(&(u64, u32)) -> f64| {
            out.extend((name.len() as u16).to_be_bytes());
            out.extend(name.as_bytes());
            out.push(amf::STRICT_ARRAY);
            out.extend((self.entries.len() as u32).to_be_bytes());
            for entry in &self.entries {
                amf::number(out, value(entry));
            }
        };
        array("filepositions", &|(position, _)| *position as f64);
        array("times", &|(_, time)| f64::from(*time) / 1000.0);
        out.extend(amf::OBJECT_END);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_keep_evenly_spaced_keyframes() {
        let mut index = Index::new();
        for number in 0..100_000u32 {
            index.add(u64::from(number) * 10, number * 40);
            assert!(index.entries.len() <= MAX_ENTRIES);
        }
        assert!(index.entries.len() > MAX_ENTRIES / 2);
        assert_eq!(index.entries[0], (0, 0));
        assert!(index.entries.windows(2).all(|pair| pair[1].1 - pair[0].1 == 128 * 40));
        assert!(index.last_time().unwrap() > (100_000 - 129) * 40);
        index.truncate(1281);
        assert_eq!(index.entries, [(0, 0), (1280, 128 * 40)]);
    }
}
