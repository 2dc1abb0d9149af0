//! YUV4MPEG output, byte for byte.

use reelwright_core::{
    ChromaLocation, CodecId, ColorInfo, ColorRange, Metadata, PixelFormat, StreamParameters,
};
use reelwright_mux_y4m::MUXER;
use reelwright_testkit::muxing::{check_failing_output, memory, mux, video_parameters};

fn y4m(pixel_format: PixelFormat, color: ColorInfo) -> StreamParameters {
    video_parameters(CodecId::WrappedAvframe, pixel_format, (5, 3), (30_000, 1001), color)
}

#[test]
fn the_header_describes_the_frames() {
    for (format, color, size, expected) in [
        (
            PixelFormat::Yuv420p,
            ColorInfo::BT601,
            27,
            "C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=LIMITED",
        ),
        (PixelFormat::Yuv420p, ColorInfo::JFIF, 27, "C420jpeg XYSCSS=420JPEG XCOLORRANGE=FULL"),
        (
            PixelFormat::Yuv420p10Le,
            ColorInfo::BT709,
            54,
            "C420p10 XYSCSS=420P10 XCOLORRANGE=LIMITED",
        ),
        (PixelFormat::Yuv422p, ColorInfo::BT601, 33, "C422 XYSCSS=422 XCOLORRANGE=LIMITED"),
        (PixelFormat::Yuv444p, ColorInfo::BT601, 45, "C444 XYSCSS=444 XCOLORRANGE=LIMITED"),
        (
            PixelFormat::Gray8,
            ColorInfo { range: ColorRange::Full, ..ColorInfo::BT601 },
            15,
            "Cmono XCOLORRANGE=FULL",
        ),
    ] {
        let frame = vec![7; size];
        let two = [frame.as_slice(), &frame];
        let file =
            mux(&MUXER, &[], &y4m(format, color), &Metadata::new(), two, memory(false)).unwrap();
        let header = format!("YUV4MPEG2 W5 H3 F30000:1001 Ip A1:1 {expected}\n");
        let frame = [b"FRAME\n".as_slice(), &frame].concat();
        assert_eq!(file, [header.as_bytes(), &frame, &frame].concat());
    }
    let center = ColorInfo { chroma_location: ChromaLocation::Center, ..ColorInfo::BT601 };
    let stream = y4m(PixelFormat::Yuv420p, center);
    let file = mux(&MUXER, &[], &stream, &Metadata::new(), [], memory(true)).unwrap();
    assert!(file.windows(8).any(|bytes| bytes == b"C420jpeg"));
}

#[test]
fn unsupported_streams_are_errors() {
    let rejected = |stream: StreamParameters, data: &[u8]| {
        mux(&MUXER, &[], &stream, &Metadata::new(), [data], memory(true)).unwrap_err().to_string()
    };
    let message = rejected(y4m(PixelFormat::Rgb24, ColorInfo::SRGB), &[]);
    assert!(message.contains("rgb24") && message.contains("yuv420p"), "{message}");
    let message = rejected(y4m(PixelFormat::Yuv420p, ColorInfo::BT601), &[0; 26]);
    assert!(message.contains("27 bytes") && message.contains("26"), "{message}");
}

#[test]
fn any_failure_of_the_output_is_an_error() {
    check_failing_output(&MUXER, &y4m(PixelFormat::Yuv420p, ColorInfo::BT601), &[1; 27]);
}
