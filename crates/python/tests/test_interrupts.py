"""Signals: their handlers run soon, whatever a call waits for, and the file is complete."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers import probe, decode_audio

import reelwright
from reelwright import StreamingMediaEncoder

# Maximum delay of a handler in seconds: the specified limit, and a tolerance for slow machines.
LIMIT = 0.2 + 0.4

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")

START = """
import io, os, signal, sys, threading, time
import numpy as np
import reelwright
from reelwright import StreamingMediaEncoder

def later(seconds):
    def send():
        global sent
        time.sleep(seconds)
        sent = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=send, daemon=True).start()

def noise(frames, height=720, width=1280):
    return np.random.default_rng(0).integers(0, 255, (frames, 3, height, width), "u1")

def interrupted(call, *arguments):
    try:
        call(*arguments)
    except KeyboardInterrupt:
        print(time.monotonic() - sent, flush=True)
        return
    raise AssertionError("the call was not interrupted")
"""


def run(code: str, *arguments: str, timeout: float = 60) -> list[float]:
    """Run a program after `START`. Return the numbers that it prints: the delays in seconds from
    the signal to the exception of its handler."""
    command = [sys.executable, "-W", "ignore", "-c", START + code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stderr
    return [float(line) for line in done.stdout.split()]


def test_interrupt_of_av1_in_write(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    code = """
s = StreamingMediaEncoder(sys.argv[1])
s.add_video_stream(25, 1280, 720, encoder="librav1e")
s.open()
frames = noise(6)
later(1)
interrupted(lambda: [s.write_video_chunk(0, frames) for _ in range(100)])
# It is open. The second interrupt drops the frames in the encoder.
later(0.5)
interrupted(s.close)
"""
    waited = run(code, str(path))
    assert len(waited) == 1 or max(waited) < LIMIT
    assert waited[0] < LIMIT


def test_interrupt_of_av1_in_close(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    code = """
s = StreamingMediaEncoder(sys.argv[1])
s.add_video_stream(25, 320, 180, encoder="librav1e")
s.open()
s.write_video_chunk(0, noise(8, 180, 320))
later(0.3)
interrupted(s.close)
try:
    s.write_video_chunk(0, noise(1, 180, 320))
except reelwright.StateError as error:
    assert "Call it again" in str(error), error
else:
    raise AssertionError
s.close()
"""
    waited = run(code, str(path))
    assert waited[0] < LIMIT
    assert probe(path)["streams"][0]["nb_read_frames"] == "8"


def test_interrupt_of_save_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    code = """
frames = noise(60, 360, 640)
later(1.5)
interrupted(lambda: reelwright.save_video(sys.argv[1], frames, 30, encoder="librav1e"))
"""
    began = time.monotonic()
    waited = run(code, str(path))
    assert waited[0] < LIMIT and time.monotonic() - began < 10


@pytest.mark.parametrize("address", ["pipe", "fifo", "stdout"])
def test_interrupt_with_full_pipe(address: str, tmp_path: Path) -> None:
    """The pipe is read only after the interrupt. Then the file is completed."""
    path = tmp_path / "a.wav"
    code = """
s = StreamingMediaEncoder(ADDRESS, "wav")
s.add_audio_stream(48000, 2, "s16")
s.open()
samples = np.arange(2 << 20, dtype="u4").astype("i2").reshape(-1, 2)
later(0.5)
try:
    s.write_audio_chunk(0, samples)
except KeyboardInterrupt:
    print(time.monotonic() - sent, file=sys.stderr, flush=True)
reading.set()
s.write_audio_chunk(0, samples[:1000])
s.close()
if reader is not None:
    reader.join()
"""
    reads = """
reading = threading.Event()
reader = None
"""
    in_thread = """
read_end, write_end = os.pipe()
def read():
    reading.wait()
    with open(read_end, "rb") as source, open(sys.argv[1], "wb") as out:
        out.write(source.read())
