//! Images, each in a file of its own: listed, or numbered as `frame_%04d.png`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use reelwright_core::PixelFormat;

use crate::frame::Frame;
use crate::still;

/// The most bytes of an image file.
const MAX_FILE: u64 = 1 << 30;

/// Images in the order they are shown.
pub struct Pictures {
    /// Files with the times they are shown at, in frames.
    files: Vec<(PathBuf, i64)>,
    next: usize,
    has_holes: bool,
    is_damaged: bool,
}

/// The place for a number in a file name: what is before it, the least number of digits, what is
/// behind it.
fn pattern(path: &Path) -> Option<(&str, usize, &str)> {
    let name = path.file_name()?.to_str()?;
    let (before, rest) = name.split_once('%')?;
    let (width, after) = rest.split_once('d')?;
    let width = if width.is_empty() { 0 } else { width.parse().ok()? };
    Some((before, width, after))
}

/// Returns whether a path names a numbered sequence rather than a file.
pub fn is_sequence(path: &Path) -> bool {
    !path.exists() && pattern(path).is_some()
}

/// The numbers of the files that a pattern names, in order.
fn numbers(path: &Path) -> std::io::Result<Vec<i64>> {
    let Some((before, width, after)) = pattern(path) else { return Ok(Vec::new()) };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let digits =
            name.to_str().and_then(|name| name.strip_prefix(before)?.strip_suffix(after)).filter(
                |digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
            );
        let Some(number) = digits.and_then(|digits| digits.parse::<i64>().ok()) else { continue };
        // The name must be the one that the pattern makes.
        if digits == Some(format!("{number:0width$}").as_str()) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The file with a number; the path itself where it has no place for one.
fn numbered(path: &Path, number: i64) -> PathBuf {
    match pattern(path) {
        Some((before, width, after)) => {
            path.with_file_name(format!("{before}{number:0width$}{after}"))
        }
        None => path.to_owned(),
    }
}

/// The files that exist under the names of a pattern, in order; a path without a place for a number
/// is itself.
pub fn sequence_files(path: &Path) -> Vec<PathBuf> {
    if pattern(path).is_none() {
        return Some(path.to_owned()).filter(|path| path.exists()).into_iter().collect();
    }
    numbers(path).unwrap_or_default().into_iter().map(|number| numbered(path, number)).collect()
}

impl Pictures {
    /// The files of a list, shown one after the other.
    pub fn list(files: &[PathBuf]) -> Self {
        let files = files.iter().cloned().zip(0..).collect();
        Self { files, next: 0, has_holes: false, is_damaged: false }
    }

    /// The files of a pattern, from the lowest number there is; a number that is missing leaves the
    /// frame before it on screen.
    ///
    /// # Errors
    /// There is no such file.
    pub fn sequence(path: &Path) -> anyhow::Result<Self> {
        let failed = || format!("Failed to open input: {}", path.display());
        let numbers = numbers(path).with_context(failed)?;
        let Some(&first) = numbers.first() else {
            bail!("{} (no file has such a name)", failed());
        };
        let mut has_holes = false;
        for pair in numbers.windows(2) {
            if pair[1] - pair[0] > 1 {
                has_holes = true;
                let missing = match pair[1] - pair[0] {
                    2 => format!("number {} is", pair[0] + 1),
                    _ => format!("numbers {} to {} are", pair[0] + 1, pair[1] - 1),
                };
                log::warn!(
                    "{}: {missing} missing; the frame before is shown instead.",
                    path.display()
                );
            }
        }
        let files = numbers.into_iter().map(|n| (numbered(path, n), n - first)).collect();
        Ok(Self { files, next: 0, has_holes, is_damaged: false })
    }

    /// Duration in frames.
    pub(crate) fn len(&self) -> u64 {
        self.files.last().map_or(0, |(_, at)| at.unsigned_abs() + 1)
    }

    /// Whether a number is missing.
    pub(crate) const fn has_holes(&self) -> bool {
        self.has_holes
    }

    /// Whether an image was damaged.
    pub(crate) const fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// The format that holds all images, by their headers; none if no header can be read.
    pub(crate) fn format(&self) -> Option<PixelFormat> {
        let formats = self.files.iter().filter_map(|(path, _)| still::format(path).ok());
        formats.reduce(still::union)
    }

    /// The next image and its time in frames; none at the end.
    ///
    /// # Errors
    /// A file cannot be read or decoded.
    pub(crate) fn next(&mut self) -> anyhow::Result<Option<(Frame, i64)>> {
        let Some((path, at)) = self.files.get(self.next) else { return Ok(None) };
        self.next += 1;
        let failed = || format!("Failed to read input: {}", path.display());
        let size = std::fs::metadata(path).with_context(failed)?.len();
        if size > MAX_FILE {
            bail!("{} (it has {size} bytes; an image may have {MAX_FILE})", failed());
        }
        let data = std::fs::read(path).with_context(failed)?;
        let still = still::decode(&data).with_context(failed)?;
        if still.is_damaged {
            self.is_damaged = true;
            log::warn!("{} is damaged: what can be decoded of it is shown.", path.display());
        }
        Ok(Some((still.frame, *at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_a_place_for_a_number() {
        let of = |name: &'static str| pattern(Path::new(name));
        assert_eq!(of("a/f_%04d.png"), Some(("f_", 4, ".png")));
        assert_eq!(of("f%d.png"), Some(("f", 0, ".png")));
        assert!(of("f.png").is_none() && of("f%xd.png").is_none());
    }

    #[test]
    fn a_sequence_begins_at_its_lowest_number_and_holes_take_time() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["f_0007.png", "f_0008.png", "f_0011.png", "f_12.png", "f_x.png", "g_0001.png"]
        {
            std::fs::write(directory.path().join(name), "").unwrap();
        }
        let pictures = Pictures::sequence(&directory.path().join("f_%04d.png")).unwrap();
        let times: Vec<_> = pictures.files.iter().map(|(_, at)| *at).collect();
        assert_eq!((times, pictures.has_holes, pictures.len()), (vec![0, 1, 4], true, 5));
        let none = Pictures::sequence(&directory.path().join("h_%d.png"));
        assert!(none.err().unwrap().to_string().contains("h_%d.png"));
    }
}
