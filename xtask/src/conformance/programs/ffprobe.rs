use std::process::Command;

use reelwright::CodecId;
use serde_json::Value;

use super::super::program::Problem;
use super::super::written::Written;
use super::ffmpeg;
use super::run::{run, text};

/// Compares the properties that ffprobe prints with those of the case.
pub(super) fn check(file: &Written) -> anyhow::Result<Vec<Problem>> {
    let case = &file.case;
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", "stream:format_tags", "-of", "json"]);
    ffmpeg::input(&mut command, file);
    let output = run(&mut command)?;
    if !output.status.success() || !output.stderr.is_empty() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Ok(vec![Problem::new("open", complaint)]);
    }
    let json: Value = serde_json::from_slice(&output.stdout)?;
    let stream = &json["streams"][0];
    let rate = case.decoded_rate();
    let mut facts = vec![
        ("codec", "codec_name", case.codec().to_string()),
        ("rate", "sample_rate", rate.to_string()),
        ("channels", "channels", case.channels().to_string()),
        ("layout", "channel_layout", case.layout.to_string()),
    ];
    // MPEG's own formats have one time base for all rates.
    if !matches!(case.codec(), CodecId::Mp3 | CodecId::Aac) {
        let frames = case.frames() * (rate / case.sample_rate) as usize;
        facts.push(("time base", "time_base", format!("1/{rate}")));
        facts.push(("samples", "duration_ts", frames.to_string()));
    }
    let facts = facts
        .iter()
        .filter_map(|(check, key, expected)| Problem::unless(check, &text(stream, key), expected));
    Ok(facts.collect())
}
