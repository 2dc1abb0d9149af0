//! A palette for a picture: at most so many colours, chosen where they are needed most.
//!
//! A picture of few colours keeps them exactly. Of others the colours are counted in a cube of 32
//! bins each way, and the box of bins whose colours differ most is cut in two where that helps
//! most, until there are enough boxes; a box's mean is a colour of the palette.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

type Rgb = [u8; 3];

/// Bins each way.
const SIDE: usize = 32;

fn bin(color: Rgb) -> usize {
    let [r, g, b] = color.map(|value| usize::from(value >> 3));
    (r * SIDE + g) * SIDE + b
}

/// The colours of some pixels, and how many there are of each.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    count: u64,
    sums: [u64; 3],
    /// Of each colour's squares, all together.
    squares: u64,
}

impl Bin {
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

    /// The sum of the squared distances from the mean.
    fn error(&self) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        let squares: f64 = self.sums.iter().map(|sum| (*sum as f64).powi(2)).sum();
        self.squares as f64 - squares / self.count as f64
    }
}

/// A palette, and where in it each colour is.
#[derive(Debug)]
pub(crate) struct Palette {
    pub(crate) colors: Vec<Rgb>,
    exact: Option<HashMap<Rgb, u8>>,
    /// The nearest colour of each bin that was asked for.
    nearest: Vec<Option<u8>>,
}

impl Palette {
    /// A palette of at most `most` colours, 1 to 256, for some pixels.
    pub(crate) fn new(pixels: impl Iterator<Item = Rgb> + Clone, most: usize) -> Self {
        if let Some(exact) = exact(pixels.clone(), most) {
            let mut colors = vec![[0; 3]; exact.len()];
            for (color, index) in &exact {
                colors[usize::from(*index)] = *color;
            }
            return Self { colors, exact: Some(exact), nearest: Vec::new() };
        }
        let mut bins = vec![Bin::default(); SIDE * SIDE * SIDE];
        for color in pixels {
            let bin = &mut bins[bin(color)];
            bin.count += 1;
            for (sum, value) in bin.sums.iter_mut().zip(color) {
                *sum += u64::from(value);
                bin.squares += u64::from(value) * u64::from(value);
            }
        }
        let colors = boxes(&bins, most).iter().map(Bin::mean).collect();
        Self { colors, exact: None, nearest: vec![None; SIDE * SIDE * SIDE] }
    }

    /// Whether every pixel's own colour is in it.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact.is_some()
    }

    /// Where the colour nearest to this one is.
    pub(crate) fn index(&mut self, color: Rgb) -> u8 {
        if let Some(exact) = &self.exact {
            return exact.get(&color).copied().unwrap_or_default();
        }
        let bin = bin(color);
        if let Some(index) = self.nearest[bin] {
            return index;
        }
        // That of the middle of the bin.
        let middle = color.map(|value| value & !7 | 4);
        let distance = |other: &Rgb| -> u32 {
            let difference = |c: usize| u32::from(other[c].abs_diff(middle[c]));
            // Green counts most to the eye, and blue least.
            2 * difference(0).pow(2) + 4 * difference(1).pow(2) + difference(2).pow(2)
        };
        let nearest = self.colors.iter().enumerate().min_by_key(|(_, other)| distance(other));
        let index = nearest.map_or(0, |(index, _)| index as u8);
        self.nearest[bin] = Some(index);
        index
    }
}

/// The colours themselves, if there are at most `most`.
fn exact(pixels: impl Iterator<Item = Rgb>, most: usize) -> Option<HashMap<Rgb, u8>> {
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
            place.insert(next as u8);
        }
    }
    Some(found)
}

/// One box: its bins, by coordinates.
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

    /// The axis and the first coordinate behind the cut that leaves the least error.
    fn best_cut(&self) -> Option<(usize, u8)> {
        let mut best: Option<(f64, usize, u8)> = None;
        for axis in 0..3 {
            let mut slices = [Bin::default(); SIDE];
            for (at, bin) in &self.bins {
                slices[usize::from(at[axis])].add(bin);
            }
            let mut after = [Bin::default(); SIDE + 1];
            for index in (0..SIDE).rev() {
                after[index] = after[index + 1];
                after[index].add(&slices[index]);
            }
            let mut before = Bin::default();
            for index in 1..SIDE {
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

fn boxes(bins: &[Bin], most: usize) -> Vec<Bin> {
    let coordinates = |index: usize| {
        [index / SIDE / SIDE, index / SIDE % SIDE, index % SIDE].map(|value| value as u8)
    };
    let filled = bins.iter().enumerate().filter(|(_, bin)| bin.count > 0);
    let mut blocks = vec![Block::new(filled.map(|(i, bin)| (coordinates(i), *bin)).collect())];
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
    fn few_colours_are_kept() {
        let pixels: Vec<Rgb> =
            (0..1000u32).map(|i| [(i % 16 * 17) as u8, 0, (i % 3) as u8]).collect();
        let mut palette = Palette::new(pixels.iter().copied(), 255);
        assert!(palette.is_exact() && palette.colors.len() == 48);
        for pixel in pixels {
            let index = palette.index(pixel);
            assert_eq!(palette.colors[usize::from(index)], pixel);
        }
    }

    #[test]
    fn many_colours_find_one_that_is_near() {
        let pixels: Vec<Rgb> = (0..65_536u32)
            .map(|i| [(i >> 8) as u8, i as u8, ((i >> 8) as u8).wrapping_add(i as u8) / 2])
            .collect();
        let mut palette = Palette::new(pixels.iter().copied(), 256);
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
