//! Outputs for targets: files, writers and addresses.

mod buffered_writer;
mod folder;
mod protocol_output;

pub(crate) use buffered_writer::{BufferedWriter, FILE_BUFFER, Storage, WriteSeek};
pub(crate) use folder::Folder;
pub(crate) use protocol_output::ProtocolOutput;

use std::io::{self, Seek, SeekFrom};
use std::path::PathBuf;

use buffered_writer::failed;
use reelwright_core::{Destination, Error, ObjectStore, Output, Result};

/// Open destination.
pub(crate) struct Opened<'w> {
    output: Box<dyn Output + 'w>,
    objects: Option<Box<dyn ObjectStore + 'w>>,
    /// File name, or an empty string.
    name: String,
    /// True for a file or device with a path.
    has_path: bool,
}

impl<'w> Opened<'w> {
    /// Creates a destination with a single output, at a path if there is one.
    pub(crate) fn single(output: Box<dyn Output + 'w>, path: Option<PathBuf>) -> Self {
        let name = path.as_ref().and_then(|path| path.file_name()?.to_str());
        let name = name.unwrap_or_default().to_owned();
        Self { output, objects: None, name, has_path: path.is_some() }
    }

    /// Creates a destination with a store of objects and the name of the main object.
    pub(crate) fn with_objects(objects: Box<dyn ObjectStore + 'w>, name: String) -> Self {
        Self { output: Box::new(NoOutput), objects: Some(objects), name, has_path: false }
    }

    /// Flushes buffered data.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.output.flush()
    }

    /// Returns whether this is a file or device with a path.
    pub(crate) fn has_path(&self) -> bool {
        self.has_path
    }

    /// Truncates the output to its playable length, plus complete units of `block` bytes after it.
    /// Returns the new length.
    ///
    /// # Errors
    /// The output cannot be truncated.
    pub(crate) fn truncate_to_playable(&mut self, block: Option<u64>) -> Result<u64> {
        let (playable, held) = (self.output.playable_length(), self.output.position());
        let rest = held.saturating_sub(playable);
        let to = playable + block.map_or(0, |block| rest / block * block);
        self.output.truncate(to).map(|()| to)
    }

    /// Releases the output.
    ///
    /// # Errors
    /// The operating system reports an error. Some file systems report a full disk only at this
    /// point.
    pub(crate) fn close(&mut self) -> Result<()> {
        self.output.close()
    }
}

impl Destination for Opened<'_> {
    fn output(&mut self) -> &mut dyn Output {
        &mut *self.output
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn object_store(&mut self) -> Result<&mut dyn ObjectStore> {
        match &mut self.objects {
            Some(objects) => Ok(&mut **objects),
            None => Err(Error::unsupported(
                "This destination is a single output, and the format writes several objects. Pass \
                a path.",
            )),
        }
    }
}

/// Single output of a destination that consists of objects.
struct NoOutput;

impl Output for NoOutput {
    fn write(&mut self, _bytes: &[u8]) -> Result<()> {
        Err(Error::state("The destination consists of objects and has no single output."))
    }

    fn position(&self) -> u64 {
        0
    }

    fn is_seekable(&self) -> bool {
        false
    }

    fn patch(&mut self, _at: u64, _bytes: &[u8]) -> Result<()> {
        self.write(&[])
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Output that can only append.
pub(crate) struct WriterOutput<W>(pub(crate) BufferedWriter<W>);

impl<W: Storage + Send> Output for WriterOutput<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write(bytes)
    }

    fn position(&self) -> u64 {
        self.0.position
    }

    fn is_seekable(&self) -> bool {
        false
    }

    fn patch(&mut self, _at: u64, _bytes: &[u8]) -> Result<()> {
        Err(failed(&self.0.name, io::ErrorKind::NotSeekable.into()))
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }

    fn close(&mut self) -> Result<()> {
        self.0.close()
    }
}

/// Output that can overwrite its earlier bytes.
pub(crate) struct SeekableOutput<W> {
    buffered: BufferedWriter<W>,
    /// Position in the writer at which the output starts.
    start: u64,
    /// Position of the writer if other code moved it.
    moved_to: Option<u64>,
    has_warned: bool,
}

