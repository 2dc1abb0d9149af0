//! Conversion of configuration records from and to FFmpeg's extradata.

use super::{
    AlacConfig, AudioSpecificConfig, Av1Config, CodecRecord, FlacStreamInfo, OpusChannelMapping,
    OpusHead, VorbisHeaders, WebVttHeader,
};
use crate::h264::AvcConfig;
use crate::{CodecId, Error, PixelFormat, Result};

/// Sample rates by index (ISO/IEC 14496-3 table 1.18).
const AAC_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

impl CodecRecord {
    /// Parses FFmpeg's extradata, which MP4 and Matroska store too. For AAC it is an
    /// AudioSpecificConfig, for ALAC the magic cookie, for AV1 `av1C`, for FLAC STREAMINFO, for
    /// H.264 `avcC` with four-byte lengths or the parameter sets as a byte stream, for Opus
    /// OpusHead, for Vorbis the three headers, for WebVTT the header of a file. For
    /// [custom](CodecId::Custom) codecs the bytes are kept. Other codecs have no extradata.
    ///
    /// # Errors
    /// The bytes are not a record of this codec.
    pub fn from_extradata(codec: CodecId, bytes: &[u8]) -> Result<Self> {
        let reject = |what: &str| {
            Error::invalid_data(format!(
                "The extradata of {codec} must be {what}. Found: {} bytes",
                bytes.len()
            ))
        };
        Ok(match codec {
            CodecId::Aac => AudioSpecificConfig::from_bytes(bytes)
                .map(Self::Aac)
                .ok_or_else(|| reject("an AudioSpecificConfig"))?,
            CodecId::Alac => {
                AlacConfig::from_bytes(bytes).map(Self::Alac).ok_or_else(|| reject("its cookie"))?
            }
            CodecId::Av1 => Av1Config::from_bytes(bytes)
                .map(Self::Av1)
                .ok_or_else(|| reject("an AV1CodecConfigurationRecord (av1C)"))?,
            CodecId::Flac => FlacStreamInfo::from_bytes(bytes)
                .map(Self::Flac)
                .ok_or_else(|| reject("a STREAMINFO block"))?,
            CodecId::H264 if bytes.first() == Some(&0) => {
                Self::H264(AvcConfig::from_byte_stream(bytes)?)
            }
            CodecId::H264 => match AvcConfig::from_record(bytes)? {
                (config, 4) => Self::H264(config),
                (_, size) => {
                    return Err(Error::unsupported(format!(
                        "The record of h264 has lengths of {size} bytes. Packets must have 4. Use \
                         AvcConfig::from_record and h264::append_with_four_byte_lengths."
                    )));
                }
            },
            CodecId::Opus => {
                OpusHead::from_bytes(bytes).map(Self::Opus).ok_or_else(|| reject("OpusHead"))?
            }
            CodecId::Vorbis => VorbisHeaders::from_extradata(bytes)
                .map(Self::Vorbis)
                .ok_or_else(|| reject("its three headers, after their sizes"))?,
            CodecId::WebVtt => {
                let text = String::from_utf8(bytes.to_vec()).ok();
                let text = text.filter(|text| text.is_empty() || text.starts_with("WEBVTT"));
                match text.ok_or_else(|| reject("the header of a file"))? {
                    text if text.is_empty() => Self::WebVtt(WebVttHeader::default()),
                    text => Self::WebVtt(WebVttHeader { text }),
                }
            }
            CodecId::Custom(_) if !bytes.is_empty() => Self::Raw(bytes.to_vec()),
            _ if bytes.is_empty() => Self::None,
            _ => return Err(reject("empty")),
        })
    }

    /// Returns the record in the form that [`from_extradata`](Self::from_extradata) parses, or no
    /// bytes.
    ///
    /// # Errors
    /// H.264's parameter sets are invalid.
    pub fn to_extradata(&self) -> Result<Vec<u8>> {
        Ok(match self {
            Self::None | Self::Adpcm(_) | Self::Mp3(_) => Vec::new(),
            Self::Aac(config) => config.bytes.clone(),
            Self::Alac(config) => {
                // FFmpeg includes the box.
                [&36u32.to_be_bytes()[..], b"alac", &[0; 4], &config.to_bytes()].concat()
            }
            Self::Av1(config) => config.bytes.clone(),
            Self::Flac(info) => info.to_bytes().to_vec(),
            Self::H264(config) => config.to_bytes()?,
            Self::Opus(head) => head.to_bytes(),
            Self::Raw(bytes) => bytes.clone(),
            Self::Vorbis(headers) => headers.to_extradata(),
            Self::WebVtt(header) => header.text.clone().into_bytes(),
        })
    }
}

