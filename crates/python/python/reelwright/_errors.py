"""Exceptions. Every class is a ``RuntimeError``, which torio raises."""


class Error(RuntimeError):
    """Base class. The message states the argument or stream, the value and what is allowed."""


class StateError(Error):
    """A call is not allowed now: before ``open``, after ``close``, from another thread."""


class ArgumentError(Error, ValueError):
    """An argument has a value that is never valid."""


class DestinationError(ArgumentError, TypeError):
    """The destination is neither a path nor an object with ``write``."""


class ChunkError(Error, ValueError):
    """A chunk does not match its stream (dtype, shape, device, pts) or contains NaN. Nothing of it
    was written."""


class UnknownNameError(Error, ValueError):
    """The format, encoder, sample format or other name is unknown. The message lists the available
    names."""


class OptionError(Error, ValueError):
    """An option is unknown, or its value is malformed or out of range."""


class UnsupportedError(Error):
    """The arguments are valid, but their combination is not supported."""


class TooLargeError(Error):
    """The stream is too large for the fields of the format."""


class OutputError(Error, OSError):
    """The output could not be opened or written. ``errno`` is that of the operating system, if it
    reported the error."""


class TimedOutError(OutputError, TimeoutError):
    """The output did not accept data in time."""


class DisconnectedError(OutputError, ConnectionError):
    """The other end of the output closed the connection or pipe."""


class InvalidDataError(ArgumentError):
    """The input is damaged or has the wrong format."""


class EncodingWarning(UserWarning):
    """Warning of a surprising result: clamped samples, dropped bits, another encoder than the named
    one, or an overlapping pts."""


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
