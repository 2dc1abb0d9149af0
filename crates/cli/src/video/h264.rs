//! H.264 pictures in the order they are shown.

use anyhow::{Context, bail};
use rusty_h264_common::YuvFrame;
use rusty_h264_decoder::Decoder;

/// The most pictures that a stream keeps back to show them in another order (H.264 §A.3.1).
const MAX_REORDERED: usize = 16;

pub(super) struct H264 {
    decoder: Decoder,
    /// The parameter sets as a byte stream, until they are decoded.
    sets: Vec<u8>,
    length_size: usize,
    /// Pictures that were decoded, with the order in which they are shown.
    decoded: Vec<((u64, i32), YuvFrame)>,
    /// How often the order began anew.
    epoch: u64,
    stream: Vec<u8>,
}

impl H264 {
    /// A decoder for packets that an AVCDecoderConfigurationRecord describes
    /// (ISO/IEC 14496-15 §5.3.3.1).
    pub(super) fn new(record: &[u8]) -> anyhow::Result<Self> {
        let length_size = usize::from(record.get(4).context("its avcC is cut off")? & 3) + 1;
        let mut sets = Vec::new();
        let mut rest = record.get(5..).unwrap_or_default();
        for mask in [0x1f, 0xff] {
            let Some((count, after)) = rest.split_first() else { bail!("its avcC is cut off") };
            rest = after;
            for _ in 0..count & mask {
                let set = rest.split_first_chunk::<2>().and_then(|(length, after)| {
                    after.split_at_checked(u16::from_be_bytes(*length).into())
                });
                let Some((set, after)) = set else { bail!("its avcC is cut off") };
                sets.extend([0, 0, 0, 1]);
                sets.extend(set);
                rest = after;
            }
        }
        Ok(Self {
            decoder: Decoder::new(),
            sets,
            length_size,
            decoded: Vec::new(),
            epoch: 0,
            stream: Vec::new(),
        })
    }

    /// Decodes a packet.
    pub(super) fn push(&mut self, packet: &[u8]) -> anyhow::Result<()> {
        self.stream.clear();
        self.stream.append(&mut self.sets);
        let mut rest = packet;
        let mut begins_anew = false;
        while !rest.is_empty() {
            let unit = rest.split_at_checked(self.length_size).and_then(|(length, after)| {
                let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                after.split_at_checked(length)
            });
            let Some((unit, after)) = unit else { bail!("a packet of H.264 is cut off") };
            // An IDR picture.
            begins_anew |= unit.first().is_some_and(|header| header & 0x1f == 5);
            self.stream.extend([0, 0, 0, 1]);
            self.stream.extend(unit);
            rest = after;
        }
        let decoded = self.decoder.decode(&self.stream);
        let decoded = decoded.map_err(|error| anyhow::anyhow!("H.264: {error:?}"))?;
        if let Some(picture) = decoded {
            self.epoch += u64::from(begins_anew);
            self.decoded.push(((self.epoch, self.decoder.last_poc()), picture));
        }
        Ok(())
    }

    /// The picture that is shown next, if it is known which; at the end, whichever is left.
    pub(super) fn pop(&mut self, is_end: bool) -> Option<YuvFrame> {
        let (index, (order, _)) =
            self.decoded.iter().enumerate().min_by_key(|(_, (order, _))| *order)?;
        let is_known = is_end || order.0 < self.epoch || self.decoded.len() > MAX_REORDERED;
        is_known.then(|| self.decoded.swap_remove(index).1)
    }
}
