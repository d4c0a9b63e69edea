"""The published numbers, one CSV file per table, and `artifacts.csv`: every table and figure with its kind.

A table is long, with one row per printed cell: paper, table, method, setting, database, classes, protocol, metric,
printed, n, note. `printed` keeps the characters of the paper ("70.2", "—", "N/A") without the sign of the unit;
`metric` names the quantity and, after a space, its unit ("accuracy %", "f1", "clips"); `n` is the number of clips, if
the paper states it for that number. Methods are named without their citation. Numbers that a paper states only in its
text are in `<paper>_databases.csv`, `<paper>_section_*.csv` and `<paper>_figure_*.csv`, in the same form. Pooled
databases are joined with "+". A cell that the paper leaves blank has no row.

A cell of a confusion matrix has "true -> predicted" as its setting ("Anger -> Disgust") and one of three metrics:
"confusion clips" (counts), "confusion %" or "confusion" (percentage or share of the true class's clips). Class counts
have the class as their setting, the metric "clips" and no method; "Total" and "whole database" are no classes.
"""

from pathlib import Path
from typing import Protocol

import pandas as pd

from merlib.data.databases import READERS

FOLDER = Path(__file__).parent
NO_CLASSES = ("Total", "whole database")

# the short name of a database, as the clip table has it, and the name that the papers print
DATABASES = {name: reader.title for name, reader in READERS.items()}


class Cell(Protocol):
    """A printed cell: a row of `table`, as `itertuples` gives it."""

    paper: str
    table: str
    method: str
    setting: str
    database: str
    classes: int  # missing where unstated, as `n`
    protocol: str
    metric: str
    printed: str
    n: int
    note: str


def artifacts(paper: str | None = None) -> pd.DataFrame:
    """The tables and figures to regenerate: paper, artifact, kind, title, label ("Table 6"), databases.

    `kind` is measured, computed, counted, drawn or quoted, or two of them ("measured + quoted").
    """
    listed = _read("artifacts.csv")
    return listed if paper is None else listed[listed["paper"] == paper].reset_index(drop=True)


def table(paper: str, artifact: str) -> pd.DataFrame:
    """One published table in long form; `classes` and `n` are Int64 (missing where unstated), the rest text.

    Raises KeyError naming the tables that are there.
    """
    name = f"{paper}_{artifact}.csv"
    if not (FOLDER / name).is_file():
        there = sorted(path.stem for path in FOLDER.glob("*_*.csv"))
        raise KeyError(f"no published numbers for {paper!r}, {artifact!r}; there are: {', '.join(there)}")
    cells = _read(name)
    return cells.assign(**{column: pd.to_numeric(cells[column]).astype("Int64") for column in ("classes", "n")})


def confusion(paper: str, artifact: str, method: str, database: str | None = None) -> pd.DataFrame:
    """A published confusion matrix as printed: text, row = true class, column = predicted, in the paper's order.

    `database` may be omitted if the method has one matrix. Raises KeyError naming the matrices that are there.
    """
    cells = table(paper, artifact)
    cells = cells[cells["metric"].str.split().str[0] == "confusion"]
    found = cells[(cells["method"] == method) & (True if database is None else cells["database"] == database)]
    if found["database"].nunique() != 1:
        there = cells[["method", "database"]].drop_duplicates().itertuples(index=False, name=None)
        raise KeyError(f"{paper} {artifact}: no one matrix of {method!r}, {database!r}; there are {list(there)}")
    classes = found["setting"].str.split(" -> ", expand=True).set_axis(["true", "predicted"], axis="columns")
    order = pd.Index(classes["true"].unique())
    matrix = found.assign(**classes).pivot(index="true", columns="predicted", values="printed")
    return matrix.loc[order, order].rename_axis(index="true", columns="predicted")


def class_counts(paper: str, artifact: str, database: str) -> dict[str, int]:
    """Class -> number of clips, as one table states it, without totals and without classes printed as "—"."""
    cells = table(paper, artifact)
    cells = cells[(cells["metric"] == "clips") & (cells["database"] == database) & (cells["printed"] != "—")]
    cells = cells[~cells["setting"].isin(NO_CLASSES)]
    return {name: int(printed) for name, printed in cells[["setting", "printed"]].itertuples(index=False)}


def database_name(database: str) -> str:
    """The printed name of a database, or of several joined with "+": "casme2+samm" is "CASME II + SAMM"."""
    return " + ".join(DATABASES.get(part, part) for part in database.split("+"))


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / name, dtype=str, keep_default_na=False)
