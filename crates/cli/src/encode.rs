//! `reelwright encode`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use reelwright::{AudioStream, Options, StreamingMediaEncoder};

use crate::args::EncodeArgs;
use crate::input::{Input, identity, is_stdin};
use crate::report::{Progress, StreamSummary, Summary};
use crate::{Outcome, print};

/// Encodes the inputs into the output.
pub(crate) fn run(args: &EncodeArgs) -> anyhow::Result<Outcome> {
    let to_stdout = matches!(args.output.as_str(), "-" | "pipe:" | "pipe:1");
    check_output(args)?;
    if args.inputs.iter().filter(|path| is_stdin(path)).count() > 1 {
        bail!("Standard input can be read only once.");
    }
    let mut inputs = args
        .inputs
        .iter()
        .map(|path| open_input(args, path))
        .collect::<anyhow::Result<Vec<_>>>()?;

    let mut encoder = StreamingMediaEncoder::new(&args.output, args.format.as_deref())?;
    for input in &inputs {
        encoder.add_audio_stream(&stream(args, input))?;
    }
    encoder.set_metadata(metadata(args, &inputs))?;

    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || {
        // The second time nobody wants to wait for the file to be completed.
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .context("Failed to watch for Ctrl-C")?;

    encoder.open_with(args.muxer_option.iter().cloned().collect::<Options>())?;
    let seconds = |input: &Input, samples: u64| samples as f64 / f64::from(input.sample_rate);
    let total = inputs.iter().map(|input| input.duration.map(|n| seconds(input, n)));
    let total = total.collect::<Option<Vec<_>>>().map(|all| all.into_iter().fold(0.0, f64::max));
    let progress = Progress::start(total);

    // The stream that is furthest behind goes first.
    let mut written = vec![0u64; inputs.len()];
    let mut open: Vec<usize> = (0..inputs.len()).collect();
    let mut result = Ok(());
    while !open.is_empty() && !interrupted.load(Ordering::Relaxed) {
        let behind = |index: &usize| seconds(&inputs[*index], written[*index]);
        let next = open.iter().copied().min_by(|a, b| behind(a).total_cmp(&behind(b)));
        let Some(index) = next else { break };
        match inputs[index].next(args.chunk as usize) {
            Ok(Some(chunk)) => {
                let frames = chunk.shape()[0] as u64;
                encoder.write_audio_chunk(index, &chunk, None)?;
                written[index] += frames;
                progress.advance(seconds(&inputs[index], written[index]));
            }
            Ok(None) => open.retain(|other| *other != index),
            Err(error) => {
                // What came before is kept in order.
                result = Err(error);
                break;
            }
        }
    }
    encoder.close()?;
    let elapsed = progress.finish();
    result?;

    let interrupted = interrupted.load(Ordering::Relaxed);
    let streams = written.iter().enumerate().filter_map(|(index, samples)| {
        let parameters = encoder.stream_parameters(index)?;
        let audio = parameters.audio()?;
        Some(StreamSummary {
            codec: parameters.codec.name(),
            sample_rate: audio.sample_rate,
            layout: audio.layout.to_string(),
            bits_per_sample: audio.bits_per_sample,
            samples: *samples,
        })
    });
    let file = local_path(&args.output).and_then(|path| path.metadata().ok());
    let summary = Summary {
        output: args.output.clone(),
        format: encoder.format().name,
        streams: streams.collect(),
        bytes: file.filter(|file| file.is_file()).map(|file| file.len()),
        elapsed,
        interrupted,
    };
    let text = if args.json { format!("{}\n", summary.json()) } else { summary.line() + "\n" };
    if to_stdout {
        eprint!("{text}");
    } else {
        print(&text)?;
    }
    Ok(if interrupted { Outcome::Interrupted } else { Outcome::Done })
}

/// The path that an output's name means, if it means one.
fn local_path(output: &str) -> Option<&Path> {
    match output {
        "-" => None,
        _ if output.starts_with("pipe:") => None,
        _ => Some(Path::new(output.strip_prefix("file:").unwrap_or(output))),
    }
}

/// Refuses to overwrite what should be kept.
fn check_output(args: &EncodeArgs) -> anyhow::Result<()> {
    let Some(path) = local_path(&args.output).filter(|path| path.is_file()) else {
        return Ok(());
    };
    let output = identity(path);
    if args.inputs.iter().any(|input| output.is_some() && identity(input) == output) {
        bail!("{} is both input and output. Write to another file.", args.output);
    }
    if !args.overwrite {
        bail!("{} exists already. Pass -y to overwrite it.", args.output);
    }
    Ok(())
}

fn open_input(args: &EncodeArgs, path: &Path) -> anyhow::Result<Input> {
    match (args.input_format, args.input_sample_rate, args.input_channels) {
        (Some(format), Some(rate), Some(channels)) => Input::raw(path, format, rate, channels),
        _ => Input::media(path),
    }
}

fn stream(args: &EncodeArgs, input: &Input) -> AudioStream {
    let mut stream = AudioStream::new(input.sample_rate, input.layout.channels())
        .channel_layout(input.layout)
        .format(input.sample_format());
    if let Some(name) = &args.audio_encoder {
        stream = stream.encoder(name);
    }
    for (key, value) in &args.audio_option {
        stream = stream.encoder_option(key, value);
    }
    if let Some(format) = args.sample_format {
        stream = stream.encoder_format(format);
    }
    if let Some(channels) = args.channels {
        stream = stream.encoder_num_channels(channels);
    }
    stream
}

/// The first input's metadata, changed as the user wants.
fn metadata(args: &EncodeArgs, inputs: &[Input]) -> Vec<(String, String)> {
    let own = inputs.first().map(|input| input.metadata.clone()).unwrap_or_default();
    let is_replaced =
        |key: &str| args.metadata.iter().any(|(other, _)| other.eq_ignore_ascii_case(key));
    let kept = own.into_iter().filter(|(key, _)| !is_replaced(key));
    kept.chain(args.metadata.iter().filter(|(_, value)| !value.is_empty()).cloned()).collect()
}
