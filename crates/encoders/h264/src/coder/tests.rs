//! Tests that ffmpeg's output equals the encoder's reconstruction, and that the encoder's output is
//! the same for all instruction sets and threads.

use super::{Encoder, Planes};
use crate::settings::{Profile, Settings};
use fearless_simd::Level;
use reelwright_core::h264::nal_units;
use reelwright_testkit::{levels::levels, program};

/// Content of a test video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// Moving gradients and squares, a little noise, and a cut.
    Motion,
    /// Noise from black to white.
    Noise,
    /// A constant gray.
    Flat,
    /// Alternating squares of the smallest and the largest sample value.
    Extremes,
}

const CONTENTS: [Content; 4] = [Content::Motion, Content::Noise, Content::Flat, Content::Extremes];

/// Returns a picture's three planes, one after the other.
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

/// Quantizer of the pictures: one for all, or two that alternate every two pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Qp {
    One(u8),
    Every,
}

impl Qp {
    fn of(self, picture: usize) -> u8 {
        match self {
            Self::One(qp) => qp,
            Self::Every => (picture / 2 % 52) as u8,
        }
    }
}

const QP: Qp = Qp::One(24);

fn planes(data: &[u8], width: usize, height: usize) -> Planes<'_> {
    let (luma, chroma) = data.split_at(width * height);
    let (cb, cr) = chroma.split_at(width * height / 4);
    Planes { data: [luma, cb, cr], strides: [width, width / 2, width / 2] }
}

/// Returns the byte stream, and the expected decoded pictures.
fn encode(
    settings: &Settings,
    qp: Qp,
    content: Content,
    pictures: usize,
    simd: Level,
) -> [Vec<u8>; 2] {
    let (width, height) = (settings.width, settings.height);
    let mut encoder = Encoder::with_simd(settings.clone(), simd);
    let (mut stream, mut decoded, mut packet) = (Vec::new(), Vec::new(), Vec::new());
    let sets = encoder.parameter_sets(62);
    let mut append = |unit: &[u8]| {
        stream.extend([0, 0, 0, 1]);
        stream.extend(unit);
    };
    append(&sets.sps);
    append(&sets.pps);
    for index in 0..pictures {
        let data = picture(content, width, height, index);
        let idr = index == 7 || index.is_multiple_of(settings.gop_size as usize);
        encoder.encode(&planes(&data, width, height), qp.of(index), idr, &mut packet);
        let units: Vec<_> = nal_units(&packet).map(Result::unwrap).collect();
        assert_eq!(units.len(), settings.slices);
        for unit in units {
            assert_eq!(unit.nal_type().0, if idr { 5 } else { 1 });
            append(unit.bytes);
        }
        decoded.extend(encoder.reconstruction());
    }
    [stream, decoded]
}

fn assert_decoded(settings: &Settings, qp: Qp, content: Content, pictures: usize) {
    let [stream, decoded] = encode(settings, qp, content, pictures, Level::new());
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
}

#[test]
fn decoder_matches_reconstruction_for_all_sizes() {
    for (width, height) in [(2, 2), (16, 16), (18, 34), (64, 48), (350, 30), (30, 146)] {
        assert_decoded(&Settings::new(width, height), QP, Content::Motion, 10);
    }
}

#[test]
fn decoder_matches_reconstruction_for_all_quantizers() {
    for qp in [0, 1, 5, 11, 17, 18, 23, 28, 33, 36, 41, 46, 51] {
        for content in CONTENTS {
            assert_decoded(&Settings::new(112, 80), Qp::One(qp), content, 9);
        }
    }
}

#[test]
fn decoder_matches_reconstruction_for_slices_and_options() {
    for slices in [1, 2, 3, 5] {
        for (deblocking, gop_size) in [(Some(0), 250), (None, 250), (Some(0), 1)] {
            let settings = Settings { slices, deblocking, gop_size, ..Settings::new(130, 80) };
            assert_decoded(&settings, QP, Content::Motion, 9);
        }
    }
}

/// Returns settings with CAVLC in a profile without CABAC.
fn baseline(width: usize, height: usize) -> Settings {
    Settings { cabac: false, profile: Profile::Baseline, ..Settings::new(width, height) }
}

#[test]
fn decoder_matches_reconstruction_for_all_sizes_with_cavlc() {
    for (width, height) in [(2, 2), (16, 16), (18, 34), (64, 48), (350, 30), (30, 146)] {
        assert_decoded(&baseline(width, height), QP, Content::Motion, 10);
    }
}

#[test]
fn decoder_matches_reconstruction_for_all_quantizers_with_cavlc() {
    for content in CONTENTS {
        for gop_size in [250, 1] {
            let settings = Settings { gop_size, ..baseline(82, 66) };
            assert_decoded(&settings, Qp::Every, content, 104);
        }
    }
}

#[test]
fn decoder_matches_reconstruction_for_slices_and_profiles_with_cavlc() {
    for slices in [1, 2, 3, 5] {
        for (profile, cabac) in [
            (Profile::Baseline, false),
            (Profile::Main, false),
            (Profile::High, false),
            (Profile::High, true),
        ] {
            let settings = Settings { slices, profile, cabac, ..Settings::new(130, 80) };
            for content in [Content::Motion, Content::Flat] {
                assert_decoded(&settings, QP, content, 9);
            }
        }
    }
}

