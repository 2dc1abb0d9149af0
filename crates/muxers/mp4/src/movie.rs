//! The movie box: properties of the file and of each track (ISO/IEC 14496-12 §8.2, §8.3).

use mp4_atom::{Dref, Encode as _, Matrix, Smhd, Trex, Url, Vmhd};
use reelwright_core::{Chapter, CodecId, Metadata, Result, StreamParameters};

use crate::boxes::{Bytes, append, boxed, full_box, handler_box, put};
use crate::chapters;
use crate::clock::movie_timescale;
use crate::creation_time::creation_time;
use crate::edit_list;
use crate::esds::Rates;
use crate::flavor::Flavor;
use crate::fragment::NOT_SYNC;
use crate::metadata;
use crate::roll;
use crate::sample_entry::{self, size};
use crate::tables::{self, Samples};
use crate::text_entry::{self, TextArea};
use crate::track::{Kind, Track};

/// Language code of an undetermined language (ISO 639-2).
const UNDETERMINED: [u8; 3] = *b"und";

/// Contents of a movie box, without its tracks.
#[derive(Debug)]
pub(crate) struct Movie {
    pub(crate) flavor: &'static Flavor,
    tags: Metadata,
    /// Creation time in seconds since 1904.
    created: u64,
    language: u16,
    use_keys: bool,
    /// Area in which subtitles are shown.
    area: TextArea,
}

impl Movie {
    /// Collects the contents of a file.
    ///
    /// # Errors
    /// The metadata cannot be stored: an invalid language code or time, or chapters beyond the
    /// limits.
    pub(crate) fn new(
        flavor: &'static Flavor,
        tags: &Metadata,
        use_keys: bool,
        streams: &[StreamParameters],
    ) -> Result<Self> {
        chapters::check(tags.chapters())?;
        Ok(Self {
            flavor,
            created: tags.get("creation_time").map_or(Ok(0), creation_time)?,
            language: packed(tags.get("language")),
            tags: tags.clone(),
            use_keys,
            area: TextArea::of(streams),
        })
    }

    /// Returns the chapters, if the format supports them.
    pub(crate) fn chapters(&self) -> &[Chapter] {
        if self.flavor.chapters.is_supported() { self.tags.chapters() } else { &[] }
    }

    /// Appends the box.
    ///
    /// # Errors
    /// Fails if the container does not support a stream, or if a value does not fit in its field.
    pub(crate) fn write(
        &self,
        out: &mut Bytes,
        tracks: &[Track],
        streams: &[StreamParameters],
        samples: Samples,
    ) -> Result<()> {
        let timescale = movie_timescale(tracks.iter().map(|track| track.clock.timescale));
        let length = |track: &Track| match samples {
            Samples::Chunks { .. } => edit_list::length(track, timescale),
            Samples::Fragments => 0,
        };
        boxed(out, b"moov", |out| {
            let longest = tracks.iter().map(length).max().unwrap_or(0);
            self.header(out, timescale, longest, tracks.len())?;
            for (track, stream) in tracks.iter().zip(streams) {
                self.track(out, track, stream, tracks, timescale, samples)
                    .map_err(|error| error.in_stream(track.index))?;
            }
            if let Samples::Fragments = samples {
                boxed(out, b"mvex", |out| tracks.iter().try_for_each(|track| trex(out, track)))?;
            }
            let how = (self.flavor, self.use_keys);
            metadata::write(out, &self.tags, self.chapters(), how, tracks, streams, samples)
        })
    }

    /// Returns the version of a header with this duration: 1 if a field needs 64 bits.
    fn version(&self, length: u64) -> u8 {
        u8::from(self.created.max(length) > u64::from(u32::MAX))
    }

    /// Appends a time or a duration.
    fn long(out: &mut Bytes, version: u8, value: u64) {
        if version == 1 {
            out.extend(value.to_be_bytes());
        } else {
            out.extend((value as u32).to_be_bytes());
        }
    }

    /// Appends the creation and the modification time.
    fn times(&self, out: &mut Bytes, version: u8) {
        Self::long(out, version, self.created);
        Self::long(out, version, self.created);
    }

    /// Appends the `MovieHeaderBox` (§8.2.2).
    fn header(&self, out: &mut Bytes, timescale: u32, length: u64, tracks: usize) -> Result<()> {
        let version = self.version(length);
        full_box(out, b"mvhd", (version, 0), |out| {
            self.times(out, version);
            out.extend(timescale.to_be_bytes());
            Self::long(out, version, length);
            // Rate 1.0 and volume 1.0.
            out.extend(0x1_0000u32.to_be_bytes());
            out.extend(0x100u16.to_be_bytes());
            out.extend([0; 10]);
            matrix(out);
            out.extend([0; 24]);
            out.extend((tracks as u32).saturating_add(1).to_be_bytes());
            Ok(())
        })
    }

