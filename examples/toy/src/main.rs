//! The `reelwright` program with the codec, container and output of this example.

use std::process::ExitCode;

use reelwright_toy::{memory::Store, registry};

fn main() -> ExitCode {
    reelwright_cli::run(&registry(&Store::default()))
}
