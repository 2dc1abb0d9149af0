//! Converters do not allocate after their creation and first frame, and resamplers not in steady
//! state.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use reelwright_convert::{
    AudioConverter, Outliers, ResampleQuality, Resampler, ScaleFilter, VideoConverter, outliers,
};
use reelwright_core::{
    ChannelLayout, ColorInfo, DataType, PixelFormat, SampleFormat, TensorView, TypedBuffer,
    TypedSlice, VideoFormat, VideoFrame,
};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller fulfills the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller fulfills the contract of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn conversions_do_not_allocate() {
    const FRAMES: usize = 2000;
    for (from_layout, to_layout) in
        [("stereo", "stereo"), ("5.1", "5.1"), ("5.1", "stereo"), ("stereo", "5.1"), ("6.1", "5.1")]
    {
        let from_layout: ChannelLayout = from_layout.parse().unwrap();
        let to_layout: ChannelLayout = to_layout.parse().unwrap();
        let samples = TypedBuffer::zeroed(DataType::F32, FRAMES * from_layout.channels());
        let chunk = common::view(&samples, from_layout.channels());
        for format in SampleFormat::ALL {
            let mut out = TypedBuffer::zeroed(format.data_type(), FRAMES * to_layout.channels());
            let mut converter =
                AudioConverter::new(DataType::F32, from_layout, *format, to_layout).unwrap();
            let before = ALLOCATIONS.get();
            converter.convert(&chunk, 0..FRAMES, &mut out, FRAMES, 0);
            assert_eq!(outliers(&chunk), Outliers::default());
            assert_eq!(ALLOCATIONS.get(), before, "{from_layout} to {to_layout}, {format}");
        }
    }
}

#[test]
fn resampling_does_not_allocate_in_steady_state() {
    for (from, to) in [(48_000, 44_100), (44_101, 48_000), (16_000, 48_000), (192_000, 8_000)] {
        for quality in ResampleQuality::ALL {
            let mut resampler = Resampler::new(from, to, 2, *quality).unwrap();
            let (floats, doubles) = ([0.5f32; 2 * 777], [0.5f64; 2 * 777]);
            let mut push = |times| {
                for _ in 0..times {
                    match quality.data_type() {
                        DataType::F64 => resampler.push(TypedSlice::F64(&doubles)),
                        _ => resampler.push(TypedSlice::F32(&floats)),
                    }
                    resampler.consume(usize::MAX);
                }
            };
            push(100);
            let before = ALLOCATIONS.get();
            push(1000);
            assert_eq!(ALLOCATIONS.get(), before, "{from} to {to}, {quality}");
        }
    }
}

#[test]
fn video_conversion_does_not_allocate_after_the_first_frame() {
    let data = vec![77u8; 3 * 30 * 50];
    let shape = [1, 3, 30, 50];
    let planes = TensorView::contiguous(&data, &shape).unwrap();
    let packed = TensorView::new(&data, 0, &shape, &[0, 1, 150, 3]).unwrap();
    for output in PixelFormat::ALL {
        for size in [(50, 30), (20, 60)] {
            for chunk in [planes, packed] {
                let from = VideoFormat::new(PixelFormat::Rgb24, 50, 30, ColorInfo::SRGB);
                let (width, height) = (size.0 as u32, size.1 as u32);
                let to = VideoFormat::new(*output, width, height, ColorInfo::BT709);
                let mut converter = VideoConverter::new(&from, &to, ScaleFilter::Bicubic).unwrap();
                let mut to = VideoFrame::new(&VideoFormat::new(
                    *output,
                    size.0 as u32,
                    size.1 as u32,
                    ColorInfo::BT709,
                ))
                .unwrap();
                converter.convert(&chunk, 0, &mut to);
                let before = ALLOCATIONS.get();
                converter.convert(&chunk, 0, &mut to);
                assert_eq!(ALLOCATIONS.get(), before, "{output}");
            }
        }
        let from = VideoFrame::new(&VideoFormat::new(*output, 50, 30, ColorInfo::BT601)).unwrap();
        for color in [ColorInfo::BT601, ColorInfo::BT709] {
            let input = VideoFormat::new(*output, 50, 30, ColorInfo::BT601);
            let to = VideoFormat::new(PixelFormat::Nv12, 60, 20, color);
            let mut converter = VideoConverter::new(&input, &to, ScaleFilter::Bicubic).unwrap();
            let mut to =
                VideoFrame::new(&VideoFormat::new(PixelFormat::Nv12, 60, 20, color)).unwrap();
            converter.convert_frame(&from.view().unwrap(), &mut to);
            let before = ALLOCATIONS.get();
            converter.convert_frame(&from.view().unwrap(), &mut to);
            assert_eq!(ALLOCATIONS.get(), before, "{output}");
        }
    }
}
