//! Outputs of protocols: the peer stalls, disconnects, recovers, accepts messages or objects.

use std::time::{Duration, Instant};

use reelwright::{
    AudioStream, ErrorKind, Interrupt, Options, Result, SampleFormat, StreamingMediaEncoder,
    TensorView, VideoStream,
};
use reelwright_tests::peer::Peer;

/// Specified limit, and a tolerance for busy machines.
const LIMIT: Duration = Duration::from_millis(200 + 400);
/// Number of audio frames in a chunk: a packet of PCM.
const CHUNK: usize = 1024;
const CHUNKS: usize = 20;

fn encoder(peer: &Peer, address: &str, interrupt: &Interrupt) -> StreamingMediaEncoder<'static> {
    let registry = peer.registry();
    let mut encoder =
        StreamingMediaEncoder::with_registry(&registry, address, Some("wav")).unwrap();
    encoder.add_audio_stream(&AudioStream::new(8000, 1).format(SampleFormat::S16)).unwrap();
    encoder.set_interrupt(interrupt.clone()).unwrap();
    encoder
}

fn write(encoder: &mut StreamingMediaEncoder<'_>, index: usize) -> Result<()> {
    let samples: Vec<i16> = (0..CHUNK).map(|i| (index * CHUNK + i) as i16).collect();
    encoder.write_audio_chunk(0, &TensorView::contiguous(&samples, &[CHUNK, 1])?, None)
}

fn options(entries: &[(&str, &str)]) -> Options {
    entries.iter().copied().collect()
}

/// Returns the data that a peer receives without faults.
fn whole(is_seekable: bool) -> Vec<u8> {
    let peer = Peer::default();
    peer.state().is_seekable = is_seekable;
    let mut encoder = encoder(&peer, "peer://a.wav", &Interrupt::new());
    encoder.open().unwrap();
    (0..CHUNKS).for_each(|index| write(&mut encoder, index).unwrap());
    encoder.finish().unwrap();
    let state = peer.state();
    assert!(state.is_closed && state.outputs == 0);
    state.bytes.clone()
}

/// Calls `stuck` and raises the interrupt after a delay. Returns its error, which must come soon.
fn interrupted(interrupt: &Interrupt, stuck: impl FnOnce() -> Result<()>) -> ErrorKind {
    let raise = interrupt.clone();
    let raised = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        raise.raise();
        Instant::now()
    });
    let error = stuck().unwrap_err();
    assert!(raised.join().unwrap().elapsed() < LIMIT);
    assert!(error.can_continue(), "{error}");
    interrupt.clear();
    error.kind()
}

#[test]
fn interrupt_ends_every_wait_without_loss() {
    for is_seekable in [false, true] {
        let peer = Peer::default();
        peer.state().is_seekable = is_seekable;
        peer.state().stalls_open = true;
        let interrupt = Interrupt::new();
        let mut encoder = encoder(&peer, "peer://a.wav", &interrupt);
        assert_eq!(interrupted(&interrupt, || encoder.open()), ErrorKind::Interrupted);
        peer.state().stalls_open = false;
        encoder.open().unwrap();
        peer.state().stalls_at = Some(5001);
        (0..2).for_each(|index| write(&mut encoder, index).unwrap());
        assert_eq!(interrupted(&interrupt, || write(&mut encoder, 2)), ErrorKind::Interrupted);
        assert!(encoder.was_interrupted() && !encoder.has_failed());
        assert_eq!(peer.state().bytes.len(), 5001);
        // The peer recovers. It receives the buffered data first.
        peer.state().stalls_at = None;
        (3..CHUNKS).for_each(|index| write(&mut encoder, index).unwrap());
        // Now the header cannot be updated, or the end cannot be written.
        let held = peer.state().bytes.len();
        peer.state().stalls_at = is_seekable.then_some(held);
        peer.state().stalls_close = true;
        assert_eq!(interrupted(&interrupt, || encoder.close()), ErrorKind::Interrupted);
        peer.state().stalls_at = None;
        peer.state().stalls_close = false;
        encoder.close().unwrap();
        drop(encoder);
        let state = peer.state();
        assert!(state.is_closed && state.outputs == 0);
        assert_eq!(state.bytes, whole(is_seekable), "seekable: {is_seekable}");
    }
}

