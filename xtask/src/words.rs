//! `cargo xtask words`: checks the language of comments, documentation, strings and names.
//!
//! Reports sentences that begin with a question word, and words of the table in `words/table.rs`.

mod table;
mod text;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::workspace;
use table::{EXCEPTIONS, Entry, OUTSIDE_PHRASES, SKIPPED, Scope, WORDS};
use text::{Kind, Piece, Word};

/// Words that no sentence of a comment may begin with.
const QUESTION_WORDS: [&str; 11] =
    ["what", "who", "whose", "whom", "which", "where", "whether", "why", "when", "how", "whatever"];
/// Advice for a sentence that begins with a question word.
const ADVICE: &str = "begin with a noun or a verb";

/// A place whose words should change.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    found: String,
    replacement: &'static str,
}

/// Checks all tracked files, or those whose paths begin with one of `prefixes`.
///
/// Prints each finding; with `count_only` only the number in each folder.
pub(crate) fn run(prefixes: &[&str], count_only: bool) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let index = Index::new();
    let mut findings = Vec::new();
    for path in tracked_files(root)? {
        let is_selected = prefixes.is_empty() || prefixes.iter().any(|p| path.starts_with(p));
        if is_selected && !SKIPPED.iter().any(|skipped| path.starts_with(skipped)) {
            // A tracked file that was deleted has no words.
            if let Ok(source) = std::fs::read_to_string(root.join(&path)) {
                findings.extend(check(&index, &path, &source));
            }
        }
    }
    findings.sort();
    if count_only {
        let mut counts = BTreeMap::new();
        for finding in &findings {
            *counts.entry(folder(&finding.path)).or_insert(0) += 1;
        }
        counts.iter().for_each(|(folder, count)| println!("{count:6}  {folder}"));
    } else {
        for Finding { path, line, found, replacement } in &findings {
            println!("{path}:{line}: {found} → {replacement}");
        }
    }
    println!("{} findings", findings.len());
    if !findings.is_empty() {
        bail!("words to replace; reasons and exceptions: xtask/src/words/table.rs");
    }
    Ok(())
}

