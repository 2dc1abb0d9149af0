"""As ``torio.utils.ffmpeg_utils``, of this package instead of FFmpeg."""

from ..._listing import (
    get_audio_encoders,
    get_log_level,
    get_muxers,
    get_output_devices,
    get_output_protocols,
    get_video_encoders,
    set_log_level,
)
from ..._reelwright import __version__

__all__ = [
    "clear_cuda_context_cache",
    "get_audio_decoders",
    "get_audio_encoders",
    "get_build_config",
    "get_demuxers",
    "get_input_devices",
    "get_input_protocols",
    "get_log_level",
    "get_muxers",
    "get_output_devices",
    "get_output_protocols",
    "get_versions",
    "get_video_decoders",
    "get_video_encoders",
    "set_log_level",
]


def get_versions() -> dict[str, tuple[int, ...]]:
    """The version of this package, where torio has those of FFmpeg's libraries."""
    return {"reelwright": tuple(int(part) for part in __version__.split("-")[0].split("."))}


def get_build_config() -> str:
    """What this package was made with."""
    return f"reelwright {__version__}, without FFmpeg"


def get_demuxers() -> dict[str, str]:
    """None: nothing is read."""
    return {}


def get_audio_decoders() -> dict[str, str]:
    """None: nothing is decoded."""
    return {}


def get_video_decoders() -> dict[str, str]:
    """None: nothing is decoded."""
    return {}


def get_input_devices() -> dict[str, str]:
    """None: nothing is read."""
    return {}


def get_input_protocols() -> list[str]:
    """None: nothing is read."""
    return []


def clear_cuda_context_cache() -> None:
    """Nothing: there is no such cache."""
