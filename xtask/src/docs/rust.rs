//! Rust blocks, which are built together as programs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use super::blocks::{Language, Page};

/// Package that has the blocks as examples.
const PACKAGE: &str = "reelwright-docs-blocks";

/// Builds the Rust blocks of all pages. Returns the paths of the programs by the places of the
/// blocks.
pub(crate) fn build(
    root: &Path,
    pages: &[Page],
    lto: (&str, &str),
) -> anyhow::Result<HashMap<String, PathBuf>> {
    let sources = root.join("tests/docs-blocks/examples");
    if sources.exists() {
        std::fs::remove_dir_all(&sources)?;
    }
    std::fs::create_dir_all(&sources)?;
    let mut programs = HashMap::new();
    let blocks = pages.iter().flat_map(|page| &page.blocks);
    for block in blocks.filter(|block| block.language == Language::Rust && block.not_run.is_none())
    {
        let name = format!("docs-block-{}", programs.len());
        std::fs::write(sources.join(format!("{name}.rs")), program(&block.code))?;
        programs.insert(block.place.clone(), root.join("target/release/examples").join(name));
    }
    // Uses the profile and features of the main program, whose crates are already built.
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet", "--release", "--locked", "--package", PACKAGE, "--examples"]);
    command.env(lto.0, lto.1);
    let status = command.current_dir(root).status()?;
    // Other commands must not build the blocks.
    std::fs::remove_dir_all(&sources)?;
    if !status.success() {
        for (place, program) in &programs {
            eprintln!("{}: {place}", program.file_name().unwrap_or_default().display());
        }
        bail!("Failed to build a Rust block of the documentation");
    }
    Ok(programs)
}

/// Converts code as rustdoc does: lines after `# ` are hidden, and `main` is added if it is
/// missing.
fn program(code: &str) -> String {
    let code: String = code
        .lines()
        .map(|line| line.strip_prefix("# ").unwrap_or(if line == "#" { "" } else { line }))
        .flat_map(|line| [line, "\n"])
        .collect();
    if code.contains("fn main()") {
        return code;
    }
    format!("fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{code}\nOk(())\n}}\n")
}
