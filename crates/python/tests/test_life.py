"""Threads, garbage collection, forks, subclasses and warnings."""

from __future__ import annotations

import gc
import io
import logging
import os
import pickle
import re
import subprocess
import sys
import threading
import time
import warnings
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import audio_encoder, moving, tone, video_encoder

import reelwright
from reelwright import StreamingMediaEncoder

# Threads.


def test_rejects_second_thread() -> None:
    entered, leave = threading.Event(), threading.Event()

    class Waits:
        def write(self, data: bytes) -> int:
            entered.set()
            assert leave.wait(60)
            return len(data)

    s = StreamingMediaEncoder(Waits(), "wav")
    s.add_audio_stream(16000, 1)
    s.open()
    thread = threading.Thread(target=s.write_audio_chunk, args=(0, tone(5000)))
    thread.start()
    assert entered.wait(60)
    try:
        for call in (s.flush, s.close, s.open().flush, lambda: s.write_audio_chunk(0, tone(1))):
            with pytest.raises(reelwright.StateError, match="in use by another thread"):
                call()
    finally:
        leave.set()
        thread.join()
    s.close()


def test_rejects_recursive_call_of_writer() -> None:
    class Returns:
        encoder: StreamingMediaEncoder

        def write(self, data: bytes) -> int:
            self.encoder.flush()
            return len(data)

    file = Returns()
    file.encoder = StreamingMediaEncoder(file, "wav")
    file.encoder.add_audio_stream(16000, 1)
    with pytest.raises(reelwright.StateError, match="its own writer"), file.encoder.open():
        file.encoder.write_audio_chunk(0, tone(5000))


def test_gil_is_released_while_encoding() -> None:
    s = video_encoder("ivf", encoder="librav1e", encoder_option={"speed": "6"})
    counted = []
    is_over = threading.Event()

    def count() -> None:
        while not is_over.is_set():
            counted.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    start = time.monotonic()
    s.write_video_chunk(0, moving(60))
    end = time.monotonic()
    is_over.set()
    thread.join()
    s.close()
    assert end - start > 0.05, "the work must be long enough to measure"
    during = sum(start < moment < end for moment in counted)
    assert during > (end - start) / 0.001 / 20


def test_encoders_run_in_parallel() -> None:
    files = [io.BytesIO() for _ in range(8)]
    errors: list[BaseException] = []

    def encode(file: io.BytesIO) -> None:
        try:
            s = StreamingMediaEncoder(file, "flac")
            s.add_audio_stream(16000, 1)
            with s.open():
                for _ in range(50):
                    s.write_audio_chunk(0, tone(1000))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=encode, args=(file,)) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len({file.getvalue() for file in files}) == 1


# The garbage collector.


def test_unclosed_encoder_completes_its_file() -> None:
    closed, dropped = io.BytesIO(), io.BytesIO()
    for file in (closed, dropped):
        s = StreamingMediaEncoder(file, "flac")
        s.add_audio_stream(16000, 1)
        s.open()
        s.write_audio_chunk(0, tone(5000))
        if file is closed:
            s.close()
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                del s
        else:
            with pytest.warns(ResourceWarning, match="BytesIO.*was not closed"):
                del s
    assert closed.getvalue() == dropped.getvalue()


def test_unopened_encoder_is_dropped_without_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        s = StreamingMediaEncoder(io.BytesIO(), "wav")
        s.add_audio_stream(16000, 1)
        del s
        with pytest.raises(reelwright.Error):
            StreamingMediaEncoder(io.BytesIO(), "zzz")


def test_collects_cycle_with_writer() -> None:
    class Holds:
        def __init__(self) -> None:
            self.bytes = bytearray()
            self.encoder = StreamingMediaEncoder(self, "wav")

        def write(self, data: bytes) -> int:
            self.bytes += data
            return len(data)

    file = Holds()
    file.encoder.add_audio_stream(16000, 1)
    file.encoder.open()
    file.encoder.write_audio_chunk(0, tone(100))
    written = file.bytes
    seen = weakref.ref(file), weakref.ref(file.encoder)
    del file
    with pytest.warns(ResourceWarning):
        gc.collect()
    assert [ref() for ref in seen] == [None, None]
    assert len(written) >= 244


