"""The calls of torchaudio's StreamWriter tutorials, with the import changed.

The parts that need a device or RTMP are in test_torio_compatibility.py.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import Array, Make, moving, decode_video, probe, decode_audio, tone

from reelwright.torio.io import CodecConfig, StreamWriter

RATE = 44100
WAVEFORM = tone(RATE * 2, 2, RATE)


@pytest.fixture(autouse=True)
def ignore_encoder_replacements() -> Any:
    """Ignore warnings about FFmpeg's encoders that are replaced."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The encoder .* is not in this build")
        yield


def test_saving_audio_as_wav(tmp_path: Path, tensor: Make) -> None:
    path = tmp_path / "test.wav"
    s = StreamWriter(dst=str(path))
    s.add_audio_stream(sample_rate=RATE, num_channels=2)
    with s.open():
        s.write_audio_chunk(0, tensor(WAVEFORM))
    stream = probe(path)["streams"][0]
    assert (stream["codec_name"], stream["sample_rate"], stream["channels"]) == (
        "pcm_s16le", "44100", 2)  # fmt: skip
    assert np.abs(decode_audio(path, 2) - WAVEFORM).max() < 2**-15


@pytest.mark.parametrize(
    ("name", "codec"), [("mp3", "mp3"), ("flac", "flac"), ("opus", "opus"), ("mp4", "aac")]
)
def test_saving_audio_as_other_formats(
    name: str, codec: str, tmp_path: Path, tensor: Make
) -> None:
    path = tmp_path / f"test.{name}"
    s = StreamWriter(dst=str(path))
    s.add_audio_stream(RATE, 2)
    with s.open():
        s.write_audio_chunk(0, tensor(WAVEFORM))
    stream = probe(path)["streams"][0]
    assert stream["codec_name"] == codec
    rate = int(stream["sample_rate"])
    if codec == "aac":
        # The edit list states the end. FFmpeg 5 ignores it and decodes the whole last packet.
        assert int(stream["duration_ts"]) == len(WAVEFORM)
    else:
        assert len(decode_audio(path, 2)) == len(WAVEFORM) * rate / RATE


@pytest.mark.parametrize(
    ("container", "encoder", "bits"),
    [("wav", "pcm_s16le", 16), ("wav", "pcm_f32le", 32), ("flac", "flac", 24)],
)
def test_encoders(container: str, encoder: str, bits: int, tmp_path: Path) -> None:
    path = tmp_path / f"test.{container}"
    s = StreamWriter(str(path))
    s.add_audio_stream(RATE, 2, encoder=encoder)
    with s.open():
        s.write_audio_chunk(0, WAVEFORM)
    stream = probe(path)["streams"][0]
    assert stream["codec_name"] == encoder
    assert bits in (int(stream["bits_per_sample"]), int(stream.get("bits_per_raw_sample", 0)))


@pytest.mark.parametrize("format", ["s16p", "s32p", "fltp"])
def test_encoder_formats(format: str, tensor: Make) -> None:
    s = StreamWriter(io.BytesIO(), format="mp3")
    s.add_audio_stream(RATE, 2, format="s16", encoder="libmp3lame", encoder_format=format)
    with s.open():
        s.write_audio_chunk(0, tensor((WAVEFORM * 32767).astype(np.int16)))


def test_encoding_at_another_rate_and_in_mono(tmp_path: Path, tensor: Make) -> None:
    path = tmp_path / "test.wav"
    s = StreamWriter(str(path))
    s.add_audio_stream(RATE, 2, encoder_sample_rate=8000, encoder_num_channels=1)
    with s.open():
        s.write_audio_chunk(0, tensor(WAVEFORM))
    stream = probe(path)["streams"][0]
    assert (stream["sample_rate"], stream["channels"]) == ("8000", 1)
    assert float(stream["duration"]) == 2


@pytest.mark.parametrize("bit_rate", [192_000, 320_000])
def test_bit_rates(bit_rate: int, tmp_path: Path) -> None:
    path = tmp_path / "test.mp3"
    s = StreamWriter(str(path))
    s.add_audio_stream(RATE, 2, codec_config=CodecConfig(bit_rate=bit_rate))
    with s.open():
        s.write_audio_chunk(0, WAVEFORM)
    found = int(probe(path)["streams"][0]["bit_rate"])
    assert 0.8 * bit_rate < found < 1.2 * bit_rate


