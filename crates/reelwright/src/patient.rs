//! Outputs that block: pipes, terminals and other devices. They wait in short steps, and ask for an
//! interrupt between them.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(any(unix, test))]
use std::time::Duration;

use reelwright_core::{Error, Interrupt};

/// An interrupt on its way between an encoder and its output.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Shared>);

#[derive(Default)]
struct Shared {
    interrupt: Interrupt,
    /// Whether the output stopped in the middle of its work: what follows is kept.
    is_stopped: AtomicBool,
    /// Whether the output takes what it can at once, and fails where it would wait.
    is_hurried: AtomicBool,
}

impl Gate {
    pub(crate) fn new(interrupt: Interrupt) -> Self {
        Self(Arc::new(Shared { interrupt, ..Shared::default() }))
    }

    /// The error of work that was stopped.
    pub(crate) fn error() -> Error {
        Interrupt::error()
    }

    /// Lets the interrupt's callback run during long work that cannot stop in its middle.
    pub(crate) fn ask(&self) {
        self.0.interrupt.is_raised();
    }

    /// Whether the output stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::Relaxed)
    }

    /// Stops the output, until [`take_stop`](Self::take_stop).
    pub(crate) fn stop(&self) {
        self.0.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the output stopped, which is over with this.
    pub(crate) fn take_stop(&self) -> bool {
        self.is_stopped() && self.0.is_stopped.swap(false, Ordering::Relaxed)
    }

    /// Lets the output no longer wait for anything.
    pub(crate) fn hurry(&self) {
        self.0.is_stopped.store(false, Ordering::Relaxed);
        self.0.is_hurried.store(true, Ordering::Relaxed);
    }

    /// Refuses to wait any longer, after `waited`.
    ///
    /// # Errors
    /// There was an interrupt, or nothing waits any longer.
    #[cfg(any(unix, test))]
    pub(crate) fn wait(&self, waited: Duration) -> io::Result<()> {
        if self.0.is_hurried.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if self.0.interrupt.is_raised_after(waited) {
            return Err(io::Error::other(Stopped));
        }
        Ok(())
    }
}

/// The cause of an error after an interrupt.
#[derive(Debug)]
struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Stopped {}

/// Whether an interrupt caused the error: what was not taken can be written later.
pub(crate) fn is_stopped(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|cause| cause.is::<Stopped>())
}

type Writer = Box<dyn Write + Send>;

#[cfg(unix)]
mod unix {
    use std::io::IsTerminal;
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
    use std::time::Instant;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::OFlags;
    use rustix::io::Errno;

    use super::*;

    /// The most bytes that a pipe takes at once when it says that it takes any (`PIPE_BUF`).
    const AT_ONCE: usize = 4096;

    /// A file that may block.
    struct Patient {
        file: File,
        /// Whether a write that would block fails instead. Where the file is shared with other
        /// programs, nobody may change that.
        never_blocks: bool,
        /// The most bytes that are written at once.
        at_once: usize,
        gate: Gate,
    }

    impl Patient {
        /// Whether the file takes bytes now, after one period at most.
        fn is_ready(&self) -> io::Result<bool> {
            let period = Timespec::try_from(Interrupt::PERIOD).map_err(io::Error::other)?;
            let mut files = [PollFd::new(&self.file, PollFlags::OUT)];
            match poll(&mut files, Some(&period)) {
                Ok(ready) => Ok(ready > 0),
                // A signal: it may be the interrupt.
                Err(Errno::INTR) => Ok(false),
                Err(error) => Err(error.into()),
            }
        }
    }

    impl Write for Patient {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut begin = None;
            let mut is_tried = !self.never_blocks;
            loop {
                if !is_tried || self.is_ready()? {
                    match self.file.write(&bytes[..bytes.len().min(self.at_once)]) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        other => return other,
                    }
                    is_tried = true;
                }
                let begin = *begin.get_or_insert_with(Instant::now);
                self.gate.wait(begin.elapsed())?;
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            self.file.flush()
        }
    }

    pub(crate) fn open_fifo(path: &Path, gate: &Gate) -> io::Result<Option<File>> {
        if !path.metadata().is_ok_and(|found| found.file_type().is_fifo()) {
            return Ok(None);
        }
        let begin = Instant::now();
        loop {
            match open_without_blocking(path) {
                // Nobody reads it yet.
                Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {}
                other => return other.map(Some),
            }
            gate.wait(begin.elapsed())?;
            std::thread::sleep(Interrupt::PERIOD);
        }
    }

    fn open_without_blocking(path: &Path) -> io::Result<File> {
        File::options().append(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)
    }

    pub(crate) fn writer(file: File, gate: &Gate) -> io::Result<Writer> {
        if file.metadata()?.is_file() {
            return Ok(Box::new(file));
        }
        let never_blocks = rustix::fs::fcntl_getfl(&file)?.contains(OFlags::NONBLOCK);
        // Devices like /dev/null take whatever they are given.
        let is_device = file.metadata()?.file_type().is_char_device() && !file.is_terminal();
        let at_once = if never_blocks || is_device { usize::MAX } else { AT_ONCE };
        Ok(Box::new(Patient { file, never_blocks, at_once, gate: gate.clone() }))
    }

    pub(crate) fn stdout(gate: &Gate) -> io::Result<Writer> {
        use std::os::fd::AsFd;
        let mut stdout = io::stdout();
        stdout.flush()?;
        let file = File::from(stdout.as_fd().try_clone_to_owned()?);
        writer(own(1, &file).unwrap_or(file), gate)
    }

    pub(crate) fn descriptor(number: u32, gate: &Gate) -> io::Result<Writer> {
        // Whoever opened it may have written already: nothing is cut off.
        let path = Path::new("/dev/fd").join(number.to_string());
        let file = File::options().append(true).open(path)?;
        writer(own(number, &file).unwrap_or(file), gate)
    }

    /// A pipe opened once more, so that it can be told not to block without telling others.
    fn own(number: u32, file: &File) -> Option<File> {
        // Elsewhere the name is a copy of the descriptor, which others share.
        if !cfg!(target_os = "linux") || !file.metadata().ok()?.file_type().is_fifo() {
            return None;
        }
        open_without_blocking(&Path::new("/proc/self/fd").join(number.to_string())).ok()
    }
}

#[cfg(unix)]
pub(crate) use unix::{descriptor, open_fifo, stdout, writer};

#[cfg(not(unix))]
mod other {
    use super::*;

    pub(crate) fn open_fifo(_: &Path, _: &Gate) -> io::Result<Option<File>> {
        Ok(None)
    }

    pub(crate) fn writer(file: File, _: &Gate) -> io::Result<Writer> {
        Ok(Box::new(file))
    }

    pub(crate) fn stdout(_: &Gate) -> io::Result<Writer> {
        Ok(Box::new(io::stdout()))
    }

    pub(crate) fn descriptor(number: u32, _: &Gate) -> io::Result<Writer> {
        let path = Path::new("/dev/fd").join(number.to_string());
        Ok(Box::new(File::options().append(true).open(path)?))
    }
}

#[cfg(not(unix))]
pub(crate) use other::{descriptor, open_fifo, stdout, writer};
