//! WAV and RF64 in third-party readers, and the bytes that the specifications state.

use std::io::Cursor;

use proptest::prelude::*;
use reelwright_core::{CodecId, ErrorKind, MemoryOutput, Metadata};
use reelwright_mux_wav::WAV;
use reelwright_testkit::decode::decode_bytes;
use reelwright_testkit::muxing::{
    check_failing_output, cut, default_layout, memory, mux, open, packet, pcm, tags,
};
use reelwright_testkit::output::CountingOutput;
use reelwright_testkit::pcm_muxer::{
    any_packets, any_stream, check_rejections, check_with_ffmpeg, write_or_reject,
};
use reelwright_testkit::program::{ffmpeg_copy_audio, ffprobe, run};
use reelwright_testkit::signal::noise_bytes;

/// Returns a file with default options.
fn file(codec: CodecId, channels: usize, data: &[u8], output: MemoryOutput) -> Vec<u8> {
    let stream = pcm(codec, 48_000, default_layout(channels));
    mux(&WAV, &[], &stream, &Metadata::new(), [data], output).unwrap()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// Returns ids and bodies of the chunks, which must fill the RIFF chunk.
fn chunks(file: &[u8]) -> Vec<(&str, &[u8])> {
    assert_eq!(&file[..4], b"RIFF");
    assert_eq!(&file[8..12], b"WAVE");
    assert_eq!(u32_at(file, 4) as usize, file.len() - 8);
    let mut rest = &file[12..];
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let size = u32_at(rest, 4) as usize;
        chunks.push((str::from_utf8(&rest[..4]).unwrap(), &rest[8..8 + size]));
        rest = &rest[8 + size.next_multiple_of(2)..];
    }
    chunks
}

#[test]
fn minimal_file_has_a_header_of_44_bytes() {
    let stream = pcm(CodecId::PcmS16Le, 8000, default_layout(1));
    let data: &[u8] = &[1, 2, 3, 4];
    let output = MemoryOutput::seekable();
    let file = mux(&WAV, &[("rf64", "never")], &stream, &Metadata::new(), [data], output).unwrap();
    assert_eq!(
        file,
        b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x80\x3E\0\0\x02\0\x10\0\
          data\x04\0\0\0\x01\x02\x03\x04"
    );
}

#[test]
fn unseekable_output_has_unknown_lengths() {
    let file = file(CodecId::PcmU8, 1, &[7; 3], MemoryOutput::streaming());
    // No padding: players would play it.
    assert_eq!(file.len(), 44 + 3);
    assert_eq!(&file[..8], b"RIFF\xFF\xFF\xFF\xFF");
    assert_eq!(&file[36..44], b"data\xFF\xFF\xFF\xFF");
}

#[test]
fn odd_data_is_padded() {
    let file = file(CodecId::PcmU8, 1, &[7; 3], MemoryOutput::seekable());
    assert_eq!(chunks(&file).last().unwrap(), &("data", &[7u8, 7, 7][..]));
    assert_eq!(file.len() % 2, 0);
}

#[test]
fn fmt_chunk_depends_on_the_audio() {
    let body = |codec, rate, channels| {
        let stream = pcm(codec, rate, default_layout(channels));
        let output = MemoryOutput::seekable();
        let file = mux(&WAV, &[], &stream, &Metadata::new(), [], output).unwrap();
        let chunks = chunks(&file);
        chunks[1].1.to_vec()
    };
    // Format tags of mmreg.h.
    assert_eq!(body(CodecId::PcmS16Le, 48_000, 2).len(), 16);
    assert_eq!(body(CodecId::PcmU8, 48_000, 1).len(), 16);
    for (codec, tag) in [
        (CodecId::PcmF32Le, 3),
        (CodecId::PcmF64Le, 3),
        (CodecId::PcmALaw, 6),
        (CodecId::PcmMuLaw, 7),
    ] {
        let body = body(codec, 8000, 2);
        assert_eq!((body.len(), body[0], body[1], &body[16..]), (18, tag, 0, &[0u8, 0][..]));
    }
    let six = body(CodecId::PcmS24Le, 48_000, 6);
    assert_eq!(
        six,
        // Tag, channels, rate, bytes per second, block align, bits; 22 more: valid bits, mask 5.1,
        // KSDATAFORMAT_SUBTYPE_PCM.
        b"\xFE\xFF\x06\0\x80\xBB\0\0\0\x2F\x0D\0\x12\0\x18\0\x16\0\x18\0\x3F\0\0\0\
          \x01\0\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71"
    );
    for (codec, rate, channels) in [
        (CodecId::PcmS24Le, 48_000, 1),
        (CodecId::PcmS16Le, 96_000, 2),
        (CodecId::PcmF32Le, 48_000, 3),
        (CodecId::PcmS16Le, 48_000, 12),
    ] {
        assert_eq!(body(codec, rate, channels).len(), 40);
    }
    // Twelve channels have no known positions.
    assert_eq!(u32_at(&body(CodecId::PcmS16Le, 48_000, 12), 20), 0);
}

