//! The muxer: packets → tags.

use reelwright_core::helpers::single_stream::not_started;
use reelwright_core::{
    CodecRecord, Destination, Error, FrameLength, Metadata, Muxer, Output, Packet, Rational,
    Result, StreamParameters, TimeBase, TimeLimits, Timestamp,
};

use crate::index::Index;
use crate::metadata::{Script, Totals};
use crate::options::Flags;
use crate::tag::{self, MAX_TIME, TagKind};
use crate::track::{CODED_FRAMES, Form, MULTICHANNEL_CONFIG, SEQUENCE_END, SEQUENCE_START, Track};

const NAME: &str = "flv";
/// Milliseconds between entries of the index of a file without video.
const AUDIO_INDEX_STEP: u32 = 1000;
/// Margin of the maximum time in milliseconds, for priming and reordering.
const TIME_MARGIN: i64 = 60_000;

/// FLV muxer.
#[derive(Debug)]
pub(crate) struct Flv {
    flags: Flags,
    open: Option<File>,
    /// Tag that is being written. Its memory is reused.
    out: Vec<u8>,
}

/// State of an open file.
#[derive(Debug)]
struct File {
    tracks: Vec<State>,
    script: Option<Script>,
    /// Position of the script tag.
    script_at: u64,
    index: Index,
    /// Stream whose packets the index lists.
    indexed: usize,
    /// Milliseconds by which all streams are later. `None` before the first packet.
    shift: Option<i64>,
    totals: Totals,
}

/// A stream and the times of its packets.
#[derive(Debug)]
struct State {
    track: Track,
    length: FrameLength,
    last_dts: Option<i64>,
    /// Time of the last tag in milliseconds.
    last_time: u32,
    /// Position of the configuration in the file.
    configuration_at: u64,
}

/// Returns a unit of 1/`per_second` seconds.
fn fraction(per_second: i64) -> TimeBase {
    TimeBase::new(Rational::new(1, per_second).expect("it is positive"))
}

impl Flv {
    pub(crate) const fn new(flags: Flags) -> Self {
        Self { flags, open: None, out: Vec::new() }
    }

    /// Writes the tags in `out`, or drops them if `result` is an error.
    fn send(&mut self, result: Result<()>, output: &mut dyn Output) -> Result<()> {
        let sent = result.and_then(|()| output.write(&self.out));
        self.out.clear();
        if sent.is_ok() {
            output.mark_playable();
        }
        sent
    }

    /// Patches the metadata of a seekable file of `size` bytes.
    fn patch_script(&mut self, size: u64, output: &mut dyn Output) -> Result<()> {
        let Some(file) = &mut self.open else { return Ok(()) };
        let Some(script) = &file.script else { return Ok(()) };
        if !output.can_patch()? {
            return Ok(());
        }
        file.totals.size = size;
        let patched = script
            .write(&mut self.out, file.totals, &file.index)
            .and_then(|()| output.patch(file.script_at, &self.out));
        self.out.clear();
        patched
    }
}

