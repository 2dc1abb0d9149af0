//! What comes out is what ffmpeg decodes, and it is the same however it is made.

use super::{Encoder, Planes, Profile, Settings};
use fearless_simd::Level;
use reelwright_testkit::{levels::levels, program};

/// What a film shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// Slopes and squares that move, a little noise, and a cut.
    Motion,
    /// Nothing but noise from black to white.
    Noise,
    /// One grey.
    Flat,
    /// Squares of the least and of the most that a sample can be, which change places.
    Extremes,
}

const CONTENTS: [Content; 4] = [Content::Motion, Content::Noise, Content::Flat, Content::Extremes];

/// A picture: its three planes, one after the other.
fn picture(content: Content, width: usize, height: usize, index: usize) -> Vec<u8> {
    let mut noise = 0x9e37_79b9u32.wrapping_mul(index as u32 + 1);
    let mut next = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise >> 24
    };
    let cut = if index > 4 { 77 } else { 0 };
    let mut out = Vec::new();
    for (plane, share) in [1, 2, 2].into_iter().enumerate() {
        for y in 0..height / share {
            for x in 0..width / share {
                out.push(match content {
                    Content::Flat => 90,
                    Content::Extremes => {
                        let square = (x * share + 7) / 32 + (y * share + 7) / 32 + index;
                        if square.is_multiple_of(2) { 255 } else { 0 }
                    }
                    Content::Noise => next() as u8,
                    Content::Motion => {
                        let (x, y) = (x * share, y * share);
                        let wave = ((x * 7 + index * 5) / 8 + cut) % 90 + (y + 2 * index) / 3 % 60;
                        let (left, top) = (3 * index % 40 + 4, 2 * index % 25 + 3);
                        let inside = (left..left + 30).contains(&x) && (top..top + 21).contains(&y);
                        let square = ((x * 37) ^ (y * 11)) as u8 / 2 + 90;
                        let value = if inside { square } else { wave as u8 + 20 * plane as u8 };
                        value.saturating_add((next() / 64) as u8)
                    }
                });
            }
        }
    }
    out
}

/// A quantiser that stands for each in turn, for two pictures.
const EVERY: u8 = 255;

/// The stream and the pictures as they should be decoded.
fn encode(settings: &Settings, content: Content, pictures: usize, level: Level) -> [Vec<u8>; 2] {
    let (width, height) = (settings.width, settings.height);
    let opened = Settings { qp: settings.qp.min(51), ..settings.clone() };
    let mut encoder = Encoder::with_level(opened, level).unwrap();
    let (mut stream, mut decoded) = (Vec::new(), Vec::new());
    encoder.parameter_sets(&mut stream);
    for index in 0..pictures {
        let data = picture(content, width, height, index);
        let (luma, chroma) = data.split_at(width * height);
        let (cb, cr) = chroma.split_at(width * height / 4);
        let planes = Planes { data: [luma, cb, cr], strides: [width, width / 2, width / 2] };
        if settings.qp == EVERY {
            encoder.set_qp((index / 2 % 52) as u8).unwrap();
        }
        let idr = encoder.encode(&planes, index == 7, &mut stream).unwrap();
        assert_eq!(idr, index == 0 || index == 7 || settings.gop == 1);
        decoded.extend(encoder.reconstruction());
    }
    [stream, decoded]
}

fn assert_decoded(settings: &Settings, content: Content, pictures: usize) -> usize {
    let [stream, decoded] = encode(settings, content, pictures, Level::new());
    let arguments = [
        "-v",
        "error",
        "-xerror",
        "-err_detect",
        "explode",
        "-f",
        "h264",
        "-i",
        "{}",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "yuv420p",
        "-",
    ];
    if let Some(output) = program::run("ffmpeg", &arguments, &stream) {
        assert_eq!(output.len(), decoded.len(), "{settings:?} {content:?}");
        let wrong = output.iter().zip(&decoded).position(|(a, b)| a != b);
        assert_eq!(wrong, None, "{settings:?} {content:?}");
    }
    stream.len()
}

