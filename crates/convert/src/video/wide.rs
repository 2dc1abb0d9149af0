//! Conversion of more than 8 bits, of alpha, and to formats that the 8-bit path does not support.
//!
//! Components are scaled and converted as `f32`: luma, red, green, blue and alpha from 0 to 1,
//! chroma from -0.5 to 0.5. Sums and products have a fixed order, so the results are the same on
//! every machine. They are within 1 of the exact value at 16 bits.

use std::ops::Range;

use reelwright_core::{
    ColorModel, ColorRange, DataType, PixelFormat, PlaneElement, Result, VideoFormat, VideoFrame,
};

use super::component::{Component, Source};
use super::matrix::{BT601, has_same_matrix, weights};
use super::scale_filter::ScaleFilter;
use super::taps::{COEF_BITS, Grid, Taps};
use super::wide_kernels as kernels;
use crate::level::Level;

/// Converter of frames by components.
#[derive(Debug)]
pub(super) struct Wide {
    level: Level,
    output: PixelFormat,
    out_size: (usize, usize),
    /// Components to read, each with its part of the [`Source`].
    inputs: Vec<Input>,
    mix: Mix,
    /// Rows of luma, or of red, green and blue, and of alpha at the size of the output: two for
    /// each.
    rows: [Vec<f32>; 4],
    /// Chroma rows of the output.
    chroma: [Vec<f32>; 2],
    outputs: Vec<Output>,
    /// True if chroma is averaged from rows of the full size.
    shares_chroma: bool,
    /// True if the input has more than gray.
    has_color: bool,
    /// True if a chroma sample is centered between the pixels that share it.
    is_centered: bool,
    /// Background color for alpha, as components of the output's model.
    background: Option<[f32; 3]>,
}

/// Conversion of the color model per pixel.
#[derive(Debug, Clone, Copy)]
enum Mix {
    /// Components are unchanged.
    None,
    /// Gray to red, green and blue.
    Spread,
    /// 3x3 matrix, row by row.
    Matrix([[f32; 3]; 3]),
    /// Luma from red, green and blue.
    Luma([f32; 3]),
}

/// Scale of a component's values to 0 to 1, or around 0.
#[derive(Debug, Clone, Copy)]
struct Scale {
    zero: f64,
    steps: f64,
}

impl Scale {
    /// Returns the scale of component `index` of a format: H.273 §8.3.
    fn of(format: PixelFormat, range: ColorRange, index: usize) -> Self {
        let depth = format.depth();
        let most = f64::from((1u32 << depth) - 1);
        let unit = f64::from(1u32 << (depth - 8));
        let is_limited = format.model() == ColorModel::Yuv && range != ColorRange::Full;
        match (format.model(), index) {
            (ColorModel::Yuv, 1 | 2) => {
                Self { zero: 128.0 * unit, steps: if is_limited { 224.0 * unit } else { most } }
            }
            (ColorModel::Yuv, 0) if is_limited => Self { zero: 16.0 * unit, steps: 219.0 * unit },
            _ => Self { zero: 0.0, steps: most },
        }
    }
}

/// Component that is read and scaled.
#[derive(Debug)]
struct Input {
    /// Part of the source.
    part: usize,
    /// Row of the work area to fill: 0 to 3.
    to: usize,
    width: usize,
    shift: u32,
    gain: f32,
    bias: f32,
    down: Option<Taps>,
    across: Option<Taps>,
    /// The last rows, as many as a new row depends on.
    ring: Vec<f32>,
    capacity: usize,
    /// Index of the next row.
    next: usize,
    /// A vertically filtered row.
    column: Vec<f32>,
}

/// Component that is written.
#[derive(Debug, Clone, Copy)]
struct Output {
    plane: usize,
    step: usize,
    offset: usize,
    shift: u32,
    gain: f32,
    bias: f32,
    most: f32,
    /// Row of the work area, or a chroma row.
    from: usize,
    is_chroma: bool,
}

