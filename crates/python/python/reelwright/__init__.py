"""Encode and write audio and video chunk by chunk, without FFmpeg.

:class:`StreamingMediaEncoder` has the API of ``torio.io.StreamingMediaEncoder`` (torchaudio's
``StreamWriter``). Chunks are arrays of torch, numpy, jax or other libraries. This package neither
requires nor imports them.

>>> import numpy as np
>>> import reelwright
>>> encoder = reelwright.StreamingMediaEncoder("tone.flac")
>>> encoder.add_audio_stream(sample_rate=16000, num_channels=1)
0
>>> with encoder.open():
...     for second in range(3):
...         t = np.arange(16000, dtype=np.float32)[:, None] / 16000
...         encoder.write_audio_chunk(0, 0.5 * np.sin(2 * np.pi * 440 * t))

One-call helpers: :func:`save_audio`, :func:`save_video` and :func:`to_bytes`.
"""

from . import torio
from ._encoder import CodecConfig, StreamingMediaEncoder, StreamWriter
from ._errors import (
    ArgumentError,
    ChunkError,
    DestinationError,
    DisconnectedError,
    EncodingWarning,
    Error,
    InvalidDataError,
    OptionError,
    OutputError,
    StateError,
    TimedOutError,
    TooLargeError,
    UnknownNameError,
    UnsupportedError,
)
from ._listing import (
    get_audio_encoders,
    get_encoder_options,
    get_log_level,
    get_muxer_options,
    get_muxers,
    get_output_devices,
    get_output_protocols,
    get_video_encoders,
    set_log_level,
)
from ._packets import Packet, PacketEncoder
from ._reelwright import __version__
from ._save import save_audio, save_video, to_bytes

__all__ = [
    "ArgumentError",
    "ChunkError",
    "CodecConfig",
    "DestinationError",
    "DisconnectedError",
    "EncodingWarning",
    "Error",
    "InvalidDataError",
    "OptionError",
    "OutputError",
    "Packet",
    "PacketEncoder",
    "StateError",
    "StreamWriter",
    "StreamingMediaEncoder",
    "TimedOutError",
    "TooLargeError",
    "UnknownNameError",
    "UnsupportedError",
    "__version__",
    "get_audio_encoders",
    "get_encoder_options",
    "get_log_level",
    "get_muxer_options",
    "get_muxers",
    "get_output_devices",
    "get_output_protocols",
    "get_video_encoders",
    "save_audio",
    "save_video",
    "set_log_level",
    "to_bytes",
    "torio",
]