#[test]
fn timeout_ends_every_wait_without_loss() {
    let limit = options(&[("rw_timeout", "100000")]);
    let timed_out = |stuck: &mut dyn FnMut() -> Result<()>| {
        let began = Instant::now();
        let error = stuck().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.can_continue() && error.to_string().contains("0.1 s"), "{error}");
        let waited = began.elapsed();
        assert!(waited >= Duration::from_millis(100) && waited < LIMIT, "{waited:?}");
    };
    let peer = Peer::default();
    peer.state().stalls_open = true;
    let mut encoder = encoder(&peer, "peer://a.wav", &Interrupt::new());
    timed_out(&mut || encoder.open_with(limit.clone()));
    peer.state().stalls_open = false;
    encoder.open_with(limit.clone()).unwrap();
    peer.state().stalls_at = Some(2000);
    timed_out(&mut || write(&mut encoder, 0));
    timed_out(&mut || write(&mut encoder, 1));
    peer.state().stalls_at = None;
    (2..CHUNKS).for_each(|index| write(&mut encoder, index).unwrap());
    peer.state().stalls_close = true;
    timed_out(&mut || encoder.close());
    peer.state().stalls_close = false;
    encoder.close().unwrap();
    assert_eq!(peer.state().bytes, whole(false));
}

#[test]
fn second_timeout_of_close_abandons_the_output() {
    let peer = Peer::default();
    let mut encoder = encoder(&peer, "peer://a.wav", &Interrupt::new());
    encoder.open_with(options(&[("rw_timeout", "50000")])).unwrap();
    peer.state().stalls_at = Some(100);
    assert_eq!(write(&mut encoder, 0).unwrap_err().kind(), ErrorKind::TimedOut);
    let began = Instant::now();
    assert_eq!(encoder.close().unwrap_err().kind(), ErrorKind::TimedOut);
    encoder.close().unwrap();
    assert!(began.elapsed() < LIMIT);
    assert_eq!(peer.state().outputs, 0, "the output must be released");
    assert_eq!(write(&mut encoder, 1).unwrap_err().kind(), ErrorKind::State);
}

#[test]
fn abandon_does_not_wait() {
    let peer = Peer::default();
    let interrupt = Interrupt::new();
    let mut encoder = encoder(&peer, "peer://a.wav", &interrupt);
    encoder.open().unwrap();
    peer.state().stalls_at = Some(100);
    assert_eq!(interrupted(&interrupt, || write(&mut encoder, 0)), ErrorKind::Interrupted);
    let began = Instant::now();
    assert_eq!(encoder.abandon().unwrap_err().kind(), ErrorKind::TimedOut);
    assert!(began.elapsed() < LIMIT);
    assert_eq!(peer.state().outputs, 0, "the output must be released");
}

