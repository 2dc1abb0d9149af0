//! Test cases of muxers.

use reelwright_core::{
    AudioFormat, AudioParameters, ChannelLayout, CodecId, ColorInfo, MediaParameters, MemoryOutput,
    Metadata, Muxer, MuxerInfo, Options, Packet, PixelFormat, Rational, Result, SampleFormat,
    StreamParameters, TimeBase, VideoFormat, VideoParameters,
};

use crate::output::FailingOutput;

/// Returns the parameters of a PCM stream. Other codecs have the same audio parameters.
pub fn pcm(codec: CodecId, rate: u32, layout: ChannelLayout) -> StreamParameters {
    StreamParameters::new(
        codec,
        TimeBase::from_sample_rate(rate.max(1)).unwrap(),
        MediaParameters::Audio(
            AudioParameters::new(AudioFormat {
                sample_rate: rate,
                layout,
                sample_format: SampleFormat::S16,
            })
            .bits_per_sample(8 * codec.bytes_per_sample().unwrap_or(2) as u32),
        ),
    )
}

/// Returns the parameters of a video stream without a codec record.
pub fn video_parameters(
    codec: CodecId,
    pixel_format: PixelFormat,
    (width, height): (u32, u32),
    (num, den): (i64, i64),
    color: ColorInfo,
) -> StreamParameters {
    let frame_rate = Rational::new(num, den).unwrap();
    StreamParameters::new(
        codec,
        TimeBase::new(frame_rate.inverse()),
        MediaParameters::Video(
            VideoParameters::new(VideoFormat {
                width,
                height,
                pixel_format,
                sample_aspect_ratio: Rational::ONE,
                color,
            })
            .frame_rate(Some(frame_rate)),
        ),
    )
}

/// Returns the default layout of a number of channels.
pub fn default_layout(channels: usize) -> ChannelLayout {
    ChannelLayout::default_for(channels).unwrap()
}

/// Returns metadata with these keys and values.
pub fn tags<const N: usize>(entries: [(&str, &str); N]) -> Metadata {
    let mut tags = Metadata::new();
    for (key, value) in entries {
        tags.set(key, value).unwrap();
    }
    tags
}

/// Returns a packet of stream 0.
pub fn packet(data: &[u8]) -> Packet {
    Packet { data: data.to_vec(), keyframe: true, ..Packet::default() }
}

/// Opens a muxer with these options.
///
/// # Errors
/// The muxer fails, or an option is unknown.
pub fn open(info: &MuxerInfo, options: &[(&str, &str)]) -> Result<Box<dyn Muxer>> {
    let mut options: Options = options.iter().copied().collect();
    let muxer = info.open(&mut options)?;
    options.finish(info.options)?;
    Ok(muxer)
}

/// Returns a file with one stream, whose data is split into packets.
///
/// # Errors
/// The muxer fails.
pub fn mux<'a>(
    info: &MuxerInfo,
    options: &[(&str, &str)],
    stream: &StreamParameters,
    tags: &Metadata,
    packets: impl IntoIterator<Item = &'a [u8]>,
    mut output: MemoryOutput,
) -> Result<Vec<u8>> {
    let streams = std::slice::from_ref(stream);
    let mut muxer = open(info, options)?;
    muxer.start(streams, tags, &mut output)?;
    for data in packets {
        muxer.write(&packet(data), &mut output)?;
    }
    muxer.finish(streams, &mut output)?;
    Ok(output.into_bytes())
}

/// Splits `data` after `cuts` blocks of `block` bytes each, cyclically.
pub fn cut<'a>(mut data: &'a [u8], block: usize, cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut packets = Vec::new();
    for blocks in cuts.iter().cycle().take(1000) {
        let (packet, rest) = data.split_at((blocks * block).min(data.len()));
        packets.push(packet);
        data = rest;
    }
    packets.push(data);
    packets
}

/// Returns an empty output in memory.
pub const fn memory(seekable: bool) -> MemoryOutput {
    if seekable { MemoryOutput::seekable() } else { MemoryOutput::streaming() }
}

/// Checks a muxer with an output that fails after each number of bytes: every run must fail, until
/// the output has enough space.
pub fn check_failing_output(info: &MuxerInfo, stream: &StreamParameters, data: &[u8]) {
    let streams = std::slice::from_ref(stream);
    let tags = tags([("title", "A title"), ("comment", "a comment")]);
    for inner in [MemoryOutput::seekable(), MemoryOutput::streaming()] {
        let mut done = false;
        for left in 0..100_000 {
            let mut output = FailingOutput::new(inner.clone(), left);
            let mut muxer = open(info, &[]).unwrap();
            let result = muxer
                .start(streams, &tags, &mut output)
                .and_then(|()| muxer.write(&packet(data), &mut output))
                .and_then(|()| muxer.flush(&mut output))
                .and_then(|()| muxer.finish(streams, &mut output));
            if result.is_ok() {
                done = true;
                assert!(left >= output.bytes().len());
                break;
            }
        }
        assert!(done, "{}: the output never has enough space", info.name);
    }
}
