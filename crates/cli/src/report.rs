//! What is told while and after encoding.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

/// A progress bar on standard error, if that is a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
}

impl Progress {
    /// `seconds` is how much there is to encode, if that is known.
    pub(crate) fn start(seconds: Option<f64>) -> Self {
        let length = seconds.map(|seconds| (seconds * 1000.0) as u64);
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(10));
        let template = match length {
            Some(_) => "{bar:32} {percent:>3}%  {msg}  {eta} left",
            None => "{spinner}  {msg}",
        };
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, started: Instant::now() }
    }

    /// Shows that `seconds` are encoded.
    pub(crate) fn advance(&self, seconds: f64) {
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_position((seconds * 1000.0) as u64);
        let speed = seconds / self.started.elapsed().as_secs_f64().max(1e-9);
        self.bar.set_message(format!("{seconds:.1} s at {speed:.0}x"));
    }

    /// Removes the bar; returns how long it all took.
    pub(crate) fn finish(self) -> Duration {
        self.bar.finish_and_clear();
        self.started.elapsed()
    }
}

/// What was encoded.
pub(crate) struct Summary {
    pub(crate) output: String,
    pub(crate) format: &'static str,
    pub(crate) streams: Vec<StreamSummary>,
    /// Where the output is a file.
    pub(crate) bytes: Option<u64>,
    pub(crate) elapsed: Duration,
    pub(crate) interrupted: bool,
    /// Whether every sample was read that the inputs state.
    pub(crate) complete: bool,
}

pub(crate) struct StreamSummary {
    pub(crate) codec: &'static str,
    pub(crate) sample_rate: u32,
    pub(crate) layout: String,
    pub(crate) bits_per_sample: u32,
    /// Of each channel of the input, and its rate.
    pub(crate) samples: u64,
    pub(crate) input_rate: u32,
    /// Samples beyond ±1 that were clamped, of all channels.
    pub(crate) clamped: u64,
}

impl StreamSummary {
    fn seconds(&self) -> f64 {
        self.samples as f64 / f64::from(self.input_rate)
    }
}

impl Summary {
    fn seconds(&self) -> f64 {
        self.streams.iter().map(StreamSummary::seconds).fold(0.0, f64::max)
    }

    fn speed(&self) -> f64 {
        self.seconds() / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// One line for people.
    pub(crate) fn line(&self) -> String {
        let streams: Vec<_> = self
            .streams
            .iter()
            .map(|s| {
                format!("{} {} Hz {} {} bit", s.codec, s.sample_rate, s.layout, s.bits_per_sample)
            })
            .collect();
        let bytes = self.bytes.map(|bytes| format!(", {bytes} bytes")).unwrap_or_default();
        format!(
            "{}: {}, {}, {:.3} s{bytes}, {:.0}x{}",
            self.output,
            self.format,
            streams.join(" + "),
            self.seconds(),
            self.speed(),
            if self.interrupted { ", interrupted" } else { "" }
        )
    }

    /// The same for machines.
    pub(crate) fn json(&self) -> Value {
        let streams: Vec<_> = self
            .streams
            .iter()
            .map(|s| {
                json!({
                    "codec": s.codec,
                    "sample_rate": s.sample_rate,
                    "channel_layout": s.layout,
                    "bits_per_sample": s.bits_per_sample,
                    "samples": s.samples,
                    "input_sample_rate": s.input_rate,
                    "clamped_samples": s.clamped,
                    "duration": s.seconds(),
                })
            })
            .collect();
        json!({
            "output": self.output,
            "format": self.format,
            "streams": streams,
            "duration": self.seconds(),
            "bytes": self.bytes,
            "elapsed": self.elapsed.as_secs_f64(),
            "speed": self.speed(),
            "interrupted": self.interrupted,
            "complete": self.complete,
        })
    }
}
