//! Destinations that users specify, and their outputs.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use reelwright_core::{Error, OpenContext, Options, Output, ProtocolInfo, Result, helpers::list};

use crate::blocking::{self, Gate, stop_of};
use crate::output::{
    BufferedWriter, FILE_BUFFER, Folder, Opened, ProtocolOutput, SeekableOutput, WriteSeek,
    WriterOutput,
};

/// Protocol of files.
pub(crate) const FILE: ProtocolInfo = ProtocolInfo::new(&["file"], "files", &open_address);

/// Protocol of standard output and other open file descriptors.
pub(crate) const PIPE: ProtocolInfo =
    ProtocolInfo::new(&["pipe"], "standard output and other open file descriptors", &open_address);

/// Opens a path or descriptor as an address.
fn open_address(
    address: &str,
    _options: &mut Options,
    context: &OpenContext,
) -> Result<Box<dyn Output>> {
    let gate = Gate::new(context.clone());
    let target = Target::from(address);
    let reader = target.await_reader(&gate)?;
    target.open_output(reader, &gate)
}

/// Default buffer size of a writer, in bytes.
const WRITER_BUFFER: usize = 4096;

/// Destination of a stream: a path, an address, or a writer.
///
/// ```
/// use std::path::Path;
/// use reelwright::Target;
///
/// Target::from("out.wav"); // a path …
/// Target::from("file:out.wav"); // … or an address
/// Target::from("-"); // standard output, the same as pipe:1
/// Target::from(Path::new("rtmp://a.wav")); // always a path
///
/// let mut bytes = Vec::new();
/// Target::writer(&mut bytes).buffer_size(1 << 16); // any Write
/// Target::seekable_writer(std::io::Cursor::new(Vec::new())); // any Write + Seek
/// ```
pub struct Target<'w> {
    kind: Kind<'w>,
    /// Name in messages.
    name: String,
    buffer_size: usize,
    /// True if the writer may be unable to seek.
    may_lack_seek: bool,
    /// Text before the first colon of a path, which is an address if a protocol has this name.
    scheme: Option<String>,
}

