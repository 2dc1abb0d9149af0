"""Compares the speed of the Python package with torio, in one process with the same tensors.

    python benches/python/against_torio.py [--record] [calls] [small] [video] [imports] [memory] [wheel=PATH]

`--record` writes the results to docs/benchmarks.json. Times are CPU time of the process, the minimum of several
alternating rounds. Requires torio (torchaudio 2.8 or older) and torch. Without arguments, everything is measured.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).parents[2] / "tests" / "assets"
ROUNDS = 5


def cpu_time(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def in_turns(*works: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Return the minimum CPU time of each."""
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for index, work in enumerate(works):
            best[index] = min(best[index], cpu_time(work))
    return best


RESULTS = Path(__file__).parents[2] / "docs" / "benchmarks.json"
comparisons: list[dict[str, Any]] = []


def report(name: str, ours: float, torios: float, target: float, unit: str, scale: float) -> None:
    values = [float(f"{value * scale:.3e}") for value in (ours, torios)]
    comparisons.append(
        {
            "part": "python",
            "name": name,
            "peer": "torio",
            "unit": unit,
            "values": values,
            "lower_is_better": True,
        }
    )
    ratio = torios / ours
    verdict = "" if ratio >= target else "  BELOW"
    print(
        f"{name:58} ours {ours * scale:9.3f} {unit}  torio {torios * scale:9.3f} {unit}"
        f"  {ratio:5.1f}x (target {target:g}x){verdict}",
        flush=True,
    )


def encoders() -> tuple[Any, Any]:
    import torio.io

    import reelwright

    return reelwright.StreamingMediaEncoder, torio.io.StreamingMediaEncoder


def write_audio(encoder: Any, path: str, rate: int, chunk: Any, calls: int) -> Callable[[], None]:
    def work() -> None:
        stream = encoder(path)
        stream.add_audio_stream(rate, chunk.shape[1])
        stream.open()
        write = stream.write_audio_chunk
        for _ in range(calls):
            write(0, chunk)
        stream.flush()
        stream.close()

    return work


def calls(directory: str) -> None:
    import torch

    path = os.path.join(directory, "calls.wav")
    for channels in (1, 2):
        chunk = torch.rand(16, channels) - 0.5
        number = 1_000_000
        works = [write_audio(e, path, 16000, chunk, number) for e in encoders()]
        works.append(write_audio(encoders()[0], path, 16000, chunk.numpy(), number))
        ours, torios, numpys = in_turns(*works, rounds=3)
        title = "16 samples a call to WAV" + (", stereo" if channels == 2 else "")
        report(title, ours, torios, 3, "µs", 1e6 / number)
        report(f"{title}, of numpy", numpys, torios, 3, "µs", 1e6 / number)


def small(directory: str) -> None:
    import torch

    path = os.path.join(directory, "small.wav")
    number = 250 * 600
    for name, chunk in (
        ("interleaved", torch.rand(192, 2) - 0.5),
        ("planar", (torch.rand(2, 192) - 0.5).t()),
    ):
        ours, torios = in_turns(*[write_audio(e, path, 48000, chunk, number) for e in encoders()])
        title = f"4 ms a call of 48 kHz stereo to WAV, {name}"
        report(title, ours, torios, 4, "µs", 1e6 / number)


def video(directory: str) -> None:
    import torio.io

    reader = torio.io.StreamingMediaDecoder(str(ASSETS / "bbb_1280x720_5.1.mp4"))
    reader.add_basic_video_stream(1000, format="rgb24")
    reader.process_all_packets()
    (frames,) = reader.pop_chunks()
    frames = frames.contiguous()
    paths = [os.path.join(directory, name) for name in ("ours.mp4", "torio.mp4")]

    def work(encoder: Any, path: str, options: dict[str, Any]) -> Callable[[], None]:
        def run() -> None:
            stream = encoder(path)
            stream.add_video_stream(25, 1280, 720, **options)
            with stream.open():
                for start in range(0, len(frames), 8):
                    stream.write_video_chunk(0, frames[start : start + 8])

        return run

    ours, torio_ = encoders()
    superfast = {"encoder": "libx264", "encoder_option": {"preset": "superfast"}}
    best = in_turns(work(ours, paths[0], {}), work(torio_, paths[1], superfast), rounds=3)
    title = "a frame of 1280x720 rgb24 to H.264 (libx264 superfast)"
    report(title, best[0], best[1], 3, "ms", 1e3 / len(frames))
    for name, path in zip(("ours", "torio"), paths):
        print(f"    {name}: {os.path.getsize(path)} bytes, {_ssim(path)}")


def _ssim(path: str) -> str:
    source = str(ASSETS / "bbb_1280x720_5.1.mp4")
    command = ["ffmpeg", "-i", path, "-i", source, "-lavfi", "ssim", "-an", "-f", "null", "-"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    except (OSError, subprocess.CalledProcessError):
        return "SSIM unknown"
    return next(
        ("SSIM " + line.split("All:")[1] for line in said.splitlines() if "All:" in line), ""
    )


def imports(_directory: str) -> None:
    def seconds(module: str) -> float:
        code = (
            "import time; start = time.process_time(); "
            f"import {module}; print(time.process_time() - start)"
        )
        return float(subprocess.check_output([sys.executable, "-W", "ignore", "-c", code]))

    ours = min(seconds("reelwright") for _ in range(10))
    torios = min(seconds("torio") for _ in range(3))
    report("import", ours, torios, 20, "ms", 1e3)


def memory(directory: str) -> None:
    import numpy as np

    import reelwright

    def resident() -> float:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1024

    chunk = np.zeros((100, 2), np.float32)
    path = os.path.join(directory, "memory.wav")
    print("resident memory in KiB after opening and closing n encoders:", end="", flush=True)
    for number in range(10_001):
        stream = reelwright.StreamingMediaEncoder(path)
        stream.add_audio_stream(48000, 2)
        with stream.open():
            stream.write_audio_chunk(0, chunk)
        if number in (100, 1000, 2500, 5000, 7500, 10_000):
            print(f"  {number}: {resident():.0f}", end="", flush=True)
    print()


def main() -> None:
    parts = {"calls": calls, "small": small, "video": video, "imports": imports, "memory": memory}
    arguments = [argument for argument in sys.argv[1:] if argument != "--record"]
    wanted = arguments or list(parts)
    with tempfile.TemporaryDirectory() as directory:
        for name in wanted:
            if name.startswith("wheel="):
                size = os.path.getsize(name.removeprefix("wheel="))
                print(f"wheel: {size / 1e6:.1f} MB (target: below 25 MB)")
            else:
                parts[name](directory)
    if "--record" in sys.argv:
        record()


def record() -> None:
    """Replace the results with the same names."""
    results = json.loads(RESULTS.read_text())
    names = {comparison["name"] for comparison in comparisons}
    rows = results["comparisons"]
    rows[:] = [row for row in rows if row["part"] != "python" or row["name"] not in names]
    rows += comparisons
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
