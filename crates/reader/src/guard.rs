//! Panics of foreign readers and decoders become errors: their arithmetic may overflow on damaged
//! input in builds that check it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

static QUIET: Once = Once::new();

/// A panic inside the guarded call.
#[derive(Debug)]
pub(crate) struct Panicked;

/// Runs `call`; a panic in it is returned as [`Panicked`], and nothing is printed. What `call` works
/// on may be inconsistent after a panic and must not be used again.
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
    fn a_panic_is_an_error() {
        assert_eq!(guarded(|| 7).unwrap(), 7);
        let zero = std::hint::black_box(0);
        assert!(guarded(|| 1 / zero).is_err());
    }
}
