//! Text of source files: comments, strings, names and paragraphs.

/// Kind of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Paragraph, list item or table cell of a comment or of Markdown.
    Paragraph,
    Heading,
    /// String literal.
    Literal,
    /// Identifier, split into its words.
    Name,
    /// Name of a file, split into its words.
    FileName,
}

/// Word in lower case, without a possessive ending.
#[derive(Debug)]
pub(super) struct Word {
    pub(super) line: usize,
    pub(super) text: String,
}

/// Text that is read on its own.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) words: Vec<Word>,
    /// The identifier that `words` are of.
    pub(super) name: Option<String>,
    /// Is prose, so that its first word begins a sentence.
    pub(super) is_sentence: bool,
    /// Its first sentence has a comma.
    pub(super) has_comma: bool,
    /// Its first sentence ends in a question mark.
    pub(super) is_question: bool,
}

impl Piece {
    /// Words of `text`, whose first line is `line`.
    fn new(kind: Kind, lines: &[(usize, &str)]) -> Self {
        let mut words = Vec::new();
        let text: Vec<&str> = lines.iter().map(|(_, text)| *text).collect();
        let text = text.join("\n");
        let first_line = lines.first().map_or(1, |(line, _)| *line);
        let prose = without_code(&text);
        for (index, line) in prose.split('\n').enumerate() {
            // Lines of a comment follow each other.
            split(line, first_line + index, &mut words);
        }
        let end = prose.find(['.', '?', '!', ';', ':']).unwrap_or(prose.len());
        Self {
            kind,
            words,
            name: None,
            is_sentence: true,
            has_comma: prose[..end].contains(','),
            is_question: prose[end..].starts_with('?'),
        }
    }

    fn code(line: usize, text: &str) -> Self {
        Self { is_sentence: false, ..Self::new(Kind::Paragraph, &[(line, text)]) }
    }

    fn literal(line: usize, text: &str) -> Self {
        let mut piece = Self::new(Kind::Literal, &[(line, text)]);
        // Help texts begin with a small letter, and have several words.
        let is_help = text.starts_with(|first: char| first.is_ascii_lowercase());
        piece.is_sentence = is_help && text.split_whitespace().count() > 2;
        piece
    }

    fn name(line: usize, name: &str) -> Self {
        let mut words = Vec::new();
        let mut start = 0;
        let bytes = name.as_bytes();
        for at in 1..=bytes.len() {
            let is_end = at == bytes.len()
                || bytes[at] == b'_'
                || bytes[at].is_ascii_uppercase() && bytes[at - 1].is_ascii_lowercase();
            if is_end {
                let text = name[start..at].trim_matches('_').to_ascii_lowercase();
                words.push(Word { line, text });
                start = at;
            }
        }
        words.retain(|word| !word.text.is_empty());
        Self {
            kind: Kind::Name,
            words,
            name: Some(name.into()),
            is_sentence: false,
            has_comma: false,
            is_question: false,
        }
    }

    /// Words of a file's name.
    pub(super) fn of_path(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let name = Self::name(1, name.split('.').next().unwrap_or(name));
        Self { kind: Kind::FileName, ..name }
    }
}

/// Replaces code in backticks and links by other signs, and keeps line breaks.
fn without_code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        let ticks = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        let after = &rest[at + ticks..];
        let Some(length) = after.find(&rest[at..at + ticks]) else { break };
        out.push_str(&rest[..at]);
        out.push('`');
        out.extend(after[..length].chars().filter(|&c| c == '\n'));
        rest = &after[length + ticks..];
    }
    out.push_str(rest);
    while let Some(at) = out.find("://") {
        let end = out[at..].find([' ', '\n', ')', '>']).map_or(out.len(), |length| at + length);
        out.replace_range(at..end, "`");
    }
    out
}

/// Appends the words of a line, and a dot for each end of a sentence or clause: no phrase goes
/// beyond it.
fn split(line: &str, number: usize, words: &mut Vec<Word>) {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '\'' || c == '`';
    for part in line.split_inclusive(|c| !is_part(c)) {
        let word = part.trim_end_matches(|c| !is_part(c));
        let lower = word.trim_matches('\'').to_lowercase();
        let text = lower.strip_suffix("'s").unwrap_or(&lower);
        if !text.is_empty() {
            words.push(Word { line: number, text: text.to_owned() });
        }
        if part[word.len()..].starts_with(['.', ':', ';', '?', '!']) && !words.is_empty() {
            words.push(Word { line: number, text: ".".into() });
        }
    }
}

