//! Several outputs of the same packets.

pub(crate) mod format;
mod select;
mod sink;
mod syntax;

use reelwright_core::{
    CodecId, Error, MediaKind, MuxerInfo, OptionInfo, Options, Result, StreamParameters,
    helpers::list,
};

use format::TEE;
use select::Select;
pub(crate) use sink::TeeSink;

use crate::endpoint::Endpoint;
use crate::registry::{Registry, intern};
use crate::target::Target;

const FORMAT: OptionInfo = OptionInfo::text("f", "NAME", "", "the output's format");
const SELECT: OptionInfo = OptionInfo::text("select", "SPECIFIERS", "", "streams of the output");
const ON_FAIL: OptionInfo = OptionInfo::choice(
    "onfail",
    &[("abort", "all outputs end"), ("ignore", "the other outputs continue")],
    "abort",
    "action when the output fails",
);

/// Output of a tee before it is opened.
pub(crate) struct Member {
    pub(crate) endpoint: Endpoint<'static>,
    /// Options of its format and protocol.
    pub(crate) options: Options,
    select: Select,
    pub(crate) is_ignored: bool,
    /// Streams of the output.
    pub(crate) streams: Vec<usize>,
}

impl Member {
    /// Parses the outputs of a tee.
    ///
    /// # Errors
    /// The text is malformed, an option has an invalid value, a format is unknown, or a tee
    /// contains a tee.
    pub(crate) fn parse_all(registry: &Registry, text: &str) -> Result<Vec<Self>> {
        syntax::parse(text)?.into_iter().map(|written| Self::new(registry, written)).collect()
    }

    fn new(registry: &Registry, written: syntax::ParsedOutput) -> Result<Self> {
        let mut options: Options = written.options.into_iter().collect();
        let format = options.take_text(&FORMAT);
        let select = options.take_text(&SELECT);
        let select = select.map_or(Ok(Select::default()), |text| Select::parse(&text))?;
        let is_ignored = options.take_choice(&ON_FAIL)? == "ignore";
        if format.as_deref() == Some(TEE.name) {
            return Err(Error::argument(
                "A tee cannot be an output of a tee. List all outputs in one tee.",
            ));
        }
        let target = Target::from(written.name);
        let endpoint = Endpoint::new(registry, target, format.as_deref())?;
        Ok(Self { endpoint, options, select, is_ignored, streams: Vec::new() })
    }

    pub(crate) fn name(&self) -> &str {
        self.endpoint.target.name()
    }

    /// Copies the member, to open it again.
    pub(crate) fn try_clone(&self) -> Option<Self> {
        Some(Self {
            endpoint: self.endpoint.try_clone()?,
            options: self.options.clone(),
            select: self.select.clone(),
            is_ignored: self.is_ignored,
            streams: self.streams.clone(),
        })
    }

    /// Checks that the container supports the selected streams.
    fn check(&self, streams: &[StreamParameters]) -> Result<()> {
        if self.streams.is_empty() {
            return Err(Error::argument("No stream is selected for this output."));
        }
        let format = &self.endpoint.format;
        if self.streams.len() > format.max_streams {
            return Err(Error::unsupported(format!(
                "{} does not support more than {} streams.",
                format.name, format.max_streams
            )));
        }
        for stream in self.streams.iter().map(|index| &streams[*index]) {
            let codecs = self.codecs(stream.codec.kind());
            if !codecs.contains(&stream.codec) {
                return Err(Error::unsupported(format!(
                    "{} does not support {}. Supported codecs are {}.",
                    format.name,
                    stream.codec,
                    list(codecs)
                )));
            }
        }
        Ok(())
    }

    /// Returns the supported codecs of a kind.
    fn codecs(&self, kind: MediaKind) -> Vec<CodecId> {
        let format = &self.endpoint.format;
        match kind {
            MediaKind::Audio => format.audio_codecs.to_vec(),
            MediaKind::Video if format.image_codecs.is_empty() => format.video_codecs.to_vec(),
            MediaKind::Video => {
                let extension = self.endpoint.target.extension().map(str::to_ascii_lowercase);
                let named = format
                    .image_codecs
                    .iter()
                    .filter(|(name, _)| Some(*name) == extension.as_deref());
                named.map(|(_, codec)| *codec).collect()
            }
            MediaKind::Subtitle => format.subtitle_codecs.to_vec(),
            _ => Vec::new(),
        }
    }
}

