//! Registry of encoders, containers and protocols: compiled items, and items that programs add.

use std::collections::BTreeSet;
#[allow(unused_imports)] // by a build without encoders and muxers
use std::slice::from_ref;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use reelwright_core::{
    AudioEncoderInfo, CodecId, EncoderInfo, Error, MuxerInfo, ProtocolInfo, Result,
    VideoEncoderInfo, helpers::list,
};

use crate::target::{FILE, PIPE};

/// Encoders, containers and protocols by name. Clones are cheap.
///
/// ```
/// use reelwright::{Error, MuxerInfo, Registry, StreamingMediaEncoder};
///
/// static TOY: MuxerInfo =
///     MuxerInfo::new("toy", "Toy container", &|_| Err(Error::unsupported("not yet")));
/// let registry = Registry::builtin().with(TOY.clone());
/// assert!(registry.muxers().any(|muxer| muxer.name == "toy"));
/// # let mut bytes = Vec::new();
/// # let target = reelwright::Target::writer(&mut bytes);
/// let encoder = StreamingMediaEncoder::with_registry(&registry, target, Some("toy"))?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Registry(Arc<Tables>);

#[derive(Debug, Clone, Default)]
struct Tables {
    muxers: Vec<MuxerInfo>,
    audio_encoders: Vec<AudioEncoderInfo>,
    video_encoders: Vec<VideoEncoderInfo>,
    protocols: Vec<ProtocolInfo>,
}

/// Entry of a [`Registry`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RegistryEntry {
    /// Container.
    Muxer(MuxerInfo),
    /// Audio encoder.
    AudioEncoder(AudioEncoderInfo),
    /// Video encoder.
    VideoEncoder(VideoEncoderInfo),
    /// Protocol.
    Protocol(ProtocolInfo),
}

impl From<MuxerInfo> for RegistryEntry {
    fn from(info: MuxerInfo) -> Self {
        Self::Muxer(info)
    }
}

impl From<AudioEncoderInfo> for RegistryEntry {
    fn from(info: AudioEncoderInfo) -> Self {
        Self::AudioEncoder(info)
    }
}

impl From<VideoEncoderInfo> for RegistryEntry {
    fn from(info: VideoEncoderInfo) -> Self {
        Self::VideoEncoder(info)
    }
}

impl From<ProtocolInfo> for RegistryEntry {
    fn from(info: ProtocolInfo) -> Self {
        Self::Protocol(info)
    }
}

/// Replaces the entry of the same name, or adds an entry at the end.
fn put<T>(entries: &mut Vec<T>, entry: T, name: impl Fn(&T) -> &'static str) {
    match entries.iter_mut().find(|other| name(other) == name(&entry)) {
        Some(other) => *other = entry,
        None => entries.push(entry),
    }
}

/// Compiled encoders, containers and protocols. To add one, extend a list below.
static BUILTIN: LazyLock<Registry> = LazyLock::new(|| {
    Registry(Arc::new(Tables {
        muxers: builtin_muxers().cloned().collect(),
        audio_encoders: builtin_audio_encoders().cloned().collect(),
        video_encoders: builtin_video_encoders().cloned().collect(),
        protocols: vec![FILE, PIPE],
    }))
});

impl Registry {
    /// Returns the registry of all compiled items.
    pub fn builtin() -> Self {
        BUILTIN.clone()
    }

    /// Returns the registry with an additional entry, which replaces one of the same kind and name.
    #[must_use]
    pub fn with(mut self, entry: impl Into<RegistryEntry>) -> Self {
        let tables = Arc::make_mut(&mut self.0);
        match entry.into() {
            RegistryEntry::Muxer(info) => put(&mut tables.muxers, info, |info| info.name),
            RegistryEntry::AudioEncoder(info) => {
                put(&mut tables.audio_encoders, info, |info| info.encoder.name);
            }
            RegistryEntry::VideoEncoder(info) => {
                put(&mut tables.video_encoders, info, |info| info.encoder.name);
            }
            RegistryEntry::Protocol(info) => {
                put(&mut tables.protocols, info, ProtocolInfo::name);
            }
        }
        self
    }

    /// Returns the containers.
    pub fn muxers(&self) -> impl Iterator<Item = &MuxerInfo> {
        self.0.muxers.iter()
    }

