"""The clip table: one row per clip, checked when it is made, with the classes that papers report on.

Columns: `database`, `subject`, `clip`; `frames`, the file paths onset..offset in order, one per frame (a single path is
a video, or a picture computed from the whole clip), in all rows or in none (clips that were read without frames); `onset`, `apex`, `offset`, the annotation's own frame numbers (Int64,
apex <NA> where the database has none); `fps` (float, NaN unknown); `aus` and `emotion` as annotated, `emotion` in lower
case; `cropped`, whether the files are face crops already. Some readers add `file` and `row` (where the clip is annotated),
`note` (what was corrected), `objective` (the objective class in use, I to VII, one of `objective_sheet` and
`objective_file`) and `person` (who the subject is, "" by its own
name). `Clips.classes` adds `label`, the class name.
"""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from merlib.data import frame_files, names, schemes
from merlib.data.source import Source

COLUMNS = (
    "database", "subject", "clip", "frames", "onset", "apex", "offset", "fps", "aus", "emotion", "cropped",
)  # fmt: skip
KEY = ["database", "subject", "clip"]
TWO_PEOPLE = (
    "two people have the same frames, so leave-one-subject-out would train on its test pictures "
    "(accepted: other frames for one of them, or one subject for both)"
)
EXCLUDED_COLUMNS = ("database", "subject", "clip", "file", "row", "reason")


class ClipTableError(ValueError):
    """A clip table with faults; the message lists all of them with database, subject, clip, file and row."""


def make_table(records: list[dict]) -> pd.DataFrame:
    """A clip table of records that have the keys of `COLUMNS` and any others, in the types that `validate` expects."""
    table = pd.DataFrame(records, columns=None if records else list(COLUMNS))
    table = table[[*COLUMNS, *(name for name in table.columns if name not in COLUMNS)]]
    integers = dict.fromkeys({"onset", "apex", "offset", "row"} & set(table.columns), "Int64")
    return table.astype(integers | {"fps": float, "cropped": bool})


