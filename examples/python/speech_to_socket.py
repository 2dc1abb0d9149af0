"""Streams live speech to a socket, as Opus in Ogg.

    python speech_to_socket.py [SAVED.ogg]

A socket's file has `write` but no `seek`, which is sufficient. `flush` after each chunk sends all audio so far,
so that the listener receives it within a fraction of a second.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

import reelwright

RATE = 16_000


def microphone(seconds: float) -> Iterator[npt.NDArray[np.int16]]:
    """Yield a voice-like signal of shape (frame, 1), 40 ms at a time."""
    chunk = RATE // 25
    for start in range(0, int(seconds * RATE), chunk):
        t = (start + np.arange(chunk)) / RATE
        voice = np.sin(2 * np.pi * 140 * t) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * t))
        yield (8000 * voice).astype(np.int16)[:, None]


def listen(connection: socket.socket, heard: bytearray) -> None:
    while data := connection.recv(4096):
        heard.extend(data)


def main() -> None:
    speaker, listener = socket.socketpair()
    heard = bytearray()
    thread = threading.Thread(target=listen, args=(listener, heard))
    thread.start()

    with speaker, speaker.makefile("wb") as file:
        encoder = reelwright.StreamingMediaEncoder(file, format="ogg")
        encoder.add_audio_stream(
            RATE,
            1,
            format="s16",
            encoder="opus",
            encoder_option={"application": "voip"},
            codec_config=reelwright.CodecConfig(bit_rate=24_000),
        )
        with encoder.open():
            for chunk in microphone(seconds=3):
                encoder.write_audio_chunk(0, chunk)
                encoder.flush()
    thread.join()

    path = sys.argv[1] if len(sys.argv) > 1 else "speech.ogg"
    with open(path, "wb") as saved:
        saved.write(heard)
    print(f"{len(heard)} bytes of Ogg arrived; saved as {path}")


if __name__ == "__main__":
    main()
