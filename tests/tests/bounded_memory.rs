//! Memory does not grow with the length of a stream, and in steady state none is allocated.

#![allow(unsafe_code)] // for the allocator

use std::alloc::{GlobalAlloc, Layout, System};
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use reelwright::{
    AudioStream, CodecConfig, PixelFormat, SampleFormat, StreamingMediaEncoder, Target, TensorView,
    VideoStream,
};
use reelwright_testkit::signal::{music_f32, music_i16};
use reelwright_tests::{Recipe, formats};

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// Counts what all threads allocate: encoders have threads of their own.
struct Counting;

fn grow(bytes: usize) {
    ALLOCATIONS.fetch_add(1, Relaxed);
    let held = HELD.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(held, Relaxed);
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps to the contract of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        grow(size);
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps to the contract of `realloc`.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

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

    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    let mut encoder = recipe.open(Target::seekable_writer(Discard::default())).unwrap();
    for _ in 0..times / 2 {
        encoder.write_audio_chunk(0, chunk, None).unwrap();
    }
    let half = ALLOCATIONS.load(Relaxed);
    for _ in 0..times / 2 {
        encoder.write_audio_chunk(0, chunk, None).unwrap();
    }
    let steady = ALLOCATIONS.load(Relaxed) - half;
    encoder.close().unwrap();
    drop(encoder);
    assert_eq!(HELD.load(Relaxed), before, "everything is given back");
    Use { peak: PEAK.load(Relaxed) - before, steady }
}

/// One test alone, without a harness: what others allocate would be counted too.
fn main() {
    const RATE: u32 = 8000;
    // A whole number of encoders' blocks: a last block of another length takes other memory.
    const FRAMES: usize = 1024;
    // A minute and three.
    const SHORT: usize = 480;
    const LONG: usize = 3 * SHORT;
    let floats = music_f32(FRAMES, 2);
    let integers = music_i16(FRAMES, 2);
    let floats = TensorView::contiguous(&floats, &[FRAMES, 2]).unwrap();
    let integers = TensorView::contiguous(&integers, &[FRAMES, 2]).unwrap();
    for (index, (muxer, info)) in formats().enumerate() {
        // Integers and floats in turn: each codec is in several containers.
        let (format, chunk) = match index % 2 {
            0 => (SampleFormat::Flt, &floats),
            _ => (SampleFormat::S16, &integers),
        };
        let stream = AudioStream::new(RATE, 2).format(format).encoder(info.encoder.name);
        let recipe = Recipe::new(muxer.name, stream);
        let what = format!("{} {} from {format}", muxer.name, info.encoder.name);
        let (short, long) = (measure(&recipe, chunk, SHORT), measure(&recipe, chunk, LONG));
        let is_mp4 = ["mp4", "mov", "ipod", "3gp", "3g2"].contains(&muxer.name);
        // CAF's packet table comes last, with up to three bytes for each of ALAC's packets;
        // MP4's tables do so, with some for each packet of 20 ms or more, and each second.
        let table = match info.encoder.name {
            _ if is_mp4 => 8 * LONG * FRAMES / (RATE as usize / 50),
            "alac" => 3 * LONG * FRAMES / 4096,
            _ => 0,
        };
        // A buffer may meet its largest packet late.
        let room = short.peak - 1024..=short.peak + 2 * table + 1024;
        assert!(room.contains(&long.peak), "{what}: {} {}", short.peak, long.peak);
        // The crate behind one of these allocates for every frame, and gives it back; the
        // packet table of the other one grows.
        if !["opus", "alac"].contains(&info.encoder.name) {
            // Tables that grow are moved once for each doubling.
            let moves = if is_mp4 { 8 } else { 0 };
            assert!(short.steady.max(long.steady) <= moves, "{what}");
        }
    }

    // Threads allocate until each of their buffers has been used; how many blocks wait at once is
    // up to the scheduler.
    let stream = AudioStream::new(RATE, 2).format(SampleFormat::S16).encoder_option("threads", "4");
    let recipe = Recipe::new("flac", stream);
    let (short, long) = (measure(&recipe, &integers, SHORT), measure(&recipe, &integers, LONG));
    assert!(long.peak < short.peak + short.peak / 4, "{} {}", short.peak, long.peak);
    assert!(long.steady < 100, "{}", long.steady);

    // A seek table has a fixed room, however long the file is.
    let stream = AudioStream::new(RATE, 2).format(SampleFormat::S16);
    let recipe = Recipe::new("flac", stream).option("seek_interval", "1");
    let (short, long) = (measure(&recipe, &integers, SHORT), measure(&recipe, &integers, LONG));
    assert!(long.peak <= short.peak + 512 * 18, "{} {}", short.peak, long.peak);

    // A long gap takes no memory.
    let recipe = Recipe::new("wav", AudioStream::new(RATE, 2));
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    let mut encoder = recipe.open(Target::writer(io::sink())).unwrap();
    encoder.write_audio_chunk(0, &floats, Some(3600.0)).unwrap();
    encoder.close().unwrap();
    assert!(PEAK.load(Relaxed) - before < 100_000);

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
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
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
    let peak = PEAK.load(Relaxed) - before;
    // Buffers have up to twice the room of what is in them; the encoder has some of its own.
    assert!((WAITING..2 * WAITING + 6 * PICTURE).contains(&peak), "{peak}");
    hashed.0.finish()
}
