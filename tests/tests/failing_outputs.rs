//! Outputs that fail, stall or misbehave, and files larger than 4 GiB.

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

/// Behavior of a writer after it has accepted some bytes.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// Every call fails.
    Error(Io),
    /// One call fails, and later calls succeed.
    ErrorOnce(Io),
    /// Writes 0 bytes.
    Nothing,
    /// Flushing fails. Other calls succeed.
    Flush,
    /// Seeking fails. Other calls succeed.
    Seek,
}

/// Writer that accepts `left` bytes before its fault, in pieces of at most `piece`.
#[derive(Debug)]
struct Faulty {
    inner: Cursor<Vec<u8>>,
    fault: Option<Fault>,
    left: usize,
    piece: usize,
    /// Number of writers that were dropped.
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
        // It reports its position. Seeking fails after something was written.
        let may_seek = matches!(to, SeekFrom::Current(0)) || self.inner.position() == 0;
        match self.fault {
            Some(Fault::Seek) if !may_seek => Err(Io::NotSeekable.into()),
            _ => self.inner.seek(to),
        }
    }
}

/// Writes one second of audio in ten chunks with flushes, and closes. Returns the first error, and
/// the error of `close`.
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
            // After an error, each call repeats it.
            Err(first) => check_repeat(first, &written.unwrap_err()),
            Ok(()) => first = written,
        }
    }
    let closed = encoder.close();
    if let Err(first) = &first {
        check_repeat(first, closed.as_ref().unwrap_err());
    }
    encoder.close().expect("a second close succeeds");
    (first, closed)
}

/// Asserts that the error of a later call repeats that of the failure.
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

/// Returns a recipe for every container, with its first codec.
fn recipes(seekable: bool) -> impl Iterator<Item = (&'static str, Recipe)> {
    let mut last = "";
    formats().filter_map(move |(muxer, info)| {
        let is_first = std::mem::replace(&mut last, muxer.name) != muxer.name;
        let stream = AudioStream::new(8000, 1).format(SampleFormat::S16).encoder(info.encoder.name);
        let recipe = Recipe::new(muxer.name, stream).seekable(seekable);
        let recipe = recipe.metadata_entry("title", "A title");
        // Padding would add 8 KiB of positions to test.
        let recipe = if muxer.name == "flac" { recipe.option("padding", "0") } else { recipe };
        is_first.then_some((muxer.name, recipe))
    })
}

fn target<'w>(writer: impl Write + Seek + Send + 'w, seekable: bool, buffer: usize) -> Target<'w> {
    let target = if seekable { Target::seekable_writer(writer) } else { Target::writer(writer) };
    target.buffer_size(buffer)
}

/// Returns the file without faults, and the number of bytes that are written for it.
fn whole(recipe: &Recipe, seekable: bool) -> (Vec<u8>, usize) {
    let (mut writer, _) = Faulty::new(None, usize::MAX, usize::MAX);
    let (first, closed) = write(recipe, target(&mut writer, seekable, 64));
    first.and(closed).unwrap();
    let spent = usize::MAX - writer.left;
    (std::mem::take(writer.inner.get_mut()), spent)
}

