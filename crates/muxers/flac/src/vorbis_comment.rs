//! The Vorbis comment block (RFC 9639 §8.6): metadata as fields `NAME=value`.

use reelwright_core::{ChannelLayout, Error, Metadata, Result};

/// Who wrote the file.
const VENDOR: &str = concat!("Reelwright ", env!("CARGO_PKG_VERSION"));

/// The field that says which loudspeakers the channels are for (RFC 9639 §8.6.2).
const CHANNEL_MASK: &str = "WAVEFORMATEXTENSIBLE_CHANNEL_MASK";

/// FFmpeg's common names whose field has another name. The others become upper case.
const NAMES: &[(&str, &str)] = &[
    ("album_artist", "ALBUMARTIST"),
    ("comment", "DESCRIPTION"),
    ("disc", "DISCNUMBER"),
    ("track", "TRACKNUMBER"),
];

/// The block's body.
///
/// # Errors
/// The name of a field has only the characters from U+0020 to U+007E without `=`.
pub(crate) fn body(tags: &Metadata, layout: Option<ChannelLayout>) -> Result<Vec<u8>> {
    let mut fields = Vec::new();
    for (key, value) in tags.iter() {
        if !key.bytes().all(|c| (0x20..=0x7E).contains(&c) && c != b'=') {
            return Err(Error::argument(format!(
                "A metadata key must have only ASCII characters from space to '~', without '=', in \
                 FLAC. Found: {key:?}"
            )));
        }
        let name = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
        let name = name.map_or_else(|| key.to_ascii_uppercase(), |(_, name)| (*name).to_owned());
        fields.push(format!("{name}={value}"));
    }
    if let Some(mask) = layout.and_then(mask_to_write)
        && tags.get(CHANNEL_MASK).is_none()
    {
        fields.push(format!("{CHANNEL_MASK}={mask:#x}"));
    }
    let mut body = Vec::new();
    push(&mut body, VENDOR)?;
    body.extend(length(fields.len())?);
    for field in fields {
        push(&mut body, &field)?;
    }
    Ok(body)
}

/// The mask of a layout that the number of channels does not imply (RFC 9639 §9.1.3). Of five and
/// six channels the RFC leaves open whether two of them are at the back or at the sides, so the
/// mask says so.
fn mask_to_write(layout: ChannelLayout) -> Option<u32> {
    const IMPLIED: [&str; 6] = ["mono", "stereo", "3.0", "quad", "6.1", "7.1"];
    let implied = IMPLIED.iter().any(|name| name.parse::<ChannelLayout>().ok() == Some(layout));
    layout.mask().filter(|_| !implied)
}

/// Appends a text behind its length. Of all of FLAC's numbers, these alone are little-endian.
fn push(body: &mut Vec<u8>, text: &str) -> Result<()> {
    body.extend(length(text.len())?);
    body.extend(text.as_bytes());
    Ok(())
}

fn length(length: usize) -> Result<[u8; 4]> {
    let length = u32::try_from(length).map_err(|_| {
        Error::too_large(format!(
            "Metadata must be at most {} bytes long in FLAC. Found: {length} bytes",
            crate::block::MAX_LENGTH
        ))
    })?;
    Ok(length.to_le_bytes())
}
