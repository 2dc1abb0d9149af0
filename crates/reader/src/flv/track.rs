//! Tracks: codecs, configurations and packets.

use reelwright_core::{ChannelLayout, CodecId, TimeBase};
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_OPUS,
};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};

use super::tags::TagCodec;
use crate::aac_config::AacConfig;
use crate::channels::{codec_layout, positions};
use crate::flac::{StreamInfo, blocks};
use crate::h264::Sps;
use crate::mpeg_audio::frame_format;
use crate::ogg::{flac_block, opus_duration};
use crate::packet::{Codec, Kind, Packet, Track};
use crate::pcm::{PcmFormat, PcmKind};

/// Nanoseconds of a unit of the file's times.
const MILLISECOND: u64 = 1_000_000;
/// Maximum difference of stated times and the ends of packets in milliseconds, before it is a gap.
const MAX_JITTER: i64 = 10;
/// Sample rates of PCM by the number in its tags.
const PCM_RATES: [u32; 4] = [5512, 11_025, 22_050, 44_100];

/// Number of audio frames in a packet.
#[derive(Debug, Clone, Copy)]
enum Timing {
    Bytes(usize),
    Fixed(u64),
    Mp3,
    Opus,
    Flac(u64),
    Unknown,
}

/// A track and the state of its packets.
#[derive(Debug, Clone)]
pub(super) struct TrackReader {
    pub(super) info: Track,
    pub(super) number: u8,
    codec: TagCodec,
    timing: Timing,
    /// Configuration of the next packets, and true if it has changed.
    configuration: Vec<u8>,
    is_changed: bool,
    /// True if tags before the next packet were lost.
    pub(super) is_lost: bool,
    /// Samples that decoders drop at the start, if the file states them.
    priming: i64,
    /// True if the next packet is placed by the priming.
    is_early: bool,
    /// Position after the last audio packet.
    end: Option<i64>,
    /// End of the file in samples of this audio track, if the metadata states it.
    pub(super) stated_end: Option<i64>,
}

impl TrackReader {
    /// Creates a track from its first tag.
    pub(super) fn new(kind: Kind, number: u8, codec: TagCodec) -> Self {
        let millis = TimeBase::from_sample_rate(1000).expect("it is positive");
        Self {
            info: Track::new(0, kind, &name(kind, codec), millis),
            number,
            codec,
            timing: Timing::Unknown,
            configuration: Vec::new(),
            is_changed: false,
            is_lost: false,
            priming: 0,
            is_early: false,
            end: None,
            stated_end: None,
        }
    }

    /// Returns true if the decoder of the codec has been configured, or the codec is not supported.
    pub(super) fn is_ready(&self) -> bool {
        self.info.decoder.is_some() || !is_supported(self.info.kind, self.codec)
    }

    /// Sets the configuration from a tag of this track.
    pub(super) fn configure(&mut self, data: &[u8]) {
        if self.configuration == data {
            return;
        }
        self.is_changed = !self.configuration.is_empty();
        self.configuration = data.to_vec();
        let is_first = self.info.decoder.is_none();
        let (decoder, priming) = match self.info.codec.as_str() {
            "h264" => (self.h264(data), 0),
            "av1" => (Some(Codec::Av1(data.to_vec())), 0),
            "aac" => (self.aac(data), 0),
            "opus" => {
                let skip = data.get(10..12).map_or(0, |s| u16::from_le_bytes([s[0], s[1]]));
                (self.opus(data), i64::from(skip))
            }
            "flac" => (self.flac(data), 0),
            _ => (None, 0),
        };
        if let Some(decoder) = decoder {
            self.info.decoder = Some(decoder);
            if is_first && priming > 0 {
                self.priming = priming;
            }
        }
    }

    fn h264(&mut self, record: &[u8]) -> Option<Codec> {
        let (config, _) = reelwright_core::AvcConfig::from_record(record).ok()?;
        if let Some(sps) = Sps::new(&config.sps) {
            self.info.video.size = self.info.video.size.or(sps.size);
            self.info.video.sample_aspect_ratio = sps.sample_aspect_ratio;
        }
        Some(Codec::H264(Some(record.to_vec())))
    }

    /// Sets the audio's properties, and returns the decoder.
    fn coded(
        &mut self,
        id: AudioCodecId,
        rate: u32,
        layout: Option<ChannelLayout>,
        extra: &[u8],
        timing: Timing,
    ) -> Option<Codec> {
        let time_base = TimeBase::from_sample_rate(rate).ok()?;
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(id).with_sample_rate(rate);
        if let Some(channels) = layout.and_then(positions) {
            parameters.with_channels(channels);
        }
        if !extra.is_empty() {
            parameters.with_extra_data(extra.into());
        }
        self.set_audio(rate, layout, time_base, timing);
        Some(Codec::Symphonia(Box::new(parameters)))
    }