#[test]
fn fact_counts_samples() {
    let file = file(CodecId::PcmF32Le, 2, &[0; 80], MemoryOutput::seekable());
    assert!(chunks(&file).contains(&("fact", &[10, 0, 0, 0])));
    let file = self::file(CodecId::PcmS32Le, 6, &[0; 48], MemoryOutput::seekable());
    assert!(!chunks(&file).iter().any(|chunk| chunk.0 == "fact"));
}

#[test]
fn streams_that_do_not_fit_the_fields_are_errors() {
    for (rate, channels) in [(0, 1), (8000, 8192), (u32::MAX, 1)] {
        let stream = pcm(CodecId::PcmF64Le, rate, default_layout(channels));
        let mut output = MemoryOutput::seekable();
        let mut muxer = open(&WAV, &[]).unwrap();
        let error = muxer.start(&[stream], &Metadata::new(), &mut output).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().starts_with("Stream 0: wav "), "{error}");
    }
    let stream = pcm(CodecId::PcmS16Be, 8000, default_layout(1));
    let error = open(&WAV, &[])
        .unwrap()
        .start(&[stream], &Metadata::new(), &mut MemoryOutput::seekable())
        .unwrap_err();
    assert!(error.to_string().starts_with("Stream 0: wav does not support pcm_s16be."), "{error}");
    check_rejections(&WAV, &pcm(CodecId::PcmS24Le, 8000, default_layout(2)));
}

#[test]
fn metadata_becomes_info() {
    let tags = tags([
        ("title", "Odd"),
        ("Artist", "Even"),
        ("IKEY", "k"),
        ("album_artist", "has no id"),
        ("comment", ""),
        ("ITRK", "é"),
    ]);
    let stream = pcm(CodecId::PcmU8, 8000, default_layout(1));
    let file = mux(&WAV, &[], &stream, &tags, [], MemoryOutput::seekable()).unwrap();
    let list = chunks(&file).into_iter().find(|c| c.0 == "LIST").unwrap().1.to_vec();
    assert_eq!(
        list,
        b"INFOINAM\x04\0\0\0Odd\0IART\x05\0\0\0Even\0\0IKEY\x02\0\0\0k\0ITRK\x03\0\0\0\xC3\xA9\0\0"
    );
}

#[test]
fn ffprobe_reads_metadata_back() {
    let all = tags([
        ("title", "Títle"),
        ("artist", "A"),
        ("album", "B"),
        ("comment", "C\nD"),
        ("copyright", "E"),
        ("date", "2026-01-02"),
        ("genre", "G"),
        ("language", "eng"),
        ("track", "3/4"),
        ("encoder", "H"),
        ("encoded_by", "I"),
    ]);
    let stream = pcm(CodecId::PcmU8, 8000, default_layout(1));
    for output in [MemoryOutput::seekable(), MemoryOutput::streaming()] {
        let data: &[u8] = &[0; 101];
        let file = mux(&WAV, &[], &stream, &all, [data], output).unwrap();
        for (key, value) in all.iter() {
            let Some(found) = ffprobe("wav", &format!("format_tags={key}"), &file) else { return };
            assert_eq!(found.trim_matches('"'), value, "{key}");
        }
    }
}

#[test]
fn ffmpeg_reads_every_codec() {
    check_with_ffmpeg(&WAV, "wav");
}

#[test]
fn ffprobe_reads_layouts() {
    for name in ["mono", "stereo", "2.1", "3.0", "quad", "5.1(side)", "5.1", "7.1", "FL+TC"] {
        let stream = pcm(CodecId::PcmS16Le, 48_000, name.parse().unwrap());
        let data = vec![0; 2 * 16 * stream.audio().unwrap().format.layout.channels()];
        let output = MemoryOutput::seekable();
        let file = mux(&WAV, &[], &stream, &Metadata::new(), [&data[..]], output).unwrap();
        let Some(found) = ffprobe("wav", "stream=channel_layout", &file) else { return };
        // ffprobe does not report layouts without a name.
        if name != "FL+TC" {
            let unsaid = ["mono", "stereo"].contains(&name) && found == "unknown";
            assert!(found == name || unsaid, "{name}: {found}");
        }
    }
}

