"""torio's module paths, and this package under the names of torio and torchaudio."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import import_or_skip

import reelwright
import reelwright.torio.io
import reelwright.torio.utils.ffmpeg_utils as ffmpeg_utils


def test_paths() -> None:
    assert reelwright.torio.io.StreamingMediaEncoder is reelwright.StreamingMediaEncoder
    assert reelwright.torio.io.CodecConfig is reelwright.CodecConfig
    assert reelwright.StreamWriter is reelwright.StreamingMediaEncoder
    assert reelwright.torio.utils.ffmpeg_utils is ffmpeg_utils


# Signatures in torio 2.8.
SIGNATURES = {
    "__init__": "(self, dst, format=None, buffer_size=4096)",
    "add_audio_stream": "(self, sample_rate, num_channels, format='flt', *, encoder=None, "
    "encoder_option=None, encoder_sample_rate=None, encoder_num_channels=None, "
    "encoder_format=None, codec_config=None, filter_desc=None",
    "add_video_stream": "(self, frame_rate, width, height, format='rgb24', *, encoder=None, "
    "encoder_option=None, encoder_frame_rate=None, encoder_width=None, encoder_height=None, "
    "encoder_format=None, codec_config=None, filter_desc=None, hw_accel=None",
    "set_metadata": "(self, metadata)",
    "open": "(self, option=None)",
    "close": "(self)",
    "write_audio_chunk": "(self, i, chunk, pts=None)",
    "write_video_chunk": "(self, i, chunk, pts=None)",
    "flush": "(self)",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    signature = inspect.signature(getattr(reelwright.StreamingMediaEncoder, name))
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
    ]
    bare = signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty)
    text = str(bare).replace("/, ", "").replace(", /", "")
    # Additional arguments follow.
    assert text.startswith(SIGNATURES[name])


def test_ffmpeg_utils() -> None:
    for of in (ffmpeg_utils.get_muxers, ffmpeg_utils.get_audio_encoders,
               ffmpeg_utils.get_video_encoders):  # fmt: skip
        names = of()
        assert names and all(isinstance(name, str) and text for name, text in names.items())
    assert "flac" in ffmpeg_utils.get_audio_encoders()
    assert "gif" in ffmpeg_utils.get_video_encoders()
    assert ffmpeg_utils.get_output_devices() == {}
    assert "file" in ffmpeg_utils.get_output_protocols()
    version = tuple(int(part) for part in reelwright.__version__.split("."))
    assert ffmpeg_utils.get_versions() == {"reelwright": version}
    assert "without FFmpeg" in ffmpeg_utils.get_build_config()
    for name in ("demuxers", "audio_decoders", "video_decoders", "input_devices", "input_protocols"):
        assert not getattr(ffmpeg_utils, f"get_{name}")()
    ffmpeg_utils.clear_cuda_context_cache()


def test_options_are_described() -> None:
    assert "0 to 12" in reelwright.get_encoder_options("flac")["compression_level"]
    assert "preset" in reelwright.get_encoder_options("libx264")
    assert "movflags" in reelwright.get_muxer_options("mp4")
    assert "fill_gaps" in reelwright.get_muxer_options("wav")
    with pytest.raises(ValueError, match="Unknown encoder: nope"):
        reelwright.get_encoder_options("nope")
    with pytest.raises(ValueError, match="Unknown muxer: nope"):
        reelwright.get_muxer_options("nope")


def test_decoding_is_not_supported() -> None:
    with pytest.raises(reelwright.UnsupportedError, match="does not read"):
        reelwright.torio.io.StreamingMediaDecoder("a.wav")


USE = """
import io
from torio.io import StreamingMediaEncoder, CodecConfig
from torchaudio.io import StreamWriter
import torio, torio.utils.ffmpeg_utils
import reelwright
assert StreamingMediaEncoder is StreamWriter is reelwright.StreamingMediaEncoder
assert torio.io.CodecConfig is CodecConfig is reelwright.CodecConfig
"""


def run(code: str, path: Path | None = None) -> None:
    """Run code with the installed packages, or only with those in `path`."""
    options: list[str] = []
    if path is not None:
        options = ["-S"]
        (path / "reelwright").symlink_to(Path(reelwright.__file__).parent)
        code = f"import sys; sys.path.insert(0, {str(path)!r})\n" + code
    done = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def fake(path: Path, modules: dict[str, str]) -> None:
    for name, code in modules.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code)


REAL_TORIO = {
    "torio/__init__.py": "from . import io, utils",
    "torio/io/__init__.py": "class StreamingMediaEncoder: pass\n"
    "class CodecConfig: pass\nclass StreamingMediaDecoder: pass",
    "torio/utils/__init__.py": "from . import ffmpeg_utils",
    "torio/utils/ffmpeg_utils.py": "",
}
# torchaudio 2.8, then 2.9 and later.
OLD_TORCHAUDIO = {
    "torchaudio/__init__.py": "from . import io",
    "torchaudio/io/__init__.py": "from torio.io import StreamingMediaEncoder as StreamWriter, "
    "StreamingMediaDecoder as StreamReader, CodecConfig",
}
NEW_TORCHAUDIO = {"torchaudio/__init__.py": "__version__ = '2.9'"}

REAL_EFFECTOR = {
    "torio/__init__.py": "from . import io, utils",
    "torio/io/__init__.py": "from ._streaming_media_encoder import CodecConfig, "
    "StreamingMediaEncoder\nclass StreamingMediaDecoder: pass",
    "torio/io/_streaming_media_encoder.py": "class StreamingMediaEncoder: pass\n"
    "class CodecConfig: pass",
    "torio/utils/__init__.py": "from . import ffmpeg_utils",
    "torio/utils/ffmpeg_utils.py": "",
    "torchaudio/__init__.py": "from . import io",
    "torchaudio/io/__init__.py": "from torio.io import StreamingMediaEncoder as StreamWriter, "
    "StreamingMediaDecoder as StreamReader, CodecConfig\nfrom ._effector import AudioEffector\n"
    "from torchaudio._deprecate import dropping\nStreamWriter = dropping(StreamWriter)",
    "torchaudio/_deprecate.py": "def dropping(c):\n"
    "    c.__init__ = lambda *_: (_ for _ in ()).throw(AssertionError('deprecated'))\n"
    "    return c",
    "torchaudio/io/_effector.py": "from torio.io._streaming_media_encoder import CodecConfig, "
    "StreamingMediaEncoder as StreamWriter\n"
    "class AudioEffector:\n    def writer(self): return StreamWriter",
}


@pytest.mark.parametrize("early", [False, True], ids=["later", "imported before"])
def test_torchaudio_effector_uses_encoder(early: bool, tmp_path: Path) -> None:
    fake(tmp_path, REAL_EFFECTOR)
    code = "import reelwright.torio\n" + ("import torchaudio\n" if early else "")
    code += """
