//! The `ogg`, `oga` and `opus` muxers.

use reelwright_core::helpers::single_stream::not_started;
use reelwright_core::{
    CodecId, CodecRecord, Destination, Error, Metadata, Muxer, Packet, Result, StreamParameters,
    helpers::list,
};

use crate::headers::headers;
use crate::page::Pages;

/// Ogg muxer for any of its names.
#[derive(Debug)]
pub(crate) struct Ogg {
    name: &'static str,
    codecs: &'static [CodecId],
    /// Maximum page duration in microseconds.
    page_duration: i64,
    serial: u32,
    streams: Option<Vec<Stream>>,
    /// Finished pages that are not written yet.
    out: Vec<u8>,
}

/// State of a logical stream.
#[derive(Debug)]
struct Stream {
    pages: Pages,
    /// Offset of granule positions: number of samples before the first one that is played.
    pre_skip: i64,
    /// Maximum number of samples per page.
    page_samples: i64,
    /// Granule positions at the end of the written packets, and at the start of the page.
    granule: i64,
    page_start: i64,
}

impl Ogg {
    pub(crate) const fn new(
        name: &'static str,
        codecs: &'static [CodecId],
        page_duration: i64,
        serial: u32,
    ) -> Self {
        Self { name, codecs, page_duration, serial, streams: None, out: Vec::new() }
    }

    fn stream(&self, index: usize, stream: &StreamParameters) -> Result<Stream> {
        let known = self.codecs.contains(&stream.codec);
        let (Some(audio), true) = (stream.audio(), known) else {
            return Err(Error::unsupported(format!(
                "{} does not support {}. Supported values are {}.",
                self.name,
                stream.codec,
                list(self.codecs)
            )));
        };
        let pre_skip = match &stream.record {
            CodecRecord::Opus(head) => i64::from(head.pre_skip),
            _ => 0,
        };
        Ok(Stream {
            pages: Pages::new(self.serial.wrapping_add(index as u32)),
            pre_skip,
            page_samples: i64::from(audio.format.sample_rate) * self.page_duration / 1_000_000,
            granule: 0,
            page_start: 0,
        })
    }

    /// Writes the finished pages.
    fn send(&mut self, to: &mut dyn Destination) -> Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let output = to.output();
        let mut sent = output.write(&self.out);
        self.out.clear();
        // Listeners of a live stream wait for the page.
        if !output.is_seekable() {
            sent = sent.and_then(|()| output.flush());
        }
        sent
    }
}

impl Muxer for Ogg {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        if streams.is_empty() {
            return Err(Error::unsupported(format!(
                "{} requires at least one stream. Found: 0",
                self.name
            )));
        }
        let mut logical = Vec::new();
        for (i, parameters) in streams.iter().enumerate() {
            let stream = self.stream(i, parameters).map_err(|error| error.in_stream(i))?;
            let headers = headers(parameters, tags).map_err(|error| error.in_stream(i))?;
            logical.push((stream, headers));
        }
        let out = &mut self.out;
        for (stream, headers) in &mut logical {
            stream.pages.push(&headers[0], 0, out);
            stream.pages.end(false, out);
        }
        for (stream, headers) in &mut logical {
            for header in &headers[1..] {
                stream.pages.push(header, 0, out);
            }
            // The first audio packet starts a new page.
            stream.pages.end(false, out);
        }
        self.streams = Some(logical.into_iter().map(|(stream, _)| stream).collect());
        self.send(to)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let streams = self.streams.as_mut().ok_or_else(|| not_started(self.name))?;
        let count = streams.len();
        let stream = streams.get_mut(packet.stream).ok_or_else(|| {
            Error::argument(format!(
                "A packet must be of one of {count} streams, from 0 on. Found: {}",
                packet.stream
            ))
        })?;
        let end = packet
            .pts
            .0
            .checked_add(packet.duration)
            .and_then(|end| end.checked_add(stream.pre_skip))
            .and_then(|end| end.checked_sub(packet.trim_end.into()))
            .filter(|end| *end >= stream.granule && packet.duration >= 0)
            .ok_or_else(|| {
                Error::argument(format!(
                    "A packet must not end before the previous one, at {}. Found: pts {}, \
                     duration {}, trim_end {}",
                    stream.granule - stream.pre_skip,
                    packet.pts.0,
                    packet.duration,
                    packet.trim_end
                ))
                .in_stream(packet.stream)
            })?;
        let pages = &mut stream.pages;
        // The last page must be kept, because it has the flag for the end of the stream.
        let is_long = end.saturating_sub(stream.page_start) > stream.page_samples;
        if !pages.is_empty() && (is_long || !pages.has_room(packet.data.len())) {
            pages.end(false, &mut self.out);
            stream.page_start = stream.granule;
        }
        pages.push(&packet.data, end, &mut self.out);
        stream.granule = end;
        self.send(to)
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        for stream in self.streams.as_mut().ok_or_else(|| not_started(self.name))? {
            if !stream.pages.is_empty() {
                stream.pages.end(false, &mut self.out);
                stream.page_start = stream.granule;
            }
        }
        self.send(to)?;
        to.output().flush()
    }

    fn finish(&mut self, _: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        for mut stream in self.streams.take().ok_or_else(|| not_started(self.name))? {
            stream.pages.end_stream(stream.granule, &mut self.out);
        }
        self.send(to)
    }
}
