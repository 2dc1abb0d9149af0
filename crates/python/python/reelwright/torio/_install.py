"""Installation of this package's encoder under the names of torio and torchaudio."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from .._encoder import CodecConfig, StreamingMediaEncoder
from . import io, utils
from .utils import ffmpeg_utils

# Names that are replaced in real modules.
_NAMES: dict[str, dict[str, object]] = {
    "torio.io": {"StreamingMediaEncoder": StreamingMediaEncoder, "CodecConfig": CodecConfig},
    "torchaudio.io": {"StreamWriter": StreamingMediaEncoder, "CodecConfig": CodecConfig},
    # torchaudio's AudioEffector imports them from here.
    "torio.io._streaming_media_encoder": {
        "StreamingMediaEncoder": StreamingMediaEncoder,
        "CodecConfig": CodecConfig,
    },
    "torchaudio.io._effector": {"StreamWriter": StreamingMediaEncoder, "CodecConfig": CodecConfig},
    # torchaudio has no `io` since 2.9.
    "torchaudio": {"io": io},
}
_MISSING = object()
_before: list[tuple[ModuleType, str, object]] = []


def install() -> None:
    """Replace ``torio.io.StreamingMediaEncoder`` and ``torchaudio.io.StreamWriter``.

    torio and torchaudio need not be installed, and may be imported before or after. If torio is not
    installed, ``import torio`` imports :mod:`reelwright.torio`. If torchaudio is not installed,
    ``from torchaudio.io import StreamWriter`` works, but ``import torchaudio`` still fails, because
    this package does not replace the rest of it.

    >>> import reelwright.torio
    >>> reelwright.torio.install()
    >>> from torchaudio.io import StreamWriter
    >>> StreamWriter
    <class 'reelwright.StreamingMediaEncoder'>
    """
    if _finder in sys.meta_path:
        return
    sys.meta_path.insert(0, _finder)
    if not _exists("torio"):
        ours = sys.modules[__name__.rpartition(".")[0]]
        sys.modules["torio"] = ours
        sys.modules["torio.io"] = io
        sys.modules["torio.utils"] = utils
        sys.modules["torio.utils.ffmpeg_utils"] = ffmpeg_utils
    if not _exists("torchaudio.io"):
        sys.modules["torchaudio.io"] = io
    for name in _NAMES:
        module = sys.modules.get(name)
        if module is not None and module is not io:
            _patch(name, module)


def uninstall() -> None:
    """Undo :func:`install`. Names that were imported in the meantime are not changed."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    ours = __name__.rpartition(".")[0]
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in ("torio", "torchaudio") and module.__name__.startswith(ours):
            del sys.modules[name]
    while _before:
        module, name, value = _before.pop()
        if value is _MISSING:
            delattr(module, name)
        else:
            setattr(module, name, value)


def _exists(name: str) -> bool:
    if name in sys.modules:
        return True
    parent = name.rpartition(".")[0]
    if parent:
        # Finding the spec of a submodule would import its parent.
        spec = importlib.util.find_spec(parent) if parent not in sys.modules else None
        places = (
            spec.submodule_search_locations
            if spec is not None
            else getattr(sys.modules.get(parent), "__path__", None)
        )
        if places is None:
            return False
        from importlib.machinery import PathFinder

        return PathFinder.find_spec(name, places) is not None
    return importlib.util.find_spec(name) is not None


def _patch(name: str, module: ModuleType) -> None:
    """Replace names in a real module. `io` is set only for a torchaudio without it."""
    for attribute, value in _NAMES[name].items():
        before = getattr(module, attribute, _MISSING)
        if value is io and before is not _MISSING:
            continue
        if before is not value:
            _before.append((module, attribute, before))
            setattr(module, attribute, value)


class _Loader(Loader):
    """Loader that calls the module's own loader and then replaces names."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> object:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        ours: tuple[Any, ...] = (CodecConfig, StreamingMediaEncoder)
        before = [(own, own.__init__, own.__doc__) for own in ours]
        self._loader.exec_module(module)
        # torchaudio 2.8 adds deprecation warnings to these classes.
        for own, init, doc in before:
            own.__init__, own.__doc__ = init, doc
        _patch(module.__name__, module)


class _Finder(MetaPathFinder):
    """Finder that wraps the loader of specs that other finders return."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname not in _NAMES:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


_finder = _Finder()
