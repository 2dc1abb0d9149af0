//! Checks for options that contradict each other, or that apply to audio or video that does not
//! exist.

use anyhow::bail;

use crate::args::EncodeArgs;

/// Keys of `--video-option` and `--audio-option` that set the bit rate.
const VIDEO_RATES: &[&str] = &["crf", "qp", "b"];
const AUDIO_RATES: &[&str] = &["b", "ab"];

/// Rejects encoder options that contradict options of the program.
///
/// # Errors
/// Two options contradict each other. The message names both.
pub(crate) fn check(args: &EncodeArgs) -> anyhow::Result<()> {
    if args.copy
        && let Some(option) = audio_option(args).or_else(|| video_option(args))
    {
        bail!(
            "{option} has no effect with --copy, which does not encode. Remove one of \
             the two options."
        );
    }
    let (video, audio) = (&args.video_option, &args.audio_option);
    let level = &["compression_level"][..];
    for (is_given, name, options, of, keys) in [
        (args.crf.is_some(), "--crf", video, "--video-option", VIDEO_RATES),
        (args.video_qscale.is_some(), "--video-qscale", video, "--video-option", VIDEO_RATES),
        (args.video_bit_rate.is_some(), "--video-bit-rate", video, "--video-option", VIDEO_RATES),
        (args.gop.is_some(), "--gop", video, "--video-option", &["g"]),
        (args.qscale.is_some(), "--qscale", audio, "--audio-option", AUDIO_RATES),
        (args.bit_rate.is_some(), "--bit-rate", audio, "--audio-option", AUDIO_RATES),
        (args.compression_level.is_some(), "--compression-level", audio, "--audio-option", level),
    ] {
        let other = options.iter().find(|(key, _)| keys.contains(&key.as_str()));
        if let Some((key, value)) = other.filter(|_| is_given) {
            bail!("{name} and {of} {key}={value} contradict each other. Pass one of them.");
        }
    }
    Ok(())
}

/// Rejects audio options if no audio is encoded, and video options if no video is. `format` is the
/// name of the container, and whether it supports audio and video.
///
/// # Errors
/// There is such an option. The message names it and the reason.
pub(crate) fn check_media(
    args: &EncodeArgs,
    has: (bool, bool),
    format: (&str, bool, bool),
) -> anyhow::Result<()> {
    let (has_audio, has_video) = has;
    let (name, supports_audio, supports_video) = format;
    let missing = |what: &str, is_supported: bool| match is_supported {
        true => format!("the input has no {what}"),
        false => format!("{name} does not support {what}"),
    };
    let unused = (audio_option(args).filter(|_| !has_audio))
        .map(|option| (option, missing("audio", supports_audio)))
        .or_else(|| {
            let option = video_option(args).filter(|_| !has_video)?;
            Some((option, missing("video", supports_video)))
        });
    match unused {
        Some((option, why)) => bail!("{option} has no effect: {why}. Leave the option out."),
        None => Ok(()),
    }
}

/// Returns the first audio option that is set.
fn audio_option(args: &EncodeArgs) -> Option<&'static str> {
    first(&[
        (args.audio_encoder.is_some(), "--audio-encoder"),
        (!args.audio_option.is_empty(), "--audio-option"),
        (args.sample_format.is_some(), "--sample-format"),
        (args.bit_rate.is_some(), "--bit-rate"),
        (args.qscale.is_some(), "--qscale"),
        (args.compression_level.is_some(), "--compression-level"),
        (args.sample_rate.is_some(), "--sample-rate"),
        (args.resample_quality.is_some(), "--resample-quality"),
        (args.channels.is_some(), "--channels"),
    ])
}

/// Returns the first video option that is set.
fn video_option(args: &EncodeArgs) -> Option<&'static str> {
    first(&[
        (args.video_encoder.is_some(), "--video-encoder"),
        (!args.video_option.is_empty(), "--video-option"),
        (args.size.is_some(), "--size"),
        (args.scale_filter.is_some(), "--scale-filter"),
        (args.frame_rate.is_some(), "--frame-rate"),
        (args.pixel_format.is_some(), "--pixel-format"),
        (args.video_bit_rate.is_some(), "--video-bit-rate"),
        (args.crf.is_some(), "--crf"),
        (args.video_qscale.is_some(), "--video-qscale"),
        (args.gop.is_some(), "--gop"),
    ])
}

fn first(options: &[(bool, &'static str)]) -> Option<&'static str> {
    options.iter().find(|(is_given, _)| *is_given).map(|(_, name)| *name)
}