def test_files_are_completed_at_exit(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    code = f"""
import numpy as np, reelwright
s = reelwright.StreamingMediaEncoder({str(path)!r})
s.add_audio_stream(16000, 1)
s.open()
s.write_audio_chunk(0, np.zeros((100, 1), np.float32))
"""
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True)
    assert done.returncode == 0
    assert path.stat().st_size >= 244
    assert b"was not closed" in done.stderr


requires_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@requires_fork
@pytest.mark.parametrize("file_like", [False, True])
@pytest.mark.parametrize("is_video", [False, True])
def test_forked_process_cannot_use_open_encoder(
    file_like: bool, is_video: bool, tmp_path: Path
) -> None:
    """The child shares the open file, but has none of the encoder's threads."""
    stream = "s.add_video_stream(25, 64, 48)" if is_video else "s.add_audio_stream(16000, 1)"
    write = "write_video_chunk" if is_video else "write_audio_chunk"
    code = f"""
import io, os, sys
import numpy as np, reelwright
path, does_fork, file_like, is_video = sys.argv[1], *map(int, sys.argv[2:])
file = open(path, "wb", buffering=0) if file_like else path
s = reelwright.StreamingMediaEncoder(file, "mp4" if is_video else "flac")
{stream}
random = np.random.default_rng(1)
def chunk():
    if is_video:
        return random.integers(0, 255, (30, 3, 48, 64)).astype(np.uint8)
    return random.uniform(-1, 1, (20000, 1)).astype(np.float32)
s.open()
s.{write}(0, chunk())
child = os.fork() if does_fork else 1
if not child:
    try:
        s.{write}(0, chunk())
    except reelwright.StateError as error:
        assert "forked" in str(error)
        s.open()
        del s
        if file_like:
            file.close()
        sys.exit(7)
if does_fork:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
s.{write}(0, chunk())
s.close()
if file_like:
    file.close()
"""
    paths = tmp_path / "alone", tmp_path / "forked"
    for does_fork, path in enumerate(paths):
        arguments = [str(path), str(does_fork), str(int(file_like)), str(int(is_video))]
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
    assert paths[0].read_bytes() == paths[1].read_bytes()


@requires_fork
def test_forked_process_can_open_unopened_encoder(tmp_path: Path) -> None:
    code = f"""
import os, numpy as np, reelwright
s = reelwright.StreamingMediaEncoder({str(tmp_path / "a.wav")!r})
s.add_audio_stream(16000, 1)
child = os.fork()
if not child:
    with s.open():
        s.write_audio_chunk(0, np.zeros((100, 1), np.float32))
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
    assert (tmp_path / "a.wav").stat().st_size >= 244


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="its module has another name since")
def test_rejects_second_interpreter() -> None:
    """The objects that it would share with the first are destroyed when it ends."""
    code = """
import _xxsubinterpreters as interpreters
import io, reelwright
other = interpreters.create()
interpreters.run_string(other, '''
try:
    import reelwright
except ImportError as error:
    assert "one interpreter" in str(error)
    print("refused", flush=True)
''')
interpreters.destroy(other)
try:
    reelwright.StreamingMediaEncoder(io.BytesIO(), "zzz")
except reelwright.UnknownNameError:
    print("alive")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["refused", "alive"], done.stderr


def test_memory_is_bounded(tmp_path: Path) -> None:
    import resource

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def encode(number: int) -> None:
        for _ in range(number):
            s = StreamingMediaEncoder(tmp_path / "a.flac")
            s.add_audio_stream(16000, 1)
            with s.open():
                s.write_audio_chunk(0, chunk)

    chunk = tone(100)
    encode(200)
    before = peak()
    encode(1000)
    assert peak() - before < 4 << 10


