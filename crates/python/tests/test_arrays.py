"""Chunks: arrays of any library are read in place, and the output does not depend on it."""

from __future__ import annotations

import array
import gc
import io
import re
import subprocess
import sys
import types
from typing import Any

import numpy as np
import pytest
from helpers import Array, Make, audio_encoder, import_or_skip, moving, tone

import reelwright
from reelwright import StreamingMediaEncoder

DTYPES = {"u1": "u8", "i2": "s16", "i4": "s32", "i8": "s64", "f4": "flt", "f8": "dbl"}


def samples(dtype: str, frames: int = 500, channels: int = 2) -> Array:
    waveform = tone(frames, channels)
    if dtype.startswith("f"):
        return waveform.astype(dtype)
    if dtype == "u1":
        return (128 + 127 * waveform).astype(dtype)
    return (waveform.astype("f8") * np.iinfo(dtype).max).astype(dtype)


def wav(chunk: Any, dtype: str = "f4", channels: int = 2) -> bytes:
    file = io.BytesIO()
    s = StreamingMediaEncoder(file, "wav")
    s.add_audio_stream(16000, channels, DTYPES[dtype], encoder_format="s16")
    with s.open():
        s.write_audio_chunk(0, chunk)
    return file.getvalue()


def y4m(chunk: Any) -> bytes:
    file = io.BytesIO()
    s = StreamingMediaEncoder(file, "yuv4mpegpipe")
    s.add_video_stream(25, 64, 48)
    with s.open():
        s.write_video_chunk(0, chunk)
    return file.getvalue()


def lends(array: Array, *names: str) -> Any:
    """Return an object with some of an array's attributes."""

    def forward(name: str) -> Any:
        value = getattr(array, name)
        return (lambda self, *a, **k: value(*a, **k)) if callable(value) else value

    return type("Lends", (), {name: forward(name) for name in names})()


@pytest.mark.parametrize("dtype", DTYPES)
def test_types_of_every_library(dtype: str, make: Make) -> None:
    chunk = samples(dtype)
    assert wav(make(chunk), dtype) == wav(chunk, dtype)


def views(base: Array) -> dict[str, Array]:
    """Return two channels of audio with different memory layouts."""
    frames = len(base)
    wide = np.zeros((2 * frames, 5), base.dtype)
    wide[::2, 1:4:2] = base
    backwards = base[::-1, ::-1].copy()
    read_only = base.copy()
    read_only.flags.writeable = False
    return {
        "planar": np.asfortranarray(base),
        "transposed": base.T.copy().T,
        "slices": wide[::2, 1:4:2],
        "backwards": backwards[::-1, ::-1],
        "read only": read_only,
    }


@pytest.mark.parametrize("layout", ["planar", "transposed", "slices", "backwards", "read only"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "f8"])
def test_strides(layout: str, dtype: str) -> None:
    base = samples(dtype)
    assert wav(views(base)[layout], dtype) == wav(base, dtype)


@pytest.mark.parametrize("layout", ["planar", "transposed", "slices", "backwards", "read only"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "f4", "f8"])
def test_strides_of_chunks_that_end_within_blocks(layout: str, dtype: str) -> None:
    base = samples(dtype, 5000)
    view = views(base)[layout]
    file = io.BytesIO()
    s = StreamingMediaEncoder(file, "wav")
    s.add_audio_stream(16000, 2, DTYPES[dtype], encoder_format="s16")
    with s.open():
        for start in range(0, 5000, 300):
            s.write_audio_chunk(0, view[start : start + 300])
    assert file.getvalue() == wav(base, dtype)


def test_stride_of_zero_repeats_channel() -> None:
    mono = tone(100)
    stereo = np.broadcast_to(mono, (100, 2))
    assert stereo.strides[1] == 0 and not stereo.flags.writeable
    assert wav(stereo) == wav(np.repeat(mono, 2, axis=1))


