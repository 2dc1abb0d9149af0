//! Where a stream is to be written, as the user says it, and the outputs this becomes.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use reelwright_core::{Destination, Error, Output, Result, list};

use crate::patient::{self, Gate, is_stopped};
use crate::registry::output_protocols;

/// The buffer of a file, in bytes.
const FILE_BUFFER: usize = 1 << 16;
/// The default buffer of a writer, in bytes.
const WRITER_BUFFER: usize = 4096;
/// The most bytes that are kept of what an output did not take before an interrupt.
const MAX_KEPT: usize = 64 << 20;

/// Where a stream is to be written: a path, an address, or a writer.
///
/// ```
/// use std::path::Path;
/// use reelwright::Target;
///
/// Target::from("out.wav"); // a path …
/// Target::from("file:out.wav"); // … or an address
/// Target::from("-"); // standard output, as is pipe:1
/// Target::from(Path::new("rtmp://a.wav")); // always a path
///
/// let mut bytes = Vec::new();
/// Target::writer(&mut bytes).buffer_size(1 << 16); // anything that is Write
/// Target::seekable_writer(std::io::Cursor::new(Vec::new())); // anything that can seek, too
/// ```
pub struct Target<'w> {
    kind: Kind<'w>,
    /// For messages.
    name: String,
    buffer_size: usize,
    /// Whether nobody says that a writer can seek.
    is_doubtful: bool,
}

