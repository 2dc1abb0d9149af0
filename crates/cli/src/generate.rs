//! Manual page, completion scripts, and the text of `--version`.

use std::fmt::Write;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use reelwright::Registry;

use crate::outcome::{Outcome, print};

/// Optional Cargo features of the program.
const FEATURES: &[(&str, bool)] = &[
    ("asm", cfg!(feature = "asm")),
    ("fdk", cfg!(feature = "fdk")),
    ("vorbis", cfg!(feature = "vorbis")),
];

/// Section of the manual page, in roff.
const EXIT_STATUS: &str = ".SH \"EXIT STATUS\"
.TP
0
The output is complete.
.TP
1
An error. It is on standard error, and with \\fB\\-\\-json\\fR also on standard output.
.TP
2
Invalid arguments.
.TP
3
The output was written, but the input was damaged or cut off.
.TP
130
Interrupted by Ctrl-C. The output contains what was encoded until then.
";

/// Prints a script that completes the command line in a shell.
pub(crate) fn completions(mut command: Command, shell: Shell) -> anyhow::Result<Outcome> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    print(&String::from_utf8(script)?)
}

/// Prints the manual page in roff, with a section for each command.
pub(crate) fn manual(mut command: Command) -> anyhow::Result<Outcome> {
    command.build();
    let mut page = Vec::new();
    let manual = Man::new(command.clone());
    manual.render_title(&mut page)?;
    manual.render_name_section(&mut page)?;
    manual.render_synopsis_section(&mut page)?;
    manual.render_options_section(&mut page)?;
    for subcommand in command.get_subcommands() {
        page.extend(format!(".SH {}\n", subcommand.get_name().to_uppercase()).bytes());
        let manual = Man::new(subcommand.clone());
        let mut sections = Vec::new();
        manual.render_synopsis_section(&mut sections)?;
        manual.render_description_section(&mut sections)?;
        manual.render_options_section(&mut sections)?;
        // They are subsections of the command here.
        page.extend(String::from_utf8(sections)?.replace(".SH ", ".SS ").bytes());
    }
    page.extend(EXIT_STATUS.bytes());
    print(&String::from_utf8(page)?)
}

/// Returns the version with the contents of the build, for `--version`.
pub(crate) fn long_version(registry: &Registry) -> String {
    let video = registry.video_encoders().map(|info| info.encoder.name);
    let audio = registry.audio_encoders().map(|info| info.encoder.name);
    let features = FEATURES.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| *name);
    let protocols = registry.protocols().flat_map(|info| info.schemes.iter().copied());
    let lists: [(&str, Vec<&str>); 5] = [
        ("features", features.collect()),
        ("video encoders", video.collect()),
        ("audio encoders", audio.collect()),
        ("formats", registry.muxers().map(|info| info.name).collect()),
        ("protocols", protocols.collect()),
    ];
    let mut text = env!("CARGO_PKG_VERSION").to_owned();
    for (name, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
        _ = write!(text, "\n{name}: {}", list.join(", "));
    }
    text
}
