"""Annotation sheets as they are (Excel or CSV, a header in any row, numbers instead of text), and frames by number."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from openpyxl.utils import get_column_letter

from merlib.data.databases import cells
from merlib.data.databases.cells import Fault, SheetError
from merlib.data.names import person
from merlib.data.pictures import PICTURES

# our column -> the header of CASME II, SAMM and MMEW; blanks and case are ignored, so `OnsetFrame` is `Onset Frame`
HEADER = {
    "subject": "Subject",
    "clip": "Filename",
    "onset": "Onset Frame",
    "apex": "Apex Frame",
    "offset": "Offset Frame",
    "aus": "Action Units",
    "emotion": "Estimated Emotion",
}
OBJECTIVE = {"objective_sheet": "Objective Class|Objective Classes"}


def find(place: Path, header: Mapping[str, str], optional: Mapping[str, str] | None = None) -> pd.DataFrame:
    """The annotation table in a folder, or in one file: the only sheet with a row that holds all of `header`.

    A `|` separates the ways to write one column's title. Returns text columns named by the keys of `header` and
    `optional` ("" where there is no such column or no entry), and `file` and `row` (from 1, as a spreadsheet shows it).
    Rows with nothing in these columns are skipped.
    Raises SheetError when no sheet fits, when several do, when the one that fits has no rows, and when cells of these
    columns cannot be read.
    """
    ways = {
        name: {cells.plain(way) for way in title.split("|")} for name, title in {**header, **(optional or {})}.items()
    }
    tables: list[pd.DataFrame] = []
    faults: list[Fault] = []
    for file in [place] if place.is_file() else sorted(place.iterdir()):
        if not file.name.startswith(("~$", ".")):
            for rows in _worksheets(file, set().union(*ways.values()), faults):
                table = _table(rows, header, ways, file.name, faults)
                tables += [] if table is None else [table]
    if not tables:
        columns = ", ".join(header.values())
        faults = faults or [(place.name, None, "no .xlsx or .csv file")]
        raise SheetError(f"no annotations in {place} (a sheet with the columns {columns} is needed)", faults)
    if len(tables) > 1:
        found = [
            (
                table["file"].iloc[0],
                None,
                f"an annotation sheet of {len(table)} clips: leave one, move the others elsewhere",
            )
            for table in tables
        ]
        raise SheetError(f"{len(tables)} annotation sheets in {place}; only one is read", found)
    return tables[0]


def _worksheets(file: Path, titles: set[str], faults: list[Fault]) -> list[cells.Rows]:
    """The worksheets of a file that hold anything; if it cannot be read, `faults` says why."""
    if file.suffix.lower() in cells.OTHERS:
        faults.append((file.name, None, f"{file.suffix} is not read: save it as .xlsx or .csv"))
    elif file.suffix.lower() in cells.READ:
        try:
            pages = [rows for rows in cells.worksheets(file, titles) if rows]
            faults += [] if pages else [(file.name, None, "nothing in it")]
            return pages
        except SheetError as error:
            faults += error.faults
    return []


def _table(
    rows: cells.Rows, header: Mapping[str, str], ways: Mapping[str, set[str]], file: str, faults: list[Fault]
) -> pd.DataFrame | None:
    """The rows below the header, or None and a fault; `ways` are the accepted titles of each column."""
    known = [ways[name] for name in header]
    top = max(rows, key=lambda number: _hits(rows[number], known), default=0)
    titles = [cells.plain(cell) for cell in rows.get(top, [])]
    columns = {name: [i for i, title in enumerate(titles) if title in ways[name]] for name in ways}
    if lacking := [title for name, title in header.items() if not columns[name]]:
        nearest = "" if len(lacking) == len(header) else f" (row {top} comes nearest)"
        faults.append((file, None, f"no header row with {', '.join(lacking)}{nearest}"))
        return None
    below = {number: row for number, row in rows.items() if number > top}
    if wrong := list(_wrong_cells(file, (top, rows[top]), below, columns)):
        raise SheetError("annotations that cannot be read", cells.shortened(wrong))
    records = [
        {name: _cell(row, places) for name, places in columns.items()} | {"file": file, "row": number}
        for number, row in below.items()
    ]
    records = [record for record in records if any(record[name] for name in header)]
    if not records:
        faults.append((file, top, "nothing below this header row"))
        return None
    return pd.DataFrame(records)


def _hits(row: Sequence[str], known: Sequence[set[str]]) -> int:
    titles = {cells.plain(cell) for cell in row}
    return sum(not titles.isdisjoint(ways) for ways in known)


def _wrong_cells(
    file: str, header: tuple[int, list[str]], below: cells.Rows, columns: Mapping[str, list[int]]
) -> Iterator[Fault]:
    """Cells that are read and mean nothing, columns of one title that differ, and rows longer than a CSV file's header."""
    top, titles = header
    for first, other in [(places[0], other) for places in columns.values() for other in places[1:]]:
        if differing := [number for number, row in below.items() if _cell(row, [first]) != _cell(row, [other])]:
            both = f"columns {get_column_letter(first + 1)} and {get_column_letter(other + 1)}"
            yield file, top, f"{both} are both '{titles[first]}' and differ (row {differing[0]}): leave one"
    for number, row in below.items():
        if file.lower().endswith(".csv") and any(row[len(titles) :]):
            fault = (
                f"{len(row)} cells, {len(titles)} in the header: a text that holds the separator needs quotation marks"
            )
            yield file, number, fault
        for place in (place for places in columns.values() for place in places):
            if fault := cells.fault(_cell(row, [place])):
                yield file, number, f"{titles[place]}: {fault}"


