//! Test cases of video encoders, and checks that every video encoder must pass.

use reelwright_core::{
    ByteOrder, CodecConfig, ColorInfo, DataType, Options, Packet, PacketQueue, PixelFormat,
    Rational, Result, StreamParameters, TimeBase, Timestamp, VideoEncoder, VideoEncoderInfo,
    VideoEncoderRequest, VideoFormat, VideoFrame,
};

/// Parameters of a video encoder.
#[derive(Debug, Clone, Copy)]
pub struct VideoCase<'a> {
    /// The encoder.
    pub info: &'a VideoEncoderInfo,
    /// Pixel format, which the encoder must support.
    pub format: PixelFormat,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Frames per second. The time base of the frames is its inverse.
    pub frame_rate: Rational,
    /// Common settings of codecs.
    pub config: CodecConfig,
    /// Options as `name=value name=value`.
    pub options: &'a str,
}

/// Result of encoding.
pub struct EncodedVideo {
    /// Final parameters of the stream.
    pub parameters: StreamParameters,
    /// Packets in order.
    pub packets: Vec<Packet>,
}

impl EncodedVideo {
    /// Returns the total size of the packets in bytes.
    pub fn len(&self) -> usize {
        self.packets.iter().map(|packet| packet.data.len()).sum()
    }

    /// Returns true if the total size is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Returns frame `index` of a synthetic video: a moving gradient, a square that moves in the other
/// direction, and a little noise.
pub fn test_frame(format: PixelFormat, (width, height): (u32, u32), index: usize) -> VideoFrame {
    let color = if format.is_rgb() { ColorInfo::SRGB } else { ColorInfo::BT601 };
    let mut buffer = VideoFrame::new(&VideoFormat::new(
        format,
        width as usize as u32,
        height as usize as u32,
        color,
    ))
    .unwrap();
    if format.data_type() == DataType::U8 {
        draw(buffer.planes_mut::<u8>().unwrap(), index, |value| value);
    } else {
        let planes = buffer.planes_mut::<u16>().unwrap();
        let component = format.components()[0];
        let more = component.depth - 8;
        draw(planes, index, |value| {
            (u16::from(value) << more | u16::from(value & 1)) << component.shift
        });
    }
    buffer
}

/// Fills planes with 8-bit values that `element` converts.
fn draw<T>(planes: [(&mut [T], usize); 4], index: usize, element: impl Fn(u8) -> T) {
    let mut noise = 0x9e37_79b9u32.wrapping_mul(index as u32 + 1);
    for (number, (plane, stride)) in planes.into_iter().enumerate() {
        if stride == 0 {
            continue;
        }
        for (y, row) in plane.chunks_mut(stride).enumerate() {
            for (x, value) in row.iter_mut().enumerate() {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let slope = (x + 2 * y + 3 * index + 40 * number) / 4 % 160;
                let (left, top) = (2 * index % 48, index % 24);
                let is_square = (left..left + 24).contains(&x) && (top..top + 16).contains(&y);
                *value =
                    element(if is_square { 210 } else { (30 + slope) as u8 + (noise >> 30) as u8 });
            }
        }
    }
}

impl<'a> VideoCase<'a> {
    /// Creates a case with 96 × 64 pixels in the encoder's first format, at 25 frames per second.
    pub fn new(info: &'a VideoEncoderInfo) -> Self {
        Self {
            info,
            format: info.pixel_formats[0],
            size: (96, 64),
            frame_rate: Rational::new(25, 1).unwrap(),
            config: CodecConfig::default(),
            options: "",
        }
    }

    /// Opens the encoder.
    ///
    /// # Errors
    /// The encoder fails, or an option is unknown.
    pub fn open(&self) -> Result<Box<dyn VideoEncoder>> {
        let color = if self.format.is_rgb() { ColorInfo::SRGB } else { ColorInfo::BT601 };
        let request = VideoEncoderRequest::new(
            self.info.encoder.codec,
            VideoFormat {
                pixel_format: self.format,
                width: self.size.0,
                height: self.size.1,
                color,
                sample_aspect_ratio: Rational::ONE,
            },
            TimeBase::new(self.frame_rate.inverse()),
            self.frame_rate,
        )
        .config(self.config);
        let given = self.options.split_whitespace().filter_map(|option| option.split_once('='));
        let mut options: Options = given.collect();
        let encoder = self.info.open(&request, &mut options)?;
        options.finish(self.info.encoder.options)?;
        Ok(encoder)
    }

    /// Returns the first `count` frames of the synthetic video.
    pub fn test_frames(&self, count: usize) -> Vec<VideoFrame> {
        (0..count).map(|index| test_frame(self.format, self.size, index)).collect()
    }

