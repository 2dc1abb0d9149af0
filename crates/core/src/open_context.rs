//! Interrupts and timeouts of outputs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::{Error, ErrorKind, Interrupt, Result};

/// Context in which an output is opened. Outputs that wait keep a clone.
#[derive(Debug, Clone, Default)]
pub struct OpenContext {
    interrupt: Interrupt,
    timeout: Option<Duration>,
    is_abandoned: Arc<AtomicBool>,
}

impl OpenContext {
    /// Creates a context with an interrupt and without a timeout.
    pub fn new(interrupt: Interrupt) -> Self {
        Self { interrupt, ..Self::default() }
    }

    /// Sets the maximum time that a call waits for the peer.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// Returns the interrupt of the output.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Returns the maximum time that a call waits for the peer.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Marks the output as abandoned, in all clones: no call waits any longer.
    pub fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
    }

    /// Starts a wait.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reelwright_core::{ErrorKind, Interrupt, OpenContext};
    ///
    /// let timeout = Some(Duration::from_millis(50));
    /// let context = OpenContext::new(Interrupt::new()).with_timeout(timeout);
    /// let wait = context.wait();
    /// let error = loop {
    ///     // An output polls its socket here, for at most this time.
    ///     std::thread::sleep(wait.poll_interval());
    ///     if let Err(error) = wait.check() {
    ///         break error;
    ///     }
    /// };
    /// assert_eq!(error.kind(), ErrorKind::TimedOut);
    /// assert!(error.can_continue());
    /// ```
    pub fn wait(&self) -> Wait<'_> {
        Wait { context: self, begin: Instant::now() }
    }
}

/// Wait for the peer of an output, ended by an interrupt or a timeout.
#[derive(Debug)]
pub struct Wait<'a> {
    context: &'a OpenContext,
    begin: Instant,
}

impl Wait<'_> {
    /// Returns the time to wait before the next call of [`check`](Self::check).
    pub fn poll_interval(&self) -> Duration {
        match self.context.timeout {
            Some(timeout) => {
                timeout.saturating_sub(self.begin.elapsed()).min(Interrupt::POLL_INTERVAL)
            }
            None => Interrupt::POLL_INTERVAL,
        }
    }

    /// Checks that the wait may continue.
    ///
    /// # Errors
    /// [`Interrupted`](ErrorKind::Interrupted) or [`TimedOut`](ErrorKind::TimedOut), after which
    /// the caller can continue without loss. After `TimedOut` for an abandoned output, the caller
    /// cannot continue.
    pub fn check(&self) -> Result<()> {
        let (context, waited) = (self.context, self.begin.elapsed());
        if context.is_abandoned.load(Ordering::Relaxed) {
            return Err(Error::new(
                ErrorKind::TimedOut,
                "The abandoned output did not accept all data immediately. The rest is lost.",
            ));
        }
        if context.interrupt.is_raised_after(waited) {
            return Err(Interrupt::error());
        }
        match context.timeout {
            Some(timeout) if waited >= timeout => Err(Error::timed_out(timeout)),
            _ => Ok(()),
        }
    }
}
