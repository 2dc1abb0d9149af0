//! Format of a tee.

use reelwright_core::{Error, MuxerInfo};

/// Format with several outputs, which is not one of [`muxers`](crate::muxers). Its destination is
/// text such as `[f=mp4]a.mp4|[select=a:onfail=ignore]b.aac`, in FFmpeg's syntax. All outputs
/// receive the packets of one encoder, and have the same bytes as single outputs.
///
/// ```
/// use reelwright::{AudioStream, StreamingMediaEncoder, TEE, TensorView};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
/// # let (wav, w64) = (path("a.wav"), path("b.w64"));
/// let outputs = format!("{wav}|[onfail=ignore]{w64}");
/// let mut encoder = StreamingMediaEncoder::new(&outputs, Some(TEE.name))?;
/// encoder.add_audio_stream(&AudioStream::new(16_000, 1))?;
/// encoder.open()?;
/// encoder.write_audio_chunk(0, &TensorView::contiguous(&[0.5f32; 400], &[400, 1])?, None)?;
/// encoder.finish()?;
/// assert!(std::fs::read(&wav)?.len() > 800 && std::fs::read(&w64)?.len() > 800);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub static TEE: MuxerInfo =
    MuxerInfo::new("tee", "several outputs: [f=mp4]a.mp4|[select=a:onfail=ignore]b.aac", &|_| {
        Err(Error::state("A tee is opened by its encoder."))
    })
    .max_streams(usize::MAX);
