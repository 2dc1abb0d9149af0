//! The script tag `onMetaData`.

use reelwright_core::{Error, Metadata, Rational, Result, StreamParameters};

use crate::amf;
use crate::index::Index;
use crate::tag::{self, TagKind};
use crate::track::Track;

/// Properties that describe the file. Metadata of the user cannot have these names.
const RESERVED: &[&str] = &[
    "audiocodecid",
    "audiodatarate",
    "audiodelay",
    "audiosamplerate",
    "audiosamplesize",
    "audioTrackIdInfoMap",
    "canSeekToEnd",
    "duration",
    "filesize",
    "framerate",
    "height",
    "keyframes",
    "stereo",
    "videocodecid",
    "videodatarate",
    "videoTrackIdInfoMap",
    "width",
];

/// Writer of the property `encoder`, unless the user sets it.
const ENCODER: &str = concat!("Reelwright ", env!("CARGO_PKG_VERSION"));

/// Name of the script tag that occupies unused space.
const FILLER: &str = "filler";

/// Values that are known only at the end.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Totals {
    /// Duration in seconds.
    pub(crate) duration: f64,
    /// Size of the file in bytes.
    pub(crate) size: u64,
    /// Priming of the first audio stream in seconds.
    pub(crate) delay: f64,
}

/// Properties of the file, and positions of those that change.
#[derive(Debug)]
pub(crate) struct Script {
    /// The tag without the index and the end of its object.
    bytes: Vec<u8>,
    properties: u32,
    duration_at: Option<usize>,
    size_at: Option<usize>,
    delay_at: Option<usize>,
    has_index: bool,
}

/// Position of the number of properties: after the tag's header, the name, and the marker.
const COUNT_AT: usize = tag::HEADER + 3 + 10 + 1;

impl Script {
    /// Creates the tag. `has_duration` reserves the values that are patched.
    ///
    /// # Errors
    /// The name of a property is too long.
    pub(crate) fn new(
        streams: &[StreamParameters],
        tracks: &[&Track],
        tags: &Metadata,
        has_duration: bool,
        can_patch: bool,
        has_index: bool,
    ) -> Result<Self> {
        let mut script = Self {
            bytes: Vec::new(),
            properties: 0,
            duration_at: None,
            size_at: None,
            delay_at: None,
            has_index,
        };
        tag::begin(&mut script.bytes, TagKind::Script, 0);
        amf::string(&mut script.bytes, "onMetaData");
        script.bytes.push(amf::ECMA_ARRAY);
        script.bytes.extend([0; 4]);
        if has_duration {
            script.duration_at = Some(script.number("duration", 0.0));
            script.size_at = Some(script.number("filesize", 0.0));
        }
        let all = || streams.iter().zip(tracks.iter().copied());
        let first = |kind| all().find(|(_, track)| track.kind == kind);
        if let Some((stream, track)) = first(TagKind::Video) {
            script.video(stream, track);
        }
        if let Some((stream, track)) = first(TagKind::Audio) {
            script.audio(stream, track, can_patch);
        }
        for (name, kind) in
            [("videoTrackIdInfoMap", TagKind::Video), ("audioTrackIdInfoMap", TagKind::Audio)]
        {
            let more = || all().filter(|(_, track)| track.kind == kind && track.number > 0);
            if more().next().is_some() {
                script.property(name);
                script.bytes.push(amf::OBJECT);
                for (stream, track) in more() {
                    script.further_track(stream, track);
                }
                script.bytes.extend(amf::OBJECT_END);
            }
        }
        script.user(tags)?;
        Ok(script)
    }

    fn property(&mut self, name: &str) {
        self.properties += 1;
        amf::key(&mut self.bytes, name).expect("names in this file are short");
    }

    /// Appends a number and returns its position.
    fn number(&mut self, name: &str, value: f64) -> usize {
        self.property(name);
        amf::number(&mut self.bytes, value);
        self.bytes.len() - size_of::<f64>()
    }

    fn video(&mut self, stream: &StreamParameters, track: &Track) {
        let Some(video) = stream.video() else { return };
        self.number("width", video.format.width.into());
        self.number("height", video.format.height.into());
        if let Some(rate) = video.frame_rate {
            self.number("framerate", Rational::to_f64(rate));
        }
        self.number("videocodecid", track.codec_id());
        if let Some(rate) = stream.bit_rate {
            self.number("videodatarate", rate as f64 / 1000.0);
        }
    }

