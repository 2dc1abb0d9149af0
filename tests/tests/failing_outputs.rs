//! Outputs that fail, dawdle or lie, and files larger than 4 GiB.

use std::io::{self, Cursor, ErrorKind as Io, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use log::Level;
use reelwright::{
    AudioStream, Error, ErrorKind, Interrupt, Result, SampleFormat, StreamingMediaEncoder, Target,
    TensorView,
};
use reelwright_testkit::parallel;
use reelwright_testkit::signal::music_i16;
use reelwright_tests::log::logged;
use reelwright_tests::{Recipe, formats};

/// How a writer behaves once it has taken some bytes.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// An error, for good.
    Error(Io),
    /// An error once, and then all is well again.
    ErrorOnce(Io),
    /// It takes nothing, and says so.
    Nothing,
    /// Only flushing fails.
    Flush,
    /// Only seeking fails.
    Seek,
}

/// A writer that takes `left` bytes before its fault shows, in pieces of at most `piece`.
#[derive(Debug)]
struct Faulty {
    inner: Cursor<Vec<u8>>,
    fault: Option<Fault>,
    left: usize,
    piece: usize,
    /// Counts writers that were dropped.
    dropped: Arc<AtomicUsize>,
}

impl Faulty {
    fn new(fault: Option<Fault>, left: usize, piece: usize) -> (Self, Arc<AtomicUsize>) {
        let dropped = Arc::new(AtomicUsize::new(0));
        let inner = Cursor::new(Vec::new());
        (Self { inner, fault, left, piece, dropped: dropped.clone() }, dropped)
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, SeqCst);
    }
}

impl Write for Faulty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.piece);
        if taken <= self.left {
            self.left -= taken;
            return self.inner.write(&bytes[..taken]);
        }
        match self.fault {
            Some(Fault::Error(kind)) => Err(kind.into()),
            Some(Fault::ErrorOnce(kind)) => {
                self.fault = None;
                Err(kind.into())
            }
            Some(Fault::Nothing) => Ok(0),
            Some(Fault::Flush | Fault::Seek) | None => self.inner.write(&bytes[..taken]),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.fault {
            Some(Fault::Flush) => Err(Io::Other.into()),
            _ => Ok(()),
        }
    }
}

impl Seek for Faulty {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        // It tells where it is, and fails once there is something to go back over.
        let is_told = matches!(to, SeekFrom::Current(0)) || self.inner.position() == 0;
        match self.fault {
            Some(Fault::Seek) if !is_told => Err(Io::NotSeekable.into()),
            _ => self.inner.seek(to),
        }
    }
}

/// Writes a second of sound in ten chunks, flushing in between; closes in any case. The first
/// error, and the one of `close`.
fn write(recipe: &Recipe, target: Target<'_>) -> (Result<()>, Result<()>) {
    let samples = music_i16(800, 1);
    let chunk = TensorView::contiguous(&samples, &[800, 1]).unwrap();
    let mut encoder = match recipe.open(target) {
        Ok(encoder) => encoder,
        Err(error) => return (Err(error), Ok(())),
    };
    let mut first = Ok(());
    for i in 0..10 {
        let written = encoder.write_audio_chunk(0, &chunk, None);
        let written = if i == 4 { written.and_then(|()| encoder.flush()) } else { written };
        match &first {
            // Nothing more is taken after an error, and each call repeats it.
            Err(first) => check_repeat(first, &written.unwrap_err()),
            Ok(()) => first = written,
        }
    }
    let closed = encoder.close();
    if let Err(first) = &first {
        check_repeat(first, closed.as_ref().unwrap_err());
    }
    encoder.close().expect("a second close does nothing");
    (first, closed)
}

/// Compares the error of a failure with one of a later call.
fn check_repeat(first: &Error, later: &Error) {
    assert!(!first.is_repeat() && later.is_repeat(), "{later}");
    assert_eq!((later.kind(), later.stream()), (first.kind(), first.stream()), "{later}");
    let text = format!("The output failed earlier and is incomplete: {}", first.report());
    assert_eq!(later.report().to_string(), text);
    match (first.io_error(), later.io_error()) {
        (Some(first), Some(later)) => assert!(std::ptr::eq(first, later)),
        (first, later) => assert!(first.is_none() && later.is_none()),
    }
}

