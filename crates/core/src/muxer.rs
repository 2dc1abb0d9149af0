//! Trait and description of muxers.

use std::sync::Arc;

use crate::opener::Opener;
use crate::{
    ChapterSupport, CodecId, Destination, Metadata, OptionInfo, Options, Packet, Result,
    StreamParameters,
};

/// Muxer of one file. It depends on streams and packets, not on encoders, files or sockets.
///
/// Calls come in this order: `start` once, `write` and `flush` any number of times, `finish` once.
/// After an error only `patch_header` is called.
pub trait Muxer: Send {
    /// Writes the file's start, before the first packet. The [`MuxerInfo`] supports the codecs and
    /// the number of streams.
    ///
    /// # Errors
    /// The container does not support a stream, or the output fails.
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()>;

    /// Returns the range of timestamps that the container can store for a stream, after `start`.
    fn time_limits(&self, _stream: &StreamParameters) -> TimeLimits {
        TimeLimits::NONE
    }

    /// Writes a packet. Within a stream dts strictly increases. Packets of all streams come in the
    /// order of their dts, except subtitles, which may come later.
    ///
    /// # Errors
    /// A value exceeds the fields of the container, or the output fails.
    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()>;

    /// Makes everything written so far playable, if the container can.
    ///
    /// # Errors
    /// The output fails.
    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        to.output().flush()
    }

    /// Passes on the data written so far while the file is growing, twice per second of media.
    /// Unlike [`flush`](Self::flush), it does not change the bytes of the complete file.
    ///
    /// # Errors
    /// The output fails.
    fn flush_output(&mut self, to: &mut dyn Destination) -> Result<()> {
        to.output().flush()
    }

    /// Updates the header of a file that was truncated to `length` bytes after its output failed.
    /// This is the last call.
    ///
    /// # Errors
    /// The output fails.
    fn patch_header(&mut self, _length: u64, _to: &mut dyn Destination) -> Result<()> {
        Ok(())
    }

    /// Writes the file's end and, if the output is seekable, updates data that depends on it.
    /// `streams` are the final parameters of the streams. The caller flushes the output afterwards.
    ///
    /// # Errors
    /// The output fails.
    fn finish(&mut self, streams: &[StreamParameters], to: &mut dyn Destination) -> Result<()>;
}

/// Range of timestamps that a container can store for a stream, in units of the stream's time base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// Maximum pts.
    pub max_pts: i64,
    /// Maximum gap between the pts of two frames.
    pub max_gap: i64,
}

impl TimeLimits {
    /// Limits of a container without limits of its own. Timestamps fit in an `i64`, with a margin
    /// for reordering.
    pub const NONE: Self = Self { max_pts: i64::MAX >> 1, max_gap: i64::MAX >> 1 };
}

/// Function that creates a muxer and removes its options from the given set.
pub type OpenMuxer = dyn Fn(&mut Options) -> Result<Box<dyn Muxer>> + Send + Sync;

/// Description and constructor of a muxer.
///
/// ```
/// use reelwright_core::{CodecId, Error, MuxerInfo};
///
/// pub static TOY: MuxerInfo =
///     MuxerInfo::new("toy", "Toy container", &|_| Err(Error::unsupported("not yet")))
///         .extensions(&["toy"])
///         .audio_codecs(&[CodecId::PcmS16Le]);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MuxerInfo {
    /// FFmpeg's name of the format.
    pub name: &'static str,
    /// Human-readable name.
    pub long_name: &'static str,
    /// File extensions in lower case, without the dot.
    pub extensions: &'static [&'static str],
    /// Internet media type.
    pub mime_type: Option<&'static str>,
    /// Supported audio codecs; the first is the default.
    pub audio_codecs: &'static [CodecId],
    /// Supported video codecs; the first is the default.
    pub video_codecs: &'static [CodecId],
    /// Supported subtitle codecs; the first is the default.
    pub subtitle_codecs: &'static [CodecId],
    /// Maximum number of streams per file.
    pub max_streams: usize,
    /// True if frames can have any duration. Otherwise each lasts one unit of its time base.
    pub variable_frame_rate: bool,
    /// True if audio can start late and have gaps: packets are played at their timestamps. Otherwise
    /// each packet follows the previous one.
    pub audio_gaps: bool,
    /// True if the muxer writes several objects to the destination's
    /// [`ObjectStore`](crate::ObjectStore). The single output is not opened then.
    pub multiple_objects: bool,
    /// Codec for each file extension, for formats with one file per frame. The destination's name
    /// may contain a pattern for the frame number, as in `frame_%04d.png`. Empty for other formats.
    pub image_codecs: &'static [(&'static str, CodecId)],
    /// True if the container stores the sample aspect ratio of video, regardless of the codec.
    pub sample_aspect_ratio: bool,
    /// True if the container can store the metadata's cover art.
    pub cover_art: bool,
    /// Chapter times that the container can store.
    pub chapters: ChapterSupport,
    /// Options of the muxer.
    pub options: &'static [OptionInfo],
    open: Opener<OpenMuxer>,
}

