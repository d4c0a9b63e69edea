"""CK+, the extended Cohn-Kanade database (Lucey et al., CVPR Workshops 2010): 593 posed sequences, 123 people, 30 fps.

A sequence runs from the neutral face to the apex, its last frame. 327 sequences have an emotion. The action units of
the others fit none, or fit one only in part; they get the emotion `unlabelled`, and no scheme of a paper has a class
for it.
"""

import re
from pathlib import Path

import pandas as pd

from merlib.data.databases import folders, sheets
from merlib.data.databases.reader import Published, Reader

CLIPS = "cohn-kanade-images"
TREE = f"""
CKplus/
  {CLIPS}/S005/001/S005_001_00000001.png
  Emotion/S005/001/S005_001_00000011_emotion.txt
  FACS/S005/001/S005_001_00000011_facs.txt       only for the action units
"""
EMOTIONS = ("neutral", "anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")  # by code
UNLABELLED = "unlabelled"

Key = tuple[str, str]  # subject, clip


def annotations(folder: Path) -> pd.DataFrame:
    """One row per sequence, and one per annotation without a sequence; see `Reader`."""
    found = folders.rows(folder / CLIPS, r"(?P<subject>S\d+)/(?P<clip>\d+)", "S005/001", folder)
    if not (folder / "Emotion").is_dir():
        raise sheets.SheetError(f"no emotions in {folder}", [("Emotion", None, "this folder is not there")])
    emotions, strays = _files(folder, "Emotion", "emotion")
    units, more = _files(folder, "FACS", "facs")
    keys = {(row["subject"], row["clip"]) for row in found}
    found = [row | _annotated(row, emotions, units) for row in found]
    unused = {path for files in (emotions, units) for key, paths in files.items() if key not in keys for path in paths}
    homeless = [_stray(path, folder, f"there are no pictures of it in {CLIPS}") for path in sorted(unused)]
    rows = pd.DataFrame([*found, *strays, *more, *homeless])
    return rows.assign(onset="first", offset="last")


def _files(folder: Path, root: str, kind: str) -> tuple[dict[Key, list[Path]], list[dict]]:
    """The annotation files of one kind by the sequence that their names give, and rows of those with other names."""
    files: dict[Key, list[Path]] = {}
    strays: list[dict] = []
    for path in sorted((folder / root).rglob("*.txt")):
        if path.name.startswith("."):
            continue
        if match := re.fullmatch(rf"(S\d+)_(\d+)_\d+_{kind}", path.stem):
            files.setdefault((match[1], match[2]), []).append(path)
        else:
            strays.append(_stray(path, folder, f"the name is not of the form S005_001_00000011_{kind}.txt"))
    return files, strays


def _stray(path: Path, folder: Path, fault: str) -> dict:
    return folders.stray(path, path.relative_to(folder).as_posix(), fault) | {"apex": "", "aus": ""}


def _annotated(row: dict, emotions: dict[Key, list[Path]], units: dict[Key, list[Path]]) -> dict:
    """What the annotation files say of a sequence: emotion, apex, action units, and any fault."""
    key = row["subject"], row["clip"]
    said = {"emotion": UNLABELLED, "apex": "last", "aus": "", "fault": row["fault"]}
    if not row["subject"]:
        return said | {"emotion": ""}
    try:
        if path := _only(emotions.get(key, [])):
            # named after the annotated frame: if a sequence has lost its end, its apex lies outside
            said |= {"emotion": _emotion(path), "apex": str(int(path.stem.split("_")[2]))}
        if path := _only(units.get(key, [])):
            said["aus"] = "+".join(str(int(number)) for number, *_ in _numbers(path))
    except ValueError as error:
        said["fault"] = str(error)
    return said


def _only(paths: list[Path]) -> Path | None:
    if len(paths) > 1:
        raise ValueError(f"annotated twice: {', '.join(path.name for path in paths)}")
    return paths[0] if paths else None


def _emotion(path: Path) -> str:
    numbers = _numbers(path)
    codes = [number for line in numbers for number in line]
    if len(codes) != 1 or codes[0] not in range(len(EMOTIONS)):
        raise ValueError(f"{path.name} holds {codes}, not one number from 0 to {len(EMOTIONS) - 1}")
    return EMOTIONS[int(codes[0])]


def _numbers(path: Path) -> list[list[float]]:
    """The numbers of a file's lines, written as `   3.0000000e+00`; blank lines do not count."""
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        return [[float(word) for word in line.split()] for line in text.splitlines() if line.strip()]
    except ValueError:
        raise ValueError(f"{path.name} holds {text.strip()[:40]!r} instead of numbers") from None


READER = Reader(
    name="ckplus",
    title="CK+",
    folder="CKplus",
    markers=(CLIPS,),
    tree=TREE,
    how_to_get="a signed agreement with the University of Pittsburgh: jeffcohn.net holds the form",
    annotations=annotations,
    fps=30,
    published={
        "2010": Published(
            123,
            {
                "anger": 45, "contempt": 18, "disgust": 59, "fear": 25, "happiness": 69, "sadness": 28, "surprise": 83,
                UNLABELLED: 593 - 327,
            },
        )
    },
)  # fmt: skip
