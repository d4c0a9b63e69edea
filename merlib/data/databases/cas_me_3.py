"""CAS(ME)³ (Li et al., IEEE TPAMI 2023), the 860 micro-expressions of part A: 94 people at 30 fps, whole frames with depth.

Several clips are of one video, and the sheet calls them by its letter alone. So the name of a clip is video and onset:
`e_96` of spNO.1. The depth is not read.
"""

from pathlib import Path

import pandas as pd

from merlib.data.databases import sheets
from merlib.data.databases.reader import Correction, Published, Reader
from merlib.data.names import person

TREE = """
CASME3/
  cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx          or as .csv
  part_A/spNO.1/a/color/355.jpg                      the frames of a whole video; used when it is there
  Part_A_ME_clip/frame/spNO.1_a_355/355.jpg          the frames of a clip; used otherwise
"""
HEADER = {
    "subject": "Subject",
    "clip": "Filename",
    "onset": "Onset",
    "apex": "Apex",
    "offset": "Offset",
    "aus": "AU",
    "emotion": "Emotion",
}
ALL_EXPRESSIONS = "CAS(ME)3_part_A_{}.xls, the sheet of all expressions, says {}"


def annotations(folder: Path) -> pd.DataFrame:
    """One row per clip of the sheet; see `Reader`. If the offset is 0, the clip was annotated up to its apex."""
    rows = sheets.find(folder, HEADER, sheets.OBJECTIVE)
    rows["subject"] = [sheets.numbered("spNO.{}", subject) for subject in rows["subject"]]
    whole = (folder / "part_A").is_dir()
    rows["path"] = _videos(folder / "part_A", rows) if whole else _clips(folder / "Part_A_ME_clip" / "frame", rows)
    rows["clip"] = rows["clip"] + "_" + rows["onset"]
    known = pd.Series([key in CORRECTIONS for key in zip(rows["subject"], rows["clip"], strict=True)], rows.index)
    rows["offset"] = rows["offset"].mask(rows["offset"].eq("0") & ~known, rows["apex"])
    return rows


def _videos(root: Path, rows: pd.DataFrame) -> list[str]:
    """The folder of the colour frames of each row's video, however its name and that of the person are written."""
    found = {
        (number, video.name.lower()): video
        for number, folder in sheets.people(root).items()
        for video in folder.glob("*")
    }
    pairs = zip(rows["subject"], rows["clip"], strict=True)
    return [
        str(found.get((person(subject), video.lower()), root / subject / video) / "color") for subject, video in pairs
    ]


def _clips(root: Path, rows: pd.DataFrame) -> list[str]:
    """The folder of each row's clip. Its name has the person as `spNO` or as `spNo`."""
    found = {path.name.lower(): path for path in root.glob("*")}
    names = rows["subject"] + "_" + rows["clip"] + "_" + rows["onset"]
    return [str(found.get(name.lower(), root / name)) for name in names]


# copies of the sheet differ in some of these
CORRECTIONS = {
    ("spNO.40", "e_1812"): Correction({"offset": "1845"}, ALL_EXPRESSIONS.format("v2", 1845)),
    ("spNO.40", "e_2327"): Correction({"offset": "2403"}, ALL_EXPRESSIONS.format("v1", 2403)),
    ("spNO.149", "d_112"): Correction({"apex": "160"}, ALL_EXPRESSIONS.format("v2", 160)),
    ("spNO.216", "d_3647"): Correction({"onset": "2647"}, ALL_EXPRESSIONS.format("v2", 2647)),
    ("spNO.216", "e_0"): Correction(
        {"onset": "1", "apex": "1"},
        "there is no frame 0: onset and apex are frame 1, as in the publisher's list of errors",
    ),
}

READER = Reader(
    name="cas_me_3",
    title="CAS(ME)³",
    folder="CASME3",
    markers=("part_A", "Part_A_ME_clip"),
    tree=TREE,
    how_to_get="a signed licence agreement with the Institute of Psychology, Chinese Academy of Sciences",
    annotations=annotations,
    fps=30,
    published={
        "part A, micro-expressions": Published(
            94,
            {
                "disgust": 250, "surprise": 187, "others": 161, "fear": 86, "anger": 64, "sad": 57, "happy": 55,
            },
        )
    },
    corrections=CORRECTIONS,
)  # fmt: skip