impl MuxerInfo {
    /// Describes a container of one stream, without supported codecs. `open` creates a muxer and
    /// removes its options from the given set.
    pub const fn new(
        name: &'static str,
        long_name: &'static str,
        open: &'static OpenMuxer,
    ) -> Self {
        Self::with_opener(name, long_name, Opener::Static(open))
    }

    /// Describes a muxer as [`new`](Self::new) does, with a constructor that may hold state.
    pub fn from_closure(
        name: &'static str,
        long_name: &'static str,
        open: impl Fn(&mut Options) -> Result<Box<dyn Muxer>> + Send + Sync + 'static,
    ) -> Self {
        Self::with_opener(name, long_name, Opener::Shared(Arc::new(open)))
    }

    const fn with_opener(
        name: &'static str,
        long_name: &'static str,
        open: Opener<OpenMuxer>,
    ) -> Self {
        Self {
            name,
            long_name,
            extensions: &[],
            mime_type: None,
            audio_codecs: &[],
            video_codecs: &[],
            subtitle_codecs: &[],
            max_streams: 1,
            variable_frame_rate: false,
            audio_gaps: false,
            multiple_objects: false,
            image_codecs: &[],
            sample_aspect_ratio: false,
            cover_art: false,
            chapters: ChapterSupport::None,
            options: &[],
            open,
        }
    }

    /// Creates a muxer and removes its options from the given set.
    ///
    /// # Errors
    /// An option has an invalid value.
    pub fn open(&self, options: &mut Options) -> Result<Box<dyn Muxer>> {
        (self.open)(options)
    }

    /// Sets [`extensions`](field@Self::extensions).
    #[must_use]
    pub const fn extensions(mut self, extensions: &'static [&'static str]) -> Self {
        self.extensions = extensions;
        self
    }

    /// Sets [`mime_type`](field@Self::mime_type).
    #[must_use]
    pub const fn mime_type(mut self, mime_type: &'static str) -> Self {
        self.mime_type = Some(mime_type);
        self
    }

    /// Sets [`audio_codecs`](field@Self::audio_codecs).
    #[must_use]
    pub const fn audio_codecs(mut self, audio_codecs: &'static [CodecId]) -> Self {
        self.audio_codecs = audio_codecs;
        self
    }

    /// Sets [`video_codecs`](field@Self::video_codecs).
    #[must_use]
    pub const fn video_codecs(mut self, video_codecs: &'static [CodecId]) -> Self {
        self.video_codecs = video_codecs;
        self
    }

    /// Sets [`subtitle_codecs`](field@Self::subtitle_codecs).
    #[must_use]
    pub const fn subtitle_codecs(mut self, subtitle_codecs: &'static [CodecId]) -> Self {
        self.subtitle_codecs = subtitle_codecs;
        self
    }

    /// Sets [`max_streams`](field@Self::max_streams).
    #[must_use]
    pub const fn max_streams(mut self, max_streams: usize) -> Self {
        self.max_streams = max_streams;
        self
    }

    /// Sets [`variable_frame_rate`](field@Self::variable_frame_rate).
    #[must_use]
    pub const fn variable_frame_rate(mut self, variable_frame_rate: bool) -> Self {
        self.variable_frame_rate = variable_frame_rate;
        self
    }

    /// Sets [`audio_gaps`](field@Self::audio_gaps).
    #[must_use]
    pub const fn audio_gaps(mut self, audio_gaps: bool) -> Self {
        self.audio_gaps = audio_gaps;
        self
    }

    /// Sets [`multiple_objects`](field@Self::multiple_objects).
    #[must_use]
    pub const fn multiple_objects(mut self) -> Self {
        self.multiple_objects = true;
        self
    }

    /// Sets [`image_codecs`](field@Self::image_codecs) and [`multiple_objects`](field@Self::multiple_objects).
    #[must_use]
    pub const fn image_codecs(mut self, image_codecs: &'static [(&'static str, CodecId)]) -> Self {
        self.image_codecs = image_codecs;
        self.multiple_objects = true;
        self
    }

    /// Sets [`sample_aspect_ratio`](field@Self::sample_aspect_ratio).
    #[must_use]
    pub const fn sample_aspect_ratio(mut self, sample_aspect_ratio: bool) -> Self {
        self.sample_aspect_ratio = sample_aspect_ratio;
        self
    }

    /// Sets [`cover_art`](field@Self::cover_art).
    #[must_use]
    pub const fn cover_art(mut self, cover_art: bool) -> Self {
        self.cover_art = cover_art;
        self
    }

    /// Sets [`chapters`](field@Self::chapters).
    #[must_use]
    pub const fn chapters(mut self, chapters: ChapterSupport) -> Self {
        self.chapters = chapters;
        self
    }

    /// Sets [`options`](field@Self::options).
    #[must_use]
    pub const fn options(mut self, options: &'static [OptionInfo]) -> Self {
        self.options = options;
        self
    }
}
