//! The packets of a track as they are, for copies that encode nothing.

use std::cell::RefCell;
use std::rc::Rc;

use anyhow::bail;
use reelwright_core::h264::append_with_four_byte_lengths;
use reelwright_core::{
    AudioFormat, AudioParameters, AvcConfig, CodecId, CodecRecord, MediaKind, MediaParameters,
    Packet, PixelFormat, SampleFormat, StreamParameters, Timestamp, VideoFormat, VideoParameters,
};

use crate::av1::delimiter_length;
use crate::packet::{Codec, Demuxer, Kind, Packet as Read, Track};

/// The packets of a track, in the form that muxers take.
pub struct PacketInput {
    /// What a muxer must know of the stream.
    pub parameters: StreamParameters,
    /// Duration in the stream's time base, where the input states it.
    pub duration: Option<u64>,
    name: String,
    demuxer: Rc<RefCell<dyn Demuxer>>,
    track: Track,
    /// Bytes of the lengths before H.264's NAL units.
    length_size: usize,
    last_dts: Option<i64>,
}

impl PacketInput {
    pub(crate) fn open(
        name: &str,
        demuxer: Rc<RefCell<dyn Demuxer>>,
        track: Track,
    ) -> anyhow::Result<Self> {
        if !track.picture.orientation.is_upright() {
            bail!("its frames are turned or mirrored, which a copy does not keep. Encode it");
        }
        let (parameters, length_size) = parameters(&track)?;
        let (name, duration) = (name.to_owned(), track.duration);
        demuxer.borrow_mut().keep_all(track.index);
        Ok(Self { parameters, duration, name, demuxer, track, length_size, last_dts: None })
    }

    /// Whether these are frames.
    pub fn is_video(&self) -> bool {
        self.track.kind == Kind::Video
    }

    /// Returns whether damage was found so far.
    pub fn is_damaged(&self) -> bool {
        self.demuxer.borrow().is_damaged()
    }

    /// The next packet; none at the end.
    ///
    /// # Errors
    /// The input's own, or packets that a copy does not keep as they are: these are named.
    pub fn next_packet(&mut self) -> anyhow::Result<Option<Packet>> {
        loop {
            let read = self.demuxer.borrow_mut().next(self.track.index)?;
            let Some(read) = read else { return Ok(None) };
            if let Some(packet) = self.packet(read)? {
                return Ok(Some(packet));
            }
        }
    }

    /// A packet with its edits; none where nothing of it is presented or decoded.
    fn packet(&mut self, read: Read) -> anyhow::Result<Option<Packet>> {
        let refuse = |what: &str| {
            bail!(
                "{}: {} track {} {what}. Encode it.",
                self.name,
                self.track.kind.name(),
                self.track.index
            )
        };
        if read.config.is_some() || (read.starts_anew && self.last_dts.is_some()) {
            return refuse("begins anew in its middle, as with several edits");
        }
        let duration = i64::try_from(read.duration).unwrap_or(i64::MAX);
        let (pts, end) = (read.pts, read.pts.saturating_add(duration));
        let window = &read.window;
        let dts = match (read.dts, self.last_dts) {
            (Some(dts), _) => dts,
            (None, Some(last)) if pts <= last => {
                return refuse("has frames in another order, and no times of decoding");
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
                return refuse("begins in the middle of its media and late");
            }
            if pts >= window.end {
                return refuse("has frames after the end of its edit");
            }
            if end > window.end {
                packet.duration = window.end - pts;
            }
        } else {
            if pts >= window.end {
                return Ok(None);
            }
            if pts < window.start && window.start > 0 && pts >= 0 {
                return refuse("begins in the middle of its media and late");
            }
            let samples = |units: i64| {
                let rate = self.track.sound.sample_rate.unwrap_or(0);
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

/// The parameters of a track, and the bytes of the lengths before H.264's NAL units.
fn parameters(track: &Track) -> anyhow::Result<(StreamParameters, usize)> {
    let find = |codec: &&CodecId| codec.name() == track.codec;
    let Some(codec) = CodecId::ALL.iter().find(find).copied() else {
        bail!("packets of {} cannot be copied", track.codec);
    };
    let mut length_size = 4;
    let record = match &track.decoder {
        Some(Codec::H264(Some(record))) => {
            let (config, size) = AvcConfig::from_record(record)?;
            length_size = size;
            CodecRecord::H264(config)
        }
        Some(Codec::H264(None)) => {
            bail!("a byte stream has no times: copy it from a container, or encode it")
        }
        Some(Codec::Av1(record)) if record.is_empty() => {
            bail!(
                "its container has no record of its codec: copy it from MP4 or Matroska, or encode it"
            )
        }
        Some(Codec::Av1(record)) => CodecRecord::from_extradata(codec, record)?,
        Some(Codec::Raw(_)) | None => {
            bail!("packets of {codec} cannot be copied yet: encode it")
        }
        Some(Codec::Symphonia(parameters)) => {
            let extradata = parameters.extra_data.as_deref().unwrap_or_default();
            CodecRecord::from_extradata(codec, extradata)?
        }
        Some(Codec::Pcm(_) | Codec::G722 | Codec::Image) => CodecRecord::None,
    };
    let media = if codec.kind() == MediaKind::Video {
        let Some((width, height)) = track.picture.size else { bail!("its size is not known") };
        let color = track.picture.color.unwrap_or_default();
        let pixels = match &record {
            CodecRecord::Av1(config) => config.pixel_format(),
            _ => Some(PixelFormat::Yuv420p),
        };
        let Some(pixels) = pixels else { bail!("its pixel format is not supported: encode it") };
        let mut format = VideoFormat::new(pixels, width as u32, height as u32, color);
        if let Some(ratio) = track.picture.sample_aspect_ratio {
            format = format.with_sample_aspect_ratio(ratio);
        }
        MediaParameters::Video(VideoParameters::new(format).frame_rate(track.picture.frame_rate))
    } else {
        let Some(rate) = track.sound.sample_rate else { bail!("its sample rate is not known") };
        let layout = track.sound.layout;
        let Some(layout) = layout else { bail!("its channels are not known") };
        let bits = track.sound.bits.unwrap_or(32);
        let sample_format = match bits {
            0..=8 => SampleFormat::U8,
            9..=16 => SampleFormat::S16,
            _ if track.sound.bits.is_some() => SampleFormat::S32,
            _ => SampleFormat::Flt,
        };
        let audio = AudioParameters::new(AudioFormat::new(sample_format, rate, layout));
        MediaParameters::Audio(audio.bits_per_sample(bits))
    };
    let parameters = StreamParameters::new(codec, track.time_base, media).record(record);
    Ok((parameters.language(track.language.clone()), length_size))
}