enum Kind<'w> {
    Path(PathBuf),
    Stdout,
    /// File descriptor that is already open.
    Descriptor(u32),
    /// Address of another protocol, and its scheme.
    Address(String),
    Writer(Box<dyn Write + Send + 'w>),
    Seekable(Box<dyn WriteSeek + Send + 'w>),
}

impl<'w> Target<'w> {
    fn new(kind: Kind<'w>, name: impl Into<String>, buffer_size: usize) -> Self {
        Self { kind, name: name.into(), buffer_size, may_lack_seek: false, scheme: None }
    }

    /// Creates a target from a writer. Bytes are only appended, and containers use their layout for
    /// streams.
    pub fn writer(writer: impl Write + Send + 'w) -> Self {
        Self::new(Kind::Writer(Box::new(writer)), "writer", WRITER_BUFFER)
    }

    /// Creates a target from a seekable writer. Its current position is the start of the file.
    pub fn seekable_writer(writer: impl Write + Seek + Send + 'w) -> Self {
        Self::new(Kind::Seekable(Box::new(writer)), "writer", WRITER_BUFFER)
    }

    /// Creates a target from an open writer that may be unable to seek. Opening the encoder
    /// determines whether the writer can seek.
    pub fn opened_writer(writer: impl Write + Seek + Send + 'w) -> Self {
        let mut target = Self::seekable_writer(writer);
        target.may_lack_seek = true;
        target
    }

    /// Sets the maximum number of bytes per write of a writer; default 4096, minimum 1. Has no
    /// effect on files.
    #[must_use]
    pub fn buffer_size(mut self, bytes: usize) -> Self {
        if matches!(self.kind, Kind::Writer(_) | Kind::Seekable(_)) {
            self.buffer_size = bytes;
        }
        self
    }

    /// Returns the path, if the target is a path.
    pub fn path(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Path(path) => Some(path),
            _ => None,
        }
    }

    /// Returns the name for messages.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether a format is required, because there is no file name.
    pub(crate) fn is_writer(&self) -> bool {
        matches!(self.kind, Kind::Writer(_) | Kind::Seekable(_))
    }

    /// Returns the extension of the file name.
    pub(crate) fn extension(&self) -> Option<&str> {
        if let Kind::Address(_) = self.kind {
            return Path::new(without_query(&self.name)).extension()?.to_str();
        }
        self.path()?.extension()?.to_str()
    }

    /// Returns the protocol of an address that is neither a path nor a descriptor.
    pub(crate) fn protocol<'p>(&self, protocols: &'p [ProtocolInfo]) -> Option<&'p ProtocolInfo> {
        match &self.kind {
            Kind::Address(scheme) => by_scheme(protocols, scheme),
            _ => None,
        }
    }

    /// Distinguishes addresses from paths: `scheme:rest` is a path unless a protocol has this
    /// scheme.
    ///
    /// # Errors
    /// The protocol is unknown, or the buffer size is 0.
    pub(crate) fn resolve(mut self, protocols: &[ProtocolInfo]) -> Result<Self> {
        if let Some(scheme) = self.scheme.take()
            && by_scheme(protocols, &scheme).is_some()
        {
            self.kind = Kind::Address(scheme);
        }
        if let Kind::Address(protocol) = &self.kind
            && by_scheme(protocols, protocol).is_none()
        {
            return Err(Error::unsupported(format!(
                "Failed to open dst: {}. The protocol {protocol} is not supported. Available \
                 protocols are {}. For a file with this name, pass file:{0} or a Path.",
                self.name,
                list(protocols.iter().map(ProtocolInfo::name))
            )));
        }
        if self.buffer_size == 0 {
            return Err(Error::argument("buffer_size must be positive. Found: 0"));
        }
        Ok(self)
    }

    /// Waits until a named pipe has a reader, and opens it. Returns `None` for other targets.
    ///
    /// # Errors
    /// The operating system reports an error, or an interrupt occurs, after which the target can be
    /// opened again.
    pub(crate) fn await_reader(&self, gate: &Gate) -> Result<Option<File>> {
        match &self.kind {
            Kind::Path(path) => blocking::open_fifo(path, gate)
                .map_err(|error| stop_of(&error).cloned().unwrap_or_else(|| self.failed(error))),
            _ => Ok(None),
        }
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::output(format!("Failed to open dst: {}", self.name), error)
    }

    /// Opens the destination. Truncates an existing file, unless the container writes
    /// `multiple_objects`. `protocol` is the protocol of an address, which parses `options`.
    /// `reader` is the result of [`await_reader`](Self::await_reader).
    ///
    /// # Errors
    /// The destination cannot be opened. After an interrupt, a [copy](Self::try_clone) can be
    /// opened.
    pub(crate) fn open(
        self,
        multiple_objects: bool,
        protocol: Option<&ProtocolInfo>,
        mut options: Options,
        reader: Option<File>,
        gate: &Gate,
    ) -> Result<Opened<'w>> {
        if let Some(protocol) = protocol {
            let (address, context) = (&self.name, gate.context());
            let opened = if multiple_objects {
                let name = without_query(address).rsplit('/').next().unwrap_or_default();
                Opened::with_objects(
                    protocol.open_object_store(address, &mut options, context)?,
                    name.into(),
                )
            } else {
                let output = protocol.open(address, &mut options, context)?;
                Opened::single(
                    Box::new(ProtocolOutput::new(output, address.clone(), gate.clone())),
                    None,
                )
            };
            options.finish(protocol.options)?;
            return Ok(opened);
        }
        let path = self.path().map(Path::to_owned);
        match path {
            Some(path) if multiple_objects => {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                Ok(Opened::with_objects(
                    Box::new(Folder::containing(&path, gate.clone())),
                    name.into(),
                ))
            }
            path => Ok(Opened::single(self.open_output(reader, gate)?, path)),
        }
    }

    /// Copies the target, unless it is a writer.
    pub(crate) fn try_clone(&self) -> Option<Self> {
        let kind = match &self.kind {
            Kind::Path(path) => Kind::Path(path.clone()),
            Kind::Stdout => Kind::Stdout,
            Kind::Descriptor(number) => Kind::Descriptor(*number),
            Kind::Address(scheme) => Kind::Address(scheme.clone()),
            Kind::Writer(_) | Kind::Seekable(_) => return None,
        };
        Some(Self::new(kind, self.name.clone(), self.buffer_size))
    }

    pub(crate) fn open_output(
        self,
        reader: Option<File>,
        gate: &Gate,
    ) -> Result<Box<dyn Output + 'w>> {
        let (name, size) = (self.name.clone(), self.buffer_size);
        let failed = |error| Error::output(format!("Failed to open dst: {name}"), error);
        let to_writer = |writer: Box<dyn Write + Send + 'w>| {
            Box::new(WriterOutput(BufferedWriter::new(writer, name.clone(), size, gate.clone())))
        };
        Ok(match self.kind {
            Kind::Path(path) => {
                let file = match reader {
                    Some(file) => file,
                    None => File::create(&path).map_err(failed)?,
                };
                if file.metadata().map_err(failed)?.is_file() {
                    let buffered = BufferedWriter::new(file, name.clone(), size, gate.clone());
                    Box::new(SeekableOutput::new(buffered, 0))
                } else {
                    // Terminal, pipe or other device.
                    to_writer(blocking::writer(file, gate).map_err(failed)?)
                }
            }
            Kind::Stdout => to_writer(blocking::stdout(gate).map_err(failed)?),
            Kind::Descriptor(number) => {
                to_writer(blocking::descriptor(number, gate).map_err(failed)?)
            }
            Kind::Writer(writer) => to_writer(writer),
            Kind::Seekable(mut writer) => match check_seekable(&mut writer) {
                Ok(start) => {
                    let buffered = BufferedWriter::new(writer, name.clone(), size, gate.clone());
                    Box::new(SeekableOutput::new(buffered, start))
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {
                    return Err(failed(error));
                }
                Err(error) => {
                    let level =
                        if self.may_lack_seek { log::Level::Debug } else { log::Level::Warn };
                    log::log!(
                        level,
                        "The writer does not support seeking, but reports that it does ({error}). \
                         The format's layout for streams is used."
                    );
                    to_writer(Box::new(writer) as Box<dyn Write + Send + 'w>)
                }
            },
            Kind::Address(protocol) => {
                return Err(Error::unsupported(format!(
                    "The protocol {protocol} is not supported."
                )));
            }
        })
    }
}

