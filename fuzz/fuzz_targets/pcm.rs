//! Any frames in the encoders of PCM and FLAC: an error, or the expected number of bytes. No panic.

#![no_main]

use arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use reelwright_core::{
    AudioEncoderRequest, AudioFormat, CodecId, DataType, Options, PacketQueue, SampleFormat,
};
use reelwright_fuzz::{frame, layout, sample_rate, samples};

const TYPES: [DataType; 6] =
    [DataType::U8, DataType::I16, DataType::I32, DataType::I64, DataType::F32, DataType::F64];

fuzz_target!(|data: &[u8]| {
    // Missing bytes are not an error.
    let _ = run(&mut Unstructured::new(data));
});

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let mut encoders: Vec<_> = reelwright_enc_pcm::ENCODERS.iter().collect();
    encoders.push(&reelwright_enc_flac::ENCODER);
    let info = *u.choose(&encoders)?;
    let request = AudioEncoderRequest::new(
        if u.ratio(9, 10)? { info.encoder.codec } else { *u.choose(CodecId::ALL)? },
        AudioFormat {
            sample_format: match u.ratio(9, 10)? {
                true => *u.choose(info.sample_formats)?,
                false => *u.choose(SampleFormat::ALL)?,
            },
            sample_rate: sample_rate(u)?,
            layout: layout(u)?,
        },
    );
    // The facade rejects parameters that an encoder does not list, and the encoder may rely on
    // that.
    let listed = info.encoder.codec == request.codec
        && info.sample_formats.contains(&request.format.sample_format)
        && info.sample_rates.contains(request.format.sample_rate)
        && info.layouts.contains(request.format.layout);
    if !listed && info.encoder.codec == CodecId::Flac {
        return Ok(());
    }
    let Ok(mut encoder) = info.open(&request, &mut Options::new()) else {
        assert!(!listed, "{request:?}");
        return Ok(());
    };
    let codec = encoder.parameters().codec;
    let mut packets = PacketQueue::new();
    for _ in 0..u.int_in_range(0..=4)? {
        let (data_type, channels) = match u.ratio(7, 8)? {
            true => (request.format.sample_format.data_type(), request.format.layout.channels()),
            false => (*u.choose(&TYPES)?, u.int_in_range(1..=9)?),
        };
        let most = u.int_in_range(0..=300)? * channels;
        let buffer = samples(u, data_type, most)?;
        let Some(frame) = frame(u, buffer, channels)? else { continue };
        let before = packets.len();
        let result = encoder.encode(&frame, &mut packets);
        let fits = (frame.format().sample_format, frame.channels())
            == (request.format.sample_format, request.format.layout.channels());
        assert!(fits || result.is_err());
        let Some(bytes) = codec.bytes_per_sample() else { continue };
        // PCM packets are returned immediately, and all valid frames are accepted.
        assert_eq!(result.is_ok(), fits);
        let mut found = packets.iter().skip(before);
        if fits && frame.samples() > 0 {
            let packet = found.next().unwrap();
            assert_eq!(packet.data.len(), frame.samples() * frame.channels() * bytes);
            assert_eq!(packet.duration, frame.samples() as i64);
            assert_eq!((packet.pts, packet.dts), (frame.pts(), frame.pts()));
        }
        assert!(found.next().is_none());
    }
    encoder.finish(&mut packets).unwrap();
    Ok(())
}
