"""Calls and messages are compatible with torio."""

from __future__ import annotations

import errno
import io
import math
import warnings
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import Make, audio_encoder, moving, probe, decode_audio, tone, video_encoder

import reelwright
from reelwright import CodecConfig, StreamingMediaEncoder


def refused(text: str, kind: type[Exception] = reelwright.Error) -> Any:
    """Expect an exception whose message contains `text`, as a RuntimeError for torio's users."""
    assert issubclass(kind, RuntimeError)
    import re

    return pytest.raises(kind, match=re.escape(text))


# The order of calls.


def test_add_open_write_close(tmp_path: Path, tensor: Make) -> None:
    path = tmp_path / "a.wav"
    s = StreamingMediaEncoder(path)
    s.add_audio_stream(8000, 2)
    assert not path.exists()
    s.open()
    s.write_audio_chunk(0, tensor(np.array([[0.5, -0.5], [0.25, 0]], np.float32)))
    s.close()
    with wave.open(str(path)) as file:
        assert np.frombuffer(file.readframes(9), "<i2").tolist() == [16384, -16384, 8192, 0]


def test_with_open(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    s = StreamingMediaEncoder(str(path))
    s.add_audio_stream(8000, 1)
    with s.open() as opened:
        assert opened is s
        s.write_audio_chunk(0, tone(100))
    with wave.open(str(path)) as file:
        assert file.getnframes() == 100


def test_opening_twice_has_no_effect() -> None:
    s = audio_encoder()
    assert s.open() is s
    with refused("Output is already opened."):
        s.open({"fill_gaps": "false"})


def test_adding_a_stream_after_open() -> None:
    s = audio_encoder()
    with refused("Output is already opened. Cannot add a new stream.", reelwright.StateError):
        s.add_audio_stream(8000, 1)


def test_before_open_and_after_close() -> None:
    s = StreamingMediaEncoder(io.BytesIO(), "wav")
    s.add_audio_stream(8000, 1)
    text = "Output is not opened. Did you call `open` method?"
    calls: list[Callable[[], None]] = [
        lambda: s.write_audio_chunk(0, tone(1)),
        lambda: s.write_audio_chunk(9, tone(1)),
        s.flush,
    ]
    for call in calls:
        with refused(text, reelwright.StateError):
            call()
    with refused(text):
        s.write_audio_chunk(0, np.zeros((1, 1), np.float16))
    s.open()
    s.close()
    for call in calls:
        with refused(text):
            call()
    s.close()


def test_close_without_open() -> None:
    s = StreamingMediaEncoder(io.BytesIO(), "wav")
    s.add_audio_stream(8000, 1)
    with refused("Output is not opened."):
        s.close()
    with refused("Output is not opened."), s:
        pass


# Chunks.


@pytest.mark.parametrize("i", [3, -1, 2**40])
@pytest.mark.parametrize("dtype", ["f4", "f2"])
def test_stream_index(i: int, dtype: str) -> None:
    text = f"Invalid stream index. Index must be in range of [0, 1). Found: {i}"
    with refused(text, reelwright.ArgumentError):
        audio_encoder().write_audio_chunk(i, np.zeros((1, 1), dtype))


@pytest.mark.parametrize("dtype", ["u1", "f2"])
def test_rejects_chunk_of_other_kind(dtype: str) -> None:
    with refused("Stream 0 is not audio type."):
        video_encoder().write_audio_chunk(0, np.zeros((1, 1), dtype))
    with refused("Stream 0 is not video type."):
        audio_encoder().write_video_chunk(0, np.zeros((1, 3, 48, 64), dtype))


FORMATS = {
    "u8": ("Byte", "u1"),
    "s16": ("Short", "i2"),
    "s32": ("Int", "i4"),
    "s64": ("Long", "i8"),
    "flt": ("Float", "f4"),
    "dbl": ("Double", "f8"),
}


@pytest.mark.parametrize("format", FORMATS)
def test_dtype(format: str, tensor: Make) -> None:
    expected = FORMATS[format][0]
    for found, dtype in FORMATS.values():
        s = audio_encoder("caf", format=format, encoder_format="s16")
        chunk = tensor(np.zeros((3, 1), dtype))
        if found == expected:
            s.write_audio_chunk(0, chunk)
        else:
            text = f"Expected {expected} type. Found: {found}"
            with refused(text, reelwright.ChunkError):
                s.write_audio_chunk(0, chunk)
        s.close()


@pytest.mark.parametrize(
    ("dtype", "found"), [("?", "Bool"), ("i1", "Char"), ("c8", "")]
)
def test_rejects_unsupported_dtype(dtype: str, found: str) -> None:
    with refused(f"Expected Float type. Found: {found}", reelwright.ChunkError):
        audio_encoder().write_audio_chunk(0, np.zeros((3, 1), dtype))
    with refused("Expected Tensor of uint8 type. Found: "):
        video_encoder().write_video_chunk(0, np.zeros((1, 3, 48, 64), dtype))


def test_number_of_dimensions(tensor: Make) -> None:
    for shape in ((), (4,), (2, 2, 1)):
        with refused("Input Tensor has to be 2D", reelwright.ChunkError) as error:
            audio_encoder().write_audio_chunk(0, tensor(np.zeros(shape, "f4")))
        assert str(list(shape)) in str(error.value)
    with refused("Input Tensor has to be 4D"):
        video_encoder().write_video_chunk(0, tensor(np.zeros((3, 48, 64), "u1")))


def test_channels(tensor: Make) -> None:
    with refused("Expected waveform with 2 channels. Found 3"):
        audio_encoder(channels=2).write_audio_chunk(0, tensor(np.zeros((4, 3), "f4")))


def test_frame_size(tensor: Make) -> None:
    text = "Expected tensor with shape (N, 3, 48, 64) (NCHW format). Found [1, 3, 48, 65]"
    with refused(text):
        video_encoder().write_video_chunk(0, tensor(np.zeros((1, 3, 48, 65), "u1")))


# Times.


@pytest.mark.parametrize("pts", [-1.0, math.nan, math.inf, -math.inf])
def test_pts_out_of_range(pts: float) -> None:
    with refused("The value of PTS must be positive and finite. Found: "):
        audio_encoder().write_audio_chunk(0, tone(1), pts)
    with refused("The value of PTS must be positive and finite. Found: "):
        video_encoder().write_video_chunk(0, moving(1), pts)


def test_pts_zero_as_keyword() -> None:
    audio_encoder().write_audio_chunk(i=0, chunk=tone(1), pts=0.0)
    audio_encoder().write_audio_chunk(0, tone(1), 0)


def test_pts_smaller_than_expected_warns_once() -> None:
    s = audio_encoder()
    s.write_audio_chunk(0, tone(100))
    with pytest.warns(reelwright.EncodingWarning, match="smaller than the next expected") as said:
        for _ in range(3):
            s.write_audio_chunk(0, tone(100), 0.0)
    assert len(said) == 1
    assert said[0].filename == __file__
    s.close()


@pytest.mark.parametrize("format", ["wav", "flac", "s16le"])
@pytest.mark.parametrize("fill", [True, False])
def test_gaps(format: str, fill: bool, tmp_path: Path) -> None:
    path = tmp_path / f"a.{format}"
    s = StreamingMediaEncoder(path, format)
    s.add_audio_stream(16000, 1, encoder_format="s16")
    s.open(None if fill else {"fill_gaps": "false"})
    s.write_audio_chunk(0, tone(160))
    s.write_audio_chunk(0, tone(160), pts=0.03)
    s.close()
    frames = 640 if fill else 320
    if format == "s16le":
        assert path.stat().st_size == 2 * frames
    elif format == "wav":
        with wave.open(str(path)) as file:
            assert file.getnframes() == frames
    else:
        assert len(decode_audio(path, 1)) == frames


# Parameters of streams.


@pytest.mark.parametrize("rate", [0, -1])
def test_sample_rate(rate: int) -> None:
    s = StreamingMediaEncoder(io.BytesIO(), "wav")
    with refused(f"Sample rate must be positive. Found: {rate}"):
        s.add_audio_stream(rate, 1)


@pytest.mark.parametrize("channels", [0, -1])
def test_num_channels(channels: int) -> None:
    s = StreamingMediaEncoder(io.BytesIO(), "wav")
    with refused(f"The number of channels must be positive. Found: {channels}"):
        s.add_audio_stream(8000, channels)


@pytest.mark.parametrize("value", [0, -1])
@pytest.mark.parametrize("name", ["frame_rate", "width", "height"])
def test_video_sizes(name: str, value: int) -> None:
    parameters: dict[str, Any] = {"frame_rate": 25, "width": 64, "height": 48} | {name: value}
    s = StreamingMediaEncoder(io.BytesIO(), "mp4")
    with refused("must be positive") as error:
        s.add_video_stream(**parameters)
    assert f"Found: {value}" in str(error.value)


def test_types_of_parameters() -> None:
    s = StreamingMediaEncoder(io.BytesIO(), "wav")
    bad: list[dict[str, Any]] = [
        {"sample_rate": 1.5},
        {"sample_rate": "8000"},
        {"format": 1},
        {"encoder_option": {"a": 1}},
        {"encoder_option": "a"},
        {"encoder": 1},
        {"codec_config": 1},
    ]
    for wrong in bad:
        with pytest.raises(TypeError, match=next(iter(wrong))):
            s.add_audio_stream(**({"sample_rate": 8000, "num_channels": 1} | wrong))
    with pytest.raises(TypeError):
        s.add_audio_stream(8000, 1, "flt", "flac")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="metadata"):
        s.set_metadata({"a": 1})  # type: ignore[dict-item]


