//! Running an encoder over samples, and what every encoder must do.

use reelwright_core::{
    AudioEncoder, AudioEncoderInfo, AudioEncoderRequest, AudioFormat, AudioFrame, ChannelLayout,
    CodecConfig, DataType, Element, Options, Packet, PacketQueue, Result, SampleFormat,
    StreamParameters, Timestamp, TypedBuffer, TypedSlice, with_slice,
};

use crate::signal::{Noise, music_f32, music_i16, music_i32};

/// What an encoder is opened for.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The encoder.
    pub info: &'a AudioEncoderInfo,
    /// One of those it takes.
    pub format: SampleFormat,
    /// One of those it takes, in Hz.
    pub rate: u32,
    /// One of those it takes.
    pub layout: ChannelLayout,
    /// What all codecs can be told.
    pub config: CodecConfig,
    /// `name=value name=value`; those of `bit_rate`, `qscale` and `compression_level` are set in the
    /// configuration.
    pub options: &'a str,
}

/// What came of encoding.
pub struct Encoded {
    /// As they are at the end.
    pub parameters: StreamParameters,
    /// In order.
    pub packets: Vec<Packet>,
}

impl Encoded {
    /// All packets' bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.packets.iter().flat_map(|packet| packet.data.clone()).collect()
    }

    /// How many samples of each channel are heard.
    pub fn heard(&self) -> i64 {
        let heard = |p: &Packet| p.duration - i64::from(p.trim_start) - i64::from(p.trim_end);
        self.packets.iter().map(heard).sum()
    }
}

impl<'a> Case<'a> {
    /// Stereo at 48 kHz, or what the encoder takes that is nearest, in its first format.
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

    /// The encoder, open.
    ///
    /// # Errors
    /// The encoder's, or an option that it does not know.
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

    /// Encodes interleaved samples, in frames of the encoder's size, or of `frames` where it takes
    /// any.
    ///
    /// # Errors
    /// The encoder's.
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

    /// As [`encode_in`](Self::encode_in), a thousand samples at a time.
    ///
    /// # Errors
    /// The encoder's.
    pub fn encode<T: Element>(&self, samples: &[T]) -> Result<Encoded> {
        self.encode_in(samples, 1000)
    }

    /// Encodes so many samples of music.
    ///
    /// # Errors
    /// The encoder's.
    pub fn encode_music(&self, samples: usize) -> Result<Encoded> {
        let music = music(self.format.data_type(), samples, self.layout.channels());
        with_slice!(music.as_slice(), samples => self.encode(samples))
    }
}

/// Interleaved music of a type.
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

/// A frame of interleaved samples.
///
/// # Panics
/// If there is no layout of so many channels, or the last sample is not whole.
pub fn packed(samples: TypedSlice<'_>, channels: usize, pts: Timestamp) -> AudioFrame {
    let sample_format = SampleFormat::packed(samples.data_type());
    frame(sample_format, samples, channels, pts)
}

/// A frame of one plane per channel, which follow each other.
///
/// # Panics
/// If there is no layout of so many channels, or the planes have different lengths.
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

/// What every encoder must do, in each of its formats, in some of its rates and layouts: every
/// sample is heard once, packets follow one another from -delay on, and nothing makes it panic.
///
/// # Panics
/// Where it does not.
pub fn keeps_the_promises(info: &AudioEncoderInfo) {
    for &format in info.sample_formats {
        for rate in [8000, 16_000, 44_100, 48_000].map(|rate| info.sample_rates.nearest(rate)) {
            for channels in [1, 2, 6] {
                let usual = ChannelLayout::default_for(channels).unwrap();
                let layout = info.layouts.nearest(usual).unwrap();
                let case = Case { format, rate, layout, ..Case::new(info) };
                every_sample_is_heard(&case);
                the_delay_is_kept(&case);
                hostile_samples_do_no_harm(&case);
            }
        }
        other_frames_are_refused(&Case { format, ..Case::new(info) });
    }
}

fn every_sample_is_heard(case: &Case<'_>) {
    let name = case.info.encoder.name;
    let size = case.open().unwrap().frame_size().unwrap_or(1000);
    for samples in [0, 1, 2, size - 1, size, size + 1, 3 * size + 7] {
        let encoded = case.encode_music(samples).unwrap();
        if samples == 0 {
            assert!(encoded.packets.is_empty(), "{name}: a packet of nothing");
            continue;
        }
        // Opus counts at another rate.
        let clock = encoded.parameters.audio().unwrap().format.sample_rate;
        let heard = samples as i64 * i64::from(clock) / i64::from(case.rate);
        assert_eq!(encoded.heard(), heard, "{name} {samples}");
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

/// Packets come at the same calls each time, and no more samples wait than the encoder says.
///
/// # Panics
/// If the encoder breaks this promise.
pub fn the_delay_is_kept(case: &Case<'_>) {
    let name = case.info.encoder.name;
    let channels = case.layout.channels();
    let releases = |pauses: bool| {
        let mut encoder = case.open().unwrap();
        let size = encoder.frame_size().unwrap_or(1000);
        let clock = i64::from(encoder.parameters().audio().unwrap().format.sample_rate);
        let mut queue = PacketQueue::new();
        let music = music(case.format.data_type(), size, channels);
        let (mut counts, mut most_held) = (Vec::new(), 0);
        for index in 0..40 {
            let at = (index * size) as i64;
            with_slice!(music.as_slice(), samples => {
                encode_frame(encoder.as_mut(), case.format, samples, channels, at, &mut queue)
            })
            .unwrap();
            let end = queue.back().map_or(0, |last| last.pts.0 + last.duration).max(0);
            let held = at + size as i64 - end * i64::from(case.rate) / clock;
            most_held = most_held.max(held);
            counts.push(queue.len());
            if pauses && index % 9 == 0 {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        }
        let most = encoder.max_delay() as i64;
        assert!(
            most_held <= most,
            "{name} {} {} holds {most_held} samples, and says at most {most}",
            case.rate,
            case.layout
        );
        counts
    };
    assert_eq!(releases(false), releases(true), "{name}");
}

fn hostile_samples_do_no_harm(case: &Case<'_>) {
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

fn other_frames_are_refused(case: &Case<'_>) {
    let mut encoder = case.open().unwrap();
    let mut packets = PacketQueue::new();
    let channels = case.layout.channels();
    let frame = match case.format.data_type() {
        DataType::U8 => packed(TypedSlice::I16(&[0; 24]), channels, Timestamp(0)),
        _ => packed(TypedSlice::U8(&[0; 24]), channels, Timestamp(0)),
    };
    assert!(encoder.encode(&frame, &mut packets).is_err(), "another type");
    let silence = TypedBuffer::zeroed(case.format.data_type(), 24);
    with_slice!(silence.as_slice(), data => {
        let more = encode_frame(encoder.as_mut(), case.format, data, channels + 1, 0, &mut packets);
        assert!(more.is_err(), "another number of channels");
    });
    assert!(packets.is_empty());
}
