"""The arithmetic of the five papers' published numbers: which can be, and under which definition, number by number.

Every finding is arithmetic on printed numbers and says nothing about how a number came about: a mean over folds, a
misprint, a number quoted from another study with other clips and a different definition all look alike.
"""

from collections.abc import Collection, Iterable
from itertools import combinations

import pandas as pd

from merlib import published
from merlib.audit import claims, matrices
from merlib.audit.bounds import recalls_that_give, uf1_range
from merlib.audit.counts import Finding, clips_that_give, fit, sizes_that_give
from merlib.published import Cell

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
    ("psn", claims.POOLED, 4): "table_4",
    ("mmnet", "casme2", 5): "table_1",
    ("mmnet", "samm", 5): "table_1",
    ("mmnet", "mmew", 4): "table_1",
    ("mmnet", "casme2", 3): "table_2",
    ("mmnet", "samm", 3): "table_2",
}
NOT_USED = {"micro_attention": ("Fear", "Others")}


def findings() -> pd.DataFrame:
    """Every check applied to the published tables, a row a finding: paper, table, what, arithmetic, verdict, agrees.

    `agrees` is boolean, missing where the paper leaves out what the check takes (the number of clips, say).
    """
    checks = [*class_counts(), *subjects(), *quoted(), *accuracies(), *f1_scores(), *recalls()]
    checks += [*matrices.micro_attention(), *claims.findings()]
    return pd.DataFrame(checks, columns=Finding._fields).astype({"agrees": "boolean"})


def numbers(names: Collection[str]) -> pd.DataFrame:
    """Every printed cell of these metrics ("accuracy %", "f1") that is a number, as `published.table` gives it."""
    cells = pd.concat([cells for _, _, cells in _tables()], ignore_index=True)
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


def class_counts() -> list[Finding]:
    """Class counts against the total printed with them, and against those of other tables and papers."""
    found, stated = [], {}
    for paper, table, cells in _tables():
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
    cells = pd.concat([cells[cells["metric"] == "subjects"] for _, _, cells in _tables()])
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
    cells = list(numbers({"accuracy %", "f1"}).itertuples(index=False))
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


def accuracies() -> list[Finding]:
    """Every printed accuracy and WAR: the whole number of clips that it is.

    Where the paper does not say of how many clips, those numbers are tried that the papers state for the database and
    number of classes.
    """
    found: list[Finding] = []
    plausible = _stated_sizes()
    for cell in numbers(SHARES).itertuples(index=False):
        percent = cell.metric.endswith("%")
        what = f"{_label(cell)}, {cell.metric.split()[0]} {cell.printed}{' %' * percent}"
        if pd.isna(cell.n):
            text, verdict, agrees = _of_unstated(
                cell.printed, plausible.get((cell.database, cell.classes), []), percent
            )
        else:
            text, verdict, agrees = _of_stated(cell.printed, int(cell.n), percent)
        found.append(Finding(cell.paper, cell.table, what, text, verdict, agrees))
    return found


def f1_scores() -> list[Finding]:
    """Every printed F1 with an accuracy of known class counts: the exact range of UF1 that the accuracy leaves.

    Not for PSN, whose matrices are there. A range over all whole numbers of clips that the accuracy can stand for.
    """
    found = []
    for right, cell in pairs(("accuracy %", "accuracy"), "f1"):
        if cell.paper == "psn" or pd.isna(cell.n):
            continue
        counts = used(cell.paper, cell.database, cell.classes)
        clips = clips_that_give(right.printed, int(cell.n), right.metric.endswith("%"))
        if not clips:
            continue
        ranges = [uf1_range(list(counts.values()), k) for k in clips]
        low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
        inside = low <= float(cell.printed) <= high or bool(fit(low, cell.printed) or fit(high, cell.printed))
        text = f"{'/'.join(map(str, counts.values()))}, {_or(clips)} of {cell.n} recognised: UF1 is {low:.4f} to {high:.4f}"
        verdict = "within the range" if inside else "no matrix with these class counts and this accuracy has this UF1"
        found.append(Finding(cell.paper, cell.table, f"{_label(cell)}, f1 {cell.printed}", text, verdict, inside))
    return found


