//! Conversion of panics in third-party readers and decoders to errors. Their arithmetic may
//! overflow on damaged input in builds with overflow checks.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

static QUIET: Once = Once::new();

/// Error: the guarded call panicked.
#[derive(Debug)]
pub(crate) struct Panicked;

/// Runs `call`. Returns [`Panicked`] if it panics, and suppresses the panic message. After a panic,
/// the state that `call` changed may be inconsistent and must not be used.
///
/// # Errors
/// The call panicked.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, Panicked> {
    QUIET.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !IS_GUARDED.get() {
                usual(info);
            }
        }));
    });
    let before = IS_GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    IS_GUARDED.set(before);
    result.map_err(|_| Panicked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_a_panic_to_an_error() {
        assert_eq!(guarded(|| 7).unwrap(), 7);
        let zero = std::hint::black_box(0);
        assert!(guarded(|| 1 / zero).is_err());
    }
}
