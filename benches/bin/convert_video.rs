//! Converts raw video, for speed comparisons with other programs:
//!
//!     convert_video IN INFORMAT WIDTHxHEIGHT OUT OUTFORMAT WIDTHxHEIGHT [FILTER [REPEATS [LAYOUT]]]
//!
//! `-` for OUT drops the result. The input is read as frames or, if LAYOUT is `planes` or `packed`,
//! as chunks of one frame with planar or packed channels. Prints the speed.

use std::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::time::Instant;

use reelwright_convert::{ScaleFilter, VideoConverter};
use reelwright_core::{
    ByteOrder, ColorInfo, PixelFormat, Plane, Planes, TensorView, VideoFormat, VideoFrame,
    VideoView,
};

fn size(text: &str) -> Result<(usize, usize), Box<dyn Error>> {
    let (width, height) = text.split_once('x').ok_or("a size must be WIDTHxHEIGHT")?;
    Ok((width.parse()?, height.parse()?))
}

fn frame(data: &[u8], format: PixelFormat, (width, height): (usize, usize)) -> VideoView<'_> {
    let mut planes = [Plane::default(); 4];
    let mut rest = data;
    for (index, plane) in planes.iter_mut().enumerate().take(format.planes()) {
        let (stride, rows) = format.plane_size(index, width, height);
        let (data, after) = rest.split_at(stride * rows);
        (*plane, rest) = (Plane::new(data, stride), after);
    }
    let format = VideoFormat::new(format, width as u32, height as u32, ColorInfo::BT601);
    VideoView::new(&format, Planes::U8(planes))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, format, from, output, out_format, to, rest @ ..] = &arguments[..] else {
        return Err(
            "usage: convert_video IN INFORMAT WxH OUT OUTFORMAT WxH [FILTER [REPEATS [LAYOUT]]]"
                .into(),
        );
    };
    let (format, from): (PixelFormat, _) = (format.parse()?, size(from)?);
    let (out_format, to): (PixelFormat, _) = (out_format.parse()?, size(to)?);
    let filter: ScaleFilter = rest.first().map_or(Ok(ScaleFilter::default()), |f| f.parse())?;
    let repeats: usize = rest.get(1).map_or(Ok(1), |text| text.parse())?;
    let layout = rest.get(2).map_or("frames", |text| text);
    let color = ColorInfo::BT601;
    let mut converter = VideoConverter::new(
        &VideoFormat::new(format, from.0 as u32, from.1 as u32, color),
        &VideoFormat::new(out_format, to.0 as u32, to.1 as u32, color),
        filter,
    )?;
    let mut out = VideoFrame::new(&VideoFormat::new(out_format, to.0 as u32, to.1 as u32, color))?;
    let data = std::fs::read(input)?;
    let mut output: Box<dyn Write> = match output.as_str() {
        "-" => Box::new(io::sink()),
        path => Box::new(File::create(path)?),
    };
    let (width, height) = from;
    let channels = format.channels();
    let shape = [1, channels, height, width];
    let (w, h, c) = (width as isize, height as isize, channels as isize);
    let (mut frames, mut time, mut bytes) = (0, 0.0, Vec::new());
    for _ in 0..repeats {
        for image in
            data.chunks_exact(format.frame_bytes(width, height).expect("the frame size is valid"))
        {
            let start = Instant::now();
            match layout {
                "frames" => converter.convert_frame(&frame(image, format, from), &mut out),
                "planes" => {
                    converter.convert(&TensorView::contiguous(image, &shape)?, 0, &mut out);
                }
                _ => {
                    let strides = [w * h * c, 1, w * c, c];
                    converter.convert(&TensorView::new(image, 0, &shape, &strides)?, 0, &mut out);
                }
            }
            time += start.elapsed().as_secs_f64();
            frames += 1;
            let view = out.view()?;
            bytes.clear();
            for plane in 0..out_format.planes() {
                view.append_plane(plane, ByteOrder::Little, &mut bytes);
            }
            output.write_all(&bytes)?;
        }
    }
    eprintln!("{frames} frames, {:.0} per second", f64::from(frames) / time);
    Ok(())
}
