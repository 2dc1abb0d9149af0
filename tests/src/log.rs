//! Capture of log messages.

use std::cell::RefCell;
use std::sync::Once;

use log::{Level, LevelFilter, Log, Metadata, Record};

thread_local! {
    static LINES: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
}

/// Collects the messages of each thread separately, because tests run in parallel.
struct Logger;

impl Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        LINES.with_borrow_mut(|lines| lines.push((record.level(), record.args().to_string())));
    }

    fn flush(&self) {}
}

/// Calls `what`. Returns its result and the messages of this thread.
///
/// # Panics
/// Another logger is installed.
pub fn logged<T>(what: impl FnOnce() -> T) -> (T, Vec<(Level, String)>) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Logger).expect("no other logger");
        log::set_max_level(LevelFilter::Info);
    });
    LINES.take();
    let result = what();
    (result, LINES.take())
}
