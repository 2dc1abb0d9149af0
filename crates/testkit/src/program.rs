//! Independent programs, if they are installed.

use std::io::{self, Write as _};
use std::process::{Command, Stdio};

/// Reports that a test is skipped because a program is not installed.
///
/// # Panics
/// `REELWRIGHT_REQUIRE_PROGRAMS` is set, as in CI, where a missing program would hide a failure.
pub fn missing(program: &str) {
    let is_required = std::env::var_os("REELWRIGHT_REQUIRE_PROGRAMS").is_some();
    assert!(!is_required, "{program} is not installed, and REELWRIGHT_REQUIRE_PROGRAMS is set");
    eprintln!("skipped: {program} is not installed");
}

/// Runs a program on the bytes of a file. Returns its output, or `None` with a message if it is not
/// installed. `{}` in an argument is the path of a file with the bytes. If no argument has it, they
/// are written to standard input.
///
/// # Panics
/// The program fails.
pub fn run(program: &str, arguments: &[&str], bytes: &[u8]) -> Option<Vec<u8>> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let path = file.path().to_str().unwrap();
    let piped = !arguments.iter().any(|argument| argument.contains("{}"));
    // The data comes from another process, because a file as standard input would be seekable.
    let mut cat =
        piped.then(|| Command::new("cat").arg(path).stdout(Stdio::piped()).spawn().ok()).flatten();
    let stdin = cat.as_mut().and_then(|cat| cat.stdout.take()).map_or(Stdio::null(), Stdio::from);
    let arguments = arguments.iter().map(|a| a.replace("{}", path));
    let result = Command::new(program).args(arguments).stdin(stdin).output();
    if let Some(mut cat) = cat {
        let _ = cat.wait();
    }
    let output = match result {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            missing(program);
            return None;
        }
        Err(error) => panic!("{program}: {error}"),
    };
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

/// Copies the audio of a file with ffmpeg, without decoding. `input` is `{}` for a file, `-` for a
/// pipe.
pub fn ffmpeg_copy_audio(demuxer: &str, input: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let output = ["-map", "0:a", "-c", "copy", "-f", "data", "-"];
    run("ffmpeg", &[&["-v", "error", "-f", demuxer, "-i", input], &output[..]].concat(), bytes)
}

/// Decodes the audio of a file with ffmpeg to interleaved samples in a raw format (`s16le`,
/// `s32le`, `f32le`, …). Every message of ffmpeg is a failure.
pub fn ffmpeg_decode(demuxer: &str, format: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let check = ["-v", "error", "-xerror", "-err_detect", "crccheck+bitstream+buffer+explode"];
    let rest = ["-f", demuxer, "-i", "{}", "-map", "0:a", "-f", format, "-"];
    run("ffmpeg", &[&check[..], &rest[..]].concat(), bytes)
}

/// Returns ffprobe's value of a field of the first stream (`stream=`) or the file (`format=`,
/// `format_tags=`).
pub fn ffprobe(demuxer: &str, entry: &str, bytes: &[u8]) -> Option<String> {
    let arguments = ["-v", "error", "-f", demuxer, "-show_entries", entry, "-of", "csv=p=0", "{}"];
    let printed = String::from_utf8(run("ffprobe", &arguments, bytes)?).unwrap();
    Some(printed.trim_end().to_owned())
}
