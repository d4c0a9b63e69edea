"""Databases without a sheet: the folders' names say who shows what. A folder of pictures is a clip, or misplaced."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from merlib.data.databases import cells
from merlib.data.databases.cells import Fault, SheetError
from merlib.data.pictures import PICTURES


def rows(root: Path, pattern: str, such_as: str, inside: Path) -> list[dict]:
    """One row per clip's folder below `root`, with columns of `Reader.annotations`.

    `pattern` is a regular expression of a clip's path below `root`; its groups (subject, clip, emotion) become columns.
    The other columns are path, file (the path below `inside`), row and fault. Only innermost folders, and folders with
    pictures, are looked at. If such a folder holds pictures but has another form, its row has a fault and no subject,
    so that it is reported; `such_as` is the form that the fault asks for. Hidden files and folders are passed over.
    Raises SheetError when there is no clip.
    """
    found = []
    for folder, num_pictures in _leaves(root):
        file = folder.relative_to(inside).as_posix()
        if match := re.fullmatch(pattern, folder.relative_to(root).as_posix()):
            found.append(match.groupdict() | _place(folder, file))
        elif num_pictures:
            fault = f"{num_pictures} pictures in a folder that is no clip's; a clip's folder is such as {such_as}"
            found.append(stray(folder, file, fault))
    if not any(row["subject"] for row in found):
        faults = [(row["file"], None, row["fault"]) for row in found[:10]]
        raise SheetError(f"no clips in {root}", faults or [(root.name, None, f"no folder such as {such_as}")])
    return found


def names_not_utf8(root: Path) -> list[Fault]:
    """The files and folders in `root` with a name that no table can hold; only `root` itself if its own is such."""
    said = "is not in UTF-8; accepted are letters of UTF-8: rename it"
    if cells.not_utf8(str(root)):
        return [(cells.shown(str(root)), None, said)]
    inside = [Path(folder, name) for folder, below, files in os.walk(root) for name in sorted(below + files)]
    found = [cells.shown(path.relative_to(root).as_posix()) for path in inside if cells.not_utf8(path.name)]
    return cells.shortened([(name, None, said) for name in found])


def stray(path: Path, file: str, fault: str) -> dict:
    """The row of something that lies where it means nothing: reported, and counted as no clip."""
    return {"subject": "", "clip": file, "emotion": ""} | _place(path, file) | {"fault": fault}


def _place(path: Path, file: str) -> dict:
    return {"path": str(path), "file": file, "row": None, "fault": ""}


def _leaves(root: Path) -> Iterator[tuple[Path, int]]:
    """Folders with pictures and innermost folders, in order, with the number of their pictures."""
    for folder, below, files in os.walk(root):
        below[:] = sorted(name for name in below if not name.startswith((".", "__MACOSX")))
        pictures = [name for name in files if name.lower().endswith(PICTURES) and not name.startswith(".")]
        if pictures or not below:
            yield Path(folder), len(pictures)
