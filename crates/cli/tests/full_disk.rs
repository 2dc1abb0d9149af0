//! Tests that a full disk leaves a playable file. A file size limit simulates the disk.

#![cfg(unix)]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::{PROGRAM, encode};
use reelwright_testkit::parallel;

/// Encodes while files are limited to `blocks` of 512 bytes. Returns the exit code.
fn encode_limited(folder: &Path, blocks: usize, args: &[&str]) -> Option<i32> {
    // The signal would end the process; a full disk is an error.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let run = Command::new("sh")
        .current_dir(folder)
        .args(["-c", &script, PROGRAM, "encode", "-y"])
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    run.unwrap().code()
}

#[test]
fn file_on_a_full_disk_is_playable() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path();
    let samples =
        (0..480_000u32).flat_map(|i| ((i.wrapping_mul(2_654_435_761) >> 18) as i16).to_le_bytes());
    fs::write(folder.join("in.raw"), samples.collect::<Vec<u8>>()).unwrap();
    let raw = ["--input-format", "s16le", "--input-sample-rate", "48000", "--input-channels", "1"];
    let audio =
        ["wav", "w64", "aiff", "au", "caf", "flac", "ogg", "mp3", "aac", "mp4", "mov", "frag.mp4"];
    let video = ["ivf", "y4m", "mjpeg", "h264", "obu", "mp4"];
    let source = |name: &str| {
        // An uncompressed frame must fit.
        let size = if name == "y4m" { "64x48" } else { "160x120" };
        format!("testsrc=size={size}:rate=25:duration=4")
    };
    let cut = AtomicUsize::new(0);
    parallel::for_each(audio.iter().chain(&video).enumerate(), |(index, name)| {
        let is_audio = index < audio.len();
        let source = source(name);
        for blocks in [41, 83, 120] {
            let file = format!("out{index}_{blocks}.{name}");
            let mut args = if is_audio { vec!["in.raw"] } else { vec![&source[..]] };
            args.extend(["-o", &file]);
            if is_audio {
                args.extend(raw);
            }
            if matches!(*name, "mp3" | "aac" | "frag.mp4") {
                args.extend(["--bit-rate", "128000"]);
            }
            if *name == "frag.mp4" {
                args.extend(["--muxer-option", "movflags=frag_keyframe"]);
            }
            let code = encode_limited(folder, blocks, &args);
            if code == Some(0) {
                // The file fits.
                continue;
            }
            assert_eq!(code, Some(1), "{file}");
            let read = format!("{file}.read.{}", if is_audio { "wav" } else { "y4m" });
            let mut args = vec![&file[..], "-o", &read];
            if matches!(*name, "mjpeg" | "h264" | "obu") {
                args.extend(["--frame-rate", "25"]);
            }
            let (code, summary, message) = encode(folder, &args);
            assert_eq!(code, 0, "{file}: {message}");
            assert_eq!(summary["complete"], true, "{file}: {message}");
            let duration = summary["streams"][0]["duration"].as_f64().unwrap();
            eprintln!("{file}: {duration} s");
            assert!(duration > 0.03, "{file}: {duration} s");
            cut.fetch_add(1, Relaxed);
        }
    });
    let cut = cut.into_inner();
    assert!(cut > 30, "{cut}");
}

#[test]
fn incomplete_image_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path();
    let args = ["testsrc=size=320x240:rate=25:duration=0.2", "-o", "out_%d.bmp"];
    assert_eq!(encode_limited(folder, 41, &args), Some(1));
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}
