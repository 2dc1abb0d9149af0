//! Streams of concatenated images: JPEG, PNG or BMP.

use crate::packet::{Demuxer, Packet};
use crate::source::Source;
use crate::still::{Extent, extent, signature};
use crate::unit_reader::UnitReader;

/// Raw stream of images of one format.
pub(crate) struct ImageStream {
    units: UnitReader,
    /// First bytes of each image.
    signature: &'static [u8],
    is_damaged: bool,
}

impl ImageStream {
    /// Creates a stream of images of a [`kind`](crate::still::kind). Returns the source if the end
    /// of such images cannot be found.
    pub(crate) fn new(source: Source, kind: &str) -> Result<Self, Source> {
        let Some(signature) = signature(kind) else { return Err(source) };
        Ok(Self { units: UnitReader::new(source), signature, is_damaged: false })
    }
}

impl Demuxer for ImageStream {
    fn next(&mut self, _: usize) -> anyhow::Result<Option<Packet>> {
        let (signature, is_damaged) = (self.signature, &mut self.is_damaged);
        self.units.next(|buffer, is_last| {
            // Skips padding between images.
            let start = buffer.windows(signature.len()).position(|bytes| bytes == signature)?;
            buffer.drain(..start);
            match extent(buffer).filter(|extent| extent.end <= buffer.len()) {
                Some(Extent { end, is_whole }) => {
                    *is_damaged |= !is_whole;
                    Some(end)
                }
                None if is_last => {
                    *is_damaged = true;
                    // Decoders show the part of the last image that exists.
                    Some(buffer.len())
                }
                None => None,
            }
        })
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}
