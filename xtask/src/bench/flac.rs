//! FLAC, compared with the reference encoder and ffmpeg.

use std::path::Path;
use std::process::Command;

use super::compare::{Peer, compare, print_head};
use super::measure::ffmpeg;
use super::music::Music;
use super::results::Results;

pub(super) fn run(music: &Music, results: &mut Results) -> anyhow::Result<()> {
    print_head();
    for (level, peers) in
        [(0, ["ffmpeg", "flac"]), (5, ["ffmpeg", "flac"]), (8, ["flac", "ffmpeg"])]
    {
        compare_level(music, level, &peers, results)?;
    }
    Ok(())
}

fn compare_level(
    music: &Music,
    level: u8,
    peers: &[&str],
    results: &mut Results,
) -> anyhow::Result<()> {
    let output = music.output("own.flac");
    let own = || {
        let stream = music.stream().encoder_option("compression_level", level.to_string());
        music.encode(&output, stream)
    };
    let ffmpeg = |input: &Path, output: &Path| {
        let mut command = ffmpeg(input);
        command.args(["-compression_level", &level.to_string()]).arg(output);
        command
    };
    let flac = |input: &Path, output: &Path| {
        let mut command = Command::new("flac");
        command.args(["-s", "-f", &format!("-{level}"), "-o"]).arg(output).arg(input);
        command
    };
    let peers: Vec<Peer<'_>> = peers
        .iter()
        .map(|name| Peer {
            name,
            program: name,
            command: if *name == "flac" { &flac } else { &ffmpeg },
        })
        .collect();
    let name = format!("FLAC level {level}");
    compare(("flac", results), music, &name, &output, &own, &peers)
}
