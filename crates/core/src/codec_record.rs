//! Configuration records of codecs, which containers store.

mod extradata;

use crate::h264::AvcConfig;

/// Configuration record of a codec.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodecRecord {
    /// The codec has no record.
    None,
    /// AAC's AudioSpecificConfig.
    Aac(AudioSpecificConfig),
    /// Block sizes of ADPCM.
    Adpcm(AdpcmBlocks),
    /// ALAC's configuration.
    Alac(AlacConfig),
    /// AV1's configuration.
    Av1(Av1Config),
    /// FLAC's STREAMINFO.
    Flac(FlacStreamInfo),
    /// H.264's parameter sets.
    H264(AvcConfig),
    /// Information about the encoder in an MP3's information frame.
    Mp3(Mp3Info),
    /// Opus' identification header.
    Opus(OpusHead),
    /// Configuration of a custom codec, as containers store it.
    Raw(Vec<u8>),
    /// Vorbis' headers.
    Vorbis(VorbisHeaders),
    /// WebVTT's header.
    WebVtt(WebVttHeader),
}

/// FLAC's STREAMINFO metadata block (RFC 9639 §8.2). Zero means unknown if the RFC says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlacStreamInfo {
    /// Samples in the shortest block except the last, 16–65,535.
    pub min_block_size: u16,
    /// Samples in the longest block, 16–65,535.
    pub max_block_size: u16,
    /// Bytes in the smallest frame; 24 bits.
    pub min_frame_size: u32,
    /// Bytes in the largest frame; 24 bits.
    pub max_frame_size: u32,
    /// Sample rate in Hz; 20 bits.
    pub sample_rate: u32,
    /// Number of channels, 1–8.
    pub channels: u8,
    /// Bits per sample, 4–32.
    pub bits_per_sample: u8,
    /// Samples per channel in the stream; 36 bits.
    pub total_samples: u64,
    /// MD5 of the interleaved little-endian samples.
    pub md5: [u8; 16],
}

impl FlacStreamInfo {
    /// Returns the block's body without its header. Frame sizes and a total that exceed their
    /// fields are written as unknown. Only the lowest bits of other values are written.
    pub fn to_bytes(&self) -> [u8; 34] {
        let fitting = |total: u64, bits: u32| if total >> bits == 0 { total } else { 0 };
        let mut bytes = [0; 34];
        bytes[0..2].copy_from_slice(&self.min_block_size.to_be_bytes());
        bytes[2..4].copy_from_slice(&self.max_block_size.to_be_bytes());
        let [min, max] =
            [self.min_frame_size, self.max_frame_size].map(|size| fitting(size.into(), 24));
        bytes[4..10].copy_from_slice(&(min << 24 | max).to_be_bytes()[2..]);
        let packed = (u64::from(self.sample_rate) << 44)
            | (u64::from(self.channels.wrapping_sub(1) & 7) << 41)
            | (u64::from(self.bits_per_sample.wrapping_sub(1) & 31) << 36)
            | fitting(self.total_samples, 36);
        bytes[10..18].copy_from_slice(&packed.to_be_bytes());
        bytes[18..34].copy_from_slice(&self.md5);
        bytes
    }
}

/// AAC's AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioSpecificConfig {
    /// The record's bytes.
    pub bytes: Vec<u8>,
    /// Audio object type, the first field: 1 Main, 2 LC, 5 SBR (HE-AAC), 29 PS (HE-AAC v2), …
    pub object_type: u8,
    /// Sample rate of the core coder in Hz: half the stream's rate if SBR doubles it.
    pub core_sample_rate: u32,
    /// 1–7: channels and their order (ISO/IEC 14496-3 table 1.19). 0: a program config element or
    /// the packets contain them.
    pub channel_configuration: u8,
}

/// Block sizes of an ADPCM codec. Each packet is one or more blocks of the same size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdpcmBlocks {
    /// Bytes per block, for all channels.
    pub block_align: u16,
    /// Samples per channel in a block.
    pub samples_per_block: u16,
}

