//! Use of a custom codec, container and output like the built-in ones.

use std::process::Command;

use reelwright::{
    AudioStream, ErrorKind, Options, SampleFormat, StreamingMediaEncoder, TensorView,
};
use reelwright_toy::codec::decode;
use reelwright_toy::memory::Store;
use reelwright_toy::registry;

const CHANNELS: usize = 2;

/// Returns a ramp with jumps that do not fit in one byte.
fn samples() -> Vec<i16> {
    (0..10_001i32 * 2)
        .map(|i| if i % 977 < 20 { -30_000 } else { (i * 3 % 20_000) as i16 })
        .collect()
}

fn encode(store: &Store, address: &str, options: &[(&str, &str)]) -> reelwright::Result<()> {
    let registry = registry(store);
    let mut encoder = StreamingMediaEncoder::with_registry(&registry, address, None)?;
    let stream = AudioStream::new(8000, CHANNELS).format(SampleFormat::S16);
    encoder.add_audio_stream(&stream.encoder_option("block", "100"))?;
    encoder.open_with(options.iter().copied().collect::<Options>())?;
    let samples = samples();
    let shape = [samples.len() / CHANNELS, CHANNELS];
    encoder.write_audio_chunk(0, &TensorView::contiguous(&samples, &shape)?, None)?;
    encoder.finish()
}

/// Reads the comment, the number of packets and the samples of a file.
fn read(file: &[u8]) -> (String, u64, Vec<i16>) {
    let number = |at: usize, length: usize| {
        file[at..at + length].iter().rev().fold(0u64, |all, byte| all << 8 | u64::from(*byte))
    };
    assert_eq!(&file[..4], b"TOY1");
    assert_eq!((number(12, 4), number(16, 2)), (8000, CHANNELS as u64));
    let comment = number(18, 2) as usize;
    let mut at = 20 + comment;
    let mut samples = Vec::new();
    while at < file.len() {
        let (size, pts, duration) = (number(at, 4) as usize, number(at + 4, 8), number(at + 12, 4));
        assert_eq!(pts as usize, samples.len() / CHANNELS);
        let packet = decode(&file[at + 16..at + 16 + size], CHANNELS).unwrap();
        assert_eq!(packet.len(), duration as usize * CHANNELS);
        samples.extend(packet);
        at += 16 + size;
    }
    (String::from_utf8(file[20..20 + comment].to_vec()).unwrap(), number(4, 8), samples)
}

#[test]
fn codec_container_and_output_are_lossless() {
    let store = Store::default();
    encode(&store, "memory:a.toy", &[("comment", "two words")]).unwrap();
    assert_eq!(read(&store.get("a.toy").unwrap()), ("two words".to_owned(), 101, samples()));
    // With a path, the bytes are the same.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.toy");
    encode(&store, path.to_str().unwrap(), &[("comment", "two words")]).unwrap();
    assert_eq!(Some(std::fs::read(path).unwrap()), store.get("a.toy"));
}

#[test]
fn protocol_receives_and_checks_options() {
    let store = Store::default();
    let error = encode(&store, "memory:b.toy", &[("capacity", "1000")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.report().to_string().contains("memory:b.toy"), "{}", error.report());
    let error = encode(&store, "memory:b.toy", &[("capacity", "none")]).unwrap_err().to_string();
    assert!(error.contains("capacity") && error.contains("none"), "{error}");
    let error = encode(&store, "memory:b.toy", &[("capacities", "1")]).unwrap_err().to_string();
    assert!(error.contains("options: capacities"), "{error}");
    assert!(error.contains(" comment,") && error.contains(" capacity."), "{error}");
    let error = encode(&store, "memory:", &[]).unwrap_err().to_string();
    assert!(error.contains("Pass"), "{error}");
    // A path has no capacity.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("b.toy");
    let error = encode(&store, path.to_str().unwrap(), &[("capacity", "9")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Option);
}

#[test]
fn custom_items_are_unknown_without_the_registry() {
    let error = StreamingMediaEncoder::new("a.toy", None).err().unwrap().to_string();
    assert!(error.contains("does not imply a format"), "{error}");
    let error = StreamingMediaEncoder::new("memory://a.wav", None).err().unwrap().to_string();
    assert!(error.contains("The protocol memory is not supported"), "{error}");
}

fn program(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_toy")).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn program_lists_describes_and_uses_custom_items() {
    assert!(program(&["list", "encoders"]).contains("Differences of 16-bit samples"));
    assert!(program(&["list", "muxers"]).contains("Toy container"));
    assert!(program(&["list", "protocols"]).contains("named pieces of memory"));
    assert!(
        program(&["help", "encoder=toy_delta"]).contains("samples of each channel in a packet")
    );
    assert!(program(&["help", "muxer=toy"]).contains("text in the header"));
    assert!(program(&["help", "protocol=memory"]).contains("maximum number of bytes"));
    assert!(program(&["help", "capacity"]).contains("protocol=memory"));
    let directory = tempfile::tempdir().unwrap();
    let wav = directory.path().join("a.wav");
    let mut encoder = StreamingMediaEncoder::new(&wav, None).unwrap();
    let stream = AudioStream::new(8000, CHANNELS).format(SampleFormat::S16);
    encoder.add_audio_stream(&stream).unwrap();
    encoder.open().unwrap();
    let samples = samples();
    let chunk = TensorView::contiguous(&samples, &[samples.len() / CHANNELS, CHANNELS]).unwrap();
    encoder.write_audio_chunk(0, &chunk, None).unwrap();
    encoder.finish().unwrap();
    let toy = directory.path().join("a.toy");
    program(&["encode", wav.to_str().unwrap(), "-o", toy.to_str().unwrap()]);
    assert_eq!(read(&std::fs::read(&toy).unwrap()).2, samples);
    program(&["encode", wav.to_str().unwrap(), "-o", "memory:a.toy"]);
    assert!(!std::path::Path::new("memory:a.toy").exists());
}
