//! Conversion of RGB tensors to yuv420p, of the same size and smaller, compared with torio and swscale.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::super::results::{Comparison, Results};
use super::clip::{Clip, HEIGHT, TENSORS, WIDTH};
use super::own::{Measure, Own, frame_cpu, in_turn};
use super::torio::Torio;

pub(in super::super) fn run(results: &mut Results) -> anyhow::Result<()> {
    let Some(clip) = Clip::load("frames")? else { return Ok(()) };
    let torio = Torio::find();
    let own = Own::usual()?;
    println!("frames per second of CPU time, of rgb24 of {WIDTH}x{HEIGHT} to yuv420p:");
    println!(
        "{:<12} {:>8} {:>9} {:>7} {:>9} {:>7}",
        "to", "ours", "torio", "ratio", "ffmpeg", "ratio"
    );
    for (width, height) in [(WIDTH, HEIGHT), (640, 360)] {
        let size = format!("{width}x{height}");
        // Disks are not measured.
        let output = Path::new("/dev/null");
        let ours = |count: usize| -> Command {
            let size = format!("size={size}");
            let options = ["format=rawvideo", "encoder=rawvideo", "pixel_format=yuv420p", &size];
            own.command(&clip.planes, "rgb24", count, output, &options)
        };
        let theirs = |count: usize| {
            let mut command = Clip::ffmpeg(&clip.rgb, "rgb24", count);
            command.args(["-s", &size, "-pix_fmt", "yuv420p", "-f", "rawvideo"]).arg(output);
            command
        };
        let stream = json!({
            "encoder": "rawvideo", "encoder_format": "yuv420p",
            "encoder_width": width, "encoder_height": height,
        });
        let real =
            torio.as_ref().map(|torio| || torio.frame_cpu(&clip, "rawvideo", output, &stream));
        // Long enough to be measured. Ours repeats the clip, and ffmpeg stops at its end.
        let ours = || frame_cpu(20 * TENSORS, &ours);
        let theirs = || frame_cpu(TENSORS, &theirs);
        let mut measurements: Vec<Measure<'_>> = vec![&ours, &theirs];
        measurements.extend(real.iter().map(|real| real as Measure<'_>));
        let speeds = in_turn(&measurements)?;
        let (ours, theirs, torio) = (speeds[0], speeds[1], speeds.get(2).copied());
        let speed = |speed: Option<f64>| speed.map_or("-".into(), |speed| format!("{speed:.0}"));
        let ratio =
            |peer: Option<f64>| peer.map_or("-".into(), |peer| format!("{:.1}", ours / peer));
        let name = format!("rgb24 of {WIDTH}x{HEIGHT} to yuv420p of {size}");
        let peers = [("ffmpeg", Some(theirs)), ("torio", torio)];
        for (peer, speed) in peers.into_iter().filter_map(|(peer, speed)| Some((peer, speed?))) {
            results.add(Comparison::new("frames", &name, peer, "frames/s", [ours, speed]));
        }
        println!(
            "{size:<12} {ours:>8.0} {:>9} {:>7} {theirs:>9.0} {:>7}",
            speed(torio),
            ratio(torio),
            ratio(Some(theirs)),
        );
    }
    Ok(())
}
