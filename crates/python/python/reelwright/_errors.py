"""What goes wrong, by kind. Every class is a ``RuntimeError``, as torio raises."""


class Error(RuntimeError):
    """Something went wrong: the message names the argument or stream, the value found and what is
    allowed."""


class StateError(Error):
    """A call came at the wrong time: before ``open``, after ``close``, from a second thread."""


class ArgumentError(Error, ValueError):
    """An argument has a value that is never allowed."""


class DestinationError(ArgumentError, TypeError):
    """An object that nothing can be written to: neither a path nor an object with ``write``."""


class ChunkError(Error, ValueError):
    """A chunk does not fit its stream: dtype, shape, device, pts, NaN. Nothing of it was
    written."""


class UnknownNameError(Error, ValueError):
    """Nobody here knows the format, encoder, sample format or the like. The message lists what
    there is."""


class OptionError(Error, ValueError):
    """An option that nobody takes, or one whose value is malformed or out of range."""


class UnsupportedError(Error):
    """Each thing is known, but they cannot be used together, or not yet."""


class TooLargeError(Error):
    """The stream has outgrown what the format's fields can say."""


class OutputError(Error, OSError):
    """The file could not be opened or written. ``errno`` is the operating system's, if it was
    that."""


class TimedOutError(OutputError, TimeoutError):
    """The output did not take data in time."""


class DisconnectedError(OutputError, ConnectionError):
    """The other end of the output has left: a closed connection, or a pipe without a reader."""


class InvalidDataError(ArgumentError):
    """Input is damaged, or not of the format that it should have."""


class EncodingWarning(UserWarning):
    """Something was done that may surprise: samples clamped, bits dropped, another encoder used
    than the one named, an overlapping pts."""


for _class in (
    Error,
    StateError,
    ArgumentError,
    DestinationError,
    ChunkError,
    UnknownNameError,
    OptionError,
    UnsupportedError,
    TooLargeError,
    OutputError,
    TimedOutError,
    DisconnectedError,
    InvalidDataError,
    EncodingWarning,
):
    _class.__module__ = "reelwright"
