//! Memory use is independent of the length of a stream, and in steady state nothing is allocated.

#![allow(unsafe_code)] // for the allocator

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use reelwright::{
    AudioEncoderInfo, AudioStream, CodecConfig, MuxerInfo, PixelFormat, SampleFormat,
    StreamingMediaEncoder, Target, TensorView, VideoStream,
};
use reelwright_testkit::parallel;
use reelwright_testkit::signal::{music_f32, music_i16};
use reelwright_tests::{Recipe, formats};

/// Counters of allocations, shared by threads.
struct Counters {
    allocations: AtomicUsize,
    held: AtomicUsize,
    peak: AtomicUsize,
}

impl Counters {
    const fn new() -> Self {
        let [allocations, held, peak] = [const { AtomicUsize::new(0) }; 3];
        Self { allocations, held, peak }
    }

    fn grow(&self, bytes: usize) {
        self.allocations.fetch_add(1, Relaxed);
        let held = self.held.fetch_add(bytes, Relaxed).wrapping_add(bytes);
        self.peak.fetch_max(held, Relaxed);
    }

    fn shrink(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Relaxed);
    }
}

/// Counters of threads without their own, such as those of encoders.
static SHARED: Counters = Counters::new();

thread_local! {
    static COUNTERS: Cell<&'static Counters> = const { Cell::new(&SHARED) };
}

/// Allocator that counts.
struct Counting;

// SAFETY: every call is forwarded to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNTERS.get().grow(layout.size());
        // SAFETY: the caller fulfills the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        COUNTERS.get().shrink(layout.size());
        // SAFETY: the caller fulfills the contract of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNTERS.get().grow(size);
        COUNTERS.get().shrink(layout.size());
        // SAFETY: the caller fulfills the contract of `realloc`.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const RATE: u32 = 8000;
// A multiple of all block sizes, because a shorter last block would need more memory.
const FRAMES: usize = 1024;
const MINUTE: usize = 480;
const LONG: usize = 3 * MINUTE;

/// Seekable writer that discards all data.
#[derive(Default)]
struct Discard {
    at: u64,
    length: u64,
}

impl io::Write for Discard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.at += bytes.len() as u64;
        self.length = self.length.max(self.at);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Seek for Discard {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        match to {
            io::SeekFrom::Start(at) => self.at = at,
            io::SeekFrom::Current(_) => {}
            io::SeekFrom::End(_) => self.at = self.length,
        }
        Ok(self.at)
    }
}

/// Memory use of writing a chunk several times.
struct Use {
    /// Maximum number of allocated bytes.
    peak: usize,
    /// Number of allocations during the second half of the chunks.
    steady: usize,
}

