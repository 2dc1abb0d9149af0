//! Downmixing with and without resampling: the output is not louder than full scale if the encoded
//! format cannot represent it, and is as loud as that of FFmpeg's swresample.

use std::io::Cursor;

use reelwright::{
    AudioStream, ChannelLayout, SampleFormat, StreamingMediaEncoder, Target, TensorView,
};
use reelwright_testkit::program::{ffmpeg_decode, run};

const RATE: usize = 44_100;
const FRAMES: usize = RATE / 2;

/// Returns the same loud tones in all channels but the low-frequency one.
fn tones(channels: usize) -> Vec<f32> {
    let sample = |i: usize| {
        let at = (i / channels) as f32 / RATE as f32 * std::f32::consts::TAU;
        if channels == 6 && i % 6 == 3 {
            0.0
        } else {
            0.55 * (441.0 * at).sin() + 0.32 * (98.0 * at).sin()
        }
    };
    (0..FRAMES * channels).map(sample).collect()
}

struct Case {
    from: &'static str,
    to: &'static str,
    rate: u32,
    format: &'static str,
    encoder: &'static str,
    encoder_format: Option<SampleFormat>,
    is_integer: bool,
}

impl Case {
    /// Returns the file, encoded from floats or from 16-bit samples.
    fn file(&self) -> Vec<u8> {
        let from: ChannelLayout = self.from.parse().unwrap();
        let to: ChannelLayout = self.to.parse().unwrap();
        let samples = tones(from.channels());
        let mut cursor = Cursor::new(Vec::new());
        let target = Target::seekable_writer(&mut cursor);
        let mut encoder = StreamingMediaEncoder::new(target, Some(self.format)).unwrap();
        let mut stream = AudioStream::new(RATE as u32, from.channels())
            .format(if self.is_integer { SampleFormat::S16 } else { SampleFormat::Flt })
            .encoder(self.encoder)
            .encoder_sample_rate(self.rate)
            .encoder_num_channels(to.channels());
        if let Some(format) = self.encoder_format {
            stream = stream.encoder_format(format);
        }
        encoder.add_audio_stream(&stream).unwrap();
        encoder.open().unwrap();
        let shape = [FRAMES, from.channels()];
        if self.is_integer {
            let samples: Vec<_> = samples.iter().map(|x| (x * 32_768.0) as i16).collect();
            let chunk = TensorView::contiguous(&samples, &shape).unwrap();
            encoder.write_audio_chunk(0, &chunk, None).unwrap();
        } else {
            let chunk = TensorView::contiguous(&samples, &shape).unwrap();
            encoder.write_audio_chunk(0, &chunk, None).unwrap();
        }
        encoder.close().unwrap();
        assert_eq!(encoder.clamped_samples(0).unwrap_or(0), 0, "{}", self.encoder);
        drop(encoder);
        cursor.into_inner()
    }

    fn name(&self) -> String {
        let Self { from, to, rate, encoder, encoder_format, is_integer, .. } = self;
        format!("{from} to {to} at {rate}, {encoder} {encoder_format:?}, {is_integer}")
    }
}

/// Returns the peak of a file that ffmpeg decodes, without its start and end.
fn peak(format: &str, file: &[u8]) -> Option<f32> {
    Some(peak_of(&ffmpeg_decode(format, "f32le", file)?))
}

fn peak_of(bytes: &[u8]) -> f32 {
    let samples: Vec<_> = bytes.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect();
    let ends = samples.len() / 10;
    let inner = &samples[ends..samples.len() - ends];
    inner.iter().fold(0.0, |peak: f32, x| peak.max(x.abs()))
}

/// Returns the peak of swresample's output in a sample format.
fn expected(case: &Case, format: &str) -> Option<f32> {
    let from: ChannelLayout = case.from.parse().unwrap();
    let bytes: Vec<u8> = tones(from.channels()).iter().flat_map(|x| x.to_le_bytes()).collect();
    let layouts = format!(
        "aresample=in_chlayout={}:out_chlayout={}:out_sample_rate={}:out_sample_fmt={format}",
        case.from, case.to, case.rate
    );
    let (rate, channels) = (RATE.to_string(), from.channels().to_string());
    let input = ["-v", "error", "-f", "f32le", "-ar", &rate, "-ac", &channels, "-i", "{}"];
    let output = ["-af", &layouts, "-f", "f32le", "-"];
    Some(peak_of(&run("ffmpeg", &[&input[..], &output].concat(), &bytes)?))
}

/// Asserts that a downmix is as loud as that of swresample.
fn assert_as_loud_as_swresample(from: &'static str, to: &'static str) {
    for rate in [44_100, 16_000] {
        for (format, encoder, encoder_format, swr) in [
            ("wav", "pcm_s16le", Some(SampleFormat::S16), "s16"),
            ("wav", "pcm_f32le", None, "flt"),
            ("mp3", "mp3", None, "s16"),
            ("adts", "aac", None, "s16"),
        ] {
            let mut expected = None;
            for is_integer in [false, true] {
                let case = Case { from, to, rate, format, encoder, encoder_format, is_integer };
                let demuxer = if format == "adts" { "aac" } else { format };
                let Some(found) = self::peak(demuxer, &case.file()) else { return };
                let peak = expected.or_else(|| self::expected(&case, swr));
                let Some(peak) = peak else { return };
                expected = Some(peak);
                let is_lossy = matches!(format, "mp3" | "adts");
                let tolerance = if is_lossy { 0.08 } else { 0.002 };
                let name = case.name();
                assert!((found / peak - 1.0).abs() < tolerance, "{name}: {found} {peak}");
                assert!(encoder == "pcm_f32le" || found < 1.0, "{name}: {found}");
            }
        }
    }
}

#[test]
fn stereo_to_mono_is_as_loud_as_that_of_swresample() {
    assert_as_loud_as_swresample("stereo", "mono");
}

#[test]
fn surround_to_stereo_is_as_loud_as_that_of_swresample() {
    assert_as_loud_as_swresample("5.1", "stereo");
}

#[test]
fn surround_to_mono_is_as_loud_as_that_of_swresample() {
    assert_as_loud_as_swresample("5.1", "mono");
}

#[test]
fn opus_is_no_louder_than_full_scale() {
    let case = Case {
        from: "5.1",
        to: "stereo",
        rate: 48_000,
        format: "ogg",
        encoder: "opus",
        encoder_format: None,
        is_integer: false,
    };
    let Some(found) = peak("ogg", &case.file()) else { return };
    assert!((0.8..1.0).contains(&found), "{found}");
}
