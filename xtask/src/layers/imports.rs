//! Imports between the files of a crate.
//!
//! Paths that begin with `crate`, `self`, `super`, a module or an imported name are resolved to the
//! file that defines the item, through re-exports. So a file that only re-exports items is not part
//! of a cycle. Test code is ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::{Context, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::cycles::{Graph, cycles};

/// Files of a crate that import each other.
pub(super) struct ImportCycle {
    /// Paths relative to the workspace, in order.
    files: Vec<String>,
    /// Import, its file, and the file of the imported item.
    imports: Vec<(String, String, String)>,
}

impl fmt::Display for ImportCycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Files that import each other: {}", self.files.join(", "))?;
        for (path, from, to) in &self.imports {
            write!(f, "\n  {from} → {to} ({path})")?;
        }
        Ok(())
    }
}

/// Returns the cycles of the crate in a directory.
pub(super) fn cycles_of(root: &Path, folder: &str) -> anyhow::Result<Vec<ImportCycle>> {
    let mut found = Vec::new();
    for name in ["lib.rs", "main.rs"] {
        let file = format!("{folder}/src/{name}");
        if root.join(&file).exists() {
            let read = |file: &str| std::fs::read_to_string(root.join(file)).ok();
            found.extend(Crate::read(&file, &read)?.cycles());
        }
    }
    Ok(found)
}

/// Path of a module: names from the crate's root.
type ModulePath = Vec<String>;

/// Contents of a module.
#[derive(Default)]
struct Module {
    file: String,
    /// Names of the items that the module defines.
    items: BTreeSet<String>,
    /// Imported and re-exported names, and their paths.
    names: BTreeMap<String, Vec<String>>,
    /// Paths of glob imports.
    globs: Vec<Vec<String>>,
    /// Paths in code, and paths of private imports.
    paths: BTreeSet<Vec<String>>,
    /// Re-exported names.
    exports: BTreeSet<String>,
    /// All identifiers outside imports.
    identifiers: BTreeSet<String>,
}

/// Modules of a crate.
#[derive(Default)]
struct Crate {
    modules: BTreeMap<ModulePath, Module>,
    /// Macros that are visible in the whole crate, and their files.
    macros: BTreeMap<String, String>,
}

/// Target of a path.
enum Target {
    Module(ModulePath),
    /// Item, with the file that defines it.
    Item(String),
}

impl Crate {
    fn read(file: &str, read: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let mut this = Self::default();
        this.add(file, Vec::new(), read)?;
        Ok(this)
    }

    /// Adds the module of a file, and its child modules.
    fn add(
        &mut self,
        file: &str,
        path: ModulePath,
        read: &dyn Fn(&str) -> Option<String>,
    ) -> anyhow::Result<()> {
        let text = read(file).with_context(|| format!("failed to read {file}"))?;
        let tokens: TokenStream = text.parse().map_err(|error| anyhow!("{file}: {error}"))?;
        let mut children = Vec::new();
        self.scan(tokens, file, &path, true, &mut children);
        let (folder, name) = file.rsplit_once('/').context("the file has no directory")?;
        let folder = match name {
            "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
            _ => file.trim_end_matches(".rs").to_owned(),
        };
        for child in children {
            // Inline modules are directories.
            let inner = child[path.len()..].join("/");
            let candidates = [format!("{folder}/{inner}.rs"), format!("{folder}/{inner}/mod.rs")];
            let found = candidates.iter().find(|file| read(file).is_some());
            let found = found.with_context(|| format!("{file}: mod {inner} has no file"))?;
            self.add(found, child, read)?;
        }
        Ok(())
    }