    fn audio(&mut self, stream: &StreamParameters, track: &Track, can_patch: bool) {
        let Some(audio) = stream.audio() else { return };
        self.number("audiosamplerate", audio.format.sample_rate.into());
        // Other codecs decode to 16 bits (§E.4.2.1).
        let has_bits = stream.codec.is_lossless();
        let bits = if has_bits { audio.bits_per_sample } else { 16 };
        self.number("audiosamplesize", bits.into());
        self.property("stereo");
        amf::boolean(&mut self.bytes, audio.format.layout.channels() == 2);
        self.number("audiocodecid", track.codec_id());
        if let Some(rate) = stream.bit_rate {
            self.number("audiodatarate", rate as f64 / 1000.0);
        }
        if can_patch {
            self.delay_at = Some(self.number("audiodelay", 0.0));
        }
    }

    /// Appends the properties of a stream after the first of its kind.
    fn further_track(&mut self, stream: &StreamParameters, track: &Track) {
        let before = self.properties;
        self.property(&track.number.to_string());
        self.bytes.push(amf::OBJECT);
        if let Some(video) = stream.video() {
            self.number("width", video.format.width.into());
            self.number("height", video.format.height.into());
            self.number("videocodecid", track.codec_id());
        }
        if let Some(audio) = stream.audio() {
            self.number("samplerate", audio.format.sample_rate.into());
            self.number("channels", audio.format.layout.channels() as f64);
            self.number("audiocodecid", track.codec_id());
        }
        self.bytes.extend(amf::OBJECT_END);
        // These are not properties of the file.
        self.properties = before;
    }

    /// Appends the user's metadata.
    fn user(&mut self, tags: &Metadata) -> Result<()> {
        for (name, value) in tags.iter() {
            if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
                log::warn!("flv does not store the metadata {name}, which describes the file.");
                continue;
            }
            self.properties += 1;
            amf::key(&mut self.bytes, name).map_err(|length| {
                Error::too_large(format!(
                    "A metadata key of flv has at most 65535 bytes. Found: {length}"
                ))
            })?;
            amf::string(&mut self.bytes, value);
        }
        if tags.get("encoder").is_none() {
            self.property("encoder");
            amf::string(&mut self.bytes, ENCODER);
        }
        Ok(())
    }

    /// Appends the tag with these values. Its size is constant: a second tag occupies the space of
    /// unused entries of the index.
    ///
    /// # Errors
    /// The tag is too large.
    pub(crate) fn write(&self, out: &mut Vec<u8>, totals: Totals, index: &Index) -> Result<()> {
        let start = out.len();
        out.extend(&self.bytes);
        let mut put = |at: Option<usize>, value: f64| {
            if let Some(at) = at {
                out[start + at..start + at + 8].copy_from_slice(&value.to_be_bytes());
            }
        };
        put(self.duration_at, totals.duration);
        put(self.size_at, totals.size as f64);
        put(self.delay_at, totals.delay);
        let properties = self.properties + u32::from(self.has_index);
        out[start + COUNT_AT..start + COUNT_AT + 4].copy_from_slice(&properties.to_be_bytes());
        if self.has_index {
            out.extend(9u16.to_be_bytes());
            out.extend(b"keyframes");
            index.write(out);
        }
        out.extend(amf::OBJECT_END);
        tag::end(out, start)?;
        if self.has_index {
            filler(out, index.unused() + FILLER_OVERHEAD)?;
        }
        Ok(())
    }
}

/// Bytes of a filler tag without spaces: its header and end, its name, and the length of a long
/// string.
const FILLER_OVERHEAD: usize = tag::HEADER + 3 + FILLER.len() + 5 + tag::TRAILER;

/// Appends a tag of `size` bytes without content.
fn filler(out: &mut Vec<u8>, size: usize) -> Result<()> {
    let start = out.len();
    let spaces = size - FILLER_OVERHEAD;
    tag::begin(out, TagKind::Script, 0);
    amf::string(out, FILLER);
    out.push(12);
    out.extend((spaces as u32).to_be_bytes());
    out.resize(out.len() + spaces, b' ');
    tag::end(out, start)
}
