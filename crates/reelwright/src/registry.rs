//! What is compiled in: a new codec or container is one more line here.

use std::collections::BTreeSet;
#[allow(unused_imports)] // by a build without encoders and muxers
use std::slice::from_ref;
use std::sync::{Mutex, PoisonError};

use reelwright_core::{
    AudioEncoderInfo, CodecId, EncoderInfo, Error, MuxerInfo, Result, VideoEncoderInfo, list,
};

/// The containers, by name.
pub fn muxers() -> impl Iterator<Item = &'static MuxerInfo> {
    [
        #[cfg(feature = "mux-wav")]
        from_ref(&reelwright_mux_wav::WAV),
        #[cfg(feature = "mux-wav")]
        from_ref(&reelwright_mux_wav::W64),
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

/// The audio encoders, by name.
pub fn audio_encoders() -> impl Iterator<Item = &'static AudioEncoderInfo> {
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

/// The video encoders, by name.
pub fn video_encoders() -> impl Iterator<Item = &'static VideoEncoderInfo> {
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

/// The devices that a stream can be played on, by name and in a few words.
pub fn output_devices() -> impl Iterator<Item = (&'static str, &'static str)> {
    std::iter::empty()
}

/// The protocols that a destination can be reached by, by name and in a few words.
pub fn output_protocols() -> impl Iterator<Item = (&'static str, &'static str)> {
    [("file", "files"), ("pipe", "standard output and other open file descriptors")].into_iter()
}

/// Devices that FFmpeg's users pass as a format.
const FOREIGN_DEVICES: &[&str] = &[
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

/// The muxer of a format's name.
pub(crate) fn muxer_by_name(name: &str) -> Result<&'static MuxerInfo> {
    muxers().find(|muxer| muxer.name == name).ok_or_else(|| {
        if FOREIGN_DEVICES.contains(&name) {
            return Error::unsupported(format!(
                "The output device {name} is not served yet, nor is any other. Write to a file, \
                 or to a pipe that a player reads."
            ));
        }
        Error::unknown_name(format!(
            "Unknown format: {name}. Available formats are {}.",
            list(muxers().map(|muxer| muxer.name))
        ))
    })
}

/// The muxer of a file extension, in any case.
pub(crate) fn muxer_by_extension(extension: &str) -> Option<&'static MuxerInfo> {
    let extension = extension.to_ascii_lowercase();
    muxers().find(|muxer| muxer.extensions.contains(&extension.as_str()))
}

/// The audio encoder of a name or an alias.
pub(crate) fn audio_encoder_by_name(name: &str) -> Result<&'static AudioEncoderInfo> {
    if let Some(info) = audio_encoders().find(|info| info.encoder.name == name) {
        return Ok(info);
    }
    if let Some(info) = audio_encoders().find(|info| info.encoder.aliases.contains(&name)) {
        warn_of_alias(name, &info.encoder);
        return Ok(info);
    }
    Err(Error::unknown_name(format!(
        "Unexpected codec: {name}. Available audio encoders are {}.",
        list(audio_encoders().map(|info| info.encoder.name))
    )))
}

/// The video encoder of a name or an alias.
pub(crate) fn video_encoder_by_name(name: &str) -> Result<&'static VideoEncoderInfo> {
    if let Some(info) = video_encoders().find(|info| info.encoder.name == name) {
        return Ok(info);
    }
    if let Some(info) = video_encoders().find(|info| info.encoder.aliases.contains(&name)) {
        // A codec's own name asks for no particular encoder.
        if info.encoder.codec.name() != name {
            warn_of_alias(name, &info.encoder);
        }
        return Ok(info);
    }
    Err(Error::unknown_name(format!(
        "Unexpected codec: {name}. Available video encoders are {}.",
        list(video_encoders().map(|info| info.encoder.name))
    )))
}

/// Says that `used` stands in for `name`, the first time.
fn warn_of_alias(name: &str, used: &EncoderInfo) {
    static WARNED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    // A set is whole even where a thread panicked that held it.
    let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    if warned.insert(name.to_owned()) {
        let (used, codec) = (used.name, used.codec.name());
        let encodes =
            if used == codec { String::new() } else { format!(", which encodes {codec}") };
        log::warn!("The encoder {name} is not in this build; {used} is used{encodes}.");
    }
}

/// The encoder that a container takes by default: of its first codec that has one in this build.
///
/// # Errors
/// None of its codecs has one.
pub fn default_audio_encoder(muxer: &MuxerInfo) -> Result<&'static AudioEncoderInfo> {
    let of = |codec: CodecId| audio_encoders().find(move |info| info.encoder.codec == codec);
    muxer.audio_codecs.iter().find_map(|codec| of(*codec)).ok_or_else(|| {
        Error::unsupported(format!(
            "This build has no encoder for {}, which takes {}.",
            muxer.name,
            list(muxer.audio_codecs)
        ))
    })
}

/// The encoder that a container takes by default for pictures: where they are files of their own,
/// what the file's extension says, and else as [`default_audio_encoder`].
///
/// # Errors
/// None of its codecs has one.
pub fn default_video_encoder(
    muxer: &MuxerInfo,
    extension: Option<&str>,
) -> Result<&'static VideoEncoderInfo> {
    let of = |codec: CodecId| video_encoders().find(move |info| info.encoder.codec == codec);
    let extension = extension.map(str::to_ascii_lowercase);
    let named = muxer.pictures.iter().find(|(name, _)| Some(*name) == extension.as_deref());
    let codecs = named.map(|(_, codec)| codec).into_iter().chain(muxer.video_codecs);
    codecs.copied().find_map(of).ok_or_else(|| {
        Error::unsupported(format!(
            "This build has no encoder for {}, which takes {}.",
            muxer.name,
            list(muxer.video_codecs)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = muxers().map(|muxer| muxer.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        // An alias may be another encoder's name: that one stands for itself, where it is built.
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
    fn devices_are_told_from_formats() {
        let error = muxer_by_name("sdl").unwrap_err().to_string();
        assert!(error.contains("sdl is not served yet"), "{error}");
        assert!(FOREIGN_DEVICES.iter().all(|name| muxers().all(|muxer| muxer.name != *name)));
    }

    #[test]
    fn extensions_belong_to_one_format() {
        let mut extensions: Vec<_> = muxers().flat_map(|muxer| muxer.extensions).collect();
        extensions.sort_unstable();
        assert!(extensions.windows(2).all(|pair| pair[0] != pair[1]), "{extensions:?}");
    }
}
