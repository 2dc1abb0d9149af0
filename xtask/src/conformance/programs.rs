//! The programs, and what each is asked.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};
use reelwright::CodecId;
use reelwright_testkit::decode::decode_path;
use serde_json::Value;

use super::case::{Case, Written};
use super::expected::Decoded;

/// Who looks at the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Program {
    Symphonia,
    Flac,
    Ffmpeg,
    Ffprobe,
    Mediainfo,
}

/// What was found wrong with a file, each a check's name and what was found: `Some(vec![])` is
/// all well, `None` that the program knows nothing of such files.
pub(super) type Found = Option<Vec<Problem>>;

/// A check that failed.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) check: &'static str,
    pub(super) found: String,
}

impl Problem {
    fn new(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, found: found.into() }
    }

    /// The check fails if `found` is not `expected`.
    fn unless(check: &'static str, found: &str, expected: &str) -> Option<Self> {
        (found != expected).then(|| Self::new(check, format!("{found:?} instead of {expected:?}")))
    }
}

impl Program {
    pub(super) const ALL: [Self; 5] =
        [Self::Symphonia, Self::Flac, Self::Ffmpeg, Self::Ffprobe, Self::Mediainfo];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Symphonia => "symphonia",
            Self::Flac => "flac",
            Self::Ffmpeg => "ffmpeg",
            Self::Ffprobe => "ffprobe",
            Self::Mediainfo => "mediainfo",
        }
    }

    /// Whether it can be run; says so where it cannot.
    pub(super) fn is_installed(self) -> bool {
        if self == Self::Symphonia {
            return true;
        }
        let mut command = Command::new(self.name());
        let result = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        let missing = result.is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        if missing {
            println!("skipped: no {}", self.name());
        }
        !missing
    }

    fn knows(self, case: &Case) -> bool {
        match self {
            Self::Symphonia => ["wav", "aiff", "caf", "flac"].contains(&case.muxer.name),
            Self::Flac => case.codec() == CodecId::Flac,
            Self::Ffmpeg => true,
            // What a file says of itself does not depend on the compression level.
            Self::Ffprobe => case.has_header() && case.flac.is_none_or(|(level, _)| level == 5),
            Self::Mediainfo => case.has_header(),
        }
    }

    /// Looks at the files of one group, which it knows all of or none.
    pub(super) fn check(self, files: &[Written]) -> anyhow::Result<Vec<Found>> {
        if !files.iter().all(|file| self.knows(&file.case)) {
            return Ok(vec![None; files.len()]);
        }
        let problems = match self {
            Self::Symphonia => files.iter().map(symphonia).collect(),
            Self::Flac => flac(files)?,
            Self::Ffmpeg => ffmpeg(files)?,
            Self::Ffprobe => files.iter().map(ffprobe).collect::<anyhow::Result<_>>()?,
            Self::Mediainfo => mediainfo(files)?,
        };
        Ok(problems.into_iter().map(Some).collect())
    }
}

fn run(command: &mut Command) -> anyhow::Result<Output> {
    let what = format!("{command:?}");
    command.stdin(Stdio::null()).output().with_context(|| what)
}

fn symphonia(file: &Written) -> Vec<Problem> {
    fn bytes(file: &Written) -> Result<(u32, usize, Vec<u8>), String> {
        Ok(match Decoded::of(file.case.codec()) {
            Decoded::F64 => {
                let sound = decode_path::<f64>(&file.path)?;
                let bytes = sound.samples.iter().flat_map(|x| x.to_le_bytes()).collect();
                (sound.sample_rate, sound.channels, bytes)
            }
            Decoded::I32 | Decoded::I64 => {
                let sound = decode_path::<i32>(&file.path)?;
                let bytes = sound.samples.iter().flat_map(|x| x.to_le_bytes()).collect();
                (sound.sample_rate, sound.channels, bytes)
            }
        })
    }
    let (rate, channels, found) = match bytes(file) {
        Ok(found) => found,
        Err(error) => return vec![Problem::new("decode", error)],
    };
    let spec = (rate, channels) != (file.case.sample_rate, file.case.channels);
    let spec = spec.then(|| Problem::new("facts", format!("{rate} Hz, {channels} channels")));
    let sound = file.sound.compare(&file.case, &found);
    spec.into_iter().chain(sound.map(|found| Problem::new("decode", found))).collect()
}

