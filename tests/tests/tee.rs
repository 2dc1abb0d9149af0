//! Tee: one encode with several outputs.

use std::path::Path;

use reelwright::{
    AudioStream, ErrorKind, Interrupt, Result, SampleFormat, StreamingMediaEncoder, TensorView,
    VideoStream,
};
use reelwright_tests::log::logged;
use reelwright_tests::peer::Peer;

const SIZE: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Streams {
    Audio,
    Video,
    Both,
}

/// Encodes one second of audio and video to `dst`.
fn encode(peer: &Peer, dst: &str, format: Option<&str>, streams: Streams) -> Result<()> {
    let mut encoder = StreamingMediaEncoder::with_registry(&peer.registry(), dst, format)?;
    add(&mut encoder, streams)?;
    encoder.set_metadata([("title", "Several")])?;
    encoder.open()?;
    write(&mut encoder, streams)?;
    encoder.finish()
}

fn add(encoder: &mut StreamingMediaEncoder<'_>, streams: Streams) -> Result<()> {
    if streams != Streams::Audio {
        encoder
            .add_video_stream(&VideoStream::new(25.0, SIZE as u32, SIZE as u32).encoder("h264"))?;
    }
    if streams != Streams::Video {
        let stream = AudioStream::new(48_000, 2).format(SampleFormat::S16).encoder("aac");
        encoder.add_audio_stream(&stream)?;
    }
    Ok(())
}

fn write(encoder: &mut StreamingMediaEncoder<'_>, streams: Streams) -> Result<()> {
    let audio = usize::from(streams == Streams::Both);
    for index in 0..25 {
        if streams != Streams::Audio {
            let pixels: Vec<u8> =
                (0..3 * SIZE * SIZE).map(|i| (i / 11 + index * 3) as u8).collect();
            let chunk = TensorView::contiguous(&pixels, &[1, 3, SIZE, SIZE])?;
            encoder.write_video_chunk(0, &chunk, None)?;
        }
        if streams != Streams::Video {
            let samples: Vec<i16> =
                (0..2 * 1920).map(|i| ((i + index * 3840) * 37 % 9000) as i16).collect();
            let chunk = TensorView::contiguous(&samples, &[1920, 2])?;
            encoder.write_audio_chunk(audio, &chunk, None)?;
        }
    }
    Ok(())
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

fn same(a: &str, b: &str) {
    let (a_bytes, b_bytes) = (std::fs::read(a).unwrap(), std::fs::read(b).unwrap());
    assert!(a_bytes.len() > 500, "{a}");
    assert!(a_bytes == b_bytes, "{a} and {b} differ");
}

/// Members of a tee, and the format and streams of each.
const MEMBERS: &[(&str, &str, Streams)] = &[
    ("", "a.mp4", Streams::Both),
    ("[f=mov]", "b.movie", Streams::Both),
    ("[movflags=faststart]", "c.mp4", Streams::Both),
    ("[select=a]", "d.aac", Streams::Audio),
    ("[select=\\'a:0\\':f=adts]", "e.x", Streams::Audio),
    ("[f=h264:select=0]", "f.264", Streams::Video),
    ("[select=v]", "g.mp4", Streams::Video),
    ("[flush_packets=1]", "h.m4v", Streams::Both),
];

#[test]
fn each_output_equals_a_single_output() {
    let folder = tempfile::tempdir().unwrap();
    let peer = Peer::default();
    let members: Vec<_> = MEMBERS
        .iter()
        .map(|(options, name, _)| format!("{options}{}", path(folder.path(), name)))
        .collect();
    encode(&peer, &members.join("|"), Some("tee"), Streams::Both).unwrap();
    for (options, name, streams) in MEMBERS {
        let alone = path(folder.path(), &format!("alone_{name}"));
        let format = match *name {
            "b.movie" => Some("mov"),
            "e.x" => Some("adts"),
            _ => None,
        };
        let mut encoder =
            StreamingMediaEncoder::with_registry(&peer.registry(), &alone, format).unwrap();
        add(&mut encoder, *streams).unwrap();
        encoder.set_metadata([("title", "Several")]).unwrap();
        let faststart = options.contains("faststart").then_some(("movflags", "faststart"));
        encoder.open_with(faststart.into_iter().collect()).unwrap();
        write(&mut encoder, *streams).unwrap();
        encoder.finish().unwrap();
        same(&path(folder.path(), name), &alone);
    }
}

#[test]
fn names_may_contain_separators() {
    let folder = tempfile::tempdir().unwrap();
    let first = path(folder.path(), "a\\|b.aac");
    let second = path(folder.path(), "'c [d]'.aac");
    let peer = Peer::default();
    encode(&peer, &format!("{first}|{second}"), Some("tee"), Streams::Audio).unwrap();
    same(&path(folder.path(), "a|b.aac"), &path(folder.path(), "c [d].aac"));
}

#[test]
fn failure_of_an_optional_output_keeps_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, other) = (path(folder.path(), "a.mp4"), path(folder.path(), "b.mp4"));
    let alone = path(folder.path(), "alone.mp4");
    encode(&Peer::default(), &alone, None, Streams::Both).unwrap();
    for leaves_at in [0, 10, 1000] {
        let peer = Peer::default();
        peer.state().leaves_at = Some(leaves_at);
        let dst = format!("{whole}|[f=mov:onfail=ignore]peer:gone|{other}");
        let (encoded, lines) = logged(|| encode(&peer, &dst, Some("tee"), Streams::Both));
        encoded.unwrap();
        same(&whole, &alone);
        same(&other, &alone);
        let warnings: Vec<_> = lines.iter().filter(|(_, line)| line.contains("peer")).collect();
        assert_eq!(warnings.len(), 1, "{lines:?}");
        assert_eq!(peer.state().outputs, 0, "the output must be released");
    }
}

