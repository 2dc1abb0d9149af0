"""Comparison of the files that torio and this package write for the same calls.

Rates, channels, counts, frame rates, durations and metadata must be equal. The decoded content
must be at least as close to the input, unless the case states an intended difference. Skipped if
torio is not installed. All differences are printed as a table.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import Array, import_or_skip, moving, decode_video, probe, decode_audio

import reelwright

torio_io: Any = import_or_skip("torio.io")
torch: Any = import_or_skip("torch")

RATE, WIDTH, HEIGHT, FPS = 48_000, 160, 120, 25
DTYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}
TAGS = {"title": "Ein Titel", "artist": "Jemand", "album": "Ein Album", "comment": "Nichts"}


def music(frames: int, channels: int, rate: int) -> Array:
    """Return audio with harmonics, transients and a little noise, within ±1."""
    t = np.arange(frames)[:, None] / rate
    random = np.random.default_rng(1)
    pitch = 110 * np.arange(1, channels + 1)[None, :]
    envelope = np.exp(-4 * np.mod(t, 0.5))
    waveform = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in range(1, 8))
    return np.asarray(0.3 * envelope * waveform + 0.003 * random.standard_normal((frames, channels)))


@dataclass
class Case:
    """Streams of a file, and intended differences from torio with their reasons."""

    name: str
    extension: str
    audio: dict[str, Any] | None = None
    video: dict[str, Any] | None = None
    meant: dict[str, str] = field(default_factory=dict)
    chunk: int = 4096
    tags: bool = False


def audio(name: str, extension: str, **options: Any) -> Case:
    meant, chunk = options.pop("meant", {}), options.pop("chunk", 4096)
    tags = options.pop("tags", False)
    return Case(name, extension, audio=options, meant=meant, chunk=chunk, tags=tags)


def video(name: str, extension: str, **options: Any) -> Case:
    meant = options.pop("meant", {})
    return Case(name, extension, video=options, meant=meant)


_JPEG = {"video codec": "torio writes JPEG for every extension"}

CASES = [
    *(audio(f"wav of {f}", "wav", format=f) for f in ("u8", "s16", "flt", "dbl")),
    audio("wav of s32", "wav", format="s32"),
    audio("wav with tags", "wav", tags=True),
    audio("wav in small slices", "wav", chunk=7),
    *(
        audio(f"wav as {e}", "wav", encoder=e)
        for e in ("pcm_u8", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_mulaw",
                  "pcm_alaw")  # fmt: skip
    ),
    audio("wav as adpcm_ms", "wav", encoder="adpcm_ms"),
    audio("wav as adpcm_ima_wav", "wav", encoder="adpcm_ima_wav"),
    audio("wav resampled down", "wav", encoder_sample_rate=44100),
    audio("wav resampled up", "wav", rate=16000, encoder_sample_rate=48000),
    audio("wav to mono", "wav", encoder_num_channels=1),
    audio("wav of mono to stereo", "wav", channels=1, encoder_num_channels=2),
    audio("wav of 5.1", "wav", channels=6),
    audio("w64", "w64"),
    audio("aiff", "aiff"),
    audio("au", "au"),
    audio("caf", "caf"),
    audio("flac of s16", "flac", format="s16", tags=True),
    audio("flac of flt", "flac"),
    audio("flac as s16", "flac", encoder_format="s16"),
    audio("mp3", "mp3", tags=True),
    audio("mp3 of 16 kHz mono", "mp3", rate=16000, channels=1),
    audio("mp3 of 44056 Hz", "mp3", rate=44056),
    audio("mp3 at 192 kbit/s", "mp3", config={"bit_rate": 192_000}),
    audio("mp3 by libmp3lame", "mp3", encoder="libmp3lame", encoder_format="s16p"),
    audio("opus in ogg", "ogg", encoder="libopus"),
    audio("opus", "opus", tags=True),
    audio("opus of 44.1 kHz", "opus", rate=44100),
    audio("vorbis in ogg", "ogg", encoder="libvorbis", tags=True),
    audio("flac in ogg", "ogg", encoder="flac", format="s16"),
    audio("aac in mp4", "mp4", encoder="aac", tags=True),
    audio("aac in m4a, mono of 16 kHz", "m4a", rate=16000, channels=1),
    audio("aac in small slices", "mp4", encoder="aac", chunk=512),
    audio("aac in adts", "aac"),
    audio("alac in m4a", "m4a", encoder="alac", format="s16"),
    audio("g722", "g722", rate=16000, channels=1),
    video("mp4", "mp4"),
    video("mp4 by libx264", "mp4", encoder="libx264"),
    video("mp4 of gray", "mp4", format="gray8"),
    video("mp4 of bgr24", "mp4", format="bgr24"),
    video("mp4 of yuv444p", "mp4", format="yuv444p"),
    video("mp4 at 30000/1001", "mp4", rate=30000 / 1001),
    video("mp4 at 5000/167", "mp4", rate=5000 / 167),
    video("mp4 at half the rate", "mp4", encoder_frame_rate=12.5),
    video("mp4 of another size", "mp4", encoder_width=80, encoder_height=60),
    video("mov", "mov"),
    video("mov as mjpeg", "mov", encoder="mjpeg"),
    video("gif", "gif"),
    video("apng", "apng"),
    video("png", "png", frames=1, meant=_JPEG),
    video("png by name", "png", frames=1, encoder="png"),
    video("jpeg", "jpg", frames=1),
    video("bmp", "bmp", frames=1, meant=_JPEG),
    Case("video with audio", "mp4", audio={}, video={}, tags=True),
    Case("video with audio in mov", "mov", audio={}, video={}),
]


def record(encoder: Any, config: Any, case: Case, path: Path, to: Callable[[Array], Any]) -> Any:
    """Write the file of a case. Return the input."""
    s = encoder(str(path))
    waveform = input_frames = None
    streams: list[tuple[Any, Any, int]] = []
    if case.audio is not None:
        options = dict(case.audio)
        rate, channels = options.pop("rate", RATE), options.pop("channels", 2)
        if wanted := options.pop("config", None):
            options["codec_config"] = config(**wanted)
        waveform = music(2 * rate + 123, channels, rate)
        dtype = DTYPES[options.get("format", "flt")]
        if dtype[0] == "f":
            chunks = waveform.astype(dtype)
        elif dtype == "u1":
            chunks = np.clip(np.round(waveform * 128) + 128, 0, 255).astype("u1")
        else:
            chunks = (waveform * np.iinfo(dtype).max).astype(dtype)
        s.add_audio_stream(rate, channels, **options)
        streams.append((s.write_audio_chunk, to(chunks), case.chunk))
    if case.video is not None:
        options = dict(case.video)
        fps, frames = options.pop("rate", FPS), options.pop("frames", 50)
        channels = 1 if options.get("format") == "gray8" else 3
        input_frames = moving(frames, WIDTH, HEIGHT, channels)
        s.add_video_stream(fps, WIDTH, HEIGHT, **options)
        streams.append((s.write_video_chunk, to(input_frames), 5))
    if case.tags:
        s.set_metadata(TAGS)
    with s.open():
        at = [0] * len(streams)
        while any(at[i] < len(data) for i, (_, data, _) in enumerate(streams)):
            for i, (write, data, chunk) in enumerate(streams):
                if at[i] < len(data):
                    write(i, data[at[i] : at[i] + chunk])
                    at[i] += chunk
    return waveform, input_frames


def decibels(original: Array, decoded: Array) -> float:
    """Return the signal-to-noise ratio of the decoded data in dB."""
    frames = min(len(original), len(decoded))
    wrong = decoded[:frames].astype(float) - original[:frames]
    energy = float((original[:frames].astype(float) ** 2).mean())
    return float(10 * np.log10(energy / max(float((wrong**2).mean()), 1e-20)))


def describe(case: Case, path: Path, waveform: Array | None, input_frames: Array | None) -> dict[str, Any]:
    """Return the properties of a file."""
    found = probe(path)
    about: dict[str, Any] = {}
    for stream in found["streams"]:
        kind = stream["codec_type"]
        about[f"{kind} codec"] = stream["codec_name"]
        if kind == "audio":
            for key in ("sample_rate", "channels", "bits_per_raw_sample", "bits_per_sample"):
                about[key] = stream.get(key)
            about["duration"] = float(stream.get("duration", 0)) or None
        else:
            for key in ("width", "height", "pix_fmt", "avg_frame_rate", "nb_read_frames"):
                about[key] = stream.get(key)
            about["video duration"] = float(stream.get("duration", 0)) or None
        for key in ("color_range", "color_space"):
            if key in stream:
                about[key] = stream[key]
    if case.tags:
        tags = dict(found["format"].get("tags", {}))
        for stream in found["streams"]:
            tags |= stream.get("tags", {})
        about |= {f"tag {key}": {k.lower(): v for k, v in tags.items()}.get(key) for key in TAGS}
    if waveform is not None and case.audio is not None:
        decoded = decode_audio(path, about["channels"], lenient=True)
        about["samples"] = len(decoded)
        if about["channels"] == waveform.shape[1] and int(about["sample_rate"]) == case.audio.get(
            "rate", RATE
        ):
            about["content"] = decibels(waveform, decoded)
    if input_frames is not None and case.video is not None:
        shape = about["width"], about["height"]
        decoded = decode_video(path, *shape)
        about["frames"] = len(decoded)
        format = case.video.get("format", "rgb24")
        if shape == (WIDTH, HEIGHT) and len(decoded) == len(input_frames) and format in (
            "rgb24",
            "bgr24",
            "gray8",
        ):
            original = input_frames[:, ::-1] if format == "bgr24" else input_frames
            about["video content"] = decibels(np.broadcast_to(original, decoded.shape), decoded)
    about["bytes"] = path.stat().st_size
    return about


# Properties that must be equal.
SAME = [
    "audio codec", "sample_rate", "channels", "video codec", "width", "height", "avg_frame_rate",
    "frames", *(f"tag {key}" for key in TAGS)
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, tmp_path: Path, rows: list[tuple[str, str, str, str]]) -> None:
    paths = tmp_path / f"torio.{case.extension}", tmp_path / f"ours.{case.extension}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inputs = record(torio_io.StreamingMediaEncoder, torio_io.CodecConfig, case, paths[0],
                        torch.from_numpy)  # fmt: skip
        record(reelwright.StreamingMediaEncoder, reelwright.CodecConfig, case, paths[1],
               torch.from_numpy)  # fmt: skip
    torios, ours = (describe(case, path, *inputs) for path in paths)
    unexpected = []
    for key in dict.fromkeys((*torios, *ours)):
        theirs, mine = torios.get(key), ours.get(key)
        if theirs == mine:
            continue
        if key in ("content", "video content"):
            near = [float(about[key] or 0) for about in (torios, ours)]
            if abs(near[0] - near[1]) < 0.5:
                continue
            theirs_text, mine_text = (f"{level:.1f} dB" for level in near)
        else:
            theirs_text, mine_text = str(theirs), str(mine)
        rows.append((case.name, key, theirs_text, mine_text))
        if key in SAME and key not in case.meant:
            unexpected.append(f"{key}: torio {theirs}, ours {mine}")
    # The output must be as long as the input, or as long as the format can express.
    if inputs[0] is not None and case.audio is not None:
        rate = int(ours["sample_rate"]) / case.audio.get("rate", RATE)
        needed = int(len(inputs[0]) * rate)
        if not ours["samples"] >= needed - 1:
            unexpected.append(f"{ours['samples']} samples of {needed}")
    assert not unexpected
