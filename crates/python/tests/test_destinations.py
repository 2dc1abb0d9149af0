"""Where encoders write: paths, addresses, and objects with `write`."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import tone

import reelwright
from reelwright import StreamingMediaEncoder


def write(dst: Any, format: str | None = "wav", frames: int = 5000, **options: Any) -> None:
    s = StreamingMediaEncoder(dst, format, **options)
    s.add_audio_stream(16000, 1)
    with s.open():
        s.write_audio_chunk(0, tone(frames))


@pytest.fixture(scope="module")
def expected() -> bytes:
    """A WAV that knows its length."""
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def test_paths(tmp_path: Path, expected: bytes) -> None:
    path = tmp_path / "a.wav"

    class Fspath:
        def __fspath__(self) -> str:
            return str(path)

    class FspathOfBytes:
        def __fspath__(self) -> bytes:
            return os.fsencode(path)

    for dst in (path, str(path), os.fsencode(path), Fspath(), FspathOfBytes(), f"file:{path}", f"file://{path}"):
        path.unlink(missing_ok=True)
        write(dst, None)
        assert path.read_bytes() == expected


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux alone")
def test_a_name_that_is_no_utf_8(tmp_path: Path, expected: bytes) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe.wav"
    for dst in (os.fsdecode(path), Path(os.fsdecode(path)), path):
        Path(os.fsdecode(path)).unlink(missing_ok=True)
        write(dst, None)
        assert Path(os.fsdecode(path)).read_bytes() == expected
    with pytest.raises(UnicodeEncodeError):
        write("\ud800.wav", None)


def test_a_path_is_never_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rtmp:").mkdir()
    write(Path("rtmp://a.wav"), None)
    assert (tmp_path / "rtmp:" / "a.wav").exists()


@pytest.mark.parametrize("dst", [3, None, ["a.wav"], "a\0.wav".encode])
def test_what_is_no_destination(dst: Any) -> None:
    with pytest.raises(TypeError, match="dst must be a str"):
        StreamingMediaEncoder(dst, "wav")


def test_standard_output(expected: bytes) -> None:
    code = """
import numpy as np, reelwright
s = reelwright.StreamingMediaEncoder("-", "wav")
s.add_audio_stream(16000, 1)
with s.open():
    s.write_audio_chunk(0, np.zeros((5000, 1), np.float32))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert len(done.stdout) >= 10_000 and done.stdout[:4] == b"RIFF"


def test_files(tmp_path: Path, expected: bytes) -> None:
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        write(file)
    assert path.read_bytes() == expected
    with path.open("wb", buffering=0) as file:
        write(file)
    assert path.read_bytes() == expected
    with path.open("wb") as file:
        file.write(b"before")
        write(file)
        file.write(b"after")
    assert path.read_bytes() == b"before" + expected + b"after"


def test_a_file_that_appends_gets_the_layout_of_streams(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"before")
    with path.open("ab") as file:
        write(file)
    data = path.read_bytes()
    assert data.startswith(b"beforeRIFF")
    # No length, and no header at the end.
    assert data[10:14] == b"\xff\xff\xff\xff" and data.count(b"RIFF") == 1


def test_a_text_file_is_refused_by_itself(tmp_path: Path) -> None:
    with (tmp_path / "a.wav").open("w") as file, pytest.raises(TypeError, match="str"):
        write(file)


class Partial(io.BytesIO):
    """Takes three bytes at a time."""

    def write(self, data: Any, /) -> int:
        return super().write(data[:3])


class Silent(io.BytesIO):
    """Takes all and says nothing."""

    def write(self, data: Any, /) -> None:  # type: ignore[override]
        super().write(data)


class Counts(io.BytesIO):
    """Takes three bytes at a time, and says so with numpy's integers."""

    def write(self, data: Any, /) -> Any:
        return np.int64(super().write(data[:3]))


class Succeeds(io.BytesIO):
    """Takes all and says that it went well."""

    def write(self, data: Any, /) -> bool:
        super().write(data)
        return True


class Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False


@pytest.mark.parametrize("kind", [io.BytesIO, Partial, Silent, Counts, Succeeds])
def test_what_write_returns(kind: type[io.BytesIO], expected: bytes) -> None:
    file = kind()
    write(file)
    assert file.getvalue() == expected


def test_what_cannot_seek_is_not_asked_to() -> None:
    file = Unseekable()
    write(file)
    assert file.getvalue()[4:8] == b"\xff\xff\xff\xff"


def test_seek_that_returns_nothing(expected: bytes) -> None:
    class Silently(io.BytesIO):
        def seek(self, *args: Any) -> None:  # type: ignore[override]
            super().seek(*args)

    file = Silently()
    write(file)
    assert file.getvalue() == expected