# Subclasses.


def test_subclass_can_have_other_constructor() -> None:
    class Speech(StreamingMediaEncoder):
        def __init__(self, *, file: Any) -> None:
            super().__init__(file, format="wav")
            self.add_audio_stream(16000, 1)
            self.extra = 1

    file = io.BytesIO()
    with Speech(file=file).open() as s:
        s.write_audio_chunk(0, tone(10))
    assert file.getvalue()[:4] == b"RIFF"


def test_subclass_without_super_init_raises_error() -> None:
    class Forgets(StreamingMediaEncoder):
        def __init__(self) -> None:
            pass

    s: StreamingMediaEncoder = Forgets()
    with pytest.raises(reelwright.StateError, match=r"super\(\).__init__"):
        s.add_audio_stream(16000, 1)
    repr(s)
    s = StreamingMediaEncoder(io.BytesIO(), "wav")
    with pytest.raises(reelwright.StateError, match="already"):
        s.__init__(io.BytesIO(), "wav")  # type: ignore[misc]


# Errors and warnings.


def test_every_error_is_a_runtime_error() -> None:
    names = [name for name in reelwright.__all__ if name.endswith("Error")]
    assert len(names) == 13
    for name in names:
        error = getattr(reelwright, name)
        assert issubclass(error, RuntimeError) and issubclass(error, reelwright.Error)
        assert error.__module__ == "reelwright" and error.__doc__
        assert str(pickle.loads(pickle.dumps(error("text")))) == "text"
    assert issubclass(reelwright.OutputError, OSError)
    assert issubclass(reelwright.ChunkError, ValueError)
    for error, base in (
        (reelwright.TimedOutError, TimeoutError),
        (reelwright.DisconnectedError, ConnectionError),
    ):
        assert issubclass(error, reelwright.OutputError) and issubclass(error, base)
    assert issubclass(reelwright.InvalidDataError, reelwright.ArgumentError)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"sample_rate": 16000.0}, "sample_rate must be an int. Found: 16000.0"),
        ({"sample_rate": "16000"}, "sample_rate must be an int. Found: '16000'"),
        ({"num_channels": None}, "num_channels must be an int. Found: None"),
        ({"format": None}, "format must be a str. Found: None"),
        ({"encoder": 3}, "encoder must be a str or None. Found: 3"),
        ({"encoder_sample_rate": "x"}, "encoder_sample_rate must be an int or None. Found: 'x'"),
        ({"codec_config": {"bit_rate": 3}}, "codec_config must be a CodecConfig or None. Found: {"),
        (
            {"codec_config": reelwright.CodecConfig(bit_rate=128e3)},  # type: ignore[arg-type]
            "bit_rate of codec_config must be an int. Found: 128000.0",
        ),
        (
            {"codec_config": reelwright.CodecConfig(qscale="2")},  # type: ignore[arg-type]
            "qscale of codec_config must be a float or None. Found: '2'",
        ),
        ({"encoder_option": {"threads": 1}}, "encoder_option must be a dict of str to str. Found: "),
    ],
)
def test_errors_name_audio_arguments_of_wrong_type(arguments: dict[str, Any], text: str) -> None:
    s = StreamingMediaEncoder(io.BytesIO(), "wav")
    with pytest.raises(TypeError, match=f"^{re.escape(text)}"):
        s.add_audio_stream(**({"sample_rate": 16000, "num_channels": 1} | arguments))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"frame_rate": "25"}, "frame_rate must be a float. Found: '25'"),
        ({"width": 64.0}, "width must be an int. Found: 64.0"),
        ({"encoder_frame_rate": []}, "encoder_frame_rate must be a float or None. Found: []"),
        ({"hw_accel": 0}, "hw_accel must be a str or None. Found: 0"),
        ({"time_base": 0.04}, "time_base must be a Fraction, a tuple of two ints, or a str such as"),
    ],
)
def test_errors_name_video_arguments_of_wrong_type(arguments: dict[str, Any], text: str) -> None:
    s = StreamingMediaEncoder(io.BytesIO(), "mp4")
    with pytest.raises(TypeError, match=f"^{re.escape(text)}"):
        s.add_video_stream(**({"frame_rate": 25, "width": 64, "height": 48} | arguments))


