//! `reelwright list` and `reelwright help`: descriptions of the registry's entries.

use std::fmt::Write;

use anyhow::bail;
use clap::CommandFactory;
use reelwright::{
    AudioEncoderInfo, Backing, ChapterSupport, ColorModel, EncoderInfo, MuxerInfo, OPEN_OPTIONS,
    OptionInfo, OptionKind, PixelFormat, ProtocolInfo, Registry, SampleFormat, TEE,
    VideoEncoderInfo, audio_encoder_options, output_devices, video_encoder_options,
};
use serde_json::{Value, json};

use crate::args::{Cli, Listing};

/// Returns a table of names and descriptions, or the same as JSON.
pub(crate) fn list(registry: &Registry, what: Listing, as_json: bool) -> String {
    if as_json {
        let items: Vec<Value> = match what {
            Listing::Muxers => muxers(registry).map(muxer_json).collect(),
            Listing::Encoders => {
                let audio = registry.audio_encoders().map(|info| encoder_json(registry, info));
                audio
                    .chain(registry.video_encoders().map(|info| video_encoder_json(registry, info)))
                    .collect()
            }
            _ => rows(registry, what)
                .into_iter()
                .map(|[name, long_name, _]| json!({"name": name, "long_name": long_name}))
                .collect(),
        };
        return format!("{}\n", Value::from(items));
    }
    let rows = rows(registry, what);
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let mut text = String::new();
    for [name, long_name, more] in &rows {
        let line = format!("{name:first$}  {long_name:second$}  {more}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    if rows.is_empty() {
        text.push_str("none in this build\n");
    }
    text
}

/// Returns the containers, including the tee.
fn muxers(registry: &Registry) -> impl Iterator<Item = &MuxerInfo> {
    registry.muxers().chain([&TEE])
}

fn rows(registry: &Registry, what: Listing) -> Vec<[String; 3]> {
    let plain = |(name, long_name): (&str, &str)| [name.into(), long_name.into(), String::new()];
    match what {
        Listing::Muxers => {
            muxers(registry).map(|m| [m.name.into(), m.long_name.into(), extensions(m)]).collect()
        }
        Listing::Encoders => {
            let audio = registry.audio_encoders().map(|info| ("audio", &info.encoder));
            let video = registry.video_encoders().map(|info| ("video", &info.encoder));
            audio
                .chain(video)
                .map(|(kind, info)| {
                    let default_of = default_of_muxers(registry, info);
                    let mut more = format!("{kind}, {}", backing(info.backing));
                    if !default_of.is_empty() {
                        let _ = write!(more, "; default of {}", default_of.join(", "));
                    }
                    [info.name.into(), info.long_name.into(), more]
                })
                .collect()
        }
        Listing::Devices => output_devices().map(plain).collect(),
        Listing::Protocols => {
            registry.protocols().map(|info| plain((info.name(), info.long_name))).collect()
        }
        Listing::PixelFormats => PixelFormat::ALL
            .iter()
            .map(|format| {
                let planes = match format.planes() {
                    1 => "packed".to_owned(),
                    planes => format!("{planes} planes"),
                };
                let model = match format.model() {
                    ColorModel::Gray => "gray",
                    ColorModel::Rgb => "RGB",
                    ColorModel::Yuv => "YUV",
                };
                let alpha = if format.has_alpha() { " with alpha" } else { "" };
                let bits = format.depth();
                let text = format!("{model}{alpha}, {bits} bits, {planes}");
                [format.name().into(), text, String::new()]
            })
            .collect(),
        Listing::SampleFormats => SampleFormat::ALL
            .iter()
            .map(|format| {
                let order = if format.is_planar() { "planar" } else { "packed" };
                let bits = 8 * format.data_type().bytes();
                let kind = if format.data_type().is_integer() { "integer" } else { "float" };
                [format.name().into(), format!("{bits} bit {kind}, {order}"), String::new()]
            })
            .collect(),
    }
}

fn extensions(muxer: &MuxerInfo) -> String {
    muxer.extensions.iter().map(|e| format!(".{e}")).collect::<Vec<_>>().join(" ")
}

fn backing(backing: Backing) -> String {
    match backing {
        Backing::Rust => "pure Rust".to_owned(),
        Backing::Binding { library, license } => format!("binding to {library}, {license}"),
    }
}

/// Returns the formats for which the encoder is the default in this build.
fn default_of_muxers(registry: &Registry, encoder: &EncoderInfo) -> Vec<&'static str> {
    let is_default = |muxer: &&MuxerInfo| {
        registry.default_audio_encoder(muxer).is_ok_and(|info| info.encoder.name == encoder.name)
            || registry
                .default_video_encoder(muxer, None)
                .is_ok_and(|info| info.encoder.name == encoder.name)
    };
    registry.muxers().filter(is_default).map(|muxer| muxer.name).collect()
}