    /// Returns the audio encoders.
    pub fn audio_encoders(&self) -> impl Iterator<Item = &AudioEncoderInfo> {
        self.0.audio_encoders.iter()
    }

    /// Returns the video encoders.
    pub fn video_encoders(&self) -> impl Iterator<Item = &VideoEncoderInfo> {
        self.0.video_encoders.iter()
    }

    /// Returns the protocols of addresses.
    pub fn protocols(&self) -> impl Iterator<Item = &ProtocolInfo> {
        self.0.protocols.iter()
    }

    /// Returns the muxer with a format name.
    pub(crate) fn muxer_by_name(&self, name: &str) -> Result<&MuxerInfo> {
        self.muxers().find(|muxer| muxer.name == name).ok_or_else(|| {
            if FFMPEG_DEVICES.contains(&name) {
                return Error::unsupported(format!(
                    "The output device {name} is not supported. No output devices are available. \
                     Write to a file, or to a pipe that a player reads."
                ));
            }
            Error::unknown_name(format!(
                "Unknown format: {name}. Available formats are {}.",
                list(self.muxers().map(|muxer| muxer.name))
            ))
        })
    }

    /// Returns the muxer for a file extension, in upper or lower case.
    pub(crate) fn muxer_by_extension(&self, extension: &str) -> Option<&MuxerInfo> {
        let extension = extension.to_ascii_lowercase();
        self.muxers().find(|muxer| muxer.extensions.contains(&extension.as_str()))
    }

    /// Returns the audio encoder with a name or an alias.
    pub(crate) fn audio_encoder_by_name(&self, name: &str) -> Result<&AudioEncoderInfo> {
        if let Some(info) = self.audio_encoders().find(|info| info.encoder.name == name) {
            return Ok(info);
        }
        if let Some(info) = self.audio_encoders().find(|info| info.encoder.aliases.contains(&name))
        {
            warn_of_alias(name, &info.encoder);
            return Ok(info);
        }
        Err(Error::unknown_name(format!(
            "Unexpected codec: {name}. Available audio encoders are {}.",
            list(self.audio_encoders().map(|info| info.encoder.name))
        )))
    }

    /// Returns the video encoder with a name or an alias.
    pub(crate) fn video_encoder_by_name(&self, name: &str) -> Result<&VideoEncoderInfo> {
        if let Some(info) = self.video_encoders().find(|info| info.encoder.name == name) {
            return Ok(info);
        }
        if let Some(info) = self.video_encoders().find(|info| info.encoder.aliases.contains(&name))
        {
            // A codec name does not request a particular encoder.
            if info.encoder.codec.name() != name {
                warn_of_alias(name, &info.encoder);
            }
            return Ok(info);
        }
        Err(Error::unknown_name(format!(
            "Unexpected codec: {name}. Available video encoders are {}.",
            list(self.video_encoders().map(|info| info.encoder.name))
        )))
    }

    /// Returns the protocols.
    pub(crate) fn protocol_list(&self) -> &[ProtocolInfo] {
        &self.0.protocols
    }

    /// Returns the codecs of all audio encoders.
    pub(crate) fn audio_codecs(&self) -> &'static [CodecId] {
        intern(self.audio_encoders().map(|info| info.encoder.codec))
    }

    /// Returns the codecs of all video encoders.
    pub(crate) fn video_codecs(&self) -> &'static [CodecId] {
        intern(self.video_encoders().map(|info| info.encoder.codec))
    }

    /// Returns a container's default encoder, for the first of its codecs that this build can
    /// encode.
    ///
    /// # Errors
    /// This build has no encoder for the container's codecs.
    pub fn default_audio_encoder(&self, muxer: &MuxerInfo) -> Result<&AudioEncoderInfo> {
        let of = |codec: CodecId| self.audio_encoders().find(move |i| i.encoder.codec == codec);
        muxer.audio_codecs.iter().find_map(|codec| of(*codec)).ok_or_else(|| {
            Error::unsupported(format!(
                "This build has no encoder for {}, which supports {}.",
                muxer.name,
                list(muxer.audio_codecs)
            ))
        })
    }

    /// Returns a container's default video encoder. If each frame is a file, the extension selects
    /// the codec; otherwise the choice is as in
    /// [`default_audio_encoder`](Self::default_audio_encoder).
    ///
    /// # Errors
    /// This build has no encoder for the container's codecs.
    pub fn default_video_encoder(
        &self,
        muxer: &MuxerInfo,
        extension: Option<&str>,
    ) -> Result<&VideoEncoderInfo> {
        let of = |codec: CodecId| self.video_encoders().find(move |i| i.encoder.codec == codec);
        let extension = extension.map(str::to_ascii_lowercase);
        let named = muxer.image_codecs.iter().find(|(name, _)| Some(*name) == extension.as_deref());
        let codecs = named.map(|(_, codec)| codec).into_iter().chain(muxer.video_codecs);
        codecs.copied().find_map(of).ok_or_else(|| {
            Error::unsupported(format!(
                "This build has no encoder for {}, which supports {}.",
                muxer.name,
                list(muxer.video_codecs)
            ))
        })
    }
}

