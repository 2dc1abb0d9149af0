//! Sound as symphonia decodes it.

use std::io::Cursor;

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::{FormatOptions, TrackType, probe::Hint};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// The samples of a file, interleaved, in the machine's byte order.
pub(crate) fn symphonia_sound(file: Vec<u8>) -> Vec<u8> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(file)), Default::default());
    let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
    let mut format =
        symphonia::default::get_probe().probe(&Hint::new(), source, format, metadata).unwrap();
    let track = format.default_track(TrackType::Audio).unwrap();
    let parameters = track.codec_params.as_ref().unwrap().audio().unwrap().clone();
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(&parameters, &AudioDecoderOptions::default())
        .unwrap();
    let mut sound = Vec::new();
    // A file of open length ends where it ends, with an error.
    while let Ok(Some(packet)) = format.next_packet() {
        let mut bytes = Vec::new();
        decoder.decode(&packet).unwrap().copy_bytes_to_vec_interleaved(&mut bytes);
        sound.extend(bytes);
    }
    sound
}