/// `flac -t` and `flac -d`; all files at once, and one by one where something is wrong.
fn flac(files: &[Written]) -> anyhow::Result<Vec<Vec<Problem>>> {
    fn flac(mode: &[&str], files: &[Written]) -> anyhow::Result<Output> {
        run(Command::new("flac").args(mode).args(files.iter().map(|file| &file.path)))
    }
    const TEST: [&str; 2] = ["-t", "-s"];
    const DECODE: [&str; 6] =
        ["-d", "-s", "-f", "--force-raw-format", "--endian=little", "--sign=signed"];
    let mut problems = vec![Vec::new(); files.len()];
    for (check, mode) in [("test", &TEST[..]), ("decode", &DECODE[..])] {
        let all_well = flac(mode, files)?.status.success();
        for (file, problems) in files.iter().zip(&mut problems) {
            let one = std::slice::from_ref(file);
            let output = if all_well { None } else { Some(flac(mode, one)?) };
            if let Some(output) = output.filter(|output| !output.status.success()) {
                problems.push(Problem::new(check, String::from_utf8_lossy(&output.stderr)));
            } else if check == "decode" {
                let found = std::fs::read(file.path.with_extension("raw"))?;
                let found = file.sound.compare_raw(&file.case, &found);
                problems.extend(found.map(|found| Problem::new(check, found)));
            }
        }
    }
    Ok(problems)
}

/// The arguments that open a file.
fn ffmpeg_input(command: &mut Command, file: &Written) {
    let case = &file.case;
    command.args(["-f", case.muxer.name]);
    if !case.has_header() {
        let (rate, channels) = (case.sample_rate.to_string(), case.channels.to_string());
        command.args(["-ar", &rate, "-ac", &channels]);
    }
    command.arg("-i").arg(&file.path);
}

/// Whether ffmpeg takes the end of the file for a mistake: it calls the last packet of sound of
/// open length corrupt, as there is less of it than it asked for. Other errors are told all the
/// same, so only `-xerror` is left out.
fn has_open_end(file: &Written) -> bool {
    !file.case.seekable && ["wav", "w64", "caf"].contains(&file.case.muxer.name)
}

/// Decodes all files at once, and one by one where something is wrong.
fn ffmpeg(files: &[Written]) -> anyhow::Result<Vec<Vec<Problem>>> {
    fn decoded(path: &Path) -> PathBuf {
        path.with_extension("decoded")
    }
    fn decode(files: &[&Written], is_strict: bool) -> anyhow::Result<Option<String>> {
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-y", "-v", "error"]);
        command.args(is_strict.then_some("-xerror"));
        for file in files {
            // Whatever can be checked.
            command.args(["-err_detect", "crccheck+bitstream+buffer+explode"]);
            ffmpeg_input(&mut command, file);
        }
        for (index, file) in files.iter().enumerate() {
            command.args(["-map", &format!("{index}:a")]);
            command.args(["-c:a", Decoded::of(file.case.codec()).ffmpeg_codec(), "-f", "data"]);
            command.arg(decoded(&file.path));
        }
        let output = run(&mut command)?;
        let well = output.status.success() && output.stderr.is_empty();
        Ok((!well).then(|| String::from_utf8_lossy(&output.stderr).into_owned()))
    }
    let is_well = |is_open: bool| -> anyhow::Result<bool> {
        let files: Vec<_> = files.iter().filter(|file| has_open_end(file) == is_open).collect();
        Ok(files.is_empty() || decode(&files, !is_open)?.is_none())
    };
    let (closed_are_well, open_are_well) = (is_well(false)?, is_well(true)?);
    let check = |file: &Written| -> anyhow::Result<Vec<Problem>> {
        let is_open = has_open_end(file);
        let is_well = if is_open { open_are_well } else { closed_are_well };
        let complaint = if is_well { None } else { decode(&[file], !is_open)? };
        if let Some(complaint) = complaint {
            return Ok(vec![Problem::new("decode", complaint)]);
        }
        let found = std::fs::read(decoded(&file.path))?;
        let found = file.sound.compare(&file.case, &found);
        Ok(found.map(|found| Problem::new("decode", found)).into_iter().collect())
    };
    files.iter().map(check).collect()
}

