//! Measurements as a file: `docs/benchmarks.json`, from which tables and plots are made.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::workspace;

/// Programs whose versions are part of the results: name and argument.
const PROGRAMS: [(&str, &str); 5] = [
    ("ffmpeg", "-version"),
    ("flac", "--version"),
    ("lame", "--version"),
    ("opusenc", "--version"),
    ("rustc", "--version"),
];

/// A comparison that is shown in the README or in the plot of speeds.
pub(super) struct Figure {
    /// Part, name and peer of the comparison.
    key: [&'static str; 3],
    pub(super) label: &'static str,
    pub(super) peer_label: &'static str,
    pub(super) is_in_readme: bool,
}

const fn figure(
    key: [&'static str; 3],
    label: &'static str,
    peer_label: &'static str,
    is_in_readme: bool,
) -> Figure {
    Figure { key, label, peer_label, is_in_readme }
}

const TENSORS: &str = "rgb24 tensors of 1280x720 to H.264 in MP4";
const CONVERSION: &str = "rgb24 of 1280x720 to yuv420p of 1280x720";
const RESAMPLING: &str = "resampling 48 to 44.1 kHz, high";
const PACKETS: &str = "2 million packets to MP4, hybrid_fragmented";
const CALLS: &str = "16 samples a call to WAV";

/// Comparisons that are shown in the README or in the plot of speeds.
pub(super) const FIGURES: &[Figure] = &[
    figure(["flac", "FLAC level 5", "ffmpeg"], "FLAC level 5", "FFmpeg", true),
    figure(["codecs", "mp3 128k", "lame"], "MP3 128 kbit/s", "LAME", true),
    figure(["codecs", "aac 128k", "ffmpeg aac"], "AAC 128 kbit/s", "FFmpeg", true),
    figure(["codecs", "opus 96k", "libopus"], "Opus 96 kbit/s", "libopus", true),
    figure(["codecs", "alac", "ffmpeg"], "ALAC", "FFmpeg", false),
    figure(["wav", "float to WAV s16", "ffmpeg"], "float to WAV", "FFmpeg", false),
    figure(["resample", RESAMPLING, "ffmpeg soxr, precision 28"], "resampling", "soxr", false),
    figure(["frames", CONVERSION, "ffmpeg"], "RGB to YUV", "FFmpeg", false),
    figure(
        ["h264", "yuv420p of 1280x720 to H.264", "ffmpeg, libx264 superfast"],
        "H.264",
        "x264 superfast",
        false,
    ),
    figure(
        ["h264", TENSORS, "torio, libx264 superfast"],
        "1280x720 tensors to H.264",
        "torio, x264 superfast",
        true,
    ),
    figure(["muxing", PACKETS, "ffmpeg -c copy"], "packets to MP4", "FFmpeg", false),
    figure(["python", CALLS, "torio"], "16 samples a call, in Python", "torio", true),
    figure(["python", "import", "torio"], "`import`", "torio", true),
];

/// Measurements, with the circumstances under which they were made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Results {
    pub(super) machine: String,
    /// Days of the measurements of each part, as YYYY-MM-DD.
    pub(super) dates: BTreeMap<String, String>,
    pub(super) versions: BTreeMap<String, String>,
    pub(super) comparisons: Vec<Comparison>,
    pub(super) curves: Vec<Curve>,
}

/// A measurement of Reelwright and of a peer on the same input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Comparison {
    /// Part of `cargo xtask bench`.
    pub(super) part: String,
    pub(super) name: String,
    pub(super) peer: String,
    pub(super) unit: String,
    /// Values of Reelwright and of the peer.
    pub(super) values: [f64; 2],
    /// True if lower values are better.
    pub(super) lower_is_better: bool,
    /// Difference of Reelwright's output size from the peer's, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size_percent: Option<f64>,
}

/// Points of one encoder in a plot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Curve {
    pub(super) part: String,
    pub(super) plot: String,
    pub(super) series: String,
    /// Pairs of x and y, in the units of the plot.
    pub(super) points: Vec<[f64; 2]>,
}

impl Comparison {
    /// Creates a comparison in which higher values are better.
    pub(super) fn new(part: &str, name: &str, peer: &str, unit: &str, values: [f64; 2]) -> Self {
        Self {
            part: part.into(),
            name: name.into(),
            peer: peer.into(),
            unit: unit.into(),
            values: values.map(rounded),
            lower_is_better: false,
            size_percent: None,
        }
    }

