//! The error type of all crates. A message states the problem, the value, and the allowed values.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Result type of fallible functions of all crates.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Error with a message for people and an [`ErrorKind`] for programs.
///
/// The message names the argument or stream, the value, and the allowed values. `Display` shows the
/// message without its cause, [`source`](StdError::source) returns the cause, and
/// [`report`](Self::report) and `Debug` show the message and all causes. Clones are cheap and share
/// the cause.
///
/// ```
/// use std::error::Error as _;
/// use std::io;
/// use reelwright_core::Error;
///
/// let error = Error::io("Failed to open dst: a.wav", io::Error::other("no such folder"));
/// assert_eq!(error.to_string(), "Failed to open dst: a.wav");
/// assert_eq!(error.source().unwrap().to_string(), "no such folder");
/// assert_eq!(error.report().to_string(), "Failed to open dst: a.wav (no such folder)");
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    /// Message, after the index of the stream if there is one.
    message: String,
    stream: Option<usize>,
    cause: Option<Cause>,
    is_repeat: bool,
    can_continue: bool,
}

#[derive(Clone)]
enum Cause {
    Io(Arc<io::Error>),
    Other(Arc<dyn StdError + Send + Sync>),
}

/// Category of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call is not allowed in this state: before `open`, after `close`, …
    State,
    /// An argument has a value that is never allowed.
    Argument,
    /// A chunk does not match its stream (type, shape, channels, pts, NaN).
    Chunk,
    /// A name (format, encoder, sample format, …) is unknown.
    UnknownName,
    /// An option is unknown, malformed or out of range.
    Option,
    /// The combination is not supported, or not in this build.
    Unsupported,
    /// The stream is too long or too large for fields of the container.
    TooLarge,
    /// The input is damaged, or does not have the expected format.
    InvalidData,
    /// The output failed.
    Io,
    /// The output did not accept data in time.
    TimedOut,
    /// The peer closed the connection, or the reader closed the pipe.
    Disconnected,
    /// An [`Interrupt`](crate::Interrupt) stopped the operation.
    Interrupted,
}

impl ErrorKind {
    /// Returns whether the output failed: [`Io`](Self::Io), [`TimedOut`](Self::TimedOut) or
    /// [`Disconnected`](Self::Disconnected).
    pub const fn is_io(self) -> bool {
        matches!(self, Self::Io | Self::TimedOut | Self::Disconnected)
    }

    /// Returns the kind for an I/O error of an output.
    fn of_output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof => Self::Disconnected,
            _ => Self::Io,
        }
    }
}

