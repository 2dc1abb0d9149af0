"""Runs a script for torio without torio. This needs no change, or one line.

    python moving_a_torio_script.py [OUT.mp4]

If the script can be edited, change its import:

    -from torio.io import CodecConfig, StreamingMediaEncoder
    +from reelwright import CodecConfig, StreamingMediaEncoder

Otherwise (it is part of another package), call `install` before importing it, as here.
"""

from __future__ import annotations

import sys
import types

import reelwright.torio

# Represents a third-party module. It uses numpy instead of torch, so that it runs anywhere.
SCRIPT = '''
import numpy as np
from torio.io import CodecConfig, StreamingMediaEncoder
from torchaudio.io import StreamWriter

def save(path, seconds=2, rate=48000, fps=25):
    s = StreamingMediaEncoder(path)
    s.add_audio_stream(rate, 2, encoder="aac", codec_config=CodecConfig(bit_rate=128_000))
    s.add_video_stream(fps, 320, 180, format="rgb24", encoder="libx264",
                       encoder_option={"preset": "veryfast", "crf": "23"}, encoder_format="yuv420p")
    s.set_metadata({"title": "From torio"})
    with s.open(option={"movflags": "+faststart"}):
        for second in range(seconds):
            t = np.arange(rate)[:, None] / rate
            s.write_audio_chunk(0, (0.3 * np.sin(2 * np.pi * np.array([[330, 440]]) * t)).astype("f4"))
            s.write_video_chunk(1, np.full((fps, 3, 180, 320), 100 * second, np.uint8))
    assert StreamWriter is StreamingMediaEncoder
'''


def main() -> None:
    path = sys.argv[1] if len(sys.argv) > 1 else "from_torio.mp4"
    reelwright.torio.install()
    script = types.ModuleType("script")
    exec(SCRIPT, script.__dict__)
    script.save(path)
    print(f"saved {path}")


if __name__ == "__main__":
    main()
