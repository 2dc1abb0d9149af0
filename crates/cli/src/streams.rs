//! Output streams, described by the options and the input streams.

use reelwright::{AudioStream, CodecConfig, VideoStream};
use reelwright_reader::{AudioInput, VideoInput};

use crate::args::{EncodeArgs, InputFormat};

/// Returns the video stream for an input's frames.
pub(crate) fn video(args: &EncodeArgs, input: &VideoInput) -> VideoStream {
    let (width, height) = (input.width as u32, input.height as u32);
    let mut stream = VideoStream::new(input.frame_rate.to_f64(), width, height)
        .frames(input.format, input.color)
        .sample_aspect_ratio(input.sample_aspect_ratio)
        .scale_filter(args.scale_filter.unwrap_or_default());
    if let Some(language) = code(input.language.as_deref()) {
        stream = stream.language(language);
    }
    if is_timed(args, input) {
        stream = stream.time_base(input.time_base.seconds());
    }
    if let Some(name) = &args.video_encoder {
        stream = stream.encoder(name);
    }
    if let Some(crf) = args.crf {
        stream = stream.encoder_option("crf", crf.to_string());
    }
    for (key, value) in &args.video_option {
        stream = stream.encoder_option(key, value);
    }
    let is_raw = args.input_format == Some(InputFormat::Video);
    let is_encoded = !is_raw || args.input_pixel_format.is_some();
    if let Some((format, range)) = args.pixel_format.filter(|_| is_encoded) {
        stream = stream.encoder_format(format);
        if let Some(range) = range {
            stream = stream.encoder_color_range(range);
        }
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

/// Returns the language code for a stream: three letters, and not undetermined.
fn code(language: Option<&str>) -> Option<&str> {
    let is_code = |code: &&str| {
        code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_lowercase()) && *code != "und"
    };
    language.filter(is_code)
}

/// Returns whether frames keep the input's timestamps and time base instead of a constant rate.
pub(crate) fn is_timed(args: &EncodeArgs, input: &VideoInput) -> bool {
    // A unit longer than a frame cannot represent their timestamps.
    let unit = input.time_base.seconds().to_f64();
    input.is_variable && args.frame_rate.is_none() && unit <= 1.0 / input.frame_rate.to_f64()
}

/// Returns the audio stream for an input's samples.
pub(crate) fn audio(args: &EncodeArgs, input: &AudioInput) -> AudioStream {
    let mut stream = AudioStream::new(input.sample_rate, input.layout.channels())
        .channel_layout(input.layout)
        .format(input.sample_format());
    if let Some(language) = code(input.language.as_deref()) {
        stream = stream.language(language);
    }
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
