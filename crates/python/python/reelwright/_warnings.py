"""Log messages of the compiled module as Python's ``warnings`` and ``logging`` records."""

import sys
import warnings
from os.path import dirname, join

from ._errors import EncodingWarning

_HERE = join(dirname(__file__), "")
_WARNING = 30


def caller() -> int:
    """Return the ``stacklevel`` of the first frame outside this package, relative to the caller."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        level, frame = level + 1, frame.f_back
    return level


def emit(level: int, message: str) -> None:
    """Emit ``message`` at a level of ``logging``."""
    if level == _WARNING:
        warnings.warn(message, EncodingWarning, stacklevel=caller())
        return
    import logging

    logging.getLogger("reelwright").log(level, message)