impl Muxer for Flv {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        if streams.is_empty() {
            return Err(Error::unsupported(format!("{NAME} holds at least one stream. Found: 0")));
        }
        let output = to.output();
        let can_patch = output.is_seekable();
        if self.flags.has_index && !can_patch {
            return Err(Error::unsupported(
                "flvflags=add_keyframe_index requires a seekable output, because the index is \
                 written into the start of the file. Write to a file, or omit the flag.",
            ));
        }
        let mut states: Vec<State> = Vec::new();
        for (position, stream) in streams.iter().enumerate() {
            let number = streams[..position].iter().filter(|s| s.kind() == stream.kind()).count();
            let track = Track::new(stream, number, self.flags)
                .map_err(|error| error.in_stream(position))?;
            let length = match stream.video() {
                Some(video) => video.frame_length(stream.time_base),
                None => FrameLength::new(0, stream.time_base),
            };
            states.push(State { track, length, last_dts: None, last_time: 0, configuration_at: 0 });
        }
        let has = |kind| states.iter().any(|state| state.track.kind == kind);
        let flags = u8::from(has(TagKind::Audio)) << 2 | u8::from(has(TagKind::Video));
        let index = Index::new();
        let start = output.position();
        let out = &mut self.out;
        out.clear();
        // Version 1, a header of 9 bytes, and the size of the tag before the first one.
        out.extend(b"FLV\x01");
        out.push(flags);
        out.extend(9u32.to_be_bytes());
        out.extend(0u32.to_be_bytes());
        let script_at = start + out.len() as u64;
        let indexed = states.iter().position(|state| state.track.kind == TagKind::Video);
        let mut script = None;
        if self.flags.has_metadata {
            let has_duration = self.flags.has_duration && can_patch;
            let has_index = self.flags.has_index;
            let tracks: Vec<&Track> = states.iter().map(|state| &state.track).collect();
            let new = Script::new(streams, &tracks, tags, has_duration, can_patch, has_index)?;
            new.write(out, Totals::default(), &index)?;
            script = Some(new);
        }
        for state in &mut states {
            let track = &state.track;
            for (kind, body) in
                [(SEQUENCE_START, &track.configuration), (MULTICHANNEL_CONFIG, &track.channels)]
            {
                let Some(body) = body else { continue };
                let tag_at = out.len();
                tag::begin(out, track.kind, 0);
                track.begin_body(out, kind, true, 0);
                if kind == SEQUENCE_START {
                    state.configuration_at = start + out.len() as u64;
                }
                out.extend(body);
                tag::end(out, tag_at)?;
            }
        }
        self.open = Some(File {
            tracks: states,
            script,
            script_at,
            index,
            indexed: indexed.unwrap_or(0),
            shift: None,
            totals: Totals::default(),
        });
        self.send(Ok(()), output)
    }

    fn time_limits(&self, stream: &StreamParameters) -> TimeLimits {
        let last = Timestamp(MAX_TIME - TIME_MARGIN);
        let max_pts = fraction(1000).rescale(last, stream.time_base).0;
        TimeLimits { max_pts: max_pts.min(TimeLimits::NONE.max_pts), ..TimeLimits::NONE }
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let file = self.open.as_mut().ok_or_else(|| not_started(NAME))?;
        let output = to.output();
        let position = output.position();
        let result = file.write(packet, self.flags, position, &mut self.out);
        if result.is_ok() && self.out.is_empty() {
            return Ok(());
        }
        self.send(result, output)
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        if self.open.is_none() {
            return Err(not_started(NAME));
        }
        let output = to.output();
        self.patch_script(output.position(), output)?;
        output.flush()
    }

    fn patch_header(&mut self, length: u64, to: &mut dyn Destination) -> Result<()> {
        if let Some(file) = &mut self.open {
            file.index.truncate(length);
        }
        self.patch_script(length, to.output())
    }

    fn finish(&mut self, streams: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        let file = self.open.as_mut().ok_or_else(|| not_started(NAME))?;
        let output = to.output();
        if self.flags.has_sequence_end {
            for state in &file.tracks {
                let track = &state.track;
                if track.kind == TagKind::Video {
                    let tag_at = self.out.len();
                    tag::begin(&mut self.out, track.kind, state.last_time);
                    track.begin_body(&mut self.out, SEQUENCE_END, true, 0);
                    tag::end(&mut self.out, tag_at)?;
                }
            }
        }
        if output.can_patch()? {
            for (state, stream) in file.tracks.iter().zip(streams) {
                // The record has the number of samples and their MD5 now.
                if let CodecRecord::Flac(info) = &stream.record
                    && let Some(written) = &state.track.configuration
                    && info.to_bytes()[..] != written[..]
                {
                    output.patch(state.configuration_at, &info.to_bytes())?;
                }
            }
        }
        if !self.out.is_empty() {
            self.send(Ok(()), output)?;
        }
        self.patch_script(output.position(), output)?;
        self.open = None;
        Ok(())
    }
}