/// ALAC's specific configuration, the "magic cookie".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlacConfig {
    /// Samples per channel in each packet except the last.
    pub frame_length: u32,
    /// Bits per sample: 16, 20, 24 or 32.
    pub bit_depth: u8,
    /// Rice parameters: history multiplier, initial history, and limit of k.
    pub rice: [u8; 3],
    /// Number of channels, 1–8.
    pub channels: u8,
    /// Bytes in the largest packet; 0 if unknown.
    pub max_frame_bytes: u32,
    /// Average bit rate in bits per second; 0 if unknown.
    pub average_bit_rate: u32,
    /// Sample rate in Hz.
    pub sample_rate: u32,
}

impl AlacConfig {
    /// Returns the record's bytes, without a box.
    pub fn to_bytes(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[0..4].copy_from_slice(&self.frame_length.to_be_bytes());
        // Byte 4, the compatible version, is 0.
        bytes[5] = self.bit_depth;
        bytes[6..9].copy_from_slice(&self.rice);
        bytes[9] = self.channels;
        // Maximum run of zeros; all encoders write 255.
        bytes[10..12].copy_from_slice(&255u16.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.max_frame_bytes.to_be_bytes());
        bytes[16..20].copy_from_slice(&self.average_bit_rate.to_be_bytes());
        bytes[20..24].copy_from_slice(&self.sample_rate.to_be_bytes());
        bytes
    }
}

/// Information about the encoder in an MP3's information frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mp3Info {
    /// Rate control method.
    pub rate_control: Mp3RateControl,
    /// Cutoff frequency of the lowpass filter, in Hz.
    pub lowpass: u32,
}

/// Rate control method of an MP3 encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mp3RateControl {
    /// CBR: constant bit rate.
    Constant,
    /// ABR: average bit rate.
    Average,
    /// VBR: variable bit rate at a constant quality from 0 (best) to 9.
    Variable(u8),
}

/// Opus' identification header (RFC 7845 §5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpusHead {
    /// Number of channels, 1–255.
    pub channels: u8,
    /// Priming samples at 48 kHz, which decoders drop.
    pub pre_skip: u16,
    /// Sample rate in Hz of the input before conversion to 48 kHz; only a hint.
    pub input_sample_rate: u32,
    /// Gain that decoders apply, in 1/256 dB.
    pub output_gain: i16,
    /// Assignment of channels to streams. `None` is mapping family 0, one stream of 1 or 2
    /// channels.
    pub mapping: Option<OpusChannelMapping>,
}

/// Assignment of channels to the Opus streams of a packet (RFC 7845 §5.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpusChannelMapping {
    /// 1: up to 8 channels in Vorbis' order; 255: channels without positions.
    pub family: u8,
    /// Number of streams per packet.
    pub streams: u8,
    /// Number of stereo streams, which come first.
    pub coupled: u8,
    /// Index of the decoded channel for each output channel.
    pub indices: Vec<u8>,
}

impl OpusHead {
    /// Returns the header's bytes, the first packet of an Ogg stream.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = b"OpusHead\x01".to_vec();
        bytes.push(self.channels);
        bytes.extend(self.pre_skip.to_le_bytes());
        bytes.extend(self.input_sample_rate.to_le_bytes());
        bytes.extend(self.output_gain.to_le_bytes());
        match &self.mapping {
            None => bytes.push(0),
            Some(mapping) => {
                bytes.extend([mapping.family, mapping.streams, mapping.coupled]);
                bytes.extend(&mapping.indices);
            }
        }
        bytes
    }
}

/// Vorbis' identification and setup headers (Vorbis I §4.2). Containers write the comment header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VorbisHeaders {
    /// Identification header, a complete packet.
    pub identification: Vec<u8>,
    /// Setup header, a complete packet.
    pub setup: Vec<u8>,
}

