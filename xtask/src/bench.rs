//! `cargo xtask bench`: speed, size, quality and memory next to other programs, in one run on the same
//! audio and video.
//!
//! CPU time is the sum of user and system time. Results are medians of several runs that alternate
//! with those of the peer, without the time that each program takes to start.

mod align;
mod asset;
mod codecs;
mod compare;
mod conversion;
mod flac;
mod measure;
mod music;
mod noise;
mod piece;
mod plot;
mod program;
mod quality;
mod resample;
mod results;
mod tables;
mod tones;
mod video;
mod visqol;
mod wav;

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::workspace;
use music::Music;
use results::Results;

/// Parts by name.
const PARTS: &[(&str, Part)] = &[
    ("flac", Part::Speed(flac::run)),
    ("wav", Part::Speed(wav::run)),
    ("conversion", Part::Speed(conversion::run)),
    ("resample", Part::Speed(resample::run)),
    ("codecs", Part::Speed(codecs::run)),
    ("program", Part::Speed(program::run)),
    ("quality", Part::Quality(quality::run)),
    ("frames", Part::Video(video::frames::run)),
    ("h264", Part::Video(video::h264::run)),
    ("rate-quality", Part::Video(video::rate_quality::run)),
    ("bit-rates", Part::Video(video::bit_rates::run)),
    ("muxing", Part::Video(video::muxing::run)),
    ("av1", Part::Video(video::av1::run)),
];

enum Part {
    /// Measures one piece of music, repeated to some minutes.
    Speed(fn(&Music, &mut Results) -> anyhow::Result<()>),
    /// Measures excerpts of all pieces.
    Quality(fn(&[PathBuf], &mut Results) -> anyhow::Result<()>),
    /// Measures the videos among the test assets.
    Video(fn(&mut Results) -> anyhow::Result<()>),
}

/// Runs the named parts, or all of them, on the audio files among `arguments`, or on the soundtrack
/// among the test assets. Speed is measured on the first file.
///
/// `record` replaces the results of these parts in `docs/benchmarks.json`.
pub(crate) fn run(arguments: &[&str], record: bool) -> anyhow::Result<()> {
    let is_part = |name: &str| PARTS.iter().any(|(part, _)| *part == name);
    let (parts, files): (Vec<&str>, Vec<&str>) = arguments.iter().partition(|name| is_part(name));
    if let Some(missing) = files.iter().find(|file| !Path::new(file).is_file()) {
        let parts: Vec<&str> = PARTS.iter().map(|(part, _)| *part).collect();
        bail!("{missing} is neither a file nor one of the parts {}", parts.join(", "));
    }
    let files: Vec<PathBuf> = files.into_iter().map(PathBuf::from).collect();
    let mut music = None;
    for (name, part) in PARTS.iter().filter(|(n, _)| parts.is_empty() || parts.contains(n)) {
        println!("== {name}\n");
        let mut results = Results::default();
        match part {
            Part::Speed(run) => {
                if music.is_none() {
                    music = Some(Music::load(files.first().map(PathBuf::as_path))?);
                }
                run(music.as_ref().expect("it was loaded"), &mut results)?;
            }
            Part::Quality(run) => run(&files, &mut results)?,
            Part::Video(run) => run(&mut results)?,
        }
        if record {
            results.record()?;
        }
        println!();
    }
    Ok(())
}

/// Writes the tables and plots of `docs/benchmarks.json`.
///
/// # Errors
/// With `check`, a file differs. Then none is written.
pub(crate) fn plot(check: bool) -> anyhow::Result<()> {
    let results = Results::load()?;
    let root = workspace::root()?;
    let mut files = tables::pages(root, &results)?;
    files.extend(
        plot::all(&results)?
            .into_iter()
            .map(|(name, svg)| (root.join("docs/plots").join(format!("{name}.svg")), svg)),
    );
    let mut differ = Vec::new();
    for (path, text) in &files {
        if std::fs::read_to_string(path).ok().as_ref() == Some(text) {
            continue;
        }
        differ.push(path.strip_prefix(root)?.display().to_string());
        if !check {
            std::fs::create_dir_all(path.parent().expect("files are in folders"))?;
            std::fs::write(path, text)?;
        }
    }
    println!("{} files, {} changed", files.len(), differ.len());
    if check && !differ.is_empty() {
        bail!(
            "{} differ from docs/benchmarks.json: run `cargo xtask bench --plot`",
            differ.join(", ")
        );
    }
    Ok(())
}