    fn set_audio(
        &mut self,
        rate: u32,
        layout: Option<ChannelLayout>,
        time_base: TimeBase,
        timing: Timing,
    ) {
        // A change of the rate is an error of the decoder, in the time base of the start.
        if self.info.audio.sample_rate.is_none() {
            self.info.time_base = time_base;
            self.info.audio.sample_rate = Some(rate);
            self.info.audio.layout = layout;
            self.info.audio.rounding = Some(MILLISECOND);
        }
        self.timing = timing;
    }

    fn aac(&mut self, config: &[u8]) -> Option<Codec> {
        let AacConfig { sample_rate, layout, .. } = AacConfig::new(config)?;
        self.coded(CODEC_ID_AAC, sample_rate, Some(layout), config, Timing::Fixed(1024))
    }

    fn opus(&mut self, head: &[u8]) -> Option<Codec> {
        let channels = usize::from(*head.strip_prefix(b"OpusHead")?.get(1)?);
        let layout = codec_layout("opus", channels);
        self.coded(CODEC_ID_OPUS, 48_000, layout, head, Timing::Opus)
    }

    fn flac(&mut self, data: &[u8]) -> Option<Codec> {
        // Some writers include the marker of a file, and the header of the block.
        let data = data.strip_prefix(b"fLaC").unwrap_or(data);
        let info = if data.len() > 34 { blocks(data).0 } else { StreamInfo::new(data) }?;
        let layout = match self.info.audio.layout {
            Some(layout) if layout.channels() == info.channels => Some(layout),
            _ => codec_layout("flac", info.channels),
        };
        self.info.audio.bits = Some(info.bits);
        let timing = Timing::Flac(info.block);
        self.coded(CODEC_ID_FLAC, info.sample_rate, layout, &info.bytes, timing)
    }

    /// Sets the channels of enhanced audio.
    pub(super) fn set_channels(&mut self, data: &[u8]) {
        // In an order that the mask states. Other orders have no mask.
        let &[1, count, a, b, c, d, ..] = data else { return };
        let layout = ChannelLayout::from_mask(u32::from_be_bytes([a, b, c, d])).ok();
        let Some(layout) = layout.filter(|layout| layout.channels() == usize::from(count)) else {
            return;
        };
        let known = self.info.audio.layout.map(ChannelLayout::channels);
        // AAC and Opus state their channels themselves.
        if self.info.codec == "flac" && known.is_none_or(|known| known == layout.channels()) {
            self.info.audio.layout = Some(layout);
            if let (Some(Codec::Symphonia(parameters)), Some(channels)) =
                (&mut self.info.decoder, positions(layout))
            {
                parameters.with_channels(channels);
            }
        }
    }

    /// Describes a codec without configuration by its first frame.
    fn describe(&mut self, frame: &[u8]) {
        if self.info.decoder.is_some() || self.info.kind != Kind::Audio {
            return;
        }
        if self.info.codec == "mp3" {
            let Some((rate, channels, _)) = frame_format(frame) else { return };
            let layout = codec_layout("mp3", channels.into());
            self.info.decoder = self.coded(CODEC_ID_MP3, rate, layout, &[], Timing::Mp3);
            return;
        }
        let TagCodec::Number(number, flags) = self.codec else { return };
        let (kind, bytes, rate) = match number {
            7 => (PcmKind::ALaw, 1, 8000),
            8 => (PcmKind::MuLaw, 1, 8000),
            0 | 3 if flags & 2 == 0 => (PcmKind::Unsigned, 1, PCM_RATES[usize::from(flags >> 2)]),
            0 | 3 => (PcmKind::Signed, 2, PCM_RATES[usize::from(flags >> 2)]),
            _ => return,
        };
        let channels = usize::from(flags & 1) + 1;
        let layout = ChannelLayout::default_for(channels).ok();
        if let (Some(format), Ok(unit)) =
            (PcmFormat::new(kind, bytes, false), TimeBase::from_sample_rate(rate))
        {
            self.set_audio(rate, layout, unit, Timing::Bytes(bytes * channels));
            self.info.audio.bits = Some(format.bits());
            self.info.decoder = Some(Codec::Pcm(format));
        }
    }

    /// Sets the priming of the first audio track in seconds, which only the metadata states.
    pub(super) fn set_delay(&mut self, seconds: f64) {
        let rate = self.info.audio.sample_rate.unwrap_or(0);
        if self.info.codec != "opus" && (0.0..1.0).contains(&seconds) {
            self.priming = (seconds * f64::from(rate)).round() as i64;
        }
    }

    /// Returns the priming in milliseconds.
    pub(super) fn priming_millis(&self) -> i64 {
        match self.info.audio.sample_rate {
            Some(rate) if rate > 0 => {
                (2000 * self.priming + i64::from(rate)) / (2 * i64::from(rate))
            }
            _ => 0,
        }
    }