def test_torch_views() -> None:
    torch = import_or_skip("torch")
    base = samples("f4")
    tensor = torch.from_numpy(base)
    expected = wav(base)
    wide = torch.zeros(1000, 6)
    wide[::2, 1:5:3] = tensor
    assert wav(tensor.t().contiguous().t()) == expected
    assert wav(wide[::2, 1:5:3]) == expected
    assert wav(tensor.clone().requires_grad_()) == expected
    assert wav(torch.nn.Parameter(tensor.clone())) == expected
    # A lazily negated view, such as the imaginary part of a conjugate.
    conjugate = torch.complex(torch.zeros(500, 2), -tensor).conj()
    assert conjugate.imag.is_neg()
    assert wav(conjugate.imag) == expected
    one = conjugate.imag[100:101, :1]
    assert one.is_neg() and one.is_contiguous()
    assert wav(one, channels=1) == wav(base[100:101, :1], channels=1)
    assert wav(tensor[:0]) == wav(base[:0])


def test_torch_frames() -> None:
    torch = import_or_skip("torch")
    input_frames = moving(4)
    tensor = torch.from_numpy(input_frames)
    expected = y4m(input_frames)
    channels_last = tensor.to(memory_format=torch.channels_last)
    assert channels_last.stride(1) == 1
    assert y4m(channels_last) == expected
    assert y4m(tensor.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)) == expected
    assert y4m(torch.nn.functional.pad(tensor, (8, 8, 8, 8))[..., 8:-8, 8:-8]) == expected
    assert y4m(tensor.flip(3).flip(3)) == expected


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_converts_torch_half_precision(dtype: str) -> None:
    torch = import_or_skip("torch")
    half = torch.from_numpy(samples("f4")).to(getattr(torch, dtype))
    assert wav(half) == wav(half.float())
    assert wav(half, "f8") == wav(half.double(), "f8")
    text = "Expected Short type. Found: "
    with pytest.raises(reelwright.ChunkError, match=text):
        wav(half, "i2")


@pytest.mark.parametrize("dtype", ["int8"])
def test_rejects_unsupported_torch_types(dtype: str) -> None:
    torch = import_or_skip("torch")
    names = {"int8": "Char"}
    text = f"Expected Float type. Found: {names[dtype]}. Convert the chunk first"
    with pytest.raises(reelwright.ChunkError, match=re.escape(text)):
        audio_encoder().write_audio_chunk(0, torch.zeros(3, 1, dtype=getattr(torch, dtype)))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
def test_rejects_torch_tensors_without_memory() -> None:
    torch = import_or_skip("torch")
    with pytest.raises(reelwright.ChunkError, match=r"has to be on CPU. Found: meta.*chunk.cpu"):
        audio_encoder().write_audio_chunk(0, torch.zeros(3, 1, device="meta"))
    with pytest.raises(reelwright.ChunkError, match="no elements in memory"):
        audio_encoder().write_audio_chunk(0, torch.zeros(3, 1).to_sparse())
    nested = torch.nested.nested_tensor([torch.zeros(3, 1), torch.zeros(2, 1)])
    with pytest.raises(reelwright.ChunkError, match="no elements in memory"):
        audio_encoder().write_audio_chunk(0, nested)


def test_frames_with_any_strides() -> None:
    input_frames = moving(4)
    expected = y4m(input_frames)
    channels_last = np.ascontiguousarray(input_frames.transpose(0, 2, 3, 1))
    assert y4m(channels_last.transpose(0, 3, 1, 2)) == expected
    assert y4m(input_frames[::-1].copy()[::-1]) == expected
    assert y4m(np.pad(input_frames, ((0, 0), (0, 0), (8, 8), (8, 8)))[..., 8:-8, 8:-8]) == expected


