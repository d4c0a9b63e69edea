"""Objective classes: a clip's class by its action units alone, whatever emotion was annotated.

Davison, Merghani and Yap, Objective Classes for Micro-Facial Expression Recognition (J. Imaging 2018), table 2. I to VI
are what happiness, surprise, anger, disgust, sadness and fear look like; VII is every other combination.
"""

from collections.abc import Iterable
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
_CLASS_OF = {aus.numbers(code): name for name, codes in COMBINATIONS.items() for code in codes.split()}


def of(numbers: Iterable[int]) -> str:
    """The objective class, I to VII, of a clip with these action units, whatever their order."""
    return _CLASS_OF.get(frozenset(numbers), "VII")


def by_rule(clips: "Clips") -> "Clips":
    """The same clips with the `objective` column by the rule, whatever the annotation sheet says.

    Sides, intensities and doubts do not count; every one of several alternatives does (`aus.numbers`). A clip without
    action units is VII.
    """
    return replace(clips, table=clips.table.assign(objective=_by_rule(clips)))


def compared(clips: "Clips") -> pd.DataFrame:
    """One row per clip: database, subject, clip, aus, `sheet` (the sheet's class, "" where it has none) and `rule`."""
    table = clips.table
    sheet = table["objective"].fillna("") if "objective" in table else ""
    return table[["database", "subject", "clip", "aus"]].assign(sheet=sheet, rule=_by_rule(clips))


def _by_rule(clips: "Clips") -> list[str]:
    return [of(aus.numbers(text)) for text in clips.table["aus"]]
