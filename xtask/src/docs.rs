//! `cargo xtask docs`: checks the documentation. Links and anchors must have a target, every page
//! must be in the book, and every code block must run in an empty directory and print the stated
//! output.

mod blocks;
mod links;
mod run;
mod rust;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::workspace;
use blocks::{Block, Page};

/// Disables link-time optimization, which takes a minute for each Rust block.
const LTO: (&str, &str) = ("CARGO_PROFILE_RELEASE_LTO", "off");

/// Maximum number of blocks that are marked as not run.
const MAX_NOT_RUN: usize = 5;

/// Pages outside the book whose blocks run.
const OTHER_PAGES: &[&str] =
    &["README.md", "crates/python/README.md", "crates/reelwright/README.md"];
/// Pages for contributors: only their links are checked.
const LINKS_ONLY: &[&str] =
    &["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/python/README.md"];

/// Checks pages, or all if `only` is empty. `python` is an interpreter with the package.
pub(crate) fn run(python: &Path, only: &[&str]) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let mut paths = book_pages(root)?;
    paths.extend(OTHER_PAGES.iter().map(|page| root.join(page)));
    let checked: Vec<PathBuf> =
        paths.iter().cloned().chain(LINKS_ONLY.iter().map(|page| root.join(page))).collect();
    let mut failures = links::check(root, &checked)?;
    paths.retain(|path| only.is_empty() || only.iter().any(|part| path.ends_with(part)));
    let pages = paths.iter().map(|path| Page::read(root, path)).collect::<Result<Vec<_>, _>>()?;
    let not_run: Vec<&Block> =
        pages.iter().flat_map(|page| &page.blocks).filter(|b| b.not_run.is_some()).collect();
    if not_run.len() > MAX_NOT_RUN {
        failures
            .push(format!("{} blocks are not run; the maximum is {MAX_NOT_RUN}", not_run.len()));
    }
    build_book(root)?;
    let program = build_program(root)?;
    let programs = rust::build(root, &pages, LTO)?;
    for page in &pages {
        let before = failures.len();
        run::page(page, root, &program, python, &programs, &mut failures)?;
        let mark = if failures.len() == before { "ok" } else { "FAILED" };
        println!("{} ({} blocks): {mark}", page.name, page.blocks.len());
    }
    for block in not_run {
        println!("not run: {}: {}", block.place, block.not_run.as_deref().unwrap_or_default());
    }
    if failures.is_empty() {
        return Ok(());
    }
    failures.iter().for_each(|failure| eprintln!("{failure}\n"));
    bail!("{} errors in the documentation", failures.len())
}

/// Returns the pages of the book. SUMMARY.md must list each.
fn book_pages(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let docs = root.join("docs");
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md"))?;
    let mut pages = Vec::new();
    let mut folders = vec![docs.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages.retain(|page| !page.ends_with("SUMMARY.md"));
    for page in &pages {
        let name = page.strip_prefix(&docs)?.display().to_string();
        if !summary.contains(&format!("({name})")) {
            bail!("docs/{name} is missing in docs/SUMMARY.md");
        }
    }
    Ok(pages)
}

fn build_book(root: &Path) -> anyhow::Result<()> {
    let mut command = Command::new("mdbook");
    let status = command.arg("build").arg(root.join("docs")).status().context(
        "mdbook is not installed. Install it with `cargo install mdbook --no-default-features`",
    )?;
    if !status.success() {
        bail!("mdbook: {status}");
    }
    Ok(())
}

/// Builds the program. Returns its directory.
fn build_program(root: &Path) -> anyhow::Result<PathBuf> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet", "--release", "--locked", "--package", "reelwright-cli"]);
    command.env(LTO.0, LTO.1);
    let status = command.current_dir(root).status()?;
    if !status.success() {
        bail!("Failed to build the program: {status}");
    }
    Ok(root.join("target/release"))
}
