//! Memory does not grow with the length of a stream, and in steady state none is allocated.

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

/// What threads allocate together.
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

/// Counters of threads that have none of their own: encoders have threads.
static SHARED: Counters = Counters::new();

thread_local! {
    static COUNTERS: Cell<&'static Counters> = const { Cell::new(&SHARED) };
}

/// Counts what threads allocate.
struct Counting;

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNTERS.get().grow(layout.size());
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        COUNTERS.get().shrink(layout.size());
        // SAFETY: the caller keeps to the contract of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNTERS.get().grow(size);
        COUNTERS.get().shrink(layout.size());
        // SAFETY: the caller keeps to the contract of `realloc`.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const RATE: u32 = 8000;
// A whole number of encoders' blocks: a last block of another length takes other memory.
const FRAMES: usize = 1024;
const MINUTE: usize = 480;
const LONG: usize = 3 * MINUTE;

/// Can seek, and keeps nothing.
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

/// What writing a chunk `times` times took.
struct Use {
    /// The most bytes held at once.
    peak: usize,
    /// Allocations during the second half of the chunks.
    steady: usize,
}

fn measure(recipe: &Recipe, chunk: &TensorView<'_>, times: usize) -> Use {
    // What a thread waits with is made once and kept.
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
    // Less where a thread of the first encoder ended only now.
    let given_back = || counters.held.load(Relaxed) <= before;
    for _ in 0..500 {
        if given_back() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(given_back(), "everything is given back");
    Use { peak: counters.peak.load(Relaxed) - before, steady }
}

/// Asserts that three minutes of audio take the memory of one, and that none is allocated in the middle.
fn takes_no_more_for_longer(
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
    // CAF's packet table comes last, with up to three bytes for each of ALAC's packets;
    // MP4's tables do so, with some for each packet of 20 ms or more, and each second.
    let table = match info.encoder.name {
        _ if is_mp4 => 8 * LONG * FRAMES / (RATE as usize / 50),
        "alac" => 3 * LONG * FRAMES / 4096,
        _ => 0,
    };
    // A buffer may meet its largest packet late.
    let room = minute.peak - 1024..=minute.peak + 2 * table + 1024;
    assert!(room.contains(&long.peak), "{what}: {} {}", minute.peak, long.peak);
    // The crate behind one of these allocates for every frame, and gives it back; the
    // packet table of the other one grows.
    if !["opus", "alac"].contains(&info.encoder.name) {
        // Tables that grow are moved once for each doubling.
        let moves = if is_mp4 { 8 } else { 0 };
        assert!(minute.steady.max(long.steady) <= moves, "{what}");
    }
}

/// One test alone, without a harness: what others allocate would be counted too.
fn main() {
    let floats = music_f32(FRAMES, 2);
    let integers = music_i16(FRAMES, 2);
    let floats = TensorView::contiguous(&floats, &[FRAMES, 2]).unwrap();
    let integers = TensorView::contiguous(&integers, &[FRAMES, 2]).unwrap();
    let inputs = [(SampleFormat::Flt, &floats), (SampleFormat::S16, &integers)];
    let cases = formats().flat_map(|(muxer, info)| inputs.map(|input| (muxer, info, input)));
    parallel::for_each(cases, |(muxer, info, (format, chunk))| {
        // Each case counts its own, which it has given back by its end.
        COUNTERS.set(Box::leak(Box::new(Counters::new())));
        takes_no_more_for_longer(muxer, info, format, chunk);
        COUNTERS.set(&SHARED);
    });

    // Threads allocate until each of their buffers has been used; how many blocks wait at once is
    // up to the scheduler.
    let stream = AudioStream::new(RATE, 2).format(SampleFormat::S16).encoder_option("threads", "4");
    let recipe = Recipe::new("flac", stream);
    let (minute, long) = (measure(&recipe, &integers, MINUTE), measure(&recipe, &integers, LONG));
    assert!(long.peak < minute.peak + minute.peak / 4, "{} {}", minute.peak, long.peak);
    assert!(long.steady < 100, "{}", long.steady);

    // A seek table has a fixed room, however long the file is.
    let stream = AudioStream::new(RATE, 2).format(SampleFormat::S16);
    let recipe = Recipe::new("flac", stream).option("seek_interval", "1");
    let (minute, long) = (measure(&recipe, &integers, MINUTE), measure(&recipe, &integers, LONG));
    assert!(long.peak <= minute.peak + 512 * 18, "{} {}", minute.peak, long.peak);

    // A long gap takes no memory.
    let recipe = Recipe::new("wav", AudioStream::new(RATE, 2));
    let before = SHARED.held.load(Relaxed);
    SHARED.peak.store(before, Relaxed);
    let mut encoder = recipe.open(Target::writer(io::sink())).unwrap();
    encoder.write_audio_chunk(0, &floats, Some(3600.0)).unwrap();
    encoder.close().unwrap();
    assert!(SHARED.peak.load(Relaxed) - before < 100_000);

    // Large pictures that wait for sound: not for ever, and the same ones on two threads.
    assert_eq!(waiting("1"), waiting("2"));
}

/// Keeps of what is written its hash alone.
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

/// Writes a gigabyte of pictures of eight seconds to a file that waits for sound; checks what that
/// takes and returns the hash of the file.
fn waiting(threads: &str) -> u64 {
    const SIDE: usize = 8192;
    const PICTURE: usize = SIDE * SIDE;
    const WAITING: usize = 256 << 20;
    let picture = vec![90u8; PICTURE];
    let picture = TensorView::contiguous(&picture, &[1, 1, SIDE, SIDE]).unwrap();
    let sound = vec![0f32; 1000];
    let sound = TensorView::contiguous(&sound, &[1000, 1]).unwrap();
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
        encoder.write_video_chunk(0, &picture, None).unwrap();
        // The order of what is written shows here.
        if index == 12 {
            encoder.write_audio_chunk(1, &sound, None).unwrap();
        }
    }
    encoder.close().unwrap();
    drop(encoder);
    let peak = SHARED.peak.load(Relaxed) - before;
    // Buffers have up to twice the room of what is in them; the encoder has some of its own.
    assert!((WAITING..2 * WAITING + 6 * PICTURE).contains(&peak), "{peak}");
    hashed.0.finish()
}