/// AV1CodecConfigurationRecord (AV1 in ISO BMFF §2.3). Packets are temporal units without their
/// temporal delimiter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Av1Config {
    /// The record's bytes: four bytes, then the sequence header OBU.
    pub bytes: Vec<u8>,
}

impl Av1Config {
    /// Returns the sequence header OBU.
    pub fn sequence_header(&self) -> &[u8] {
        self.bytes.get(4..).unwrap_or_default()
    }
}

/// Text of a WebVTT file before its first cue: the line `WEBVTT`, and blocks of styles, regions and
/// comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebVttHeader {
    /// The text, without empty lines at its end.
    pub text: String,
}

impl Default for WebVttHeader {
    fn default() -> Self {
        Self { text: "WEBVTT".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streaminfo_matches_the_example_of_the_rfc() {
        // RFC 9639 appendix D.1.
        let info = FlacStreamInfo {
            min_block_size: 4096,
            max_block_size: 4096,
            min_frame_size: 15,
            max_frame_size: 15,
            sample_rate: 44_100,
            channels: 2,
            bits_per_sample: 16,
            total_samples: 1,
            md5: [
                0x3e, 0x84, 0xb4, 0x18, 0x07, 0xdc, 0x69, 0x03, 0x07, 0x58, 0x6a, 0x3d, 0xad, 0x1a,
                0x2e, 0x0f,
            ],
        };
        let bytes = info.to_bytes();
        assert_eq!(
            bytes[..18],
            [
                0x10, 0x00, 0x10, 0x00, 0x00, 0x00, 0x0f, 0x00, 0x00, 0x0f, 0x0a, 0xc4, 0x42, 0xf0,
                0x00, 0x00, 0x00, 0x01
            ]
        );
        assert_eq!(bytes[18..], info.md5);
    }

    #[test]
    fn oversized_values_do_not_change_other_fields() {
        let info = FlacStreamInfo {
            min_block_size: 16,
            max_block_size: 16,
            min_frame_size: (1 << 24) - 1,
            max_frame_size: 1 << 24,
            sample_rate: (1 << 20) + 5,
            channels: 9,
            bits_per_sample: 33,
            total_samples: 1 << 36,
            md5: [0; 16],
        };
        let expected = [0, 16, 0, 16, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0x50, 0, 0, 0, 0, 0];
        assert_eq!(info.to_bytes()[..18], expected);
    }

    #[test]
    fn opus_head_has_the_fields_of_the_rfc() {
        // RFC 7845 §5.1: the magic signature, version 1, then little-endian fields.
        let stereo = OpusHead {
            channels: 2,
            pre_skip: 312,
            input_sample_rate: 44_100,
            output_gain: -256,
            mapping: None,
        };
        let bytes = b"OpusHead\x01\x02\x38\x01\x44\xac\x00\x00\x00\xff\x00";
        assert_eq!(stereo.to_bytes(), bytes);
        let mapping = OpusChannelMapping {
            family: 1,
            streams: 4,
            coupled: 2,
            indices: vec![0, 4, 1, 2, 3, 5],
        };
        let surround = OpusHead { channels: 6, mapping: Some(mapping), ..stereo };
        assert_eq!(surround.to_bytes()[18..], [1, 4, 2, 0, 4, 1, 2, 3, 5]);
    }

    #[test]
    fn alac_config_has_the_fields_of_apples_format() {
        let config = AlacConfig {
            frame_length: 4096,
            bit_depth: 24,
            rice: [40, 10, 14],
            channels: 2,
            max_frame_bytes: 0x0102_0304,
            average_bit_rate: 0x0506_0708,
            sample_rate: 48_000,
        };
        let bytes =
            [0, 0, 16, 0, 0, 24, 40, 10, 14, 2, 0, 255, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0xbb, 0x80];
        assert_eq!(config.to_bytes(), bytes);
    }
}
