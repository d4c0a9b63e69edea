"""Progress of a loop: a bar for a person who watches, lines in a file for a run that nobody watches."""

import json
import os
from collections.abc import Iterable, Iterator, Sized
from pathlib import Path
from typing import TypeVar

from tqdm.auto import tqdm

Item = TypeVar("Item")


def track(iterable: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Yields the items of `iterable` and shows how many of them the loop has finished.

    A tqdm bar in a terminal or a notebook. When the environment variable `MERLIB_PROGRESS` names a file, a
    line `description 3/120` is appended to it after each finished item instead, so that a headless run can be
    followed from outside. `total` is needed only where `iterable` has no length and the end should be shown.
    """
    if total is None and isinstance(iterable, Sized):
        total = len(iterable)
    if os.environ.get("MERLIB_PROGRESS"):
        yield from _lines(iterable, description, total)
    else:
        yield from tqdm(iterable, desc=description, total=total)


def note_fold(key: str, seconds: float, trained: bool, precision: str) -> None:
    """Appends a line `key seconds trained precision` to the file that the environment variable `MERLIB_FOLDS` names, if it does.

    A headless run reads from it how much of its training was done before. `trained`: now, or read from the cache (0).
    """
    _note("MERLIB_FOLDS", f"{key} {seconds:.2f} {int(trained)} {precision}")


def note_source(folder: Path) -> None:
    """Appends a database's folder to the file that the environment variable `MERLIB_SOURCES` names, if it does.

    The manifest of a headless run lists what was read.
    """
    _note("MERLIB_SOURCES", json.dumps(str(folder)))


def _note(variable: str, line: str) -> None:
    """Appends a line to the file that the environment variable names, if it names one. Raises OSError that says where."""
    if not (path := os.environ.get(variable)):
        return
    try:
        # opened anew each time: several workers append to one file, and a short append is one write
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
    except OSError as error:
        folder = Path(path).parent
        raise OSError(
            f"{path} cannot be written: {error.strerror}. Finished folds are kept: free some space in {folder}, or let TMPDIR "
            "name another folder, and repeat"
        ) from error


def _lines(iterable: Iterable[Item], description: str, total: int | None) -> Iterator[Item]:
    for done, item in enumerate(iterable, start=1):
        yield item
        _note("MERLIB_PROGRESS", f"{description} {done}{f'/{total}' if total is not None else ''}")
