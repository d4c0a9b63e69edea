"""From annotated rows and folders to clips, and those that are excluded with the reason."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from merlib.data import frame_files, names, objective, pictures
from merlib.data.clips import EXCLUDED_COLUMNS, TWO_PEOPLE, Clips, make_table
from merlib.data.databases import cells, conflicts, sheets
from merlib.data.databases.cells import Fault
from merlib.data.databases.reader import Correction
from merlib.data.source import Source

NO_APEX = ("", "/", "?", "-")
OBJECTIVE = ("objective_sheet", "objective_file")
KEPT = ("database", "subject", "person", "clip", "aus", "cropped", *OBJECTIVE, "file", "row")
FASTEST = 100_000  # fps
MOST_FRAMES = 1_000_000  # of one clip


class Unusable(ValueError):
    """Why one clip cannot be used."""


def assemble(
    rows: pd.DataFrame, corrections: Mapping[tuple[str, str], Correction], source: Source, frames: bool = True
) -> Clips:
    """The clips of a reader's annotated clips (`Reader.rows`), those that cannot be used in `excluded`.

    A clip is excluded, with the reason, when frames are missing, when its apex is outside onset..offset, when its
    numbers cannot be read, when it repeats a row above, or when it has all frames of another clip. If a clip is unusable
    as annotated and has a correction, the correction is tried. Without `frames` no file is looked for. Raises SheetError
    with all faults, also those that exclude one clip, when two rows contradict each other, when two people share frames,
    or when no clip can be used.
    """
    different = conflicts.in_two_ways(rows)
    rows = rows if frames else rows.assign(path=None, no_frames="")
    records, excluded = _usable(rows.drop(index=[i for group in different for i in group.index[1:]]), corrections)
    table = make_table(records)
    pairs, people = frame_files.shared(table), names.people(table)
    mixed = [pair for pair in pairs if people[pair.first] != people[pair.other]]
    copies = conflicts.copies(records, [pair for pair in pairs if pair not in mixed])
    excluded += [records[i] | {"reason": copies[i]} for i in sorted(copies)]
    contradictions = [*map(conflicts.of_rows, different), *conflicts.of_people(rows)]
    _refuse(contradictions, conflicts.of_frames(records, mixed), excluded, len(rows))
    reasons = pd.DataFrame(excluded, columns=list(EXCLUDED_COLUMNS)).astype({"row": "Int64"})
    notes = (*rows.attrs.get("notes", ()), *names.merged(rows), *conflicts.overlaps(records, pairs))
    return objective.in_use(Clips(table.drop(index=list(copies)), reasons, source, notes))


def _refuse(contradictions: list[Fault], two_people: list[Fault], excluded: list[dict], num_rows: int) -> None:
    """Raises SheetError with every fault if there is a contradiction, frames of two people, or no clip that can be used."""
    none_left = len(excluded) == num_rows
    if contradictions or two_people or none_left:
        title = f"none of the {num_rows} annotated clips can be used" if none_left else "clips that cannot be used"
        unusable = [(row["file"], row["row"], row["reason"]) for row in excluded]
        found = {"annotations contradict each other": contradictions, TWO_PEOPLE: two_people, title: unusable}
        found = {title: cells.shortened(faults) for title, faults in found.items() if faults}
        raise sheets.SheetError("; ".join(found), [fault for faults in found.values() for fault in faults])


def _usable(rows: pd.DataFrame, corrections: Mapping[tuple[str, str], Correction]) -> tuple[list[dict], list[dict]]:
    """Records of a clip table, and the rows that can be none with their `reason`."""
    records: list[dict] = []
    excluded: list[dict] = []
    seen: dict[tuple[str, str], dict] = {}
    for key, row in zip(names.clips(rows), rows.to_dict("records"), strict=True):
        try:
            if names.plain(row["subject"]) and (before := seen.setdefault(key, row)) is not row:
                raise Unusable(conflicts.repeats(row, before))
            records.append(_corrected(row, corrections.get((row["subject"], row["clip"]))))
        except Unusable as reason:
            excluded.append(row | {"reason": str(reason)})
    return records, excluded


def _corrected(row: dict, correction: Correction | None) -> dict:
    try:
        return _record(row) | {"note": ""}
    except Unusable as fault:
        if correction is None:
            raise
        return _record({**row, **correction.change}) | {"note": f"{fault}; {correction.why}"}


def _record(row: dict) -> dict:
    """One row of the clip table; raises Unusable."""
    if row["fault"] or row["no_frames"]:
        raise Unusable(row["fault"] or row["no_frames"])
    for name in ("subject", "clip", "emotion"):
        if not names.plain(row[name]):
            raise Unusable(f"the {name} is not given")
    kept = {name: row[name] for name in KEPT if name in row}
    kept |= {name: objective.name(row[name]) for name in OBJECTIVE if name in row}
    span = _annotated(row) if row["path"] is None else _span(row, Path(row["path"]))
    return kept | span | {"fps": _fps(row["fps"]), "emotion": names.plain(row["emotion"])}


def _fps(text: str) -> float:
    if not text:
        return float("nan")
    fps = float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else 0.0
    if not 0 < fps <= FASTEST:
        raise Unusable(f"fps {text!r} is not a number above 0, such as 29.97, and at most {FASTEST}")
    return fps


def _span(row: Mapping, path: Path) -> dict:
    """The clip's frames, onset, apex and offset. A picture of a clip has no frame numbers; a still may have one."""
    if path.suffix.lower() in pictures.PICTURES and os.path.isfile(path):
        still = sheets.number(row["onset"]) if row["onset"] == row["apex"] == row["offset"] else None
        return {"frames": [str(path)]} | dict.fromkeys(("onset", "apex", "offset"), pd.NA if still is None else still)
    files = {} if os.path.isfile(path) else _files(path)
    onset, offset = _end(row, "onset", files), _end(row, "offset", files)
    if offset < onset:
        raise Unusable(f"offset {offset} comes before onset {onset}")
    apex = _apex(row["apex"], onset, offset)
    frames = _between(files, onset, offset, path) if files else [str(path)]
    return {"frames": frames, "onset": onset, "apex": apex, "offset": offset}


def _annotated(row: Mapping) -> dict:
    """Onset, apex and offset of a clip without frames, as far as they are annotated."""
    onset, offset = (
        pd.NA if row[name] in ("", "first", "last") else _end(row, name, {}) for name in ("onset", "offset")
    )
    known = not (pd.isna(onset) or pd.isna(offset))
    if known and offset < onset:
        raise Unusable(f"offset {offset} comes before onset {onset}")
    return {
        "frames": [],
        "onset": onset,
        "apex": _apex(row["apex"], onset, offset) if known else sheets.number(row["apex"]),
        "offset": offset,
    }


def _between(files: Mapping[int, str], onset: int, offset: int, folder: Path) -> list[str]:
    first, last = min(files), max(files)
    if onset < first or offset > last:
        raise Unusable(f"onset..offset, {onset}..{offset}, goes beyond the frames {first}..{last} in {folder}")
    if offset - onset >= MOST_FRAMES:
        raise Unusable(f"onset..offset, {onset}..{offset}, are more than {MOST_FRAMES:,} frames in {folder}")
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
        raise Unusable(f"no numbered pictures ({', '.join(pictures.PICTURES)}) in {folder}")
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
