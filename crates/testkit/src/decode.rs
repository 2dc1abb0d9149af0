//! Sound as symphonia decodes it.

use std::fmt;
use std::io::{Cursor, ErrorKind};
use std::path::Path;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::audio::conv::ConvertibleSample;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// A decoded file.
#[derive(Clone, PartialEq)]
pub struct Sound<S> {
    /// In Hz.
    pub sample_rate: u32,
    /// How many channels there are.
    pub channels: usize,
    /// Interleaved. Integers are at the top of their type: a 16-bit sample as `i32` is shifted left
    /// by 16.
    pub samples: Vec<S>,
}

impl<S> fmt::Debug for Sound<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sound")
            .field("sample_rate", &self.sample_rate)
            .field("channels", &self.channels)
            .field("samples", &self.samples.len())
            .finish()
    }
}

/// Decodes the bytes of a file to `i32` or `f32` samples.
///
/// # Errors
/// What symphonia does not read: the file is broken, or symphonia does not support it. A checksum
/// that differs, where the codec has one, is an error too.
pub fn decode<S: ConvertibleSample>(file: impl Into<Vec<u8>>) -> Result<Sound<S>, String> {
    let mut samples = Vec::new();
    let (sample_rate, channels) = each_packet(file.into(), |buffer| {
        let mut packet = Vec::new();
        buffer.copy_to_vec_interleaved::<S>(&mut packet);
        samples.append(&mut packet);
    })?;
    Ok(Sound { sample_rate, channels, samples })
}

/// As [`decode`], for a file on disk.
///
/// # Errors
/// As [`decode`], and a file that cannot be read.
pub fn decode_path<S: ConvertibleSample>(path: &Path) -> Result<Sound<S>, String> {
    decode(std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// Decodes the bytes of a file to the bytes of its samples, in the machine's byte order and the
/// type that symphonia keeps them in (integers of 24 bits take 3 bytes).
///
/// # Panics
/// Where [`decode`] fails.
pub fn decode_bytes(file: impl Into<Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    each_packet(file.into(), |buffer| {
        let mut packet = Vec::new();
        buffer.copy_bytes_to_vec_interleaved(&mut packet);
        bytes.append(&mut packet);
    })
    .unwrap();
    bytes
}

/// Hands every decoded packet on; returns the sample rate and the number of channels.
fn each_packet(
    file: Vec<u8>,
    mut take: impl FnMut(&GenericAudioBufferRef<'_>),
) -> Result<(u32, usize), String> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(file)), Default::default());
    let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), source, format, metadata)
        .map_err(|error| error.to_string())?;
    let track = format.default_track(TrackType::Audio).ok_or("no audio track")?;
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
    let parameters = parameters.ok_or("no audio parameters")?.clone();
    let options = AudioDecoderOptions::default().verify(true);
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(&parameters, &options)
        .map_err(|error| error.to_string())?;
    // MP4 leaves it to some codecs.
    let channels = parameters.channels.map(|channels| channels.count());
    let mut stated = parameters.sample_rate.zip(channels);
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            // So ends a file that does not say how long it is.
            Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error.to_string()),
        };
        let decoded = decoder.decode(&packet).map_err(|error| error.to_string())?;
        let found = (decoded.spec().rate(), decoded.spec().channels().count());
        if *stated.get_or_insert(found) != found {
            return Err("rate or channels change within the file".into());
        }
        take(&decoded);
    }
    if decoder.finalize().verify_ok == Some(false) {
        return Err("the checksum differs".into());
    }
    Ok(stated.unwrap_or_default())
}
