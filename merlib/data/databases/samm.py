"""SAMM (Davison et al., IEEE Trans. Affective Computing 2018): 159 clips of 29 people at 200 fps, whole grey frames."""

from pathlib import Path

import pandas as pd

from merlib.data.databases import sheets
from merlib.data.databases.reader import Correction, Published, Reader

TREE = """
SAMM/
  SAMM_Micro_FACS_Codes_v2.xlsx        the header may stand in any row; .csv will do
  006/006_1_2/006_05562.jpg
"""

_MIDDLE = Correction({"apex": ""}, "the middle frame stands in for the apex")


def annotations(folder: Path) -> pd.DataFrame:
    """One row per clip of the sheet; see `Reader`."""
    rows = sheets.find(folder, sheets.HEADER, sheets.OBJECTIVE)
    rows["subject"] = [sheets.numbered("{:03d}", subject) for subject in rows["subject"]]
    rows["path"] = sheets.clip_folders(folder, rows)
    return rows


READER = Reader(
    name="samm",
    title="SAMM",
    folder="SAMM",
    markers=("[0-9][0-9][0-9]",),
    tree=TREE,
    how_to_get="a signed licence agreement with Manchester Metropolitan University",
    annotations=annotations,
    fps=200,
    clip_folders="*/*",
    published={
        "release 2": Published(
            29,
            {
                "anger": 57, "happiness": 26, "other": 26, "surprise": 15,
                "contempt": 12, "disgust": 9, "fear": 8, "sadness": 6,
            },
        )
    },
    # annotated apex outside onset..offset; both clips are among the 133 of MEGC 2019 and MMNet's 136
    corrections={("028", "028_4_1"): _MIDDLE, ("032", "032_3_1"): _MIDDLE},
)  # fmt: skip
