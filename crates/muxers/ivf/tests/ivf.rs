//! IVF output, byte for byte.

use reelwright_core::{
    CodecId, ColorInfo, Metadata, Muxer, Packet, PixelFormat, StreamParameters, Timestamp,
};
use reelwright_mux_ivf::MUXER;
use reelwright_testkit::muxing::{check_failing_output, memory, open, video_parameters};

fn av1(size: (u32, u32)) -> StreamParameters {
    video_parameters(CodecId::Av1, PixelFormat::Yuv420p, size, (30_000, 1001), ColorInfo::BT709)
}

#[test]
fn packets_have_their_sizes_and_times() {
    for seekable in [true, false] {
        let (stream, mut output) = (av1((640, 360)), memory(seekable));
        let mut muxer: Box<dyn Muxer> = open(&MUXER, &[]).unwrap();
        let streams = std::slice::from_ref(&stream);
        muxer.start(streams, &Metadata::new(), &mut output).unwrap();
        for pts in [0, 5] {
            let packet = Packet { data: vec![9; 3], pts: Timestamp(pts), ..Packet::default() };
            muxer.write(&packet, &mut output).unwrap();
        }
        muxer.finish(streams, &mut output).unwrap();
        let file = output.into_bytes();
        assert_eq!(&file[..16], b"DKIF\0\0\x20\0AV01\x80\x02\x68\x01");
        assert_eq!(file[16..24], [0x30, 0x75, 0, 0, 0xe9, 3, 0, 0]);
        assert_eq!(file[24], if seekable { 2 } else { 0 });
        let frame = |pts| [&[5, 0, 0, 0, pts, 0, 0, 0, 0, 0, 0, 0, 0x12, 0][..], &[9; 3]].concat();
        assert_eq!(file[32..], [frame(0), frame(5)].concat());
    }
}

#[test]
fn unsupported_streams_are_errors() {
    let mut muxer = open(&MUXER, &[]).unwrap();
    let mut output = memory(true);
    let result = muxer.start(&[av1((65_536, 2))], &Metadata::new(), &mut output);
    let message = result.unwrap_err().to_string();
    assert!(message.contains("65536") && message.contains("width"), "{message}");
    muxer.start(&[av1((2, 2))], &Metadata::new(), &mut output).unwrap();
    let packet = Packet { pts: Timestamp(-1), ..Packet::default() };
    assert!(muxer.write(&packet, &mut output).is_err());
}

#[test]
fn any_failure_of_the_output_is_an_error() {
    check_failing_output(&MUXER, &av1((2, 2)), &[1; 9]);
}
