//! Stream of any kind.

use reelwright_core::{
    Error, Interrupt, MediaKind, PacketQueue, Result, StreamParameters, TensorView, TimeLimits,
};

use crate::audio_pipeline::AudioPipeline;
use crate::packet_stream::PacketStream;
use crate::subtitle_pipeline::SubtitlePipeline;
use crate::video_pipeline::VideoPipeline;

/// Stream of any kind.
pub(crate) enum Stream {
    Audio(Box<AudioPipeline>),
    Video(Box<VideoPipeline>),
    Packets(Box<PacketStream>),
    Subtitle(Box<SubtitlePipeline>),
}

impl Stream {
    pub(crate) fn parameters(&self) -> &StreamParameters {
        match self {
            Self::Audio(audio) => audio.parameters(),
            Self::Video(video) => video.parameters(),
            Self::Packets(packets) => packets.parameters(),
            Self::Subtitle(subtitles) => subtitles.parameters(),
        }
    }

    pub(crate) fn kind(&self) -> MediaKind {
        self.parameters().codec.kind()
    }

    pub(crate) fn packets(&self) -> &PacketQueue {
        match self {
            Self::Audio(audio) => &audio.packets,
            Self::Video(video) => &video.packets,
            Self::Packets(packets) => &packets.packets,
            Self::Subtitle(subtitles) => &subtitles.packets,
        }
    }

    pub(crate) fn packets_mut(&mut self) -> &mut PacketQueue {
        match self {
            Self::Audio(audio) => &mut audio.packets,
            Self::Video(video) => &mut video.packets,
            Self::Packets(packets) => &mut packets.packets,
            Self::Subtitle(subtitles) => &mut subtitles.packets,
        }
    }

    /// Returns the end of the data written to the stream, in seconds.
    pub(crate) fn end(&self) -> f64 {
        match self {
            Self::Audio(audio) => audio.end(),
            Self::Video(video) => video.end(),
            Self::Packets(packets) => packets.end(),
            Self::Subtitle(subtitles) => subtitles.end(),
        }
    }

    /// Sets the maximum gap that is filled, in seconds, or `None`, and whether the format supports
    /// gaps.
    pub(crate) fn set_gaps(&mut self, longest: Option<f64>, supports_gaps: bool) {
        match self {
            Self::Audio(audio) => audio.set_gaps(longest, supports_gaps),
            Self::Video(video) => video.set_gaps(longest),
            // Gaps between packets are not filled.
            Self::Packets(_) => {}
            Self::Subtitle(_) => {}
        }
    }

    /// Sets the range of timestamps that the container can store.
    pub(crate) fn set_limits(&mut self, limits: TimeLimits) {
        match self {
            Self::Audio(audio) => audio.set_limits(limits),
            Self::Video(video) => video.set_limits(limits),
            Self::Packets(packets) => packets.set_limits(limits),
            Self::Subtitle(subtitles) => subtitles.set_limits(limits),
        }
    }

    /// Returns whether a chunk has the type and shape of a checked chunk, except for the number of
    /// frames.
    pub(crate) fn has_format_of(&self, chunk: &TensorView<'_>) -> bool {
        match self {
            Self::Audio(audio) => audio.has_format_of(chunk),
            Self::Video(video) => video.has_format_of(chunk),
            Self::Packets(_) => false,
            Self::Subtitle(_) => false,
        }
    }

    /// Discards the frames in the encoder.
    pub(crate) fn abandon(&mut self) {
        if let Self::Video(video) = self {
            video.abandon();
        }
    }

    /// Encodes all data so far, if that does not change later packets.
    pub(crate) fn flush(&mut self, interrupt: &Interrupt) -> Result<()> {
        match self {
            Self::Audio(audio) => audio.flush(),
            Self::Video(video) => video.drain(interrupt),
            Self::Packets(_) => Ok(()),
            Self::Subtitle(_) => Ok(()),
        }
    }

    /// Appends packets of frames that another thread is encoding.
    pub(crate) fn drain(&mut self, interrupt: &Interrupt) -> Result<()> {
        match self {
            Self::Audio(_) | Self::Packets(_) | Self::Subtitle(_) => Ok(()),
            Self::Video(video) => video.drain(interrupt),
        }
    }

    /// Returns whether [`drain`](Self::drain) can append packets.
    pub(crate) fn can_drain(&self) -> bool {
        match self {
            Self::Audio(_) | Self::Packets(_) | Self::Subtitle(_) => false,
            Self::Video(video) => video.can_drain(),
        }
    }

    /// Returns the maximum duration of media in the encoder, in seconds.
    pub(crate) fn max_delay(&self) -> f64 {
        match self {
            Self::Audio(audio) => audio.max_delay(),
            Self::Video(video) => video.max_delay(),
            Self::Packets(_) => 0.0,
            Self::Subtitle(_) => 0.0,
        }
    }

    /// Encodes all remaining data. After an interrupt, another call continues.
    pub(crate) fn finish(&mut self, interrupt: &Interrupt) -> Result<()> {
        match self {
            Self::Audio(audio) => audio.finish(),
            Self::Video(video) => video.finish(interrupt),
            Self::Packets(_) => Ok(()),
            Self::Subtitle(_) => Ok(()),
        }
    }

    pub(crate) fn audio(&mut self, index: usize) -> Result<&mut AudioPipeline> {
        match self {
            Self::Audio(audio) => Ok(audio),
            Self::Packets(_) => Err(takes_packets(index)),
            Self::Video(_) | Self::Subtitle(_) => Err(wrong_kind(index, "audio")),
        }
    }

    pub(crate) fn video(&mut self, index: usize) -> Result<&mut VideoPipeline> {
        match self {
            Self::Video(video) => Ok(video),
            Self::Packets(_) => Err(takes_packets(index)),
            Self::Audio(_) | Self::Subtitle(_) => Err(wrong_kind(index, "video")),
        }
    }

    pub(crate) fn subtitles(&mut self, index: usize) -> Result<&mut SubtitlePipeline> {
        match self {
            Self::Subtitle(subtitles) => Ok(subtitles),
            Self::Packets(_) => Err(takes_packets(index)),
            Self::Audio(_) | Self::Video(_) => Err(wrong_kind(index, "subtitle")),
        }
    }

    pub(crate) fn packet_stream(&mut self, index: usize) -> Result<&mut PacketStream> {
        match self {
            Self::Packets(packets) => Ok(packets),
            Self::Audio(_) | Self::Video(_) | Self::Subtitle(_) => Err(Error::argument(format!(
                "Stream {index} does not accept packets. Add one that does with add_packet_stream."
            ))),
        }
    }

    /// Returns whether the stream has few packets, so that other streams do not wait for it.
    pub(crate) fn is_sparse(&self) -> bool {
        self.kind() == MediaKind::Subtitle
    }
}

fn takes_packets(index: usize) -> Error {
    Error::argument(format!("Stream {index} accepts packets only. Write them with write_packet."))
}

fn wrong_kind(index: usize, kind: &str) -> Error {
    Error::argument(format!("Stream {index} is not {kind} type."))
}