#[test]
fn cavlc_needs_a_few_more_bits_than_cabac() {
    let settings = Settings::new(256, 192);
    let cabac = encode(&settings, QP, Content::Motion, 6, Level::new());
    let cavlc = encode(&baseline(256, 192), QP, Content::Motion, 6, Level::new());
    assert!(cabac[1] == cavlc[1], "the same pictures");
    let (cabac, cavlc) = (cabac[0].len(), cavlc[0].len());
    assert!((cabac..cabac * 13 / 10).contains(&cavlc), "{cavlc} to {cabac} bytes");
}

#[test]
fn parameter_sets_have_the_profile_and_the_level() {
    for (profile, cabac, bytes) in [
        (Profile::Baseline, false, [66, 0xc0]),
        (Profile::Main, true, [77, 0x40]),
        (Profile::High, true, [100, 0]),
    ] {
        let settings = Settings { profile, cabac, ..Settings::new(64, 64) };
        let sets = Encoder::new(settings).parameter_sets(31);
        assert_eq!(sets.sps[..4], [0x67, bytes[0], bytes[1], 31], "{profile:?}");
        assert_eq!(sets.pps[0], 0x68);
    }
}

#[test]
fn decoder_matches_reconstruction_for_filter_offsets() {
    let mut streams = Vec::new();
    for offset in [-6, -3, -1, 1, 3, 6] {
        for qp in [12, 30, 44, 51] {
            let settings = Settings { deblocking: Some(offset), ..Settings::new(98, 66) };
            let qp = Qp::One(qp);
            assert_decoded(&settings, qp, Content::Motion, 9);
            if qp == Qp::One(30) {
                streams.push(encode(&settings, qp, Content::Motion, 1, Level::new())[1].clone());
            }
        }
    }
    streams.dedup();
    assert_eq!(streams.len(), 6, "each filters in its own way");
}

#[test]
fn fraction_of_intra_macroblocks_indicates_a_cut() {
    let mut encoder = Encoder::new(Settings::new(96, 64));
    let mut shares = vec![encoder.intra_share()];
    for content in [Content::Flat, Content::Flat, Content::Motion] {
        let data = picture(content, 96, 64, 0);
        encoder.encode(&planes(&data, 96, 64), 24, false, &mut Vec::new());
        shares.push(encoder.intra_share());
    }
    assert_eq!(shares[..3], [0.0, 1.0, 0.0]);
    assert!(shares[3] > 0.5, "{shares:?}");
}

#[test]
fn still_pictures_need_almost_no_bytes() {
    let settings = Settings { gop_size: 1000, ..Settings::new(320, 240) };
    let one = encode(&settings, QP, Content::Flat, 1, Level::new())[0].len();
    let six = encode(&settings, QP, Content::Flat, 6, Level::new())[0].len();
    assert!(six - one <= 5 * 24, "{} bytes for five pictures", six - one);
}

#[test]
fn bytes_do_not_depend_on_instructions_and_threads() {
    for (content, qp) in [(Content::Motion, 24), (Content::Motion, 37), (Content::Noise, 10)] {
        let qp = Qp::One(qp);
        let mut settings = Settings { slices: 3, ..Settings::new(146, 98) };
        let usual = encode(&settings, qp, content, 8, Level::new());
        for level in levels() {
            let found = encode(&settings, qp, content, 8, level);
            assert!(found == usual, "{level:?} {content:?} {qp:?}");
        }
        for threads in [2, 3, 8] {
            settings.threads = threads;
            let found = encode(&settings, qp, content, 8, Level::new());
            assert!(found == usual, "{threads} threads");
        }
    }
}

#[test]
fn frame_numbers_wrap_around() {
    let settings = Settings { gop_size: 1000, ..Settings::new(16, 16) };
    assert_decoded(&settings, QP, Content::Noise, 300);
}

#[test]
fn quantizers_may_change_from_picture_to_picture() {
    let mut encoder = Encoder::new(Settings::new(64, 64));
    let data = picture(Content::Motion, 64, 64, 0);
    let mut packet = Vec::new();
    let mut sizes = Vec::new();
    for qp in [40, 20] {
        encoder.encode(&planes(&data, 64, 64), qp, true, &mut packet);
        sizes.push(packet.len());
    }
    assert!(sizes[1] > 2 * sizes[0], "{sizes:?}");
}

#[test]
fn reverted_picture_does_not_change_the_next() {
    let mut packets = [const { Vec::new() }; 2];
    for (again, packet) in packets.iter_mut().enumerate() {
        let mut encoder = Encoder::new(Settings { slices: 2, ..Settings::new(96, 64) });
        for index in 0..4 {
            let data = picture(Content::Motion, 96, 64, index);
            if again == 1 {
                encoder.encode(&planes(&data, 96, 64), 40, index == 2, packet);
                encoder.revert();
            }
            encoder.encode(&planes(&data, 96, 64), 24, index == 3, packet);
        }
    }
    assert!(packets[0] == packets[1]);
}
