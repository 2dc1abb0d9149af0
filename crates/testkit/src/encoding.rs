//! Test cases of audio encoders, and checks that every audio encoder must pass.

use reelwright_core::{
    AudioEncoder, AudioEncoderInfo, AudioEncoderRequest, AudioFormat, AudioFrame, ChannelLayout,
    CodecConfig, DataType, Element, Options, Packet, PacketQueue, Result, SampleFormat,
    StreamParameters, Timestamp, TypedBuffer, TypedSlice, with_slice,
};

use crate::signal::{Noise, music_f32, music_i16, music_i32};

/// Parameters of an audio encoder.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The encoder.
    pub info: &'a AudioEncoderInfo,
    /// Sample format, which the encoder must support.
    pub format: SampleFormat,
    /// Sample rate in Hz, which the encoder must support.
    pub rate: u32,
    /// Channel layout, which the encoder must support.
    pub layout: ChannelLayout,
    /// Common settings of codecs.
    pub config: CodecConfig,
    /// Options as `name=value name=value`. `bit_rate`, `qscale` and `compression_level` are set in
    /// `config`.
    pub options: &'a str,
}

/// Result of encoding.
pub struct Encoded {
    /// Final parameters of the stream.
    pub parameters: StreamParameters,
    /// Packets in order.
    pub packets: Vec<Packet>,
}

impl Encoded {
    /// Returns the bytes of all packets.
    pub fn bytes(&self) -> Vec<u8> {
        self.packets.iter().flat_map(|packet| packet.data.clone()).collect()
    }

    /// Returns the number of presented audio frames.
    pub fn presented_samples(&self) -> i64 {
        let heard = |p: &Packet| p.duration - i64::from(p.trim_start) - i64::from(p.trim_end);
        self.packets.iter().map(heard).sum()
    }
}

impl<'a> Case<'a> {
    /// Creates a case with the encoder's first sample format, and stereo at 48 kHz or the nearest
    /// supported parameters.
    pub fn new(info: &'a AudioEncoderInfo) -> Self {
        Self {
            info,
            format: info.sample_formats[0],
            rate: info.sample_rates.nearest(48_000),
            layout: info.layouts.nearest(ChannelLayout::STEREO).unwrap(),
            config: CodecConfig::default(),
            options: "",
        }
    }

    /// Opens the encoder.
    ///
    /// # Errors
    /// The encoder fails, or an option is unknown.
    pub fn open(&self) -> Result<Box<dyn AudioEncoder>> {
        let (mut config, mut options) = (self.config, Options::new());
        for (name, value) in self.options.split_whitespace().filter_map(|o| o.split_once('=')) {
            match name {
                "bit_rate" => config.bit_rate = Some(value.parse().unwrap()),
                "qscale" => config.qscale = Some(value.parse().unwrap()),
                "compression_level" => config.compression_level = Some(value.parse().unwrap()),
                _ => options.set(name, value),
            }
        }
        let request = AudioEncoderRequest::new(
            self.info.encoder.codec,
            AudioFormat { sample_format: self.format, sample_rate: self.rate, layout: self.layout },
        )
        .config(config);
        let encoder = self.info.open(&request, &mut options)?;
        options.finish(self.info.encoder.options)?;
        Ok(encoder)
    }

    /// Encodes interleaved samples, in frames of the encoder's size, or of `frames` if it supports
    /// any size.
    ///
    /// # Errors
    /// The encoder fails.
    pub fn encode_in<T: Element>(&self, samples: &[T], frames: usize) -> Result<Encoded> {
        let mut encoder = self.open()?;
        let channels = self.layout.channels();
        let size = encoder.frame_size().unwrap_or(frames) * channels;
        let mut queue = PacketQueue::new();
        let mut packets = Vec::new();
        let mut at = 0;
        for chunk in samples.chunks(size) {
            encode_frame(encoder.as_mut(), self.format, chunk, channels, at, &mut queue)?;
            at += (chunk.len() / channels) as i64;
            packets.extend(std::iter::from_fn(|| queue.pop()));
        }
        encoder.finish(&mut queue)?;
        packets.extend(std::iter::from_fn(|| queue.pop()));
        Ok(Encoded { parameters: encoder.parameters().clone(), packets })
    }

    /// Does the same as [`encode_in`](Self::encode_in), with 1000 audio frames at a time.
    ///
    /// # Errors
    /// The encoder fails.
    pub fn encode<T: Element>(&self, samples: &[T]) -> Result<Encoded> {
        self.encode_in(samples, 1000)
    }

    /// Encodes `samples` audio frames of music.
    ///
    /// # Errors
    /// The encoder fails.
    pub fn encode_music(&self, samples: usize) -> Result<Encoded> {
        let music = music(self.format.data_type(), samples, self.layout.channels());
        with_slice!(music.as_slice(), samples => self.encode(samples))
    }
}

