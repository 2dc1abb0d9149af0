"""Fixtures: arrays of every library that is there, and a table of differences."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import LIBRARIES, Make, import_or_skip

ROWS = pytest.StashKey[list[tuple[str, str, str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


@pytest.fixture
def rows(pytestconfig: pytest.Config) -> list[tuple[str, str, str, str]]:
    """The table of differences: case, what, torio's, ours."""
    return pytestconfig.stash.setdefault(ROWS, [])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Prints where torio and ours differ."""
    rows = config.stash.get(ROWS, [])
    if not rows:
        return
    terminalreporter.section("where torio and reelwright differ")
    table = [("case", "what", "torio", "reelwright"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    for row in table:
        terminalreporter.write_line("  ".join(map(str.ljust, row, widths)).rstrip())


@pytest.fixture(params=list(LIBRARIES))
def make(request: pytest.FixtureRequest) -> Make:
    """Makes an array of a library out of numpy's."""
    import_or_skip(request.param)
    return LIBRARIES[request.param]


@pytest.fixture(params=["numpy", "torch"])
def tensor(request: pytest.FixtureRequest) -> Make:
    """As `make`, of the libraries that torio's users have."""
    import_or_skip(request.param)
    return LIBRARIES[request.param]
