"""Printed accuracies, F1 and UAR beside the clips that they are stated to be of."""

from collections.abc import Iterable

import pandas as pd

from merlib.audit import printed
from merlib.audit.bounds import recalls_that_give, uf1_range
from merlib.audit.counts import Finding, clips_that_give, fit, sizes_that_give
from merlib.audit.printed import SHARES, label


def accuracies() -> list[Finding]:
    """Every printed accuracy and WAR: the whole number of clips that it is.

    If the paper does not say of how many clips, all numbers are tried that the papers state for the database and the
    number of classes.
    """
    found: list[Finding] = []
    plausible = printed.stated_sizes()
    for cell in printed.numbers(SHARES).itertuples(index=False):
        percent = cell.metric.endswith("%")
        what = f"{label(cell)}, {cell.metric.split()[0]} {cell.printed}{' %' * percent}"
        if pd.isna(cell.n):
            text, verdict, agrees = _of_unstated(
                cell.printed, plausible.get((cell.database, cell.classes), []), percent
            )
        else:
            text, verdict, agrees = _of_stated(cell.printed, int(cell.n), percent)
        found.append(Finding(cell.paper, cell.table, what, text, verdict, agrees))
    return found


def accuracy_cells() -> pd.DataFrame:
    """Every printed accuracy and WAR, a cell of `printed.numbers` per row, with its finding: what, arithmetic, verdict, agrees.

    `steps`: how many units of its last printed digit make 100 %.
    """
    cells = printed.numbers(SHARES).reset_index(drop=True)
    digits = cells["printed"].str.partition(".")[2].str.len() + 2 * cells["metric"].str.endswith("%")
    found = pd.DataFrame(accuracies())[["what", "arithmetic", "verdict", "agrees"]]
    return cells.join(found).assign(steps=10**digits)


def f1_scores() -> list[Finding]:
    """Every printed F1 with an accuracy of known class counts: the exact range of UF1 that the accuracy leaves.

    Not for PSN, whose matrices are there. A range over all whole numbers of clips that the accuracy can stand for.
    """
    found = []
    for right, cell in printed.pairs(("accuracy %", "accuracy"), "f1"):
        if cell.paper == "psn" or pd.isna(cell.n):
            continue
        counts = printed.used(cell.paper, cell.database, cell.classes)
        clips = clips_that_give(right.printed, int(cell.n), right.metric.endswith("%"))
        if not clips:
            continue
        ranges = [uf1_range(list(counts.values()), k) for k in clips]
        low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
        inside = low <= float(cell.printed) <= high or bool(fit(low, cell.printed) or fit(high, cell.printed))
        text = f"{'/'.join(map(str, counts.values()))}, {_or(clips)} of {cell.n} recognised: UF1 is {low:.4f} to {high:.4f}"
        verdict = "within the range" if inside else "no matrix with these class counts and this accuracy has this UF1"
        found.append(Finding(cell.paper, cell.table, f"{label(cell)}, f1 {cell.printed}", text, verdict, inside))
    return found


def recalls() -> list[Finding]:
    """Every printed WAR and UAR of one row: whether some matrix with the stated class counts has both."""
    found = []
    for right, cell in printed.pairs(("war",), "uar"):
        counts = printed.used(cell.paper, cell.database, cell.classes)
        clips = clips_that_give(right.printed, int(cell.n), percent=False)
        ways = {k: len(recalls_that_give(cell.printed, list(counts.values()), k)) for k in clips}
        text = f"{'/'.join(map(str, counts.values()))}, {_or(clips) or 'no whole number'} of {cell.n} recognised: "
        text += f"{sum(ways.values())} vectors of recognised clips have mean recall {cell.printed}"
        verdict = "some matrix has both" if any(ways.values()) else "no matrix with these class counts has both"
        what = f"{label(cell)}, WAR {right.printed} and UAR {cell.printed}"
        found.append(Finding(cell.paper, cell.table, what, text, verdict, any(ways.values())))
    return found


def _of_stated(number: str, n: int, percent: bool) -> tuple[str, str, bool]:
    scale, unit = (100, " %") if percent else (1, "")
    ways = clips_that_give(number, n, percent)
    nearest = round(float(number) * n / scale)
    near = ways or {k: "" for k in (nearest - 1, nearest, nearest + 1) if 0 <= k <= n}
    text = f"{number}{unit} of {n}: " + ", ".join(f"{k}/{n} = {scale * k / n:.{4 if percent else 5}f}" for k in near)
    if not ways:
        return text, f"no whole number of {n} clips gives {number}{unit}, rounded or truncated", False
    return text, " or ".join(f"{k} of {n} clips, {how}" for k, how in ways.items()), True


def _of_unstated(number: str, plausible: list[int], percent: bool) -> tuple[str, str, None]:
    sizes = sizes_that_give(number, plausible, percent)
    tried = _or(plausible) or "no number of clips stated"
    text = f"tried: {tried}" + "".join(f"; {_or(clips)}/{n}" for n, clips in sizes.items())
    verdict = (
        f"a whole number of clips if they are {_or(sizes)}" if sizes else "none of those tried gives a whole number"
    )
    return text, f"the number of clips is not stated; {verdict}", None


def _or(numbers: Iterable[int]) -> str:
    return " or ".join(map(str, numbers))
