"""Lists of formats, encoders, protocols and options."""

from . import _reelwright


def get_muxers() -> dict[str, str]:
    """Return the formats: short name to long name.

    >>> get_muxers()["flac"]
    'raw FLAC'
    """
    return dict(_reelwright.muxers())


def get_audio_encoders() -> dict[str, str]:
    """Return the audio encoders: short name to long name."""
    return dict(_reelwright.audio_encoders())


def get_video_encoders() -> dict[str, str]:
    """Return the video encoders: short name to long name."""
    return dict(_reelwright.video_encoders())


def get_output_devices() -> dict[str, str]:
    """Return the output devices: short name to long name. There are none yet."""
    return dict(_reelwright.output_devices())


def get_output_protocols() -> list[str]:
    """Return the protocols of destinations."""
    return [name for name, _ in _reelwright.output_protocols()]


def get_encoder_options(name: str) -> dict[str, str]:
    """Return the options for ``encoder_option`` of the methods that add streams.

    Args:
        name: Name of an encoder.

    Returns:
        Name of each option, with its description and allowed values.

    Raises:
        ValueError: The encoder is unknown.
    """
    return dict(_reelwright.describe("encoder", name))


def get_muxer_options(name: str) -> dict[str, str]:
    """Return the options for ``option`` of ``open``.

    Args:
        name: Name of a format.

    Returns:
        Name of each option, with its description and allowed values.

    Raises:
        ValueError: The format is unknown.
    """
    return dict(_reelwright.describe("muxer", name))


def get_log_level() -> int:
    """Return the log level, see :func:`set_log_level`. The default is 24."""
    return _reelwright.get_log_level()


def set_log_level(level: int) -> None:
    """Set the log level.

    Args:
        level: FFmpeg's log level: below 16 nothing, from 16 errors, from 24 warnings (through
            ``warnings``), from 32 information, from 48 details (through ``logging``).
    """
    _reelwright.set_log_level(level)
