//! Metadata that symphonia finds in a file, with FFmpeg's names.

use std::io::{Read, Seek, SeekFrom};
use std::sync::Mutex;

use anyhow::anyhow;
use reelwright_core::{Chapter, CoverArt};
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::{MetadataOptions, MetadataRevision, StandardTag, StandardVisualKey};

use crate::chapters;
use crate::guard::guarded;
use crate::source::{Sequential, Source};

/// Adapter of a source to symphonia, which requires `Sync` readers.
struct Shared {
    source: Mutex<Sequential>,
    size: Option<u64>,
}

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.source.get_mut().map_err(|_| std::io::ErrorKind::Other)?.read(buffer)
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.source.get_mut().map_err(|_| std::io::ErrorKind::Other)?.seek(to)
    }
}

impl MediaSource for Shared {
    fn is_seekable(&self) -> bool {
        self.size.is_some()
    }

    fn byte_len(&self) -> Option<u64> {
        self.size
    }
}

/// Metadata, cover art and chapters of a file.
#[derive(Default)]
pub(crate) struct Tags {
    /// Metadata with FFmpeg's names.
    pub(crate) entries: Vec<(String, String)>,
    pub(crate) cover: Option<CoverArt>,
    pub(crate) chapters: Vec<Chapter>,
}

fn probe(source: Source, extension: &str) -> anyhow::Result<Box<dyn FormatReader>> {
    let size = source.size();
    let shared = Shared { source: Mutex::new(Sequential::new(source)), size };
    let stream = MediaSourceStream::new(Box::new(shared), Default::default());
    let mut hint = Hint::new();
    hint.with_extension(extension);
    let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
    match guarded(|| symphonia::default::get_probe().probe(&hint, stream, format, metadata)) {
        Ok(Ok(format)) => Ok(format),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(anyhow!("the header is damaged")),
    }
}

/// Reads the metadata of a file. Returns nothing if symphonia does not support its container.
pub(crate) fn read(source: Source, extension: &str) -> Tags {
    match probe(source, extension) {
        Ok(mut format) => guarded(|| read_tags(&mut format)).unwrap_or_default(),
        Err(_) => Tags::default(),
    }
}

fn read_tags(format: &mut Box<dyn FormatReader>) -> Tags {
    let chapters = format.chapters().map(chapters::from_symphonia).unwrap_or_default();
    let mut revisions = format.metadata();
    let revision = revisions.skip_to_latest();
    let (entries, cover) = (revision.map(entries).unwrap_or_default(), revision.and_then(cover));
    Tags { entries, cover, chapters }
}

/// Returns the metadata that has a common name.
fn entries(revision: &MetadataRevision) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for tag in revision.media.tags.iter().filter_map(|tag| tag.std.as_ref()) {
        let (key, value) = match tag {
            StandardTag::TrackTitle(text) => ("title", text.to_string()),
            StandardTag::Artist(text) => ("artist", text.to_string()),
            StandardTag::Album(text) => ("album", text.to_string()),
            StandardTag::AlbumArtist(text) => ("album_artist", text.to_string()),
            StandardTag::Composer(text) => ("composer", text.to_string()),
            StandardTag::Genre(text) => ("genre", text.to_string()),
            StandardTag::Comment(text) => ("comment", text.to_string()),
            StandardTag::Copyright(text) => ("copyright", text.to_string()),
            StandardTag::ReleaseDate(text) | StandardTag::RecordingDate(text) => {
                ("date", text.to_string())
            }
            StandardTag::TrackNumber(number) => ("track", number.to_string()),
            StandardTag::DiscNumber(number) => ("disc", number.to_string()),
            StandardTag::Language(text) => ("language", text.to_string()),
            _ => continue,
        };
        // The first value of a key wins. Many containers end text at a NUL.
        if !found.iter().any(|(k, _)| k == key) && !value.contains('\0') {
            found.push((key.to_owned(), value));
        }
    }
    found
}

/// Returns the front cover, or else the first image, if its format is supported.
fn cover(revision: &MetadataRevision) -> Option<CoverArt> {
    let visuals = &revision.media.visuals;
    let is_front = |key: Option<StandardVisualKey>| key == Some(StandardVisualKey::FrontCover);
    let front = visuals.iter().find(|visual| is_front(visual.usage));
    CoverArt::front_cover(front.or(visuals.first())?.data.to_vec()).ok()
}