def _cell(row: Sequence[str], places: Sequence[int]) -> str:
    """The cell in the first of the columns; rows end with their last entry."""
    return row[places[0]] if places and places[0] < len(row) else ""


def number(text: str) -> int | None:
    """A frame number of at most 18 digits, or None when the text is none (`/`, ``, `4a`)."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def numbered(pattern: str, subject: str) -> str:
    """The subject in the form of a database: with `sub{:02d}`, all of `1`, `01` and `sub1` give `sub01`.

    A spreadsheet turns 01 into 1; the number still names one person. A text without a number stays as it is.
    """
    found = number(person(subject))
    return subject if found is None else pattern.format(found)


def people(folder: Path) -> dict[str, Path]:
    """The subject folders below `folder`, by `names.person`. Raises SheetError when two stand for one person."""
    found: dict[str, Path] = {}
    faults = []
    for path in sorted(path for path in folder.glob("*") if path.is_dir()):
        if person(path.name) in found:
            faults.append((path.name, None, f"the same person as {found[person(path.name)].name}"))
        found.setdefault(person(path.name), path)
    if faults:
        raise SheetError(f"two folders of one person in {folder}", faults)
    return found


def clip_folders(root: Path, rows: pd.DataFrame) -> list[str]:
    """`root`/subject/clip for each row, however the subject's folder writes its number; also where there is none."""
    folders = people(root)
    pairs = zip(rows["subject"], rows["clip"], strict=True)
    return [str(folders.get(person(subject), root / subject) / clip) for subject, clip in pairs]


def frames(folder: Path) -> dict[int, str]:
    """Frame number -> path, for every picture in a clip's folder whose name ends in a number, with or without zeros.

    One pass over the folder. Raises FileNotFoundError when it is not there, ValueError when two files have one number.
    """
    found: dict[int, str] = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            stem, suffix = os.path.splitext(entry.name)
            match = re.search(r"[0-9]+$", stem)
            if not match or suffix.lower() not in PICTURES or stem.startswith("."):
                continue
            if (frame := number(match[0])) is None:
                raise ValueError(f"{entry.name} is numbered with more than 18 digits")
            if frame in found:
                raise ValueError(f"two files for frame {frame}: {os.path.basename(found[frame])}, {entry.name}")
            found[frame] = entry.path
    return found


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers in words: `3, 7-9`."""
    runs: list[list[int]] = []
    for value in numbers:
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
