//! Palettes of a limited number of colors (median cut).
//!
//! A frame of few colors keeps them exactly. Otherwise colors are counted in a cube of 32 bins per
//! axis. The box of bins with the most different colors is split in two where that reduces the
//! error most, until there are enough boxes. The mean of each box is a color of the palette, which
//! then moves to the mean of the colors that are nearest to it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

type Rgb = [u8; 3];

/// Bins per axis.
const SIDE: usize = 32;

fn bin(color: Rgb) -> usize {
    let [r, g, b] = color.map(|value| usize::from(value >> 3));
    (r * SIDE + g) * SIDE + b
}

/// Maximum number of colors with exact counts.
const FEW: usize = 4096;
/// Error from which a palette's colors are far apart.
const COARSE: f64 = 40.0;
/// Values per channel.
const VALUES: usize = 256;
/// Size of the cache of nearest colors.
const KEPT: usize = 1 << 15;
/// Number of refinement passes.
const MOVES: usize = 3;

/// Returns the distance of two colors. Green weighs most for the eye, and blue least.
pub(crate) fn distance(one: Rgb, other: Rgb) -> u32 {
    let square = |c: usize| u32::from(one[c].abs_diff(other[c])).pow(2);
    3 * square(0) + 4 * square(1) + 2 * square(2)
}

/// Counts of a frame's colors: exact if they are few, else in a cube of bins.
pub(crate) struct Histogram {
    /// Bins in the order of their coordinates.
    bins: Vec<(Rgb, Bin)>,
}

impl Histogram {
    pub(crate) fn new(pixels: impl Iterator<Item = Rgb> + Clone) -> Self {
        if let Some(found) = exact(pixels.clone(), FEW) {
            let mut bins: Vec<_> = found.keys().map(|color| (*color, Bin::default())).collect();
            bins.sort_unstable_by_key(|(color, _)| *color);
            let places: HashMap<_, _> =
                bins.iter().enumerate().map(|(place, (color, _))| (*color, place)).collect();
            for color in pixels {
                bins[places[&color]].1.count_in(color);
            }
            return Self { bins };
        }
        let mut bins = vec![Bin::default(); SIDE * SIDE * SIDE];
        for color in pixels {
            bins[bin(color)].count_in(color);
        }
        let coordinates = |index: usize| {
            [index / SIDE / SIDE, index / SIDE % SIDE, index % SIDE].map(|value| value as u8 * 8)
        };
        let filled = bins.into_iter().enumerate().filter(|(_, bin)| bin.count > 0);
        Self { bins: filled.map(|(index, bin)| (coordinates(index), bin)).collect() }
    }
}

/// Sum and count of the colors of some pixels.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    count: u64,
    sums: [u64; 3],
    /// Sum of all squared channel values.
    squares: u64,
}

impl Bin {
    fn count_in(&mut self, color: Rgb) {
        self.count += 1;
        for (sum, value) in self.sums.iter_mut().zip(color) {
            *sum += u64::from(value);
            self.squares += u64::from(value) * u64::from(value);
        }
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        for (sum, other) in self.sums.iter_mut().zip(other.sums) {
            *sum += other;
        }
        self.squares += other.squares;
    }

    fn mean(&self) -> Rgb {
        self.sums.map(|sum| ((sum + self.count / 2) / self.count.max(1)) as u8)
    }

    /// Returns the sum of squared distances from the mean.
    fn error(&self) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        let squares: f64 = self.sums.iter().map(|sum| (*sum as f64).powi(2)).sum();
        self.squares as f64 - squares / self.count as f64
    }
}

/// A palette, with a search for the nearest color.
#[derive(Debug)]
pub(crate) struct Palette {
    pub(crate) colors: Vec<Rgb>,
    /// Error for the frame that the palette was made for.
    pub(crate) made_with: f64,
    exact: Option<HashMap<Rgb, u16>>,
    /// Cache of the nearest color's index, by hash of the color.
    nearest: Vec<Option<(Rgb, u8)>>,
}

impl Palette {
    /// Returns a palette of exactly the given colors if they are at most `most`, 1 to 256.
    pub(crate) fn exact(pixels: impl Iterator<Item = Rgb>, most: usize) -> Option<Self> {
        let exact = exact(pixels, most)?;
        let mut colors = vec![[0; 3]; exact.len()];
        for (color, index) in &exact {
            colors[usize::from(*index)] = *color;
        }
        Some(Self { colors, made_with: 0.0, exact: Some(exact), nearest: Vec::new() })
    }

    /// Returns a palette of at most `most` colors that approximate a histogram.
    pub(crate) fn of_histogram(histogram: &Histogram, most: usize) -> Self {
        let mut colors: Vec<Rgb> = boxes(histogram, most).iter().map(Bin::mean).collect();
        for _ in 0..MOVES {
            let mut moved = vec![Bin::default(); colors.len()];
            for bin in histogram.bins.iter().map(|(_, bin)| bin) {
                moved[nearest(&colors, bin.mean())].add(bin);
            }
            for (color, bin) in colors.iter_mut().zip(&moved).filter(|(_, bin)| bin.count > 0) {
                *color = bin.mean();
            }
        }
        let mut palette = Self { colors, made_with: 0.0, exact: None, nearest: Vec::new() };
        palette.made_with = palette.error(histogram);
        palette
    }

    /// Returns the mean squared distance of a frame's colors from the palette.
    pub(crate) fn error(&mut self, histogram: &Histogram) -> f64 {
        let (mut sum, mut count) = (0.0, 0u64);
        for bin in histogram.bins.iter().map(|(_, bin)| bin) {
            let mean = bin.mean();
            let index = usize::from(self.index(mean));
            let found = self.colors[index];
            sum += bin.count as f64 * f64::from(distance(mean, found));
            count += bin.count;
        }
        sum / count.max(1) as f64
    }

