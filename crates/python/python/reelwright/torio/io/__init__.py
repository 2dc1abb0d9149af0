"""As ``torio.io``: the encoder, and a decoder that says it is none."""

from typing import NoReturn

from ..._encoder import CodecConfig, StreamingMediaEncoder, StreamWriter
from ..._errors import UnsupportedError

__all__ = [
    "AudioEffector",
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


class AudioEffector:
    """Not here: effects need filters and a decoder. It exists so that old imports work; a
    torchaudio that has it uses this package's encoder."""

    def __init__(self, *args: object, **kwargs: object) -> NoReturn:
        raise UnsupportedError(
            "AudioEffector is not supported without torchaudio 2.8 or older, which brings filters and "
            "a decoder. To encode alone, use StreamingMediaEncoder or reelwright.to_bytes."
        )


StreamReader = StreamingMediaDecoder
