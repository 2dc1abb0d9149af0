//! Speed of H.264 next to libx264, in frames per second.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::super::results::{Comparison, Results};
use super::clip::{Clip, HEIGHT, TENSORS, WIDTH};
use super::own::{Measure, Own, frame_cpu, frames_per_second, in_turn};
use super::torio::Torio;

const PRESETS: [&str; 3] = ["ultrafast", "superfast", "veryfast"];
/// Options of this project's encoder: the default ones, and the fastest preset.
const OWN_PRESETS: [(&str, &[&str]); 2] =
    [("ours", &[]), ("ours, ultrafast", &["preset=ultrafast"])];

pub(in super::super) fn run(results: &mut Results) -> anyhow::Result<()> {
    let Some(clip) = Clip::load("h264")? else { return Ok(()) };
    let own = Own::usual()?;
    println!("H.264, {WIDTH}x{HEIGHT}; frames per second of CPU time, all threads together");
    tensors(&clip, &own, results)?;
    frames(&clip, &own, results)
}

/// Measures tensors of RGB to MP4, next to torio.
fn tensors(clip: &Clip, own: &Own, results: &mut Results) -> anyhow::Result<()> {
    println!("\ntensors of rgb24 to MP4:");
    let output = &clip.output("own.mp4");
    let ours = OWN_PRESETS.map(|(_, options)| {
        move || {
            let program = |count| own.command(&clip.planes, "rgb24", count, output, options);
            // The clip is repeated: a longer run hides the constant part.
            frame_cpu(4 * TENSORS, &program)
        }
    });
    let torio = Torio::find();
    let output = &clip.output("torio.mp4");
    let theirs = torio.iter().flat_map(|torio| {
        PRESETS.map(|preset| {
            move || {
                let stream = json!({"encoder": "libx264", "encoder_option": {"preset": preset}});
                torio.frame_cpu(clip, "mp4", output, &stream)
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

fn x264(clip: &Clip, preset: &str, count: usize, quality: u32, output: &Path) -> Command {
    let mut command = Clip::ffmpeg(&clip.yuv, "yuv420p", count);
    command.args(["-c:v", "libx264", "-preset", preset, "-crf", &quality.to_string()]).arg(output);
    command
}

/// Measures raw yuv420p to H.264, next to the ffmpeg program.
fn frames(clip: &Clip, own: &Own, results: &mut Results) -> anyhow::Result<()> {
    println!("\nraw yuv420p to a stream of H.264:");
    let (output, peer) = (clip.output("own.h264"), clip.output("peer.h264"));
    let ours = |count| own.command(&clip.yuv, "yuv420p", count, &output, &[]);
    let own_speed = frames_per_second(clip.frames, &ours)?;
    println!("  {:<28} {own_speed:>6.1}", own.name);
    for preset in PRESETS {
        let theirs = |count| x264(clip, preset, count, 23, &peer);
        let speed = frames_per_second(clip.frames, &theirs)?;
        println!("  {:<28} {speed:>6.1}", format!("ffmpeg libx264 {preset}"));
        let name = format!("yuv420p of {WIDTH}x{HEIGHT} to H.264");
        let peer = format!("ffmpeg, libx264 {preset}");
        results.add(Comparison::new("h264", &name, &peer, "frames/s", [own_speed, speed]));
    }
    Ok(())
}
