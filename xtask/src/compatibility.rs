//! `cargo xtask compatibility`: writes the tables of docs/formats.md from the registry: formats,
//! encoders, and compatibility with torio's names.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use reelwright::{
    Backing, EncoderInfo, MuxerInfo, OPEN_OPTIONS, OptionInfo, OptionKind, audio_encoder_options,
    audio_encoders, muxers, video_encoder_options, video_encoders,
};

const BEGIN: &str = "<!-- from the registry: cargo xtask compatibility -->";
const END: &str = "<!-- end -->";

/// Audio encoders of torchaudio 2.8 with FFmpeg 5.1.
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

/// Video encoders of torchaudio 2.8, without platform-specific hardware encoders and rare formats.
#[rustfmt::skip]
const TORIO_VIDEO_ENCODERS: &[&str] = &[
    "apng", "bmp", "cinepak", "dnxhd", "dpx", "dvvideo", "exr", "ffv1", "ffvhuff", "flv", "gif",
    "h261", "h263", "h263p", "h264_nvenc", "hevc_nvenc", "huffyuv", "jpeg2000", "jpegls",
    "libaom-av1", "libjxl", "libopenjpeg", "librav1e", "libsvtav1", "libtheora", "libvpx",
    "libvpx-vp9", "libwebp", "libwebp_anim", "libx264", "libx264rgb", "libx265", "libxvid", "ljpeg",
    "mjpeg", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4", "pam", "pbm", "pcx", "pgm", "png",
    "ppm", "prores", "prores_ks", "qoi", "qtrle", "rawvideo", "sgi", "snow", "targa", "tiff",
    "utvideo", "v210", "vc2", "wmv1", "wmv2", "wrapped_avframe", "xwd", "zlib", "zmbv",
];

/// Formats of torchaudio 2.8 with audio or video.
#[rustfmt::skip]
const TORIO_FORMATS: &[&str] = &[
    "3g2", "3gp", "ac3", "adts", "aiff", "alaw", "amr", "apng", "asf", "au", "avi", "caf", "daud", "dts", "eac3",
    "f32be", "f32le", "f64be", "f64le", "flac", "flv", "g722", "g723_1", "g726", "gif", "gsm", "h264",
    "hls", "image2", "ipod", "ircam", "ivf", "latm", "matroska", "mjpeg", "mlp", "mov", "mp2", "mp3", "mp4",
    "mpeg", "mpegts", "mulaw",
    "nut", "obu", "oga", "ogg", "oma", "opus", "rawvideo", "rm", "s16be", "s16le", "s24be", "s24le", "s32be", "s32le",
    "s8", "sbc", "sox", "spx", "truehd", "tta", "u16be", "u16le", "u24be", "u24le", "u32be",
    "u32le", "u8", "voc", "w64", "wav", "webm", "wv",
    "yuv4mpegpipe",
];

/// Encoders that are not in the default build, and their cargo features.
const BY_FEATURE: &[(&str, &str, &str)] = &[
    ("libvorbis", "libvorbis", "vorbis"),
    ("vorbis", "libvorbis", "vorbis"),
    ("libfdk_aac", "libfdk_aac", "fdk"),
];

/// Writes the tables to docs/formats.md. If `check`, fails if they differ.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/formats.md");
    let page = std::fs::read_to_string(&path).context("docs/formats.md")?;
    let (before, rest) = page
        .split_once(BEGIN)
        .context("docs/formats.md has no marker for the start of the tables")?;
    let (_, after) =
        rest.split_once(END).context("docs/formats.md has no marker for the end of the tables")?;
    let wanted = format!("{before}{BEGIN}\n\n{}\n{END}{after}", tables());
    if page == wanted {
        return Ok(());
    }
    if check {
        bail!(
            "The tables of docs/formats.md differ from the registry. Run `cargo xtask compatibility`."
        );
    }
    std::fs::write(&path, wanted).context("docs/formats.md")
}

fn tables() -> String {
    let mut text = String::new();
    containers(&mut text);
    encoders(&mut text);
    options(&mut text);
    torio_names(&mut text);
    text
}

fn containers(text: &mut String) {
    text.push_str(
        "## Formats\n\nThe first codec is the default.\n\n\
         | format | extensions | video codecs | audio codecs | subtitles | chapters |\n\
         |---|---|---|---|---|---|\n",
    );
    for muxer in muxers() {
        let extensions: Vec<_> = muxer.extensions.iter().map(|e| format!(".{e}")).collect();
        let [video, audio, subtitles] =
            [muxer.video_codecs, muxer.audio_codecs, muxer.subtitle_codecs].map(|codecs| {
                codecs.iter().map(|codec| codec.name()).collect::<Vec<_>>().join(", ")
            });
        let chapters = if muxer.chapters.is_supported() { "yes" } else { "" };
        let _ = writeln!(
            text,
            "| `{}` | {} | {video} | {audio} | {subtitles} | {chapters} |",
            muxer.name,
            extensions.join(" "),
        );
    }
}

