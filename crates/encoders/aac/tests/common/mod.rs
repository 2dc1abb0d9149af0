//! Decoders of access units.
#![allow(dead_code)] // each test uses what it needs

use reelwright_core::CodecRecord;
use reelwright_testkit::decode;
use reelwright_testkit::encoding::Encoded;
use reelwright_testkit::program::ffmpeg_decode;

/// Samples that a decoder outputs before those of the input.
pub(crate) const DELAY: usize = 1024;

/// Returns the access units with ADTS headers (ISO/IEC 14496-3 table 1.A.6).
fn file(encoded: &Encoded) -> Vec<u8> {
    let CodecRecord::Aac(config) = &encoded.parameters.record else { panic!("no record") };
    let [first, second] = config.bytes[..] else { panic!("the record has two bytes") };
    let specific = u64::from(u16::from_be_bytes([first, second]));
    let (rate, channels) = (specific >> 7 & 15, specific >> 3 & 15);
    let mut file = Vec::new();
    for packet in &encoded.packets {
        let length = packet.data.len() as u64 + 7;
        let header =
            0xFFF1 << 40 | 1 << 38 | rate << 34 | channels << 30 | length << 13 | 0x7FF << 2;
        file.extend(&u64::to_be_bytes(header)[1..]);
        file.extend(&packet.data);
    }
    file
}

/// Removes the delay and padding from decoded, interleaved samples.
fn trimmed(encoded: &Encoded, samples: Vec<f32>) -> Vec<f32> {
    let channels = encoded.parameters.audio().unwrap().format.layout.channels();
    assert_eq!(samples.len(), encoded.packets.len() * 1024 * channels);
    let count = encoded.presented_samples() as usize;
    samples[DELAY * channels..(DELAY + count) * channels].to_vec()
}

/// Decodes with symphonia, which supports at most two channels.
pub(crate) fn decode(encoded: &Encoded) -> Vec<f32> {
    trimmed(encoded, decode::decode::<f32>(file(encoded)).unwrap().samples)
}

/// Decodes with ffmpeg if it is installed. Fails if ffmpeg reports an error.
pub(crate) fn decode_elsewhere(encoded: &Encoded) -> Option<Vec<f32>> {
    let raw = ffmpeg_decode("aac", "f32le", &file(encoded))?;
    let samples = raw.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
    Some(trimmed(encoded, samples.collect()))
}
