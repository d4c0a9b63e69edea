"""Which definition a printed score is: PSN's Table 6 beside the ten matrices of its Table 7."""

import numpy as np
import pandas as pd

from merlib import published
from merlib.audit.counts import DEFINITIONS, Finding, definitions_that_fit
from merlib.audit.matrices import MEANS, UAR, UF1
from merlib.audit.printed import POOLED
from merlib.results import metrics
from merlib.results.rendering import Table

F1S = {UF1: "UF1", MEANS: "2PR/(P+R)"}


def matrices() -> dict[str, np.ndarray]:
    """Method -> its matrix in PSN's Table 7, counts (4, 4), in the table's order."""
    methods = published.table("psn", "table_7").query("metric == 'confusion clips'")["method"].unique()
    return {method: published.confusion("psn", "table_7", method).astype(int).to_numpy() for method in methods}


def scores() -> pd.DataFrame:
    """One row per method of Table 7, one column per definition in `DEFINITIONS`."""
    of_methods = {m: {name: score(matrix) for name, score in DEFINITIONS.items()} for m, matrix in matrices().items()}
    return pd.DataFrame.from_dict(of_methods, orient="index").rename_axis("method")


def printed() -> pd.DataFrame:
    """UF1 and UAR over the pooled databases as Table 6 prints them: one row per method, columns uf1 and uar, text."""
    cells = published.table("psn", "table_6")
    cells = cells[cells["database"] == POOLED]
    return cells.pivot(index="method", columns="metric", values="printed").loc[cells["method"].unique()]


def ranking() -> list[Finding]:
    """The order of the ten methods of Table 7 under each single definition, and whether PSN leads."""
    found = []
    for name, of_methods in scores().items():
        order = of_methods.sort_values(ascending=False, kind="stable")
        text = ", ".join(f"{method} {value:.4f}" for method, value in order.items())
        place = list(order.index).index("PSN") + 1
        verdict = f"PSN is number {place} of {len(order)}" + ("" if place == 1 else f", behind {order.index[0]}")
        found.append(Finding("psn", "table_7", f"ranking by {name}", text, verdict, place == 1))
    return found


def which_f1() -> Table:
    """One row per method: UF1 and UAR as printed, those of its matrix, and which definition the printed ones are."""
    numbers = printed()
    rows = []
    for method, matrix in matrices().items():
        uf1, uar = numbers.loc[method, ["uf1", "uar"]]
        f1s = {f"{short} of its matrix": DEFINITIONS[name](matrix) for name, short in F1S.items()}
        fits = [F1S[name] for name in definitions_that_fit(uf1, matrix) if name in F1S]
        row = {"method": method, "printed UF1": uf1} | f1s | {"the printed UF1 is": " and ".join(fits) or "neither"}
        row |= {"printed UAR": uar, "UAR of its matrix": metrics.uar(matrix)}
        rows.append(row | {"the printed UAR is": " and ".join(definitions_that_fit(uar, matrix)) or "none of these"})
    frame = pd.DataFrame(rows)
    kinds = ", ".join(f"{n} × {kind}" for kind, n in frame["the printed UF1 is"].value_counts().items())
    right = frame["the printed UAR is"].str.contains(UAR, regex=False).sum()
    notes = (
        f"The UF1 that is printed for {len(frame)} methods is: {kinds}.",
        f"{right} of {len(frame)} printed UARs are that of their matrix.",
    )
    return Table(frame, notes)
