//! PCM in WAV, compared with ffmpeg: the overhead of chunks.

use std::path::Path;

use super::compare::{Peer, compare, print_head};
use super::measure::ffmpeg;
use super::music::{Music, encode};
use super::results::Results;

pub(super) fn run(music: &Music, results: &mut Results) -> anyhow::Result<()> {
    let floats = music.floats();
    let output = music.output("own.wav");
    let float_wav = music.output("float.wav");
    encode(&floats, music.channels, &float_wav, music.stream().encoder("pcm_f32le"))?;
    let own = || encode(&floats, music.channels, &output, music.stream());
    let command = |input: &Path, output: &Path| {
        let input = if input == music.wav { &float_wav } else { input };
        let mut command = ffmpeg(input);
        command.args(["-c:a", "pcm_s16le"]).arg(output);
        command
    };
    print_head();
    let peer = Peer { name: "ffmpeg", program: "ffmpeg", command: &command };
    compare(("wav", results), music, "float to WAV s16", &output, &own, &[peer])
}
