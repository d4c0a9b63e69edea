"""Own clips: a list (CSV or Excel) names one folder of frames or one video file per clip, and any emotions."""

import os
from pathlib import Path

import pandas as pd

from merlib.data import pictures
from merlib.data.databases import sheets
from merlib.data.databases.reader import Reader

TREE = """
my_clips.csv with a header row: subject, clip, frames, emotion[, onset, apex, offset, fps, aus, person]
  subject,clip,frames,onset,apex,offset,fps,emotion,aus
  anna,smile_1,anna/smile_1,12,30,55,120,joy,6+12        a folder of numbered pictures, beside the list
  ben,frown_1,videos/ben_frown.mp4,,,,60,anger,4         a video: its frames count from 0; blank means all of it
"""
HEADER = {"subject": "subject", "clip": "clip", "path": "frames", "emotion": "emotion"}
OPTIONAL = {"onset": "onset", "apex": "apex", "offset": "offset", "fps": "fps", "aus": "aus", "person": "person"}


def annotations(place: Path) -> pd.DataFrame:
    """One row per clip of the list; see `Reader`. Paths in it are relative to the list's folder.

    The column `person` says that subjects of different names, also of different lists, are one person.
    """
    rows = sheets.find(place, HEADER, OPTIONAL)
    base = place.parent if place.is_file() else place
    rows["path"] = [str(base / path) if path else "" for path in rows["path"]]
    rows["no_frames"] = [_fault(path) for path in rows["path"]]
    rows["onset"] = rows["onset"].replace("", "first")
    rows["offset"] = rows["offset"].replace("", "last")
    return pd.DataFrame([_within_video(row) for row in rows.to_dict("records")])


def _fault(path: str) -> str:
    """Why a cell of the column `frames` cannot be used."""
    if not path:
        return "the frames are not given"
    if not os.path.exists(path):
        return f"{path} is not there"
    try:
        os.path.isdir(path) or pictures.is_video(path)
    except pictures.UnreadableClip as fault:
        return str(fault)
    return ""


def _within_video(row: dict) -> dict:
    """For a video, `first` and `last` as numbers, and what is wrong when the clip ends after the video does."""
    if row["no_frames"] or os.path.isdir(row["path"]) or not pictures.is_video(row["path"]):
        return row
    length = pictures.num_frames(row["path"])
    row = row | {
        name: {"first": "0", "last": str(length - 1)}.get(row[name], row[name]) for name in ("onset", "offset")
    }
    if length < 1:
        return row | {"no_frames": f"{row['path']} is not a video that can be opened"}
    if (sheets.number(row["offset"]) or 0) >= length:
        return row | {"no_frames": f"offset {row['offset']} is after the video's last frame, {length - 1}"}
    return row


READER = Reader(
    name="own",
    title="own clips",
    folder="own",
    markers=("*.[cC][sS][vV]", "*.[xX][lL][sS]*", "*.[oO][dD][sS]"),  # .xls and .ods to say that they are not read
    tree=TREE,
    how_to_get="write the list, and give its path as the data root",
    annotations=annotations,
    look_alike=False,
)