@pytest.mark.parametrize("format", ["s16p", "fltp", "zz", ""])
def test_input_sample_format(format: str) -> None:
    s = StreamingMediaEncoder(io.BytesIO(), "wav")
    text = f"Unsupported sample format ({format}) was provided. Valid values are u8, s16, "
    with refused(text):
        s.add_audio_stream(8000, 1, format=format)


@pytest.mark.parametrize(
    ("format", "channels"),
    [
        ("gray8", (1,)),
        ("gray", (1,)),
        ("rgb24", (3,)),
        ("bgr24", (3,)),
        ("yuv444p", (3,)),
        ("rgb0", (3, 4)),
        ("bgr0", (3, 4)),
    ],
)
def test_input_pixel_format(format: str, channels: tuple[int, ...], tensor: Make) -> None:
    for number in channels:
        s = video_encoder(format=format)
        s.write_video_chunk(0, tensor(moving(2, channels=number)))
        s.close()
    with refused("Expected tensor with shape"):
        video_encoder(format=format).write_video_chunk(0, tensor(moving(2, channels=2)))


@pytest.mark.parametrize("format", ["yuv420p", "zz"])
def test_input_pixel_format_unsupported(format: str) -> None:
    s = StreamingMediaEncoder(io.BytesIO(), "mp4")
    with refused(f"Unsupported pixel format ({format}) was provided. Valid values are rgb24, "):
        s.add_video_stream(25, 64, 48, format)


