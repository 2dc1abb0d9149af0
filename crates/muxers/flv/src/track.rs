//! Streams, and the bodies of their tags.

use reelwright_core::{
    AudioParameters, CodecId, CodecRecord, Error, Result, StreamParameters, TimeBase, helpers::list,
};

use crate::options::Flags;
use crate::tag::TagKind;

/// Audio codecs; the first is the default.
pub(crate) const AUDIO_CODECS: &[CodecId] = &[
    CodecId::Aac,
    CodecId::Mp3,
    CodecId::Opus,
    CodecId::Flac,
    CodecId::PcmS16Le,
    CodecId::PcmU8,
    CodecId::PcmALaw,
    CodecId::PcmMuLaw,
];

/// Sample rates of PCM by `SoundRate` (§E.4.2.1). The first is 5.5 kHz.
const PCM_RATES: [u32; 4] = [5512, 11_025, 22_050, 44_100];
/// Sample rate of G.711, which the tag does not state.
const G711_RATE: u32 = 8000;
/// Sample rates of MP3 in Adobe's tags, and their `SoundRate`. The frames state the exact rate.
const MP3_RATES: [(u32, u8); 4] = [(11_025, 1), (22_050, 2), (44_100, 3), (48_000, 3)];

/// Form of a stream's tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Audio whose tags have one byte before the samples or frame.
    Sound(u8),
    /// AAC in Adobe's tags.
    Aac,
    /// H.264 in Adobe's tags.
    Avc,
    /// Enhanced tags with a FourCC.
    Enhanced([u8; 4]),
}

/// Packet types of enhanced tags. Those of AAC and H.264 in Adobe's tags have the same numbers up
/// to [`SEQUENCE_END`].
pub(crate) const SEQUENCE_START: u8 = 0;
pub(crate) const CODED_FRAMES: u8 = 1;
pub(crate) const SEQUENCE_END: u8 = 2;
pub(crate) const MULTICHANNEL_CONFIG: u8 = 4;
const AUDIO_MULTITRACK: u8 = 5;
const VIDEO_MULTITRACK: u8 = 6;
/// First half of the first byte of enhanced audio tags.
const ENHANCED_SOUND: u8 = 9 << 4;
/// Bit in the first byte of enhanced video tags.
const ENHANCED_VIDEO: u8 = 0x80;

/// A stream.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) kind: TagKind,
    pub(crate) form: Form,
    /// Number among the streams of the kind. Tags state it from the second on.
    pub(crate) number: u8,
    pub(crate) codec: CodecId,
    pub(crate) time_base: TimeBase,
    /// Configuration of the decoder, for the first tag.
    pub(crate) configuration: Option<Vec<u8>>,
    /// Channels of enhanced audio, for the second tag.
    pub(crate) channels: Option<Vec<u8>>,
    /// Samples per second, or 0 for video.
    pub(crate) sample_rate: u32,
    /// Bytes of a block that packets cannot divide.
    pub(crate) block: usize,
}

impl Track {
    /// # Errors
    /// Fails if FLV cannot store the stream.
    pub(crate) fn new(stream: &StreamParameters, number: usize, flags: Flags) -> Result<Self> {
        let track_number = u8::try_from(number).map_err(|_| {
            Error::unsupported(format!(
                "flv supports at most 256 streams of a kind. Found: {}",
                number + 1
            ))
        })?;
        let mut track = Self {
            kind: TagKind::Video,
            form: Form::Avc,
            number: track_number,
            codec: stream.codec,
            time_base: stream.time_base,
            configuration: None,
            channels: None,
            sample_rate: 0,
            block: 1,
        };
        match (stream.audio(), stream.video()) {
            (Some(audio), _) => track.audio(stream, audio, flags)?,
            (_, Some(_)) => track.video(stream)?,
            _ => return Err(not_supported(stream.codec, &[])),
        }
        Ok(track)
    }

