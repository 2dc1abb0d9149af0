//! What all encoders here have in common: a picture in, a packet out.

use reelwright_core::{
    MediaParameters, PacketQueue, Result, StreamParameters, VideoEncoder, VideoEncoderRequest,
    VideoFrame, VideoParameters, VideoView,
};

/// How one picture is coded.
#[allow(dead_code)] // by a build with few features
pub(crate) trait Coder: Send {
    /// Appends the coded picture, which has been checked; says whether it stands alone.
    ///
    /// # Errors
    /// What the codec cannot carry.
    fn code(&mut self, frame: &VideoView<'_>, to: &mut Vec<u8>) -> Result<bool>;
}

/// One stream at work.
#[allow(dead_code)] // by a build with few features
pub(crate) struct Pictures<C> {
    coder: C,
    parameters: StreamParameters,
    video: VideoParameters,
}

#[allow(dead_code)] // by a build with few features
impl<C: Coder + 'static> Pictures<C> {
    pub(crate) fn boxed(request: &VideoEncoderRequest, coder: C) -> Box<dyn VideoEncoder> {
        let (parameters, video) = (parameters(request), video(request));
        Box::new(Self { coder, parameters, video })
    }
}

impl<C: Coder> VideoEncoder for Pictures<C> {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn encode(&mut self, frame: &VideoFrame, packets: &mut PacketQueue) -> Result<()> {
        let format = &self.video.format;
        let view = frame.expect(format.pixel_format, format.width, format.height)?;
        let mut data = packets.take_buffer();
        let keyframe = self.coder.code(&view, &mut data)?;
        let packet = packets.push_buffer(data);
        (packet.pts, packet.dts, packet.duration) =
            (frame.pts, frame.pts, frame.duration.unwrap_or(0));
        packet.keyframe = keyframe;
        Ok(())
    }

    fn finish(&mut self, _: &mut PacketQueue) -> Result<()> {
        Ok(())
    }
}

/// Stream parameters without a codec record.
#[allow(dead_code)] // by a build with few features
pub(crate) fn parameters(request: &VideoEncoderRequest) -> StreamParameters {
    StreamParameters::new(request.codec, request.time_base, MediaParameters::Video(video(request)))
}

fn video(request: &VideoEncoderRequest) -> VideoParameters {
    VideoParameters::new(request.format).frame_rate(Some(request.frame_rate))
}

/// Writes the rows of a packed frame without gaps, words in big-endian order.
#[cfg(any(feature = "png", feature = "webp"))]
pub(crate) fn gather(frame: &VideoView<'_>, to: &mut Vec<u8>) {
    to.clear();
    frame.append_plane(0, reelwright_core::ByteOrder::Big, to);
}

/// The error of a size that a codec cannot say.
#[allow(dead_code)] // by a build with few features
pub(crate) fn check_size(name: &str, request: &VideoEncoderRequest, largest: u32) -> Result<()> {
    let (width, height) = (request.format.width, request.format.height);
    if width <= largest && height <= largest {
        return Ok(());
    }
    Err(reelwright_core::Error::unsupported(format!(
        "{name} takes pictures of up to {largest}x{largest}. Found: {width}x{height}. Pass a smaller \
         encoder_width and encoder_height."
    )))
}