def test_encoder_options(tmp_path: Path) -> None:
    sizes = []
    for qscale in (9, 1):
        path = tmp_path / f"test{qscale}.mp3"
        s = StreamWriter(str(path))
        s.add_audio_stream(
            RATE,
            2,
            encoder="libmp3lame",
            codec_config=CodecConfig(qscale=qscale, compression_level=2),
        )
        with s.open():
            s.write_audio_chunk(0, WAVEFORM)
        sizes.append(path.stat().st_size)
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize("container", ["mp3", "flac", "mp4", "opus"])
@pytest.mark.parametrize("chunk", [10, 512, 1_000_000])
def test_slices_of_a_tensor(chunk: int, container: str, tensor: Make) -> None:
    frames = 3000
    waveform = tensor(WAVEFORM[:frames])
    files = []
    for size in (frames, chunk):
        file = io.BytesIO()
        s = StreamWriter(file, format=container)
        s.add_audio_stream(RATE, 2)
        with s.open():
            for start in range(0, frames, size):
                s.write_audio_chunk(0, waveform[start : start + size, ...])
        files.append(file.getvalue())
    assert files[0] == files[1]


@pytest.mark.parametrize("pause", [0.5, 1.0])
def test_pts(pause: float, tmp_path: Path) -> None:
    path = tmp_path / "test.wav"
    s = StreamWriter(str(path))
    s.add_audio_stream(8000, 1)
    with s.open():
        s.write_audio_chunk(0, tone(8000, 1, 8000), pts=0)
        s.write_audio_chunk(0, tone(8000, 1, 8000), pts=1 + pause)
    decoded = decode_audio(path, 1)
    assert len(decoded) == 16000 + 8000 * pause
    assert not decoded[8000 : 8000 + int(8000 * pause)].any()


@pytest.mark.parametrize("name", ["test.png", "test.jpeg"])
def test_one_image(name: str, tmp_path: Path, tensor: Make) -> None:
    path = tmp_path / name
    image = moving(1)
    s = StreamWriter(dst=str(path))
    s.add_video_stream(frame_rate=1, width=64, height=48, format="rgb24")
    with s.open():
        s.write_video_chunk(0, tensor(image))
    wrong = np.abs(decode_video(path, 64, 48).astype(int) - image)
    assert wrong.max() == 0 if name == "test.png" else wrong.mean() < 6


@pytest.mark.parametrize(("format", "channels"), [("rgb24", 3), ("bgr24", 3), ("gray8", 1)])
def test_video(format: str, channels: int, tmp_path: Path, tensor: Make) -> None:
    path = tmp_path / "test.mp4"
    frames = moving(60, channels=channels)
    s = StreamWriter(dst=str(path))
    s.add_video_stream(30, 64, 48, format=format)
    with s.open():
        s.write_video_chunk(0, tensor(frames))
    stream = probe(path)["streams"][0]
    assert (stream["codec_name"], stream["nb_read_frames"]) == ("h264", "60")
    assert float(stream["duration"]) == 2
    decoded = decode_video(path, 64, 48).astype(int)
    expected = {"bgr24": frames[:, ::-1], "gray8": np.repeat(frames, 3, axis=1)[:, :3]}
    assert np.abs(decoded - expected.get(format, frames)).mean() < 6


def test_slices_of_video(tmp_path: Path, tensor: Make) -> None:
    frames = tensor(moving(20))
    files = []
    for size in (20, 1, 7):
        file = io.BytesIO()
        s = StreamWriter(file, format="mp4")
        s.add_video_stream(30, 64, 48)
        with s.open():
            for start in range(0, 20, size):
                s.write_video_chunk(0, frames[start : start + size, ...])
        files.append(file.getvalue())
    assert files[0] == files[1] == files[2]


@pytest.mark.parametrize(
    ("option", "pixels"),
    [({"encoder_format": "yuv420p"}, "yuv420p"), ({"encoder": "libx264"}, "yuv420p")],
)
def test_encoder_formats_of_video(option: dict[str, str], pixels: str, tmp_path: Path) -> None:
    path = tmp_path / "test.mp4"
    s = StreamWriter(str(path))
    s.add_video_stream(30, 64, 48, **option)  # type: ignore[arg-type]
    with s.open():
        s.write_video_chunk(0, moving(10))
    assert probe(path)["streams"][0]["pix_fmt"] == pixels