def test_only_buffer_protocol() -> None:
    waveform = samples("i2")
    flat = array.array("h", waveform.tobytes())
    view = memoryview(flat).cast("B").cast("h", [500, 2])
    assert wav(view, "i2") == wav(waveform, "i2")
    assert wav(view[::2], "i2") == wav(waveform[::2], "i2")
    with pytest.raises(reelwright.ChunkError, match="2D"):
        wav(flat, "i2")


@pytest.mark.parametrize("dtype", DTYPES)
def test_only_dlpack(dtype: str) -> None:
    base = samples(dtype)
    expected = wav(base, dtype)
    for chunk in (base, np.asfortranarray(base), np.repeat(base, 2, axis=0)[::2]):
        lent = lends(chunk, "__dlpack__", "__dlpack_device__")
        assert not hasattr(lent, "__array_interface__")
        assert wav(lent, dtype) == expected
        # Without versions and without a device, as in old libraries.
        old = type("Old", (), {"__dlpack__": lambda self, chunk=chunk: chunk.__dlpack__()})()
        assert wav(old, dtype) == expected


def test_dlpack_of_read_only_memory() -> None:
    base = samples("f4")
    base.flags.writeable = False
    assert wav(lends(base, "__dlpack__", "__dlpack_device__")) == wav(base)


def test_dlpack_releases_memory() -> None:
    base = samples("f4")
    before = sys.getrefcount(base)
    for _ in range(10):
        wav(lends(base, "__dlpack__", "__dlpack_device__"))
    gc.collect()
    assert sys.getrefcount(base) <= before + 1


@pytest.mark.parametrize(("device", "name"), [(2, "cuda:0"), (8, "metal:0"), (99, "device 99:0")])
def test_rejects_dlpack_of_other_device(device: int, name: str) -> None:
    class Elsewhere:
        def __dlpack_device__(self) -> tuple[int, int]:
            return device, 0

        def __dlpack__(self, **_: object) -> object:
            raise AssertionError("__dlpack__ must not be called")

    with pytest.raises(reelwright.ChunkError, match=rf"has to be on CPU. Found: .*{name}"):
        audio_encoder().write_audio_chunk(0, Elsewhere())


@pytest.mark.parametrize("dtype", ["f2", "i1", "u2", "c8", "?"])
def test_rejects_unsupported_dlpack_types(dtype: str) -> None:
    lent = lends(np.zeros((3, 1), dtype), "__dlpack__", "__dlpack_device__")
    with pytest.raises(reelwright.ChunkError, match="Expected Float type. Found: "):
        audio_encoder().write_audio_chunk(0, lent)


def test_exception_of_dlpack_is_raised() -> None:
    class Refuses:
        def __dlpack__(self, **_: object) -> object:
            raise BufferError("mine")

    with pytest.raises(BufferError, match="^mine$"):
        audio_encoder().write_audio_chunk(0, Refuses())

    class Lies:
        def __dlpack__(self, **_: object) -> object:
            return "no capsule"

    with pytest.raises(TypeError):
        audio_encoder().write_audio_chunk(0, Lies())


@pytest.mark.parametrize("dtype", DTYPES)
def test_only_array_interface(dtype: str) -> None:
    base = samples(dtype)
    for chunk in (base, np.asfortranarray(base), np.repeat(base, 2, axis=0)[::2]):
        assert wav(lends(chunk, "__array_interface__"), dtype) == wav(base, dtype)


def test_array_interface_with_bytes() -> None:
    base = samples("i2")
    interface = {"shape": base.shape, "typestr": "<i2", "data": base.tobytes(), "version": 3}
    lent = types.SimpleNamespace(__array_interface__=interface)
    assert wav(lent, "i2") == wav(base, "i2")
    interface["shape"] = (501, 2)
    with pytest.raises(reelwright.ChunkError, match="is smaller than its shape"):
        wav(lent, "i2")


