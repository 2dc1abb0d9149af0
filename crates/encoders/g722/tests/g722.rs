//! Comparison of G.722 with FFmpeg's decoder and encoder.

use reelwright_enc_g722::ENCODER;
use reelwright_testkit::encoding::{Case, check_encoder};
use reelwright_testkit::program::{ffmpeg_decode, run};
use reelwright_testkit::signal::music_i16;

#[test]
fn encoder_passes_common_checks() {
    check_encoder(&ENCODER);
}

#[test]
fn frames_of_any_size_give_the_same_bytes() {
    let samples = music_i16(5001, 1);
    let case = Case::new(&ENCODER);
    let whole = case.encode_in(&samples, 5001).unwrap().bytes();
    assert_eq!(whole.len(), 2501);
    for size in [1, 2, 3, 320, 1023] {
        assert!(case.encode_in(&samples, size).unwrap().bytes() == whole, "{size}");
    }
}

/// Returns the SNR in dB, with the codec's delay of 22 samples.
fn snr(samples: &[i16], decoded: &[u8]) -> f64 {
    const DELAY: usize = 22;
    let decoded = decoded.as_chunks::<2>().0.iter().map(|bytes| i16::from_le_bytes(*bytes));
    let (mut signal, mut noise) = (0.0, 0.0);
    for (sample, found) in samples.iter().zip(decoded.skip(DELAY)) {
        signal += f64::from(*sample).powi(2);
        noise += (f64::from(*sample) - f64::from(found)).powi(2);
    }
    10.0 * (signal / noise).log10()
}

#[test]
fn quality_equals_that_of_ffmpegs_encoder() {
    let samples = music_i16(160_000, 1);
    let ours = Case::new(&ENCODER).encode(&samples).unwrap().bytes();
    let Some(decoded) = ffmpeg_decode("g722", "s16le", &ours) else { return };
    assert_eq!(decoded.len(), 2 * samples.len());
    let pcm: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let arguments =
        ["-v", "error", "-f", "s16le", "-ar", "16000", "-ac", "1", "-i", "{}", "-f", "g722", "-"];
    let theirs = run("ffmpeg", &arguments, &pcm).unwrap();
    assert_eq!(theirs.len(), ours.len());
    let theirs = ffmpeg_decode("g722", "s16le", &theirs).unwrap();
    let (ours, theirs) = (snr(&samples, &decoded), snr(&samples, &theirs));
    assert!(ours > 20.0 && ours > theirs - 0.2, "{ours} {theirs}");
}
