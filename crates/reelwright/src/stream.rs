//! One stream of any kind, at work.

use reelwright_core::{
    Error, Interrupt, MediaKind, PacketQueue, Result, StreamParameters, TensorView, TimeLimits,
};

use crate::audio_pipeline::AudioPipeline;
use crate::packet_stream::PacketStream;
use crate::subtitle_pipeline::SubtitlePipeline;
use crate::video_pipeline::VideoPipeline;

/// One stream at work.
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

    /// Returns the end of what was written to the stream, in seconds.
    pub(crate) fn end(&self) -> f64 {
        match self {
            Self::Audio(audio) => audio.end(),
            Self::Video(video) => video.end(),
            Self::Packets(packets) => packets.end(),
            Self::Subtitle(subtitles) => subtitles.end(),
        }
    }

    /// Sets the longest gap that is filled, in seconds, if any is, and whether the format can have
    /// pauses.
    pub(crate) fn set_gaps(&mut self, longest: Option<f64>, has_pauses: bool) {
        match self {
            Self::Audio(audio) => audio.set_gaps(longest, has_pauses),
            Self::Video(video) => video.set_gaps(longest),
            // Packets are not filled in.
            Self::Packets(_) => {}
            Self::Subtitle(_) => {}
        }
    }

    /// Sets the times that the container can store.
    pub(crate) fn set_limits(&mut self, limits: TimeLimits) {
        match self {
            Self::Audio(audio) => audio.set_limits(limits),
            Self::Video(video) => video.set_limits(limits),
            Self::Packets(packets) => packets.set_limits(limits),
            Self::Subtitle(subtitles) => subtitles.set_limits(limits),
        }
    }

    /// Whether a chunk has the type and, but for its frames, the shape of those that are checked.
    pub(crate) fn is_alike(&self, chunk: &TensorView<'_>) -> bool {
        match self {
            Self::Audio(audio) => audio.is_alike(chunk),
            Self::Video(video) => video.is_alike(chunk),
            Self::Packets(_) => false,
            Self::Subtitle(_) => false,
        }
    }

    /// Gives up what the encoder still holds.
    pub(crate) fn abandon(&mut self) {
        if let Self::Video(video) = self {
            video.abandon();
        }
    }

    /// Encodes what has come so far, as far as the encoder can without changing what follows.
    pub(crate) fn flush(&mut self, interrupt: &Interrupt) -> Result<()> {
        match self {
            Self::Audio(audio) => audio.flush(),
            Self::Video(video) => video.drain(interrupt),
            Self::Packets(_) => Ok(()),
            Self::Subtitle(_) => Ok(()),
        }
    }

    /// Brings the packets that another thread is at work on.
    pub(crate) fn drain(&mut self, interrupt: &Interrupt) -> Result<()> {
        match self {
            Self::Audio(_) | Self::Packets(_) | Self::Subtitle(_) => Ok(()),
            Self::Video(video) => video.drain(interrupt),
        }
    }

    /// Returns whether [`drain`](Self::drain) brings packets.
    pub(crate) fn can_drain(&self) -> bool {
        match self {
            Self::Audio(_) | Self::Packets(_) | Self::Subtitle(_) => false,
            Self::Video(video) => video.can_drain(),
        }
    }

    /// Seconds that the encoder may hold.
    pub(crate) fn max_delay(&self) -> f64 {
        match self {
            Self::Audio(audio) => audio.max_delay(),
            Self::Video(video) => video.max_delay(),
            Self::Packets(_) => 0.0,
            Self::Subtitle(_) => 0.0,
        }
    }

    /// Encodes everything there is; after an interrupt, goes on with that.
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
                "Stream {index} does not take packets. They go to a stream of add_packet_stream."
            ))),
        }
    }

    /// Returns whether the stream is silent most of the time, so that no other stream waits for it.
    pub(crate) fn is_sparse(&self) -> bool {
        self.kind() == MediaKind::Subtitle
    }
}

fn takes_packets(index: usize) -> Error {
    Error::argument(format!("Stream {index} takes packets. Write them with write_packet."))
}

fn wrong_kind(index: usize, kind: &str) -> Error {
    Error::argument(format!("Stream {index} is not {kind} type."))
}
