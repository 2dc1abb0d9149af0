//! `cargo xtask draw`: random files and messages for a review of their language. The commit's hash
//! is the seed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::workspace;

const FILES: usize = 30;
const MESSAGES: usize = 50;
/// Environment variable with the path of a file to which tests append error messages.
const COLLECT: &str = "REELWRIGHT_COLLECT_MESSAGES";

/// Prints random files. With `python`, an interpreter with the package and pytest, also prints
/// random messages of the tests of the program and the package.
pub(crate) fn run(python: Option<&Path>) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let commit = git(root, &["rev-parse", "HEAD"])?;
    let seed = u64::from_str_radix(commit.get(..16).context("a short hash")?, 16)?;
    let files = git(root, &["ls-files", "--", "*.rs", "*.py", "*.pyi", "*.md"])?;
    println!("{FILES} files of {}:", commit.trim());
    draw(files.lines().collect(), FILES, seed).iter().for_each(|file| println!("  {file}"));
    let Some(python) = python else { return Ok(()) };
    let collected = tempfile::NamedTempFile::new()?;
    let python = std::path::absolute(python)?;
    let mut tests = Command::new(env!("CARGO"));
    tests.args(["test", "--quiet", "--package", "reelwright-cli"]).current_dir(root);
    let mut package = Command::new(python);
    package.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]);
    package.current_dir(root.join("crates/python"));
    for mut command in [tests, package] {
        command.env(COLLECT, collected.path()).stdout(std::process::Stdio::null());
        if !command.status().with_context(|| format!("{command:?}"))?.success() {
            bail!("{command:?} failed");
        }
    }
    let text = std::fs::read_to_string(collected.path())?;
    let messages: BTreeSet<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    println!("\n{MESSAGES} of {} messages:", messages.len());
    let drawn = draw(messages.into_iter().collect(), MESSAGES, seed);
    drawn.iter().for_each(|message| println!("  {message}"));
    Ok(())
}

fn git(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git").args(arguments).current_dir(root).output()?;
    if !output.status.success() {
        bail!("git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Draws `count` items without replacement.
fn draw(mut items: Vec<&str>, count: usize, mut seed: u64) -> Vec<&str> {
    let mut drawn = Vec::new();
    while drawn.len() < count && !items.is_empty() {
        // SplitMix64.
        seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        drawn.push(items.swap_remove(((bits ^ (bits >> 31)) % items.len() as u64) as usize));
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_no_duplicates_and_depend_on_the_seed() {
        let names: Vec<String> = (0..100).map(|i| i.to_string()).collect();
        let items: Vec<&str> = names.iter().map(String::as_str).collect();
        let drawn = draw(items.clone(), 30, 1);
        assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), 30);
        assert_eq!(drawn, draw(items.clone(), 30, 1));
        assert_ne!(drawn, draw(items, 30, 2));
    }
}
