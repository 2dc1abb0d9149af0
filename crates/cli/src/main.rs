//! The `reelwright` program.

use std::process::ExitCode;

use reelwright::Registry;

fn main() -> ExitCode {
    reelwright_cli::run(&Registry::builtin())
}