/// Reader of bits, the highest of each byte first.
struct Bits<'a>(&'a [u8], usize);

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let bit = self.0.get(self.1 / 8)? >> (7 - self.1 % 8) & 1;
            (value, self.1) = (value << 1 | u32::from(bit), self.1 + 1);
        }
        Some(value)
    }
}

impl AudioSpecificConfig {
    /// Parses the record. Returns `None` if it is truncated or has a reserved sample rate.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut bits = Bits(bytes, 0);
        let object_type = match bits.take(5)? {
            31 => 32 + bits.take(6)?,
            object_type => object_type,
        };
        let core_sample_rate = match bits.take(4)? {
            15 => bits.take(24)?,
            index => *AAC_RATES.get(index as usize)?,
        };
        let channel_configuration = bits.take(4)? as u8;
        let object_type = object_type as u8;
        Some(Self { bytes: bytes.to_vec(), object_type, core_sample_rate, channel_configuration })
    }

    /// Parses the header of an ADTS frame (ISO/IEC 14496-3 §1.A.2.2). Returns the configuration and
    /// the size of the header. AAC packets are frames without this header.
    ///
    /// # Errors
    /// The bytes are not one ADTS frame with one block and a channel configuration.
    pub fn from_adts(frame: &[u8]) -> Result<(Self, usize)> {
        let read = || {
            let mut bits = Bits(frame, 0);
            let is_sync = bits.take(12)? == 0xfff;
            bits.take(3)?;
            let has_no_check = bits.take(1)? == 1;
            let (profile, rate) = (bits.take(2)?, bits.take(4)?);
            bits.take(1)?;
            let channels = bits.take(3)?;
            bits.take(4)?;
            let length = bits.take(13)? as usize;
            bits.take(11)?;
            let more_blocks = bits.take(2)?;
            let header = if has_no_check { 7 } else { 9 };
            let core_sample_rate = *AAC_RATES.get(rate as usize)?;
            let is_one = is_sync && channels > 0 && more_blocks == 0;
            (is_one && length >= header && length == frame.len()).then_some(())?;
            let object_type = profile as u8 + 1;
            let fields = (profile + 1) << 11 | rate << 7 | channels << 3;
            let bytes = (fields as u16).to_be_bytes().to_vec();
            let channel_configuration = channels as u8;
            let config = Self { bytes, object_type, core_sample_rate, channel_configuration };
            Some((config, header))
        };
        read().ok_or_else(|| {
            Error::invalid_data(
                "The data is not an ADTS frame with one block and a channel configuration.",
            )
        })
    }
}

impl AlacConfig {
    /// Parses the cookie, with or without its box. Returns `None` if it is truncated.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = if bytes.get(4..8) == Some(b"alac") { bytes.get(12..)? } else { bytes };
        let bytes: &[u8; 24] = bytes.first_chunk()?;
        let number = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|i| bytes[at + i]));
        Some(Self {
            frame_length: number(0),
            bit_depth: bytes[5],
            rice: [bytes[6], bytes[7], bytes[8]],
            channels: bytes[9],
            max_frame_bytes: number(12),
            average_bit_rate: number(16),
            sample_rate: number(20),
        })
    }
}

impl FlacStreamInfo {
    /// Parses the block, with or without its header and the file's marker. Returns `None` if
    /// truncated.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(b"fLaC").unwrap_or(bytes);
        let bytes = if bytes.len() > 34 { bytes.get(4..)? } else { bytes };
        let bytes: &[u8; 34] = bytes.first_chunk()?;
        let mut bits = Bits(bytes, 0);
        Some(Self {
            min_block_size: bits.take(16)? as u16,
            max_block_size: bits.take(16)? as u16,
            min_frame_size: bits.take(24)?,
            max_frame_size: bits.take(24)?,
            sample_rate: bits.take(20)?,
            channels: bits.take(3)? as u8 + 1,
            bits_per_sample: bits.take(5)? as u8 + 1,
            total_samples: u64::from(bits.take(4)?) << 32 | u64::from(bits.take(32)?),
            md5: *bytes.last_chunk()?,
        })
    }
}