def test_encoder_options_of_video(tmp_path: Path) -> None:
    sizes = []
    for crf in ("40", "10"):
        path = tmp_path / f"{crf}.mp4"
        s = StreamWriter(str(path))
        s.add_video_stream(
            30, 64, 48, encoder="libx264", encoder_option={"preset": "veryfast", "crf": crf}
        )
        with s.open():
            s.write_video_chunk(0, moving(30))
        sizes.append(path.stat().st_size)
    assert sizes[0] < sizes[1]


def test_frame_size_and_rate(tmp_path: Path) -> None:
    path = tmp_path / "test.mp4"
    s = StreamWriter(str(path))
    s.add_video_stream(
        30, 64, 48, encoder_frame_rate=15, encoder_width=32, encoder_height=24
    )
    with s.open():
        s.write_video_chunk(0, moving(60))
    stream = probe(path)["streams"][0]
    assert (stream["width"], stream["height"], stream["avg_frame_rate"]) == (32, 24, "15/1")
    assert stream["nb_read_frames"] == "30"


def test_video_with_audio_to_file_object(tmp_path: Path, tensor: Make) -> None:
    file = io.BytesIO()
    s = StreamWriter(dst=file, format="mp4")
    s.add_audio_stream(RATE, 2)
    s.add_video_stream(25, 64, 48)
    s.set_metadata({"title": "A video"})
    with s.open():
        for second in range(2):
            s.write_audio_chunk(0, tensor(WAVEFORM[second * RATE : (second + 1) * RATE]))
            s.write_video_chunk(1, tensor(moving(50)[second * 25 : (second + 1) * 25]))
    path = tmp_path / "test.mp4"
    path.write_bytes(file.getvalue())
    found = probe(path)
    assert [stream["codec_name"] for stream in found["streams"]] == ["aac", "h264"]
    assert [float(stream["duration"]) for stream in found["streams"]] == [
        pytest.approx(2, abs=0.001), 2]  # fmt: skip
    assert found["format"]["tags"]["title"] == "A video"
    assert np.abs(decode_audio(path, 2)[:80000] - WAVEFORM[:80000]).mean() < 0.01


@pytest.mark.parametrize("rate", [10, 25])
def test_gif(rate: int, tmp_path: Path, tensor: Make) -> None:
    path = tmp_path / "test.gif"
    s = StreamWriter(dst=str(path), format="gif")
    s.add_video_stream(frame_rate=rate, width=64, height=48)
    with s.open():
        s.write_video_chunk(0, tensor(moving(20)))
    stream = probe(path)["streams"][0]
    assert (stream["codec_name"], stream["nb_read_frames"]) == ("gif", "20")


def spectrogram(waveform: Array) -> Array:
    """Return a plot that moves with the audio, as in the advanced tutorial."""
    frames = waveform[: len(waveform) // 1470 * 1470].reshape(-1, 1470, waveform.shape[1])
    level = np.abs(frames).max(axis=(1, 2))
    rows = np.arange(48)[None, :, None] / 48
    bars = np.broadcast_to((rows > 1 - level[:, None, None]) * 255, (len(level), 48, 64))
    return np.repeat(bars[:, None].astype(np.uint8), 3, axis=1)


def test_visualization_of_advanced_tutorial(tmp_path: Path, tensor: Make) -> None:
    """Audio and its visualization, one chunk at a time, with options for web streaming."""
    path = tmp_path / "test.mp4"
    s = StreamWriter(dst=str(path), format="mp4")
    s.add_audio_stream(RATE, 2, encoder="aac", encoder_option={})
    s.add_video_stream(
        frame_rate=30,
        width=64,
        height=48,
        encoder="libx264",
        encoder_format="yuv420p",
        encoder_option={"preset": "ultrafast", "tune": "zerolatency"},
        codec_config=CodecConfig(bit_rate=200_000, gop_size=30),
    )
    with s.open(option={"movflags": "frag_keyframe+empty_moov"}):
        for start in range(0, len(WAVEFORM), 14700):
            chunk = WAVEFORM[start : start + 14700]
            s.write_audio_chunk(0, tensor(chunk))
            s.write_video_chunk(1, tensor(spectrogram(chunk)))
            s.flush()
    audio, video = probe(path)["streams"]
    assert float(audio["duration"]) == pytest.approx(2, abs=0.03)
    assert video["nb_read_frames"] == "60"
    assert b"moof" in path.read_bytes()