    pub(super) fn lower_is_better(mut self) -> Self {
        self.lower_is_better = true;
        self
    }

    /// Adds the sizes of the outputs in bytes.
    pub(super) fn sizes(mut self, [own, peer]: [u64; 2]) -> Self {
        self.size_percent = Some(rounded(100.0 * (own as f64 / peer as f64 - 1.0)));
        self
    }

    /// Returns the ratio of Reelwright's value to the peer's, or its inverse if lower values are
    /// better.
    pub(super) fn ratio(&self) -> f64 {
        let [own, peer] = self.values;
        if self.lower_is_better { peer / own } else { own / peer }
    }
}

impl Results {
    pub(super) fn path() -> anyhow::Result<PathBuf> {
        let root = workspace::root()?;
        Ok(root.join("docs/benchmarks.json"))
    }

    pub(super) fn load() -> anyhow::Result<Self> {
        let path = Self::path()?;
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{}: run `cargo xtask bench --record`", path.display()))?;
        serde_json::from_str(&text).with_context(|| path.display().to_string())
    }

    pub(super) fn figure(&self, figure: &Figure) -> Option<&Comparison> {
        self.comparisons.iter().find(|c| [&*c.part, &*c.name, &*c.peer] == figure.key)
    }

    pub(super) fn is_of(&self, part: &str) -> bool {
        self.comparisons.iter().any(|comparison| comparison.part == part)
            || self.curves.iter().any(|curve| curve.part == part)
    }

    pub(super) fn add(&mut self, comparison: Comparison) {
        self.comparisons.push(comparison);
    }

    /// Adds the points of a series.
    pub(super) fn curve(&mut self, part: &str, plot: &str, series: &str, points: &[[f64; 2]]) {
        self.curves.push(Curve {
            part: part.into(),
            plot: plot.into(),
            series: series.into(),
            points: points.iter().map(|point| point.map(rounded)).collect(),
        });
    }

    /// Replaces the committed measurements of the parts that `self` has.
    pub(super) fn record(mut self) -> anyhow::Result<()> {
        let today = first_line(Command::new("date").args(["-u", "+%F"])).unwrap_or_default();
        let parts = self.comparisons.iter().map(|comparison| &comparison.part);
        let parts = parts.chain(self.curves.iter().map(|curve| &curve.part));
        self.dates = parts.map(|part| (part.clone(), today.clone())).collect();
        if let Ok(mut before) = Self::load() {
            before.dates.append(&mut self.dates);
            before.comparisons.retain(|comparison| !self.is_of(&comparison.part));
            before.curves.retain(|curve| !self.is_of(&curve.part));
            before.comparisons.append(&mut self.comparisons);
            before.curves.append(&mut self.curves);
            self = Self { comparisons: before.comparisons, curves: before.curves, ..before };
        }
        self.machine = machine();
        for (program, argument) in PROGRAMS {
            if let Some(version) = first_line(Command::new(program).arg(argument)) {
                self.versions.insert(program.into(), version);
            }
        }
        let text = serde_json::to_string_pretty(&self)?;
        Ok(std::fs::write(Self::path()?, text + "\n")?)
    }
}

/// Rounds to four significant digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores", model.map_or("unknown CPU", |(_, model)| model.trim()))
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().next()?.trim();
    // FFmpeg's line ends with a copyright notice.
    Some(line.split(" Copyright").next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_compare_with_peers() {
        let speed = Comparison::new("flac", "level 5", "ffmpeg", "fps", [300.0, 100.0]);
        let time = Comparison::new("muxing", "hybrid", "ffmpeg", "s", [0.5, 2.0]);
        assert_eq!(speed.ratio(), 3.0);
        assert_eq!(time.clone().lower_is_better().ratio(), 4.0);
        assert!((time.sizes([98, 100]).size_percent.unwrap() + 2.0).abs() < 1e-9);
    }

    #[test]
    fn values_keep_four_digits() {
        assert_eq!(rounded(1234.56), 1235.0);
        assert_eq!(rounded(0.012_345_6), 0.012_35);
    }
}