/// The recipes of every container: its first codec is enough.
fn recipes(seekable: bool) -> impl Iterator<Item = (&'static str, Recipe)> {
    let mut last = "";
    formats().filter_map(move |(muxer, info)| {
        let is_first = std::mem::replace(&mut last, muxer.name) != muxer.name;
        let stream = AudioStream::new(8000, 1).format(SampleFormat::S16).encoder(info.encoder.name);
        let recipe = Recipe::new(muxer.name, stream).seekable(seekable);
        let recipe = recipe.metadata_entry("title", "A title");
        // 8 KiB of zeros are 8 KiB of places to fail at.
        let recipe = if muxer.name == "flac" { recipe.option("padding", "0") } else { recipe };
        is_first.then_some((muxer.name, recipe))
    })
}

fn target<'w>(writer: impl Write + Seek + Send + 'w, seekable: bool, buffer: usize) -> Target<'w> {
    let target = if seekable { Target::seekable_writer(writer) } else { Target::writer(writer) };
    target.buffer_size(buffer)
}

/// The file as it is without faults, and how many bytes are written to make it.
fn whole(recipe: &Recipe, seekable: bool) -> (Vec<u8>, usize) {
    let (mut writer, _) = Faulty::new(None, usize::MAX, usize::MAX);
    let (first, closed) = write(recipe, target(&mut writer, seekable, 64));
    first.and(closed).unwrap();
    let spent = usize::MAX - writer.left;
    (std::mem::take(writer.inner.get_mut()), spent)
}

#[test]
fn an_error_at_any_byte_is_told_and_the_writer_is_released() {
    let cases = [true, false]
        .into_iter()
        .flat_map(|seekable| recipes(seekable).map(move |(name, recipe)| (seekable, name, recipe)));
    parallel::for_each(cases, |(seekable, name, recipe)| {
        let (_, bytes) = whole(&recipe, seekable);
        // Every byte of the header, and some of the rest.
        let places = (0..400).chain((400..bytes).step_by(397)).chain(bytes - 100..bytes);
        for left in places.filter(|left| *left < bytes) {
            let (writer, dropped) = Faulty::new(Some(Fault::Error(Io::StorageFull)), left, 64);
            let (first, closed) = write(&recipe, target(writer, seekable, 64));
            let error = first.and(closed).expect_err("an error");
            assert_eq!(error.kind(), ErrorKind::Io, "{name} {left}: {error}");
            assert_eq!(error.io_error().map(io::Error::kind), Some(Io::StorageFull));
            assert!(error.to_string().contains("writer"), "{error}");
            assert_eq!(dropped.load(SeqCst), 1, "{name} {left}");
        }
    });
}

#[test]
fn an_error_that_passes_is_still_told() {
    for seekable in [true, false] {
        for (name, recipe) in recipes(seekable) {
            let (_, bytes) = whole(&recipe, seekable);
            for left in [0, 3, bytes / 2, bytes - 1] {
                let fault = Fault::ErrorOnce(Io::TimedOut);
                let (writer, dropped) = Faulty::new(Some(fault), left, 64);
                let (first, closed) = write(&recipe, target(writer, seekable, 64));
                let error = first.and(closed).expect_err("an error");
                assert_eq!(error.kind(), ErrorKind::TimedOut, "{name} {left}: {error}");
                assert_eq!(dropped.load(SeqCst), 1);
            }
        }
    }
}

#[test]
fn a_writer_that_takes_nothing_is_no_endless_loop() {
    for seekable in [true, false] {
        for (name, recipe) in recipes(seekable) {
            let (_, bytes) = whole(&recipe, seekable);
            for left in [0, 10, bytes - 1] {
                let (writer, dropped) = Faulty::new(Some(Fault::Nothing), left, 64);
                let (first, closed) = write(&recipe, target(writer, seekable, 64));
                let error = first.and(closed).expect_err("an error");
                let kind = error.io_error().map(io::Error::kind);
                assert_eq!(kind, Some(Io::WriteZero), "{name}: {error}");
                assert_eq!(dropped.load(SeqCst), 1);
            }
        }
    }
}

#[test]
fn interruptions_and_short_writes_lose_nothing() {
    for seekable in [true, false] {
        for (name, recipe) in recipes(seekable) {
            let (expected, _) = whole(&recipe, seekable);
            for (left, piece) in [(0, 1), (10, 3), (5000, 7)] {
                let fault = Fault::ErrorOnce(Io::Interrupted);
                let (mut writer, _) = Faulty::new(Some(fault), left, piece);
                let (first, closed) = write(&recipe, target(&mut writer, seekable, 4096));
                first.and(closed).unwrap();
                assert!(*writer.inner.get_ref() == expected, "{name}");
            }
        }
    }
}

