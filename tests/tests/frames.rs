//! Frames as shared handles: pools, views, and device memory.

#![allow(unsafe_code)] // for the allocator

use std::alloc::{GlobalAlloc, Layout, System};
use std::any::Any;
use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use reelwright::{
    ColorInfo, DeviceEvent, DeviceMemory, DevicePixels, DevicePlane, Error, ErrorKind,
    FrameAllocator, FramePool, MemoryKind, PixelFormat, PlanesMut, Result, StreamingMediaEncoder,
    Target, Timestamp, VideoFormat, VideoFrame, VideoMemory, VideoStream,
};

thread_local! {
    /// Counter of this thread's allocations, if any.
    static COUNTED: Cell<Option<&'static AtomicUsize>> = const { Cell::new(None) };
}

/// Allocator that counts only on threads that request it, because the test harness allocates too.
struct Counting;

// SAFETY: every call is forwarded to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Some(count) = COUNTED.get() {
            count.fetch_add(1, Relaxed);
        }
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

/// Counts the later allocations of this thread in `count`.
fn count_allocations(count: &'static AtomicUsize) {
    COUNTED.set(Some(count));
}

fn format(pixel_format: PixelFormat, width: u32, height: u32) -> VideoFormat {
    VideoFormat::new(pixel_format, width, height, ColorInfo::BT601)
}

/// Slot for one value. Waiting does not allocate, unlike with some channels.
struct Slot<T>(Mutex<Option<T>>, Condvar);

impl<T> Slot<T> {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(None), Condvar::new()))
    }

    fn put(&self, value: T) {
        let full = self.0.lock().unwrap();
        *self.1.wait_while(full, |slot| slot.is_some()).unwrap() = Some(value);
        self.1.notify_all();
    }

    fn take(&self) -> T {
        let empty = self.0.lock().unwrap();
        let value = self.1.wait_while(empty, |slot| slot.is_none()).unwrap().take();
        self.1.notify_all();
        value.unwrap()
    }
}

/// Thread that keeps frames, and sums the oldest when it receives another. Ends at `None`.
struct Worker {
    frames: Arc<Slot<Option<VideoFrame>>>,
    sums: Arc<Slot<u64>>,
    thread: JoinHandle<()>,
}

impl Worker {
    fn new(allocations: &'static AtomicUsize) -> Self {
        let (frames, sums) = (Slot::new(), Slot::new());
        let (inbox, outbox) = (Arc::clone(&frames), Arc::clone(&sums));
        let thread = std::thread::spawn(move || {
            count_allocations(allocations);
            let mut kept = VecDeque::with_capacity(KEPT / 3);
            while let Some(frame) = Slot::take(&inbox) {
                kept.push_back(frame);
                if kept.len() == KEPT / 3 {
                    outbox.put(kept.pop_front().map_or(0, |frame| sum(&frame)));
                }
            }
        });
        Self { frames, sums, thread }
    }
}

/// Mock encoder that keeps 60 frames: twenty with each of three threads.
struct Keeper {
    workers: Vec<Worker>,
    next: usize,
    kept: usize,
}

const KEPT: usize = 60;

impl Keeper {
    fn new(allocations: &'static AtomicUsize) -> Self {
        Self { workers: (0..3).map(|_| Worker::new(allocations)).collect(), next: 0, kept: 0 }
    }

    /// Adds a frame. Returns the sum of the frame that is dropped.
    fn encode(&mut self, frame: VideoFrame) -> Option<u64> {
        let worker = &self.workers[self.next];
        self.next = (self.next + 1) % self.workers.len();
        self.kept += 1;
        worker.frames.put(Some(frame));
        (self.kept > KEPT - 3).then(|| worker.sums.take())
    }

    fn join(self) {
        for worker in self.workers {
            worker.frames.put(None);
            worker.thread.join().unwrap();
        }
    }
}

fn sum(frame: &VideoFrame) -> u64 {
    let view = frame.view().unwrap();
    let (row, rows) = frame.format.plane_size(0);
    let plane = view.planes_of::<u8>().unwrap()[0];
    plane.rows(row, rows).flatten().map(|v| u64::from(*v)).sum()
}

#[test]
fn frame_pool_does_not_allocate_in_steady_state() {
    static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
    count_allocations(&ALLOCATIONS);
    let format = format(PixelFormat::Yuv420p, 64, 48);
    let mut pool = FramePool::new(&format, KEPT + 4);
    let mut keeper = Keeper::new(&ALLOCATIONS);
    let (mut before, mut sums) = (0, Vec::with_capacity(1000));
    for index in 0..1000u64 {
        if index == 200 {
            before = ALLOCATIONS.load(Relaxed);
        }
        let frame = pool.write(|frame| {
            let [(plane, _), ..] = frame.planes_mut::<u8>()?;
            plane.fill(index as u8);
            Ok(())
        });
        sums.extend(keeper.encode(frame.unwrap().with_pts(Timestamp(index as i64))));
    }
    let allocated = ALLOCATIONS.load(Relaxed) - before;
    assert!(allocated == 0, "{allocated} allocations in 800 frames");
    assert!(pool.len() <= KEPT + 4, "{}", pool.len());
    let expected = (0..sums.len() as u64).map(|index| 64 * 48 * (index % 256));
    assert_eq!(sums, expected.collect::<Vec<_>>());
    // Frames outlive their pool.
    drop(pool);
    keeper.join();
}

