"""CASME (Yan et al., FG 2013): 189 clips of 19 people at 60 fps, as face crops or as whole frames."""

from pathlib import Path

import pandas as pd

from merlib.data.databases import sheets
from merlib.data.databases.reader import Published, Reader

TREE = """
CASME/
  CASME-coding.xlsx                                   or as .csv
  Cropped/sub01/EP01_5/reg_EP01_5-113.jpg             used when it is there
  CASME_raw_selected/sub01/EP01_5/EP01_5-113.jpg      used otherwise
"""
HEADER = {
    "subject": "Subject",
    "clip": "Filename",
    "onset": "OnsetF",
    "apex": "ApexF1",
    "offset": "OffsetF",
    "aus": "AU",
    "emotion": "Emotion",
}
SECOND = {"second_apex": "ApexF2"}
NONE = ("", "\\", "/")  # how the sheet writes an unknown frame


def annotations(folder: Path) -> pd.DataFrame:
    """One row per clip of the sheet; see `Reader`.

    If only the second apex is given, it is used. A clip's folder holds the clip alone: if the sheet gives no offset (a
    backslash), the clip ends with the last frame in its folder.
    """
    cropped = (folder / "Cropped").is_dir()
    root = folder / ("Cropped" if cropped else "CASME_raw_selected")
    rows = sheets.find(folder, HEADER, SECOND)
    rows["subject"] = [sheets.numbered("sub{:02d}", subject) for subject in rows["subject"]]
    rows["apex"] = [row.second_apex if row.apex in NONE else row.apex for row in rows.itertuples()]
    rows["apex"] = rows["apex"].mask(rows["apex"].isin(NONE), "")
    rows["offset"] = rows["offset"].mask(rows["offset"].isin(NONE), "last")
    rows["path"] = sheets.clip_folders(root, rows)
    return rows.drop(columns="second_apex").assign(cropped=cropped)


READER = Reader(
    name="casme",
    title="CASME",
    folder="CASME",
    markers=("Cropped", "CASME_raw_selected"),
    tree=TREE,
    how_to_get="a signed licence agreement with the Institute of Psychology, Chinese Academy of Sciences",
    annotations=annotations,
    fps=60,
    clip_folders="*/*/*",
    published={
        "189 clips": Published(
            19,
            {
                "tense": 69, "disgust": 44, "repression": 38, "surprise": 20,
                "happiness": 9, "sadness": 6, "fear": 2, "contempt": 1,
            },
        )
    },
)  # fmt: skip
