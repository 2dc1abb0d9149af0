//! The `mp3` muxer.

use std::time::Duration;

use id3::Version;
use reelwright_core::helpers::single_stream::{self, not_started};
use reelwright_core::{
    CodecId, CodecRecord, Destination, Error, Metadata, Mp3Info, Muxer, Packet, Result,
    StreamParameters, TimeBase, Timestamp,
};

use crate::frame::Header;
use crate::id3::{version_1, version_2};
use crate::info_frame::InfoFrame;

/// The `mp3` muxer.
#[derive(Debug)]
pub(crate) struct Mp3 {
    id3v2: Option<Version>,
    id3v1: bool,
    xing: bool,
    file: Option<File>,
}

/// State of an open file.
#[derive(Debug)]
struct File {
    /// A tag to patch once the end of the last chapter is known.
    open_tag: Option<OpenTag>,
    id3v1: Option<[u8; 128]>,
    has_audio: bool,
    info: Option<InfoFrame>,
}

/// A tag whose last chapter has no end.
#[derive(Debug)]
struct OpenTag {
    tags: Metadata,
    version: Version,
    /// Position in the output.
    at: u64,
    length: usize,
    /// Length of the media so far.
    samples: u64,
}

impl OpenTag {
    fn add(&mut self, packet: &Packet) {
        let trims = u64::from(packet.trim_start) + u64::from(packet.trim_end);
        self.samples += packet.duration.max(0).unsigned_abs().saturating_sub(trims);
    }

    /// Returns the tag with the end of the media. `unit` is the duration of a sample.
    fn to_bytes(&self, unit: TimeBase) -> Result<Option<Vec<u8>>> {
        let samples = i64::try_from(self.samples).unwrap_or(i64::MAX);
        let end = Duration::try_from_secs_f64(unit.to_seconds(Timestamp(samples))).ok();
        let tag = version_2(&self.tags, self.version, end)?;
        Ok((tag.len() == self.length).then_some(tag))
    }
}

impl Mp3 {
    pub(crate) const fn new(id3v2: Option<Version>, id3v1: bool, xing: bool) -> Self {
        Self { id3v2, id3v1, xing, file: None }
    }
}

impl Muxer for Mp3 {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        only_stream(streams)?;
        let file = self.file.insert(File {
            open_tag: None,
            id3v1: self.id3v1.then(|| version_1(tags)),
            has_audio: false,
            info: None,
        });
        let Some(version) = self.id3v2 else { return Ok(()) };
        let tag = version_2(tags, version, None)?;
        let output = to.output();
        let is_open = tags.chapters().last().is_some_and(|chapter| chapter.end.is_none());
        if is_open && output.is_seekable() {
            let (tags, at, length) = (tags.clone(), output.position(), tag.len());
            file.open_tag = Some(OpenTag { tags, version, at, length, samples: 0 });
        }
        output.write(&tag)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("mp3"))?;
        single_stream::check(packet)?;
        let header = Header::read(&packet.data).ok_or_else(|| {
            Error::chunk(format!(
                "A packet of mp3 must begin with the header of a frame of layer III. Found: {:02x?}",
                &packet.data[..packet.data.len().min(4)]
            ))
            .in_stream(0)
        })?;
        let output = to.output();
        if !file.has_audio && self.xing && output.is_seekable() {
            file.info = InfoFrame::new(header, output.position());
            if let Some(info) = &file.info {
                output.write(&info.placeholder())?;
            }
        }
        file.has_audio = true;
        if let Some(info) = &mut file.info {
            info.add(packet);
        }
        if let Some(tag) = &mut file.open_tag {
            tag.add(packet);
        }
        output.write(&packet.data)
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        self.file.as_ref().ok_or_else(|| not_started("mp3"))?;
        to.output().flush()
    }

    fn finish(&mut self, streams: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        let file = self.file.take().ok_or_else(|| not_started("mp3"))?;
        let (stream, info) = only_stream(streams)?;
        if let Some(frame) = &file.info
            && to.output().can_patch()?
        {
            to.output().patch(frame.at, &frame.to_bytes(info, stream.bit_rate))?;
        }
        if let Some(open) = &file.open_tag
            && to.output().can_patch()?
            && let Some(tag) = open.to_bytes(stream.time_base)?
        {
            to.output().patch(open.at, &tag)?;
        }
        match &file.id3v1 {
            Some(tag) => to.output().write(tag),
            None => Ok(()),
        }
    }
}

/// Returns the single stream of a file and its record.
fn only_stream(streams: &[StreamParameters]) -> Result<(&StreamParameters, Mp3Info)> {
    let stream = single_stream::only("mp3", streams)?;
    match (stream.codec, &stream.record) {
        (CodecId::Mp3, CodecRecord::Mp3(info)) => Ok((stream, *info)),
        (codec, _) => Err(Error::unsupported(format!(
            "mp3 supports packets of mp3 with their record. Found: {codec}"
        ))
        .in_stream(0)),
    }
}
