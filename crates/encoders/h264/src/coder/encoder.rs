//! Picture encoder: takes pictures and returns NAL units.

use std::sync::{Mutex, PoisonError};

use fearless_simd::Level;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use fearless_simd::Simd;
use reelwright_core::AvcConfig;

use crate::coder::deblock::Band;
use crate::coder::macroblock::Macroblock;
use crate::coder::parameter_sets::{FRAME_NUM_BITS, SliceHeader, parameter_sets};
use crate::coder::picture::{Picture, Plane, SourcePlane, copy_padded};
use crate::coder::slice::{Job, Quantizers, SliceCoder};
use crate::settings::Settings;

/// A 4:2:0 picture with 8 bits per sample: planes of luma, Cb and Cr.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planes<'a> {
    /// Samples of each plane, from its upper left one on.
    pub(crate) data: [&'a [u8]; 3],
    /// Stride of each plane in bytes.
    pub(crate) strides: [usize; 3],
}

/// Encoder of one stream.
#[derive(Debug)]
pub(crate) struct Encoder {
    settings: Settings,
    simd: Level,
    quantizers: Quantizers,
    columns: usize,
    rows: usize,
    /// The picture under construction, and the previous one.
    pictures: [Picture; 2],
    macroblocks: [Vec<Macroblock>; 2],
    /// Copies of the source planes with whole macroblocks, if the source has partial ones.
    padded: [Vec<u8>; 3],
    coders: Vec<SliceCoder>,
    /// Number of pictures since the last IDR picture; `None` before the first one.
    since_idr: Option<u32>,
    idr_id: u32,
    /// Values of `since_idr` and `idr_id` before the last picture.
    before: (Option<u32>, u32),
}

impl Encoder {
    pub(crate) fn new(settings: Settings) -> Self {
        Self::with_simd(settings, Level::new())
    }

    /// Creates an encoder for an instruction set. The output is the same for all.
    pub(crate) fn with_simd(settings: Settings, simd: Level) -> Self {
        let (columns, rows) = settings.macroblocks();
        let picture = Picture::new(columns, rows);
        let macroblocks = vec![Macroblock::OUTSIDE; columns * rows];
        let aligned = columns * 16 == settings.width && rows * 16 == settings.height;
        let padded = [1, 2, 2].map(|share| {
            if aligned { Vec::new() } else { vec![0; columns * rows * 256 / share / share] }
        });
        Self {
            quantizers: Quantizers::new(0, settings.cabac),
            coders: (0..settings.slices)
                .map(|_| SliceCoder::new(columns, settings.cabac))
                .collect(),
            pictures: [picture.clone(), picture],
            macroblocks: [macroblocks.clone(), macroblocks],
            settings,
            simd,
            columns,
            rows,
            padded,
            since_idr: None,
            idr_id: 0,
            before: (None, 0),
        }
    }

    /// Returns the number of columns and rows of macroblocks.
    pub(crate) fn macroblocks(&self) -> (usize, usize) {
        (self.columns, self.rows)
    }

    /// Returns the parameter sets with a level (`level_idc`).
    pub(crate) fn parameter_sets(&self, level: u8) -> AvcConfig {
        parameter_sets(&self.settings, level)
    }

    /// Encodes a picture of the settings' size with a quantizer of 0 to 51. Replaces the contents
    /// of `packet` with its NAL units, each after its length in four bytes. The first picture is
    /// always an IDR picture.
    pub(crate) fn encode(&mut self, planes: &Planes<'_>, qp: u8, idr: bool, packet: &mut Vec<u8>) {
        if qp != self.quantizers.qp {
            self.quantizers = Quantizers::new(qp, self.settings.cabac);
        }
        self.before = (self.since_idr, self.idr_id);
        let since_idr = match self.since_idr {
            Some(since) if !idr => since + 1,
            None => 0,
            Some(_) => {
                self.idr_id ^= 1;
                0
            }
        };
        self.since_idr = Some(since_idr);
        self.fill_padded(planes);
        // The first slice writes straight into the packet.
        self.coders[0].nal().swap_buffer(packet);
        self.run_slices(planes, since_idr == 0, since_idr & ((1 << FRAME_NUM_BITS) - 1));
        self.coders[0].nal().swap_buffer(packet);
        for coder in &mut self.coders[1..] {
            packet.extend_from_slice(coder.nal().bytes());
        }
        self.pictures[0].extend();
        self.pictures.swap(0, 1);
        self.macroblocks.swap(0, 1);
    }

    /// Reverts the last picture, so that it can be encoded again. Callers may do so once per
    /// picture.
    pub(crate) fn revert(&mut self) {
        self.pictures.swap(0, 1);
        self.macroblocks.swap(0, 1);
        (self.since_idr, self.idr_id) = self.before;
    }

    /// Fraction of intra macroblocks in the last picture, 0 to 1: 1 for an IDR picture, 0 before
    /// the first picture. Values near 1 for other pictures indicate a scene cut.
    pub(crate) fn intra_share(&self) -> f32 {
        let all = &self.macroblocks[1];
        let intra = all.iter().filter(|macroblock| macroblock.is_intra()).count();
        intra as f32 / all.len() as f32
    }

