"""Saves video that is made picture by picture, with sound, in one call.

    python generated_video.py [FILM.mp4]

Only one picture is in memory at a time: `save_video` takes any iterable.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

import reelwright

WIDTH, HEIGHT, FRAME_RATE, SECONDS = 320, 180, 25, 4


def pictures() -> Iterator[npt.NDArray[np.uint8]]:
    """A ball that bounces, of shape (height, width, 3)."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for number in range(SECONDS * FRAME_RATE):
        t = number / FRAME_RATE
        centre = (WIDTH * (0.5 + 0.4 * np.sin(t)), HEIGHT * (0.9 - 0.7 * abs(np.cos(3 * t))))
        ball = np.hypot(x - centre[0], y - centre[1]) < 15
        picture = np.full((HEIGHT, WIDTH, 3), (30, 40, 60), np.uint8)
        picture[ball] = (240, 180, 60)
        yield picture


def main() -> None:
    path = sys.argv[1] if len(sys.argv) > 1 else "ball.mp4"
    t = np.arange(SECONDS * 48_000) / 48_000
    thud = 0.5 * np.sin(2 * np.pi * 80 * t) * np.exp(-8 * np.mod(t + np.pi / 6, np.pi / 3))
    reelwright.save_video(
        path,
        pictures(),
        FRAME_RATE,
        audio=thud.astype(np.float32),
        sample_rate=48_000,
        metadata={"title": "A ball"},
    )
    print(f"saved {path}")


if __name__ == "__main__":
    main()