impl OpusHead {
    /// Parses the header (RFC 7845 §5.1). Returns `None` if it is truncated or has another version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(b"OpusHead")?;
        let &[version, channels, p0, p1, r0, r1, r2, r3, g0, g1, family, ref rest @ ..] = bytes
        else {
            return None;
        };
        (version < 16 && channels > 0).then_some(())?;
        let mapping = match family {
            0 => None,
            family => {
                let (&[streams, coupled], indices) = rest.split_first_chunk()?;
                let indices = indices.get(..channels.into())?.to_vec();
                Some(OpusChannelMapping { family, streams, coupled, indices })
            }
        };
        Some(Self {
            channels,
            pre_skip: u16::from_le_bytes([p0, p1]),
            input_sample_rate: u32::from_le_bytes([r0, r1, r2, r3]),
            output_gain: i16::from_le_bytes([g0, g1]),
            mapping,
        })
    }
}

impl Av1Config {
    /// Parses the record. Returns `None` if it is truncated or has another version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= 4 && bytes[0] == 0x81).then(|| Self { bytes: bytes.to_vec() })
    }

    /// Returns the pixel format that the record states, or `None` if [`PixelFormat`] does not
    /// support it.
    pub fn pixel_format(&self) -> Option<PixelFormat> {
        let &flags = self.bytes.get(2)?;
        let [high_bitdepth, twelve_bit, monochrome, subsampling_x, subsampling_y] =
            [6, 5, 4, 3, 2].map(|bit| flags >> bit & 1 == 1);
        Some(match (monochrome, subsampling_x, subsampling_y, high_bitdepth, twelve_bit) {
            (true, .., false, _) => PixelFormat::Gray8,
            (true, .., true, false) => PixelFormat::Gray10Le,
            (true, .., true, true) => PixelFormat::Gray12Le,
            (_, true, true, false, _) => PixelFormat::Yuv420p,
            (_, true, true, true, false) => PixelFormat::Yuv420p10Le,
            (_, true, true, true, true) => PixelFormat::Yuv420p12Le,
            (_, true, false, false, _) => PixelFormat::Yuv422p,
            (_, true, false, true, false) => PixelFormat::Yuv422p10Le,
            (_, false, false, false, _) => PixelFormat::Yuv444p,
            (_, false, false, true, false) => PixelFormat::Yuv444p10Le,
            _ => return None,
        })
    }
}

impl VorbisHeaders {
    /// Parses the three headers in Xiph lacing. Returns `None` if they are invalid.
    pub fn from_extradata(bytes: &[u8]) -> Option<Self> {
        let (&2, mut rest) = bytes.split_first()? else { return None };
        let mut length = || {
            let mut length = 0;
            loop {
                let (byte, after) = rest.split_first()?;
                rest = after;
                length += usize::from(*byte);
                if *byte < 255 {
                    return Some(length);
                }
            }
        };
        let (first, second) = (length()?, length()?);
        let (identification, rest) = rest.split_at_checked(first)?;
        let (_, setup) = rest.split_at_checked(second)?;
        let is_header = |bytes: &[u8], kind: u8| {
            bytes.first() == Some(&kind) && bytes.get(1..7) == Some(b"vorbis")
        };
        (is_header(identification, 1) && is_header(setup, 5))
            .then(|| Self { identification: identification.to_vec(), setup: setup.to_vec() })
    }

