//! `reelwright encode`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use reelwright::{
    CoverArt, ErrorKind, Interrupt, MediaParameters, Options, Rational, Registry,
    StreamingMediaEncoder, Target, Timestamp,
};
use reelwright_reader::OpenOptions;

use crate::args::EncodeArgs;
use crate::inputs::{self, Inputs, STILL_UNITS, Source};
use crate::outcome::{Outcome, print};
use crate::report::{Progress, StreamSummary, Summary};
use crate::subtitles::{self, Subtitles};
use crate::{contradictions, output, streams, wording};

/// Maximum time without progress of the output or an encoder after Ctrl-C.
const PATIENCE: Duration = Duration::from_secs(2);

/// Encodes the inputs to the output.
pub(crate) fn run(registry: &Registry, args: &EncodeArgs) -> anyhow::Result<Outcome> {
    contradictions::check(args)?;
    if args.inputs.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        bail!("Standard input can be read only once.");
    }
    // The name determines the format; nothing is opened yet.
    let target = Target::from(&args.output);
    let named = StreamingMediaEncoder::with_registry(registry, target, args.format.as_deref())?;
    let format = named.format();
    let destinations = named.destinations();
    let file = match destinations[..] {
        [(path, format)] => output::prepare(args, path, format.multiple_objects)?,
        // The outputs of a tee are written in place.
        _ => {
            for (path, format) in &destinations {
                if let Some(path) = path {
                    output::check(args, path, format.multiple_objects)?;
                }
            }
            None
        }
    };
    // None if the media may go to standard output.
    let paths: Option<Vec<PathBuf>> =
        destinations.iter().map(|(path, _)| path.map(Path::to_owned)).collect();

    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || {
        // On the second Ctrl-C, exits without completing the file.
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .context("Failed to watch for Ctrl-C")?;
    let is_written = Arc::new(AtomicBool::new(false));
    let interrupt = interrupt(Arc::clone(&interrupted), Arc::clone(&is_written));

    let options = OpenOptions {
        frame_rate: args.frame_rate,
        raw: inputs::raw(args)?,
        stop: Arc::clone(&interrupted),
    };
    let opened = inputs::open(args, &options, format);
    if opened.is_err() && interrupted.load(Ordering::Relaxed) {
        // Ctrl-C ended the wait for the input, which has no error.
        return Ok(Outcome::Interrupted);
    }
    let Inputs { sources, tags, cover, chapters, is_damaged } = opened?;
    let own_chapters = subtitles::own_chapters(args)?;
    let subtitles = Subtitles::open(args)?;
    contradictions::check_media(
        args,
        (sources.iter().any(|source| !source.is_video()), sources.iter().any(Source::is_video)),
        (format.name, !format.audio_codecs.is_empty(), !format.video_codecs.is_empty()),
    )?;

    let target = match &file {
        Some(file) => Target::from(file.path()),
        None => Target::from(&args.output),
    };
    let mut encoder =
        StreamingMediaEncoder::with_registry(registry, target, args.format.as_deref())?;
    encoder.set_interrupt(interrupt)?;
    let mut streams = sources.into_iter().map(Stream::new).collect::<Vec<_>>();
    for stream in &streams {
        match &stream.source {
            Source::Audio(audio) => encoder.add_audio_stream(&streams::audio(args, audio))?,
            Source::Video(video) | Source::Still(video) => {
                encoder.add_video_stream(&streams::video(args, video))?
            }
            Source::Copy(packets) => encoder.add_packet_stream(&packets.parameters)?,
        };
    }
    let subtitles = subtitles.add_streams(args, &mut encoder)?;
    encoder.set_metadata(metadata(args, tags))?;
    let is_wanted = own_chapters.is_some() || encoder.format().chapters.is_supported();
    if is_wanted {
        encoder.set_chapters(own_chapters.unwrap_or(chapters))?;
    }
    // No warning for a cover that the user did not request.
    let is_wanted = args.cover.is_some() || encoder.format().cover_art;
    if let Some(cover) = own_cover(args)?.or(cover).filter(|_| is_wanted) {
        encoder.set_cover(cover)?;
    }

    let opened = encoder.open_with(args.muxer_option.iter().cloned().collect::<Options>());
    if opened.as_ref().is_err_and(|error| error.kind() == ErrorKind::Interrupted) {
        // The output has no reader, and nothing was written.
        return Ok(Outcome::Interrupted);
    }
    opened?;
    is_written.store(true, Ordering::Relaxed);
    let total = streams.iter().map(|stream| stream.source.duration()).collect::<Option<Vec<_>>>();
    let total = total.map(|all| all.into_iter().fold(0.0, f64::max));
    let progress = Progress::start(total);
    let read = subtitles
        .write(&mut encoder)
        .map_err(Failure::Output)
        .and_then(|()| write_all(args, &mut streams, &mut encoder, &progress, &interrupted));
    let read = match read {
        Ok(()) => Ok(()),
        // `close` completes the file, if the output accepts it.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::Interrupted => Ok(()),
        Err(Failure::Output(error)) => {
            progress.finish();
            return Err(error.into());
        }
        // The output keeps everything before the error.
        Err(Failure::Input(error)) => Err(error),
    };
    let interrupted = interrupted.load(Ordering::Relaxed);
    let has_nothing = streams.iter().all(|stream| stream.written == 0);
    let written = encoder.bytes_written();
    let closed = encoder.close();
    let elapsed = progress.finish();
    if interrupted && closed.as_ref().is_err_and(|error| error.kind() == ErrorKind::Interrupted) {
        // Frames in the encoders are lost.
        match encoder.abandon() {
            Ok(()) => {
                if let Some(file) = file {
                    file.finish(written)?;
                }
            }
            Err(error) => log::warn!("{} is left incomplete: {}", args.output, error.report()),
        }
        return Ok(Outcome::Interrupted);
    }
    closed?;
    if has_nothing && !interrupted {
        read?;
        bail!("The input has no frame or sample to encode. It ends before the first one.");
    }
    // Decoders continue after damage and do not always report it.
    let complete = read.is_ok() && !is_damaged && !streams.iter().any(Stream::is_short);
    if let Err(error) = &read {
        let text = wording::of_error(error);
        log::error!(
            "{}. The output contains the media before the error.",
            text.trim_end_matches('.')
        );
    } else if !complete && !interrupted {
        log::warn!("The input is damaged or truncated. The output contains the readable part.");
    }
    if let Some(file) = file {
        file.finish(written)?;
    }
    let summary =
        summary(args, &encoder, &streams, paths.as_deref(), elapsed, interrupted, complete);
    let text = if args.json { format!("{}\n", summary.json()) } else { summary.line() + "\n" };
    if summary.bytes.is_some() {
        print(&text)?;
    } else {
        // Standard output may be the media's destination.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
    Ok(match (interrupted, complete) {
        (true, _) => Outcome::Interrupted,
        (false, true) => Outcome::Done,
        (false, false) => Outcome::Incomplete,
    })
}

/// Returns an interrupt that follows Ctrl-C: immediately while the output is opened, and later
/// after the output has accepted no data for [`PATIENCE`].
fn interrupt(interrupted: Arc<AtomicBool>, is_written: Arc<AtomicBool>) -> Interrupt {
    let has_given_up = AtomicBool::new(false);
    Interrupt::with_callback(move |waited| {
        if !interrupted.load(Ordering::Relaxed) {
            return false;
        }
        if !is_written.load(Ordering::Relaxed) || waited >= PATIENCE {
            has_given_up.store(true, Ordering::Relaxed);
        }
        has_given_up.load(Ordering::Relaxed)
    })
}

/// Encodes all streams, always continuing with the one that is furthest behind.
fn write_all(
    args: &EncodeArgs,
    streams: &mut [Stream],
    encoder: &mut StreamingMediaEncoder<'_>,
    progress: &Progress,
    interrupted: &AtomicBool,
) -> Result<(), Failure> {
    let is_still = |stream: &Stream| matches!(stream.source, Source::Still(_));
    let mut open: Vec<usize> = (0..streams.len()).filter(|i| !is_still(&streams[*i])).collect();
    let still = streams.iter().position(is_still);
    let mut result = Ok(());
    while !open.is_empty() && !interrupted.load(Ordering::Relaxed) {
        let behind = |index: &usize| streams[*index].seconds;
        let next = open.iter().copied().min_by(|a, b| behind(a).total_cmp(&behind(b)));
        let Some(index) = next else { break };
        match streams[index].write(args, index, encoder) {
            Ok(true) => {
                let frames = streams.iter().filter(|stream| stream.source.is_video());
                let frames = frames.map(|stream| stream.written).reduce(u64::max);
                let bytes = encoder.bytes_written();
                progress.advance(streams[index].seconds, frames, bytes);
            }
            Ok(false) => open.retain(|other| *other != index),
            Err(Failure::Input(error)) => {
                result = Err(Failure::Input(error));
                break;
            }
            Err(failure) => return Err(failure),
        }
        if let Some(still) = still {
            // The frame that ends with the audio is written last.
            let seconds = open.iter().map(|index| streams[*index].seconds).fold(f64::MAX, f64::min);
            if seconds < f64::MAX {
                streams[still].show_until(args, still, encoder, seconds, false)?;
            }
        }
    }
    if let Some(still) = still {
        let seconds = streams.iter().map(|stream| stream.seconds).fold(0.0, f64::max);
        streams[still].show_until(args, still, encoder, seconds, true)?;
    }
    result
}

/// Stream that is being encoded.
struct Stream {
    source: Source,
    /// Samples per channel, or frames.
    written: u64,
    seconds: f64,
    /// Position after the last sample.
    next: i64,
    /// The frame of a still image, in the time base of its input.
    image: Option<reelwright_reader::Frame>,
}

/// Failure of an input or the output.
enum Failure {
    Input(anyhow::Error),
    Output(reelwright::Error),
}

impl Stream {
    fn new(source: Source) -> Self {
        Self { source, written: 0, seconds: 0.0, next: 0, image: None }
    }

    /// Writes the next chunk or frame. Returns false at the end.
    fn write(
        &mut self,
        args: &EncodeArgs,
        index: usize,
        encoder: &mut StreamingMediaEncoder<'_>,
    ) -> Result<bool, Failure> {
        match &mut self.source {
            Source::Audio(audio) => {
                let sample_rate = f64::from(audio.sample_rate);
                let chunk = audio.next_chunk(args.chunk as usize).map_err(Failure::Input)?;
                let Some((chunk, at)) = chunk else { return Ok(false) };
                // A pts is only required after a gap.
                let pts = (at > self.next).then(|| at as f64 / sample_rate);
                let frames = chunk.shape()[0];
                encoder.write_audio_chunk(index, &chunk, pts).map_err(Failure::Output)?;
                self.next = at.max(self.next) + frames as i64;
                // Silence in gaps is included.
                self.written = self.next.unsigned_abs();
                self.seconds = self.next as f64 / sample_rate;
            }
            Source::Copy(packets) => {
                let packet = packets.next_packet().map_err(Failure::Input)?;
                let Some(packet) = packet else { return Ok(false) };
                encoder.write_packet(index, &packet).map_err(Failure::Output)?;
                let time_base = packets.parameters.time_base;
                let end = Timestamp(packet.pts.0.saturating_add(packet.duration));
                let trims = i64::from(packet.trim_start) + i64::from(packet.trim_end);
                let samples = packet.duration.saturating_sub(trims);
                self.written += if packets.is_video() { 1 } else { samples.max(0).unsigned_abs() };
                self.seconds = self.seconds.max(time_base.to_seconds(end));
            }
            Source::Video(video) | Source::Still(video) => {
                let unit = video.time_base.seconds().to_f64();
                let frame_length = 1.0 / video.frame_rate.to_f64();
                let is_timed = streams::is_timed(args, video);
                let Some((mut frame, at, duration)) = video.next_frame().map_err(Failure::Input)?
                else {
                    return Ok(false);
                };
                let pts = at as f64 * unit;
                let written = if is_timed {
                    frame.pts = Timestamp(at.max(0));
                    frame.duration = duration.and_then(|duration| i64::try_from(duration).ok());
                    encoder.write_timed_video_frame(index, &frame)
                } else {
                    encoder.write_video_frame(index, &frame, Some(pts.max(0.0)))
                };
                written.map_err(Failure::Output)?;
                self.written += 1;
                let length = duration.map_or(frame_length, |duration| duration as f64 * unit);
                self.seconds = self.seconds.max(pts + length);
            }
        }
        Ok(true)
    }

    /// Shows an image until `seconds`. Writes an incomplete frame only if `is_end`.
    fn show_until(
        &mut self,
        args: &EncodeArgs,
        index: usize,
        encoder: &mut StreamingMediaEncoder<'_>,
        seconds: f64,
        is_end: bool,
    ) -> Result<(), Failure> {
        let Source::Still(video) = &mut self.source else { return Ok(()) };
        if self.image.is_none() {
            let Some(image) = video.image().map_err(Failure::Input)? else { return Ok(()) };
            self.image = Some(image);
        }
        let Some(image) = &self.image else { return Ok(()) };
        let is_timed = streams::is_timed(args, video);
        let length = video.frame_rate.inverse().to_f64();
        // At a constant rate the last frame is complete: the end is rounded to the nearest.
        let shortest = if is_timed { 0.0005 } else { length / 2.0 };
        loop {
            let at = self.written as f64 * length;
            let left = seconds - at;
            let is_due = left >= length || (is_end && (left > shortest || self.written == 0));
            if !is_due {
                return Ok(());
            }
            let mut frame = image.view();
            let written = if is_timed {
                frame.pts = Timestamp((at * STILL_UNITS as f64).round() as i64);
                frame.duration = Some((left.min(length) * STILL_UNITS as f64).round() as i64);
                encoder.write_timed_video_frame(index, &frame)
            } else {
                encoder.write_video_frame(index, &frame, Some(at))
            };
            written.map_err(Failure::Output)?;
            self.written += 1;
            self.seconds = at + if is_timed { left.min(length) } else { length };
        }
    }

    /// Returns whether the stream is shorter than the input states.
    fn is_short(&self) -> bool {
        let is_short = match &self.source {
            Source::Audio(audio) => {
                audio.is_exact && audio.samples.is_some_and(|samples| self.written < samples)
            }
            Source::Video(_) | Source::Still(_) | Source::Copy(_) => false,
        };
        is_short || self.source.is_damaged()
    }
}

fn summary(
    args: &EncodeArgs,
    encoder: &StreamingMediaEncoder<'_>,
    streams: &[Stream],
    paths: Option<&[PathBuf]>,
    elapsed: Duration,
    interrupted: bool,
    complete: bool,
) -> Summary {
    let streams = streams.iter().enumerate().filter_map(|(index, stream)| {
        let parameters = encoder.stream_parameters(index)?;
        let codec = parameters.codec;
        Some(match (&stream.source, &parameters.media) {
            (Source::Audio(source), MediaParameters::Audio(audio)) => StreamSummary::Audio {
                codec,
                sample_rate: audio.format.sample_rate,
                layout: audio.format.layout.to_string(),
                bits_per_sample: audio.bits_per_sample,
                samples: stream.written,
                input_rate: source.sample_rate,
                clamped: encoder.clamped_samples(index).unwrap_or(0),
            },
            (Source::Video(source) | Source::Still(source), MediaParameters::Video(video)) => {
                StreamSummary::Video {
                    codec,
                    width: video.format.width,
                    height: video.format.height,
                    pixel_format: video.format.pixel_format,
                    frame_rate: video.frame_rate.unwrap_or(source.frame_rate),
                    frames: stream.written,
                    seconds: stream.seconds,
                }
            }
            (Source::Copy(_), MediaParameters::Audio(audio)) => StreamSummary::Audio {
                codec,
                sample_rate: audio.format.sample_rate,
                layout: audio.format.layout.to_string(),
                bits_per_sample: audio.bits_per_sample,
                samples: stream.written,
                input_rate: audio.format.sample_rate,
                clamped: 0,
            },
            (Source::Copy(_), MediaParameters::Video(video)) => StreamSummary::Video {
                codec,
                width: video.format.width,
                height: video.format.height,
                pixel_format: video.format.pixel_format,
                frame_rate: video.frame_rate.unwrap_or(Rational::ONE),
                frames: stream.written,
                seconds: stream.seconds,
            },
            _ => return None,
        })
    });
    let size = |path: &PathBuf| {
        path.metadata().ok().filter(std::fs::Metadata::is_file).map(|file| file.len())
    };
    // The file of a failed output of a tee may not exist.
    let bytes = paths.and_then(|paths| paths.iter().filter_map(size).reduce(|a, b| a + b));
    Summary {
        output: args.output.clone(),
        format: encoder.format().name,
        streams: streams.collect(),
        bytes,
        elapsed,
        interrupted,
        complete,
    }
}

/// Returns the user's cover, if set.
fn own_cover(args: &EncodeArgs) -> anyhow::Result<Option<CoverArt>> {
    let Some(path) = &args.cover else { return Ok(None) };
    let failed = || format!("Failed to read cover: {}", path.display());
    let data = std::fs::read(path).with_context(failed)?;
    Ok(Some(CoverArt::front_cover(data).with_context(failed)?))
}

/// Returns the inputs' metadata with the user's changes.
fn metadata(args: &EncodeArgs, own: Vec<(String, String)>) -> Vec<(String, String)> {
    let is_replaced =
        |key: &str| args.metadata.iter().any(|(other, _)| other.eq_ignore_ascii_case(key));
    let kept = own.into_iter().filter(|(key, _)| !is_replaced(key));
    kept.chain(args.metadata.iter().filter(|(_, value)| !value.is_empty()).cloned()).collect()
}
