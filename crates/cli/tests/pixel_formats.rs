//! More than 8 bits, alpha and range from inputs to outputs, compared with ffmpeg.

mod common;

use std::path::Path;

use common::{encode, ffmpeg, foreign, stream};

/// Returns the frames of a file in a pixel format, decoded by ffmpeg.
fn frames(path: &Path, file: &str, format: &str) -> Option<Vec<u8>> {
    let raw = ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", format, "-"];
    foreign(path, "ffmpeg", &[&["-nostdin", "-v", "error", "-i", file], &raw[..]].concat())
}

#[test]
fn depth_and_alpha_of_images_are_exact() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    // Noise in every component, including alpha.
    let noise = "nullsrc=s=50x31:d=1:r=1,format=rgba64le,geq=r='random(1)*65535':g='random(2)*65535'\
                 :b='random(3)*65535':a='random(4)*65535'";
    for (format, back, exact) in [
        ("rgba", "rgba", "rgba"),
        ("rgba64be", "rgba64be", "rgba64le"),
        ("rgb48be", "rgb48be", "rgb48le"),
        ("gray16be", "gray16be", "gray16le"),
        ("ya8", "ya8", "ya8"),
        ("ya16be", "ya16be", "ya16le"),
    ] {
        let args = ["-f", "lavfi", "-i", noise, "-frames:v", "1", "-pix_fmt", format, "in.png"];
        if !ffmpeg(path, &args) {
            return;
        }
        let (code, _, message) = encode(path, &["in.png", "-o", "out.png"]);
        assert_eq!((code, message.as_str()), (0, ""), "{format}");
        assert_eq!(stream(path, "out.png", "v:0", "pix_fmt"), back);
        let (found, expected) = (frames(path, "out.png", exact), frames(path, "in.png", exact));
        assert!(found == expected, "{format}");
        // Through animations too.
        let (code, _, message) = encode(path, &["in.png", "-o", "out.apng"]);
        assert_eq!((code, message.as_str()), (0, ""), "{format}");
        assert!(frames(path, "out.apng", exact) == expected, "{format}");
    }
    // WebP keeps 8 bits and alpha.
    let args = ["-f", "lavfi", "-i", noise, "-frames:v", "1", "-pix_fmt", "rgba", "in.png"];
    assert!(ffmpeg(path, &args));
    for (from, to) in [("in.png", "out.webp"), ("out.webp", "back.png")] {
        let (code, _, message) = encode(path, &[from, "-o", to]);
        assert_eq!((code, message.as_str()), (0, ""), "{to}");
        assert!(frames(path, to, "rgba") == frames(path, "in.png", "rgba"), "{to}");
    }
}

