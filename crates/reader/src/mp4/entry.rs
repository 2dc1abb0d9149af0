//! Sample entries: the codec of a track's samples (ISO/IEC 14496-12 §12, QuickTime File Format
//! "Video Media" and "Sound Media").

use mp4_atom::Colr;
use reelwright_core::{
    ChannelLayout, ChromaLocation, ColorInfo, ColorPrimaries, ColorRange, MatrixCoefficients,
    Rational, TransferCharacteristics,
};
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_OPUS,
};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};

use super::boxes::{be16, be32, be64, child, decode_child};
use crate::aac_config::AacConfig;
use crate::channels::{codec_layout, core_audio_layout, positions};
use crate::packet::{AudioFacts, Codec, Kind, VideoFacts};
use crate::pcm::{PcmFormat, PcmKind};

/// A sample entry.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Name of the codec.
    pub(super) codec: String,
    pub(super) decoder: Option<Codec>,
    pub(super) video: VideoFacts,
    pub(super) audio: AudioFacts,
    /// Size of a PCM frame in bytes.
    pub(super) pcm_bytes: Option<u32>,
}

/// Names of codecs that are not supported, by their sample entries.
const NAMES: &[(&[u8; 4], &str)] = &[
    (b"hvc1", "hevc"),
    (b"hev1", "hevc"),
    (b"dvh1", "hevc (Dolby Vision)"),
    (b"dvhe", "hevc (Dolby Vision)"),
    (b"vvc1", "vvc"),
    (b"vp08", "vp8"),
    (b"vp09", "vp9"),
    (b"ap4h", "prores"),
    (b"ap4x", "prores"),
    (b"apch", "prores"),
    (b"apcn", "prores"),
    (b"apcs", "prores"),
    (b"apco", "prores"),
    (b"s263", "h263"),
    (b"h263", "h263"),
    (b"SVQ3", "svq3"),
    (b"dvc ", "dvvideo"),
    (b"AVdn", "dnxhd"),
    (b"AVdh", "dnxhr"),
    (b"rle ", "qtrle"),
    (b"ac-3", "ac3"),
    (b"ec-3", "eac3"),
    (b"ac-4", "ac4"),
    (b"dtsc", "dts"),
    (b"dtsh", "dts"),
    (b"dtsl", "dts"),
    (b"samr", "amr_nb"),
    (b"sawb", "amr_wb"),
    (b"ima4", "adpcm_ima_qt"),
    (b"QDM2", "qdm2"),
    (b"tx3g", "mov_text"),
    (b"text", "mov_text"),
    (b"wvtt", "webvtt"),
    (b"stpp", "ttml"),
    (b"c608", "eia_608"),
    (b"tmcd", "timecode"),
    (b"mp4s", "dvd_subtitle"),
    (b"encv", "encrypted video"),
    (b"enca", "encrypted audio"),
    (b"drmi", "encrypted video"),
    (b"drms", "encrypted audio"),
];

fn name(kind: [u8; 4]) -> String {
    let known = NAMES.iter().find(|(fourcc, _)| **fourcc == kind);
    known.map_or_else(|| String::from_utf8_lossy(&kind).trim().to_owned(), |(_, n)| (*n).to_owned())
}

/// Reads the first sample entry of an `stsd` box.
pub(super) fn entry(stsd: &[u8], kind: Kind) -> Option<Entry> {
    let version = stsd.first().copied()?;
    let (fourcc, body) = super::boxes::children(stsd.get(8..)?).next()?;
    Some(match kind {
        Kind::Video => video(fourcc, body),
        Kind::Audio => audio(fourcc, body, version),
        Kind::Subtitle | Kind::Data => plain(fourcc),
    })
}

/// Reads a sample entry of QuickTime. Returns `None` if it is truncated.
pub(crate) fn sample_entry(
    bytes: &[u8],
    kind: Kind,
) -> Option<(String, Option<Codec>, VideoFacts, AudioFacts)> {
    // As the only entry of an `stsd` body of version 0.
    let stsd = [&[0; 8], bytes].concat();
    let entry = entry(&stsd, kind)?;
    Some((entry.codec, entry.decoder, entry.video, entry.audio))
}

fn plain(fourcc: [u8; 4]) -> Entry {
    Entry {
        codec: name(fourcc),
        decoder: None,
        video: VideoFacts::default(),
        audio: AudioFacts::default(),
        pcm_bytes: None,
    }
}