fn measure(recipe: &Recipe, chunk: &TensorView<'_>, times: usize) -> Use {
    // Synchronization objects of threads are allocated once and kept.
    let mut encoder = recipe.open(Target::seekable_writer(Discard::default())).unwrap();
    (0..10).for_each(|_| encoder.write_audio_chunk(0, chunk, None).unwrap());
    drop(encoder);

    let counters = COUNTERS.get();
    let before = counters.held.load(Relaxed);
    counters.peak.store(before, Relaxed);
    let mut encoder = recipe.open(Target::seekable_writer(Discard::default())).unwrap();
    for _ in 0..times / 2 {
        encoder.write_audio_chunk(0, chunk, None).unwrap();
    }
    let half = counters.allocations.load(Relaxed);
    for _ in 0..times / 2 {
        encoder.write_audio_chunk(0, chunk, None).unwrap();
    }
    let steady = counters.allocations.load(Relaxed) - half;
    encoder.close().unwrap();
    drop(encoder);
    // The number can be smaller if a thread of the first encoder has ended only now.
    let is_released = || counters.held.load(Relaxed) <= before;
    for _ in 0..500 {
        if is_released() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(is_released(), "all memory must be released");
    Use { peak: counters.peak.load(Relaxed) - before, steady }
}

/// Asserts that three minutes of audio need the memory of one, and that the steady state has no
/// allocations.
fn check_memory(
    muxer: &MuxerInfo,
    info: &AudioEncoderInfo,
    format: SampleFormat,
    chunk: &TensorView<'_>,
) {
    let stream = AudioStream::new(RATE, 2).format(format).encoder(info.encoder.name);
    let recipe = Recipe::new(muxer.name, stream);
    let what = format!("{} {} from {format}", muxer.name, info.encoder.name);
    let (minute, long) = (measure(&recipe, chunk, MINUTE), measure(&recipe, chunk, LONG));
    let is_mp4 = ["mp4", "mov", "ipod", "3gp", "3g2"].contains(&muxer.name);
    // CAF's packet table has up to three bytes for each of ALAC's packets. MP4's tables have some
    // bytes for each packet of at least 20 ms, and for each second.
    let table = match info.encoder.name {
        _ if is_mp4 => 8 * LONG * FRAMES / (RATE as usize / 50),
        "alac" => 3 * LONG * FRAMES / 4096,
        _ => 0,
    };
    // A buffer may see its largest packet late.
    let room = minute.peak - 1024..=minute.peak + 2 * table + 1024;
    assert!(room.contains(&long.peak), "{what}: {} {}", minute.peak, long.peak);
    // The crate behind one of these allocates and frees memory for every frame. The packet table
    // of the other one grows.
    if !["opus", "alac"].contains(&info.encoder.name) {
        // Growing tables are reallocated each time they double.
        let moves = if is_mp4 { 8 } else { 0 };
        assert!(minute.steady.max(long.steady) <= moves, "{what}");
    }
}

/// Runs as one test without a harness, because allocations of other tests would be counted.
fn main() {
    let floats = music_f32(FRAMES, 2);
    let integers = music_i16(FRAMES, 2);
    let floats = TensorView::contiguous(&floats, &[FRAMES, 2]).unwrap();
    let integers = TensorView::contiguous(&integers, &[FRAMES, 2]).unwrap();
    let inputs = [(SampleFormat::Flt, &floats), (SampleFormat::S16, &integers)];
    let cases = formats().flat_map(|(muxer, info)| inputs.map(|input| (muxer, info, input)));
    parallel::for_each(cases, |(muxer, info, (format, chunk))| {
        // Each case has its own counters and releases its memory at the end.
        COUNTERS.set(Box::leak(Box::new(Counters::new())));
        check_memory(muxer, info, format, chunk);
        COUNTERS.set(&SHARED);
    });

    // Threads allocate until all of their buffers were used. The scheduler determines the number of
    // blocks in flight.
    let stream = AudioStream::new(RATE, 2).format(SampleFormat::S16).encoder_option("threads", "4");
    let recipe = Recipe::new("flac", stream);
    let (minute, long) = (measure(&recipe, &integers, MINUTE), measure(&recipe, &integers, LONG));
    assert!(long.peak < minute.peak + minute.peak / 4, "{} {}", minute.peak, long.peak);
    assert!(long.steady < 100, "{}", long.steady);

    // A seek table has a fixed size, whatever the length of the file.
    let stream = AudioStream::new(RATE, 2).format(SampleFormat::S16);
    let recipe = Recipe::new("flac", stream).option("seek_interval", "1");
    let (minute, long) = (measure(&recipe, &integers, MINUTE), measure(&recipe, &integers, LONG));
    assert!(long.peak <= minute.peak + 512 * 18, "{} {}", minute.peak, long.peak);

    // A long gap needs no memory.
    let recipe = Recipe::new("wav", AudioStream::new(RATE, 2));
    let before = SHARED.held.load(Relaxed);
    SHARED.peak.store(before, Relaxed);
    let mut encoder = recipe.open(Target::writer(io::sink())).unwrap();
    encoder.write_audio_chunk(0, &floats, Some(3600.0)).unwrap();
    encoder.close().unwrap();
    assert!(SHARED.peak.load(Relaxed) - before < 100_000);

    // The buffer for large frames that wait for audio is bounded, and independent of threads.
    assert_eq!(waiting("1"), waiting("2"));
}

/// Writer that keeps only a hash of the data.
#[derive(Default)]
struct Hashed(DefaultHasher);

impl io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes eight seconds of video, a gigabyte, to a file that waits for audio. Checks the memory use
/// and returns the hash of the file.
fn waiting(threads: &str) -> u64 {
    const SIDE: usize = 8192;
    const FRAME_BYTES: usize = SIDE * SIDE;
    const WAITING: usize = 256 << 20;
    let frame = vec![90u8; FRAME_BYTES];
    let frame = TensorView::contiguous(&frame, &[1, 1, SIDE, SIDE]).unwrap();
    let audio = vec![0f32; 1000];
    let audio = TensorView::contiguous(&audio, &[1000, 1]).unwrap();
    let before = SHARED.held.load(Relaxed);
    SHARED.peak.store(before, Relaxed);
    let mut hashed = Hashed::default();
    let mut encoder = StreamingMediaEncoder::new(Target::writer(&mut hashed), Some("mov")).unwrap();
    let stored = CodecConfig { compression_level: Some(0), ..CodecConfig::default() };
    let stream = VideoStream::new(2.0, SIDE as u32, SIDE as u32)
        .format(PixelFormat::Gray8)
        .encoder("png")
        .codec_config(stored)
        .encoder_option("threads", threads);
    encoder.add_video_stream(&stream).unwrap();
    encoder.add_audio_stream(&AudioStream::new(8000, 1)).unwrap();
    encoder.open().unwrap();
    for index in 0..16 {
        encoder.write_video_chunk(0, &frame, None).unwrap();
        // The order of the interleaved data depends on this.
        if index == 12 {
            encoder.write_audio_chunk(1, &audio, None).unwrap();
        }
    }
    encoder.close().unwrap();
    drop(encoder);
    let peak = SHARED.peak.load(Relaxed) - before;
    // Buffers have up to twice the capacity of their content. The encoder has buffers of its own.
    assert!((WAITING..2 * WAITING + 6 * FRAME_BYTES).contains(&peak), "{peak}");
    hashed.0.finish()
}
