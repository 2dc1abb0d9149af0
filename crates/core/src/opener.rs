//! Constructors in descriptions: functions, or closures with state.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Constructor: a static reference in constant descriptions, shared in descriptions created at run
/// time.
pub(crate) enum Opener<F: ?Sized + 'static> {
    Static(&'static F),
    Shared(Arc<F>),
}

impl<F: ?Sized> Clone for Opener<F> {
    fn clone(&self) -> Self {
        match self {
            Self::Static(function) => Self::Static(function),
            Self::Shared(function) => Self::Shared(Arc::clone(function)),
        }
    }
}

impl<F: ?Sized> Deref for Opener<F> {
    type Target = F;

    fn deref(&self) -> &F {
        match self {
            Self::Static(function) => function,
            Self::Shared(function) => function,
        }
    }
}

impl<F: ?Sized> fmt::Debug for Opener<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Static(_) => "Static",
            Self::Shared(_) => "Shared",
        })
    }
}