/// Splits lines of Markdown into paragraphs, headings, list items and cells.
fn paragraphs(lines: &[(usize, &str)], pieces: &mut Vec<Piece>) {
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut is_fenced = false;
    let flush = |open: &mut Vec<(usize, &str)>, pieces: &mut Vec<Piece>| {
        if !open.is_empty() {
            pieces.push(Piece::new(Kind::Paragraph, open));
            open.clear();
        }
    };
    for &(line, text) in lines {
        let trimmed = text.trim();
        if trimmed.starts_with("```") {
            flush(&mut open, pieces);
            is_fenced = !is_fenced;
        } else if is_fenced || open.is_empty() && text.starts_with("     ") {
            pieces.push(Piece::code(line, trimmed));
        } else if trimmed.is_empty() {
            flush(&mut open, pieces);
        } else if trimmed.starts_with('#') {
            flush(&mut open, pieces);
            let heading = trimmed.trim_start_matches('#').trim();
            pieces.push(Piece::new(Kind::Heading, &[(line, heading)]));
        } else if trimmed.starts_with('|') {
            flush(&mut open, pieces);
            for cell in trimmed.trim_matches('|').split('|') {
                pieces.push(Piece::new(Kind::Paragraph, &[(line, cell.trim())]));
            }
        } else if let Some(item) = list_item(trimmed) {
            flush(&mut open, pieces);
            open.push((line, item));
        } else {
            open.push((line, trimmed));
        }
    }
    flush(&mut open, pieces);
}

/// Returns the text after the sign or number of a list item.
fn list_item(text: &str) -> Option<&str> {
    let after = text.trim_start_matches(|c: char| c.is_ascii_digit());
    match after.len() == text.len() {
        true => text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")),
        false => after.strip_prefix(". "),
    }
}

/// Pieces of a Markdown file.
pub(super) fn markdown(source: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let lines: Vec<_> = (1..).zip(source.lines().map(str::trim_end)).collect();
    // A block of code is indented by 4 columns, a comment's by 1 more.
    let indented: Vec<_> = lines.iter().map(|&(n, text)| (n, format!(" {text}"))).collect();
    let indented: Vec<_> = indented.iter().map(|(n, text)| (*n, text.as_str())).collect();
    paragraphs(&indented, &mut pieces);
    pieces
}

/// Collects the pieces of source code.
#[derive(Default)]
struct Collector<'a> {
    pieces: Vec<Piece>,
    /// Lines of the comment that is open, and its marker.
    comment: Vec<(usize, &'a str)>,
    marker: &'a str,
    names: std::collections::HashSet<&'a str>,
}

impl<'a> Collector<'a> {
    /// Adds a comment's line; one that is alone in its line continues the comment above it.
    fn comment_line(&mut self, line: usize, marker: &'a str, text: &'a str, is_alone: bool) {
        let follows = self.comment.last().is_some_and(|(last, _)| last + 1 == line);
        if !(is_alone && follows && marker == self.marker) {
            self.end_comment();
        }
        self.marker = marker;
        self.comment.push((line, text));
        if !is_alone {
            self.end_comment();
        }
    }

    fn end_comment(&mut self) {
        paragraphs(&std::mem::take(&mut self.comment), &mut self.pieces);
    }

    fn block(&mut self, line: usize, text: &str) {
        self.end_comment();
        paragraphs(&(line..).zip(text.lines()).collect::<Vec<_>>(), &mut self.pieces);
    }

    fn literal(&mut self, line: usize, text: &str) {
        self.end_comment();
        let mut plain = String::with_capacity(text.len());
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c == '\\' {
                // The letter of an escape is no part of a word.
                plain.push(if chars.next() == Some('\n') { '\n' } else { ' ' });
            } else {
                plain.push(c);
            }
        }
        self.pieces.push(Piece::literal(line, &plain));
    }

    fn name(&mut self, line: usize, name: &'a str) {
        self.end_comment();
        if self.names.insert(name) {
            self.pieces.push(Piece::name(line, name));
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        self.end_comment();
        self.pieces
    }
}