/// Returns the description of `encoder=NAME` or `muxer=NAME`, or of everything with a name.
pub(crate) fn help(registry: &Registry, topic: &str) -> anyhow::Result<String> {
    let (texts, kind, known) = match topic.split_once('=') {
        Some(("encoder", name)) => {
            (encoders_help(registry, name), "encoder", encoder_names(registry))
        }
        Some(("muxer", name)) => (muxers_help(registry, name), "muxer", muxer_names(registry)),
        Some(("protocol", name)) => {
            (protocols_help(registry, name), "protocol", protocol_names(registry))
        }
        Some(_) => bail!(
            "Unknown topic: {topic}. Pass encoder=NAME, muxer=NAME, protocol=NAME, or only the \
             name of an encoder, a format, a protocol, an option or a command."
        ),
        None => {
            let known =
                [encoder_names(registry), muxer_names(registry), protocol_names(registry)].concat();
            (bare_help(registry, topic), "topic", known)
        }
    };
    if texts.is_empty() {
        let name = topic.split_once('=').map_or(topic, |(_, name)| name);
        let known = known.join(", ");
        bail!("Unknown {kind}: {name}. Available {kind}s are {known}.");
    }
    Ok(texts.join("\n"))
}

fn encoder_names(registry: &Registry) -> Vec<&'static str> {
    let video = registry.video_encoders().map(|info| info.encoder.name);
    registry.audio_encoders().map(|info| info.encoder.name).chain(video).collect()
}

fn muxer_names(registry: &Registry) -> Vec<&'static str> {
    muxers(registry).map(|muxer| muxer.name).collect()
}

/// Describes everything with a name: encoders and formats, otherwise formats with this extension,
/// otherwise commands and options.
fn bare_help(registry: &Registry, name: &str) -> Vec<String> {
    let mut texts = encoders_help(registry, name);
    texts.extend(muxers_help(registry, name));
    texts.extend(protocols_help(registry, name));
    if texts.is_empty() {
        texts.extend(
            registry
                .muxers()
                .filter(|muxer| muxer.extensions.contains(&name))
                .map(|info| muxer_help(registry, info)),
        );
    }
    if texts.is_empty() {
        let mut program = Cli::command();
        program.build();
        let command = program.find_subcommand_mut(name);
        texts.extend(command.map(|command| command.render_long_help().to_string()));
        texts.extend(options_named(registry, name));
    }
    texts
}

/// Describes the encoders with a name, otherwise those with this alias or codec.
fn encoders_help(registry: &Registry, name: &str) -> Vec<String> {
    let of = |is_named: &dyn Fn(&EncoderInfo) -> bool| -> Vec<String> {
        let audio = registry
            .audio_encoders()
            .filter(|info| is_named(&info.encoder))
            .map(|info| encoder_help(registry, info));
        let video = registry
            .video_encoders()
            .filter(|info| is_named(&info.encoder))
            .map(|info| video_encoder_help(registry, info));
        audio.chain(video).collect()
    };
    let exact = of(&|info| info.name == name);
    if !exact.is_empty() {
        return exact;
    }
    of(&|info| info.aliases.contains(&name) || info.codec.name() == name)
}

fn muxers_help(registry: &Registry, name: &str) -> Vec<String> {
    muxers(registry)
        .filter(|muxer| muxer.name == name)
        .map(|info| muxer_help(registry, info))
        .collect()
}

fn protocol_names(registry: &Registry) -> Vec<&'static str> {
    registry.protocols().map(ProtocolInfo::name).collect()
}

fn protocols_help(registry: &Registry, name: &str) -> Vec<String> {
    let is_named = |info: &&ProtocolInfo| info.schemes.contains(&name);
    registry.protocols().filter(is_named).map(protocol_help).collect()
}

