//! Manual page, completion scripts, help and version.

mod common;

use std::process::Command;

use common::run;

fn printed(args: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let output = run(directory.path(), args);
    assert!(output.status.success() && output.stderr.is_empty(), "{args:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_manual_page_has_every_option_and_no_warnings() {
    let page = printed(&["man"]);
    let help = printed(&["encode", "--help"]);
    let options = help.split_whitespace().filter(|word| word.starts_with("--"));
    for option in options.filter(|word| word[2..].starts_with(|c: char| c.is_ascii_lowercase())) {
        let name = option.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        assert!(page.contains(&name.replace('-', "\\-")), "{name}");
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("reelwright.1"), &page).unwrap();
    let mut groff = Command::new("groff");
    groff.args(["-Kutf8", "-man", "-ww", "-Tutf8", "-P-cbou", "-rLL=78n", "reelwright.1"]);
    let Ok(output) = groff.current_dir(directory.path()).output() else {
        return reelwright_testkit::program::missing("groff");
    };
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    for heading in ["NAME", "SYNOPSIS", "ENCODE", "EXIT STATUS"] {
        assert!(text.lines().any(|line| line == heading), "{heading}: {text}");
    }
}

#[test]
fn completion_scripts_are_valid() {
    let directory = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = printed(&["completions", shell]);
        assert!(script.contains("audio-encoder"), "{shell}");
        if shell == "bash" {
            std::fs::write(directory.path().join("script"), &script).unwrap();
            // Completes an option of a command, as the shell does.
            let ask = "source ./script; COMP_WORDS=(reelwright encode --audio-e) COMP_CWORD=2; \
                       _reelwright reelwright --audio-e encode; echo \"${COMPREPLY[@]}\"";
            let output =
                Command::new(shell).args(["-c", ask]).current_dir(directory.path()).output();
            let Ok(output) = output else { continue };
            assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "--audio-encoder");
        }
    }
}

#[test]
fn help_fits_into_80_columns() {
    for args in [&["--help"][..], &["encode", "--help"], &["list", "--help"], &["encode", "-h"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_reelwright"))
            .args(args)
            .env("COLUMNS", "80")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.lines().count() > 5, "{text}");
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{args:?}: {line}");
        }
    }
}

#[test]
fn the_version_states_the_contents_of_the_build() {
    let text = printed(&["--version"]);
    assert!(text.starts_with(concat!("reelwright ", env!("CARGO_PKG_VERSION"), "\n")), "{text}");
    for line in ["video encoders: ", "audio encoders: ", "formats: ", "protocols: "] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{text}");
    }
    assert_eq!(printed(&["-V"]).trim(), concat!("reelwright ", env!("CARGO_PKG_VERSION")));
}

#[cfg(target_os = "linux")]
#[test]
fn full_standard_output_is_an_error() {
    for args in [&["man"][..], &["--version"], &["--help"], &["encode", "-h"], &["list", "muxers"]]
    {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_reelwright"))
            .args(args)
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains("Failed to write to standard output"), "{args:?}: {message}");
    }
}
