//! Media that waits until the file can be written: in a temporary file, or, where there are no
//! files, in memory.

use reelwright_core::{Output, Result};

#[cfg(not(target_family = "wasm"))]
pub(crate) use file::Spool;
#[cfg(target_family = "wasm")]
pub(crate) use memory::Spool;

#[cfg(not(target_family = "wasm"))]
mod file {
    use std::fs::File;
    use std::io::{Read, Seek, SeekFrom, Write};

    use reelwright_core::Error;

    use super::{Output, Result};

    /// Bytes that are copied at a time.
    const COPY: usize = 1 << 18;

    /// The media so far, in a file without a name.
    #[derive(Debug)]
    pub(crate) struct Spool {
        file: File,
        length: u64,
    }

    fn failed(error: std::io::Error) -> Error {
        Error::io("Failed to use a temporary file for the media, which faststart needs", error)
    }

    impl Spool {
        /// An empty file.
        ///
        /// # Errors
        /// It cannot be made.
        pub(crate) fn new() -> Result<Self> {
            Ok(Self { file: tempfile::tempfile().map_err(failed)?, length: 0 })
        }

        /// Appends `data`; returns where it is.
        ///
        /// # Errors
        /// The file's.
        pub(crate) fn append(&mut self, data: &[u8]) -> Result<u64> {
            self.file.write_all(data).map_err(failed)?;
            let at = self.length;
            self.length += data.len() as u64;
            Ok(at)
        }

        /// How many bytes there are.
        pub(crate) const fn length(&self) -> u64 {
            self.length
        }

        /// Writes everything out.
        ///
        /// # Errors
        /// The file's and the output's.
        pub(crate) fn copy(mut self, output: &mut dyn Output) -> Result<()> {
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
    use super::{Output, Result};

    /// The media so far.
    #[derive(Debug)]
    pub(crate) struct Spool {
        bytes: Vec<u8>,
    }

    impl Spool {
        /// Nothing.
        ///
        /// # Errors
        /// None.
        pub(crate) const fn new() -> Result<Self> {
            Ok(Self { bytes: Vec::new() })
        }

        /// Appends `data`; returns where it is.
        ///
        /// # Errors
        /// None.
        pub(crate) fn append(&mut self, data: &[u8]) -> Result<u64> {
            let at = self.bytes.len() as u64;
            self.bytes.extend_from_slice(data);
            Ok(at)
        }

        /// How many bytes there are.
        pub(crate) const fn length(&self) -> u64 {
            self.bytes.len() as u64
        }

        /// Writes everything out.
        ///
        /// # Errors
        /// The output's.
        pub(crate) fn copy(self, output: &mut dyn Output) -> Result<()> {
            output.write(&self.bytes)
        }
    }
}
