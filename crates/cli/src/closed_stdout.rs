//! Standard output that was closed by the caller.
//!
//! The runtime opens `/dev/null` in its place before `main`, so that nothing could be noticed later:
//! media written to it would be lost with exit code 0.

use std::sync::atomic::{AtomicBool, Ordering};

static IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Looks at standard output before the runtime does.
#[ctor::ctor(unsafe)]
fn look() {
    let flags = rustix::io::fcntl_getfd(rustix::stdio::stdout());
    IS_CLOSED.store(flags.is_err(), Ordering::Relaxed);
}

/// Returns true if the program was started without a standard output.
pub(crate) fn is_closed() -> bool {
    IS_CLOSED.load(Ordering::Relaxed)
}