impl<W: Storage + Seek> SeekableOutput<W> {
    pub(crate) fn new(buffered: BufferedWriter<W>, start: u64) -> Self {
        Self { buffered, start, moved_to: None, has_warned: false }
    }

    /// Compares the writer's position with the bytes written to it.
    fn find(&mut self) -> Result<()> {
        if self.moved_to.is_some() {
            return Ok(());
        }
        let buffered = &mut self.buffered;
        let found =
            buffered.writer.stream_position().map_err(|error| failed(&buffered.name, error))?;
        if found != self.start + buffered.flushed() {
            self.moved_to = Some(found);
        }
        Ok(())
    }
}

impl<W: Storage + Seek + Send> Output for SeekableOutput<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.buffered.write(bytes)
    }

    fn position(&self) -> u64 {
        self.buffered.position
    }

    fn is_seekable(&self) -> bool {
        self.moved_to.is_none()
    }

    fn can_patch(&mut self) -> Result<bool> {
        self.find()?;
        let Some(found) = self.moved_to else { return Ok(true) };
        if !std::mem::replace(&mut self.has_warned, true) {
            log::warn!(
                "Something else moved dst to byte {found}. Bytes that were written are not changed \
                 from now on, and the file gets the format's layout for streams."
            );
        }
        Ok(false)
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        self.find()?;
        let buffered = &mut self.buffered;
        let end = at.checked_add(bytes.len() as u64);
        if end.is_none_or(|end| end > buffered.position) {
            return Err(failed(&buffered.name, io::ErrorKind::InvalidInput.into()));
        }
        if let Some(found) = self.moved_to {
            return Err(Error::state(format!(
                "The layout updates earlier bytes at the end, but other code moved dst to byte \
                 {found}. Do not use dst before the encoder is closed, or write to an object \
                 without `seek`, for which the format's layout for streams is used."
            )));
        }
        buffered.flush_output()?;
        let writer = &mut buffered.writer;
        let mut seek_and_write = || {
            let at = self.start + at;
            writer.seek(SeekFrom::Start(at))?;
            let found = writer.stream_position()?;
            if found != at {
                return Err(io::Error::other(format!("a seek to byte {at} went to {found}")));
            }
            for piece in bytes.chunks(buffered.size) {
                writer.write_all(piece)?;
            }
            writer.seek(SeekFrom::Start(self.start + buffered.position))
        };
        seek_and_write().map(drop).map_err(|error| failed(&buffered.name, error))
    }

    fn close(&mut self) -> Result<()> {
        self.buffered.close()
    }

    fn flush(&mut self) -> Result<()> {
        self.buffered.flush_output()?;
        self.find()?;
        self.buffered.flush()
    }

    fn sync(&mut self) -> Result<()> {
        self.buffered.sync()
    }

    fn truncate(&mut self, to: u64) -> Result<()> {
        self.find()?;
        let buffered = &mut self.buffered;
        let failed =
            |error| Error::output(format!("Failed to truncate dst: {}", buffered.name), error);
        if to > buffered.position || self.moved_to.is_some() {
            return Err(failed(io::ErrorKind::InvalidInput.into()));
        }
        let flushed = buffered.flushed();
        if let Some(kept) = to.checked_sub(flushed) {
            buffered.buffer.truncate(kept as usize);
        }
        if to <= flushed {
            let to = self.start + to;
            buffered.writer.truncate(to).map_err(failed)?;
            buffered.writer.seek(SeekFrom::Start(to)).map_err(failed)?;
            buffered.buffer.clear();
        }
        buffered.position = to;
        buffered.playable = buffered.playable.min(to);
        buffered.marks.retain(|mark| *mark <= to);
        Ok(())
    }

    fn mark_playable(&mut self) {
        self.buffered.mark_playable();
    }

    fn playable_length(&self) -> u64 {
        self.buffered.playable_length()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Cursor, Write};
    use std::path::Path;

    use super::*;
    use crate::blocking::Gate;
    use crate::target::Target;

    /// Writer that records the size of each write, and accepts at most 7 bytes of each.
    struct Stingy<'a>(&'a mut Vec<usize>, &'a mut Vec<u8>);

    impl Write for Stingy<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.len());
            let taken = bytes.len().min(7);
            self.1.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn open(target: Target<'_>) -> Box<dyn Output + '_> {
        target.open_output(None, &Gate::default()).unwrap()
    }

    #[test]
    fn writes_are_at_most_the_buffer_and_short_writes_lose_nothing() {
        let (mut sizes, mut bytes) = (Vec::new(), Vec::new());
        let expected: Vec<u8> = (0..100).collect();
        let mut output = open(Target::writer(Stingy(&mut sizes, &mut bytes)).buffer_size(16));
        for piece in [&expected[..5], &expected[5..70], &expected[70..]] {
            output.write(piece).unwrap();
        }
        assert_eq!(output.position(), 100);
        output.flush().unwrap();
        drop(output);
        assert!(sizes.iter().all(|size| *size <= 16), "{sizes:?}");
        assert_eq!(bytes, expected);
    }

    #[test]
    fn large_buffer_allocates_only_for_its_content() {
        let mut bytes = Vec::new();
        let mut output = open(Target::writer(&mut bytes).buffer_size(usize::MAX));
        output.write(b"few").unwrap();
        output.flush().unwrap();
        drop(output);
        assert_eq!(bytes, b"few");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn open_descriptor_keeps_earlier_content() {
        use std::os::fd::AsRawFd;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"before").unwrap();
        let address = format!("pipe:{}", file.as_raw_fd());
        let mut output = open(Target::from(&address));
        assert!(!output.is_seekable());
        output.write(b" and after").unwrap();
        output.flush().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"before and after");
    }

    #[test]
    fn patch_does_not_move_the_append_position() {
        let mut cursor = Cursor::new(b"before".to_vec());
        cursor.set_position(6);
        let mut output = open(Target::seekable_writer(&mut cursor).buffer_size(4));
        output.write(b"0123456789").unwrap();
        output.patch(1, b"abcdefg").unwrap();
        assert!(output.patch(5, b"123456").is_err());
        output.write(b"!").unwrap();
        output.flush().unwrap();
        drop(output);
        assert_eq!(cursor.into_inner(), b"before0abcdefg89!");
    }

    fn open_path(path: &Path) -> Opened<'static> {
        let target = Target::from(path.to_owned());
        let output = target.open_output(None, &Gate::default()).unwrap();
        Opened::single(output, Some(path.to_owned()))
    }

    #[test]
    fn reports_truncation_by_other_programs() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        let mut output = open_path(&path);
        output.output().write(&[1; 3 * FILE_BUFFER]).unwrap();
        output.output().flush().unwrap();
        File::options().write(true).open(&path).unwrap().set_len(10).unwrap();
        output.output().write(&[2; 100]).unwrap();
        let error = output.output().flush().unwrap_err().report().to_string();
        assert!(error.contains("has 10 of the 196608 bytes"), "{error}");
        assert!(error.contains("another program truncated"), "{error}");
    }

    #[test]
    fn truncates_to_the_playable_length() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        let mut output = open_path(&path);
        for length in [100, FILE_BUFFER, 7] {
            output.output().write(&vec![1; length]).unwrap();
            output.output().mark_playable();
        }
        output.output().write(&[2; 11]).unwrap();
        output.output().sync().unwrap();
        let whole = (FILE_BUFFER + 107) as u64;
        assert_eq!(output.truncate_to_playable(Some(4)).unwrap(), whole + 8);
        assert_eq!(path.metadata().unwrap().len(), whole + 8);
        assert_eq!(output.truncate_to_playable(None).unwrap(), whole);
        output.output().write(b"end").unwrap();
        output.output().flush().unwrap();
        output.close().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!((bytes.len() as u64, &bytes[bytes.len() - 3..]), (whole + 3, &b"end"[..]));
    }

    /// File on a full network drive, which reports errors only on close.
    struct Late;

    impl Write for Late {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Storage for Late {
        fn close(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::QuotaExceeded.into())
        }
    }

    #[test]
    fn reports_errors_of_close() {
        let buffered = BufferedWriter::new(Late, "out".into(), FILE_BUFFER, Gate::default());
        let mut output = WriterOutput(buffered);
        let error = output.close().unwrap_err().to_string();
        assert!(error.contains("Failed to write to dst: out"), "{error}");
    }
}
