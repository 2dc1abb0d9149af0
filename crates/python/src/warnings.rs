//! What the Rust half logs, as Python's warnings and log records.
//!
//! A record may come up where Python is not attached, or from a thread of an encoder's own. It is
//! kept until a call into the package returns, which then hands it to `reelwright._warnings`.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};
use pyo3::prelude::*;

type Line = (Level, String);

thread_local! {
    /// Whether the thread is in a call of ours, which will settle what it logs.
    static IS_OURS: Cell<bool> = const { Cell::new(false) };
    static OWN: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}
/// What other threads logged.
static OTHERS: Mutex<Vec<Line>> = Mutex::new(Vec::new());
static HAVE_OTHERS: AtomicBool = AtomicBool::new(false);

/// The most lines of other threads that are kept: nobody may be calling us any more.
const MAX_OTHERS: usize = 1000;
/// FFmpeg's level of warnings.
const WARNING: i64 = 24;
static LEVEL: AtomicI64 = AtomicI64::new(WARNING);

struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        let line = (record.level(), record.args().to_string());
        if IS_OURS.get() {
            OWN.with_borrow_mut(|own| own.push(line));
            return;
        }
        let mut others = OTHERS.lock().unwrap_or_else(PoisonError::into_inner);
        if others.len() < MAX_OTHERS {
            others.push(line);
            HAVE_OTHERS.store(true, Ordering::Release);
        }
    }

    fn flush(&self) {}
}

/// Makes us hear what is logged.
pub(crate) fn install() {
    // Fails where the module is loaded a second time, and is ours already.
    let _ = log::set_logger(&Logger);
    log::set_max_level(filter(WARNING));
}

/// Whether the thread was in a call of ours before this one, which it is again afterwards.
struct Outer(bool);

impl Drop for Outer {
    fn drop(&mut self) {
        IS_OURS.set(self.0);
    }
}

/// Runs a call of ours, and then says what it logged. Where a warning is made an error by Python's
/// filters, that is raised after the work was done.
pub(crate) fn settled<T>(py: Python<'_>, call: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let outer = Outer(IS_OURS.replace(true));
    let result = call();
    let is_inner = outer.0;
    drop(outer);
    if is_inner || (OWN.with_borrow(Vec::is_empty) && !HAVE_OTHERS.load(Ordering::Acquire)) {
        return result;
    }
    let said = say(py);
    result.and_then(|value| said.map(|()| value))
}

#[cold]
fn say(py: Python<'_>) -> PyResult<()> {
    let mut lines = OWN.take();
    if HAVE_OTHERS.swap(false, Ordering::AcqRel) {
        lines.append(&mut OTHERS.lock().unwrap_or_else(PoisonError::into_inner));
    }
    let emit = py.import("reelwright._warnings")?.getattr("emit")?;
    let mut said = Ok(());
    for (level, message) in lines {
        let number = match level {
            Level::Error => 40,
            Level::Warn => 30,
            Level::Info => 20,
            Level::Debug | Level::Trace => 10,
        };
        said = said.and(emit.call1((number, message)).map(drop));
    }
    said
}

/// What of ours FFmpeg's `level` lets through.
fn filter(level: i64) -> LevelFilter {
    match level {
        ..16 => LevelFilter::Off,
        16..24 => LevelFilter::Error,
        24..32 => LevelFilter::Warn,
        32..48 => LevelFilter::Info,
        48..56 => LevelFilter::Debug,
        56.. => LevelFilter::Trace,
    }
}

/// The level as it was set.
#[pyfunction]
pub(crate) fn get_log_level() -> i64 {
    LEVEL.load(Ordering::Relaxed)
}

/// Sets what is warned of, in FFmpeg's numbers.
#[pyfunction]
pub(crate) fn set_log_level(level: i64) {
    LEVEL.store(level, Ordering::Relaxed);
    log::set_max_level(filter(level));
}
