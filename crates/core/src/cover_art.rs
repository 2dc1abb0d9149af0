//! Cover art in a file's metadata.

use crate::{Error, Result};

/// Image in a file's metadata: the front cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverArt {
    mime_type: &'static str,
    data: Vec<u8>,
}

/// Signatures and media types of the image formats that players support.
const KINDS: &[(&[u8], &str)] =
    &[(b"\xFF\xD8\xFF", "image/jpeg"), (b"\x89PNG\r\n\x1A\n", "image/png"), (b"GIF8", "image/gif")];

/// Picture type of a front cover in ID3 and FLAC.
const FRONT_COVER: u32 = 3;

impl CoverArt {
    /// Maximum size in bytes. The length of a FLAC metadata block limits it.
    pub const MAX_BYTES: usize = (1 << 24) - 1024;

    /// Creates a front cover from the bytes of a JPEG, PNG or GIF file.
    ///
    /// # Errors
    /// The data has another format, or more than [`MAX_BYTES`](Self::MAX_BYTES).
    pub fn front_cover(data: Vec<u8>) -> Result<Self> {
        let Some((_, mime_type)) = KINDS.iter().find(|(magic, _)| data.starts_with(magic)) else {
            return Err(Error::invalid_data(format!(
                "A cover must be a JPEG, PNG or GIF image. Found bytes that start with {:02x?}",
                &data[..data.len().min(8)]
            )));
        };
        if data.len() > Self::MAX_BYTES {
            return Err(Error::argument(format!(
                "A cover must be at most {} bytes long. Found: {} bytes",
                Self::MAX_BYTES,
                data.len()
            )));
        }
        Ok(Self { mime_type, data })
    }

    /// Returns the internet media type.
    pub const fn mime_type(&self) -> &'static str {
        self.mime_type
    }

    /// Returns the bytes of the image file.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Returns the body of a FLAC PICTURE metadata block (RFC 9639 §8.8). Width, height and colors
    /// are left to the image file.
    pub fn to_flac_block(&self) -> Vec<u8> {
        let mut body = FRONT_COVER.to_be_bytes().to_vec();
        body.extend((self.mime_type.len() as u32).to_be_bytes());
        body.extend(self.mime_type.as_bytes());
        // No description; width, height, bits per pixel and number of colors are 0, unknown.
        body.extend([0; 20]);
        body.extend((self.data.len() as u32).to_be_bytes());
        body.extend(&self.data);
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn accepts_only_jpeg_png_and_gif() {
        let png = CoverArt::front_cover(b"\x89PNG\r\n\x1A\nabc".to_vec()).unwrap();
        assert_eq!(png.mime_type(), "image/png");
        for wrong in [&b""[..], b"BM12", b"\x89PN"] {
            let error = CoverArt::front_cover(wrong.to_vec()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            assert!(error.to_string().contains("JPEG, PNG or GIF"), "{error}");
        }
        let mut huge = b"GIF89a".to_vec();
        huge.resize(CoverArt::MAX_BYTES + 1, 0);
        assert!(CoverArt::front_cover(huge).is_err());
    }

    #[test]
    fn flac_block_has_the_fields_of_the_rfc() {
        let block = CoverArt::front_cover(b"GIF89a".to_vec()).unwrap().to_flac_block();
        assert_eq!(block[..4], 3u32.to_be_bytes());
        assert_eq!(block[4..8], 9u32.to_be_bytes());
        assert_eq!(&block[8..17], b"image/gif");
        assert_eq!(block[17..37], [0; 20]);
        assert_eq!(block[37..41], 6u32.to_be_bytes());
        assert_eq!(&block[41..], b"GIF89a");
    }
}
