//! `reelwright encode`.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use reelwright::{AudioStream, CodecConfig, Options, Picture, StreamingMediaEncoder, Target};

use crate::args::EncodeArgs;
use crate::input::{Input, is_stdin};
use crate::report::{Progress, StreamSummary, Summary};
use crate::{Outcome, print};

/// Encodes the inputs into the output.
pub(crate) fn run(args: &EncodeArgs) -> anyhow::Result<Outcome> {
    let target = Target::from(&args.output);
    let path = target.path().map(Path::to_owned);
    check_output(args, path.as_deref())?;
    if args.inputs.iter().filter(|path| is_stdin(path)).count() > 1 {
        bail!("Standard input can be read only once.");
    }

    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || {
        // The second time nobody wants to wait for the file to be completed.
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .context("Failed to watch for Ctrl-C")?;
    let inputs = args.inputs.iter().map(|path| open_input(args, path, &interrupted));
    let mut inputs = inputs.collect::<anyhow::Result<Vec<_>>>()?;

    let mut encoder = StreamingMediaEncoder::new(target, args.format.as_deref())?;
    for input in &inputs {
        encoder.add_audio_stream(&stream(args, input))?;
    }
    encoder.set_metadata(metadata(args, &inputs))?;
    // What the user did not ask for is not warned of.
    let is_wanted = args.cover.is_some() || encoder.format().covers;
    if let Some(cover) = cover(args, &inputs)?.filter(|_| is_wanted) {
        encoder.set_cover(cover)?;
    }

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
                if let Err(error) = encoder.write_audio_chunk(index, &chunk, None) {
                    progress.finish();
                    return Err(error.into());
                }
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
    // Decoders find their way past damage, and do not always say so.
    let is_short = |(input, samples): (&Input, &u64)| input.duration.is_some_and(|n| *samples < n);
    let complete = !inputs.iter().zip(&written).any(is_short);
    if !complete && !interrupted {
        log::warn!("The input states more samples than could be read.");
    }
    let streams = written.iter().enumerate().filter_map(|(index, samples)| {
        let parameters = encoder.stream_parameters(index)?;
        let audio = parameters.audio()?;
        Some(StreamSummary {
            codec: parameters.codec.name(),
            sample_rate: audio.sample_rate,
            layout: audio.layout.to_string(),
            bits_per_sample: audio.bits_per_sample,
            samples: *samples,
            input_rate: inputs[index].sample_rate,
            clamped: encoder.clamped_samples(index).unwrap_or(0),
        })
    });
    let file = path.and_then(|path| path.metadata().ok()).filter(|file| file.is_file());
    let summary = Summary {
        output: args.output.clone(),
        format: encoder.format().name,
        streams: streams.collect(),
        bytes: file.map(|file| file.len()),
        elapsed,
        interrupted,
        complete,
    };
    let text = if args.json { format!("{}\n", summary.json()) } else { summary.line() + "\n" };
    if summary.bytes.is_some() {
        print(&text)?;
    } else {
        // Standard output may be where the sound went, by whatever name.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
    Ok(if interrupted { Outcome::Interrupted } else { Outcome::Done })
}

/// Refuses to overwrite what should be kept.
fn check_output(args: &EncodeArgs, path: Option<&Path>) -> anyhow::Result<()> {
    let Some(path) = path.filter(|path| path.is_file()) else { return Ok(()) };
    // The same file may have several names.
    let is_output = |input: &Path| same_file::is_same_file(input, path).unwrap_or(false);
    if args.inputs.iter().any(|input| is_output(input)) {
        bail!("{} is both input and output. Write to another file.", args.output);
    }
    if !args.overwrite {
        bail!("{} exists already. Pass -y to overwrite it.", args.output);
    }
    Ok(())
}

fn open_input(args: &EncodeArgs, path: &Path, stop: &Arc<AtomicBool>) -> anyhow::Result<Input> {
    match (args.input_format, args.input_sample_rate, args.input_channels) {
        (Some(format), Some(rate), Some(channels)) => {
            Input::raw(path, format, rate, channels, stop)
        }
        _ => Input::media(path, stop),
    }
}

fn stream(args: &EncodeArgs, input: &Input) -> AudioStream {
    let mut stream = AudioStream::new(input.sample_rate, input.layout.channels())
        .channel_layout(input.layout)
        .format(input.sample_format());
    if let Some(bits) = input.bits {
        stream = stream.bits_per_raw_sample(bits);
    }
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
    if let Some(rate) = args.sample_rate {
        stream = stream.encoder_sample_rate(rate);
    }
    stream.resample_quality(args.resample_quality).codec_config(CodecConfig {
        bit_rate: args.bit_rate,
        qscale: args.qscale,
        compression_level: args.compression_level,
        ..CodecConfig::default()
    })
}

/// The user's cover, or else the first input's, where the format has a place for one.
fn cover(args: &EncodeArgs, inputs: &[Input]) -> anyhow::Result<Option<Picture>> {
    if let Some(path) = &args.cover {
        let failed = || format!("Failed to read cover: {}", path.display());
        let data = std::fs::read(path).with_context(failed)?;
        return Ok(Some(Picture::front_cover(data).with_context(failed)?));
    }
    Ok(inputs.first().and_then(|input| input.cover.clone()))
}

/// The first input's metadata, changed as the user wants.
fn metadata(args: &EncodeArgs, inputs: &[Input]) -> Vec<(String, String)> {
    let own = inputs.first().map(|input| input.metadata.clone()).unwrap_or_default();
    let is_replaced =
        |key: &str| args.metadata.iter().any(|(other, _)| other.eq_ignore_ascii_case(key));
    let kept = own.into_iter().filter(|(key, _)| !is_replaced(key));
    kept.chain(args.metadata.iter().filter(|(_, value)| !value.is_empty()).cloned()).collect()
}