enum Kind<'w> {
    Path(PathBuf),
    Stdout,
    /// A file descriptor that is open already.
    Descriptor(u32),
    /// An address whose protocol is not served.
    Unknown(String),
    Writer(Box<dyn Write + Send + 'w>),
    Seekable(Box<dyn WriteSeek + Send + 'w>),
}

trait WriteSeek: Write + Seek {}
impl<W: Write + Seek> WriteSeek for W {}

/// A writer, and what files can do beyond writing.
trait Storage: Write {
    /// Returns the length in bytes, where that is known.
    fn length(&self) -> io::Result<Option<u64>> {
        Ok(None)
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, _to: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Releases the writer.
    fn close(self) -> io::Result<()>
    where
        Self: Sized,
    {
        Ok(())
    }
}

impl<'w> Storage for Box<dyn Write + Send + 'w> {}
impl<'w> Storage for Box<dyn WriteSeek + Send + 'w> {}

impl Storage for File {
    fn length(&self) -> io::Result<Option<u64>> {
        self.metadata().map(|metadata| Some(metadata.len()))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }

    fn truncate(&mut self, to: u64) -> io::Result<()> {
        self.set_len(to)
    }

    // Network file systems and quotas report errors as late as here.
    #[cfg(unix)]
    fn close(self) -> io::Result<()> {
        nix::unistd::close(self).map_err(Into::into)
    }
}

/// An output that reports an error of its closing.
trait Closing: Output {
    fn close(self: Box<Self>) -> Result<()>;
}

impl<W: Storage + Send> Closing for WriterOutput<W> {
    fn close(self: Box<Self>) -> Result<()> {
        self.0.close()
    }
}

impl<W: Storage + Seek + Send> Closing for SeekableOutput<W> {
    fn close(self: Box<Self>) -> Result<()> {
        self.pieces.close()
    }
}

impl Closing for NoOutput {
    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

impl<'w> Target<'w> {
    fn new(kind: Kind<'w>, name: impl Into<String>, buffer_size: usize) -> Self {
        Self { kind, name: name.into(), buffer_size, is_doubtful: false }
    }

    /// A writer: bytes are only appended, and containers that would go back to their start are
    /// written as streams.
    pub fn writer(writer: impl Write + Send + 'w) -> Self {
        Self::new(Kind::Writer(Box::new(writer)), "writer", WRITER_BUFFER)
    }

    /// A writer that can seek: its present position is the start of the file.
    pub fn seekable_writer(writer: impl Write + Seek + Send + 'w) -> Self {
        Self::new(Kind::Seekable(Box::new(writer)), "writer", WRITER_BUFFER)
    }

    /// A writer that is opened before the encoder is, and may or may not be able to seek: that is
    /// found out then.
    pub fn opened_writer(writer: impl Write + Seek + Send + 'w) -> Self {
        let mut target = Self::seekable_writer(writer);
        target.is_doubtful = true;
        target
    }

    /// The most bytes a writer is handed at once; 4096 unless set, and at least 1. Files are not
    /// concerned.
    #[must_use]
    pub fn buffer_size(mut self, bytes: usize) -> Self {
        if matches!(self.kind, Kind::Writer(_) | Kind::Seekable(_)) {
            self.buffer_size = bytes;
        }
        self
    }

    /// The path that will be written, if it is a path.
    pub fn path(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Path(path) => Some(path),
            _ => None,
        }
    }

    /// What the destination is called in messages.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether a format must be given, as there is no file name to tell it by.
    pub(crate) fn is_writer(&self) -> bool {
        matches!(self.kind, Kind::Writer(_) | Kind::Seekable(_))
    }

    /// The extension of the file name.
    pub(crate) fn extension(&self) -> Option<&str> {
        self.path()?.extension()?.to_str()
    }

    /// What can be told before the output is opened.
    pub(crate) fn check(&self) -> Result<()> {
        if let Kind::Unknown(protocol) = &self.kind {
            return Err(Error::unsupported(format!(
                "Failed to open dst: {}. The protocol {protocol} is not served. Available \
                 protocols are {}; for a file of that name pass file:{0} or a Path.",
                self.name,
                list(output_protocols().map(|(name, _)| name))
            )));
        }
        if self.buffer_size == 0 {
            return Err(Error::argument("buffer_size must be positive. Found: 0"));
        }
        Ok(())
    }

    /// Waits until somebody reads a named pipe, and opens it; none for anything else.
    ///
    /// # Errors
    /// The operating system's, or an interrupt: the target can be opened again.
    pub(crate) fn await_reader(&self, gate: &Gate) -> Result<Option<File>> {
        match &self.kind {
            Kind::Path(path) => patient::open_fifo(path, gate).map_err(|error| {
                let is_stopped = is_stopped(&error);
                if is_stopped { Gate::error() } else { self.failed(error) }
            }),
            _ => Ok(None),
        }
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::io(format!("Failed to open dst: {}", self.name), error)
    }

    /// Opens the output, unless it is `made_of_siblings`; a file is emptied. `reader` is what
    /// [`await_reader`](Self::await_reader) returned.
    pub(crate) fn open(
        self,
        made_of_siblings: bool,
        reader: Option<File>,
        gate: &Gate,
    ) -> Result<Opened<'w>> {
        let path = self.path().map(Path::to_owned);
        let output: Box<dyn Closing + 'w> =
            if made_of_siblings { Box::new(NoOutput) } else { self.open_output(reader, gate)? };
        Ok(Opened { output, path, gate: gate.clone() })
    }

    fn open_output(self, reader: Option<File>, gate: &Gate) -> Result<Box<dyn Closing + 'w>> {
        let (name, size) = (self.name.clone(), self.buffer_size);
        let failed = |error| Error::io(format!("Failed to open dst: {name}"), error);
        let to_writer = |writer: Box<dyn Write + Send + 'w>| {
            Box::new(WriterOutput(Pieces::new(writer, name.clone(), size, gate.clone())))
        };
        Ok(match self.kind {
            Kind::Path(path) => {
                let file = match reader {
                    Some(file) => file,
                    None => File::create(&path).map_err(failed)?,
                };
                if file.metadata().map_err(failed)?.is_file() {
                    let pieces = Pieces::new(file, name.clone(), size, gate.clone());
                    Box::new(SeekableOutput::new(pieces, 0))
                } else {
                    // A terminal, a pipe or another device.
                    to_writer(patient::writer(file, gate).map_err(failed)?)
                }
            }
            Kind::Stdout => to_writer(patient::stdout(gate).map_err(failed)?),
            Kind::Descriptor(number) => {
                to_writer(patient::descriptor(number, gate).map_err(failed)?)
            }
            Kind::Writer(writer) => to_writer(writer),
            Kind::Seekable(mut writer) => match prove_seekable(&mut writer) {
                Ok(start) => {
                    let pieces = Pieces::new(writer, name.clone(), size, gate.clone());
                    Box::new(SeekableOutput::new(pieces, start))
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {
                    return Err(failed(error));
                }
                Err(error) => {
                    let level = if self.is_doubtful { log::Level::Debug } else { log::Level::Warn };
                    log::log!(
                        level,
                        "The writer cannot seek, though it says so ({error}). The format's layout \
                         for streams is written."
                    );
                    to_writer(Box::new(writer) as Box<dyn Write + Send + 'w>)
                }
            },
            Kind::Unknown(protocol) => {
                return Err(Error::unsupported(format!("The protocol {protocol} is not served.")));
            }
        })
    }
}

/// The position of a writer, which must be able to go elsewhere and back.
///
/// # Errors
/// The writer's, or that it is not where it should be. An error of kind `ConnectionAborted` is a
/// writer's way to stop everything.
fn prove_seekable(writer: &mut (impl Seek + ?Sized)) -> io::Result<u64> {
    let start = writer.stream_position()?;
    match writer.seek(SeekFrom::End(0)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
        // Writers that only go forward, as of gzip, know no end.
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
    /// An address: `-` and `pipe:1` are standard output, `pipe:N` is an open file descriptor,
    /// `file:PATH` is a path, and so is everything without a protocol.
    fn from(address: &str) -> Self {
        if matches!(address, "-" | "pipe:" | "pipe:1") {
            return Self::new(Kind::Stdout, address, FILE_BUFFER);
        }
        let kind = match address.split_once(':') {
            Some(("file", path)) => Kind::Path(path.strip_prefix("//").unwrap_or(path).into()),
            Some(("pipe", number)) if number.parse::<u32>().is_ok() => {
                Kind::Descriptor(number.parse().unwrap_or_default())
            }
            Some((scheme, rest)) if is_protocol(scheme, rest) => Kind::Unknown(scheme.into()),
            _ => Kind::Path(address.into()),
        };
        Self::new(kind, address, FILE_BUFFER)
    }
}

/// `scheme://…`, or `pipe:` with something that is no number. One letter is a drive.
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

/// A destination at work.
pub(crate) struct Opened<'w> {
    output: Box<dyn Closing + 'w>,
    path: Option<PathBuf>,
    gate: Gate,
}

impl Opened<'_> {
    /// Hands on what is buffered.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.output.flush()
    }

    /// Returns whether this is a file or device with a path.
    pub(crate) fn has_path(&self) -> bool {
        self.path.is_some()
    }

    /// Cuts the output back to what is whole, in units of `block` bytes behind the last mark;
    /// returns its length then.
    ///
    /// # Errors
    /// It cannot be truncated.
    pub(crate) fn cut_back(&mut self, block: Option<u64>) -> Result<u64> {
        let (whole, held) = (self.output.whole(), self.output.position());
        let rest = held.saturating_sub(whole);
        let to = whole + block.map_or(0, |block| rest / block * block);
        self.output.truncate(to).map(|()| to)
    }

    /// Releases the output.
    ///
    /// # Errors
    /// The operating system's: some file systems report a full disk no sooner.
    pub(crate) fn close(self) -> Result<()> {
        self.output.close()
    }
}

