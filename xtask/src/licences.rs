//! `cargo xtask licences`: writes the licenses of all components of the Python package's wheel to
//! one file, which is part of the wheel.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

const FILE: &str = "crates/python/LICENSES.txt";
const HEAD: &str = "\
What reelwright's wheels are made of, and under which terms it is given.

Made by `cargo xtask licences`.
";

/// Prefixes of the names of license files.
const NAMES: [&str; 5] = ["license", "licence", "copying", "notice", "unlicense"];
/// Directories that are not part of the build.
const ASIDE: [&str; 7] = ["benches", "build", "examples", "fuzz", "gtest", "test", "tests"];
/// Maximum depth of directories in which license files of bundled C libraries are searched.
const DEPTH: usize = 3;

/// Writes the file, or with `check` fails if it would change.
pub(super) fn run(check: bool) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no workspace")?.join(FILE);
    let text = text(path.parent().context("no package")?)?;
    if !check {
        return Ok(std::fs::write(path, text)?);
    }
    if std::fs::read_to_string(&path)? != text {
        bail!("{FILE} is outdated: run cargo xtask licences");
    }
    Ok(())
}

/// Returns the output of cargo.
fn cargo(arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(env!("CARGO")).args(arguments).arg("--locked").output()?;
    if !output.status.success() {
        bail!("cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn text(package: &Path) -> anyhow::Result<String> {
    let root = package.join("../..");
    let own = std::fs::read_to_string(root.join("LICENSE-MIT"))?;
    let mut text = format!("{HEAD}\n");
    section(&mut text, &["reelwright (MIT OR Apache-2.0)".into()], &own);

    let metadata: Value = serde_json::from_str(&cargo(&["metadata", "--format-version", "1"])?)?;
    let crates = metadata["packages"].as_array().context("no packages")?;
    // For all platforms. Procedural macros are not part of the build output.
    let tree = cargo(&[
        "tree",
        "--package",
        "reelwright-python",
        "--features",
        "full",
        "--target",
        "all",
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ])?;
    let built: BTreeSet<(&str, &str)> = tree
        .lines()
        .filter_map(|line| line.split_once(" v"))
        .map(|(name, rest)| (name, rest.split(' ').next().unwrap_or_default()))
        .collect();
    let mut by_terms: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, version) in built {
        let is_it = |one: &&Value| one["name"] == name && one["version"] == version;
        let one = crates.iter().find(is_it).with_context(|| format!("no {name} {version}"))?;
        if one["source"].is_null() {
            // Skips crates of the workspace.
            continue;
        }
        let licence = one["license"].as_str().unwrap_or("see below");
        let manifest = Path::new(one["manifest_path"].as_str().context("no manifest")?);
        let mut found = Vec::new();
        terms(manifest.parent().context("no folder")?, DEPTH, &mut found)?;
        if found.is_empty() {
            let from = one["repository"].as_str().unwrap_or("https://crates.io");
            found.push(("".into(), format!("The terms are at {from}\n")));
        }
        // If there is a choice of two licenses, uses the shorter one.
        let is_mit = |name: &str| name.to_ascii_lowercase().ends_with("mit");
        if licence.contains("MIT") && found.iter().any(|(name, _)| is_mit(name)) {
            found.retain(|(name, _)| is_mit(name) || !name.to_ascii_lowercase().contains("apache"));
        }
        for (_, terms) in found {
            by_terms.entry(terms).or_default().push(format!("{name} {version} ({licence})"));
        }
    }
    let mut sections: Vec<_> = by_terms.into_iter().map(|(terms, of)| (of, terms)).collect();
    sections.sort();
    for (of, terms) in sections {
        section(&mut text, &of, &terms);
    }
    Ok(text)
}

fn section(text: &mut String, of: &[String], terms: &str) {
    let line = "-".repeat(80);
    let _ = writeln!(text, "{line}\n{}\n{line}\n\n{}\n", of.join("\n"), terms.trim_end());
}

/// Collects the license files in a directory, up to a depth: names and texts.
fn terms(folder: &Path, depth: usize, found: &mut Vec<(String, String)>) -> anyhow::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let lower = name.to_lowercase();
        if entry.file_type()?.is_dir() {
            if depth > 1 && !ASIDE.contains(&lower.as_str()) && !lower.starts_with('.') {
                terms(&entry.path(), depth - 1, found)?;
            }
        } else if NAMES.iter().any(|start| lower.starts_with(start)) && !lower.ends_with(".rs") {
            let text = std::fs::read_to_string(entry.path())
                .with_context(|| format!("{}", entry.path().display()))?;
            // Ignores line endings and trailing spaces.
            let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
            found.push((name, lines.join("\n").trim_matches('\n').to_owned() + "\n"));
        }
    }
    Ok(())
}
