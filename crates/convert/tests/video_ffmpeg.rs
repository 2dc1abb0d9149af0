//! Video conversion compared with FFmpeg's swscale. Skipped without `ffmpeg`.

use std::fs;
use std::path::Path;
use std::process::Command;

use reelwright_convert::{ScaleFilter, VideoConverter};
use reelwright_core::{
    ChromaLocation, ColorInfo, PixelFormat, TensorView, VideoFormat, VideoFrame,
};

const SIZE: (usize, usize) = (320, 176);

/// Returns a frame with smooth areas, edges and detail, channel by channel.
fn frame() -> Vec<u8> {
    let (width, height) = SIZE;
    let mut data = Vec::with_capacity(3 * width * height);
    for channel in 0..3 {
        let c = channel as f64;
        for y in 0..height {
            for x in 0..width {
                let (x, y) = (x as f64, y as f64);
                let waves = 50.0 * (x * 0.11 + c).sin() * (y * 0.07 - c).cos()
                    + 20.0 * ((x - y) * (0.3 + 0.1 * c)).sin();
                let disc = if (x - 200.0).hypot(y - 80.0 - 9.0 * c) < 50.0 { 40.0 } else { 0.0 };
                data.push((110.0 + waves + disc + c * 7.0).clamp(0.0, 255.0) as u8);
            }
        }
    }
    data
}

/// Converts packed RGB with FFmpeg.
fn swscale(
    directory: &Path,
    packed: &[u8],
    format: PixelFormat,
    size: (usize, usize),
    filter: ScaleFilter,
) -> Option<Vec<u8>> {
    let (from, to) = (directory.join("in.rgb"), directory.join("out.raw"));
    fs::write(&from, packed).unwrap();
    let scale = format!(
        "scale={}:{}:flags={filter}+accurate_rnd+full_chroma_int+full_chroma_inp",
        size.0, size.1
    );
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s"]);
    command.arg(format!("{}x{}", SIZE.0, SIZE.1)).arg("-i").arg(&from);
    command.args(["-vf", &scale, "-pix_fmt", format.name(), "-f", "rawvideo"]).arg(&to);
    let Ok(output) = command.output() else {
        reelwright_testkit::program::missing("ffmpeg");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(fs::read(to).unwrap())
}

#[test]
fn frames_are_close_to_swscale() {
    let directory = tempfile::tempdir().unwrap();
    let data = frame();
    let (width, height) = SIZE;
    let area = width * height;
    let packed: Vec<u8> =
        (0..area).flat_map(|i| [data[i], data[area + i], data[2 * area + i]]).collect();
    let chunk = TensorView::contiguous(&data, &[1, 3, height, width]).unwrap();
    let formats = [
        PixelFormat::Yuv420p,
        PixelFormat::Yuv422p,
        PixelFormat::Yuv444p,
        PixelFormat::Yuva420p,
        PixelFormat::Gbrp,
        PixelFormat::Rgba,
        PixelFormat::Nv12,
        PixelFormat::Gray8,
        PixelFormat::Rgb24,
        PixelFormat::Bgr0,
    ];
    for format in formats {
        let filters = [ScaleFilter::Bilinear, ScaleFilter::Bicubic, ScaleFilter::Lanczos];
        for (filter, size) in filters.into_iter().zip([(160, 88), (400, 220), (250, 100)]) {
            for size in [SIZE, size] {
                // FFmpeg's filter `scale` uses centered chroma.
                let color =
                    ColorInfo { chroma_location: ChromaLocation::Center, ..ColorInfo::BT601 };
                let Some(theirs) = swscale(directory.path(), &packed, format, size, filter) else {
                    return;
                };
                let (width, height) = (SIZE.0 as u32, SIZE.1 as u32);
                let from = VideoFormat::new(PixelFormat::Rgb24, width, height, ColorInfo::SRGB);
                let to = VideoFormat::new(format, size.0 as u32, size.1 as u32, color);
                let mut converter = VideoConverter::new(&from, &to, filter).unwrap();
                let mut ours =
                    VideoFrame::new(&VideoFormat::new(format, size.0 as u32, size.1 as u32, color))
                        .unwrap();
                converter.convert(&chunk, 0, &mut ours);
                let frame = ours.view().unwrap();
                let mut theirs = &theirs[..];
                for index in 0..format.planes() {
                    let (bytes, rows) = format.plane_size(index, size.0, size.1);
                    let mut sum = 0.0;
                    for row in frame.planes_of::<u8>().unwrap()[index].rows(bytes, rows) {
                        let (other, rest) = theirs.split_at(bytes);
                        theirs = rest;
                        let squares = row.iter().zip(other);
                        sum += squares.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum::<f64>();
                    }
                    let psnr = 10.0 * (255.0f64.powi(2) * (bytes * rows) as f64 / sum).log10();
                    assert!(psnr > 46.0, "{format} {filter} {size:?} plane {index}: {psnr:.1} dB");
                }
            }
        }
    }
}
