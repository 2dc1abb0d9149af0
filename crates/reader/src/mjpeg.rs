//! JPEG images one after the other.

use crate::packet::{Demuxer, Packet};
use crate::source::Source;
use crate::still::jpeg_end;

/// The most bytes of an image.
const MAX: usize = 256 << 20;

/// A raw MJPEG stream.
pub(crate) struct Mjpeg {
    source: Source,
    at: u64,
    buffer: Vec<u8>,
    is_at_end: bool,
    is_damaged: bool,
    frames: i64,
}

impl Mjpeg {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, at: 0, buffer: Vec::new(), is_at_end: false, is_damaged: false, frames: 0 }
    }
}

impl Demuxer for Mjpeg {
    fn next(&mut self, _: usize) -> anyhow::Result<Option<Packet>> {
        let end = loop {
            // Padding between images is passed.
            if let Some(start) = self.buffer.windows(2).position(|two| two == [0xFF, 0xD8]) {
                self.buffer.drain(..start);
                if let Some(end) = jpeg_end(&self.buffer).filter(|end| *end <= self.buffer.len()) {
                    break end;
                }
            }
            if self.is_at_end || self.buffer.len() > MAX {
                let begins = self.buffer.starts_with(&[0xFF, 0xD8]);
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