    /// Returns the planes of the last picture as a decoder reconstructs them, cropped to the
    /// settings' size.
    #[cfg(test)]
    pub(crate) fn reconstruction(&self) -> Vec<u8> {
        let (width, height) = (self.settings.width, self.settings.height);
        let picture = &self.pictures[1];
        let mut out = Vec::with_capacity(width * height * 3 / 2);
        let planes = [&picture.luma, &picture.chroma[0], &picture.chroma[1]];
        for (plane, share) in planes.into_iter().zip([1, 2, 2]) {
            for y in 0..height / share {
                let at = plane.at(0, y as i32);
                out.extend_from_slice(&plane.data[at..at + width / share]);
            }
        }
        out
    }

    fn fill_padded(&mut self, planes: &Planes<'_>) {
        for (i, (plane, share)) in self.padded.iter_mut().zip([1, 2, 2]).enumerate() {
            if !plane.is_empty() {
                let size = (self.settings.width / share, self.settings.height / share);
                let stride = self.columns * 16 / share;
                copy_padded(planes.data[i], planes.strides[i], size, plane, stride);
            }
        }
    }

    fn run_slices(&mut self, planes: &Planes<'_>, idr: bool, frame_num: u32) {
        let (columns, rows) = (self.columns, self.rows);
        let source: [SourcePlane<'_>; 3] = std::array::from_fn(|i| {
            if self.padded[i].is_empty() {
                SourcePlane { data: planes.data[i], stride: planes.strides[i] }
            } else {
                SourcePlane { data: &self.padded[i], stride: columns * if i == 0 { 16 } else { 8 } }
            }
        });
        let [current, before] = &mut self.pictures;
        let [macroblocks, macroblocks_before] = &mut self.macroblocks;
        let deblocking = match (self.settings.deblocking, self.settings.slices) {
            (None, _) => 1,
            (Some(_), 1) => 0,
            // Filtering does not cross slices, so that each slice can be finished independently.
            (Some(_), _) => 2,
        };
        let slices = self.coders.len();
        let [cb, cr] = &mut current.chroma;
        let mut bands = [Bands::new(&mut current.luma, 16), Bands::new(cb, 8), Bands::new(cr, 8)];
        let mut macroblocks = macroblocks.as_mut_slice();
        let mut macroblocks_before = macroblocks_before.as_slice();
        let mut first_row = 0;
        let mut next_job = |(slice, coder)| {
            let end = (slice + 1) * rows / slices;
            let rows_here = end - first_row;
            let (own, rest) = std::mem::take(&mut macroblocks).split_at_mut(rows_here * columns);
            macroblocks = rest;
            let (own_before, rest) = macroblocks_before.split_at(rows_here * columns);
            macroblocks_before = rest;
            let [luma, cb, cr] = &mut bands;
            let job = Job {
                header: SliceHeader {
                    first_macroblock: (first_row * columns) as u32,
                    idr,
                    frame_num,
                    idr_id: self.idr_id,
                    qp: self.quantizers.qp,
                    deblocking,
                    deblocking_offset: self.settings.deblocking.unwrap_or(0),
                },
                quantizers: &self.quantizers,
                columns,
                picture_rows: rows,
                first_row,
                rows: rows_here,
                source,
                reference: (!idr).then_some(&*before),
                luma: luma.take(rows_here),
                chroma: [cb.take(rows_here), cr.take(rows_here)],
                macroblocks: own,
                before: own_before,
                coder,
            };
            first_row = end;
            job
        };
        let simd = self.simd;
        let run = |mut job: Job<'_>| run_job(simd, &mut job);
        let threads = self.settings.threads.min(slices);
        if threads <= 1 {
            for numbered in self.coders.iter_mut().enumerate() {
                run(next_job(numbered));
            }
            return;
        }
        let jobs = Mutex::new(self.coders.iter_mut().enumerate().map(next_job));
        let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || {
            while let Some(job) = next() {
                run(job);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                // If the system cannot start another thread, the others do its work.
                if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
    }
}

/// Runs a job with AVX2 if available, otherwise with the baseline of x86-64.
///
/// Each level compiles a copy of the whole encoder, and others are hardly faster. Portable code
/// takes minutes to compile; `cargo xtask hashes` compares it in WebAssembly.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
fn run_job(level: Level, job: &mut Job<'_>) {
    if let Some(avx2) = level.as_avx2() {
        avx2.vectorize(
            #[inline(always)]
            || job.run(avx2),
        );
    } else {
        let sse2 = Level::baseline().as_sse2().expect("the target has SSE2");
        sse2.vectorize(
            #[inline(always)]
            || job.run(sse2),
        );
    }
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
fn run_job(level: Level, job: &mut Job<'_>) {
    fearless_simd::dispatch!(level, simd => job.run(simd));
}

/// A plane that is split into bands.
struct Bands<'a> {
    rest: &'a mut [u8],
    stride: usize,
    border: usize,
    /// Rows of samples in a row of macroblocks.
    height: usize,
}

impl<'a> Bands<'a> {
    fn new(plane: &'a mut Plane, height: usize) -> Self {
        let (stride, border) = (plane.stride, plane.border);
        Self { rest: &mut plane.data[border * stride..], stride, border, height }
    }

    fn take(&mut self, rows: usize) -> Band<'a> {
        let length = rows * self.height * self.stride;
        let (data, rest) = std::mem::take(&mut self.rest).split_at_mut(length);
        self.rest = rest;
        Band { data, stride: self.stride, border: self.border }
    }
}
