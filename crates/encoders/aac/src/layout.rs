//! How the lines of a frame are arranged: windows in groups, and bands in these.

use crate::bands::{LINES, MAX_BANDS, Rate, SHORT_LINES, WINDOWS};
use crate::mdct::Sequence;

/// The windows of a frame and their bands (ISO/IEC 14496-3 §4.5.2.3.4). Bands of short windows are
/// those of a group: the lines of one window after those of the other.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) sequence: Sequence,
    /// How many windows each group has.
    groups: [u8; WINDOWS],
    group_count: usize,
    /// First lines of one window's bands, and the end.
    pub(crate) edges: &'static [u16],
    /// First lines of all bands in the order of the bitstream, and the end.
    starts: [u16; MAX_BANDS + 1],
}

impl Layout {
    pub(crate) fn new(rate: &Rate) -> Self {
        let mut layout = Self {
            sequence: Sequence::Long,
            groups: [0; WINDOWS],
            group_count: 0,
            edges: rate.long,
            starts: [0; MAX_BANDS + 1],
        };
        layout.set(rate, Sequence::Long, &[1]);
        layout
    }

    /// Sets the windows; `groups` are how many each group has.
    pub(crate) fn set(&mut self, rate: &Rate, sequence: Sequence, groups: &[u8]) {
        self.sequence = sequence;
        self.groups = [0; WINDOWS];
        self.groups[..groups.len()].copy_from_slice(groups);
        self.group_count = groups.len();
        self.edges = rate.edges(sequence == Sequence::Short);
        let mut start = 0;
        let mut band = 0;
        for windows in groups {
            for edges in self.edges.windows(2) {
                self.starts[band] = start;
                start += u16::from(*windows) * (edges[1] - edges[0]);
                band += 1;
            }
        }
        self.starts[band] = start;
    }

    pub(crate) fn is_short(&self) -> bool {
        self.sequence == Sequence::Short
    }

    /// How many windows each group has.
    pub(crate) fn groups(&self) -> &[u8] {
        &self.groups[..self.group_count]
    }

    /// Bands of one window.
    pub(crate) fn window_bands(&self) -> usize {
        self.edges.len() - 1
    }

    /// Bands of all groups.
    pub(crate) fn bands(&self) -> usize {
        self.group_count * self.window_bands()
    }

    /// A band's lines in the order of the bitstream.
    pub(crate) fn range(&self, band: usize) -> std::ops::Range<usize> {
        usize::from(self.starts[band])..usize::from(self.starts[band + 1])
    }

    /// Puts the lines of windows one after the other into the order of the bitstream.
    pub(crate) fn arrange(&self, windows: &[f32; LINES], out: &mut [f32; LINES]) {
        if !self.is_short() {
            out.copy_from_slice(windows);
            return;
        }
        let (mut at, mut first) = (0, 0);
        for &count in self.groups() {
            for edges in self.edges.windows(2) {
                for window in first..first + usize::from(count) {
                    let from = SHORT_LINES * window;
                    let lines =
                        &windows[from + usize::from(edges[0])..from + usize::from(edges[1])];
                    out[at..at + lines.len()].copy_from_slice(lines);
                    at += lines.len();
                }
            }
            first += usize::from(count);
        }
    }
}
