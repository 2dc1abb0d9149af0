//! Streams of packets that another encoder produced.

use reelwright_core::h264::nal_units;
use reelwright_core::{
    CodecId, CodecRecord, Error, MediaKind, MediaParameters, MuxerInfo, Packet, PacketQueue,
    Result, StreamParameters, TimeLimits, Timestamp, helpers::list,
};

/// Stream of packets that another encoder produced.
#[derive(Debug)]
pub(crate) struct PacketStream {
    parameters: StreamParameters,
    pub(crate) packets: PacketQueue,
    limits: TimeLimits,
    /// Dts of the last packet, and its end.
    last: Option<(i64, i64)>,
    /// Duration of each frame, if the container stores no timestamps.
    frame: Option<i64>,
    has_warned: bool,
}

/// Returns whether a stream has the record that its codec requires.
fn has_record(stream: &StreamParameters) -> bool {
    let record = &stream.record;
    match stream.codec {
        CodecId::Aac => matches!(record, CodecRecord::Aac(_)),
        CodecId::AdpcmImaWav | CodecId::AdpcmMs => matches!(record, CodecRecord::Adpcm(_)),
        CodecId::Alac => matches!(record, CodecRecord::Alac(_)),
        CodecId::Av1 => matches!(record, CodecRecord::Av1(_)),
        CodecId::Flac => matches!(record, CodecRecord::Flac(_)),
        CodecId::H264 => matches!(record, CodecRecord::H264(_)),
        CodecId::Opus => matches!(record, CodecRecord::Opus(_)),
        CodecId::Vorbis => matches!(record, CodecRecord::Vorbis(_)),
        CodecId::WebVtt => matches!(record, CodecRecord::WebVtt(_)),
        _ => true,
    }
}

impl PacketStream {
    /// Creates a stream after checking its parameters.
    ///
    /// # Errors
    /// The container does not support the codec, or parameters are missing or contradictory.
    pub(crate) fn new(parameters: &StreamParameters, muxer: &MuxerInfo) -> Result<Self> {
        let codec = parameters.codec;
        let kind = parameters.kind();
        if codec.kind() != kind {
            return Err(Error::argument(format!(
                "{codec} is a codec for {}. Found: parameters of {kind}",
                codec.kind()
            )));
        }
        let codecs = match kind {
            MediaKind::Audio => muxer.audio_codecs,
            MediaKind::Video => muxer.video_codecs,
            MediaKind::Subtitle => muxer.subtitle_codecs,
            _ => &[],
        };
        if codecs.is_empty() {
            return Err(Error::unsupported(format!("{} does not support {kind}.", muxer.name)));
        }
        if !codecs.contains(&codec) {
            return Err(Error::unsupported(format!(
                "{} does not support {codec}. Supported codecs are {}.",
                muxer.name,
                list(codecs)
            )));
        }
        if !has_record(parameters) {
            return Err(Error::argument(format!(
                "A stream of {codec} must have its configuration record. Create it with \
                 CodecRecord::from_extradata."
            )));
        }
        let has_zero = match &parameters.media {
            MediaParameters::Audio(audio) => audio.format.sample_rate == 0,
            MediaParameters::Video(video) => video.format.width == 0 || video.format.height == 0,
            _ => false,
        };
        if has_zero {
            return Err(Error::argument(
                "A stream of packets must have a sample rate, or a width and a height. Found: 0",
            ));
        }
        let frame = parameters
            .video()
            .filter(|_| !muxer.variable_frame_rate)
            .map(|video| video.frame_length(parameters.time_base).get());
        Ok(Self {
            parameters: parameters.clone(),
            packets: PacketQueue::new(),
            limits: TimeLimits::NONE,
            last: None,
            frame,
            has_warned: false,
        })
    }

    pub(crate) fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    pub(crate) fn set_limits(&mut self, limits: TimeLimits) {
        self.limits = limits;
    }

    /// Returns the end of the written packets, in seconds.
    pub(crate) fn end(&self) -> f64 {
        let end = self.last.map_or(0, |(_, end)| end);
        self.parameters.time_base.to_seconds(Timestamp(end))
    }

    /// Checks and queues a packet.
    ///
    /// # Errors
    /// A timestamp is out of order or range, or the data does not have the codec's form. The packet
    /// is not queued then.
    pub(crate) fn write(&mut self, packet: &Packet) -> Result<()> {
        let (pts, dts) = (packet.pts.0, packet.dts.0);
        let reject = |what: &str| {
            Err(Error::chunk(format!(
                "A packet must have {what}. Found: pts {pts}, dts {dts}, duration {}, {} bytes",
                packet.duration,
                packet.data.len()
            )))
        };
        if pts < dts {
            return reject("a dts that is not after its pts");
        }
        if packet.duration < 0 {
            return reject("a duration that is not negative, 0 if unknown");
        }
        if packet.data.is_empty() {
            return reject("data");
        }
        if let Some((last, _)) = self.last
            && dts <= last
        {
            return reject(&format!("a dts after that of the previous packet, {last}"));
        }
        let end = dts.checked_add(packet.duration.max(1));
        let gap = self.last.map_or(0, |(last, _)| dts.saturating_sub(last));
        let is_far =
            pts > self.limits.max_pts || dts < -self.limits.max_pts || gap > self.limits.max_gap;
        let Some(end) = end.filter(|_| !is_far) else {
            return reject(&format!(
                "times up to {}, and a dts at most {} after the previous one, in units of {} s",
                self.limits.max_pts,
                self.limits.max_gap,
                self.parameters.time_base.seconds()
            ));
        };
        check_form(self.parameters.codec, packet)?;
        if !self.has_warned
            && let (Some(frame), Some((last, _))) = (self.frame, self.last)
            && (dts - last != frame || pts != dts)
        {
            self.has_warned = true;
            log::warn!(
                "The container shows frames at a constant rate: the timestamps of these packets \
                 are lost."
            );
        }
        self.last = Some((dts, end));
        let to = self.packets.push();
        to.data.extend_from_slice(&packet.data);
        (to.pts, to.dts, to.duration) = (packet.pts, packet.dts, packet.duration);
        (to.trim_start, to.trim_end) = (packet.trim_start, packet.trim_end);
        to.keyframe = packet.keyframe;
        Ok(())
    }
}

/// Checks that a packet has the form that containers expect, if that can be determined.
fn check_form(codec: CodecId, packet: &Packet) -> Result<()> {
    match codec {
        CodecId::H264 => {
            if let Some(Err(_)) = nal_units(&packet.data).find(Result::is_err) {
                return Err(Error::chunk(
                    "A packet of h264 must be NAL units after their lengths in four bytes. Convert \
                     a byte stream (Annex B) with AvcConfig::append_packet.",
                ));
            }
            Ok(())
        }
        // A raw data block does not start with a sync word: its first element would be the last
        // one.
        CodecId::Aac if matches!(packet.data[..], [0xff, second, ..] if second & 0xf6 == 0xf0) => {
            Err(Error::chunk(
                "A packet of aac must be a raw data block, without an ADTS header. \
                 AudioSpecificConfig::from_adts returns the header's length.",
            ))
        }
        _ => Ok(()),
    }
}
