//! Outcomes of commands, and their standard output.

use std::io::Write;

/// End of a command that did not fail.
pub(crate) enum Outcome {
    Done,
    /// The output was written, but the input was damaged or cut off.
    Incomplete,
    /// By Ctrl-C, with everything so far in order.
    Interrupted,
}

/// Prints to standard output. A closed pipe is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Outcome::Done),
    }
}