#[test]
fn all_sizes_are_decoded_as_they_were_rebuilt() {
    for (width, height) in [(2, 2), (16, 16), (18, 34), (64, 48), (350, 30), (30, 146)] {
        assert_decoded(&Settings::new(width, height), Content::Motion, 10);
    }
}

#[test]
fn all_quantisers_and_contents_are_decoded_as_they_were_rebuilt() {
    for qp in [0, 1, 5, 11, 17, 18, 23, 28, 33, 36, 41, 46, 51] {
        for content in CONTENTS {
            let settings = Settings { qp, ..Settings::new(112, 80) };
            assert_decoded(&settings, content, 9);
        }
    }
}

#[test]
fn slices_and_switches_are_decoded_as_they_were_rebuilt() {
    for slices in [1, 2, 3, 5] {
        for (deblock, gop) in [(Some(0), 250), (None, 250), (Some(0), 1)] {
            let settings = Settings { slices, deblock, gop, ..Settings::new(130, 80) };
            assert_decoded(&settings, Content::Motion, 9);
        }
    }
}

/// Settings with CAVLC in a profile that knows nothing else.
fn baseline(width: usize, height: usize) -> Settings {
    Settings { cabac: false, profile: Profile::Baseline, ..Settings::new(width, height) }
}

#[test]
fn cavlc_of_all_sizes_is_decoded_as_it_was_rebuilt() {
    for (width, height) in [(2, 2), (16, 16), (18, 34), (64, 48), (350, 30), (30, 146)] {
        assert_decoded(&baseline(width, height), Content::Motion, 10);
    }
}

#[test]
fn cavlc_of_all_quantisers_and_contents_is_decoded_as_it_was_rebuilt() {
    for content in CONTENTS {
        for gop in [250, 1] {
            assert_decoded(&Settings { qp: EVERY, gop, ..baseline(82, 66) }, content, 104);
        }
    }
}

#[test]
fn cavlc_of_slices_and_profiles_is_decoded_as_it_was_rebuilt() {
    for slices in [1, 2, 3, 5] {
        for (profile, cabac) in [
            (Profile::Baseline, false),
            (Profile::Main, false),
            (Profile::High, false),
            (Profile::High, true),
        ] {
            let settings = Settings { slices, profile, cabac, ..Settings::new(130, 80) };
            for content in [Content::Motion, Content::Flat] {
                assert_decoded(&settings, content, 9);
            }
        }
    }
}

#[test]
fn cavlc_takes_more_than_cabac_but_not_much() {
    let settings = Settings::new(256, 192);
    let cabac = encode(&settings, Content::Motion, 6, Level::new());
    let cavlc = encode(&baseline(256, 192), Content::Motion, 6, Level::new());
    assert!(cabac[1] == cavlc[1], "the same pictures");
    let (cabac, cavlc) = (cabac[0].len(), cavlc[0].len());
    assert!((cabac..cabac * 13 / 10).contains(&cavlc), "{cavlc} to {cabac} bytes");
}

#[test]
fn parameter_sets_tell_the_profile() {
    for (profile, cabac, bytes) in [
        (Profile::Baseline, false, [66, 0xc0]),
        (Profile::Main, true, [77, 0x40]),
        (Profile::High, true, [100, 0]),
    ] {
        let settings = Settings { profile, cabac, ..Settings::new(64, 64) };
        let mut out = Vec::new();
        Encoder::new(settings).unwrap().parameter_sets(&mut out);
        assert_eq!(out[5..7], bytes, "{profile:?}");
    }
}

#[test]
fn offsets_of_the_filter_are_decoded_as_they_were_rebuilt() {
    let mut streams = Vec::new();
    for offset in [-6, -3, -1, 1, 3, 6] {
        for qp in [12, 30, 44, 51] {
            let settings = Settings { qp, deblock: Some(offset), ..Settings::new(98, 66) };
            assert_decoded(&settings, Content::Motion, 9);
            if qp == 30 {
                streams.push(encode(&settings, Content::Motion, 1, Level::new())[1].clone());
            }
        }
    }
    streams.dedup();
    assert_eq!(streams.len(), 6, "each filters in its own way");
}

