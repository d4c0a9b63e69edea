"""Findings from PSN's matrices: Tables 5 and 6 beside Table 7, and Table 8 beside Tables 4, 6 and 7.

The paper's text has five of the ten methods' matrices in Table 8.
"""

from collections.abc import Iterable, Mapping
from itertools import product

import numpy as np
import pandas as pd

from merlib import published
from merlib.audit import definitions
from merlib.audit.bounds import recalls_that_give
from merlib.audit.counts import Finding, counts_of_shares, definitions_that_fit
from merlib.audit.matrices import UAR, UF1, against_matrix, row_finding, slashed
from merlib.audit.printed import POOLED
from merlib.results import metrics
from merlib.results.rendering import Table

# Table 5's name of a method -> its name in tables 6 to 8, where it differs.
NAMES = {("LBP-SIP", "7×7"): "LBP-SIP 7×7", ("RCN", "w-extension"): "RCN-w"}
Rows = dict[str, list[tuple[int, ...]]]


def pooled() -> list[Finding]:
    """Accuracy, F1 and UAR of PSN's Tables 5 and 6 beside what the matrices of Table 7 give."""
    found = []
    table_5, table_6 = published.table("psn", "table_5"), published.table("psn", "table_6")
    matrices = definitions.matrices()
    for cell in table_5.itertuples():
        method = NAMES.get((cell.method, cell.setting), cell.method)
        if method in matrices and (cell.setting == "" or (cell.method, cell.setting) in NAMES):
            found.append(against_matrix(cell, method, matrices[method]))
    for cell in table_6[table_6["database"] == POOLED].itertuples():
        found.append(against_matrix(cell, cell.method, matrices[cell.method]))
    return found


def shares() -> list[Finding]:
    """Each row of PSN's Table 8 as counts of Table 4's class counts; a matrix that only fits across is named so."""
    found = []
    for method, database, printed, clips in _table_8():
        what = f"{method}, {published.database_name(database)}"
        rows, exchanged = _counts(printed, clips)
        if exchanged:
            text = "; ".join(f"{name} {slashed(possible[0])}" for name, possible in rows.items())
            verdict = "no row is of whole clips, every column is: the matrix is printed with rows and columns exchanged"
            found.append(Finding("psn", "table_8", what, f"columns as counts: {text}", verdict, False))
        else:
            found += [row_finding("psn", "table_8", what, name, printed, rows[name], clips) for name in rows]
    return found


def sums() -> list[Finding]:
    """Whether the four databases' rows of Table 8, as counts, add up to the row of Table 7.

    If one of the four rows is not made of whole clips, the finding says what the other three leave for it. A sum with
    two or more such rows is not checked.
    """
    parts: dict[tuple[str, str], Rows] = {}
    for method, database, printed, clips in _table_8():
        for name, possible in _counts(printed, clips)[0].items():
            parts.setdefault((method, name), {})[database] = possible
    found = []
    for (method, name), of_databases in parts.items():
        target = published.confusion("psn", "table_7", method).loc[name].astype(int).to_numpy()
        missing = [database for database, possible in of_databases.items() if not possible]
        known = [possible for possible in of_databases.values() if possible]
        if len(missing) <= 1:
            n = published.class_counts("psn", "table_4", missing[0])[name] if missing else 0
            found.append(_sum_finding(f"{method}, row {name}, over databases", known, target, missing, n))
    return found


def _sum_finding(
    what: str, known: list[list[tuple[int, ...]]], target: np.ndarray, missing: list[str], n: int
) -> Finding:
    """`missing`: the database whose row, of `n` clips, is what `known` rows leave of `target`; or none."""
    left = {rows: target - np.sum(rows, axis=0) for rows in product(*known)}
    fits = {rows: rest for rows, rest in left.items() if rest.min() >= 0 and rest.sum() == n}
    rows = next(iter(fits or left))
    text = f"{' + '.join(map(slashed, rows))} beside {slashed(target)}"
    if missing and fits:
        could_be = " or ".join(dict.fromkeys(map(slashed, fits.values())))
        text += f", which leaves {could_be} of {n} clips"
        verdict = f"Table 7 leaves {could_be} for the row of {published.database_name(missing[0])}, which is printed otherwise"
        return Finding("psn", "table_8", what, text, verdict, False)
    verdict = "the rows add up to Table 7's" if fits else "no counts of the rows add up to Table 7's"
    return Finding("psn", "table_8", what, text, verdict, bool(fits))


def single() -> list[Finding]:
    """UAR and UF1 of Table 6 per database, beside the matrices that Table 8's rows can be with Table 4's class counts.

    CAS(ME)² is also tried with the 15 surprise clips that Table 8 prints. The row Surprise may then be any row of 15.
    """
    found = []
    for method, database, printed, clips in _table_8():
        rows = _counts(printed, clips)[0]
        if all(rows.values()):
            cells = published.table("psn", "table_6").query("method == @method & database == @database")
            numbers = dict(zip(cells["metric"], cells["printed"], strict=True))
            what = f"{method}, {published.database_name(database)}, UAR {numbers['uar']} and UF1 {numbers['uf1']}"
            text, fits = _best(rows, numbers)
            verdict = "both are those of the matrix" if fits else "no matrix of these shares gives both numbers"
            if database == "cas_me_2" and not fits:
                more, verdict = _with_fifteen(rows, numbers)
                text += more
            found.append(Finding("psn", "table_6", what, text, verdict, fits))
    return found


