//! Packets of a track, for copying without decoding.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use anyhow::bail;
use reelwright_core::h264::append_with_four_byte_lengths;
use reelwright_core::{
    AudioFormat, AudioParameters, AvcConfig, CodecId, CodecRecord, MediaKind, MediaParameters,
    Packet, PixelFormat, Rational, SampleFormat, StreamParameters, Timestamp, VideoFormat,
    VideoParameters,
};

use crate::av1::delimiter_length;
use crate::h264::Sps;
use crate::packet::{Codec, Demuxer, Kind, Packet as Read, Track};
use crate::video::MAX_REORDERED;

/// Reader of a track's packets for muxers.
pub struct PacketInput {
    /// Parameters of the stream for a muxer.
    pub parameters: StreamParameters,
    /// Duration in the stream's time base, if the input states it.
    pub duration: Option<u64>,
    name: String,
    demuxer: Rc<RefCell<dyn Demuxer>>,
    track: Track,
    /// Size in bytes of the length fields of H.264's NAL units.
    length_size: usize,
    reorder: Option<Reorder>,
    last_dts: Option<i64>,
}

/// Decoding timestamps of a container that has only presentation timestamps.
struct Reorder {
    /// Maximum number of reordered frames.
    delay: u32,
    /// Duration of a frame, for the timestamps before the first frame.
    step: i64,
    /// First presentation timestamp.
    first: Option<i64>,
    count: u32,
    /// Presentation timestamps that were not used yet.
    pending: BinaryHeap<Reverse<i64>>,
}

impl Reorder {
    /// Returns the decoding timestamp of the next frame: the presentation timestamps in order,
    /// later by the delay.
    fn dts(&mut self, pts: i64) -> i64 {
        let first = *self.first.get_or_insert(pts);
        self.pending.push(Reverse(pts));
        if self.count < self.delay {
            self.count += 1;
            return first - i64::from(self.delay + 1 - self.count) * self.step;
        }
        self.pending.pop().map_or(pts, |Reverse(dts)| dts)
    }
}

impl PacketInput {
    pub(crate) fn open(
        name: &str,
        demuxer: Rc<RefCell<dyn Demuxer>>,
        track: Track,
    ) -> anyhow::Result<Self> {
        if !track.video.orientation.is_upright() {
            bail!("the frames are rotated or mirrored, which a copy cannot keep. Encode the track");
        }
        let (parameters, length_size) = parameters(&track)?;
        let reorder = reorder(&parameters);
        let (name, duration) = (name.to_owned(), track.duration);
        demuxer.borrow_mut().keep_all(track.index);
        Ok(Self {
            parameters,
            duration,
            name,
            demuxer,
            track,
            length_size,
            reorder,
            last_dts: None,
        })
    }

    /// Returns true if the track is video.
    pub fn is_video(&self) -> bool {
        self.track.kind == Kind::Video
    }

    /// Returns true if damage was found so far.
    pub fn is_damaged(&self) -> bool {
        self.demuxer.borrow().is_damaged()
    }

    /// Returns the next packet, or `None` at the end.
    ///
    /// # Errors
    /// Reading the input fails, or a packet cannot be copied. The error states the reason.
    pub fn next_packet(&mut self) -> anyhow::Result<Option<Packet>> {
        loop {
            let read = self.demuxer.borrow_mut().next(self.track.index)?;
            let Some(read) = read else { return Ok(None) };
            if let Some(packet) = self.packet(read)? {
                return Ok(Some(packet));
            }
        }
    }

    /// Applies edits to a packet. Returns `None` if it is neither presented nor decoded.
    fn packet(&mut self, read: Read) -> anyhow::Result<Option<Packet>> {
        let fail = |problem: &str| {
            bail!(
                "{}: {} track {} {problem}. Encode the track.",
                self.name,
                self.track.kind.name(),
                self.track.index
            )
        };
        if read.config.is_some() || (read.is_discontinuous && self.last_dts.is_some()) {
            return fail("has a discontinuity, such as between edits, which a copy cannot keep");
        }
        let duration = i64::try_from(read.duration).unwrap_or(i64::MAX);
        let (pts, end) = (read.pts, read.pts.saturating_add(duration));
        let window = &read.window;
        let dts = match (read.dts, self.last_dts) {
            (Some(dts), _) => dts,
            (None, last) if self.reorder.is_some() => {
                let dts = self.reorder.as_mut().map_or(pts, |reorder| reorder.dts(pts));
                last.map_or(dts, |last| dts.max(last + 1))
            }
            (None, Some(last)) if pts <= last => {
                return fail(
                    "has reordered frames without decoding timestamps, which a copy requires",
                );
            }
            (None, _) => pts,
        };
        let mut packet = Packet {
            pts: Timestamp(pts),
            dts: Timestamp(dts),
            duration,
            keyframe: read.is_sync,
            ..Packet::default()
        };
        if self.is_video() {
            if pts < window.start && pts >= 0 {
                return fail(
                    "has an edit with both an offset and a delay, which a copy cannot keep",
                );
            }
            if pts >= window.end {
                return fail("has frames after the end of its edit, which a copy cannot keep");
            }
            if end > window.end {
                packet.duration = window.end - pts;
            }
        } else {
            if pts >= window.end {
                return Ok(None);
            }
            if pts < window.start && window.start > 0 && pts >= 0 {
                return fail(
                    "has an edit with both an offset and a delay, which a copy cannot keep",
                );
            }
            let samples = |units: i64| {
                let rate = self.track.audio.sample_rate.unwrap_or(0);
                let unit = self.parameters.time_base.seconds();
                let samples = i128::from(units.max(0)) * i128::from(rate) * i128::from(unit.num());
                u32::try_from(samples / i128::from(unit.den())).unwrap_or(u32::MAX)
            };
            let (trim_start, trim_end) = read.trim;
            packet.trim_start = trim_start.max(samples(window.start.min(end).saturating_sub(pts)));
            packet.trim_end = trim_end.max(samples(end.saturating_sub(window.end)));
        }
        self.last_dts = Some(dts);
        packet.data = read.data;
        if matches!(self.parameters.record, CodecRecord::Av1(_)) {
            packet.data.drain(..delimiter_length(&packet.data));
        }
        if self.length_size != 4 {
            let mut data = Vec::with_capacity(packet.data.len() + 16);
            append_with_four_byte_lengths(&packet.data, self.length_size, &mut data)?;
            packet.data = data;
        }
        Ok(Some(packet))
    }
}