#[test]
fn the_intra_share_tells_a_cut() {
    let mut encoder = Encoder::new(Settings::new(96, 64)).unwrap();
    let mut shares = vec![encoder.intra_share()];
    for content in [Content::Flat, Content::Flat, Content::Motion] {
        let data = picture(content, 96, 64, 0);
        let (luma, chroma) = data.split_at(96 * 64);
        let (cb, cr) = chroma.split_at(48 * 32);
        let planes = Planes { data: [luma, cb, cr], strides: [96, 48, 48] };
        encoder.encode(&planes, false, &mut Vec::new()).unwrap();
        shares.push(encoder.intra_share());
    }
    assert_eq!(shares[..3], [0.0, 1.0, 0.0]);
    assert!(shares[3] > 0.5, "{shares:?}");
}

#[test]
fn what_stands_still_takes_next_to_nothing() {
    let settings = Settings { gop: 1000, ..Settings::new(320, 240) };
    let one = encode(&settings, Content::Flat, 1, Level::new())[0].len();
    let six = encode(&settings, Content::Flat, 6, Level::new())[0].len();
    assert!(six - one <= 5 * 24, "{} bytes for five pictures", six - one);
}

#[test]
fn bytes_are_the_same_with_all_instructions_and_threads() {
    for (content, qp) in [(Content::Motion, 24), (Content::Motion, 37), (Content::Noise, 10)] {
        let mut settings = Settings { slices: 3, qp, ..Settings::new(146, 98) };
        let usual = encode(&settings, content, 8, Level::new());
        for level in levels() {
            assert!(encode(&settings, content, 8, level) == usual, "{level:?} {content:?} {qp}");
        }
        for threads in [2, 3, 8] {
            settings.threads = threads;
            assert!(encode(&settings, content, 8, Level::new()) == usual, "{threads} threads");
        }
    }
}

#[test]
fn more_than_a_frame_number_holds() {
    let settings = Settings { gop: 1000, ..Settings::new(16, 16) };
    assert_decoded(&settings, Content::Noise, 300);
}

#[test]
fn quantisers_may_change_from_picture_to_picture() {
    let settings = Settings::new(64, 64);
    let mut encoder = Encoder::new(settings).unwrap();
    let data = picture(Content::Motion, 64, 64, 0);
    let (luma, chroma) = data.split_at(64 * 64);
    let (cb, cr) = chroma.split_at(32 * 32);
    let planes = Planes { data: [luma, cb, cr], strides: [64, 32, 32] };
    let mut sizes = Vec::new();
    for qp in [40, 20] {
        encoder.set_qp(qp).unwrap();
        let mut out = Vec::new();
        encoder.encode(&planes, true, &mut out).unwrap();
        sizes.push(out.len());
    }
    assert!(sizes[1] > 2 * sizes[0], "{sizes:?}");
    assert_eq!(encoder.set_qp(52).unwrap_err().to_string(), "qp 52: allowed is 0 to 51");
}

#[test]
fn wrong_arguments_are_refused() {
    let message = |settings: Settings| Encoder::new(settings).unwrap_err().to_string();
    let usual = Settings::new(64, 64);
    assert_eq!(
        message(Settings::new(63, 64)),
        "width 63: allowed is an even number from 2 to 4096"
    );
    assert_eq!(message(Settings { qp: 60, ..usual.clone() }), "qp 60: allowed is 0 to 51");
    assert_eq!(
        message(Settings { slices: 5, ..usual.clone() }),
        "slices 5: allowed is 1 to 4, the rows of macroblocks"
    );
    assert_eq!(
        message(Settings { deblock: Some(-7), ..usual.clone() }),
        "deblock -7: allowed is -6 to 6"
    );
    assert_eq!(
        message(Settings { profile: Profile::Baseline, ..usual.clone() }),
        "cabac true: allowed is false in the Baseline profile"
    );
    let mut encoder = Encoder::new(usual).unwrap();
    let short = [0; 64 * 64 - 1];
    let planes = Planes { data: [&short, &short, &short], strides: [64, 32, 32] };
    let error = encoder.encode(&planes, false, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "luma of 4095 bytes: allowed is 4096 or more");
}