fn video(fourcc: [u8; 4], body: &[u8]) -> Entry {
    let mut entry = plain(fourcc);
    let boxes = body.get(78..).unwrap_or_default();
    if let (Some(width), Some(height)) = (be16(body, 24), be16(body, 26)) {
        entry.video.size = Some((width.into(), height.into()));
    }
    if let Some(pasp) = child(boxes, b"pasp")
        && let (Some(horizontal), Some(vertical)) = (be32(pasp, 0), be32(pasp, 4))
        && horizontal > 0
        && vertical > 0
    {
        entry.video.sample_aspect_ratio = Rational::new(horizontal.into(), vertical.into()).ok();
    }
    entry.video.color = decode_child::<Colr>(boxes).and_then(|colr| color(&colr));
    let (codec, decoder) = match &fourcc {
        b"avc1" | b"avc3" => {
            let record = child(boxes, b"avcC").map(<[u8]>::to_vec);
            ("h264", record.map(|record| Codec::H264(Some(record))))
        }
        b"av01" => {
            let record = child(boxes, b"av1C").unwrap_or_default();
            ("av1", Some(Codec::Av1(record.to_vec())))
        }
        b"jpeg" | b"mjpa" | b"MJPG" | b"AVDJ" => ("mjpeg", Some(Codec::Image)),
        b"png " => ("png", Some(Codec::Image)),
        b"mp4v" => match child(boxes, b"esds").and_then(descriptor).map(|(object, _)| object) {
            Some(0x6C) => ("mjpeg", Some(Codec::Image)),
            Some(0x6D) => ("png", Some(Codec::Image)),
            Some(0x60..=0x65) => ("mpeg2video", None),
            Some(0x6A) => ("mpeg1video", None),
            _ => ("mpeg4", None),
        },
        _ => return entry,
    };
    (entry.codec, entry.decoder) = (codec.to_owned(), decoder);
    entry
}

fn color(colr: &Colr) -> Option<ColorInfo> {
    let (primaries, transfer, matrix, is_full) = match *colr {
        Colr::Nclx {
            colour_primaries,
            transfer_characteristics,
            matrix_coefficients,
            full_range_flag,
        } => (colour_primaries, transfer_characteristics, matrix_coefficients, full_range_flag),
        Colr::Nclc { colour_primaries, transfer_characteristics, matrix_coefficients } => {
            (colour_primaries, transfer_characteristics, matrix_coefficients, false)
        }
        _ => return None,
    };
    Some(ColorInfo {
        primaries: code_point(ColorPrimaries::ALL, ColorPrimaries::code, primaries),
        transfer: code_point(TransferCharacteristics::ALL, TransferCharacteristics::code, transfer),
        matrix: code_point(MatrixCoefficients::ALL, MatrixCoefficients::code, matrix),
        range: if is_full { ColorRange::Full } else { ColorRange::Limited },
        chroma_location: ChromaLocation::Left,
    })
}

/// Returns the value with a code point, or the default (unspecified) if there is none.
pub(crate) fn code_point<T: Copy + Default>(all: &[T], code: impl Fn(T) -> u8, wanted: u16) -> T {
    all.iter().copied().find(|value| u16::from(code(*value)) == wanted).unwrap_or_default()
}

/// Returns the object type and the decoder's configuration of an `esds` box (ISO/IEC 14496-1 §7.2.6).
pub(crate) fn descriptor(esds: &[u8]) -> Option<(u8, &[u8])> {
    let es = tagged(esds.get(4..)?, 3)?;
    let flags = *es.get(2)?;
    let mut skip = 3;
    skip += if flags & 0x80 != 0 { 2 } else { 0 };
    if flags & 0x40 != 0 {
        skip += 1 + usize::from(*es.get(skip)?);
    }
    skip += if flags & 0x20 != 0 { 2 } else { 0 };
    let config = tagged(es.get(skip..)?, 4)?;
    let object = *config.first()?;
    Some((object, tagged(config.get(13..).unwrap_or_default(), 5).unwrap_or_default()))
}

/// Returns the body of a descriptor with a tag, truncated to the available bytes.
fn tagged(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (found, mut rest) = bytes.split_first()?;
    let mut size = 0usize;
    for _ in 0..4 {
        let (byte, after) = rest.split_first()?;
        rest = after;
        size = size << 7 | usize::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            break;
        }
    }
    (*found == tag).then(|| &rest[..size.min(rest.len())])
}

