"""From annotated rows and folders to the clip table, and the clips that are excluded with the reason."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from merlib.data import aus
from merlib.data.clips import EXCLUDED_COLUMNS, make_table
from merlib.data.databases import sheets
from merlib.data.databases.reader import Correction

NO_APEX = ("", "/", "?", "-")
KEPT = ("database", "subject", "clip", "aus", "cropped", "objective", "file", "row")
CONTENT = ["onset", "apex", "offset", "aus", "emotion", "path"]


class Unusable(ValueError):
    """Why one clip cannot be used."""


def assemble(
    rows: pd.DataFrame, corrections: Mapping[tuple[str, str], Correction]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The clip table and the excluded clips (`EXCLUDED_COLUMNS`) of a reader's annotated clips (`Reader.rows`).

    A clip is excluded, with the reason, when frames are missing, when its apex is outside onset..offset, when its
    numbers or action units cannot be read, or when it repeats a row above. If a clip is unusable as annotated and has a
    correction, the correction is tried. Raises SheetError when two rows contradict each other, or when no clip can be
    used.
    """
    _refuse_conflicts(rows)
    records: list[dict] = []
    excluded: list[dict] = []
    seen: dict[tuple[str, str], str] = {}
    for row in rows.to_dict("records"):
        try:
            _refuse_repeat(row, seen)
            records.append(_corrected(row, corrections.get((row["subject"], row["clip"]))))
        except Unusable as reason:
            excluded.append(row | {"reason": str(reason)})
    if not records:
        faults = [(row["file"], row["row"], row["reason"]) for row in excluded[:10]]
        more = [("...", None, f"and {len(excluded) - 10} more")] if len(excluded) > 10 else []
        raise sheets.SheetError(f"none of the {len(rows)} annotated clips can be used", faults + more)
    return make_table(records), pd.DataFrame(excluded, columns=list(EXCLUDED_COLUMNS)).astype({"row": "Int64"})


def _refuse_conflicts(rows: pd.DataFrame) -> None:
    faults = []
    for (subject, clip), group in rows.groupby(["subject", "clip"], sort=False):
        if clip and len(group[CONTENT].drop_duplicates()) > 1:
            first, *others = group.to_dict("records")
            elsewhere = "; ".join(_place(row) for row in others)
            faults.append((first["file"], first["row"], f"{subject} {clip} is different in {elsewhere}"))
    if faults:
        raise sheets.SheetError("one clip is annotated in different ways", faults)


def _refuse_repeat(row: Mapping, seen: dict[tuple[str, str], str]) -> None:
    key = (row["subject"], row["clip"])
    if key in seen:
        raise Unusable(f"repeats {seen[key]}")
    seen[key] = _place(row)


def _place(row: Mapping) -> str:
    return row["file"] + (f", row {row['row']}" if row["row"] else "")


def _corrected(row: dict, correction: Correction | None) -> dict:
    try:
        return _record(row) | {"note": ""}
    except Unusable as fault:
        if correction is None:
            raise
        return _record({**row, **correction.change}) | {"note": f"{fault}; {correction.why}"}


def _record(row: dict) -> dict:
    """One row of the clip table; raises Unusable."""
    if row["fault"]:
        raise Unusable(row["fault"])
    for name in ("subject", "clip", "emotion"):
        if not row[name]:
            raise Unusable(f"the {name} is not given")
    try:
        aus.parse(row["aus"])
    except ValueError as error:
        raise Unusable(str(error)) from None
    kept = {name: row[name] for name in KEPT if name in row}
    return kept | _span(row, Path(row["path"])) | {"fps": _fps(row["fps"]), "emotion": row["emotion"].lower()}


def _fps(text: str) -> float:
    try:
        fps = float(text or "nan")
    except ValueError:
        fps = 0.0
    if fps <= 0:
        raise Unusable(f"fps {text!r} is not a number above 0")
    return fps


def _span(row: Mapping, path: Path) -> dict:
    """The clip's frames, onset, apex and offset. A picture of a clip has no frame numbers; a still may have one."""
    if path.suffix.lower() in sheets.PICTURES and path.is_file():
        still = sheets.number(row["onset"]) if row["onset"] == row["apex"] == row["offset"] else None
        return {"frames": [str(path)]} | dict.fromkeys(("onset", "apex", "offset"), pd.NA if still is None else still)
    files = {} if path.is_file() else _files(path)
    onset, offset = _end(row, "onset", files), _end(row, "offset", files)
    if offset < onset:
        raise Unusable(f"offset {offset} comes before onset {onset}")
    apex = _apex(row["apex"], onset, offset)
    frames = _between(files, onset, offset, path) if files else [str(path)]
    return {"frames": frames, "onset": onset, "apex": apex, "offset": offset}


def _between(files: Mapping[int, str], onset: int, offset: int, folder: Path) -> list[str]:
    first, last = min(files), max(files)
    if onset < first or offset > last:
        raise Unusable(f"onset..offset, {onset}..{offset}, goes beyond the frames {first}..{last} in {folder}")
    if missing := [number for number in range(onset, offset + 1) if number not in files]:
        raise Unusable(f"no file for frames {sheets.ranges(missing)} in {folder}")
    return [files[number] for number in range(onset, offset + 1)]


def _files(folder: Path) -> dict[int, str]:
    try:
        files = sheets.frames(folder)
    except OSError:
        raise Unusable(f"no folder {folder}") from None
    except ValueError as error:
        raise Unusable(f"{error} in {folder}") from None
    if not files:
        raise Unusable(f"no numbered pictures in {folder}")
    return files


def _end(row: Mapping, name: str, files: Mapping[int, str]) -> int:
    """Onset or offset. A reader writes `first` and `last` for the ends of the frames that are there."""
    if files and row[name] in ("first", "last"):
        return min(files) if row[name] == "first" else max(files)
    if (number := sheets.number(row[name])) is None:
        raise Unusable(f"{name} {row[name]!r} is not a frame number")
    return number


def _apex(text: str, onset: int, offset: int) -> int | None:
    if text in NO_APEX:
        return None
    if text == "last":
        return offset
    if (apex := sheets.number(text)) is None:
        raise Unusable(f"apex {text!r} is not a frame number")
    if not onset <= apex <= offset:
        raise Unusable(f"apex {apex} is outside onset..offset, {onset}..{offset}")
    return apex
