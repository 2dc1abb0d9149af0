//! `reelwright encode`.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use reelwright::{
    AudioStream, CodecConfig, MediaParameters, MuxerInfo, Options, Picture, StreamingMediaEncoder,
    Target, VideoStream,
};

use crate::args::EncodeArgs;
use crate::input::{Input, is_stdin};
use crate::report::{Progress, StreamSummary, Summary};
use crate::video::{Sine, TestSource, VideoInput};
use crate::{Outcome, contradictions, print};

/// Encodes the inputs into the output.
pub(crate) fn run(args: &EncodeArgs) -> anyhow::Result<Outcome> {
    let target = Target::from(&args.output);
    let path = target.path().map(Path::to_owned);
    check_output(args, path.as_deref())?;
    contradictions::check(args)?;
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
    let mut sources = Vec::new();
    for path in &args.inputs {
        sources.extend(open_input(args, path, &interrupted)?);
    }

    let mut encoder = StreamingMediaEncoder::new(target, args.format.as_deref())?;
    let format = encoder.format();
    let sources = kept(sources, format);
    let is_audio = |source: &Source| matches!(source, Source::Audio(_));
    contradictions::check_media(
        args,
        (sources.iter().any(is_audio), !sources.iter().all(is_audio)),
        (format.name, !format.audio_codecs.is_empty(), !format.video_codecs.is_empty()),
    )?;
    let mut inputs = sources.into_iter().map(Stream::new).collect::<Vec<_>>();
    for input in &inputs {
        match &input.source {
            Source::Audio(audio) => encoder.add_audio_stream(&audio_stream(args, audio))?,
            Source::Video(video) => encoder.add_video_stream(&video_stream(args, video))?,
        };
    }
    encoder.set_metadata(metadata(args, &inputs))?;
    // What the user did not ask for is not warned of.
    let is_wanted = args.cover.is_some() || encoder.format().covers;
    if let Some(cover) = cover(args, &inputs)?.filter(|_| is_wanted) {
        encoder.set_cover(cover)?;
    }

    encoder.open_with(args.muxer_option.iter().cloned().collect::<Options>())?;
    let total = inputs.iter().map(|input| input.source.duration()).collect::<Option<Vec<_>>>();
    let total = total.map(|all| all.into_iter().fold(0.0, f64::max));
    let progress = Progress::start(total);

    // The stream that is furthest behind goes first.
    let mut open: Vec<usize> = (0..inputs.len()).collect();
    let mut result = Ok(());
    while !open.is_empty() && !interrupted.load(Ordering::Relaxed) {
        let behind = |index: &usize| inputs[*index].seconds;
        let next = open.iter().copied().min_by(|a, b| behind(a).total_cmp(&behind(b)));
        let Some(index) = next else { break };
        match inputs[index].write(args, index, &mut encoder) {
            Ok(true) => {
                let pictures = inputs.iter().filter(|input| input.is_video());
                let pictures = pictures.map(|input| input.written).reduce(u64::max);
                let bytes = encoder.bytes_written();
                progress.advance(inputs[index].seconds, pictures, bytes);
            }
            Ok(false) => open.retain(|other| *other != index),
            Err(Failure::Output(error)) => {
                progress.finish();
                return Err(error.into());
            }
            Err(Failure::Input(error)) => {
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
    let complete = !inputs.iter().any(Stream::is_short);
    if !complete && !interrupted {
        if inputs.iter().all(|input| input.written == 0) {
            bail!("Nothing was encoded: the input ends before its first picture or sample.");
        }
        log::warn!("The input states more than could be read.");
    }
    let streams = inputs.iter().enumerate().filter_map(|(index, input)| {
        let parameters = encoder.stream_parameters(index)?;
        let codec = parameters.codec;
        Some(match (&input.source, &parameters.media) {
            (Source::Audio(source), MediaParameters::Audio(audio)) => StreamSummary::Audio {
                codec,
                sample_rate: audio.sample_rate,
                layout: audio.layout.to_string(),
                bits_per_sample: audio.bits_per_sample,
                samples: input.written,
                input_rate: source.sample_rate,
                clamped: encoder.clamped_samples(index).unwrap_or(0),
            },
            (Source::Video(source), MediaParameters::Video(video)) => StreamSummary::Video {
                codec,
                width: video.width,
                height: video.height,
                pixel_format: video.pixel_format,
                frame_rate: video.frame_rate.unwrap_or(source.frame_rate),
                pictures: input.written,
                seconds: input.seconds,
            },
            _ => return None,
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

/// One stream that is read.
enum Source {
    Audio(Box<Input>),
    Video(Box<VideoInput>),
}

impl Source {
    /// In seconds, where the input says so.
    fn duration(&self) -> Option<f64> {
        match self {
            Self::Audio(audio) => Some(audio.duration? as f64 / f64::from(audio.sample_rate)),
            Self::Video(video) => Some(video.duration? as f64 / video.frame_rate.to_f64()),
        }
    }
}

/// One stream on its way.
struct Stream {
    source: Source,
    /// Samples of each channel, or pictures.
    written: u64,
    seconds: f64,
}

/// What went wrong: with what is read, or with what is written.
enum Failure {
    Input(anyhow::Error),
    Output(reelwright::Error),
}

impl Stream {
    fn new(source: Source) -> Self {
        Self { source, written: 0, seconds: 0.0 }
    }

    fn is_video(&self) -> bool {
        matches!(self.source, Source::Video(_))
    }

    /// Writes the next chunk or picture; false at the end.
    fn write(
        &mut self,
        args: &EncodeArgs,
        index: usize,
        encoder: &mut StreamingMediaEncoder<'_>,
    ) -> Result<bool, Failure> {
        match &mut self.source {
            Source::Audio(audio) => {
                let sample_rate = f64::from(audio.sample_rate);
                let chunk = audio.next(args.chunk as usize).map_err(Failure::Input)?;
                let Some(chunk) = chunk else { return Ok(false) };
                encoder.write_audio_chunk(index, &chunk, None).map_err(Failure::Output)?;
                self.written += chunk.shape()[0] as u64;
                self.seconds = self.written as f64 / sample_rate;
            }
            Source::Video(video) => {
                let unit = 1.0 / video.frame_rate.to_f64();
                let Some((frame, pts)) = video.next().map_err(Failure::Input)? else {
                    return Ok(false);
                };
                encoder.write_video_frame(index, &frame, pts).map_err(Failure::Output)?;
                self.written += 1;
                self.seconds = pts.unwrap_or(self.seconds).max(self.seconds) + unit;
            }
        }
        Ok(true)
    }

    /// Whether there was less than the input says.
    fn is_short(&self) -> bool {
        let duration = match &self.source {
            Source::Audio(audio) => audio.duration,
            Source::Video(video) if video.ends_early() => return true,
            Source::Video(video) => video.duration,
        };
        duration.is_some_and(|duration| self.written < duration)
    }
}

/// The streams of an input.
fn open_input(
    args: &EncodeArgs,
    path: &Path,
    stop: &Arc<AtomicBool>,
) -> anyhow::Result<Vec<Source>> {
    if let (Some(format), Some(rate), Some(channels)) =
        (args.input_format, args.input_sample_rate, args.input_channels)
    {
        let input = Input::raw(path, format, rate, channels, stop)?;
        return Ok(vec![Source::Audio(Box::new(input))]);
    }
    if let Some(text) = path.to_str().filter(|_| !path.exists()) {
        if let Some(source) = TestSource::of(text)? {
            return Ok(vec![Source::Video(Box::new(VideoInput::test(source)))]);
        }
        if let Some(sine) = Sine::of(text)? {
            return Ok(vec![Source::Audio(Box::new(Input::sine(sine)))]);
        }
    }
    let video = VideoInput::open(path, args.frame_rate, stop)?;
    // What has no place for sound is not looked at again.
    let audio = match &video {
        Some(video) if !video.may_have_sound() => None,
        _ => Input::media(path, stop)?,
    };
    if video.is_none() && audio.is_none() {
        bail!("Failed to read input: {} (it has neither audio nor video)", path.display());
    }
    let video = video.map(|video| Source::Video(Box::new(video)));
    let audio = audio.map(|audio| Source::Audio(Box::new(audio)));
    Ok(video.into_iter().chain(audio).collect())
}

/// What the container can hold of the streams of inputs that have both sound and pictures; nothing
/// is left out where there would be nothing left.
fn kept(sources: Vec<Source>, format: &MuxerInfo) -> Vec<Source> {
    let fits = |source: &Source| match source {
        Source::Audio(_) => !format.audio_codecs.is_empty(),
        Source::Video(_) => !format.video_codecs.is_empty(),
    };
    if sources.iter().all(fits) || !sources.iter().any(fits) {
        return sources;
    }
    let left_out = if format.video_codecs.is_empty() { "video" } else { "audio" };
    log::warn!("{} does not support {left_out}, which is left out.", format.name);
    sources.into_iter().filter(fits).collect()
}

fn video_stream(args: &EncodeArgs, input: &VideoInput) -> VideoStream {
    let (width, height) = (input.width as u32, input.height as u32);
    let mut stream = VideoStream::new(input.frame_rate.to_f64(), width, height)
        .frames(input.format, input.color)
        .scale_filter(args.scale_filter.unwrap_or_default());
    if let Some(name) = &args.video_encoder {
        stream = stream.encoder(name);
    }
    if let Some(crf) = args.crf {
        stream = stream.encoder_option("crf", crf.to_string());
    }
    for (key, value) in &args.video_option {
        stream = stream.encoder_option(key, value);
    }
    if let Some(format) = args.pixel_format {
        stream = stream.encoder_format(format);
    }
    if let Some((width, height)) = args.size {
        stream = stream.encoder_width(width).encoder_height(height);
    }
    if let Some(rate) = args.frame_rate {
        stream = stream.encoder_frame_rate(rate.to_f64());
    }
    stream.codec_config(CodecConfig {
        bit_rate: args.video_bit_rate,
        qscale: args.video_qscale,
        gop_size: args.gop,
        ..CodecConfig::default()
    })
}

fn audio_stream(args: &EncodeArgs, input: &Input) -> AudioStream {
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
    stream.resample_quality(args.resample_quality.unwrap_or_default()).codec_config(CodecConfig {
        bit_rate: args.bit_rate,
        qscale: args.qscale,
        compression_level: args.compression_level,
        ..CodecConfig::default()
    })
}

/// The user's cover, or else the first input's, where the format has a place for one.
fn cover(args: &EncodeArgs, inputs: &[Stream]) -> anyhow::Result<Option<Picture>> {
    if let Some(path) = &args.cover {
        let failed = || format!("Failed to read cover: {}", path.display());
        let data = std::fs::read(path).with_context(failed)?;
        return Ok(Some(Picture::front_cover(data).with_context(failed)?));
    }
    Ok(first_audio(inputs).and_then(|input| input.cover.clone()))
}

/// The first input's metadata, changed as the user wants.
fn metadata(args: &EncodeArgs, inputs: &[Stream]) -> Vec<(String, String)> {
    let own = first_audio(inputs).map(|input| input.metadata.clone()).unwrap_or_default();
    let is_replaced =
        |key: &str| args.metadata.iter().any(|(other, _)| other.eq_ignore_ascii_case(key));
    let kept = own.into_iter().filter(|(key, _)| !is_replaced(key));
    kept.chain(args.metadata.iter().filter(|(_, value)| !value.is_empty()).cloned()).collect()
}

/// The input that tells of the whole.
fn first_audio(inputs: &[Stream]) -> Option<&Input> {
    inputs.iter().find_map(|input| match &input.source {
        Source::Audio(audio) => Some(&**audio),
        Source::Video(_) => None,
    })
}
