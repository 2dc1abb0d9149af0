//! The options that every encoder takes beside its own: FFmpeg's names for what a codec config
//! says, and threads.

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
    "the most threads; encoders without an option of their own have one",
);
const VIDEO_THREADS: OptionInfo = OptionInfo::int(
    "threads",
    (0, 1024),
    None,
    "threads; from 2 on the encoder is at work while the next picture is made, and shares its own \
     work where it can; 0 lets it decide",
);
const THREAD_TYPE: OptionInfo = OptionInfo::choice(
    "thread_type",
    &[("slice", "parts of a picture at once"), ("frame", "several pictures at once")],
    "slice",
    "how threads share the work; each encoder here has one way, so that nothing changes",
);

static OF_AUDIO: &[OptionInfo] =
    &[BIT_RATE, AUDIO_BIT_RATE, COMPRESSION_LEVEL, AUDIO_THREADS, THREAD_TYPE];
static OF_VIDEO: &[OptionInfo] =
    &[BIT_RATE, COMPRESSION_LEVEL, GOP_SIZE, MAX_B_FRAMES, VIDEO_THREADS, THREAD_TYPE];

/// All options of an audio encoder: its own, and what every one takes.
pub fn audio_encoder_options(info: &AudioEncoderInfo) -> impl Iterator<Item = &OptionInfo> {
    with_common(&info.encoder, OF_AUDIO.iter())
}

/// All options of a video encoder: its own, and what every one takes.
pub fn video_encoder_options(info: &VideoEncoderInfo) -> impl Iterator<Item = &OptionInfo> {
    with_common(&info.encoder, COLOR_OPTIONS.iter().chain(OF_VIDEO))
}

/// An encoder's own options, and those of the common ones that it has not.
fn with_common<'a>(
    encoder: &'a EncoderInfo,
    common: impl Iterator<Item = &'a OptionInfo>,
) -> impl Iterator<Item = &'a OptionInfo> {
    let own = encoder.options;
    own.iter().chain(common.filter(|common| own.iter().all(|own| own.name != common.name)))
}

/// Takes the options of every audio encoder; they say more than `config`, as FFmpeg has it.
///
/// # Errors
/// A value that is malformed or out of range.
pub(crate) fn take_audio(
    encoder: &EncoderInfo,
    options: &mut Options,
    config: &mut CodecConfig,
) -> Result<()> {
    let same = options.take_int(&AUDIO_BIT_RATE)?;
    take_shared(encoder, options, config, &AUDIO_THREADS)?;
    config.bit_rate = same.map(i64::unsigned_abs).or(config.bit_rate);
    warn_of_unheeded(encoder, config);
    Ok(())
}

/// Takes the options of every video encoder but the colours; returns how many threads were asked
/// for.
///
/// # Errors
/// As [`take_audio`].
pub(crate) fn take_video(
    encoder: &EncoderInfo,
    options: &mut Options,
    config: &mut CodecConfig,
) -> Result<Option<i64>> {
    // What is wrong with it says whoever takes it.
    let threads = options.clone().take_int(&VIDEO_THREADS).ok().flatten();
    take_shared(encoder, options, config, &VIDEO_THREADS)?;
    let (gop, b_frames) = (options.take_int(&GOP_SIZE)?, options.take_int(&MAX_B_FRAMES)?);
    config.gop_size = gop.map(|gop| gop as u32).or(config.gop_size);
    config.max_b_frames = b_frames.map(|frames| frames as u32).or(config.max_b_frames);
    warn_of_unheeded(encoder, config);
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

/// Says what the encoder does not heed.
fn warn_of_unheeded(encoder: &EncoderInfo, config: &CodecConfig) {
    for field in config.fields() {
        if !encoder.config.contains(&field) {
            log::warn!("{} has no use for {} of codec_config.", encoder.name, field.name());
        }
    }
}