def test_errors_name_numbers_that_overflow() -> None:
    s = StreamingMediaEncoder(io.BytesIO(), "wav")
    with pytest.raises(reelwright.ArgumentError, match=f"sample_rate .*Found: {1 << 70}"):
        s.add_audio_stream(1 << 70, 1)
    config = reelwright.CodecConfig(compression_level=1 << 40)
    with pytest.raises(reelwright.ArgumentError, match="compression_level of codec_config .*Found"):
        s.add_audio_stream(16000, 1, codec_config=config)


def test_clamped_samples_are_reported_and_counted() -> None:
    s = audio_encoder()
    with pytest.warns(reelwright.EncodingWarning, match="3 samples .* beyond ±1") as said:
        s.write_audio_chunk(0, np.full((3, 1), 1.5, np.float32))
    s.write_audio_chunk(0, np.full((4, 1), -1.5, np.float32))
    assert [warning.filename for warning in said] == [__file__]
    assert s.clamped_samples(0) == 7
    s.close()


def test_rejects_nan() -> None:
    s = audio_encoder()
    with pytest.raises(reelwright.ChunkError, match="NaN .*frame 1, channel 0"):
        s.write_audio_chunk(0, np.array([[0], [np.nan]], np.float32))
    s.write_audio_chunk(0, tone(1))
    s.close()


def test_warns_of_dropped_bits() -> None:
    with pytest.warns(reelwright.EncodingWarning, match="keeps 16 of 32 bits"):
        audio_encoder("wav", format="s32")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        audio_encoder("wav", format="s32", encoder="pcm_s32le").close()


def test_warning_as_error_is_raised_by_call() -> None:
    s = audio_encoder()
    with pytest.raises(reelwright.EncodingWarning, match="beyond"):
        s.write_audio_chunk(0, np.full((3, 1), 1.5, np.float32))
    # The work was done nevertheless.
    assert s.clamped_samples(0) == 3
    s.close()


def test_warnings_name_line_of_caller() -> None:
    with pytest.warns(reelwright.EncodingWarning) as said:
        audio_encoder("wav", format="s32")
    assert said[0].filename.endswith("helpers.py")


def test_warnings_name_package_with_same_prefix() -> None:
    """A package whose name has the same prefix."""
    name = f"{Path(reelwright.__file__).parent}_tools/encode.py"
    code = compile("s.add_audio_stream(16000, 1, format='s32')", name, "exec")
    with pytest.warns(reelwright.EncodingWarning) as said:
        exec(code, {"s": StreamingMediaEncoder(io.BytesIO(), "wav")})
    assert said[0].filename == name


@pytest.mark.parametrize(("level", "is_said"), [(8, False), (16, False), (24, True), (32, True)])
def test_log_level(level: int, is_said: bool) -> None:
    assert reelwright.get_log_level() == 24
    reelwright.set_log_level(level)
    try:
        assert reelwright.get_log_level() == level
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            audio_encoder("wav", format="s32").close()
        assert bool(said) == is_said
    finally:
        reelwright.set_log_level(24)


def test_details_go_to_logging(caplog: pytest.LogCaptureFixture) -> None:
    reelwright.set_log_level(56)
    try:
        with caplog.at_level(logging.DEBUG, "reelwright"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            s = video_encoder("ivf", encoder="librav1e")
            s.write_video_chunk(0, moving(2))
            s.close()
    finally:
        reelwright.set_log_level(24)
    assert all(record.name == "reelwright" for record in caplog.records)
