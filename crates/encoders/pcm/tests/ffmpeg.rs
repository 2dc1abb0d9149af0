//! Comparison with the output of the `ffmpeg` program, if it is installed.

use std::process::Command;

use reelwright_core::{
    AudioEncoderRequest, AudioFormat, ChannelLayout, CodecId, Options, PacketQueue, SampleFormat,
    Timestamp, TypedBuffer,
};
use reelwright_enc_pcm::ENCODERS;
use reelwright_testkit::encoding::packed;

/// Returns ffmpeg's output as `codec` for one channel of samples in the raw format `from`.
fn ffmpeg(from: &str, samples: &[u8], codec: CodecId) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.raw"), folder.path().join("out.raw"));
    std::fs::write(&input, samples).unwrap();
    let ran = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-ar", "8000", "-ac", "1", "-f", from, "-i"])
        .arg(&input)
        .args(["-c:a", codec.name(), "-f", "data", "-map", "0:a"])
        .arg(&output)
        .output();
    let Ok(ran) = ran else {
        reelwright_testkit::program::missing("ffmpeg");
        return None;
    };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(std::fs::read(&output).unwrap())
}

fn ours(codec: CodecId, samples: &TypedBuffer) -> Vec<u8> {
    let info = ENCODERS.iter().find(|info| info.encoder.codec == codec).unwrap();
    let request = AudioEncoderRequest::new(
        codec,
        AudioFormat {
            sample_format: SampleFormat::packed(samples.data_type()),
            sample_rate: 8000,
            layout: ChannelLayout::MONO,
        },
    );
    let mut encoder = info.open(&request, &mut Options::new()).unwrap();
    let mut packets = PacketQueue::new();
    let frame = packed(samples.as_slice(), 1, Timestamp(0));
    encoder.encode(&frame, &mut packets).unwrap();
    packets.pop().unwrap().data
}

#[test]
fn bytes_equal_those_of_ffmpeg() {
    use CodecId as C;
    let s8: Vec<u8> = (0..=255).collect();
    let s16: Vec<i16> = (i16::MIN..=i16::MAX).collect();
    // Steps that cover every value of every byte.
    let s32: Vec<i32> = (0..100_000u32).map(|i| i.wrapping_mul(0x9e37_79b9) as i32).collect();
    let f32s: Vec<f32> = s32.iter().map(|v| *v as f32 / 1e9).collect();
    let f64s: Vec<f64> = s32.iter().map(|v| f64::from(*v) / 7e8).collect();
    let cases: [(&str, Vec<u8>, TypedBuffer, &[CodecId]); 5] = [
        ("u8", s8.clone(), TypedBuffer::U8(s8), &[C::PcmU8, C::PcmS8]),
        (
            "s16le",
            s16.iter().flat_map(|v| v.to_le_bytes()).collect(),
            TypedBuffer::I16(s16),
            &[C::PcmS16Le, C::PcmS16Be, C::PcmALaw, C::PcmMuLaw],
        ),
        (
            "s32le",
            s32.iter().flat_map(|v| v.to_le_bytes()).collect(),
            TypedBuffer::I32(s32),
            &[C::PcmS24Le, C::PcmS24Be, C::PcmS32Le, C::PcmS32Be],
        ),
        (
            "f32le",
            f32s.iter().flat_map(|v| v.to_le_bytes()).collect(),
            TypedBuffer::F32(f32s),
            &[C::PcmF32Le, C::PcmF32Be],
        ),
        (
            "f64le",
            f64s.iter().flat_map(|v| v.to_le_bytes()).collect(),
            TypedBuffer::F64(f64s),
            &[C::PcmF64Le, C::PcmF64Be],
        ),
    ];
    for (name, raw, samples, codecs) in &cases {
        for codec in *codecs {
            let Some(expected) = ffmpeg(name, raw, *codec) else { return };
            assert!(ours(*codec, samples) == expected, "{codec}");
        }
    }
}

/// ffmpeg has no raw format of 64-bit integers for its input, so the test widens 32-bit ones.
#[test]
fn s64_equals_that_of_ffmpeg() {
    let s32: Vec<i32> = (0..100_000u32).map(|i| i.wrapping_mul(0x9e37_79b9) as i32).collect();
    let raw: Vec<u8> = s32.iter().flat_map(|v| v.to_le_bytes()).collect();
    let wide = TypedBuffer::I64(s32.iter().map(|v| i64::from(*v) << 32).collect());
    for codec in [CodecId::PcmS64Le, CodecId::PcmS64Be] {
        let Some(expected) = ffmpeg("s32le", &raw, codec) else { return };
        assert!(ours(codec, &wide) == expected, "{codec}");
    }
}
