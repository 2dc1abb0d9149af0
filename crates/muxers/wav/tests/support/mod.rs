//! What the tests of the plain audio muxers share: outputs that misbehave, a way to run a muxer
//! over packets, and foreign readers.
#![allow(dead_code)] // each test uses what it needs

use std::io::{self, Write as _};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use reelwright_core::{
    AudioParameters, ChannelLayout, CodecId, CodecRecord, Error, MediaParameters, MemoryOutput,
    Metadata, Muxer, MuxerInfo, Options, Output, Packet, Result, SampleFormat, StreamParameters,
    TimeBase,
};

/// The parameters of a PCM stream.
pub(crate) fn pcm(codec: CodecId, rate: u32, layout: ChannelLayout) -> StreamParameters {
    StreamParameters {
        time_base: TimeBase::of_sample_rate(rate.max(1)).unwrap(),
        codec,
        record: CodecRecord::None,
        bit_rate: None,
        media: MediaParameters::Audio(AudioParameters {
            sample_rate: rate,
            layout,
            sample_format: SampleFormat::S16,
            bits_per_sample: 8 * codec.bytes_per_sample().unwrap_or(2) as u32,
            frame_size: None,
        }),
    }
}

/// The usual layout of some channels.
pub(crate) fn usual(channels: usize) -> ChannelLayout {
    ChannelLayout::default_for(channels).unwrap()
}

/// Metadata of these keys and values.
pub(crate) fn tags<const N: usize>(entries: [(&str, &str); N]) -> Metadata {
    let mut tags = Metadata::new();
    for (key, value) in entries {
        tags.set(key, value).unwrap();
    }
    tags
}

/// Bytes that are never the same twice in a row, nor periodic in any frame size; as floats they
/// are finite.
pub(crate) fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_F491u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // An exponent of all ones would be a NaN, which decoders need not keep.
        (state >> 24) as u8 & 0x3F
    };
    (0..bytes).map(next).collect()
}

/// A packet of stream 0.
pub(crate) fn packet(data: &[u8]) -> Packet {
    Packet { data: data.to_vec(), keyframe: true, ..Packet::default() }
}

/// A muxer with these options.
pub(crate) fn open(info: &MuxerInfo, options: &[(&str, &str)]) -> Result<Box<dyn Muxer>> {
    let mut options: Options = options.iter().copied().collect();
    let muxer = (info.open)(&mut options)?;
    options.finish(info.options)?;
    Ok(muxer)
}

/// A file of one stream, its data cut into packets.
pub(crate) fn mux<'a>(
    info: &MuxerInfo,
    options: &[(&str, &str)],
    stream: &StreamParameters,
    tags: &Metadata,
    packets: impl IntoIterator<Item = &'a [u8]>,
    mut output: MemoryOutput,
) -> Result<Vec<u8>> {
    let streams = std::slice::from_ref(stream);
    let mut muxer = open(info, options)?;
    muxer.start(streams, tags, &mut output)?;
    for data in packets {
        muxer.write(&packet(data), &mut output)?;
    }
    muxer.finish(streams, &mut output)?;
    Ok(output.into_bytes())
}

/// `data`, cut after `cuts` blocks of `block` bytes each, over and over.
pub(crate) fn cut<'a>(mut data: &'a [u8], block: usize, cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut packets = Vec::new();
    for blocks in cuts.iter().cycle().take(1000) {
        let (packet, rest) = data.split_at((blocks * block).min(data.len()));
        packets.push(packet);
        data = rest;
    }
    packets.push(data);
    packets
}

/// Fails once `left` bytes were written or patched.
pub(crate) struct FailingOutput {
    inner: MemoryOutput,
    left: usize,
}

impl FailingOutput {
    fn spend(&mut self, bytes: usize) -> Result<()> {
        let full = || Error::io("Failed to write", io::ErrorKind::StorageFull.into());
        self.left = self.left.checked_sub(bytes).ok_or_else(full)?;
        Ok(())
    }
}

