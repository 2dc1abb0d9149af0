use std::process::Command;

use anyhow::{Context, bail};
use reelwright::CodecId;
use serde_json::Value;

use super::super::program::Problem;
use super::super::written::Written;
use super::run::{run, text};

pub(super) fn check(files: &[&Written]) -> anyhow::Result<Vec<Vec<Problem>>> {
    let mut command = Command::new("mediainfo");
    command.arg("--Output=JSON").args(files.iter().map(|file| &file.path));
    let output = run(&mut command)?;
    let json: Value = serde_json::from_slice(&output.stdout).context("mediainfo's JSON")?;
    let media = match &json {
        Value::Array(media) => media.as_slice(),
        one => std::slice::from_ref(one),
    };
    let check = |file: &&Written| -> anyhow::Result<Vec<Problem>> {
        let path = file.path.to_string_lossy();
        let Some(media) = media.iter().find(|media| media["media"]["@ref"] == *path) else {
            bail!("mediainfo prints nothing about {path}");
        };
        Ok(facts(file, &media["media"]["track"]))
    };
    files.iter().map(check).collect()
}

fn facts(file: &Written, tracks: &Value) -> Vec<Problem> {
    let case = &file.case;
    let track = |kind: &str| {
        let tracks = tracks.as_array();
        tracks.and_then(|tracks| tracks.iter().find(|track| track["@type"] == kind))
    };
    let (Some(general), Some(audio)) = (track("General"), track("Audio")) else {
        return vec![Problem::new("open", "mediainfo finds no audio")];
    };
    let container = match case.muxer.name {
        "wav" => "Wave",
        "w64" => "Wave64",
        "aiff" => "AIFF",
        "au" => "AU",
        "caf" => "CAF",
        "mp3" => "MPEG Audio",
        "adts" => "ADTS",
        "flac" => "FLAC",
        "mp4" | "mov" => "MPEG-4",
        _ => "Ogg",
    };
    let codec = match case.codec() {
        CodecId::Flac => "FLAC",
        CodecId::Alac => "ALAC",
        CodecId::Aac => "AAC",
        CodecId::Mp3 => "MPEG Audio",
        CodecId::Opus => "Opus",
        CodecId::AdpcmImaWav | CodecId::AdpcmMs => "ADPCM",
        CodecId::AdpcmG722 => "G.722",
        // mediainfo prints this for A-law and mu-law, except in AIFF.
        CodecId::PcmALaw | CodecId::PcmMuLaw if case.muxer.name != "aiff" => "ADPCM",
        _ => "PCM",
    };
    // AIFF states the bits of the decoded A-law and mu-law, as it should.
    let is_law = matches!(case.codec(), CodecId::PcmALaw | CodecId::PcmMuLaw);
    let bits = if is_law && case.muxer.name == "aiff" { 16 } else { case.bits() };
    let number = |key: &str| text(audio, key).parse::<f64>().ok();
    let mut problems = Vec::new();
    problems.extend(Problem::unless("container", &text(general, "Format"), container));
    problems.extend(Problem::unless("codec", &text(audio, "Format"), codec));
    // In MP4, Opus has its own rate.
    let rate = if case.is_mp4() { case.decoded_rate() } else { case.sample_rate };
    let mut numbers = vec![
        ("channels", "Channels", case.channels() as f64, 0.0),
        ("rate", "SamplingRate", f64::from(rate), 0.0),
    ];
    // Lossy codecs have no bit depth, and other programs check their duration.
    if case.is_lossless() {
        let duration = case.frames() as f64 / f64::from(case.sample_rate);
        numbers.push(("bits", "BitDepth", f64::from(bits), 0.0));
        // The duration is in milliseconds.
        numbers.push(("duration", "Duration", duration, 0.001_1));
    }
    for (check, key, expected, tolerance) in numbers {
        let found = number(key);
        if found.is_none_or(|found| (found - expected).abs() > tolerance) {
            problems.push(Problem::new(check, format!("{found:?} instead of {expected}")));
        }
    }
    problems
}
