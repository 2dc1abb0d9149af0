//! What a muxer is, and how it is described.

use std::sync::Arc;

use crate::opener::Opener;
use crate::{
    ChapterSupport, CodecId, Destination, Metadata, OptionInfo, Options, Packet, Result,
    StreamParameters,
};

/// One container at work. Knows streams and packets, never encoders, files or sockets.
///
/// Calls come in this order: `start` once, `write` and `flush` any number of times, `finish` once.
/// After an error nothing but `mend` is called.
pub trait Muxer: Send {
    /// Writes what comes before the first packet. The streams' codecs and number are among those
    /// of the [`MuxerInfo`].
    ///
    /// # Errors
    /// A stream the container cannot describe, or an output that fails.
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()>;

    /// The times that the container can store for a stream, once it was started.
    fn time_limits(&self, _stream: &StreamParameters) -> TimeLimits {
        TimeLimits::NONE
    }

    /// Writes a packet. Within a stream dts strictly increases; across streams packets come in the
    /// order of their dts, but for subtitles, which may come later.
    ///
    /// # Errors
    /// More than the container's fields can count, or an output that fails.
    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()>;

    /// Makes all that was written so far playable, where the container can.
    ///
    /// # Errors
    /// An output that fails.
    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        to.output().flush()
    }

    /// Hands on what is whole, as a file on its way: it is called twice a second of media. Unlike
    /// [`flush`](Self::flush) it changes no byte of the complete file.
    ///
    /// # Errors
    /// An output that fails.
    fn flush_output(&mut self, to: &mut dyn Destination) -> Result<()> {
        to.output().flush()
    }

    /// Mends the header of a file that was cut back to `length` bytes after its output failed.
    /// Nothing else is called after it.
    ///
    /// # Errors
    /// An output that fails.
    fn patch_header(&mut self, _length: u64, _to: &mut dyn Destination) -> Result<()> {
        Ok(())
    }

    /// Writes what comes after the last packet and, where the output can seek, mends what was
    /// written before it was known. `streams` are the streams' parameters as they are at the end.
    /// Flushing the output afterwards is left to whoever owns it.
    ///
    /// # Errors
    /// An output that fails.
    fn finish(&mut self, streams: &[StreamParameters], to: &mut dyn Destination) -> Result<()>;
}

/// The times that a container can store for a stream, in units of the stream's time base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// The largest pts.
    pub max_pts: i64,
    /// The longest gap that pts may leave between two frames.
    pub max_gap: i64,
}

impl TimeLimits {
    /// Any time that an `i64` holds with room for reordering.
    pub const NONE: Self = Self { max_pts: i64::MAX >> 1, max_gap: i64::MAX >> 1 };
}

/// Makes a muxer; takes its options out of the given ones.
pub type OpenMuxer = dyn Fn(&mut Options) -> Result<Box<dyn Muxer>> + Send + Sync;

/// A muxer's description and constructor.
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
    /// A few words for people.
    pub long_name: &'static str,
    /// File extensions, lower case, without the dot.
    pub extensions: &'static [&'static str],
    /// Internet media type.
    pub mime_type: Option<&'static str>,
    /// The audio codecs it can carry; the first is the default one.
    pub audio_codecs: &'static [CodecId],
    /// The video codecs it can carry; the first is the default one.
    pub video_codecs: &'static [CodecId],
    /// The subtitle codecs it can carry; the first is the default one.
    pub subtitle_codecs: &'static [CodecId],
    /// The most streams a file can have.
    pub max_streams: usize,
    /// Whether pictures can be shown for any time; otherwise each is shown for one unit of its
    /// time base.
    pub variable_frame_rate: bool,
    /// Whether sound can begin late and pause: packets are heard at their times, whatever is
    /// between them; otherwise each follows the last one.
    pub audio_gaps: bool,
    /// True if it makes several objects by name where the destination has any: the single output is
    /// not opened then.
    pub multiple_objects: bool,
    /// Where each picture is a file of its own: how it is coded, by the file's extension. The
    /// destination's name may have a place for its number, as `frame_%04d.png`. Empty for all others.
    pub image_codecs: &'static [(&'static str, CodecId)],
    /// True if it stores the sample aspect ratio of video, whatever the codec.
    pub sample_aspect_ratio: bool,
    /// Whether it has a place for the metadata's cover.
    pub cover_art: bool,
    /// What it can store of the metadata's chapters.
    pub chapters: ChapterSupport,
    /// Its own options.
    pub options: &'static [OptionInfo],
    open: Opener<OpenMuxer>,
}

impl MuxerInfo {
    /// A container of one stream that takes no codec yet; `open` makes a muxer and takes its options
    /// out of the given ones.
    pub const fn new(
        name: &'static str,
        long_name: &'static str,
        open: &'static OpenMuxer,
    ) -> Self {
        Self::with_opener(name, long_name, Opener::Static(open))
    }

    /// As [`new`](Self::new), with a constructor that may hold state.
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

    /// Makes a muxer; takes its options out of the given ones.
    ///
    /// # Errors
    /// A value that an option does not take.
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
