//! Check that live streams are readable soon after they are written.

use std::sync::{Arc, Mutex};

use anyhow::{Context, ensure};
use reelwright::{
    ChannelLayout, StreamingMediaEncoder, Target, TensorView, TypedBuffer, audio_encoders, muxers,
};

use super::audio::InputAudio;
use super::case::{Case, Settings, Signal};
use super::media::Media;

const RATE: u32 = 48_000;
/// Number of audio frames between two checks, and maximum number of missing ones.
const STEP: usize = RATE as usize / 2;
const STEPS: usize = 8;

/// Writer that keeps all data in shared memory.
#[derive(Debug, Clone, Default)]
struct Recorder(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no thread has panicked").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Checks that whole pages have the audio of an Opus stream half a second after it was written.
/// Prints failures and returns their number.
pub(super) fn failures(media: &Media) -> usize {
    let mut failures = 0;
    for muxer in ["ogg", "oga", "opus"] {
        for layout in [ChannelLayout::MONO, ChannelLayout::STEREO] {
            match stream(media, muxer, layout) {
                Ok(()) => println!("live  {muxer} opus {layout}: readable within half a second"),
                Err(error) => {
                    failures += 1;
                    println!("FAILED live {muxer} opus {layout}: {error:#}");
                }
            }
        }
    }
    failures
}

fn stream(media: &Media, muxer: &str, layout: ChannelLayout) -> anyhow::Result<()> {
    let case = Case {
        muxer: muxers().find(|info| info.name == muxer).context("the muxer is not available")?,
        encoder: audio_encoders()
            .find(|info| info.encoder.name == "opus")
            .context("the Opus encoder is not available")?,
        input_rate: RATE,
        sample_rate: RATE,
        layout,
        seekable: false,
        signal: Signal::Media,
        input_frames: STEP * STEPS,
        settings: Settings::default(),
    };
    let audio = InputAudio::new(media, &case, reelwright::DataType::F32);
    let TypedBuffer::F32(samples) = &audio.samples else { unreachable!("the type was requested") };
    let recorder = Recorder::default();
    let target = Target::writer(recorder.clone());
    let mut encoder = StreamingMediaEncoder::new(target, Some(muxer))?;
    encoder.add_audio_stream(&case.stream())?;
    encoder.open()?;
    for (index, chunk) in samples.chunks(STEP * layout.channels()).enumerate() {
        let shape = [STEP, layout.channels()];
        encoder.write_audio_chunk(0, &TensorView::contiguous(chunk, &shape)?, None)?;
        let heard = heard(&recorder.0.lock().expect("no thread has panicked"));
        let written = (index + 1) * STEP;
        ensure!(heard + STEP as u64 >= written as u64, "{heard} of {written} samples are readable");
    }
    encoder.close()?;
    let heard = heard(&recorder.0.lock().expect("no thread has panicked"));
    ensure!(
        heard as usize >= STEP * STEPS,
        "{heard} of {} samples are readable at the end",
        STEP * STEPS
    );
    Ok(())
}

/// Returns the number of audio frames up to the end of the last whole page, without the pre-skip
/// (RFC 3533 §6, RFC 7845 §5.1).
fn heard(mut bytes: &[u8]) -> u64 {
    let (mut pre_skip, mut end) = (0, 0);
    while let Some((header, rest)) = bytes.split_at_checked(27) {
        let segments = usize::from(header[26]);
        let Some((lengths, body)) = rest.split_at_checked(segments) else { break };
        let length = lengths.iter().map(|length| usize::from(*length)).sum();
        let Some((body, next)) = body.split_at_checked(length) else { break };
        if body.starts_with(b"OpusHead") {
            pre_skip = u64::from(u16::from_le_bytes([body[10], body[11]]));
        }
        let granule = header[6..14].try_into().map(u64::from_le_bytes).unwrap_or_default();
        // A granule position of -1 means that no packet ends on the page.
        if granule != u64::MAX {
            end = granule;
        }
        bytes = next;
    }
    end.saturating_sub(pre_skip)
}