/// Returns the means to derive decoding timestamps of a stream that reorders frames.
fn reorder(parameters: &StreamParameters) -> Option<Reorder> {
    let CodecRecord::H264(config) = &parameters.record else { return None };
    // The first parameter set is a sequence parameter set.
    let delay = Sps::new(config.parameter_sets().next()?)?.reordered_frames?;
    // One second has `unit` parts, and a frame at least one.
    let unit = parameters.time_base.seconds().inverse().to_f64();
    let rate = parameters.video()?.frame_rate.map_or(25.0, Rational::to_f64);
    let step = ((unit / rate) as i64).max(1);
    let delay = delay.min(MAX_REORDERED as u32);
    (delay > 0).then_some(Reorder {
        delay,
        step,
        first: None,
        count: 0,
        pending: BinaryHeap::new(),
    })
}

/// Returns the parameters of a track, and the size of the length fields of H.264's NAL units.
fn parameters(track: &Track) -> anyhow::Result<(StreamParameters, usize)> {
    let find = |codec: &&CodecId| codec.name() == track.codec;
    let Some(codec) = CodecId::ALL.iter().find(find).copied() else {
        bail!("packets of {} cannot be copied, because the codec is not supported", track.codec);
    };
    let mut length_size = 4;
    let record = match &track.decoder {
        Some(Codec::H264(Some(record))) => {
            let (config, size) = AvcConfig::from_record(record)?;
            length_size = size;
            CodecRecord::H264(config)
        }
        Some(Codec::H264(None)) => {
            bail!("a byte stream has no timestamps. Copy the track from a container, or encode it")
        }
        Some(Codec::Av1(record)) if record.is_empty() => {
            bail!(
                "the container has no codec configuration record. Copy the track from MP4 or \
                 Matroska, or encode it"
            )
        }
        Some(Codec::Av1(record)) => CodecRecord::from_extradata(codec, record)?,
        Some(Codec::Raw(_)) | None => {
            bail!("packets of {codec} cannot be copied yet. Encode the track")
        }
        Some(Codec::Symphonia(parameters)) => {
            let extradata = parameters.extra_data.as_deref().unwrap_or_default();
            CodecRecord::from_extradata(codec, extradata)?
        }
        Some(Codec::Pcm(_) | Codec::G722 | Codec::Image) => CodecRecord::None,
    };
    let media = if codec.kind() == MediaKind::Video {
        let Some((width, height)) = track.video.size else { bail!("the size is unknown") };
        let color = track.video.color.unwrap_or_default();
        let pixels = match &record {
            CodecRecord::Av1(config) => config.pixel_format(),
            _ => Some(PixelFormat::Yuv420p),
        };
        let Some(pixels) = pixels else {
            bail!("the pixel format is not supported. Encode the track")
        };
        let mut format = VideoFormat::new(pixels, width as u32, height as u32, color);
        if let Some(ratio) = track.video.sample_aspect_ratio {
            format = format.with_sample_aspect_ratio(ratio);
        }
        MediaParameters::Video(VideoParameters::new(format).frame_rate(track.video.frame_rate))
    } else {
        let Some(rate) = track.audio.sample_rate else { bail!("the sample rate is unknown") };
        let layout = track.audio.layout;
        let Some(layout) = layout else { bail!("the channel layout is unknown") };
        let bits = track.audio.bits.unwrap_or(32);
        let sample_format = match bits {
            0..=8 => SampleFormat::U8,
            9..=16 => SampleFormat::S16,
            _ if track.audio.bits.is_some() => SampleFormat::S32,
            _ => SampleFormat::Flt,
        };
        let audio = AudioParameters::new(AudioFormat::new(sample_format, rate, layout));
        MediaParameters::Audio(audio.bits_per_sample(bits))
    };
    let parameters = StreamParameters::new(codec, track.time_base, media).record(record);
    Ok((parameters.language(track.language.clone()), length_size))
}