def validate(table: pd.DataFrame) -> None:
    """Raises ClipTableError that lists every fault of a clip table: a missing column, a clip twice, a subject who is two
    people, an apex outside onset..offset, a number of frames other than onset..offset, an emotion that cannot be read.

    The files themselves are not opened: `databases.check` does that. Action units matter only to the classes that go by
    them: `Clips.classes` leaves out a clip whose action units cannot be read.
    """
    if missing := [name for name in COLUMNS if name not in table.columns]:
        raise ClipTableError(f"the clip table has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
    rows = table.to_dict("records")
    faults = [f"{_where(row)}: {fault}" for row in rows for fault in _faults(row)]
    if any(row["frames"] for row in rows):
        faults += [f"{_where(row)}: it has no frames, and others have" for row in rows if row["frames"] == []]
    named = table.astype(dict.fromkeys(KEY, str))
    twice = table[pd.Series(names.clips(named), table.index, dtype=object).duplicated(keep=False)]
    faults += [f"{_where(row)}: this clip is in the table more than once" for row in twice.to_dict("records")]
    faults += [f"{_where(row)}: {fault}" for row, fault in names.contradictions(named)]
    if faults:
        raise ClipTableError(f"{len(faults)} faults in the clip table:\n  " + "\n  ".join(faults))


def _where(row: Mapping) -> str:
    place = f" ({names.place(row)})" if row.get("file") else ""
    return f"{row['database']} {row['subject']} {row['clip']}{place}"


def _faults(row: Mapping) -> Iterator[str]:
    for name in ("database", "subject", "clip", "emotion"):
        if not isinstance(row[name], str) or not names.plain(row[name]):
            yield f"{name} is empty"
    if isinstance(row["emotion"], str) and row["emotion"] != names.plain(row["emotion"]):
        yield f"emotion {row['emotion']!r} is to be written {names.plain(row['emotion'])!r}"
    if not pd.isna(row["fps"]) and not 0 < row["fps"] < float("inf"):
        yield f"fps is {row['fps']}, not a number above 0"
    if not isinstance(row["aus"], str):
        yield f"aus is {row['aus']!r}, not a text"
    yield from _frame_faults(row["frames"], row["onset"], row["apex"], row["offset"])


def _frame_faults(frames: list[str], onset: int, apex: int, offset: int) -> Iterator[str]:
    if not isinstance(frames, list):
        yield "frames is not a list of paths"
    elif pd.isna(onset) or pd.isna(offset):
        if len(frames) > 1:
            yield f"onset or offset is missing though there are {len(frames)} frames"
    elif offset < onset:
        yield f"offset {offset} comes before onset {onset}"
    else:
        if not pd.isna(apex) and not onset <= apex <= offset:
            yield f"apex {apex} is outside onset..offset, {onset}..{offset}"
        if len(frames) not in (0, 1, offset - onset + 1):
            yield f"{len(frames)} frames for onset..offset, {onset}..{offset}"


def _refuse_frames_of_two_people(table: pd.DataFrame) -> None:
    people, where = names.people(table), [_where(row) for row in table.to_dict("records")]
    mixed = [(a, b) for a, b, _ in frame_files.shared(table) if people[a] != people[b]]
    if mixed:
        faults = [f"{where[b]}: has frames of {where[a]}" for a, b in mixed]
        raise ClipTableError(f"{TWO_PEOPLE}:\n  " + "\n  ".join(faults))


@dataclass(frozen=True, eq=False)
class Clips:
    """A clip table that passed `validate`, and what was left out of it.

    `excluded` has one row per excluded clip (`EXCLUDED_COLUMNS`). `source` says where the data is from. `notes` are
    sentences that a user should read: names that became one, clips that overlap. `scheme` and `class_names` are empty
    until `classes` is called. Positions 0..n-1 are the same in `table`, `y`, `subjects` and
    `apex_index`, and in the arrays that other modules compute from the clips.
    """

    table: pd.DataFrame
    excluded: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(EXCLUDED_COLUMNS)))
    source: Source = field(default_factory=Source)
    notes: tuple[str, ...] = ()
    scheme: str = ""
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        validate(self.table)
        object.__setattr__(self, "table", self.table.reset_index(drop=True))

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, index: np.ndarray) -> "Clips":
        """The clips at a boolean mask or at positions, in that order; `excluded` stays as it is."""
        return replace(self, table=self.table.iloc[np.arange(len(self))[index]])

    @property
    def database(self) -> str:
        """The names of the databases, joined by +."""
        return "+".join(self.table["database"].unique())

    @property
    def subjects(self) -> np.ndarray:
        """One key per clip, (n,), the same for all clips of one person: `smic/001` for `s1` and `s01` (`names.people`).

        Names alone say who is who. `casme/001` and `casme2/001` may be one person; nothing here can tell.
        """
        return np.array(names.people(self.table), dtype=str)

    @property
    def y(self) -> np.ndarray:
        """Class indices into `class_names`, int64 (n,). Raises ValueError before `classes` was called."""
        if not self.class_names:
            raise ValueError(
                f"these clips have no classes yet: call .classes(scheme), one of {', '.join(schemes.ACCEPTED)}"
            )
        index = {name: i for i, name in enumerate(self.class_names)}
        return np.array([index[label] for label in self.table["label"]], dtype=np.int64)

    @property
    def apex_index(self) -> np.ndarray:
        """Position of the apex among a clip's frames, int64 (n,); the middle frame where the apex is not annotated."""
        middle = (self.table["offset"] - self.table["onset"]) // 2
        return (self.table["apex"] - self.table["onset"]).fillna(middle).fillna(0).to_numpy(np.int64)

    def classes(self, scheme: str) -> "Clips":
        """The clips of a scheme's classes: `casme2-5`, `samm-3`, ... (`schemes.SCHEMES`), or `own`: each emotion found is a
        class, in alphabetical order. Clips of other emotions go to `excluded`.

        Warns of classes without a clip. Raises ValueError for an unknown scheme, or one that these clips' databases or
        annotations do not fit: when a database has no clip in any class.
        """
        found = schemes.classified(scheme, self.table)
        for note in found.notes:
            warnings.warn(note, stacklevel=2)
        labelled = replace(
            self,
            table=self.table.assign(label=found.labels),
            scheme=scheme,
            class_names=found.names,
            notes=(*self.notes, *found.notes),
        )
        return labelled._without(found.labels.isna(), found.reasons)

    def permuted(self, seed: int) -> "Clips":
        """The same clips with their labels in a random order: the permuted control, in which there is nothing to learn."""
        labels = np.random.default_rng(seed).permutation(self.table["label"])
        return replace(self, table=self.table.assign(label=labels))

    def counts(self) -> pd.DataFrame:
        """Columns class, clips, subjects: one row per class in class order (one per emotion before `classes`)."""
        names = self.table["label"] if self.class_names else self.table["emotion"]
        groups = pd.DataFrame({"class": names, "person": self.subjects}).groupby("class")["person"]
        counts = pd.DataFrame({"clips": groups.size(), "subjects": groups.nunique()})
        order = self.class_names or sorted(names.unique())
        return counts.reindex(order, fill_value=0).rename_axis("class").reset_index()

    def drop(self, reasons: Mapping[tuple[str, str, str], str]) -> "Clips":
        """The clips without those that `reasons`, (database, subject, clip) -> reason, names; they go to `excluded`.

        Any spelling of a name does. Raises ValueError when a named clip is not among these clips.
        """
        named = names.clips(pd.DataFrame(list(reasons), columns=KEY))
        keys = names.clips(self.table[KEY])
        if unknown := [key for key, name in zip(reasons, named, strict=True) if name not in set(keys)]:
            raise ValueError(f"not among the clips of {self.database}: {sorted(unknown)}")
        reason_of = dict(zip(named, reasons.values(), strict=True))
        given = pd.Series([reason_of.get(key) for key in keys], index=self.table.index, dtype=object)
        return self._without(given.notna(), given)

    def concat(self, *others: "Clips") -> "Clips":
        """Clips of several databases as one: `Clips.concat(a, b, c)`, or `a.concat(b, c)`.

        Raises ValueError when their classes differ, ClipTableError when a clip is in two of them, or when two people
        share frames.
        """
        parts = (self, *others)
        if len({part.class_names for part in parts}) > 1:
            different = "; ".join(f"{part.database}: {', '.join(part.class_names) or 'none yet'}" for part in parts)
            raise ValueError(f"clips of different classes cannot be joined ({different})")
        table = pd.concat([part.table for part in parts], ignore_index=True)
        _refuse_frames_of_two_people(table)
        said = dict.fromkeys(note for part in parts for note in part.notes)
        new = [note for note in names.merged(table) if note not in said]
        for note in new:
            warnings.warn(note, stacklevel=2)
        return Clips(
            table=table,
            excluded=pd.concat([part.excluded for part in parts], ignore_index=True),
            source=Source.joined(part.source for part in parts),
            notes=(*said, *new),
            scheme="+".join(dict.fromkeys(part.scheme for part in parts)),
            class_names=self.class_names,
        )

    def _without(self, out: pd.Series, reasons: pd.Series) -> "Clips":
        gone = self.table[out].assign(reason=reasons[out]).reindex(columns=list(EXCLUDED_COLUMNS))
        excluded = pd.concat([self.excluded, gone], ignore_index=True) if len(gone) else self.excluded
        return replace(self, table=self.table[~out], excluded=excluded)
