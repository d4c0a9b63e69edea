"""Numbers that two places state: class counts and totals, people, and what one paper quotes from another."""

from itertools import combinations

import pandas as pd

from merlib import published
from merlib.audit import printed
from merlib.audit.counts import Finding
from merlib.published import Cell


def class_counts() -> list[Finding]:
    """Class counts against the total printed with them, and against those of other tables and papers."""
    found, stated = [], {}
    for paper, table, cells in printed.tables():
        cells = cells[cells["metric"] == "clips"]
        for (database, classes), of in cells.groupby(["database", "classes"], sort=False):
            counts = published.class_counts(paper, table, database)
            stated[paper, table, database, classes] = counts
            total = of.loc[of["setting"] == "Total", "printed"]
            if len(total):
                found.append(_total_finding(paper, table, database, counts, int(total.item())))
    for (one, ours), (other, theirs) in combinations(stated.items(), 2):
        if one[2:] == other[2:]:
            found.append(_pair_finding(one, ours, other, theirs))
    return found


def subjects() -> list[Finding]:
    """The number of people of a database, where two papers state one."""
    cells = pd.concat([cells[cells["metric"] == "subjects"] for _, _, cells in printed.tables()])
    found = []
    for database, of in cells.groupby("database", sort=False):
        text = ", ".join(f"{cell.paper} {cell.printed}" for cell in of.itertuples())
        same = of["printed"].nunique() == 1
        verdict = "the papers agree" if same else "the papers differ"
        what = f"subjects of {published.database_name(database)}"
        if len(of) > 1:
            found.append(Finding(of["paper"].iloc[0], of["table"].iloc[0], what, text, verdict, same))
    return found


def quoted() -> list[Finding]:
    """A method's accuracy or F1 on a database, where two papers print it."""
    found: list[Finding] = []
    seen: dict[tuple, Cell] = {}
    cells = list(printed.numbers({"accuracy %", "f1"}).itertuples(index=False))
    for cell in cells:
        key = (cell.method.removesuffix(" (Ours)"), cell.setting, cell.database, cell.classes, cell.metric)
        first = seen.setdefault(key, cell)
        if first.paper != cell.paper:
            same = float(first.printed) == float(cell.printed)
            text = f"{first.paper} {first.table} {first.printed}, {cell.paper} {cell.table} {cell.printed}"
            alike = [*_others(first, cell.paper, cells), *_others(cell, first.paper, cells)]
            verdict = "the papers agree" if same else "; ".join(["the papers differ", *alike])
            what = f"{key[0]}, {published.database_name(cell.database)}, {cell.classes} classes, {cell.metric}"
            found.append(Finding(first.paper, first.table, what, text, verdict, same))
    return found


def _others(cell: Cell, paper: str, cells: list[Cell]) -> list[str]:
    """The methods for which `paper` prints this cell's number, in the same quantity."""

    def quantity(cell: Cell) -> tuple:
        return (cell.database, cell.classes, cell.metric, cell.printed)

    found = [other for other in cells if other.paper == paper and quantity(other) == quantity(cell)]
    return [f"{cell.printed} is {other.method}'s in {paper} {other.table}" for other in found]


def _total_finding(paper: str, table: str, database: str, counts: dict[str, int], total: int) -> Finding:
    text = f"{' + '.join(map(str, counts.values()))} = {sum(counts.values())}, printed {total}"
    same = sum(counts.values()) == total
    what = f"class counts of {published.database_name(database)}"
    verdict = "the classes add up to the total" if same else "the classes do not add up to the total"
    return Finding(paper, table, what, text, verdict, same)


def _pair_finding(one: tuple, ours: dict[str, int], other: tuple, theirs: dict[str, int]) -> Finding:
    differ = [
        f"{name} {ours.get(name, 0)} against {theirs.get(name, 0)}"
        for name in {**ours, **theirs}
        if ours.get(name) != theirs.get(name)
    ]
    what = f"class counts of {published.database_name(one[2])}, {one[3]} classes, beside {other[0]} {other[1]}"
    text = f"{'/'.join(map(str, ours.values()))} ({sum(ours.values())}) and {'/'.join(map(str, theirs.values()))} ({sum(theirs.values())})"
    verdict = f"they differ: {', '.join(differ)}" if differ else "they are the same"
    return Finding(one[0], one[1], what, text, verdict, not differ)
