"""What annotations contradict: one clip in two ways, one subject as two people, the same frames as two clips."""

from collections.abc import Mapping, Sequence

import pandas as pd

from merlib.data import names
from merlib.data.databases.cells import SHOWN, Fault
from merlib.data.frame_files import Shared

CONTENT = ["onset", "apex", "offset", "aus", "emotion", "path"]


def of_people(rows: pd.DataFrame) -> list[Fault]:
    """Where a subject is two people by the column `person`."""
    named = rows[rows["subject"].map(names.plain) != ""]
    return [(row["file"], row["row"], fault) for row, fault in names.contradictions(named)]


def in_two_ways(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """The rows of each clip whose rows differ."""
    named = rows[rows["subject"].map(names.plain) != ""]
    keys = pd.Series(names.clips(named), named.index, dtype=object)
    named, plain = named[keys.duplicated(keep=False)], named["emotion"].map(names.plain)
    groups = [group for (_, clip), group in named.groupby(keys, sort=False) if clip]
    return [group for group in groups if len(group[CONTENT].assign(emotion=plain).drop_duplicates()) > 1]


def of_rows(group: pd.DataFrame) -> Fault:
    """The fault of a clip's rows that differ (`in_two_ways`)."""
    first, *others = group.to_dict("records")
    elsewhere = "; ".join(names.place(row) + _otherwise(row, first) for row in others)
    return first["file"], first["row"], f"{_name(first)} is different in {elsewhere}"


def repeats(row: Mapping, before: Mapping) -> str:
    """Why a row is left out that says of a clip what the row `before` says."""
    return f"repeats {names.place(before)}{_otherwise(before, row)}"


def of_frames(clips: Sequence[Mapping], pairs: Sequence[Shared]) -> list[Fault]:
    """One fault per pair of clips; `pairs` are those of two people."""
    both = [(clips[a], clips[b]) for a, b, _ in pairs]
    return [(other["file"], other["row"], f"{_name(other)} has frames of {_at(first)}") for first, other in both]


def copies(clips: Sequence[Mapping], pairs: Sequence[Shared]) -> dict[int, str]:
    """Why clips with all frames of another one cannot be used. One of them stays if their emotions agree."""
    reasons = {}
    for a, b, _ in (pair for pair in pairs if pair.whole):
        reasons[b] = f"has the same frames as {_at(clips[a])}"
        if clips[a]["emotion"] != clips[b]["emotion"]:
            reasons[b] += f", annotated as {clips[a]['emotion']}"
            reasons[a] = f"has the same frames as {_at(clips[b])}, annotated as {clips[b]['emotion']}"
    return reasons


def overlaps(clips: Sequence[Mapping], pairs: Sequence[Shared]) -> list[str]:
    """One sentence on the clips of one person that share some frames; none if there are none."""
    partly = [f"{_at(clips[a])} and {_at(clips[b])}" for a, b, whole in pairs if not whole]
    more = [f"{len(partly) - SHOWN} more pairs"] if len(partly) > SHOWN else []
    return [f"clips of one person share frames: {'; '.join([*partly[:SHOWN], *more])}"] if partly else []


def _name(row: Mapping) -> str:
    return f"{row['subject']} {row['clip']}"


def _at(row: Mapping) -> str:
    return f"{_name(row)} ({names.place(row)})"


def _otherwise(row: Mapping, other: Mapping) -> str:
    """How a row writes the name of a clip, if the other one writes it otherwise."""
    return "" if _name(row) == _name(other) else f" (written {_name(row)!r})"