reader = threading.Thread(target=read)
reader.start()
"""
    if address == "pipe":
        code = START + reads + in_thread + code.replace("ADDRESS", 'f"pipe:{write_end}"')
        code = code.replace("reading.set()", "reading.set()").replace(
            "if reader", "os.close(write_end)\nif reader"
        )
        command = [sys.executable, "-W", "ignore", "-c", code, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        waited = done.stderr
    else:
        fifo = tmp_path / "fifo"
        if address == "fifo":
            os.mkfifo(fifo)
        name = '"-"' if address == "stdout" else repr(str(fifo))
        code = START + reads + code.replace("ADDRESS", name)
        command = [sys.executable, "-W", "ignore", "-c", code]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None and process.stderr is not None
            with process.stdout if address == "stdout" else fifo.open("rb") as source:
                waited = process.stderr.readline().decode()
                path.write_bytes(source.read())
            assert process.wait(60) == 0, process.stderr.read()
    assert float(waited) < LIMIT
    samples = decode_audio(path, 2, lenient=True)
    whole = np.arange(2 << 20, dtype="u4").astype("i2").reshape(-1, 2)
    found = np.round(samples * 32768).astype("i2")
    # The data before the interrupt is whole frames. Later data follows it.
    assert np.array_equal(found[-1000:], whole[:1000])
    before = found[:-1000]
    assert len(before) >= 1024 and np.array_equal(before, whole[: len(before)])


def test_interrupt_with_fifo_without_reader(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.wav"
    os.mkfifo(fifo)
    code = """
s = StreamingMediaEncoder(sys.argv[1])
s.add_audio_stream(48000, 2)
later(0.5)
interrupted(s.open)
later(0.5)
interrupted(s.open)
"""
    assert max(run(code, str(fifo))) < LIMIT


def test_sigalrm_handler_runs_during_encoding(tmp_path: Path) -> None:
    """It runs during encoding, and has no effect unless it raises an exception."""
    path = tmp_path / "a.ivf"
    code = """
times = []
signal.signal(signal.SIGALRM, lambda *_: times.append(time.monotonic()))
signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
s = StreamingMediaEncoder(sys.argv[1])
s.add_video_stream(25, 320, 180, encoder="librav1e")
s.open()
began = time.monotonic()
s.write_video_chunk(0, noise(6, 180, 320))
s.close()
ended = time.monotonic()
signal.setitimer(signal.ITIMER_REAL, 0)
times = [time for time in times if began <= time <= ended]
gaps = np.diff([began, *times, ended])
print(gaps.max())
"""
    assert run(code, str(path))[0] < LIMIT
    assert probe(path)["streams"][0]["nb_read_frames"] == "6"


def test_interrupt_of_long_gap(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    code = """
s = StreamingMediaEncoder(sys.argv[1])
s.add_audio_stream(192000, 8, encoder_option={"compression_level": "8"})
s.open({"fill_gaps": "1000000"})
later(0.5)
interrupted(s.write_audio_chunk, 0, np.zeros((1, 8), "f4"), 900000.0)
s.write_audio_chunk(0, np.full((5, 8), 0.5, "f4"))
s.close()
"""
    assert run(code, str(path))[0] < LIMIT
    assert (decode_audio(path, 8)[-5:] == 0.5).all()


def test_exception_of_handler_is_raised(tmp_path: Path) -> None:
    class Alarm(Exception):
        pass

    def handler(*_: object) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, handler)
    s = StreamingMediaEncoder(tmp_path / "a.flac")
    s.add_audio_stream(192000, 8)
    s.open({"fill_gaps": "1000000"})
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(Alarm):
            s.write_audio_chunk(0, np.zeros((1, 8), np.float32), 900000.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    s.write_audio_chunk(0, np.zeros((1, 8), np.float32))
    s.close()
    with pytest.raises(reelwright.StateError):
        s.write_audio_chunk(0, np.zeros((1, 8), np.float32))


def test_interrupt_of_gif_in_write_and_close(tmp_path: Path) -> None:
    code = """
s = StreamingMediaEncoder(sys.argv[1])
s.add_video_stream(25, 640, 360)
s.open()
frames = noise(60, 360, 640)
later(0.5)
interrupted(lambda: [s.write_video_chunk(0, frames) for _ in range(100)])
later(0.3)
interrupted(s.close)
"""
    waited = run(code, str(tmp_path / "a.gif"))
    assert max(waited) < LIMIT


def test_finalizer_does_not_wait_after_interrupt(tmp_path: Path) -> None:
    code = """
def forget():
    s = StreamingMediaEncoder(sys.argv[1])
    s.add_video_stream(25, 1280, 720, encoder="librav1e")
    s.open()
    s.write_video_chunk(0, noise(12))
    later(0.3)
forget()
print(time.monotonic() - sent)
"""
    waited = run(code, str(tmp_path / "a.mp4"))
    assert waited[0] < LIMIT + 0.5