#[test]
fn mediainfo_agrees() {
    let data = noise_bytes(2 * 6 * 100);
    let file = file(CodecId::PcmS16Le, 6, &data, MemoryOutput::seekable());
    let asked = "--Inform=Audio;%SamplingCount% %Channels% %ChannelLayout% %BitDepth%";
    let Some(found) = run("mediainfo", &[asked, "{}"], &file) else { return };
    assert_eq!(String::from_utf8(found).unwrap().trim(), "100 6 L R C LFE Lb Rb 16");
}

#[test]
fn rf64_on_request_is_read_by_ffmpeg() {
    let data = noise_bytes(6000);
    for codec in [CodecId::PcmS16Le, CodecId::PcmF32Le] {
        for output in [MemoryOutput::seekable(), MemoryOutput::streaming()] {
            let stream = pcm(codec, 48_000, default_layout(2));
            let options = [("rf64", "always")];
            let packets = [&data[..]];
            let file = mux(&WAV, &options, &stream, &Metadata::new(), packets, output).unwrap();
            assert_eq!(&file[..8], b"RF64\xFF\xFF\xFF\xFF");
            for input in ["{}", "-"] {
                let Some(found) = ffmpeg_copy_audio("wav", input, &file) else { return };
                assert!(found == data, "{} of {}", found.len(), data.len());
            }
        }
    }
}

#[test]
fn hound_reads_integers_and_floats() {
    let data = noise_bytes(240);
    let read = |codec| {
        let file = file(codec, 2, &data, MemoryOutput::seekable());
        hound::WavReader::new(Cursor::new(file)).unwrap()
    };
    let samples: Vec<i32> = read(CodecId::PcmS16Le).samples().map(|s| s.unwrap()).collect();
    let expected = data.chunks(2).map(|b| i32::from(i16::from_le_bytes([b[0], b[1]])));
    assert!(samples.into_iter().eq(expected));
    let samples: Vec<i32> = read(CodecId::PcmU8).samples().map(|s| s.unwrap()).collect();
    assert!(samples.into_iter().eq(data.iter().map(|&b| i32::from(b) - 128)));
    let samples: Vec<i32> = read(CodecId::PcmS24Le).samples().map(|s| s.unwrap()).collect();
    let expected = data.chunks(3).map(|b| i32::from_le_bytes([0, b[0], b[1], b[2]]) >> 8);
    assert!(samples.into_iter().eq(expected));
    let samples: Vec<f32> = read(CodecId::PcmF32Le).samples().map(|s| s.unwrap()).collect();
    let expected = data.chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
    assert!(samples.into_iter().eq(expected));
}

#[test]
fn symphonia_reads_both_layouts() {
    let data = noise_bytes(4 * 3 * 4 * 100);
    for output in [MemoryOutput::seekable(), MemoryOutput::streaming()] {
        for codec in [CodecId::PcmS16Le, CodecId::PcmS32Le, CodecId::PcmF32Le, CodecId::PcmF64Le] {
            for channels in [1, 2, 6] {
                let found = decode_bytes(file(codec, channels, &data, output.clone()));
                assert!(found == data, "{codec} {channels} {output:?} {}", found.len());
            }
        }
    }
}

/// Writes a number of MiB of silence, then `rest`.
fn large(
    rf64: &str,
    codec: CodecId,
    mebibytes: usize,
    rest: usize,
) -> (CountingOutput, reelwright_core::Result<()>) {
    let stream = pcm(codec, 48_000, default_layout(1));
    let mut output = CountingOutput::new();
    let mut muxer = open(&WAV, &[("rf64", rf64)]).unwrap();
    muxer.start(std::slice::from_ref(&stream), &Metadata::new(), &mut output).unwrap();
    let mebibyte = packet(&vec![0; 1 << 20]);
    for _ in 0..mebibytes {
        muxer.write(&mebibyte, &mut output).unwrap();
    }
    let result = muxer.write(&packet(&vec![0; rest]), &mut output);
    if result.is_ok() {
        muxer.finish(&[stream], &mut output).unwrap();
    }
    (output, result)
}

#[test]
fn reserved_chunk_becomes_ds64_beyond_4_gib() {
    // The header is 80 bytes long, so the RIFF chunk reaches 2^32 - 1 bytes with this number.
    let brink = (1 << 20) - 72;
    let (output, _) = large("auto", CodecId::PcmU8, 4095, brink - 2);
    assert_eq!(&output.head[..4], b"RIFF");
    assert_eq!(u64::from(u32_at(&output.head, 4)), output.length - 8);
    assert_eq!(&output.head[12..16], b"JUNK");
    let (output, _) = large("auto", CodecId::PcmU8, 4095, brink);
    assert_eq!(&output.head[..8], b"RF64\xFF\xFF\xFF\xFF");
    assert_eq!(&output.head[12..20], b"ds64\x1C\0\0\0");
    let data = (4095 << 20) + brink as u64;
    assert_eq!(u64_at(&output.head, 20), output.length - 8);
    assert_eq!(u64_at(&output.head, 28), data);
    assert_eq!(u64_at(&output.head, 36), data);
    assert_eq!(u32_at(&output.head, 44), 0);
    assert_eq!(&output.head[72..80], b"data\xFF\xFF\xFF\xFF");
}

