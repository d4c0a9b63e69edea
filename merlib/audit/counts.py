"""Arithmetic of published numbers: the whole numbers of clips behind a printed accuracy or confusion matrix.

A printed number stands for an interval. Rounded, the value lies within half a unit of the last printed digit, both
ends included, so that a tie may have gone either way; truncated, it lies between the printed number and one unit more, the
upper end excluded. Everything here is done in whole numbers and fractions, with no floating-point comparison.
An accuracy of n clips is k/n with a whole k, the consistency that GRIM tests (Brown and Heathers, 2017,
doi:10.1177/1948550616673876).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

import numpy as np
import pandas as pd

from merlib.results import metrics


class Finding(NamedTuple):
    """One check of published numbers: what was checked, the arithmetic spelled out and what comes of it.

    `agrees`: whether the printed number is what its heading and the stated class counts give; None where the paper
    leaves out what that takes.
    """

    paper: str
    table: str
    what: str
    arithmetic: str
    verdict: str
    agrees: bool | None


def _macro_precision(counts: np.ndarray) -> float:
    return float(np.nanmean(metrics.precisions(counts)))


def _weighted_f1(counts: np.ndarray) -> float:
    weights = counts.sum(axis=1)
    return float(np.nansum(metrics.f1s(counts) * weights) / weights.sum())


# The printed name of a definition -> what it is, as a function of counts.
DEFINITIONS: dict[str, Callable[[np.ndarray], float]] = {
    "accuracy (WAR)": metrics.accuracy,
    "mean precision": _macro_precision,
    "mean recall (UAR)": metrics.uar,
    "mean of the classes' F1 (UF1)": metrics.uf1,
    "2PR/(P+R) of mean precision and mean recall": metrics.f1_of_means,
    "F1 weighted by class size": _weighted_f1,
}


def interval(printed: str) -> tuple[Fraction, Fraction]:
    """The half-open interval [low, high) of values that print as `printed`, rounded or truncated."""
    number, unit = Fraction(printed), _unit(printed)
    return number - unit / 2, number + unit


def fit(value: Fraction | float, printed: str) -> str:
    """How `value` gives the characters `printed`: "rounded", "truncated", "rounded or truncated", or "" where it does not.

    A value that comes from floats may be off by 1e-12, which is granted at the ends of the intervals.
    """
    number, unit = Fraction(printed), _unit(printed)
    slack = Fraction(0) if isinstance(value, Fraction) else Fraction(1, 10**12)
    over = Fraction(value) - number
    ways = {"rounded": abs(over) <= unit / 2 + slack, "truncated": -slack <= over < unit + slack}
    return " or ".join(way for way, fits in ways.items() if fits)


def clips_that_give(printed: str, n: int, percent: bool = True) -> dict[int, str]:
    """The whole numbers k of `n` clips with k/n printed as `printed` -> how ("rounded", "truncated", "rounded or truncated").

    `percent`: "88.35" stands for 0.8835. Raises ValueError where n is not positive.
    """
    if n < 1:
        raise ValueError(f"{printed} of {n} clips: the number of clips must be at least 1")
    scale = 100 if percent else 1
    number, unit = Fraction(printed), _unit(printed)
    lowest, highest = floor((number - unit) * n / scale), ceil((number + unit) * n / scale)
    ways = {k: fit(Fraction(k * scale, n), printed) for k in range(max(lowest, 0), min(highest, n) + 1)}
    return {k: how for k, how in ways.items() if how}


def distance(printed: str, n: int, percent: bool = True) -> float:
    """How far the nearest k/n lies above (+) or below (-) the printed number, in units of its last digit.

    A rounded k/n lies within -0.5 to 0.5, a truncated one within 0 to 1. Nearest is what lies nearest to the middle of
    both bands together, 0.25.
    """
    over = (np.arange(n + 1) / n * (100 if percent else 1) - float(printed)) / float(_unit(printed))
    return float(over[np.abs(over - 0.25).argmin()])


def share_that_fits(n: int, steps: int) -> float:
    """The share of the numbers 0/steps, 1/steps ... 1 that some k/n gives, rounded (a tie upward) or truncated.

    So many of arbitrary numbers would pass for an accuracy of `n` clips by chance.
    """
    k = np.arange(n + 1)
    return len({*(k * steps // n), *((2 * k * steps + n) // (2 * n))}) / (steps + 1)


def sizes_that_give(printed: str, plausible: Iterable[int], percent: bool = True) -> dict[int, list[int]]:
    """The plausible numbers of clips n with which the accuracy can be printed -> the whole numbers k that give it."""
    found = {n: list(clips_that_give(printed, n, percent)) for n in plausible}
    return {n: clips for n, clips in found.items() if clips}


def definitions_that_fit(printed: str, counts: np.ndarray, percent: bool = False) -> dict[str, str]:
    """The names in `DEFINITIONS` whose value over the counts (C, C) is printed as `printed` -> how, as in `fit`."""
    scale = 100 if percent else 1
    ways = {name: fit(scale * definition(np.asarray(counts)), printed) for name, definition in DEFINITIONS.items()}
    return {name: how for name, how in ways.items() if how}


def rows_that_give(printed: Sequence[str], n: int, percent: bool) -> list[tuple[int, ...]]:
    """Every row of whole counts that sums to `n` and whose shares of n are printed as the cells of the row."""
    rows: list[tuple[int, ...]] = [()]
    for cell in printed:
        candidates = clips_that_give(cell, n, percent)
        rows = [(*row, k) for row in rows for k in candidates if sum(row) + k <= n]
    return [row for row in rows if sum(row) == n]


def counts_of_shares(shares: pd.DataFrame, clips: Mapping[str, int], percent: bool) -> dict[str, list[tuple[int, ...]]]:
    """True class -> every row of counts that its printed shares can be; an empty list: no counts of so many clips.

    `shares`: text, as `published.confusion` gives it; `clips`: class -> number of clips.
    """
    return {name: rows_that_give(shares.loc[name].tolist(), clips[name], percent) for name in shares.index}


def _unit(printed: str) -> Fraction:
    """One unit of the last printed digit."""
    return Fraction(1, 10 ** len(printed.partition(".")[2]))
