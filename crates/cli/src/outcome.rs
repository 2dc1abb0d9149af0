//! Outcomes of commands, and printing.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

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
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("Failed to write to standard output"))
        }
        _ => Ok(Outcome::Done),
    }
}

/// Prints help, the version, or an error of the command line. A closed pipe is no error.
pub(crate) fn print_usage(error: &clap::Error) -> ExitCode {
    match error.print() {
        Err(cause) if !error.use_stderr() && cause.kind() != ErrorKind::BrokenPipe => {
            let _ =
                writeln!(std::io::stderr(), "error: Failed to write to standard output: {cause}");
            ExitCode::FAILURE
        }
        _ => ExitCode::from(error.exit_code() as u8),
    }
}