def _with_fifteen(rows: Rows, numbers: Mapping[str, str]) -> tuple[str, str]:
    """More of the arithmetic, and the verdict, if 7 surprise clips do not give the numbers."""
    stated = published.class_counts("psn", "table_8", "cas_me_2")["Surprise"]
    text, fits = _best(rows | {"Surprise": _all_rows(stated)}, numbers)
    verdict = f"one with {stated} (Table 8) does" if fits else f"none with {stated} (Table 8) does either"
    return (
        f"; with {stated} surprise clips: {text}",
        f"the matrix with 7 surprise clips (Table 4) does not give both numbers; {verdict}",
    )


def cas_me_2_uar() -> list[Finding]:
    """UAR on CAS(ME)², with few clips per class: which of the two printed class counts can give it at all."""
    found = []
    for method, printed, ways in _ways_on_cas_me_2():
        few, many = ways
        text = "; ".join(f"class counts {s}: {n or 'no'} vectors of recognised clips" for s, n in ways.items())
        verdict = {
            (True, True): "either class counts can give it",
            (True, False): f"only {few} can give it",
            (False, True): f"only {many} can give it: with {few} no matrix has this mean of four recalls",
            (False, False): "neither class counts can give it",
        }[bool(ways[few]), bool(ways[many])]
        found.append(Finding("psn", "table_6", f"{method}, CAS(ME)², UAR {printed}", text, verdict, bool(ways[few])))
    return found


def ways_on_cas_me_2() -> Table:
    """One row per method: in how many ways each of the two printed class counts of CAS(ME)² gives its printed UAR."""
    rows = [
        {"method": method, "printed UAR": printed} | {f"ways with {counts}": n for counts, n in ways.items()}
        for method, printed, ways in _ways_on_cas_me_2()
    ]
    frame = pd.DataFrame(rows)
    few, many = frame.columns[2:]
    gives = frame[[few, many]] > 0
    only = {name: (gives[name] & ~gives[other]).sum() for name, other in ((few, many), (many, few))}
    texts = [f"{n} only with {name.removeprefix('ways with ')} clips" for name, n in only.items()]
    return Table(
        frame,
        (
            f"Of {len(frame)} UARs are possible: {', '.join(texts)}. The classes are {', '.join(_class_counts_of_cas_me_2()[0])}.",
        ),
    )


def _ways_on_cas_me_2() -> list[tuple[str, str, dict[str, int]]]:
    """Method, printed UAR, and the class counts as text -> the number of vectors of recognised clips that give it."""
    both = {slashed(counts.values()): list(counts.values()) for counts in _class_counts_of_cas_me_2()}
    cells = published.table("psn", "table_6").query("database == 'cas_me_2' & metric == 'uar'")
    return [
        (cell.method, cell.printed, {text: len(recalls_that_give(cell.printed, n)) for text, n in both.items()})
        for cell in cells.itertuples()
    ]


def _class_counts_of_cas_me_2() -> list[dict[str, int]]:
    """Table 4's, with 7 surprise clips, and Table 8's, with 15."""
    return [published.class_counts("psn", table, "cas_me_2") for table in ("table_4", "table_8")]


def _best(rows: Rows, numbers: Mapping[str, str]) -> tuple[str, bool]:
    """UAR and UF1 of the matrices that the rows can be, as text, and whether one of them has both printed numbers."""
    uars, uf1s = [], []
    for matrix in map(np.array, product(*rows.values())):
        uars.append(metrics.uar(matrix))
        uf1s.append(metrics.uf1(matrix))
        if UAR in definitions_that_fit(numbers["uar"], matrix) and UF1 in definitions_that_fit(numbers["uf1"], matrix):
            return f"UAR {uars[-1]:.5f}, UF1 {uf1s[-1]:.5f} from {'; '.join(map(slashed, matrix))}", True
    ranges = [f"{name} {min(v):.4f} to {max(v):.4f}" for name, v in (("UAR", uars), ("UF1", uf1s))]
    return f"{len(uars)} {'matrix' if len(uars) == 1 else 'matrices'}, {', '.join(ranges)}", False


def _counts(printed: pd.DataFrame, clips: Mapping[str, int]) -> tuple[Rows, bool]:
    """The rows of counts that the shares can be, and False. If no row is of whole clips and every column is: the columns, and True."""
    rows, across = (counts_of_shares(matrix, clips, percent=False) for matrix in (printed, printed.T))
    exchanged = not any(rows.values()) and all(across.values())
    return (across if exchanged else rows), exchanged


def _all_rows(n: int) -> list[tuple[int, ...]]:
    """Every row of four counts that sums to `n`."""
    return [(a, b, c, n - a - b - c) for a in range(n + 1) for b in range(n + 1 - a) for c in range(n + 1 - a - b)]


def _table_8() -> Iterable[tuple[str, str, pd.DataFrame, dict[str, int]]]:
    cells = published.table("psn", "table_8").query("metric == 'confusion'")[["method", "database"]].drop_duplicates()
    for method, database in cells.itertuples(index=False):
        clips = published.class_counts("psn", "table_4", database)
        yield method, database, published.confusion("psn", "table_8", method, database), clips
