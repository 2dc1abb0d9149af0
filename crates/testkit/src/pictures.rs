//! Running a video encoder over pictures, and what every video encoder must do.

use reelwright_core::{
    ByteOrder, CodecConfig, ColorInfo, DataType, Options, Packet, PacketQueue, PixelFormat,
    Rational, Result, StreamParameters, TimeBase, Timestamp, VideoEncoder, VideoEncoderInfo,
    VideoEncoderRequest, VideoFormat, VideoFrame,
};

/// What a video encoder is opened for.
#[derive(Debug, Clone, Copy)]
pub struct VideoCase<'a> {
    /// The encoder.
    pub info: &'a VideoEncoderInfo,
    /// One of those it takes.
    pub format: PixelFormat,
    /// In pixels.
    pub size: (u32, u32),
    /// In frames per second; frames have times in its ticks.
    pub frame_rate: Rational,
    /// What all codecs can be told.
    pub config: CodecConfig,
    /// `name=value name=value`.
    pub options: &'a str,
}

/// What came of encoding.
pub struct EncodedVideo {
    /// As they are at the end.
    pub parameters: StreamParameters,
    /// In order.
    pub packets: Vec<Packet>,
}

impl EncodedVideo {
    /// Bytes of all packets.
    pub fn len(&self) -> usize {
        self.packets.iter().map(|packet| packet.data.len()).sum()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Picture `index` of a made-up film: a slope that moves, over which a square moves the other way,
/// with a little noise.
pub fn film(format: PixelFormat, (width, height): (u32, u32), index: usize) -> VideoFrame {
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

/// Fills planes with values that `element` makes of 8 bits.
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
    /// 96 × 64 pixels of the encoder's first format, at 25 frames per second.
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

    /// The encoder, open.
    ///
    /// # Errors
    /// The encoder's, or an option that it does not know.
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

    /// The film's pictures.
    pub fn film(&self, count: usize) -> Vec<VideoFrame> {
        (0..count).map(|index| film(self.format, self.size, index)).collect()
    }

    /// Encodes pictures, each shown at one of `times`.
    ///
    /// # Errors
    /// The encoder's.
    pub fn encode(
        &self,
        pictures: &[VideoFrame],
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
        for (index, picture) in pictures.iter().enumerate() {
            encoder.encode(&picture.with_pts(Timestamp(times(index))), &mut queue)?;
            take(&mut queue);
        }
        encoder.finish(&mut queue)?;
        take(&mut queue);
        Ok(EncodedVideo { parameters: encoder.parameters().clone(), packets })
    }
}

/// What every video encoder must do: a packet for each picture, with its time; the same bytes each
/// time; and pictures of another kind are refused.
pub fn keeps_the_promises(info: &VideoEncoderInfo) {
    for format in info.pixel_formats {
        let case = VideoCase { format: *format, ..VideoCase::new(info) };
        let name = format!("{} {format}", info.encoder.name);
        let film = case.film(12);
        // Gaps stay where they are.
        let times = |index: usize| index as i64 + if index > 5 { 7 } else { 0 };
        let encoded = case.encode(&film, times).unwrap();
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

        let again = case.encode(&film, times).unwrap();
        assert_eq!(encoded.parameters, again.parameters, "{name}");
        let same = encoded.packets.iter().zip(&again.packets).all(|(a, b)| a.data == b.data);
        assert!(same, "{name}: other bytes the second time");

        releases_depend_on_calls_only(&case, &name);
        keyframes_are_forced_or_refused(&case, &name);

        for wrong in [film_of(&case, (96, 62)), film_of(&case, (98, 64))] {
            assert!(case.encode(&[wrong], times).is_err(), "{name}");
        }
        assert!(case.encode(&film[..1], times).unwrap().packets.len() == 1, "{name}");
        assert!(case.encode(&[], times).unwrap().packets.is_empty(), "{name}");
    }
}

/// Encodes a film; returns how many packets had come after each frame, and the largest delay that the
/// encoder allows itself.
fn releases(case: &VideoCase<'_>, film: &[VideoFrame], pauses: bool) -> (Vec<usize>, usize) {
    let mut encoder = case.open().unwrap();
    let mut queue = PacketQueue::new();
    let mut counts = Vec::new();
    for (index, picture) in film.iter().enumerate() {
        encoder.encode(&picture.with_pts(Timestamp(index as i64)), &mut queue).unwrap();
        counts.push(queue.len());
        if pauses && index % 5 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
    }
    (counts, encoder.max_delay())
}

/// Packets come at the same calls each time, and no more frames wait than the encoder says.
///
/// # Panics
/// If the encoder breaks this promise.
pub fn releases_depend_on_calls_only(case: &VideoCase<'_>, name: &str) {
    let small = VideoCase { size: (32, 16), ..*case };
    let film = small.film(70);
    let (counts, max_delay) = releases(&small, &film, false);
    assert_eq!(counts, releases(&small, &film, true).0, "{name}");
    let held = counts.iter().enumerate().map(|(index, count)| index + 1 - count).max();
    let held = held.unwrap_or_default();
    assert!(held <= max_delay, "{name} holds {held} frames, and says at most {max_delay}");
}

fn keyframes_are_forced_or_refused(case: &VideoCase<'_>, name: &str) {
    if !case.info.forced_keyframes {
        return;
    }
    let mut film = case.film(12);
    film[5].side_data.keyframe = true;
    film[8].side_data.keyframe = true;
    let encoded = case.encode(&film, |index| index as i64).unwrap();
    for packet in encoded.packets.iter().filter(|packet| [5, 8].contains(&packet.pts.0)) {
        assert!(packet.keyframe, "{name}: frame {} is no keyframe", packet.pts);
    }
}

fn film_of(case: &VideoCase<'_>, size: (u32, u32)) -> VideoFrame {
    film(case.format, size, 0)
}

/// The peak signal-to-noise ratio of two pictures' bytes, in dB.
pub fn psnr(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let error: f64 = one.iter().zip(other).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * one.len() as f64 / error.max(1e-9)).log10()
}

/// A frame's planes, without what is between rows, one after the other; words are little-endian.
pub fn tight(picture: &VideoFrame) -> Vec<u8> {
    let view = picture.view().unwrap();
    let mut bytes = Vec::new();
    for plane in 0..view.format.pixel_format.planes() {
        view.append_plane(plane, ByteOrder::Little, &mut bytes);
    }
    bytes
}
