//! Tracks (RFC 9559 §5.1.4): properties and packets.

use reelwright_core::{
    ChromaLocation, ColorInfo, ColorPrimaries, ColorRange, MatrixCoefficients, Rational, TimeBase,
    TransferCharacteristics,
};

use super::blocks::Block;
use super::clusters::Found;
use super::codecs::{self, AudioProperties, TrackCodec};
use super::ebml::{child, float, text, uint_child};
use super::encodings::{Content, Encodings};
use super::ids;
use super::timing::Timing;
use crate::mp4::code_point;
use crate::packet::{Codec, Kind, Orientation, Packet, Track, VideoFacts};

/// Maximum width and height in pixels.
const MAX_SIDE: u64 = 1 << 16;
/// Maximum absolute position in samples, which prevents overflows.
const MAX_POSITION: i64 = 1 << 60;
/// Maximum sample rate in Hz.
const MAX_RATE: f64 = 10_000_000.0;

/// A track and the state of its packets.
#[derive(Debug, Clone)]
pub(super) struct TrackReader {
    pub(super) info: Track,
    pub(super) number: u64,
    pub(super) is_interlaced: bool,
    pub(super) is_cropped: bool,
    encodings: Encodings,
    timing: Timing,
    /// Nanoseconds per unit of block times.
    scale: u64,
    /// Duration of a frame in nanoseconds, if stated.
    default_duration: Option<u64>,
    /// Delay that is subtracted from video times, in the track's time base.
    delay: i64,
    /// Time of the first Vorbis packet, which has no samples.
    start: Option<i64>,
    has_begun: bool,
    /// Number of losses before the last block.
    losses: u32,
}

impl TrackReader {
    /// Reads a `TrackEntry`. Returns `None` if it has no number.
    pub(super) fn new(index: usize, entry: &[u8], scale: u64) -> Option<Self> {
        let number = uint_child(entry, ids::TRACK_NUMBER)?;
        let id = text(child(entry, ids::CODEC_ID).unwrap_or_default());
        let kind = match uint_child(entry, ids::TRACK_TYPE) {
            Some(1) => Kind::Video,
            Some(2) => Kind::Audio,
            Some(0x11) => Kind::Subtitle,
            Some(_) => Kind::Data,
            None => match id.get(..2) {
                Some("V_") => Kind::Video,
                Some("A_") => Kind::Audio,
                Some("S_") => Kind::Subtitle,
                _ => Kind::Data,
            },
        };
        let encodings = Encodings::new(entry);
        let steps = encodings.clone().unwrap_or_default();
        let private = child(entry, ids::CODEC_PRIVATE).unwrap_or_default();
        let private = steps.restored(private, Content::Configuration).unwrap_or_default();
        let delay_ns = uint_child(entry, ids::CODEC_DELAY).unwrap_or(0);
        let mut described;
        let mut unit =
            TimeBase::new(Rational::new(i64::try_from(scale).ok()?, 1_000_000_000).ok()?);
        let mut delay = 0;
        let mut is_interlaced = false;
        let mut is_cropped = false;
        let default_duration = uint_child(entry, ids::DEFAULT_DURATION).filter(|ns| *ns > 0);
        match kind {
            Kind::Video => {
                let body = child(entry, ids::VIDEO).unwrap_or_default();
                let fourcc = child(body, ids::UNCOMPRESSED_FOURCC).unwrap_or_default();
                described = codecs::video(&id, &private, fourcc);
                let own = described.video;
                described.video = video_facts(body, &mut is_cropped);
                described.video.color = described.video.color.or(own.color);
                described.video.frame_rate = default_duration.and_then(frame_rate);
                is_interlaced = uint_child(body, ids::FLAG_INTERLACED) == Some(1);
                delay = i64::try_from(delay_ns.saturating_add(scale / 2) / scale).unwrap_or(0);
                if matches!(described.decoder, Some(Codec::Raw(_)))
                    && described.video.size.is_none()
                {
                    described.decoder = None;
                }
            }
            Kind::Audio => {
                let body = child(entry, ids::AUDIO).unwrap_or_default();
                let rate = |id| child(body, id).and_then(float);
                let rate = |id| rate(id).filter(|rate| (1.0..=MAX_RATE).contains(rate));
                let core = rate(ids::SAMPLING_FREQUENCY).unwrap_or(8000.0).round() as u32;
                let channels = uint_child(body, ids::CHANNELS).unwrap_or(1).clamp(1, 255) as usize;
                let bits = uint_child(body, ids::BIT_DEPTH).filter(|bits| (1..=64).contains(bits));
                let bits = bits.map(|bits| bits as u32);
                described =
                    codecs::audio(&id, &private, AudioProperties { rate: core, channels, bits });
                // Durations and positions are in samples, because the container's times are
                // rounded.
                let core = described.audio.sample_rate.unwrap_or(core);
                unit = TimeBase::from_sample_rate(core).ok()?;
                described.audio.rounding = Some(scale);
                if described.codec != "opus" {
                    let rate = rate(ids::OUTPUT_FREQUENCY).unwrap_or_else(|| core.into());
                    described.audio.delay = (delay_ns as f64 * rate / 1e9).round() as u64;
                }
            }
            Kind::Subtitle | Kind::Data => described = TrackCodec::other(&id),
        }
        if let Err(why) = encodings {
            described.codec = format!("{} ({why})", described.codec);
            described.decoder = None;
        }
        let mut info = Track::new(index, kind, &described.codec, unit);
        info.language = language(entry);
        (info.decoder, info.video, info.audio) =
            (described.decoder, described.video, described.audio);
        Some(Self {
            info,
            number,
            is_interlaced,
            is_cropped,
            encodings: steps,
            timing: described.timing,
            scale,
            default_duration,
            delay,
            start: None,
            has_begun: false,
            losses: 0,
        })
    }

