//! Fenced code blocks of a page, and their expected output.

use std::path::Path;

use anyhow::{Context, bail};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// Language of a block that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Shell,
    Python,
    Rust,
}

/// Block that runs.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) language: Language,
    pub(crate) code: String,
    /// Expected output, in the following block of `text` or `json`.
    pub(crate) output: Option<String>,
    /// Reason why the block is not run.
    pub(crate) not_run: Option<String>,
    /// Page and line number.
    pub(crate) place: String,
}

/// Page with its blocks in order.
#[derive(Debug)]
pub(crate) struct Page {
    /// Path from the root of the repository.
    pub(crate) name: String,
    pub(crate) blocks: Vec<Block>,
}

impl Page {
    pub(crate) fn read(root: &Path, path: &Path) -> anyhow::Result<Self> {
        let name = path.strip_prefix(root)?.display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| name.clone())?;
        Ok(Self { blocks: blocks(&name, &text)?, name })
    }
}

fn blocks(name: &str, text: &str) -> anyhow::Result<Vec<Block>> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut not_run = None;
    let mut open: Option<(String, String, String)> = None;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Html(html) => {
                not_run = html
                    .trim()
                    .strip_prefix("<!-- not run:")
                    .and_then(|rest| rest.strip_suffix("-->"))
                    .map(|reason| reason.trim().to_owned());
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let line = text[..range.start].lines().count() + 1;
                let place = format!("{name}:{line}");
                let CodeBlockKind::Fenced(info) = kind else {
                    bail!("{place}: code blocks must be fenced and name their language");
                };
                open = Some((info.to_string(), String::new(), place));
            }
            Event::Text(text) => {
                if let Some((_, code, _)) = &mut open {
                    code.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                let (info, code, place) =
                    open.take().context("the end of a code block has no start")?;
                let language = match info.split(',').next().unwrap_or_default() {
                    "sh" => Language::Shell,
                    "python" => Language::Python,
                    "rust" => Language::Rust,
                    "text" | "json" => {
                        let Some(last) = blocks.last_mut().filter(|last| last.output.is_none())
                        else {
                            bail!("{place}: an output block must follow the block that prints it");
                        };
                        last.output = Some(code);
                        continue;
                    }
                    "toml" => continue,
                    other => bail!(
                        "{place}: the language of a block must be sh, python, rust or toml, or text or \
                         json for an output. Found: {other:?}"
                    ),
                };
                let not_run = not_run.take();
                blocks.push(Block { language, code, output: None, not_run, place });
            }
            _ => {}
        }
    }
    Ok(blocks)
}

/// Returns true if an output matches the page: `…` matches any text, and alone on a line any number
/// of lines.
pub(crate) fn matches(expected: &str, found: &str) -> bool {
    let pattern: Vec<&str> = expected.trim().lines().map(str::trim_end).collect();
    let found: Vec<&str> = found.trim().lines().map(str::trim_end).collect();
    lines_match(&pattern, &found)
}

fn lines_match(pattern: &[&str], found: &[&str]) -> bool {
    match pattern.split_first() {
        None => found.is_empty(),
        Some((first, rest)) if first.trim() == "…" => {
            (0..=found.len()).any(|skipped| lines_match(rest, &found[skipped..]))
        }
        Some((first, rest)) => found
            .split_first()
            .is_some_and(|(line, others)| line_matches(first, line) && lines_match(rest, others)),
    }
}

fn line_matches(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|start| line.strip_prefix(start)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((end, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_blocks_with_output_and_reason() {
        let text = "```sh\na\n```\nprints\n```text\nb\n```\n\n<!-- not run: no camera -->\n```python\nc\n```\n\
                    ```toml\n```\n";
        let found = blocks("page.md", text).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].language, Language::Shell);
        assert_eq!((found[0].code.as_str(), found[0].output.as_deref()), ("a\n", Some("b\n")));
        assert_eq!(found[1].not_run.as_deref(), Some("no camera"));
        assert_eq!(found[1].place, "page.md:10");
        for wrong in ["```\na\n```\n", "    a\n", "```text\na\n```\n", "```ruby\na\n```\n"] {
            assert!(blocks("page.md", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn ellipsis_matches_any_text() {
        for (expected, found, is_match) in [
            ("a\nb\n", "a\nb", true),
            ("a", "a\nb", false),
            ("a … c", "a long b c", true),
            ("a … c", "a long b d", false),
            ("a\n…\nc", "a\nb\nb\nc", true),
            ("a\n…\nc", "a\nc", true),
            ("…", "", true),
            ("took … of …", "took 3 of 4", true),
            ("took … of … s", "took 3 of 4", false),
        ] {
            assert_eq!(matches(expected, found), is_match, "{expected:?} {found:?}");
        }
    }
}
