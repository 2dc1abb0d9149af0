"""Subtitles and chapters."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from helpers import chapters_of, subtitles_of, tone

import reelwright


@pytest.mark.parametrize("name", ["a.mp4", "a.m4b", "a.mov", "a.mp3", "a.flac"])
def test_ffprobe_reads_chapters(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    encoder = reelwright.StreamingMediaEncoder(path)
    encoder.add_audio_stream(48000, 1)
    encoder.set_chapters([(0, 1.5, "Prologue"), (1.5, None, "日本")])
    with encoder.open():
        encoder.write_audio_chunk(0, tone(144000, rate=48000))
    assert chapters_of(path) == [(0, "Prologue"), (1.5, "日本")]


def test_rejects_invalid_chapters() -> None:
    encoder = reelwright.StreamingMediaEncoder(io.BytesIO(), format="mp4")
    cases: list[tuple[list[tuple[float, float | None, str]], str]] = [
        ([(1, 0.5, "a")], "must end after its start"),
        ([(1, None, "a"), (0, None, "b")], "in order"),
        ([(float("nan"), None, "a")], "finite and not negative"),
    ]
    for wrong, expected in cases:
        with pytest.raises(reelwright.ArgumentError, match=expected):
            encoder.set_chapters(wrong)
    with pytest.raises(ValueError, match="length 3"):
        encoder.set_chapters([("a", "b")])  # type: ignore[list-item]
    wav = reelwright.StreamingMediaEncoder(io.BytesIO(), format="wav")
    with pytest.warns(UserWarning, match="wav cannot store chapters"):
        wav.set_chapters([(0, None, "a")])


def test_ffmpeg_reads_subtitles(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    encoder = reelwright.StreamingMediaEncoder(path)
    assert encoder.add_audio_stream(48000, 1) == 0
    assert encoder.add_subtitle_stream("mov_text", language="fra") == 1
    with encoder.open():
        encoder.write_subtitle(1, 0.5, 1, "Salut <b>à tous</b>")
        encoder.write_audio_chunk(0, tone(96000, rate=48000))
        encoder.write_subtitle(1, 1.25, 2, "deux\nlignes")
        encoder.write_audio_chunk(0, tone(48000, rate=48000))
    assert subtitles_of(path) == [
        "1\n00:00:00,500 --> 00:00:01,000\nSalut <b>à tous</b>",
        "2\n00:00:01,250 --> 00:00:02,000\ndeux\nlignes",
    ]


def test_rejects_invalid_subtitles() -> None:
    file = io.BytesIO()
    encoder = reelwright.StreamingMediaEncoder(file, format="mp4")
    with pytest.raises(reelwright.UnknownNameError, match="mov_text, webvtt"):
        encoder.add_subtitle_stream("srt?")
    with pytest.raises(reelwright.ArgumentError, match="ISO 639-2"):
        encoder.add_subtitle_stream(language="english")
    header = "WEBVTT\n\nSTYLE\n::cue { color: red }"
    index = encoder.add_subtitle_stream("webvtt", header=header)
    with pytest.raises(reelwright.StateError):
        encoder.write_subtitle(index, 0, 1, "early")
    with encoder.open():
        encoder.write_subtitle(index, 1, 2, "a < b")
        for start, end, text, expected in [
            (0.5, 1, "x", "order of their starts"),
            (3, 2, "x", "must not end before its start"),
            (float("inf"), 3, "x", "positive, finite"),
            (2, 3, "\0", "NUL"),
        ]:
            with pytest.raises(reelwright.ArgumentError, match=expected):
                encoder.write_subtitle(index, start, end, text)
        with pytest.raises(reelwright.ArgumentError, match="Invalid stream index"):
            encoder.write_subtitle(-1, 2, 3, "x")
        with pytest.raises(reelwright.ArgumentError, match="is not audio type"):
            encoder.write_audio_chunk(index, tone(4800, rate=48000))
    assert b"vttC" + header.encode() in file.getvalue()
    assert b"payla &lt; b" in file.getvalue()
    wav = reelwright.StreamingMediaEncoder(io.BytesIO(), format="wav")
    with pytest.raises(reelwright.UnsupportedError, match="wav does not support subtitles"):
        wav.add_subtitle_stream()
