//! The resampler, compared with two of ffmpeg, from 48000 to 44100 Hz: speed on music, quality on tones.
//!
//! The time of ffmpeg excludes the time to read the same input and drop it. The resampler reads from
//! memory, and its output is dropped, too. All samples are 32-bit floats.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use reelwright::{Element, TypedSlice};
use reelwright_convert::{ResampleQuality, Resampler};
use reelwright_core::DataType;

use super::measure::{capture, child_cpu, installed, own_cpu};
use super::music::{CHUNK, Music};
use super::results::{Comparison, Results};
use super::tones::{self, FROM, TO};

/// Number of runs. They are short, so other programs disturb them.
const RUNS: usize = 15;

/// Names and filters of ffmpeg's resamplers.
const FFMPEG: &[(&str, &str)] = &[
    ("ffmpeg default", "aresample=44100"),
    ("ffmpeg soxr, precision 28", "aresample=44100:resampler=soxr:precision=28"),
];

pub(super) fn run(music: &Music, results: &mut Results) -> anyhow::Result<()> {
    let ffmpeg = installed("ffmpeg", "ffmpeg's resamplers");
    let peers = if ffmpeg { FFMPEG } else { &[] };
    let speeds = speeds(music, peers)?;
    println!(
        "{:<26} {:>9} {:>12} {:>12} {:>9} {:>11} {:>11} {:>11}",
        "resampler", "real time", "to default", "to soxr 28", "SNR", "gain", "alias", "from 23 kHz"
    );
    let tones = tones::signal();
    let path = music.output("tones.f32");
    write(&path, &tones)?;
    let ours = ResampleQuality::ALL.iter().map(|quality| format!("ours {quality}"));
    let names = ours.chain(peers.iter().map(|(name, _)| (*name).into()));
    for (i, (name, speed)) in names.zip(&speeds).enumerate() {
        let resampled = match ResampleQuality::ALL.get(i) {
            Some(quality) => {
                let mut resampled = Vec::new();
                resample(&tones, 1, *quality, |samples| resampled.extend_from_slice(samples))?;
                resampled
            }
            None => {
                let filter = peers[i - ResampleQuality::ALL.len()].1;
                let mut command = command(&path, 1, Some(filter));
                let bytes = capture(command.args(["-f", "f32le", "-"]))?;
                bytes.as_chunks().0.iter().map(|sample| f32::from_le_bytes(*sample)).collect()
            }
        };
        let ratio = |peer: usize| {
            let peer = speeds.get(ResampleQuality::ALL.len() + peer);
            peer.map_or("-".into(), |peer| format!("{:.2}", speed / peer))
        };
        println!(
            "{name:<26} {speed:>8.0}x {:>12} {:>12} {}",
            ratio(0),
            ratio(1),
            tones::Figures::of(&resampled)
        );
    }
    for (quality, own) in ResampleQuality::ALL.iter().zip(&speeds) {
        for ((peer, _), speed) in peers.iter().zip(&speeds[ResampleQuality::ALL.len()..]) {
            let name = format!("resampling 48 to 44.1 kHz, {quality}");
            let values = [*own, *speed];
            results.add(Comparison::new("resample", &name, peer, "times real time", values));
        }
    }
    println!("\n{}\nreal time: the fastest of {RUNS} runs each.", tones::NOTE);
    Ok(())
}

/// Returns the speeds as multiples of real time: of this project's qualities, then of the peers.
fn speeds(music: &Music, peers: &[(&str, &str)]) -> anyhow::Result<Vec<f64>> {
    let floats = music.floats();
    let path = music.output("music.f32");
    write(&path, &floats)?;
    let mut times = vec![Vec::new(); ResampleQuality::ALL.len() + peers.len()];
    let mut without = Vec::new();
    for _ in 0..RUNS {
        let mut times = times.iter_mut();
        for (quality, times) in ResampleQuality::ALL.iter().zip(&mut times) {
            times.push(own_cpu(|| {
                resample(&floats, music.channels, *quality, |samples| {
                    black_box(samples);
                })
            })?);
        }
        let ffmpeg = |filter| {
            child_cpu(command(&path, music.channels, filter).args([
                "-c:a",
                "pcm_f32le",
                "-f",
                "null",
                "-",
            ]))
        };
        if !peers.is_empty() {
            without.push(ffmpeg(None)?);
        }
        for ((_, filter), times) in peers.iter().zip(times) {
            times.push(ffmpeg(Some(filter))?);
        }
    }
    // The music is treated as if it had this rate.
    let seconds = (floats.len() / music.channels) as f64 / f64::from(FROM);
    let without = least(&without);
    let times = times.iter().enumerate().map(|(i, times)| {
        let without = if i < ResampleQuality::ALL.len() { 0.0 } else { without };
        seconds / (least(times) - without)
    });
    Ok(times.collect())
}

/// Returns the minimum of measurements: other load of a machine only adds time, and the difference of
/// two measurements requires both to be free of it.
fn least(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Returns a command of ffmpeg that passes raw samples through a filter.
fn command(input: &Path, channels: usize, filter: Option<&str>) -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-threads", "1", "-f", "f32le", "-ar", &FROM.to_string()]);
    command.args(["-ac", &channels.to_string(), "-i"]).arg(input);
    if let Some(filter) = filter {
        command.args(["-af", filter]);
    }
    command
}

/// Resamples in chunks into `sink`, with the conversion to and from the sample type of the quality.
/// The output is not collected, because allocating memory for all of it would take as long as the
/// filters.
fn resample(
    samples: &[f32],
    channels: usize,
    quality: ResampleQuality,
    mut sink: impl FnMut(&[f32]),
) -> anyhow::Result<()> {
    let mut resampler = Resampler::new(FROM, TO, channels, quality)?;
    let (mut wide, mut narrow) = (Vec::new(), Vec::new());
    let mut chunks = samples.chunks(CHUNK * channels);
    loop {
        let chunk = chunks.next();
        match chunk {
            None => resampler.finish(),
            Some(chunk) if resampler.data_type() == DataType::F64 => {
                wide.clear();
                wide.extend(chunk.iter().copied().map(f64::from));
                resampler.push(TypedSlice::F64(&wide));
            }
            Some(chunk) => resampler.push(TypedSlice::F32(chunk)),
        }
        let ready = resampler.ready();
        if let Some(ready) = f32::of(ready) {
            sink(ready);
        } else if let Some(ready) = f64::of(ready) {
            narrow.clear();
            narrow.extend(ready.iter().map(|sample| *sample as f32));
            sink(&narrow);
        }
        resampler.consume(usize::MAX);
        if chunk.is_none() {
            return Ok(());
        }
    }
}

fn write(path: &Path, samples: &[f32]) -> anyhow::Result<()> {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    Ok(std::fs::write(path, bytes)?)
}