    /// Returns the headers in Xiph lacing, with an empty comment header.
    pub fn to_extradata(&self) -> Vec<u8> {
        // No vendor, no comments, and the framing bit (Vorbis I §5.2.1).
        let comment = b"\x03vorbis\0\0\0\0\0\0\0\0\x01";
        let mut bytes = vec![2];
        for length in [self.identification.len(), comment.len()] {
            bytes.extend(std::iter::repeat_n(255, length / 255));
            bytes.push((length % 255) as u8);
        }
        [&bytes[..], &self.identification, comment, &self.setup].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(codec: CodecId, extradata: &[u8]) -> CodecRecord {
        let record = CodecRecord::from_extradata(codec, extradata).unwrap();
        assert_eq!(record.to_extradata().unwrap(), extradata, "{codec}");
        for length in 0..extradata.len() {
            // No truncation panics.
            let _ = CodecRecord::from_extradata(codec, &extradata[..length]);
        }
        record
    }

    #[test]
    fn records_round_trip() {
        let aac = round_trip(CodecId::Aac, &[0x12, 0x10, 0x56, 0xe5, 0]);
        let CodecRecord::Aac(config) = aac else { panic!() };
        assert_eq!((config.object_type, config.core_sample_rate), (2, 44_100));
        assert_eq!(config.channel_configuration, 2);
        let opus =
            b"OpusHead\x01\x06\x38\x01\x44\xac\0\0\x00\xff\x01\x04\x02\0\x04\x01\x02\x03\x05";
        let CodecRecord::Opus(head) = round_trip(CodecId::Opus, opus) else { panic!() };
        assert_eq!(
            (head.pre_skip, head.output_gain, head.mapping.unwrap().coupled),
            (312, -256, 2)
        );
        let flac = [
            0x10, 0x00, 0x10, 0x00, 0x00, 0x00, 0x0f, 0x00, 0x00, 0x0f, 0x0a, 0xc4, 0x42, 0xf0,
            0x00, 0x00, 0x00, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
        ];
        let CodecRecord::Flac(info) = round_trip(CodecId::Flac, &flac) else { panic!() };
        assert_eq!((info.sample_rate, info.channels, info.bits_per_sample), (44_100, 2, 16));
        assert_eq!((info.total_samples, info.md5[15]), (1, 16));
        let whole = [&b"fLaC\x80\0\0\x22"[..], &flac].concat();
        assert_eq!(FlacStreamInfo::from_bytes(&whole), Some(info));
        let cookie = [
            &[0, 0, 0, 36][..],
            b"alac\0\0\0\0",
            &[0, 0, 16, 0, 0, 24, 40, 10, 14, 2, 0, 255],
            &[1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0xbb, 0x80],
        ]
        .concat();
        let CodecRecord::Alac(config) = round_trip(CodecId::Alac, &cookie) else { panic!() };
        assert_eq!((config.bit_depth, config.sample_rate), (24, 48_000));
        assert_eq!(AlacConfig::from_bytes(&cookie[12..]), Some(config));
        round_trip(CodecId::Av1, &[0x81, 0, 0x0c, 0, 0x0a, 1]);
        round_trip(
            CodecId::H264,
            &[1, 66, 0, 31, 0xff, 0xe1, 0, 4, 0x67, 66, 0, 31, 1, 0, 1, 0x68],
        );
        let headers = VorbisHeaders {
            identification: [b"\x01vorbis".to_vec(), vec![7; 300]].concat(),
            setup: b"\x05vorbis123".to_vec(),
        };
        let vorbis = round_trip(CodecId::Vorbis, &headers.to_extradata());
        assert_eq!(vorbis, CodecRecord::Vorbis(headers));
        round_trip(CodecId::Mp3, &[]);
    }

    #[test]
    fn error_names_the_expected_record() {
        for (codec, bytes) in [
            (CodecId::Aac, &[][..]),
            (CodecId::Opus, b"OpusTags"),
            (CodecId::Av1, &[0x82, 0, 0, 0]),
            (CodecId::H264, &[0, 0, 0, 1, 0x67, 66]),
            (CodecId::H264, &[2, 0, 0]),
            (CodecId::Mp3, &[1]),
        ] {
            let error = CodecRecord::from_extradata(codec, bytes).unwrap_err().to_string();
            assert!(error.len() > 30, "{codec}: {error}");
        }
        let short = [1, 66, 0, 31, 0xfd, 0xe1, 0, 4, 0x67, 66, 0, 31, 1, 0, 1, 0x68];
        let error = CodecRecord::from_extradata(CodecId::H264, &short).unwrap_err().to_string();
        assert!(error.contains("lengths of 2 bytes"), "{error}");
    }

    #[test]
    fn reads_configuration_from_adts_headers() {
        // LC, 44.1 kHz, 2 channels, 10 bytes with a header of 7.
        let frame = [0xff, 0xf1, 0x50, 0x80, 0x01, 0x5f, 0xfc, 1, 2, 3];
        let (config, header) = AudioSpecificConfig::from_adts(&frame).unwrap();
        assert_eq!((header, &config.bytes[..]), (7, &[0x12, 0x10][..]));
        assert_eq!(Some(&config), AudioSpecificConfig::from_bytes(&config.bytes).as_ref());
        for wrong in [&frame[..9], &frame[..6], &frame[1..]] {
            assert!(AudioSpecificConfig::from_adts(wrong).is_err());
        }
    }
}
