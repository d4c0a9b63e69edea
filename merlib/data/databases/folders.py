"""Databases without a sheet, whose folders say who shows what: a folder with pictures is a clip, or out of place."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from merlib.data.databases.sheets import PICTURES, SheetError


def rows(root: Path, pattern: str, such_as: str, inside: Path) -> list[dict]:
    """A row a folder below `root` that holds pictures or nothing at all, in the columns of `Reader.annotations` that
    `pattern`, a regular expression of its path below `root`, has groups for (subject, clip, emotion), and path, file (the
    path below `inside`), row and fault.

    A folder of another form that holds pictures is a row with a fault and without a subject, so that it is reported;
    `such_as` is the form that the fault asks for. Hidden files and folders are passed over. Raises SheetError when there
    is no clip at all.
    """
    found = []
    for folder, num_pictures in _leaves(root):
        file = folder.relative_to(inside).as_posix()
        if match := re.fullmatch(pattern, folder.relative_to(root).as_posix()):
            found.append(match.groupdict() | _place(folder, file))
        elif num_pictures:
            fault = f"{num_pictures} pictures in a folder that is no clip's, which would be such as {such_as}"
            found.append(stray(folder, file, fault))
    if not any(row["subject"] for row in found):
        faults = [(row["file"], None, row["fault"]) for row in found[:10]]
        raise SheetError(f"no clips in {root}", faults or [(root.name, None, f"no folder such as {such_as}")])
    return found


def stray(path: Path, file: str, fault: str) -> dict:
    """The row of something that lies where it means nothing: reported, and counted as no clip."""
    return {"subject": "", "clip": file, "emotion": ""} | _place(path, file) | {"fault": fault}


def _place(path: Path, file: str) -> dict:
    return {"path": str(path), "file": file, "row": None, "fault": ""}


def _leaves(root: Path) -> Iterator[tuple[Path, int]]:
    """Folders in order with the number of their pictures, if that is above 0 or nothing lies below them."""
    for folder, below, files in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith((".", "__MACOSX")))
        pictures = [name for name in files if name.lower().endswith(PICTURES) and not name.startswith(".")]
        if pictures or not below:
            yield Path(folder), len(pictures)
