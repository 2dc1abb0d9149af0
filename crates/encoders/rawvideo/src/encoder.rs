//! The encoder: copies the planes of frames without row padding.

use reelwright_core::{
    ByteOrder, MediaParameters, Options, PacketQueue, Result, StreamParameters, VideoEncoder,
    VideoEncoderRequest, VideoFormat, VideoFrame, VideoParameters,
};

pub(crate) struct RawVideoEncoder {
    parameters: StreamParameters,
    video: VideoParameters,
}

impl RawVideoEncoder {
    pub(crate) fn open(
        request: &VideoEncoderRequest,
        _: &mut Options,
    ) -> Result<Box<dyn VideoEncoder>> {
        let VideoEncoderRequest {
            format: VideoFormat { pixel_format, width, height, color, .. },
            frame_rate,
            ..
        } = *request;
        let video = VideoParameters::new(VideoFormat {
            width,
            height,
            pixel_format,
            color,
            ..request.format
        })
        .frame_rate(Some(frame_rate));
        let parameters = StreamParameters::new(
            request.codec,
            request.time_base,
            MediaParameters::Video(video.clone()),
        );
        Ok(Box::new(Self { parameters, video }))
    }
}

impl VideoEncoder for RawVideoEncoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn encode(&mut self, frame: &VideoFrame, packets: &mut PacketQueue) -> Result<()> {
        let VideoParameters { format: VideoFormat { pixel_format, width, height, .. }, .. } =
            self.video;
        let view = frame.checked_view(pixel_format, width, height)?;
        let packet = packets.push();
        for plane in 0..pixel_format.planes() {
            view.append_plane(plane, ByteOrder::Little, &mut packet.data);
        }
        (packet.pts, packet.dts, packet.duration) =
            (frame.pts, frame.pts, frame.duration.unwrap_or(0));
        packet.keyframe = true;
        Ok(())
    }

    fn finish(&mut self, _: &mut PacketQueue) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use reelwright_core::{CodecId, ColorInfo, PixelFormat, Rational, TimeBase, Timestamp};

    use super::*;

    #[test]
    fn rows_follow_each_other_without_gaps() {
        let request = VideoEncoderRequest::new(
            CodecId::RawVideo,
            VideoFormat {
                pixel_format: PixelFormat::Yuv420p,
                width: 5,
                height: 3,
                color: ColorInfo::BT601,
                sample_aspect_ratio: Rational::ONE,
            },
            TimeBase::new(Rational::new(1, 25).unwrap()),
            Rational::new(25, 1).unwrap(),
        )
        .config(Default::default());
        let mut encoder = RawVideoEncoder::open(&request, &mut Options::new()).unwrap();
        let mut buffer = VideoFrame::new(&request.format).unwrap();
        for (value, (plane, _)) in (1..).zip(buffer.planes_mut::<u8>().unwrap()) {
            plane.fill(value);
        }
        let mut packets = PacketQueue::new();
        encoder.encode(&buffer.with_pts(Timestamp(7)), &mut packets).unwrap();
        let packet = packets.pop().unwrap();
        let expected = [vec![1; 15], vec![2; 6], vec![3; 6]].concat();
        assert_eq!((packet.data, packet.pts), (expected, Timestamp(7)));
        let other = VideoFrame::new(&VideoFormat { height: 4, ..request.format }).unwrap();
        assert!(encoder.encode(&other, &mut packets).is_err());
    }
}
