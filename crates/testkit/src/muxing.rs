//! Running a muxer over packets.

use reelwright_core::{
    AudioFormat, AudioParameters, ChannelLayout, CodecId, ColorInfo, MediaParameters, MemoryOutput,
    Metadata, Muxer, MuxerInfo, Options, Packet, PixelFormat, Rational, Result, SampleFormat,
    StreamParameters, TimeBase, VideoFormat, VideoParameters,
};

use crate::output::FailingOutput;

/// The parameters of a PCM stream; of another codec, what they would be were it PCM.
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

/// The parameters of a video stream without a record.
pub fn pictures(
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

/// The usual layout of some channels.
pub fn usual(channels: usize) -> ChannelLayout {
    ChannelLayout::default_for(channels).unwrap()
}

/// Metadata of these keys and values.
pub fn tags<const N: usize>(entries: [(&str, &str); N]) -> Metadata {
    let mut tags = Metadata::new();
    for (key, value) in entries {
        tags.set(key, value).unwrap();
    }
    tags
}

/// A packet of stream 0.
pub fn packet(data: &[u8]) -> Packet {
    Packet { data: data.to_vec(), keyframe: true, ..Packet::default() }
}

/// A muxer with these options.
///
/// # Errors
/// The muxer's own, or an option that it does not know.
pub fn open(info: &MuxerInfo, options: &[(&str, &str)]) -> Result<Box<dyn Muxer>> {
    let mut options: Options = options.iter().copied().collect();
    let muxer = info.open(&mut options)?;
    options.finish(info.options)?;
    Ok(muxer)
}

/// A file of one stream, its data cut into packets.
///
/// # Errors
/// The muxer's.
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

/// `data`, cut after `cuts` blocks of `block` bytes each, over and over.
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

/// An empty output of either kind.
pub const fn memory(seekable: bool) -> MemoryOutput {
    if seekable { MemoryOutput::seekable() } else { MemoryOutput::streaming() }
}

/// Runs a muxer over an output that fails after every number of bytes: an error each time, until
/// there is room for everything.
pub fn fails_anywhere(info: &MuxerInfo, stream: &StreamParameters, data: &[u8]) {
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
        assert!(done, "{}: never enough", info.name);
    }
}
