"""SMIC-HS (Li et al., FG 2013): 164 clips of 16 people at 100 fps. No sheet: folders and names carry the annotation.

There is no apex of SMIC's own. A clip is all frames of its folder; in SMIC-HS-E that is longer than the micro-expression.
A sheet of apexes, which others have published, may lie beside the folders. The apexes are then its own, and a clip of
SMIC-HS-E runs from its onset to its offset.
"""

import re
from pathlib import Path

import pandas as pd

from merlib.data.databases import cells, sheets
from merlib.data.databases.reader import Published, Reader

TREE = """
SMIC/
  SMIC_all_raw/HS/s1/micro/negative/s1_ne_01/*.bmp         used when it is there
  SMIC_all_cropped/HS/s1/micro/negative/s1_ne_01/*.bmp     used otherwise
  SMIC-HS-E/HS/s01/s01_ne_01/*                             used when there is neither
  smic_apex.xlsx                                           only for the apexes; or as .csv
"""

# whole frames first: they are complete, and a face can be cropped from them but not the reverse
LAYOUTS = {"SMIC_all_raw/HS": False, "SMIC_all_cropped/HS": True, "SMIC-HS-E/HS": False}
LONGER = "SMIC-HS-E/HS"  # its folders hold frames before the onset and after the offset
EMOTIONS = {"ne": "negative", "po": "positive", "sur": "surprise"}
HEADER = {
    "subject": "subject",
    "clip": "clip",
    "emotion": "label",
    "onset": "onset_frame",
    "apex": "apex_frame",
    "offset": "offset_frame",
}
LABELS = {"0": "negative", "1": "positive", "2": "surprise"}


def annotations(folder: Path) -> pd.DataFrame:
    """One row per clip's folder, and one per row of the sheet of apexes that has no folder; see `Reader`."""
    layout = next((name for name in LAYOUTS if (folder / name).is_dir()), "")
    annotated = _sheet(folder, layout)
    rows = [_row(path, path.relative_to(folder)) for path in _clips(folder, layout)]
    if not rows and not annotated:
        raise sheets.SheetError(
            "no clips", [(layout or folder.name, None, "no folder such as s1/micro/negative/s1_ne_01")]
        )
    untold = [row["clip"] for row in rows if annotated and _key(row["clip"]) not in annotated]
    merged = [_with_apex(row, annotated.pop(_key(row["clip"]), {}), layout) for row in rows]
    table = pd.DataFrame([*merged, *annotated.values()]).assign(cropped=LAYOUTS.get(layout, False))
    table.attrs["notes"] = [_note(untold)] if untold else []
    return table


def _clips(folder: Path, layout: str) -> list[Path]:
    patterns = ("*/micro/*/*", "*/*_*_*") if layout else ()
    return sorted(path for pattern in patterns for path in (folder / layout).glob(pattern) if path.is_dir())


def _row(path: Path, inside: Path) -> dict:
    """`inside` is the clip's path inside the database's folder: SMIC_all_raw/HS/s1/..."""
    named = _emotion(path.name)
    held = path.parent.name.lower() if path.parent.name.lower() in EMOTIONS.values() else named
    fault = f"the folder says {held}, the name {named}" if named and held != named else ""
    return {
        "subject": _subject(inside.parts[2]), "clip": path.name, "emotion": held, "path": str(path), "fault": fault,
        "file": inside.as_posix(), "row": None, "onset": "first", "apex": "", "offset": "last",
    }  # fmt: skip


def _sheet(folder: Path, layout: str) -> dict[str, dict]:
    """Key of a clip -> its row in the sheet of apexes, as a row of `annotations`; none without such a sheet."""
    files = [path for path in sorted(folder.glob("[!.~]*")) if path.suffix.lower() in cells.READ]
    files = [path for path in files if "apex" in path.name.lower()]
    if not files:
        return {}
    rows = sheets.find(files[0] if len(files) == 1 else folder, HEADER)
    rows["subject"] = rows["subject"].map(_subject)
    rows["emotion"] = rows["emotion"].replace(LABELS)
    rows["path"] = [str(folder / layout / row.subject / row.clip) for row in rows.itertuples()]
    named = rows["clip"].map(_emotion)
    rows["fault"] = ("the label says " + rows["emotion"] + ", the name " + named).where(rows["emotion"].ne(named), "")
    keys = rows["clip"].map(_key)
    if twice := [
        (row.file, row.row, f"{row.clip} stands in another row too") for row in rows[keys.duplicated()].itertuples()
    ]:
        raise sheets.SheetError("clips with two apexes", twice)
    return dict(zip(keys, rows.to_dict("records"), strict=True))


def _with_apex(row: dict, annotated: dict, layout: str) -> dict:
    """A folder's row with the apex of the sheet, and in SMIC-HS-E with onset and offset as far as they are given."""
    names = ("onset", "apex", "offset") if layout == LONGER else ("apex",)
    return row | {name: annotated[name] for name in names if annotated.get(name)}


def _note(untold: list[str]) -> str:
    shown = ", ".join(untold[: cells.SHOWN]) + (", ..." if len(untold) > cells.SHOWN else "")
    return f"the sheet of apexes has no row for {shown}: the middle frame stands in"


def _subject(name: str) -> str:
    return sheets.numbered("s{:02d}", name)


def _key(clip: str) -> str:
    """One text for `s1_ne_01` of SMIC-HS and `s01_ne_01` of SMIC-HS-E."""
    return re.sub(r"^s0*(?=\d)", "s", clip.lower())


def _emotion(clip: str) -> str:
    """The emotion in a clip's name: `negative` for `s1_ne_01`; "" if there is none."""
    code = re.search(r"_(ne|po|sur)_", clip.lower())
    return EMOTIONS[code[1]] if code else ""


READER = Reader(
    name="smic",
    title="SMIC-HS",
    folder="SMIC",
    markers=tuple(LAYOUTS),
    tree=TREE,
    how_to_get="a signed licence agreement with the University of Oulu",
    annotations=annotations,
    fps=100,
    read_too=("*[aA]pex*",),
    published={"SMIC-HS": Published(16, {"negative": 70, "positive": 51, "surprise": 43})},
)