@pytest.mark.parametrize("returned", [-1, 1 << 70, "x"])
def test_seek_returns_nonsense(returned: Any) -> None:
    class Nonsense(io.BytesIO):
        def seek(self, *args: Any) -> Any:
            return returned

    with pytest.raises((ValueError, TypeError), match=rf"seek\(\) must return .* Found: {returned}"):
        write(Nonsense())


@pytest.mark.parametrize("returned", [-1, 1 << 40, 1 << 70])
def test_write_returns_nonsense(returned: int) -> None:
    class Nonsense:
        def write(self, data: bytes) -> int:
            return returned

    with pytest.raises(ValueError, match=rf"write\(\) must return .* Found: {returned}"):
        write(Nonsense())


def test_write_takes_nothing() -> None:
    class Full:
        def write(self, data: bytes) -> int:
            return 0

    class Fails:
        def write(self, data: bytes) -> bool:
            return False

    for file in (Full(), Fails()):
        with pytest.raises(reelwright.OutputError, match="Failed to write to dst"):
            write(file)


def test_a_raw_writer_that_would_block() -> None:
    class Busy(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any, /) -> None:
            return None

    with pytest.raises(BlockingIOError, match="BufferedWriter"):
        write(Busy())


class Mine(Exception):
    """Nobody else raises it."""


@pytest.mark.parametrize("method", ["write", "seek", "flush"])
@pytest.mark.parametrize("kind", [Mine, KeyboardInterrupt, SystemExit])
def test_what_the_writer_raises_comes_out(method: str, kind: type[BaseException]) -> None:
    raised = kind("mine")

    class Fails(io.BytesIO):
        is_armed = False

        def fail(self, *args: Any) -> Any:
            if self.is_armed:
                raise raised
            return getattr(io.BytesIO, method)(self, *args)

    setattr(Fails, method, Fails.fail)
    file = Fails()
    s = StreamingMediaEncoder(file, "wav")
    s.add_audio_stream(16000, 1)
    with pytest.raises(kind) as error, s.open():
        file.is_armed = True
        s.write_audio_chunk(0, tone(5000))
    assert error.value is raised
    assert not getattr(error.value, "__notes__", [])
    # Everything is released.
    s.close()


def test_an_exception_in_the_with_statement_completes_the_file(expected: bytes) -> None:
    file = io.BytesIO()
    s = StreamingMediaEncoder(file, "wav")
    s.add_audio_stream(16000, 1)
    with pytest.raises(Mine), s.open():
        s.write_audio_chunk(0, tone(5000))
        raise Mine
    assert file.getvalue() == expected


def test_an_error_after_an_error_does_not_hide_it() -> None:
    class FailsAtTheEnd(io.BytesIO):
        is_over = False

        def write(self, data: Any, /) -> int:
            if self.is_over:
                raise OSError("full")
            return super().write(data)

    file = FailsAtTheEnd()
    s = StreamingMediaEncoder(file, "wav")
    s.add_audio_stream(16000, 1)
    with pytest.raises(Mine) as error, s.open():
        s.write_audio_chunk(0, tone(5000))
        file.is_over = True
        raise Mine
    assert "full" in error.value.__notes__[0]


@pytest.mark.parametrize("kind", [GeneratorExit, SystemExit])
def test_an_error_is_seen_where_only_the_program_ends(kind: type[BaseException]) -> None:
    """Nobody reads the notes of these."""

    class FailsAtTheEnd(io.BytesIO):
        is_over = False

        def write(self, data: Any, /) -> int:
            if self.is_over:
                raise OSError("full")
            return super().write(data)

    file = FailsAtTheEnd()
    s = StreamingMediaEncoder(file, "wav")
    s.add_audio_stream(16000, 1)
    with pytest.raises(OSError, match="full") as error, s.open():
        s.write_audio_chunk(0, tone(5000))
        file.is_over = True
        raise kind
    assert isinstance(error.value.__context__, kind)


def test_flush_reaches_the_writer() -> None:
    class Flushes(io.BytesIO):
        flushed = 0

        def flush(self) -> None:
            self.flushed += 1

    file = Flushes()
    s = StreamingMediaEncoder(file, "wav")
    s.add_audio_stream(16000, 1)
    with s.open():
        s.write_audio_chunk(0, tone(100))
        assert len(file.getvalue()) < 200
        s.flush()
        assert file.flushed and len(file.getvalue()) >= 244


def test_errors_of_the_system_have_their_number(tmp_path: Path) -> None:
    with pytest.raises(OSError) as error:
        write(tmp_path / "no" / "a.wav", None)
    assert error.value.errno == 2
    assert isinstance(error.value, RuntimeError) and str(error.value).startswith("Failed to open")


def test_numbered_pictures(tmp_path: Path) -> None:
    s = StreamingMediaEncoder(tmp_path / "frame_%03d.png")
    s.add_video_stream(25, 8, 8)
    with s.open():
        s.write_video_chunk(0, np.zeros((3, 3, 8, 8), np.uint8))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"frame_00{i}.png" for i in (1, 2, 3)
    ]
