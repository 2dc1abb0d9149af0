//! Bytes of every codec, and their description in packets and parameters.

use md5::{Digest, Md5};
use reelwright_core::{
    AudioEncoder, AudioEncoderInfo, AudioEncoderRequest, AudioFormat, AudioParameters,
    ChannelLayout, CodecId, CodecRecord, Element, ErrorKind, MediaParameters, Options, PacketQueue,
    SampleFormat, TimeBase, Timestamp, TypedSlice,
};
use reelwright_enc_pcm::ENCODERS;
use reelwright_testkit::encoding::{packed, planar};

fn info(codec: CodecId) -> &'static AudioEncoderInfo {
    ENCODERS.iter().find(|info| info.encoder.codec == codec).unwrap()
}

fn request(codec: CodecId, sample_rate: u32, channels: usize) -> AudioEncoderRequest {
    AudioEncoderRequest::new(
        codec,
        AudioFormat {
            sample_format: info(codec).sample_formats[0],
            sample_rate,
            layout: ChannelLayout::unspecified(channels).unwrap(),
        },
    )
}

fn open(codec: CodecId, sample_rate: u32, channels: usize) -> Box<dyn AudioEncoder> {
    let request = request(codec, sample_rate, channels);
    info(codec).open(&request, &mut Options::new()).unwrap()
}

fn encode(codec: CodecId, samples: TypedSlice<'_>) -> Vec<u8> {
    let mut encoder = open(codec, 8000, 1);
    let mut packets = PacketQueue::new();
    encoder.encode(&packed(samples, 1, Timestamp(0)), &mut packets).unwrap();
    encoder.finish(&mut packets).unwrap();
    assert_eq!(packets.len(), 1);
    packets.pop().unwrap().data
}