/// Returns interleaved music of a sample type.
fn music(data_type: DataType, samples: usize, channels: usize) -> TypedBuffer {
    let bytes = music_i16(samples, channels).into_iter().map(|v| (v >> 8) as u8 ^ 0x80);
    let words = music_i32(samples, channels).into_iter().map(|v| i64::from(v) << 32);
    match data_type {
        DataType::U8 => TypedBuffer::U8(bytes.collect()),
        DataType::I16 => TypedBuffer::I16(music_i16(samples, channels)),
        DataType::I32 => TypedBuffer::I32(music_i32(samples, channels)),
        DataType::I64 => TypedBuffer::I64(words.collect()),
        DataType::F64 => {
            TypedBuffer::F64(music_f32(samples, channels).into_iter().map(f64::from).collect())
        }
        DataType::U16 | DataType::F32 => TypedBuffer::F32(music_f32(samples, channels)),
    }
}

/// Creates a frame of interleaved samples.
///
/// # Panics
/// There is no layout with this number of channels, or the last audio frame is incomplete.
pub fn packed(samples: TypedSlice<'_>, channels: usize, pts: Timestamp) -> AudioFrame {
    let sample_format = SampleFormat::packed(samples.data_type());
    frame(sample_format, samples, channels, pts)
}

/// Creates a frame of consecutive planes, one per channel.
///
/// # Panics
/// There is no layout with this number of channels, or the planes have different lengths.
pub fn planar(samples: TypedSlice<'_>, channels: usize, pts: Timestamp) -> AudioFrame {
    let sample_format = match samples.data_type() {
        DataType::U8 => SampleFormat::U8p,
        DataType::I16 => SampleFormat::S16p,
        DataType::U16 => panic!("audio has no samples of type {}", DataType::U16),
        DataType::I32 => SampleFormat::S32p,
        DataType::I64 => SampleFormat::S64p,
        DataType::F32 => SampleFormat::Fltp,
        DataType::F64 => SampleFormat::Dblp,
    };
    frame(sample_format, samples, channels, pts)
}

fn frame(
    sample_format: SampleFormat,
    samples: TypedSlice<'_>,
    channels: usize,
    pts: Timestamp,
) -> AudioFrame {
    let layout = ChannelLayout::unspecified(channels).unwrap();
    let format = AudioFormat::new(sample_format, 48_000, layout);
    AudioFrame::new(format, TypedBuffer::copy_of(samples), pts).unwrap()
}

fn encode_frame<T: Element>(
    encoder: &mut dyn AudioEncoder,
    format: SampleFormat,
    samples: &[T],
    channels: usize,
    at: i64,
    packets: &mut PacketQueue,
) -> Result<()> {
    let pts = Timestamp(at);
    if !format.is_planar() {
        return encoder.encode(&packed(T::slice(samples), channels, pts), packets);
    }
    let planes: Vec<T> = (0..channels)
        .flat_map(|channel| samples.iter().skip(channel).step_by(channels).copied())
        .collect();
    encoder.encode(&planar(T::slice(&planes), channels, pts), packets)
}

/// Checks an encoder in each of its formats, and in some rates and layouts: every sample is
/// presented once, packets are contiguous from -delay on, and no input panics.
///
/// # Panics
/// A check fails.
pub fn check_encoder(info: &AudioEncoderInfo) {
    for &format in info.sample_formats {
        for rate in [8000, 16_000, 44_100, 48_000].map(|rate| info.sample_rates.nearest(rate)) {
            for channels in [1, 2, 6] {
                let usual = ChannelLayout::default_for(channels).unwrap();
                let layout = info.layouts.nearest(usual).unwrap();
                let case = Case { format, rate, layout, ..Case::new(info) };
                check_presented_samples(&case);
                check_delay(&case);
                check_extreme_samples(&case);
            }
        }
        check_rejected_frames(&Case { format, ..Case::new(info) });
    }
}

fn check_presented_samples(case: &Case<'_>) {
    let name = case.info.encoder.name;
    let size = case.open().unwrap().frame_size().unwrap_or(1000);
    for samples in [0, 1, 2, size - 1, size, size + 1, 3 * size + 7] {
        let encoded = case.encode_music(samples).unwrap();
        if samples == 0 {
            assert!(encoded.packets.is_empty(), "{name}: there must be no packet");
            continue;
        }
        // Opus uses another clock.
        let clock = encoded.parameters.audio().unwrap().format.sample_rate;
        let heard = samples as i64 * i64::from(clock) / i64::from(case.rate);
        assert_eq!(encoded.presented_samples(), heard, "{name} {samples}");
        let mut next = encoded.packets[0].pts;
        for packet in &encoded.packets {
            assert_eq!((packet.pts, packet.dts), (next, next), "{name} {samples}");
            assert!(packet.keyframe && packet.duration >= 0 && packet.stream == 0, "{name}");
            next.0 += packet.duration;
        }
        let delay: i64 = encoded.packets.iter().map(|packet| i64::from(packet.trim_start)).sum();
        assert_eq!(encoded.packets[0].pts, Timestamp(-delay), "{name} {samples}");
    }
}

