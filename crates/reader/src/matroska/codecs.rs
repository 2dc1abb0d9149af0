//! Codecs by their Matroska IDs (RFC 9559 §5.1.4.1.21, "Matroska Media Container Codec
//! Specifications").

use reelwright_core::{ChannelLayout, PixelFormat};
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_FLAC, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3,
    CODEC_ID_OPUS, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};

use super::timing::Timing;
use crate::aac_config::AacConfig;
use crate::channels::{codec_layout, positions};
use crate::chunked::wave_format;
use crate::mp4::sample_entry;
use crate::ogg::Vorbis;
use crate::packet::{AudioFacts, Codec, Kind, VideoFacts};
use crate::pcm::{PcmFormat, PcmKind};

/// Names of unsupported codecs by the prefix of their Matroska ID.
const NAMES: &[(&str, &str)] = &[
    ("V_MPEGH/ISO/HEVC", "hevc"),
    ("V_MPEGI/ISO/VVC", "vvc"),
    ("V_VP8", "vp8"),
    ("V_VP9", "vp9"),
    ("V_PRORES", "prores"),
    ("V_FFV1", "ffv1"),
    ("V_MPEG1", "mpeg1video"),
    ("V_MPEG2", "mpeg2video"),
    ("V_MPEG4/ISO", "mpeg4"),
    ("V_MPEG4/MS/V3", "msmpeg4v3"),
    ("V_THEORA", "theora"),
    ("V_DIRAC", "dirac"),
    ("V_SNOW", "snow"),
    ("V_AVS2", "avs2"),
    ("V_AVS3", "avs3"),
    ("V_CAVS", "cavs"),
    ("V_REAL/RV10", "rv10"),
    ("V_REAL/RV20", "rv20"),
    ("V_REAL/RV30", "rv30"),
    ("V_REAL/RV40", "rv40"),
    ("A_AC3", "ac3"),
    ("A_EAC3", "eac3"),
    ("A_AC4", "ac4"),
    ("A_DTS", "dts"),
    ("A_TRUEHD", "truehd"),
    ("A_MLP", "mlp"),
    ("A_TTA1", "tta"),
    ("A_WAVPACK4", "wavpack"),
    ("A_MPC", "musepack"),
    ("A_REAL/14_4", "ra_144"),
    ("A_REAL/28_8", "ra_288"),
    ("A_REAL/COOK", "cook"),
    ("A_REAL/SIPR", "sipr"),
    ("A_REAL/ATRC", "atrac3"),
    ("A_ATRAC/AT1", "atrac1"),
    ("A_QUICKTIME/QDM2", "qdm2"),
    ("A_QUICKTIME/QDMC", "qdmc"),
    ("S_TEXT/UTF8", "subrip"),
    ("S_TEXT/ASCII", "subrip"),
    ("S_TEXT/ASS", "ass"),
    ("S_TEXT/SSA", "ass"),
    ("S_ASS", "ass"),
    ("S_SSA", "ass"),
    ("S_TEXT/WEBVTT", "webvtt"),
    ("D_WEBVTT", "webvtt"),
    ("S_TEXT/USF", "usf"),
    ("S_VOBSUB", "dvd_subtitle"),
    ("S_HDMV/PGS", "hdmv_pgs_subtitle"),
    ("S_HDMV/TEXTST", "hdmv_text_subtitle"),
    ("S_DVBSUB", "dvb_subtitle"),
    ("S_ARIBSUB", "arib_caption"),
    ("S_KATE", "kate"),
    ("S_IMAGE/BMP", "bmp subtitles"),
];

/// Names of unsupported video codecs of Video for Windows by their FourCC.
const FOURCC_NAMES: &[(&[u8; 4], &str)] = &[
    (b"FFV1", "ffv1"),
    (b"H263", "h263"),
    (b"HEVC", "hevc"),
    (b"H265", "hevc"),
    (b"XVID", "mpeg4"),
    (b"DIVX", "mpeg4"),
    (b"DX50", "mpeg4"),
    (b"MP4V", "mpeg4"),
    (b"FMP4", "mpeg4"),
    (b"DIV3", "msmpeg4v3"),
    (b"MP43", "msmpeg4v3"),
    (b"MP42", "msmpeg4v2"),
    (b"WMV1", "wmv1"),
    (b"WMV2", "wmv2"),
    (b"WMV3", "wmv3"),
    (b"WVC1", "vc1"),
    (b"VP80", "vp8"),
    (b"VP90", "vp9"),
    (b"HFYU", "huffyuv"),
    (b"FFVH", "ffvhuff"),
    (b"ULRG", "utvideo"),
    (b"ULY0", "utvideo"),
    (b"ULY2", "utvideo"),
    (b"DVSD", "dvvideo"),
    (b"AVDN", "dnxhd"),
    (b"APCN", "prores"),
    (b"APCH", "prores"),
    (b"THEO", "theora"),
    (b"GIF ", "gif"),
    (b"WEBP", "webp"),
    (b"FLV1", "flv1"),
    (b"CVID", "cinepak"),
    (b"MJ2C", "jpeg2000"),
];

