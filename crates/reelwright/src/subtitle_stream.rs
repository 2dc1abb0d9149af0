//! Parameters of a subtitle stream, and defaults for those that are not set.

use reelwright_core::{
    CodecId, CodecRecord, Error, MediaParameters, MuxerInfo, Rational, Result, StreamParameters,
    TimeBase, WebVttHeader, helpers::list,
};

use crate::registry::Registry;

/// Subtitle stream: its codec and language.
///
/// ```
/// use reelwright::SubtitleStream;
///
/// // The format's default codec.
/// SubtitleStream::new().language("eng");
///
/// // WebVTT with styles.
/// SubtitleStream::new().codec("webvtt").header("WEBVTT\n\nSTYLE\n::cue { color: yellow }");
/// ```
#[derive(Debug, Clone, Default)]
pub struct SubtitleStream {
    codec: Option<String>,
    header: Option<String>,
    pub(crate) language: Option<String>,
}

impl SubtitleStream {
    /// Creates a stream of the format's default codec.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the codec, `mov_text` or `webvtt`. The default is the first of the format's
    /// [`subtitle_codecs`](MuxerInfo::subtitle_codecs).
    #[must_use]
    pub fn codec(mut self, name: impl Into<String>) -> Self {
        self.codec = Some(name.into());
        self
    }

    /// Sets the text of a WebVTT file before its first cue: the line `WEBVTT`, and blocks of
    /// styles, regions and comments.
    #[must_use]
    pub fn header(mut self, text: impl Into<String>) -> Self {
        self.header = Some(text.into());
        self
    }

    /// Sets the language, an ISO 639-2 code such as `eng`, for containers that store a language per
    /// stream.
    #[must_use]
    pub fn language(mut self, code: impl Into<String>) -> Self {
        self.language = Some(code.into());
        self
    }

    /// Chooses defaults and checks all parameters.
    ///
    /// # Errors
    /// The format does not support the codec, or the header is invalid.
    pub(crate) fn resolve(
        &self,
        registry: &Registry,
        format: &MuxerInfo,
    ) -> Result<StreamParameters> {
        let codecs = format.subtitle_codecs;
        let Some(first) = codecs.first() else {
            let others = registry.muxers().filter(|muxer| !muxer.subtitle_codecs.is_empty());
            return Err(Error::unsupported(format!(
                "{} does not support subtitles. Formats with subtitles: {}.",
                format.name,
                list(others.map(|muxer| muxer.name))
            )));
        };
        let codec = match &self.codec {
            None => *first,
            Some(name) => *codecs.iter().find(|codec| codec.name() == name).ok_or_else(|| {
                let is_known = CodecId::ALL.iter().any(|codec| codec.name() == name);
                let message = format!(
                    "{} does not support the subtitle codec {name}. Supported codecs are {}.",
                    format.name,
                    list(codecs)
                );
                if is_known { Error::unsupported(message) } else { Error::unknown_name(message) }
            })?,
        };
        let unit = TimeBase::new(Rational::new(1, 1000)?);
        let stream = StreamParameters::new(codec, unit, MediaParameters::Subtitle);
        match (codec, &self.header) {
            (CodecId::WebVtt, header) => {
                let header = header.as_deref().map_or(Ok(WebVttHeader::default()), checked)?;
                Ok(stream.record(CodecRecord::WebVtt(header)))
            }
            (codec, Some(_)) => {
                Err(Error::argument(format!("A header is for webvtt. Found: codec {codec}")))
            }
            (_, None) => Ok(stream),
        }
    }
}

/// Checks the header of a WebVTT file.
fn checked(text: &str) -> Result<WebVttHeader> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim_end_matches('\n');
    let after = text.strip_prefix("WEBVTT");
    let is_header =
        after.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n']));
    if !is_header || text.contains("-->") || text.contains('\0') {
        return Err(Error::argument(format!(
            "A WebVTT header must begin with the line WEBVTT, and contain neither cues nor NUL. \
            Found: {text:?}"
        )));
    }
    Ok(WebVttHeader { text: text.to_owned() })
}