fn tracked_files(root: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--", "*.rs", "*.py", "*.pyi", "*.md"])
        .current_dir(root)
        .output()
        .context("running git")?;
    if !output.status.success() {
        bail!("git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    }
    let paths = String::from_utf8(output.stdout)?;
    Ok(paths.split_terminator('\0').map(str::to_owned).collect())
}

/// Returns the folder under which a file's findings are counted.
fn folder(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let depth = match parts.as_slice() {
        ["crates", "encoders" | "muxers", ..] => 3,
        ["crates", ..] => 2,
        _ => 1,
    };
    if parts.len() == 1 { ".".into() } else { parts[..depth.min(parts.len() - 1)].join("/") }
}

/// Words of the table by the first word of each phrase.
struct Index {
    entries: HashMap<&'static str, Vec<(Vec<&'static str>, &'static Entry)>>,
    outside: Vec<Vec<&'static str>>,
}

impl Index {
    fn new() -> Self {
        let mut entries: HashMap<_, Vec<_>> = HashMap::new();
        for entry in WORDS {
            for phrase in entry.phrases.split('|') {
                let words: Vec<_> = phrase.split(' ').collect();
                entries.entry(words[0]).or_default().push((words, entry));
            }
        }
        // Longer phrases first: "is told" before "told".
        entries
            .values_mut()
            .for_each(|list| list.sort_by_key(|(words, _)| usize::MAX - words.len()));
        let outside = OUTSIDE_PHRASES.iter().map(|(phrase, _)| phrase.split(' ').collect());
        Self { entries, outside: outside.collect() }
    }

    /// Returns the entry whose phrase is at the beginning of `words`, and the phrase's length.
    /// `is_whole` is true if no word of the piece precedes `words`.
    fn find(&self, words: &[Word], kind: Kind, is_whole: bool) -> Option<(usize, &'static Entry)> {
        let is_name = matches!(kind, Kind::Name | Kind::FileName);
        let candidates = self.entries.get(words.first()?.text.as_str())?;
        let found = candidates.iter().find(|(phrase, entry)| {
            let applies = match entry.scope {
                Scope::Everywhere => true,
                Scope::Text => !is_name,
                Scope::Name => is_name && is_whole && words.len() == 1,
                Scope::File => kind == Kind::FileName && is_whole && words.len() == 1,
            };
            applies && begins_with(words, phrase)
        });
        found.map(|(phrase, entry)| (phrase.len(), *entry))
    }
}

fn begins_with(words: &[Word], phrase: &[&str]) -> bool {
    words.len() >= phrase.len() && words.iter().zip(phrase).all(|(word, text)| word.text == *text)
}

/// Returns the findings of one file.
fn check(index: &Index, path: &str, source: &str) -> Vec<Finding> {
    let mut pieces = match path.rsplit('.').next() {
        Some("rs") => text::rust(source),
        Some("md") => text::markdown(source),
        _ => text::python(source),
    };
    pieces.push(Piece::of_path(path));
    let mut findings = Vec::new();
    for piece in &pieces {
        if let Some(word) = question_word(piece) {
            findings.push((word.line, format!("begins with \"{}\"", word.text), ADVICE));
        }
        let mut at = 0;
        while at < piece.words.len() {
            let words = &piece.words[at..];
            if let Some(phrase) = index.outside.iter().find(|phrase| begins_with(words, phrase)) {
                at += phrase.len();
                continue;
            }
            if let Some((length, entry)) = index.find(words, piece.kind, at == 0)
                && !is_excepted(path, &words[0].text)
            {
                let found = match &piece.name {
                    Some(name) => format!("`{name}`"),
                    None => joined(&words[..length]),
                };
                findings.push((words[0].line, found, entry.replacement));
                at += length;
            } else {
                at += 1;
            }
        }
    }
    let finding =
        |(line, found, replacement)| Finding { path: path.into(), line, found, replacement };
    findings.into_iter().map(finding).collect()
}

fn joined(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn is_excepted(path: &str, word: &str) -> bool {
    let mut exceptions = EXCEPTIONS.iter();
    exceptions.any(|(prefix, words, _)| {
        path.starts_with(prefix) && words.split('|').any(|excepted| excepted == word)
    })
}

/// Returns the question word that a piece begins with. Questions and adverbial clauses may begin so.
fn question_word(piece: &Piece) -> Option<&Word> {
    let first = piece.words.first()?;
    if !piece.is_sentence || !QUESTION_WORDS.contains(&first.text.as_str()) {
        return None;
    }
    let is_plain = match first.text.as_str() {
        // "When x, y": an adverbial clause.
        "when" => piece.has_comma,
        // "How to …" as a heading is a name for a guide.
        "how" => piece.kind == Kind::Heading && piece.words.get(1).is_some_and(|w| w.text == "to"),
        _ => false,
    };
    (!is_plain && !piece.is_question).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, source: &str) -> Vec<(usize, String)> {
        let found = check(&Index::new(), path, source);
        found.into_iter().map(|finding| (finding.line, finding.found)).collect()
    }

    fn texts(path: &str, source: &str) -> Vec<String> {
        findings(path, source).into_iter().map(|(_, found)| found).collect()
    }

    #[test]
    fn question_words_begin_no_comment() {
        let source = "\
/// Where the data is.
fn a() {} // who calls it

// Returns the place
// where the data is.
fn b() {}

/// Length.
///
/// What is left is silence.
///
/// - which one
";
        let expected = [(1, "where"), (2, "who"), (10, "what"), (12, "which")];
        let expected = expected.map(|(line, word)| (line, format!("begins with \"{word}\"")));
        assert_eq!(findings("a.rs", source), expected);
    }

    #[test]
    fn adverbial_clauses_and_questions_are_plain() {
        assert!(texts("a.rs", "// When the file is closed, sizes are patched.").is_empty());
        assert!(texts("a.rs", "// Why not a map? It would sort.").is_empty());
        assert!(texts("a.md", "## How to add a codec").is_empty());
        assert_eq!(texts("a.rs", "// When the file is closed.").len(), 1);
        assert_eq!(texts("a.md", "## How codecs are added").len(), 1);
        assert_eq!(texts("a.md", "How to add a codec:").len(), 1);
    }

    #[test]
    fn help_texts_begin_with_no_question_word() {
        assert_eq!(texts("a.rs", r#"const A: &str = "whether a tag is written";"#).len(), 1);
        assert!(texts("a.rs", r#"const A: &str = "which";"#).is_empty());
    }

    #[test]
    fn words_are_found_in_all_kinds_of_text() {
        let source = "\
// A film's
/* sounds */
fn film_length(sound: u32) { let a = \"in colour\"; let b = r#\"to be
had\"#; let c = 'c'; let d: &'static str = b\"film\"; }
";
        let expected = [
            (1, "film"),
            (2, "sounds"),
            (3, "`film_length`"),
            (3, "`sound`"),
            (3, "colour"),
            (3, "to be had"),
            (4, "film"),
        ];
        assert_eq!(findings("a.rs", source), expected.map(|(line, word)| (line, word.to_owned())));
    }

    #[test]
    fn phrases_end_with_the_sentence() {
        assert!(texts("a.rs", "// It has 4 bits. A second one follows.").is_empty());
        assert_eq!(texts("a.rs", "// It has 4 bits a second."), ["bits a second"]);
    }

    #[test]
    fn code_and_links_are_left_out_of_text() {
        assert!(texts("a.md", "`sound` and ``film`` at https://example.org/film.").is_empty());
        assert!(texts("a.rs", "/// [`film`] and `a film`").is_empty());
        assert_eq!(texts("a.md", "```text\nWhat a film\n```"), ["film"]);
    }

    #[test]
    fn python_has_docstrings_and_comments() {
        let source = "\
\"\"\"Who reads this.\"\"\"
x = '''What is a film'''  # where
def film(a: str = \"grey\") -> None:
    r\"\"\"
    Returns the sound.
    \"\"\"
";
        let expected = [
            (1, "begins with \"who\""),
            (2, "film"),
            (2, "begins with \"where\""),
            (3, "`film`"),
            (3, "grey"),
            (5, "sound"),
        ];
        assert_eq!(findings("a.py", source), expected.map(|(line, word)| (line, word.to_owned())));
    }

    #[test]
    fn names_are_found_once_and_in_paths() {
        let source = "struct Apart; fn f(a: Apart) -> Apart { share.look() }";
        assert_eq!(texts("a.rs", source), ["`Apart`", "`look`"]);
        assert_eq!(texts("crates/sound.rs", ""), ["`sound`"]);
        assert_eq!(texts("crates/lanes.rs", ""), ["`lanes`"]);
        assert!(texts("a.rs", "fn look_ahead(share_of: u32) {}").is_empty());
    }

    #[test]
    fn names_of_others_are_excepted() {
        assert!(texts("a.rs", "// Sound eXchange reads it.").is_empty());
        assert!(texts("a.rs", "struct SoundDescription;").is_empty());
        assert!(texts("crates/encoders/h264/src/coder/nal.rs", "// A picture.").is_empty());
        assert_eq!(texts("crates/cli/src/main.rs", "// A picture."), ["picture"]);
    }

    #[test]
    fn folders_are_crates_or_at_the_top() {
        assert_eq!(folder("README.md"), ".");
        assert_eq!(folder("docs/video.md"), "docs");
        assert_eq!(folder("crates/core/src/lib.rs"), "crates/core");
        assert_eq!(folder("crates/muxers/mp4/src/lib.rs"), "crates/muxers/mp4");
    }

    #[test]
    fn every_exception_has_a_reason_and_a_file() {
        let root = workspace::root().unwrap();
        let tracked = tracked_files(root).unwrap();
        for (prefix, words, reason) in EXCEPTIONS {
            assert!(!reason.is_empty(), "{words}");
            assert!(tracked.iter().any(|path| path.starts_with(prefix)), "{prefix}");
        }
    }
}