#[test]
fn a_flush_that_fails_is_told() {
    for seekable in [true, false] {
        for (name, recipe) in recipes(seekable) {
            let (writer, dropped) = Faulty::new(Some(Fault::Flush), 0, 64);
            let (first, _) = write(&recipe, target(writer, seekable, 64));
            assert_eq!(first.unwrap_err().kind(), ErrorKind::Io, "{name}");
            assert_eq!(dropped.load(SeqCst), 1);
            // At the end as well.
            let (writer, _) = Faulty::new(Some(Fault::Flush), 0, 64);
            // Ogg hands its headers on at once, where somebody may listen.
            let closed = recipe.open(target(writer, seekable, 64)).and_then(|mut e| e.close());
            assert_eq!(closed.unwrap_err().kind(), ErrorKind::Io, "{name}");
        }
    }
}

#[test]
fn a_seek_that_fails_is_told() {
    for (name, recipe) in recipes(true) {
        let (writer, dropped) = Faulty::new(Some(Fault::Seek), usize::MAX, usize::MAX);
        let (first, closed) = write(&recipe, target(writer, true, 64));
        let result = first.and(closed);
        // The others never go back.
        let going_back =
            ["wav", "w64", "flac", "aiff", "au", "caf", "mp3", "mp4", "mov", "ipod", "3gp", "3g2"];
        if going_back.contains(&name) {
            let error = result.unwrap_err();
            let kind = error.io_error().map(io::Error::kind);
            assert_eq!(kind, Some(Io::NotSeekable), "{name}: {error}");
        } else {
            result.unwrap();
        }
        assert_eq!(dropped.load(SeqCst), 1);
    }
}

/// Does not even know where it is.
#[derive(Default)]
struct Lost(Vec<u8>);

impl Write for Lost {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Lost {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(Io::NotSeekable.into())
    }
}

#[test]
fn a_writer_that_only_claims_to_seek_is_written_as_a_stream() {
    for (name, recipe) in recipes(true) {
        let mut lost = Lost::default();
        let ((first, closed), lines) =
            logged(|| write(&recipe, Target::seekable_writer(&mut lost).buffer_size(64)));
        first.and(closed).unwrap();
        let (expected, _) = whole(&recipe, false);
        assert!(lost.0 == expected, "{name}");
        let said = lines.iter().filter(|(_, line)| line.contains("cannot seek")).count();
        assert_eq!(said, 1, "{name}: {lines:?}");
    }
}

/// A file that something else empties each time it is flushed, as servers do that send it.
#[derive(Default)]
struct Drained {
    inner: Cursor<Vec<u8>>,
    sent: Vec<u8>,
}

