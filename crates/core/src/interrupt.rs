//! Interrupts: requests to stop long or blocking operations.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::{Error, ErrorKind, Result};

type Callback = dyn Fn(Duration) -> bool + Send + Sync;

/// Request to stop: a flag that any thread can raise, and an optional callback.
///
/// Clones share the flag. Outputs check it while they wait, and encoding checks it at every frame
/// or block.
///
/// ```
/// use reelwright_core::{ErrorKind, Interrupt};
///
/// let interrupt = Interrupt::new();
/// let handle = interrupt.clone();
/// handle.raise();
/// assert_eq!(interrupt.check().unwrap_err().kind(), ErrorKind::Interrupted);
/// interrupt.clear();
/// assert!(interrupt.check().is_ok());
/// ```
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Inner>);

#[derive(Default)]
struct Inner {
    is_raised: AtomicBool,
    callback: Option<Box<Callback>>,
}

impl Interrupt {
    /// Interval in which waiting code checks for interrupts. An interrupt takes effect within a few
    /// intervals.
    pub const POLL_INTERVAL: Duration = Duration::from_millis(20);

    /// Creates an interrupt that only [`raise`](Self::raise) raises.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an interrupt that `callback` can raise too, by returning true. Its argument is the
    /// time without progress, in which the output accepted no data or an encoder finished no frame.
    /// It is zero if the caller is not waiting for these.
    pub fn with_callback(callback: impl Fn(Duration) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            is_raised: AtomicBool::new(false),
            callback: Some(Box::new(callback)),
        }))
    }

    /// Requests that the operation stop, until [`clear`](Self::clear).
    pub fn raise(&self) {
        self.0.is_raised.store(true, Ordering::Relaxed);
    }

    /// Clears the request of [`raise`](Self::raise).
    pub fn clear(&self) {
        self.0.is_raised.store(false, Ordering::Relaxed);
    }

    /// Returns whether the operation should stop.
    pub fn is_raised(&self) -> bool {
        self.is_raised_after(Duration::ZERO)
    }

    /// Returns whether the operation should stop, after it has waited for its output or an encoder
    /// for `waited`.
    pub fn is_raised_after(&self, waited: Duration) -> bool {
        self.0.is_raised.load(Ordering::Relaxed)
            || self.0.callback.as_ref().is_some_and(|callback| callback(waited))
    }

    /// Checks that the operation may continue.
    ///
    /// # Errors
    /// [`ErrorKind::Interrupted`] if it should stop.
    pub fn check(&self) -> Result<()> {
        if self.is_raised() { Err(Self::error()) } else { Ok(()) }
    }

    /// Returns the error of an interrupted operation.
    pub fn error() -> Error {
        Error::new(ErrorKind::Interrupted, "Interrupted.")
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupt").field("is_raised", &self.0.is_raised).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callback_receives_the_waiting_time() {
        let interrupt = Interrupt::with_callback(|waited| waited > Duration::from_secs(2));
        assert!(!interrupt.is_raised() && !interrupt.is_raised_after(Duration::from_secs(1)));
        assert!(interrupt.is_raised_after(Duration::from_secs(3)));
        interrupt.clone().raise();
        assert!(interrupt.is_raised());
    }
}