/// Describes the options with a name, each with its owners.
fn options_named(registry: &Registry, name: &str) -> Vec<String> {
    let audio = registry.audio_encoders().flat_map(|info| {
        audio_encoder_options(info).map(|option| ("encoder", info.encoder.name, option))
    });
    let video = registry.video_encoders().flat_map(|info| {
        video_encoder_options(info).map(|option| ("encoder", info.encoder.name, option))
    });
    let muxers = registry.muxers().flat_map(|info| {
        info.options.iter().chain(OPEN_OPTIONS).map(|option| ("muxer", info.name, option))
    });
    let protocols = registry
        .protocols()
        .flat_map(|info| info.options.iter().map(|option| ("protocol", info.name(), option)));
    // Many encoders have the same options.
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for (kind, owner, option) in audio.chain(video).chain(muxers).chain(protocols) {
        if option.name != name {
            continue;
        }
        let mut text = String::new();
        option_help(&mut text, option);
        let owner = format!("{kind}={owner}");
        match found.iter_mut().find(|(other, _)| *other == text) {
            Some((_, owners)) => owners.push(owner),
            None => found.push((text, vec![owner])),
        }
    }
    found.into_iter().map(|(text, owners)| format!("{}:\n{text}", owners.join(", "))).collect()
}

/// Formats the first lines of a description. Omits lines with an empty value.
fn lines(title: String, lines: &[(&str, String)]) -> String {
    let mut text = title + "\n";
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "  {name:<15} {value}");
    }
    text
}

fn joined<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn encoder_help(registry: &Registry, info: &AudioEncoderInfo) -> String {
    let encoder = &info.encoder;
    let mut text = lines(
        format!("{}: {}", encoder.name, encoder.long_name),
        &[
            ("made of", backing(encoder.backing)),
            ("also called", joined(encoder.aliases)),
            ("default of", joined(default_of_muxers(registry, encoder))),
            ("sample formats", joined(info.sample_formats)),
            ("sample rates", info.sample_rates.to_string()),
            ("channels", info.layouts.to_string()),
            ("codec config", joined(encoder.config.iter().map(|field| field.name()))),
        ],
    );
    let options = audio_encoder_options(info);
    options_help(&mut text, "Options (--audio-option NAME=VALUE):", options);
    text
}

fn video_encoder_help(registry: &Registry, info: &VideoEncoderInfo) -> String {
    let encoder = &info.encoder;
    let mut text = lines(
        format!("{}: {}", encoder.name, encoder.long_name),
        &[
            ("made of", backing(encoder.backing)),
            ("also called", joined(encoder.aliases)),
            ("default of", joined(default_of_muxers(registry, encoder))),
            ("pixel formats", joined(info.pixel_formats)),
            ("codec config", joined(encoder.config.iter().map(|field| field.name()))),
        ],
    );
    let options = video_encoder_options(info);
    options_help(&mut text, "Options (--video-option NAME=VALUE):", options);
    text
}

fn muxer_help(registry: &Registry, info: &MuxerInfo) -> String {
    let default_audio = registry.default_audio_encoder(info).ok().map(|info| info.encoder.name);
    let default_video =
        registry.default_video_encoder(info, None).ok().map(|info| info.encoder.name);
    let mut text = lines(
        format!("{}: {}", info.name, info.long_name),
        &[
            ("extensions", extensions(info)),
            ("media type", info.mime_type.unwrap_or_default().into()),
            ("audio codecs", joined(info.audio_codecs)),
            ("video codecs", joined(info.video_codecs)),
            ("subtitle codecs", joined(info.subtitle_codecs)),
            ("chapters", chapters(info.chapters).to_owned()),
            ("default", joined(default_video.into_iter().chain(default_audio))),
        ],
    );
    let options = info.options.iter().chain(OPEN_OPTIONS);
    options_help(&mut text, "Options (--muxer-option NAME=VALUE):", options);
    text
}

/// Returns what a container stores of chapters, or an empty string if it does not support them.
fn chapters(support: ChapterSupport) -> &'static str {
    match support {
        ChapterSupport::Starts => "starts and titles",
        ChapterSupport::LastEnd => "starts, titles, and the end of the last one",
        ChapterSupport::Ends => "starts, ends and titles",
        _ => "",
    }
}

fn protocol_help(info: &ProtocolInfo) -> String {
    let schemes = info.schemes.iter().map(|scheme| format!("{scheme}:"));
    let mut text =
        lines(format!("{}: {}", info.name(), info.long_name), &[("addresses", joined(schemes))]);
    options_help(&mut text, "Options (--muxer-option NAME=VALUE):", info.options.iter());
    text
}

fn options_help<'a>(text: &mut String, title: &str, options: impl Iterator<Item = &'a OptionInfo>) {
    for (index, option) in options.enumerate() {
        if index == 0 {
            let _ = writeln!(text, "\n{title}");
        }
        option_help(text, option);
    }
}