    /// Appends a `TrackBox` (§8.3).
    fn track(
        &self,
        out: &mut Bytes,
        track: &Track,
        stream: &StreamParameters,
        tracks: &[Track],
        timescale: u32,
        samples: Samples,
    ) -> Result<()> {
        boxed(out, b"trak", |out| match samples {
            Samples::Chunks { .. } => {
                let length = edit_list::length(track, timescale);
                self.track_header(out, track, stream, tracks, length)?;
                edit_list::write(out, track, timescale)?;
                chapter_reference(out, track, tracks)?;
                self.media(out, track, stream, samples)
            }
            Samples::Fragments => {
                self.track_header(out, track, stream, tracks, 0)?;
                edit_list::write_open(out, track.origin.unwrap_or(0).saturating_neg())?;
                self.media(out, track, stream, samples)
            }
        })
    }

    /// Appends the `TrackHeaderBox` (§8.3.2).
    fn track_header(
        &self,
        out: &mut Bytes,
        track: &Track,
        stream: &StreamParameters,
        tracks: &[Track],
        length: u64,
    ) -> Result<()> {
        // Players start with the first track of each kind.
        let mut of_kind = tracks.iter().filter(|other| other.kind == track.kind);
        let is_first = of_kind.next().map(|first| first.index) == Some(track.index);
        let several = of_kind.next().is_some();
        // Flags: in the movie and its preview; enabled.
        let flags = match track.kind {
            Kind::Chapters => 2,
            _ if is_first => 7,
            _ => 6,
        };
        // Layer, alternate group and volume. Text is on top.
        let (layer, group, volume) = match track.kind {
            Kind::Audio => (0i16, u16::from(several), 0x100u16),
            Kind::Subtitle => (-1, if several { 2 } else { 0 }, 0),
            Kind::Video | Kind::Chapters => (0, 0, 0),
        };
        let version = self.version(length);
        full_box(out, b"tkhd", (version, flags), |out| {
            self.times(out, version);
            out.extend(track.number().to_be_bytes());
            out.extend([0; 4]);
            Self::long(out, version, length);
            out.extend([0; 8]);
            out.extend(layer.to_be_bytes());
            out.extend(group.to_be_bytes());
            out.extend(volume.to_be_bytes());
            out.extend([0; 2]);
            matrix(out);
            let (mut width, mut height) = (0, 0);
            if let Some(video) = stream.video() {
                let sar = video.format.sample_aspect_ratio;
                let (pixels, lines) = size(video)?;
                // Fixed point 16.16. Pixels that are not square change the width.
                let wide = i128::from(pixels) * 65_536 * i128::from(sar.num());
                let wide = wide / i128::from(sar.den());
                width = u32::try_from(wide).unwrap_or(u32::MAX);
                height = u32::from(lines) << 16;
            } else if track.kind == Kind::Subtitle {
                width = u32::from(self.area.width) << 16;
                height = u32::from(self.area.height) << 16;
            }
            out.extend([width, height].into_iter().flat_map(u32::to_be_bytes));
            Ok(())
        })
    }