    fn video(&mut self, stream: &StreamParameters) -> Result<()> {
        let (four_cc, configuration) = match (stream.codec, &stream.record) {
            (CodecId::H264, CodecRecord::H264(config)) => (*b"avc1", config.to_bytes()?),
            (CodecId::Av1, CodecRecord::Av1(config)) => (*b"av01", config.bytes.clone()),
            (codec @ (CodecId::H264 | CodecId::Av1), _) => return Err(no_record(codec)),
            (codec, _) => return Err(not_supported(codec, &[CodecId::H264, CodecId::Av1])),
        };
        self.configuration = Some(configuration);
        self.form = match stream.codec {
            CodecId::H264 if self.number == 0 => Form::Avc,
            _ => Form::Enhanced(four_cc),
        };
        Ok(())
    }

    fn audio(
        &mut self,
        stream: &StreamParameters,
        audio: &AudioParameters,
        flags: Flags,
    ) -> Result<()> {
        let (codec, rate) = (stream.codec, audio.format.sample_rate);
        let channels = audio.format.layout.channels();
        self.kind = TagKind::Audio;
        self.sample_rate = rate;
        self.form = match codec {
            CodecId::Aac => {
                self.configuration = Some(aac(stream, audio, flags)?);
                if self.number == 0 { Form::Aac } else { Form::Enhanced(*b"mp4a") }
            }
            CodecId::Mp3 => {
                let found = MP3_RATES.iter().find(|(known, _)| *known == rate);
                match found.filter(|_| self.number == 0 && channels <= 2) {
                    Some((_, code)) => Form::Sound(2 << 4 | code << 2 | 2 | stereo(channels)),
                    None => Form::Enhanced(*b".mp3"),
                }
            }
            CodecId::Opus => {
                let CodecRecord::Opus(head) = &stream.record else { return Err(no_record(codec)) };
                self.configuration = Some(head.to_bytes());
                Form::Enhanced(*b"Opus")
            }
            CodecId::Flac => {
                let CodecRecord::Flac(info) = &stream.record else { return Err(no_record(codec)) };
                self.configuration = Some(info.to_bytes().to_vec());
                Form::Enhanced(*b"fLaC")
            }
            CodecId::PcmS16Le | CodecId::PcmU8 | CodecId::PcmALaw | CodecId::PcmMuLaw => {
                self.block = channels * codec.bytes_per_sample().unwrap_or(1);
                self.pcm(rate, channels)?
            }
            codec => return Err(not_supported(codec, AUDIO_CODECS)),
        };
        if matches!(self.form, Form::Enhanced(_)) {
            // The channels of 8 bits exceed every layout.
            let mask = audio.format.layout.mask();
            let order = if mask.is_some() { 1 } else { 0 };
            let mut config = vec![order, u8::try_from(channels).unwrap_or(u8::MAX)];
            config.extend(mask.into_iter().flat_map(u32::to_be_bytes));
            self.channels = Some(config);
        }
        Ok(())
    }

    fn pcm(&self, rate: u32, channels: usize) -> Result<Form> {
        let codec = self.codec;
        if self.number > 0 {
            let others = [CodecId::Aac, CodecId::Mp3, CodecId::Opus, CodecId::Flac];
            return Err(Error::unsupported(format!(
                "flv supports {codec} only in the first audio stream. Supported codecs of further \
                 ones are {}.",
                list(others)
            )));
        }
        if !(1..=2).contains(&channels) {
            return Err(Error::unsupported(format!(
                "flv supports {codec} with 1 or 2 channels. Found: {channels}"
            )));
        }
        let (format, rates): (u8, &[u32]) = match codec {
            CodecId::PcmALaw => (7, &[G711_RATE]),
            CodecId::PcmMuLaw => (8, &[G711_RATE]),
            _ => (3, &PCM_RATES),
        };
        let Some(code) = rates.iter().position(|known| *known == rate) else {
            return Err(Error::unsupported(format!(
                "flv supports {codec} at {} Hz. Found: {rate} Hz. Set one of these rates, or use \
                 aac or flac.",
                list(rates)
            )));
        };
        let has_16_bits = u8::from(codec != CodecId::PcmU8);
        Ok(Form::Sound(format << 4 | (code as u8) << 2 | has_16_bits << 1 | stereo(channels)))
    }