    /// Returns whether the palette contains all colors of a frame.
    pub(crate) fn has_all(&self, mut pixels: impl Iterator<Item = Rgb>) -> bool {
        self.exact.as_ref().is_some_and(|exact| pixels.all(|color| exact.contains_key(&color)))
    }

    /// Returns whether the palette holds the exact color of every pixel.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact.is_some()
    }

    /// Returns whether there is space for the transparent color.
    pub(crate) fn is_usable(&self) -> bool {
        self.colors.len() < 256
    }

    /// Returns the index of the nearest color.
    pub(crate) fn index(&mut self, color: Rgb) -> u8 {
        if let Some(index) = self.exact.as_ref().and_then(|exact| exact.get(&color)) {
            return *index as u8;
        }
        self.nearest.resize(KEPT, None);
        // If colors are far apart, the nearest one of a similar color is good enough.
        let is_coarse = self.made_with > COARSE;
        let color = if is_coarse { color.map(|value| value & !3 | 2) } else { color };
        let [r, g, b] = color.map(u32::from);
        let mixed = (r << 16 | g << 8 | b).wrapping_mul(0x9E37_79B1);
        let place = &mut self.nearest[(mixed >> 17) as usize];
        match place {
            Some((known, index)) if *known == color => *index,
            _ => {
                let index = nearest(&self.colors, color) as u8;
                *place = Some((color, index));
                index
            }
        }
    }
}

/// Returns the index of the nearest of some colors.
fn nearest(colors: &[Rgb], color: Rgb) -> usize {
    let distances = colors.iter().map(|other| distance(*other, color)).enumerate();
    distances.min_by_key(|(_, distance)| *distance).map_or(0, |(index, _)| index)
}

/// Returns the distinct colors, if there are at most `most`.
fn exact(pixels: impl Iterator<Item = Rgb>, most: usize) -> Option<HashMap<Rgb, u16>> {
    let mut found = HashMap::new();
    let mut last = None;
    for color in pixels {
        if last == Some(color) {
            continue;
        }
        last = Some(color);
        let next = found.len();
        if let Entry::Vacant(place) = found.entry(color) {
            if next == most {
                return None;
            }
            place.insert(next as u16);
        }
    }
    Some(found)
}

/// A box of bins, by coordinates.
struct Block {
    bins: Vec<([u8; 3], Bin)>,
    total: Bin,
}

impl Block {
    fn new(bins: Vec<([u8; 3], Bin)>) -> Self {
        let mut total = Bin::default();
        for (_, bin) in &bins {
            total.add(bin);
        }
        Self { bins, total }
    }

    /// Returns the axis and the first coordinate after the cut that leaves the least error.
    fn best_cut(&self) -> Option<(usize, u8)> {
        let mut best: Option<(f64, usize, u8)> = None;
        for axis in 0..3 {
            let mut slices = [Bin::default(); VALUES];
            for (at, bin) in &self.bins {
                slices[usize::from(at[axis])].add(bin);
            }
            let mut after = [Bin::default(); VALUES + 1];
            for index in (0..VALUES).rev() {
                after[index] = after[index + 1];
                after[index].add(&slices[index]);
            }
            let mut before = Bin::default();
            for index in 1..VALUES {
                before.add(&slices[index - 1]);
                if before.count == 0 || after[index].count == 0 {
                    continue;
                }
                let error = before.error() + after[index].error();
                if best.is_none_or(|(least, ..)| error < least) {
                    best = Some((error, axis, index as u8));
                }
            }
        }
        best.map(|(_, axis, cut)| (axis, cut))
    }
}

fn boxes(histogram: &Histogram, most: usize) -> Vec<Bin> {
    let mut blocks = vec![Block::new(histogram.bins.clone())];
    let mut whole = Vec::new();
    while blocks.len() + whole.len() < most {
        let errors = blocks.iter().map(|block| block.total.error()).enumerate();
        let Some((worst, _)) = errors.max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        let block = blocks.swap_remove(worst);
        let Some((axis, cut)) = block.best_cut() else {
            whole.push(block.total);
            continue;
        };
        let (before, after) = block.bins.into_iter().partition(|(at, _)| at[axis] < cut);
        blocks.extend([Block::new(before), Block::new(after)]);
    }
    whole.extend(blocks.iter().map(|block| block.total));
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colors_are_kept() {
        let pixels: Vec<Rgb> =
            (0..1000u32).map(|i| [(i % 16 * 17) as u8, 0, (i % 3) as u8]).collect();
        let mut palette = Palette::exact(pixels.iter().copied(), 255).unwrap();
        assert!(palette.is_exact() && palette.colors.len() == 48);
        for pixel in pixels {
            let index = palette.index(pixel);
            assert_eq!(palette.colors[usize::from(index)], pixel);
        }
    }

    #[test]
    fn many_colors_map_to_near_ones() {
        let pixels: Vec<Rgb> = (0..65_536u32)
            .map(|i| [(i >> 8) as u8, i as u8, ((i >> 8) as u8).wrapping_add(i as u8) / 2])
            .collect();
        let histogram = Histogram::new(pixels.iter().copied());
        let mut palette = Palette::of_histogram(&histogram, 256);
        assert_eq!(palette.colors.len(), 256);
        let error: f64 = pixels
            .iter()
            .map(|pixel| {
                let index = usize::from(palette.index(*pixel));
                let found = palette.colors[index];
                (0..3).map(|c| f64::from(found[c].abs_diff(pixel[c])).powi(2)).sum::<f64>()
            })
            .sum();
        let rms = (error / 3.0 / pixels.len() as f64).sqrt();
        assert!(rms < 8.0, "{rms}");
    }
}
