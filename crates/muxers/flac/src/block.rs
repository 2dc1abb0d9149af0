//! Header of a metadata block (RFC 9639 §8.1).

use reelwright_core::{Error, Result};

/// Maximum size of a block after its header: the length has 24 bits.
pub(crate) const MAX_LENGTH: usize = (1 << 24) - 1;

/// Types of blocks that the muxer writes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum BlockType {
    StreamInfo = 0,
    Padding = 1,
    SeekTable = 3,
    VorbisComment = 4,
    Picture = 6,
}

/// Appends a block. `last` marks the block before the frames.
///
/// # Errors
/// Fails if the body is longer than [`MAX_LENGTH`].
pub(crate) fn push(bytes: &mut Vec<u8>, kind: BlockType, body: &[u8], last: bool) -> Result<()> {
    if body.len() > MAX_LENGTH {
        return Err(Error::too_large(format!(
            "Metadata must be at most {MAX_LENGTH} bytes long in FLAC. Found: {} bytes",
            body.len()
        )));
    }
    bytes.push(u8::from(last) << 7 | kind as u8);
    bytes.extend(&(body.len() as u32).to_be_bytes()[1..]);
    bytes.extend(body);
    Ok(())
}
