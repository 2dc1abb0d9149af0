//! Contract of encoders, except for times, which Vorbis counts differently.

use reelwright_core::{ChannelLayouts, CodecConfig, CodecRecord, Element, PacketQueue, Timestamp};
use reelwright_enc_vorbis::ENCODER;
use reelwright_testkit::encoding::{Case, check_encoder, planar};

#[test]
fn encoder_passes_common_checks() {
    check_encoder(&ENCODER);
}

fn size(config: CodecConfig) -> usize {
    Case { config, ..Case::new(&ENCODER) }.encode_music(10 * 48_000).unwrap().bytes().len()
}

#[test]
fn higher_qscale_gives_larger_output() {
    let sizes = [-1.0, 0.0, 3.0, 5.5, 10.0]
        .map(|qscale| size(CodecConfig { qscale: Some(qscale), ..CodecConfig::default() }));
    assert!(sizes.windows(2).all(|pair| pair[0] < pair[1]), "{sizes:?}");
}

#[test]
fn keeps_the_bit_rate_approximately() {
    for requested in [64_000u64, 128_000, 256_000] {
        let bytes = size(CodecConfig { bit_rate: Some(requested), ..CodecConfig::default() });
        let found = bytes as f64 * 8.0 / 10.0 / requested as f64;
        assert!((found - 1.0).abs() < 0.15, "{requested}: {found}");
    }
}

#[test]
fn headers_are_vorbis_for_every_layout_and_rate() {
    let ChannelLayouts::List(layouts) = ENCODER.layouts else { panic!("a list") };
    for layout in layouts {
        for rate in [8000, 11_025, 48_000, 192_000] {
            let encoder = Case { layout: *layout, rate, ..Case::new(&ENCODER) }.open().unwrap();
            let CodecRecord::Vorbis(headers) = &encoder.parameters().record else {
                panic!("no headers")
            };
            assert_eq!(headers.identification[..7], *b"\x01vorbis");
            assert_eq!(usize::from(headers.identification[11]), layout.channels());
            assert_eq!(headers.identification[12..16], rate.to_le_bytes());
            assert_eq!(headers.setup[..7], *b"\x05vorbis");
        }
    }
}

#[test]
fn unsupported_values_are_errors() {
    for qscale in [-1.5, 10.5, f32::NAN] {
        let config = CodecConfig { qscale: Some(qscale), ..CodecConfig::default() };
        let message = Case { config, ..Case::new(&ENCODER) }.open().err().unwrap().to_string();
        assert!(message.contains("-1 (smallest) to 10 (best)"), "{message}");
    }
    let config = CodecConfig { bit_rate: Some(100), ..CodecConfig::default() };
    let message = Case { config, ..Case::new(&ENCODER) }.open().err().unwrap().to_string();
    assert!(message.contains("bit rate of 100"), "{message}");
}

#[test]
fn an_encoder_may_move_to_another_thread() {
    let samples = reelwright_testkit::signal::music_f32(20_000, 2);
    let expected = Case::new(&ENCODER).encode(&samples).unwrap().bytes();
    let encoders: Vec<_> = (0..4).map(|_| Case::new(&ENCODER).open().unwrap()).collect();
    let threads = encoders.into_iter().map(|mut encoder| {
        let samples = samples.clone();
        std::thread::spawn(move || {
            let mut packets = PacketQueue::new();
            let size = encoder.frame_size().unwrap();
            for chunk in samples.chunks(2 * size) {
                let planes: Vec<f32> = [0, 1]
                    .iter()
                    .flat_map(|at| chunk.iter().skip(*at).step_by(2))
                    .copied()
                    .collect();
                let frame = planar(f32::slice(&planes), 2, Timestamp(0));
                encoder.encode(&frame, &mut packets).unwrap();
            }
            encoder.finish(&mut packets).unwrap();
            packets.iter().flat_map(|packet| packet.data.clone()).collect::<Vec<u8>>()
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        assert!(thread.join().unwrap() == expected);
    }
}