#[test]
fn pool_keeps_at_most_its_capacity() {
    let mut pool = FramePool::new(&format(PixelFormat::Gray8, 8, 8), 2);
    let write = |pool: &mut FramePool| pool.write(|_| Ok(())).unwrap();
    let held: Vec<_> = (0..5).map(|_| write(&mut pool)).collect();
    assert_eq!(pool.len(), 2);
    for (one, other) in held.iter().zip(&held[1..]) {
        let address = |frame: &VideoFrame| {
            frame.view().unwrap().planes_of::<u8>().unwrap()[0].row(0, 8).as_ptr().addr()
        };
        assert_ne!(address(one), address(other));
    }
    drop(held);
    write(&mut pool);
    assert_eq!(pool.len(), 2);
    // The pool allocates frames that exist at the same time, even beyond its capacity.
    let mut large = FramePool::new(&format(PixelFormat::Gray8, 8, 8), usize::MAX);
    write(&mut large);
    assert_eq!(large.len(), 1);
    let failed = pool.write(|_| Err(Error::chunk("no")));
    assert!(failed.is_err() && pool.write(|_| Ok(())).is_ok());
}

/// Mock of device memory: bytes that the host cannot access.
#[derive(Debug)]
struct MockMemory {
    bytes: Mutex<Vec<u8>>,
    readers: Mutex<Vec<Arc<dyn DeviceEvent>>>,
}

#[derive(Debug, Default)]
struct MockEvent(AtomicBool);

const MOCK: MemoryKind = MemoryKind::device("mock");

impl DeviceEvent for MockEvent {
    fn is_done(&self) -> Result<bool> {
        Ok(self.0.load(Relaxed))
    }