impl Destination for Opened<'_> {
    fn output(&mut self) -> &mut dyn Output {
        &mut *self.output
    }

    fn name(&self) -> &str {
        let name = self.path.as_ref().and_then(|path| path.file_name());
        name.and_then(|name| name.to_str()).unwrap_or_default()
    }

    fn sibling(&mut self, name: &str) -> Result<Box<dyn Output>> {
        let Some(path) = &self.path else {
            return Err(Error::unsupported(format!(
                "This destination is a single output; \"{name}\" cannot be made beside it. Pass a \
                 path."
            )));
        };
        let path = path.with_file_name(name);
        let name = path.display().to_string();
        let file = File::create(&path)
            .map_err(|error| Error::io(format!("Failed to open dst: {name}"), error))?;
        let pieces = Pieces::new(file, name, FILE_BUFFER, self.gate.clone());
        Ok(Box::new(SeekableOutput::new(pieces, 0)))
    }
}

/// The main output of a destination that is made of siblings.
struct NoOutput;

impl Output for NoOutput {
    fn write(&mut self, _bytes: &[u8]) -> Result<()> {
        Err(Error::state("The destination is made of numbered files and has no main output."))
    }

    fn position(&self) -> u64 {
        0
    }

    fn is_seekable(&self) -> bool {
        false
    }

