//! Encodes raw frames; `cargo xtask bench` measures its CPU time next to other programs.
//!
//!     encode_frames IN FORMAT WIDTHxHEIGHT RATE COUNT OUT [OPTION=VALUE...]
//!
//! Reads `yuv420p` as frames, and any other FORMAT as chunks of one frame with planar channels.
//! Reads IN completely before it encodes COUNT frames, and repeats IN if it is shorter. Options are
//! `encoder`, `size`, `bit_rate`, `gop_size`, those of the encoder, and those of the format
//! (`open:…`).

use std::error::Error;

use reelwright::{
    CodecConfig, ColorInfo, Options, PixelFormat, Plane, Planes, StreamingMediaEncoder, TensorView,
    VideoFormat, VideoStream, VideoView,
};

fn size(text: &str) -> Result<(usize, usize), Box<dyn Error>> {
    let (width, height) = text.split_once('x').ok_or("a size must be WIDTHxHEIGHT")?;
    Ok((width.parse()?, height.parse()?))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, format, from, rate, count, output, settings @ ..] = &arguments[..] else {
        return Err("usage: encode_frames IN FORMAT WxH RATE COUNT OUT [OPTION=VALUE...]".into());
    };
    let (format, (width, height)): (PixelFormat, _) = (format.parse()?, size(from)?);
    let mut stream = VideoStream::new(rate.parse()?, width as u32, height as u32);
    let is_frame = format == PixelFormat::Yuv420p;
    stream = if is_frame { stream.frames(format, ColorInfo::BT709) } else { stream.format(format) };
    let (mut config, mut options, mut container) =
        (CodecConfig::default(), Options::new(), None::<String>);
    for setting in settings {
        stream = match setting.split_once('=').ok_or("an option must be OPTION=VALUE")? {
            ("encoder", name) => stream.encoder(name),
            ("format", name) => {
                container = Some(name.into());
                stream
            }
            ("pixel_format", name) => stream.encoder_format(name.parse()?),
            ("size", value) => {
                let (width, height) = size(value)?;
                stream.encoder_width(width as u32).encoder_height(height as u32)
            }
            ("bit_rate", value) => {
                config.bit_rate = Some(value.parse()?);
                stream
            }
            ("gop_size", value) => {
                config.gop_size = Some(value.parse()?);
                stream
            }
            (key, value) => match key.strip_prefix("open:") {
                Some(key) => {
                    options.set(key, value);
                    stream
                }
                None => stream.encoder_option(key, value),
            },
        };
    }
    let data = std::fs::read(input)?;
    let mut encoder = StreamingMediaEncoder::new(output.as_str(), container.as_deref())?;
    encoder.add_video_stream(&stream.codec_config(config))?;
    encoder.open_with(options)?;
    let size = format.frame_bytes(width, height).ok_or("the frame size is too large")?;
    let frames = data.chunks_exact(size).cycle();
    for frame in frames.take(count.parse()?) {
        if is_frame {
            let (y, chroma) = frame.split_at(width * height);
            let (u, v) = chroma.split_at(chroma.len() / 2);
            let plane = Plane::new;
            let half = width.div_ceil(2);
            let planes = [plane(y, width), plane(u, half), plane(v, half), Plane::default()];
            let size = (width as u32, height as u32);
            let format = VideoFormat::new(format, size.0, size.1, ColorInfo::BT709);
            encoder.write_video_frame(0, &VideoView::new(&format, Planes::U8(planes)), None)?;
        } else {
            let shape = [1, format.channels(), height, width];
            encoder.write_video_chunk(0, &TensorView::contiguous(frame, &shape)?, None)?;
        }
    }
    Ok(encoder.finish()?)
}