/// Pixel formats by their FourCC.
const RAW: &[(&[u8; 4], PixelFormat)] = &[
    (b"I420", PixelFormat::Yuv420p),
    (b"IYUV", PixelFormat::Yuv420p),
    (b"Y42B", PixelFormat::Yuv422p),
    (b"I422", PixelFormat::Yuv422p),
    (b"444P", PixelFormat::Yuv444p),
    (b"I444", PixelFormat::Yuv444p),
    (b"Y800", PixelFormat::Gray8),
    (b"Y8  ", PixelFormat::Gray8),
    (b"GREY", PixelFormat::Gray8),
    (b"NV12", PixelFormat::Nv12),
    (b"RGB\x18", PixelFormat::Rgb24),
    (b"BGR\x18", PixelFormat::Bgr24),
];

/// Returns the pixel format of uncompressed frames with a FourCC.
pub(super) fn raw(fourcc: &[u8]) -> Option<PixelFormat> {
    RAW.iter().find(|(known, _)| *known == fourcc).map(|(_, format)| *format)
}

/// Description of a track's codec.
#[derive(Debug, Clone)]
pub(super) struct TrackCodec {
    pub(super) codec: String,
    pub(super) decoder: Option<Codec>,
    pub(super) timing: Timing,
    pub(super) video: VideoFacts,
    pub(super) audio: AudioFacts,
}

impl TrackCodec {
    fn named(codec: &str) -> Self {
        Self {
            codec: codec.to_owned(),
            decoder: None,
            timing: Timing::Unknown,
            video: VideoFacts::default(),
            audio: AudioFacts::default(),
        }
    }

