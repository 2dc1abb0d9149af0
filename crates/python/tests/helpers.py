"""Shared helpers of tests: arrays of every library, other decoders, signals."""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import reelwright

Array = npt.NDArray[Any]
Make = Callable[[Array], Any]

ASSETS = Path(__file__).parents[3] / "tests" / "assets"


def _torch(array: Array) -> Any:
    import torch

    return torch.from_numpy(array.copy()) if not array.flags.writeable else torch.from_numpy(array)


def _jax(array: Array) -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax.numpy.asarray(array)


LIBRARIES: dict[str, Make] = {"numpy": lambda array: array, "torch": _torch, "jax": _jax}


# Too large for the disk of a CI machine: torch has 7 GB.
LARGE_LIBRARIES = {"torch", "torio"}


def import_or_skip(name: str) -> Any:
    """Import a library. If it is not installed, skip the test, or fail it in CI."""
    package = name.partition(".")[0]
    if importlib.util.find_spec(package) is None:
        if os.environ.get("REELWRIGHT_REQUIRE_PROGRAMS") and package not in LARGE_LIBRARIES:
            pytest.fail(f"{package} is not installed")
        pytest.skip(f"{package} is not installed", allow_module_level=True)
    return importlib.import_module(name)


def _run(*command: str, lenient: bool = False) -> bytes:
    if shutil.which(command[0]) is None:
        if os.environ.get("REELWRIGHT_REQUIRE_PROGRAMS"):
            # In CI a missing program would hide a failure.
            pytest.fail(f"{command[0]} is not installed")
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0 and (lenient or not done.stderr), done.stderr.decode()
    return done.stdout


def probe(path: Path) -> dict[str, Any]:
    """Return ffprobe's description of a file and its streams."""
    text = _run("ffprobe", "-v", "error", "-show_format", "-show_streams", "-count_frames",
                "-of", "json", str(path))  # fmt: skip
    found: dict[str, Any] = json.loads(text)
    return found


def chapters_of(path: Path) -> list[tuple[float, str]]:
    """Return the starts and titles of chapters according to ffprobe."""
    text = _run("ffprobe", "-v", "error", "-show_chapters", "-of", "json", str(path))
    chapters = json.loads(text)["chapters"]
    return [(float(chapter["start_time"]), chapter["tags"]["title"]) for chapter in chapters]


def subtitles_of(path: Path) -> list[str]:
    """Return the subtitles that FFmpeg reads, as SubRip."""
    text = _run("ffmpeg", "-v", "error", "-i", str(path), "-map", "0:s", "-f", "srt", "-")
    return text.decode().replace("\r\n", "\n").strip().split("\n\n")


def packets_of(path: Path) -> list[dict[str, Any]]:
    """Return ffprobe's description of each packet."""
    shown = _run("ffprobe", "-v", "error", "-show_packets", "-of", "json", str(path))
    packets: list[dict[str, Any]] = json.loads(shown)["packets"]
    return packets


def decode_audio(path: Path, channels: int, *, lenient: bool = False) -> Array:
    """Decode the samples of a file with FFmpeg, as float32 of shape (frame, channel). `lenient` is
    for formats that cannot store their length, whose last packet is truncated."""
    strict = () if lenient else ("-xerror",)
    data = _run("ffmpeg", "-v", "error", *strict, "-i", str(path), "-map", "0:a:0",
                "-f", "f32le", "-", lenient=lenient)  # fmt: skip
    return np.frombuffer(data, np.float32).reshape(-1, channels)


def decode_video(path: Path, width: int, height: int, format: str = "rgb24") -> Array:
    """Decode the frames of a file with FFmpeg, of shape (frame, channel, height, width)."""
    data = _run("ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-map", "0:v:0",
                "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", format, "-")  # fmt: skip
    channels = {"gray16le": 1, "rgb24": 3, "rgb48le": 3}.get(format, 4)
    elements = np.frombuffer(data, "<u2" if format.endswith("le") else "u1")
    return elements.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)


def tone(frames: int, channels: int = 1, rate: int = 16000) -> Array:
    """Return a tone with a different frequency in each channel, as float32 (frame, channel)."""
    time = np.arange(frames)[:, None] / rate
    pitch = 220 * (1 + np.arange(channels))[None, :]
    return (0.5 * np.sin(2 * np.pi * pitch * time)).astype(np.float32)


def moving(frames: int, width: int = 64, height: int = 48, channels: int = 3) -> Array:
    """Return smooth moving frames, as uint8 of shape (frame, channel, height, width)."""
    t, c, y, x = np.ogrid[:frames, :channels, :height, :width]
    wave = np.sin(0.2 * t + 0.1 * x + c) + np.cos(0.15 * y - 0.1 * t)
    return (127.5 + 60 * wave).astype(np.uint8)


def audio_encoder(
    container: str = "wav", /, channels: int = 1, **options: Any
) -> reelwright.StreamingMediaEncoder:
    """Return an open encoder with an audio stream that writes to memory."""
    encoder = reelwright.StreamingMediaEncoder(io.BytesIO(), container)
    encoder.add_audio_stream(16000, channels, **options)
    return encoder.open()


def video_encoder(container: str = "mp4", /, **options: Any) -> reelwright.StreamingMediaEncoder:
    """Return an open encoder with a 64x48 video stream that writes to memory."""
    encoder = reelwright.StreamingMediaEncoder(io.BytesIO(), container)
    encoder.add_video_stream(25, 64, 48, **options)
    return encoder.open()