    /// Adds the tokens of a module, or of a part of it if not `top`.
    fn scan(
        &mut self,
        tokens: TokenStream,
        file: &str,
        path: &ModulePath,
        top: bool,
        children: &mut Vec<ModulePath>,
    ) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let module = self.modules.entry(path.clone()).or_default();
        file.clone_into(&mut module.file);
        let mut at = 0;
        let mut is_public = false;
        while at < tokens.len() {
            let was_public = std::mem::take(&mut is_public);
            let Some(word) = word(&tokens, at) else {
                if is_for_tests(&tokens, at) {
                    at = after_item(&tokens, at);
                } else if let TokenTree::Group(group) = &tokens[at] {
                    let is_visibility = at > 0 && self::word(&tokens, at - 1) == Some("pub".into());
                    is_public = is_visibility;
                    self.scan(group.stream(), file, path, false, children);
                    at += 1;
                } else {
                    at += 1;
                }
                continue;
            };
            let next = self::word(&tokens, at + 1);
            match (word.as_str(), next) {
                ("pub", _) => {
                    is_public = true;
                    at += 1;
                }
                ("mod", Some(name)) => {
                    let inner = [path.as_slice(), &[name]].concat();
                    match tokens.get(at + 2) {
                        Some(TokenTree::Group(group)) => {
                            self.scan(group.stream(), file, &inner, true, children);
                        }
                        _ => children.push(inner),
                    }
                    at += 3;
                }
                ("use", _) => {
                    let end = (at..tokens.len()).find(|&i| is_punct(&tokens, i, ';'));
                    let end = end.unwrap_or(tokens.len());
                    let module = self.modules.entry(path.clone()).or_default();
                    module.import(&tokens[at + 1..end], &[], was_public);
                    at = end + 1;
                }
                ("macro_rules", _) if is_punct(&tokens, at + 1, '!') => {
                    if let Some(name) = self::word(&tokens, at + 2) {
                        self.macros.insert(name, file.to_owned());
                    }
                    at += 3;
                }
                (keyword, name) => {
                    let module = self.modules.entry(path.clone()).or_default();
                    if top && DEFINITIONS.contains(&keyword) {
                        module.items.extend(name);
                    }
                    let mut names = vec![word];
                    while is_punct(&tokens, at + 1, ':') && is_punct(&tokens, at + 2, ':') {
                        let Some(name) = self::word(&tokens, at + 3) else { break };
                        names.push(name);
                        at += 3;
                    }
                    module.identifiers.insert(names[0].clone());
                    if names.len() > 1 || is_punct(&tokens, at + 1, '!') {
                        module.paths.insert(names);
                    }
                    at += 1;
                }
            }
        }
    }

    /// Resolves a path from a module. Returns `None` for items of other crates.
    fn resolve(&self, module: &[String], path: &[String], depth: u32) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let start = match first.as_str() {
            "crate" => Vec::new(),
            "self" => module.to_vec(),
            "super" => module[..module.len().checked_sub(1)?].to_vec(),
            name => match self.find(module, name, depth)? {
                Target::Module(start) => start,
                item => return Some(item),
            },
        };
        self.descend(start, rest, depth)
    }

    /// Resolves the rest of a path, whose names all belong to this crate.
    fn descend(&self, mut module: ModulePath, path: &[String], depth: u32) -> Option<Target> {
        for name in path {
            match (name.as_str(), self.find(&module, name, depth)) {
                ("super", _) => drop(module.pop()?),
                (_, Some(Target::Module(inner))) => module = inner,
                (_, Some(item)) => return Some(item),
                // A macro may have defined it.
                (_, None) => return Some(Target::Item(self.modules.get(&module)?.file.clone())),
            }
        }
        Some(Target::Module(module))
    }

    /// Finds a name in a module.
    fn find(&self, module: &[String], name: &str, depth: u32) -> Option<Target> {
        let here = self.modules.get(module)?;
        let child = [module, &[name.to_owned()]].concat();
        if self.modules.contains_key(&child) {
            return Some(Target::Module(child));
        }
        if here.items.contains(name) {
            return Some(Target::Item(here.file.clone()));
        }
        // Imports may be cyclic.
        let depth = depth.checked_sub(1)?;
        if let Some(path) = here.names.get(name) {
            return self.resolve(module, path, depth);
        }
        if let Some(file) = self.macros.get(name) {
            return Some(Target::Item(file.clone()));
        }
        here.globs.iter().find_map(|glob| match self.resolve(module, glob, depth)? {
            Target::Module(module) => self.find(&module, name, depth),
            Target::Item(_) => None,
        })
    }

    /// Returns the cycles of files.
    fn cycles(&self) -> Vec<ImportCycle> {
        let mut imports = BTreeMap::new();
        for (path, module) in &self.modules {
            let used = module.names.iter().filter(|(name, _)| {
                !module.exports.contains(*name) || module.identifiers.contains(*name)
            });
            let by_glob = module
                .identifiers
                .iter()
                .filter(|name| !module.items.contains(*name) && !module.names.contains_key(*name));
            let by_glob: Vec<Vec<String>> = by_glob.map(|name| vec![name.clone()]).collect();
            let by_glob = if module.globs.is_empty() { &[] } else { &by_glob[..] };
            for used in used.map(|(_, used)| used).chain(&module.paths).chain(by_glob) {
                if let Some(Target::Item(file)) = self.resolve(path, used, 8)
                    && file != module.file
                {
                    imports.entry((module.file.clone(), file)).or_insert(used.join("::"));
                }
            }
        }
        let mut graph: Graph =
            self.modules.values().map(|module| (module.file.clone(), BTreeSet::new())).collect();
        for (from, to) in imports.keys() {
            graph.entry(from.clone()).or_default().insert(to.clone());
        }
        let cycles = cycles(&graph).into_iter();
        cycles
            .map(|files| {
                let files: Vec<String> = files.into_iter().map(str::to_owned).collect();
                let within = imports
                    .iter()
                    .filter(|((from, to), _)| files.contains(from) && files.contains(to));
                let imports = within
                    .map(|((from, to), path)| (path.clone(), from.clone(), to.clone()))
                    .collect();
                ImportCycle { files, imports }
            })
            .collect()
    }
}

