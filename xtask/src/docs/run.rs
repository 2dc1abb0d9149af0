//! Runs the blocks of a page in order, in a directory that is empty at first.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::blocks::{Block, Language, Page, matches};

/// Separator between the output of Python blocks.
const END: &str = "=== end of block ===";

/// Runs a page and appends errors to `failures`. Python blocks share their variables.
pub(crate) fn page(
    page: &Page,
    root: &Path,
    program: &Path,
    python: &Path,
    programs: &HashMap<String, PathBuf>,
    failures: &mut Vec<String>,
) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut path = vec![program.to_owned()];
    path.extend(python.parent().map(Path::to_owned));
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let path = std::env::join_paths(path)?;
    let mut earlier = String::new();
    for block in page.blocks.iter().filter(|block| block.not_run.is_none()) {
        let mut command = match block.language {
            Language::Shell => {
                let mut command = Command::new("bash");
                command.args(["-euo", "pipefail", "-c", &block.code]);
                command
            }
            Language::Python => {
                // Runs earlier blocks again, because this block may use their variables. They are
                // short.
                let script = format!("{earlier}\nprint({END:?})\n{}", block.code);
                earlier = format!("{earlier}\n{}", block.code);
                let mut command = Command::new(python);
                command.args(["-W", "error", "-c", &script]);
                command
            }
            Language::Rust => Command::new(&programs[&block.place]),
        };
        command.current_dir(folder.path()).env("PATH", &path).env("REELWRIGHT_ROOT", root);
        check(block, &command.output()?, failures);
    }
    Ok(())
}

fn check(block: &Block, output: &Output, failures: &mut Vec<String>) {
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    if !output.status.success() {
        failures.push(format!("{}: {}\n{stderr}{stdout}", block.place, output.status));
        return;
    }
    let found = stdout.rsplit_once(END).map_or(&*stdout, |(_, printed)| printed);
    if let Some(expected) = &block.output
        && !matches(expected, found)
    {
        failures.push(format!("{}: expected output\n{expected}found\n{found}", block.place));
    }
}