/// Checks that the same calls always release the same packets, and that an encoder holds no more
/// samples than it states.
///
/// # Panics
/// A check fails.
pub fn check_delay(case: &Case<'_>) {
    let name = case.info.encoder.name;
    let channels = case.layout.channels();
    let releases = |pauses: bool| {
        let mut encoder = case.open().unwrap();
        let size = encoder.frame_size().unwrap_or(1000);
        let clock = i64::from(encoder.parameters().audio().unwrap().format.sample_rate);
        let mut queue = PacketQueue::new();
        let music = music(case.format.data_type(), size, channels);
        let (mut counts, mut max_held) = (Vec::new(), 0);
        for index in 0..40 {
            let at = (index * size) as i64;
            with_slice!(music.as_slice(), samples => {
                encode_frame(encoder.as_mut(), case.format, samples, channels, at, &mut queue)
            })
            .unwrap();
            let end = queue.back().map_or(0, |last| last.pts.0 + last.duration).max(0);
            let held = at + size as i64 - end * i64::from(case.rate) / clock;
            max_held = max_held.max(held);
            counts.push(queue.len());
            if pauses && index % 9 == 0 {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        }
        let max_delay = encoder.max_delay() as i64;
        assert!(
            max_held <= max_delay,
            "{name} {} {} holds {max_held} samples, but states at most {max_delay}",
            case.rate,
            case.layout
        );
        counts
    };
    assert_eq!(releases(false), releases(true), "{name}");
}

fn check_extreme_samples(case: &Case<'_>) {
    let count = case.layout.channels() * 5000;
    let mut noise = Noise::new(5);
    let square = |i: usize| (i / case.layout.channels() / 50).is_multiple_of(2);
    match case.format.data_type() {
        DataType::I16 => {
            let loud = (0..count).map(|i| if square(i) { i16::MIN } else { i16::MAX });
            case.encode(&loud.collect::<Vec<_>>()).unwrap();
            let noise: Vec<_> = (0..count).map(|_| noise.next_u32() as i16).collect();
            case.encode(&noise).unwrap();
        }
        DataType::I32 => {
            let loud = (0..count).map(|i| if square(i) { i32::MIN } else { i32::MAX });
            case.encode(&loud.collect::<Vec<_>>()).unwrap();
            let noise: Vec<_> = (0..count).map(|_| noise.next_u32() as i32).collect();
            case.encode(&noise).unwrap();
        }
        DataType::U8 => {
            let loud = (0..count).map(|i| if square(i) { 0u8 } else { 255 });
            case.encode(&loud.collect::<Vec<_>>()).unwrap();
        }
        DataType::I64 => {
            let loud = (0..count).map(|i| if square(i) { i64::MIN } else { i64::MAX });
            case.encode(&loud.collect::<Vec<_>>()).unwrap();
        }
        DataType::F64 => {
            let any: Vec<_> =
                (0..count).map(|_| f64::from_bits(u64::from(noise.next_u32()) << 32 | 1)).collect();
            case.encode(&any).unwrap();
        }
        DataType::U16 | DataType::F32 => {
            let loud = (0..count).map(|i| if square(i) { -1f32 } else { 1.0 });
            case.encode(&loud.collect::<Vec<_>>()).unwrap();
            let any: Vec<_> = (0..count).map(|_| f32::from_bits(noise.next_u32())).collect();
            case.encode(&any).unwrap();
            case.encode(&vec![f32::NAN; count]).unwrap();
            case.encode(&vec![1e-42f32; count]).unwrap();
        }
    }
}

fn check_rejected_frames(case: &Case<'_>) {
    let mut encoder = case.open().unwrap();
    let mut packets = PacketQueue::new();
    let channels = case.layout.channels();
    let frame = match case.format.data_type() {
        DataType::U8 => packed(TypedSlice::I16(&[0; 24]), channels, Timestamp(0)),
        _ => packed(TypedSlice::U8(&[0; 24]), channels, Timestamp(0)),
    };
    assert!(encoder.encode(&frame, &mut packets).is_err(), "frames of another type must fail");
    let silence = TypedBuffer::zeroed(case.format.data_type(), 24);
    with_slice!(silence.as_slice(), data => {
        let more = encode_frame(encoder.as_mut(), case.format, data, channels + 1, 0, &mut packets);
        assert!(more.is_err(), "frames with another number of channels must fail");
    });
    assert!(packets.is_empty());
}
