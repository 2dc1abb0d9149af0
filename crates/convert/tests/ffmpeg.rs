//! Tests that conversions return the same samples as the `ffmpeg` program. Skipped if ffmpeg is not
//! installed.

mod common;

use std::process::Command;

use common::{Lcg, bytes, convert, interesting, view};
use reelwright_core::{ChannelLayout, DataType, SampleFormat, TypedBuffer};

const TYPES: [DataType; 6] =
    [DataType::U8, DataType::I16, DataType::I32, DataType::I64, DataType::F32, DataType::F64];

/// Returns the codec of raw samples of a type.
fn codec(data_type: DataType) -> &'static str {
    match data_type {
        DataType::U8 => "pcm_u8",
        DataType::U16 => unreachable!("no audio"),
        DataType::I16 => "pcm_s16le",
        DataType::I32 => "pcm_s32le",
        DataType::I64 => "pcm_s64le",
        DataType::F32 => "pcm_f32le",
        DataType::F64 => "pcm_f64le",
    }
}

/// Returns a WAV file with the samples, which states their type and the channel positions.
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

/// Converts `samples` with ffmpeg to several outputs with a type and arguments each. Returns `None`
/// without ffmpeg.
fn ffmpeg(
    samples: &TypedBuffer,
    layout: ChannelLayout,
    machine: &[&str],
    outputs: &[(DataType, Vec<String>)],
) -> Option<Vec<TypedBuffer>> {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.wav");
    std::fs::write(&input, wav(samples, layout)).unwrap();
    let path = |index: usize| folder.path().join(format!("{index}.raw"));
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error"]).args(machine).arg("-i").arg(&input);
    for (index, (to, arguments)) in outputs.iter().enumerate() {
        command.args(["-map", "0:a", "-f", "data", "-c:a", codec(*to)]).args(arguments);
        command.arg(path(index));
    }
    let Ok(ran) = command.output() else {
        reelwright_testkit::program::missing("ffmpeg");
        return None;
    };
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let read = |(index, output): (usize, &(DataType, _))| {
        common::from_bytes(output.0, &std::fs::read(path(index)).unwrap())
    };
    Some(outputs.iter().enumerate().map(read).collect())
}

/// Returns whether ffmpeg's conversion of the float overflows with a machine-dependent result: the
/// value exceeds its intermediate integer type, or is NaN.
fn overflows(value: f64, to: DataType) -> bool {
    let limit = match to {
        DataType::U8 => 2f64.powi(31 - 7),
        DataType::U16 => unreachable!("no audio"),
        DataType::I16 => 2f64.powi(31 - 15),
        DataType::I32 => 2f64.powi(63 - 31),
        DataType::I64 => 1.0,
        DataType::F32 | DataType::F64 => return false,
    };
    value.is_nan() || value.abs() >= limit
}

#[test]
fn every_pair_of_types_equals_ffmpeg() {
    let mono = ChannelLayout::MONO;
    let outputs = TYPES.map(|to| (to, Vec::new()));
    for from in TYPES {
        let samples = interesting(from);
        // With and without this machine's vector instructions.
        for machine in [&[][..], &["-cpuflags", "0"]] {
            let Some(theirs) = ffmpeg(&samples, mono, machine, &outputs) else { return };
            for (to, theirs) in TYPES.into_iter().zip(theirs) {
                let ours = convert(&view(&samples, 1), mono, SampleFormat::packed(to), mono);
                assert_eq!(ours.len(), theirs.len());
                for i in 0..samples.len() {
                    let value = common::at(&samples, i);
                    if !from.is_integer() && overflows(value, to) {
                        continue;
                    }
                    assert!(
                        common::bits(&ours, i) == common::bits(&theirs, i),
                        "{from} {value:e} to {to}: {} instead of {}",
                        common::at(&ours, i),
                        common::at(&theirs, i)
                    );
                }
            }
        }
    }
}

const LAYOUTS: [&str; 26] = [
    "mono",
    "stereo",
    "2.1",
    "3.0",
    "3.0(back)",
    "4.0",
    "quad",
    "quad(side)",
    "3.1",
    "5.0",
    "5.0(side)",
    "4.1",
    "5.1",
    "5.1(side)",
    "6.0",
    "6.0(front)",
    "hexagonal",
    "6.1",
    "6.1(back)",
    "6.1(front)",
    "7.0",
    "7.0(front)",
    "7.1",
    "7.1(wide)",
    "7.1(wide-side)",
    "octagonal",
];

/// Compares every pair of layouts, within `tolerance`.
fn remix(from: DataType, to: DataType, tolerance: f64) {
    let mixed_in = if from == DataType::F64 { "dblp" } else { "fltp" };
    let outputs = LAYOUTS.map(|to_layout| {
        let filter = format!("aformat=channel_layouts={to_layout}");
        (to, ["-internal_sample_fmt", mixed_in, "-af", &filter].map(str::to_owned).to_vec())
    });
    let mut random = Lcg(3);
    let samples: Vec<f64> = (0..8 * 600).map(|_| random.number()).collect();
    for from_layout in LAYOUTS {
        let from_layout: ChannelLayout = from_layout.parse().unwrap();
        let samples = &samples[..600 * from_layout.channels()];
        let samples = match from {
            DataType::I16 => {
                TypedBuffer::I16(samples.iter().map(|v| (v * 32767.0) as i16).collect())
            }
            DataType::I32 => {
                TypedBuffer::I32(samples.iter().map(|v| (v * 2147483647.0) as i32).collect())
            }
            DataType::F32 => TypedBuffer::F32(samples.iter().map(|v| *v as f32).collect()),
            _ => TypedBuffer::F64(samples.to_vec()),
        };
        let Some(theirs) = ffmpeg(&samples, from_layout, &[], &outputs) else { return };
        for (to_layout, theirs) in LAYOUTS.into_iter().zip(theirs) {
            let to_layout: ChannelLayout = to_layout.parse().unwrap();
            let chunk = view(&samples, from_layout.channels());
            let ours = convert(&chunk, from_layout, SampleFormat::packed(to), to_layout);
            assert_eq!(ours.len(), theirs.len());
            for i in 0..ours.len() {
                let (ours, theirs) = (common::at(&ours, i), common::at(&theirs, i));
                assert!(
                    (ours - theirs).abs() <= tolerance,
                    "{from_layout} to {to_layout}, channel {}: {ours} instead of {theirs}",
                    i % to_layout.channels()
                );
            }
        }
    }
}

#[test]
fn every_pair_of_layouts_in_floats_equals_ffmpeg() {
    remix(DataType::F32, DataType::F32, 1e-6);
    // FFmpeg's gains have single precision in both.
    remix(DataType::F64, DataType::F64, 1e-6);
}

#[test]
fn every_pair_of_layouts_in_integers_equals_ffmpeg() {
    remix(DataType::F32, DataType::I16, 1.0);
    remix(DataType::I32, DataType::I16, 1.0);
}

/// Allows for FFmpeg's error: from `s16` to `s16`, FFmpeg mixes integers with 15-bit gains by
/// default, with an error of up to half an LSB for each channel of a sum.
#[test]
fn every_pair_of_layouts_from_s16_to_s16_is_close_to_ffmpeg() {
    remix(DataType::I16, DataType::I16, 1.0);
}
