//! `cargo xtask conformance`: what programs that nobody here wrote find in our files.
//!
//! Every container with every codec, at several rates, layouts, depths, bit rates and options, to
//! outputs that can seek and outputs that cannot, is decoded by each program that knows it. What a
//! lossless codec kept is compared bit by bit ([`expected`]); of a lossy one, how long it is, that
//! it is alike, at its place and in its channel ([`likeness`]). What the programs say of the files
//! is compared too. What a program is known not to do is in [`limits`], and is counted apart from
//! what it does. A stream must be heard soon after it is written ([`live`]). Last come pictures, and
//! the containers that hold both ([`film`]).

mod bit_rate;
mod case;
mod expected;
mod film;
mod likeness;
mod limits;
mod live;
mod matrix;
mod media;
mod program;
mod programs;
mod sound;
mod table;
mod written;

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use anyhow::{Context, bail};

use case::Case;
use media::Media;
use program::Program;
use table::Table;

/// Runs everything, or what is of some muxers, and prints a table.
///
/// # Errors
/// A file that some program does not find as it should be, or that cannot be made.
pub(crate) fn run(only: &[&str]) -> anyhow::Result<()> {
    let start = Instant::now();
    let media = Media::load()?;
    let programs: Vec<Program> =
        Program::ALL.into_iter().filter(|program| program.is_installed()).collect();
    let groups = matrix::groups(only);
    let (next, table) = (AtomicUsize::new(0), Mutex::new(Table::default()));
    let work = || -> anyhow::Result<()> {
        while let Some(cases) = groups.get(next.fetch_add(1, Relaxed)) {
            check(cases, &media, &programs, &table)
                .with_context(|| cases.first().map(Case::to_string).unwrap_or_default())?;
        }
        Ok(())
    };
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("no panic"))
    })?;
    let table = table.into_inner().expect("no thread has panicked");
    table.print(&programs);
    println!(
        "\n{} files in {:.0} s",
        groups.iter().map(Vec::len).sum::<usize>(),
        start.elapsed().as_secs_f64()
    );
    let live = if only.is_empty() { live::failures(&media) } else { 0 };
    match table.failures() + live + film::failures(only)? {
        0 => Ok(()),
        failures => bail!("{failures} checks failed"),
    }
}

/// Writes the files of some cases and lets every program look at them.
fn check(
    cases: &[Case],
    media: &Media,
    programs: &[Program],
    table: &Mutex<Table>,
) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let files = cases
        .iter()
        .enumerate()
        .map(|(index, case)| case.write(media, directory.path().join(index.to_string())))
        .collect::<anyhow::Result<Vec<_>>>()?;
    for program in programs {
        let results = program.check(&files)?;
        let mut table = table.lock().expect("no thread has panicked");
        for (file, problems) in files.iter().zip(results) {
            let Some(problems) = problems else { continue };
            table.add(&file.case, *program, &problems);
        }
    }
    Ok(())
}
