"""What `merlib data check` says: a database's counts beside the published ones, and every fault of its files."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from merlib.data import aus, names, objective, pictures
from merlib.data.databases import cells
from merlib.data.databases.assemble import assemble
from merlib.data.databases.reader import Published, Reader
from merlib.data.databases.sheets import SheetError
from merlib.data.source import Source
from merlib.progress import track

NOT_COMPARED = "not compared with the published counts, as this is look-alike data"
FAULT_COLUMNS = ["database", "subject", "clip", "file", "row", "fault"]


@dataclass(frozen=True, eq=False)
class Report:
    """`faults` has one row per fault (`FAULT_COLUMNS`); `notes` are further sentences worth knowing.

    `frames`: whether there were frames to look at.
    """

    title: str
    source: Source
    faults: pd.DataFrame
    notes: tuple[str, ...] = ()
    frames: bool = True

    @property
    def ok(self) -> bool:
        return self.faults.empty

    def __str__(self) -> str:
        well = "all is well" if self.frames else "all is well with the annotations; there are no frames"
        verdict = well if self.ok else f"faults: {len(self.faults)}"
        lines = [f"{self.title}: {verdict} (source: {self.source})", *(f"  note: {note}" for note in self.notes)]
        for fault in self.faults.itertuples():
            place = " ".join(text for text in (fault.database, fault.subject, fault.clip) if text)
            row = "" if pd.isna(fault.row) else f", row {fault.row}"
            lines.append(f"  {place}: {fault.fault}" + (f" ({fault.file}{row})" if fault.file else ""))
        return "\n".join(lines)


def inspect(reader: Reader, folder: Path, source: Source, frames: bool = True, counted: bool = True) -> Report:
    """The report of one database's folder; `frames`: they are there, `counted`: its counts should be the published ones."""
    try:
        rows = reader.rows(folder)
        clips = assemble(rows, reader.corrections, source, frames)
    except SheetError as error:
        faults = [{"file": file, "row": row, "fault": fault} for file, row, fault in error.faults]
        return Report(reader.title, source, _frame(reader, faults), (error.title,), frames)
    counts, faults = _compare(rows, reader) if counted else (f"{_words(_counts(rows))}; {NOT_COMPARED}", [])
    faults += clips.excluded.rename(columns={"reason": "fault"}).to_dict("records")
    faults += [*_unknown_classes(rows, reader), *_unread_units(rows)]
    faults += _unreadable(clips.table) if frames else []
    corrected = [f"{row.subject} {row.clip}: {row.note}" for row in clips.table.itertuples() if row.note]
    notes = [
        counts,
        *corrected,
        *clips.notes,
        *(objective.differing(clips.table) if "objective" in clips.table else []),
    ]
    notes += [*_not_read(reader, folder, rows), *_not_annotated(reader, folder, rows)]
    return Report(reader.title, source, _frame(reader, faults), tuple(notes), frames)


def _frame(reader: Reader, faults: list[dict]) -> pd.DataFrame:
    nowhere = {"database": reader.name, "subject": "", "clip": "", "file": "", "row": None}
    return pd.DataFrame([nowhere | fault for fault in faults], columns=FAULT_COLUMNS).astype({"row": "Int64"})


def _compare(rows: pd.DataFrame, reader: Reader) -> tuple[str, list[dict]]:
    """The counts in words, and a fault when they are those of no published version: the differences to the nearest."""
    found = _counts(rows)
    words = _words(found)
    if not reader.published:
        return words, []
    version, off = min(
        ((version, _differences(found, published)) for version, published in reader.published.items()),
        key=lambda pair: sum(abs(found.get(name, 0) - number) for name, number in pair[1].items()),
    )
    if not off:
        return f"{words}: the counts of {version}", []
    differences = ", ".join(f"{found.get(name, 0)} {name} instead of {number}" for name, number in off.items())
    return words, [{"fault": f"counts differ from the published ones ({version}, the nearest): {differences}"}]


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    rows = rows[rows["subject"] != ""]  # what is nobody's is no clip
    emotions = rows["emotion"].map(names.plain).value_counts().to_dict()
    return {"clips": len(rows), "subjects": len(set(names.people(rows))), **emotions}


def _differences(found: dict[str, int], published: Published) -> dict[str, int]:
    expected = {"clips": published.rows, "subjects": published.subjects, **published.emotions}
    return {name: number for name, number in expected.items() if number not in (None, found.get(name, 0))}


def _unknown_classes(rows: pd.DataFrame, reader: Reader) -> Iterator[dict]:
    known = {emotion for version in reader.published.values() for emotion in version.emotions}
    for row in rows.to_dict("records"):
        if known and row["emotion"] and names.plain(row["emotion"]) not in known:
            yield row | {"fault": f"emotion {row['emotion']!r} is none of {', '.join(sorted(known))}"}


def _unread_units(rows: pd.DataFrame) -> Iterator[dict]:
    for row in rows.to_dict("records"):
        if fault := aus.fault(row["aus"]):
            yield row | {"fault": f"{fault}; classes by action units leave the clip out"}


def _not_read(reader: Reader, folder: Path, rows: pd.DataFrame) -> Iterator[str]:
    """One sentence on the sheets beside the annotations that nobody reads."""
    read = {*rows["file"], *(path.name for pattern in reader.read_too for path in folder.glob(pattern))}
    sheets = [
        path.name for path in sorted(folder.glob("[!.~]*")) if path.suffix.lower() in (*cells.READ, *cells.OTHERS)
    ]
    if others := [name for name in sheets if name not in read]:
        yield f"not read, as nothing in it is needed here: {', '.join(others)}"


def _not_annotated(reader: Reader, folder: Path, rows: pd.DataFrame) -> Iterator[str]:
    """One sentence on the clips that have frames and no row in the sheet."""
    known = {Path(path) for path in rows["path"]}
    found = [path for path in sorted(folder.glob(reader.clip_folders)) if path.is_dir()] if reader.clip_folders else []
    others = [path.relative_to(folder).as_posix() for path in found if path not in known and _has_pictures(path)]
    if others:
        more = f" and {len(others) - cells.SHOWN} more" if len(others) > cells.SHOWN else ""
        yield f"frames without a row in the sheet: {', '.join(others[: cells.SHOWN])}{more}"


def _has_pictures(folder: Path) -> bool:
    return any(path.suffix.lower() in pictures.PICTURES for path in folder.iterdir())


def _unreadable(table: pd.DataFrame) -> Iterator[dict]:
    """One fault per frame that loading would refuse."""
    clips = list(table.itertuples())
    with ThreadPoolExecutor() as pool:
        found = track(pool.map(_faults_of, clips), "clips read", total=len(clips))
        for row, faults in zip(table.to_dict("records"), found, strict=True):
            yield from (row | {"fault": fault} for fault in faults)


def _faults_of(clip) -> list[str]:
    return [str(frame) for frame in pictures.frames(clip) if isinstance(frame, pictures.UnreadableClip)]
