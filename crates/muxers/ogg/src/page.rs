//! Pages: packets in segments, after a header with a checksum (RFC 3533 §6).

/// Maximum number of segments in a page.
const MAX_SEGMENTS: usize = 255;

/// Size of a page header without the segment table.
const HEADER: usize = 27;

/// Granule position of a page on which no packet ends.
const NONE: i64 = -1;

const CONTINUED: u8 = 1;
const FIRST: u8 = 2;
const LAST: u8 = 4;

/// Pages of one logical stream.
#[derive(Debug)]
pub(crate) struct Pages {
    serial: u32,
    sequence: u32,
    /// Segments and data of the current page.
    segments: Vec<u8>,
    body: Vec<u8>,
    granule: i64,
    is_continued: bool,
}

impl Pages {
    pub(crate) const fn new(serial: u32) -> Self {
        Self {
            serial,
            sequence: 0,
            segments: Vec::new(),
            body: Vec::new(),
            granule: NONE,
            is_continued: false,
        }
    }

    /// Returns whether the page is empty.
    pub(crate) const fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Returns whether the page has enough segments for a packet of `bytes` bytes.
    pub(crate) const fn has_room(&self, bytes: usize) -> bool {
        self.segments.len() + bytes / 255 < MAX_SEGMENTS
    }

    /// Adds a packet that ends at granule position `granule`. Appends full pages to `out`.
    pub(crate) fn push(&mut self, packet: &[u8], granule: i64, out: &mut Vec<u8>) {
        let mut rest = packet;
        loop {
            if self.segments.len() == MAX_SEGMENTS {
                self.end(false, out);
                self.is_continued = rest.len() < packet.len();
            }
            let (segment, left) = rest.split_at(rest.len().min(255));
            self.segments.push(segment.len() as u8);
            self.body.extend_from_slice(segment);
            rest = left;
            // A packet ends with its first segment of fewer than 255 bytes.
            if segment.len() < 255 {
                self.granule = granule;
                return;
            }
        }
    }

    /// Appends the page to `out` and starts the next one. `last` marks the last page of the stream.
    pub(crate) fn end(&mut self, last: bool, out: &mut Vec<u8>) {
        let mut flags = if self.is_continued { CONTINUED } else { 0 };
        flags |= if self.sequence == 0 { FIRST } else { 0 };
        flags |= if last { LAST } else { 0 };
        let start = out.len();
        out.extend(b"OggS\0");
        out.push(flags);
        out.extend(self.granule.to_le_bytes());
        out.extend(self.serial.to_le_bytes());
        out.extend(self.sequence.to_le_bytes());
        // The checksum is computed with 0 in its field.
        out.extend([0; 4]);
        out.push(self.segments.len() as u8);
        out.extend(&self.segments);
        out.extend(&self.body);
        let checksum = crc(&out[start..]);
        out[start + 22..start + HEADER - 1].copy_from_slice(&checksum.to_le_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        self.segments.clear();
        self.body.clear();
        self.granule = NONE;
        self.is_continued = false;
    }

    /// Appends the last page: the current one, or an empty one at `granule`.
    pub(crate) fn end_stream(&mut self, granule: i64, out: &mut Vec<u8>) {
        if self.is_empty() {
            self.granule = granule;
        }
        self.end(true, out);
    }
}

/// CRC of a byte at each of eight distances from the end.
static TABLES: [[u32; 256]; 8] = {
    let mut tables = [[0; 256]; 8];
    let mut i = 0;
    while i < 256 {
        let mut crc = (i as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = crc << 1 ^ if crc >> 31 == 1 { 0x04C1_1DB7 } else { 0 };
            bit += 1;
        }
        tables[0][i] = crc;
        i += 1;
    }
    let mut t = 1;
    while t < 8 {
        let mut i = 0;
        while i < 256 {
            let before = tables[t - 1][i];
            tables[t][i] = before << 8 ^ tables[0][(before >> 24) as usize];
            i += 1;
        }
        t += 1;
    }
    tables
};

/// Returns the checksum of a page: polynomial 0x04C11DB7, not reflected, initial value 0 (RFC 3533
/// §6).
fn crc(bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut crc = 0u32;
    for word in words {
        let first = crc ^ u32::from_be_bytes([word[0], word[1], word[2], word[3]]);
        let first = first.to_be_bytes();
        crc = (0..4).fold(0, |sum, i| {
            sum ^ TABLES[7 - i][usize::from(first[i])] ^ TABLES[3 - i][usize::from(word[4 + i])]
        });
    }
    rest.iter().fold(crc, |crc, byte| crc << 8 ^ TABLES[0][usize::from((crc >> 24) as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_equals_polynomial_division() {
        // CRC-32/MPEG-2 has the same polynomial with an initial value of all ones. With an initial
        // value of zero, the CRC of a single one bit is the polynomial itself.
        assert_eq!(crc(&[1]), 0x04C1_1DB7);
        let bytes: Vec<u8> = (0..1000u32).map(|i| ((i * i) >> 3) as u8).collect();
        let slow = bytes.iter().fold(0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
                crc << 1 ^ if crc >> 31 == 1 { 0x04C1_1DB7 } else { 0 }
            })
        });
        assert_eq!(crc(&bytes), slow);
    }

    #[test]
    fn packets_of_every_size_are_laced() {
        for size in [0, 1, 254, 255, 256, 510, 255 * 254, 255 * 255, 255 * 255 + 1, 200_000] {
            let mut pages = Pages::new(7);
            let mut out = Vec::new();
            pages.push(&vec![1; size], 42, &mut out);
            pages.end(true, &mut out);
            let (mut at, mut laced, mut count) = (0, Vec::new(), 0u32);
            while at < out.len() {
                let segments = usize::from(out[at + 26]);
                let table = &out[at + HEADER..at + HEADER + segments];
                let body: usize = table.iter().map(|s| usize::from(*s)).sum();
                assert_eq!(out[at + 5] & CONTINUED != 0, count > 0, "{size}");
                let ends = at + HEADER + segments + body == out.len();
                let granule = i64::from_le_bytes(out[at + 6..at + 14].try_into().unwrap());
                assert_eq!(granule, if ends { 42 } else { NONE }, "{size}");
                laced.extend_from_slice(table);
                at += HEADER + segments + body;
                count += 1;
            }
            let (last, full) = laced.split_last().unwrap();
            assert!(full.iter().all(|segment| *segment == 255) && *last < 255, "{size}");
            assert_eq!(full.len() * 255 + usize::from(*last), size);
        }
    }
}
