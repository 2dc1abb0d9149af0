//! Accuracy of H.264's bit rates, over ten seconds.

use super::super::measure::capture;
use super::super::results::{Comparison, Results};
use super::clip::{Clip, HEIGHT, RATE, WIDTH};
use super::own::Own;

const SECONDS: usize = 10;
const BIT_RATES: [u64; 3] = [500_000, 2_000_000, 8_000_000];

pub(in super::super) fn run(results: &mut Results) -> anyhow::Result<()> {
    let Some(clip) = Clip::load("bit rates")? else { return Ok(()) };
    let own = Own::usual()?;
    println!("H.264, {WIDTH}x{HEIGHT}, {SECONDS} s:");
    let output = clip.output("own.h264");
    for requested in BIT_RATES {
        // Repeats the clip.
        let option = format!("bit_rate={requested}");
        let count = SECONDS * RATE;
        capture(&mut own.command(&clip.yuv, "yuv420p", count, &output, &[&option]))?;
        let found = 8.0 * output.metadata()?.len() as f64 / SECONDS as f64;
        let name = format!("H.264 at {} kbit/s", requested / 1000);
        let values = [found / 1000.0, requested as f64 / 1000.0];
        results.add(Comparison::new("bit-rates", &name, "as asked", "kbit/s", values));
        let off = 100.0 * (found / requested as f64 - 1.0);
        println!("  target {requested} bit/s: {found:.0}, {off:+.2}%");
    }
    Ok(())
}