impl Wide {
    pub(super) fn new(
        level: Level,
        input: &VideoFormat,
        output: &VideoFormat,
        filter: ScaleFilter,
        background: Option<[u8; 3]>,
    ) -> Result<Self> {
        use ColorModel::{Gray, Rgb, Yuv};
        let (from, to) = (input.pixel_format, output.pixel_format);
        let size = (input.width as usize, input.height as usize);
        let out_size = (output.width as usize, output.height as usize);
        let background = background.filter(|_| from.has_alpha());
        let matrices = (weights(&input.color), weights(&output.color));
        let mix = match (from.model(), to.model()) {
            (Gray, Rgb) => Mix::Spread,
            (Rgb, Gray) => {
                // Gray needs no matrix.
                let weights = matrices.1.ok().flatten().unwrap_or(BT601);
                Mix::Luma(to_yuv(weights)[0])
            }
            (Rgb, Yuv) => Mix::Matrix(to_yuv(matrices.1?.unwrap_or(BT601))),
            (Yuv, Rgb) => Mix::Matrix(from_yuv(matrices.0?.unwrap_or(BT601))),
            (Yuv, Yuv) if !has_same_matrix(&input.color, &output.color) => {
                match matrices.0?.zip(matrices.1?) {
                    Some((from, to)) => Mix::Matrix(product(to_yuv(to), from_yuv(from))),
                    None => Mix::None,
                }
            }
            _ => Mix::None,
        };
        let background = background.map(|rgb| {
            let rgb = rgb.map(|value| f64::from(value) / 255.0);
            let dot = |row: [f64; 3]| (0..3).map(|index| row[index] * rgb[index]).sum::<f64>();
            let color = match to.model() {
                Rgb => rgb,
                Gray | Yuv => {
                    let weights = weights(&output.color).ok().flatten().unwrap_or(BT601);
                    to_yuv_exact(weights).map(dot)
                }
            };
            color.map(|value| value as f32)
        });
        let is_centered = super::interpretation::is_centered(&output.color);
        let out_shift = to.chroma_shift();
        let has_color = from.model() != Gray;
        let makes_chroma = to.model() == Yuv && (has_color || background.is_some());
        let is_mixed = matches!(mix, Mix::Matrix(_) | Mix::Luma(_)) || background.is_some();
        let shares_chroma = makes_chroma && is_mixed && out_shift != (0, 0);
        let mut inputs = Vec::new();
        let colors = from.components().len() - usize::from(from.has_alpha());
        for part in 0..4 {
            let is_alpha = part == 3;
            let is_needed = match part {
                0 => true,
                1 | 2 => part < colors && (to.model() != Gray || from.model() == Rgb),
                _ => from.has_alpha() && (to.has_alpha() || background.is_some()),
            };
            if !is_needed {
                continue;
            }
            let is_chroma = from.model() == Yuv && (part == 1 || part == 2);
            let centered = super::interpretation::is_centered(&input.color);
            let from_shift = if is_chroma { from.chroma_shift() } else { (0, 0) };
            let to_shift =
                if is_chroma && !is_mixed && to.model() == Yuv { out_shift } else { (0, 0) };
            let from_grids = grids(size, from_shift, centered);
            let to_grids = grids(out_size, to_shift, is_centered);
            let component =
                from.components()[if is_alpha { from.components().len() - 1 } else { part }];
            let scale = Scale::of(from, input.color.range, if is_alpha { 3 } else { part });
            inputs.push(Input::new(part, component.shift, scale, from_grids, to_grids, filter));
        }
        let mut outputs = Vec::new();
        for (index, component) in to.components().iter().enumerate() {
            let is_alpha = to.has_alpha() && index + 1 == to.components().len();
            let scale = Scale::of(to, output.color.range, if is_alpha { 3 } else { index });
            outputs.push(Output {
                plane: component.plane,
                step: component.step,
                offset: component.offset,
                shift: component.shift,
                gain: scale.steps as f32,
                bias: scale.zero as f32,
                most: ((1u32 << component.depth) - 1) as f32,
                from: if is_alpha { 3 } else { index },
                is_chroma: to.model() == Yuv && (index == 1 || index == 2),
            });
        }
        let (chroma_width, width) = (out_size.0.div_ceil(1 << out_shift.0), out_size.0);
        let mut wide = Self {
            level,
            output: to,
            out_size,
            inputs,
            mix,
            rows: [(); 4].map(|()| vec![0.0; 2 * width]),
            chroma: [(); 2].map(|()| vec![0.0; chroma_width]),
            outputs,
            shares_chroma,
            has_color,
            is_centered,
            background,
        };
        // Opaque, unless alpha is read.
        wide.rows[3].fill(1.0);
        Ok(wide)
    }