/// Keywords before the name of an item.
const DEFINITIONS: [&str; 8] =
    ["struct", "enum", "union", "trait", "fn", "type", "const", "static"];

impl Module {
    /// Adds the tree of an import.
    fn import(&mut self, tokens: &[TokenTree], prefix: &[String], is_public: bool) {
        let mut path = prefix.to_vec();
        for at in 0..tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(name) if *name == "as" => {
                    self.name(path, word(tokens, at + 1), is_public);
                    return;
                }
                TokenTree::Ident(name) => path.push(name.to_string()),
                TokenTree::Punct(punct) if punct.as_char() == '*' => {
                    self.globs.push(path);
                    return;
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
                    for tree in tokens.split(
                        |token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','),
                    ) {
                        self.import(tree, &path, is_public);
                    }
                    return;
                }
                _ => {}
            }
        }
        self.name(path, None, is_public);
    }

    fn name(&mut self, mut path: Vec<String>, alias: Option<String>, is_public: bool) {
        if path.len() > 1 && path.last().is_some_and(|name| name == "self") {
            path.pop();
        }
        let Some(name) = alias.or_else(|| path.last().cloned()) else { return };
        if name == "_" {
            self.paths.insert(path);
            return;
        }
        if is_public {
            self.exports.insert(name.clone());
        }
        self.names.insert(name, path);
    }
}

/// Returns the identifier at an index.
fn word(tokens: &[TokenTree], at: usize) -> Option<String> {
    match tokens.get(at)? {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_punct(tokens: &[TokenTree], at: usize, char: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

/// Returns true if an attribute at an index restricts an item to tests.
fn is_for_tests(tokens: &[TokenTree], at: usize) -> bool {
    let Some(TokenTree::Group(group)) = tokens.get(at + 1) else { return false };
    if !is_punct(tokens, at, '#') {
        return false;
    }
    let attribute: String =
        group.stream().to_string().chars().filter(|char| !char.is_whitespace()).collect();
    attribute == "cfg(test)" || attribute == "test"
}

/// Returns the index after an item whose first attribute is at an index.
fn after_item(tokens: &[TokenTree], mut at: usize) -> usize {
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Punct(punct) if punct.as_char() == ';' => return at + 1,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return at + 1,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the files of each cycle of a crate, without their directory.
    fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let read = |wanted: &str| {
            let found = files.iter().find(|(file, _)| wanted == format!("src/{file}"));
            found.map(|(_, text)| (*text).to_owned())
        };
        let cycles = Crate::read("src/lib.rs", &read).unwrap().cycles();
        let name = |file: &String| file["src/".len()..].to_owned();
        cycles.iter().map(|cycle| cycle.files.iter().map(name).collect()).collect()
    }

    #[test]
    fn finds_cycles_through_re_exports() {
        let root = "mod a; mod b; pub use a::A; pub use b::{B as Renamed};";
        let a = "use crate::Renamed; pub struct A(Renamed);";
        let b = "/// [`A`](crate::A)\npub struct B; #[cfg(test)] mod tests { use crate::A; }";
        assert!(found(&[("lib.rs", root), ("a.rs", a), ("b.rs", b)]).is_empty());
        for b in [
            "pub struct B(crate::A);",
            "pub struct B; fn f() { vec![crate::a::A] }",
            "pub struct B; fn f() { crate::a::made_by_a_macro() }",
            "use crate::*; pub struct B(A);",
            "use super::a; pub struct B(a::A);",
            "use super::a::{self as other}; pub struct B(other::A);",
        ] {
            assert_eq!(found(&[("lib.rs", root), ("a.rs", a), ("b.rs", b)]), [["a.rs", "b.rs"]]);
        }
    }

    #[test]
    fn finds_cycle_of_module_and_child() {
        let child = "use super::Shared; pub(crate) fn make() -> Shared { Shared }";
        let names = ["lib.rs", "part.rs", "part/child.rs"];
        let files = |part| [(names[0], "mod part;"), (names[1], part), (names[2], child)];
        assert!(found(&files("mod child; pub use child::make; pub struct Shared;")).is_empty());
        let uses = "mod child; use child::make; pub struct Shared; fn f() { make(); }";
        assert_eq!(found(&files(uses)), [["part.rs", "part/child.rs"]]);
        let uses = "mod child; pub struct Shared; fn f() { child::make(); }";
        assert_eq!(found(&files(uses)), [["part.rs", "part/child.rs"]]);
    }

    #[test]
    fn macros_belong_to_their_file() {
        let a = "macro_rules! all { ($x:expr) => { $crate::b::f($x) } }";
        let b = "pub fn f(x: u8) { crate::all!(x) }";
        let files = [("lib.rs", "#[macro_use] mod a; mod b;"), ("a.rs", a), ("b.rs", b)];
        assert_eq!(found(&files), [["a.rs", "b.rs"]]);
    }
}
