"""The examples run and write the expected files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import probe

EXAMPLES = Path(__file__).parents[3] / "examples" / "python"


def run(name: str, path: Path) -> list[dict[str, Any]]:
    command = [sys.executable, str(EXAMPLES / name), str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    streams: list[dict[str, Any]] = probe(path)["streams"]
    return streams


def duration(stream: dict[str, Any]) -> float:
    return float(stream["duration"])


def test_speech_to_socket(tmp_path: Path) -> None:
    (audio,) = run("speech_to_socket.py", tmp_path / "a.ogg")
    assert (audio["codec_name"], audio["channels"]) == ("opus", 1)
    assert duration(audio) == pytest.approx(3, abs=0.01)


def test_two_cameras(tmp_path: Path) -> None:
    left, right, audio = run("two_cameras.py", tmp_path / "a.mp4")
    assert duration(audio) == pytest.approx(4, abs=0.001)
    assert 95 < int(left["nb_read_frames"]) < 130
    assert 80 < int(right["nb_read_frames"]) < 110
    assert all(3.8 < duration(stream) < 4.1 for stream in (left, right))


def test_generated_video(tmp_path: Path) -> None:
    video, audio = run("generated_video.py", tmp_path / "a.mp4")
    assert (video["nb_read_frames"], duration(video)) == ("100", 4)
    assert duration(audio) == pytest.approx(4, abs=0.001)


def test_moving_a_torio_script(tmp_path: Path) -> None:
    audio, video = run("moving_a_torio_script.py", tmp_path / "a.mp4")
    assert (audio["codec_name"], video["codec_name"]) == ("aac", "h264")
    assert (video["nb_read_frames"], duration(video)) == ("50", 2)


def test_all_examples_are_tested() -> None:
    source = Path(__file__).read_text()
    names = [path.name for path in EXAMPLES.glob("*.py")]
    assert len(names) >= 4 and all(f'run("{name}"' in source for name in names)