    fn patch(&mut self, _at: u64, _bytes: &[u8]) -> Result<()> {
        self.write(&[])
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Bytes on their way to a writer, in pieces of at most the buffer's size.
struct Pieces<W> {
    writer: W,
    name: String,
    /// More than a piece only where an interrupt came before the writer took it.
    buffer: Vec<u8>,
    size: usize,
    position: u64,
    gate: Gate,
    /// The last position that was marked as whole and handed on, and those marked since, each the
    /// end of a packet in the buffer.
    whole: u64,
    marks: Vec<u64>,
}

impl<W: Storage> Pieces<W> {
    fn new(writer: W, name: String, size: usize, gate: Gate) -> Self {
        // A buffer of any size can be asked for; it grows as it is used.
        let buffer = Vec::with_capacity(size.min(FILE_BUFFER));
        Self { writer, name, buffer, size, position: 0, gate, whole: 0, marks: Vec::new() }
    }

    /// How many bytes the writer has taken.
    fn handed_on(&self) -> u64 {
        self.position - self.buffer.len() as u64
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        loop {
            if self.gate.is_stopped() {
                return self.keep(bytes);
            }
            if self.buffer.is_empty() && bytes.len() >= self.size {
                // A whole piece needs no copy.
                self.gate.ask();
                let handed_on = self.position;
                self.check_length(handed_on)?;
                let taken = write_all(&mut self.writer, &bytes[..self.size]);
                let taken = self.settle(taken, self.size, handed_on)?;
                self.position += taken as u64;
                bytes = &bytes[taken..];
                continue;
            }
            let room = self.size.saturating_sub(self.buffer.len());
            if bytes.len() < room {
                self.buffer.extend_from_slice(bytes);
                self.position += bytes.len() as u64;
                return Ok(());
            }
            let (piece, rest) = bytes.split_at(room);
            self.buffer.extend_from_slice(piece);
            self.position += piece.len() as u64;
            bytes = rest;
            self.hand_on()?;
        }
    }

    /// Keeps what cannot be written before the interrupt is answered.
    fn keep(&mut self, bytes: &[u8]) -> Result<()> {
        if self.buffer.len() + bytes.len() > MAX_KEPT {
            return Err(failed(&self.name, io::ErrorKind::TimedOut.into()));
        }
        self.position += bytes.len() as u64;
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Returns how many of `given` bytes were taken, behind `handed_on` others: after an interrupt
    /// the rest can be written later.
    ///
    /// # Errors
    /// The writer's. What failed is not tried again.
    fn settle(
        &mut self,
        taken: Result<(), (usize, io::Error)>,
        given: usize,
        handed_on: u64,
    ) -> Result<usize> {
        match taken {
            Ok(()) => Ok(given),
            Err((taken, error)) if is_stopped(&error) => {
                self.gate.stop();
                Ok(taken)
            }
            Err((taken, error)) => {
                self.buffer.clear();
                self.position = handed_on + taken as u64;
                self.settle_marks();
                Err(failed(&self.name, error))
            }
        }
    }

    /// Hands on the buffer, or what of it the writer takes before an interrupt.
    fn hand_on(&mut self) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        while !self.buffer.is_empty() && !self.gate.is_stopped() {
            let piece = self.buffer.len().min(self.size);
            let handed_on = self.handed_on();
            self.check_length(handed_on)?;
            let taken = write_all(&mut self.writer, &self.buffer[..piece]);
            let taken = self.settle(taken, piece, handed_on)?;
            if taken == self.buffer.len() {
                self.buffer.clear();
            } else {
                self.buffer.drain(..taken);
            }
        }
        self.settle_marks();
        Ok(())
    }

    /// Checks that nothing else truncated the file, which then would have a hole.
    fn check_length(&mut self, handed_on: u64) -> Result<()> {
        let length = self.writer.length().map_err(|error| failed(&self.name, error))?;
        match length {
            Some(length) if length < handed_on => {
                self.buffer.clear();
                self.position = length;
                Err(Error::io(
                    format!(
                        "Failed to write to dst: {} has {length} of the {handed_on} bytes that were \
                         written. Keep other programs from changing it until it is closed",
                        self.name
                    ),
                    io::Error::other("it was truncated meanwhile"),
                ))
            }
            _ => Ok(()),
        }
    }

    fn mark_whole(&mut self) {
        if self.buffer.is_empty() {
            // Large packets are not buffered.
            self.whole = self.position;
            self.marks.clear();
        } else if self.marks.last() != Some(&self.position) {
            self.marks.push(self.position);
        }
    }

    /// Forgets the marks that the last one handed on replaces.
    fn settle_marks(&mut self) {
        let handed_on = self.handed_on();
        let passed = self.marks.partition_point(|mark| *mark <= handed_on);
        if let Some(last) = self.marks.drain(..passed).next_back() {
            self.whole = last;
        }
    }

    /// Returns the last mark that the writer was handed.
    fn whole(&self) -> u64 {
        let handed_on = self.handed_on();
        let passed = self.marks.partition_point(|mark| *mark <= handed_on);
        passed.checked_sub(1).map_or(self.whole, |last| self.marks[last])
    }

    fn flush(&mut self) -> Result<()> {
        self.hand_on()?;
        if self.gate.is_stopped() {
            return Ok(());
        }
        self.check_length(self.handed_on())?;
        self.writer.flush().map_err(|error| failed(&self.name, error))
    }

    fn sync(&mut self) -> Result<()> {
        self.flush()?;
        if self.gate.is_stopped() {
            return Ok(());
        }
        match self.writer.sync() {
            // Not every file system has barriers.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            synced => synced.map_err(|error| failed(&self.name, error)),
        }
    }

    fn close(self) -> Result<()> {
        let Self { writer, name, .. } = self;
        writer.close().map_err(|error| failed(&name, error))
    }
}

/// As `Write::write_all`, but says how much was taken before an error.
fn write_all(writer: &mut impl Write, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut taken = 0;
    while taken < bytes.len() {
        match writer.write(&bytes[taken..]) {
            Ok(0) => return Err((taken, io::ErrorKind::WriteZero.into())),
            Ok(more) => taken += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((taken, error)),
        }
    }
    Ok(())
}

fn failed(name: &str, error: io::Error) -> Error {
    Error::io(format!("Failed to write to dst: {name}"), error)
}

/// An output that can only append.
struct WriterOutput<W>(Pieces<W>);

impl<W: Storage + Send> Output for WriterOutput<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write(bytes)
    }

