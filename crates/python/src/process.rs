//! Processes, and the interpreters in them. A fork copies an encoder and its open file, but none of
//! its threads: the copy must neither write nor wait for them.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};

/// How often this process and those that it was forked from had been forked by Python.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// What tells this process from those that it was forked from.
pub(crate) fn current() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// The interpreter that imported us, or none yet.
static INTERPRETER: AtomicI64 = AtomicI64::new(-1);

/// Refuses a second interpreter of the same process: the classes we keep are those of the first.
fn claim() -> PyResult<()> {
    // SAFETY: we are attached, so there is an interpreter.
    let this = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    match INTERPRETER.compare_exchange(-1, this, Ordering::Relaxed, Ordering::Relaxed) {
        Err(first) if first != this => Err(PyImportError::new_err(
            "reelwright can be imported by one interpreter of a process, and another one has.",
        )),
        _ => Ok(()),
    }
}

/// Makes us hear of forks.
pub(crate) fn install(py: Python<'_>) -> PyResult<()> {
    claim()?;
    // Not every system has forks.
    let Some(register) = py.import("os")?.getattr_opt("register_at_fork")? else { return Ok(()) };
    let forked = |_: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        FORKS.fetch_add(1, Ordering::Relaxed);
    };
    let in_child = PyDict::new(py);
    in_child.set_item("after_in_child", PyCFunction::new_closure(py, None, None, forked)?)?;
    register.call((), Some(&in_child)).map(drop)
}
