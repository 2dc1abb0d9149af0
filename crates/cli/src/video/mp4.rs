//! The H.264 pictures of an MP4 file.

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use reelwright::{ColorInfo, PixelFormat, Rational};
use rusty_h264_common::YuvFrame;
use symphonia::core::codecs::video::well_known::CODEC_ID_H264;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use super::h264::H264;
use super::{Planes, Source, VideoInput};

pub(super) struct Mp4 {
    name: String,
    format: Box<dyn FormatReader>,
    track: u32,
    decoder: H264,
    /// When the pictures that are yet to come are shown, in seconds.
    times: VecDeque<f64>,
    seconds: f64,
    ended: bool,
    shown: Option<YuvFrame>,
    /// Whether the first picture, which is decoded when the file is opened, was handed out.
    has_begun: bool,
}

/// None where the file has no pictures.
pub(super) fn open(path: &Path) -> anyhow::Result<Option<VideoInput>> {
    let name = path.display().to_string();
    let failed = || format!("Failed to read input: {name}");
    let file = File::open(path).with_context(|| format!("Failed to open input: {name}"))?;
    if !file.metadata().with_context(failed)?.is_file() {
        return Ok(None);
    }
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let mut hint = Hint::new();
    hint.with_extension("mp4");
    let format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .with_context(failed)?;
    let Some(track) = format.default_track(TrackType::Video) else { return Ok(None) };
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.video());
    let Some(parameters) = parameters.filter(|parameters| parameters.codec == CODEC_ID_H264) else {
        bail!("{} (its pictures are not H.264, which is all that is read)", failed());
    };
    let record = parameters.extra_data.first().map(|data| &*data.data).unwrap_or_default();
    let decoder = H264::new(record).with_context(failed)?;
    let seconds = track
        .time_base
        .map(|base| f64::from(base.numer.get()) / f64::from(base.denom.get()))
        .ok_or_else(|| anyhow!("{} (its pictures have no times)", failed()))?;
    let (track, duration) = (track.id, track.num_frames);
    let mut mp4 = Mp4 {
        name: name.clone(),
        format,
        track,
        decoder,
        times: VecDeque::new(),
        seconds,
        ended: false,
        shown: None,
        has_begun: false,
    };
    let Some(rate) = mp4.first().with_context(failed)? else {
        bail!("{} (it has no pictures)", failed());
    };
    let Some(picture) = &mp4.shown else { bail!("{} (it has no pictures)", failed()) };
    let color = ColorInfo::default();
    Ok(Some(VideoInput {
        width: picture.width,
        height: picture.height,
        frame_rate: Rational::from_f64(rate)?,
        format: PixelFormat::Yuv420p,
        color,
        duration,
        source: Source::Mp4(Box::new(mp4)),
    }))
}

impl Mp4 {
    /// Decodes the first picture; tells how many a second there are at the start.
    fn first(&mut self) -> anyhow::Result<Option<f64>> {
        let Some(duration) = self.decode()? else { return Ok(None) };
        self.shown = self.picture()?;
        Ok(Some(1.0 / (duration as f64 * self.seconds).max(1e-6)))
    }

    /// Decodes a packet; tells its duration. None at the end.
    fn decode(&mut self) -> anyhow::Result<Option<u64>> {
        loop {
            let Some(packet) = self.format.next_packet()? else { return Ok(None) };
            if packet.track_id != self.track {
                continue;
            }
            self.times.push_back(packet.pts.get() as f64 * self.seconds);
            self.decoder.push(&packet.data)?;
            return Ok(Some(packet.dur.get()));
        }
    }

    fn picture(&mut self) -> anyhow::Result<Option<YuvFrame>> {
        loop {
            if let Some(picture) = self.decoder.pop(self.ended) {
                return Ok(Some(picture));
            }
            if self.ended {
                return Ok(None);
            }
            self.ended = self.decode()?.is_none();
        }
    }

    pub(super) fn next(&mut self) -> anyhow::Result<Option<Planes<'_>>> {
        let first = self.shown.take().filter(|_| !self.has_begun);
        self.has_begun = true;
        let picture = match first {
            Some(picture) => Some(picture),
            None => {
                self.picture().with_context(|| format!("Failed to read input: {}", self.name))?
            }
        };
        let Some(picture) = picture else { return Ok(None) };
        // Pictures are shown at the times at which they are decoded, in another order: the reader
        // knows no others.
        let pts = self.times.pop_front();
        let picture = self.shown.insert(picture);
        Ok(Some(Planes { planes: [&picture.y, &picture.u, &picture.v], pts }))
    }
}
