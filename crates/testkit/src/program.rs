//! Programs that nobody here wrote, where they are installed.

use std::io::{self, Write as _};
use std::process::{Command, Stdio};

/// Notes that a test is skipped because a program is not installed.
///
/// # Panics
/// If `REELWRIGHT_REQUIRE_PROGRAMS` is set, as where changes are checked: there a missing program
/// would hide a failure.
pub fn missing(program: &str) {
    let is_required = std::env::var_os("REELWRIGHT_REQUIRE_PROGRAMS").is_some();
    assert!(!is_required, "{program} is not installed, and REELWRIGHT_REQUIRE_PROGRAMS is set");
    eprintln!("skipped: no {program}");
}

/// Runs a program over a file's bytes: what it printed, or nothing, with a note to the test's
/// reader, where it is not installed. `{}` in an argument is the path of a file that holds the
/// bytes; where no argument has it, they go to standard input.
///
/// # Panics
/// If the program fails.
pub fn run(program: &str, arguments: &[&str], bytes: &[u8]) -> Option<Vec<u8>> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let path = file.path().to_str().unwrap();
    let piped = !arguments.iter().any(|argument| argument.contains("{}"));
    // From another process, not the file itself: readers must not be able to seek.
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

/// The sound ffmpeg finds in a file, undecoded; `input` is `{}` to read the file, `-` a pipe.
pub fn ffmpeg_sound(demuxer: &str, input: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let output = ["-map", "0:a", "-c", "copy", "-f", "data", "-"];
    run("ffmpeg", &[&["-v", "error", "-f", demuxer, "-i", input], &output[..]].concat(), bytes)
}

/// The sound ffmpeg decodes from a file, as interleaved raw samples in one of its raw formats
/// (`s16le`, `s32le`, `f32le`, …). Whatever it complains about is a failure.
pub fn ffmpeg_decode(demuxer: &str, format: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let check = ["-v", "error", "-xerror", "-err_detect", "crccheck+bitstream+buffer+explode"];
    let rest = ["-f", demuxer, "-i", "{}", "-map", "0:a", "-f", format, "-"];
    run("ffmpeg", &[&check[..], &rest[..]].concat(), bytes)
}

/// One field of the first stream (`stream=`), or the file (`format=`, `format_tags=`), as ffprobe
/// sees it.
pub fn ffprobe(demuxer: &str, entry: &str, bytes: &[u8]) -> Option<String> {
    let arguments = ["-v", "error", "-f", demuxer, "-show_entries", entry, "-of", "csv=p=0", "{}"];
    let printed = String::from_utf8(run("ffprobe", &arguments, bytes)?).unwrap();
    Some(printed.trim_end().to_owned())
}