def test_unknown_encoder() -> None:
    with refused("Unexpected codec: nope", reelwright.UnknownNameError) as error:
        audio_encoder(encoder="nope")
    assert "flac" in str(error.value)
    with refused("Unexpected codec: nope") as error:
        video_encoder(encoder="nope")
    assert "h264" in str(error.value)


def test_encoder_format() -> None:
    with refused("Unknown sample format: zz"):
        audio_encoder("flac", encoder_format="zz")
    with refused("flac does not support flt format. Supported values are; s16, s32"):
        audio_encoder("flac", encoder_format="flt")
    with refused("zz"):
        video_encoder(encoder_format="zz")
    with refused("does not support gray format. Supported values are; yuv420p"):
        video_encoder(encoder_format="gray")


def test_encoder_sample_rate() -> None:
    with refused("mp3 does not support sample rate 12345. Supported values are; 8000, "):
        audio_encoder("mp3", encoder_sample_rate=12345)
    with refused("Found: -5"):
        audio_encoder("mp3", encoder_sample_rate=-5)


@pytest.mark.parametrize(
    ("format", "given", "encoded"),
    [("mp3", 44056, 44100), ("mp3", 96000, 48000), ("opus", 44100, 48000), ("g722", 8000, 16000)],
)
def test_unsupported_sample_rate_is_resampled(
    format: str, given: int, encoded: int, tmp_path: Path
) -> None:
    path = tmp_path / f"a.{format}"
    s = StreamingMediaEncoder(path)
    s.add_audio_stream(given, 1)
    with s.open():
        s.write_audio_chunk(0, tone(given, rate=given))
    assert probe(path)["streams"][0]["sample_rate"] == str(encoded)


