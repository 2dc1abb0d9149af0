//! `--copy` keeps packets, timestamps and flags of the input, in every layout of MP4.

mod common;

use std::path::Path;

use common::{asset, encode, ffmpeg, foreign, run, stderr};

const LAYOUTS: &[&str] = &[
    "progressive",
    "faststart",
    "hybrid_fragmented",
    "frag_keyframe",
    "frag_every_frame",
    "frag_keyframe+dash",
];

/// Returns ffprobe's fields of each packet of a stream, and of its edits.
fn packets(directory: &Path, file: &str, stream: &str) -> Option<Vec<String>> {
    let fields = "packet=pts_time,dts_time,duration_time,flags,size,data_hash";
    let text = foreign(
        directory,
        "ffprobe",
        &[
            "-v",
            "error",
            "-select_streams",
            stream,
            "-show_data_hash",
            "md5",
            "-show_entries",
            fields,
            "-of",
            "compact=p=0",
            file,
        ],
    )?;
    // Side data starts a separate line, before the hash.
    let text = String::from_utf8(text).unwrap().replace("|\n|", "|");
    Some(text.lines().filter(|line| line.contains("pts_time")).map(str::to_owned).collect())
}

/// Removes fields that FFmpeg reads only from files without fragments: the flag of packets that are
/// only decoded, and the trim of the last packet. The first packet of a fragment may lack a
/// duration.
fn without_what_fragments_lack(found: &mut [String], expected: &mut [String], is_audio: bool) {
    let count = found.len();
    let pairs = found.iter_mut().zip(expected).enumerate();
    for (number, (found, expected)) in pairs {
        let is_last = is_audio && number + 1 == count;
        let has_no_duration = is_last || found.contains("duration_time=N/A");
        for packet in [found, expected] {
            *packet = packet.replace("flags=KD", "flags=K_").replace("flags=_D", "flags=__");
            if has_no_duration {
                let words = packet.split('|').filter(|word| !word.starts_with("duration_time"));
                *packet = words.collect::<Vec<_>>().join("|");
            }
        }
    }
}

/// Returns the frames that a decoder presents, with their timestamps.
fn shown(directory: &Path, file: &str) -> Option<String> {
    let hashes = foreign(
        directory,
        "ffmpeg",
        &["-v", "error", "-i", file, "-map", "0", "-f", "framemd5", "-"],
    )?;
    let text = String::from_utf8(hashes).unwrap();
    Some(
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.to_owned() + "\n")
            .collect(),
    )
}

/// Videos that FFmpeg generates with these options.
const VIDEOS: &[(&str, &[&str])] = &[
    // Reordered frames, and priming in both streams.
    ("b.mp4", &["-c:v", "libx264", "-bf", "3", "-b_strategy", "0", "-g", "20", "-c:a", "aac"]),
    // Irregular timestamps.
    (
        "vfr.mp4",
        &[
            "-vf",
            "select='not(mod(n,3))+not(mod(n,5))'",
            "-vsync",
            "vfr",
            "-c:v",
            "libx264",
            "-bf",
            "2",
            "-c:a",
            "aac",
            "-video_track_timescale",
            "90000",
        ],
    ),
    ("opus.mp4", &["-c:v", "mjpeg", "-c:a", "libopus", "-strict", "-2"]),
    (
        "av1.mp4",
        &["-c:v", "libaom-av1", "-cpu-used", "8", "-pix_fmt", "yuv420p10le", "-c:a", "aac"],
    ),
    ("flac.mp4", &["-c:v", "libx264", "-bf", "0", "-c:a", "flac", "-strict", "-2"]),
];

#[test]
fn copies_packets_timestamps_and_edits_in_every_layout() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for (video, options) in VIDEOS {
        let inputs = [
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=64x48:rate=24:duration=2",
            "-f",
            "lavfi",
            "-i",
            "sine=frequency=500:sample_rate=48000:duration=2",
        ];
        if !ffmpeg(path, &[&inputs[..], options, &["-y", video]].concat()) {
            return;
        }
        compare(path, video, LAYOUTS);
    }
    // An edit list that starts within a GOP.
    assert!(ffmpeg(
        path,
        &["-v", "error", "-ss", "0.7", "-i", "b.mp4", "-c", "copy", "-y", "cut.mp4"]
    ));
    compare(path, "cut.mp4", LAYOUTS);
}