    /// Converts a frame.
    pub(super) fn run<S: PlaneElement + Into<u32>>(
        &mut self,
        source: &Source<'_, S>,
        to: &mut VideoFrame,
    ) {
        self.inputs.iter_mut().for_each(|input| input.next = 0);
        if to.format.pixel_format.data_type() == DataType::U8 {
            let Ok(mut planes) = to.planes_mut::<u8>() else { return };
            self.write(source, &mut planes);
        } else if let Ok(mut planes) = to.planes_mut::<u16>() {
            self.write(source, &mut planes);
        }
    }

    fn write<S: PlaneElement + Into<u32>, D: Store>(
        &mut self,
        source: &Source<'_, S>,
        planes: &mut [(&mut [D], usize); 4],
    ) {
        let (width, height) = self.out_size;
        let (_, down) = self.output.chroma_shift();
        let unused = self.output.channels() > self.output.components().len();
        for start in (0..height).step_by(1 << down) {
            let band = start..height.min(start + (1 << down));
            for (place, y) in band.clone().enumerate() {
                self.make_row(source, y, place);
                let at = place * width..(place + 1) * width;
                if unused {
                    let (plane, stride) = &mut planes[0];
                    plane[y * *stride..][..4 * width].fill(D::UNUSED);
                }
                for output in self.outputs.iter().filter(|output| !output.is_chroma) {
                    let (plane, stride) = &mut planes[output.plane];
                    output.write(
                        self.level,
                        &self.rows[output.from][at.clone()],
                        &mut plane[y * *stride..],
                    );
                }
            }
            if self.outputs.iter().any(|output| output.is_chroma) {
                self.make_chroma(source, band.clone());
                for output in self.outputs.iter().filter(|output| output.is_chroma) {
                    let (plane, stride) = &mut planes[output.plane];
                    let row = &mut plane[(start >> down) * *stride..];
                    output.write(self.level, &self.chroma[output.from - 1], row);
                }
            }
        }
    }

    /// Computes row `y` of everything with the size of the output, in rows `place` of the work
    /// area.
    fn make_row<S: PlaneElement + Into<u32>>(
        &mut self,
        source: &Source<'_, S>,
        y: usize,
        place: usize,
    ) {
        let width = self.out_size.0;
        let at = place * width..(place + 1) * width;
        let is_direct = matches!(self.mix, Mix::None) && self.background.is_none();
        for input in &mut self.inputs {
            let is_chroma =
                self.output.model() == ColorModel::Yuv && (input.to == 1 || input.to == 2);
            if is_direct && is_chroma {
                continue;
            }
            let part = &source.parts[input.part];
            input.row(self.level, part, y, &mut self.rows[input.to][at.clone()]);
        }
        let [a, b, c, alpha] = &mut self.rows;
        let [a, b, c, alpha] = [a, b, c, alpha].map(|row| &mut row[at.clone()]);
        match self.mix {
            Mix::None => {}
            Mix::Spread => {
                b.copy_from_slice(a);
                c.copy_from_slice(a);
            }
            Mix::Luma(weights) => kernels::weigh(self.level, weights, a, b, c),
            Mix::Matrix(matrix) => kernels::multiply(self.level, &matrix, a, b, c),
        }
        if let Some(background) = self.background {
            if !self.has_color && self.output.model() == ColorModel::Yuv {
                b.fill(0.0);
                c.fill(0.0);
            }
            for (row, color) in [a, b, c].into_iter().zip(background) {
                kernels::blend(self.level, row, alpha, color);
            }
            alpha.fill(1.0);
        }
    }