#[test]
fn ten_bits_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for (format, name) in
        [("yuv420p10le", "420p10"), ("yuv422p10le", "422p10"), ("yuv444p10le", "444p10")]
    {
        let source = format!("testsrc2=s=96x64:r=10:d=0.5,format={format}");
        let args = ["-f", "lavfi", "-i", &source, "-strict", "-1", "-vf", "setsar=4/3", "in.y4m"];
        if !ffmpeg(path, &args) {
            return;
        }
        // Y4M and raw frames are exact.
        for output in ["out.y4m", "out.yuv"] {
            let (code, _, message) = encode(path, &["in.y4m", "-o", output]);
            // Raw frames cannot store the aspect ratio.
            let told = if output == "out.yuv" { "sample aspect ratio of 4:3" } else { "" };
            assert!(code == 0 && message.contains(told), "{format} {output}: {message}");
        }
        let expected = frames(path, "in.y4m", format).unwrap();
        assert!(frames(path, "out.y4m", format).unwrap() == expected, "{format}");
        assert!(std::fs::read(path.join("out.yuv")).unwrap() == expected, "{format}");
        let header = std::fs::read(path.join("out.y4m")).unwrap();
        let header = String::from_utf8_lossy(&header[..120]).into_owned();
        assert!(header.contains(&format!(" C{name} ")) && header.contains(" A4:3 "), "{header}");
        let args = ["in.y4m", "-o", "out.mp4", "--video-encoder", "av1", "--pixel-format", format];
        let quality = ["--video-option", "qp=30", "--video-option", "speed=10"];
        let (code, _, message) = encode(path, &[&args[..], &quality[..]].concat());
        assert_eq!((code, message.as_str()), (0, ""), "{format}");
        let shown = stream(path, "out.mp4", "v:0", "pix_fmt,sample_aspect_ratio");
        assert!(shown.contains(format) && shown.contains("4:3"), "{shown}");
        // Frames of this project's reader equal those of ffmpeg's decoder.
        let (code, _, message) = encode(path, &["out.mp4", "-o", "back.y4m"]);
        assert_eq!((code, message.as_str()), (0, ""), "{format}");
        let decoded = frames(path, "out.mp4", format).unwrap();
        assert!(frames(path, "back.y4m", format).unwrap() == decoded, "{format}");
        let words = |bytes: &[u8]| {
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|b| f64::from(u16::from_le_bytes(*b)))
                .collect::<Vec<_>>()
        };
        let (one, other) = (words(&decoded), words(&expected));
        let error: f64 = one.iter().zip(&other).map(|(a, b)| (a - b).powi(2)).sum();
        let psnr = 10.0 * (1023.0f64.powi(2) * one.len() as f64 / error.max(1e-9)).log10();
        assert!(one.len() == other.len() && psnr > 40.0, "{format}: {psnr:.1} dB");
    }
    // By default AV1 is encoded as 4:2:0 with the same number of bits.
    let (code, _, message) = encode(path, &["in.y4m", "-o", "a.mp4", "--video-encoder", "av1"]);
    assert_eq!((code, message.as_str()), (0, ""));
    assert_eq!(stream(path, "a.mp4", "v:0", "pix_fmt"), "yuv420p10le");
    // H.264 is encoded with 8 bits, with a warning.
    let (code, _, message) = encode(path, &["in.y4m", "-o", "a.mp4"]);
    assert!(code == 0 && message.contains("8 bits") && message.contains("10 bits"), "{message}");
}

#[test]
fn lost_alpha_is_reported_or_composed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let source = "color=red@0.5:s=32x32:d=1:r=5,format=rgba";
    if !ffmpeg(path, &["-f", "lavfi", "-i", source, "-frames:v", "1", "in.png"]) {
        return;
    }
    let (code, _, message) = encode(path, &["in.png", "-o", "a.mp4"]);
    assert_eq!(code, 0);
    let warnings = message.matches("does not support alpha").count();
    assert!(warnings == 1 && message.contains("--video-option alpha=compose:COLOR"), "{message}");
    for (alpha, expected) in [("drop", 255), ("compose:black", 128), ("compose:#ff0000", 255)] {
        let option = format!("alpha={alpha}");
        let args = ["in.png", "-o", "a.bmp", "--video-option", &option];
        let (code, _, message) = encode(path, &args);
        assert_eq!((code, message.as_str()), (0, ""), "{alpha}");
        let rgb = frames(path, "a.bmp", "rgb24").unwrap();
        assert!(rgb[0].abs_diff(expected) <= 1 && rgb[1] == 0, "{alpha}: {:?}", &rgb[..3]);
    }
    let args = ["in.png", "-o", "a.bmp", "--video-option", "alpha=compose:reddish"];
    let (code, _, message) = encode(path, &args);
    assert!(code == 1 && message.contains("reddish") && message.contains("#RRGGBB"), "{message}");
    // Opaque images lose nothing.
    let opaque = "color=red:s=32x32:d=1:r=5,format=rgba";
    assert!(ffmpeg(path, &["-f", "lavfi", "-i", opaque, "-frames:v", "1", "in.png"]));
    let (code, _, message) = encode(path, &["in.png", "-o", "a.mp4"]);
    assert_eq!((code, message.as_str()), (0, ""));
}

