"""Counterpart of ``torio.utils``."""

from . import ffmpeg_utils

__all__ = ["ffmpeg_utils"]