def test_unsupported_channels_are_remixed(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    s = StreamingMediaEncoder(path)
    with pytest.warns(reelwright.EncodingWarning, match="does not support 5.1"):
        s.add_audio_stream(48000, 6)
    with s.open():
        s.write_audio_chunk(0, tone(4800, 6, 48000))
    assert probe(path)["streams"][0]["channels"] == 2


def test_unknown_options() -> None:
    with refused("Unexpected options: bogus", reelwright.OptionError):
        audio_encoder("flac", encoder_option={"bogus": "1"})
    s = StreamingMediaEncoder(io.BytesIO(), "wav")
    s.add_audio_stream(8000, 1)
    with refused("Unexpected options: bogus", reelwright.OptionError):
        s.open({"bogus": "1"})


def test_rejects_stream_that_format_does_not_support() -> None:
    s = StreamingMediaEncoder(io.BytesIO(), "wav")
    with refused("wav does not support video.", reelwright.UnsupportedError):
        s.add_video_stream(25, 64, 48)
    s = StreamingMediaEncoder(io.BytesIO(), "gif")
    with refused("gif does not support audio."):
        s.add_audio_stream(8000, 1)


# Destinations.


def test_unknown_format() -> None:
    with refused('Failed to open output "y.zzz"', reelwright.UnknownNameError) as error:
        StreamingMediaEncoder("y.zzz")
    assert "flac" in str(error.value)
    with refused("Unknown format: zzz. Available formats are wav"):
        StreamingMediaEncoder("y.wav", "zzz")


def test_file_like_without_format() -> None:
    with refused("`format` must be provided when the input is file-like object."):
        StreamingMediaEncoder(io.BytesIO())


class OnlyWrites:
    """Writes bytes and has no other method."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.pieces.append(data)
        return len(data)


AUDIO_FORMATS = ["wav", "flac", "mp3", "adts", "ogg", "opus", "mp4", "mov", "aiff", "au", "caf"]


@pytest.mark.parametrize("format", AUDIO_FORMATS)
def test_file_like_that_only_writes(format: str, tmp_path: Path) -> None:
    file = OnlyWrites()
    s = StreamingMediaEncoder(file, format)
    s.add_audio_stream(16000, 1)
    with s.open():
        s.write_audio_chunk(0, tone(16000))
    path = tmp_path / f"a.{format}"
    path.write_bytes(b"".join(file.pieces))
    # Streams of MP3 and AAC cannot state the padding at the end.
    rate = 48000 if format == "opus" else 16000
    assert 0.99 <= len(decode_audio(path, 1, lenient=True)) / rate <= 1.15


@pytest.mark.parametrize("size", [1, 100, 4096, 100_000])
def test_writes_have_buffer_size(size: int) -> None:
    file = OnlyWrites()
    s = StreamingMediaEncoder(file, "wav", size)
    s.add_audio_stream(16000, 1)
    with s.open():
        s.write_audio_chunk(0, tone(3000 if size == 1 else 200_000))
    assert max(map(len, file.pieces)) == size


def test_missing_directory(tmp_path: Path) -> None:
    path = tmp_path / "no" / "y.wav"
    s = StreamingMediaEncoder(path)
    s.add_audio_stream(8000, 1)
    with refused(f"Failed to open dst: {path} (No such file or directory", reelwright.OutputError):
        s.open()
    assert not s._is_open()


# Video.


def test_odd_sizes() -> None:
    s = StreamingMediaEncoder(io.BytesIO(), "mp4")
    with refused("encoder_width=66 and encoder_height=48"):
        s.add_video_stream(25, 65, 48)


@pytest.mark.parametrize(
    ("rate", "exact"),
    [(5000 / 167, "5000/167"), (30000 / 1001, "30000/1001"), (25, "25/1"), (0.5, "1/2")],
)
def test_frame_rates_are_exact(rate: float, exact: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    s = StreamingMediaEncoder(path)
    s.add_video_stream(rate, 64, 48)
    with s.open():
        s.write_video_chunk(0, moving(10))
    stream = probe(path)["streams"][0]
    assert stream["avg_frame_rate"] == exact
    assert stream["nb_read_frames"] == "10"


@pytest.mark.parametrize("options", [{"threads": "1"}, {"threads": "0", "thread_type": "slice"}])
def test_threads(options: dict[str, str]) -> None:
    s = video_encoder(encoder_option=options)
    s.write_video_chunk(0, moving(3))
    s.close()


# Metadata.


@pytest.mark.parametrize("format", ["wav", "flac", "mp3", "ogg", "mp4"])
def test_metadata_replaces_earlier_metadata(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{format}"
    s = StreamingMediaEncoder(path)
    s.add_audio_stream(16000, 1)
    s.set_metadata({"title": "first", "comment": "gone"})
    s.set_metadata({"title": "Ein Ton", "artist": "Ärzte"})
    with s.open():
        s.write_audio_chunk(0, tone(1600))
    found = probe(path)
    tags = found["format"].get("tags", {}) | found["streams"][0].get("tags", {})
    tags = {key.lower(): value for key, value in tags.items()}
    assert (tags["title"], tags["artist"]) == ("Ein Ton", "Ärzte")
    assert "comment" not in tags


# Common names of encoders.


@pytest.mark.parametrize(
    ("encoder", "format", "warns"),
    [
        ("libmp3lame", "mp3", True),
        ("libopus", "ogg", True),
        ("opus", "ogg", False),
        ("libvorbis", "ogg", False),
        ("vorbis", "ogg", True),
        ("aac", "mp4", False),
        ("flac", "flac", False),
        ("pcm_s24le", "wav", False),
        ("g722", "g722", False),
    ],
)
def test_audio_encoder_names(encoder: str, format: str, warns: bool) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        s = audio_encoder(format, encoder=encoder)
        s.write_audio_chunk(0, tone(4000))
        s.close()
    # The warning about an alias is emitted once per process.
    assert all("is not in this build" in str(warning.message) for warning in said)
    assert warns or not said


@pytest.mark.parametrize(
    ("encoder", "format"),
    [("libx264", "mp4"), ("mjpeg", "mov"), ("png", "apng"), ("gif", "gif"), ("rawvideo", "rawvideo")],
)
def test_video_encoder_names(encoder: str, format: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        s = video_encoder(format, encoder=encoder)
    s.write_video_chunk(0, moving(3))
    s.close()


@pytest.mark.parametrize("encoder", ["mpeg1video", "mpeg2video", "h264_nvenc"])
def test_video_encoders_that_are_replaced(encoder: str) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        s = video_encoder("mp4", encoder=encoder)
        s.write_video_chunk(0, moving(3))
        s.close()
    # The warning about an alias is emitted once per process.
    used = f"The encoder {encoder} is not in this build; h264 is used."
    assert all(str(warning.message) == used for warning in said)


def test_rejects_unavailable_encoder() -> None:
    with refused("Unexpected codec: libvpx-vp9"):
        video_encoder(encoder="libvpx-vp9")


# Unsupported features are reported.


def test_unsupported_features_raise_errors() -> None:
    with refused("The protocol rtmp is not supported", reelwright.UnsupportedError):
        StreamingMediaEncoder("rtmp://localhost:1234/live/app", format="mp4")
    for device in ("sdl", "audiotoolbox", "alsa"):
        with refused(f"The output device {device} is not supported"):
            StreamingMediaEncoder("-", format=device)
    with refused("filter_desc is not supported yet"):
        audio_encoder(filter_desc="volume=2")
    with refused("hw_accel is not supported yet"):
        video_encoder(hw_accel="cuda:0")


# CodecConfig.


def test_codec_config() -> None:
    config = CodecConfig(128_000, 3, 2, 10, 0)
    assert (config.bit_rate, config.compression_level, config.qscale) == (128_000, 3, 2)
    assert (config.gop_size, config.max_b_frames) == (10, 0)
    assert CodecConfig() == CodecConfig(-1, -1, None, -1, -1)
    for wrong in ({"bit_rate": -2}, {"gop_size": -2}, {"max_b_frames": -7}):
        with refused(f"{next(iter(wrong))} of codec_config"):
            video_encoder(codec_config=CodecConfig(**wrong))


def test_bit_rate(tmp_path: Path) -> None:
    sizes = []
    for bit_rate in (64_000, 192_000):
        file = io.BytesIO()
        s = StreamingMediaEncoder(file, "mp3")
        s.add_audio_stream(48000, 2, codec_config=CodecConfig(bit_rate=bit_rate))
        with s.open():
            s.write_audio_chunk(0, tone(480_000, 2, 48000))
        sizes.append(len(file.getvalue()))
    assert 75_000 < sizes[0] < 85_000 and 230_000 < sizes[1] < 250_000


# Tests of torio and torchcodec.


def test_options_without_effect_are_accepted(tmp_path: Path) -> None:
    def encode_video(encoder: str, options: dict[str, str]) -> bytes:
        return reelwright.to_bytes(
            "mp4", frames=moving(3), frame_rate=25, encoder=encoder, encoder_option=options
        )

    assert encode_video("libx264", {"crf": "-1"}) == encode_video("libx264", {})
    assert encode_video("librav1e", {"crf": "-1"}) == encode_video("librav1e", {})
    assert encode_video("h264_nvenc", {"gpu": "0"}) == encode_video("h264_nvenc", {})
    with pytest.raises(reelwright.OptionError, match="gpu"):
        encode_video("libx264", {"gpu": "0"})


@pytest.mark.parametrize("format", ["wav", "mp3", "flac", "mp4", "ogg"])
def test_flush_packets(format: str) -> None:
    file = io.BytesIO()
    s = StreamingMediaEncoder(file, format, buffer_size=1 << 20)
    s.add_audio_stream(16000, 1, encoder="opus" if format == "ogg" else None)
    s.open({"flush_packets": "1", **({"movflags": "frag_custom"} if format == "mp4" else {})})
    at = len(file.getvalue())
    s.write_audio_chunk(0, tone(40000))
    assert format == "mp4" or len(file.getvalue()) > at + 1000
    s.close()
    for value in ("0", "-1"):
        s = StreamingMediaEncoder(io.BytesIO(), format)
        s.add_audio_stream(16000, 1, encoder="opus" if format == "ogg" else None)
        s.open({"flush_packets": value}).write_audio_chunk(0, tone(1))
        s.close()


def test_gray_frames_are_gray_jpeg(tmp_path: Path) -> None:
    for name in ("a.jpg", "a_%d.jpg"):
        reelwright.save_video(tmp_path / name, moving(1, channels=1), 1)
    for name in ("a.jpg", "a_1.jpg"):
        assert probe(tmp_path / name)["streams"][0]["pix_fmt"] == "gray"


def test_metadata_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    s = StreamingMediaEncoder(path)
    s.add_audio_stream(16000, 1)
    with pytest.warns(reelwright.EncodingWarning, match="must be UTF-8"):
        s.set_metadata({"title": b"caf\xe9", "artist": "b\udce9", b"album": "c"})  # type: ignore[dict-item]
    with s.open():
        s.write_audio_chunk(0, tone(100))
    tags = probe(path)["format"]["tags"]
    found = {name.lower(): value for name, value in tags.items()}
    assert (found["title"], found["artist"], found["album"]) == ("caf\ufffd", "b\ufffd", "c")


# State.


def test_every_call_repeats_error_of_failed_open() -> None:
    s = StreamingMediaEncoder("/nonexistent-folder/x.wav")
    s.add_audio_stream(8000, 1)
    with pytest.raises(reelwright.OutputError, match="Failed to open dst"):
        s.open()
    calls: list[Any] = [
        s.open,
        s.flush,
        s.close,
        s.close,
        lambda: s.write_audio_chunk(0, tone(1)),
        lambda: s.add_audio_stream(8000, 1),
        lambda: s.set_metadata({}),
    ]
    for call in calls:
        with pytest.raises(reelwright.OutputError, match=r"`open` failed. Failed to open dst") as raised:
            call()
        assert raised.value.errno == errno.ENOENT and "(No such file" in str(raised.value)


def test_open_can_be_repeated_with_valid_option() -> None:
    s = StreamingMediaEncoder(io.BytesIO(), "wav")
    s.add_audio_stream(8000, 1)
    with pytest.raises(reelwright.OptionError):
        s.open({"rf64": "x"})
    for call in (s.close, lambda: s.write_audio_chunk(0, tone(1))):
        with pytest.raises(reelwright.StateError, match="`open` failed. Invalid value for option"):
            call()
    s.open({"rf64": "auto"}).write_audio_chunk(0, tone(1))
    s.close()


@pytest.mark.parametrize("format", ["mp4", "gif", "apng", "yuv4mpegpipe", "ivf"])
def test_too_large_pts_of_video_changes_nothing(format: str, tmp_path: Path) -> None:
    def encode_video(path: Path, far: list[float]) -> bytes:
        s = StreamingMediaEncoder(path, format)
        s.add_video_stream(30, 64, 48)
        with s.open():
            s.write_video_chunk(0, moving(5))
            for pts in far:
                with pytest.raises(reelwright.ChunkError, match=r"leaves a gap|must be below"):
                    s.write_video_chunk(0, moving(2), pts)
            s.write_video_chunk(0, moving(3))
        return path.read_bytes()

    times = [1e30, 1e13] if format == "ivf" else [280_000.0, 1e9, 1e13, 1e300]
    if format == "ivf":
        times = [1e300]
    assert encode_video(tmp_path / "far", times) == encode_video(tmp_path / "near", [])


@pytest.mark.parametrize(
    ("format", "option"), [("wav", {}), ("mp4", {"fill_gaps": "false"}), ("flac", {})]
)
def test_too_large_pts_of_audio_changes_nothing(
    format: str, option: dict[str, str], tmp_path: Path
) -> None:
    def encode_audio(far: list[float]) -> bytes:
        file = io.BytesIO()
        s = StreamingMediaEncoder(file, format)
        s.add_audio_stream(48000, 1)
        with s.open(option):
            s.write_audio_chunk(0, tone(5000))
            for pts in far:
                with pytest.raises(reelwright.ChunkError, match=r"leaves a gap|must be below"):
                    s.write_audio_chunk(0, np.full((10, 1), 1.5, np.float32), pts)
            s.write_audio_chunk(0, tone(5000))
        assert s.clamped_samples(0) == 0
        return file.getvalue()

    times = [1e6, 1e9, 1e300] if format == "mp4" else [3700.0, 1e6, 1e300]
    assert encode_audio(times) == encode_audio([])


def test_maximum_duration_of_filled_gaps() -> None:
    def frames(fill_gaps: str, pts: float) -> int:
        file = io.BytesIO()
        s = StreamingMediaEncoder(file, "s16le")
        s.add_audio_stream(1000, 1)
        with s.open({"fill_gaps": fill_gaps}):
            s.write_audio_chunk(0, tone(1000))
            s.write_audio_chunk(0, tone(1000), pts)
        return len(file.getvalue()) // 2

    assert frames("true", 2.0) == frames("1.5", 2.0) == 3000
    assert frames("false", 2.0) == 2000
    assert frames("7200", 4000.0) == 4_001_000
    for fill_gaps, pts in (("0.5", 2.0), ("true", 3700.0)):
        with pytest.raises(reelwright.ChunkError, match="are filled with silence"):
            frames(fill_gaps, pts)
    with pytest.raises(reelwright.OptionError, match="true or false, or seconds"):
        frames("-1.5", 1.0)
