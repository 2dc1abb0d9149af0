use std::path::{Path, PathBuf};
use std::process::Command;

use reelwright::CodecId;

use super::super::case::Case;
use super::super::expected::Decoded;
use super::super::program::{Problem, Program};
use super::super::written::Written;
use super::run::{judge, run};
use crate::conformance::bit_rate;

/// Size of an ADTS header in bytes.
const ADTS_HEADER: u64 = 7;

/// Adds the arguments that open a file.
pub(super) fn input(command: &mut Command, file: &Written) {
    let case = &file.case;
    let demuxer = match case.muxer.name {
        "adts" => "aac",
        "oga" | "opus" => "ogg",
        "mp4" => "mov",
        name => name,
    };
    command.args(["-f", demuxer]);
    // The demuxer of raw G.722 has a fixed rate.
    if !case.has_header() && case.codec() != CodecId::AdpcmG722 {
        let (rate, channels) = (case.sample_rate.to_string(), case.channels().to_string());
        command.args(["-ar", &rate, "-ac", &channels]);
    }
    command.arg("-i").arg(&file.path);
}

/// Returns true if ffmpeg reports the end of the file as an error. If the header states no length,
/// ffmpeg reports the last, shorter packet as corrupt. Other errors are still reported, because
/// only `-xerror` is omitted.
fn has_open_end(file: &Written) -> bool {
    !file.case.seekable && ["wav", "w64", "caf"].contains(&file.case.muxer.name)
}

/// Returns true if the bit rate is measured with ffmpeg's packets.
fn counts_packets(case: &Case) -> bool {
    case.settings.bit_rate.is_some() && matches!(case.codec(), CodecId::Mp3 | CodecId::Aac)
}

fn decoded(path: &Path) -> PathBuf {
    path.with_extension("decoded")
}

fn packets(path: &Path) -> PathBuf {
    path.with_extension("packets")
}

/// Decodes files. Returns ffmpeg's messages.
fn decode(files: &[&Written], is_strict: bool) -> anyhow::Result<Option<String>> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-y", "-v", "error"]);
    command.args(is_strict.then_some("-xerror"));
    for file in files {
        // All available error checks.
        command.args(["-err_detect", "crccheck+bitstream+buffer+explode", "-threads", "1"]);
        // The reference decoder instead of ffmpeg's own.
        if file.case.codec() == CodecId::Opus {
            command.args(["-c:a", "libopus"]);
        }
        input(&mut command, file);
    }
    for (index, file) in files.iter().enumerate() {
        let audio = format!("{index}:a");
        command.args(["-map", &audio, "-c:a", Decoded::of(&file.case).ffmpeg_codec()]);
        command.args(["-f", "data"]).arg(decoded(&file.path));
        if counts_packets(&file.case) {
            command.args(["-map", &audio, "-c:a", "copy", "-f", "data"]);
            command.arg(packets(&file.path));
        }
    }
    let output = run(&mut command)?;
    let well = output.status.success() && output.stderr.is_empty();
    Ok((!well).then(|| String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// Decodes all files in one run, and each separately if there is an error.
pub(super) fn check(files: &[&Written]) -> anyhow::Result<Vec<Vec<Problem>>> {
    let is_ok = |is_open: bool| -> anyhow::Result<bool> {
        let files: Vec<_> =
            files.iter().copied().filter(|file| has_open_end(file) == is_open).collect();
        Ok(files.is_empty() || decode(&files, !is_open)?.is_none())
    };
    let (closed_are_well, open_are_well) = (is_ok(false)?, is_ok(true)?);
    let check = |file: &&Written| -> anyhow::Result<Vec<Problem>> {
        let is_open = has_open_end(file);
        let is_ok = if is_open { open_are_well } else { closed_are_well };
        let complaint = if is_ok { None } else { decode(&[file], !is_open)? };
        if let Some(complaint) = complaint {
            return Ok(vec![Problem::new("decode", complaint)]);
        }
        let mut problems = judge(Program::Ffmpeg, file, &std::fs::read(decoded(&file.path))?);
        if counts_packets(&file.case) {
            problems.extend(wrong_bit_rate(file)?);
        }
        Ok(problems)
    };
    files.iter().map(check).collect()
}

fn wrong_bit_rate(file: &Written) -> anyhow::Result<Option<Problem>> {
    let case = &file.case;
    let bytes = std::fs::metadata(packets(&file.path))?.len();
    let frames = case.frames() as u64;
    let (delay, block) = match case.codec() {
        CodecId::Aac => (1024, 1024),
        _ if case.sample_rate < 32_000 => (1105, 576),
        _ => (1105, 1152),
    };
    let packets = (frames + delay).div_ceil(block);
    let headers = if case.muxer.name == "adts" { ADTS_HEADER * packets } else { 0 };
    Ok(bit_rate::judge(case, bytes.saturating_sub(headers), packets * block))
}
