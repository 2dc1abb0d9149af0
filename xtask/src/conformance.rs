//! `cargo xtask conformance`: checks files with independent programs.
//!
//! Files of every container and codec, with several rates, layouts, bit depths, bit rates and
//! options, on seekable and unseekable outputs, are decoded by each program that supports them. The
//! samples of lossless codecs must be equal ([`expected`]). Those of lossy codecs must have the
//! right length, similarity, position and channels ([`similarity`]). Metadata that the programs
//! print is compared too. [`limits`] lists known limitations of the programs, which are counted
//! separately. Live streams must be readable soon after they are written ([`live`]). At the end,
//! containers of video ([`video`]) and FLV ([`flv`]) are checked.

mod audio;
mod bit_rate;
mod case;
mod expected;
mod flv;
mod limits;
mod live;
mod matrix;
mod media;
mod program;
mod programs;
mod similarity;
mod table;
mod video;
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

/// Runs all checks, or those of the given muxers, and prints a table.
///
/// # Errors
/// A check fails, or a file cannot be written.
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
    match table.failures() + live + video::failures(only)? + flv::failures(only)? {
        0 => Ok(()),
        failures => bail!("{failures} checks failed"),
    }
}

/// Writes the files of a group of cases and checks them with every program.
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
