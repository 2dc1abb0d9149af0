//! The error every crate returns: what was wrong, with which value, and what is allowed.

use std::fmt;
use std::io;

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as a sentence for people and an [`ErrorKind`] for programs.
///
/// The sentence names the argument or stream, the value that was found and the values that are
/// allowed. Where the cause was the operating system or a user's writer, it says so too, and
/// [`io_error`](Self::io_error) has it.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<io::Error>,
}

/// The family an [`Error`] belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A call came at the wrong time: before `open`, after `close`, …
    State,
    /// An argument has a value that is never allowed.
    Argument,
    /// A chunk does not fit the stream it was written to (type, shape, channels, pts, NaN).
    Chunk,
    /// A name (format, encoder, sample format, …) that nobody here knows.
    UnknownName,
    /// An option nobody takes, or one whose value is malformed or out of range.
    Option,
    /// Each thing is known, but they cannot be used together, or not in this build.
    Unsupported,
    /// The stream has outgrown what the container's fields can say.
    TooLarge,
    /// The output failed.
    Io,
    /// An [`Interrupt`](crate::Interrupt) stopped the work.
    Interrupted,
}

impl Error {
    /// An error of `kind` that says `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), source: None }))
    }

    /// [`ErrorKind::State`].
    pub fn state(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::State, message)
    }

    /// [`ErrorKind::Argument`].
    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Argument, message)
    }

    /// [`ErrorKind::Chunk`].
    pub fn chunk(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Chunk, message)
    }

    /// [`ErrorKind::UnknownName`].
    pub fn unknown_name(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::UnknownName, message)
    }

    /// [`ErrorKind::Option`].
    pub fn option(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Option, message)
    }

    /// [`ErrorKind::Unsupported`].
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// [`ErrorKind::TooLarge`].
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::TooLarge, message)
    }

    /// [`ErrorKind::Io`]: `what` could not be done, because of `source`.
    pub fn io(what: impl fmt::Display, source: io::Error) -> Self {
        let message = format!("{what} ({source})");
        Self(Box::new(Inner { kind: ErrorKind::Io, message, source: Some(source) }))
    }

    /// The family of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operating system's or the user's writer's own error, if that was the cause.
    pub fn io_error(&self) -> Option<&io::Error> {
        self.0.source.as_ref()
    }

    /// As [`io_error`](Self::io_error), owned.
    pub fn into_io(self) -> Option<io::Error> {
        self.0.source
    }

    /// The same error, saying that it happened to stream `index`.
    #[must_use]
    pub fn in_stream(mut self, index: usize) -> Self {
        self.0.message = format!("Stream {index}: {}", self.0.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

// There is no `source`: the message has all that it would say.
impl std::error::Error for Error {}

/// `"a, b, c"`, for messages that list what is allowed.
pub fn list<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut text = String::new();
    for item in items {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&item.to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn io_errors_keep_their_cause() {
        let error = Error::io("Failed to open dst: /no/y.wav", io::ErrorKind::NotFound.into());
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.io_error().is_some());
        assert_eq!(error.into_io().unwrap().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn stream_is_named() {
        let error = Error::chunk("Expected Float type. Found: Short").in_stream(2);
        assert_eq!(error.to_string(), "Stream 2: Expected Float type. Found: Short");
    }
}
