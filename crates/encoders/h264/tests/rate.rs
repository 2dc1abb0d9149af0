//! Rate control of H.264 on natural footage: the bit rate over time, and the quality of decoded
//! frames.

use reelwright_core::{CodecConfig, CodecRecord, Rational, VideoFrame, h264::append_byte_stream};
use reelwright_enc_h264::ENCODER;
use reelwright_testkit::footage::{COFFEE_SIZE, endless_coffee};
use reelwright_testkit::video::{EncodedVideo, VideoCase, packed_bytes, psnr};
use rusty_h264_decoder::Decoder;

/// Returns an encoder for the footage.
fn case(bit_rate: u64, frame_rate: (i64, i64), gop_size: Option<u32>) -> VideoCase<'static> {
    VideoCase {
        size: COFFEE_SIZE,
        frame_rate: Rational::new(frame_rate.0, frame_rate.1).unwrap(),
        config: CodecConfig { bit_rate: Some(bit_rate), gop_size, ..CodecConfig::default() },
        ..VideoCase::new(&ENCODER)
    }
}

fn footage(frames: usize) -> Vec<VideoFrame> {
    (0..frames).map(endless_coffee).collect()
}

/// Rotates a frame by 180 degrees: natural content that no motion vector predicts.
fn turned(mut frame: VideoFrame) -> VideoFrame {
    for (plane, _) in frame.planes_mut::<u8>().unwrap() {
        plane.reverse();
    }
    frame
}

/// Returns the bits of each frame.
fn bits(encoded: &EncodedVideo) -> Vec<f64> {
    encoded.packets.iter().map(|packet| 8.0 * packet.data.len() as f64).collect()
}

/// Returns the bit rate relative to the requested one, if each frame lasts a tick.
fn relative(case: &VideoCase<'_>, bits: &[f64]) -> f64 {
    let seconds = bits.len() as f64 / case.frame_rate.to_f64();
    bits.iter().sum::<f64>() / seconds / case.config.bit_rate.unwrap() as f64
}

/// Returns the lowest and highest relative bit rate of all intervals of this duration.
fn extremes(case: &VideoCase<'_>, bits: &[f64], seconds: f64) -> (f64, f64) {
    let frames = (seconds * case.frame_rate.to_f64()).round() as usize;
    let rates = bits.windows(frames).map(|stretch| relative(case, stretch));
    rates.fold((f64::MAX, 0.0), |(low, high), rate| (rate.min(low), rate.max(high)))
}

