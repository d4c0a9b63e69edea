"""CAS(ME)² (Qu et al., IEEE Trans. Affective Computing 2018), its 57 micro-expressions: parts of long videos at 30 fps.

The workbook has no header. Its first sheet is the annotation; the second gives a participant's number the name of the
folder (`1` -> `s15`), the third a stimulus the code in the video's name (`disgust1` -> `0101`).
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from merlib.data.databases import cells, sheets
from merlib.data.databases.reader import Published, Reader
from merlib.data.names import person

TREE = """
CASME_sq/
  CAS(ME)^2code_final.xlsx                           an annotation sheet and two sheets of names, none with a header
  rawpic/s15/15_0101disgustingteeth/img106.jpg       the frames of a whole video
"""
COLUMNS = ("participant", "clip", "onset", "apex", "offset", "aus", "emotion", "type")
NEEDED = (len(COLUMNS), 3, 2)  # columns of the three sheets
NAME = re.compile(r"(.+)_\d+")  # stimulus and a number: anger1_1


def annotations(folder: Path) -> pd.DataFrame:
    """One row per micro-expression of the workbook; see `Reader`. Macro-expressions are not read.

    If the offset is 0, the clip was annotated up to its apex and ends there. If the apex is 0, there is none.
    """
    file = _workbook(folder)
    coding, people, stimuli = _sheets(file)
    folders = {row[2]: row[1] for row in people}
    codes = {row[1]: row[0].zfill(4) for row in stimuli}
    videos = _videos(folder / "rawpic")
    rows = [_row(row, folders, codes, videos) for row in coding if not row["type"].lower().startswith("macro")]
    if not rows:
        fault = (file.name, None, f"none of the {len(coding)} rows is a micro-expression")
        raise sheets.SheetError(f"no micro-expressions in {folder}", [fault])
    return pd.DataFrame(rows).assign(file=file.name)


def _workbook(folder: Path) -> Path:
    files = [path for path in sorted(folder.glob("*.xlsx")) if not path.name.startswith(("~$", "."))]
    if len(files) != 1:
        found = [(path.name, None, "a workbook") for path in files] or [(folder.name, None, "no .xlsx file")]
        raise sheets.SheetError(f"one workbook such as CAS(ME)^2code_final.xlsx is needed in {folder}", found)
    return files[0]


def _sheets(file: Path) -> tuple[list[dict], list[list[str]], list[list[str]]]:
    """The annotated rows, with their numbers, and the cells of the two sheets of names; raises SheetError."""
    books = cells.worksheets(file)
    if len(books) < 3:
        fault = f"{len(books)} of the 3 sheets: the annotation, the folders' names, the stimuli's codes"
        raise sheets.SheetError(f"not the workbook of CAS(ME)² in {file.parent}", [(file.name, None, fault)])
    widths = [(max(map(len, book.values()), default=0), needed) for book, needed in zip(books, NEEDED, strict=False)]
    faults = [
        (file.name, None, f"sheet {number} has {width} columns; {needed} are needed")
        for number, (width, needed) in enumerate(widths, start=1)
        if width < needed
    ]
    if faults:
        raise sheets.SheetError(f"not the workbook of CAS(ME)² in {file.parent}", faults)
    used = [_used(book, needed) for book, needed in zip(books, NEEDED, strict=False)]
    if wrong := [fault for number, book in enumerate(used, start=1) for fault in _wrong_cells(file.name, number, book)]:
        raise sheets.SheetError(f"annotations that cannot be read in {file.parent}", cells.shortened(wrong))
    coding: list[dict] = [{**dict(zip(COLUMNS, row, strict=True)), "row": number} for number, row in used[0].items()]
    people, stimuli = (list(book.values()) for book in used[1:])
    # a note below the table has no type and no name of a clip
    return [row for row in coding if row["type"] or NAME.fullmatch(row["clip"])], people, stimuli


def _used(book: cells.Rows, width: int) -> cells.Rows:
    return {number: (row + [""] * width)[:width] for number, row in book.items()}


def _wrong_cells(file: str, sheet: int, book: cells.Rows) -> Iterator[cells.Fault]:
    for number, row in book.items():
        yield from ((file, number, f"sheet {sheet}: {fault}") for fault in map(cells.fault, row) if fault)


def _videos(root: Path) -> dict[tuple[str, str], Path]:
    """Person and stimulus code -> the folder of a video, such as s15/15_0101disgustingteeth."""
    found = {}
    for subject, folder in sheets.people(root).items():
        for video in sorted(path for path in folder.iterdir() if path.is_dir()):
            if code := re.match(r"\d+_(\d{4})", video.name):
                found[subject, code[1]] = video
    return found


def _row(row: Mapping, folders: Mapping[str, str], codes: Mapping[str, str], videos: Mapping) -> dict:
    subject, name = folders.get(row["participant"], ""), NAME.fullmatch(row["clip"])
    code = codes.get(name[1], "") if name else ""
    video = videos.get((person(subject), code))
    kept = {name: row[name] for name in ("clip", "onset", "aus", "emotion", "row")}
    return kept | {
        "subject": subject or row["participant"],
        "apex": "" if row["apex"] == "0" else row["apex"],
        "offset": row["apex"] if row["offset"] == "0" else row["offset"],
        "path": str(video or ""),
        "fault": "; ".join(_faults(row, subject, code)),
        "no_frames": f"no folder of the video {code} in rawpic/{subject}" if subject and code and not video else "",
    }


def _faults(row: Mapping, subject: str, code: str) -> Iterator[str]:
    if not row["type"].lower().startswith("micro"):
        yield f"type {row['type']!r} is neither micro-expression nor macro-expression"
    if not subject:
        yield f"participant {row['participant']!r} has no folder in the second sheet"
    if not code:
        yield f"the stimulus of {row['clip']!r} has no code in the third sheet"


READER = Reader(
    name="cas_me_2",
    title="CAS(ME)²",
    folder="CASME_sq",
    markers=("rawpic",),
    tree=TREE,
    how_to_get="a signed licence agreement with the Institute of Psychology, Chinese Academy of Sciences",
    annotations=annotations,
    fps=30,
    published={"57 micro-expressions": Published(None, {"negative": 21, "others": 19, "surprise": 9, "positive": 8})},
)
