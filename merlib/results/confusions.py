"""Confusion matrices by place and method: of predictions, as a paper prints them, and both in one table.

A place is the printed name of a database, or "pooled" for several databases together. Row: target, column: predicted.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from merlib import published
from merlib.results import metrics

POOLED = "pooled"
Matrices = dict[tuple[str, str], pd.DataFrame]


def by_database(predictions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Place -> its predictions: all databases pooled, then each of them. One database is one place."""
    names = predictions["database"].iloc[0].split("+")
    database = predictions["subject"].str.partition("/")[0]
    parts = {_place(name): predictions[database == name].assign(database=name) for name in names}
    return parts if len(names) == 1 else {POOLED: predictions} | parts


def of_predictions(predictions: pd.DataFrame, rule: str = "last") -> pd.DataFrame:
    """Counts (C, C) of the first seed, pooled over all folds; `rule` as in `metrics.select`."""
    tested = metrics.select(predictions[predictions["seed"] == predictions["seed"].iloc[0]], rule)
    return metrics.confusion(tested["target"], tested["predicted"], metrics.class_names(predictions))


def of_methods(methods: Mapping[str, pd.DataFrame], rule: str = "last") -> Matrices:
    """(place, method) -> counts, of every place of every method. `methods`: a name -> its predictions."""
    return {
        (place, name): of_predictions(part, rule)
        for name, predictions in methods.items()
        for place, part in by_database(predictions).items()
    }


def printed(paper: str, table: str) -> Matrices:
    """(place, method) -> a published matrix, its cells the paper's characters, its classes in lower case."""
    cells = published.table(paper, table)
    of_matrix = cells[cells["metric"].str.startswith("confusion")].drop_duplicates(["database", "method"])
    return {
        (_place(database), method): _lower(published.confusion(paper, table, method, database))
        for database, method in of_matrix[["database", "method"]].itertuples(index=False, name=None)
    }


def printed_clips(paper: str, table: str) -> Matrices:
    """(place, method) -> a published matrix in clips, float. Shares are multiplied by the table's own class counts."""
    cells = published.table(paper, table)
    shares = cells["metric"].eq("confusion").any()
    sizes = {
        _place(name): pd.Series(published.class_counts(paper, table, name)).rename(str.lower)
        for name in cells["database"].unique()
    }
    found = {key: matrix.astype(float) for key, matrix in printed(paper, table).items()}
    return {key: matrix.mul(sizes[key[0]], axis="index") if shares else matrix for key, matrix in found.items()}


def beside(published_ones: Matrices, ours: Matrices, shares: bool = False) -> pd.DataFrame:
    """Published matrices, then ours of the same places: one row per place, method and target, as text.

    `shares`: ours are counts, and are shown as shares of the target's clips, with two digits.
    """
    blocks: Matrices = {}
    for place in dict.fromkeys(place for place, _ in published_ones):
        blocks |= {(p, f"{name}, published"): m for (p, name), m in published_ones.items() if p == place}
        blocks |= {(p, name): _shares(m) if shares else m.astype(str) for (p, name), m in ours.items() if p == place}
    return pd.concat(blocks, names=["database", "method", "target"]).rename_axis(columns=None)


def _shares(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.div(np.maximum(counts.sum(axis="columns"), 1), axis="index").map("{:.2f}".format)


def _lower(matrix: pd.DataFrame) -> pd.DataFrame:
    return matrix.rename(index=str.lower, columns=str.lower)


def _place(database: str) -> str:
    return POOLED if "+" in database else published.database_name(database)
