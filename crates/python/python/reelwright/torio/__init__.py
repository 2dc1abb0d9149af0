"""torio's module paths: ``from reelwright.torio.io import StreamingMediaEncoder``.

:func:`install` is for code that cannot be edited.
"""

from . import io, utils
from ._install import install, uninstall

__all__ = ["install", "io", "uninstall", "utils"]
