"""Destinations: paths, addresses, and objects with `write`."""

from __future__ import annotations

import errno
import gc
import io
import os
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import import_or_skip, decode_audio, tone

import reelwright
from reelwright import StreamingMediaEncoder


def write(dst: Any, format: str | None = "wav", frames: int = 5000, **options: Any) -> None:
    s = StreamingMediaEncoder(dst, format, **options)
    s.add_audio_stream(16000, 1)
    with s.open():
        s.write_audio_chunk(0, tone(frames))


@pytest.fixture(scope="module")
def expected() -> bytes:
    """Return a WAV with its length in the header."""
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


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes only on Linux")
def test_file_name_that_is_not_utf_8(tmp_path: Path, expected: bytes) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe.wav"
    for dst in (os.fsdecode(path), Path(os.fsdecode(path)), path):
        Path(os.fsdecode(path)).unlink(missing_ok=True)
        write(dst, None)
        assert Path(os.fsdecode(path)).read_bytes() == expected
    with pytest.raises(UnicodeEncodeError):
        write("\ud800.wav", None)


def test_path_object_is_never_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rtmp:").mkdir()
    write(Path("rtmp://a.wav"), None)
    assert (tmp_path / "rtmp:" / "a.wav").exists()


@pytest.mark.parametrize("dst", [3, None, ["a.wav"], "a\0.wav".encode])
def test_rejects_invalid_destinations(dst: Any) -> None:
    with pytest.raises(reelwright.DestinationError, match="dst must be a str") as error:
        StreamingMediaEncoder(dst, "wav")
    # As in torio's own tests, and as usual in Python.
    assert isinstance(error.value, RuntimeError) and isinstance(error.value, TypeError)


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


def test_appending_file_has_stream_layout(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"before")
    with path.open("ab") as file:
        write(file)
    data = path.read_bytes()
    assert data.startswith(b"beforeRIFF")
    # There is no length, and no header at the end.
    assert data[10:14] == b"\xff\xff\xff\xff" and data.count(b"RIFF") == 1


def test_text_file_raises_type_error(tmp_path: Path) -> None:
    with (tmp_path / "a.wav").open("w") as file, pytest.raises(TypeError, match="str"):
        write(file)


class Partial(io.BytesIO):
    """Writes three bytes at a time."""

    def write(self, data: Any, /) -> int:
        return super().write(data[:3])


class Silent(io.BytesIO):
    """Writes all bytes and returns None."""

    def write(self, data: Any, /) -> None:  # type: ignore[override]
        super().write(data)


class Counts(io.BytesIO):
    """Writes three bytes at a time and returns numpy's integers."""

    def write(self, data: Any, /) -> Any:
        return np.int64(super().write(data[:3]))


class Succeeds(io.BytesIO):
    """Writes all bytes and returns True."""

    def write(self, data: Any, /) -> bool:
        super().write(data)
        return True


class Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False


@pytest.mark.parametrize("kind", [io.BytesIO, Partial, Silent, Counts, Succeeds])
def test_return_values_of_write(kind: type[io.BytesIO], expected: bytes) -> None:
    file = kind()
    write(file)
    assert file.getvalue() == expected


def test_does_not_seek_unseekable_object() -> None:
    file = Unseekable()
    write(file)
    assert file.getvalue()[4:8] == b"\xff\xff\xff\xff"


def test_seek_may_return_none(expected: bytes) -> None:
    class Silently(io.BytesIO):
        def seek(self, *args: Any) -> None:  # type: ignore[override]
            super().seek(*args)

    file = Silently()
    write(file)
    assert file.getvalue() == expected


@pytest.mark.parametrize("returned", [-1, 1 << 70, "x"])
def test_warns_of_invalid_return_value_of_seek(returned: Any) -> None:
    class Nonsense(io.BytesIO):
        def seek(self, *args: Any) -> Any:
            return returned

    file = Nonsense()
    with pytest.warns(reelwright.EncodingWarning, match=rf"does not support seeking.* Found: {returned}"):
        write(file)
    assert file.getvalue()[4:8] == b"\xff\xff\xff\xff"


def seconds_of_wav(data: bytes) -> tuple[int, Any]:
    """Return the channels and samples of a 16-bit WAV, whatever length its header states."""
    at = data.index(b"data") + 8
    return data[22], np.frombuffer(data[at : len(data) - (len(data) - at) % 2], "<i2")