    /// Sets the duration to that of the segment, in the segment's unit.
    pub(super) fn set_duration(&mut self, duration: f64) {
        let seconds = duration * self.scale as f64 / 1e9;
        let units = seconds / self.info.time_base.seconds().to_f64();
        self.info.duration = (1.0..1e18).contains(&units).then_some(units.round() as u64);
    }

    /// Returns the packets of a block, and true if damage was found.
    pub(super) fn packets(&mut self, found: &Found) -> (Vec<Packet>, bool) {
        let time = found.cluster.saturating_add(found.block.time.into());
        let is_lost = std::mem::replace(&mut self.losses, found.losses) != found.losses;
        match self.info.kind {
            Kind::Audio => self.audio(&found.block, time, found.is_cut),
            _ => self.video(&found.block, time, found.is_cut, is_lost),
        }
    }

    fn in_units(&self, ns: u64) -> u64 {
        ns.saturating_add(self.scale / 2) / self.scale
    }

    fn video(
        &mut self,
        block: &Block,
        time: i64,
        is_cut: bool,
        is_lost: bool,
    ) -> (Vec<Packet>, bool) {
        let count = block.frames.len() as u64;
        let each = match (block.duration, self.default_duration) {
            (Some(duration), _) => duration / count.max(1),
            (None, Some(ns)) => self.in_units(ns),
            (None, None) => 0,
        };
        let mut packets = Vec::new();
        let mut is_damaged = is_cut;
        let mut is_lost = is_lost;
        for (number, range) in block.frames.iter().enumerate() {
            let Some(data) = self.encodings.restored(&block.data[range.clone()], Content::Frame)
            else {
                is_damaged = true;
                continue;
            };
            if let (Some(Codec::Raw(format)), Some((width, height))) =
                (&self.info.decoder, self.info.video.size)
                && format.frame_bytes(width, height).is_none_or(|size| data.len() < size)
            {
                is_damaged = true;
                continue;
            }
            // A truncated frame can only be shown if it is an image.
            let is_image = matches!(self.info.decoder, Some(Codec::Image));
            if data.is_empty() || (is_cut && !is_image) {
                continue;
            }
            let shift = match (number, self.default_duration) {
                (0, _) | (_, None) => number as u64 * each,
                (_, Some(ns)) => self.in_units(ns.saturating_mul(number as u64)),
            };
            let pts = time.saturating_sub(self.delay).saturating_add_unsigned(shift);
            let is_sync = (block.is_keyframe && number == 0) || self.is_idr(&data);
            let mut packet = Packet::new(data, pts, each);
            packet.is_sync = is_sync || is_image || self.is_raw();
            packet.is_discontinuous = std::mem::take(&mut is_lost);
            packets.push(packet);
        }
        (packets, is_damaged)
    }

