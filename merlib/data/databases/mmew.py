"""MMEW (Ben et al., IEEE TPAMI 2022), its micro-expressions: 300 clips of 30 people at 90 fps."""

from contextlib import suppress
from pathlib import Path

import pandas as pd
from PIL import Image

from merlib.data.databases import sheets
from merlib.data.databases.reader import Published, Reader

TREE = """
MMEW/
  MMEW_Micro_Exp.xlsx                  or as .csv
  Micro_Expression/happiness/S01-01-001/1.jpg
"""


def annotations(folder: Path) -> pd.DataFrame:
    """One row per clip of the sheet; see `Reader`."""
    rows = sheets.find(folder, sheets.HEADER)
    rows["subject"] = [sheets.numbered("S{:02d}", subject) for subject in rows["subject"]]
    root = folder / "Micro_Expression"
    # looked up by name: the folder of a clip is its emotion, in words that need not be the sheet's
    folders = {path.name: path for path in root.glob("*/*") if path.is_dir()}
    default = [root / emotion.lower() / clip for emotion, clip in zip(rows["emotion"], rows["clip"], strict=True)]
    rows["path"] = [str(folders.get(path.name, path)) for path in default]
    return rows.assign(cropped=_cropped(root))


def _cropped(root: Path) -> bool:
    """MMEW comes as whole 1920x1080 frames or as upright face crops: a picture wider than high is a whole frame."""
    for path in root.glob("*/*/*"):
        with suppress(OSError, Image.DecompressionBombError), Image.open(path) as picture:
            return picture.width <= picture.height
    return False


READER = Reader(
    name="mmew",
    title="MMEW",
    folder="MMEW",
    markers=("Micro_Expression",),
    tree=TREE,
    how_to_get="a signed licence agreement with its authors at Shandong University",
    annotations=annotations,
    fps=90,
    clip_folders="*/*/*",
    published={
        "2021": Published(
            30,
            {
                "surprise": 89, "disgust": 72, "others": 66, "happiness": 36,
                "fear": 16, "sadness": 13, "anger": 8,
            },
        )
    },
)  # fmt: skip
