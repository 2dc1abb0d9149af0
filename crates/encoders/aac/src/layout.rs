//! Arrangement of the lines of a frame: windows in groups, bands in groups.

use crate::bands::{LINES, MAX_BANDS, Rate, SHORT_LINES, WINDOWS};
use crate::mdct::Sequence;

/// Windows of a frame and their bands (ISO/IEC 14496-3 §4.5.2.3.4). A band of short windows holds
/// the lines of all windows in its group, one window after the other.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) sequence: Sequence,
    /// Number of windows in each group.
    groups: [u8; WINDOWS],
    group_count: usize,
    /// First line of each band in one window, then the end.
    pub(crate) edges: &'static [u16],
    /// First line of each band in bitstream order, then the end.
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

    /// Sets the windows. `groups` holds the number of windows in each group.
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

    /// Returns the number of windows in each group.
    pub(crate) fn groups(&self) -> &[u8] {
        &self.groups[..self.group_count]
    }

    /// Returns the number of bands in one window.
    pub(crate) fn window_bands(&self) -> usize {
        self.edges.len() - 1
    }

    /// Returns the number of bands in all groups.
    pub(crate) fn bands(&self) -> usize {
        self.group_count * self.window_bands()
    }

    /// Returns a band's lines in bitstream order.
    pub(crate) fn range(&self, band: usize) -> std::ops::Range<usize> {
        usize::from(self.starts[band])..usize::from(self.starts[band + 1])
    }

    /// Reorders lines from window order to bitstream order.
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
