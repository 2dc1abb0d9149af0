//! Object store whose objects are the files of a folder.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use reelwright_core::{Error, ObjectStore, Output, Result};

use super::{BufferedWriter, FILE_BUFFER, SeekableOutput};
use crate::blocking::Gate;

/// Suffix of an incomplete file that will replace another one.
const PARTIAL: &str = ".partial";

/// Files of a folder.
pub(crate) struct Folder {
    path: PathBuf,
    gate: Gate,
}

impl Folder {
    /// Creates the store of the folder that contains `path`.
    pub(crate) fn containing(path: &Path, gate: Gate) -> Self {
        Self { path: path.parent().unwrap_or(Path::new("")).to_owned(), gate }
    }

    fn open(&self, path: &Path) -> Result<SeekableOutput<File>> {
        let file = File::create(path).map_err(|error| failed("open dst:", path, error))?;
        let name = path.display().to_string();
        Ok(SeekableOutput::new(BufferedWriter::new(file, name, FILE_BUFFER, self.gate.clone()), 0))
    }
}

impl ObjectStore for Folder {
    fn create(&mut self, name: &str, _: Option<&str>) -> Result<Box<dyn Output>> {
        Ok(Box::new(self.open(&self.path.join(name))?))
    }

    fn replace(&mut self, name: &str, _: Option<&str>) -> Result<Box<dyn Output>> {
        let path = self.path.join(name);
        // Replaces the target of a symbolic link, not the link.
        let to = fs::canonicalize(&path).unwrap_or(path);
        if to.exists() && !to.is_file() {
            // Devices and pipes cannot be replaced by a file.
            return Ok(Box::new(self.open(&to)?));
        }
        let mut partial = to.clone().into_os_string();
        partial.push(PARTIAL);
        let partial = PathBuf::from(partial);
        Ok(Box::new(Replacement { output: self.open(&partial)?, partial, to, is_done: false }))
    }

    fn remove(&mut self, name: &str) -> Result<()> {
        let path = self.path.join(name);
        fs::remove_file(&path).map_err(|error| failed("remove", &path, error))
    }
}

fn failed(action: &str, path: &Path, error: io::Error) -> Error {
    Error::output(format!("Failed to {action} {}", path.display()), error)
}

/// File that replaces another one when it is closed.
struct Replacement {
    output: SeekableOutput<File>,
    partial: PathBuf,
    to: PathBuf,
    is_done: bool,
}

impl Output for Replacement {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.output.write(bytes)
    }

    fn position(&self) -> u64 {
        self.output.position()
    }

    fn is_seekable(&self) -> bool {
        self.output.is_seekable()
    }

    fn can_patch(&mut self) -> Result<bool> {
        self.output.can_patch()
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        self.output.patch(at, bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.output.flush()
    }

    fn sync(&mut self) -> Result<()> {
        self.output.sync()
    }

    fn truncate(&mut self, to: u64) -> Result<()> {
        self.output.truncate(to)
    }

    fn close(&mut self) -> Result<()> {
        if self.is_done {
            return Ok(());
        }
        self.output.close()?;
        fs::rename(&self.partial, &self.to).map_err(|error| failed("replace", &self.to, error))?;
        self.is_done = true;
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.is_done
            && let Err(error) = fs::remove_file(&self.partial)
        {
            log::warn!("{}", failed("remove", &self.partial, error).report());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_replaced_on_close() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.m3u8");
        let mut files = Folder::containing(&path, Gate::default());
        let mut first = files.create("list.m3u8", None).unwrap();
        first.write(b"old").unwrap();
        first.close().unwrap();
        let mut second = files.replace("list.m3u8", None).unwrap();
        second.write(b"new").unwrap();
        second.flush().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        second.close().unwrap();
        drop(second);
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let mut third = files.replace("list.m3u8", None).unwrap();
        third.write(b"half").unwrap();
        drop(third);
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        files.remove("list.m3u8").unwrap();
        let error = files.remove("list.m3u8").unwrap_err().report().to_string();
        assert!(error.contains("Failed to remove") && error.contains("list.m3u8"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn replaces_the_target_of_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("real");
        fs::write(&path, b"old").unwrap();
        std::os::unix::fs::symlink("real", folder.path().join("link")).unwrap();
        let mut files = Folder::containing(&path, Gate::default());
        let mut output = files.replace("link", None).unwrap();
        output.write(b"new").unwrap();
        output.close().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(folder.path().join("link").is_symlink());
    }
}
