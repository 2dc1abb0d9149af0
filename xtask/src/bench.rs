//! `cargo xtask bench`: figures beside other programs, in one run on the same music, and on
//! the same film.
//!
//! CPU time is user and system time together; what is printed is the median of several runs, taken
//! in turn with the peer's, without what each takes to start.

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
mod program;
mod quality;
mod resample;
mod tones;
mod video;
mod visqol;
mod wav;

use std::path::{Path, PathBuf};

use anyhow::bail;

use music::Music;

/// What there is to measure, by name.
const PARTS: &[(&str, Part)] = &[
    ("flac", Part::Speed(flac::run)),
    ("wav", Part::Speed(wav::run)),
    ("conversion", Part::Speed(conversion::run)),
    ("resample", Part::Speed(resample::run)),
    ("codecs", Part::Speed(codecs::run)),
    ("program", Part::Speed(program::run)),
    ("quality", Part::Quality(quality::run)),
    ("pictures", Part::Video(video::pictures::run)),
    ("h264", Part::Video(video::h264::run)),
    ("bit-rates", Part::Video(video::bit_rates::run)),
    ("muxing", Part::Video(video::muxing::run)),
    ("av1", Part::Video(video::av1::run)),
];

enum Part {
    /// On one piece of music, repeated to some minutes.
    Speed(fn(&Music) -> anyhow::Result<()>),
    /// On excerpts of all of them.
    Quality(fn(&[PathBuf]) -> anyhow::Result<()>),
    /// On the film among the test assets.
    Video(fn() -> anyhow::Result<()>),
}

/// Runs the parts that are named, or all of them, on the sound files among `arguments`, or on the
/// soundtrack among the test assets. Speed is measured on the first file.
pub(crate) fn run(arguments: &[&str]) -> anyhow::Result<()> {
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
        match part {
            Part::Speed(run) => {
                if music.is_none() {
                    music = Some(Music::load(files.first().map(PathBuf::as_path))?);
                }
                run(music.as_ref().expect("it was loaded"))?;
            }
            Part::Quality(run) => run(&files)?,
            Part::Video(run) => run()?,
        }
        println!();
    }
    Ok(())
}
