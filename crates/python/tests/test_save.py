"""Whole files in one call."""

from __future__ import annotations

import array
import io
import os
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import Array, Make, moving, pictures_of, probe, sound_of, tone

import reelwright
from reelwright import CodecConfig, save_audio, save_video, to_bytes


def test_audio(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "a.flac"
    save_audio(path, make(tone(1000, 2)), 16000, metadata={"title": "A tone"})
    assert np.abs(sound_of(path, 2) - tone(1000, 2)).max() < 2**-22
    assert probe(path)["format"]["tags"]["TITLE"] == "A tone"


@pytest.mark.parametrize("layout", ["frame first", "channel first", "one dimension", "chunks"])
def test_shapes_of_audio(layout: str) -> None:
    sound = tone(1000, 1 if layout == "one dimension" else 2)
    expected = to_bytes("flac", samples=sound, sample_rate=16000)
    arguments: dict[str, dict[str, Any]] = {
        "frame first": {"samples": sound},
        "channel first": {"samples": sound.T, "channels_first": True},
        "one dimension": {"samples": sound[:, 0]},
        "chunks": {"samples": (sound[i : i + 300] for i in range(0, 1000, 300))},
    }
    assert to_bytes("flac", sample_rate=16000, **arguments[layout]) == expected


def test_buffers_of_audio() -> None:
    """What has the buffer protocol alone is one array, and no iterable of numbers."""
    sound = (30000 * tone(1000)[:, 0]).astype("i2")
    expected = to_bytes("wav", samples=sound, sample_rate=16000)
    flat = array.array("h", sound.tobytes())
    for samples in (flat, memoryview(flat), [flat[:400], flat[400:]]):
        assert to_bytes("wav", samples=samples, sample_rate=16000) == expected
    expected = to_bytes("wav", samples=np.arange(100, dtype="u1"), sample_rate=16000)
    for kind in (bytes, bytearray):
        assert to_bytes("wav", samples=kind(range(100)), sample_rate=16000) == expected


def test_channels_that_look_like_frames() -> None:
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


def test_every_kind_of_path_keeps_every_bit(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    destinations: list[Any] = [path, str(path), os.fsencode(path)]
    for dst in destinations:
        path.unlink(missing_ok=True)
        save_audio(dst, np.array([0.1], np.float32), 8000)
        assert np.array([0.1], "<f4").tobytes() in path.read_bytes()


def test_integers_never_saturate_silently(tmp_path: Path) -> None:
    loud = np.array([2**31 - 1, -(2**31)], np.int32)
    with pytest.warns(reelwright.EncodingWarning, match="16 of 32 bits"):
        # Chosen by nobody: says so.
        s = reelwright.StreamingMediaEncoder(io.BytesIO(), "wav")
        s.add_audio_stream(8000, 1, "s32")
    path = tmp_path / "a.wav"
    save_audio(path, loud, 8000, encoder_format="s16", encoder="pcm_s16le")
    with wave.open(str(path)) as file:
        assert np.frombuffer(file.readframes(2), "<i2").tolist() == [32767, -32768]


def test_audio_is_given_to_the_encoder(tmp_path: Path) -> None:
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
def test_nothing_to_save(samples: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with pytest.raises(reelwright.ArgumentError, match="nothing to save"):
        save_audio(path, samples, 8000)
    with pytest.raises(reelwright.ArgumentError, match="nothing to save"):
        save_video(path, samples, 25)
    assert not path.exists()
    # No samples at all are a file, too.
    save_audio(path, np.zeros((0, 2), "i2"), 8000)
    with wave.open(str(path)) as file:
        assert file.getnframes() == 0


def lossless(frames: Any, tmp_path: Path, **options: Any) -> Array:
    path = tmp_path / "a.apng"
    save_video(path, frames, 25, **options)
    return pictures_of(path, 64, 48)


def test_shapes_of_pictures(tmp_path: Path, make: Make) -> None:
    pictures = moving(5)
    last = np.ascontiguousarray(pictures.transpose(0, 2, 3, 1))
    inputs = [
        pictures,
        last,
        list(pictures),
        (picture for picture in last),
        [pictures[:2], last[2:4], pictures[4]],
    ]
    for frames in inputs:
        if isinstance(frames, np.ndarray):
            frames = make(frames)
        assert np.array_equal(lossless(frames, tmp_path), pictures)
    assert np.array_equal(lossless(last, tmp_path, channels_last=True), pictures)


def test_pictures_whose_shape_says_both(tmp_path: Path) -> None:
    # Three channels, and three pixels wide.
    pictures = moving(2, 3, 48)
    for channels_last in (None, False):
        path = tmp_path / "a.apng"
        save_video(path, pictures, 25, channels_last=channels_last)
        assert np.array_equal(pictures_of(path, 3, 48), pictures)


def test_grey_pictures(tmp_path: Path) -> None:
    grey = moving(3, channels=1)
    assert np.array_equal(lossless(grey, tmp_path), np.repeat(grey, 3, axis=1))
    assert np.array_equal(
        lossless(grey.transpose(0, 2, 3, 1), tmp_path), np.repeat(grey, 3, axis=1)
    )


def test_blue_first(tmp_path: Path) -> None:
    pictures = moving(3)
    assert np.array_equal(lossless(pictures[:, ::-1], tmp_path, pixel_format="bgr24"), pictures)


def test_pictures_that_are_none() -> None:
    with pytest.raises(reelwright.ChunkError, match=r"uint8. Found: flt.*255"):
        to_bytes("mp4", frames=np.zeros((1, 3, 8, 8), "f4"), frame_rate=25)
    with pytest.raises(reelwright.ChunkError, match="1, 3 or 4 channels"):
        to_bytes("mp4", frames=np.zeros((1, 5, 8, 8), "u1"), frame_rate=25)
    with pytest.raises(reelwright.ChunkError, match="Expected pictures of shape"):
        to_bytes("mp4", frames=np.zeros((8, 8), "u1"), frame_rate=25)


@pytest.mark.parametrize("chunk", [1, 7, 250])
def test_film_with_sound(chunk: int, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    pictures, sound = moving(250), tone(10 * 48000, 2, 48000)
    save_video(
        path,
        (pictures[i : i + chunk] for i in range(0, 250, chunk)),
        25,
        audio=sound.T,
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


def test_sound_and_its_rate_go_together() -> None:
    for options in ({"audio": tone(10)}, {"sample_rate": 16000}):
        with pytest.raises(reelwright.ArgumentError, match="together"):
            save_video(io.BytesIO(), moving(1), 25, format="mp4", **options)


def test_bytes_are_those_of_the_file(tmp_path: Path) -> None:
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
