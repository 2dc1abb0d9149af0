"""Counterpart of ``torio.utils.ffmpeg_utils``, for this package instead of FFmpeg."""

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
    """Return the version of this package. torio returns those of FFmpeg's libraries."""
    return {"reelwright": tuple(int(part) for part in __version__.split("-")[0].split("."))}


def get_build_config() -> str:
    """Return the build configuration of this package."""
    return f"reelwright {__version__}, without FFmpeg"


def get_demuxers() -> dict[str, str]:
    """Return an empty dict: this package does not read media."""
    return {}


def get_audio_decoders() -> dict[str, str]:
    """Return an empty dict: this package does not decode."""
    return {}


def get_video_decoders() -> dict[str, str]:
    """Return an empty dict: this package does not decode."""
    return {}


def get_input_devices() -> dict[str, str]:
    """Return an empty dict: this package does not read media."""
    return {}


def get_input_protocols() -> list[str]:
    """Return an empty list: this package does not read media."""
    return []


def clear_cuda_context_cache() -> None:
    """Do nothing, because this package has no CUDA context cache."""
