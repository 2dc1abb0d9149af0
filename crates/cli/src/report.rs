//! Progress bar and summary of encoding.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reelwright::{CodecId, PixelFormat, Rational};
use serde_json::{Value, json};

/// Progress bar on standard error, if that is a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
}

impl Progress {
    /// Starts the bar. `seconds` is the duration to encode, if known.
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

    /// Updates the encoded duration, the number of frames if there is video, and the output size.
    pub(crate) fn advance(&self, seconds: f64, frames: Option<u64>, bytes: Option<u64>) {
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_position((seconds * 1000.0) as u64);
        let elapsed = self.started.elapsed().as_secs_f64().max(1e-9);
        let speed = seconds / elapsed;
        let speed = match frames {
            Some(frames) => format!("{:.0} fps, {speed:.1}x", frames as f64 / elapsed),
            None => format!("{speed:.0}x"),
        };
        let rate =
            bytes.filter(|_| seconds > 0.0).map(|bytes| 8.0 * bytes as f64 / seconds / 1000.0);
        let rate = rate.map(|rate| format!(", {rate:.0} kbit/s")).unwrap_or_default();
        self.bar.set_message(format!("{seconds:.1} s at {speed}{rate}"));
    }

    /// Removes the bar and returns the elapsed time.
    pub(crate) fn finish(self) -> Duration {
        self.bar.finish_and_clear();
        self.started.elapsed()
    }
}

/// Summary of an encoded file.
pub(crate) struct Summary {
    pub(crate) output: String,
    pub(crate) format: &'static str,
    pub(crate) streams: Vec<StreamSummary>,
    /// Size of the output, if it is a file.
    pub(crate) bytes: Option<u64>,
    pub(crate) elapsed: Duration,
    pub(crate) interrupted: bool,
    /// True if every sample that the inputs state was read.
    pub(crate) complete: bool,
}

pub(crate) enum StreamSummary {
    Audio {
        codec: CodecId,
        sample_rate: u32,
        layout: String,
        bits_per_sample: u32,
        /// Samples per channel of the input, and its sample rate.
        samples: u64,
        input_rate: u32,
        /// Samples beyond ±1 that were clamped, of all channels.
        clamped: u64,
    },
    Video {
        codec: CodecId,
        width: u32,
        height: u32,
        pixel_format: PixelFormat,
        frame_rate: Rational,
        /// Number of frames of the input.
        frames: u64,
        seconds: f64,
    },
}

impl StreamSummary {
    fn seconds(&self) -> f64 {
        match self {
            Self::Audio { samples, input_rate, .. } => *samples as f64 / f64::from(*input_rate),
            Self::Video { seconds, .. } => *seconds,
        }
    }

    /// Returns a short description for people.
    fn words(&self) -> String {
        match self {
            Self::Audio { codec, sample_rate, layout, bits_per_sample, .. } => {
                // Only lossless codecs have a number of bits.
                let bits = if codec.is_lossless() {
                    format!(" {bits_per_sample} bit")
                } else {
                    String::new()
                };
                format!("{codec} {sample_rate} Hz {layout}{bits}")
            }
            Self::Video { codec, width, height, pixel_format, frame_rate, .. } => {
                let rate = (frame_rate.to_f64() * 1000.0).round() / 1000.0;
                format!("{codec} {width}x{height} {pixel_format} {rate} fps")
            }
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Audio {
                codec,
                sample_rate,
                layout,
                bits_per_sample,
                samples,
                input_rate,
                clamped,
            } => json!({
                "kind": "audio",
                "codec": codec.name(),
                "sample_rate": sample_rate,
                "channel_layout": layout,
                "bits_per_sample": bits_per_sample,
                "samples": samples,
                "input_sample_rate": input_rate,
                "clamped_samples": clamped,
                "duration": self.seconds(),
            }),
            Self::Video { codec, width, height, pixel_format, frame_rate, frames, seconds } => {
                json!({
                    "kind": "video",
                    "codec": codec.name(),
                    "width": width,
                    "height": height,
                    "pixel_format": pixel_format.name(),
                    "frame_rate": frame_rate.to_string(),
                    "frames": frames,
                    "duration": seconds,
                })
            }
        }
    }
}

impl Summary {
    fn seconds(&self) -> f64 {
        self.streams.iter().map(StreamSummary::seconds).fold(0.0, f64::max)
    }

    fn speed(&self) -> f64 {
        self.seconds() / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Returns one line for people.
    pub(crate) fn line(&self) -> String {
        let streams: Vec<_> = self.streams.iter().map(StreamSummary::words).collect();
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

    /// Returns the summary as JSON.
    pub(crate) fn json(&self) -> Value {
        let streams: Vec<_> = self.streams.iter().map(StreamSummary::json).collect();
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