#[test]
fn transparency_of_gif_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    // A square that moves over a transparent background.
    let source = "color=black@0:s=48x32:r=5:d=1,format=rgba,\
                  geq=r=200:g=40:b='X*5':a='255*between(X-N*7\\,0\\,12)*between(Y\\,8\\,20)'";
    if !ffmpeg(path, &["-f", "lavfi", "-i", source, "-f", "apng", "in.apng"]) {
        return;
    }
    let (code, _, message) = encode(path, &["in.apng", "-o", "out.gif"]);
    assert_eq!((code, message.as_str()), (0, ""));
    let alpha = |file: &str| -> Vec<u8> {
        frames(path, file, "rgba").unwrap().as_chunks::<4>().0.iter().map(|p| p[3]).collect()
    };
    assert!(alpha("out.gif") == alpha("in.apng"));
    let (code, _, message) = encode(path, &["out.gif", "-o", "back.apng"]);
    assert_eq!((code, message.as_str()), (0, ""));
    assert!(alpha("back.apng") == alpha("in.apng"));
}

/// Frame of an animated WebP: a WebP file, its offset and size on the canvas, and its flags.
type WebpFrame<'a> = (&'a [u8], (u32, u32), (u32, u32), u8);

/// Returns an animated WebP (RFC 9649 §2.7.1) of lossless images.
fn animated_webp(size: (u32, u32), frames: &[WebpFrame<'_>]) -> Vec<u8> {
    let chunk = |kind: &[u8], data: &[u8]| {
        let length = (data.len() as u32).to_le_bytes();
        [kind, &length, data, &[0][..data.len() % 2]].concat()
    };
    let three = |value: u32| value.to_le_bytes()[..3].to_vec();
    // Alpha and animation.
    let header = [vec![0x12, 0, 0, 0], three(size.0 - 1), three(size.1 - 1)].concat();
    let mut body = [b"WEBP".to_vec(), chunk(b"VP8X", &header), chunk(b"ANIM", &[0; 6])].concat();
    for (image, (x, y), (width, height), flags) in frames {
        // A still image is one chunk after the file's header.
        let image = &image[12..];
        let place = [three(x / 2), three(y / 2), three(width - 1), three(height - 1), three(100)];
        body.extend(chunk(b"ANMF", &[&place.concat(), &[*flags][..], image].concat()));
    }
    chunk(b"RIFF", &body)
}

#[test]
fn disposes_of_webp_frames() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for (name, size) in [("large.webp", "size=40x20"), ("small.webp", "size=10x8")] {
        let source = format!("testsrc={size}:rate=1:duration=1");
        assert_eq!(encode(path, &[&source, "-o", name]).0, 0);
    }
    let read = |name: &str| std::fs::read(path.join(name)).unwrap();
    let (large, small) = (read("large.webp"), read("small.webp"));
    for (flags, outside) in [(0b11, 0), (0b10, 255)] {
        // The first frame is removed or kept before the second one.
        let frames = [(&large[..], (0, 0), (40, 20), flags), (&small[..], (20, 6), (10, 8), 0b10)];
        std::fs::write(path.join("in.webp"), animated_webp((40, 20), &frames)).unwrap();
        let raw = ["--format", "rawvideo", "--pixel-format", "rgba"];
        let (code, _, message) = encode(path, &[&["in.webp", "-o", "out.rgba"], &raw[..]].concat());
        assert_eq!((code, message.as_str()), (0, ""));
        let pixels = read("out.rgba");
        let alpha = |frame: usize, x: usize, y: usize| pixels[((frame * 20 + y) * 40 + x) * 4 + 3];
        assert_eq!(pixels.len(), 2 * 4 * 40 * 20);
        assert!((0..40).all(|x| alpha(0, x, 3) == 255));
        assert_eq!((alpha(1, 3, 3), alpha(1, 24, 10)), (outside, 255), "{flags:b}");
    }
}

#[test]
fn pixel_format_names_state_the_range() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let source = "testsrc=size=64x48:rate=5:duration=1";
    for (format, range) in [("yuvj420p", "pc"), ("yuv420p", "tv")] {
        let (code, _, message) = encode(path, &[source, "-o", "a.mp4", "--pixel-format", format]);
        assert_eq!((code, message.as_str()), (0, ""), "{format}");
        let found = stream(path, "a.mp4", "v:0", "color_range");
        assert!(found.is_empty() || found == range, "{format}: {found}");
    }
    let contradiction = ["--pixel-format", "yuvj420p", "--video-option", "color_range=tv"];
    let (code, _, message) = encode(path, &[&[source, "-o", "a.mp4"], &contradiction[..]].concat());
    assert!(code == 1 && message.contains("color_range=tv"), "{message}");
}