impl Error {
    /// Creates an error of kind `kind` with the message `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        let can_continue = kind == ErrorKind::Interrupted;
        Self(Box::new(Inner {
            kind,
            message,
            stream: None,
            cause: None,
            is_repeat: false,
            can_continue,
        }))
    }

    /// Creates an error of kind [`ErrorKind::State`].
    pub fn state(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::State, message)
    }

    /// Creates an error of kind [`ErrorKind::Argument`].
    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Argument, message)
    }

    /// Creates an error of kind [`ErrorKind::Chunk`].
    pub fn chunk(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Chunk, message)
    }

    /// Creates an error of kind [`ErrorKind::UnknownName`].
    pub fn unknown_name(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::UnknownName, message)
    }

    /// Creates an error of kind [`ErrorKind::Option`].
    pub fn option(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Option, message)
    }

    /// Creates an error of kind [`ErrorKind::Unsupported`].
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// Creates an error of kind [`ErrorKind::TooLarge`].
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::TooLarge, message)
    }

    /// Creates an error of kind [`ErrorKind::InvalidData`].
    pub fn invalid_data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidData, message)
    }

    /// Creates an error of kind [`ErrorKind::Io`] with the message `what` and the cause `cause`.
    pub fn io(what: impl fmt::Display, cause: io::Error) -> Self {
        Self::new(ErrorKind::Io, what.to_string()).with_cause(cause)
    }

    /// Creates an error of an output with the message `what`. The kind of `cause` selects
    /// [`TimedOut`](ErrorKind::TimedOut), [`Disconnected`](ErrorKind::Disconnected) or
    /// [`Io`](ErrorKind::Io).
    pub fn output(what: impl fmt::Display, cause: io::Error) -> Self {
        Self::new(ErrorKind::of_output(&cause), what.to_string()).with_cause(cause)
    }

    /// Sets the cause. `Display` does not show it.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Some(match cause.into().downcast::<io::Error>() {
            Ok(error) => Cause::Io(Arc::new(*error)),
            Err(other) => Cause::Other(other.into()),
        });
        self
    }

    /// Creates the error of an output that accepted no data for `waited`, the timeout. The caller
    /// can continue.
    pub fn timed_out(waited: Duration) -> Self {
        let message = format!("The output accepted no data for {} s.", waited.as_secs_f64());
        let mut error = Self::new(ErrorKind::TimedOut, message);
        error.0.can_continue = true;
        error
    }

    /// Returns whether the caller can continue without loss, because an interrupt or a timeout
    /// stopped the operation. Data that the output did not accept is kept for the next call.
    pub fn can_continue(&self) -> bool {
        self.0.can_continue
    }

    /// Returns the category of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the index of the stream, if the error concerns a single stream.
    pub fn stream(&self) -> Option<usize> {
        self.0.stream
    }

    /// Returns the cause if it is an I/O error of the operating system or of a writer.
    pub fn io_error(&self) -> Option<&io::Error> {
        match &self.0.cause {
            Some(Cause::Io(error)) => Some(error),
            _ => None,
        }
    }

    /// Returns the cause as [`io_error`](Self::io_error) does, owned. While clones of this error
    /// exist, for example in an encoder that failed, the result is a copy with the same number,
    /// kind and text. Only `io_error` then returns the original type of a writer's error.
    pub fn into_io(self) -> Option<io::Error> {
        match self.0.cause {
            Some(Cause::Io(error)) => Some(Arc::try_unwrap(error).unwrap_or_else(duplicate)),
            _ => None,
        }
    }

    /// Returns the message, followed by its causes in parentheses.
    pub fn report(&self) -> impl fmt::Display {
        Report(self)
    }

    /// Adds the index of the stream that caused the error.
    #[must_use]
    pub fn in_stream(mut self, index: usize) -> Self {
        self.0.message = format!("Stream {index}: {}", self.0.message);
        self.0.stream = Some(index);
        self
    }

    /// Adds the name of the output that caused the error.
    #[must_use]
    pub fn in_output(mut self, name: &str) -> Self {
        if !self.0.message.contains(name) {
            self.0.message = format!("Output {name}: {}", self.0.message);
        }
        self
    }

    /// Returns the error of a later call that fails because of this error. `prefix` precedes the
    /// message. Kind, stream and cause are the same.
    #[must_use]
    pub fn repeat(&self, prefix: &str) -> Self {
        let mut inner = self.0.clone();
        inner.message.insert_str(0, prefix);
        inner.is_repeat = true;
        Self(inner)
    }

    /// Returns whether an earlier call has already reported the failure.
    pub fn is_repeat(&self) -> bool {
        self.0.is_repeat
    }
}

/// Shows the report, which is what `main` and `unwrap` print.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.report(), f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.0.cause.as_ref()? {
            Cause::Io(error) => Some(&**error),
            Cause::Other(error) => Some(&**error),
        }
    }
}

struct Report<'a>(&'a Error);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        let Some(cause) = self.0.source() else { return Ok(()) };
        write!(f, " ({cause}")?;
        let mut next = cause.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        f.write_str(")")
    }
}

/// Copies an error that other handles refer to.
fn duplicate(error: Arc<io::Error>) -> io::Error {
    match error.raw_os_error() {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::new(error.kind(), Shared(error)),
    }
}

