//! Options of all encoders: FFmpeg's names for the fields of a codec config, and threads.

use reelwright_core::{
    AudioEncoderInfo, CodecConfig, EncoderInfo, OptionInfo, Options, Result, VideoEncoderInfo,
};

use crate::video_color::COLOR_OPTIONS;

const BIT_RATE: OptionInfo =
    OptionInfo::int("b", (0, i64::MAX), None, "bit_rate of codec_config, in bits per second");
const AUDIO_BIT_RATE: OptionInfo = OptionInfo::int("ab", (0, i64::MAX), None, "the same as b");
const COMPRESSION_LEVEL: OptionInfo = OptionInfo::int(
    "compression_level",
    (i32::MIN as i64, i32::MAX as i64),
    None,
    "compression_level of codec_config; the range depends on the encoder",
);
const GOP_SIZE: OptionInfo =
    OptionInfo::int("g", (0, u32::MAX as i64), None, "gop_size of codec_config");
const MAX_B_FRAMES: OptionInfo =
    OptionInfo::int("bf", (0, 16), None, "max_b_frames of codec_config");
const AUDIO_THREADS: OptionInfo = OptionInfo::int(
    "threads",
    (0, 1024),
    None,
    "maximum number of threads; ignored by encoders without their own option",
);
const VIDEO_THREADS: OptionInfo = OptionInfo::int(
    "threads",
    (0, 1024),
    None,
    "threads; from 2 on, the encoder runs on its own thread, and uses more threads if it supports \
     that; with 0 it chooses the number",
);
const THREAD_TYPE: OptionInfo = OptionInfo::choice(
    "thread_type",
    &[("slice", "slices of a frame in parallel"), ("frame", "frames in parallel")],
    "slice",
    "kind of parallelism; ignored, because each encoder supports one kind",
);

static OF_AUDIO: &[OptionInfo] =
    &[BIT_RATE, AUDIO_BIT_RATE, COMPRESSION_LEVEL, AUDIO_THREADS, THREAD_TYPE];
static OF_VIDEO: &[OptionInfo] =
    &[BIT_RATE, COMPRESSION_LEVEL, GOP_SIZE, MAX_B_FRAMES, VIDEO_THREADS, THREAD_TYPE];

/// Returns all options of an audio encoder: its own and the common ones.
pub fn audio_encoder_options(info: &AudioEncoderInfo) -> impl Iterator<Item = &OptionInfo> {
    with_common(&info.encoder, OF_AUDIO.iter())
}

/// Returns all options of a video encoder: its own and the common ones.
pub fn video_encoder_options(info: &VideoEncoderInfo) -> impl Iterator<Item = &OptionInfo> {
    with_common(&info.encoder, COLOR_OPTIONS.iter().chain(OF_VIDEO))
}

/// Returns an encoder's own options, and the common ones that it does not define itself.
fn with_common<'a>(
    encoder: &'a EncoderInfo,
    common: impl Iterator<Item = &'a OptionInfo>,
) -> impl Iterator<Item = &'a OptionInfo> {
    let own = encoder.options;
    own.iter().chain(common.filter(|common| own.iter().all(|own| own.name != common.name)))
}

/// Parses the common options of audio encoders. They override `config`, as in FFmpeg.
///
/// # Errors
/// An option is malformed or out of range.
pub(crate) fn take_audio(
    encoder: &EncoderInfo,
    options: &mut Options,
    config: &mut CodecConfig,
) -> Result<()> {
    let same = options.take_int(&AUDIO_BIT_RATE)?;
    take_shared(encoder, options, config, &AUDIO_THREADS)?;
    config.bit_rate = same.map(i64::unsigned_abs).or(config.bit_rate);
    warn_of_unsupported(encoder, config);
    Ok(())
}

/// Parses the common options of video encoders except color options. Returns the requested number
/// of threads.
///
/// # Errors
/// The same errors as [`take_audio`].
pub(crate) fn take_video(
    encoder: &EncoderInfo,
    options: &mut Options,
    config: &mut CodecConfig,
) -> Result<Option<i64>> {
    // The code that uses the option reports invalid values.
    let threads = options.clone().take_int(&VIDEO_THREADS).ok().flatten();
    take_shared(encoder, options, config, &VIDEO_THREADS)?;
    let (gop, b_frames) = (options.take_int(&GOP_SIZE)?, options.take_int(&MAX_B_FRAMES)?);
    config.gop_size = gop.map(|gop| gop as u32).or(config.gop_size);
    config.max_b_frames = b_frames.map(|frames| frames as u32).or(config.max_b_frames);
    warn_of_unsupported(encoder, config);
    Ok(threads)
}

fn take_shared(
    encoder: &EncoderInfo,
    options: &mut Options,
    config: &mut CodecConfig,
    threads: &OptionInfo,
) -> Result<()> {
    let has_own = |name: &str| encoder.options.iter().any(|option| option.name == name);
    config.bit_rate = options.take_int(&BIT_RATE)?.map(i64::unsigned_abs).or(config.bit_rate);
    if !has_own(COMPRESSION_LEVEL.name) {
        let level = options.take_int(&COMPRESSION_LEVEL)?.map(|level| level as i32);
        config.compression_level = level.or(config.compression_level);
    }
    options.take_choice(&THREAD_TYPE)?;
    if !has_own(threads.name) {
        options.take_int(threads)?;
    }
    Ok(())
}

/// Logs a warning for each field that the encoder does not support.
fn warn_of_unsupported(encoder: &EncoderInfo, config: &CodecConfig) {
    for field in config.fields() {
        if !encoder.config.contains(&field) {
            log::warn!("{} does not support {} of codec_config.", encoder.name, field.name());
        }
    }
}
