//! Output files, with checks against unintended overwriting.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use reelwright_reader::sequence_files;
use same_file::Handle;

use crate::args::EncodeArgs;

/// Part of a partial file's name before its number and extension.
const PARTIAL: &str = ".partial";
/// Maximum number of partial files to check.
const MAX_SIBLINGS: u32 = 1000;

/// Output file, which may replace an existing one.
#[derive(Debug)]
pub(crate) struct OutputFile {
    /// Path that the encoder writes to.
    path: PathBuf,
    /// Existing file that is replaced on success.
    replaces: Option<PathBuf>,
    is_kept: bool,
}

/// Checks that an output may be written, and prepares it. Returns `None` for outputs that are not a
/// single file.
///
/// # Errors
/// The output is an input, or exists and `-y` is not set.
pub(crate) fn prepare(
    args: &EncodeArgs,
    path: Option<&Path>,
    is_numbered: bool,
) -> anyhow::Result<Option<OutputFile>> {
    let Some(path) = path else {
        if reelwright_startup::stdout_is_closed() {
            bail!("Standard output is closed. Nothing can be written to it.");
        }
        if Handle::stdout().is_ok_and(|out| is_regular(&out) && input_handles(args).contains(&out))
        {
            bail!("Standard output is also an input. Write to another file.");
        }
        return Ok(None);
    };
    let replaces = check(args, path, is_numbered)?;
    if is_numbered {
        return Ok(None);
    }
    for partial in leftovers(path) {
        log::warn!(
            "{} remains from an earlier run that did not finish. The file contains the data of \
             that run.",
            partial.display()
        );
    }
    if !replaces {
        let is_new = !path.exists();
        return Ok(is_new.then(|| OutputFile {
            path: path.to_owned(),
            replaces: None,
            is_kept: true,
        }));
    }
    // Links are kept, and the file that they refer to is replaced.
    let target = fs::canonicalize(path)
        .with_context(|| format!("Failed to open dst: {}", path.display()))?;
    match create_sibling(&target) {
        Ok(sibling) => {
            Ok(Some(OutputFile { path: sibling, replaces: Some(target), is_kept: false }))
        }
        Err(error) => {
            log::warn!(
                "Failed to create a file next to {}: {error}. It is overwritten in place.",
                path.display()
            );
            Ok(Some(OutputFile { path: path.to_owned(), replaces: None, is_kept: true }))
        }
    }
}

/// Checks that a file, or numbered files, may be written. Returns whether it exists and will be
/// replaced.
///
/// # Errors
/// The file is an input, or exists and `-y` is not set.
pub(crate) fn check(args: &EncodeArgs, path: &Path, is_numbered: bool) -> anyhow::Result<bool> {
    let inputs = input_handles(args);
    let existing: Vec<PathBuf> = if is_numbered {
        sequence_files(path)
    } else {
        Some(path.to_owned()).filter(|path| path.exists()).into_iter().collect()
    };
    for file in &existing {
        if regular(file).is_some_and(|out| inputs.contains(&out)) {
            bail!("{} is both input and output. Write to another file.", file.display());
        }
    }
    let regular = existing.iter().find(|path| path.is_file());
    if let Some(file) = regular.filter(|_| !args.overwrite) {
        bail!("{} already exists. Pass -y to overwrite it.", file.display());
    }
    Ok(regular.is_some())
}

fn input_handles(args: &EncodeArgs) -> Vec<Handle> {
    let mut handles = Vec::new();
    for input in &args.inputs {
        if input.as_os_str() == "-" {
            handles.extend(Handle::stdin().ok().filter(is_regular));
        } else if reelwright_reader::is_sequence(input) {
            handles.extend(sequence_files(input).iter().filter_map(|file| regular(file)));
        } else {
            handles.extend(regular(input));
        }
    }
    handles
}

/// Opens a regular file. A pipe would wait for its peer.
fn regular(path: &Path) -> Option<Handle> {
    if path.is_file() { Handle::from_path(path).ok() } else { None }
}

fn is_regular(handle: &Handle) -> bool {
    handle.as_file().metadata().is_ok_and(|metadata| metadata.is_file())
}

/// Returns the name of partial file `number`: `out.partial.mp4`, `out.partial2.mp4`.
fn sibling(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default();
    let mut name = stem.to_owned();
    name.push(PARTIAL);
    if number > 1 {
        name.push(number.to_string());
    }
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Returns partial files of earlier runs.
fn leftovers(path: &Path) -> Vec<PathBuf> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    (1..=MAX_SIBLINGS)
        .map(|number| sibling(&target, number))
        .take_while(|path| path.exists())
        .collect()
}

fn create_sibling(target: &Path) -> io::Result<PathBuf> {
    let mode = fs::metadata(target)?.permissions();
    for number in 1..=MAX_SIBLINGS {
        let path = sibling(target, number);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => {
                if let Err(error) = file.set_permissions(mode) {
                    let _ = fs::remove_file(&path);
                    return Err(error);
                }
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

impl OutputFile {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that the file is complete, and moves it to its final path.
    ///
    /// # Errors
    /// The file was removed or truncated during encoding, or cannot be moved.
    pub(crate) fn finish(mut self, written: Option<u64>) -> anyhow::Result<()> {
        let path = self.path.display();
        let Ok(metadata) = fs::metadata(&self.path) else {
            bail!("{path} was removed during encoding.");
        };
        if let Some(written) = written.filter(|_| metadata.is_file())
            && metadata.len() < written
        {
            bail!(
                "{path} was truncated during encoding. The file has {} of {written} bytes.",
                metadata.len()
            );
        }
        if let Some(target) = &self.replaces {
            // The old file is replaced after the new one is on disk.
            let synced = File::open(&self.path).and_then(|file| file.sync_all());
            synced.with_context(|| format!("Failed to write to dst: {path}"))?;
            fs::rename(&self.path, target)
                .with_context(|| format!("Failed to move {path} to {}", target.display()))?;
        }
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_names_keep_the_extension() {
        assert_eq!(sibling(Path::new("a/out.mp4"), 1), Path::new("a/out.partial.mp4"));
        assert_eq!(sibling(Path::new("a/out.b.wav"), 2), Path::new("a/out.b.partial2.wav"));
        assert_eq!(sibling(Path::new("out"), 1), Path::new("out.partial"));
    }
}