#[derive(Debug)]
struct Shared(Arc<io::Error>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Shared {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// Joins items as `"a, b, c"`, for messages that list allowed values.
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
    fn only_report_shows_the_cause() {
        let error = Error::io("Failed to write to dst: x", io::Error::other("no room"));
        assert_eq!(error.to_string(), "Failed to write to dst: x");
        assert_eq!(error.source().unwrap().to_string(), "no room");
        assert!(error.source().unwrap().is::<io::Error>());
        assert_eq!(error.report().to_string(), "Failed to write to dst: x (no room)");
        let error = Error::argument("Found: 0");
        assert!(error.source().is_none());
        assert_eq!(error.report().to_string(), "Found: 0");
    }

    #[test]
    fn report_shows_all_causes() {
        let inner = Error::io("Failed to read a.jpg", io::Error::other("no room"));
        let error = Error::invalid_data("The cover cannot be read").with_cause(inner);
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.io_error().is_none());
        let text = "The cover cannot be read (Failed to read a.jpg: no room)";
        assert_eq!(error.report().to_string(), text);
        assert_eq!(format!("{error:?}"), text);
    }

    #[test]
    fn io_error_is_found_in_any_cause() {
        let cause = io::Error::from(io::ErrorKind::NotFound);
        let error = Error::unsupported("No").with_cause(cause);
        assert_eq!(error.io_error().map(io::Error::kind), Some(io::ErrorKind::NotFound));
    }

    #[test]
    fn maps_timeouts_and_disconnects_of_outputs() {
        use io::ErrorKind::*;
        let kind = |kind: io::ErrorKind| Error::output("Failed to write", kind.into()).kind();
        assert_eq!(kind(TimedOut), ErrorKind::TimedOut);
        for left in [BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof] {
            assert_eq!(kind(left), ErrorKind::Disconnected, "{left}");
        }
        for plain in [StorageFull, NotFound, PermissionDenied, Other] {
            assert_eq!(kind(plain), ErrorKind::Io, "{plain}");
        }
        assert!(kind(TimedOut).is_io() && kind(BrokenPipe).is_io() && kind(Other).is_io());
        assert!(!ErrorKind::Interrupted.is_io() && !ErrorKind::InvalidData.is_io());
    }

    #[test]
    fn message_names_the_stream() {
        let error = Error::chunk("Expected Float type. Found: Short");
        assert_eq!(error.stream(), None);
        let error = error.in_stream(2);
        assert_eq!(error.stream(), Some(2));
        assert_eq!(error.to_string(), "Stream 2: Expected Float type. Found: Short");
    }

    #[test]
    fn repeated_error_keeps_kind_stream_and_cause() {
        let first = Error::output("Failed to write", io::ErrorKind::BrokenPipe.into()).in_stream(1);
        let later = first.repeat("The output failed before: ");
        assert!(!first.is_repeat() && later.is_repeat());
        assert_eq!(later.to_string(), "The output failed before: Stream 1: Failed to write");
        assert_eq!((later.kind(), later.stream()), (ErrorKind::Disconnected, Some(1)));
        assert!(std::ptr::eq(first.io_error().unwrap(), later.io_error().unwrap()));
        // The first copy to go takes a duplicate.
        assert_eq!(first.into_io().unwrap().kind(), io::ErrorKind::BrokenPipe);
        let last = later.into_io().unwrap();
        assert!(last.get_ref().is_none() && last.kind() == io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn duplicate_has_the_text_of_the_original() {
        for cause in [
            || io::Error::from_raw_os_error(2),
            || io::Error::other("the user's own words"),
            || io::Error::from(io::ErrorKind::WriteZero),
        ] {
            let error = Error::io("Failed", cause());
            let kept = error.clone();
            let duplicate = error.into_io().unwrap();
            assert_eq!(duplicate.to_string(), cause().to_string());
            assert_eq!(duplicate.kind(), cause().kind());
            assert_eq!(duplicate.raw_os_error(), cause().raw_os_error());
            drop(kept);
        }
    }
}