reelwright.torio.install()
from torchaudio.io import AudioEffector
import reelwright
assert AudioEffector().writer() is reelwright.StreamingMediaEncoder
import io
AudioEffector().writer()(io.BytesIO(), 'wav')
reelwright.torio.uninstall()
assert AudioEffector().writer() is not reelwright.StreamingMediaEncoder
"""
    if not early:
        code = code.replace("reelwright.torio.uninstall()\n", "").replace(
            "assert AudioEffector().writer() is not reelwright.StreamingMediaEncoder\n", ""
        )
    run(code, tmp_path)


def test_missing_effector_raises_error(tmp_path: Path) -> None:
    run(
        "import reelwright.torio; reelwright.torio.install()\n"
        "from torchaudio.io import AudioEffector\n"
        "try: AudioEffector(effect='lowpass')\n"
        "except reelwright.UnsupportedError as error: assert 'torchaudio 2.8' in str(error)\n"
        "else: raise AssertionError\n",
        tmp_path,
    )


HERE: list[dict[str, str]] = [{}, NEW_TORCHAUDIO, REAL_TORIO | OLD_TORCHAUDIO]


@pytest.mark.parametrize("modules", HERE, ids=["neither", "torchaudio 2.9", "torio"])
@pytest.mark.parametrize("early", [False, True], ids=["later", "imported before"])
def test_install(modules: dict[str, str], early: bool, tmp_path: Path) -> None:
    fake(tmp_path, modules)
    names = {name.split("/")[0] for name in modules} if early else set()
    before = "".join(f"import {name}\n" for name in sorted(names))
    code = before + "import reelwright.torio\nreelwright.torio.install()\n"
    code += "reelwright.torio.install()\n" + USE
    if modules:
        code += "import torchaudio\nassert torchaudio.io.StreamWriter is StreamWriter\n"
    if modules and modules is not NEW_TORCHAUDIO:
        code += "assert torio.io.StreamingMediaDecoder.__module__ == 'torio.io'\n"
    run(code, tmp_path)


@pytest.mark.parametrize("modules", HERE, ids=["neither", "torchaudio 2.9", "torio"])
def test_uninstall(modules: dict[str, str], tmp_path: Path) -> None:
    fake(tmp_path, modules)
    code = "import reelwright.torio\nreelwright.torio.install()\n" + USE
    code += "reelwright.torio.uninstall()\n"
    if "torio/__init__.py" in modules:
        code += "assert torio.io.StreamingMediaEncoder.__module__ == 'torio.io'\n"
    else:
        code += (
            "for name in ('torio', 'torio.io', 'torchaudio.io'):\n"
            "    try:\n        __import__(name)\n"
            "    except ImportError:\n        continue\n"
            "    raise AssertionError(name)\n"
        )
    run(code, tmp_path)


def test_installs_with_real_torio() -> None:
    import_or_skip("torio")
    run("import reelwright.torio\nreelwright.torio.install()\n" + USE)
    run("import torchaudio\nimport reelwright.torio\nreelwright.torio.install()\n" + USE)
    code = "import reelwright.torio\nreelwright.torio.install()\nimport torchaudio\n"
    run(code + "import reelwright\nassert torchaudio.io.StreamWriter is reelwright.StreamWriter")


def test_signatures_equal_those_of_real_torio() -> None:
    io: Any = import_or_skip("torio.io")
    for name in SIGNATURES:
        theirs = inspect.signature(getattr(io.StreamingMediaEncoder, name)).parameters
        ours = inspect.signature(getattr(reelwright.StreamingMediaEncoder, name)).parameters
        for mine, torios in zip(ours.values(), theirs.values()):
            assert (mine.name, mine.default) == (torios.name, torios.default)
            if mine.name != "self":
                assert mine.kind == torios.kind
        assert len(ours) >= len(theirs)
