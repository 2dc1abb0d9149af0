//! Forked processes and subinterpreters. A fork copies an encoder and its open file, but not its
//! threads: the copy must neither write nor wait for them.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};

/// Number of forks by Python between the first process and this one.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Returns a number that differs between a process and its ancestors.
pub(crate) fn current() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// ID of the interpreter that imported the module, or -1.
static INTERPRETER: AtomicI64 = AtomicI64::new(-1);

/// Rejects a second interpreter of the process, because cached classes belong to the first.
fn claim() -> PyResult<()> {
    // SAFETY: the thread is attached to an interpreter.
    let this = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    match INTERPRETER.compare_exchange(-1, this, Ordering::Relaxed, Ordering::Relaxed) {
        Err(first) if first != this => Err(PyImportError::new_err(
            "reelwright can be imported by only one interpreter of a process, and another one has \
             imported it.",
        )),
        _ => Ok(()),
    }
}

/// Registers a hook that counts forks.
pub(crate) fn install(py: Python<'_>) -> PyResult<()> {
    claim()?;
    // Not every system has `fork`.
    let Some(register) = py.import("os")?.getattr_opt("register_at_fork")? else { return Ok(()) };
    let forked = |_: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        FORKS.fetch_add(1, Ordering::Relaxed);
    };
    let in_child = PyDict::new(py);
    in_child.set_item("after_in_child", PyCFunction::new_closure(py, None, None, forked)?)?;
    register.call((), Some(&in_child)).map(drop)
}
