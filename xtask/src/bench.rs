//! `cargo xtask bench`: figures beside other programs, in one run on the same music.
//!
//! CPU time is user and system time together, of one thread; what is printed is the median of
//! several runs, taken in turn with the peer's, without what each takes to start.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use reelwright::{AudioStream, DataType, Element, SampleFormat, StreamingMediaEncoder, TensorView};
use reelwright_convert::AudioConverter;
use reelwright_core::{ChannelLayout, TypedBuffer};
use reelwright_testkit::decode::decode;

const RUNS: usize = 5;
/// Frames in a chunk.
const CHUNK: usize = 4800;
/// The music is repeated to at least this long, in seconds.
const SECONDS: usize = 240;
const CHANNELS: usize = 2;

/// A program's name, and how it is told to encode one file into another.
type Peer<'a> = (&'a str, &'a dyn Fn(&Path, &Path) -> Command);

/// What is encoded.
struct Music {
    rate: u32,
    /// Interleaved, stereo.
    samples: Vec<i16>,
    /// The same as a file for the peers, and the start of it.
    wav: PathBuf,
    start_wav: PathBuf,
    directory: tempfile::TempDir,
}

/// Runs every benchmark on `music`, a 16-bit stereo WAV or FLAC file, or on the soundtrack among
/// the test assets.
pub(crate) fn run(music: Option<&Path>) -> anyhow::Result<()> {
    build_program()?;
    let music = Music::load(music)?;
    println!("music: {:.0} s, {} Hz, stereo, 16 bit; {RUNS} runs\n", music.seconds(), music.rate);
    println!(
        "{:<34} {:>9} {:>9} {:>7} {:>11} {:>11} {:>8}",
        "encoder | peer", "real time", "peer's", "ratio", "bytes", "peer's", "size"
    );
    flac(&music, 0, &["ffmpeg", "flac"])?;
    flac(&music, 5, &["ffmpeg", "flac"])?;
    flac(&music, 8, &["flac", "ffmpeg"])?;
    wav(&music)?;
    println!();
    conversion(&music)?;
    println!();
    program(&music)
}

impl Music {
    fn load(path: Option<&Path>) -> anyhow::Result<Self> {
        let asset =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/assets/bbb_48k_stereo.flac");
        let path = path.unwrap_or(&asset);
        let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
        let sound = decode::<i16>(bytes).map_err(anyhow::Error::msg)?;
        if sound.channels != CHANNELS {
            bail!("{} is not stereo", path.display());
        }
        let wanted = SECONDS * sound.sample_rate as usize * CHANNELS;
        let samples = sound.samples.repeat(wanted.div_ceil(sound.samples.len()));
        let directory = tempfile::tempdir()?;
        let (wav, start_wav) =
            (directory.path().join("music.wav"), directory.path().join("start.wav"));
        let (rate, start) = (sound.sample_rate, &samples[..CHUNK]);
        encode(&samples, &wav, AudioStream::new(rate, CHANNELS))?;
        encode(start, &start_wav, AudioStream::new(rate, CHANNELS))?;
        Ok(Self { rate, samples, wav, start_wav, directory })
    }

    fn seconds(&self) -> f64 {
        (self.samples.len() / CHANNELS) as f64 / f64::from(self.rate)
    }

    fn stream(&self) -> AudioStream {
        AudioStream::new(self.rate, CHANNELS)
    }