    fn position(&self) -> u64 {
        self.0.position
    }

    fn is_seekable(&self) -> bool {
        false
    }

    fn patch(&mut self, _at: u64, _bytes: &[u8]) -> Result<()> {
        Err(failed(&self.0.name, io::ErrorKind::NotSeekable.into()))
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }
}

/// An output that can overwrite what it has.
struct SeekableOutput<W> {
    pieces: Pieces<W>,
    /// Where in the writer the output starts.
    start: u64,
    /// Where the writer was found, if somebody else moved it.
    moved_to: Option<u64>,
    has_warned: bool,
}

impl<W: Storage + Seek> SeekableOutput<W> {
    fn new(pieces: Pieces<W>, start: u64) -> Self {
        Self { pieces, start, moved_to: None, has_warned: false }
    }

    /// Compares the writer's position with what was handed on.
    fn find(&mut self) -> Result<()> {
        if self.moved_to.is_some() {
            return Ok(());
        }
        let pieces = &mut self.pieces;
        let found = pieces.writer.stream_position().map_err(|error| failed(&pieces.name, error))?;
        if found != self.start + pieces.handed_on() {
            self.moved_to = Some(found);
        }
        Ok(())
    }
}

impl<W: Storage + Seek + Send> Output for SeekableOutput<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.pieces.write(bytes)
    }

    fn position(&self) -> u64 {
        self.pieces.position
    }

    fn is_seekable(&self) -> bool {
        self.moved_to.is_none()
    }

    fn can_patch(&mut self) -> Result<bool> {
        self.find()?;
        let Some(found) = self.moved_to else { return Ok(true) };
        if !std::mem::replace(&mut self.has_warned, true) {
            log::warn!(
                "Something else moved dst, to byte {found}. Nothing that was written is changed \
                 from now on, and the format is finished as a stream."
            );
        }
        Ok(false)
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        self.find()?;
        let pieces = &mut self.pieces;
        let end = at.checked_add(bytes.len() as u64);
        if end.is_none_or(|end| end > pieces.position) {
            return Err(failed(&pieces.name, io::ErrorKind::InvalidInput.into()));
        }
        if let Some(found) = self.moved_to {
            return Err(Error::state(format!(
                "This layout changes what was written at its end, and something else moved dst to \
                 byte {found} meanwhile. Leave dst alone until it is closed, or write to an object \
                 without `seek`, which gets the format's layout for streams."
            )));
        }
        pieces.hand_on()?;
        let writer = &mut pieces.writer;
        let mut seek_and_write = || {
            let at = self.start + at;
            writer.seek(SeekFrom::Start(at))?;
            let found = writer.stream_position()?;
            if found != at {
                return Err(io::Error::other(format!("a seek to byte {at} went to {found}")));
            }
            for piece in bytes.chunks(pieces.size) {
                writer.write_all(piece)?;
            }
            writer.seek(SeekFrom::Start(self.start + pieces.position))
        };
        seek_and_write().map(drop).map_err(|error| failed(&pieces.name, error))
    }

    fn flush(&mut self) -> Result<()> {
        self.pieces.hand_on()?;
        self.find()?;
        self.pieces.flush()
    }

    fn sync(&mut self) -> Result<()> {
        self.pieces.sync()
    }

    fn truncate(&mut self, to: u64) -> Result<()> {
        self.find()?;
        let pieces = &mut self.pieces;
        let failed = |error| Error::io(format!("Failed to truncate dst: {}", pieces.name), error);
        if to > pieces.position || self.moved_to.is_some() {
            return Err(failed(io::ErrorKind::InvalidInput.into()));
        }
        let handed_on = pieces.handed_on();
        if let Some(kept) = to.checked_sub(handed_on) {
            pieces.buffer.truncate(kept as usize);
        }
        if to <= handed_on {
            let to = self.start + to;
            pieces.writer.truncate(to).map_err(failed)?;
            pieces.writer.seek(SeekFrom::Start(to)).map_err(failed)?;
            pieces.buffer.clear();
        }
        pieces.position = to;
        pieces.whole = pieces.whole.min(to);
        pieces.marks.retain(|mark| *mark <= to);
        Ok(())
    }

    fn mark_whole(&mut self) {
        self.pieces.mark_whole();
    }

    fn whole(&self) -> u64 {
        self.pieces.whole()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn addresses_are_told_from_paths() {
        let kind = |address: &str| match Target::from(address).kind {
            Kind::Path(path) => format!("path {}", path.display()),
            Kind::Stdout => "stdout".into(),
            Kind::Descriptor(number) => format!("descriptor {number}"),
            Kind::Unknown(protocol) => format!("unknown {protocol}"),
            _ => unreachable!(),
        };
        assert_eq!(kind("a.wav"), "path a.wav");
        assert_eq!(kind("-"), "stdout");
        assert_eq!(kind("pipe:1"), "stdout");
        assert_eq!(kind("pipe:3"), "descriptor 3");
        assert_eq!(kind("pipe:x"), "unknown pipe");
        assert_eq!(kind("file:b/a.wav"), "path b/a.wav");
        assert_eq!(kind("file:///b/a.wav"), "path /b/a.wav");
        assert_eq!(kind("rtmp://host/app"), "unknown rtmp");
        assert_eq!(kind("C:\\a.wav"), "path C:\\a.wav");
        assert_eq!(kind("12:30.wav"), "path 12:30.wav");
    }

    /// Remembers the size of each write, and takes at most 7 bytes of each.
    struct Stingy<'a>(&'a mut Vec<usize>, &'a mut Vec<u8>);

    impl Write for Stingy<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.len());
            let taken = bytes.len().min(7);
            self.1.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn open(target: Target<'_>) -> Box<dyn Output + '_> {
        target.open_output(None, &Gate::default()).unwrap()
    }

    #[test]
    fn pieces_are_at_most_the_buffer_and_short_writes_lose_nothing() {
        let (mut sizes, mut bytes) = (Vec::new(), Vec::new());
        let expected: Vec<u8> = (0..100).collect();
        let mut output = open(Target::writer(Stingy(&mut sizes, &mut bytes)).buffer_size(16));
        for piece in [&expected[..5], &expected[5..70], &expected[70..]] {
            output.write(piece).unwrap();
        }
        assert_eq!(output.position(), 100);
        output.flush().unwrap();
        drop(output);
        assert!(sizes.iter().all(|size| *size <= 16), "{sizes:?}");
        assert_eq!(bytes, expected);
    }

    #[test]
    fn a_huge_buffer_is_only_as_large_as_what_is_in_it() {
        let mut bytes = Vec::new();
        let mut output = open(Target::writer(&mut bytes).buffer_size(usize::MAX));
        output.write(b"few").unwrap();
        output.flush().unwrap();
        drop(output);
        assert_eq!(bytes, b"few");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_open_descriptor_keeps_what_was_written_to_it() {
        use std::os::fd::AsRawFd;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"before").unwrap();
        let address = format!("pipe:{}", file.as_raw_fd());
        let mut output = open(Target::from(&address));
        assert!(!output.is_seekable());
        output.write(b" and after").unwrap();
        output.flush().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"before and after");
    }

    #[test]
    fn a_patch_goes_where_it_belongs_and_appending_goes_on() {
        let mut cursor = Cursor::new(b"before".to_vec());
        cursor.set_position(6);
        let mut output = open(Target::seekable_writer(&mut cursor).buffer_size(4));
        output.write(b"0123456789").unwrap();
        output.patch(1, b"abcdefg").unwrap();
        assert!(output.patch(5, b"123456").is_err());
        output.write(b"!").unwrap();
        output.flush().unwrap();
        drop(output);
        assert_eq!(cursor.into_inner(), b"before0abcdefg89!");
    }

    fn open_path(path: &Path) -> Opened<'static> {
        let target = Target::from(path.to_owned());
        target.open(false, None, &Gate::default()).unwrap()
    }

    #[test]
    fn a_file_that_something_else_truncated_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        let mut output = open_path(&path);
        output.output().write(&[1; 3 * FILE_BUFFER]).unwrap();
        output.output().flush().unwrap();
        File::options().write(true).open(&path).unwrap().set_len(10).unwrap();
        output.output().write(&[2; 100]).unwrap();
        let error = output.output().flush().unwrap_err().to_string();
        assert!(error.contains("has 10 of the 196608 bytes"), "{error}");
        assert!(error.contains("truncated meanwhile"), "{error}");
    }

    #[test]
    fn a_file_is_cut_back_to_what_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        let mut output = open_path(&path);
        for length in [100, FILE_BUFFER, 7] {
            output.output().write(&vec![1; length]).unwrap();
            output.output().mark_whole();
        }
        output.output().write(&[2; 11]).unwrap();
        output.output().sync().unwrap();
        let whole = (FILE_BUFFER + 107) as u64;
        assert_eq!(output.cut_back(Some(4)).unwrap(), whole + 8);
        assert_eq!(path.metadata().unwrap().len(), whole + 8);
        assert_eq!(output.cut_back(None).unwrap(), whole);
        output.output().write(b"end").unwrap();
        output.output().flush().unwrap();
        output.close().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!((bytes.len() as u64, &bytes[bytes.len() - 3..]), (whole + 3, &b"end"[..]));
    }

    /// A file on a network that has no room, which it says late.
    struct Late;

    impl Write for Late {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Storage for Late {
        fn close(self) -> io::Result<()> {
            Err(io::ErrorKind::QuotaExceeded.into())
        }
    }

    #[test]
    fn an_error_of_closing_is_told() {
        let pieces = Pieces::new(Late, "out".into(), FILE_BUFFER, Gate::default());
        let output: Box<dyn Closing> = Box::new(WriterOutput(pieces));
        let error = output.close().unwrap_err().to_string();
        assert!(error.contains("Failed to write to dst: out"), "{error}");
    }
}
