//! State of the process before the runtime changes it.
//!
//! If the caller closed standard output, Rust's runtime opens `/dev/null` in its place before
//! `main`. Media written to it would be lost with exit code 0.

#![cfg_attr(docsrs, feature(doc_cfg))]

use std::sync::atomic::{AtomicBool, Ordering};

static STDOUT_IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Checks standard output before the runtime starts. Uses only a system call and an atomic, which
/// do not need the runtime.
#[cfg(unix)]
#[ctor::ctor(unsafe)]
fn check_stdout() {
    let flags = rustix::io::fcntl_getfd(rustix::stdio::stdout());
    STDOUT_IS_CLOSED.store(flags.is_err(), Ordering::Relaxed);
}

/// Returns true if the program was started without a standard output, and false if this is unknown.
pub fn stdout_is_closed() -> bool {
    STDOUT_IS_CLOSED.load(Ordering::Relaxed)
}