    fn is_raw(&self) -> bool {
        matches!(self.info.decoder, Some(Codec::Raw(_)))
    }

    /// Returns true for an H.264 access unit with an IDR slice, which not every writer marks.
    fn is_idr(&self, data: &[u8]) -> bool {
        match &self.info.decoder {
            Some(Codec::H264(Some(record))) => {
                let size = usize::from(record.get(4).copied().unwrap_or(3) & 3) + 1;
                let mut units = data;
                while let Some((length, rest)) = units.split_at_checked(size) {
                    if rest.first().is_some_and(|header| header & 0x1f == 5) {
                        return true;
                    }
                    let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                    units = rest.get(length..).unwrap_or_default();
                }
                false
            }
            Some(Codec::H264(None)) => {
                crate::annexb::units(data).iter().any(|unit| unit[0] & 0x1f == 5)
            }
            _ => false,
        }
    }

    fn audio(&mut self, block: &Block, time: i64, is_cut: bool) -> (Vec<Packet>, bool) {
        let rate = self.info.time_base.seconds().den();
        let samples = |ns: i128| {
            let scaled = (ns * i128::from(rate) + 500_000_000).div_euclid(1_000_000_000);
            i64::try_from(scaled).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
        };
        let mut pts = samples(i128::from(time) * i128::from(self.scale));
        pts = pts.clamp(-MAX_POSITION, MAX_POSITION);
        let count = block.frames.len() as i128;
        let stated = match (block.duration, self.default_duration) {
            (Some(duration), _) => i128::from(duration) * i128::from(self.scale) / count.max(1),
            (None, Some(ns)) => ns.into(),
            (None, None) => 0,
        };
        let stated = samples(stated).unsigned_abs();
        let mut packets: Vec<Packet> = Vec::new();
        let mut is_damaged = is_cut;
        let last = block.frames.len() - 1;
        for (number, range) in block.frames.iter().enumerate() {
            let data = self.encodings.restored(&block.data[range.clone()], Content::Frame);
            let Some(data) = data.filter(|data| !data.is_empty()) else {
                is_damaged |= !range.is_empty();
                continue;
            };
            // Truncated packets are only decodable if they are divisible.
            if is_cut && number == last && !self.timing.is_divisible() {
                continue;
            }
            let duration = self.timing.duration(&data).unwrap_or(stated);
            if let Some((bytes, samples)) = self.timing.block() {
                for piece in data.chunks(bytes) {
                    let mut packet = Packet::new(piece.to_vec(), pts, samples);
                    let left = samples * piece.len() as u64 / bytes as u64;
                    // Decoders require whole blocks. The padding is removed after decoding.
                    packet.data.resize(bytes, 0);
                    packet.trim.1 = u32::try_from(samples - left).unwrap_or(u32::MAX);
                    pts = pts.saturating_add_unsigned(left);
                    packets.push(packet);
                }
                continue;
            }
            let mut packet = Packet::new(data, pts, duration);
            if matches!(self.timing, Timing::Vorbis(_)) {
                // The first packet has no samples, and the second begins at its time.
                if let Some(start) = self.start.take() {
                    packet.pts = start;
                } else if !self.has_begun && duration == 0 {
                    self.start = Some(pts);
                }
            }
            self.has_begun = true;
            pts = pts.saturating_add_unsigned(duration);
            packets.push(packet);
        }
        if block.discard != 0
            && let Some(packet) = packets.last_mut()
        {
            let count = samples(i128::from(block.discard.unsigned_abs()));
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            if block.discard > 0 {
                packet.trim.1 = packet.trim.1.saturating_add(count);
            } else {
                packet.trim.0 = count;
            }
        }
        (packets, is_damaged)
    }
}

