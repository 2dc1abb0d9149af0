"""Records two cameras and a microphone, whose frames arrive at irregular times.

    python two_cameras.py [RECORDED.mp4]

The frame rate of a camera is only approximate. Each frame is written with its time, `pts`, so that audio and video
stay in sync: a late frame is shown late. If the program is killed, the file plays up to there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

import reelwright

WIDTH, HEIGHT = 320, 180
RATE = 48_000
SECONDS = 4

Event = tuple[float, int, npt.NDArray[np.generic]]


def camera(stream: int, period: float, seed: int) -> Iterator[Event]:
    """Yield frames of shape (1, 3, height, width), with the time of each."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    taken = 0.0
    while taken < SECONDS:
        wave = np.sin(x / 20 + 3 * taken) + np.cos(y / 15 - (2 + stream) * taken)
        frame = (127.5 + 60 * wave).astype(np.uint8)
        yield taken, stream, np.stack([frame, frame.T.reshape(HEIGHT, WIDTH), 255 - frame])[None]
        taken += period * random.uniform(0.9, 1.2)


def microphone(stream: int) -> Iterator[Event]:
    """Yield audio of shape (frame, 1), 20 ms at a time."""
    chunk = RATE // 50
    for start in range(0, SECONDS * RATE, chunk):
        t = (start + np.arange(chunk)) / RATE
        yield start / RATE, stream, (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)[:, None]


def main() -> None:
    path = sys.argv[1] if len(sys.argv) > 1 else "two_cameras.mp4"
    encoder = reelwright.StreamingMediaEncoder(path)
    # Times are rounded to the stream's frame rate. A rate of 1000 keeps them to the millisecond.
    left = encoder.add_video_stream(1000, WIDTH, HEIGHT)
    right = encoder.add_video_stream(1000, WIDTH, HEIGHT)
    audio = encoder.add_audio_stream(RATE, 1)
    encoder.set_metadata({"title": "Two cameras"})

    sources = [camera(left, 1 / 30, 1), camera(right, 1 / 25, 2), microphone(audio)]
    with encoder.open():
        # In order of time, as in a live recording.
        for pts, stream, chunk in sorted(
            (event for source in sources for event in source), key=lambda event: event[0]
        ):
            if stream == audio:
                encoder.write_audio_chunk(stream, chunk, pts)
            else:
                encoder.write_video_chunk(stream, chunk, pts)
    print(f"recorded {path}")


if __name__ == "__main__":
    main()
