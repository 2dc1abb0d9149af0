//! Encoding of whole streams, and checks that they are lossless.
#![allow(dead_code)] // each test uses what it needs

use reelwright_core::{
    AudioEncoder, AudioEncoderRequest, AudioFormat, ChannelLayout, CodecId, CodecRecord, Element,
    Options, PacketQueue, Result, SampleFormat, Timestamp, TypedSlice,
};
use reelwright_enc_flac::ENCODER;
use reelwright_testkit::decode::decode;
use reelwright_testkit::encoding::packed;
use reelwright_testkit::program::{ffmpeg_decode, run};

/// Opens an encoder with options given as `name=value name=value`.
pub(crate) fn open(
    sample_format: SampleFormat,
    channels: usize,
    sample_rate: u32,
    options: &str,
) -> Result<Box<dyn AudioEncoder>> {
    let request = AudioEncoderRequest::new(
        CodecId::Flac,
        AudioFormat {
            sample_format,
            sample_rate,
            layout: ChannelLayout::default_for(channels).unwrap(),
        },
    );
    let mut options: Options =
        options.split_whitespace().filter_map(|option| option.split_once('=')).collect();
    let encoder = ENCODER.open(&request, &mut options)?;
    options.finish(ENCODER.encoder.options)?;
    Ok(encoder)
}

/// A stream to encode.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) samples: TypedSlice<'a>,
    pub(crate) channels: usize,
    pub(crate) rate: u32,
    pub(crate) options: &'a str,
}

impl<'a> Case<'a> {
    /// Stereo at 44.1 kHz.
    pub(crate) fn stereo<T: Element>(samples: &'a [T], options: &'a str) -> Self {
        Self { samples: T::slice(samples), channels: 2, rate: 44_100, options }
    }

    /// Mono at 44.1 kHz.
    pub(crate) fn mono<T: Element>(samples: &'a [T], options: &'a str) -> Self {
        Self { channels: 1, ..Self::stereo(samples, options) }
    }

    /// Encodes to a FLAC file with only STREAMINFO, and checks the STREAMINFO.
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self.samples {
            TypedSlice::I16(samples) => self.encode_typed(samples),
            TypedSlice::I32(samples) => self.encode_typed(samples),
            _ => unreachable!("the encoder takes no other"),
        }
    }

    fn encode_typed<T: Element>(&self, samples: &[T]) -> Vec<u8> {
        let &Self { channels, rate, options, .. } = self;
        let mut encoder =
            open(SampleFormat::packed(T::DATA_TYPE), channels, rate, options).unwrap();
        let block = encoder.frame_size().unwrap();
        let (mut packets, mut frames) = (PacketQueue::new(), Vec::new());
        let (mut next, mut sizes) = (0, Vec::new());
        let mut chunks = samples.chunks(block * channels);
        loop {
            let chunk = chunks.next();
            match chunk {
                Some(chunk) => {
                    let frame = packed(T::slice(chunk), channels, Timestamp(7));
                    encoder.encode(&frame, &mut packets).unwrap();
                }
                None => encoder.finish(&mut packets).unwrap(),
            }
            while let Some(packet) = packets.pop() {
                assert_eq!((packet.pts, packet.dts), (Timestamp(7 + next), Timestamp(7 + next)));
                next += packet.duration;
                sizes.push(packet.data.len() as u32);
                frames.extend_from_slice(&packet.data);
                packets.recycle(packet);
            }
            if chunk.is_none() {
                break;
            }
        }
        assert_eq!(next as usize, samples.len() / channels);
        let CodecRecord::Flac(info) = &encoder.parameters().record else { panic!("no STREAMINFO") };
        assert_eq!(info.total_samples, next as u64);
        assert_eq!((info.min_block_size, info.max_block_size), (block as u16, block as u16));
        assert_eq!(info.min_frame_size, sizes.iter().copied().min().unwrap_or(0));
        assert_eq!(info.max_frame_size, sizes.iter().copied().max().unwrap_or(0));
        [b"fLaC\x80\0\0\x22", &info.to_bytes()[..], &frames].concat()
    }

    /// Returns the expected samples, in the high bits of an `i32`.
    fn expected(&self, bits: u32) -> Vec<i32> {
        let keep = |x: i32| x >> (32 - bits) << (32 - bits);
        match self.samples {
            TypedSlice::I16(samples) => samples.iter().map(|&x| keep(i32::from(x) << 16)).collect(),
            TypedSlice::I32(samples) => samples.iter().map(|&x| keep(x)).collect(),
            _ => unreachable!("the encoder takes no other"),
        }
    }

    /// Returns the bits per sample: those of the options, or the format's.
    fn bits(&self) -> u32 {
        let option = self.options.split_whitespace().find_map(|option| {
            option.strip_prefix("bits_per_raw_sample=").and_then(|bits| bits.parse().ok())
        });
        option.unwrap_or(if matches!(self.samples, TypedSlice::I16(_)) { 16 } else { 24 })
    }

    /// Asserts that symphonia decodes every sample and accepts the checksum.
    pub(crate) fn assert_lossless(&self) {
        let file = self.encode();
        let found = decode::<i32>(file).unwrap_or_else(|error| panic!("{}: {error}", self.name()));
        assert_eq!((found.sample_rate, found.channels), (self.rate, self.channels));
        self.assert_same(&found.samples);
    }

    /// Asserts the same for ffmpeg and the reference decoder, if they are installed.
    pub(crate) fn assert_lossless_with_programs(&self) {
        let (file, bits) = (self.encode(), self.bits());
        // ffmpeg before 6.1 does not support 32 bits, and no version supports odd depths.
        if [8, 12, 16, 20, 24].contains(&bits)
            && let Some(found) = ffmpeg_decode("flac", "s32le", &file)
        {
            let found: Vec<i32> =
                found.as_chunks().0.iter().map(|&bytes| i32::from_le_bytes(bytes)).collect();
            self.assert_same(&found);
        }
        if !bits.is_multiple_of(8) {
            // The program outputs only whole bytes; `-t` compares the checksum instead.
            run("flac", &["-ts", "{}"], &file);
            return;
        }
        let raw = ["-dcs", "--force-raw-format", "--endian=little", "--sign=signed", "{}"];
        if let Some(found) = run("flac", &raw, &file) {
            let width = bits as usize / 8;
            let sample = |bytes: &[u8]| {
                let mut all = [0; 4];
                all[4 - width..].copy_from_slice(bytes);
                i32::from_le_bytes(all)
            };
            let found: Vec<i32> = found.chunks(width).map(sample).collect();
            self.assert_same(&found);
        }
    }

    fn name(&self) -> String {
        let format = self.samples.data_type();
        format!("{} channels, {} Hz, {format}, {}", self.channels, self.rate, self.options)
    }

    fn assert_same(&self, found: &[i32]) {
        let expected = self.expected(self.bits());
        let same = found.iter().zip(&expected).take_while(|(a, b)| a == b).count();
        assert_eq!(
            (same, found.len()),
            (expected.len(), expected.len()),
            "{}: {:?} for {:?}",
            self.name(),
            found.get(same),
            expected.get(same)
        );
    }
}