/// Reads the language as an ISO 639-2 code. Returns `None` if it is undetermined.
fn language(entry: &[u8]) -> Option<String> {
    /// Two-letter codes and their three-letter codes.
    const SHORT: &[(&str, &str)] = &[
        ("ar", "ara"),
        ("cs", "ces"),
        ("da", "dan"),
        ("de", "deu"),
        ("el", "ell"),
        ("en", "eng"),
        ("es", "spa"),
        ("fi", "fin"),
        ("fr", "fra"),
        ("he", "heb"),
        ("hi", "hin"),
        ("hu", "hun"),
        ("id", "ind"),
        ("it", "ita"),
        ("ja", "jpn"),
        ("ko", "kor"),
        ("nl", "nld"),
        ("no", "nor"),
        ("pl", "pol"),
        ("pt", "por"),
        ("ro", "ron"),
        ("ru", "rus"),
        ("sv", "swe"),
        ("th", "tha"),
        ("tr", "tur"),
        ("uk", "ukr"),
        ("vi", "vie"),
        ("zh", "zho"),
    ];
    let own = child(entry, ids::LANGUAGE).map(text);
    // A BCP 47 identifier replaces the other element.
    let language = match child(entry, ids::LANGUAGE_BCP47).map(text) {
        Some(tag) => {
            let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
            match (primary.len(), SHORT.iter().find(|(short, _)| *short == primary)) {
                (3, _) => primary,
                (_, Some((_, long))) => (*long).to_owned(),
                _ => own?,
            }
        }
        // English is the default.
        None => own.unwrap_or_else(|| "eng".to_owned()),
    };
    let language = language.to_ascii_lowercase();
    let primary = language.split('-').next().unwrap_or_default();
    let is_code = primary.len() == 3 && primary.bytes().all(|b| b.is_ascii_lowercase());
    (is_code && primary != "und").then(|| primary.to_owned())
}

/// Returns the frame rate for a duration in nanoseconds: a common rate that rounds to it.
fn frame_rate(ns: u64) -> Option<Rational> {
    const COMMON: &[(i64, i64)] = &[
        (24_000, 1001),
        (30_000, 1001),
        (48_000, 1001),
        (60_000, 1001),
        (120_000, 1001),
        (24, 1),
        (30, 1),
        (48, 1),
        (60, 1),
        (90, 1),
        (120, 1),
        (144, 1),
        (240, 1),
        (12, 1),
        (15, 1),
    ];
    let seconds = ns as f64 / 1e9;
    let near = |(num, den): &&(i64, i64)| {
        let exact = *den as f64 / *num as f64;
        ((seconds - exact) / exact).abs() < 1e-5
    };
    match COMMON.iter().find(near) {
        Some((num, den)) => Rational::new(*num, *den).ok(),
        None => Rational::new(1_000_000_000, i64::try_from(ns).ok()?).ok(),
    }
}