    /// Computes the chroma rows of luma rows `band`.
    fn make_chroma<S: PlaneElement + Into<u32>>(
        &mut self,
        source: &Source<'_, S>,
        band: Range<usize>,
    ) {
        let (across, down) = self.output.chroma_shift();
        let width = self.out_size.0;
        let is_direct = matches!(self.mix, Mix::None) && self.background.is_none();
        if is_direct {
            for input in &mut self.inputs {
                if let 1 | 2 = input.to {
                    let part = &source.parts[input.part];
                    input.row(self.level, part, band.start >> down, &mut self.chroma[input.to - 1]);
                }
            }
            return;
        }
        for (to, from) in self.chroma.iter_mut().zip(&self.rows[1..3]) {
            // A single row at the end is paired with itself.
            let last = band.len() - 1;
            let (first, second) = (&from[..width], &from[last * width..][..width]);
            if self.shares_chroma {
                kernels::chroma_subsample(self.level, across, self.is_centered, first, second, to);
            } else {
                to.copy_from_slice(first);
            }
        }
    }
}

impl Input {
    fn new(
        part: usize,
        shift: u32,
        scale: Scale,
        from: (Grid, Grid),
        to: (Grid, Grid),
        filter: ScaleFilter,
    ) -> Self {
        let across = Taps::new(from.0, to.0, filter);
        let down = Taps::new(from.1, to.1, filter);
        let width = from.0.samples();
        let capacity = down.as_ref().map_or(0, |taps| taps.count);
        Self {
            part,
            to: part,
            width,
            shift,
            gain: (1.0 / scale.steps) as f32,
            bias: (-scale.zero / scale.steps) as f32,
            ring: vec![0.0; capacity * width],
            capacity,
            next: 0,
            column: vec![0.0; if across.is_some() { width } else { 0 }],
            down,
            across,
        }
    }

    /// Computes row `y` of the new plane. Rows must be read in ascending order.
    fn row<S: PlaneElement + Into<u32>>(
        &mut self,
        level: Level,
        from: &Component<'_, S>,
        y: usize,
        to: &mut [f32],
    ) {
        let Self { width, shift, gain, bias, .. } = *self;
        let filtered = if self.across.is_some() { &mut self.column[..] } else { &mut to[..width] };
        match &self.down {
            None => read(level, from, y, (shift, gain, bias), filtered),
            Some(taps) => {
                let (start, coefs) = taps.of(y);
                for y in self.next.max(start)..start + coefs.len() {
                    let row = &mut self.ring[y % self.capacity * width..][..width];
                    read(level, from, y, (shift, gain, bias), row);
                }
                self.next = self.next.max(start + coefs.len());
                filtered.fill(0.0);
                for (y, coef) in (start..).zip(coefs) {
                    let row = &self.ring[y % self.capacity * width..][..width];
                    kernels::add(level, weight(*coef), row, filtered);
                }
            }
        }
        if let Some(taps) = &self.across {
            for (index, to) in to.iter_mut().enumerate() {
                let (start, coefs) = taps.of(index);
                let row = &self.column[start..];
                *to = coefs
                    .iter()
                    .zip(row)
                    .fold(0.0, |sum, (coef, value)| sum + weight(*coef) * value);
            }
        }
    }
}