    fn wait(&self) -> Result<()> {
        self.0.store(true, Relaxed);
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl DeviceMemory for MockMemory {
    fn kind(&self) -> MemoryKind {
        MOCK
    }

    fn download(
        &self,
        format: &VideoFormat,
        planes: &[DevicePlane; 4],
        to: PlanesMut<'_>,
    ) -> Result<()> {
        let PlanesMut::U8(to) = to else { return Err(Error::unsupported("only bytes")) };
        let bytes = self.bytes.lock().unwrap();
        for (index, (data, stride)) in to.into_iter().enumerate().take(format.pixel_format.planes())
        {
            let (row, rows) = format.plane_size(index);
            let DevicePlane { offset, pitch } = planes[index];
            for (y, to) in data.chunks_mut(stride).enumerate().take(rows) {
                let start = offset.checked_add_signed(y as isize * pitch).unwrap();
                to[..row].copy_from_slice(&bytes[start..start + row]);
            }
        }
        Ok(())
    }

    fn release_after(&self, reader: Arc<dyn DeviceEvent>) {
        self.readers.lock().unwrap().push(reader);
    }

    fn is_released(&self) -> bool {
        let mut readers = self.readers.lock().unwrap();
        readers.retain(|reader| !reader.is_done().unwrap());
        readers.is_empty()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct MockAllocator;

impl FrameAllocator for MockAllocator {
    fn allocate(&mut self, format: &VideoFormat) -> Result<VideoFrame> {
        let mut planes = [DevicePlane::default(); 4];
        let mut size = 0;
        for (index, plane) in planes.iter_mut().enumerate().take(format.pixel_format.planes()) {
            let (row, rows) = format.plane_size(index);
            *plane = DevicePlane { offset: size, pitch: row as isize };
            size += row * rows;
        }
        let bytes = (0..size).map(|index| index as u8).collect();
        let memory = MockMemory { bytes: Mutex::new(bytes), readers: Mutex::default() };
        let ready: Arc<dyn DeviceEvent> = Arc::new(MockEvent::default());
        let pixels = DevicePixels { memory: Arc::new(memory), planes, ready: Some(ready) };
        let frame = VideoFrame::new(&format.with_size(1, 1))?;
        Ok(VideoFrame { format: *format, memory: VideoMemory::Device(pixels), ..frame })
    }
}

fn pixels(frame: &VideoFrame) -> &DevicePixels {
    match &frame.memory {
        VideoMemory::Device(pixels) => pixels,
        VideoMemory::Host(_) => panic!("not device memory"),
    }
}

#[test]
fn device_memory_is_reused_after_all_readers() {
    let format = format(PixelFormat::Yuv420p, 8, 4);
    let mut pool = FramePool::with_allocator(&format, 4, Box::new(MockAllocator));
    let frame = pool.write(|_| Ok(())).unwrap();
    // Two consumers share the frame.
    let (one, other) = (frame.clone(), frame.with_pts(Timestamp(1)));
    let first = pixels(&frame).memory.as_any() as *const dyn Any;
    let is_first = |frame: &VideoFrame| {
        std::ptr::addr_eq(pixels(frame).memory.as_any() as *const dyn Any, first)
    };
    drop(frame);
    drop(one);
    assert!(!is_first(&pool.write(|_| Ok(())).unwrap()));
    let read = Arc::new(MockEvent::default());
    pixels(&other).memory.release_after(read.clone());
    drop(other);
    for _ in 0..3 {
        assert!(!is_first(&pool.write(|_| Ok(())).unwrap()), "a reader still uses the memory");
    }
    read.wait().unwrap();
    let found: Vec<_> = (0..2).map(|_| pool.write(|_| Ok(())).unwrap()).collect();
    assert!(found.iter().any(is_first) && pool.len() == 2);
}

#[test]
fn host_encoders_reject_device_memory() {
    let format = format(PixelFormat::Yuv420p, 32, 16);
    let frame = MockAllocator.allocate(&format).unwrap();
    for encoder in ["h264", "rawvideo", "mjpeg"] {
        let mut bytes = Vec::new();
        let mut file = StreamingMediaEncoder::new(Target::writer(&mut bytes), Some("mp4")).unwrap();
        let stream = VideoStream::new(25.0, 32, 16)
            .frames(format.pixel_format, format.color)
            .encoder(encoder);
        if file.add_video_stream(&stream).is_err() {
            continue;
        }
        file.open().unwrap();
        let error = file.write_video_frame(0, &frame, None).unwrap_err();
        let text = error.to_string();
        assert_eq!((error.kind(), error.stream()), (ErrorKind::Chunk, Some(0)));
        assert!(text.contains(encoder) && text.contains("mock memory"), "{text}");
        assert!(text.contains("VideoFrame::download"), "{text}");
        file.write_video_frame(0, &frame.download().unwrap(), None).unwrap();
        file.close().unwrap();
    }
    // The error of an encoder that is used without the facade is the same.
    let error = frame.checked_view(PixelFormat::Yuv420p, 32, 16).unwrap_err().to_string();
    assert!(error.contains("mock memory"), "{error}");
}

#[test]
fn views_of_device_memory_do_not_copy() {
    let frame = MockAllocator.allocate(&format(PixelFormat::Yuv420p, 32, 16)).unwrap();
    static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
    count_allocations(&ALLOCATIONS);
    let part = frame.crop((4, 2), (20, 10)).unwrap().flip();
    assert_eq!(ALLOCATIONS.load(Relaxed), 0);
    let host = part.download().unwrap();
    let view = host.view().unwrap();
    let planes = view.planes_of::<u8>().unwrap();
    let at = |y: usize, x: usize| ((y + 2) * 32 + x + 4) as u8;
    for y in 0..10 {
        let expected: Vec<u8> = (0..20).map(|x| at(9 - y, x)).collect();
        assert_eq!(planes[0].row(y, 20), expected);
    }
    assert_eq!(planes[1].row(0, 10)[0], (512 + 5 * 16 + 2) as u8);
}

#[test]
fn crops_and_flips_do_not_copy() {
    let frame = VideoFrame::new(&format(PixelFormat::Yuva420p, 640, 480)).unwrap();
    static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
    count_allocations(&ALLOCATIONS);
    let part = frame.crop((64, 32), (320, 200)).unwrap().flip();
    assert_eq!(part.view().unwrap().format.size(), (320, 200));
    assert_eq!(ALLOCATIONS.load(Relaxed), 0);
}

/// Encodes frames of noise.
fn encoded(encoder: &str, container: &str, frames: &[VideoFrame]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (width, height) = frames[0].format.size();
    let mut file = StreamingMediaEncoder::new(Target::writer(&mut bytes), Some(container)).unwrap();
    let stream = VideoStream::new(25.0, width, height)
        .frames(frames[0].format.pixel_format, frames[0].format.color)
        .encoder(encoder);
    file.add_video_stream(&stream).unwrap();
    file.open().unwrap();
    for frame in frames {
        file.write_video_frame(0, frame, None).unwrap();
    }
    file.close().unwrap();
    drop(file);
    bytes
}

#[test]
fn views_and_copies_are_encoded_equally() {
    for (encoder, container, pixel_format) in [
        ("h264", "mp4", PixelFormat::Yuv420p),
        ("librav1e", "ivf", PixelFormat::Yuv420p10Le),
        ("mjpeg", "mp4", PixelFormat::Yuv420p),
        ("png", "apng", PixelFormat::Rgba),
        ("gif", "gif", PixelFormat::Rgb24),
        ("rawvideo", "rawvideo", PixelFormat::Nv12),
    ] {
        // Multiples of the macroblock size, and other sizes.
        for size in [(64, 48), (50, 38)] {
            let frames = (0..4)
                .map(|index| reelwright_testkit::video::test_frame(pixel_format, (96, 80), index));
            let views: Vec<_> =
                frames.map(|frame| frame.crop((16, 8), size).unwrap().flip()).collect();
            let copies: Vec<_> = views
                .iter()
                .map(|view| VideoFrame::copy_of(&view.view().unwrap()).unwrap())
                .collect();
            let [found, expected] =
                [&views, &copies].map(|frames| encoded(encoder, container, frames));
            assert!(found == expected, "{encoder} {size:?}");
        }
    }
}
