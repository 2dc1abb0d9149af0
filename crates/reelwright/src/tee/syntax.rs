//! Parser of the outputs of a tee: `[f=mp4]a.mp4|[f=wav:onfail=ignore]b.wav`.

use reelwright_core::{Error, Result};

/// Parsed output of a tee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParsedOutput {
    /// Names and values, in order.
    pub(super) options: Vec<(String, String)>,
    pub(super) name: String,
}

/// Splits outputs at `|`. Each may begin with options in brackets, `name=value` separated by `:`. A
/// backslash escapes the next character, and single quotes escape the text between them. Outputs
/// are unescaped first, and then option values again.
///
/// # Errors
/// An output has no name, a quote or bracket is not closed, or an option has no `=`.
pub(super) fn parse(text: &str) -> Result<Vec<ParsedOutput>> {
    let mut outputs = Vec::new();
    let mut rest = text;
    loop {
        let (output, after) = token(rest, &['|']).map_err(|why| reject(text, why))?;
        outputs.push(parse_output(&output).map_err(|why| reject(text, why))?);
        match after.strip_prefix('|') {
            Some(after) => rest = after,
            None => return Ok(outputs),
        }
    }
}

fn reject(text: &str, why: &str) -> Error {
    Error::argument(format!(
        "{why}. Write the outputs of a tee as [f=mp4]a.mp4|[f=wav:onfail=ignore]b.wav, with a \
         backslash before each |, \\, ' and, in options, : and ] of a name. Found: {text:?}"
    ))
}

fn parse_output(output: &str) -> Result<ParsedOutput, &'static str> {
    let mut options = Vec::new();
    let mut name = output;
    if let Some(mut rest) = output.strip_prefix('[') {
        loop {
            if let Some(after) = rest.strip_prefix(']').filter(|_| options.is_empty()) {
                name = after;
                break;
            }
            let (key, value) = rest.split_once('=').ok_or("An option has no value")?;
            let key = key.trim();
            if key.is_empty()
                || !key.chars().all(|c| c.is_ascii_alphanumeric() || "-_/.".contains(c))
            {
                return Err("An option must have a name of letters and digits before its =");
            }
            let (value, after) = token(value, &[':', ']'])?;
            options.push((key.to_owned(), value));
            if let Some(after) = after.strip_prefix(']') {
                name = after;
                break;
            }
            rest = after.strip_prefix(':').ok_or("A [ has no ]")?;
        }
    }
    if name.is_empty() {
        return Err("An output has no name");
    }
    Ok(ParsedOutput { options, name: name.to_owned() })
}

/// Parses up to one of `ends`, which remains. Removes backslashes, quotes and surrounding blanks.
fn token<'t>(text: &'t str, ends: &[char]) -> Result<(String, &'t str), &'static str> {
    let text = text.trim_start_matches(BLANKS);
    let mut token = String::new();
    // The length without trailing blanks, except quoted ones.
    let mut length = 0;
    let mut chars = text.char_indices();
    let mut rest = "";
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                token.push(chars.next().ok_or("A backslash is the last character")?.1);
                length = token.len();
            }
            '\'' => {
                loop {
                    match chars.next() {
                        Some((_, '\'')) => break,
                        Some((_, c)) => token.push(c),
                        None => return Err("A quote has no end"),
                    }
                }
                length = token.len();
            }
            c if ends.contains(&c) => {
                rest = &text[at..];
                break;
            }
            c => {
                token.push(c);
                if !BLANKS.contains(&c) {
                    length = token.len();
                }
            }
        }
    }
    token.truncate(length);
    Ok((token, rest))
}

const BLANKS: &[char] = &[' ', '\n', '\t', '\r'];

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, options: &[(&str, &str)]) -> ParsedOutput {
        let options = options.iter().map(|(key, value)| ((*key).into(), (*value).into()));
        ParsedOutput { options: options.collect(), name: name.into() }
    }

    #[test]
    fn parses_outputs_and_their_options() {
        let text = "[f=mp4]a.mp4|[f=wav:onfail=ignore]b.wav";
        let expected = [
            written("a.mp4", &[("f", "mp4")]),
            written("b.wav", &[("f", "wav"), ("onfail", "ignore")]),
        ];
        assert_eq!(parse(text).unwrap(), expected);
        assert_eq!(parse("a.mp4| b.wav ").unwrap(), [written("a.mp4", &[]), written("b.wav", &[])]);
        assert_eq!(parse("[]a").unwrap(), [written("a", &[])]);
    }

    /// Examples from FFmpeg's documentation of the tee muxer, without the shell's quotes.
    #[test]
    fn escapes_equal_those_of_ffmpeg() {
        let text = r"[select=\'a:1\']a.mka|[bsfs/v=dump_extra:select=v]b\|c.mkv";
        let expected = [
            written("a.mka", &[("select", "a:1")]),
            written("b|c.mkv", &[("bsfs/v", "dump_extra"), ("select", "v")]),
        ];
        assert_eq!(parse(text).unwrap(), expected);
        let text = r"[select=\'a:1\':f=wav]'a | b'.wav|[f=image2:k=x\\:y]C:\\c.png";
        let expected = [
            written("a | b.wav", &[("select", "a:1"), ("f", "wav")]),
            written(r"C:\c.png", &[("f", "image2"), ("k", "x:y")]),
        ];
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn rejects_malformed_outputs() {
        for text in ["", "a|", "|a", "[f=wav", "[f]a", "[=wav]a", "[f=wav]", "'a", "a\\", "[f=a:]b"]
        {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("Found: "), "{text}: {error}");
        }
    }
}
