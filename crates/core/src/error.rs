//! The error every crate returns: the problem, the value found, and the values allowed.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure: a sentence for people and an [`ErrorKind`] for programs.
///
/// The sentence names the argument or stream, the value that was found and the values that are
/// allowed. `Display` shows it without its cause, [`source`](StdError::source) returns the cause, and
/// [`report`](Self::report) shows both. Copies are cheap and share the cause.
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
#[derive(Debug, Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: ErrorKind,
    /// The sentence, with the stream's index before it.
    message: String,
    stream: Option<usize>,
    cause: Option<Cause>,
    is_repeat: bool,
    can_continue: bool,
}

#[derive(Debug, Clone)]
enum Cause {
    Io(Arc<io::Error>),
    Other(Arc<dyn StdError + Send + Sync>),
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
    /// Input is damaged, or not of the format that it should have.
    InvalidData,
    /// The output failed.
    Io,
    /// The output did not take data in time.
    TimedOut,
    /// The other end of the output has left: a closed connection, or a pipe without a reader.
    Disconnected,
    /// An [`Interrupt`](crate::Interrupt) stopped the work.
    Interrupted,
}

impl ErrorKind {
    /// Returns whether the output failed, for whatever reason: [`Io`](Self::Io),
    /// [`TimedOut`](Self::TimedOut) or [`Disconnected`](Self::Disconnected).
    pub const fn is_io(self) -> bool {
        matches!(self, Self::Io | Self::TimedOut | Self::Disconnected)
    }

    /// The kind of an output's error.
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
    /// An error of `kind` that says `message`.
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

    /// [`ErrorKind::InvalidData`].
    pub fn invalid_data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidData, message)
    }

    /// [`ErrorKind::Io`]: `what` failed because of `cause`.
    pub fn io(what: impl fmt::Display, cause: io::Error) -> Self {
        Self::new(ErrorKind::Io, what.to_string()).with_cause(cause)
    }

    /// An error of an output: `what` failed because of `cause`, which tells whether the kind is
    /// [`TimedOut`](ErrorKind::TimedOut), [`Disconnected`](ErrorKind::Disconnected) or
    /// [`Io`](ErrorKind::Io).
    pub fn output(what: impl fmt::Display, cause: io::Error) -> Self {
        Self::new(ErrorKind::of_output(&cause), what.to_string()).with_cause(cause)
    }

    /// Sets the cause, which `Display` does not show.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Some(match cause.into().downcast::<io::Error>() {
            Ok(error) => Cause::Io(Arc::new(*error)),
            Err(other) => Cause::Other(other.into()),
        });
        self
    }

    /// The output took nothing for `waited`, which is as long as it may: the work can go on.
    pub fn timed_out(waited: Duration) -> Self {
        let message = format!("The output took nothing for {} s.", waited.as_secs_f64());
        let mut error = Self::new(ErrorKind::TimedOut, message);
        error.0.can_continue = true;
        error
    }

    /// Returns whether nothing was lost, and the work can go on: an interrupt or a deadline stopped
    /// it. What the output did not take is kept for the next call.
    pub fn can_continue(&self) -> bool {
        self.0.can_continue
    }

    /// The family of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The index of the stream that the error happened to, if it concerns a single one.
    pub fn stream(&self) -> Option<usize> {
        self.0.stream
    }

    /// The operating system's or the user's writer's own error, if that was the cause.
    pub fn io_error(&self) -> Option<&io::Error> {
        match &self.0.cause {
            Some(Cause::Io(error)) => Some(error),
            _ => None,
        }
    }

    /// As [`io_error`](Self::io_error), owned. While a copy of this error exists, as in an encoder
    /// that failed, the result is a copy too: number, kind and text are the same, and a writer's own
    /// type is only in `io_error`.
    pub fn into_io(self) -> Option<io::Error> {
        match self.0.cause {
            Some(Cause::Io(error)) => Some(Arc::try_unwrap(error).unwrap_or_else(duplicate)),
            _ => None,
        }
    }

    /// The sentence followed by its causes in parentheses.
    pub fn report(&self) -> impl fmt::Display {
        Report(self)
    }

    /// The same error, saying that it happened to stream `index`.
    #[must_use]
    pub fn in_stream(mut self, index: usize) -> Self {
        self.0.message = format!("Stream {index}: {}", self.0.message);
        self.0.stream = Some(index);
        self
    }

    /// The same error, saying that it happened to the output `name`.
    #[must_use]
    pub fn in_output(mut self, name: &str) -> Self {
        if !self.0.message.contains(name) {
            self.0.message = format!("Output {name}: {}", self.0.message);
        }
        self
    }

    /// The error of a later call that fails because of this one: `prefix` precedes the sentence;
    /// kind, stream and cause are the same.
    #[must_use]
    pub fn repeat(&self, prefix: &str) -> Self {
        let mut inner = self.0.clone();
        inner.message.insert_str(0, prefix);
        inner.is_repeat = true;
        Self(inner)
    }

    /// Returns whether an earlier call reported the failure already.
    pub fn is_repeat(&self) -> bool {
        self.0.is_repeat
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

/// A copy of an error that others refer to.
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
    fn the_cause_is_shown_by_the_report_only() {
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
    fn a_report_has_all_causes() {
        let inner = Error::io("Failed to read a.jpg", io::Error::other("no room"));
        let error = Error::invalid_data("The cover cannot be read").with_cause(inner);
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.io_error().is_none());
        let text = "The cover cannot be read (Failed to read a.jpg: no room)";
        assert_eq!(error.report().to_string(), text);
    }

    #[test]
    fn an_io_error_is_one_by_whatever_way_it_comes() {
        let cause = io::Error::from(io::ErrorKind::NotFound);
        let error = Error::unsupported("No").with_cause(cause);
        assert_eq!(error.io_error().map(io::Error::kind), Some(io::ErrorKind::NotFound));
    }

    #[test]
    fn outputs_time_out_and_disconnect() {
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
    fn stream_is_named() {
        let error = Error::chunk("Expected Float type. Found: Short");
        assert_eq!(error.stream(), None);
        let error = error.in_stream(2);
        assert_eq!(error.stream(), Some(2));
        assert_eq!(error.to_string(), "Stream 2: Expected Float type. Found: Short");
    }

    #[test]
    fn a_repeated_error_keeps_kind_stream_and_cause() {
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
    fn a_duplicate_reads_as_its_original() {
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
