//! Buffer of media that is written later: a temporary file, or memory on platforms without files.

#[cfg(not(target_family = "wasm"))]
pub use file::Spool;
#[cfg(target_family = "wasm")]
pub use memory::Spool;

#[cfg(not(target_family = "wasm"))]
mod file {
    use std::fs::File;
    use std::io::{Read, Seek, SeekFrom, Write};

    use crate::{Error, Output, Result};

    /// Bytes per copy operation.
    const COPY: usize = 1 << 18;

    /// Buffered media in a temporary file without a name.
    #[derive(Debug)]
    pub struct Spool {
        file: File,
        length: u64,
        /// Feature that requires the file, for messages.
        what: &'static str,
    }

    fn failed(what: &str, error: std::io::Error) -> Error {
        Error::io(
            format!("Failed to use a temporary file for the media, which {what} requires"),
            error,
        )
    }

    impl Spool {
        /// Creates an empty temporary file. Errors state that `what` requires it.
        ///
        /// # Errors
        /// The file cannot be created.
        pub fn new(what: &'static str) -> Result<Self> {
            let file = tempfile::tempfile().map_err(|error| failed(what, error))?;
            Ok(Self { file, length: 0, what })
        }

        /// Appends `data` and returns its offset.
        ///
        /// # Errors
        /// The file fails.
        pub fn append(&mut self, data: &[u8]) -> Result<u64> {
            self.file.write_all(data).map_err(|error| failed(self.what, error))?;
            let at = self.length;
            self.length += data.len() as u64;
            Ok(at)
        }

        /// Returns the number of bytes.
        pub const fn length(&self) -> u64 {
            self.length
        }

        /// Copies everything to an output.
        ///
        /// # Errors
        /// Errors of the file and the output.
        pub fn copy(mut self, output: &mut dyn Output) -> Result<()> {
            let failed = |error| failed(self.what, error);
            self.file.seek(SeekFrom::Start(0)).map_err(failed)?;
            let mut buffer = vec![0; COPY];
            while self.length > 0 {
                let part = self.length.min(COPY as u64) as usize;
                self.file.read_exact(&mut buffer[..part]).map_err(failed)?;
                output.write(&buffer[..part])?;
                self.length -= part as u64;
            }
            Ok(())
        }
    }
}

#[cfg(target_family = "wasm")]
mod memory {
    use crate::{Output, Result};

    /// Buffered media in memory.
    #[derive(Debug)]
    pub struct Spool {
        bytes: Vec<u8>,
    }

    impl Spool {
        /// Creates an empty buffer.
        ///
        /// # Errors
        /// None.
        pub const fn new(_: &'static str) -> Result<Self> {
            Ok(Self { bytes: Vec::new() })
        }

        /// Appends `data` and returns its offset.
        ///
        /// # Errors
        /// None.
        pub fn append(&mut self, data: &[u8]) -> Result<u64> {
            let at = self.bytes.len() as u64;
            self.bytes.extend_from_slice(data);
            Ok(at)
        }

        /// Returns the number of bytes.
        pub const fn length(&self) -> u64 {
            self.bytes.len() as u64
        }

        /// Copies everything to an output.
        ///
        /// # Errors
        /// The output fails.
        pub fn copy(self, output: &mut dyn Output) -> Result<()> {
            output.write(&self.bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Spool;
    use crate::MemoryOutput;

    #[test]
    fn copies_spooled_data_to_the_end_of_the_output() {
        let mut spool = Spool::new("a test").unwrap();
        // Longer than one copy operation.
        let parts: Vec<Vec<u8>> = (0..7).map(|i| vec![i; 100_000 * usize::from(i)]).collect();
        let mut length = 0;
        for part in &parts {
            assert_eq!(spool.append(part).unwrap(), length);
            length += part.len() as u64;
        }
        assert_eq!(spool.length(), length);
        let mut output = MemoryOutput::streaming();
        crate::Output::write(&mut output, b"before").unwrap();
        spool.copy(&mut output).unwrap();
        assert!(output.bytes() == [b"before".to_vec(), parts.concat()].concat());
    }
}
