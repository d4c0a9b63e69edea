"""JAFFE (Lyons et al., FG 1998): 213 posed stills of ten women, one picture a clip. The names carry the annotation."""

import re
from pathlib import Path

import pandas as pd

from merlib.data.databases import folders
from merlib.data.databases.reader import Published, Reader
from merlib.data.pictures import PICTURES

TREE = """
JAFFE/
  KA.AN1.39.tiff                             may lie in a folder of the archive, such as jaffe
"""
EMOTIONS = {
    "AN": "anger", "DI": "disgust", "FE": "fear", "HA": "happiness", "NE": "neutral", "SA": "sadness",
    "SU": "surprise",
}  # fmt: skip
# person, emotion and how often she posed it, and the picture's number in the whole database
NAME = rf"(?P<subject>[A-Z]{{2}})\.(?P<code>{'|'.join(EMOTIONS)})\d+\.(?P<number>\d+)"


def annotations(folder: Path) -> pd.DataFrame:
    """One row per picture; see `Reader`. Its frame number is the last number of its name."""
    pictures = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in PICTURES]
    return pd.DataFrame([_row(path, folder) for path in pictures if not path.name.startswith(".")])


def _row(path: Path, folder: Path) -> dict:
    file = path.relative_to(folder).as_posix()
    match = re.fullmatch(NAME, path.stem)
    row = folders.stray(path, file, "the name is not of the form KA.AN1.39.tiff")
    if match is None:
        return row | dict.fromkeys(("onset", "apex", "offset"), "")
    numbers = dict.fromkeys(("onset", "apex", "offset"), match["number"])
    named = {"subject": match["subject"], "clip": path.stem, "emotion": EMOTIONS[match["code"]], "fault": ""}
    return row | named | numbers


READER = Reader(
    name="jaffe",
    title="JAFFE",
    folder="JAFFE",
    markers=("[A-Z][A-Z].[A-Z][A-Z]*.*", "*/[A-Z][A-Z].[A-Z][A-Z]*.*"),
    tree=TREE,
    how_to_get="from its authors for research, at zenodo.org/records/3451524",
    annotations=annotations,
    published={
        "1998": Published(
            10,
            {
                "anger": 30, "disgust": 29, "fear": 32, "happiness": 31, "neutral": 30, "sadness": 31, "surprise": 30,
            },
        )
    },
)  # fmt: skip
