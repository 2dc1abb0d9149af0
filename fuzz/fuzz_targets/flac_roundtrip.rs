//! Any samples through the FLAC encoder and muxer, and an independent decoder.

#![no_main]

use arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use reelwright_core::{
    AudioEncoderRequest, AudioFormat, AudioFrame, ChannelLayout, CodecId, DataType, Element,
    MemoryOutput, Metadata, OptionKind, Options, PacketQueue, SampleFormat, Timestamp, TypedBuffer,
};
use reelwright_enc_flac::ENCODER;
use reelwright_fuzz::samples;
use reelwright_mux_flac::MUXER;
use reelwright_testkit::decode::decode;

fuzz_target!(
    init: assert!(
        cfg!(not(fuzzing)),
        "pass --no-cfg-fuzzing: otherwise symphonia ignores checksums and detects frames in samples"
    ),
    |data: &[u8]| {
        // Missing bytes are not an error.
        let _ = run(&mut Unstructured::new(data));
    }
);

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let channels = u.int_in_range(1..=8)?;
    // symphonia supports no higher rate.
    let sample_rate = u.int_in_range(1..=655_350)?;
    let wide = u.arbitrary()?;
    let mut bits = if wide { 24 } else { 16 };
    let mut options = Options::new();
    for option in ENCODER.encoder.options {
        if !u.ratio(1, 4)? {
            continue;
        }
        let value = match option.kind {
            OptionKind::Int { .. } if option.name == "threads" => u.int_in_range(0..=3)?,
            OptionKind::Int { .. } if option.name == "bits_per_raw_sample" => {
                bits = u.int_in_range(4..=if wide { 32 } else { 16 })?;
                i64::from(bits)
            }
            OptionKind::Int { min, max, .. } => u.int_in_range(min..=max)?,
            OptionKind::Choice { values, .. } => {
                options.set(option.name, u.choose(values)?.0);
                continue;
            }
            _ => continue,
        };
        options.set(option.name, value.to_string());
    }
    // A short input is repeated with decreasing volume, for a long stream.
    let (repeats, fade) = (u.int_in_range(1..=40usize)?, u.int_in_range(0..=3u32)?);
    let keep = 32 - bits;
    let quieter = |i: usize, x: i32| x >> (i as u32 * fade).min(31);
    match samples(u, if wide { DataType::I32 } else { DataType::I16 }, 2000)? {
        TypedBuffer::I16(once) => {
            let long: Vec<i16> = (0..repeats)
                .flat_map(|i| once.iter().map(move |&x| quieter(i, x.into()) as i16))
                .collect();
            let expected = |x: &i16| i32::from(*x) << 16 >> keep << keep;
            check(&long, channels, sample_rate, options, expected);
        }
        TypedBuffer::I32(once) => {
            let long: Vec<i32> =
                (0..repeats).flat_map(|i| once.iter().map(move |&x| quieter(i, x))).collect();
            check(&long, channels, sample_rate, options, |x| x >> keep << keep);
        }
        _ => unreachable!("only 16 or 32 bits were requested"),
    }
    Ok(())
}

fn check<T: Element>(
    samples: &[T],
    channels: usize,
    sample_rate: u32,
    mut options: Options,
    expected: impl Fn(&T) -> i32,
) {
    let samples = &samples[..samples.len() / channels * channels];
    let request = AudioEncoderRequest::new(
        CodecId::Flac,
        AudioFormat {
            sample_format: SampleFormat::packed(T::DATA_TYPE),
            sample_rate,
            layout: ChannelLayout::default_for(channels).unwrap(),
        },
    );
    // The options may be contradictory.
    let Ok(mut encoder) = ENCODER.open(&request, &mut options) else { return };
    let mut muxer = MUXER.open(&mut Options::new()).unwrap();
    let mut output = MemoryOutput::seekable();
    let mut packets = PacketQueue::new();
    muxer.start(&[encoder.parameters().clone()], &Metadata::new(), &mut output).unwrap();
    for chunk in samples.chunks(encoder.frame_size().unwrap() * channels) {
        let chunk = TypedBuffer::copy_of(T::slice(chunk));
        let frame = AudioFrame::new(request.format, chunk, Timestamp(0)).unwrap();
        encoder.encode(&frame, &mut packets).unwrap();
    }
    encoder.finish(&mut packets).unwrap();
    while let Some(packet) = packets.pop() {
        muxer.write(&packet, &mut output).unwrap();
    }
    muxer.finish(&[encoder.parameters().clone()], &mut output).unwrap();
    if samples.is_empty() {
        // symphonia finds no first frame.
        return;
    }
    let decoded = decode::<i32>(output.into_bytes()).unwrap();
    assert_eq!((decoded.sample_rate, decoded.channels), (sample_rate, channels));
    assert!(decoded.samples.iter().copied().eq(samples.iter().map(expected)));
}
