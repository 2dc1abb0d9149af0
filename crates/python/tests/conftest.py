"""Fixtures: arrays of every installed library, and a table of differences from torio."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from helpers import LIBRARIES, Make, import_or_skip

ROWS = pytest.StashKey[list[tuple[str, str, str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []
    path = os.environ.get("REELWRIGHT_COLLECT_MESSAGES")
    if path:
        collect_messages(path)


def collect_messages(path: str) -> None:
    """Append the messages of exceptions of the package to the file that `cargo xtask draw` names."""

    def trace(frame: Any, event: str, arg: Any) -> Any:
        frame.f_trace_lines = False
        if event == "exception":
            error = arg[1]
            if type(error).__module__.startswith("reelwright"):
                with open(path, "a") as file:
                    file.write("error: " + " ".join(str(error).split()) + "\n")
        return trace

    sys.settrace(trace)


@pytest.fixture
def rows(pytestconfig: pytest.Config) -> list[tuple[str, str, str, str]]:
    """Return the table of differences: case, property, torio's value, this package's value."""
    return pytestconfig.stash.setdefault(ROWS, [])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the differences between torio and this package."""
    rows = config.stash.get(ROWS, [])
    if not rows:
        return
    terminalreporter.section("differences between torio and reelwright")
    table = [("case", "what", "torio", "reelwright"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    for row in table:
        terminalreporter.write_line("  ".join(map(str.ljust, row, widths)).rstrip())


@pytest.fixture(params=list(LIBRARIES))
def make(request: pytest.FixtureRequest) -> Make:
    """Convert a numpy array to an array of a library."""
    import_or_skip(request.param)
    return LIBRARIES[request.param]


@pytest.fixture(params=["numpy", "torch"])
def tensor(request: pytest.FixtureRequest) -> Make:
    """As `make`, for the libraries that torio supports."""
    import_or_skip(request.param)
    return LIBRARIES[request.param]
