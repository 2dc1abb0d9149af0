//! Minimal readers of the containers, which return the audio data of a file.
//!
//! They read a file as a player does: if a length is open, the audio extends to the end of the
//! file. Data outside the stated lengths is ignored.

use std::borrow::Cow;

/// Returns the audio data in a file of `format`.
///
/// # Panics
/// The file is malformed.
pub fn audio_data<'f>(format: &str, file: &'f [u8]) -> Cow<'f, [u8]> {
    Cow::Borrowed(match format {
        "mp4" | "mov" | "ipod" | "3gp" | "3g2" => return Cow::Owned(mp4(file)),
        "wav" => riff(file),
        "w64" => wave64(file),
        "aiff" => aiff(file),
        "caf" => caf(file),
        "au" => au(file),
        _ => file,
    })
}

fn le32(bytes: &[u8], at: usize) -> u64 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()).into()
}

fn le64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

fn be32(bytes: &[u8], at: usize) -> u64 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()).into()
}

fn be64(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// Returns `length` bytes from `at`, or fewer at the end of the file.
fn part(file: &[u8], at: usize, length: u64) -> &[u8] {
    let end = (at as u64).saturating_add(length).min(file.len() as u64);
    &file[at..end as usize]
}

fn riff(file: &[u8]) -> &[u8] {
    const OPEN: u64 = u32::MAX as u64;
    let wide = &file[..4] == b"RF64";
    assert!(wide || &file[..4] == b"RIFF");
    assert_eq!(&file[8..12], b"WAVE");
    let size = if wide { le64(file, 20) } else { le32(file, 4) };
    let mut at = 12;
    loop {
        let (id, mut length) = (&file[at..at + 4], le32(file, at + 4));
        if id == b"data" {
            if wide && length == OPEN {
                length = le64(file, 28);
            }
            // The RIFF chunk ends with the audio and a padding byte.
            let end = at as u64 + 8 + length.next_multiple_of(2);
            assert!(size == end - 8 || size == OPEN || size >= 1 << 40, "{size} {end}");
            return part(file, at + 8, length);
        }
        at += 8 + length.next_multiple_of(2) as usize;
    }
}

fn wave64(file: &[u8]) -> &[u8] {
    assert_eq!((&file[..4], &file[24..28]), (&b"riff"[..], &b"wave"[..]));
    let size = le64(file, 16);
    let mut at = 40;
    loop {
        let (id, length) = (&file[at..at + 4], le64(file, at + 16));
        if id == b"data" {
            assert!(size == at as u64 + length || size >= 1 << 40, "{size} {at} {length}");
            return part(file, at + 24, length - 24);
        }
        at += length.next_multiple_of(8) as usize;
    }
}

fn aiff(file: &[u8]) -> &[u8] {
    assert_eq!((&file[..4], &file[8..11]), (&b"FORM"[..], &b"AIF"[..]));
    let size = be32(file, 4);
    let (mut at, mut frames) = (12, None);
    loop {
        let (id, length) = (&file[at..at + 4], be32(file, at + 4));
        match id {
            b"COMM" => {
                let bits = u64::from(u16::from_be_bytes([file[at + 14], file[at + 15]]));
                let channels = u64::from(u16::from_be_bytes([file[at + 8], file[at + 9]]));
                // The header states 16 bits for A-law and µ-law, which have 8.
                let law = length > 22
                    && [b"alaw", b"ulaw"].contains(&file[at + 26..][..4].try_into().unwrap());
                assert!(!law || bits == 16);
                frames = Some(be32(file, at + 10) * channels * if law { 1 } else { bits / 8 });
            }
            b"SSND" => {
                let end = at as u64 + 8 + length.next_multiple_of(2);
                assert_eq!(size, end - 8);
                let audio = part(file, at + 16, length - 8);
                assert!(frames.is_some_and(|bytes| bytes >= audio.len() as u64));
                return audio;
            }
            _ => {}
        }
        at += 8 + length.next_multiple_of(2) as usize;
    }
}

fn caf(file: &[u8]) -> &[u8] {
    assert_eq!(&file[..8], b"caff\0\x01\0\0");
    let mut at = 8;
    loop {
        let (id, length) = (&file[at..at + 4], be64(file, at + 4));
        if id == b"data" {
            return part(file, at + 16, length.saturating_sub(4));
        }
        at += 12 + length as usize;
    }
}

fn au(file: &[u8]) -> &[u8] {
    assert_eq!(&file[..4], b".snd");
    part(file, be32(file, 4) as usize, be32(file, 8))
}

/// Returns the types and bodies of MP4 boxes.
fn boxes(file: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < file.len() {
        let (header, size) = match be32(file, at) {
            1 => (16, be64(file, at + 8)),
            size => (8, size),
        };
        found.push((&file[at + 4..at + 8], &file[at + header..at + size as usize]));
        at += size as usize;
    }
    found
}

/// Returns the samples of the only track, according to the sample tables or the fragments.
fn mp4(file: &[u8]) -> Vec<u8> {
    let top = boxes(file);
    assert_eq!(top[0].0, b"ftyp");
    if top.iter().any(|(kind, _)| *kind == b"moof") {
        let media = top.iter().filter(|(kind, _)| *kind == b"mdat");
        return media.flat_map(|(_, body)| body.to_vec()).collect();
    }
    let child = |parent: &'static [u8; 4], bytes| -> &[u8] {
        boxes(bytes).into_iter().find(|(kind, _)| kind == parent).unwrap().1
    };
    let track = child(b"trak", top.iter().find(|(kind, _)| *kind == b"moov").unwrap().1);
    let tables = child(b"stbl", child(b"minf", child(b"mdia", track)));
    let (chunks, runs, sizes) =
        (child(b"stco", tables), child(b"stsc", tables), child(b"stsz", tables));
    let size_of = |sample: usize| match be32(sizes, 4) {
        0 => be32(sizes, 12 + 4 * sample),
        size => size,
    };
    let (mut audio, mut sample) = (Vec::new(), 0);
    for chunk in 0..be32(chunks, 4) as usize {
        let is_of = |run: &usize| be32(runs, 8 + 12 * run) <= chunk as u64 + 1;
        let run = (0..be32(runs, 4) as usize).rev().find(is_of).unwrap();
        let mut at = be32(chunks, 8 + 4 * chunk) as usize;
        for _ in 0..be32(runs, 12 + 12 * run) {
            let size = size_of(sample) as usize;
            audio.extend_from_slice(&file[at..at + size]);
            (at, sample) = (at + size, sample + 1);
        }
    }
    assert_eq!(sample as u64, be32(sizes, 8));
    audio
}
