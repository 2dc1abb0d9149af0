//! Shared parts of the image encoders: each frame becomes a packet.

use reelwright_core::{
    MediaParameters, PacketQueue, Result, StreamParameters, VideoEncoder, VideoEncoderRequest,
    VideoFrame, VideoParameters, VideoView,
};

/// Coder of one image format.
#[allow(dead_code)] // by a build with few features
pub(crate) trait Coder: Send {
    /// Appends the encoded frame. The caller has checked its format. Returns whether the image is a
    /// keyframe.
    ///
    /// # Errors
    /// Fails if the format cannot store the frame.
    fn code(&mut self, frame: &VideoView<'_>, to: &mut Vec<u8>) -> Result<bool>;
}

/// Encoder of one stream.
#[allow(dead_code)] // by a build with few features
pub(crate) struct StillEncoder<C> {
    coder: C,
    parameters: StreamParameters,
    video: VideoParameters,
}

#[allow(dead_code)] // by a build with few features
impl<C: Coder + 'static> StillEncoder<C> {
    pub(crate) fn boxed(request: &VideoEncoderRequest, coder: C) -> Box<dyn VideoEncoder> {
        let (parameters, video) = (parameters(request), video(request));
        Box::new(Self { coder, parameters, video })
    }
}

impl<C: Coder> VideoEncoder for StillEncoder<C> {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn encode(&mut self, frame: &VideoFrame, packets: &mut PacketQueue) -> Result<()> {
        let format = &self.video.format;
        let view = frame.checked_view(format.pixel_format, format.width, format.height)?;
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

/// Returns stream parameters without a codec record.
#[allow(dead_code)] // by a build with few features
pub(crate) fn parameters(request: &VideoEncoderRequest) -> StreamParameters {
    StreamParameters::new(request.codec, request.time_base, MediaParameters::Video(video(request)))
}

fn video(request: &VideoEncoderRequest) -> VideoParameters {
    VideoParameters::new(request.format).frame_rate(Some(request.frame_rate))
}

/// Writes the rows of a packed frame without padding, with 16-bit samples in big-endian order.
#[cfg(any(feature = "png", feature = "webp"))]
pub(crate) fn gather(frame: &VideoView<'_>, to: &mut Vec<u8>) {
    to.clear();
    frame.append_plane(0, reelwright_core::ByteOrder::Big, to);
}

/// Returns an error if the frame is larger than `largest` in either dimension.
#[allow(dead_code)] // by a build with few features
pub(crate) fn check_size(name: &str, request: &VideoEncoderRequest, largest: u32) -> Result<()> {
    let (width, height) = (request.format.width, request.format.height);
    if width <= largest && height <= largest {
        return Ok(());
    }
    Err(reelwright_core::Error::unsupported(format!(
        "{name} supports frames of up to {largest}x{largest}. Found: {width}x{height}. Pass a \
         smaller encoder_width and encoder_height."
    )))
}