fn compare(path: &Path, video: &str, layouts: &[&str]) {
    for layout in layouts {
        let option = format!("movflags={layout}");
        let is_fragmented = layout.starts_with("frag");
        let args = [video, "--copy", "-o", "out.mp4", "--muxer-option", &option];
        let (code, summary, text) = encode(path, &args);
        assert_eq!(code, 0, "{video} {layout}: {text}");
        assert_eq!(summary["complete"], true, "{video} {layout}: {text}");
        for stream in ["v", "a"] {
            let (Some(mut expected), Some(mut found)) =
                (packets(path, video, stream), packets(path, "out.mp4", stream))
            else {
                return;
            };
            if is_fragmented {
                without_what_fragments_lack(&mut found, &mut expected, stream == "a");
            }
            assert!(!expected.is_empty());
            assert_eq!(found.len(), expected.len(), "{video} {layout} {stream}");
            for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert_eq!(found, expected, "{video} {layout} {stream} packet {number}");
            }
        }
        if !is_fragmented {
            assert_eq!(shown(path, "out.mp4"), shown(path, video), "{video} {layout}");
        }
    }
}

/// Matroska states presentation timestamps only.
#[test]
fn reordered_frames_of_matroska_get_decoding_timestamps() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let input = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=24:duration=2", "-c:v", "libx264"];
    for b_frames in [
        &["-bf", "0"][..],
        &["-bf", "1", "-b_strategy", "0"],
        &["-bf", "4", "-b_strategy", "0", "-x264-params", "b-pyramid=normal"],
        &[
            "-bf",
            "4",
            "-b_strategy",
            "0",
            "-x264-params",
            "b-pyramid=none:nal-hrd=vbr:vbv-maxrate=500:vbv-bufsize=500",
        ],
    ] {
        if !ffmpeg(path, &[&input[..], b_frames, &["b.mkv"]].concat()) {
            return;
        }
        let (code, summary, text) = encode(path, &["b.mkv", "--copy", "-o", "out.mp4"]);
        assert_eq!(code, 0, "{b_frames:?}: {text}");
        let duration = summary["duration"].as_f64().unwrap();
        assert!((duration - 2.0).abs() < 0.002, "{b_frames:?}: {duration} s");
        let columns = |file: &str, names: &[&str]| -> Vec<String> {
            let packets = packets(path, file, "v").unwrap();
            let fields = packets.iter().flat_map(|packet| packet.split('|'));
            fields
                .filter(|field| names.iter().any(|name| field.starts_with(name)))
                .map(str::to_owned)
                .collect()
        };
        let same = ["pts_time", "data_hash"];
        assert_eq!(columns("out.mp4", &same), columns("b.mkv", &same), "{b_frames:?}");
        let times = |name: &str| -> Vec<f64> {
            let fields = columns("out.mp4", &[name]);
            fields.iter().map(|field| field[name.len() + 1..].parse().unwrap()).collect()
        };
        let (pts, dts) = (times("pts_time"), times("dts_time"));
        assert_eq!(dts.len(), 48);
        assert!(dts.is_sorted_by(|a, b| a < b), "{dts:?}");
        assert!(pts.iter().zip(&dts).all(|(pts, dts)| dts <= pts), "{dts:?} {pts:?}");
        let hashes = |file: &str| -> Vec<String> {
            let frames = shown(path, file).unwrap();
            frames.lines().filter_map(|line| line.rsplit(',').next()).map(str::to_owned).collect()
        };
        assert_eq!(hashes("out.mp4"), hashes("b.mkv"), "{b_frames:?}");
    }
}

#[test]
fn rejects_inputs_that_cannot_be_copied() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let video = asset("bbb_1280x720_5.1.mp4");
    let video = video.to_str().unwrap();
    let rejected = |args: &[&str]| {
        let output = run(path, &[&["encode"], args].concat());
        assert_ne!(output.status.code(), Some(0), "{args:?}");
        stderr(&output)
    };
    let text = rejected(&[video, "--copy", "-o", "a.mp4", "--crf", "20"]);
    assert!(text.contains("--crf has no effect with --copy"), "{text}");
    let text = rejected(&["testsrc=duration=1", "--copy", "-o", "a.mp4"]);
    assert!(text.contains("no packets to copy"), "{text}");
    let text = rejected(&[video, "--copy", "-o", "a.flac"]);
    assert!(text.contains("flac does not support aac"), "{text}");
    assert_eq!(encode(path, &["testsrc=size=64x48:duration=1", "-o", "a.y4m"]).0, 0);
    let text = rejected(&["a.y4m", "--copy", "-o", "b.mp4"]);
    assert!(text.contains("a.y4m") && text.contains("Encode the track"), "{text}");
    // The asset is copied completely.
    let (code, summary, text) = encode(path, &[video, "--copy", "-o", "whole.mp4"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(summary["streams"][0]["frames"], 132);
}
