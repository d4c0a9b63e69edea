"""Findings from a published confusion matrix: the numbers printed beside it, and its rows as whole numbers of clips."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from merlib import published
from merlib.audit.counts import DEFINITIONS, Finding, counts_of_shares, definitions_that_fit

MICRO = "Residual Network with Micro-Attention"
UF1, MEANS, UAR = "mean of the classes' F1 (UF1)", "2PR/(P+R) of mean precision and mean recall", "mean recall (UAR)"
ACCURACY = "accuracy (WAR)"
EXPECTED = {"accuracy": ACCURACY, "f1": UF1, "uf1": UF1, "uar": UAR}


def micro_attention_rows() -> list[Finding]:
    """The rows of Micro-Attention's Table 5, in percent, as whole numbers of clips."""
    shares, rows, clips = _micro_attention()
    return [row_finding("micro_attention", "table_5", MICRO, name, shares, rows[name], clips) for name in rows]


def micro_attention_scores() -> list[Finding]:
    """Accuracy and F1 of Micro-Attention's Table 4 beside those of Table 5's matrix, if its counts are certain."""
    rows = _micro_attention()[1]
    if any(len(possible) != 1 for possible in rows.values()):
        return []
    matrix = np.array([possible[0] for possible in rows.values()])
    own = published.table("micro_attention", "table_4").query("method == @MICRO")
    return [against_matrix(cell, MICRO, matrix) for cell in own.itertuples()]


def _micro_attention() -> tuple[pd.DataFrame, dict[str, list[tuple[int, ...]]], dict[str, int]]:
    """Table 5 as printed, the rows of counts that it can be, and the clips per class over both databases."""
    pooled = [published.class_counts("micro_attention", "table_1", database) for database in ("casme2", "samm")]
    shares = published.confusion("micro_attention", "table_5", MICRO)
    clips = {name: sum(counts[name] for counts in pooled) for name in shares.index}
    return shares, counts_of_shares(shares, clips, percent=True), clips


def against_matrix(cell: published.Cell, method: str, matrix: np.ndarray) -> Finding:
    """A printed number, a row of `published.table`, and the definitions under which the counts (C, C) give it."""
    percent = cell.metric.endswith("%")
    expected = EXPECTED[cell.metric.split()[0]]
    ways = definitions_that_fit(cell.printed, matrix, percent)
    fits = {name: how for name, how in ways.items() if (name == ACCURACY) == (expected == ACCURACY)}
    shown = dict.fromkeys([expected, *fits, *([MEANS] if expected == UF1 else [])])
    text = "; ".join(f"{name} {(100 if percent else 1) * DEFINITIONS[name](matrix):.5f}" for name in shown)
    text = f"{np.trace(matrix)}/{matrix.sum()}, " * (expected == ACCURACY) + text
    named = " and ".join(f"the {name}, {how}" for name, how in fits.items())
    verdict = f"it is {named}" if fits else "no definition gives it"
    what = f"{method}, {cell.metric.split()[0]} {cell.printed}"
    return Finding(cell.paper, cell.table, what, f"the matrix gives {text}", verdict, expected in fits)


def row_finding(
    paper: str,
    table: str,
    what: str,
    name: str,
    shares: pd.DataFrame,
    possible: list[tuple[int, ...]],
    clips: Mapping[str, int],
) -> Finding:
    """The printed row `name` of a matrix of shares, and `possible`, the rows of counts that it can be."""
    printed = " ".join(shares.loc[name])
    text = f"{printed} of {clips[name]} clips"
    if possible:
        verdict = f"{len(possible)} rows of whole clips fit" if len(possible) > 1 else "one row of whole clips fits"
        text += f": {slashed(possible[0])}"
    else:
        text += f": the cells sum to {sum(map(float, shares.loc[name])):.2f}, " + ", ".join(
            f"{cell} × {clips[name]} = {float(cell) * clips[name]:.2f}" for cell in shares.loc[name]
        )
        verdict = f"no row of {clips[name]} whole clips has these shares, rounded or truncated"
    return Finding(paper, table, f"{what}, row {name}", text, verdict, bool(possible))


def slashed(row: Iterable[int]) -> str:
    """Counts as text: "10/20/0/25"."""
    return "/".join(map(str, row))