impl File {
    /// Appends the tag of a packet, which will be at `position`.
    fn write(
        &mut self,
        packet: &Packet,
        flags: Flags,
        position: u64,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let (index, count) = (packet.stream, self.tracks.len());
        let Some(state) = self.tracks.get_mut(index) else {
            return Err(Error::argument(format!(
                "A packet must be of one of {count} streams, from 0 on. Found: {index}"
            )));
        };
        let track = &state.track;
        if !packet.data.len().is_multiple_of(track.block) {
            return Err(Error::chunk(format!(
                "A packet of {} must have complete samples of all channels, {} bytes each. Found: \
                 {} bytes",
                track.codec,
                track.block,
                packet.data.len()
            ))
            .in_stream(index));
        }
        let payload = track.payload(&packet.data, flags);
        if payload.is_empty() {
            return Ok(());
        }
        let millis = |at| track.time_base.rescale(at, fraction(1000)).0;
        let (dts, pts) = (millis(packet.dts), millis(packet.pts));
        let shift = *self.shift.get_or_insert(dts.min(0).saturating_neg());
        // A stream may begin after others, with priming from before the first packet. Only the times
        // of its first tags are wrong then, and those of later ones agree with the other streams.
        let time = dts.saturating_add(shift).max(0);
        let time = u32::try_from(time).ok().filter(|_| time <= MAX_TIME).ok_or_else(|| {
            Error::too_large(format!(
                "{NAME} stores times up to {MAX_TIME} ms, 24.8 days. Found: {time} ms. Start \
                 another file."
            ))
            .in_stream(index)
        })?;
        let offset = pts.saturating_add(shift).saturating_sub(time.into());
        let offset = if pts < dts { offset } else { offset.max(0) };
        // The field is a signed number of 24 bits.
        let offset = i32::try_from(offset).ok().filter(|offset| (0..1 << 23).contains(offset));
        let offset = offset.ok_or_else(|| {
            Error::argument(format!(
                "The pts of a packet of {NAME} must be 0 to 8388607 ms after its dts. Found: a dts \
                 of {dts} ms and a pts of {pts} ms"
            ))
            .in_stream(index)
        })?;
        if track.form == Form::Enhanced(*b"av01") && offset != 0 {
            return Err(Error::argument(format!(
                "{NAME} requires equal pts and dts of {}. Found: a dts of {dts} ms and a pts of \
                 {pts} ms",
                track.codec
            ))
            .in_stream(index));
        }
        tag::begin(out, track.kind, time);
        track.begin_body(out, CODED_FRAMES, packet.keyframe, offset);
        out.extend(payload);
        tag::end(out, 0).map_err(|error| error.in_stream(index))?;
        if index == self.indexed && flags.has_index {
            let is_indexed = match track.kind {
                TagKind::Video => packet.keyframe,
                _ => self.index.last_time().is_none_or(|last| time >= last + AUDIO_INDEX_STEP),
            };
            if is_indexed {
                self.index.add(position, time);
            }
        }
        self.add_times(packet, time);
        Ok(())
    }

    /// Updates the duration and the priming.
    fn add_times(&mut self, packet: &Packet, time: u32) {
        /// Unit in which durations are added, per second.
        const MICROS: i64 = 1_000_000;
        let state = &mut self.tracks[packet.stream];
        let track = &state.track;
        let micros = |at| track.time_base.rescale(Timestamp(at), fraction(MICROS)).0;
        if track.kind == TagKind::Audio
            && track.number == 0
            && state.last_dts.is_none()
            && packet.trim_start > 0
        {
            self.totals.delay = micros(packet.pts.0).min(0).saturating_neg() as f64 / 1e6;
        }
        if let Some(last) = state.last_dts.replace(packet.dts.0) {
            state.length.add(packet.dts.0.saturating_sub(last));
        }
        state.last_time = time;
        let duration = if packet.duration > 0 { packet.duration } else { state.length.get() };
        let padding = match track.sample_rate {
            0 => 0,
            rate => i64::from(packet.trim_end) * MICROS / i64::from(rate),
        };
        let end = micros(packet.pts.0.saturating_add(duration))
            .saturating_sub(padding)
            .saturating_add(self.shift.unwrap_or(0).saturating_mul(1000));
        self.totals.duration = self.totals.duration.max(end as f64 / MICROS as f64);
    }
}