def recalls() -> list[Finding]:
    """Every printed WAR and UAR of one row: whether some matrix with the stated class counts has both."""
    found = []
    for right, cell in pairs(("war",), "uar"):
        counts = used(cell.paper, cell.database, cell.classes)
        clips = clips_that_give(right.printed, int(cell.n), percent=False)
        ways = {k: len(recalls_that_give(cell.printed, list(counts.values()), k)) for k in clips}
        text = f"{'/'.join(map(str, counts.values()))}, {_or(clips) or 'no whole number'} of {cell.n} recognised: "
        text += f"{sum(ways.values())} vectors of recognised clips have mean recall {cell.printed}"
        verdict = "some matrix has both" if any(ways.values()) else "no matrix with these class counts has both"
        what = f"{_label(cell)}, WAR {right.printed} and UAR {cell.printed}"
        found.append(Finding(cell.paper, cell.table, what, text, verdict, any(ways.values())))
    return found


def _others(cell: Cell, paper: str, cells: list[Cell]) -> list[str]:
    """The methods for which `paper` prints this cell's number, in the same quantity."""

    def quantity(cell: Cell) -> tuple:
        return (cell.database, cell.classes, cell.metric, cell.printed)

    found = [other for other in cells if other.paper == paper and quantity(other) == quantity(cell)]
    return [f"{cell.printed} is {other.method}'s in {paper} {other.table}" for other in found]


def _of_stated(printed: str, n: int, percent: bool) -> tuple[str, str, bool]:
    scale, unit = (100, " %") if percent else (1, "")
    ways = clips_that_give(printed, n, percent)
    nearest = round(float(printed) * n / scale)
    near = ways or {k: "" for k in (nearest - 1, nearest, nearest + 1) if 0 <= k <= n}
    text = f"{printed}{unit} of {n}: " + ", ".join(f"{k}/{n} = {scale * k / n:.{4 if percent else 5}f}" for k in near)
    if not ways:
        return text, f"no whole number of {n} clips gives {printed}{unit}, rounded or cut", False
    return text, " or ".join(f"{k} of {n} clips, {how}" for k, how in ways.items()), True


def _of_unstated(printed: str, plausible: list[int], percent: bool) -> tuple[str, str, None]:
    sizes = sizes_that_give(printed, plausible, percent)
    tried = _or(plausible) or "no number of clips stated"
    text = f"tried: {tried}" + "".join(f"; {_or(clips)}/{n}" for n, clips in sizes.items())
    verdict = (
        f"a whole number of clips if they are {_or(sizes)}" if sizes else "none of those tried gives a whole number"
    )
    return text, f"the number of clips is not stated; {verdict}", None


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


def _tables() -> list[tuple[str, str, pd.DataFrame]]:
    names = sorted(path.stem for path in published.FOLDER.glob("*.csv") if path.stem != "artifacts")
    papers = published.artifacts()["paper"].unique()
    split = [
        (paper, name.removeprefix(f"{paper}_")) for name in names for paper in papers if name.startswith(f"{paper}_")
    ]
    return [(paper, table, published.table(paper, table)) for paper, table in split]


def _stated_sizes() -> dict[tuple[str, int], list[int]]:
    cells = pd.concat([cells for _, _, cells in _tables()]).dropna(subset=["n"])
    return {key: sorted(map(int, of["n"].unique())) for key, of in cells.groupby(["database", "classes"])}


def _label(cell: Cell) -> str:
    name = published.database_name(cell.database)
    return ", ".join(filter(None, [cell.method, cell.setting, f"{name}, {cell.classes} classes"]))


def _or(numbers: Iterable[int]) -> str:
    return " or ".join(map(str, numbers))
