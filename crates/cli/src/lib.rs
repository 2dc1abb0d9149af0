//! The `reelwright` program as a library. Programs that add encoders, containers or protocols to a
//! [`Registry`] get its commands.
//!
//! ```no_run
//! use reelwright::Registry;
//!
//! fn main() -> std::process::ExitCode {
//!     reelwright_cli::run(&Registry::builtin())
//! }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod args;
mod contradictions;
mod describe;
mod encode;
mod generate;
mod inputs;
mod outcome;
mod output;
mod report;
mod streams;
mod subtitles;
mod wording;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Cli, Command};
use outcome::{Outcome, print};
use reelwright::Registry;

/// Runs the command in the process arguments and returns the exit status.
pub fn run(registry: &Registry) -> ExitCode {
    let command = Cli::command().long_version(generate::long_version(registry));
    let matches = command.clone().try_get_matches();
    let cli = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        // Help and version are errors of clap, too.
        Err(error) => return outcome::print_usage(&error),
    };
    // Warnings of this project are shown unless RUST_LOG overrides that.
    let filter = env_logger::Env::default().default_filter_or("warn,symphonia=off");
    env_logger::Builder::from_env(filter)
        .format(|out, record| {
            let message = wording::of_program(&record.args().to_string());
            writeln!(out, "{}: {message}", record.level().as_str().to_lowercase())
        })
        .init();
    let (outcome, json) = match &cli.command {
        Command::Encode(args) => (encode::run(registry, args), args.json),
        Command::List { what, json } => (print(&describe::list(registry, *what, *json)), *json),
        Command::Help { topic: None } => {
            (print(&command.clone().render_long_help().to_string()), false)
        }
        Command::Completions { shell } => (generate::completions(command, *shell), false),
        Command::Man => (generate::manual(command), false),
        Command::Help { topic: Some(topic) } => {
            (describe::help(registry, topic).and_then(|text| print(&text)), false)
        }
    };
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Incomplete) => ExitCode::from(3),
        // 128 + SIGINT, as in shells.
        Ok(Outcome::Interrupted) => ExitCode::from(130),
        Err(error) => {
            let message = wording::of_program(&wording::of_error(&error));
            if json {
                let _ = print(&format!("{}\n", serde_json::json!({"error": message})));
            }
            // Standard error may be closed too.
            let _ = writeln!(std::io::stderr(), "error: {message}");
            ExitCode::FAILURE
        }
    }
}
