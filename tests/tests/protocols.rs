//! Outputs of protocols: the other end stalls, leaves, comes back, takes messages or objects.

use std::time::{Duration, Instant};

use reelwright::{
    AudioStream, ErrorKind, Interrupt, Options, Result, SampleFormat, StreamingMediaEncoder,
    TensorView, VideoStream,
};
use reelwright_tests::peer::Peer;

/// What is allowed, and what a busy machine takes.
const LIMIT: Duration = Duration::from_millis(200 + 400);
/// Samples of a chunk: a packet of PCM.
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

/// What a peer gets that takes everything.
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

/// Calls `stuck` and raises the interrupt after a moment; returns its error, which must come soon.
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
fn an_interrupt_ends_every_wait_and_nothing_is_lost() {
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
        // The other end comes back, and takes what was kept first.
        peer.state().stalls_at = None;
        (3..CHUNKS).for_each(|index| write(&mut encoder, index).unwrap());
        // Now the header cannot be changed, or the end not be written.
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
fn a_deadline_ends_every_wait_and_nothing_is_lost() {
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
fn a_second_timeout_of_close_abandons_what_the_other_end_does_not_take() {
    let peer = Peer::default();
    let mut encoder = encoder(&peer, "peer://a.wav", &Interrupt::new());
    encoder.open_with(options(&[("rw_timeout", "50000")])).unwrap();
    peer.state().stalls_at = Some(100);
    assert_eq!(write(&mut encoder, 0).unwrap_err().kind(), ErrorKind::TimedOut);
    let began = Instant::now();
    assert_eq!(encoder.close().unwrap_err().kind(), ErrorKind::TimedOut);
    encoder.close().unwrap();
    assert!(began.elapsed() < LIMIT);
    assert_eq!(peer.state().outputs, 0, "it is released");
    assert_eq!(write(&mut encoder, 1).unwrap_err().kind(), ErrorKind::State);
}

#[test]
fn an_encoder_that_is_abandoned_waits_for_nothing() {
    let peer = Peer::default();
    let interrupt = Interrupt::new();
    let mut encoder = encoder(&peer, "peer://a.wav", &interrupt);
    encoder.open().unwrap();
    peer.state().stalls_at = Some(100);
    assert_eq!(interrupted(&interrupt, || write(&mut encoder, 0)), ErrorKind::Interrupted);
    let began = Instant::now();
    assert_eq!(encoder.abandon().unwrap_err().kind(), ErrorKind::TimedOut);
    assert!(began.elapsed() < LIMIT);
    assert_eq!(peer.state().outputs, 0, "it is released");
}

#[test]
fn a_peer_that_leaves_is_an_error_that_says_so() {
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
    assert_eq!(peer.state().bytes.len(), 3000, "nothing comes after a hole");
    assert_eq!(peer.state().outputs, 0);
}

#[test]
fn messages_are_as_long_as_the_output_says_and_hold_every_byte() {
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

/// A stream of frames that differ.
fn frames(encoder: &mut StreamingMediaEncoder<'_>, count: usize) -> Result<()> {
    for index in 0..count {
        let pixels: Vec<u8> = (0..3 * 64 * 64).map(|i| (i / 7 + index * 5) as u8).collect();
        encoder.write_video_chunk(0, &TensorView::contiguous(&pixels, &[1, 3, 64, 64])?, None)?;
    }
    Ok(())
}

#[test]
fn the_other_end_gets_a_keyframe_when_it_asks() {
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
        // IDR pictures: NAL units of type 5, ITU-T H.264 table 7-1.
        state.bytes.windows(4).filter(|w| w[..3] == [0, 0, 1] && w[3] & 31 == 5).count()
    };
    assert_eq!((keyframes(false), keyframes(true)), (1, 2));
}

fn pictures(
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
fn pictures_are_objects_with_names_and_content_types() {
    let peer = Peer::default();
    pictures(&peer, "peer://bucket/frame_%03d.png", &[], 3).unwrap();
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
fn a_picture_that_is_replaced_is_always_whole() {
    let peer = Peer::default();
    pictures(&peer, "peer://bucket/now.jpg", &[("update", "1")], 2).unwrap();
    let first = peer.state().objects.clone();
    assert_eq!(first.len(), 1);
    assert_eq!(first["now.jpg"].0.as_deref(), Some("image/jpeg"));
    assert!(first["now.jpg"].1.ends_with(&[0xff, 0xd9]));
    // The next one stays half.
    let held = peer.state().bytes.len();
    peer.state().leaves_at = Some(held + 50);
    let error = pictures(&peer, "peer://bucket/now.jpg", &[("update", "1")], 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    assert_eq!(peer.state().objects["now.jpg"], first["now.jpg"]);
}

#[test]
fn a_protocol_without_objects_refuses_a_format_that_makes_several() {
    let peer = Peer::default();
    let error = pictures(&peer, "single://bucket/%d.png", &[], 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("single supports a single output"), "{error}");
}

#[test]
fn options_go_to_the_protocol_also_when_it_is_opened_again() {
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
