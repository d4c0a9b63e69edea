"""Annotation sheets as they are (Excel or CSV, a header in any row, numbers instead of text), and frames by number."""

import csv
import io
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from merlib.data.frame_files import PICTURES
from merlib.data.names import person

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
OBJECTIVE = {"objective": "Objective Class|Objective Classes"}

Fault = tuple[str, int | None, str]  # file, row if it is of one, what is wrong


class SheetError(ValueError):
    """Annotations that make no sense as a whole. `faults` is a list of `Fault`."""

    def __init__(self, title: str, faults: Sequence[Fault]):
        lines = [f"{file}{f', row {row}' if row else ''}: {fault}" for file, row, fault in faults]
        super().__init__(f"{title}:\n  " + "\n  ".join(lines))
        self.faults = list(faults)


def find(place: Path, header: Mapping[str, str], optional: Mapping[str, str] | None = None) -> pd.DataFrame:
    """The annotation table in a folder, or in one file: the only sheet with a row that holds all of `header`.

    A `|` separates the ways to write one column's title. Returns text columns named by the keys of `header` and
    `optional` ("" where there is no such column or no entry), and `file` and `row` (from 1, as a spreadsheet shows it).
    Rows with nothing in these columns are skipped.
    Raises SheetError when no sheet fits, when several do, or when the one that fits has no rows.
    """
    files = [place] if place.is_file() else sorted(place.iterdir())
    tables: list[pd.DataFrame] = []
    faults: list[Fault] = []
    for file in files:
        if file.suffix.lower() in (".xlsx", ".csv") and not file.name.startswith(("~$", ".")):
            for cells in _worksheets(file, faults):
                table = _table(cells, header, optional or {}, file.name, faults)
                tables += [] if table is None else [table]
    if not tables:
        columns = ", ".join(header.values())
        faults = faults or [(place.name, None, "no .xlsx or .csv file")]
        raise SheetError(f"no annotations in {place} (a sheet with the columns {columns} is needed)", faults)
    if len(tables) > 1:
        found = [(table["file"].iloc[0], None, f"{len(table)} clips") for table in tables]
        raise SheetError(f"{len(tables)} annotation sheets in {place}; leave the one to use and move the others", found)
    return tables[0]


def workbook(file: Path) -> list[list[list[str]]]:
    """All worksheets of a file without headers, as rows of cells, as text. Raises SheetError if it does not open."""
    faults: list[Fault] = []
    books = [[[_cell(row, i) for i in range(len(row))] for row in cells] for cells in _worksheets(file, faults)]
    if faults:
        raise SheetError(f"no annotations in {file.parent}", faults)
    return books


def _worksheets(file: Path, faults: list) -> Iterator[list[list[str]]]:
    """The cells of each worksheet as text; a file that cannot be opened is noted in `faults`."""
    try:
        if file.suffix.lower() == ".csv":
            yield _csv_rows(file)
        else:
            sheets = pd.read_excel(file, sheet_name=None, header=None, dtype=str, na_filter=False)
            yield from (sheet.to_numpy().tolist() for sheet in sheets.values())
    except Exception as error:  # openpyxl lets errors of zip, XML and its own through
        faults.append((file.name, None, f"cannot be opened ({type(error).__name__}: {error})"))


def _csv_rows(file: Path) -> list[list[str]]:
    # a foreign letter in a remark must not stop the reading; Excel writes ; where the comma is the decimal sign
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=text.count)))


def _table(cells: list, header: Mapping, optional: Mapping, file: str, faults: list) -> pd.DataFrame | None:
    wanted = {name: {_plain(way) for way in title.split("|")} for name, title in {**header, **optional}.items()}
    rows = [[_plain(cell) for cell in row] for row in cells]
    top = max(range(len(rows)), key=lambda i: sum(not wanted[name].isdisjoint(rows[i]) for name in header), default=0)
    titles = list(enumerate(rows[top] if rows else []))
    place = {name: i for name, ways in wanted.items() for i, title in reversed(titles) if title in ways}
    if lacking := [title for name, title in header.items() if name not in place]:
        nearest = "" if len(lacking) == len(header) else f" (row {top + 1} comes nearest)"
        faults.append((file, None, f"no header row with {', '.join(lacking)}{nearest}"))
        return None
    records = [
        {name: _cell(row, place.get(name)) for name in wanted} | {"file": file, "row": number}
        for number, row in enumerate(cells[top + 1 :], start=top + 2)
    ]
    records = [record for record in records if any(record[name] for name in header)]
    if not records:
        faults.append((file, top + 1, "nothing below this header row"))
        return None
    return pd.DataFrame(records)


def _plain(cell: str) -> str:
    return re.sub(r"[^a-z0-9]", "", str(cell).lower())


def _cell(row: Sequence[str], column: int | None) -> str:
    text = row[column].strip() if column is not None and column < len(row) else ""
    return re.sub(r"^(\d+)\.0+$", r"\1", text)  # 46.0 is how a spreadsheet column with gaps saves 46


def number(text: str) -> int | None:
    """A frame number, or None when the text is none (`/`, ``, `4a`)."""
    return int(text) if re.fullmatch(r"\d+", text) else None


def numbered(pattern: str, subject: str) -> str:
    """The subject in the form of a database: with `sub{:02d}`, all of `1`, `01` and `sub1` give `sub01`.

    A spreadsheet turns 01 into 1; the number still names one person. A text without a number stays as it is.
    """
    return pattern.format(int(person(subject))) if person(subject).isdecimal() else subject


def people(folder: Path) -> dict[str, Path]:
    """The subject folders below `folder`, by `clips.person`. Raises SheetError when two stand for one person."""
    found: dict[str, Path] = {}
    faults = []
    for path in sorted(path for path in folder.iterdir() if path.is_dir()):
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
            match = re.search(r"\d+$", stem)
            if not match or suffix.lower() not in PICTURES or stem.startswith("."):
                continue
            number = int(match[0])
            if number in found:
                raise ValueError(f"two files for frame {number}: {os.path.basename(found[number])}, {entry.name}")
            found[number] = entry.path
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