fn by_scheme<'p>(protocols: &'p [ProtocolInfo], scheme: &str) -> Option<&'p ProtocolInfo> {
    protocols.iter().find(|info| info.schemes.contains(&scheme))
}

/// Returns an address up to its query or fragment.
fn without_query(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or(address)
}

/// Returns the position of a writer, after checking that it can seek.
///
/// # Errors
/// The writer fails, or reports a wrong position after a seek. An error of kind `ConnectionAborted`
/// from a writer stops the encoder.
fn check_seekable(writer: &mut (impl Seek + ?Sized)) -> io::Result<u64> {
    let start = writer.stream_position()?;
    match writer.seek(SeekFrom::End(0)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
        // Writers that only move forward, such as gzip's, have no end.
        Err(error) => return Err(error),
    }
    writer.seek(SeekFrom::Start(start))?;
    let found = writer.stream_position()?;
    if found != start {
        return Err(io::Error::other(format!("a seek to byte {start} went to {found}")));
    }
    Ok(start)
}

impl From<&str> for Target<'_> {
    /// Creates a target from an address: `-` and `pipe:1` are standard output, `pipe:N` is an open
    /// file descriptor, `file:PATH` and addresses without a protocol are paths.
    fn from(address: &str) -> Self {
        if matches!(address, "-" | "pipe:" | "pipe:1") {
            return Self::new(Kind::Stdout, address, FILE_BUFFER);
        }
        let kind = match address.split_once(':') {
            Some(("file", path)) => Kind::Path(path.strip_prefix("//").unwrap_or(path).into()),
            Some(("pipe", number)) if number.parse::<u32>().is_ok() => {
                Kind::Descriptor(number.parse().unwrap_or_default())
            }
            Some((scheme, rest)) if is_protocol(scheme, rest) => Kind::Address(scheme.into()),
            Some((scheme, _)) => {
                let mut target = Self::new(Kind::Path(address.into()), address, FILE_BUFFER);
                target.scheme = Some(scheme.into());
                return target;
            }
            None => Kind::Path(address.into()),
        };
        Self::new(kind, address, FILE_BUFFER)
    }
}

/// Returns whether a text is `scheme://…`, or `pipe:` with a text that is not a number. A scheme of
/// one letter is a drive.
fn is_protocol(scheme: &str, rest: &str) -> bool {
    let is_name = scheme.len() > 1
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_name && (rest.starts_with("//") || scheme == "pipe")
}

impl From<&String> for Target<'_> {
    fn from(address: &String) -> Self {
        Self::from(address.as_str())
    }
}

impl From<String> for Target<'_> {
    fn from(address: String) -> Self {
        Self::from(address.as_str())
    }
}

impl From<&Path> for Target<'_> {
    fn from(path: &Path) -> Self {
        Self::new(Kind::Path(path.into()), path.display().to_string(), FILE_BUFFER)
    }
}

impl From<&PathBuf> for Target<'_> {
    fn from(path: &PathBuf) -> Self {
        Self::from(path.as_path())
    }
}

impl From<PathBuf> for Target<'_> {
    fn from(path: PathBuf) -> Self {
        Self::from(path.as_path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinguishes_addresses_from_paths() {
        let kind = |address: &str| match Target::from(address).kind {
            Kind::Path(path) => format!("path {}", path.display()),
            Kind::Stdout => "stdout".into(),
            Kind::Descriptor(number) => format!("descriptor {number}"),
            Kind::Address(scheme) => format!("address of {scheme}"),
            _ => unreachable!(),
        };
        assert_eq!(kind("a.wav"), "path a.wav");
        assert_eq!(kind("-"), "stdout");
        assert_eq!(kind("pipe:1"), "stdout");
        assert_eq!(kind("pipe:3"), "descriptor 3");
        assert_eq!(kind("pipe:x"), "address of pipe");
        assert_eq!(kind("file:b/a.wav"), "path b/a.wav");
        assert_eq!(kind("file:///b/a.wav"), "path /b/a.wav");
        assert_eq!(kind("rtmp://host/app"), "address of rtmp");
        assert_eq!(kind("C:\\a.wav"), "path C:\\a.wav");
        assert_eq!(kind("12:30.wav"), "path 12:30.wav");
    }
}
