//! Encodes interleaved raw samples to MP3 frames, for speed comparisons with other programs:
//!
//!     encode_mp3 FORMAT RATE CHANNELS INPUT OUTPUT [NAME=VALUE]...
//!
//! FORMAT is `s16le` or `f32le`. NAME is an option, `bit_rate`, `qscale` or `compression_level`.

use std::error::Error;

use reelwright_core::{
    AudioEncoderRequest, AudioFormat, AudioFrame, ChannelLayout, CodecConfig, CodecId, Options,
    PacketQueue, SampleFormat, Timestamp, TypedBuffer,
};
use reelwright_enc_mp3::ENCODER;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [format, rate, channels, input, output, rest @ ..] = &arguments[..] else {
        return Err("usage: encode_mp3 FORMAT RATE CHANNELS INPUT OUTPUT [NAME=VALUE]...".into());
    };
    let (mut config, mut options) = (CodecConfig::default(), Options::new());
    for argument in rest {
        let (name, value) = argument.split_once('=').ok_or("an option must be NAME=VALUE")?;
        match name {
            "bit_rate" => config.bit_rate = Some(value.parse()?),
            "qscale" => config.qscale = Some(value.parse()?),
            "compression_level" => config.compression_level = Some(value.parse()?),
            _ => options.set(name, value),
        }
    }
    let channels: usize = channels.parse()?;
    let bytes = std::fs::read(input)?;
    let samples: Vec<f32> = match format.as_str() {
        "s16le" => {
            let samples = bytes.as_chunks().0.iter().map(|&x| i16::from_le_bytes(x));
            samples.map(|x| f32::from(x) / 32_768.0).collect()
        }
        "f32le" => bytes.as_chunks().0.iter().map(|&x| f32::from_le_bytes(x)).collect(),
        _ => return Err("the format must be s16le or f32le".into()),
    };
    let request = AudioEncoderRequest::new(
        CodecId::Mp3,
        AudioFormat {
            sample_format: SampleFormat::Fltp,
            sample_rate: rate.parse()?,
            layout: match channels {
                1 => ChannelLayout::MONO,
                2 => ChannelLayout::STEREO,
                _ => return Err("1 or 2 channels".into()),
            },
        },
    )
    .config(config);
    let mut encoder = ENCODER.open(&request, &mut options)?;
    options.finish(ENCODER.encoder.options)?;
    let size = encoder.frame_size().unwrap_or(1152);
    let (mut packets, mut file) = (PacketQueue::new(), Vec::new());
    for chunk in samples.chunks(size * channels) {
        let count = chunk.len() / channels;
        let mut planes = vec![0.0f32; count * channels];
        for (i, sample) in chunk.chunks_exact(channels).enumerate() {
            for (channel, x) in sample.iter().enumerate() {
                planes[channel * count + i] = *x;
            }
        }
        let frame = AudioFrame::new(request.format, TypedBuffer::F32(planes), Timestamp(0))?;
        encoder.encode(&frame, &mut packets)?;
        while let Some(packet) = packets.pop() {
            file.extend_from_slice(&packet.data);
            packets.recycle(packet);
        }
    }
    encoder.finish(&mut packets)?;
    packets.iter().for_each(|packet| file.extend_from_slice(&packet.data));
    std::fs::write(output, file)?;
    Ok(())
}