/// Returns a static list of codecs. Equal lists share memory, so that the leak is bounded.
pub(crate) fn intern(codecs: impl IntoIterator<Item = CodecId>) -> &'static [CodecId] {
    static LISTS: Mutex<Vec<&'static [CodecId]>> = Mutex::new(Vec::new());
    let codecs: Vec<CodecId> = codecs.into_iter().collect();
    let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
    match lists.iter().find(|list| ***list == *codecs) {
        Some(list) => list,
        None => {
            let list = &*codecs.leak();
            lists.push(list);
            list
        }
    }
}

/// Returns the compiled containers.
pub fn muxers() -> impl Iterator<Item = &'static MuxerInfo> {
    BUILTIN.muxers()
}

/// Returns the compiled audio encoders.
pub fn audio_encoders() -> impl Iterator<Item = &'static AudioEncoderInfo> {
    BUILTIN.audio_encoders()
}

/// Returns the compiled video encoders.
pub fn video_encoders() -> impl Iterator<Item = &'static VideoEncoderInfo> {
    BUILTIN.video_encoders()
}

/// Returns the compiled protocols.
pub fn output_protocols() -> impl Iterator<Item = &'static ProtocolInfo> {
    BUILTIN.protocols()
}

/// Calls [`Registry::default_audio_encoder`] of the built-in registry.
///
/// # Errors
/// This build has no encoder for the container's codecs.
pub fn default_audio_encoder(muxer: &MuxerInfo) -> Result<&'static AudioEncoderInfo> {
    BUILTIN.default_audio_encoder(muxer)
}

/// Calls [`Registry::default_video_encoder`] of the built-in registry.
///
/// # Errors
/// This build has no encoder for the container's codecs.
pub fn default_video_encoder(
    muxer: &MuxerInfo,
    extension: Option<&str>,
) -> Result<&'static VideoEncoderInfo> {
    BUILTIN.default_video_encoder(muxer, extension)
}

/// Returns names and descriptions of output devices; currently none.
pub fn output_devices() -> impl Iterator<Item = (&'static str, &'static str)> {
    std::iter::empty()
}

fn builtin_muxers() -> impl Iterator<Item = &'static MuxerInfo> {
    [
        #[cfg(feature = "mux-wav")]
        reelwright_mux_wav::MUXERS,
        #[cfg(feature = "mux-mp3")]
        from_ref(&reelwright_mux_mp3::MUXER),
        #[cfg(feature = "mux-adts")]
        from_ref(&reelwright_mux_adts::MUXER),
        #[cfg(feature = "mux-ogg")]
        reelwright_mux_ogg::MUXERS,
        #[cfg(feature = "mux-mp4")]
        reelwright_mux_mp4::MUXERS,
        #[cfg(feature = "mux-flac")]
        from_ref(&reelwright_mux_flac::MUXER),
        #[cfg(feature = "mux-flv")]
        from_ref(&reelwright_mux_flv::MUXER),
        #[cfg(feature = "mux-aiff")]
        from_ref(&reelwright_mux_aiff::MUXER),
        #[cfg(feature = "mux-au")]
        from_ref(&reelwright_mux_au::MUXER),
        #[cfg(feature = "mux-caf")]
        from_ref(&reelwright_mux_caf::MUXER),
        #[cfg(feature = "mux-image")]
        reelwright_mux_image::MUXERS,
        #[cfg(feature = "mux-ivf")]
        from_ref(&reelwright_mux_ivf::MUXER),
        #[cfg(feature = "mux-y4m")]
        from_ref(&reelwright_mux_y4m::MUXER),
        #[cfg(feature = "mux-raw")]
        reelwright_mux_raw::MUXERS,
    ]
    .into_iter()
    .flat_map(|muxers: &'static [MuxerInfo]| muxers)
}

