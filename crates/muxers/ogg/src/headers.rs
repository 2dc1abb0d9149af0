//! Header packets of each codec.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reelwright_core::{
    CodecId, CodecRecord, Error, Metadata, Result, StreamParameters, helpers::VorbisComment,
};

/// Field of a Vorbis comment that holds a FLAC PICTURE block in Base64.
const COVER_FIELD: &str = "METADATA_BLOCK_PICTURE";

/// Returns the header packets of a stream. The first one identifies it.
///
/// # Errors
/// Fails if the codec's record is missing, or if the metadata is too large.
pub(crate) fn headers(stream: &StreamParameters, tags: &Metadata) -> Result<Vec<Vec<u8>>> {
    let mut comment = VorbisComment::new(tags)?;
    match (stream.codec, &stream.record) {
        (CodecId::Opus, CodecRecord::Opus(head)) => {
            push_cover(&mut comment, tags);
            let tags = [b"OpusTags".as_slice(), &comment.to_bytes()?].concat();
            Ok(vec![head.to_bytes(), tags])
        }
        (CodecId::Vorbis, CodecRecord::Vorbis(headers)) => {
            push_cover(&mut comment, tags);
            // The framing bit is last.
            let comment = [b"\x03vorbis".as_slice(), &comment.to_bytes()?, &[1]].concat();
            Ok(vec![headers.identification.clone(), comment, headers.setup.clone()])
        }
        (CodecId::Flac, CodecRecord::Flac(info)) => {
            if let Some(audio) = stream.audio() {
                comment.push_flac_channel_mask(audio.format.layout);
            }
            let mut blocks = vec![(4, comment.to_bytes()?)];
            blocks.extend(tags.cover().map(|cover| (6, cover.to_flac_block())));
            // Version 1.0 of the mapping, and the number of header packets that follow.
            let mut first = b"\x7FFLAC\x01\x00".to_vec();
            first.extend((blocks.len() as u16).to_be_bytes());
            first.extend(b"fLaC");
            first.extend([0, 0, 0, 34]);
            first.extend(info.to_bytes());
            let mut packets = vec![first];
            let last = blocks.len() - 1;
            for (i, (kind, body)) in blocks.into_iter().enumerate() {
                let length = (body.len() as u32).to_be_bytes();
                if length[0] != 0 {
                    return Err(Error::too_large(format!(
                        "Metadata must be at most 16777215 bytes long in FLAC. Found: {} bytes",
                        body.len()
                    )));
                }
                let mut packet = vec![kind | if i == last { 0x80 } else { 0 }];
                packet.extend(&length[1..]);
                packet.extend(body);
                packets.push(packet);
            }
            Ok(packets)
        }
        (codec, _) => Err(Error::unsupported(format!(
            "ogg supports packets of opus, vorbis and flac with their headers. Found: {codec}"
        ))),
    }
}

fn push_cover(comment: &mut VorbisComment, tags: &Metadata) {
    if let Some(cover) = tags.cover() {
        comment.push(COVER_FIELD, STANDARD.encode(cover.to_flac_block()));
    }
}
