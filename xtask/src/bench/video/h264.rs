//! H.264 beside libx264: pictures a second, and SSIM at equal size.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::super::measure::capture;
use super::film::{Film, HEIGHT, TENSORS, WIDTH};
use super::own::{Measure, Own, in_turn, picture_cpu, pictures_a_second};
use super::ssim::{Point, at_size, decibels};
use super::torio::Torio;

const PRESETS: [&str; 3] = ["ultrafast", "superfast", "veryfast"];
/// How ours is asked for: as it is, and in the most haste.
const OWN_PRESETS: [(&str, &[&str]); 2] =
    [("ours", &[]), ("ours, ultrafast", &["preset=ultrafast"])];
/// Qualities of ours: the default one, and others that people take.
const QUANTISERS: [u32; 3] = [20, 24, 30];

pub(in super::super) fn run() -> anyhow::Result<()> {
    let Some(film) = Film::load("h264")? else { return Ok(()) };
    let own = Own::usual()?;
    println!("H.264, {WIDTH}x{HEIGHT}; pictures a second of CPU time, all threads together");
    tensors(&film, &own)?;
    frames(&film, &own)?;
    sizes(&film, &own)
}

/// From tensors of RGB to MP4, beside torio.
fn tensors(film: &Film, own: &Own) -> anyhow::Result<()> {
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
fn frames(film: &Film, own: &Own) -> anyhow::Result<()> {
    println!("\nraw yuv420p to a stream of H.264:");
    let (output, peer) = (film.output("own.h264"), film.output("peer.h264"));
    let ours = |count| own.command(&film.yuv, "yuv420p", count, &output, &[]);
    println!("  {:<28} {:>6.1}", own.name, pictures_a_second(film.pictures, &ours)?);
    for preset in PRESETS {
        let theirs = |count| x264(film, preset, count, 23, &peer);
        let speed = pictures_a_second(film.pictures, &theirs)?;
        println!("  {:<28} {speed:>6.1}", format!("ffmpeg libx264 {preset}"));
    }
    Ok(())
}

/// SSIM at equal size.
fn sizes(film: &Film, own: &Own) -> anyhow::Result<()> {
    println!("\nSSIM of the same size, in dB (constant quality: ours qp, libx264 crf):");
    let (output, peer) = (film.output("own.h264"), film.output("peer.h264"));
    for quantiser in QUANTISERS {
        let option = format!("qp={quantiser}");
        let all = film.pictures;
        capture(&mut own.command(&film.yuv, "yuv420p", all, &output, &[&option]))?;
        let ours = Point::of(&output, &film.yuv, all)?;
        let kilobits = 8e-3 * ours.bytes as f64 / Film::seconds(all);
        let mut line = format!("  {option}, {kilobits:.0} kbit/s: ours {:.2}", decibels(ours.ssim));
        for preset in PRESETS {
            let encode = |quality| {
                capture(&mut x264(film, preset, all, quality, &peer))?;
                Point::of(&peer, &film.yuv, all)
            };
            let (_, ssim) = at_size(ours.bytes, (10, 45), &encode)?;
            line += &format!(", {preset} {:.2}", decibels(ssim));
        }
        println!("{line}");
    }
    Ok(())
}
