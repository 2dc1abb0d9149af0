//! Encoders, compared with other programs.

use std::path::Path;
use std::process::Command;

use super::measure::{RUNS, child_cpu, installed, median, own_cpu};
use super::music::Music;
use super::results::{self, Results};

/// A program that encodes one file into another.
pub(super) struct Peer<'a> {
    /// Name in the table.
    pub(super) name: &'a str,
    pub(super) program: &'a str,
    pub(super) command: &'a dyn Fn(&Path, &Path) -> Command,
}

/// Measurements of an encoder and of a peer.
pub(super) struct Comparison {
    /// Speeds of the encoder and the peer, as multiples of real time.
    speeds: [f64; 2],
    /// Sizes of both files in bytes.
    sizes: [u64; 2],
}

/// Prints the header of the table of [`compare`].
pub(super) fn print_head() {
    println!(
        "{:<34} {:>9} {:>9} {:>7} {:>11} {:>11} {:>8}",
        "encoder | peer", "real time", "peer's", "ratio", "bytes", "peer's", "size"
    );
}

/// Measures an encoder and its peers, which alternate.
pub(super) fn compare(
    (part, results): (&str, &mut Results),
    music: &Music,
    name: &str,
    own_output: &Path,
    own: &dyn Fn() -> anyhow::Result<()>,
    peers: &[Peer<'_>],
) -> anyhow::Result<()> {
    for peer in peers {
        let line = format!("{name} | {}", peer.name);
        let output = own_output.with_file_name("peer").with_extension(extension(own_output));
        if let Some(both) = measure(music, &line, own_output, own, peer, &output)? {
            both.report(part, name, peer.name, results);
        }
    }
    Ok(())
}

/// Measures an encoder and a peer. Returns none, with a note, if the peer is not installed.
pub(super) fn measure(
    music: &Music,
    line: &str,
    own_output: &Path,
    own: &dyn Fn() -> anyhow::Result<()>,
    peer: &Peer<'_>,
    output: &Path,
) -> anyhow::Result<Option<Comparison>> {
    if !installed(peer.program, line) {
        return Ok(None);
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ours.push(own_cpu(own)?);
        let start = child_cpu(&mut (peer.command)(&music.start_wav, output))?;
        theirs.push(child_cpu(&mut (peer.command)(&music.wav, output))? - start);
    }
    Ok(Some(Comparison {
        speeds: [ours, theirs].map(|times| music.real_time(median(times))),
        sizes: [own_output.metadata()?.len(), output.metadata()?.len()],
    }))
}

impl Comparison {
    /// Prints the comparison, and adds it to the results.
    pub(super) fn report(&self, part: &str, name: &str, peer: &str, results: &mut Results) {
        println!("{}", self.line(&format!("{name} | {peer}")));
        let row = results::Comparison::new(part, name, peer, "times real time", self.speeds);
        results.add(row.sizes(self.sizes));
    }

    fn line(&self, name: &str) -> String {
        let ([ours, theirs], [size, peer_size]) = (self.speeds, self.sizes);
        format!(
            "{name:<34} {ours:>8.0}x {theirs:>8.0}x {:>7.2} {size:>11} {peer_size:>11} {:>+7.2}%",
            ours / theirs,
            100.0 * (size as f64 / peer_size as f64 - 1.0),
        )
    }
}

/// Returns the extension, which selects the format of a peer.
pub(super) fn extension(path: &Path) -> &str {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}
