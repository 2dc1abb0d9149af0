//! Encoding of whole streams, and reading of their frames.
#![allow(dead_code)] // each test uses what it needs

use reelwright_core::{
    AudioEncoder, ChannelLayout, Element, Packet, Result, SampleFormat, Timestamp,
};
use reelwright_enc_mp3::ENCODER;
use reelwright_testkit::decode::{DecodedAudio, decode};
use reelwright_testkit::encoding::{self, Encoded};
use reelwright_testkit::program::run;

/// Sample rates of Layer III.
pub(crate) const RATES: [u32; 9] =
    [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
/// Samples that a decoder outputs before those of the input.
pub(crate) const DELAY: usize = 1105;

pub(crate) fn layout(channels: usize) -> ChannelLayout {
    if channels == 1 { ChannelLayout::MONO } else { ChannelLayout::STEREO }
}

/// A stream to encode. `options` has the form `name=value name=value`, and may include `bit_rate`,
/// `qscale` and `compression_level`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) rate: u32,
    pub(crate) channels: usize,
    pub(crate) options: &'a str,
}

/// Result of encoding.
pub(crate) struct Stream {
    pub(crate) packets: Vec<Packet>,
    pub(crate) samples: usize,
    pub(crate) channels: usize,
    pub(crate) rate: u32,
}

impl<'a> Case<'a> {
    pub(crate) fn stereo(options: &'a str) -> Self {
        Self { rate: 44_100, channels: 2, options }
    }

    pub(crate) fn mono(options: &'a str) -> Self {
        Self { channels: 1, ..Self::stereo(options) }
    }

    pub(crate) fn open(&self, sample_format: SampleFormat) -> Result<Box<dyn AudioEncoder>> {
        self.in_format(sample_format).open()
    }

    fn in_format(&self, format: SampleFormat) -> encoding::Case<'a> {
        let Self { rate, channels, options } = *self;
        let layout = layout(channels);
        encoding::Case { format, rate, layout, options, ..encoding::Case::new(&ENCODER) }
    }

    /// Encodes interleaved samples and checks the times of the packets.
    pub(crate) fn encode<T: Element>(&self, samples: &[T]) -> Stream {
        let format = match SampleFormat::packed(T::DATA_TYPE) {
            SampleFormat::S16 => SampleFormat::S16p,
            SampleFormat::S32 => SampleFormat::S32p,
            _ => SampleFormat::Fltp,
        };
        let Encoded { parameters, packets } = self.in_format(format).encode(samples).unwrap();
        let stream = Stream {
            packets,
            samples: samples.len() / self.channels,
            channels: self.channels,
            rate: self.rate,
        };
        let frame_size = parameters.audio().and_then(|audio| audio.frame_size);
        stream.check_times(frame_size.unwrap());
        stream
    }
}

impl Stream {
    fn check_times(&self, size: usize) {
        let mut next = -(DELAY as i64);
        let (mut kept, mut trimmed) = (0, 0);
        for packet in &self.packets {
            assert_eq!((packet.pts, packet.dts), (Timestamp(next), Timestamp(next)));
            assert_eq!(packet.duration, size as i64);
            next += packet.duration;
            kept += packet.duration - i64::from(packet.trim_start) - i64::from(packet.trim_end);
            trimmed += packet.trim_start as usize;
        }
        if self.samples == 0 {
            assert!(self.packets.is_empty());
            return;
        }
        assert_eq!((kept as usize, trimmed), (self.samples, DELAY));
        // Many readers need this number of frames to detect the format. In short streams several
        // packets may have padding.
        assert!(self.packets.len() >= 4 && self.padding() + 529 < 4096);
        let (_, others) = self.packets.split_last().unwrap();
        assert!(others.len() == 3 || others.iter().all(|packet| packet.trim_end == 0));
    }

    /// Returns the number of padding samples at the end.
    fn padding(&self) -> u32 {
        self.packets.iter().map(|packet| packet.trim_end).sum()
    }

    /// Returns the frames without tags.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.packets.iter().flat_map(|packet| packet.data.iter().copied()).collect()
    }

    /// Returns the average bit rate at a sample rate in bit/s.
    pub(crate) fn bit_rate(&self, rate: u32) -> f64 {
        let samples: i64 = self.packets.iter().map(|packet| packet.duration).sum();
        self.bytes().len() as f64 * 8.0 * f64::from(rate) / samples as f64
    }

    /// Returns a file with an information frame, as a muxer writes it: with the number of frames
    /// and the samples to trim.
    pub(crate) fn file(&self) -> Vec<u8> {
        let mpeg1 = self.rate >= 32_000;
        let mut frame = self.packets[0].data[..4].to_vec();
        // The highest bit rate gives enough space. No padding.
        frame[2] = 14 << 4 | frame[2] & 0b1100;
        let size = if mpeg1 { 144 * 320_000 } else { 72 * 160_000 } / self.rate as usize;
        frame.resize(4 + [[9, 17], [17, 32]][usize::from(mpeg1)][self.channels - 1], 0);
        frame.extend(b"Info\0\0\0\x01");
        frame.extend((self.packets.len() as u32).to_be_bytes());
        frame.extend(b"LAME3.100\0\0");
        frame.extend([0; 10]);
        let padding = self.padding() + 529;
        frame.extend(&(576 << 12 | padding).to_be_bytes()[1..]);
        frame.extend([0; 10]);
        let crc = frame.iter().fold(0u16, |crc, &byte| {
            (0..8).fold(crc ^ u16::from(byte), |crc, _| {
                if crc & 1 == 1 { crc >> 1 ^ 0xA001 } else { crc >> 1 }
            })
        });
        frame.extend(crc.to_be_bytes());
        frame.resize(size, 0);
        [frame, self.bytes()].concat()
    }

    /// Decodes with symphonia, trimmed to the length of the input.
    pub(crate) fn decode(&self) -> Vec<f32> {
        let DecodedAudio { sample_rate, channels, samples } = decode::<f32>(self.file()).unwrap();
        assert_eq!((sample_rate, channels), (self.rate, self.channels));
        assert_eq!(samples.len(), self.samples * self.channels);
        samples
    }

    /// Decodes with ffmpeg and mpg123, if they are installed. Asserts that they report no errors
    /// and trim the output to the input's length. Returns ffmpeg's samples.
    pub(crate) fn decode_elsewhere(&self) -> Option<Vec<f32>> {
        let file = self.file();
        if let Some(samples) = run("mpg123", &["-q", "-e", "s16", "-s", "{}"], &file) {
            assert_eq!(samples.len(), self.samples * self.channels * 2);
        }
        let arguments = ["-v", "error", "-xerror", "-f", "mp3", "-i", "{}", "-f", "f32le", "-"];
        let raw = run("ffmpeg", &arguments, &file)?;
        assert_eq!(raw.len(), self.samples * self.channels * 4);
        Some(raw.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }
}
