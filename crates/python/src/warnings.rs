//! Log records of the Rust code as Python's warnings and log records.
//!
//! Records may come from code that is not attached to Python, or from an encoder's thread. They are
//! kept until a call into the package returns, which passes them to `reelwright._warnings`.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};
use pyo3::prelude::*;

type Line = (Level, String);

thread_local! {
    /// True while the thread is in a call into the package, which will emit its records.
    static IS_OURS: Cell<bool> = const { Cell::new(false) };
    static OWN: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}
/// Records of other threads.
static OTHERS: Mutex<Vec<Line>> = Mutex::new(Vec::new());
static HAVE_OTHERS: AtomicBool = AtomicBool::new(false);

/// Maximum number of records of other threads that are kept, if no call emits them.
const MAX_OTHERS: usize = 1000;
/// FFmpeg's log level of warnings.
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

/// Installs the logger.
pub(crate) fn install() {
    // Fails if the module is loaded again. The logger is installed then.
    let _ = log::set_logger(&Logger);
    log::set_max_level(filter(WARNING));
}

/// Restores the value of `IS_OURS` of an outer call.
struct Outer(bool);

impl Drop for Outer {
    fn drop(&mut self) {
        IS_OURS.set(self.0);
    }
}

/// Runs a call and then emits its log records. If Python's filters turn a warning into an error, it
/// is raised after the call has done its work.
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

/// Converts FFmpeg's `level` to the logger's.
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

/// Returns the log level.
#[pyfunction]
pub(crate) fn get_log_level() -> i64 {
    LEVEL.load(Ordering::Relaxed)
}

/// Sets the log level, as in FFmpeg.
#[pyfunction]
pub(crate) fn set_log_level(level: i64) {
    LEVEL.store(level, Ordering::Relaxed);
    log::set_max_level(filter(level));
}
