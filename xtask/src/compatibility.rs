//! `cargo xtask compatibility`: the README's tables of what is written, and of what of torio works,
//! made from the registry.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use reelwright::{AudioEncoderInfo, Backing, MuxerInfo, audio_encoders, muxers};

const BEGIN: &str = "<!-- from the registry: cargo xtask compatibility -->";
const END: &str = "<!-- end -->";

/// The audio encoders of torchaudio 2.8 with FFmpeg 5.1.
#[rustfmt::skip]
const TORIO_ENCODERS: &[&str] = &[
    "aac", "ac3", "ac3_fixed", "adpcm_adx", "adpcm_argo", "adpcm_ima_alp", "adpcm_ima_amv",
    "adpcm_ima_apm", "adpcm_ima_qt", "adpcm_ima_ssi", "adpcm_ima_wav", "adpcm_ima_ws", "adpcm_ms",
    "adpcm_swf", "adpcm_yamaha", "alac", "aptx", "aptx_hd", "comfortnoise", "dca", "dfpwm", "eac3",
    "flac", "g722", "g723_1", "g726", "g726le", "libcodec2", "libgsm", "libgsm_ms", "libmp3lame",
    "libopus", "libshine", "libspeex", "libtwolame", "libvorbis", "mlp", "mp2", "mp2fixed",
    "nellymoser", "opus", "pcm_alaw", "pcm_bluray", "pcm_dvd", "pcm_f32be", "pcm_f32le",
    "pcm_f64be", "pcm_f64le", "pcm_mulaw", "pcm_s16be", "pcm_s16be_planar", "pcm_s16le",
    "pcm_s16le_planar", "pcm_s24be", "pcm_s24daud", "pcm_s24le", "pcm_s24le_planar", "pcm_s32be",
    "pcm_s32le", "pcm_s32le_planar", "pcm_s64be", "pcm_s64le", "pcm_s8", "pcm_s8_planar",
    "pcm_u16be", "pcm_u16le", "pcm_u24be", "pcm_u24le", "pcm_u32be", "pcm_u32le", "pcm_u8",
    "pcm_vidc", "real_144", "roq_dpcm", "s302m", "sbc", "sonic", "sonicls", "truehd", "tta",
    "vorbis", "wavpack", "wmav1", "wmav2",
];

/// Its formats that carry sound, those for video with it left out.
#[rustfmt::skip]
const TORIO_FORMATS: &[&str] = &[
    "3gp", "ac3", "adts", "aiff", "alaw", "amr", "asf", "au", "avi", "caf", "daud", "dts", "eac3",
    "f32be", "f32le", "f64be", "f64le", "flac", "flv", "g722", "g723_1", "g726", "gsm", "hls",
    "ipod", "ircam", "latm", "matroska", "mlp", "mov", "mp2", "mp3", "mp4", "mpegts", "mulaw",
    "nut", "oga", "ogg", "oma", "opus", "rm", "s16be", "s16le", "s24be", "s24le", "s32be", "s32le",
    "s8", "sbc", "sox", "spx", "truehd", "tta", "u16be", "u16le", "u24be", "u24le", "u32be",
    "u32le", "u8", "voc", "w64", "wav", "webm", "wv",
];

/// Encoders that are not in the default build, by the cargo feature that brings them.
const BY_FEATURE: &[(&str, &str, &str)] = &[
    ("libvorbis", "libvorbis", "vorbis"),
    ("vorbis", "libvorbis", "vorbis"),
    ("libfdk_aac", "libfdk_aac", "fdk"),
];

/// Writes the tables into the README, or complains that they are not there as they should be.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(&path).context("README.md")?;
    let (before, rest) = readme.split_once(BEGIN).context("README.md has no place for tables")?;
    let (_, after) = rest.split_once(END).context("README.md has no end of tables")?;
    let wanted = format!("{before}{BEGIN}\n\n{}\n{END}{after}", tables());
    if readme == wanted {
        return Ok(());
    }
    if check {
        bail!("README.md's tables are not the registry's. Run `cargo xtask compatibility`.");
    }
    std::fs::write(&path, wanted).context("README.md")
}

fn tables() -> String {
    let mut text = String::new();
    text.push_str("| container | extensions | codecs, the default first |\n|---|---|---|\n");
    for muxer in muxers() {
        let extensions: Vec<_> = muxer.extensions.iter().map(|e| format!(".{e}")).collect();
        let codecs: Vec<_> = muxer.audio_codecs.iter().map(|codec| codec.name()).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            muxer.name,
            extensions.join(" "),
            codecs.join(", ")
        );
    }
    text.push_str(
        "\n| encoder | made of | heeds of `CodecConfig` | sample rates in Hz | channels |\n",
    );
    text.push_str("|---|---|---|---|---|\n");
    for info in audio_encoders().filter(|info| info.encoder.codec.bytes_per_sample().is_none()) {
        let config: Vec<_> = info.encoder.config.iter().map(|field| field.name()).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} |",
            info.encoder.name,
            match info.encoder.backing {
                Backing::Rust => "Rust",
                Backing::Binding { library, .. } => library,
            },
            config.join(", "),
            info.sample_rates,
            info.layouts
        );
    }
    text.push_str(
        "\nWhat of torio's names works (torchaudio 2.8 with FFmpeg 5.1):\n\n\
         | torio's audio encoder | here |\n|---|---|\n",
    );
    let mut missing = Vec::new();
    let mut same = Vec::new();
    for name in TORIO_ENCODERS {
        match standing_for(name) {
            Some(info) if info.encoder.name == *name => same.push(format!("`{name}`")),
            Some(info) => {
                let _ = writeln!(text, "| `{name}` | `{}`, with a warning |", info.encoder.name);
            }
            None => match BY_FEATURE.iter().find(|(theirs, ..)| theirs == name) {
                Some((_, ours, feature)) => {
                    let _ = writeln!(text, "| `{name}` | `{ours}`, with feature `{feature}` |");
                }
                None => missing.push(format!("`{name}`")),
            },
        }
    }
    let _ = writeln!(text, "| {} | the same |", same.join(", "));
    let _ = writeln!(text, "| {} | not yet |", missing.join(", "));
    text.push_str("\n| torio's format for sound | here |\n|---|---|\n");
    let is_here = |name: &&&str| muxers().any(|muxer: &MuxerInfo| muxer.name == **name);
    let quoted = |names: Vec<&&str>| {
        names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let (here, absent): (Vec<_>, Vec<_>) = TORIO_FORMATS.iter().partition(|name| is_here(name));
    let _ = writeln!(text, "| {} | the same |", quoted(here));
    let _ = writeln!(text, "| {} | not yet |", quoted(absent));
    text
}

/// The encoder of a name or an alias.
fn standing_for(name: &str) -> Option<&'static AudioEncoderInfo> {
    let own = audio_encoders().find(|info| info.encoder.name == name);
    own.or_else(|| audio_encoders().find(|info| info.encoder.aliases.contains(&name)))
}