#[test]
fn failure_of_a_required_output_completes_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let whole = path(folder.path(), "a.aac");
    let peer = Peer::default();
    peer.state().leaves_at = Some(3000);
    let dst = format!("{whole}|[f=adts]peer:gone");
    let error = encode(&peer, &dst, Some("tee"), Streams::Audio).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    assert!(error.to_string().contains("peer"), "{error}");
    let alone = path(folder.path(), "alone.aac");
    encode(&peer, &alone, None, Streams::Audio).unwrap();
    let (kept, all) = (std::fs::read(&whole).unwrap(), std::fs::read(&alone).unwrap());
    assert!(all.starts_with(&kept) && kept.len() >= 3000 && kept.len() < all.len());

    // A container with an index gets one.
    let whole = path(folder.path(), "a.mp4");
    let dst = format!("[movflags=progressive]{whole}|[f=mov]peer:gone");
    peer.state().bytes.clear();
    encode(&peer, &dst, Some("tee"), Streams::Both).unwrap_err();
    let bytes = std::fs::read(&whole).unwrap();
    assert!(bytes.windows(4).any(|four| four == b"moov"), "{} bytes", bytes.len());
}

#[test]
fn reports_the_last_failure_if_all_outputs_fail() {
    let peer = Peer::default();
    peer.state().leaves_at = Some(2000);
    let dst = "[f=adts:onfail=ignore]/nowhere/a.aac|[f=adts:onfail=ignore]peer:b";
    let (encoded, lines) = logged(|| encode(&peer, dst, Some("tee"), Streams::Audio));
    assert_eq!(encoded.unwrap_err().kind(), ErrorKind::Disconnected);
    assert!(lines.iter().any(|(_, line)| line.contains("/nowhere/a.aac")), "{lines:?}");
}

