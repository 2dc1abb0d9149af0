"""The names of types, for type checkers alone."""

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from typing_extensions import Buffer


class SupportsDLPack(Protocol):
    """A tensor or array that DLPack can lend: torch's, numpy's, jax's and others'."""

    # What libraries declare here differs too much to say more.
    @property
    def __dlpack__(self) -> Any: ...


class SupportsArrayInterface(Protocol):
    """An array with numpy's ``__array_interface__``."""

    @property
    def __array_interface__(self) -> Any: ...


class SupportsWrite(Protocol):
    """A destination: something with ``write``, which takes bytes and returns how many it took, or
    nothing where it always takes all. With ``seek`` the file's start can be mended later."""

    def write(self, data: bytes, /) -> Any: ...


Array: TypeAlias = "SupportsDLPack | SupportsArrayInterface | Buffer"
Destination: TypeAlias = "str | PathLike[str] | PathLike[bytes] | SupportsWrite"
Options: TypeAlias = Mapping[str, str]
ResampleQuality: TypeAlias = Literal["fast", "default", "high"]
ScaleFilter: TypeAlias = Literal["neighbor", "bilinear", "bicubic", "lanczos", "area"]