    fn output(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// How many times faster than it sounds.
    fn real_time(&self, cpu: f64) -> f64 {
        self.seconds() / cpu
    }
}

/// Encodes samples through the facade, chunk by chunk.
fn encode<T: Element>(samples: &[T], path: &Path, stream: AudioStream) -> anyhow::Result<()> {
    let mut encoder = StreamingMediaEncoder::new(path, None)?;
    encoder.add_audio_stream(&stream.format(SampleFormat::packed(T::DATA_TYPE)))?;
    encoder.open()?;
    for chunk in samples.chunks(CHANNELS * CHUNK) {
        let chunk = TensorView::contiguous(chunk, &[chunk.len() / CHANNELS, CHANNELS])?;
        encoder.write_audio_chunk(0, &chunk, None)?;
    }
    Ok(encoder.close()?)
}

/// One of our encoders beside programs that do the same, in turn.
fn compare(
    music: &Music,
    name: &str,
    own_output: &Path,
    own: &dyn Fn() -> anyhow::Result<()>,
    peers: &[Peer<'_>],
) -> anyhow::Result<()> {
    for (peer_name, peer) in peers {
        if Command::new(peer_name).arg("-version").output().is_err() {
            println!("{name} | {peer_name}: skipped: no {peer_name}");
            continue;
        }
        let peer_output = music.output(&format!("peer-{}", file_name(own_output)));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let before = cpu(UsageWho::RUSAGE_SELF)?;
            own()?;
            ours.push(cpu(UsageWho::RUSAGE_SELF)? - before);
            let start = child_cpu(&mut peer(&music.start_wav, &peer_output))?;
            theirs.push(child_cpu(&mut peer(&music.wav, &peer_output))? - start);
        }
        let (ours, theirs) = (music.real_time(median(ours)), music.real_time(median(theirs)));
        let (size, peer_size) = (own_output.metadata()?.len(), peer_output.metadata()?.len());
        println!(
            "{:<34} {ours:>8.0}x {theirs:>8.0}x {:>7.2} {size:>11} {peer_size:>11} {:>+7.2}%",
            format!("{name} | {peer_name}"),
            ours / theirs,
            100.0 * (size as f64 / peer_size as f64 - 1.0),
        );
    }
    Ok(())
}

fn flac(music: &Music, level: u8, peers: &[&str]) -> anyhow::Result<()> {
    let output = music.output("own.flac");
    let own = || {
        let stream = music.stream().encoder_option("compression_level", level.to_string());
        encode(&music.samples, &output, stream)
    };
    let ffmpeg = |input: &Path, output: &Path| {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-y", "-threads", "1", "-i"]).arg(input);
        command.args(["-threads", "1", "-compression_level", &level.to_string()]).arg(output);
        command
    };
    let flac = |input: &Path, output: &Path| {
        let mut command = Command::new("flac");
        command.args(["-s", "-f", &format!("-{level}"), "-o"]).arg(output).arg(input);
        command
    };
    let peers: Vec<Peer<'_>> = peers
        .iter()
        .map(|name| match *name {
            "flac" => ("flac", &flac as _),
            _ => ("ffmpeg", &ffmpeg as _),
        })
        .collect();
    compare(music, &format!("flac level {level}"), &output, &own, &peers)
}

fn wav(music: &Music) -> anyhow::Result<()> {
    let floats: Vec<f32> = music.samples.iter().map(|x| f32::from(*x) / 32768.0).collect();
    let output = music.output("own.wav");
    let float_wav = music.output("float.wav");
    encode(&floats, &float_wav, music.stream().encoder("pcm_f32le"))?;
    let own = || encode(&floats, &output, music.stream());
    let ffmpeg = |input: &Path, output: &Path| {
        let input = if input == music.wav { &float_wav } else { input };
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-y", "-threads", "1", "-i"]).arg(input);
        command.args(["-c:a", "pcm_s16le"]).arg(output);
        command
    };
    compare(music, "float to wav s16", &output, &own, &[("ffmpeg", &ffmpeg)])
}

/// The conversion alone, beside a copy of as many bytes, of chunks that stay in the cache.
fn conversion(music: &Music) -> anyhow::Result<()> {
    const CHUNKS: usize = 20_000;
    let samples = &music.samples[..CHANNELS * CHUNK];
    let floats: Vec<f32> = samples.iter().map(|x| f32::from(*x) / 32768.0).collect();
    let chunk = TensorView::contiguous(&floats, &[CHUNK, CHANNELS])?;
    let stereo = ChannelLayout::STEREO;
    let mut converter = AudioConverter::new(DataType::F32, stereo, SampleFormat::S16, stereo)?;
    let mut converted = TypedBuffer::zeroed(DataType::I16, floats.len());
    // 6 bytes a sample are read and written: a copy of 3 does as much.
    let bytes = vec![1u8; 3 * floats.len()];
    let mut copied = vec![0u8; bytes.len()];
    let (mut convert, mut copy) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let start = Instant::now();
        for _ in 0..CHUNKS {
            converter.convert(std::hint::black_box(&chunk), 0..CHUNK, &mut converted, CHUNK, 0);
            std::hint::black_box(&converted);
        }
        convert.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        for _ in 0..CHUNKS {
            copied.copy_from_slice(std::hint::black_box(&bytes));
            std::hint::black_box(&copied);
        }
        copy.push(start.elapsed().as_secs_f64());
    }
    let gigabytes = (CHUNKS * floats.len() * 6) as f64 / 1e9;
    let (convert, copy) = (gigabytes / median(convert), gigabytes / median(copy));
    println!("flt to s16: {convert:.1} GB/s; memcpy: {copy:.1} GB/s; ratio {:.2}", convert / copy);
    Ok(())
}

