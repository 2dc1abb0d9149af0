//! Encodes arbitrary samples with every encoder and arbitrary settings. Either opening the encoder
//! fails, or all samples are encoded, without a panic.

#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use reelwright_core::{
    AudioEncoderRequest, AudioFormat, AudioFrame, ChannelLayout, CodecConfig, ChannelLayouts, PacketQueue,
    SampleRates, Timestamp, TypedBuffer,
};
use reelwright_fuzz::{encoders, layout, options, samples};

fuzz_target!(|data: &[u8]| {
    // Missing bytes are not an error.
    let _ = run(&mut Unstructured::new(data));
});

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let info = u.choose(&encoders()).copied()?;
    let mut options = options(u, info.encoder.options)?;
    let request = AudioEncoderRequest::new(
        info.encoder.codec,
        AudioFormat {
            sample_format: *u.choose(info.sample_formats)?,
            sample_rate: match info.sample_rates {
                SampleRates::UpTo(max) => u.int_in_range(1..=max)?,
                SampleRates::List(rates) => *u.choose(rates)?,
            },
            layout: match info.layouts {
                ChannelLayouts::List(layouts) => *u.choose(layouts)?,
                ChannelLayouts::UpTo(most) => Some(layout(u)?)
                    .filter(|layout| layout.channels() <= most.min(16))
                    .unwrap_or(ChannelLayout::MONO),
            },
        },
    )
    .config(CodecConfig {
        compression_level: Option::<u8>::arbitrary(u)?.map(|level| i32::from(level % 13)),
        bit_rate: Option::<u8>::arbitrary(u)?.map(|rate| u64::from(rate) * 2000),
        qscale: Option::<u8>::arbitrary(u)?.map(|q| f32::from(q % 21) / 2.0),
        ..CodecConfig::default()
    });
    let Ok(mut encoder) = info.open(&request, &mut options) else { return Ok(()) };
    let channels = request.format.layout.channels();
    let size = encoder.frame_size().unwrap_or(777);
    let data_type = request.format.sample_format.data_type();
    // The input is repeated, so that there are enough frames for every state.
    let seed = samples(u, data_type, 4000)?;
    let frames = usize::from(u8::arbitrary(u)?) % 6;
    let last = usize::arbitrary(u)? % (size + 1);
    let mut packets = PacketQueue::new();
    let mut fed = 0;
    let mut heard = 0;
    for frame in 0..=frames {
        let count = if frame == frames { last } else { size };
        let buffer = repeated(&seed, fed, count * channels);
        let pts = Timestamp(fed as i64);
        let frame = AudioFrame::new(request.format, buffer, pts).expect("the samples are complete");
        // FLAC has no empty blocks.
        if count > 0 {
            encoder.encode(&frame, &mut packets).expect("the frame is valid");
        }
        fed += count;
    }
    encoder.finish(&mut packets).expect("finish succeeds");
    while let Some(packet) = packets.pop() {
        heard += packet.duration - i64::from(packet.trim_start) - i64::from(packet.trim_end);
        packets.recycle(packet);
    }
    let clock = encoder.parameters().audio().map_or(0, |audio| audio.format.sample_rate);
    assert_eq!(heard, fed as i64 * i64::from(clock) / i64::from(request.format.sample_rate));
    Ok(())
}

/// Returns `count` samples that repeat `seed`, or silence if it is empty.
fn repeated(seed: &TypedBuffer, start: usize, count: usize) -> TypedBuffer {
    macro_rules! repeated {
        ($variant:ident, $data:expr) => {{
            let mut samples: Vec<_> = $data
                .iter()
                .copied()
                .cycle()
                .skip(start % $data.len().max(1))
                .take(count)
                .collect();
            samples.resize(count, Default::default());
            TypedBuffer::$variant(samples)
        }};
    }
    match seed {
        TypedBuffer::U8(data) => repeated!(U8, data),
        TypedBuffer::I16(data) => repeated!(I16, data),
        TypedBuffer::I32(data) => repeated!(I32, data),
        TypedBuffer::I64(data) => repeated!(I64, data),
        TypedBuffer::F32(data) => repeated!(F32, data),
        TypedBuffer::F64(data) => repeated!(F64, data),
    }
}
