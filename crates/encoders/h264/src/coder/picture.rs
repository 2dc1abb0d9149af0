//! Planes with a border, and pictures of three planes.

/// Width of the border around a reference picture in luma samples; chroma has half of it.
pub(crate) const BORDER: usize = 32;

/// A plane with a border that repeats its outermost samples.
#[derive(Debug, Clone)]
pub(crate) struct Plane {
    pub(crate) data: Vec<u8>,
    pub(crate) stride: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) border: usize,
}

impl Plane {
    fn new(width: usize, height: usize, border: usize) -> Self {
        // Kernels read whole vectors, a few samples beyond the last row.
        let stride = width + 2 * border;
        let data = vec![128; stride * (height + 2 * border) + 64];
        Self { data, stride, width, height, border }
    }

    /// Returns the index of the sample at a column and row, which may be in the border.
    #[inline(always)]
    pub(crate) fn at(&self, x: i32, y: i32) -> usize {
        let border = self.border as i32;
        ((y + border) as usize).wrapping_mul(self.stride).wrapping_add((x + border) as usize)
    }

    /// Fills the border.
    pub(crate) fn extend(&mut self) {
        let (stride, border, width) = (self.stride, self.border, self.width);
        let rows = self.data[border * stride..].chunks_exact_mut(stride).take(self.height);
        for row in rows {
            let (first, last) = (row[border], row[border + width - 1]);
            row[..border].fill(first);
            row[border + width..].fill(last);
        }
        let last = border + self.height - 1;
        for row in 0..border {
            self.data.copy_within(border * stride..(border + 1) * stride, row * stride);
            self.data.copy_within(last * stride..(last + 1) * stride, (last + 1 + row) * stride);
        }
    }
}

/// A decoded picture of whole macroblocks.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) luma: Plane,
    pub(crate) chroma: [Plane; 2],
}

impl Picture {
    pub(crate) fn new(columns: usize, rows: usize) -> Self {
        let chroma = Plane::new(columns * 8, rows * 8, BORDER / 2);
        Self { luma: Plane::new(columns * 16, rows * 16, BORDER), chroma: [chroma.clone(), chroma] }
    }

    pub(crate) fn extend(&mut self) {
        self.luma.extend();
        for plane in &mut self.chroma {
            plane.extend();
        }
    }
}

/// A source plane that covers whole macroblocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourcePlane<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) stride: usize,
}

/// Copies a plane into one of whole macroblocks. Repeats the last column and row.
pub(crate) fn copy_padded(
    from: &[u8],
    from_stride: usize,
    (width, height): (usize, usize),
    to: &mut [u8],
    to_stride: usize,
) {
    for (y, row) in to.chunks_exact_mut(to_stride).enumerate() {
        let from = &from[y.min(height - 1) * from_stride..][..width];
        row[..width].copy_from_slice(from);
        row[width..].fill(from[width - 1]);
    }
}