impl Member {
    /// Returns the container if only this member selects a stream.
    fn single_format(&self, kind: MediaKind) -> MuxerInfo {
        let mut format = self.endpoint.format.clone();
        if kind == MediaKind::Video && !format.image_codecs.is_empty() {
            // The extension selects the codec of image files.
            format.video_codecs = intern(self.codecs(kind));
        }
        format
    }
}

/// Options in brackets that belong to the tee.
pub(crate) const MEMBER_OPTIONS: &[OptionInfo] = &[FORMAT, SELECT, ON_FAIL];

/// Returns the union of the codecs that the members support.
pub(crate) fn all(members: &[Member]) -> MuxerInfo {
    let union = |kind| {
        let mut codecs: Vec<CodecId> = Vec::new();
        for codec in members.iter().flat_map(|member| member.codecs(kind)) {
            if !codecs.contains(&codec) {
                codecs.push(codec);
            }
        }
        intern(codecs)
    };
    let mut info = TEE.clone();
    info.audio_codecs = union(MediaKind::Audio);
    info.video_codecs = union(MediaKind::Video);
    info.subtitle_codecs = union(MediaKind::Subtitle);
    info.cover_art = members.iter().any(|member| member.endpoint.format.cover_art);
    info.variable_frame_rate =
        members.iter().all(|member| member.endpoint.format.variable_frame_rate);
    info
}

/// Returns the common properties of the containers of the members that select a stream, and their
/// indexes. The stream has index `index`, and index `of_kind` among those of its kind.
///
/// # Errors
/// No member selects it, or the members that must not fail have no codec in common.
pub(crate) fn container(
    members: &[Member],
    kind: MediaKind,
    index: usize,
    of_kind: usize,
) -> Result<(MuxerInfo, Vec<usize>)> {
    let selected = (0..members.len()).filter(|i| members[*i].select.has(index, kind, of_kind));
    let selected: Vec<usize> = selected.collect();
    let Some(first) = selected.first() else {
        return Err(Error::argument(format!("No output of the tee selects this {kind} stream.")));
    };
    if selected.len() == 1 {
        let format = members[*first].single_format(kind);
        return Ok((format, selected));
    }
    let all = || selected.iter().map(|i| &members[*i]);
    for member in all().filter(|member| !member.is_ignored) {
        let format = &member.endpoint.format;
        if member.streams.len() >= format.max_streams {
            return Err(Error::unsupported(format!(
                "{} is {}, which does not support more than {} stream{}. Select its streams, for \
                example with [select=a:0].",
                member.name(),
                format.name,
                format.max_streams,
                if format.max_streams == 1 { "" } else { "s" }
            )));
        }
    }
    let takes = |member: &Member, codec: &CodecId| member.codecs(kind).contains(codec);
    let mut must: Vec<&Member> = all().filter(|member| !member.is_ignored).collect();
    if must.is_empty() {
        must.extend(all().next());
    }
    let mut codecs = must[0].codecs(kind);
    codecs.retain(|codec| must.iter().all(|member| takes(member, codec)));
    // Codecs that all members support come first.
    codecs.sort_by_key(|codec| !all().all(|member| takes(member, codec)));
    if codecs.is_empty() {
        let each =
            must.iter().map(|member| format!("{}: {}", member.name(), list(member.codecs(kind))));
        return Err(Error::unsupported(format!(
            "The outputs of the tee have no {kind} codec in common. Select streams for each, or \
             pass onfail=ignore. Their codecs are {}.",
            each.collect::<Vec<_>>().join("; ")
        )));
    }
    let formats = || all().map(|member| &member.endpoint.format);
    let mut info = TEE.clone();
    match kind {
        MediaKind::Video => info.video_codecs = intern(codecs),
        MediaKind::Subtitle => info.subtitle_codecs = intern(codecs),
        _ => info.audio_codecs = intern(codecs),
    }
    info.variable_frame_rate = formats().all(|format| format.variable_frame_rate);
    info.audio_gaps = formats().all(|format| format.audio_gaps);
    info.sample_aspect_ratio = formats().all(|format| format.sample_aspect_ratio);
    Ok((info, selected))
}
