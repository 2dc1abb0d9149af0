"""Documentation: all public names have some, its examples run, and the stubs are complete."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import inspect
import pydoc
import subprocess
import sys
from importlib.metadata import files, metadata
from pathlib import Path
from typing import Any

import pytest
from helpers import import_or_skip

import reelwright

MODULES = [
    "reelwright",
    "reelwright._encoder",
    "reelwright._listing",
    "reelwright._save",
    "reelwright.torio",
    "reelwright.torio._install",
    "reelwright.torio.io",
    "reelwright.torio.utils.ffmpeg_utils",
]


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        failed, _ = doctest.testmod(importlib.import_module(module), verbose=False)
    finally:
        reelwright.torio.uninstall()
    assert failed == 0


@pytest.mark.parametrize(
    "module", ["reelwright", "reelwright.torio", "reelwright.torio.io",
               "reelwright.torio.utils.ffmpeg_utils"]  # fmt: skip
)
def test_all_public_names_are_documented(module: str) -> None:
    found = importlib.import_module(module)
    assert sorted(found.__all__) == list(found.__all__)
    for name in found.__all__:
        value: Any = getattr(found, name)
        assert isinstance(value, str) or inspect.getdoc(value), name
        if inspect.isclass(value) and issubclass(value, reelwright.StreamingMediaEncoder):
            for method in dir(value):
                if not method.startswith("_"):
                    assert inspect.getdoc(getattr(value, method)), method


def test_every_parameter_is_documented() -> None:
    encoder = reelwright.StreamingMediaEncoder
    functions: list[Any] = [getattr(encoder, n) for n in dir(encoder) if not n.startswith("_")]
    functions += [reelwright.save_audio, reelwright.save_video, reelwright.to_bytes]
    for function in functions:
        for name in inspect.signature(function).parameters:
            if name not in ("self", "i") or name == "i" and "Index" in (function.__doc__ or ""):
                assert name == "self" or f"{name}:" in (function.__doc__ or ""), (function, name)


def test_every_field_is_documented() -> None:
    text = pydoc.plain(pydoc.render_doc(reelwright.CodecConfig))
    for field in dataclasses.fields(reelwright.CodecConfig):
        assert f"{field.name}: " in inspect.cleandoc(reelwright.CodecConfig.__doc__ or "")
        assert f"{field.name}: " in text.split("Methods defined here")[0].split("Args:")[1]


def test_help_is_readable() -> None:
    text = pydoc.plain(pydoc.render_doc(reelwright))
    for expected in ("StreamingMediaEncoder", "save_audio(", "chunk by chunk", "class Error"):
        assert expected in text
    text = pydoc.plain(pydoc.render_doc(reelwright.StreamingMediaEncoder))
    assert "write_audio_chunk(self, /, i, chunk, pts=None)" in text
    assert "of shape (frame, channel)" in text
    assert "_add_audio_stream" not in text


def test_package_is_typed_and_has_no_dependencies() -> None:
    assert (Path(reelwright.__file__).parent / "py.typed").exists()
    about = metadata("reelwright")
    needs = [need for need in about.get_all("Requires-Dist") or [] if "extra ==" not in need]
    assert needs == []
    assert about["Version"] == reelwright.__version__
    terms = [file for file in files("reelwright") or [] if file.name == "LICENSES.txt"]
    assert len(terms) == 1
    assert "opus-pure" in terms[0].read_text()


def test_stubs_are_complete() -> None:
    import_or_skip("mypy")
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "reelwright._reelwright"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
