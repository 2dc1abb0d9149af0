//! Writes a header line, and a line before each frame.

use reelwright_core::helpers::single_stream::{check, not_started, video};
use reelwright_core::{
    ChromaLocation, CodecId, ColorRange, Destination, Error, Metadata, Muxer, Packet, PixelFormat,
    Result, StreamParameters, helpers::list,
};

const NAME: &str = "yuv4mpegpipe";
pub(crate) const CODECS: &[CodecId] = &[CodecId::WrappedAvframe, CodecId::RawVideo];

/// Color space tags by pixel format, and by chroma location if the format has several.
const COLOR_SPACES: &[(PixelFormat, Option<ChromaLocation>, &str)] = &[
    (PixelFormat::Yuv420p, Some(ChromaLocation::Left), "420mpeg2 XYSCSS=420MPEG2"),
    (PixelFormat::Yuv420p, Some(ChromaLocation::Center), "420jpeg XYSCSS=420JPEG"),
    (PixelFormat::Yuv422p, None, "422 XYSCSS=422"),
    (PixelFormat::Yuv444p, None, "444 XYSCSS=444"),
    (PixelFormat::Yuv420p10Le, None, "420p10 XYSCSS=420P10"),
    (PixelFormat::Yuv422p10Le, None, "422p10 XYSCSS=422P10"),
    (PixelFormat::Yuv444p10Le, None, "444p10 XYSCSS=444P10"),
    (PixelFormat::Yuv420p12Le, None, "420p12 XYSCSS=420P12"),
    (PixelFormat::Gray8, None, "mono"),
    (PixelFormat::Gray10Le, None, "mono10"),
    (PixelFormat::Gray12Le, None, "mono12"),
    (PixelFormat::Gray16Le, None, "mono16"),
];

#[derive(Debug, Default)]
pub(crate) struct Y4m {
    /// Bytes per frame; `None` before the start.
    size: Option<usize>,
}

impl Muxer for Y4m {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        _: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let video = video(NAME, streams, CODECS)?;
        let (width, height) = (video.format.width, video.format.height);
        let (format, location) = (video.format.pixel_format, video.format.color.chroma_location);
        let found = COLOR_SPACES.iter().find(|row| {
            row.0 == format && row.1.is_none_or(|of| (of == location) || of != ChromaLocation::Left)
        });
        let Some((_, _, colorspace)) = found else {
            let mut formats: Vec<_> = COLOR_SPACES.iter().map(|row| row.0).collect();
            formats.dedup();
            return Err(Error::unsupported(format!(
                "{NAME} does not support {format}. Supported values are {}; pass one as \
                 encoder_format.",
                list(formats)
            ))
            .in_stream(0));
        };
        let range = match video.format.color.range {
            ColorRange::Full => "FULL",
            _ => "LIMITED",
        };
        let aspect = video.format.sample_aspect_ratio;
        let rate = video.frame_rate.ok_or_else(|| {
            Error::unsupported(format!("{NAME} requires a frame rate. Found: none")).in_stream(0)
        })?;
        let header = format!(
            "YUV4MPEG2 W{width} H{height} F{}:{} Ip A{}:{} C{colorspace} XCOLORRANGE={range}\n",
            rate.num(),
            rate.den(),
            aspect.num(),
            aspect.den()
        );
        let size = video.format.pixel_format.frame_bytes(width as usize, height as usize);
        let too_large = || {
            Error::too_large(format!(
                "A frame of {NAME} must fit in memory. Found: {width}x{height}"
            ))
            .in_stream(0)
        };
        self.size = Some(size.ok_or_else(too_large)?);
        to.output().write(header.as_bytes())
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let size = self.size.ok_or_else(|| not_started(NAME))?;
        check(packet)?;
        if packet.data.len() != size {
            return Err(Error::argument(format!(
                "A packet of {NAME} must be a frame of {size} bytes. Found: {}",
                packet.data.len()
            )));
        }
        to.output().write(b"FRAME\n")?;
        to.output().write(&packet.data)
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        self.size.ok_or_else(|| not_started(NAME))?;
        to.output().flush()
    }

    fn finish(&mut self, _: &[StreamParameters], _: &mut dyn Destination) -> Result<()> {
        self.size.take().map(drop).ok_or_else(|| not_started(NAME))
    }
}