#[test]
fn fact_refers_to_ds64_beyond_4_gib() {
    let (output, _) = large("auto", CodecId::PcmALaw, 4100, 0);
    assert_eq!(&output.head[..4], b"RF64");
    assert_eq!(u64_at(&output.head, 36), 4100 << 20);
    let fact = output.head.windows(4).position(|w| w == b"fact").unwrap();
    assert_eq!(u32_at(&output.head, fact + 8), u32::MAX);
}

#[test]
fn plain_wav_ends_complete_at_4_gib() {
    let (output, result) = large("never", CodecId::PcmU8, 4095, 1 << 20);
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("rf64"), "{error}");
    assert_eq!(u64::from(u32_at(&output.head, 4)), output.length - 8);
    assert_eq!(u32_at(&output.head, 40), 4095 << 20);
}

#[test]
fn ffprobe_reads_the_duration_of_a_large_file() {
    let (output, _) = large("auto", CodecId::PcmU8, 4100, 0);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, &output.head).unwrap();
    // The rest of the file is sparse.
    file.as_file().set_len(output.length).unwrap();
    let path = file.path().to_str().unwrap();
    let arguments = ["-v", "error", "-show_entries", "stream=duration_ts", "-of", "csv=p=0", path];
    // The program does not use the empty input.
    let Some(found) = run("ffprobe", &arguments, &[]) else { return };
    assert_eq!(String::from_utf8(found).unwrap().trim(), (4100u64 << 20).to_string());
}

#[test]
fn a_flushed_file_is_complete() {
    let stream = pcm(CodecId::PcmF32Le, 48_000, default_layout(2));
    let data = noise_bytes(800);
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(&WAV, &[]).unwrap();
    muxer.start(std::slice::from_ref(&stream), &Metadata::new(), &mut output).unwrap();
    for half in data.chunks(400) {
        muxer.write(&packet(half), &mut output).unwrap();
        muxer.flush(&mut output).unwrap();
        let played = hound::WavReader::new(Cursor::new(output.bytes())).unwrap();
        assert_eq!(played.len() as usize * 4, chunks(output.bytes()).last().unwrap().1.len());
    }
    let flushed = output.bytes().to_vec();
    muxer.finish(&[stream], &mut output).unwrap();
    assert_eq!(output.bytes(), flushed);
}

#[test]
fn a_file_may_start_anywhere_in_its_output() {
    use reelwright_core::Output as _;
    let stream = pcm(CodecId::PcmU8, 8000, default_layout(1));
    let mut output = MemoryOutput::seekable();
    output.write(b"before").unwrap();
    let mut muxer = open(&WAV, &[]).unwrap();
    muxer.start(std::slice::from_ref(&stream), &Metadata::new(), &mut output).unwrap();
    muxer.write(&packet(&[1; 9]), &mut output).unwrap();
    muxer.finish(&[stream], &mut output).unwrap();
    assert_eq!(&output.bytes()[..6], b"before");
    assert_eq!(chunks(&output.bytes()[6..]).last().unwrap().1, [1; 9]);
}

#[test]
fn any_failure_of_the_output_is_an_error() {
    check_failing_output(&WAV, &pcm(CodecId::PcmF32Le, 8000, default_layout(1)), &[0; 40]);
}

proptest! {
    #[test]
    fn file_does_not_depend_on_packet_sizes(
        cuts in prop::collection::vec(0usize..40, 1..8),
        seekable: bool,
    ) {
        let output = || memory(seekable);
        let data = noise_bytes(3 * 333);
        let stream = pcm(CodecId::PcmS24Le, 44_100, default_layout(1));
        let packets = cut(&data, 3, &cuts);
        let found = mux(&WAV, &[], &stream, &Metadata::new(), packets, output()).unwrap();
        let whole = mux(&WAV, &[], &stream, &Metadata::new(), [&data[..]], output()).unwrap();
        prop_assert_eq!(found, whole);
    }

    #[test]
    fn any_input_is_written_or_rejected(
        stream in any_stream(),
        packets in any_packets(),
        seekable: bool,
    ) {
        let output = memory(seekable);
        write_or_reject(&WAV, &stream, &packets, output);
    }
}
