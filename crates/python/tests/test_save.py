"""One-call helpers."""

from __future__ import annotations

import array
import io
import os
import warnings
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import Array, Make, import_or_skip, moving, decode_video, probe, decode_audio, tone

import reelwright
from reelwright import (
    ArgumentError,
    ChunkError,
    CodecConfig,
    EncodingWarning,
    save_audio,
    save_video,
    to_bytes,
)


def test_audio(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "a.flac"
    save_audio(path, make(tone(1000, 2)), 16000, metadata={"title": "A tone"})
    assert np.abs(decode_audio(path, 2) - tone(1000, 2)).max() < 2**-22
    assert probe(path)["format"]["tags"]["TITLE"] == "A tone"


@pytest.mark.parametrize("layout", ["frame first", "channel first", "one dimension", "chunks"])
def test_shapes_of_audio(layout: str) -> None:
    waveform = tone(1000, 1 if layout == "one dimension" else 2)
    expected = to_bytes("flac", samples=waveform, sample_rate=16000)
    arguments: dict[str, dict[str, Any]] = {
        "frame first": {"samples": waveform},
        "channel first": {"samples": waveform.T, "channels_first": True},
        "one dimension": {"samples": waveform[:, 0]},
        "chunks": {"samples": (waveform[i : i + 300] for i in range(0, 1000, 300))},
    }
    assert to_bytes("flac", sample_rate=16000, **arguments[layout]) == expected


def test_buffers_of_audio() -> None:
    """An object with only the buffer protocol is an array, not an iterable of numbers."""
    waveform = (30000 * tone(1000)[:, 0]).astype("i2")
    expected = to_bytes("wav", samples=waveform, sample_rate=16000)
    flat = array.array("h", waveform.tobytes())
    for samples in (flat, memoryview(flat), [flat[:400], flat[400:]]):
        assert to_bytes("wav", samples=samples, sample_rate=16000) == expected
    expected = to_bytes("wav", samples=np.arange(100, dtype="u1"), sample_rate=16000)
    for kind in (bytes, bytearray):
        assert to_bytes("wav", samples=kind(range(100)), sample_rate=16000) == expected


def test_rejects_swapped_channels_and_frames() -> None:
    with pytest.raises(reelwright.ChunkError, match="channels_first=True"):
        to_bytes("wav", samples=tone(1000, 2).T, sample_rate=16000, channels_first=False)
    with pytest.raises(reelwright.ChunkError, match="channels_first=False"):
        to_bytes("wav", samples=tone(1000, 2), sample_rate=16000, channels_first=True)
    with pytest.raises(reelwright.ChunkError, match=r"or \(frame,\). Found \[1, 2, 3\]"):
        to_bytes("wav", samples=np.zeros((1, 2, 3), "f4"), sample_rate=16000)


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "i8", "f4", "f8"])
@pytest.mark.parametrize("format", ["wav", "w64"])
def test_wav_keeps_every_bit(dtype: str, format: str, tmp_path: Path) -> None:
    if dtype.startswith("f"):
        samples = np.array([0.1, -1, 1, 1.5, -3e-9], dtype)
    else:
        info = np.iinfo(dtype)
        samples = np.array([info.min, info.max, info.min + 1, 7, 0], dtype)
    for name in (f"a.{format}", "a.bin"):
        path = tmp_path / name
        save_audio(path, samples, 8000, format=None if name != "a.bin" else format)
        assert samples.astype(f"<{dtype}").tobytes() in path.read_bytes()


