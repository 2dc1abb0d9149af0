//! Signals of the operating system. Python runs their handlers between its own instructions; while a
//! call of ours takes long, we have to ask it to.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use pyo3::prelude::*;
use reelwright::Interrupt;

/// How long handlers wait at most, in milliseconds.
const PERIOD: u64 = 10;

/// Stands for the time of a call's start, which takes longer to read than a short call lasts.
const JUST_NOW: u64 = u64::MAX;

/// What handlers raised during calls of one encoder.
#[derive(Clone)]
pub(crate) struct Signals(Arc<Shared>);

struct Shared {
    begin: Instant,
    /// When handlers last had a chance to run, in milliseconds; [`JUST_NOW`] at the start of a call.
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

    /// An interrupt that is raised where a handler raises an exception.
    pub(crate) fn interrupt(&self) -> Interrupt {
        let signals = self.clone();
        Interrupt::with_callback(move |_| signals.ask())
    }

    /// Starts a call. Python has just run the handlers.
    pub(crate) fn start_call(&self) {
        self.0.asked.store(JUST_NOW, Ordering::Relaxed);
    }

    /// Lets handlers run, if they had no chance to for a while. Whether one has raised an exception
    /// that was not taken.
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

    /// What a handler raised.
    pub(crate) fn take(&self) -> Option<PyErr> {
        if !self.0.has_raised.load(Ordering::Relaxed) {
            return None;
        }
        self.0.has_raised.store(false, Ordering::Relaxed);
        self.0.raised.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