impl Write for &mut Drained {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        // In the middle of things.
        if self.inner.position() > 1500 {
            self.sent.append(self.inner.get_mut());
            self.inner.set_position(0);
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for &mut Drained {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[test]
fn what_something_else_took_away_is_never_patched() {
    for (name, recipe) in recipes(true) {
        let mut drained = Drained::default();
        let ((first, closed), _) =
            logged(|| write(&recipe, Target::seekable_writer(&mut drained).buffer_size(64)));
        if let Err(error) = first.and(closed) {
            assert!(
                error.to_string().contains("This layout changes earlier bytes"),
                "{name}: {error}"
            );
            continue;
        }
        let mut sent = drained.sent;
        sent.append(drained.inner.get_mut());
        // The header of a stream, and then what it would be.
        const HEAD: usize = 1200;
        let (expected, _) = whole(&recipe, true);
        assert!(sent.len() > HEAD && sent.len() <= expected.len(), "{name}");
        assert_eq!(sent[..4], expected[..4], "{name}");
        assert!(sent[HEAD..] == expected[HEAD..sent.len()], "{name}");
    }
}

#[test]
fn a_dropped_encoder_logs_what_it_could_not_write() {
    let recipe = Recipe::new("wav", AudioStream::new(8000, 1));
    let (writer, dropped) = Faulty::new(Some(Fault::Error(Io::StorageFull)), 10, 64);
    let encoder = recipe.open(Target::writer(writer)).expect("the header waits in the buffer");
    let ((), lines) = logged(|| drop(encoder));
    assert_eq!(dropped.load(SeqCst), 1);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].0, Level::Error);
    assert!(lines[0].1.contains("Failed to complete writer"), "{lines:?}");
}

#[test]
fn errors_of_the_users_writer_come_through() {
    struct Own;
    impl Write for Own {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("the user's own words"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let recipe = Recipe::new("wav", AudioStream::new(8000, 1));
    let (first, closed) =
        write(&recipe.clone().stream(|s| s.format(SampleFormat::S16)), Target::writer(Own));
    let error = first.and(closed).unwrap_err();
    assert!(error.report().to_string().contains("the user's own words"), "{error}");
    assert_eq!(error.into_io().unwrap().to_string(), "the user's own words");
}

#[test]
fn the_writer_comes_back() {
    let samples = music_i16(800, 1);
    let chunk = TensorView::contiguous(&samples, &[800, 1]).unwrap();
    let stream = AudioStream::new(8000, 1).format(SampleFormat::S16);
    // Borrowed, owned and seekable, all bytes are there.
    let recipe = Recipe::new("wav", stream.clone()).seekable(true);
    let expected = recipe.chunks([&chunk]).unwrap();
    let writer = Cursor::new(Vec::new());
    let mut encoder = StreamingMediaEncoder::to_seekable_writer(writer, "wav").unwrap();
    encoder.add_audio_stream(&stream).unwrap();
    encoder.open().unwrap();
    encoder.write_audio_chunk(0, &chunk, None).unwrap();
    assert_eq!(encoder.finish().unwrap().into_inner(), expected);

    let expected = recipe.clone().seekable(false).chunks([&chunk]).unwrap();
    let mut bytes = Vec::new();
    let mut encoder = StreamingMediaEncoder::to_writer(&mut bytes, "wav").unwrap();
    encoder.add_audio_stream(&stream).unwrap();
    encoder.open().unwrap();
    encoder.write_audio_chunk(0, &chunk, None).unwrap();
    // `close` before changes nothing.
    encoder.close().unwrap();
    encoder.finish().unwrap();
    assert_eq!(bytes, expected);

    let mut bytes = Vec::new();
    let mut encoder = recipe.open(Target::writer(&mut bytes)).unwrap();
    encoder.write_audio_chunk(0, &chunk, None).unwrap();
    encoder.finish().unwrap();
    assert_eq!(bytes, expected);
}

#[test]
fn the_writer_comes_back_after_errors() {
    // Of the constructor.
    let error = StreamingMediaEncoder::to_writer(vec![7], "wave").unwrap_err();
    assert_eq!(error.error().kind(), ErrorKind::UnknownName);
    assert_eq!(error.to_string(), error.error().to_string());
    assert_eq!(error.into_writer(), [7]);
    // Before `open`, and after one that failed.
    let mut encoder = StreamingMediaEncoder::to_writer(vec![7], "wav").unwrap();
    encoder.open().expect_err("no stream");
    assert_eq!(encoder.finish().unwrap_err().into_writer(), [7]);

    let samples = music_i16(800, 1);
    let chunk = TensorView::contiguous(&samples, &[800, 1]).unwrap();
    for seekable in [true, false] {
        for (name, recipe) in recipes(seekable) {
            let (_, bytes) = whole(&recipe, seekable);
            for left in [0, 10, bytes / 2] {
                let fault = Fault::Error(Io::ConnectionReset);
                let (writer, dropped) = Faulty::new(Some(fault), left, 64);
                let encoder = if seekable {
                    StreamingMediaEncoder::to_seekable_writer(writer, name)
                } else {
                    StreamingMediaEncoder::to_writer(writer, name)
                };
                let mut encoder = encoder.unwrap();
                let written = recipe.start(&mut encoder).and_then(|()| {
                    (0..10).try_for_each(|_| encoder.write_audio_chunk(0, &chunk, None))
                });
                let (error, writer) = encoder.finish().expect_err("an error").into_parts();
                assert_eq!(error.kind(), ErrorKind::Disconnected, "{name} {left}: {error}");
                assert_eq!(error.is_repeat(), written.is_err());
                assert_eq!(dropped.load(SeqCst), 0, "{name} {left}");
                assert!(writer.inner.get_ref().len() <= left, "{name} {left}");
            }
        }
    }
}

#[test]
fn an_interrupt_of_finish_leaves_what_came_before() {
    let interrupt = Interrupt::new();
    let mut encoder = StreamingMediaEncoder::to_writer(Vec::new(), "au").unwrap();
    encoder.set_interrupt(interrupt.clone()).unwrap();
    encoder.add_audio_stream(&AudioStream::new(8000, 1).format(SampleFormat::S16)).unwrap();
    encoder.open().unwrap();
    let chunk = TensorView::contiguous(&[1i16, 2, 3], &[3, 1]).unwrap();
    encoder.write_audio_chunk(0, &chunk, None).unwrap();
    interrupt.raise();
    // Memory never waits, and there is nothing left to encode.
    match encoder.finish() {
        Ok(bytes) => assert_eq!(bytes[..4], *b".snd"),
        Err(error) => {
            assert_eq!(error.error().kind(), ErrorKind::Interrupted);
            assert_eq!(error.into_writer()[..4], *b".snd");
        }
    }
}

#[test]
fn a_failed_open_is_told_with_kind_and_cause() {
    let mut encoder = StreamingMediaEncoder::new("/no/such/folder/x.wav", None).unwrap();
    encoder.add_audio_stream(&AudioStream::new(8000, 1)).unwrap();
    let first = encoder.open().unwrap_err();
    assert_eq!(first.to_string(), "Failed to open dst: /no/such/folder/x.wav");
    assert_eq!(first.io_error().map(io::Error::kind), Some(Io::NotFound));
    for later in [encoder.open(), encoder.flush(), encoder.close(), encoder.finish()] {
        let later = later.unwrap_err();
        assert!(later.is_repeat() && later.kind() == ErrorKind::Io, "{later}");
        let text = format!("Output is not opened: `open` failed. {}", first.report());
        assert_eq!(later.report().to_string(), text);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device() {
    for (name, recipe) in recipes(true) {
        let (first, closed) = write(&recipe, Target::from("/dev/full"));
        let error = first.and(closed).expect_err("no space");
        assert_eq!(error.io_error().map(io::Error::kind), Some(Io::StorageFull), "{name}: {error}");
        assert!(error.to_string().contains("/dev/full"), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_is_written_as_a_stream() {
    for (_, recipe) in recipes(true) {
        let (first, closed) = write(&recipe, Target::from("/dev/null"));
        first.and(closed).unwrap();
    }
}

#[test]
fn a_pipe_that_nobody_reads() {
    for (name, recipe) in recipes(false) {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let (first, closed) = write(&recipe, Target::writer(writer));
        let error = first.and(closed).expect_err("nobody reads");
        assert_eq!(error.io_error().map(io::Error::kind), Some(Io::BrokenPipe), "{name}: {error}");
        assert_eq!(error.kind(), ErrorKind::Disconnected, "{name}: {error}");
    }
}

#[test]
fn a_pipe_that_somebody_reads_slowly() {
    for (name, recipe) in recipes(false) {
        let (expected, _) = whole(&recipe, false);
        let (mut reader, writer) = io::pipe().unwrap();
        let thread = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut reader, &mut bytes).unwrap();
            bytes
        });
        let (first, closed) = write(&recipe, Target::writer(writer));
        first.and(closed).unwrap();
        assert!(thread.join().unwrap() == expected, "{name}");
    }
}

// Files larger than 4 GiB.

/// Keeps the first bytes, and how many there were.
#[derive(Default)]
struct Head {
    bytes: Vec<u8>,
    position: u64,
    length: u64,
}

impl Head {
    const SIZE: u64 = 4096;
}

impl Write for Head {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = Self::SIZE.saturating_sub(self.position) as usize;
        if room > 0 {
            let (at, kept) = (self.position as usize, bytes.len().min(room));
            self.bytes.resize(self.bytes.len().max(at + kept), 0);
            self.bytes[at..at + kept].copy_from_slice(&bytes[..kept]);
        }
        self.position += bytes.len() as u64;
        self.length = self.length.max(self.position);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Head {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(0) => self.position,
            _ => return Err(Io::Unsupported.into()),
        };
        Ok(self.position)
    }
}

/// Frames in a chunk, of 64 bytes each.
const FRAMES: usize = 1 << 20;
/// 64 MiB a chunk: a little more than 4 GiB.
const CHUNKS: usize = 65;
const DATA: u64 = (CHUNKS * FRAMES * 64) as u64;

/// More than 4 GiB of doubles in 8 channels, at 384 kHz: about three minutes.
fn large(format: &'static str, codec: &str, options: &[(&str, &str)]) -> (Result<()>, Head) {
    let stream = AudioStream::new(384_000, 8).format(SampleFormat::Dbl).encoder(codec);
    let recipe = options.iter().fold(Recipe::new(format, stream), |r, (k, v)| r.option(k, v));
    // One frame over and over: nothing has to come from memory.
    let frame = [0.125f64, -0.25, 0.5, 0.0, 1.0, -1.0, 0.1, 0.2];
    let chunk = TensorView::new(&frame, 0, &[FRAMES, 8], &[0, 1]).unwrap();
    let mut head = Head::default();
    let mut encoder = recipe.open(Target::seekable_writer(&mut head)).unwrap();
    let written = (0..CHUNKS).try_for_each(|_| encoder.write_audio_chunk(0, &chunk, None));
    let closed = encoder.close();
    drop(encoder);
    (written.and(closed), head)
}

fn position(head: &Head, id: &[u8]) -> usize {
    head.bytes.windows(id.len()).position(|bytes| bytes == id).expect("a chunk of that id")
}

fn le64(head: &Head, at: usize) -> u64 {
    u64::from_le_bytes(head.bytes[at..at + 8].try_into().unwrap())
}

fn be32(head: &Head, at: usize) -> u32 {
    u32::from_be_bytes(head.bytes[at..at + 4].try_into().unwrap())
}

#[test]
fn wav_becomes_rf64() {
    let (result, head) = large("wav", "pcm_f64le", &[]);
    result.unwrap();
    assert_eq!((&head.bytes[..4], &head.bytes[12..16]), (&b"RF64"[..], &b"ds64"[..]));
    assert_eq!(head.bytes[4..8], [0xFF; 4]);
    assert_eq!(le64(&head, 20), head.length - 8);
    assert_eq!(le64(&head, 28), DATA);
    assert_eq!(le64(&head, 36), DATA / 64);
    let data = position(&head, b"data");
    assert_eq!(head.bytes[data + 4..data + 8], [0xFF; 4]);
    assert_eq!(head.length, data as u64 + 8 + DATA);
}

#[test]
fn a_wav_that_must_not_become_rf64_is_whole_up_to_4_gib() {
    let (result, head) = large("wav", "pcm_f64le", &[("rf64", "never")]);
    let error: Error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("rf64"), "{error}");
    assert_eq!(&head.bytes[..4], b"RIFF");
    let riff = u32::from_le_bytes(head.bytes[4..8].try_into().unwrap());
    assert_eq!(u64::from(riff), head.length - 8);
    assert!(head.length > u64::from(u32::MAX) - 100_000, "all that fits was written");
}

#[test]
fn w64_and_caf_count_in_64_bits() {
    let (result, head) = large("w64", "pcm_f64le", &[]);
    result.unwrap();
    assert_eq!(le64(&head, 16), head.length);
    let data = position(&head, b"data\xF3\xAC");
    assert_eq!(le64(&head, data + 16), DATA + 24);

    let (result, head) = large("caf", "pcm_f64le", &[]);
    result.unwrap();
    let data = position(&head, b"data");
    let size = u64::from_be_bytes(head.bytes[data + 4..data + 12].try_into().unwrap());
    assert_eq!(size, DATA + 4);
    assert_eq!(head.length, data as u64 + 12 + size);
}

#[test]
fn au_does_not_know() {
    let (result, head) = large("au", "pcm_f64be", &[]);
    result.unwrap();
    assert_eq!(be32(&head, 8), u32::MAX);
    assert_eq!(head.length, u64::from(be32(&head, 4)) + DATA);
}

#[test]
fn aiff_is_full() {
    let (result, head) = large("aiff", "pcm_f64be", &[]);
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("AIFF") && error.to_string().contains("caf"), "{error}");
    assert_eq!(u64::from(be32(&head, 4)), head.length - 8);
    let sound = position(&head, b"SSND");
    assert_eq!(u64::from(be32(&head, sound + 4)), head.length - sound as u64 - 8);
    assert!(head.length > u64::from(u32::MAX) - 100_000, "all that fits was written");
}