    /// Returns the value of `videocodecid` or `audiocodecid`.
    pub(crate) fn codec_id(&self) -> f64 {
        match self.form {
            Form::Sound(byte) => f64::from(byte >> 4),
            Form::Aac => 10.0,
            Form::Avc => 7.0,
            Form::Enhanced(four_cc) => f64::from(u32::from_be_bytes(four_cc)),
        }
    }

    /// Appends the start of a tag's body. `offset` is the distance of the pts from the dts in
    /// milliseconds, which only video has.
    pub(crate) fn begin_body(
        &self,
        out: &mut Vec<u8>,
        packet_type: u8,
        is_keyframe: bool,
        offset: i32,
    ) {
        let frame_type = if is_keyframe { 1 << 4 } else { 2 << 4 };
        let offset_bytes = &offset.to_be_bytes()[1..];
        match self.form {
            Form::Sound(byte) => out.push(byte),
            // 44 kHz, 16 bits and stereo, whatever the configuration says (§E.4.2.1).
            Form::Aac => out.extend([10 << 4 | 15, packet_type]),
            Form::Avc => {
                out.extend([frame_type | 7, packet_type]);
                out.extend(offset_bytes);
            }
            Form::Enhanced(four_cc) => {
                let (first, multitrack) = match self.kind {
                    TagKind::Audio => (ENHANCED_SOUND, AUDIO_MULTITRACK),
                    _ => (ENHANCED_VIDEO | frame_type, VIDEO_MULTITRACK),
                };
                match self.number {
                    0 => out.push(first | packet_type),
                    // The second byte says that the tag has one track.
                    _ => out.extend([first | multitrack, packet_type]),
                }
                out.extend(four_cc);
                if self.number > 0 {
                    out.push(self.number);
                }
                if four_cc == *b"avc1" && packet_type == CODED_FRAMES {
                    out.extend(offset_bytes);
                }
            }
        }
    }

    /// Returns the bytes of a packet that a tag holds.
    pub(crate) fn payload<'a>(&self, data: &'a [u8], flags: Flags) -> &'a [u8] {
        if self.codec == CodecId::Aac
            && flags.detects_aac
            && let Ok((_, header)) = reelwright_core::AudioSpecificConfig::from_adts(data)
        {
            return &data[header..];
        }
        data
    }
}

const fn stereo(channels: usize) -> u8 {
    if channels == 2 { 1 } else { 0 }
}

fn not_supported(codec: CodecId, supported: &[CodecId]) -> Error {
    let supported =
        if supported.is_empty() { "audio and video".to_owned() } else { list(supported) };
    Error::unsupported(format!("flv does not support {codec}. Supported values are {supported}."))
}

fn no_record(codec: CodecId) -> Error {
    Error::unsupported(format!(
        "flv requires the configuration record of {codec}, which the stream does not have. Set it, \
         for example with CodecRecord::from_extradata."
    ))
}

/// Returns the AudioSpecificConfig of a stream.
fn aac(stream: &StreamParameters, audio: &AudioParameters, flags: Flags) -> Result<Vec<u8>> {
    if let CodecRecord::Aac(config) = &stream.record {
        return Ok(config.bytes.clone());
    }
    if !flags.detects_aac {
        return Err(Error::unsupported(
            "flv requires the AudioSpecificConfig of aac, which the stream does not have. Set it, \
             or pass flvflags=aac_seq_header_detect for AAC-LC.",
        ));
    }
    /// Sample rates by index (ISO/IEC 14496-3 table 1.18).
    const RATES: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8_000, 7_350,
    ];
    let (rate, channels) = (audio.format.sample_rate, audio.format.layout.channels());
    let index = RATES.iter().position(|known| *known == rate).ok_or_else(|| {
        Error::unsupported(format!(
            "aac_seq_header_detect supports sample rates of {} Hz. Found: {rate} Hz",
            list(RATES)
        ))
    })?;
    let configuration = match channels {
        1..=6 => channels as u16,
        8 => 7,
        _ => {
            return Err(Error::unsupported(format!(
                "aac_seq_header_detect supports 1 to 6 and 8 channels. Found: {channels}"
            )));
        }
    };
    // Object type 2 is AAC-LC. The three flags after the channels are 0.
    Ok((2 << 11 | (index as u16) << 7 | configuration << 3).to_be_bytes().to_vec())
}
