//! Comparison with FFmpeg's ADPCM encoders, byte for byte.

use reelwright_core::{AdpcmBlocks, ChannelLayout, CodecRecord};
use reelwright_enc_adpcm::ENCODERS;
use reelwright_testkit::encoding::{Case, check_encoder};
use reelwright_testkit::program::run;
use reelwright_testkit::signal::{music_i16, noise_i16};

#[test]
fn encoders_pass_common_checks() {
    ENCODERS.iter().for_each(check_encoder);
}

/// Returns the packets of FFmpeg's encoder of the same name.
fn ffmpeg(codec: &str, channels: usize, block_size: &str, samples: &[i16]) -> Option<Vec<u8>> {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let channels = channels.to_string();
    let input = ["-v", "error", "-f", "s16le", "-ar", "48000", "-ac", &channels, "-i", "{}"];
    let coding = ["-c:a", codec, "-block_size", block_size];
    run("ffmpeg", &[&input[..], &coding, &["-map", "0:a", "-f", "data", "-"]].concat(), &bytes)
}

#[test]
fn blocks_equal_those_of_ffmpeg() {
    for info in ENCODERS {
        for layout in [ChannelLayout::MONO, ChannelLayout::STEREO] {
            let channels = layout.channels();
            for samples in [music_i16(30_000, channels), noise_i16(30_000 * channels)] {
                for block_size in ["32", "1024", "4096"] {
                    let options = format!("block_size={block_size}");
                    let case = Case { layout, options: &options, ..Case::new(info) };
                    let ours = case.encode(&samples).unwrap().bytes();
                    let name = info.encoder.name;
                    let Some(theirs) = ffmpeg(name, channels, block_size, &samples) else { return };
                    assert!(ours == theirs, "{name} {channels} {block_size}");
                }
            }
        }
    }
}

#[test]
fn blocks_have_the_requested_size() {
    for (info, samples_per_block) in ENCODERS.iter().zip([505, 500]) {
        let case = Case { options: "block_size=512", ..Case::new(info) };
        let encoded = case.encode_music(10_000).unwrap();
        assert!(encoded.packets.iter().all(|packet| packet.data.len() == 512));
        let blocks = AdpcmBlocks { block_align: 512, samples_per_block };
        assert_eq!(encoded.parameters.record, CodecRecord::Adpcm(blocks));
        for wrong in ["500", "16", "16384"] {
            let options = format!("block_size={wrong}");
            let case = Case { options: &options, ..Case::new(info) };
            let message = case.open().err().unwrap().to_string();
            assert!(message.contains(wrong) && message.contains("8192"), "{message}");
        }
    }
}
