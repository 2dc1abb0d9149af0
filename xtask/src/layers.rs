//! `cargo xtask layers`: checks that each crate depends only on lower layers, and that the files of
//! a crate have no import cycles.

mod cycles;
mod imports;

use std::path::Path;

use anyhow::{Context, bail};

use crate::workspace;

/// Crates by their directory, and the crates that they may depend on. `*` matches any name.
const LAYERS: &[(&str, &[&str])] = &[
    ("crates/core", &[]),
    ("crates/psychoacoustics", &[]),
    ("crates/startup", &[]),
    ("crates/convert", &["crates/core"]),
    ("crates/reader", &["crates/core"]),
    ("crates/testkit", &["crates/core"]),
    ("crates/encoders/*", &["crates/core", "crates/psychoacoustics"]),
    ("crates/muxers/*", &["crates/core"]),
    (
        "crates/reelwright",
        &["crates/core", "crates/convert", "crates/encoders/*", "crates/muxers/*"],
    ),
    ("crates/cli", &["crates/reelwright", "crates/reader", "crates/startup"]),
    ("crates/foreign-array", &["crates/core"]),
    ("crates/python", &["crates/foreign-array", "crates/reelwright"]),
    ("examples/toy", &["crates/reelwright", "crates/cli"]),
    // Tools and tests across crates.
    ("benches", &["crates/*"]),
    ("tests", &["crates/*"]),
    ("tests/hashes", &["crates/*"]),
    ("tests/docs-blocks", &["crates/reelwright", "crates/cli", "examples/toy"]),
    ("xtask", &["crates/*"]),
];

/// Crate that the tests of all other crates may use.
const TESTKIT: &str = "crates/testkit";

/// Runs both checks.
pub(crate) fn run() -> anyhow::Result<()> {
    let root = workspace::root()?;
    let packages = packages(root)?;
    let mut findings = Vec::new();
    for package in &packages {
        findings.extend(upward(package));
    }
    for package in &packages {
        let cycles = imports::cycles_of(root, &package.folder)?;
        findings.extend(cycles.iter().map(ToString::to_string));
    }
    println!("{} crates, {} findings", packages.len(), findings.len());
    findings.iter().for_each(|finding| println!("{finding}"));
    if !findings.is_empty() {
        bail!("imports violate the layers of ARCHITECTURE.md");
    }
    Ok(())
}

/// Crate of the workspace.
struct Package {
    /// Directory relative to the workspace.
    folder: String,
    /// Directories of dependencies in the workspace, and true if only tests need them.
    dependencies: Vec<(String, bool)>,
}

fn packages(root: &Path) -> anyhow::Result<Vec<Package>> {
    let folder = |path: &str| -> anyhow::Result<String> {
        let path = Path::new(path).strip_prefix(root)?;
        Ok(path.to_str().context("the path is not UTF-8")?.replace('\\', "/"))
    };
    let mut packages = Vec::new();
    for package in workspace::packages()? {
        let manifest = package["manifest_path"].as_str().context("no manifest")?;
        let parent = Path::new(manifest).parent().and_then(Path::to_str).context("no folder")?;
        let mut dependencies = Vec::new();
        for dependency in package["dependencies"].as_array().context("no dependencies")? {
            if let Some(path) = dependency["path"].as_str() {
                dependencies.push((folder(path)?, dependency["kind"] == "dev"));
            }
        }
        packages.push(Package { folder: folder(parent)?, dependencies });
    }
    packages.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(packages)
}

/// Returns messages for dependencies that are not on a lower layer.
fn upward(package: &Package) -> Vec<String> {
    let folder = &package.folder;
    let Some((_, below)) = LAYERS.iter().find(|(pattern, _)| matches(pattern, folder)) else {
        return vec![format!("{folder} is in no layer: add it to LAYERS in xtask/src/layers.rs.")];
    };
    let is_allowed = |(dependency, only_tests): &&(String, bool)| {
        below.iter().any(|pattern| matches(pattern, dependency))
            || *only_tests && dependency == TESTKIT
    };
    let others = package.dependencies.iter().filter(|dependency| !is_allowed(dependency));
    let allowed =
        if below.is_empty() { "no crate of the workspace".into() } else { below.join(", ") };
    others
        .map(|(dependency, _)| format!("{folder} depends on {dependency}. Allowed: {allowed}."))
        .collect()
}

/// Returns true if a directory is `pattern`, or in it if it ends in `*`.
fn matches(pattern: &str, folder: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(parent) => folder.strip_prefix(parent).is_some_and(|name| !name.is_empty()),
        None => folder == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(folder: &str, dependencies: &[(&str, bool)]) -> usize {
        let dependencies =
            dependencies.iter().map(|&(folder, is_dev)| (folder.into(), is_dev)).collect();
        upward(&Package { folder: folder.into(), dependencies }).len()
    }

    #[test]
    fn crates_depend_on_lower_layers() {
        assert_eq!(findings("crates/muxers/ogg", &[("crates/core", false)]), 0);
        assert_eq!(findings("crates/muxers/ogg", &[("crates/testkit", true)]), 0);
        assert_eq!(findings("crates/muxers/ogg", &[("crates/testkit", false)]), 1);
        assert_eq!(findings("crates/muxers/ogg", &[("crates/muxers/mp4", false)]), 1);
        assert_eq!(findings("crates/encoders/aac", &[("crates/muxers/mp4", true)]), 1);
        assert_eq!(findings("crates/reelwright", &[("crates/muxers/mp4", false)]), 0);
        assert_eq!(findings("crates/core", &[("crates/convert", false)]), 1);
        assert_eq!(findings("crates/new", &[]), 1);
    }
}
