//! Vorbis comments (Vorbis I §5, RFC 9639 §8.6): metadata as fields `NAME=value`, in FLAC and Ogg.

use std::time::Duration;

use crate::{ChannelLayout, Chapter, Error, Metadata, Result};

/// Name of the program that wrote the file.
const VENDOR: &str = concat!("Reelwright ", env!("CARGO_PKG_VERSION"));

/// Field for the loudspeaker positions of the channels (RFC 9639 §8.6.2).
const CHANNEL_MASK: &str = "WAVEFORMATEXTENSIBLE_CHANNEL_MASK";

/// FFmpeg's common names with another field name. All others are converted to upper case.
const NAMES: &[(&str, &str)] = &[
    ("album_artist", "ALBUMARTIST"),
    ("comment", "DESCRIPTION"),
    ("disc", "DISCNUMBER"),
    ("track", "TRACKNUMBER"),
];

/// Fields `NAME=value`, in order.
#[derive(Debug, Clone, Default)]
pub struct VorbisComment {
    fields: Vec<String>,
}

impl VorbisComment {
    /// Creates the fields of `tags`, without cover art. Chapters have a field for their start and
    /// one for their title, as in `CHAPTER000=00:00:00.000` and `CHAPTER000NAME=Prologue`.
    ///
    /// # Errors
    /// A key has characters other than U+0020 to U+007E, or `=`; there are more than 1000 chapters,
    /// or a chapter starts after 100 hours.
    pub fn new(tags: &Metadata) -> Result<Self> {
        let mut fields = Vec::new();
        for (key, value) in tags.iter() {
            if !key.bytes().all(|c| (0x20..=0x7E).contains(&c) && c != b'=') {
                return Err(Error::argument(format!(
                    "A metadata key must have only ASCII characters from space to '~', without \
                     '=', in a Vorbis comment. Found: {key:?}"
                )));
            }
            let name = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
            let name = name.map_or_else(|| key.to_ascii_uppercase(), |(_, n)| (*n).to_owned());
            fields.push(format!("{name}={value}"));
        }
        push_chapters(&mut fields, tags.chapters())?;
        Ok(Self { fields })
    }

    /// Appends a field.
    pub fn push(&mut self, name: &str, value: impl std::fmt::Display) {
        self.fields.push(format!("{name}={value}"));
    }

    /// Appends the channel mask of a FLAC stream if the number of channels does not imply the
    /// layout (RFC 9639 §9.1.3), unless the user has set it. For five and six channels the RFC
    /// allows back or side channels, so the mask is required.
    pub fn push_flac_channel_mask(&mut self, layout: ChannelLayout) {
        const IMPLIED: [ChannelLayout; 6] = [
            ChannelLayout::MONO,
            ChannelLayout::STEREO,
            ChannelLayout::SURROUND_3_0,
            ChannelLayout::QUAD,
            ChannelLayout::SURROUND_6_1,
            ChannelLayout::SURROUND_7_1,
        ];
        let name = |field: &String| field.split('=').next() == Some(CHANNEL_MASK);
        if let Some(mask) = layout.mask().filter(|_| !IMPLIED.contains(&layout))
            && !self.fields.iter().any(name)
        {
            self.push(CHANNEL_MASK, format_args!("{mask:#x}"));
        }
    }

    /// Returns the comment's bytes: the vendor, the number of fields, and the fields, each after
    /// its length.
    ///
    /// # Errors
    /// A length exceeds 32 bits.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        push_text(&mut bytes, VENDOR)?;
        bytes.extend(length(self.fields.len())?);
        for field in &self.fields {
            push_text(&mut bytes, field)?;
        }
        Ok(bytes)
    }
}

/// Appends the fields of chapters.
fn push_chapters(fields: &mut Vec<String>, chapters: &[Chapter]) -> Result<()> {
    const MAX_CHAPTERS: usize = 1000;
    const MAX_START: Duration = Duration::from_secs(100 * 60 * 60);
    if chapters.len() > MAX_CHAPTERS {
        return Err(Error::unsupported(format!(
            "A Vorbis comment supports at most {MAX_CHAPTERS} chapters. Found: {}",
            chapters.len()
        )));
    }
    for (i, chapter) in chapters.iter().enumerate() {
        let millis = Chapter::to_units(chapter.start, 1000);
        if u128::from(millis) >= MAX_START.as_millis() {
            return Err(Error::unsupported(format!(
                "Chapters in a Vorbis comment must start before 100 hours. Found: {} s",
                chapter.start.as_secs_f64()
            )));
        }
        let (seconds, millis) = (millis / 1000, millis % 1000);
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        let (hours, minutes) = (minutes / 60, minutes % 60);
        fields.push(format!("CHAPTER{i:03}={hours:02}:{minutes:02}:{seconds:02}.{millis:03}"));
        fields.push(format!("CHAPTER{i:03}NAME={}", chapter.title));
    }
    Ok(())
}

/// Appends a text after its length.
fn push_text(bytes: &mut Vec<u8>, text: &str) -> Result<()> {
    bytes.extend(length(text.len())?);
    bytes.extend(text.as_bytes());
    Ok(())
}

fn length(length: usize) -> Result<[u8; 4]> {
    let length = u32::try_from(length).map_err(|_| {
        Error::too_large(format!(
            "Metadata must be at most {} bytes long in a Vorbis comment. Found: {length} bytes",
            u32::MAX
        ))
    })?;
    Ok(length.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(starts: impl IntoIterator<Item = Duration>) -> Metadata {
        let mut tags = Metadata::new();
        let chapters = starts.into_iter().map(|start| Chapter::new(start, None, "x"));
        tags.set_chapters(chapters.collect()).unwrap();
        tags
    }

    #[test]
    fn chapters_have_two_fields_each() {
        let times = [0, 3_723_004, 359_999_999].map(Duration::from_millis);
        assert_eq!(
            VorbisComment::new(&tags(times)).unwrap().fields,
            [
                "CHAPTER000=00:00:00.000",
                "CHAPTER000NAME=x",
                "CHAPTER001=01:02:03.004",
                "CHAPTER001NAME=x",
                "CHAPTER002=99:59:59.999",
                "CHAPTER002NAME=x",
            ]
        );
    }

    #[test]
    fn rejects_values_that_do_not_fit_the_fields() {
        let late = Duration::from_secs(360_000);
        assert!(VorbisComment::new(&tags([late - Duration::from_micros(1)])).is_err());
        assert!(VorbisComment::new(&tags([late])).is_err());
        let many = |count| tags((0..count).map(Duration::from_secs));
        assert!(VorbisComment::new(&many(1000)).is_ok());
        assert!(VorbisComment::new(&many(1001)).is_err());
    }
}
