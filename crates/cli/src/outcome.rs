//! Outcomes of commands, and printing.

use std::io::Write;

/// Outcome of a command that did not fail.
pub(crate) enum Outcome {
    Done,
    /// The output was written, but the input was damaged or truncated.
    Incomplete,
    /// Interrupted by Ctrl-C; the output is complete up to that point.
    Interrupted,
}

/// Prints to standard output. Ignores a closed pipe.
pub(crate) fn print(text: &str) -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Outcome::Done),
    }
}
