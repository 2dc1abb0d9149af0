//! Outputs of the program: no file is overwritten or lost silently.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{PROGRAM, encode, run, stderr};

fn partials(path: &Path) -> Vec<String> {
    let names = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).filter(|name| name.contains(".partial")).collect()
}

/// Starts the program on an endless source.
fn start(path: &Path, args: &[&str]) -> Child {
    Command::new(PROGRAM)
        .current_dir(path)
        .arg("encode")
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn wait_for(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(30), "the condition is never met");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(unix)]
#[test]
fn replaced_files_keep_mode_and_links_and_survive_errors_and_kills() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (old, link) = (path.join("old.wav"), path.join("link.wav"));
    assert_eq!(encode(path, &["sine=duration=1", "-o", "old.wav"]).0, 0);
    fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("old.wav", &link).unwrap();
    let before = fs::read(&old).unwrap();
    assert_eq!(run(path, &["encode", "sine=duration=2", "-o", "link.wav"]).status.code(), Some(1));
    // After an error, no partial file remains.
    let failed = ["encode", "missing.flac", "-o", "link.wav", "-y"];
    assert_eq!(run(path, &failed).status.code(), Some(1));
    assert_eq!((fs::read(&old).unwrap(), partials(path).len()), (before.clone(), 0));
    // After a kill, the old file exists, and the partial file is playable.
    let mut child = start(path, &["sine=sample_rate=8000", "-o", "link.wav", "-y"]);
    let partial = path.join("old.partial.wav");
    wait_for(|| fs::metadata(&partial).is_ok_and(|file| file.len() > 1 << 20));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read(&old).unwrap(), before);
    let (code, summary, message) = encode(path, &["old.partial.wav", "-o", "played.flac"]);
    assert_eq!(code, 0, "{message}");
    assert!(summary["streams"][0]["samples"].as_u64().unwrap() > 100_000);
    // The next run names the partial file and replaces only the old file.
    let (code, _, message) = encode(path, &["sine=duration=2", "-o", "link.wav"]);
    assert!(code == 0 && message.contains("old.partial.wav"), "{message}");
    assert_eq!(fs::metadata(&old).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read(&old).unwrap().len() > before.len());
    assert_eq!(partials(path), ["old.partial.wav"]);
}

#[test]
fn numbered_files_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("p_4.png"), "keep").unwrap();
    let source = "testsrc=size=64x48:rate=5:duration=1";
    let rejected = run(path, &["encode", source, "-o", "p_%d.png"]);
    assert_eq!(rejected.status.code(), Some(1));
    assert!(stderr(&rejected).contains("p_4.png"), "{}", stderr(&rejected));
    assert_eq!(fs::read(path.join("p_4.png")).unwrap(), b"keep");
    assert!(!path.join("p_1.png").exists());
    assert_eq!(encode(path, &[source, "-o", "p_%d.png"]).0, 0);
    // A sequence does not overwrite itself.
    let same = run(path, &["encode", "p_%d.png", "-o", "p_%d.png", "-y"]);
    assert!(stderr(&same).contains("both input and output"), "{}", stderr(&same));
}

#[test]
fn standard_input_is_compared_as_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    assert_eq!(encode(path, &["sine=duration=1", "-o", "a.wav"]).0, 0);
    let before = fs::read(path.join("a.wav")).unwrap();
    let output = Command::new(PROGRAM)
        .current_dir(path)
        .args(["encode", "-", "-o", "a.wav", "-y"])
        .stdin(fs::File::open(path.join("a.wav")).unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("both input and output"), "{}", stderr(&output));
    assert_eq!(fs::read(path.join("a.wav")).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn reports_removed_output() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let output = path.join("gone.wav");
    let child = start(path, &["sine=duration=2000", "-o", "gone.wav"]);
    wait_for(|| output.exists());
    fs::remove_file(&output).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(stderr(&ended).contains("removed"), "{}", stderr(&ended));
}

#[cfg(unix)]
#[test]
fn reports_closed_standard_output() {
    for command in [
        "\"$0\" encode sine=duration=1 -f wav -o - >&-",
        "\"$0\" encode sine -f wav -o - | true; exit ${PIPESTATUS[0]}",
    ] {
        let output = Command::new("bash").args(["-c", command, PROGRAM]).output();
        let Ok(output) = output else {
            reelwright_testkit::program::missing("bash");
            return;
        };
        assert_eq!(output.status.code(), Some(1), "{command}: {}", stderr(&output));
    }
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

#[cfg(unix)]
#[test]
fn ctrl_c_abandons_a_blocked_output() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    // The pipe has no reader.
    let mut full = start(path, &["testsrc=size=640x480", "-f", "yuv4mpegpipe", "-o", "-"]);
    std::thread::sleep(Duration::from_millis(500));
    // A FIFO without a reader.
    assert!(Command::new("mkfifo").arg(path.join("fifo")).status().unwrap().success());
    let mut waiting = start(path, &["sine", "-f", "wav", "-o", "fifo"]);
    std::thread::sleep(Duration::from_millis(500));
    for (child, most) in [(&mut full, 4.0), (&mut waiting, 2.0)] {
        let started = Instant::now();
        interrupt(child);
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(130));
        assert!(started.elapsed().as_secs_f64() < most, "{:?}", started.elapsed());
    }
}

#[test]
fn tee_writes_several_files_and_overwrites_only_on_request() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let inputs = ["testsrc=size=64x48:rate=25:duration=1", "sine=duration=1"];
    let tee = "[movflags=faststart]a.mp4|[select=a:onfail=ignore]b.aac|[select=v]c.gif";
    // Each stream is encoded once, and the outputs have no codec in common.
    let rejected = run(path, &["encode", inputs[0], inputs[1], "-f", "tee", "-o", tee]);
    assert_eq!(rejected.status.code(), Some(1));
    assert!(stderr(&rejected).contains("Select streams for each"), "{}", stderr(&rejected));
    let tee = "[movflags=faststart]a.mp4|[select=a:onfail=ignore]b.aac|[select=v]c.mov";
    let (code, summary, _) = encode(path, &[inputs[0], inputs[1], "-f", "tee", "-o", tee]);
    assert_eq!(code, 0);
    let names = ["a.mp4", "b.aac", "c.mov"];
    let sizes = names.map(|name| fs::metadata(path.join(name)).unwrap().len());
    assert_eq!(summary["bytes"], sizes.iter().sum::<u64>());
    assert!(sizes.iter().all(|size| *size > 500), "{sizes:?}");
    for name in names {
        for other in names.iter().filter(|other| **other != name) {
            let _ = fs::remove_file(path.join(other));
        }
        fs::write(path.join(name), "kept").unwrap();
        let rejected = run(path, &["encode", inputs[0], inputs[1], "-f", "tee", "-o", tee]);
        assert_eq!(rejected.status.code(), Some(1));
        assert!(stderr(&rejected).contains(&format!("{name} already exists")));
        assert_eq!(fs::read(path.join(name)).unwrap(), b"kept");
    }
    assert_eq!(encode(path, &[inputs[0], inputs[1], "-f", "tee", "-o", tee]).0, 0);
    assert_eq!(names.map(|name| fs::metadata(path.join(name)).unwrap().len()), sizes);
}
