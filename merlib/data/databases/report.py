"""What `merlib data check` says: a database's counts beside the published ones, and every fault of its files."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from merlib.data import names, pictures
from merlib.data.databases.assemble import assemble
from merlib.data.databases.reader import Published, Reader
from merlib.data.databases.sheets import SheetError
from merlib.data.source import Source
from merlib.progress import track

NOT_COMPARED = "not compared with the published counts, as SOURCE.txt in the folder names another source"
FAULT_COLUMNS = ["database", "subject", "clip", "file", "row", "fault"]


@dataclass(frozen=True, eq=False)
class Report:
    """`faults` has one row per fault (`FAULT_COLUMNS`); `notes` are further sentences worth knowing."""

    title: str
    source: Source
    faults: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.faults.empty

    def __str__(self) -> str:
        verdict = "all is well" if self.ok else f"faults: {len(self.faults)}"
        lines = [f"{self.title}: {verdict} (source: {self.source})", *(f"  note: {note}" for note in self.notes)]
        for fault in self.faults.itertuples():
            place = " ".join(text for text in (fault.database, fault.subject, fault.clip) if text)
            row = "" if pd.isna(fault.row) else f", row {fault.row}"
            lines.append(f"  {place}: {fault.fault}" + (f" ({fault.file}{row})" if fault.file else ""))
        return "\n".join(lines)


def inspect(reader: Reader, folder: Path, source: Source, counted: bool = True) -> Report:
    """The report of one database's folder; `counted`: its counts should be the published ones."""
    try:
        rows = reader.rows(folder)
        clips = assemble(rows, reader.corrections, source)
    except SheetError as error:
        faults = [{"file": file, "row": row, "fault": fault} for file, row, fault in error.faults]
        return Report(reader.title, source, _frame(reader, faults), (error.title,))
    counts, faults = _compare(rows, reader) if counted else (f"{_words(_counts(rows))}; {NOT_COMPARED}", [])
    faults += clips.excluded.rename(columns={"reason": "fault"}).to_dict("records")
    faults += [*_unknown_classes(rows, reader), *_unreadable(clips.table)]
    corrected = [f"{row.subject} {row.clip}: {row.note}" for row in clips.table.itertuples() if row.note]
    return Report(reader.title, source, _frame(reader, faults), (counts, *corrected, *clips.notes))


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


def _unreadable(table: pd.DataFrame) -> Iterator[dict]:
    """One fault per frame that loading would refuse."""
    clips = list(table.itertuples())
    with ThreadPoolExecutor() as pool:
        found = track(pool.map(_faults_of, clips), "clips read", total=len(clips))
        for row, faults in zip(table.to_dict("records"), found, strict=True):
            yield from (row | {"fault": fault} for fault in faults)


def _faults_of(clip) -> list[str]:
    return [str(frame) for frame in pictures.frames(clip) if isinstance(frame, pictures.UnreadableClip)]
