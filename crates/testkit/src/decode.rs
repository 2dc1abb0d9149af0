//! Audio decoding with symphonia.

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

/// A decoded audio file.
#[derive(Clone, PartialEq)]
pub struct DecodedAudio<S> {
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: usize,
    /// Interleaved samples. Integers are scaled to the full range of their type: a 16-bit sample in
    /// `i32` is shifted left by 16.
    pub samples: Vec<S>,
}

impl<S> fmt::Debug for DecodedAudio<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodedAudio")
            .field("sample_rate", &self.sample_rate)
            .field("channels", &self.channels)
            .field("samples", &self.samples.len())
            .finish()
    }
}

/// Decodes the bytes of a file to `i32` or `f32` samples.
///
/// # Errors
/// The file is malformed or not supported by symphonia, or its checksum does not match.
pub fn decode<S: ConvertibleSample>(file: impl Into<Vec<u8>>) -> Result<DecodedAudio<S>, String> {
    let mut samples = Vec::new();
    let (sample_rate, channels) = each_packet(file.into(), |buffer| {
        let mut packet = Vec::new();
        buffer.copy_to_vec_interleaved::<S>(&mut packet);
        samples.append(&mut packet);
    })?;
    Ok(DecodedAudio { sample_rate, channels, samples })
}

/// Does the same as [`decode`] for a file on disk.
///
/// # Errors
/// The same errors as [`decode`], or the file cannot be read.
pub fn decode_path<S: ConvertibleSample>(path: &Path) -> Result<DecodedAudio<S>, String> {
    decode(std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// Decodes a file to the bytes of its samples, in native byte order and in symphonia's sample type
/// (24-bit integers have 3 bytes).
///
/// # Panics
/// [`decode`] fails.
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

/// Calls `take` with every decoded packet. Returns the sample rate and the number of channels.
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
    // For some codecs, MP4 does not state the rate and channels.
    let channels = parameters.channels.map(|channels| channels.count());
    let mut stated = parameters.sample_rate.zip(channels);
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            // A file of unknown length ends this way.
            Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error.to_string()),
        };
        let decoded = decoder.decode(&packet).map_err(|error| error.to_string())?;
        let found = (decoded.spec().rate(), decoded.spec().channels().count());
        if *stated.get_or_insert(found) != found {
            return Err("the sample rate or the channels change within the file".into());
        }
        take(&decoded);
    }
    if decoder.finalize().verify_ok == Some(false) {
        return Err("the checksum does not match".into());
    }
    Ok(stated.unwrap_or_default())
}
