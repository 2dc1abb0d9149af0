//! Table of results.

use std::collections::BTreeMap;

use super::case::Case;
use super::limits::{LIMITS, Limit};
use super::program::{Problem, Program};

/// Results of a program for the files of a format and codec.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    passed: usize,
    /// Number of failures with a known reason.
    limited: usize,
    failed: usize,
}

/// All results and failures.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Rows in the order of their first files.
    rows: Vec<(String, BTreeMap<Program, Counts>)>,
    failures: BTreeMap<(Program, &'static str, String), Failure>,
    limits: BTreeMap<usize, usize>,
}

/// Number of files of a row in which a check failed, and the first message.
#[derive(Debug, Clone)]
struct Failure {
    files: usize,
    first: String,
}

impl Table {
    /// Adds the results of a program for a file.
    pub(super) fn add(&mut self, case: &Case, program: Program, problems: &[Problem]) {
        let name = format!("{} {}", case.muxer.name, case.codec());
        let index = self.rows.iter().position(|(row, _)| *row == name).unwrap_or_else(|| {
            self.rows.push((name.clone(), BTreeMap::new()));
            self.rows.len() - 1
        });
        let counts = self.rows[index].1.entry(program).or_default();
        let (mut is_limited, mut has_failed) = (false, false);
        for problem in problems {
            if let Some(limit) = Limit::find(program, problem.check, case) {
                *self.limits.entry(limit).or_default() += 1;
                is_limited = true;
            } else {
                has_failed = true;
                let first =
                    || Failure { files: 0, first: format!("{case}: {}", problem.found.trim()) };
                let key = (program, problem.check, name.clone());
                self.failures.entry(key).or_insert_with(first).files += 1;
            }
        }
        match (has_failed, is_limited) {
            (true, _) => counts.failed += 1,
            (false, true) => counts.limited += 1,
            (false, false) => counts.passed += 1,
        }
    }

    /// Returns the number of failed checks.
    pub(super) fn failures(&self) -> usize {
        self.failures.values().map(|failure| failure.files).sum()
    }

    pub(super) fn print(&self, programs: &[Program]) {
        println!("files passed, + known limitations of a program, ! failed\n");
        print!("{:<20}", "");
        programs.iter().for_each(|program| print!("{:>14}", program.name()));
        println!();
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, counts) in rows {
            print!("{name:<20}");
            for program in programs {
                print!("{:>14}", counts.get(program).map(Counts::to_string).unwrap_or_default());
            }
            println!();
        }
        println!("\nlimits");
        for (index, limit) in LIMITS.iter().enumerate() {
            let files = self.limits.get(&index).copied().unwrap_or_default();
            let program = limit.program.name();
            let unused = if files == 0 { " (not needed: may be obsolete)" } else { "" };
            println!("{files:>5} {program} {}: {}{unused}", limit.check, limit.reason);
        }
        for ((program, check, _), failure) in &self.failures {
            let program = program.name();
            println!("FAILED {:>5} {program} {check}: {}", failure.files, failure.first);
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = self.passed.to_string();
        if self.limited > 0 {
            text += &format!(" +{}", self.limited);
        }
        if self.failed > 0 {
            text += &format!(" !{}", self.failed);
        }
        // The padding applies to the whole text.
        f.pad(&text)
    }
}
