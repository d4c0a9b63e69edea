"""The printed numbers of the five papers, and what each paper says that they are of."""

from collections.abc import Collection

import pandas as pd

from merlib import published
from merlib.published import Cell

POOLED = "casme+casme2+cas_me_2+samm"  # PSN's four databases
SHARES = {"accuracy %", "accuracy", "war"}
# (paper, database, classes) -> the table that states the class counts, and the classes of it that are not used.
CLASS_COUNTS = {
    ("sma_stn", "casme2", 5): "databases",
    ("sma_stn", "samm", 5): "databases",
    ("sma_stn", "smic", 3): "databases",
    ("micro_attention", "casme2", 5): "table_1",
    ("micro_attention", "samm", 5): "table_1",
    ("micro_attention", "casme2+samm", 5): "table_1",
    ("micro_attention", "smic", 3): "table_1",
    ("psn", POOLED, 4): "table_4",
    ("mmnet", "casme2", 5): "table_1",
    ("mmnet", "samm", 5): "table_1",
    ("mmnet", "mmew", 4): "table_1",
    ("mmnet", "casme2", 3): "table_2",
    ("mmnet", "samm", 3): "table_2",
}
NOT_USED = {"micro_attention": ("Fear", "Others")}


def numbers(names: Collection[str]) -> pd.DataFrame:
    """Every printed cell of these metrics ("accuracy %", "f1") that is a number, as `published.table` gives it."""
    cells = pd.concat([cells for _, _, cells in tables()], ignore_index=True)
    return cells[cells["metric"].isin(names) & cells["printed"].str.fullmatch(r"\d+(\.\d+)?")]


def pairs(first: Collection[str], second: str) -> list[tuple[Cell, Cell]]:
    """The two printed numbers of one row, of each row that has both: cells of `numbers` as named tuples."""

    def row(cell: Cell) -> tuple:
        return (cell.paper, cell.table, cell.method, cell.setting, cell.database, cell.classes)

    firsts = {row(cell): cell for cell in numbers(first).itertuples(index=False)}
    seconds = numbers({second}).itertuples(index=False)
    return [(firsts[row(cell)], cell) for cell in seconds if row(cell) in firsts]


def used(paper: str, database: str, classes: int) -> dict[str, int]:
    """Class -> number of clips of an evaluation, as the paper states it; of pooled databases, added up.

    Raises KeyError where the paper states none.
    """
    table = CLASS_COUNTS[paper, database, classes]
    pooled = published.class_counts(paper, table, database)
    parts = [pooled] if pooled else [published.class_counts(paper, table, part) for part in database.split("+")]
    names = [name for name in parts[0] if name not in NOT_USED.get(paper, ())]
    return {name: sum(counts[name] for counts in parts) for name in names}


def stated_sizes() -> dict[tuple[str, int], list[int]]:
    """(database, classes) -> the numbers of clips that the papers state for it, from the lowest."""
    cells = pd.concat([cells for _, _, cells in tables()]).dropna(subset=["n"])
    return {key: sorted(map(int, of["n"].unique())) for key, of in cells.groupby(["database", "classes"])}


def label(cell: Cell) -> str:
    """What a number is of: "MMNet, 3 layers, SAMM, 5 classes"."""
    name = published.database_name(cell.database)
    return ", ".join(filter(None, [cell.method, cell.setting, f"{name}, {cell.classes} classes"]))


def tables() -> list[tuple[str, str, pd.DataFrame]]:
    """Paper, table and printed cells of every published table, in the order of their files."""
    names = sorted(path.stem for path in published.FOLDER.glob("*.csv") if path.stem != "artifacts")
    papers = published.artifacts()["paper"].unique()
    split = [
        (paper, name.removeprefix(f"{paper}_")) for name in names for paper in papers if name.startswith(f"{paper}_")
    ]
    return [(paper, table, published.table(paper, table)) for paper, table in split]
