//! State of the process before the runtime changes it.
//!
//! If standard output was closed by the caller, Rust's runtime opens `/dev/null` in its place before
//! `main`: media that is written to it would be lost with exit code 0.

#![cfg_attr(docsrs, feature(doc_cfg))]

use std::sync::atomic::{AtomicBool, Ordering};

static STDOUT_IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Looks at standard output before the runtime does. It needs nothing of the runtime: a system call
/// and an atomic.
#[cfg(unix)]
#[ctor::ctor(unsafe)]
fn look_at_stdout() {
    let flags = rustix::io::fcntl_getfd(rustix::stdio::stdout());
    STDOUT_IS_CLOSED.store(flags.is_err(), Ordering::Relaxed);
}

/// Returns true if the program was started without a standard output; false where that cannot be
/// known.
pub fn stdout_is_closed() -> bool {
    STDOUT_IS_CLOSED.load(Ordering::Relaxed)
}
