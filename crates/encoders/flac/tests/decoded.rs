//! What a decoder that nobody here wrote makes of the frames.

use std::io::Cursor;

use reelwright_core::{
    AudioEncoderRequest, AudioFrame, ChannelLayout, CodecConfig, CodecId, CodecRecord, Element,
    Options, PacketQueue, SampleFormat, Timestamp, TypedSlice,
};
use reelwright_enc_flac::ENCODER;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::{FormatOptions, TrackType, probe::Hint};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// Encodes interleaved samples; returns a FLAC file without any other metadata.
fn encode<T: Element>(samples: &[T], channels: usize, rate: u32, options: &str) -> Vec<u8> {
    let sample_format = SampleFormat::packed(T::DATA_TYPE);
    let request = AudioEncoderRequest {
        codec: CodecId::Flac,
        sample_format,
        sample_rate: rate,
        layout: ChannelLayout::default_for(channels).unwrap(),
        config: CodecConfig::default(),
    };
    let mut options: Options =
        options.split_whitespace().filter_map(|o| o.split_once('=')).collect();
    let mut encoder = (ENCODER.open)(&request, &mut options).unwrap();
    options.finish([]).unwrap();
    let block = encoder.frame_size().unwrap();
    let (mut packets, mut frames) = (PacketQueue::new(), Vec::new());
    for chunk in samples.chunks(block * channels) {
        let frame = AudioFrame::packed(T::slice(chunk), channels, Timestamp(0));
        encoder.encode(&frame, &mut packets).unwrap();
    }
    encoder.finish(&mut packets).unwrap();
    let mut next = 0;
    while let Some(packet) = packets.pop() {
        assert_eq!(packet.pts, Timestamp(next));
        next += packet.duration;
        frames.extend_from_slice(&packet.data);
        packets.recycle(packet);
    }
    assert_eq!(next as usize, samples.len() / channels);
    let CodecRecord::Flac(info) = &encoder.parameters().record else { panic!("no STREAMINFO") };
    assert_eq!(info.total_samples, next as u64);
    [b"fLaC\x80\0\0\x22", &info.to_bytes()[..], &frames].concat()
}

/// Decodes a FLAC file to samples at the top of 32 bits, checking its MD5.
fn decode(file: Vec<u8>) -> Vec<i32> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(file)), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), source, FormatOptions::default(), MetadataOptions::default())
        .unwrap();
    let track = format.default_track(TrackType::Audio).unwrap();
    let options = AudioDecoderOptions::default().verify(true);
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(track.codec_params.as_ref().unwrap().audio().unwrap(), &options)
        .unwrap();
    let (mut samples, mut block) = (Vec::new(), Vec::<i32>::new());
    while let Some(packet) = format.next_packet().unwrap() {
        let decoded = decoder.decode(&packet).unwrap();
        block.resize(decoded.samples_interleaved(), 0);
        decoded.copy_to_slice_interleaved(&mut block);
        samples.extend_from_slice(&block);
    }
    assert_eq!(decoder.finalize().verify_ok, Some(true), "the MD5 differs");
    samples
}

fn assert_lossless(samples: TypedSlice<'_>, channels: usize, rate: u32, bits: u32, options: &str) {
    let keep = |x: i32| x >> (32 - bits) << (32 - bits);
    let (file, expected): (_, Vec<i32>) = match samples {
        TypedSlice::I16(x) => (
            encode(x, channels, rate, options),
            x.iter().map(|x| keep(i32::from(*x) << 16)).collect(),
        ),
        TypedSlice::I32(x) => {
            (encode(x, channels, rate, options), x.iter().map(|x| keep(*x)).collect())
        }
        _ => unreachable!(),
    };
    let decoded = decode(file);
    let same = decoded.iter().zip(&expected).take_while(|(a, b)| a == b).count();
    assert_eq!(
        (same, decoded.len()),
        (expected.len(), expected.len()),
        "{channels} channels, {bits} bits, {options}: {:?} for {:?}",
        decoded.get(same),
        expected.get(same)
    );
}

/// A loud tone with harmonics and a little noise, different in each channel.
fn music(samples: usize, channels: usize) -> Vec<i16> {
    let mut noise = 1u32;
    (0..samples * channels)
        .map(|i| {
            let (t, channel) = ((i / channels) as f64, (i % channels) as f64);
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let tone = (t * 0.031 * (1.0 + channel / 7.0)).sin() * 9000.0
                + (t * 0.173).sin() * 4000.0 * (t / 30_000.0).sin();
            tone as i16 + (noise >> 25) as i16
        })
        .collect()
}

#[test]
fn every_level_is_lossless() {
    let samples = music(20_001, 2);
    for level in 0..=12 {
        let options = format!("compression_level={level}");
        assert_lossless(TypedSlice::I16(&samples), 2, 44_100, 16, &options);
    }
}