impl Output {
    fn write<D: Store>(&self, level: Level, from: &[f32], to: &mut [D]) {
        let Self { gain, bias, most, .. } = *self;
        if self.step == 1 && self.shift == 0 {
            D::store(level, [gain, bias, most], from, to);
            return;
        }
        for (to, from) in to[self.offset..].iter_mut().step_by(self.step).zip(from) {
            *to = D::from_word(kernels::quantize(*from, [gain, bias, most]) << self.shift);
        }
    }
}

/// Element type of outputs.
trait Store: PlaneElement {
    /// Value of unused elements, as in swscale.
    const UNUSED: Self;

    fn from_word(value: u16) -> Self;

    /// Writes `value * gain + bias`, clamped to 0 to `most`.
    fn store(level: Level, scale: [f32; 3], from: &[f32], to: &mut [Self]);
}

impl Store for u8 {
    const UNUSED: Self = u8::MAX;

    fn from_word(value: u16) -> Self {
        value as u8
    }

    fn store(level: Level, scale: [f32; 3], from: &[f32], to: &mut [Self]) {
        kernels::store_u8(level, scale, from, to);
    }
}

impl Store for u16 {
    const UNUSED: Self = u16::MAX;

    fn from_word(value: u16) -> Self {
        value
    }

    fn store(level: Level, scale: [f32; 3], from: &[f32], to: &mut [Self]) {
        kernels::store_u16(level, scale, from, to);
    }
}

/// Reads row `y` of a component.
fn read<S: PlaneElement + Into<u32>>(
    level: Level,
    from: &Component<'_, S>,
    y: usize,
    (shift, gain, bias): (u32, f32, f32),
    to: &mut [f32],
) {
    let scale = [gain, bias];
    match from.stepped_row(y, to.len()) {
        Some((row, 1)) => kernels::load(level, shift, scale, row, to),
        Some((row, 2)) => kernels::load_step::<S, 2>(level, shift, scale, row, to),
        Some((row, 3)) => kernels::load_step::<S, 3>(level, shift, scale, row, to),
        Some((row, 4)) => kernels::load_step::<S, 4>(level, shift, scale, row, to),
        _ => from.map_row(y, to, |value| {
            let value: u32 = value.into();
            (value >> shift) as i32 as f32 * gain + bias
        }),
    }
}

fn weight(coef: i16) -> f32 {
    f32::from(coef) * (1.0 / (1 << COEF_BITS) as f32)
}

fn grids((width, height): (usize, usize), shift: (u32, u32), is_centered: bool) -> (Grid, Grid) {
    let across = Grid { pixels: width, shift: shift.0, is_centered };
    (across, Grid { pixels: height, shift: shift.1, is_centered: true })
}

/// Returns the RGB to YUV matrix for `K_R` and `K_B`: H.273 §8.3.
fn to_yuv_exact((kr, kb): (f64, f64)) -> [[f64; 3]; 3] {
    let kg = 1.0 - kr - kb;
    let (u, v) = (2.0 * (1.0 - kb), 2.0 * (1.0 - kr));
    [[kr, kg, kb], [-kr / u, -kg / u, (1.0 - kb) / u], [(1.0 - kr) / v, -kg / v, -kb / v]]
}

fn to_yuv(weights: (f64, f64)) -> [[f32; 3]; 3] {
    to_yuv_exact(weights).map(|row| row.map(|value| value as f32))
}

fn from_yuv((kr, kb): (f64, f64)) -> [[f32; 3]; 3] {
    let kg = 1.0 - kr - kb;
    let (u, v) = (2.0 * (1.0 - kb), 2.0 * (1.0 - kr));
    [[1.0, 0.0, v], [1.0, -u * kb / kg, -v * kr / kg], [1.0, u, 0.0]]
        .map(|row| row.map(|value| value as f32))
}

fn product(a: [[f32; 3]; 3], b: [[f32; 3]; 3]) -> [[f32; 3]; 3] {
    a.map(|row| {
        [0, 1, 2]
            .map(|column| row[0] * b[0][column] + row[1] * b[1][column] + row[2] * b[2][column])
    })
}