/// Returns the PSNR of each frame's luma, by a third-party decoder.
fn quality(encoded: &EncodedVideo, footage: &[VideoFrame]) -> Vec<f64> {
    let CodecRecord::H264(config) = &encoded.parameters.record else { panic!("no record") };
    let mut stream = Vec::new();
    for packet in &encoded.packets {
        append_byte_stream(config, packet, &mut stream).unwrap();
    }
    let decoded = Decoder::new().decode_stream(&stream).unwrap();
    assert_eq!(decoded.len(), footage.len());
    let frames = footage.iter().zip(&decoded);
    frames.map(|(frame, shown)| psnr(&packed_bytes(frame)[..shown.y.len()], &shown.y)).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn every_section_has_the_bit_rate() {
    for (bit_rate, frame_rate, gop_size, frames) in [
        (100_000, (25, 1), None, 250),
        (300_000, (25, 1), None, 250),
        (300_000, (25, 1), Some(12), 250),
        (1_000_000, (25, 1), Some(1), 125),
        (3_000_000, (25, 1), None, 250),
        (300_000, (5, 1), None, 100),
        (500_000, (30_000, 1001), Some(60), 300),
        (1_000_000, (60, 1), None, 360),
    ] {
        let case = case(bit_rate, frame_rate, gop_size);
        let bits = bits(&case.encode(&footage(frames), |index| index as i64).unwrap());
        let name = format!("{bit_rate} bit/s, {frame_rate:?} Hz, GOP {gop_size:?}");
        let whole = relative(&case, &bits);
        assert!((0.97..1.03).contains(&whole), "{name}: {whole}");
        let (low, high) = extremes(&case, &bits, 5.0);
        assert!(low > 0.9 && high < 1.1, "{name}, 5 s: {low} to {high}");
        // A keyframe may need the bits of a second.
        let (low, high) = extremes(&case, &bits, 1.0);
        assert!(low > 0.5 && high < 2.1, "{name}, 1 s: {low} to {high}");
    }
}

#[test]
fn low_frame_rates_keep_the_bit_rate() {
    let case = case(100_000, (1, 1), Some(10));
    let bits = bits(&case.encode(&footage(60), |index| index as i64).unwrap());
    let (low, high) = extremes(&case, &bits, 10.0);
    assert!(low > 0.75 && high < 1.2, "10 s: {low} to {high}");
    let whole = relative(&case, &bits);
    assert!((0.97..1.03).contains(&whole), "{whole}");
    // A keyframe may need the bits of several frames, but not more.
    let most = bits.iter().copied().fold(0.0, f64::max);
    assert!(most < 6.0 * 100_000.0, "{most}");
}

#[test]
fn bit_rate_depends_on_real_timestamps() {
    let case = case(300_000, (50, 1), None);
    // Every other tick has no frame: the actual frame rate is half of the stated one.
    let encoded = case.encode(&footage(250), |index| 2 * index as i64).unwrap();
    let whole = relative(&case, &bits(&encoded)) / 2.0;
    assert!((0.97..1.03).contains(&whole), "{whole}");
}

#[test]
fn cuts_keep_the_bit_rate() {
    let shots: Vec<_> = (0..250)
        .map(|index| match endless_coffee(index) {
            frame if index / 40 % 2 == 1 => turned(frame),
            frame => frame,
        })
        .collect();
    for bit_rate in [200_000, 600_000] {
        let case = case(bit_rate, (25, 1), None);
        let encoded = case.encode(&shots, |index| index as i64).unwrap();
        let cuts: Vec<_> = (0..250).filter(|index| encoded.packets[*index].keyframe).collect();
        assert_eq!(cuts, [0, 40, 80, 120, 160, 200, 240], "{bit_rate} bit/s");
        let bits = bits(&encoded);
        let whole = relative(&case, &bits);
        assert!((0.97..1.03).contains(&whole), "{bit_rate} bit/s: {whole}");
        let (low, high) = extremes(&case, &bits, 1.0);
        assert!(low > 0.5 && high < 1.6, "{bit_rate} bit/s, 1 s: {low} to {high}");
        let found = quality(&encoded, &shots);
        // A scene cut does not reduce the quality of other shots.
        let worst = found.chunks(40).map(mean).fold(f64::MAX, f64::min);
        assert!(worst > mean(&found) - 1.5, "{bit_rate} bit/s: {worst} of {}", mean(&found));
    }
}

#[test]
fn bits_saved_by_still_frames_are_spent_gradually() {
    let bit_rate = 400_000;
    for (still, is_cut) in [(25, false), (250, false), (250, true)] {
        let frames: Vec<_> = (0..still + 250usize)
            .map(|index| match endless_coffee(index.saturating_sub(still)) {
                frame if is_cut && index < still => turned(frame),
                frame => frame,
            })
            .collect();
        let case = case(bit_rate, (25, 1), None);
        let bits = bits(&case.encode(&frames, |index| index as i64).unwrap());
        let (_, high) = extremes(&case, &bits, 1.0);
        assert!(high < 3.2, "{still} {is_cut}, 1 s: {high}");
        let after = relative(&case, &bits[still..]);
        assert!((0.9..1.25).contains(&after), "{still} {is_cut}: {after}");
    }
}

#[test]
fn more_bits_give_higher_quality() {
    // Half a dB below the measured PSNR.
    for (bit_rate, least) in
        [(100_000, 34.8), (300_000, 39.1), (1_000_000, 43.6), (3_000_000, 48.6)]
    {
        let footage = footage(120);
        let encoded = case(bit_rate, (25, 1), None).encode(&footage, |index| index as i64).unwrap();
        let found = quality(&encoded, &footage);
        assert!(mean(&found) > least, "{bit_rate} bit/s: {} dB", mean(&found));
        let worst = found.iter().copied().fold(f64::MAX, f64::min);
        assert!(worst > mean(&found) - 2.5, "{bit_rate} bit/s: {worst} of {} dB", mean(&found));
    }
}
