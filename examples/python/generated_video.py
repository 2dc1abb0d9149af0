"""Saves video that is generated frame by frame, with audio, in one call.

    python generated_video.py [VIDEO.mp4]

Only one frame is in memory at a time: `save_video` accepts any iterable.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

import reelwright

WIDTH, HEIGHT, FRAME_RATE, SECONDS = 320, 180, 25, 4


def frames() -> Iterator[npt.NDArray[np.uint8]]:
    """Yield frames of a bouncing ball, of shape (height, width, 3)."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for number in range(SECONDS * FRAME_RATE):
        t = number / FRAME_RATE
        center = (WIDTH * (0.5 + 0.4 * np.sin(t)), HEIGHT * (0.9 - 0.7 * abs(np.cos(3 * t))))
        ball = np.hypot(x - center[0], y - center[1]) < 15
        frame = np.full((HEIGHT, WIDTH, 3), (30, 40, 60), np.uint8)
        frame[ball] = (240, 180, 60)
        yield frame


def main() -> None:
    path = sys.argv[1] if len(sys.argv) > 1 else "ball.mp4"
    t = np.arange(SECONDS * 48_000) / 48_000
    thud = 0.5 * np.sin(2 * np.pi * 80 * t) * np.exp(-8 * np.mod(t + np.pi / 6, np.pi / 3))
    reelwright.save_video(
        path,
        frames(),
        FRAME_RATE,
        audio=thud.astype(np.float32),
        sample_rate=48_000,
        metadata={"title": "A ball"},
    )
    print(f"saved {path}")


if __name__ == "__main__":
    main()