    /// Describes a codec that is not supported.
    pub(super) fn other(id: &str) -> Self {
        let known = NAMES.iter().find(|(start, _)| {
            id.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        Self::named(known.map_or(id, |(_, name)| name))
    }

    fn with(codec: &str, decoder: Option<Codec>) -> Self {
        Self { decoder, ..Self::named(codec) }
    }
}

/// Describes a video codec with its configuration.
pub(super) fn video(id: &str, private: &[u8], fourcc: &[u8]) -> TrackCodec {
    match id {
        "V_MPEG4/ISO/AVC" => TrackCodec::with("h264", Some(h264(private))),
        "V_AV1" => TrackCodec::with("av1", Some(Codec::Av1(private.to_vec()))),
        "V_MJPEG" => TrackCodec::with("mjpeg", Some(Codec::Image)),
        "V_PNG" => TrackCodec::with("png", Some(Codec::Image)),
        "V_UNCOMPRESSED" => raw_video(fourcc),
        "V_MS/VFW/FOURCC" => windows(private),
        "V_QUICKTIME" => quick_time(id, private, Kind::Video),
        _ => TrackCodec::other(id),
    }
}

fn h264(private: &[u8]) -> Codec {
    // Without a record, the packets are byte streams with start codes.
    let is_record = private.len() > 6 && private[0] == 1;
    Codec::H264(is_record.then(|| private.to_vec()))
}

fn raw_video(fourcc: &[u8]) -> TrackCodec {
    match raw(fourcc) {
        Some(format) => TrackCodec::with("rawvideo", Some(Codec::Raw(format))),
        None => {
            TrackCodec::named(&format!("rawvideo {}", String::from_utf8_lossy(fourcc).trim_end()))
        }
    }
}

/// Describes a codec of Video for Windows with a `BITMAPINFOHEADER`.
fn windows(private: &[u8]) -> TrackCodec {
    let Some(fourcc) = private.get(16..20) else { return TrackCodec::named("V_MS/VFW/FOURCC") };
    let upper = fourcc.to_ascii_uppercase();
    match &upper[..] {
        b"MJPG" | b"AVRN" | b"JPEG" => TrackCodec::with("mjpeg", Some(Codec::Image)),
        b"MPNG" | b"PNG " | b"PNG1" => TrackCodec::with("png", Some(Codec::Image)),
        b"H264" | b"X264" | b"AVC1" | b"DAVC" => {
            TrackCodec::with("h264", Some(h264(private.get(40..).unwrap_or_default())))
        }
        b"AV01" => TrackCodec::with("av1", Some(Codec::Av1(Vec::new()))),
        _ if raw(fourcc).is_some() => raw_video(fourcc),
        [0, 0, 0, 0] => TrackCodec::named("rawvideo (a bitmap)"),
        upper => {
            let known = FOURCC_NAMES.iter().find(|(known, _)| *known == upper);
            match known {
                Some((_, name)) => TrackCodec::named(name),
                None => TrackCodec::named(String::from_utf8_lossy(fourcc).trim_end()),
            }
        }
    }
}

/// Describes a codec of QuickTime with a sample entry.
fn quick_time(id: &str, private: &[u8], kind: Kind) -> TrackCodec {
    let Some((codec, decoder, video, audio)) = sample_entry(private, kind) else {
        return TrackCodec::named(id);
    };
    let channels = audio.layout.map_or(1, ChannelLayout::channels);
    let timing = match &decoder {
        Some(Codec::Pcm(format)) => Timing::Bytes { bytes: format.bytes() * channels, samples: 1 },
        _ => Timing::Unknown,
    };
    TrackCodec { codec, decoder, timing, video, audio }
}

/// Properties of an audio track in its container.
#[derive(Debug, Clone, Copy)]
pub(super) struct AudioProperties {
    pub(super) rate: u32,
    pub(super) channels: usize,
    pub(super) bits: Option<u32>,
}

/// Describes an audio codec with its configuration.
pub(super) fn audio(id: &str, private: &[u8], samples: AudioProperties) -> TrackCodec {
    let mut described = match id {
        "A_PCM/INT/LIT" | "A_PCM/INT/BIG" | "A_PCM/FLOAT/IEEE" => pcm(id, samples),
        "A_MS/ACM" => return acm(private, samples),
        "A_OPUS" | "A_OPUS/EXPERIMENTAL" => opus(private, samples),
        "A_VORBIS" => vorbis(private),
        "A_FLAC" => flac(private, samples),
        "A_ALAC" => alac(private, samples),
        "A_MPEG/L1" => coded("mp1", CODEC_ID_MP1, &[], samples, Timing::Fixed(384)),
        "A_MPEG/L2" => coded("mp2", CODEC_ID_MP2, &[], samples, Timing::Fixed(1152)),
        "A_MPEG/L3" => mp3(samples),
        "A_QUICKTIME" => quick_time(id, private, Kind::Audio),
        _ if id == "A_AAC" || id.starts_with("A_AAC/") => aac(private, samples),
        _ => TrackCodec::other(id),
    };
    if described.audio.layout.is_none() {
        described.audio.layout = ChannelLayout::default_for(samples.channels).ok();
    }
    if described.audio.sample_rate.is_none() {
        described.audio.sample_rate = Some(samples.rate);
    }
    described
}

fn coded(
    codec: &str,
    id: AudioCodecId,
    extra: &[u8],
    samples: AudioProperties,
    timing: Timing,
) -> TrackCodec {
    coded_in(codec_layout(codec, samples.channels), codec, id, extra, samples, timing)
}

/// Does the same as [`coded`], with other channels than the codec's default.
fn coded_in(
    layout: Option<ChannelLayout>,
    name: &str,
    id: AudioCodecId,
    extra: &[u8],
    samples: AudioProperties,
    timing: Timing,
) -> TrackCodec {
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(id).with_sample_rate(samples.rate);
    if let Some(channels) = layout.and_then(positions) {
        parameters.with_channels(channels);
    }
    if !extra.is_empty() {
        parameters.with_extra_data(extra.into());
    }
    let codec = Some(Codec::Symphonia(Box::new(parameters)));
    let mut described = TrackCodec { timing, ..TrackCodec::with(name, codec) };
    described.audio.layout = layout;
    described
}

fn pcm(id: &str, samples: AudioProperties) -> TrackCodec {
    let bits = samples.bits.unwrap_or(16);
    let bytes = bits.div_ceil(8) as usize;
    let kind = match id {
        "A_PCM/FLOAT/IEEE" => PcmKind::Float,
        _ if bytes == 1 => PcmKind::Unsigned,
        _ => PcmKind::Signed,
    };
    let Some(format) = PcmFormat::new(kind, bytes, id == "A_PCM/INT/BIG") else {
        return TrackCodec::named(&format!("{id} of {bits} bits"));
    };
    let mut described = TrackCodec::with(format.codec(), Some(Codec::Pcm(format)));
    described.timing = Timing::Bytes { bytes: format.bytes() * samples.channels, samples: 1 };
    let own = format.bits();
    described.audio.bits = Some(if kind == PcmKind::Float { own } else { bits.min(own) });
    described
}

/// Describes a codec of the Windows Audio Compression Manager with a `WAVEFORMATEX`.
fn acm(private: &[u8], samples: AudioProperties) -> TrackCodec {
    let tag = private.get(..2).map_or(0, |tag| u16::from_le_bytes([tag[0], tag[1]]));
    let named = match tag {
        0x50 => return coded("mp2", CODEC_ID_MP2, &[], samples, Timing::Fixed(1152)),
        0x55 => return mp3(samples),
        0xFF | 0x1610 => {
            return aac(private.get(18..).unwrap_or_default(), samples);
        }
        0x160 | 0x161 => "wma",
        0x162 => "wmapro",
        0x2000 => "ac3",
        0x2001 => "dts",
        _ => "",
    };
    if !named.is_empty() {
        return TrackCodec::named(named);
    }
    match wave_format(private) {
        Ok(wave) => {
            let mut described = TrackCodec::with(&wave.codec, wave.decoder);
            described.timing = match wave.is_blocks {
                true => Timing::Blocks { bytes: wave.bytes, samples: wave.samples },
                false => Timing::Bytes { bytes: wave.bytes, samples: wave.samples },
            };
            described.audio.layout = wave.layout;
            described.audio.bits = wave.bits;
            described.audio.sample_rate = Some(wave.sample_rate).filter(|rate| *rate > 0);
            described
        }
        Err(_) => TrackCodec::named("A_MS/ACM"),
    }
}

fn mp3(samples: AudioProperties) -> TrackCodec {
    // Frames of MPEG-2 and 2.5 have half as many samples.
    let timing = Timing::Fixed(if samples.rate < 32_000 { 576 } else { 1152 });
    coded("mp3", CODEC_ID_MP3, &[], samples, timing)
}

fn aac(private: &[u8], samples: AudioProperties) -> TrackCodec {
    const RATES: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8000, 7350,
    ];
    let mut config = private.to_vec();
    if config.is_empty() {
        // Old files state the profile in the codec ID. Only LC is supported.
        let index = RATES.iter().position(|rate| *rate == samples.rate).unwrap_or(4) as u16;
        let channels = (samples.channels.min(7)) as u16;
        config = (2u16 << 11 | index << 7 | channels << 3).to_be_bytes().to_vec();
    }
    let layout = AacConfig::new(&config).map(|config| config.layout);
    let layout = layout.or_else(|| codec_layout("aac", samples.channels));
    coded_in(layout, "aac", CODEC_ID_AAC, &config, samples, Timing::Fixed(1024))
}

fn opus(private: &[u8], mut samples: AudioProperties) -> TrackCodec {
    let channels = private.get(9).map_or(samples.channels, |channels| usize::from(*channels));
    samples = AudioProperties { rate: 48_000, channels, bits: None };
    let mut described = coded("opus", CODEC_ID_OPUS, private, samples, Timing::Opus);
    // The header is exact, while Matroska's delay is rounded.
    let skip = private.get(10..12).map_or(0, |skip| u16::from_le_bytes([skip[0], skip[1]]));
    described.audio.delay = skip.into();
    described.audio.sample_rate = Some(48_000);
    described
}

fn vorbis(private: &[u8]) -> TrackCodec {
    let Some([identification, _, setup]) = xiph_headers(private) else {
        return TrackCodec::named("vorbis without its headers");
    };
    let channels = identification.get(11).copied().unwrap_or(0).into();
    let rate = identification.get(12..16).and_then(|rate| rate.try_into().ok());
    let rate = rate.map_or(0, u32::from_le_bytes);
    let extra = [identification, setup].concat();
    let timing = Timing::Vorbis(Box::new(Vorbis::new(identification, setup)));
    let samples = AudioProperties { rate, channels, bits: None };
    let mut described = coded("vorbis", CODEC_ID_VORBIS, &extra, samples, timing);
    described.audio.sample_rate = Some(rate).filter(|rate| *rate > 0);
    described
}

/// Returns the three headers of Vorbis, which are Xiph-laced.
fn xiph_headers(private: &[u8]) -> Option<[&[u8]; 3]> {
    let (2, mut rest) = private.split_first().map(|(count, rest)| (*count, rest))? else {
        return None;
    };
    let mut size = || {
        let mut size = 0;
        loop {
            let (byte, after) = rest.split_first()?;
            rest = after;
            size += usize::from(*byte);
            if *byte < 255 {
                return Some(size);
            }
        }
    };
    let (first, second) = (size()?, size()?);
    let (identification, rest) = rest.split_at_checked(first)?;
    let (comment, setup) = rest.split_at_checked(second)?;
    Some([identification, comment, setup])
}

fn flac(private: &[u8], samples: AudioProperties) -> TrackCodec {
    let blocks = private.strip_prefix(b"fLaC").unwrap_or_default();
    let (Some(info), comments) = crate::flac::blocks(blocks) else {
        return TrackCodec::named("flac without its stream information");
    };
    let stated = comments.layout.filter(|layout| layout.channels() == info.channels);
    let layout = stated.or_else(|| codec_layout("flac", info.channels));
    let timing = Timing::Flac { block: info.block };
    let samples = AudioProperties { channels: info.channels, ..samples };
    let mut described = coded_in(layout, "flac", CODEC_ID_FLAC, &info.bytes, samples, timing);
    described.audio.bits = Some(info.bits);
    described
}

fn alac(private: &[u8], samples: AudioProperties) -> TrackCodec {
    // Some writers include the header of the atom.
    let cookie = if private.get(4..8) == Some(b"alac") { private.get(12..) } else { Some(private) };
    let Some(cookie) = cookie.filter(|cookie| cookie.len() >= 24) else {
        return TrackCodec::named("alac without its configuration");
    };
    let block = u32::from_be_bytes([cookie[0], cookie[1], cookie[2], cookie[3]]);
    let mut described =
        coded("alac", CODEC_ID_ALAC, cookie, samples, Timing::Fixed(u64::from(block)));
    described.audio.bits = Some(cookie[5].into());
    described
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLES: AudioProperties = AudioProperties { rate: 48_000, channels: 2, bits: Some(24) };

    #[test]
    fn unsupported_codecs_have_a_name() {
        for (id, name) in [
            ("V_MPEGH/ISO/HEVC", "hevc"),
            ("V_MPEG4/ISO/ASP", "mpeg4"),
            ("V_PRORES", "prores"),
            ("V_SOMETHING", "V_SOMETHING"),
        ] {
            let described = video(id, &[], &[]);
            assert!(described.decoder.is_none() && described.codec == name, "{described:?}");
        }
        for (id, name) in [("A_DTS/LOSSLESS", "dts"), ("A_AC3/BSID9", "ac3"), ("A_AC33", "A_AC33")]
        {
            let described = audio(id, &[], SAMPLES);
            assert!(described.decoder.is_none() && described.codec == name, "{described:?}");
        }
        let mut bitmap = [0; 40];
        bitmap[16..20].copy_from_slice(b"xvid");
        assert_eq!(video("V_MS/VFW/FOURCC", &bitmap, &[]).codec, "mpeg4");
        bitmap[16..20].copy_from_slice(b"MJPG");
        assert!(video("V_MS/VFW/FOURCC", &bitmap, &[]).decoder.is_some());
    }

    #[test]
    fn describes_all_pcm_formats() {
        assert_eq!(audio("A_PCM/INT/LIT", &[], SAMPLES).codec, "pcm_s24le");
        assert_eq!(audio("A_PCM/INT/BIG", &[], SAMPLES).codec, "pcm_s24be");
        let eight = AudioProperties { bits: Some(8), ..SAMPLES };
        assert_eq!(audio("A_PCM/INT/LIT", &[], eight).codec, "pcm_u8");
        let float = AudioProperties { bits: Some(64), ..SAMPLES };
        assert_eq!(audio("A_PCM/FLOAT/IEEE", &[], float).codec, "pcm_f64le");
        let odd = audio("A_PCM/FLOAT/IEEE", &[], eight);
        assert!(odd.decoder.is_none() && odd.codec.contains("8 bits"), "{odd:?}");
    }
}