#[test]
fn integers_in_both_byte_orders() {
    let s16 = i16::slice(&[0x1234, -2]);
    assert_eq!(encode(CodecId::PcmS16Le, s16), [0x34, 0x12, 0xfe, 0xff]);
    assert_eq!(encode(CodecId::PcmS16Be, s16), [0x12, 0x34, 0xff, 0xfe]);
    let s32 = i32::slice(&[0x1234_5678, -2]);
    assert_eq!(encode(CodecId::PcmS32Le, s32), [0x78, 0x56, 0x34, 0x12, 0xfe, 0xff, 0xff, 0xff]);
    assert_eq!(encode(CodecId::PcmS32Be, s32), [0x12, 0x34, 0x56, 0x78, 0xff, 0xff, 0xff, 0xfe]);
    let s64 = i64::slice(&[0x0102_0304_0506_0708]);
    assert_eq!(encode(CodecId::PcmS64Le, s64), [8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(encode(CodecId::PcmS64Be, s64), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn s24_is_the_upper_24_bits() {
    let s32 = i32::slice(&[0x1234_56ff, -1, -256, i32::MIN]);
    let big = encode(CodecId::PcmS24Be, s32);
    assert_eq!(big, [0x12, 0x34, 0x56, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0]);
    let little = encode(CodecId::PcmS24Le, s32);
    let swapped: Vec<u8> = big.chunks(3).flat_map(|v| [v[2], v[1], v[0]]).collect();
    assert_eq!(little, swapped);
}

#[test]
fn bytes_are_unsigned_or_signed() {
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(encode(CodecId::PcmU8, u8::slice(&all)), all);
    let signed: Vec<u8> = (-128..=127i8).map(|v| v as u8).collect();
    assert_eq!(encode(CodecId::PcmS8, u8::slice(&all)), signed);
}

#[test]
fn floats_keep_every_bit() {
    // A NaN with a payload, which float formats preserve.
    let f32s = [1.0, -0.0, f32::INFINITY, f32::from_bits(0x7fc0_1234), f32::MIN_POSITIVE / 2.0];
    let big = encode(CodecId::PcmF32Be, f32::slice(&f32s));
    assert_eq!(big[..16], [0x3f, 0x80, 0, 0, 0x80, 0, 0, 0, 0x7f, 0x80, 0, 0, 0x7f, 0xc0, 18, 52]);
    let little = encode(CodecId::PcmF32Le, f32::slice(&f32s));
    assert!(little.chunks(4).zip(big.chunks(4)).all(|(l, b)| l.iter().eq(b.iter().rev())));
    let f64s = [1.0, -2.5, f64::NEG_INFINITY];
    let big = encode(CodecId::PcmF64Be, f64::slice(&f64s));
    assert_eq!(big[..10], [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 0x04]);
    let little = encode(CodecId::PcmF64Le, f64::slice(&f64s));
    assert!(little.chunks(8).zip(big.chunks(8)).all(|(l, b)| l.iter().eq(b.iter().rev())));
}

/// Compares with the MD5 of FFmpeg 5.1's output for all samples from -32768 to 32767.
#[test]
fn g711_equals_that_of_ffmpeg_for_every_sample() {
    let all: Vec<i16> = (i16::MIN..=i16::MAX).collect();
    for (codec, md5) in [
        (CodecId::PcmALaw, "9dea5df4ae95cf62dd2ee3be3c75e832"),
        (CodecId::PcmMuLaw, "cba88ef68ff84b50d7e42e290a218ea7"),
    ] {
        let bytes = encode(codec, i16::slice(&all));
        let found: String = Md5::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(found, md5, "{codec}");
    }
}

#[test]
fn parameters_describe_the_bytes() {
    for info in ENCODERS {
        let codec = info.encoder.codec;
        let bytes = codec.bytes_per_sample().unwrap();
        let encoder = open(codec, 44_100, 6);
        let parameters = encoder.parameters();
        assert_eq!(parameters.codec, codec);
        assert_eq!(parameters.record, CodecRecord::None);
        assert_eq!(parameters.time_base, TimeBase::from_sample_rate(44_100).unwrap());
        assert_eq!(parameters.bit_rate, Some(44_100 * 6 * 8 * bytes as u64));
        assert_eq!(
            parameters.media,
            MediaParameters::Audio(
                AudioParameters::new(AudioFormat {
                    sample_rate: 44_100,
                    layout: ChannelLayout::unspecified(6).unwrap(),
                    sample_format: info.sample_formats[0]
                })
                .bits_per_sample(8 * bytes as u32)
            )
        );
        assert_eq!(encoder.frame_size(), None);
        assert_eq!(info.encoder.name, codec.name());
    }
}

#[test]
fn the_largest_stream_can_be_described() {
    let encoder = open(CodecId::PcmF64Le, i32::MAX as u32, 65_535);
    assert_eq!(encoder.parameters().bit_rate, Some(i32::MAX as u64 * 65_535 * 64));
}

#[test]
fn packets_follow_the_frames() {
    let mut encoder = open(CodecId::PcmS16Le, 48_000, 2);
    let mut packets = PacketQueue::new();
    let data: Vec<i16> = (0..2 * 3000).collect();
    let frames = [(0, 1), (1, 0), (1, 1030), (1031, 1969)];
    for (start, samples) in frames {
        let part = i16::slice(&data[2 * start..2 * (start + samples)]);
        let frame = packed(part, 2, Timestamp(7 + start as i64));
        encoder.encode(&frame, &mut packets).unwrap();
    }
    encoder.finish(&mut packets).unwrap();
    let mut bytes = Vec::new();
    // A frame without samples makes no packet.
    for (start, samples) in [frames[0], frames[2], frames[3]] {
        let packet = packets.pop().unwrap();
        assert_eq!((packet.pts, packet.dts), (Timestamp(7 + start as i64), packet.pts));
        assert_eq!((packet.duration, packet.keyframe), (samples as i64, true));
        assert_eq!((packet.trim_start, packet.trim_end), (0, 0));
        bytes.extend(packet.data);
    }
    assert!(packets.is_empty());
    let expected: Vec<u8> = data.iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(bytes, expected);
}

#[test]
fn rejects_frames_that_do_not_fit() {
    let mut encoder = open(CodecId::PcmS16Le, 48_000, 2);
    let mut packets = PacketQueue::new();
    let at = Timestamp(0);
    for (frame, found) in [
        (packed(i16::slice(&[0; 6]), 3, at), "s16 with 3"),
        (packed(i32::slice(&[0; 6]), 2, at), "s32 with 2"),
        (planar(i16::slice(&[0; 6]), 2, at), "s16p with 2"),
    ] {
        let error = encoder.encode(&frame, &mut packets).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Chunk);
        assert_eq!(
            error.to_string(),
            format!("Expected s16 frames with 2 channels. Found {found}")
        );
    }
    assert!(packets.is_empty());
}

#[test]
fn unsupported_formats_and_codecs_are_errors() {
    let info = info(CodecId::PcmS24Le);
    let wrong_format = request(CodecId::PcmS24Le, 8, 1).format(AudioFormat {
        sample_format: SampleFormat::S16,
        ..request(CodecId::PcmS24Le, 8, 1).format
    });
    let message = info.open(&wrong_format, &mut Options::new()).err().unwrap().to_string();
    assert_eq!(message, "pcm_s24le does not support s16 format. Supported values are; s32");
    let wrong_codec = request(CodecId::PcmU8, 8, 1).codec(CodecId::Flac);
    assert!(info.open(&wrong_codec, &mut Options::new()).is_err());
}
