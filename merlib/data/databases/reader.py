"""What a database's reader is: a name, a place on disk, and a function from its folder to one row an annotated clip."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pandas as pd


class DatabaseNotFound(FileNotFoundError):
    """The folder of a database is not there; the message shows the expected tree and how to get one."""


class Correction(NamedTuple):
    """A change to one clip's annotation, made only where the clip cannot be used as it is annotated.

    `change` maps a column of `annotations` to its text; `why` is what a reader of the table is told.
    """

    change: Mapping[str, str]
    why: str


class Published(NamedTuple):
    """The counts of one published version of a database: clips, persons (None: not published), and clips an emotion."""

    subjects: int | None
    emotions: Mapping[str, int]

    @property
    def rows(self) -> int:
        return sum(self.emotions.values())


@dataclass(frozen=True)
class Reader:
    """One database.

    `annotations(folder)` gives one row an annotated clip, everything as text but `cropped`: database, subject, clip, onset,
    apex, offset, fps, aus, emotion, cropped, `path` (the folder of the frames, or the one file), `file` and `row` (where it is
    annotated) and `fault` (why it cannot be used, empty if it can, as far as the reader itself sees).
    `markers` are patterns of which one must be found in the database's folder. `corrections` are keyed on (subject, clip).
    """

    name: str
    title: str
    folder: str
    markers: tuple[str, ...]
    tree: str
    how_to_get: str
    annotations: Callable[[Path], pd.DataFrame]
    look_alike: bool = True
    published: Mapping[str, Published] = field(default_factory=dict)
    corrections: Mapping[tuple[str, str], Correction] = field(default_factory=dict)

    def locate(self, data_root: Path) -> Path:
        """The database's folder: inside `data_root`, or `data_root` itself (for own clips also the list's file).

        Raises DatabaseNotFound.
        """
        if data_root.is_file() and any(data_root.match(marker) for marker in self.markers):
            return data_root
        for folder in (data_root / self.folder, data_root):
            if any(next(folder.glob(marker), None) for marker in self.markers):
                return folder
        look_alike = f"\nLook-alike data in the same place: merlib data synth {self.name} --data-root {data_root}"
        raise DatabaseNotFound(
            f"no {self.title} in {data_root}. Expected there:\n\n{self.tree.strip()}\n\n"
            f"How to get it: {self.how_to_get}; see data/README.md.{look_alike if self.look_alike else ''}"
        )