def test_compressed_file_has_stream_layout() -> None:
    import gzip

    file = io.BytesIO()
    with gzip.open(file, "wb") as compressed:
        with pytest.warns(reelwright.EncodingWarning, match="does not support seeking") as said:
            write(compressed, frames=999)
    assert len(said) == 1
    data = gzip.decompress(file.getvalue())
    assert data[4:8] == b"\xff\xff\xff\xff" and len(seconds_of_wav(data)[1]) == 999


def test_seek_fails_although_seekable_returns_true() -> None:
    class Lies(io.BytesIO):
        def seekable(self) -> bool:
            return True

        def seek(self, *args: Any) -> int:
            raise OSError("no")

    class Elsewhere(io.BytesIO):
        def seek(self, *args: Any) -> int:
            return super().seek(0)

    file = Lies()
    with pytest.warns(reelwright.EncodingWarning, match="does not support seeking"):
        write(file)
    assert len(seconds_of_wav(file.getvalue())[1]) == 5000
    # Nothing is written to the wrong position.
    with pytest.raises(reelwright.OutputError, match=r"a seek to byte \d+ went to 0"):
        write(Elsewhere())


def drained(format: str, encoder: str | None = None, seconds: int = 2, **options: str) -> bytes:
    """Return the data of a server that empties the file after each chunk."""
    file, sent = io.BytesIO(), b""
    s = StreamingMediaEncoder(file, format)
    s.add_audio_stream(24000, 1, encoder=encoder)
    s.open(options or None)
    samples = 24000 * seconds
    waveform = 0.6 * tone(samples, 1, 24000)
    for start in range(0, samples, 4800):
        s.write_audio_chunk(0, waveform[start : start + 4800])
        sent += file.getvalue()
        file.seek(0)
        file.truncate()
    s.close()
    return sent + file.getvalue()


@pytest.mark.parametrize(
    ("format", "magic"),
    [("wav", b"RIFF"), ("flac", b"fLaC"), ("mp3", b"\xff"), ("au", b".snd"), ("aiff", b"FORM"),
     ("w64", b"riff")],
)  # fmt: skip
def test_file_that_is_emptied_has_stream_layout(
    format: str, magic: bytes, tmp_path: Path
) -> None:
    with pytest.warns(reelwright.EncodingWarning, match="Something else moved dst"):
        data = drained(format)
    assert data.startswith(magic) and (format == "mp3" or data.count(magic) == 1)
    path = tmp_path / f"a.{format}"
    path.write_bytes(data)
    waveform = decode_audio(path, 1, lenient=True)
    assert abs(len(waveform) - 48000) < 3000 and np.abs(waveform).max() < 0.45