/// The program's size, start and memory.
fn program(music: &Music) -> anyhow::Result<()> {
    let path = program_path()?;
    println!("program: {:.1} MB", path.metadata()?.len() as f64 / 1e6);
    let starts = (0..20).map(|_| {
        let start = Instant::now();
        let mut command = Command::new(&path);
        command.args(["list", "protocols"]).stdout(Stdio::null());
        command.status().map(|_| start.elapsed().as_secs_f64())
    });
    println!("start: {:.1} ms", 1e3 * median(starts.collect::<Result<_, _>>()?));

    let peak = |what: &str, tenths: usize| -> anyhow::Result<u64> {
        let mut child = Command::new(&path)
            .args(["encode", "-", "--input-format", "s16le", "--input-channels", "2"])
            .args(["--input-sample-rate", &music.rate.to_string(), "-y", "-f", "flac"])
            .args(["-o", "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let mut stdin = child.stdin.take().context("stdin")?;
        let tenth = music.rate as usize / 10 * CHANNELS;
        let bytes: Vec<u8> = music.samples.iter().flat_map(|x| x.to_le_bytes()).collect();
        let mut left = tenths * tenth * 2;
        while left > 0 {
            let n = left.min(bytes.len());
            stdin.write_all(&bytes[..n])?;
            left -= n;
        }
        // It has read nearly everything, and waits for the rest.
        let kilobytes = peak_memory(child.id())?;
        drop(stdin);
        if !child.wait()?.success() {
            bail!("reelwright failed");
        }
        println!("peak memory, {what}: {:.1} MiB", kilobytes as f64 / 1024.0);
        Ok(kilobytes)
    };
    if !Path::new("/proc/self/status").exists() {
        println!("peak memory: skipped: no /proc");
        return Ok(());
    }
    let start = peak("a tenth of a second to flac", 1)?;
    let minute = peak("a minute to flac", 600)?;
    let hour = peak("an hour to flac", 36_000)?;
    println!(
        "above the start: {:.1} and {:.1} MiB",
        minute.saturating_sub(start) as f64 / 1024.0,
        hour.saturating_sub(start) as f64 / 1024.0
    );
    Ok(())
}

/// The most memory a process has had at once, in KiB.
fn peak_memory(process: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(number.context("no VmHWM")?.trim().parse()?)
}

fn build_program() -> anyhow::Result<()> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--release", "--package", "reelwright-cli"]);
    if !cargo.status()?.success() {
        bail!("the program does not build");
    }
    Ok(())
}

/// The program lies beside this one.
fn program_path() -> anyhow::Result<PathBuf> {
    let name = format!("reelwright{}", std::env::consts::EXE_SUFFIX);
    Ok(std::env::current_exe()?.with_file_name(name))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// User and system time so far, in seconds.
fn cpu(who: UsageWho) -> anyhow::Result<f64> {
    let usage = getrusage(who)?;
    let microseconds =
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(microseconds as f64 / 1e6)
}

/// What a program takes from start to end.
fn child_cpu(command: &mut Command) -> anyhow::Result<f64> {
    let before = cpu(UsageWho::RUSAGE_CHILDREN)?;
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(cpu(UsageWho::RUSAGE_CHILDREN)? - before)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
