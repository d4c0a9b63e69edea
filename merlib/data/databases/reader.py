"""What a database's reader is: its names, its place on disk, and a function from its folder to one row per clip."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from merlib.data.databases import cells, folders

SHEETS = tuple(f"*{suffix}" for suffix in cells.READ)


class DatabaseNotFound(FileNotFoundError):
    """The folder of a database is not there; the message shows the expected tree and how to get one."""


class Correction(NamedTuple):
    """A change to one clip's annotation, made only if the clip cannot be used as annotated.

    `change` maps a column of `annotations` to its text; `why` is what a reader of the table is told.
    """

    change: Mapping[str, str]
    why: str


class Published(NamedTuple):
    """The counts of one published version of a database: subjects (None: not published), and clips per emotion."""

    subjects: int | None
    emotions: Mapping[str, int]

    @property
    def rows(self) -> int:
        return sum(self.emotions.values())


@dataclass(frozen=True)
class Reader:
    """One database.

    `name` is what code and parameters call it, `title` what tables and figures print, and `folder` where it lies in a
    data root. `fps` is the frame rate of all its clips (None: unknown, or another one for each clip).

    `annotations(folder)` gives one row per annotated clip with the columns subject, clip, onset, apex, offset, emotion,
    `path` (the folder of the frames, or the one file) and `file` (where the clip is annotated), all as text. `rows`
    adds the others, unless `annotations` has them. `markers` are patterns of which one must be found in the database's
    folder. `read_too` are patterns of files beside the annotations that are read as well, `clip_folders` is one of the
    folders that hold one clip each, `sheets` are patterns of annotation sheets of which one may be given in place of the
    folder. `corrections` are keyed on (subject, clip). What a user should know of the annotations as a whole stands in
    `attrs["notes"]` of the rows, one sentence each.
    """

    name: str
    title: str
    folder: str
    markers: tuple[str, ...]
    tree: str
    how_to_get: str
    annotations: Callable[[Path], pd.DataFrame]
    fps: int | None = None
    look_alike: bool = True
    read_too: tuple[str, ...] = ()
    clip_folders: str = ""
    sheets: tuple[str, ...] = ()
    published: Mapping[str, Published] = field(default_factory=dict)
    corrections: Mapping[tuple[str, str], Correction] = field(default_factory=dict)

    def rows(self, folder: Path) -> pd.DataFrame:
        """`annotations(folder)` with the columns in which most clips of most databases are alike.

        They are database, fps, aus (none), `cropped` (False; the only one that is no text), `row` (none), `fault` (why
        the clip cannot be used, as far as the reader sees; empty) and `no_frames` (why its frames cannot; empty). Raises SheetError also where the name of a file
        or folder is not UTF-8.
        """
        try:
            rows = self.annotations(folder)
        except UnicodeEncodeError:  # of pandas, whose texts are UTF-8
            place = cells.shown(str(folder))
            raise cells.SheetError(f"names that cannot be read in {place}", folders.names_not_utf8(folder)) from None
        alike = {
            "database": self.name,
            "fps": str(self.fps or ""),
            "aus": "",
            "cropped": False,
            "row": None,
            "fault": "",
            "no_frames": "",
        }
        return rows.assign(**{name: value for name, value in alike.items() if name not in rows})

    def locate(self, data_root: Path, frames: bool = True) -> Path:
        """The database's folder: inside `data_root`, or `data_root` itself, which may be one of `sheets`.

        Without `frames` a folder with an annotation sheet will do. Raises DatabaseNotFound.
        """
        if data_root.is_file() and any(data_root.match(marker) for marker in self.markers):
            return data_root
        if any(data_root.match(sheet) for sheet in self.sheets) and self._is_in(data_root.parent, frames):
            return data_root
        for folder in (data_root / self.folder, data_root):
            if self._is_in(folder, frames):
                return folder
        look_alike = f"\nLook-alike data in the same place: merlib data synth {self.name} --data-root {data_root}"
        raise DatabaseNotFound(
            f"no {self.title} in {data_root}. Expected there:\n\n{self.tree.strip()}\n\n"
            f"How to get it: {self.how_to_get}; see data/README.md.{look_alike if self.look_alike and not data_root.is_file() else ''}"
        )

    def _is_in(self, folder: Path, frames: bool) -> bool:
        return any(next(folder.glob(marker), None) for marker in (*self.markers, *(() if frames else SHEETS)))
