//! Damaged files of every format that the program reads: frames, samples or an error, but no panic,
//! no endless loop, and no excessive memory use.

#![no_main]

use std::io::Cursor;
use std::sync::OnceLock;

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use reelwright::{
    AudioStream, Chapter, Options, StreamingMediaEncoder, SubtitleStream, Target, TensorView,
    VideoStream,
};
use reelwright_reader::{Kind, Media, OpenOptions, Source};

fuzz_target!(|data: &[u8]| {
    // Missing bytes are not an error.
    let _ = run(&mut Unstructured::new(data));
});

/// Container, codecs and options of the files that are damaged.
const FILES: &[(&str, Option<&str>, Option<&str>, &str)] = &[
    ("mp4", Some("h264"), Some("aac"), "faststart"),
    ("mp4", Some("h264"), Some("opus"), "frag_keyframe+empty_moov"),
    ("mp4", Some("mjpeg"), Some("flac"), ""),
    ("mov", Some("h264"), Some("pcm_s16le"), ""),
    ("ipod", None, Some("alac"), ""),
    ("wav", None, Some("pcm_s24le"), ""),
    ("wav", None, Some("adpcm_ms"), ""),
    ("w64", None, Some("adpcm_ima_wav"), ""),
    ("aiff", None, Some("pcm_f32be"), ""),
    ("au", None, Some("pcm_mulaw"), ""),
    ("caf", None, Some("alac"), ""),
    ("flac", None, Some("flac"), ""),
    ("ogg", None, Some("opus"), ""),
    ("ogg", None, Some("flac"), ""),
    ("flv", Some("h264"), Some("aac"), ""),
    ("flv", None, Some("flac"), ""),
    ("mp3", None, Some("mp3"), ""),
    ("adts", None, Some("aac"), ""),
    ("yuv4mpegpipe", Some("wrapped_avframe"), None, ""),
    ("gif", Some("gif"), None, ""),
    ("apng", Some("png"), None, ""),
    ("mjpeg", Some("mjpeg"), None, ""),
    ("h264", Some("h264"), None, ""),
];

fn written(format: &str, video: Option<&str>, audio: Option<&str>, flags: &str) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let target = Target::seekable_writer(&mut file);
    let mut encoder = StreamingMediaEncoder::new(target, Some(format)).unwrap();
    let (width, height, samples) = (32u32, 16u32, 6000);
    if let Some(video) = video {
        encoder.add_video_stream(&VideoStream::new(10.0, width, height).encoder(video)).unwrap();
    }
    if let Some(audio) = audio {
        let stream = AudioStream::new(48_000, 2).encoder(audio);
        encoder.add_audio_stream(&stream).unwrap();
    }
    let has_subtitles = encoder.add_subtitle_stream(&SubtitleStream::new());
    let chapter = |start, title| Chapter::from_seconds(start, None, title).unwrap();
    encoder.set_chapters([chapter(0.0, "one"), chapter(0.05, "two")]).unwrap();
    let mut options = Options::new();
    if !flags.is_empty() {
        options.set("movflags", flags);
    }
    encoder.open_with(options).unwrap();
    if let Ok(index) = has_subtitles {
        encoder.write_subtitle(index, 0.01, 0.02, "text").unwrap();
    }
    if video.is_some() {
        let size = 3 * (width * height) as usize;
        let pixels: Vec<u8> = (0..4 * size).map(|i| (i * i / 97) as u8).collect();
        let shape = [4, 3, height as usize, width as usize];
        let chunk = TensorView::contiguous(&pixels, &shape).unwrap();
        encoder.write_video_chunk(0, &chunk, None).unwrap();
    }
    if audio.is_some() {
        let samples: Vec<f32> = (0..2 * samples).map(|i| (i as f32 * 0.07).sin() * 0.5).collect();
        let chunk = TensorView::contiguous(&samples, &[samples.len() / 2, 2]).unwrap();
        encoder.write_audio_chunk(usize::from(video.is_some()), &chunk, None).unwrap();
    }
    encoder.close().unwrap();
    drop(encoder);
    file.into_inner()
}

fn files() -> &'static [(&'static str, Vec<u8>)] {
    static WRITTEN: OnceLock<Vec<(&str, Vec<u8>)>> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        FILES
            .iter()
            .map(|(format, v, a, flags)| (*format, written(format, *v, *a, flags)))
            .collect()
    })
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let (format, mut bytes) = if u.ratio(1, 8)? {
        let extension = *u.choose(&["", "g722", "mkv", "mjpeg"])?;
        (extension, u.bytes(u.len())?.to_vec())
    } else {
        let (format, whole) = u.choose(files())?;
        let mut bytes = whole.clone();
        for _ in 0..u.int_in_range(0..=12)? {
            let at = u.choose_index(bytes.len())?;
            match u.int_in_range(0..=4)? {
                0 => bytes[at] = u.arbitrary()?,
                1 => bytes[at] ^= 1 << u.int_in_range(0..=7)?,
                2 if at + 4 <= bytes.len() => {
                    bytes[at..at + 4].copy_from_slice(&u32::arbitrary(u)?.to_be_bytes());
                }
                3 => {
                    let end = (at + usize::from(u8::arbitrary(u)?)).min(bytes.len());
                    bytes.drain(at..end);
                }
                _ => {
                    let end = (at + usize::from(u8::arbitrary(u)?)).min(bytes.len());
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
            if bytes.is_empty() {
                return Ok(());
            }
        }
        (*format, bytes)
    };
    let is_stream = bytes.pop().is_some_and(|byte| byte & 1 == 1);
    let source = if is_stream { Source::stream(Cursor::new(bytes)) } else { Source::memory(bytes) };
    let options = OpenOptions::default();
    let Ok(mut media) = Media::from_source("fuzz", source, format, &options, None) else {
        return Ok(());
    };
    let tracks: Vec<(Kind, usize)> =
        media.tracks.iter().map(|track| (track.kind, track.index)).take(4).collect();
    for (kind, index) in tracks {
        if kind == Kind::Video {
            let Ok(mut video) = media.video(index) else { continue };
            for _ in 0..40 {
                if !matches!(video.next_frame(), Ok(Some(_))) {
                    break;
                }
            }
        } else if kind == Kind::Audio {
            let Ok(mut audio) = media.audio(index) else { continue };
            for _ in 0..200 {
                if !matches!(audio.next_chunk(4800), Ok(Some(_))) {
                    break;
                }
            }
        }
    }
    Ok(())
}