#[test]
fn ignores_optional_output_that_does_not_support_the_codec() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, other) = (path(folder.path(), "a.mp4"), path(folder.path(), "b.flac"));
    let dst = format!("{whole}|[onfail=ignore]{other}");
    let (encoded, lines) = logged(|| encode(&Peer::default(), &dst, Some("tee"), Streams::Audio));
    encoded.unwrap();
    assert!(lines.iter().any(|(_, line)| line.contains("b.flac")), "{lines:?}");
    let alone = path(folder.path(), "alone.mp4");
    encode(&Peer::default(), &alone, None, Streams::Audio).unwrap();
    same(&whole, &alone);
    assert!(!Path::new(&other).exists());
    // The default codec is one that both formats support.
    let mut encoder = StreamingMediaEncoder::new(&dst, Some("tee")).unwrap();
    encoder.add_audio_stream(&AudioStream::new(48_000, 2).format(SampleFormat::S16)).unwrap();
    encoder.open().unwrap();
    write(&mut encoder, Streams::Audio).unwrap();
    encoder.finish().unwrap();
    assert!(std::fs::read(&other).unwrap().starts_with(b"fLaC"));
}

#[test]
fn rejects_incompatible_outputs() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| path(folder.path(), name);
    let rejected = |dst: &str, streams: Streams| {
        let error = encode(&Peer::default(), dst, Some("tee"), streams).unwrap_err();
        error.report().to_string()
    };
    for (dst, part) in [
        (format!("[f=nothing]{}", at("a.mp4")), "nothing"),
        (format!("{}|{}", at("a.mp4"), at("b.unknown")), "b.unknown"),
        (format!("[select=x]{}", at("a.mp4")), "specifiers"),
        (format!("[onfail=retry]{}", at("a.mp4")), "retry"),
        (format!("[color=red]{}", at("a.mp4")), "color"),
        (format!("[f=tee]{}", at("a.mp4")), "be an output of a tee"),
        (format!("{}|", at("a.mp4")), "no name"),
        (format!("[select=v]{}|[select=v]{}", at("a.mp4"), at("b.mov")), "selects this audio"),
        (format!("{}|{}", at("a.aac"), at("b.mp4")), "b.mp4: "),
        ("http://x/a.mp4".to_owned(), "http"),
    ]
    .map(|(dst, part): (String, &str)| (dst, part.to_owned()))
    {
        let message = rejected(&dst, Streams::Both);
        assert!(message.contains(&part), "{dst}: {message}");
    }
    let two = format!("{}|{}", at("a.mp4"), at("b.aac"));
    let mut encoder = StreamingMediaEncoder::new(&two, Some("tee")).unwrap();
    let stream = AudioStream::new(48_000, 2).format(SampleFormat::S16).encoder("aac");
    encoder.add_audio_stream(&stream).unwrap();
    let error = encoder.add_audio_stream(&stream).unwrap_err().to_string();
    assert!(error.contains("b.aac") && error.contains("Select"), "{error}");
    let mut bytes = Vec::new();
    let target = reelwright::Target::writer(&mut bytes);
    let error = StreamingMediaEncoder::new(target, Some("tee")).unwrap_err().to_string();
    assert!(error.contains("must be text"), "{error}");
}

#[test]
fn timeout_of_one_output_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, alone) = (path(folder.path(), "a.aac"), path(folder.path(), "alone.aac"));
    let peer = Peer::default();
    encode(&peer, &alone, None, Streams::Audio).unwrap();
    let dst = format!("[f=adts]peer:b|{whole}");
    let mut encoder =
        StreamingMediaEncoder::with_registry(&peer.registry(), &dst, Some("tee")).unwrap();
    let interrupt = Interrupt::new();
    encoder.set_interrupt(interrupt.clone()).unwrap();
    add(&mut encoder, Streams::Audio).unwrap();
    encoder.open_with([("rw_timeout", "30000")].into_iter().collect()).unwrap();
    peer.state().stalls_at = Some(1500);
    // A chunk that times out was partly accepted. The next call continues.
    let mut stops = 0;
    for index in 0..25 {
        let samples: Vec<i16> =
            (0..2 * 1024).map(|i| ((i + index * 2048) * 37 % 9000) as i16).collect();
        let chunk = TensorView::contiguous(&samples, &[1024, 2]).unwrap();
        if let Err(error) = encoder.write_audio_chunk(0, &chunk, None) {
            assert!(error.can_continue(), "{error}");
            stops += 1;
            peer.state().stalls_at = None;
        }
    }
    encoder.finish().unwrap();
    assert_eq!(stops, 1);
    assert_eq!(peer.state().bytes, std::fs::read(&whole).unwrap());
}
