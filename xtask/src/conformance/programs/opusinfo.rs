use std::process::Command;

use anyhow::Context;

use super::super::case::Case;
use super::super::program::Problem;
use super::super::written::Written;
use super::run::run;
use crate::conformance::bit_rate;

/// Ticks per second of Opus' clock.
const CLOCK_RATE: f64 = 48_000.0;
/// Relative precision of the printed bit rate, which has four digits.
const PRECISION: f64 = 0.002;

pub(super) fn check(files: &[&Written]) -> anyhow::Result<Vec<Vec<Problem>>> {
    let output = run(Command::new("opusinfo").args(files.iter().map(|file| &file.path)))?;
    // Warnings are printed to standard output too.
    let said = String::from_utf8_lossy(&output.stdout);
    let about = |file: &&Written| -> anyhow::Result<Vec<Problem>> {
        let start = format!("Processing file \"{}\"", file.path.display());
        let about = said.split_once(&start).with_context(|| start.clone())?.1;
        let about = about.split("Processing file").next().unwrap_or_default();
        Ok(problems(&file.case, about))
    };
    files.iter().map(about).collect()
}

fn problems(case: &Case, about: &str) -> Vec<Problem> {
    let field = |name: &str| {
        let line = about.lines().find_map(|line| line.trim().strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    let mut problems: Vec<Problem> = about
        .lines()
        .filter(|line| line.to_ascii_lowercase().contains("warning"))
        .map(|line| Problem::new("warning", line))
        .collect();
    let duration = packet_duration(case);
    let lasts = ["max", "avg", "min"].map(|which| format!("{duration:6.1}ms ({which})")).join(", ");
    let seconds = case.frames() as f64 / f64::from(case.sample_rate);
    let rate = format!("{} Hz", case.sample_rate);
    problems.extend(Problem::unless("channels", &field("Channels:"), &case.channels().to_string()));
    problems.extend(Problem::unless("rate", &field("Original sample rate:"), &rate));
    problems.extend(Problem::unless("packets", &field("Packet duration:"), lasts.trim()));
    let length = field("Playback length:");
    let printed = length.trim_end_matches('s').split_once("m:");
    let printed =
        printed.and_then(|(m, s)| Some(m.parse::<f64>().ok()? * 60.0 + s.parse::<f64>().ok()?));
    if printed.is_none_or(|printed| (printed - seconds).abs() > 0.001) {
        problems.push(Problem::new("duration", format!("{length} instead of {seconds:.4} s")));
    }
    let pre_skip: f64 = field("Pre-skip:").parse().unwrap_or_default();
    problems.extend(wrong_bit_rate(case, &field("Average bitrate:"), seconds, pre_skip));
    problems
}

/// Returns the duration of a packet in milliseconds.
fn packet_duration(case: &Case) -> f64 {
    let option = case.settings.options.iter().find(|(name, _)| *name == "frame_duration");
    option.and_then(|(_, value)| value.parse().ok()).unwrap_or(20.0)
}

/// Checks the value of `Average bitrate:`: `66.1 kbit/s, w/o overhead: 64.2 kbit/s (hard-CBR)`.
fn wrong_bit_rate(case: &Case, printed: &str, seconds: f64, pre_skip: f64) -> Option<Problem> {
    let requested = case.settings.bit_rate?;
    let wrong =
        || Some(Problem::new("bit rate", format!("{printed} instead of {requested} bit/s")));
    let Some(kilobits) = printed.split("w/o overhead:").nth(1) else { return wrong() };
    let kilobits = kilobits.split_whitespace().next().and_then(|word| word.parse::<f64>().ok());
    let Some(kilobits) = kilobits else { return wrong() };
    // The bit rate is relative to the presented duration, although the packets are longer.
    let packet = packet_duration(case) / 1000.0;
    let packets = ((seconds + pre_skip / CLOCK_RATE) / packet).ceil();
    let bytes = kilobits * 1000.0 * seconds / 8.0;
    if case.settings.options.contains(&("vbr", "off")) {
        let exact = packets * (requested as f64 * packet / 8.0).floor();
        let is_exact = (bytes / exact - 1.0).abs() < PRECISION && printed.contains("hard-CBR");
        return if is_exact { None } else { wrong() };
    }
    let samples = (packets * packet * CLOCK_RATE).round() as u64;
    bit_rate::judge(case, bytes.round() as u64, samples)
}
