"""As ``torio.io``: the encoder, and a decoder that says it is none."""

from typing import NoReturn

from ..._encoder import CodecConfig, StreamingMediaEncoder, StreamWriter
from ..._errors import UnsupportedError

__all__ = [
    "CodecConfig",
    "StreamReader",
    "StreamWriter",
    "StreamingMediaDecoder",
    "StreamingMediaEncoder",
]


class StreamingMediaDecoder:
    """Not here: this package writes media. It exists so that old imports work."""

    def __init__(self, *args: object, **kwargs: object) -> NoReturn:
        raise UnsupportedError(
            "reelwright writes media and does not read it: StreamingMediaDecoder is not served. "
            "torchcodec and PyAV read."
        )


StreamReader = StreamingMediaDecoder
