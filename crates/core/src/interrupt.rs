//! Interrupts: requests to stop that reach code which may take long or block.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::{Error, ErrorKind, Result};

type Callback = dyn Fn(Duration) -> bool + Send + Sync;

/// A request to stop: a flag that any thread can raise, and a callback that is asked too.
///
/// Copies share the flag. Outputs that block ask it while they wait, and the facade at every frame
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
    /// How often waiting code asks; an interrupt is answered within a few of these.
    pub const POLL_INTERVAL: Duration = Duration::from_millis(20);

    /// An interrupt that only [`raise`](Self::raise) raises.
    pub fn new() -> Self {
        Self::default()
    }

    /// An interrupt that `callback` raises too, by returning true. Its argument is the time without
    /// progress: the output has taken nothing, or an encoder has finished no frame. It is zero where
    /// the code that asks is not waiting for them.
    pub fn with_callback(callback: impl Fn(Duration) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            is_raised: AtomicBool::new(false),
            callback: Some(Box::new(callback)),
        }))
    }

    /// Asks the work in progress to stop, until [`clear`](Self::clear).
    pub fn raise(&self) {
        self.0.is_raised.store(true, Ordering::Relaxed);
    }

    /// Takes back what [`raise`](Self::raise) asked for.
    pub fn clear(&self) {
        self.0.is_raised.store(false, Ordering::Relaxed);
    }

    /// Whether the work is to stop.
    pub fn is_raised(&self) -> bool {
        self.is_raised_after(Duration::ZERO)
    }

    /// Returns whether the work is to stop, which has waited for its output or an encoder for
    /// `waited`.
    pub fn is_raised_after(&self, waited: Duration) -> bool {
        self.0.is_raised.load(Ordering::Relaxed)
            || self.0.callback.as_ref().is_some_and(|callback| callback(waited))
    }

    /// Refuses to go on where the work is to stop.
    ///
    /// # Errors
    /// [`ErrorKind::Interrupted`].
    pub fn check(&self) -> Result<()> {
        if self.is_raised() { Err(Self::error()) } else { Ok(()) }
    }

    /// The error of work that was stopped.
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
    fn the_callback_is_asked_with_the_time_waited() {
        let interrupt = Interrupt::with_callback(|waited| waited > Duration::from_secs(2));
        assert!(!interrupt.is_raised() && !interrupt.is_raised_after(Duration::from_secs(1)));
        assert!(interrupt.is_raised_after(Duration::from_secs(3)));
        interrupt.clone().raise();
        assert!(interrupt.is_raised());
    }
}