#[test]
fn reports_error_at_any_byte_and_releases_the_writer() {
    let cases = [true, false]
        .into_iter()
        .flat_map(|seekable| recipes(seekable).map(move |(name, recipe)| (seekable, name, recipe)));
    parallel::for_each(cases, |(seekable, name, recipe)| {
        let (_, bytes) = whole(&recipe, seekable);
        // Every byte of the header, and some of the others.
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
fn reports_temporary_error() {
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
fn writer_that_writes_nothing_is_an_error() {
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
fn reports_failed_flush() {
    for seekable in [true, false] {
        for (name, recipe) in recipes(seekable) {
            let (writer, dropped) = Faulty::new(Some(Fault::Flush), 0, 64);
            let (first, _) = write(&recipe, target(writer, seekable, 64));
            assert_eq!(first.unwrap_err().kind(), ErrorKind::Io, "{name}");
            assert_eq!(dropped.load(SeqCst), 1);
            // At the end too.
            let (writer, _) = Faulty::new(Some(Fault::Flush), 0, 64);
            // Ogg writes its headers immediately, for live listeners.
            let closed = recipe.open(target(writer, seekable, 64)).and_then(|mut e| e.close());
            assert_eq!(closed.unwrap_err().kind(), ErrorKind::Io, "{name}");
        }
    }
}

#[test]
fn reports_failed_seek() {
    for (name, recipe) in recipes(true) {
        let (writer, dropped) = Faulty::new(Some(Fault::Seek), usize::MAX, usize::MAX);
        let (first, closed) = write(&recipe, target(writer, true, 64));
        let result = first.and(closed);
        // The other formats never seek.
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

/// Writer that fails to report its position.
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
fn uses_stream_layout_if_seeking_fails() {
    for (name, recipe) in recipes(true) {
        let mut lost = Lost::default();
        let ((first, closed), lines) =
            logged(|| write(&recipe, Target::seekable_writer(&mut lost).buffer_size(64)));
        first.and(closed).unwrap();
        let (expected, _) = whole(&recipe, false);
        assert!(lost.0 == expected, "{name}");
        let said =
            lines.iter().filter(|(_, line)| line.contains("does not support seeking")).count();
        assert_eq!(said, 1, "{name}: {lines:?}");
    }
}

/// Writer whose file another program empties at each flush, such as a server that sends it.
#[derive(Default)]
struct Drained {
    inner: Cursor<Vec<u8>>,
    sent: Vec<u8>,
}

impl Write for &mut Drained {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        // In the middle of a chunk.
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
fn never_patches_data_that_was_removed() {
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
        // Size of the header of a stream. The rest must be equal.
        const HEAD: usize = 1200;
        let (expected, _) = whole(&recipe, true);
        assert!(sent.len() > HEAD && sent.len() <= expected.len(), "{name}");
        assert_eq!(sent[..4], expected[..4], "{name}");
        assert!(sent[HEAD..] == expected[HEAD..sent.len()], "{name}");
    }
}

#[test]
fn dropped_encoder_logs_write_errors() {
    let recipe = Recipe::new("wav", AudioStream::new(8000, 1));
    let (writer, dropped) = Faulty::new(Some(Fault::Error(Io::StorageFull)), 10, 64);
    let encoder = recipe.open(Target::writer(writer)).expect("the header is still in the buffer");
    let ((), lines) = logged(|| drop(encoder));
    assert_eq!(dropped.load(SeqCst), 1);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].0, Level::Error);
    assert!(lines[0].1.contains("Failed to complete writer"), "{lines:?}");
}

#[test]
fn returns_errors_of_the_writer_unchanged() {
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
fn finish_returns_the_writer() {
    let samples = music_i16(800, 1);
    let chunk = TensorView::contiguous(&samples, &[800, 1]).unwrap();
    let stream = AudioStream::new(8000, 1).format(SampleFormat::S16);
    // A borrowed, an owned and a seekable writer have all bytes.
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
    // An earlier `close` has no effect.
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
fn errors_return_the_writer() {
    // After an error of the constructor.
    let error = StreamingMediaEncoder::to_writer(vec![7], "wave").unwrap_err();
    assert_eq!(error.error().kind(), ErrorKind::UnknownName);
    assert_eq!(error.to_string(), error.error().to_string());
    assert_eq!(error.into_writer(), [7]);
    // Before `open`, and after a failed `open`.
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
fn interrupt_of_finish_keeps_written_data() {
    let interrupt = Interrupt::new();
    let mut encoder = StreamingMediaEncoder::to_writer(Vec::new(), "au").unwrap();
    encoder.set_interrupt(interrupt.clone()).unwrap();
    encoder.add_audio_stream(&AudioStream::new(8000, 1).format(SampleFormat::S16)).unwrap();
    encoder.open().unwrap();
    let chunk = TensorView::contiguous(&[1i16, 2, 3], &[3, 1]).unwrap();
    encoder.write_audio_chunk(0, &chunk, None).unwrap();
    interrupt.raise();
    // Memory does not block, and there is nothing left to encode.
    match encoder.finish() {
        Ok(bytes) => assert_eq!(bytes[..4], *b".snd"),
        Err(error) => {
            assert_eq!(error.error().kind(), ErrorKind::Interrupted);
            assert_eq!(error.into_writer()[..4], *b".snd");
        }
    }
}

#[test]
fn later_calls_repeat_the_error_of_open() {
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
fn reports_a_full_device() {
    for (name, recipe) in recipes(true) {
        let (first, closed) = write(&recipe, Target::from("/dev/full"));
        let error = first.and(closed).expect_err("no space");
        assert_eq!(error.io_error().map(io::Error::kind), Some(Io::StorageFull), "{name}: {error}");
        assert!(error.to_string().contains("/dev/full"), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn device_has_stream_layout() {
    for (_, recipe) in recipes(true) {
        let (first, closed) = write(&recipe, Target::from("/dev/null"));
        first.and(closed).unwrap();
    }
}

#[test]
fn reports_a_pipe_without_reader() {
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
fn slow_reader_receives_all_data() {
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

/// Writer that keeps only the first bytes, and counts all.
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

/// Number of frames in a chunk, of 64 bytes each.
const FRAMES: usize = 1 << 20;
/// Number of chunks of 64 MiB: slightly more than 4 GiB.
const CHUNKS: usize = 65;
const DATA: u64 = (CHUNKS * FRAMES * 64) as u64;

/// Writes more than 4 GiB of doubles in 8 channels at 384 kHz, about three minutes.
fn large(format: &'static str, codec: &str, options: &[(&str, &str)]) -> (Result<()>, Head) {
    let stream = AudioStream::new(384_000, 8).format(SampleFormat::Dbl).encoder(codec);
    let recipe = options.iter().fold(Recipe::new(format, stream), |r, (k, v)| r.option(k, v));
    // One frame is repeated by strides, which needs no memory.
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
fn wav_without_rf64_is_complete_up_to_4_gib() {
    let (result, head) = large("wav", "pcm_f64le", &[("rf64", "never")]);
    let error: Error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("rf64"), "{error}");
    assert_eq!(&head.bytes[..4], b"RIFF");
    let riff = u32::from_le_bytes(head.bytes[4..8].try_into().unwrap());
    assert_eq!(u64::from(riff), head.length - 8);
    assert!(head.length > u64::from(u32::MAX) - 100_000, "all data that fits must be written");
}

#[test]
fn w64_and_caf_have_64_bit_lengths() {
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
fn au_has_unknown_length_beyond_4_gib() {
    let (result, head) = large("au", "pcm_f64be", &[]);
    result.unwrap();
    assert_eq!(be32(&head, 8), u32::MAX);
    assert_eq!(head.length, u64::from(be32(&head, 4)) + DATA);
}

#[test]
fn reports_full_aiff() {
    let (result, head) = large("aiff", "pcm_f64be", &[]);
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("AIFF") && error.to_string().contains("caf"), "{error}");
    assert_eq!(u64::from(be32(&head, 4)), head.length - 8);
    let audio = position(&head, b"SSND");
    assert_eq!(u64::from(be32(&head, audio + 4)), head.length - audio as u64 - 8);
    assert!(head.length > u64::from(u32::MAX) - 100_000, "all data that fits must be written");
}
