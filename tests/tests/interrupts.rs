//! Interrupts: calls that wait for an output or fill a gap return soon, and the stream can be
//! continued.
#![cfg(unix)]

use std::io::{Read, pipe};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use reelwright::{
    AudioStream, ErrorKind, Interrupt, Result, StreamingMediaEncoder, Target, TensorView,
    VideoStream,
};

/// Specified limit, and a tolerance for busy machines.
const LIMIT: Duration = Duration::from_millis(200 + 400);

/// Raises the interrupt after a delay. Returns the time at which it was raised.
fn later(interrupt: &Interrupt) -> std::thread::JoinHandle<Instant> {
    let interrupt = interrupt.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        interrupt.raise();
        Instant::now()
    })
}

fn check_interrupted(result: Result<()>, raised: std::thread::JoinHandle<Instant>) {
    let waited = raised.join().unwrap().elapsed();
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Interrupted);
    assert!(waited < LIMIT, "{waited:?}");
}

fn samples(count: usize) -> Vec<i16> {
    (0..count).map(|i| i as i16).collect()
}

fn wav<'w>(target: Target<'w>, interrupt: &Interrupt) -> StreamingMediaEncoder<'w> {
    let mut encoder = StreamingMediaEncoder::new(target, Some("wav")).unwrap();
    let stream = AudioStream::new(8000, 1).format(reelwright::SampleFormat::S16);
    encoder.add_audio_stream(&stream).unwrap();
    encoder.set_interrupt(interrupt.clone()).unwrap();
    encoder
}

fn write(encoder: &mut StreamingMediaEncoder<'_>, samples: &[i16]) -> Result<()> {
    let chunk = TensorView::contiguous(samples, &[samples.len(), 1])?;
    encoder.write_audio_chunk(0, &chunk, None)
}

#[test]
fn interrupt_with_full_pipe_loses_nothing() {
    let (mut reader, writer) = pipe().unwrap();
    let address = format!("pipe:{}", writer.as_raw_fd());
    let interrupt = Interrupt::new();
    let mut encoder = wav(Target::from(&address), &interrupt);
    encoder.open().unwrap();
    let all = samples(1 << 20);
    let raised = later(&interrupt);
    check_interrupted(write(&mut encoder, &all), raised);
    assert!(encoder.was_interrupted());
    // The pipe is still full.
    let raised = later(&interrupt);
    interrupt.clear();
    check_interrupted(encoder.flush(), raised);
    interrupt.clear();
    let reading = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        bytes
    });
    write(&mut encoder, &[-7; 50]).unwrap();
    encoder.close().unwrap();
    drop((encoder, writer));
    let bytes = reading.join().unwrap();
    let start = bytes.windows(4).position(|four| four == b"data").unwrap() + 8;
    let found: Vec<i16> =
        bytes[start..].chunks(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect();
    let (before, after) = found.split_at(found.len() - 50);
    assert_eq!(after, [-7; 50]);
    // The data consists of whole frames in order.
    assert!(before.len() >= 1024 && before.len().is_multiple_of(1024));
    assert_eq!(before, &all[..before.len()]);
}

#[test]
fn second_interrupt_abandons_a_blocked_pipe() {
    let (reader, writer) = pipe().unwrap();
    let address = format!("pipe:{}", writer.as_raw_fd());
    let interrupt = Interrupt::new();
    let mut encoder = wav(Target::from(&address), &interrupt);
    encoder.open().unwrap();
    let raised = later(&interrupt);
    check_interrupted(write(&mut encoder, &samples(1 << 20)), raised);
    interrupt.clear();
    let raised = later(&interrupt);
    check_interrupted(encoder.close(), raised);
    // The encoder is closed, as after a success.
    encoder.close().unwrap();
    assert_eq!(write(&mut encoder, &[1]).unwrap_err().kind(), ErrorKind::State);
    drop(reader);
}

