"""CASME II (Yan et al., PLOS ONE 2014): 255 clips of 26 people at 200 fps, as face crops or as whole frames."""

from pathlib import Path

import pandas as pd

from merlib.data import names
from merlib.data.databases import sheets
from merlib.data.databases.reader import Correction, Published, Reader

TREE = """
CASME2/
  CASME2-coding-20190701.xlsx                        or the sheet of 2014, or either as .csv
  CASME2-ObjectiveClasses.xlsx                       only for the objective classes; the sheet of 2019 has others
  Cropped/sub01/EP02_01f/reg_img46.jpg               used when it is there
  CASME2_RAW_selected/sub01/EP02_01f/img46.jpg       used otherwise
"""

OBJECTIVE = "*[oO]bjective*"
_FIVE = {"happiness": 32, "others": 99, "repression": 27}


def annotations(folder: Path) -> pd.DataFrame:
    """One row per clip of the sheet; see `Reader`."""
    cropped = (folder / "Cropped").is_dir()
    root = folder / ("Cropped" if cropped else "CASME2_RAW_selected")
    rows = sheets.find(folder, sheets.HEADER, sheets.OBJECTIVE)
    rows["subject"] = [sheets.numbered("sub{:02d}", subject) for subject in rows["subject"]]
    rows["objective_file"] = _objective_file(folder, rows)
    rows["path"] = sheets.clip_folders(root, rows)
    return rows.assign(cropped=cropped)


def _objective_file(folder: Path, rows: pd.DataFrame) -> list[str]:
    """The class of each row in CASME2-ObjectiveClasses.xlsx, "" without that file.

    Raises SheetError when it cannot be read.
    """
    files = [path for path in sorted(folder.glob(OBJECTIVE)) if path.is_file() and not path.name.startswith((".", "~"))]
    if not files:
        return [""] * len(rows)
    place = files[0] if len(files) == 1 else folder
    found = sheets.find(place, {"subject": "Subject", "clip": "Filename", "class": "Objective Class|Objective Classes"})
    classes = dict(zip(_keys(found), found["class"], strict=True))
    return [classes.get(key, "") for key in _keys(rows)]


def _keys(rows: pd.DataFrame) -> list[tuple[str, str]]:
    return names.clips(rows.assign(database="casme2"))


READER = Reader(
    name="casme2",
    title="CASME II",
    folder="CASME2",
    markers=("Cropped", "CASME2_RAW_selected"),
    tree=TREE,
    how_to_get="a signed licence agreement with the Institute of Psychology, Chinese Academy of Sciences",
    annotations=annotations,
    fps=200,
    read_too=(OBJECTIVE,),
    clip_folders="*/*/*",
    published={
        "sheet of 2019": Published(26, {**_FIVE, "disgust": 63, "surprise": 28, "sadness": 4, "fear": 2}),
        "sheet of 2014": Published(26, {**_FIVE, "disgust": 63, "surprise": 25, "sadness": 7, "fear": 2}),
        "five-class sheet of 247 clips, with sub24/EP02_07": Published(26, {**_FIVE, "disgust": 64, "surprise": 25}),
        "five-class sheet of 246 clips, without sub24/EP02_07": Published(26, {**_FIVE, "disgust": 63, "surprise": 25}),
    },
    corrections={
        ("sub16", "EP01_08"): Correction({"offset": "96"}, "the face crops end with frame 96, after the apex"),
    },
)