    /// Returns true if a frame belongs to this track.
    pub(super) fn has_codec(&self, codec: TagCodec) -> bool {
        match (self.codec, codec) {
            // Some writers state other rates in the tags of each frame.
            (TagCodec::Number(known, _), TagCodec::Number(number, _)) => known == number,
            _ => self.codec == codec,
        }
    }

    /// Looks at the first frame of the track.
    pub(super) fn begin(&mut self, frame: &[u8]) {
        self.describe(frame);
    }

    /// Places the first packet before time 0, where tags have no times, if it has priming. Writers
    /// that begin with another stream give it time 0.
    pub(super) fn begin_with_priming(&mut self) {
        if self.info.kind == Kind::Audio && self.priming > 0 && self.end.is_none() {
            self.is_early = true;
        }
    }

    /// Removes the padding from the last packet: the part after the end of the file.
    pub(super) fn cut_last(&self, packet: &mut Packet) {
        let end = packet.pts.saturating_add_unsigned(packet.duration);
        if let Some(stated) = self.stated_end
            && (packet.pts + 1..end).contains(&stated)
        {
            packet.window.end = stated;
        }
    }

    /// Returns a packet. `dts` and `pts` are in milliseconds.
    pub(super) fn packet(
        &mut self,
        data: &[u8],
        dts: i64,
        pts: i64,
        is_keyframe: bool,
    ) -> Option<Packet> {
        if data.is_empty() {
            return None;
        }
        let mut packet = Packet::new(data.to_vec(), pts, 0);
        if self.info.kind == Kind::Audio {
            let rate = i64::from(self.info.audio.sample_rate?);
            let stated = (2 * pts.saturating_mul(rate) + 1000).div_euclid(2000);
            // The times of the file are rounded. Packets follow each other without gaps.
            let expected = self.end.unwrap_or(-self.priming);
            let jitter = if self.end.is_some() { MAX_JITTER } else { 1 };
            let is_near = stated.saturating_sub(expected).abs() <= jitter * rate / 1000 + 1;
            let is_early = std::mem::take(&mut self.is_early);
            packet.pts = if is_near || is_early { expected } else { stated };
            packet.duration = match self.timing {
                Timing::Bytes(bytes) => (data.len() / bytes.max(1)) as u64,
                Timing::Fixed(samples) => samples,
                Timing::Mp3 => frame_format(data).map_or(1152, |(.., samples)| samples.into()),
                Timing::Opus => opus_duration(data),
                Timing::Flac(block) => flac_block(data).unwrap_or(block),
                Timing::Unknown => 0,
            };
            self.end = Some(packet.pts.saturating_add_unsigned(packet.duration));
            packet.window = 0..i64::MAX;
        } else {
            packet.is_sync = is_keyframe;
            packet.dts = Some(dts);
            packet.is_discontinuous = self.is_lost;
        }
        self.is_lost = false;
        if std::mem::take(&mut self.is_changed) {
            packet.is_discontinuous = true;
            packet.config = self.info.decoder.clone().map(Box::new);
        }
        Some(packet)
    }
}

/// Returns FFmpeg's name of a codec, or its number or FourCC.
fn name(kind: Kind, codec: TagCodec) -> String {
    let known = match (kind, codec) {
        (Kind::Audio, TagCodec::Number(number, flags)) => match number {
            0 | 3 if flags & 2 == 0 => CodecId::PcmU8.name(),
            0 | 3 => CodecId::PcmS16Le.name(),
            1 => "adpcm_swf",
            2 | 14 => "mp3",
            4..=6 => "nellymoser",
            7 => CodecId::PcmALaw.name(),
            8 => CodecId::PcmMuLaw.name(),
            10 => "aac",
            11 => "speex",
            number => return format!("audio codec {number}"),
        },
        (_, TagCodec::Number(number, _)) => match number {
            2 => "flv1",
            3 => "flashsv",
            4 => "vp6f",
            5 => "vp6a",
            6 => "flashsv2",
            7 => "h264",
            12 => "hevc",
            number => return format!("video codec {number}"),
        },
        (_, TagCodec::FourCc(four_cc)) => match &four_cc {
            b"av01" => "av1",
            b"avc1" => "h264",
            b"hvc1" => "hevc",
            b"vvc1" => "vvc",
            b"vp08" => "vp8",
            b"vp09" => "vp9",
            b"mp4a" => "aac",
            b".mp3" => "mp3",
            b"Opus" => "opus",
            b"fLaC" => "flac",
            b"ac-3" => "ac3",
            b"ec-3" => "eac3",
            other => return String::from_utf8_lossy(other).escape_debug().to_string(),
        },
    };
    known.to_owned()
}

fn is_supported(kind: Kind, codec: TagCodec) -> bool {
    let name = name(kind, codec);
    name.starts_with("pcm_") || ["aac", "mp3", "opus", "flac", "h264", "av1"].contains(&&name[..])
}
