//! torio, if a Python has it.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::super::measure::capture;
use super::clip::{Clip, HEIGHT, RATE, TENSORS, WIDTH};

/// Writes tensors of one frame each and prints the CPU time.
const PROGRAM: &str = r#"
import json, sys, time, warnings
warnings.simplefilter("ignore")
import torch
from torio.io import StreamingMediaEncoder
s = json.loads(sys.argv[1])
torch.set_num_threads(1)
shape = (s["count"], 3, s["height"], s["width"])
size = shape[0] * shape[1] * shape[2] * shape[3]
frames = torch.from_file(s["planes"], size=size, dtype=torch.uint8).reshape(shape).clone()
start = time.process_time()
encoder = StreamingMediaEncoder(s["output"], format=s["format"])
encoder.add_video_stream(s["rate"], s["width"], s["height"], format="rgb24", **s["stream"])
with encoder.open():
    for i in range(len(frames)):
        encoder.write_video_chunk(0, frames[i:i + 1])
print(time.process_time() - start)
"#;

/// A Python with torio.
pub(super) struct Torio(std::ffi::OsString);

impl Torio {
    /// Returns the Python in the environment variable `TORIO_PYTHON`.
    pub(super) fn find() -> Option<Self> {
        let python = std::env::var_os("TORIO_PYTHON");
        if python.is_none() {
            println!("torio: skipped: TORIO_PYTHON names no Python that has it");
        }
        python.map(Self)
    }

    /// Returns the CPU time per frame of the clip's tensors, with these arguments of `add_video_stream`.
    pub(super) fn frame_cpu(
        &self,
        clip: &Clip,
        format: &str,
        output: &Path,
        stream: &serde_json::Value,
    ) -> anyhow::Result<f64> {
        let settings = json!({
            "planes": clip.planes, "count": TENSORS, "width": WIDTH, "height": HEIGHT,
            "rate": RATE, "format": format, "output": output, "stream": stream,
        });
        let mut python = Command::new(&self.0);
        let printed = capture(python.args(["-c", PROGRAM, &settings.to_string()]))?;
        Ok(String::from_utf8(printed)?.trim().parse::<f64>()? / TENSORS as f64)
    }
}
