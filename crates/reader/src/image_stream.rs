//! Images one after the other in one file: JPEG, PNG or BMP.

use crate::packet::{Demuxer, Packet};
use crate::source::Source;
use crate::still::{Extent, extent, signature};

/// The most bytes of an image.
const MAX: usize = 256 << 20;

/// A raw stream of images of one kind.
pub(crate) struct ImageStream {
    source: Source,
    /// The bytes that each image begins with.
    signature: &'static [u8],
    at: u64,
    buffer: Vec<u8>,
    is_at_end: bool,
    is_damaged: bool,
    frames: i64,
}

impl ImageStream {
    /// A stream of images of a kind, which is a name of [`still::kind`](crate::still::kind); gives
    /// the source back where such images cannot be told from each other.
    pub(crate) fn new(source: Source, kind: &str) -> Result<Self, Source> {
        let Some(signature) = signature(kind) else { return Err(source) };
        let buffer = Vec::new();
        Ok(Self {
            source,
            signature,
            at: 0,
            buffer,
            is_at_end: false,
            is_damaged: false,
            frames: 0,
        })
    }
}

impl Demuxer for ImageStream {
    fn next(&mut self, _: usize) -> anyhow::Result<Option<Packet>> {
        let size = self.signature.len();
        let end = loop {
            // Padding between images is passed.
            if let Some(start) = self.buffer.windows(size).position(|two| two == self.signature) {
                self.buffer.drain(..start);
                if let Some(Extent { end, is_whole }) = extent(&self.buffer)
                    && end <= self.buffer.len()
                {
                    self.is_damaged |= !is_whole;
                    break end;
                }
            }
            if self.is_at_end || self.buffer.len() > MAX {
                let begins = self.buffer.starts_with(self.signature);
                self.is_damaged |= begins;
                // Decoders show as much of the last image as there is.
                break if begins { self.buffer.len() } else { 0 };
            }
            let mut piece = vec![0; (1 << 16).max(self.buffer.len())];
            let read = self.source.read_at(self.at, &mut piece)?;
            self.at += read as u64;
            self.is_at_end = read < piece.len();
            self.buffer.extend_from_slice(&piece[..read]);
        };
        if end == 0 {
            return Ok(None);
        }
        let rest = self.buffer.split_off(end);
        let data = std::mem::replace(&mut self.buffer, rest);
        let packet = Packet::new(data, self.frames, 1);
        self.frames += 1;
        Ok(Some(packet))
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}