fn builtin_audio_encoders() -> impl Iterator<Item = &'static AudioEncoderInfo> {
    [
        #[cfg(feature = "enc-pcm")]
        reelwright_enc_pcm::ENCODERS,
        #[cfg(feature = "enc-flac")]
        from_ref(&reelwright_enc_flac::ENCODER),
        #[cfg(feature = "enc-alac")]
        from_ref(&reelwright_enc_alac::ENCODER),
        #[cfg(feature = "enc-aac")]
        from_ref(&reelwright_enc_aac::ENCODER),
        #[cfg(feature = "fdk")]
        from_ref(&reelwright_enc_fdk::ENCODER),
        #[cfg(feature = "enc-mp3")]
        from_ref(&reelwright_enc_mp3::ENCODER),
        #[cfg(feature = "enc-opus")]
        from_ref(&reelwright_enc_opus::ENCODER),
        #[cfg(feature = "vorbis")]
        from_ref(&reelwright_enc_vorbis::ENCODER),
        #[cfg(feature = "enc-g722")]
        from_ref(&reelwright_enc_g722::ENCODER),
        #[cfg(feature = "enc-adpcm")]
        reelwright_enc_adpcm::ENCODERS,
    ]
    .into_iter()
    .flat_map(|encoders: &'static [AudioEncoderInfo]| encoders)
}

fn builtin_video_encoders() -> impl Iterator<Item = &'static VideoEncoderInfo> {
    [
        #[cfg(feature = "enc-h264")]
        from_ref(&reelwright_enc_h264::ENCODER),
        #[cfg(feature = "enc-av1")]
        from_ref(&reelwright_enc_av1::ENCODER),
        #[cfg(any(
            feature = "enc-bmp",
            feature = "enc-gif",
            feature = "enc-mjpeg",
            feature = "enc-png",
            feature = "enc-pnm",
            feature = "enc-webp"
        ))]
        reelwright_enc_image::ENCODERS,
        #[cfg(feature = "enc-rawvideo")]
        reelwright_enc_rawvideo::ENCODERS,
    ]
    .into_iter()
    .flat_map(|encoders: &'static [VideoEncoderInfo]| encoders)
}

/// Output devices of FFmpeg, which users pass as formats.
const FFMPEG_DEVICES: &[&str] = &[
    "alsa",
    "audiotoolbox",
    "caca",
    "decklink",
    "fbdev",
    "opengl",
    "oss",
    "pulse",
    "sdl",
    "sdl2",
    "sndio",
    "v4l2",
    "video4linux2",
    "xv",
];

/// Logs a warning, once per name, that `used` replaces `name`.
fn warn_of_alias(name: &str, used: &EncoderInfo) {
    static WARNED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    // The set is consistent even if a thread panicked while locking it.
    let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    if warned.insert(name.to_owned()) {
        let (used, codec) = (used.name, used.codec.name());
        let encodes =
            if used == codec { String::new() } else { format!(", which encodes {codec}") };
        log::warn!("The encoder {name} is not in this build; {used} is used{encodes}.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = muxers().map(|muxer| muxer.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        // An alias may be the name of another encoder, which is selected if it is compiled.
        let encoders = || {
            let video = video_encoders().map(|info| info.encoder);
            audio_encoders().map(|info| info.encoder).chain(video)
        };
        let mut names: Vec<_> = encoders().map(|info| info.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        let mut aliases: Vec<_> = encoders().flat_map(|info| info.aliases).collect();
        aliases.sort_unstable();
        assert!(aliases.windows(2).all(|pair| pair[0] != pair[1]), "{aliases:?}");
    }

    #[test]
    fn devices_have_their_own_error() {
        let error = BUILTIN.muxer_by_name("sdl").unwrap_err().to_string();
        assert!(error.contains("sdl is not supported"), "{error}");
        assert!(FFMPEG_DEVICES.iter().all(|name| muxers().all(|muxer| muxer.name != *name)));
    }

    #[test]
    fn extensions_belong_to_one_format() {
        let mut extensions: Vec<_> = muxers().flat_map(|muxer| muxer.extensions).collect();
        extensions.sort_unstable();
        assert!(extensions.windows(2).all(|pair| pair[0] != pair[1]), "{extensions:?}");
    }
}
