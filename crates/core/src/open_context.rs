//! How long outputs wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::{Error, ErrorKind, Interrupt, Result};

/// What an output is opened with, besides its address and options. Outputs that wait keep a copy.
#[derive(Debug, Clone, Default)]
pub struct OpenContext {
    interrupt: Interrupt,
    timeout: Option<Duration>,
    is_hurried: Arc<AtomicBool>,
}

impl OpenContext {
    /// A context with an interrupt, and without a limit of time.
    pub fn new(interrupt: Interrupt) -> Self {
        Self { interrupt, ..Self::default() }
    }

    /// Sets how long a call may wait for the other end.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// What can stop the output.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// How long a call may wait for the other end.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Lets nothing wait any longer, in all copies: the output is abandoned.
    pub fn abandon(&self) {
        self.is_hurried.store(true, Ordering::Relaxed);
    }

    /// Begins to wait.
    ///
    /// ```
    /// use std::time::Duration;
    /// use reelwright_core::{ErrorKind, Interrupt, OpenContext};
    ///
    /// let timeout = Some(Duration::from_millis(50));
    /// let context = OpenContext::new(Interrupt::new()).with_timeout(timeout);
    /// let wait = context.wait();
    /// let error = loop {
    ///     // Here an output polls its socket for this long.
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

/// One wait for the other end of an output, which ends by an interrupt or a deadline.
#[derive(Debug)]
pub struct Wait<'a> {
    context: &'a OpenContext,
    begin: Instant,
}

impl Wait<'_> {
    /// How long to wait until [`check`](Self::check) is asked again.
    pub fn poll_interval(&self) -> Duration {
        match self.context.timeout {
            Some(timeout) => {
                timeout.saturating_sub(self.begin.elapsed()).min(Interrupt::POLL_INTERVAL)
            }
            None => Interrupt::POLL_INTERVAL,
        }
    }

    /// Refuses to wait any longer.
    ///
    /// # Errors
    /// [`Interrupted`](ErrorKind::Interrupted) or [`TimedOut`](ErrorKind::TimedOut): the output can go
    /// on later, and nothing is lost. Of an output that is abandoned, `TimedOut` without that.
    pub fn check(&self) -> Result<()> {
        let (context, waited) = (self.context, self.begin.elapsed());
        if context.is_hurried.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::TimedOut, "The output took nothing at once."));
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