@pytest.mark.parametrize(
    "interface",
    [
        {},
        {"shape": (3, 1)},
        {"shape": "x", "typestr": "<f4"},
        {"shape": (3, 1), "typestr": "<f4", "data": (0, False)},
        {"shape": (3, 1), "typestr": "<f4", "data": "text"},
        {"shape": (2**62, 2**62), "typestr": "<f4", "data": b""},
        {"shape": (1,) * 9, "typestr": "<f4", "data": bytes(4)},
        {"shape": (3, 1), "typestr": "<f4", "data": (4096, False), "strides": (4,)},
        {"shape": (3, 1), "typestr": "<f4", "data": (4096, False), "strides": (4, 4, 4)},
        {"shape": (2**40, 1), "typestr": "<f4", "data": (4096, False), "strides": (2**61, 4)},
        None,
    ],
)
def test_rejects_invalid_array_interfaces(interface: object) -> None:
    lent = types.SimpleNamespace(__array_interface__=interface)
    with pytest.raises((TypeError, KeyError, ValueError, reelwright.ChunkError)):
        audio_encoder().write_audio_chunk(0, lent)


def test_array_interface_with_numeric_flag() -> None:
    base = samples("f4")
    interface = dict(base.__array_interface__)
    interface["data"] = (interface["data"][0], 0)
    assert wav(types.SimpleNamespace(__array_interface__=interface)) == wav(base)


@pytest.mark.parametrize("axes", [[0, 0], [0, 2], [0], [1, None], [0, 1, 1]])
def test_rejects_invalid_axes(axes: list[int | None]) -> None:
    s = audio_encoder(channels=2)
    with pytest.raises(reelwright.ChunkError, match="Unexpected shape"):
        s._write_audio(0, np.zeros((2, 2), np.float32), axes, (0, 2))


