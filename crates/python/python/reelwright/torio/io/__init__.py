"""Counterpart of ``torio.io``: the encoder, and placeholders for unsupported classes."""

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
    """Not supported: this package does not read media. Exists so that old imports work."""

    def __init__(self, *args: object, **kwargs: object) -> NoReturn:
        raise UnsupportedError(
            "reelwright writes media and does not read it: StreamingMediaDecoder is not supported. "
            "To read media, use torchcodec or PyAV."
        )


class AudioEffector:
    """Not supported: effects require filters and a decoder. Exists so that old imports work. The
    AudioEffector of torchaudio, if it has one, uses this package's encoder."""

    def __init__(self, *args: object, **kwargs: object) -> NoReturn:
        raise UnsupportedError(
            "AudioEffector is not supported without torchaudio 2.8 or older, which provides filters and "
            "a decoder. To encode alone, use StreamingMediaEncoder or reelwright.to_bytes."
        )


StreamReader = StreamingMediaDecoder
