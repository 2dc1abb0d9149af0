"""Names of types, only for type checkers."""

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from typing_extensions import Buffer


class SupportsDLPack(Protocol):
    """A tensor or array with DLPack: that of torch, numpy, jax and others."""

    # The signatures in libraries differ too much to be more specific.
    @property
    def __dlpack__(self) -> Any: ...


class SupportsArrayInterface(Protocol):
    """An array with numpy's ``__array_interface__``."""

    @property
    def __array_interface__(self) -> Any: ...


class SupportsWrite(Protocol):
    """A destination with ``write``, which accepts bytes and returns how many it wrote, or ``None``
    if it always writes all. With ``seek``, the start of the file can be updated later."""

    def write(self, data: bytes, /) -> Any: ...


Array: TypeAlias = "SupportsDLPack | SupportsArrayInterface | Buffer"
Destination: TypeAlias = "str | PathLike[str] | PathLike[bytes] | SupportsWrite"
Options: TypeAlias = Mapping[str, str]
ResampleQuality: TypeAlias = Literal["fast", "default", "high"]
ScaleFilter: TypeAlias = Literal["neighbor", "bilinear", "bicubic", "lanczos", "area"]