#[test]
fn reports_a_disconnected_peer() {
    let peer = Peer::default();
    let mut encoder = encoder(&peer, "peer://a.wav", &Interrupt::new());
    encoder.open().unwrap();
    peer.state().leaves_at = Some(3000);
    write(&mut encoder, 0).unwrap();
    let error = write(&mut encoder, 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    assert!(!error.can_continue() && error.report().to_string().contains("peer"), "{error}");
    peer.state().leaves_at = None;
    let later = write(&mut encoder, 2).unwrap_err();
    assert_eq!((later.kind(), later.is_repeat()), (ErrorKind::Disconnected, true));
    assert_eq!(encoder.close().unwrap_err().kind(), ErrorKind::Disconnected);
    drop(encoder);
    assert_eq!(peer.state().bytes.len(), 3000, "nothing may follow lost data");
    assert_eq!(peer.state().outputs, 0);
}

#[test]
fn messages_have_the_maximum_size_and_all_bytes() {
    let peer = Peer::default();
    peer.state().message_size = Some(1472);
    let mut encoder = encoder(&peer, "peer://a.wav", &Interrupt::new());
    encoder.open().unwrap();
    (0..CHUNKS).for_each(|index| write(&mut encoder, index).unwrap());
    encoder.close().unwrap();
    let state = peer.state();
    assert!(state.messages.len() > CHUNKS && state.messages.iter().all(|m| m.len() <= 1472));
    assert_eq!(state.messages.concat(), whole(false));
}

/// Writes frames that differ.
fn frames(encoder: &mut StreamingMediaEncoder<'_>, count: usize) -> Result<()> {
    for index in 0..count {
        let pixels: Vec<u8> = (0..3 * 64 * 64).map(|i| (i / 7 + index * 5) as u8).collect();
        encoder.write_video_chunk(0, &TensorView::contiguous(&pixels, &[1, 3, 64, 64])?, None)?;
    }
    Ok(())
}

#[test]
fn peer_receives_a_keyframe_on_request() {
    let keyframes = |asks: bool| {
        let peer = Peer::default();
        let registry = peer.registry();
        let mut encoder =
            StreamingMediaEncoder::with_registry(&registry, "peer:a", Some("h264")).unwrap();
        let stream = VideoStream::new(25.0, 64, 64).encoder_option("g", "1000");
        encoder.add_video_stream(&stream).unwrap();
        encoder.open().unwrap();
        frames(&mut encoder, 5).unwrap();
        peer.state().wants_keyframe = asks;
        frames(&mut encoder, 5).unwrap();
        encoder.finish().unwrap();
        let state = peer.state();
        // IDR slices: NAL units of type 5, ITU-T H.264 table 7-1.
        state.bytes.windows(4).filter(|w| w[..3] == [0, 0, 1] && w[3] & 31 == 5).count()
    };
    assert_eq!((keyframes(false), keyframes(true)), (1, 2));
}

fn write_images(
    peer: &Peer,
    address: &str,
    entries: &[(&str, &str)],
    count: usize,
) -> Result<StreamingMediaEncoder<'static>> {
    let mut encoder = StreamingMediaEncoder::with_registry(&peer.registry(), address, None)?;
    encoder.add_video_stream(&VideoStream::new(25.0, 64, 64))?;
    encoder.open_with(options(entries))?;
    frames(&mut encoder, count)?;
    encoder.close()?;
    Ok(encoder)
}

#[test]
fn images_are_objects_with_names_and_content_types() {
    let peer = Peer::default();
    write_images(&peer, "peer://bucket/frame_%03d.png", &[], 3).unwrap();
    let state = peer.state();
    let names: Vec<_> = state.objects.keys().map(String::as_str).collect();
    assert_eq!(names, ["frame_001.png", "frame_002.png", "frame_003.png"]);
    for (kind, bytes) in state.objects.values() {
        assert_eq!(kind.as_deref(), Some("image/png"));
        assert_eq!(&bytes[1..4], b"PNG");
        assert_eq!(&bytes[bytes.len() - 8..bytes.len() - 4], b"IEND");
    }
}

#[test]
fn replaced_image_is_always_complete() {
    let peer = Peer::default();
    write_images(&peer, "peer://bucket/now.jpg", &[("update", "1")], 2).unwrap();
    let first = peer.state().objects.clone();
    assert_eq!(first.len(), 1);
    assert_eq!(first["now.jpg"].0.as_deref(), Some("image/jpeg"));
    assert!(first["now.jpg"].1.ends_with(&[0xff, 0xd9]));
    // The next object is written only partly.
    let held = peer.state().bytes.len();
    peer.state().leaves_at = Some(held + 50);
    let error = write_images(&peer, "peer://bucket/now.jpg", &[("update", "1")], 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    assert_eq!(peer.state().objects["now.jpg"], first["now.jpg"]);
}

#[test]
fn rejects_format_with_several_files_without_objects() {
    let peer = Peer::default();
    let error = write_images(&peer, "single://bucket/%d.png", &[], 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("single supports a single output"), "{error}");
}

#[test]
fn protocol_receives_options_when_opened_again() {
    let peer = Peer::default();
    let interrupt = Interrupt::new();
    let mut encoder = encoder(&peer, "peer://a.wav", &interrupt);
    let greeting = options(&[("greeting", "hello")]);
    peer.state().stalls_open = true;
    let stopped = interrupted(&interrupt, || encoder.open_with(greeting.clone()));
    assert_eq!(stopped, ErrorKind::Interrupted);
    peer.state().stalls_open = false;
    encoder.open_with(greeting).unwrap();
    encoder.close().unwrap();
    assert!(peer.state().bytes.starts_with(b"helloRIFF"));
}
