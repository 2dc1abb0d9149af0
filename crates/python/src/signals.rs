//! Signals. Python runs signal handlers between its own instructions. Long calls of this module
//! must let it run them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use pyo3::prelude::*;
use reelwright::Interrupt;

/// Maximum delay of signal handlers in milliseconds.
const PERIOD: u64 = 10;

/// Placeholder for the start time of a call. Reading the clock takes longer than a short call.
const JUST_NOW: u64 = u64::MAX;

/// Exceptions of signal handlers during calls of one encoder.
#[derive(Clone)]
pub(crate) struct Signals(Arc<Shared>);

struct Shared {
    begin: Instant,
    /// Time of the last check for signals in milliseconds, or [`JUST_NOW`] at the start of a call.
    asked: AtomicU64,
    has_raised: AtomicBool,
    raised: Mutex<Option<PyErr>>,
}

impl Signals {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            begin: Instant::now(),
            asked: AtomicU64::new(0),
            has_raised: AtomicBool::new(false),
            raised: Mutex::new(None),
        }))
    }

    /// Returns an interrupt that is set when a handler raises an exception.
    pub(crate) fn interrupt(&self) -> Interrupt {
        let signals = self.clone();
        Interrupt::with_callback(move |_| signals.ask())
    }

    /// Starts a call. Python has just run the handlers.
    pub(crate) fn start_call(&self) {
        self.0.asked.store(JUST_NOW, Ordering::Relaxed);
    }

    /// Runs pending handlers if the last check was long ago. Returns true if an exception of a
    /// handler is pending.
    fn ask(&self) -> bool {
        let shared = &*self.0;
        if shared.has_raised.load(Ordering::Relaxed) {
            return true;
        }
        let asked = shared.asked.load(Ordering::Relaxed);
        if asked == JUST_NOW {
            shared.asked.store(0, Ordering::Relaxed);
            return false;
        }
        let now = shared.begin.elapsed().as_millis() as u64;
        if asked > 0 && now.saturating_sub(asked) < PERIOD {
            return false;
        }
        shared.asked.store(now.max(1), Ordering::Relaxed);
        let Err(raised) = Python::attach(|py| py.check_signals()) else { return false };
        *shared.raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(raised);
        shared.has_raised.store(true, Ordering::Relaxed);
        true
    }

    /// Removes and returns the exception of a handler.
    pub(crate) fn take(&self) -> Option<PyErr> {
        if !self.0.has_raised.load(Ordering::Relaxed) {
            return None;
        }
        self.0.has_raised.store(false, Ordering::Relaxed);
        self.0.raised.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
