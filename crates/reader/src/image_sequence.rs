//! Sequences of image files: a list of files, or a pattern such as `frame_%04d.png`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use reelwright_core::PixelFormat;

use crate::frame::Frame;
use crate::still;

/// Maximum size of an image file in bytes.
const MAX_FILE: u64 = 1 << 30;

/// Sequence of image files.
pub struct ImageSequence {
    /// Files with their presentation times, in frames.
    files: Vec<(PathBuf, i64)>,
    next: usize,
    has_gaps: bool,
    is_damaged: bool,
}

/// Splits a file name at its `%d`. Returns the text before it, the minimum number of digits, and
/// the text after it.
fn pattern(path: &Path) -> Option<(&str, usize, &str)> {
    let name = path.file_name()?.to_str()?;
    let (before, rest) = name.split_once('%')?;
    let (width, after) = rest.split_once('d')?;
    let width = if width.is_empty() { 0 } else { width.parse().ok()? };
    Some((before, width, after))
}

/// Returns true if a path is the pattern of a sequence, and not an existing file.
pub fn is_sequence(path: &Path) -> bool {
    !path.exists() && pattern(path).is_some()
}

/// Returns the sorted numbers of the files that match a pattern.
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
        // The number of leading zeros must match the pattern.
        if digits == Some(format!("{number:0width$}").as_str()) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Returns the path of the file with a number, or the path itself if it is not a pattern.
fn numbered(path: &Path, number: i64) -> PathBuf {
    match pattern(path) {
        Some((before, width, after)) => {
            path.with_file_name(format!("{before}{number:0width$}{after}"))
        }
        None => path.to_owned(),
    }
}

/// Returns the existing files that match a pattern, in order. A path that is not a pattern matches
/// itself.
pub fn sequence_files(path: &Path) -> Vec<PathBuf> {
    if pattern(path).is_none() {
        return Some(path.to_owned()).filter(|path| path.exists()).into_iter().collect();
    }
    numbers(path).unwrap_or_default().into_iter().map(|number| numbered(path, number)).collect()
}

impl ImageSequence {
    /// Creates a sequence of these files, one frame each.
    pub fn list(files: &[PathBuf]) -> Self {
        let files = files.iter().cloned().zip(0..).collect();
        Self { files, next: 0, has_gaps: false, is_damaged: false }
    }

    /// Opens the files that match a pattern, from the lowest number. If a number is missing, the
    /// frame before it is shown longer.
    ///
    /// # Errors
    /// No file matches.
    pub fn sequence(path: &Path) -> anyhow::Result<Self> {
        let failed = || format!("Failed to open input: {}", path.display());
        let numbers = numbers(path).with_context(failed)?;
        let Some(&first) = numbers.first() else {
            bail!("{} (no file matches the pattern)", failed());
        };
        let mut has_gaps = false;
        for pair in numbers.windows(2) {
            if pair[1] - pair[0] > 1 {
                has_gaps = true;
                let missing = match pair[1] - pair[0] {
                    2 => format!("number {} is", pair[0] + 1),
                    _ => format!("numbers {} to {} are", pair[0] + 1, pair[1] - 1),
                };
                log::warn!(
                    "{}: {missing} missing. The previous frame is shown instead.",
                    path.display()
                );
            }
        }
        let files = numbers.into_iter().map(|n| (numbered(path, n), n - first)).collect();
        Ok(Self { files, next: 0, has_gaps, is_damaged: false })
    }

    /// Duration in frames.
    pub(crate) fn len(&self) -> u64 {
        self.files.last().map_or(0, |(_, at)| at.unsigned_abs() + 1)
    }

    /// Returns true if a number is missing.
    pub(crate) const fn has_gaps(&self) -> bool {
        self.has_gaps
    }

    /// Returns true if an image was damaged.
    pub(crate) const fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// Returns a pixel format that can represent all images, or `None` if no header can be read.
    pub(crate) fn format(&self) -> Option<PixelFormat> {
        let formats = self.files.iter().filter_map(|(path, _)| still::format(path).ok());
        formats.reduce(still::union)
    }

    /// Returns the next image and its time in frames, or `None` at the end.
    ///
    /// # Errors
    /// A file cannot be read or decoded.
    pub(crate) fn next(&mut self) -> anyhow::Result<Option<(Frame, i64)>> {
        let Some((path, at)) = self.files.get(self.next) else { return Ok(None) };
        self.next += 1;
        let failed = || format!("Failed to read input: {}", path.display());
        let size = std::fs::metadata(path).with_context(failed)?.len();
        if size > MAX_FILE {
            bail!("{} (its size is {size} bytes; the maximum is {MAX_FILE})", failed());
        }
        let data = std::fs::read(path).with_context(failed)?;
        let still = still::decode(&data).with_context(failed)?;
        if still.is_damaged {
            self.is_damaged = true;
            log::warn!("{} is damaged. Only the decodable part is shown.", path.display());
        }
        Ok(Some((still.frame, *at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_patterns() {
        let of = |name: &'static str| pattern(Path::new(name));
        assert_eq!(of("a/f_%04d.png"), Some(("f_", 4, ".png")));
        assert_eq!(of("f%d.png"), Some(("f", 0, ".png")));
        assert!(of("f.png").is_none() && of("f%xd.png").is_none());
    }

    #[test]
    fn sequence_begins_at_the_lowest_number_and_gaps_have_a_duration() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["f_0007.png", "f_0008.png", "f_0011.png", "f_12.png", "f_x.png", "g_0001.png"]
        {
            std::fs::write(directory.path().join(name), "").unwrap();
        }
        let images = ImageSequence::sequence(&directory.path().join("f_%04d.png")).unwrap();
        let times: Vec<_> = images.files.iter().map(|(_, at)| *at).collect();
        assert_eq!((times, images.has_gaps, images.len()), (vec![0, 1, 4], true, 5));
        let none = ImageSequence::sequence(&directory.path().join("h_%d.png"));
        assert!(none.err().unwrap().to_string().contains("h_%d.png"));
    }
}