#[test]
fn close_continues_after_an_interrupt() {
    let (mut reader, writer) = pipe().unwrap();
    let address = format!("pipe:{}", writer.as_raw_fd());
    let interrupt = Interrupt::new();
    let mut encoder = wav(Target::from(&address), &interrupt);
    encoder.open().unwrap();
    // More than the pipe holds, but less than the pipe and the buffer.
    let all = samples(50_000);
    write(&mut encoder, &all).unwrap();
    let raised = later(&interrupt);
    check_interrupted(encoder.close(), raised);
    interrupt.clear();
    let rejected = write(&mut encoder, &[1]).unwrap_err().to_string();
    assert!(rejected.contains("Call it again"), "{rejected}");
    let reading = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        bytes
    });
    encoder.close().unwrap();
    drop((encoder, writer));
    assert!(reading.join().unwrap().len() > 100_000);
}

#[test]
fn reports_how_long_an_output_was_blocked() {
    let (_reader, writer) = pipe().unwrap();
    let address = format!("pipe:{}", writer.as_raw_fd());
    let interrupt = Interrupt::with_callback(|waited| waited > Duration::from_millis(300));
    let mut encoder = wav(Target::from(&address), &interrupt);
    encoder.open().unwrap();
    let began = Instant::now();
    let error = write(&mut encoder, &samples(1 << 20)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(began.elapsed() > Duration::from_millis(300) && began.elapsed() < LIMIT * 3);
}

#[test]
fn interrupt_with_fifo_without_reader() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fifo.wav");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    if !made.is_ok_and(|status| status.success()) {
        reelwright_testkit::program::missing("mkfifo");
        return;
    }
    let interrupt = Interrupt::new();
    let mut encoder = wav(Target::from(&path), &interrupt);
    for _ in 0..2 {
        let raised = later(&interrupt);
        check_interrupted(encoder.open(), raised);
        interrupt.clear();
    }
    // The encoder can still be opened.
    let reading = std::thread::spawn({
        let path = path.clone();
        move || std::fs::read(path).unwrap()
    });
    encoder.open().unwrap();
    write(&mut encoder, &samples(100)).unwrap();
    encoder.close().unwrap();
    drop(encoder);
    assert!(reading.join().unwrap().len() > 200);
}

#[test]
fn interrupt_stops_filling_a_gap() {
    let interrupt = Interrupt::new();
    let mut bytes = Vec::new();
    let mut encoder = wav(Target::writer(&mut bytes), &interrupt);
    encoder.open_with([("fill_gaps", "1000000")].into_iter().collect()).unwrap();
    let raised = later(&interrupt);
    let chunk = TensorView::contiguous(&[1i16], &[1, 1]).unwrap();
    check_interrupted(encoder.write_audio_chunk(0, &chunk, Some(900_000.0)), raised);
    interrupt.clear();
    write(&mut encoder, &[5]).unwrap();
    encoder.close().unwrap();
    drop(encoder);
    assert!(bytes.ends_with(&[0, 0, 5, 0]));
}

#[test]
fn frames_survive_an_interrupt_and_abandon_completes_the_file() {
    let interrupt = Interrupt::new();
    let file = |gives_up: bool| {
        let mut bytes = Vec::new();
        let target = Target::writer(&mut bytes);
        let mut encoder = StreamingMediaEncoder::new(target, Some("ivf")).unwrap();
        let stream = VideoStream::new(25.0, 64, 64).encoder("librav1e");
        encoder.add_video_stream(&stream).unwrap();
        encoder.set_interrupt(interrupt.clone()).unwrap();
        encoder.open().unwrap();
        for index in 0..40u8 {
            let frame = [index; 3 * 64 * 64];
            let chunk = TensorView::contiguous(&frame, &[1, 3, 64, 64]).unwrap();
            if index % 7 == 3 {
                interrupt.raise();
            }
            if let Err(error) = encoder.write_video_chunk(0, &chunk, None) {
                assert_eq!(error.kind(), ErrorKind::Interrupted);
            }
            interrupt.clear();
        }
        if gives_up {
            encoder.abandon().unwrap()
        } else {
            encoder.close().unwrap()
        }
        drop(encoder);
        bytes
    };
    let frames = |ivf: &[u8]| {
        let (mut at, mut count) = (32, 0);
        while let Some(size) = ivf.get(at..at + 4) {
            at += 12 + u32::from_le_bytes(size.try_into().unwrap()) as usize;
            count += 1;
        }
        assert_eq!(at, ivf.len());
        count
    };
    // A frame that was accepted before the interrupt is encoded after it.
    assert_eq!(frames(&file(false)), 40);
    assert!(frames(&file(true)) <= 40);
}
