"""How far a paper's own accuracy lies ahead of the next best of its table, and what so many clips can tell."""

import pandas as pd

from merlib import published
from merlib.audit import listing, scores
from merlib.audit.counts import clips_that_give
from merlib.results import intervals
from merlib.results.rendering import Table

# A paper's method as its tables of results name it, with its setting.
OWN = {
    "MMNet (Ours)", "PC module + CA block", "Continuous attention", "PSN", "SMA-STN (Ours)",
    "SMA-STN, STMA ✓, DE-Loss ✓", "Residual Network with Micro-Attention",
}  # fmt: skip


def leads() -> pd.DataFrame:
    """One row per table, database and number of classes with one accuracy of the paper's own and others beside it.

    Columns: paper, table, what; own, low, high, the accuracy with its 95 % interval (Wilson); clips, "220/249"; next best
    and its accuracy; clips more and lowest p, highest p of McNemar's test (`intervals.mcnemar_range`), missing if no whole
    number of the paper's own clips gives the next best accuracy.
    """
    cells = scores.accuracy_cells()
    labels = cells["method"] + (", " + cells["setting"]).where(cells["setting"] != "", "")
    rows = []
    for _, group in cells.assign(label=labels).groupby(["paper", "table", "database", "classes"], sort=False):
        is_own = group["label"].isin(OWN)
        if is_own.sum() == 1 and len(group) > 1:
            others = group[~is_own]
            rows.append(_lead(group[is_own].iloc[0], others.loc[others["printed"].astype(float).idxmax()]))
    return pd.DataFrame(rows)


def table(found: pd.DataFrame) -> Table:
    """The rows of `leads`, and what comes of them in three sentences."""
    ahead, testable = found["low"] > found["its accuracy"], found["lowest p"].notna()
    p = found["lowest p"].map("{:.2g}".format) + " to " + found["highest p"].map("{:.2g}".format)
    shown = listing.named(found).drop(columns=["lowest p", "highest p"])
    shown["clips more"] = found["clips more"].astype("Int64")
    shown["p of McNemar's test"] = p.where(testable, "")
    shown["next best below the interval"] = ahead.map({True: "yes", False: "no"})
    too_few = (found["lowest p"] > 0.05).sum()
    return Table(shown, (
        f"{ahead.sum()} of {len(found)} next best accuracies lie below the 95 % interval of the paper's own.",
        f"{testable.sum()} next best accuracies are whole numbers of as many clips. {too_few} of these gains are of too few "
        "clips for p ≤ 0.05 in McNemar's test, whichever clips they are, if both methods were tested on the same clips.",
        "Blank: no whole number of the paper's own clips gives the next best accuracy. It may be of other clips, or a mean "
        "over folds.",
    ))  # fmt: skip


def _lead(ours: pd.Series, rival: pd.Series) -> dict[str, object]:
    n, percent = int(ours["n"]), ours["metric"].endswith("%")
    right, same = (list(clips_that_give(cell["printed"], n, percent)) for cell in (ours, rival))
    low, high = intervals.wilson(right[0], n)
    where = f"{published.database_name(ours['database'])}, {ours['classes']} classes"
    lowest, highest = intervals.mcnemar_range(right[0], same[0], n) if same else (None, None)
    return {
        "paper": ours["paper"], "table": ours["table"], "what": where,
        "own": right[0] / n, "low": low, "high": high, "clips": f"{right[0]}/{n}",
        "next best": rival["label"], "its accuracy": float(rival["printed"]) / (100 if percent else 1),
        "clips more": right[0] - same[0] if same else None, "lowest p": lowest, "highest p": highest,
    }  # fmt: skip
