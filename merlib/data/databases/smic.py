"""SMIC-HS (Li et al., FG 2013): 164 clips of 16 people at 100 fps. No sheet: folders and names carry the annotation.

There is no apex. A clip is all frames of its folder; in SMIC-HS-E that is longer than the micro-expression itself.
"""

import re
from pathlib import Path

import pandas as pd

from merlib.data.databases import sheets
from merlib.data.databases.reader import Published, Reader

TREE = """
SMIC/
  SMIC_all_raw/HS/s1/micro/negative/s1_ne_01/*.bmp         used when it is there
  SMIC_all_cropped/HS/s1/micro/negative/s1_ne_01/*.bmp     used otherwise
  SMIC-HS-E/HS/s01/s01_ne_01/*                             used when there is neither
"""

# whole frames first: they are complete, and a face can be cropped from them but not the reverse
LAYOUTS = {"SMIC_all_raw/HS": False, "SMIC_all_cropped/HS": True, "SMIC-HS-E/HS": False}
EMOTIONS = {"ne": "negative", "po": "positive", "sur": "surprise"}


def annotations(folder: Path) -> pd.DataFrame:
    """One row per clip's folder; see `Reader`."""
    layout = next(name for name in LAYOUTS if (folder / name).is_dir())
    clips = [
        path for pattern in ("*/micro/*/*", "*/*_*_*") for path in (folder / layout).glob(pattern) if path.is_dir()
    ]
    if not clips:
        raise sheets.SheetError("no clips", [(layout, None, "no folder such as s1/micro/negative/s1_ne_01")])
    rows = pd.DataFrame([_row(path, path.relative_to(folder)) for path in sorted(clips)])
    return rows.assign(onset="first", apex="", offset="last", cropped=LAYOUTS[layout])


def _row(path: Path, inside: Path) -> dict:
    """`inside` is the clip's path inside the database's folder: SMIC_all_raw/HS/s1/..."""
    code = re.search(r"_(ne|po|sur)_", path.name.lower())
    named = EMOTIONS[code[1]] if code else ""
    held = path.parent.name.lower() if path.parent.name.lower() in EMOTIONS.values() else named
    fault = f"the folder says {held}, the name {named}" if named and held != named else ""
    subject = sheets.numbered("s{:02d}", inside.parts[2])
    return {
        "subject": subject, "clip": path.name, "emotion": held, "path": str(path), "fault": fault,
        "file": inside.as_posix(),
    }  # fmt: skip


READER = Reader(
    name="smic",
    title="SMIC-HS",
    folder="SMIC",
    markers=tuple(LAYOUTS),
    tree=TREE,
    how_to_get="a signed licence agreement with the University of Oulu",
    annotations=annotations,
    fps=100,
    published={"SMIC-HS": Published(16, {"negative": 70, "positive": 51, "surprise": 43})},
)