fn audio(fourcc: [u8; 4], body: &[u8], stsd_version: u8) -> Entry {
    let mut entry = plain(fourcc);
    let version = if stsd_version == 0 { be16(body, 8).unwrap_or(0) } else { 0 };
    let mut channels = u32::from(be16(body, 16).unwrap_or(0));
    let mut bits = u32::from(be16(body, 18).unwrap_or(0));
    let mut rate = be32(body, 24).unwrap_or(0) >> 16;
    let mut flags = 0;
    let boxes = match version {
        2 => {
            let float = f64::from_bits(be64(body, 32).unwrap_or(0));
            rate = if float.is_finite() { float as u32 } else { 0 };
            channels = be32(body, 40).unwrap_or(0);
            bits = be32(body, 48).unwrap_or(0);
            flags = be32(body, 52).unwrap_or(0);
            body.get(64..)
        }
        1 => body.get(44..),
        _ => body.get(28..),
    };
    let boxes = boxes.unwrap_or_default();
    entry.audio.sample_rate = (rate > 0).then_some(rate);
    let wave = child(boxes, b"wave").unwrap_or_default();
    let inner = |kind: &[u8; 4]| child(boxes, kind).or_else(|| child(wave, kind));
    let coded = |id: AudioCodecId, extra: &[u8], layout: Option<ChannelLayout>| {
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(id);
        if rate > 0 {
            parameters.with_sample_rate(rate);
        }
        if let Some(channels) = layout.and_then(positions) {
            parameters.with_channels(channels);
        }
        if !extra.is_empty() {
            parameters.with_extra_data(extra.into());
        }
        Some(Codec::Symphonia(Box::new(parameters)))
    };
    let pcm = |kind: PcmKind, bytes: u32, is_big_endian: bool| {
        PcmFormat::new(kind, bytes as usize, is_big_endian)
    };
    // QuickTime states the byte order of some codecs in a separate atom.
    let is_little =
        inner(b"enda").and_then(|enda| be16(enda, 0)).is_some_and(|value| value & 0xFF == 1);
    let mut implied = None;
    let format = match &fourcc {
        b"mp4a" | b".mp3" | b"ms\0U" => {
            let (object, config) = inner(b"esds").and_then(descriptor).unwrap_or((0x6B, &[]));
            let is_mp3 = fourcc != *b"mp4a" || matches!(object, 0x69 | 0x6B);
            (entry.codec, entry.decoder) = match object {
                _ if is_mp3 => (
                    "mp3".to_owned(),
                    coded(CODEC_ID_MP3, &[], codec_layout("mp3", channels as usize)),
                ),
                0x40 | 0x66..=0x68 => {
                    // The channel count of the entry is often 2, whatever the configuration is.
                    let layout = AacConfig::new(config).map(|config| config.layout);
                    let layout = layout.or_else(|| codec_layout("aac", channels as usize));
                    channels = layout.map_or(channels, |layout| layout.channels() as u32);
                    implied = layout;
                    ("aac".into(), coded(CODEC_ID_AAC, config, layout))
                }
                0xA5 => ("ac3".into(), None),
                0xA6 => ("eac3".into(), None),
                0xA9..=0xAC => ("dts".into(), None),
                0xDD => ("vorbis".into(), None),
                other => (format!("mp4a object type {other:#04x}"), None),
            };
            None
        }
        b"Opus" => {
            let head = inner(b"dOps").and_then(opus_head);
            entry.decoder = head.and_then(|head| {
                channels = head.get(9).copied().unwrap_or(0).into();
                let pre_skip = u16::from_le_bytes([*head.get(10)?, *head.get(11)?]);
                entry.audio.delay = pre_skip.into();
                let mut parameters = AudioCodecParameters::new();
                parameters.for_codec(CODEC_ID_OPUS).with_sample_rate(48_000);
                let layout = codec_layout("opus", channels as usize)?;
                parameters.with_channels(positions(layout)?);
                parameters.with_extra_data(head.into());
                Some(Codec::Symphonia(Box::new(parameters)))
            });
            entry.codec = "opus".into();
            None
        }
        b"fLaC" => {
            let blocks = inner(b"dfLa").and_then(|dfla| dfla.get(4..)).unwrap_or_default();
            let (info, comments) = crate::flac::blocks(blocks);
            if let Some(info) = info {
                channels = info.channels as u32;
                implied = comments.layout.filter(|layout| layout.channels() == info.channels);
                let layout = implied.or_else(|| codec_layout("flac", info.channels));
                entry.decoder = coded(CODEC_ID_FLAC, &info.bytes, layout);
                entry.audio.bits = Some(info.bits);
            }
            entry.codec = "flac".into();
            None
        }
        b"alac" => {
            let cookie = inner(b"alac").and_then(|alac| alac.get(4..)).filter(|c| c.len() >= 24);
            entry.decoder = cookie.and_then(|cookie| {
                coded(CODEC_ID_ALAC, cookie, codec_layout("alac", channels as usize))
            });
            entry.audio.bits = cookie.map(|cookie| cookie[5].into());
            entry.codec = "alac".into();
            None
        }
        b"ipcm" | b"fpcm" => {
            let config = inner(b"pcmC").unwrap_or_default();
            let is_big = config.get(4).is_some_and(|flags| flags & 1 == 0);
            let bytes = config.get(5).map_or(bits, |bits| u32::from(*bits)) / 8;
            let kind = if fourcc == *b"fpcm" { PcmKind::Float } else { PcmKind::Signed };
            pcm(kind, bytes, is_big)
        }
        b"lpcm" => {
            let kind = match flags & 5 {
                1 | 5 => PcmKind::Float,
                4 => PcmKind::Signed,
                _ => PcmKind::Unsigned,
            };
            pcm(kind, bits.div_ceil(8), flags & 2 != 0)
        }
        b"raw " | b"NONE" if bits <= 8 => pcm(PcmKind::Unsigned, 1, false),
        b"twos" | b"NONE" => pcm(PcmKind::Signed, bits.div_ceil(8).max(1), true),
        b"sowt" => pcm(PcmKind::Signed, bits.div_ceil(8).max(1), false),
        b"in24" => pcm(PcmKind::Signed, 3, !is_little),
        b"in32" => pcm(PcmKind::Signed, 4, !is_little),
        b"fl32" => pcm(PcmKind::Float, 4, !is_little),
        b"fl64" => pcm(PcmKind::Float, 8, !is_little),
        b"alaw" => pcm(PcmKind::ALaw, 1, false),
        b"ulaw" => pcm(PcmKind::MuLaw, 1, false),
        _ => None,
    };
    if let Some(format) = format {
        entry.codec = format.codec().to_owned();
        entry.pcm_bytes = u32::try_from(format.bytes()).ok().and_then(|b| b.checked_mul(channels));
        entry.pcm_bytes = entry.pcm_bytes.filter(|bytes| *bytes > 0);
        entry.decoder = entry.pcm_bytes.map(|_| Codec::Pcm(format));
        entry.audio.bits = Some(8 * format.bytes() as u32);
    }
    let count = channels as usize;
    let chan = inner(b"chan").and_then(|chan| core_audio_layout(chan.get(4..)?));
    let chnl = || inner(b"chnl").and_then(|chnl| chnl_layout(chnl, count)).map(|l| (l, None));
    let stated = chan.or_else(chnl).filter(|(layout, _)| layout.channels() == count);
    // The codec implies the channels of a compressed stream.
    let stated = stated.filter(|_| entry.pcm_bytes.is_some());
    entry.audio.layout =
        stated.map(|(layout, _)| layout).or(implied).or_else(|| codec_layout(&entry.codec, count));
    entry.audio.order = stated.and_then(|(_, order)| order);
    entry
}

