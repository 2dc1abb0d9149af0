//! Frames: headers, side information, and main data, which fills this frame and free space of
//! earlier frames (ISO/IEC 11172-3 §2.4.1 and §2.4.2; the bit reservoir is in §2.4.3.4.1).

use std::collections::VecDeque;

use reelwright_core::helpers::bits::BitWriter;

use crate::filterbank::BlockType;
use crate::granule::Coded;
use crate::tables::Rate;

/// Fields of a frame header that differ between frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) bitrate_index: u32,
    pub(crate) padding: bool,
    /// Set if the frame uses mid/side stereo.
    pub(crate) mid_side: bool,
}

/// A frame with free space for main data.
struct Open {
    bytes: Vec<u8>,
    size: usize,
}

/// Frames that are not complete yet.
pub(crate) struct Bitstream {
    rate: Rate,
    channels: usize,
    joint_stereo: bool,
    open: VecDeque<Open>,
    /// Free bytes in the open frames.
    free: usize,
    side: BitWriter,
}

impl Bitstream {
    pub(crate) fn new(rate: Rate, channels: usize, joint_stereo: bool) -> Self {
        Self {
            rate,
            channels,
            joint_stereo,
            open: VecDeque::new(),
            free: 0,
            side: BitWriter::default(),
        }
    }

    /// Number of bytes in earlier frames that main data may use.
    pub(crate) fn free(&self) -> usize {
        self.free
    }

    /// Opens a frame of `size` bytes in `buffer`. The next main data belongs to this frame.
    pub(crate) fn open(
        &mut self,
        header: Header,
        size: usize,
        granules: &[Vec<Coded>],
        mut buffer: Vec<u8>,
    ) {
        self.side.start(self.rate.overhead(self.channels));
        self.write_header(header);
        self.write_side_information(granules);
        buffer.clear();
        self.side.align();
        buffer.extend_from_slice(self.side.bytes());
        debug_assert_eq!(buffer.len(), self.rate.overhead(self.channels));
        self.free += size - buffer.len();
        self.open.push_back(Open { bytes: buffer, size });
    }

    /// Writes main data into the free space. Passes completed frames to `take`.
    pub(crate) fn fill(&mut self, mut data: &[u8], mut take: impl FnMut(Vec<u8>)) {
        debug_assert!(data.len() <= self.free);
        self.free -= data.len();
        while let Some(frame) = self.open.front_mut() {
            let (now, later) = data.split_at(data.len().min(frame.size - frame.bytes.len()));
            frame.bytes.extend_from_slice(now);
            data = later;
            if frame.bytes.len() < frame.size {
                break;
            }
            take(std::mem::take(&mut frame.bytes));
            self.open.pop_front();
        }
    }

    /// Fills `count` bytes with zeros, which decoders ignore.
    pub(crate) fn stuff(&mut self, mut count: usize, mut take: impl FnMut(Vec<u8>)) {
        while count > 0 {
            let now = count.min(64);
            self.fill(&[0; 64][..now], &mut take);
            count -= now;
        }
    }

    fn write_header(&mut self, header: Header) {
        let mode = match (self.channels, self.joint_stereo) {
            (1, _) => 3,
            (_, true) => 1,
            (_, false) => 0,
        };
        for (value, bits) in [
            (0x7FF, 11),
            (self.rate.version, 2),
            // Layer III, no CRC.
            (0b011, 3),
            (header.bitrate_index, 4),
            (self.rate.index, 2),
            (header.padding.into(), 1),
            (0, 1),
            (mode, 2),
            (if header.mid_side { 2 } else { 0 }, 2),
            // No copyright, original, no emphasis.
            (0b0100, 4),
        ] {
            self.side.put(u64::from(value), bits);
        }
    }

    fn write_side_information(&mut self, granules: &[Vec<Coded>]) {
        let mpeg1 = self.rate.is_mpeg1();
        let side = &mut self.side;
        side.put(self.free as u64, if mpeg1 { 9 } else { 8 });
        side.put(
            0,
            match (mpeg1, self.channels) {
                (true, 1) => 5,
                (true, _) => 3,
                (false, channels) => channels as u32,
            },
        );
        if mpeg1 {
            // scfsi is 0: granules rarely have the same scalefactors.
            side.put(0, 4 * self.channels as u32);
        }
        for coded in granules.iter().flatten() {
            let regions = &coded.regions;
            side.put(coded.bits().into(), 12);
            side.put(regions.big as u64 / 2, 9);
            side.put(coded.global_gain.into(), 8);
            side.put(coded.scalefactor_coding.compress.into(), if mpeg1 { 4 } else { 9 });
            side.put(u64::from(coded.block_type != BlockType::Long), 1);
            if coded.block_type == BlockType::Long {
                regions.table_select.iter().for_each(|&table| side.put(table.into(), 5));
                side.put(regions.counts[0].into(), 4);
                side.put(regions.counts[1].into(), 3);
            } else {
                // No mixed blocks.
                side.put((coded.block_type as u64) << 1, 3);
                regions.table_select[..2].iter().for_each(|&table| side.put(table.into(), 5));
                coded.subblock_gain.iter().for_each(|&gain| side.put(gain.into(), 3));
            }
            if mpeg1 {
                side.put(coded.preflag.into(), 1);
            }
            side.put(coded.scalefac_scale.into(), 1);
            side.put(regions.count1_table.into(), 1);
        }
    }
}