fn option_help(text: &mut String, option: &OptionInfo) {
    let default = option.kind.default_text();
    let default = if default.is_empty() { default } else { format!(", default {default}") };
    let _ = writeln!(text, "  {}\n      {}", option.name, option.help);
    match option.kind {
        OptionKind::Choice { values, .. } => {
            let width = values.iter().map(|(word, _)| word.len()).max().unwrap_or(0);
            for (word, help) in values {
                let _ = writeln!(text, "      {word:width$}  {help}");
            }
            let _ = writeln!(text, "      one of these{default}");
        }
        OptionKind::Flags { values } => {
            let width = values.iter().map(|(word, _)| word.len()).max().unwrap_or(0);
            for (word, help) in values {
                let _ = writeln!(text, "      {word:width$}  {help}");
            }
            let _ = writeln!(text, "      any of these, joined by +");
        }
        kind => {
            let _ = writeln!(text, "      {kind}{default}");
        }
    }
}

fn option_json(option: &OptionInfo) -> Value {
    let kind = option.kind;
    let (allowed, default) = match kind {
        OptionKind::Int { min, max, default, names } => {
            let mut allowed = json!({"min": min, "max": max});
            if !names.is_empty() {
                allowed["names"] = names.iter().map(|(name, value)| (*name, *value)).collect();
            }
            (allowed, json!(default))
        }
        OptionKind::Float { min, max, default } => {
            (json!({"min": min, "max": max}), json!(default))
        }
        OptionKind::Bool { default } => (json!([true, false]), json!(default)),
        OptionKind::BoolOrSeconds { default, max } => {
            (json!([true, false, {"min": 0, "max": max}]), json!(default))
        }
        OptionKind::Flags { values } => (values.iter().map(|(word, _)| *word).collect(), json!([])),
        OptionKind::Choice { values, default } => {
            (values.iter().map(|(word, _)| *word).collect(), json!(default))
        }
        OptionKind::Text { .. }
        | OptionKind::Rational { .. }
        | OptionKind::Duration { .. }
        | OptionKind::Size { .. }
        | OptionKind::Color { .. }
        | OptionKind::Dictionary { .. } => (json!(kind.to_string()), json!(kind.default_text())),
    };
    json!({
        "name": option.name,
        "help": option.help,
        "type": kind.type_name(),
        "allowed": allowed,
        "default": default,
    })
}

fn encoder_json(registry: &Registry, info: &AudioEncoderInfo) -> Value {
    let encoder = &info.encoder;
    json!({
        "name": encoder.name,
        "long_name": encoder.long_name,
        "aliases": encoder.aliases,
        "kind": "audio",
        "codec": encoder.codec.name(),
        "backing": backing(encoder.backing),
        "default_of": default_of_muxers(registry, encoder),
        "sample_formats": info.sample_formats.iter().map(|f| f.name()).collect::<Vec<_>>(),
        "sample_rates": info.sample_rates.to_string(),
        "layouts": info.layouts.to_string(),
        "options": audio_encoder_options(info).map(option_json).collect::<Vec<_>>(),
    })
}

fn video_encoder_json(registry: &Registry, info: &VideoEncoderInfo) -> Value {
    let encoder = &info.encoder;
    json!({
        "name": encoder.name,
        "long_name": encoder.long_name,
        "aliases": encoder.aliases,
        "kind": "video",
        "codec": encoder.codec.name(),
        "backing": backing(encoder.backing),
        "default_of": default_of_muxers(registry, encoder),
        "pixel_formats": info.pixel_formats.iter().map(|f| f.name()).collect::<Vec<_>>(),
        "options": video_encoder_options(info).map(option_json).collect::<Vec<_>>(),
    })
}

fn muxer_json(info: &MuxerInfo) -> Value {
    json!({
        "name": info.name,
        "long_name": info.long_name,
        "extensions": info.extensions,
        "mime_type": info.mime_type,
        "audio_codecs": info.audio_codecs.iter().map(|c| c.name()).collect::<Vec<_>>(),
        "video_codecs": info.video_codecs.iter().map(|c| c.name()).collect::<Vec<_>>(),
        "subtitle_codecs": info.subtitle_codecs.iter().map(|c| c.name()).collect::<Vec<_>>(),
        "chapters": info.chapters.is_supported(),
        "options": info.options.iter().chain(OPEN_OPTIONS).map(option_json).collect::<Vec<_>>(),
    })
}
