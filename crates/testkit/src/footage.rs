//! Decoded natural footage of `tests/assets`.

use std::io::Cursor;
use std::path::Path;
use std::sync::OnceLock;

use rusty_h264_decoder::Decoder;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::formats::TrackType;
use symphonia::core::formats::probe::Hint;
use symphonia::core::io::MediaSourceStream;

use reelwright_core::h264::{AvcConfig, append_byte_stream};
use reelwright_core::{ColorInfo, Packet, PixelFormat, VideoFormat, VideoFrame};

/// Width and height of [`coffee`], in pixels.
pub const COFFEE_SIZE: (u32, u32) = (352, 288);

/// Returns the 60 frames of `coffee_352x288.mp4`: a photograph under a hand-held, noisy camera that
/// pauses for 15 frames, pans for 30 and pauses again.
///
/// # Panics
/// The asset is missing or cannot be decoded.
/// If the asset is missing or cannot be decoded.
pub fn coffee() -> &'static [VideoFrame] {
    static FRAMES: OnceLock<Vec<VideoFrame>> = OnceLock::new();
    FRAMES.get_or_init(|| {
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/assets");
        let file = std::fs::read(assets.join("coffee_352x288.mp4")).unwrap();
        decode(&byte_stream(file))
    })
}

/// Returns frame `index` of an endless video, which repeats [`coffee`] forward and backward.
pub fn endless_coffee(index: usize) -> VideoFrame {
    let frames = coffee();
    let last = frames.len() - 1;
    let place = index % (2 * last);
    frames[if place > last { 2 * last - place } else { place }].clone()
}

/// Converts the H.264 track of an MP4 file to a byte stream.
fn byte_stream(file: Vec<u8>) -> Vec<u8> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(file)), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), source, Default::default(), Default::default())
        .unwrap();
    let track = format.default_track(TrackType::Video).unwrap();
    let Some(CodecParameters::Video(parameters)) = &track.codec_params else {
        panic!("no video parameters")
    };
    let (config, _) = AvcConfig::from_record(&parameters.extra_data[0].data).unwrap();
    let mut stream = Vec::new();
    let mut packet = Packet { keyframe: true, ..Packet::default() };
    while let Some(read) = format.next_packet().unwrap() {
        packet.data = read.data.into_vec();
        append_byte_stream(&config, &packet, &mut stream).unwrap();
        packet.keyframe = false;
    }
    stream
}

fn decode(stream: &[u8]) -> Vec<VideoFrame> {
    let (width, height) = COFFEE_SIZE;
    let format = VideoFormat::new(PixelFormat::Yuv420p, width, height, ColorInfo::BT601);
    let decoded = Decoder::new().decode_stream(stream).unwrap();
    let frames = decoded.iter().map(|decoded| {
        let mut frame = VideoFrame::new(&format).unwrap();
        let planes = frame.planes_mut::<u8>().unwrap();
        let sources = [(&decoded.y, width), (&decoded.u, width / 2), (&decoded.v, width / 2)];
        for ((plane, stride), (source, width)) in planes.into_iter().zip(sources) {
            let width = width as usize;
            for (row, source) in plane.chunks_mut(stride).zip(source.chunks(width)) {
                row[..width].copy_from_slice(source);
            }
        }
        frame
    });
    frames.collect()
}
