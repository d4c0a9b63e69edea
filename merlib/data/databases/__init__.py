"""Databases on disk -> clip tables. A database is one module with a `READER`, and its name in `NAMES`."""

import os
import warnings
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pandas as pd

from merlib import paths, progress
from merlib.data.clips import Clips
from merlib.data.databases.assemble import assemble
from merlib.data.databases.reader import DatabaseNotFound, Reader
from merlib.data.databases.report import Report, inspect
from merlib.data.databases.sheets import SheetError
from merlib.data.source import Source

__all__ = ["READERS", "DatabaseNotFound", "Report", "SheetError", "check", "read"]

# the module of each database has its name
NAMES = (
    "casme2", "samm", "smic", "mmew", "casme", "cas_me_2", "cas_me_3", "dfme", "megc2019_flow", "megc2019_flow_causalnet",
    "ckplus", "oulu_casia", "jaffe", "mug", "own",
)  # fmt: skip
READERS: dict[str, Reader] = {name: import_module(f"{__name__}.{name}").READER for name in NAMES}


def read(name: str, data_root: Path | str = "", frames: bool = True) -> Clips:
    """The clips of a database, by one of `NAMES`: `casme2`, ..., or `own` for a list of one's own clips.

    `data_root` (default: the project's data/) holds the databases' folders, or is the database's folder; for `own` it
    is the list of clips. With `frames=False` the annotations alone are read, for what needs labels and no pictures: no
    file of a frame need be there, and `frames` of the table are empty. Clips that cannot be used are in `excluded` of the
    result, with the reasons. Warns of names that are read as one, and of clips that overlap.
    Raises DatabaseNotFound with the expected folder tree, SheetError with all faults of annotations that make no sense
    as a whole, and ValueError for an unknown name.
    """
    reader, folder = _find(name, data_root, frames)
    clips = assemble(reader.rows(folder), reader.corrections, _source(reader, folder), frames)
    progress.note_source(folder)
    for note in clips.notes:
        warnings.warn(note, stacklevel=2)
    return _relative(clips, _home(folder))


def check(name: str, data_root: Path | str = "") -> Report:
    """A report of everything that is wrong with a database's files.

    It lists counts that differ from the published ones, and every frame, row or class that cannot be used. The counts
    of a look-alike are told and not compared. Opens every frame; that takes minutes for a whole database. Where there
    are no frames, the annotations alone are checked, and the report says so.

    Raises DatabaseNotFound, and ValueError for an unknown name.
    """
    try:
        (reader, folder), frames = _find(name, data_root, frames=True), True
    except DatabaseNotFound as error:
        try:
            (reader, folder), frames = _find(name, data_root, frames=False), False
        except DatabaseNotFound:
            raise error from None
    source = _source(reader, folder)
    return inspect(reader, folder, source, frames, counted=not source.look_alike)


def _find(name: str, data_root: Path | str, frames: bool) -> tuple[Reader, Path]:
    if name not in READERS:
        raise ValueError(f"no database {name!r}; there are {', '.join(READERS)}")
    root = Path(data_root).expanduser().resolve() if data_root else paths.data()
    return READERS[name], READERS[name].locate(root, frames)


def _relative(clips: Clips, folder: Path) -> Clips:
    """The clips with paths below `folder` in what is said of them: tables of that are passed on."""

    def short(texts: pd.Series) -> pd.Series:
        inside = texts.str.replace(f"{folder}{os.sep}", "", regex=False)
        return inside.str.replace(str(folder), folder.name, regex=False)

    excluded = clips.excluded.assign(reason=short(clips.excluded["reason"].astype(str)))
    return replace(clips, table=clips.table.assign(note=short(clips.table["note"])), excluded=excluded)


def _source(reader: Reader, folder: Path) -> Source:
    """Where the data is from: what the folder's note says, or the user's copy."""
    return Source.of_folder(_home(folder), f"{reader.title}, the user's copy")


def _home(place: Path) -> Path:
    """The folder of a database; of a sheet or a list, the folder that it lies in."""
    return place if place.is_dir() else place.parent
