//! `cargo xtask packages`: checks that published crates are complete, and that ARCHITECTURE.md
//! lists each crate.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::workspace;

/// Files next to each published crate's manifest. The licenses are links to those of the project.
const FILES: [&str; 3] = ["README.md", "LICENSE-MIT", "LICENSE-APACHE"];

pub(crate) fn run() -> anyhow::Result<()> {
    let root = workspace::root()?;
    let map = map(&fs::read_to_string(root.join("ARCHITECTURE.md"))?);
    let mut findings = Vec::new();
    let packages = workspace::packages()?;
    for package in &packages {
        let manifest = Path::new(package["manifest_path"].as_str().context("no manifest")?);
        let folder = manifest.parent().context("no folder")?;
        let name = folder.strip_prefix(root)?.to_str().context("the path is not UTF-8")?;
        if !map.iter().any(|entry| entry == name) {
            findings.push(format!("{name}: is missing in the table of ARCHITECTURE.md"));
        }
        // `publish = false` is an empty list of registries.
        if package["publish"].as_array().is_none_or(|registries| !registries.is_empty()) {
            findings.extend(missing(package, folder).iter().map(|what| format!("{name}: {what}")));
        }
    }
    println!("{} crates, {} findings", packages.len(), findings.len());
    findings.iter().for_each(|finding| println!("{finding}"));
    if !findings.is_empty() {
        bail!("crates lack files, fields of Cargo.toml, or a row of ARCHITECTURE.md");
    }
    Ok(())
}

/// Returns the missing files and fields of a published crate.
fn missing(package: &Value, folder: &Path) -> Vec<String> {
    let mut missing = Vec::new();
    for key in ["description", "license", "repository", "readme"] {
        if package[key].as_str().is_none_or(str::is_empty) {
            missing.push(format!("{key} is missing in Cargo.toml"));
        }
    }
    for key in ["keywords", "categories"] {
        if package[key].as_array().is_none_or(|list| !(1..=5).contains(&list.len())) {
            missing.push(format!("{key} in Cargo.toml must have 1 to 5 entries"));
        }
    }
    if package["metadata"]["docs"]["rs"]["rustdoc-args"].is_null() {
        missing.push("rustdoc-args in [package.metadata.docs.rs] is missing in Cargo.toml".into());
    }
    for file in FILES {
        // Opens links, so that a broken one is a finding.
        if fs::read(folder.join(file)).is_ok_and(|text| !text.is_empty()) {
            continue;
        }
        missing.push(format!("{file} is missing or empty"));
    }
    let library = fs::read_to_string(folder.join("src/lib.rs")).unwrap_or_default();
    if !library.contains("#![cfg_attr(docsrs, feature(doc_cfg))]") {
        missing.push("src/lib.rs must enable doc_cfg for feature badges".into());
    }
    missing
}

/// Returns the directories in the first column of the tables, with `a/{b,c}` as `a/b` and `a/c`.
fn map(text: &str) -> Vec<String> {
    let first_cells = text.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
    let mut folders = Vec::new();
    for name in first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)) {
        match name.split_once('{').and_then(|(head, tail)| Some((head, tail.strip_suffix('}')?))) {
            Some((head, names)) => {
                folders.extend(names.split(',').map(|name| format!("{head}{}", name.trim())));
            }
            None => folders.push(name.to_owned()),
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_directories_of_tables() {
        let text = "| folder | |\n|---|---|\n| `a/{b,c}`, `d` | `e` |\n`f`\n";
        assert_eq!(map(text), ["a/b", "a/c", "d"]);
    }

    #[test]
    fn reports_everything_for_an_empty_crate() {
        let folder = tempfile::tempdir().unwrap();
        let count = missing(&serde_json::json!({}), folder.path()).len();
        assert_eq!(count, 4 + 2 + 1 + FILES.len() + 1);
    }
}
