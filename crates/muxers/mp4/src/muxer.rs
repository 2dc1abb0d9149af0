//! The muxer: passes streams and packets to a layout.

use reelwright_core::helpers::single_stream::not_started;
use reelwright_core::{
    Destination, Error, MediaKind, Metadata, Muxer, Output, Packet, Result, StreamParameters,
    TimeLimits, helpers::list,
};

use crate::clock::Clock;
use crate::file::File;
use crate::flavor::Flavor;
use crate::layout::{Layout, open};
use crate::movie::Movie;
use crate::options::Settings;
use crate::subtitle::Subtitles;
use crate::tables::Samples;
use crate::text_entry::TextArea;
use crate::track::{Kind, Track};

/// Muxer of any format of the family.
pub(crate) struct Mp4 {
    flavor: &'static Flavor,
    settings: Settings,
    open: Option<(File, Box<dyn Layout>)>,
}

impl Mp4 {
    pub(crate) const fn new(flavor: &'static Flavor, settings: Settings) -> Self {
        Self { flavor, settings, open: None }
    }

    fn check(&self, streams: &[StreamParameters]) -> Result<()> {
        let name = self.flavor.name;
        if streams.is_empty() {
            return Err(Error::unsupported(format!(
                "{name} requires at least one stream. Found: 0"
            )));
        }
        for (i, stream) in streams.iter().enumerate() {
            let codecs = match stream.kind() {
                MediaKind::Audio => self.flavor.audio_codecs,
                MediaKind::Subtitle => self.flavor.subtitle_codecs,
                _ => self.flavor.video_codecs,
            };
            if !codecs.contains(&stream.codec) {
                return Err(Error::unsupported(format!(
                    "{name} does not support {}. Supported values are {}.",
                    stream.codec,
                    list(codecs)
                ))
                .in_stream(i));
            }
        }
        Ok(())
    }
}

impl Muxer for Mp4 {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        self.check(streams)?;
        let output = to.output();
        let (mut layout, keeps_tables) = open(&self.settings, output.is_seekable())?;
        let track = |(index, stream)| {
            Track::new(index, stream, keeps_tables).map_err(|error: Error| error.in_stream(index))
        };
        let mut file = File {
            movie: Movie::new(self.flavor, tags, self.settings.use_keys, streams)?,
            streams: streams.to_vec(),
            tracks: streams.iter().enumerate().map(track).collect::<Result<_>>()?,
            subtitles: subtitles(streams),
            boxes: Vec::new(),
        };
        // Reports unsupported streams now instead of at the end.
        file.movie(Samples::Fragments)?;
        file.boxes.clear();
        layout.start(&mut file, output)?;
        self.open = Some((file, layout));
        Ok(())
    }

    fn time_limits(&self, stream: &StreamParameters) -> TimeLimits {
        let clock = Clock::new(stream.time_base, stream.video().is_some());
        clock.map_or(TimeLimits::NONE, Clock::limits)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let (file, layout) = self.open.as_mut().ok_or_else(|| not_started(self.flavor.name))?;
        let (index, count) = (packet.stream, file.tracks.len());
        let Some(track) = file.tracks.get(index) else {
            return Err(Error::argument(format!(
                "A packet must be of one of {count} streams, from 0 on. Found: {index}"
            )));
        };
        let output = to.output();
        if track.kind == Kind::Subtitle {
            let File { subtitles, streams, .. } = file;
            let found = subtitles.iter_mut().find(|subtitles| subtitles.index == index);
            let pushed = found.map_or(Ok(()), |found| found.push(packet, &streams[index]));
            pushed.map_err(|error| error.in_stream(index))?;
            return write_subtitles(file, &mut **layout, output);
        }
        if !file.subtitles.is_empty() {
            settle_subtitles(file, |file, stream| {
                file.streams[index].time_base.rescale(packet.dts, stream.time_base).0
            })?;
            write_subtitles(file, &mut **layout, output)?;
        }
        write_sample(file, &mut **layout, packet, output)
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        let (file, layout) = self.open.as_mut().ok_or_else(|| not_started(self.flavor.name))?;
        if file.has_batch() {
            layout.write_batch(file, to.output())?;
        }
        to.output().flush()
    }

    fn finish(&mut self, streams: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        let open = self.open.take();
        let (mut file, mut layout) = open.ok_or_else(|| not_started(self.flavor.name))?;
        if streams.len() == file.streams.len() {
            file.streams = streams.to_vec();
        }
        settle_subtitles(&mut file, |_, _| i64::MAX)?;
        write_subtitles(&mut file, &mut *layout, to.output())?;
        for track in &mut file.tracks {
            track.settle_last();
        }
        if file.has_batch() {
            layout.write_batch(&mut file, to.output())?;
        }
        if !file.movie.chapters().is_empty() {
            layout.add_chapters(&mut file, to.output())?;
        }
        layout.finish(&mut file, to.output())
    }
}

/// Returns the sample makers of the subtitle streams.
fn subtitles(streams: &[StreamParameters]) -> Vec<Subtitles> {
    let area = TextArea::of(streams);
    let all = streams.iter().enumerate();
    let subtitles = all.filter(|(_, stream)| stream.kind() == MediaKind::Subtitle);
    subtitles.map(|(index, stream)| Subtitles::new(index, stream.codec, area)).collect()
}

/// Completes subtitles that end by a time in the time base of their stream.
fn settle_subtitles(
    file: &mut File,
    until: impl Fn(&File, &StreamParameters) -> i64,
) -> Result<()> {
    let mut subtitles = std::mem::take(&mut file.subtitles);
    let settled = subtitles.iter_mut().try_for_each(|subtitles| {
        let until = until(file, &file.streams[subtitles.index]);
        subtitles.settle(until).map_err(|error| error.in_stream(subtitles.index))
    });
    file.subtitles = subtitles;
    settled
}

/// Adds the complete subtitle samples to the batch.
#[cold]
fn write_subtitles(
    file: &mut File,
    layout: &mut dyn Layout,
    output: &mut dyn Output,
) -> Result<()> {
    while let Some(sample) = file.subtitles.iter_mut().find_map(Subtitles::pop) {
        write_sample(file, layout, &sample, output)?;
    }
    Ok(())
}

/// Adds a packet to the batch. Writes the batch before if it is due.
#[inline(always)]
fn write_sample(
    file: &mut File,
    layout: &mut dyn Layout,
    packet: &Packet,
    output: &mut dyn Output,
) -> Result<()> {
    let index = packet.stream;
    let timed = file.tracks[index]
        .time(packet, file.streams[index].codec)
        .map_err(|error| error.in_stream(index))?;
    if file.has_batch() && layout.is_due(file, index, &timed, packet.data.len()) {
        file.tracks[index].settle_frame(timed.dts);
        layout.write_batch(file, output)?;
    }
    file.tracks[index].add(timed, &packet.data);
    Ok(())
}