@pytest.mark.parametrize("torch", ["MagicMock()", "SimpleNamespace(Tensor=int, float64=1)"])
def test_mock_of_torch_is_ignored(torch: str) -> None:
    """Tests of programs and documentation tools install such mocks."""
    code = f"""
import sys
from types import SimpleNamespace
from unittest.mock import MagicMock
import io, reelwright
import numpy as np
sys.modules["torch"] = {torch}
base = np.zeros((5, 1), np.float32)
lent = SimpleNamespace(__array_interface__=base.__array_interface__)
s = reelwright.StreamingMediaEncoder(io.BytesIO(), "wav")
s.add_audio_stream(16000, 1)
with s.open():
    s.write_audio_chunk(0, lent)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rejects_unaligned_memory_and_other_byte_order() -> None:
    packed = np.zeros(10, dtype=[("tag", "u1"), ("sample", "f4")])
    # The items are five bytes apart, so that numpy does not export them as aligned.
    with pytest.raises(reelwright.ChunkError, match="copy"):
        audio_encoder().write_audio_chunk(0, packed["sample"][:, None])
    odd = np.frombuffer(bytes(4 * 10 + 1), np.uint8)[1:].view("f4")[:, None]
    with pytest.raises(reelwright.ChunkError, match=r"not aligned.*copy"):
        audio_encoder().write_audio_chunk(0, odd)
    with pytest.raises(reelwright.ChunkError, match="byte order"):
        audio_encoder().write_audio_chunk(0, np.zeros((3, 1), ">f4"))


@pytest.mark.parametrize("chunk", [None, 1, "text", [[0.0]], {}, object()])
def test_rejects_objects_that_are_not_arrays(chunk: Any) -> None:
    with pytest.raises(TypeError, match=r"A chunk must be a tensor or an array.*Found: "):
        audio_encoder().write_audio_chunk(0, chunk)


def test_converts_half_precision() -> None:
    half = samples("f4").astype("f2")
    assert wav(half) == wav(half.astype("f4"))
    assert wav(half.T.copy().T, "f8") == wav(half.astype("f8"), "f8")
    with pytest.raises(reelwright.ChunkError, match="Expected Short type. Found: Half"):
        wav(half, "i2")
    types = import_or_skip("ml_dtypes")
    half = samples("f4").astype(types.bfloat16)
    assert wav(half) == wav(half.astype("f4"))


class DataSet:
    """An object that is converted to an array on request, such as a data set in a file."""

    def __init__(self, array: Array) -> None:
        self._array, self.shape, self.dtype, self.read = array, array.shape, array.dtype, 0

    def __array__(self, *_: Any, **__: Any) -> Array:
        self.read += len(self._array)
        return self._array

    def __getitem__(self, rows: Any) -> Any:
        self.read += len(self._array[rows])
        return self._array[rows]


def test_accepts_object_with_array_method() -> None:
    waveform, input_frames = samples("i2"), moving(4)
    assert wav(DataSet(waveform), "i2") == wav(waveform, "i2")
    assert y4m(DataSet(input_frames)) == y4m(input_frames)


# Borrowed memory.


def resized(resize: Any, chunk: Any, *, is_video: bool = False) -> tuple[Any, bytes]:
    """Write a chunk to an object that resizes the chunk in `write`."""

    class Resizes(io.BytesIO):
        is_armed = False

        def write(self, data: Any, /) -> int:
            if self.is_armed:
                self.is_armed = False
                resize()
            return super().write(data)

    file = Resizes()
    s = StreamingMediaEncoder(file, "yuv4mpegpipe" if is_video else "wav")
    if is_video:
        s.add_video_stream(25, 64, 48)
    else:
        s.add_audio_stream(16000, 1)
    s.open()
    file.is_armed = True
    with pytest.raises(reelwright.ChunkError, match="The memory of the chunk changed") as error:
        if is_video:
            s.write_video_chunk(0, chunk)
        else:
            s.write_audio_chunk(0, chunk)
    # The stream can be continued.
    if is_video:
        s.write_video_chunk(0, moving(1))
    else:
        s.write_audio_chunk(0, tone(100))
    s.close()
    return error, file.getvalue()


def test_rejects_numpy_array_resized_by_writer() -> None:
    waveform = tone(300_000)
    before = waveform.copy()
    _, data = resized(lambda: waveform.resize((1 << 24, 1), refcheck=False), waveform)
    written = np.frombuffer(data[-200 - 4096 * 2 : -200], "<i2")
    assert len(written) and len(data) < 300_000
    start = np.frombuffer(data[80:][:2048], "<i2")
    assert np.abs(start / 32768 - before[: len(start), 0]).max() < 1e-4
    input_frames = moving(40)
    resized(lambda: input_frames.resize((4000, 3, 48, 64), refcheck=False), input_frames, is_video=True)


def test_rejects_torch_tensor_resized_by_writer() -> None:
    torch = import_or_skip("torch")
    for method in ("resize_", "storage"):
        tensor = torch.from_numpy(tone(300_000)).clone()
        if method == "resize_":
            resized(lambda tensor=tensor: tensor.resize_(1 << 24, 1), tensor)
        else:
            resized(lambda tensor=tensor: tensor.untyped_storage().resize_(0), tensor)


def test_warning_is_emitted_after_chunk_was_read() -> None:
    """Python code that handles warnings may change the chunk after it was read."""
    import warnings

    waveform = np.full((5000, 1), 1.5, np.float32)
    s = audio_encoder()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda *_, **__: waveform.resize((1 << 22, 1), refcheck=False)
        s.write_audio_chunk(0, waveform)
    assert s.clamped_samples(0) == 5000
    s.close()


def test_nothing_is_copied() -> None:
    """A gigabyte that is a single number in memory."""
    silence = np.broadcast_to(np.float32(0), (1 << 28, 1))
    s = audio_encoder("s16le")
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    s.write_audio_chunk(0, silence[: 1 << 20])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
    s.close()


def test_torch_is_never_imported() -> None:
    code = """
import sys
class Poison:
    def find_spec(self, name, *_):
        assert name.split(".")[0] not in ("torch", "numpy", "jax"), name