impl Output for FailingOutput {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.spend(bytes.len())?;
        self.inner.write(bytes)
    }

    fn position(&self) -> u64 {
        self.inner.position()
    }

    fn is_seekable(&self) -> bool {
        self.inner.is_seekable()
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        self.spend(bytes.len())?;
        self.inner.patch(at, bytes)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Runs a muxer over an output that fails after every number of bytes: an error each time, until
/// there is room for everything.
pub(crate) fn fails_anywhere(info: &MuxerInfo, stream: &StreamParameters, data: &[u8]) {
    let streams = std::slice::from_ref(stream);
    let tags = tags([("title", "A title"), ("comment", "a comment")]);
    for inner in [MemoryOutput::seekable(), MemoryOutput::streaming()] {
        let mut done = false;
        for left in 0..100_000 {
            let mut output = FailingOutput { inner: inner.clone(), left };
            let mut muxer = open(info, &[]).unwrap();
            let result = muxer
                .start(streams, &tags, &mut output)
                .and_then(|()| muxer.write(&packet(data), &mut output))
                .and_then(|()| muxer.flush(&mut output))
                .and_then(|()| muxer.finish(streams, &mut output));
            if result.is_ok() {
                done = true;
                assert!(left >= output.inner.bytes().len());
                break;
            }
        }
        assert!(done, "{}: never enough", info.name);
    }
}

/// What every muxer of one PCM stream refuses: packets of other streams and of parts of samples,
/// calls at the wrong time, other numbers of streams.
pub(crate) fn refuses_what_is_wrong(info: &MuxerInfo, stream: &StreamParameters) {
    let streams = std::slice::from_ref(stream);
    let block =
        stream.codec.bytes_per_sample().unwrap() * stream.audio().unwrap().layout.channels();
    let none = Metadata::new();
    let mut output = MemoryOutput::seekable();
    let mut muxer = open(info, &[]).unwrap();
    assert!(muxer.write(&packet(&[]), &mut output).is_err());
    assert!(muxer.finish(streams, &mut output).is_err());
    assert!(muxer.start(&[], &none, &mut output).is_err());
    let two = [stream.clone(), stream.clone()];
    assert!(muxer.start(&two, &none, &mut output).is_err());
    assert!(output.bytes().is_empty(), "{}: nothing is written for what is refused", info.name);
    muxer.start(streams, &none, &mut output).unwrap();
    let header = output.bytes().len();
    let message = |result: Result<()>| result.unwrap_err().to_string();
    let ragged = message(muxer.write(&packet(&vec![0; block + 1]), &mut output));
    assert!(ragged.contains(&format!("{} bytes", block + 1)), "{ragged}");
    let other = Packet { stream: 7, ..packet(&vec![0; block]) };
    let other = message(muxer.write(&other, &mut output));
    assert!(other.contains("Found: 7"), "{other}");
    muxer.write(&packet(&[]), &mut output).unwrap();
    assert_eq!(output.bytes().len(), header);
    muxer.finish(streams, &mut output).unwrap();
    assert!(muxer.write(&packet(&[]), &mut output).is_err());
}

/// Streams of any codec, rate and layout, fit for a container or not.
pub(crate) fn any_stream() -> impl Strategy<Value = StreamParameters> {
    use CodecId as C;
    let codecs = [
        [C::PcmU8, C::PcmS8, C::PcmS16Le, C::PcmS16Be, C::PcmS24Le, C::PcmS24Be],
        [C::PcmS32Le, C::PcmS32Be, C::PcmS64Le, C::PcmS64Be, C::PcmF32Le, C::PcmF32Be],
        [C::PcmF64Le, C::PcmF64Be, C::PcmALaw, C::PcmMuLaw, C::Flac, C::RawVideo],
    ];
    let channels = prop_oneof![1usize..9, 1usize..65_536];
    let rate = prop_oneof![Just(48_000), any::<u32>()];
    (prop::sample::select(codecs.concat()), rate, channels)
        .prop_map(|(codec, rate, channels)| pcm(codec, rate, usual(channels)))
}

/// Packets of a stream and a length, fit for a container or not.
pub(crate) fn any_packets() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0usize..3, 0usize..64), 0..10)
}

/// Writes what comes, whatever is refused: nothing panics, and what was not refused is there.
pub(crate) fn write_or_refuse(
    info: &MuxerInfo,
    stream: &StreamParameters,
    packets: &[(usize, usize)],
    mut output: MemoryOutput,
) {
    let streams = std::slice::from_ref(stream);
    let mut muxer = open(info, &[]).unwrap();
    let started = muxer.start(streams, &Metadata::new(), &mut output).is_ok();
    for &(stream, bytes) in packets {
        let before = output.bytes().len();
        let packet = Packet { stream, ..packet(&noise(bytes)) };
        let written = muxer.write(&packet, &mut output).is_ok();
        assert!(started || !written);
        assert_eq!(output.bytes()[before..], packet.data[..if written { bytes } else { 0 }]);
        let _ = muxer.flush(&mut output);
    }
    assert_eq!(muxer.finish(streams, &mut output).is_ok(), started);
}

