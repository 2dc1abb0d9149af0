//! Links of pages: files and anchors must exist. Network addresses are not checked.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Returns a message for each broken link.
pub(crate) fn check(root: &Path, pages: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let mut anchors_of: HashMap<PathBuf, Vec<String>> = HashMap::new();
    let mut failures = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(page)?;
        let name = page.strip_prefix(root)?.display();
        let folder = page.parent().unwrap_or(root);
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { page.clone() } else { folder.join(path) };
            let Ok(target) = target.canonicalize() else {
                failures.push(format!("{name}: {link} does not exist"));
                continue;
            };
            if anchor.is_empty() || target.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            if !anchors_of.contains_key(&target) {
                anchors_of.insert(target.clone(), anchors(&std::fs::read_to_string(&target)?));
            }
            if !anchors_of[&target].iter().any(|known| known == anchor) {
                failures.push(format!("{name}: {link} is not a heading of the page"));
            }
        }
    }
    Ok(failures)
}

fn links(text: &str) -> Vec<String> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
        .filter_map(|event| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(dest_url.to_string())
            }
            _ => None,
        })
        .collect()
}

/// Returns the anchors of the headings, as in mdBook and GitHub.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let slug: String = heading
                    .take()
                    .unwrap_or_default()
                    .to_lowercase()
                    .chars()
                    .filter_map(|c| match c {
                        ' ' => Some('-'),
                        '-' | '_' => Some(c),
                        c => c.is_alphanumeric().then_some(c),
                    })
                    .collect();
                let same = anchors.iter().filter(|known| **known == slug).count();
                anchors.push(if same == 0 { slug } else { format!("{slug}-{same}") });
            }
            _ => {}
        }
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_anchors_of_headings() {
        let text = "# In Python\n## `open` and close()\n## Same\n## Same\n";
        assert_eq!(anchors(text), ["in-python", "open-and-close", "same", "same-1"]);
    }

    #[test]
    fn finds_broken_links() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("a.md");
        std::fs::write(folder.path().join("b.md"), "# Here\n").unwrap();
        let text =
            "[1](b.md) [2](b.md#here) [3](b.md#there) [4](c.md) ![5](d.svg) [6](https://e.f)";
        std::fs::write(&page, text).unwrap();
        let found = check(folder.path(), &[page]).unwrap();
        assert_eq!(
            found,
            [
                "a.md: b.md#there is not a heading of the page",
                "a.md: c.md does not exist",
                "a.md: d.svg does not exist"
            ]
        );
    }
}