sys.meta_path.insert(0, Poison())
import io, reelwright
file = io.BytesIO()
s = reelwright.StreamingMediaEncoder(file, "wav")
s.add_audio_stream(16000, 1, "s16")
with s.open():
    s.write_audio_chunk(0, memoryview(bytes(20)).cast("h", [10, 1]))
assert len(file.getvalue()) > 44
"""
    subprocess.run([sys.executable, "-c", code], check=True)


CHUNK_FORMATS = {
    "gray": (1, 8), "ya8": (2, 8), "rgb24": (3, 8), "bgr24": (3, 8), "rgba": (4, 8), "bgra": (4, 8),
    "gbrp": (3, 8), "gbrap": (4, 8), "yuv444p": (3, 8), "yuva444p": (4, 8), "gray10le": (1, 10),
    "gray12le": (1, 12), "gray16le": (1, 16), "ya16le": (2, 16), "rgb48le": (3, 16),
    "rgba64le": (4, 16), "gbrp10le": (3, 10), "yuv444p10le": (3, 10),
}  # fmt: skip


def raw(chunk: Any, format: str, **stream: Any) -> bytes:
    file = io.BytesIO()
    s = StreamingMediaEncoder(file, "rawvideo")
    s.add_video_stream(25, 17, 9, format, **stream)
    with s.open():
        s.write_video_chunk(0, chunk)
    return file.getvalue()


@pytest.mark.parametrize("format", CHUNK_FORMATS)
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_chunks_of_every_pixel_format_stay_exact(format: str, library: str) -> None:
    channels, bits = CHUNK_FORMATS[format]
    dtype = "u1" if bits == 8 else "u2"
    chunk = np.random.default_rng(5).integers(0, 1 << bits, (3, channels, 9, 17)).astype(dtype)
    is_packed = not format.startswith(("gbr", "yuv"))
    expected = chunk.transpose(0, 2, 3, 1) if is_packed else chunk
    # Also with channels last.
    strided: Any = np.ascontiguousarray(chunk.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    if library == "torch":
        torch = import_or_skip("torch")
        if bits > 8 and not hasattr(torch, "uint16"):
            pytest.skip("this torch has no uint16")
        chunk, strided = torch.from_numpy(chunk), torch.from_numpy(strided.copy())
    for array_ in (chunk, strided):
        found = np.frombuffer(raw(array_, format), f"<{dtype}")
        assert np.array_equal(found, expected.ravel())


def test_rejects_values_above_bit_depth() -> None:
    chunk = np.zeros((2, 1, 9, 17), "u2")
    chunk[1, 0, 8, 16] = 1024
    with pytest.raises(reelwright.ChunkError, match=r"from 0 to 1023 .* gray10le. Found: 1024"):
        raw(chunk, "gray10le")
    with pytest.raises(reelwright.ChunkError, match="uint16 type. Found: Byte"):
        raw(chunk.astype("u1"), "gray10le")
    with pytest.raises(reelwright.ChunkError, match="uint8 type. Found: UInt16"):
        raw(chunk, "gray8")
    with pytest.raises(reelwright.ChunkError, match="UInt16"):
        wav(chunk[0, 0, :, :2])


def test_alpha_is_composed() -> None:
    chunk = np.zeros((1, 4, 9, 17), "u1")
    chunk[:, 0], chunk[:, 3] = 255, 128
    with pytest.warns(reelwright.EncodingWarning, match="does not support alpha"):
        raw(chunk, "rgba", encoder_format="rgb24")
    option = {"alpha": "compose:blue"}
    found = np.frombuffer(raw(chunk, "rgba", encoder_format="rgb24", encoder_option=option), "u1")
    assert np.array_equal(found.reshape(-1, 3), np.tile([128, 0, 127], (9 * 17, 1)))
    with pytest.raises(reelwright.OptionError, match="drop or compose:COLOR"):
        raw(chunk, "rgba", encoder_option={"alpha": "premultiply"})
