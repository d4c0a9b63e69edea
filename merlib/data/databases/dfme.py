"""DFME (Zhao et al., IEEE Trans. Affective Computing 2024), as released: 2,629 clips of 259 people at 200, 300 or 500 fps.

It comes in three parts of different people: training (1,856 clips), test A (474) and test B (299), the test sets of a
challenge. If several sheets lie in the folder, that of the training is read.
"""

from pathlib import Path

import pandas as pd

from merlib.data.databases import cells, sheets
from merlib.data.databases.reader import Published, Reader

TREE = """
DFME/
  training_full_with_AU.xlsx                         or as .csv; so are the two of the test sets
  testA_full_with_AU.xlsx                            read when it is given as the data root, or lies here alone
  testB_full_with_AU.xlsx                            the same
  train_data/sub0003_01/00109.png
  test_data_A/sub0008_01/00000.png
  test_data_B/sub0001_01/00020.png
"""
HEADER = {
    "subject": "Subject",
    "clip": "Filename",
    "onset": "OnsetFrame",
    "apex": "ApexFrame",
    "offset": "OffsetFrame",
    "aus": "AU",
    "emotion": "Emotion",
    "fps": "Fps",
}


def annotations(place: Path) -> pd.DataFrame:
    """One row per clip of a sheet, the one at `place` or the folder's; see `Reader`."""
    folder = place.parent if place.is_file() else place
    sheet = place if place.is_file() else _sheet(folder)
    rows = sheets.find(sheet, HEADER)
    rows["subject"] = [sheets.numbered("sub{:04d}", subject) for subject in rows["subject"]]
    # no two parts have a person in common, nor the name of a clip
    found = {path.name: path for path in folder.glob("*/*_*") if path.is_dir()}
    rows["path"] = [str(found.get(clip, folder / "train_data" / clip)) for clip in rows["clip"]]
    rows.attrs["notes"] = [] if place.is_file() else _unread(folder, sheet)
    return rows


def _sheet(folder: Path) -> Path:
    """The sheet of the training; the folder itself if there is none, or more than one."""
    found = _named(folder, "train")
    return found[0] if len(found) == 1 else folder


def _unread(folder: Path, sheet: Path) -> list[str]:
    others = ", ".join(path.name for path in _named(folder, "test"))
    said = (
        f"of the sheets in {folder.name}, {sheet.name} is read and {others} not: the test sets of a challenge (to read "
        "one, give its path as the data root)"
    )
    return [said] if others and sheet.is_file() else []


def _named(folder: Path, part: str) -> list[Path]:
    """The sheets with `part` in their name, whatever the case."""
    return [
        path
        for path in sorted(folder.glob("[!.~]*"))
        if path.suffix.lower() in cells.READ and part in path.name.lower()
    ]


READER = Reader(
    name="dfme",
    title="DFME",
    folder="DFME",
    markers=("train_data", "test_data_?"),
    read_too=("*_full_with_AU.*",),  # by name, if not at once
    sheets=("*.xlsx", "*.csv"),
    tree=TREE,
    how_to_get="a signed licence agreement with its authors at the University of Science and Technology of China",
    annotations=annotations,
    published={
        "training": Published(
            176,
            {
                "disgust": 548, "surprise": 298, "sadness": 278, "fear": 265,
                "happiness": 206, "anger": 161, "contempt": 100,
            },
        ),
        "test A": Published(
            42,
            {
                "disgust": 129, "surprise": 101, "happiness": 63, "fear": 62,
                "sadness": 46, "anger": 39, "contempt": 34,
            },
        ),
        "test B": Published(
            41,
            {
                "disgust": 58, "surprise": 48, "happiness": 42, "anger": 41,
                "fear": 38, "contempt": 37, "sadness": 35,
            },
        ),
    },
)  # fmt: skip
