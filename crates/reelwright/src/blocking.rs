//! Outputs that block: pipes, terminals and other devices. Writes wait in short intervals and check
//! for interrupts between them.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

#[cfg(any(unix, test))]
use reelwright_core::Wait;
use reelwright_core::{Error, Interrupt, OpenContext, Result};

/// Passes interrupts and timeouts between an encoder and its outputs. Clones share the state.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    context: OpenContext,
    stop: Arc<Stop>,
}

#[derive(Default)]
struct Stop {
    /// True if an output stopped during an operation. Further data is kept.
    is_stopped: AtomicBool,
    reason: Mutex<Option<Error>>,
}

impl Gate {
    pub(crate) fn new(context: OpenContext) -> Self {
        Self { context, stop: Arc::default() }
    }

    /// Returns a handle with another timeout.
    pub(crate) fn with_timeout(&self, timeout: Option<Duration>) -> Self {
        let context = self.context.clone().with_timeout(timeout);
        Self { context, stop: Arc::clone(&self.stop) }
    }

    /// Returns the context in which outputs of protocols are opened.
    pub(crate) fn context(&self) -> &OpenContext {
        &self.context
    }

    /// Calls the interrupt's callback during long operations that cannot stop.
    pub(crate) fn poll_interrupt(&self) {
        self.context.interrupt().is_raised();
    }

    /// Returns whether an output stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_stopped.load(Ordering::Relaxed)
    }

    /// Stops the outputs, until [`take_stop`](Self::take_stop).
    pub(crate) fn stop(&self, reason: Error) {
        *self.stop.reason.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
        self.stop.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Returns an error if an output stopped, and clears that state.
    ///
    /// # Errors
    /// An interrupt or a timeout stopped an output. Data that the output did not accept is written
    /// later.
    pub(crate) fn take_stop(&self) -> Result<()> {
        if !self.is_stopped() || !self.stop.is_stopped.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let reason = self.stop.reason.lock().unwrap_or_else(PoisonError::into_inner).take();
        Err(reason.unwrap_or_else(Interrupt::error))
    }

    /// Prevents the outputs from waiting any longer.
    pub(crate) fn abandon(&self) {
        self.stop.is_stopped.store(false, Ordering::Relaxed);
        self.context.abandon();
    }
}

/// Checks that the wait may continue.
///
/// # Errors
/// An interrupt or a timeout occurred, or the output is abandoned.
#[cfg(any(unix, test))]
pub(crate) fn check(wait: &Wait<'_>) -> io::Result<()> {
    wait.check().map_err(|error| match error.can_continue() {
        true => io::Error::other(Stopped(error)),
        false => io::ErrorKind::TimedOut.into(),
    })
}

/// Cause of an error after an interrupt or a timeout.
#[derive(Debug)]
struct Stopped(Error);

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Stopped {}

/// Returns the interrupt or timeout that caused an error. Data that was not accepted can be written
/// later.
pub(crate) fn stop_of(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref().map(|Stopped(error)| error)
}

type Writer = Box<dyn Write + Send>;

#[cfg(unix)]
mod unix {
    use std::io::IsTerminal;
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::OFlags;
    use rustix::io::Errno;

    use super::*;

    /// Maximum number of bytes that a writable pipe accepts without blocking (`PIPE_BUF`).
    const AT_ONCE: usize = 4096;

    /// File that may block.
    struct BlockingFile {
        file: File,
        /// True if a write that would block fails instead. This flag of a file must not be changed
        /// if other programs share it.
        never_blocks: bool,
        /// Maximum number of bytes per write.
        at_once: usize,
        gate: Gate,
    }

    impl BlockingFile {
        /// Waits for at most `period`, and returns whether the file accepts bytes.
        fn is_ready(&self, period: Duration) -> io::Result<bool> {
            let period = Timespec::try_from(period).map_err(io::Error::other)?;
            let mut files = [PollFd::new(&self.file, PollFlags::OUT)];
            match poll(&mut files, Some(&period)) {
                Ok(ready) => Ok(ready > 0),
                // A signal, which may be the interrupt.
                Err(Errno::INTR) => Ok(false),
                Err(error) => Err(error.into()),
            }
        }
    }

    impl Write for BlockingFile {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut wait: Option<Wait<'_>> = None;
            let mut is_tried = !self.never_blocks;
            loop {
                let period = wait.as_ref().map_or(Interrupt::POLL_INTERVAL, Wait::poll_interval);
                if !is_tried || self.is_ready(period)? {
                    match self.file.write(&bytes[..bytes.len().min(self.at_once)]) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        other => return other,
                    }
                    is_tried = true;
                }
                check(wait.get_or_insert_with(|| self.gate.context().wait()))?;
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
        let wait = gate.context().wait();
        loop {
            match open_without_blocking(path) {
                // No process reads it yet.
                Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {}
                other => return other.map(Some),
            }
            check(&wait)?;
            std::thread::sleep(wait.poll_interval());
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
        // Devices such as /dev/null accept all data.
        let is_device = file.metadata()?.file_type().is_char_device() && !file.is_terminal();
        let at_once = if never_blocks || is_device { usize::MAX } else { AT_ONCE };
        Ok(Box::new(BlockingFile { file, never_blocks, at_once, gate: gate.clone() }))
    }

    pub(crate) fn stdout(gate: &Gate) -> io::Result<Writer> {
        use std::os::fd::AsFd;
        let mut stdout = io::stdout();
        stdout.flush()?;
        let file = File::from(stdout.as_fd().try_clone_to_owned()?);
        writer(own(1, &file).unwrap_or(file), gate)
    }

    pub(crate) fn descriptor(number: u32, gate: &Gate) -> io::Result<Writer> {
        // Earlier writers of the descriptor may have written data, which must not be truncated.
        let path = Path::new("/dev/fd").join(number.to_string());
        let file = File::options().append(true).open(path)?;
        writer(own(number, &file).unwrap_or(file), gate)
    }

    /// Opens a pipe again, so that its non-blocking flag is not shared with other processes.
    fn own(number: u32, file: &File) -> Option<File> {
        // On other systems the name is a duplicate of the shared descriptor.
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