/// Cursor over source code that counts lines.
struct Cursor<'a> {
    source: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    /// Takes `length` bytes.
    fn take(&mut self, length: usize) -> &'a str {
        let text = &self.rest()[..length];
        self.at += length;
        self.line += text.matches('\n').count();
        text
    }

    /// Takes all before `end`, then `end`; all of the rest without it.
    fn take_until(&mut self, end: &str) -> &'a str {
        let length = self.rest().find(end).unwrap_or(self.rest().len());
        let text = self.take(length);
        self.take(end.len().min(self.rest().len()));
        text
    }

    /// Takes a string up to a quote that no backslash precedes, and the quote.
    fn take_quoted(&mut self, quote: &str) -> &'a str {
        let rest = self.rest();
        let mut length = 0;
        while length < rest.len() && !rest[length..].starts_with(quote) {
            let mut chars = rest[length..].chars();
            let first = chars.next().map_or(0, char::len_utf8);
            let is_escape = rest[length..].starts_with('\\');
            length += first + if is_escape { chars.next().map_or(0, char::len_utf8) } else { 0 };
        }
        let text = self.take(length.min(rest.len()));
        self.take(quote.len().min(self.rest().len()));
        text
    }

    /// Returns whether only white space comes before the cursor in its line.
    fn is_first(&self) -> bool {
        let line = self.source[..self.at].rsplit('\n').next().unwrap_or("");
        line.trim().is_empty()
    }
}

/// Returns the length of the identifier or number that `text` begins with.
fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// Pieces of a Rust file.
pub(super) fn rust(source: &str) -> Vec<Piece> {
    let mut cursor = Cursor { source, at: 0, line: 1 };
    let mut out = Collector::default();
    while let Some(first) = cursor.rest().chars().next() {
        let (rest, line) = (cursor.rest(), cursor.line);
        if rest.starts_with("//") {
            let is_alone = cursor.is_first();
            let text = cursor.take_until("\n");
            let length = text.len() - text.trim_start_matches(['/', '!']).len();
            let (marker, text) = text.split_at(length.min(3));
            out.comment_line(line, marker, text, is_alone);
        } else if rest.starts_with("/*") {
            cursor.take(2);
            let text = cursor.take_until("*/");
            out.block(line, text);
        } else if first == '"' {
            cursor.take(1);
            let text = cursor.take_quoted("\"");
            out.literal(line, text);
        } else if let Some(length) = raw_string(rest) {
            let opening = cursor.take(length);
            let hashes = opening.matches('#').count();
            let text = cursor.take_until(&format!("\"{}", "#".repeat(hashes)));
            out.literal(line, text);
        } else if first == '\'' {
            cursor.take(1);
            // A character, or a lifetime, which is a name.
            let rest = cursor.rest();
            let mut chars = rest.chars();
            let is_escape = chars.next() == Some('\\');
            if is_escape || chars.next() == Some('\'') {
                cursor.take_quoted("'");
            }
        } else if first.is_alphanumeric() || first == '_' {
            let name = cursor.take(word_length(rest));
            // The prefix of a string is no name.
            if !cursor.rest().starts_with('"') && !first.is_numeric() {
                out.name(line, name);
            }
        } else {
            cursor.take(first.len_utf8());
        }
    }
    out.finish()
}

/// Returns the length of what opens a raw string.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix(['b', 'c']).unwrap_or(text).strip_prefix('r')?;
    let after = after.trim_start_matches('#').strip_prefix('"')?;
    Some(text.len() - after.len())
}

/// Pieces of a Python file.
pub(super) fn python(source: &str) -> Vec<Piece> {
    let mut cursor = Cursor { source, at: 0, line: 1 };
    let mut out = Collector::default();
    // A string that is a statement of its own is documentation.
    let mut is_statement = true;
    while let Some(first) = cursor.rest().chars().next() {
        let (rest, line) = (cursor.rest(), cursor.line);
        if first == '#' {
            let is_alone = cursor.is_first();
            let text = cursor.take_until("\n");
            out.comment_line(line, "#", &text[1..], is_alone);
            is_statement = true;
        } else if first == '"' || first == '\'' {
            let triple = if first == '"' { "\"\"\"" } else { "'''" };
            let quote = if rest.starts_with(triple) { triple } else { &triple[..1] };
            cursor.take(quote.len());
            let text = cursor.take_quoted(quote);
            if is_statement {
                out.block(line, text)
            } else {
                out.literal(line, text)
            }
            is_statement = false;
        } else if first.is_alphanumeric() || first == '_' {
            let name = cursor.take(word_length(rest));
            // The prefix of a string is no name.
            if !cursor.rest().starts_with(['"', '\'']) {
                is_statement = false;
                if !first.is_numeric() {
                    out.name(line, name);
                }
            }
        } else {
            cursor.take(first.len_utf8());
            is_statement = match first {
                '\n' => true,
                ' ' | '\t' | '\r' => is_statement,
                _ => false,
            };
        }
    }
    out.finish()
}
