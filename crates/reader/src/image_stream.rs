//! Images one after the other in one file: JPEG, PNG or BMP.

use crate::packet::{Demuxer, Packet};
use crate::source::Source;
use crate::still::{Extent, extent, signature};
use crate::unit_reader::UnitReader;

/// A raw stream of images of one kind.
pub(crate) struct ImageStream {
    units: UnitReader,
    /// The bytes that each image begins with.
    signature: &'static [u8],
    is_damaged: bool,
}

impl ImageStream {
    /// A stream of images of a kind, which is a name of [`still::kind`](crate::still::kind); gives
    /// the source back where such images cannot be told from each other.
    pub(crate) fn new(source: Source, kind: &str) -> Result<Self, Source> {
        let Some(signature) = signature(kind) else { return Err(source) };
        Ok(Self { units: UnitReader::new(source), signature, is_damaged: false })
    }
}

impl Demuxer for ImageStream {
    fn next(&mut self, _: usize) -> anyhow::Result<Option<Packet>> {
        let (signature, is_damaged) = (self.signature, &mut self.is_damaged);
        self.units.next(|buffer, is_last| {
            // Padding between images is passed.
            let start = buffer.windows(signature.len()).position(|bytes| bytes == signature)?;
            buffer.drain(..start);
            match extent(buffer).filter(|extent| extent.end <= buffer.len()) {
                Some(Extent { end, is_whole }) => {
                    *is_damaged |= !is_whole;
                    Some(end)
                }
                None if is_last => {
                    *is_damaged = true;
                    // Decoders show as much of the last image as there is.
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
