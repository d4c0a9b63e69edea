"""What must hold after every fault."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from merlib.cache.files import PARTIAL, sha256

LONGEST = 25  # lines of a message: ten faults, what a run says at its end, and some


def kinds(table: Mapping[str, Any], fast: Collection[str] = ()) -> list:
    """The rows of a table as a test's parameters. `make test` runs the `fast` ones."""
    return [pytest.param(row, id=name, marks=[] if name in fast else pytest.mark.faults) for name, row in table.items()]


def named(*functions: Callable) -> dict[str, Callable]:
    """A table of functions by their names in words."""
    return {function.__name__.replace("_", " "): function for function in functions}


def assert_helpful(message: str, *place: str, accepts: str) -> None:
    """A message for the person who made the mistake: it names every `place` and, by a regular expression, the remedy."""
    assert message.strip(), "nothing was said"
    assert "Traceback" not in message, message
    assert len(message.strip().splitlines()) <= LONGEST, message
    for piece in place:
        assert piece in message, f"{piece!r} is not in: {message}"
    assert re.search(accepts, message), f"no remedy like {accepts!r} in: {message}"


def assert_same_bits(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def snapshot(folder: Path) -> dict[str, tuple[str, int]]:
    """Every file below a folder with its hash and time of change."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (sha256(path), path.stat().st_mtime_ns) for path in files}


def hashes(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash."""
    return {name: found for name, (found, _) in snapshot(folder).items()}


def temporary(folder: Path) -> list[Path]:
    """What a killed process left half written below a folder."""
    return [path for path in folder.rglob("*") if path.name.startswith(PARTIAL) or path.suffix in (".tmp", ".partial")]


def whole_runs(runs: Path) -> list[Path]:
    """The folders with a finished run in which every file is as its manifest says."""
    folders = [manifest.parent for manifest in runs.rglob("manifest.json")]
    hashes = {folder: json.loads((folder / "manifest.json").read_text())["sha256"] for folder in folders}
    return [
        folder
        for folder, named in hashes.items()
        if all((folder / name).is_file() and sha256(folder / name) == found for name, found in named.items())
    ]


def is_part(before: dict, after: dict) -> bool:
    """Whether all files of a snapshot are in a later one, unchanged."""
    return before.items() <= after.items()