    /// Encodes frames. `times` returns the pts of each.
    ///
    /// # Errors
    /// The encoder fails.
    pub fn encode(
        &self,
        frames: &[VideoFrame],
        times: impl Fn(usize) -> i64,
    ) -> Result<EncodedVideo> {
        let mut encoder = self.open()?;
        let mut queue = PacketQueue::new();
        let mut packets = Vec::new();
        let mut take = |queue: &mut PacketQueue| {
            while let Some(packet) = queue.pop() {
                packets.push(packet.clone());
                queue.recycle(packet);
            }
        };
        for (index, frame) in frames.iter().enumerate() {
            encoder.encode(&frame.with_pts(Timestamp(times(index))), &mut queue)?;
            take(&mut queue);
        }
        encoder.finish(&mut queue)?;
        take(&mut queue);
        Ok(EncodedVideo { parameters: encoder.parameters().clone(), packets })
    }
}

/// Checks an encoder: it returns a packet for each frame with its time, is deterministic, and
/// rejects frames of another size.
pub fn check_encoder(info: &VideoEncoderInfo) {
    for format in info.pixel_formats {
        let case = VideoCase { format: *format, ..VideoCase::new(info) };
        let name = format!("{} {format}", info.encoder.name);
        let frames = case.test_frames(12);
        // Gaps in the timestamps must remain.
        let times = |index: usize| index as i64 + if index > 5 { 7 } else { 0 };
        let encoded = case.encode(&frames, times).unwrap();
        let found: Vec<_> = encoded.packets.iter().map(|packet| packet.pts.0).collect();
        assert_eq!(found, (0..12).map(times).collect::<Vec<_>>(), "{name}");
        assert!(encoded.packets[0].keyframe, "{name}");
        assert!(encoded.packets.iter().all(|p| p.dts <= p.pts && !p.data.is_empty()), "{name}");
        assert!(encoded.packets.windows(2).all(|pair| pair[0].dts < pair[1].dts), "{name}");
        let video = encoded.parameters.video().unwrap();
        assert_eq!(
            (video.format.width, video.format.height, video.format.pixel_format),
            (96, 64, *format),
            "{name}"
        );
        assert_eq!(encoded.parameters.codec, info.encoder.codec, "{name}");

        let again = case.encode(&frames, times).unwrap();
        assert_eq!(encoded.parameters, again.parameters, "{name}");
        let same = encoded.packets.iter().zip(&again.packets).all(|(a, b)| a.data == b.data);
        assert!(same, "{name}: the second encode must have the same bytes");

        check_packet_release(&case, &name);
        check_forced_keyframes(&case, &name);

        for wrong in [other_frame(&case, (96, 62)), other_frame(&case, (98, 64))] {
            assert!(case.encode(&[wrong], times).is_err(), "{name}");
        }
        assert!(case.encode(&frames[..1], times).unwrap().packets.len() == 1, "{name}");
        assert!(case.encode(&[], times).unwrap().packets.is_empty(), "{name}");
    }
}

/// Encodes frames. Returns the number of packets after each frame, and the encoder's maximum delay.
fn releases(case: &VideoCase<'_>, frames: &[VideoFrame], pauses: bool) -> (Vec<usize>, usize) {
    let mut encoder = case.open().unwrap();
    let mut queue = PacketQueue::new();
    let mut counts = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        encoder.encode(&frame.with_pts(Timestamp(index as i64)), &mut queue).unwrap();
        counts.push(queue.len());
        if pauses && index % 5 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
    }
    (counts, encoder.max_delay())
}

/// Checks that the same calls always release the same packets, and that an encoder holds no more
/// frames than it states.
///
/// # Panics
/// A check fails.
pub fn check_packet_release(case: &VideoCase<'_>, name: &str) {
    let small = VideoCase { size: (32, 16), ..*case };
    let frames = small.test_frames(70);
    let (counts, max_delay) = releases(&small, &frames, false);
    assert_eq!(counts, releases(&small, &frames, true).0, "{name}");
    let held = counts.iter().enumerate().map(|(index, count)| index + 1 - count).max();
    let held = held.unwrap_or_default();
    assert!(held <= max_delay, "{name} holds {held} frames, but states at most {max_delay}");
}

fn check_forced_keyframes(case: &VideoCase<'_>, name: &str) {
    if !case.info.forced_keyframes {
        return;
    }
    let mut frames = case.test_frames(12);
    frames[5].side_data.keyframe = true;
    frames[8].side_data.keyframe = true;
    let encoded = case.encode(&frames, |index| index as i64).unwrap();
    for packet in encoded.packets.iter().filter(|packet| [5, 8].contains(&packet.pts.0)) {
        assert!(packet.keyframe, "{name}: frame {} must be a keyframe", packet.pts);
    }
}

fn other_frame(case: &VideoCase<'_>, size: (u32, u32)) -> VideoFrame {
    test_frame(case.format, size, 0)
}

/// Returns the peak signal-to-noise ratio of two 8-bit images in dB.
pub fn psnr(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let error: f64 = one.iter().zip(other).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * one.len() as f64 / error.max(1e-9)).log10()
}

/// Returns the planes of a frame without row padding. Words are little-endian.
pub fn packed_bytes(frame: &VideoFrame) -> Vec<u8> {
    let view = frame.view().unwrap();
    let mut bytes = Vec::new();
    for plane in 0..view.format.pixel_format.planes() {
        view.append_plane(plane, ByteOrder::Little, &mut bytes);
    }
    bytes
}