def test_all_kinds_of_paths_keep_every_bit(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    destinations: list[Any] = [path, str(path), os.fsencode(path)]
    for dst in destinations:
        path.unlink(missing_ok=True)
        save_audio(dst, np.array([0.1], np.float32), 8000)
        assert np.array([0.1], "<f4").tobytes() in path.read_bytes()


def test_integers_never_saturate_silently(tmp_path: Path) -> None:
    loud = np.array([2**31 - 1, -(2**31)], np.int32)
    with pytest.warns(reelwright.EncodingWarning, match="16 of 32 bits"):
        # The default encoder warns.
        s = reelwright.StreamingMediaEncoder(io.BytesIO(), "wav")
        s.add_audio_stream(8000, 1, "s32")
    path = tmp_path / "a.wav"
    save_audio(path, loud, 8000, encoder_format="s16", encoder="pcm_s16le")
    with wave.open(str(path)) as file:
        assert np.frombuffer(file.readframes(2), "<i2").tolist() == [32767, -32768]


def test_passes_arguments_to_audio_encoder(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    save_audio(
        path,
        tone(16000),
        16000,
        encoder="opus",
        encoder_sample_rate=48000,
        encoder_num_channels=2,
        encoder_option={"application": "voip"},
        codec_config=CodecConfig(bit_rate=24_000),
    )
    stream = probe(path)["streams"][0]
    assert (stream["codec_name"], stream["channels"]) == ("opus", 2)


@pytest.mark.parametrize("samples", [[], iter(()), ()])
def test_rejects_empty_input(samples: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with pytest.raises(reelwright.ArgumentError, match="at least one sample"):
        save_audio(path, samples, 8000)
    with pytest.raises(reelwright.ArgumentError, match="at least one frame"):
        save_video(path, samples, 25)
    # Empty arrays, alone or in a list, have no samples either.
    nothing: Any
    for nothing in (np.zeros((0, 2), "i2"), [np.zeros((0, 2), "i2")], np.zeros(0, "f4")):
        with pytest.raises(reelwright.ArgumentError, match="at least one sample"):
            save_audio(path, nothing, 8000)
    no_frames: list[Any] = [np.zeros((0, 3, 8, 8), "u1"), [np.zeros((0, 3, 8, 8), "u1")]]
    for nothing in no_frames:
        with pytest.raises(reelwright.ArgumentError, match="at least one frame"):
            save_video(path, nothing, 25)
    assert not path.exists()
    # Empty arrays are skipped if others follow.
    save_audio(path, [np.zeros((0, 2), "i2"), np.zeros((9, 2), "i2")], 8000)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getnframes()) == (2, 9)


def lossless(frames: Any, tmp_path: Path, **options: Any) -> Array:
    path = tmp_path / "a.apng"
    save_video(path, frames, 25, **options)
    return decode_video(path, 64, 48)


def test_shapes_of_frames(tmp_path: Path, make: Make) -> None:
    input_frames = moving(5)
    last = np.ascontiguousarray(input_frames.transpose(0, 2, 3, 1))
    inputs = [
        input_frames,
        last,
        list(input_frames),
        (frame for frame in last),
        [input_frames[:2], last[2:4], input_frames[4]],
    ]
    for frames in inputs:
        if isinstance(frames, np.ndarray):
            frames = make(frames)
        assert np.array_equal(lossless(frames, tmp_path), input_frames)
    assert np.array_equal(lossless(last, tmp_path, channels_last=True), input_frames)


def test_ambiguous_position_of_channels(tmp_path: Path) -> None:
    # Three channels, and three pixels of width.
    input_frames = moving(2, 3, 48)
    for channels_last in (None, False):
        path = tmp_path / "a.apng"
        save_video(path, input_frames, 25, channels_last=channels_last)
        assert np.array_equal(decode_video(path, 3, 48), input_frames)


def test_gray_frames(tmp_path: Path) -> None:
    gray = moving(3, channels=1)
    assert np.array_equal(lossless(gray, tmp_path), np.repeat(gray, 3, axis=1))
    assert np.array_equal(
        lossless(gray.transpose(0, 2, 3, 1), tmp_path), np.repeat(gray, 3, axis=1)
    )


def test_blue_first(tmp_path: Path) -> None:
    input_frames = moving(3)
    assert np.array_equal(lossless(input_frames[:, ::-1], tmp_path, pixel_format="bgr24"), input_frames)


def test_rejects_invalid_frames() -> None:
    with pytest.raises(reelwright.ChunkError, match=r"uint16. Found: flt.*255"):
        to_bytes("mp4", frames=np.zeros((1, 3, 8, 8), "f4"), frame_rate=25)
    with pytest.raises(reelwright.ChunkError, match="1, 3 or 4 channels"):
        to_bytes("mp4", frames=np.zeros((1, 5, 8, 8), "u1"), frame_rate=25)
    with pytest.raises(reelwright.ChunkError, match="Expected frames of shape"):
        to_bytes("mp4", frames=np.zeros((8, 8), "u1"), frame_rate=25)


@pytest.mark.parametrize("chunk", [1, 7, 250])
def test_video_with_audio(chunk: int, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    input_frames, waveform = moving(250), tone(10 * 48000, 2, 48000)
    save_video(
        path,
        (input_frames[i : i + chunk] for i in range(0, 250, chunk)),
        25,
        audio=waveform.T,
        sample_rate=48000,
        channels_first=True,
        codec_config=CodecConfig(gop_size=25),
        audio_codec_config=CodecConfig(bit_rate=96_000),
    )
    video, audio = probe(path)["streams"]
    assert (video["codec_name"], video["nb_read_frames"]) == ("h264", "250")
    assert (audio["codec_name"], audio["channels"]) == ("aac", 2)
    assert float(video["duration"]) == 10
    assert float(audio["duration"]) == pytest.approx(10, abs=1e-3)


def test_requires_audio_and_sample_rate_together() -> None:
    for options in ({"audio": tone(10)}, {"sample_rate": 16000}):
        with pytest.raises(reelwright.ArgumentError, match="together"):
            save_video(io.BytesIO(), moving(1), 25, format="mp4", **options)


def test_to_bytes_equals_saved_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    save_video(path, moving(10), 25, audio=tone(6400), sample_rate=16000)
    data = to_bytes(
        "mp4", frames=moving(10), frame_rate=25, samples=tone(6400), sample_rate=16000
    )
    assert data == path.read_bytes()
    for wrong in ({}, {"samples": tone(1)}, {"frames": moving(1)}, {"frame_rate": 1},
                  {"samples": tone(1), "sample_rate": 8000, "frame_rate": 1}):  # fmt: skip
        with pytest.raises(reelwright.ArgumentError, match="Pass `samples` with"):
            to_bytes("mp4", **wrong)
    with pytest.raises(TypeError, match="bogus"):
        to_bytes("wav", samples=tone(1), sample_rate=8000, bogus=1)


def test_list_of_audio_frames_is_one_array() -> None:
    waveform = (30000 * tone(1000, 2)).astype("i2")
    expected = to_bytes("wav", samples=waveform, sample_rate=48000)
    for rows in (list(waveform), tuple(waveform)):
        data = to_bytes("wav", samples=rows, sample_rate=48000)
        with wave.open(io.BytesIO(data)) as file:
            assert (file.getnchannels(), file.getnframes()) == (2, 1000)
        assert data == expected
    # The shapes of an iterable are ambiguous.
    with pytest.raises(reelwright.ChunkError, match=r"Pass arrays of shape \(1, 2\)"):
        to_bytes("wav", samples=iter(waveform), sample_rate=48000)
    # Chunks of one channel are longer than a frame can be.
    chunks = [waveform[:400, 0], waveform[400:800, 0]]
    data = to_bytes("wav", samples=chunks, sample_rate=48000)
    assert data == to_bytes("wav", samples=waveform[:800, 0], sample_rate=48000)


def test_data_sets_are_read_in_parts(tmp_path: Path) -> None:
    h5py = import_or_skip("h5py")
    waveform, input_frames = tone(200_000, 2), moving(70)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["waveform"], file["input_frames"] = waveform, input_frames
        data = to_bytes("flac", samples=file["waveform"], sample_rate=16000)
        assert data == to_bytes("flac", samples=waveform, sample_rate=16000)
        assert np.array_equal(lossless(file["input_frames"], tmp_path), input_frames)


def test_tables_are_arrays() -> None:
    pandas = import_or_skip("pandas")
    waveform = tone(500, 2)
    table = pandas.DataFrame(waveform, columns=["left", "right"])
    expected = to_bytes("wav", samples=waveform, sample_rate=16000)
    assert to_bytes("wav", samples=table, sample_rate=16000) == expected
    expected = to_bytes("wav", samples=waveform[:, 0], sample_rate=16000)
    assert to_bytes("wav", samples=table["left"], sample_rate=16000) == expected


def test_half_precision_floats(tmp_path: Path) -> None:
    half = tone(1000, 2).astype("f2")
    expected = to_bytes("wav", samples=half.astype("f4"), sample_rate=16000)
    assert to_bytes("wav", samples=half, sample_rate=16000) == expected


@pytest.mark.parametrize("dtype", ["f4", "f8", "f2"])
def test_frames_of_floats(dtype: str, tmp_path: Path) -> None:
    input_frames = moving(5)
    unit = (input_frames / np.float64(255)).astype(dtype)
    tolerance = 1 if dtype == "f2" else 0
    for frames in (unit, list(unit), unit.transpose(0, 2, 3, 1)):
        found = lossless(frames, tmp_path, value_range=(0, 1))
        assert np.abs(found.astype(int) - input_frames).max() <= tolerance
    signed = (2 * unit - 1).astype(dtype)
    found = lossless(signed, tmp_path, value_range=(-1, 1))
    assert np.abs(found.astype(int) - input_frames).max() <= tolerance
    with pytest.raises(reelwright.ChunkError, match=r"Pass value_range=\(0, 1\)"):
        to_bytes("mp4", frames=unit, frame_rate=25)
    with pytest.raises(reelwright.ArgumentError, match="black and white"):
        to_bytes("mp4", frames=unit, frame_rate=25, value_range=(1, 1))
    unit[1, 0, 0, 0] = np.nan
    with pytest.raises(reelwright.ChunkError, match="NaN"):
        to_bytes("mp4", frames=unit, frame_rate=25, value_range=(0, 1))


def test_alpha_is_kept_or_reported_once(tmp_path: Path) -> None:
    frames = moving(3, channels=4)
    save_video(tmp_path / "a.apng", frames, 25)
    assert np.array_equal(decode_video(tmp_path / "a.apng", 64, 48, "rgba"), frames)
    with pytest.warns(reelwright.EncodingWarning, match="does not support alpha") as said:
        save_video(tmp_path / "a.mp4", list(frames), 25)
    assert len(said) == 1 and said[0].filename == __file__
    # There is no warning for opaque frames or for an explicit choice.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_video(tmp_path / "a.mp4", frames, 25, encoder_option={"alpha": "compose:white"})
        frames[:, 3] = 255
        save_video(tmp_path / "a.mp4", frames, 25)
    frames = moving(3, channels=4)
    # There is no warning if the pixel format has no alpha.
    save_video(tmp_path / "a.apng", frames, 25, pixel_format="rgb0")
    assert np.array_equal(decode_video(tmp_path / "a.apng", 64, 48), frames[:, :3])


def test_rejects_ambiguous_shapes(tmp_path: Path) -> None:
    masks = moving(3, channels=1)[:, 0]
    with pytest.raises(reelwright.ChunkError, match=r"frames\[None\], and 3 gray .*\(3, 1, 48, 64\)"):
        save_video(tmp_path / "a.apng", masks, 25)
    with pytest.raises(reelwright.ChunkError, match=r"5 gray frames.*\(5, 1, 48, 64\)"):
        save_video(tmp_path / "a.apng", moving(5, channels=1)[:, 0], 25)
    with pytest.raises(reelwright.ChunkError, match=r"as \(1, 1, 48, 64\)"):
        save_video(tmp_path / "a.apng", masks[0], 25)
    with pytest.raises(reelwright.ChunkError, match=r"as \(1, 48, 64\)"):
        save_video(tmp_path / "a.apng", list(masks), 25)
    # The suggestions of the messages work.
    gray = np.repeat(masks[:, None], 3, axis=1)
    assert np.array_equal(lossless(masks[:, None], tmp_path), gray)
    assert np.array_equal(lossless(masks[None], tmp_path), masks[None])


def test_pillow_images(tmp_path: Path) -> None:
    image = import_or_skip("PIL.Image")
    input_frames = moving(3).transpose(0, 2, 3, 1)
    images = [image.fromarray(np.ascontiguousarray(frame)) for frame in input_frames]
    expected = input_frames.transpose(0, 3, 1, 2)
    assert np.array_equal(lossless(images, tmp_path), expected)
    assert np.array_equal(lossless(images[0], tmp_path), expected[:1])
    for mode in ("CMYK", "YCbCr", "P"):
        converted = [one.convert(mode) for one in images]
        back = np.stack([np.asarray(one.convert("RGB")) for one in converted])
        assert np.array_equal(lossless(converted, tmp_path), back.transpose(0, 3, 1, 2)), mode
    gray = np.stack([np.asarray(one.convert("L")) for one in images])
    for mode in ("L", "1"):
        converted = [one.convert(mode) for one in images]
        gray = np.stack([np.asarray(one.convert("L")) for one in converted])
        found = lossless(converted, tmp_path)
        assert np.array_equal(found, np.repeat(gray[:, None], 3, axis=1)), mode
    # All are converted to the mode of the first image.
    mixed = lossless([images[0], images[1].convert("L")], tmp_path)
    assert np.array_equal(mixed[0], expected[0]) and len(mixed) == 2
    found = lossless([one.convert("RGBA") for one in images], tmp_path)
    assert np.array_equal(found, expected)
    for mode in ("I", "F", "I;16"):
        with pytest.raises(reelwright.ChunkError, match=f"8-bit image. Found mode {mode}"):
            save_video(tmp_path / "a.apng", [image.new(mode, (64, 48))], 25)


@pytest.mark.parametrize("name", ["m4a", "M4A", "aac", "WAV", "wav", "Opus", "flac"])
def test_file_extensions_as_audio_formats(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(to_bytes(name, samples=tone(16000), sample_rate=16000))
    assert abs(len(decode_audio(path, 1, lenient=True)) - 16000) < 50000 and probe(path)["streams"]
    save_audio(path, tone(1600), 16000, format=name)


def test_file_extensions_as_image_formats(tmp_path: Path) -> None:
    frame = moving(1)
    for name, magic in (("png", b"\x89PNG"), ("jpg", b"\xff\xd8"), ("PNG", b"\x89PNG"),
                        ("webp", b"RIFF"), ("gif", b"GIF8"), ("bmp", b"BM")):  # fmt: skip
        assert to_bytes(name, frames=frame, frame_rate=1).startswith(magic), name
    for format in ("png", "image2"):
        with pytest.raises(reelwright.ArgumentError, match="only one frame. Found: a second frame"):
            to_bytes(format, frames=moving(3), frame_rate=1)
    with pytest.raises(reelwright.ArgumentError, match="Found: a second"):
        save_video(tmp_path / "a.png", moving(3), 1)
    with pytest.raises(reelwright.UnknownNameError, match="Unknown format: nope"):
        to_bytes("nope", frames=frame, frame_rate=1)


def test_mp4_is_readable_from_pipe(tmp_path: Path) -> None:
    data = to_bytes("m4a", samples=tone(48000), sample_rate=16000)
    assert data.index(b"moov") < data.index(b"mdat")
    assert to_bytes("ipod", samples=tone(48000), sample_rate=16000) == data
    path = tmp_path / "a.mp4"
    save_video(path, moving(10), 25)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    # An explicit option is kept.
    save_video(path, moving(10), 25, option={"movflags": "frag_keyframe"})
    assert b"moof" in path.read_bytes()
    save_audio(path, tone(1000), 16000, option={"movflags": "progressive"})
    with pytest.raises(reelwright.OptionError, match="nonsense"):
        save_audio(path, tone(1000), 16000, option={"nonsense": "1"})


@pytest.mark.parametrize("audio", ["list", "generator", "array"])
def test_any_iterable_of_audio(audio: str, tmp_path: Path) -> None:
    input_frames, waveform = moving(50), tone(2 * 48000, 2, 48000)
    pieces = [waveform[i : i + 7000] for i in range(0, len(waveform), 7000)]
    samples: Any = {"list": pieces, "generator": iter(pieces), "array": waveform}[audio]
    path = tmp_path / "a.mp4"
    save_video(path, input_frames, 25, audio=samples, sample_rate=48000)
    expected = to_bytes(
        "mp4", frames=input_frames, frame_rate=25, samples=waveform, sample_rate=48000
    )
    assert path.read_bytes() == expected
    with pytest.raises(reelwright.ArgumentError, match="`audio` must have at least one sample"):
        save_video(path, input_frames, 25, audio=[], sample_rate=48000)


def test_warns_of_alpha_in_later_image(tmp_path: Path) -> None:
    image = import_or_skip("PIL.Image")
    images = [image.new("RGB", (16, 16)), image.new("RGBA", (16, 16)), image.new("RGBA", (16, 16))]
    with pytest.warns(EncodingWarning, match="alpha") as warned:
        save_video(tmp_path / "a.mp4", images, 5)
    assert len(warned) == 1
    premultiplied = image.new("RGBA", (16, 16)).convert("RGBa")
    with pytest.warns(EncodingWarning, match="alpha"):
        save_video(tmp_path / "b.mp4", [premultiplied], 5)


@pytest.mark.parametrize(("channels", "name"), [(1, "gray16le"), (3, "rgb48le"), (4, "rgba64le")])
def test_16_bit_frames_stay_exact(channels: int, name: str, tmp_path: Path) -> None:
    frames = np.random.default_rng(3).integers(0, 65536, (3, channels, 48, 64), dtype="u2")
    save_video(tmp_path / "a.apng", frames, 25)
    assert np.array_equal(decode_video(tmp_path / "a.apng", 64, 48, name), frames)
    with pytest.raises(reelwright.ChunkError, match="UInt16"):
        to_bytes("wav", samples=frames[0, :, :, 0], sample_rate=8000)


@pytest.mark.filterwarnings("ignore")
def test_rejects_invalid_value_range(tmp_path: Path) -> None:
    frames = np.zeros((1, 3, 16, 16), "f4")
    for wrong in [(0, 1, 2), (0, float("inf")), (1, 0), "ab", 3]:
        with pytest.raises(ArgumentError, match="two finite numbers"):
            save_video(tmp_path / "a.mp4", frames, 5, value_range=wrong)  # type: ignore[arg-type]


def test_rejects_missing_values(tmp_path: Path) -> None:
    pandas = import_or_skip("pandas")
    with pytest.raises(ChunkError, match="missing values"):
        save_audio(tmp_path / "a.wav", pandas.Series([1, None], dtype="Int16"), 8000)
    save_audio(tmp_path / "a.wav", pandas.Series([1, 2], dtype="Int16"), 8000)


def test_exception_of_writer_is_raised() -> None:
    class Fails:
        def write(self, data: bytes) -> int:
            raise ValueError("mine")

    for frames in (10, 50000):
        with pytest.raises(ValueError, match="^mine$"):
            save_audio(Fails(), tone(frames), 16000, format="wav")