/// Keeps nothing of what is written but its first bytes, and counts.
pub(crate) struct CountingOutput {
    /// The first bytes.
    pub(crate) head: Vec<u8>,
    /// How many there were.
    pub(crate) length: u64,
}

impl CountingOutput {
    const HEAD: usize = 4096;

    /// An output that can be patched within its head.
    pub(crate) fn new() -> Self {
        Self { head: Vec::new(), length: 0 }
    }
}

impl Output for CountingOutput {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let room = Self::HEAD - self.head.len();
        self.head.extend(&bytes[..bytes.len().min(room)]);
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn position(&self) -> u64 {
        self.length
    }

    fn is_seekable(&self) -> bool {
        true
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        let at = at as usize;
        self.head[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Runs a program over a file's bytes: what it printed, or nothing where it is not installed.
/// `{}` in an argument is the path of a file that holds the bytes; where no argument has it, they
/// go to standard input.
pub(crate) fn run(program: &str, arguments: &[&str], bytes: &[u8]) -> Option<Vec<u8>> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let path = file.path().to_str().unwrap();
    let piped = !arguments.iter().any(|argument| argument.contains("{}"));
    // From another process, not the file itself: readers must not be able to seek.
    let mut cat =
        piped.then(|| Command::new("cat").arg(path).stdout(Stdio::piped()).spawn().ok()).flatten();
    let stdin = cat.as_mut().and_then(|cat| cat.stdout.take()).map_or(Stdio::null(), Stdio::from);
    let arguments = arguments.iter().map(|a| a.replace("{}", path));
    let result = Command::new(program).args(arguments).stdin(stdin).output();
    if let Some(mut cat) = cat {
        let _ = cat.wait();
    }
    let output = match result {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            eprintln!("skipped: no {program}");
            return None;
        }
        Err(error) => panic!("{program}: {error}"),
    };
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

/// The sound ffmpeg finds in a file, undecoded; `input` is `{}` to read the file, `-` a pipe.
pub(crate) fn ffmpeg_sound(demuxer: &str, input: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let output = ["-map", "0:a", "-c", "copy", "-f", "data", "-"];
    run("ffmpeg", &[&["-v", "error", "-f", demuxer, "-i", input], &output[..]].concat(), bytes)
}

/// One field of the first stream (`stream=`), or the file (`format=`, `format_tags=`), as ffprobe
/// sees it.
pub(crate) fn ffprobe(demuxer: &str, entry: &str, bytes: &[u8]) -> Option<String> {
    let arguments = ["-v", "error", "-f", demuxer, "-show_entries", entry, "-of", "csv=p=0", "{}"];
    let printed = String::from_utf8(run("ffprobe", &arguments, bytes)?).unwrap();
    Some(printed.trim_end().to_owned())
}

/// That ffmpeg and ffprobe find in a muxer's files what was put in: every codec, 1, 2 and 6
/// channels, an odd number of samples, to outputs of both kinds. What went to a stream is read from
/// a pipe as well.
pub(crate) fn ffmpeg_finds_what_was_written(info: &MuxerInfo, demuxer: &str) {
    for &codec in info.audio_codecs {
        for channels in [1, 2, 6] {
            let block = codec.bytes_per_sample().unwrap() * channels;
            let data = noise(1237 * block);
            let stream = pcm(codec, 44_100, usual(channels));
            let file = |output| {
                let packets = cut(&data, block, &[1, 100, 0, 33]);
                mux(info, &[], &stream, &Metadata::new(), packets, output).unwrap()
            };
            let (file, streamed) =
                (file(MemoryOutput::seekable()), file(MemoryOutput::streaming()));
            for (input, bytes) in [("{}", &file), ("{}", &streamed), ("-", &streamed)] {
                let Some(found) = ffmpeg_sound(demuxer, input, bytes) else { return };
                assert_eq!(found.len(), data.len(), "{} {codec} {channels}", info.name);
                assert!(found == data, "{} {codec} {channels}", info.name);
            }
            let entry = "stream=codec_name,sample_rate,channels";
            let Some(found) = ffprobe(demuxer, entry, &file) else { return };
            assert_eq!(found, format!("{codec},44100,{channels}"), "{}", info.name);
        }
    }
}
