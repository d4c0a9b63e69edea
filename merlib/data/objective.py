"""Objective classes: a clip's class by its action units alone, whatever emotion was annotated.

Davison, Merghani and Yap, Objective Classes for Micro-Facial Expression Recognition (J. Imaging 2018), table 2. I to VI
are what happiness, surprise, anger, disgust, sadness and fear look like; VII is every other combination.

The published classes of CASME II are in two places that differ: a column of the sheet of 2019 (30/18/93/15/18/2/79 clips
of I to VII) and a file of its own (25/15/99/26/20/1/69). Readers put the first in the column `objective_sheet` of the clip
table, the second in `objective_file`, and the one that is used in `objective`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from merlib.data import aus

if TYPE_CHECKING:
    from merlib.data.clips import Clips

COMBINATIONS = {
    "I": "6 12 6+12 6+7+12 7+12",
    "II": "1+2 5 25 1+2+25 25+26 5+24",
    "III": "23 4 4+7 4+5 4+5+7 17+24 4+6+7 4+38",
    "IV": "10 9 4+9 4+40 4+5+40 4+7+9 4+9+17 4+7+10 4+5+7+9 7+10",
    "V": "1 15 1+4 6+15 15+17",
    "VI": "1+2+4 20",
}
NAMES = (*COMBINATIONS, "VII")
PUBLISHED = ("file", "sheet")
SOURCES = (*PUBLISHED, "rule")
_CLASS_OF = {aus.numbers(code): name for name, codes in COMBINATIONS.items() for code in codes.split()}


def of(numbers: Iterable[int]) -> str:
    """The objective class, I to VII, of a clip with these action units, whatever their order."""
    return _CLASS_OF.get(frozenset(numbers), "VII")


def name(text: str) -> str:
    """I to VII for `1` to `7`, which is how real sheets write them; any other text stays as it is."""
    return NAMES[int(text) - 1] if text in list("1234567") else text


def by(clips: "Clips", source: str) -> "Clips":
    """The same clips with the objective classes of one of `SOURCES`.

    `file` and `sheet`: as published, from the file of its own or the sheet's column. If a database has only one of the
    two, that one is taken. `rule`: computed from the action units. Sides, intensities and doubts do not count; every one
    of several alternatives does (`aus.numbers`). A clip without action units is VII; one whose action units cannot be
    read goes to `excluded`. Raises ValueError for another source.
    """
    if source not in SOURCES:
        raise ValueError(f"no source {source!r} of objective classes; accepted: {', '.join(SOURCES)}")
    if source != "rule":
        return replace(clips, table=clips.table.assign(objective=_published(clips, source)))
    table = clips.table
    unread = {
        (row.database, row.subject, row.clip): fault for row in table.itertuples() if (fault := aus.fault(row.aus))
    }
    clips = clips.drop(unread)
    return replace(clips, table=clips.table.assign(objective=_by_rule(clips)))


def in_use(clips: "Clips") -> "Clips":
    """The clips as a database's reader gives them, with the column `objective` if any are annotated: the file's classes."""
    annotated = any(f"objective_{source}" in clips.table for source in PUBLISHED)
    return by(clips, "file") if annotated else clips


def differing(table: pd.DataFrame) -> Iterator[str]:
    """One sentence per database whose two published classes differ, and which of them is in use in this clip table."""
    for database, rows in table.groupby("database", sort=False):
        published = {source: _column(rows, source) for source in PUBLISHED}
        both = pd.concat(published, axis=1).ne("").all(axis=1)
        other = both & published["file"].ne(published["sheet"])
        used = [source for source in PUBLISHED if rows["objective"][other].equals(published[source][other])]
        if other.any() and used:
            yield (
                f"{database}: {other.sum()} of {len(rows)} clips have another objective class in the sheet than in the file "
                f"of its own; the {used[0]}'s are used (objective.by chooses)"
            )


def compared(clips: "Clips") -> pd.DataFrame:
    """One row per clip: database, subject, clip, aus, and its class by each of `SOURCES`, "" where there is none."""
    named = {source: _column(clips.table, source) for source in PUBLISHED}
    return clips.table[["database", "subject", "clip", "aus"]].assign(**named, rule=_by_rule(clips))


def _published(clips: "Clips", source: str) -> pd.Series:
    """The classes of a source, for each database; those of the other source where the database lacks the first."""
    other = next(name for name in PUBLISHED if name != source)
    wanted = _column(clips.table, source)
    there = wanted.ne("").groupby(clips.table["database"]).transform("any")
    return wanted.where(there, _column(clips.table, other))


def _column(table: pd.DataFrame, source: str) -> pd.Series:
    column = f"objective_{source}"
    return table[column].fillna("") if column in table else pd.Series("", table.index, dtype=object)


def _by_rule(clips: "Clips") -> list[str]:
    return ["" if aus.fault(text) else of(aus.numbers(text)) for text in clips.table["aus"]]
