//! Parallel cases of a test.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Runs a test for each case, on all processors. A panic of one fails the test.
pub fn for_each<T: Send>(cases: impl IntoIterator<Item = T>, test: impl Fn(T) + Sync) {
    let cases = Mutex::new(cases.into_iter().collect::<Vec<_>>().into_iter());
    let next = || cases.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(case) = next() {
            test(case);
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_every_case_once_and_propagates_panics() {
        let seen = Mutex::new(Vec::new());
        for_each(0..100, |case| seen.lock().unwrap().push(case));
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..100));
        let failed = std::panic::catch_unwind(|| for_each(0..100, |case| assert_ne!(case, 60)));
        assert!(failed.is_err());
    }
}
