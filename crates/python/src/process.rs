//! Processes. A fork copies an encoder and its open file, but none of its threads: the copy must
//! neither write nor wait for them.

use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};

/// How often this process and those that it was forked from had been forked by Python.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// What tells this process from those that it was forked from.
pub(crate) fn current() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// Makes us hear of forks.
pub(crate) fn install(py: Python<'_>) -> PyResult<()> {
    // Not every system has forks.
    let Some(register) = py.import("os")?.getattr_opt("register_at_fork")? else { return Ok(()) };
    let forked = |_: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        FORKS.fetch_add(1, Ordering::Relaxed);
    };
    let in_child = PyDict::new(py);
    in_child.set_item("after_in_child", PyCFunction::new_closure(py, None, None, forked)?)?;
    register.call((), Some(&in_child)).map(drop)
}
