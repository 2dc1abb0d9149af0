//! Groups of planes that are processed alike: luma; both chroma planes; red, green and blue.

use std::ops::Range;

use super::component::Source;
use super::scaler::{Rest, Rows, Scaler};
use super::to_yuv::RgbToYuv;
use crate::level::Level;

/// Origin of a group's planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Components of the source from this index on.
    Source(usize),
    /// Computed from red, green and blue.
    Luma,
    Chroma,
}

/// Planes that are processed alike.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) origin: Origin,
    /// First plane of the result, and the number of planes.
    pub(super) first: usize,
    pub(super) count: usize,
    /// Size of a plane of the source.
    width: usize,
    scaler: Option<Scaler>,
    ring: Ring,
    level: Level,
}

impl Group {
    pub(super) fn new(
        level: Level,
        origin: Origin,
        (first, count): (usize, usize),
        width: usize,
        scaler: Option<Scaler>,
    ) -> Self {
        Self { origin, first, count, width, scaler, ring: Ring::default(), level }
    }

    pub(super) fn is_scaled(&self) -> bool {
        self.scaler.is_some()
    }

    /// Resets the state for the next frame.
    pub(super) fn restart(&mut self) {
        self.ring.next = 0;
    }

    /// Returns row `y` of component `part`, if it can be used in place.
    pub(super) fn plain_row<'a>(
        &self,
        source: &Source<'a>,
        part: usize,
        y: usize,
    ) -> Option<&'a [u8]> {
        match (self.origin, &self.scaler) {
            (Origin::Source(first), None) => source.parts[first + part].plain_row(y, self.width),
            _ => None,
        }
    }

    /// Writes rows `rows` of the group's planes.
    pub(super) fn write(
        &mut self,
        source: &Source<'_>,
        to_yuv: Option<&mut RgbToYuv>,
        rows: Range<usize>,
        to: &mut [Option<Rest<'_>>],
    ) {
        let mut maker = Maker {
            origin: self.origin,
            count: self.count,
            width: self.width,
            level: self.level,
            source,
            to_yuv,
        };
        let Some(scaler) = &mut self.scaler else {
            for (place, y) in rows.enumerate() {
                let mut to = to.iter_mut().flatten();
                let mut row = || match to.next() {
                    Some((plane, stride)) => &mut plane[place * *stride..][..maker.width],
                    None => &mut [],
                };
                let to = [row(), row(), row()];
                maker.make(y, to);
            }
            return;
        };
        if maker.is_plain() {
            scaler.scale(&mut Plain(&maker), rows, to);
        } else {
            self.ring.fit(self.count, self.width, scaler.row_count());
            scaler.scale(&mut Made { ring: &mut self.ring, maker }, rows, to);
        }
    }
}

/// Computes rows of the group's planes at the size of the source.
struct Maker<'a, 'b> {
    origin: Origin,
    count: usize,
    width: usize,
    level: Level,
    source: &'a Source<'b>,
    to_yuv: Option<&'a mut RgbToYuv>,
}

impl Maker<'_, '_> {
    /// Returns whether the rows can be used in place.
    fn is_plain(&self) -> bool {
        match self.origin {
            Origin::Source(first) => {
                self.source.parts[first..first + self.count].iter().all(|part| part.is_plain())
            }
            _ => false,
        }
    }

    /// Writes row `y` of each plane.
    fn make(&mut self, y: usize, to: [&mut [u8]; 3]) {
        match (self.origin, &mut self.to_yuv) {
            (Origin::Source(_), _) if self.count == 3 => self.source.read_all(self.level, y, to),
            (Origin::Source(first), _) => {
                let parts = &self.source.parts[first..first + self.count];
                for (part, to) in parts.iter().zip(to) {
                    part.read(self.level, y, to);
                }
            }
            (Origin::Luma, Some(to_yuv)) => {
                let [luma, ..] = to;
                to_yuv.luma(self.source, y, luma);
            }
            (Origin::Chroma, Some(to_yuv)) => {
                let [u, v, _] = to;
                to_yuv.chroma(self.source, y, u, v);
            }
            (Origin::Luma | Origin::Chroma, None) => unreachable!("planned with a matrix"),
        }
    }
}

/// Ring buffer of the last rows of each plane.
#[derive(Debug, Default)]
struct Ring {
    data: Vec<u8>,
    width: usize,
    capacity: usize,
    /// Index of the next row.
    next: usize,
}

impl Ring {
    /// Allocates the rows. Later frames usually have the same size.
    fn fit(&mut self, planes: usize, width: usize, capacity: usize) {
        self.data.resize(planes * width * capacity, 0);
        (self.width, self.capacity) = (width, capacity);
    }

    fn offset(&self, plane: usize, y: usize) -> usize {
        (plane * self.capacity + y % self.capacity) * self.width
    }
}

/// Rows that are computed before scaling.
struct Made<'a, 'b> {
    ring: &'a mut Ring,
    maker: Maker<'a, 'b>,
}

impl Rows for Made<'_, '_> {
    fn prepare(&mut self, rows: Range<usize>) {
        for y in self.ring.next.max(rows.start)..rows.end {
            let Ring { width, capacity, .. } = *self.ring;
            let mut planes = self.ring.data.chunks_mut(width * capacity);
            let mut row = || match planes.next() {
                Some(plane) => &mut plane[y % capacity * width..][..width],
                None => &mut [],
            };
            let to = [row(), row(), row()];
            self.maker.make(y, to);
        }
        self.ring.next = self.ring.next.max(rows.end);
    }

    fn data(&self, _: usize) -> &[u8] {
        &self.ring.data
    }

    fn offset(&self, plane: usize, y: usize) -> usize {
        self.ring.offset(plane, y)
    }
}

/// Rows that are scaled in place.
struct Plain<'a, 'b, 'c>(&'a Maker<'b, 'c>);

impl Plain<'_, '_, '_> {
    fn part(&self, plane: usize) -> usize {
        match self.0.origin {
            Origin::Source(first) => first + plane,
            _ => plane,
        }
    }
}

impl Rows for Plain<'_, '_, '_> {
    fn prepare(&mut self, _: Range<usize>) {}

    fn data(&self, plane: usize) -> &[u8] {
        self.0.source.parts[self.part(plane)].data
    }

    fn offset(&self, plane: usize, y: usize) -> usize {
        self.0.source.parts[self.part(plane)].offset(y)
    }
}
