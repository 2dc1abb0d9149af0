//! Speed of H.264 next to libx264, in frames per second.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::super::results::{Comparison, Results};
use super::film::{Film, HEIGHT, TENSORS, WIDTH};
use super::own::{Measure, Own, in_turn, picture_cpu, pictures_a_second};
use super::torio::Torio;

const PRESETS: [&str; 3] = ["ultrafast", "superfast", "veryfast"];
/// How ours is asked for: as it is, and in the most haste.
const OWN_PRESETS: [(&str, &[&str]); 2] =
    [("ours", &[]), ("ours, ultrafast", &["preset=ultrafast"])];

pub(in super::super) fn run(results: &mut Results) -> anyhow::Result<()> {
    let Some(film) = Film::load("h264")? else { return Ok(()) };
    let own = Own::usual()?;
    println!("H.264, {WIDTH}x{HEIGHT}; pictures a second of CPU time, all threads together");
    tensors(&film, &own, results)?;
    frames(&film, &own, results)
}

/// From tensors of RGB to MP4, beside torio.
fn tensors(film: &Film, own: &Own, results: &mut Results) -> anyhow::Result<()> {
    println!("\ntensors of rgb24 to MP4:");
    let output = &film.output("own.mp4");
    let ours = OWN_PRESETS.map(|(_, options)| {
        move || {
            let program = |count| own.command(&film.planes, "rgb24", count, output, options);
            // Where the film ends ours begins again: more of it hides what is not encoding.
            picture_cpu(4 * TENSORS, &program)
        }
    });
    let torio = Torio::find();
    let output = &film.output("torio.mp4");
    let theirs = torio.iter().flat_map(|torio| {
        PRESETS.map(|preset| {
            move || {
                let stream = json!({"encoder": "libx264", "encoder_option": {"preset": preset}});
                torio.picture_cpu(film, "mp4", output, &stream)
            }
        })
    });
    let theirs: Vec<_> = theirs.collect();
    let measurements = ours.iter().map(|ours| ours as Measure<'_>);
    let measurements = measurements.chain(theirs.iter().map(|theirs| theirs as Measure<'_>));
    let speeds = in_turn(&measurements.collect::<Vec<_>>())?;
    let (ours, theirs) = speeds.split_at(OWN_PRESETS.len());
    for ((name, _), speed) in OWN_PRESETS.iter().zip(ours) {
        println!("  {name:<28} {speed:>6.1}");
    }
    for (preset, theirs) in PRESETS.iter().zip(theirs) {
        let name = format!("rgb24 tensors of {WIDTH}x{HEIGHT} to H.264 in MP4");
        let peer = format!("torio, libx264 {preset}");
        results.add(Comparison::new("h264", &name, &peer, "frames/s", [ours[0], *theirs]));
        let ratios = OWN_PRESETS.iter().zip(ours);
        let ratios = ratios.map(|((name, _), ours)| format!("{name} {:.2}x", ours / theirs));
        let ratios = ratios.collect::<Vec<_>>().join(", ");
        println!("  {:<28} {theirs:>6.1}   {ratios}", format!("torio libx264 {preset}"));
    }
    Ok(())
}

fn x264(film: &Film, preset: &str, count: usize, quality: u32, output: &Path) -> Command {
    let mut command = Film::ffmpeg(&film.yuv, "yuv420p", count);
    command.args(["-c:v", "libx264", "-preset", preset, "-crf", &quality.to_string()]).arg(output);
    command
}

/// From raw yuv420p to H.264, beside the ffmpeg program.
fn frames(film: &Film, own: &Own, results: &mut Results) -> anyhow::Result<()> {
    println!("\nraw yuv420p to a stream of H.264:");
    let (output, peer) = (film.output("own.h264"), film.output("peer.h264"));
    let ours = |count| own.command(&film.yuv, "yuv420p", count, &output, &[]);
    let own_speed = pictures_a_second(film.pictures, &ours)?;
    println!("  {:<28} {own_speed:>6.1}", own.name);
    for preset in PRESETS {
        let theirs = |count| x264(film, preset, count, 23, &peer);
        let speed = pictures_a_second(film.pictures, &theirs)?;
        println!("  {:<28} {speed:>6.1}", format!("ffmpeg libx264 {preset}"));
        let name = format!("yuv420p of {WIDTH}x{HEIGHT} to H.264");
        let peer = format!("ffmpeg, libx264 {preset}");
        results.add(Comparison::new("h264", &name, &peer, "frames/s", [own_speed, speed]));
    }
    Ok(())
}
