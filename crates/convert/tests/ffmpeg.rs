//! The same samples as the `ffmpeg` program converts to. Skipped where there is no such program.

mod common;

use std::process::Command;

use common::{Lcg, bytes, convert, interesting, view};
use reelwright_core::{ChannelLayout, DataType, SampleFormat, TypedBuffer};

const TYPES: [DataType; 6] =
    [DataType::U8, DataType::I16, DataType::I32, DataType::I64, DataType::F32, DataType::F64];

/// The codec of raw samples of a type.
fn codec(data_type: DataType) -> &'static str {
    match data_type {
        DataType::U8 => "pcm_u8",
        DataType::I16 => "pcm_s16le",
        DataType::I32 => "pcm_s32le",
        DataType::I64 => "pcm_s64le",
        DataType::F32 => "pcm_f32le",
        DataType::F64 => "pcm_f64le",
    }
}

/// A WAV file with the samples: a form that tells ffmpeg their type and the channels' positions.
fn wav(samples: &TypedBuffer, layout: ChannelLayout) -> Vec<u8> {
    let data = bytes(samples);
    let (channels, sample_bytes) = (layout.channels(), samples.data_type().bytes());
    let tag = if samples.data_type().is_integer() { 1 } else { 3u16 };
    let mut fmt = Vec::new();
    fmt.extend(0xfffeu16.to_le_bytes());
    fmt.extend((channels as u16).to_le_bytes());
    fmt.extend(48_000u32.to_le_bytes());
    fmt.extend((48_000 * (channels * sample_bytes) as u32).to_le_bytes());
    fmt.extend(((channels * sample_bytes) as u16).to_le_bytes());
    fmt.extend((8 * sample_bytes as u16).to_le_bytes());
    fmt.extend(22u16.to_le_bytes());
    fmt.extend((8 * sample_bytes as u16).to_le_bytes());
    fmt.extend(layout.mask().unwrap().to_le_bytes());
    fmt.extend(tag.to_le_bytes());
    fmt.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((4 + 8 + fmt.len() as u32 + 8 + data.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend((fmt.len() as u32).to_le_bytes());
    file.extend(fmt);
    file.extend(b"data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}

/// What ffmpeg makes of `samples`; `None` where there is no ffmpeg.
fn ffmpeg(
    samples: &TypedBuffer,
    layout: ChannelLayout,
    to: DataType,
    arguments: &[&str],
) -> Option<TypedBuffer> {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.wav"), folder.path().join("out.raw"));
    std::fs::write(&input, wav(samples, layout)).unwrap();
    let ran = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error"])
        .args(if arguments.contains(&"-cpuflags") { &["-cpuflags", "0"][..] } else { &[] })
        .arg("-i")
        .arg(&input)
        .args(arguments.iter().filter(|a| **a != "-cpuflags"))
        .args(["-c:a", codec(to), "-f", "data", "-map", "0:a"])
        .arg(&output)
        .output();
    let Ok(ran) = ran else {
        eprintln!("skipped: no ffmpeg");
        return None;
    };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Some(common::from_bytes(to, &std::fs::read(&output).unwrap()))
}

/// Whether ffmpeg's own conversion of the float overflows, with a result that depends on the
/// machine: where an integer of the size it goes through cannot hold it, and where it is not a
/// number.
fn overflows(value: f64, to: DataType) -> bool {
    match to {
        DataType::U8 => !(value.abs() * 128.0 < 2147483648.0),
        DataType::I16 => !(value.abs() * 32768.0 < 2147483648.0),
        DataType::I32 => !(value.abs() * 2147483648.0 < 9223372036854775808.0),
        DataType::I64 => !(value.abs() < 1.0),
        DataType::F32 | DataType::F64 => false,
    }
}

#[test]
fn every_pair_of_types() {
    for from in TYPES {
        let samples = interesting(from);
        for to in TYPES {
            let ours = convert(&view(&samples, 1), ChannelLayout::MONO, SampleFormat::packed(to), ChannelLayout::MONO);
            for machine in [&["-cpuflags"][..], &[]] {
                let Some(theirs) = ffmpeg(&samples, ChannelLayout::MONO, to, machine) else { return };
                assert_eq!(ours.len(), theirs.len());
                let mut bad=0;
                for i in 0..samples.len() {
                    let value = common::at(&samples, i);
                    if !from.is_integer() && overflows(value, to) {
                        continue;
                    }
                    if common::bits(&ours, i) != common::bits(&theirs, i) {
                        bad+=1; if bad<6 {
                        eprintln!("{from} to {to} {machine:?}: {value:e} ours {} theirs {}", common::at(&ours, i), common::at(&theirs, i)); }
                    }
                }
            }
        }
    }
}
