"""The findings as tables for a reader: papers, tables and verdicts by the names that are printed."""

import re

import pandas as pd

from merlib import published
from merlib.audit import printed, scores
from merlib.audit.counts import share_that_fits
from merlib.audit.matrices import MEANS, MICRO, UF1
from merlib.results.rendering import Table

PAPERS = {
    "sma_stn": "SMA-STN",
    "micro_attention": "Micro-Attention",
    "psn": "PSN",
    "mmnet": "MMNet",
    "vggface_lstm": "Bai 2020",
}
# The methods that a paper calls its own, and the parts and ablations of them whose accuracy stands in its tables.
OWN = {
    "sma_stn": ("SMA-STN (Ours)", "SMA-STN"),
    "micro_attention": (MICRO,),
    "psn": ("PSN", "PSN_spatial", "AlexNet"),
    "mmnet": ("MMNet (Ours)", "PC module + CA block", "Continuous attention", "MMNet"),
    "vggface_lstm": ("VGGFace2", "VGGFace2 + LSTM"),
}
OUTCOMES = ("does not fit", "cannot be told", "fits")
COUNTED = ("class counts", "number of people", "quoted number")
FROM_SHARES = ("row of a matrix", "sum over databases")
PAIRED = ("accuracy and F1", "WAR and UAR")


def outcomes(found: pd.DataFrame) -> pd.Series:
    """What comes of each finding, one of `OUTCOMES`."""
    return found["agrees"].map({True: "fits", False: "does not fit"}).fillna("cannot be told").rename("outcome")


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with papers and tables by the names that a reader knows, also inside their sentences."""
    labels = published.artifacts().set_index(["paper", "artifact"])["label"].to_dict()
    known = {f"{paper} {table}": f"{PAPERS[paper]} {label}" for (paper, table), label in labels.items()}
    known |= {"sma_stn databases": "SMA-STN's text"} | PAPERS
    name = re.compile(rf"\b({'|'.join(sorted(known, key=len, reverse=True))})\b")
    sentences = [column for column in ("what", "arithmetic", "verdict") if column in rows]
    texts = {column: rows[column].str.replace(name, lambda found: known[found[0]], regex=True) for column in sentences}
    places = [labels.get(place, "text") for place in zip(rows["paper"], rows["table"], strict=True)]
    return rows.assign(paper=rows["paper"].map(PAPERS), table=places, **texts)


def tally(found: pd.DataFrame) -> pd.DataFrame:
    """One row per paper: how many findings fit, do not fit, and cannot be told."""
    counts = pd.crosstab(found["paper"].map(PAPERS), outcomes(found))
    return counts[list(reversed(OUTCOMES))].rename_axis(columns=None)


def meanings(found: pd.DataFrame) -> pd.DataFrame:
    """One row per table of scores: its protocol and metrics, how many numbers, and which F1 a matrix shows it to be."""
    of_matrices = found[(found["check"] == "score of a matrix") & found["what"].str.contains(", u?f1 ")]
    rows = []
    of_scores = printed.numbers({*printed.SHARES, "f1", "uf1", "uar"})
    for (paper, table), cells in of_scores.groupby(["paper", "table"], sort=False):
        verdicts = of_matrices.query("paper == @paper and table == @table")["verdict"]
        fits = {name: verdicts.str.contains(name, regex=False).sum() for name in (UF1, MEANS)}
        rows.append(
            {
                "paper": paper,
                "table": table,
                "protocol": " / ".join(filter(None, cells["protocol"].unique())) or "not stated",
                "printed": ", ".join(cells["metric"].unique()),
                "numbers": len(cells),
                "clips stated": cells["n"].notna().sum(),
                "F1, by the matrices": ", ".join(f"{n} × {name}" for name, n in fits.items() if n) or "no matrix",
            }
        )
    return named(pd.DataFrame(rows))


def own_accuracies() -> pd.DataFrame:
    """One row per accuracy of a paper's own method: the whole number of clips that it is."""
    cells = scores.accuracy_cells()
    own = [method in OWN[paper] for paper, method in zip(cells["paper"], cells["method"], strict=True)]
    return named(cells[own])[["paper", "table", "what", "arithmetic", "verdict"]]


def accuracies_by_chance() -> Table:
    """One row per paper, number of clips and number of digits: how many accuracies are whole numbers, and by chance."""
    cells = scores.accuracy_cells()
    stated = cells.dropna(subset=["n"])
    chance = [share_that_fits(int(n), steps) for n, steps in zip(stated["n"], stated["steps"], strict=True)]
    counts = stated.assign(chance=chance, whole=stated["agrees"].astype(int)).groupby(
        ["paper", "n", "steps"], sort=False
    )
    counts = counts.agg(numbers=("agrees", "size"), whole=("whole", "sum"), chance=("chance", "sum")).reset_index()
    frame = counts.assign(
        paper=counts["paper"].map(PAPERS),
        steps="1/" + counts["steps"].astype(str),
        chance=counts["chance"].map("{:.1f}".format),
    )
    heads = {"n": "clips", "steps": "printed in steps of", "whole": "a whole number", "chance": "by chance"}
    unstated = len(cells) - len(stated)
    note = f"{unstated} of {len(cells)} accuracies have no stated number of clips. They cannot be checked."
    return Table(frame.rename(columns=heads), (note,))


def counts_that_differ(found: pd.DataFrame) -> Table:
    """Class counts, numbers of people and quoted numbers that differ between two places."""
    compared = found[found["check"].isin(COUNTED)]
    differ = _misfits(compared)
    return Table(differ, (f"{len(differ)} of {len(compared)} such comparisons differ.",))


def rows_of_table_8(found: pd.DataFrame) -> Table:
    """What does not fit in PSN's Table 8, row by row and summed over databases."""
    checked = found[found["check"].isin(FROM_SHARES) & (found["table"] == "table_8")]
    return Table(_misfits(checked), (f"{checked['agrees'].sum()} of {len(checked)} checks of Table 8 fit.",))


def own_pairs(found: pd.DataFrame) -> Table:
    """Pairs of scores of the papers' own methods, and whether the stated class counts rule them out."""
    pairs = found[found["check"].isin(PAIRED)]
    own = pairs[pairs["what"].str.contains(rf"\(Ours\)|{MICRO}")]
    passed = f"{pairs['agrees'].sum()} of {len(pairs)} printed pairs pass"
    note = f"{passed}: F1 within the range of UF1, WAR and UAR of one matrix."
    return Table(named(own).drop(columns=["check", "agrees"]), (note,))


def every(found: pd.DataFrame) -> Table:
    """All findings: first what does not fit, then what cannot be told, then what fits."""
    listed = named(found).assign(outcome=pd.Categorical(outcomes(found), OUTCOMES)).drop(columns="agrees")
    listed = listed.sort_values("outcome", kind="stable")
    sizes = ", ".join(f"{name}: {n}" for name, n in listed["outcome"].value_counts(sort=False).items())
    return Table(listed[["outcome", *listed.columns.drop("outcome")]], (f"{len(listed)} checks; {sizes}.",))


def _misfits(found: pd.DataFrame) -> pd.DataFrame:
    return named(found[~found["agrees"].fillna(True)]).drop(columns=["check", "agrees"])