/// Converts the body of an `OpusSpecificBox` to an `OpusHead` (RFC 7845 §5.1).
fn opus_head(body: &[u8]) -> Option<Vec<u8>> {
    let &[_, channels, skip_high, skip_low, r0, r1, r2, r3, gain_high, gain_low, ref mapping @ ..] =
        body
    else {
        return None;
    };
    let mut head = b"OpusHead\x01".to_vec();
    head.extend([channels, skip_low, skip_high, r3, r2, r1, r0, gain_low, gain_high]);
    head.extend(mapping);
    Some(head)
}

/// Reads the channels of a `chnl` box (ISO/IEC 14496-12 §12.2.4) with positions or a layout.
fn chnl_layout(body: &[u8], channels: usize) -> Option<ChannelLayout> {
    // Supports version 0 with channels, not objects.
    if body.first()? != &0 || body.get(4)? & 1 == 0 {
        return None;
    }
    let defined = *body.get(5)?;
    if defined != 0 {
        return None;
    }
    let mut mask = 0u32;
    for speaker in body.get(6..)?.iter().take(channels) {
        mask |= 1u32.checked_shl(mask_bit(*speaker)?)?;
    }
    ChannelLayout::from_mask(mask).ok()
}

/// Returns the bit in WAVE's channel mask of a speaker position (ISO/IEC 23001-8 table 7).
fn mask_bit(speaker: u8) -> Option<u32> {
    Some(match speaker {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 3,
        // Surround channels: WAVE's side and back channels.
        4 | 13 => 9,
        5 | 14 => 10,
        6 => 6,
        7 => 7,
        8 => 4,
        9 => 5,
        10 => 8,
        _ => return None,
    })
}
