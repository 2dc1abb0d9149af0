//! stub
#![allow(missing_docs)]
use reelwright_core::*;
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScaleFilter {
    Nearest,
    Bilinear,
    #[default]
    Bicubic,
    Lanczos,
    Area,
}
impl ScaleFilter {
    pub const ALL: &'static [Self] =
        &[Self::Nearest, Self::Bilinear, Self::Bicubic, Self::Lanczos, Self::Area];
}
impl std::fmt::Display for ScaleFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nearest => "neighbor",
            Self::Bilinear => "bilinear",
            Self::Bicubic => "bicubic",
            Self::Lanczos => "lanczos",
            Self::Area => "area",
        })
    }
}
impl std::str::FromStr for ScaleFilter {
    type Err = Error;
    fn from_str(s: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|f| f.to_string() == s).ok_or_else(|| Error::unknown_name(s))
    }
}
#[derive(Debug)]
pub struct VideoConverter {
    input: PixelFormat,
    output: PixelFormat,
    size: (usize, usize),
    out: (usize, usize),
    color: ColorInfo,
}
impl VideoConverter {
    pub fn new(
        input: PixelFormat,
        _c: ColorInfo,
        size: (usize, usize),
        output: PixelFormat,
        color: ColorInfo,
        out: (usize, usize),
        _f: ScaleFilter,
    ) -> Result<Self> {
        Ok(Self { input, output, size, out, color })
    }
    pub fn convert(&mut self, chunk: &TensorView<'_>, index: usize, to: &mut VideoBuffer) {
        let data = u8::of(chunk.data()).unwrap();
        let s = chunk.strides();
        let at = |c: usize, y: usize, x: usize| {
            data[(chunk.offset() as isize
                + index as isize * s[0]
                + c as isize * s[1]
                + y as isize * s[2]
                + x as isize * s[3]) as usize]
        };
        let input = self.input;
        let rgb = move |y: usize, x: usize| match input {
            PixelFormat::Gray8 => [at(0, y, x); 3],
            PixelFormat::Bgr24 | PixelFormat::Bgr0 => [at(2, y, x), at(1, y, x), at(0, y, x)],
            _ => [at(0, y, x), at(1, y, x), at(2, y, x)],
        };
        self.run(rgb, to);
    }
    pub fn convert_frame(&mut self, f: &VideoFrame<'_>, to: &mut VideoBuffer) {
        if f.format == self.output && self.size == self.out {
            for (i, (p, stride)) in to.planes_mut().into_iter().enumerate().take(f.format.planes())
            {
                let (b, r) = f.format.plane_size(i, f.width, f.height);
                for (row, d) in f.planes[i].rows(b, r).zip(p.chunks_mut(stride)) {
                    d[..b].copy_from_slice(row);
                }
            }
            return;
        }
        let f = *f;
        self.run(
            move |y, x| {
                if f.format == PixelFormat::Rgb24 {
                    let p = &f.planes[0];
                    let i = y * p.stride + 3 * x;
                    [p.data[i], p.data[i + 1], p.data[i + 2]]
                } else {
                    [f.planes[0].data[y * f.planes[0].stride + x]; 3]
                }
            },
            to,
        );
    }
    fn run(&self, rgb: impl Fn(usize, usize) -> [u8; 3], to: &mut VideoBuffer) {
        let (w, h) = self.out;
        let src = |y: usize, x: usize| rgb(y * self.size.1 / h, x * self.size.0 / w);
        let (kr, kb) = if self.color.matrix == MatrixCoefficients::Bt709 {
            (0.2126, 0.0722)
        } else {
            (0.299, 0.114)
        };
        let full = self.color.range == ColorRange::Full;
        let format = self.output;
        let (sx, sy) = format.chroma_shift();
        for (i, (p, stride)) in to.planes_mut().into_iter().enumerate().take(format.planes()) {
            let (_, rows) = format.plane_size(i, w, h);
            let pw = if i == 0 || format.is_rgb() { w } else { w.div_ceil(1 << sx) };
            for y in 0..rows {
                for x in 0..pw {
                    let (yy, xx) = if i == 0 { (y, x) } else { (y << sy, x << sx) };
                    let c = src(yy.min(h - 1), xx.min(w - 1));
                    if format.is_rgb() {
                        p[y * stride + 3 * x..][..3].copy_from_slice(&c);
                        continue;
                    }
                    let [r, g, b] = c.map(f64::from);
                    let l = kr * r + (1.0 - kr - kb) * g + kb * b;
                    let v = match i {
                        0 => l,
                        1 => (b - l) / (2.0 * (1.0 - kb)),
                        _ => (r - l) / (2.0 * (1.0 - kr)),
                    };
                    p[y * stride + x] = match (i, full) {
                        (0, true) => v,
                        (0, false) => 16.0 + v * 219.0 / 255.0,
                        (_, true) => 128.0 + v,
                        (_, false) => 128.0 + v * 224.0 / 255.0,
                    }
                    .round() as u8;
                }
            }
        }
    }
}
