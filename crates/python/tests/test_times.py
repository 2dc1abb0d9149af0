"""Variable frame rate: timestamps in a separate time base."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import moving, probe

import reelwright


@pytest.mark.parametrize("unit", [Fraction(1, 90000), (1, 90000), "1/90000"])
def test_frames_have_their_times(unit: Any, tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    times = [0.0, 0.0171, 0.05, 0.3, 1.25, 1.26]
    s = reelwright.StreamingMediaEncoder(path)
    s.add_video_stream(30, 64, 48, time_base=unit)
    with s.open():
        for frame, pts in zip(moving(len(times)), times, strict=True):
            s.write_video_chunk(0, frame[None], pts)
    stream = probe(path)["streams"][0]
    assert stream["time_base"] == "1/90000"
    assert int(stream["nb_read_frames"]) == len(times)
    # The last frame has the duration of the frame before.
    assert float(stream["duration"]) == pytest.approx(1.27, abs=1e-4)


@pytest.mark.parametrize("unit", ["", "1/0", "-1/25", (0, 1), "1/x", (1, -2), Fraction(-1, 2)])
def test_rejects_invalid_time_base(unit: Any) -> None:
    s = reelwright.StreamingMediaEncoder(Path("v.mp4"))
    with pytest.raises(reelwright.ArgumentError, match="time_base must be a positive fraction"):
        s.add_video_stream(25, 64, 48, time_base=unit)


def test_frame_rate_as_time_base(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    s = reelwright.StreamingMediaEncoder(path)
    s.add_video_stream(1000, 160, 120)
    with s.open():
        frame = np.zeros((1, 3, 120, 160), np.uint8)
        for index in range(60):
            s.write_video_chunk(0, frame + index, index / 20)
    stream = probe(path)["streams"][0]
    assert stream["level"] == 11
    assert float(stream["duration"]) == pytest.approx(3.0, abs=1e-3)
