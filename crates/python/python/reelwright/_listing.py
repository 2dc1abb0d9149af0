"""What can be written, and with which options."""

from . import _reelwright


def get_muxers() -> dict[str, str]:
    """The formats: short name to long name.

    >>> get_muxers()["flac"]
    'raw FLAC'
    """
    return dict(_reelwright.muxers())


def get_audio_encoders() -> dict[str, str]:
    """The audio encoders: short name to long name."""
    return dict(_reelwright.audio_encoders())


def get_video_encoders() -> dict[str, str]:
    """The video encoders: short name to long name."""
    return dict(_reelwright.video_encoders())


def get_output_devices() -> dict[str, str]:
    """The devices a stream can be played on: short name to long name. None yet."""
    return dict(_reelwright.output_devices())


def get_output_protocols() -> list[str]:
    """The protocols a destination can be reached by."""
    return [name for name, _ in _reelwright.output_protocols()]


def get_encoder_options(name: str) -> dict[str, str]:
    """What ``encoder_option`` of ``add_audio_stream`` and ``add_video_stream`` can hold.

    Args:
        name: An encoder.

    Returns:
        Each option's name, with what it does and which values it takes.

    Raises:
        ValueError: There is no such encoder.
    """
    return dict(_reelwright.describe("encoder", name))


def get_muxer_options(name: str) -> dict[str, str]:
    """What ``option`` of ``open`` can hold.

    Args:
        name: A format.

    Returns:
        Each option's name, with what it does and which values it takes.

    Raises:
        ValueError: There is no such format.
    """
    return dict(_reelwright.describe("muxer", name))


def get_log_level() -> int:
    """What is warned of, see :func:`set_log_level`. 24 unless set."""
    return _reelwright.get_log_level()


def set_log_level(level: int) -> None:
    """Set what is warned of.

    Args:
        level: In FFmpeg's numbers: below 16 nothing, from 16 errors, from 24 warnings (through
            ``warnings``), from 32 information, from 48 details (through ``logging``).
    """
    _reelwright.set_log_level(level)