def test_ogg_and_mp4_do_not_change_sent_data(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    path.write_bytes(drained("ogg", "flac"))
    assert len(decode_audio(path, 1)) == 48000
    # Fragments while it is open, and after it is closed.
    path = tmp_path / "a.mp4"
    with pytest.warns(reelwright.EncodingWarning, match="Something else moved dst"):
        path.write_bytes(drained("mp4"))
    assert abs(len(decode_audio(path, 1)) - 48000) < 3000


@pytest.mark.filterwarnings("ignore:Something else moved dst")
def test_rejects_layout_that_requires_seeking() -> None:
    for format, encoder, options in (
        ("mp4", None, {"movflags": "progressive"}),
        ("caf", "alac", {}),
    ):
        with pytest.raises(reelwright.StateError, match="The layout updates earlier bytes"):
            drained(format, encoder, seconds=10, **options)


@pytest.mark.parametrize("returned", ["5", 1.5, b"", object()])
def test_rejects_wrong_return_type_of_write(returned: Any) -> None:
    class Nonsense:
        def write(self, data: bytes) -> Any:
            return returned

    with pytest.raises(TypeError, match=r"write\(\) must return the number of written bytes.* Found: "):
        write(Nonsense())


def test_rejects_asynchronous_write() -> None:
    class Later:
        async def write(self, data: bytes) -> int:
            return len(data)

    with pytest.raises(TypeError, match=r"must not be asynchronous.* Found: <coroutine "):
        write(Later())


def test_closed_file_is_reported_once() -> None:
    code = """
import io, numpy as np, reelwright
file = io.BytesIO()
s = reelwright.StreamingMediaEncoder(file, "wav")
s.add_audio_stream(16000, 1)
s.open()
s.write_audio_chunk(0, np.zeros((100, 1), np.float32))
file.close()
del s
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


class Discards(io.BytesIO):
    """Commits its content when it is closed, as files of object stores do."""

    calls = ""

    def discard(self) -> None:
        self.calls += "discard"


def test_failure_commits_nothing() -> None:
    class Full(Discards):
        def write(self, data: Any, /) -> int:
            raise OSError("full")

    full = Full()
    with pytest.raises(OSError, match="full"):
        write(full)
    assert full.calls == "discard"
    whole = Discards()
    write(whole)
    assert whole.calls == ""


def test_fsspec_open_files(tmp_path: Path, expected: bytes) -> None:
    fsspec = import_or_skip("fsspec")
    path = tmp_path / "a.wav"
    write(fsspec.open(str(path), "wb"), None)
    assert path.read_bytes() == expected
    memory = fsspec.open("memory://folder/a.wav", "wb")
    write(memory, None)
    assert memory.fs.cat("/folder/a.wav") == expected
    # A compressed file cannot seek and requires a format.
    path = tmp_path / "a.wav.gz"
    write(fsspec.open(str(path), "wb", compression="gzip"))
    import gzip

    assert gzip.decompress(path.read_bytes())[44:][:100] == expected[80:][:100]
    for mode in ("rb", "w"):
        with pytest.raises(reelwright.ArgumentError, match=r"for writing bytes. Found: mode"):
            StreamingMediaEncoder(fsspec.open(str(path), mode), "wav")


def test_failed_open_leaves_no_empty_object(tmp_path: Path) -> None:
    fsspec = import_or_skip("fsspec")
    for name in ("memory://b.caf", str(tmp_path / "b.wav")):
        file = fsspec.open(name, "wb")
        s = StreamingMediaEncoder(file, "mp4")
        s.add_audio_stream(16000, 1)
        with pytest.raises(reelwright.OptionError):
            s.open({"movflags": "nonsense"})
        assert not file.fs.exists(file.path)
        s = StreamingMediaEncoder(file, "flac")
        s.add_audio_stream(16000, 1)
        s.set_metadata({"title": "x" * (1 << 24)})
        with pytest.raises(reelwright.Error):
            s.open()
        assert not file.fs.exists(file.path)


@pytest.mark.parametrize("returned", [-1, 1 << 40, 1 << 70])
def test_rejects_invalid_return_value_of_write(returned: int) -> None:
    class Nonsense:
        def write(self, data: bytes) -> int:
            return returned

    with pytest.raises(ValueError, match=rf"write\(\) must return .* Found: {returned}"):
        write(Nonsense())


def test_write_that_writes_nothing_raises_error() -> None:
    class Full:
        def write(self, data: bytes) -> int:
            return 0

    class Fails:
        def write(self, data: bytes) -> bool:
            return False

    for file in (Full(), Fails()):
        with pytest.raises(reelwright.OutputError, match="Failed to write to dst"):
            write(file)


@pytest.mark.parametrize(
    ("raised", "later"),
    [
        (ValueError("full"), reelwright.OutputError),
        (TimeoutError("full"), reelwright.TimedOutError),
        (ConnectionResetError("full"), reelwright.DisconnectedError),
    ],
)
def test_calls_after_failure_repeat_its_message(
    raised: Exception, later: type[reelwright.OutputError]
) -> None:
    class Fails:
        def write(self, data: bytes) -> int:
            raise raised

    s = StreamingMediaEncoder(Fails(), "wav")
    s.add_audio_stream(16000, 1)
    s.open()
    with pytest.raises(type(raised), match="full") as first:
        s.write_audio_chunk(0, tone(50000))
    assert first.value is raised
    text = f"The output failed earlier and is incomplete: .*{type(raised).__name__}: full"
    calls: list[Any] = [lambda: s.write_audio_chunk(0, tone(10)), s.flush, s.close]
    for call in calls:
        with pytest.raises(later, match=text) as repeated:
            call()
        assert type(repeated.value) is later
    s.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no descriptors of pipes")
def test_pipe_without_reader_raises_error() -> None:
    reader, writer = os.pipe()
    s = StreamingMediaEncoder(f"pipe:{writer}", "wav")
    s.add_audio_stream(16000, 1)
    s.open()
    os.close(reader)
    with pytest.raises(reelwright.DisconnectedError, match="Failed to write to dst") as error:
        s.write_audio_chunk(0, tone(50000))
    assert error.value.errno == errno.EPIPE
    with pytest.raises(ConnectionError):
        s.close()
    os.close(writer)


def test_failed_encoder_does_not_keep_exception() -> None:
    class Fails:
        def write(self, data: bytes) -> int:
            raise ValueError

    def fail() -> weakref.ref[StreamingMediaEncoder]:
        s = StreamingMediaEncoder(Fails(), "wav")
        s.add_audio_stream(16000, 1)
        s.open()
        with pytest.raises(ValueError):
            s.write_audio_chunk(0, tone(50000))
        return weakref.ref(s)

    encoder = fail()
    gc.collect()
    assert encoder() is None


def test_rejects_non_blocking_writer() -> None:
    class Busy(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any, /) -> None:
            return None

    with pytest.raises(BlockingIOError, match="BufferedWriter"):
        write(Busy())


class Mine(Exception):
    """An exception that only this test raises."""


@pytest.mark.parametrize("method", ["write", "seek", "flush"])
@pytest.mark.parametrize("kind", [Mine, KeyboardInterrupt, SystemExit])
def test_exception_of_writer_is_raised_unchanged(method: str, kind: type[BaseException]) -> None:
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
    # All resources are released.
    s.close()


def test_exception_in_with_statement_completes_file(expected: bytes) -> None:
    file = io.BytesIO()
    s = StreamingMediaEncoder(file, "wav")
    s.add_audio_stream(16000, 1)
    with pytest.raises(Mine), s.open():
        s.write_audio_chunk(0, tone(5000))
        raise Mine
    assert file.getvalue() == expected


def test_error_in_close_does_not_hide_first_error() -> None:
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
def test_error_in_close_is_raised_at_exit(kind: type[BaseException]) -> None:
    """The notes of these exceptions are not shown."""

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


def test_system_errors_have_errno(tmp_path: Path) -> None:
    with pytest.raises(OSError) as error:
        write(tmp_path / "no" / "a.wav", None)
    assert error.value.errno == 2
    assert isinstance(error.value, RuntimeError) and str(error.value).startswith("Failed to open")


def test_numbered_image_files(tmp_path: Path) -> None:
    s = StreamingMediaEncoder(tmp_path / "frame_%03d.png")
    s.add_video_stream(25, 8, 8)
    with s.open():
        s.write_video_chunk(0, np.zeros((3, 3, 8, 8), np.uint8))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"frame_00{i}.png" for i in (1, 2, 3)
    ]


def test_nothing_is_committed_without_content() -> None:
    fsspec = import_or_skip("fsspec")
    memory = fsspec.filesystem("memory")
    for name, encoder in [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mp4", "aac")]:
        with pytest.raises(reelwright.ChunkError):
            reelwright.save_audio(
                fsspec.open(f"memory://{name}", "wb"),
                np.full((4800, 1), np.nan, "f4"),
                48000,
                encoder=encoder,
            )
        assert not memory.exists(name)


def test_tee_writes_several_files(tmp_path: Path) -> None:
    outputs = f"{tmp_path}/a.mp4|[select=a:onfail=ignore]{tmp_path}/b.aac|[f=wav:onfail=ignore]/no/c"
    encoder = reelwright.StreamingMediaEncoder(outputs, format="tee")
    encoder.add_audio_stream(16000, 1, encoder="aac")
    with pytest.warns(reelwright.EncodingWarning, match="/no/c"), encoder.open():
        encoder.write_audio_chunk(0, tone(16000))
    alone = reelwright.StreamingMediaEncoder(tmp_path / "alone.mp4")
    alone.add_audio_stream(16000, 1, encoder="aac")
    with alone.open():
        alone.write_audio_chunk(0, tone(16000))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "alone.mp4").read_bytes()
    assert (tmp_path / "b.aac").stat().st_size > 500
    with pytest.raises(reelwright.ArgumentError, match="must be text"):
        reelwright.StreamingMediaEncoder(io.BytesIO(), format="tee")