/// A field of JSON as text.
fn text(object: &Value, key: &str) -> String {
    match &object[key] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn ffprobe(file: &Written) -> anyhow::Result<Vec<Problem>> {
    let case = &file.case;
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", "stream:format_tags", "-of", "json"]);
    ffmpeg_input(&mut command, file);
    let output = run(&mut command)?;
    if !output.status.success() || !output.stderr.is_empty() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Ok(vec![Problem::new("open", complaint)]);
    }
    let json: Value = serde_json::from_slice(&output.stdout)?;
    let stream = &json["streams"][0];
    let facts = [
        ("codec", "codec_name", case.codec().to_string()),
        ("rate", "sample_rate", case.sample_rate.to_string()),
        ("channels", "channels", case.channels.to_string()),
        ("layout", "channel_layout", case.layout().to_string()),
        ("time base", "time_base", format!("1/{}", case.sample_rate)),
        ("samples", "duration_ts", file.sound.frames().to_string()),
    ];
    let facts = facts
        .iter()
        .filter_map(|(check, key, expected)| Problem::unless(check, &text(stream, key), expected));
    Ok(facts.collect())
}

fn mediainfo(files: &[Written]) -> anyhow::Result<Vec<Vec<Problem>>> {
    let mut command = Command::new("mediainfo");
    command.arg("--Output=JSON").args(files.iter().map(|file| &file.path));
    let output = run(&mut command)?;
    let json: Value = serde_json::from_slice(&output.stdout).context("mediainfo's JSON")?;
    let media = match &json {
        Value::Array(media) => media.as_slice(),
        one => std::slice::from_ref(one),
    };
    let check = |file: &Written| -> anyhow::Result<Vec<Problem>> {
        let path = file.path.to_string_lossy();
        let Some(media) = media.iter().find(|media| media["media"]["@ref"] == *path) else {
            bail!("mediainfo does not mention {path}");
        };
        Ok(mediainfo_facts(file, &media["media"]["track"]))
    };
    files.iter().map(check).collect()
}

fn mediainfo_facts(file: &Written, tracks: &Value) -> Vec<Problem> {
    let case = &file.case;
    let track = |kind: &str| {
        let tracks = tracks.as_array();
        tracks.and_then(|tracks| tracks.iter().find(|track| track["@type"] == kind))
    };
    let (Some(general), Some(audio)) = (track("General"), track("Audio")) else {
        return vec![Problem::new("open", "it finds no sound")];
    };
    let container = match case.muxer.name {
        "wav" => "Wave",
        "w64" => "Wave64",
        "aiff" => "AIFF",
        "au" => "AU",
        "caf" => "CAF",
        _ => "FLAC",
    };
    let codec = match case.codec() {
        CodecId::Flac => "FLAC",
        // So it calls A-law and mu-law, though not in AIFF.
        CodecId::PcmALaw | CodecId::PcmMuLaw if case.muxer.name != "aiff" => "ADPCM",
        _ => "PCM",
    };
    // AIFF states the bits that A-law and mu-law come from, as it should.
    let is_law = matches!(case.codec(), CodecId::PcmALaw | CodecId::PcmMuLaw);
    let bits = if is_law && case.muxer.name == "aiff" { 16 } else { case.bits() };
    let number = |key: &str| text(audio, key).parse::<f64>().ok();
    let mut problems = Vec::new();
    problems.extend(Problem::unless("container", &text(general, "Format"), container));
    problems.extend(Problem::unless("codec", &text(audio, "Format"), codec));
    for (check, key, expected, tolerance) in [
        ("channels", "Channels", case.channels as f64, 0.0),
        ("rate", "SamplingRate", f64::from(case.sample_rate), 0.0),
        ("bits", "BitDepth", f64::from(bits), 0.0),
        // It is told in milliseconds.
        ("duration", "Duration", file.sound.frames() as f64 / f64::from(case.sample_rate), 0.001_1),
    ] {
        let found = number(key);
        if found.is_none_or(|found| (found - expected).abs() > tolerance) {
            problems.push(Problem::new(check, format!("{found:?} instead of {expected}")));
        }
    }
    problems
}