    /// Appends the `MediaBox` (§8.4).
    fn media(
        &self,
        out: &mut Bytes,
        track: &Track,
        stream: &StreamParameters,
        samples: Samples,
    ) -> Result<()> {
        let length = match samples {
            Samples::Chunks { .. } => track.span.media.max(0).unsigned_abs(),
            Samples::Fragments => 0,
        };
        let is_quicktime = self.flavor.is_quicktime();
        let is_quicktime_text =
            track.kind == Kind::Chapters || (track.kind == Kind::Subtitle && is_quicktime);
        let (handler, name) = match track.kind {
            Kind::Video => (b"vide", "VideoHandler"),
            Kind::Audio => (b"soun", "SoundHandler"),
            // Apple's players show timed text only with this handler.
            Kind::Subtitle if stream.codec == CodecId::MovText && !is_quicktime => {
                (b"sbtl", "SubtitleHandler")
            }
            Kind::Subtitle | Kind::Chapters => (b"text", "SubtitleHandler"),
        };
        boxed(out, b"mdia", |out| {
            let version = self.version(length);
            full_box(out, b"mdhd", (version, 0), |out| {
                self.times(out, version);
                out.extend(track.clock.timescale.to_be_bytes());
                Self::long(out, version, length);
                let language = stream.language.as_deref();
                let language = language.map_or(self.language, |code| packed(Some(code)));
                out.extend(language.to_be_bytes());
                out.extend([0; 2]);
                Ok(())
            })?;
            let class = if is_quicktime { *b"mhlr" } else { [0; 4] };
            handler_box(out, class, handler, name, is_quicktime)?;
            boxed(out, b"minf", |out| {
                match track.kind {
                    Kind::Video => put(out, &Vmhd::default())?,
                    Kind::Audio => put(out, &Smhd::default())?,
                    Kind::Subtitle | Kind::Chapters => {
                        text_entry::media_header(out, is_quicktime_text)?;
                    }
                }
                if is_quicktime {
                    handler_box(out, *b"dhlr", b"url ", "DataHandler", true)?;
                }
                boxed(out, b"dinf", |out| {
                    put(out, &Dref { entries: vec![Url::default().into()] })
                })?;
                boxed(out, b"stbl", |out| self.sample_table(out, track, stream, samples))
            })
        })
    }

    /// Appends the contents of the `SampleTableBox` (§8.5).
    fn sample_table(
        &self,
        out: &mut Bytes,
        track: &Track,
        stream: &StreamParameters,
        samples: Samples,
    ) -> Result<()> {
        let mut rates = Rates::default();
        if let Samples::Chunks { .. } = samples {
            let average = track.rate.average(track.clock, track.span.media);
            let most = track.rate.most(average);
            rates = Rates { average, most, largest: track.rate.largest() };
        } else if let Some(bit_rate) = stream.bit_rate {
            let bit_rate = u32::try_from(bit_rate).unwrap_or(u32::MAX);
            rates = Rates { average: bit_rate, most: bit_rate, largest: 0 };
        }
        full_box(out, b"stsd", (0, 0), |out| {
            out.extend(1u32.to_be_bytes());
            match track.kind {
                Kind::Chapters => text_entry::quicktime(out, TextArea::default()),
                Kind::Subtitle => {
                    text_entry::write(out, stream, self.area, self.flavor.is_quicktime())
                }
                Kind::Audio | Kind::Video => sample_entry::write(out, stream, self.flavor, rates),
            }
        })?;
        match samples {
            Samples::Chunks { shift } => {
                let wide = track.tables.needs_64_bits(shift);
                track.tables.write(out, shift, wide)?;
                if !self.flavor.is_quicktime() {
                    roll::write(out, stream, track.tables.samples())?;
                }
                Ok(())
            }
            Samples::Fragments => {
                tables::write_empty(out)?;
                if !self.flavor.is_quicktime() {
                    roll::describe(out, stream)?;
                }
                Ok(())
            }
        }
    }
}

/// Appends a reference to the chapter track (QuickTime File Format, "Chapter Lists").
fn chapter_reference(out: &mut Bytes, track: &Track, tracks: &[Track]) -> Result<()> {
    let chapters = tracks.iter().find(|other| other.kind == Kind::Chapters);
    let Some(chapters) = chapters.filter(|_| matches!(track.kind, Kind::Audio | Kind::Video))
    else {
        return Ok(());
    };
    boxed(out, b"tref", |out| {
        boxed(out, b"chap", |out| append(out, &chapters.number().to_be_bytes()))
    })
}

/// Appends the defaults of fragments (§8.8.3).
fn trex(out: &mut Bytes, track: &Track) -> Result<()> {
    put(
        out,
        &Trex {
            track_id: track.number(),
            default_sample_description_index: 1,
            default_sample_duration: 0,
            default_sample_size: 0,
            default_sample_flags: if track.is_video() { NOT_SYNC } else { 0 },
        },
    )
}

/// Appends the identity matrix.
fn matrix(out: &mut Bytes) {
    // The fixed size cannot exceed the limit.
    let _ = Matrix::default().encode(out);
}

/// Returns a language code in 15 bits (§8.4.2.3), or the undetermined one.
fn packed(language: Option<&str>) -> u16 {
    let code = language
        .and_then(|code| <[u8; 3]>::try_from(code.as_bytes()).ok())
        .filter(|code| code.iter().all(u8::is_ascii_lowercase))
        .unwrap_or(UNDETERMINED);
    code.iter().fold(0, |bits, letter| bits << 5 | u16::from(letter - 0x60))
}