fn encoders(text: &mut String) {
    text.push_str(
        "\n## Audio encoders\n\n\
         | encoder | language | `CodecConfig` fields used | sample rates in Hz | channels |\n\
         |---|---|---|---|---|\n",
    );
    for info in audio_encoders().filter(|info| info.encoder.codec.bytes_per_sample().is_none()) {
        let config: Vec<_> = info.encoder.config.iter().map(|field| field.name()).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} |",
            info.encoder.name,
            language(&info.encoder),
            config.join(", "),
            info.sample_rates,
            info.layouts
        );
    }
    text.push_str(
        "\nPCM encoders (`pcm_s16le`, …) support any rate and layout.\n\n## Video encoders\n\n\
         | encoder | language | `CodecConfig` fields used | pixel formats |\n|---|---|---|---|\n",
    );
    for info in video_encoders() {
        let config: Vec<_> = info.encoder.config.iter().map(|field| field.name()).collect();
        let formats: Vec<_> = info.pixel_formats.iter().map(|format| format.name()).collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            info.encoder.name,
            language(&info.encoder),
            config.join(", "),
            formats.join(", ")
        );
    }
}

fn options(text: &mut String) {
    text.push_str(
        "\n## Options of encoders\n\n`encoder_option` in Python and Rust, `--audio-option` and \
         `--video-option` of the program.\n\n\
         | encoder | option | values | default | meaning |\n|---|---|---|---|---|\n",
    );
    let audio = audio_encoders()
        .map(|info| (info.encoder.name, audio_encoder_options(info).collect::<Vec<_>>()));
    shared_rows(text, "all of audio", &audio.collect::<Vec<_>>());
    let video = video_encoders()
        .map(|info| (info.encoder.name, video_encoder_options(info).collect::<Vec<_>>()));
    shared_rows(text, "all of video", &video.collect::<Vec<_>>());
    text.push_str(
        "\n## Options of formats\n\n`open(option=…)` in Python, `open_with` in Rust, \
         `--muxer-option` of the program.\n\n\
         | format | option | values | default | meaning |\n|---|---|---|---|---|\n",
    );
    let formats = muxers().map(|info| (info.name, info.options.iter().collect::<Vec<_>>()));
    shared_rows(text, "all", &formats.collect::<Vec<_>>());
    shared_rows(text, "all", &[("all", OPEN_OPTIONS.iter().collect())]);
}

/// Appends a row for each option, with the encoders or formats that have it. Equal options have one
/// row.
fn shared_rows(text: &mut String, all: &str, owners: &[(&str, Vec<&OptionInfo>)]) {
    let mut written: Vec<String> = Vec::new();
    for option in owners.iter().flat_map(|(_, options)| options.iter()) {
        let row = row(option);
        if written.contains(&row) {
            continue;
        }
        let (with, without): (Vec<_>, Vec<_>) = owners
            .iter()
            .partition(|(_, options)| options.iter().any(|other| self::row(other) == row));
        let names = |owners: Vec<&(&str, Vec<&OptionInfo>)>| {
            owners.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        let owner = match without.len() {
            0 => format!("*{all}*"),
            few if few < with.len() => format!("*{all}* except {}", names(without)),
            _ => names(with),
        };
        let _ = writeln!(text, "| {owner} | {row} |");
        written.push(row);
    }
}

/// Returns the cells of an option: name, values, default and help.
fn row(option: &OptionInfo) -> String {
    let values = match option.kind {
        OptionKind::Choice { values, .. } | OptionKind::Flags { values } => values
            .iter()
            .map(|(word, help)| format!("`{word}`: {help}"))
            .collect::<Vec<_>>()
            .join("; "),
        kind => kind.to_string(),
    };
    let cells = [&values, &option.kind.default_text(), option.help]
        .map(|cell| cell.replace('|', "\\|").replace('<', "&lt;"));
    format!("`{}` | {}", option.name, cells.join(" | "))
}

fn torio_names(text: &mut String) {
    text.push_str(
        "\n## Compatibility with torio's names\n\nNames of torchaudio 2.8 with FFmpeg 5.1.\n\n",
    );
    let audio = || audio_encoders().map(|info| &info.encoder);
    let video = || video_encoders().map(|info| &info.encoder);
    text.push_str("| torio's audio encoder | here |\n|---|---|\n");
    names(text, TORIO_ENCODERS, audio);
    text.push_str("\n| torio's video encoder | here |\n|---|---|\n");
    names(text, TORIO_VIDEO_ENCODERS, video);
    text.push_str("\n| torio's format | here |\n|---|---|\n");
    let is_here = |name: &&&str| muxers().any(|muxer: &MuxerInfo| muxer.name == **name);
    let quoted = |names: Vec<&&str>| {
        names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let (here, absent): (Vec<_>, Vec<_>) = TORIO_FORMATS.iter().partition(|name| is_here(name));
    let _ = writeln!(text, "| {} | the same |", quoted(here));
    let _ = writeln!(text, "| {} | not yet |", quoted(absent));
}

fn language(encoder: &EncoderInfo) -> &'static str {
    match encoder.backing {
        Backing::Rust => "Rust",
        Backing::Binding { library, .. } => library,
    }
}

/// Writes a table of torio's encoders and the corresponding encoders.
fn names<I: Iterator<Item = &'static EncoderInfo>>(
    text: &mut String,
    theirs: &[&str],
    ours: impl Fn() -> I,
) {
    let standing_for = |name: &str| {
        let own = ours().find(|info| info.name == name);
        own.or_else(|| ours().find(|info| info.aliases.contains(&name)))
    };
    let mut missing = Vec::new();
    let mut same = Vec::new();
    for name in theirs {
        match standing_for(name) {
            Some(info) if info.name == *name => same.push(format!("`{name}`")),
            Some(info) => {
                let _ = writeln!(text, "| `{name}` | `{}`, with a warning |", info.name);
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
}