/// Reads a `Video` element.
fn video_facts(body: &[u8], is_cropped: &mut bool) -> VideoFacts {
    let number = |id| uint_child(body, id);
    let side = |id| number(id).filter(|side| (1..=MAX_SIDE).contains(side));
    let size = side(ids::PIXEL_WIDTH).zip(side(ids::PIXEL_HEIGHT));
    let crop = |first, second| {
        let (first, second): (Option<u64>, Option<u64>) = (number(first), number(second));
        first.unwrap_or(0).saturating_add(second.unwrap_or(0))
    };
    let crop_x = crop(ids::CROP_LEFT, ids::CROP_RIGHT);
    let crop_y = crop(ids::CROP_TOP, ids::CROP_BOTTOM);
    *is_cropped = crop_x > 0 || crop_y > 0;
    let sample_aspect_ratio = size.and_then(|(width, height)| {
        let width = width.checked_sub(crop_x).filter(|width| *width > 0)?;
        let height = height.checked_sub(crop_y).filter(|height| *height > 0)?;
        let shown = (number(ids::DISPLAY_WIDTH), number(ids::DISPLAY_HEIGHT));
        let (shown_width, shown_height) = match (number(ids::DISPLAY_UNIT).unwrap_or(0), shown) {
            // Without a size, the frames state the aspect ratio.
            (_, (None, None)) | (4.., _) => return None,
            (0, (w, h)) => (w.unwrap_or(width), h.unwrap_or(height)),
            (_, (w, h)) => (w?, h?),
        };
        let num = i64::try_from(shown_width.checked_mul(height)?).ok()?;
        let den = i64::try_from(shown_height.checked_mul(width)?).ok()?;
        (num > 0 && den > 0).then(|| Rational::new(num, den).ok())?
    });
    VideoFacts {
        size: size.map(|(width, height)| (width as usize, height as usize)),
        frame_rate: None,
        is_variable: true,
        sample_aspect_ratio,
        color: child(body, ids::COLOR).and_then(color),
        orientation: child(body, ids::PROJECTION).map(orientation).unwrap_or_default(),
    }
}

fn color(body: &[u8]) -> Option<ColorInfo> {
    let code = |id| uint_child(body, id).and_then(|code| u16::try_from(code).ok()).unwrap_or(2);
    let color = ColorInfo {
        primaries: code_point(ColorPrimaries::ALL, ColorPrimaries::code, code(ids::PRIMARIES)),
        transfer: code_point(
            TransferCharacteristics::ALL,
            TransferCharacteristics::code,
            code(ids::TRANSFER),
        ),
        matrix: code_point(MatrixCoefficients::ALL, MatrixCoefficients::code, code(ids::MATRIX)),
        range: match uint_child(body, ids::RANGE) {
            Some(2) => ColorRange::Full,
            _ => ColorRange::Limited,
        },
        chroma_location: match (
            uint_child(body, ids::CHROMA_SITING_HORZ),
            uint_child(body, ids::CHROMA_SITING_VERT),
        ) {
            (Some(2), _) => ChromaLocation::Center,
            _ => ChromaLocation::Left,
        },
    };
    (color != ColorInfo::default()).then_some(color)
}

/// Reads the rotation in a `Projection` element: a roll by quarter turns, counterclockwise. A yaw
/// of half a turn means mirroring.
fn orientation(body: &[u8]) -> Orientation {
    let pose = |id| child(body, id).and_then(float).unwrap_or(0.0);
    let quarters = |degrees: f64| {
        let turns = (degrees / 90.0).round();
        ((turns * 90.0 - degrees).abs() < 0.01).then(|| (turns as i64).rem_euclid(4))
    };
    let is_flat = uint_child(body, ids::PROJECTION_TYPE).unwrap_or(0) == 0;
    let (yaw, roll) = (quarters(pose(ids::POSE_YAW)), quarters(pose(ids::POSE_ROLL)));
    match (yaw, roll) {
        (Some(yaw @ (0 | 2)), Some(roll)) if is_flat && pose(ids::POSE_PITCH) == 0.0 => {
            Orientation { quarter_turns: (-roll).rem_euclid(4) as u8, is_mirrored: yaw == 2 }
        }
        _ => Orientation::default(),
    }
}
