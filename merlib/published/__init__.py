"""The papers' own numbers, one CSV file a table, and `artifacts.csv`: every table and figure with its kind.

A table is long, a row a printed cell: paper, table, method, setting, database, classes, protocol, metric, printed,
n, note. `printed` keeps the characters of the paper ("70.2", "—", "N/A") but for the sign of its unit; `metric` names
the quantity and, after a space, its unit ("accuracy %", "f1", "clips"); `n` is the number of clips where the paper
states it for that number. Methods are named without their citation. Numbers that a paper states in its text alone
are in `<paper>_databases.csv` and `<paper>_section_*.csv`, in the same form.
"""

from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parent

# The short name of a database, as the clip table has it, and the name that the papers print.
DATABASES = {
    "casme": "CASME",
    "casme2": "CASME II",
    "cas_me_2": "CAS(ME)²",
    "samm": "SAMM",
    "smic": "SMIC-HS",
    "mmew": "MMEW",
    "megc2019_flow": "MEGC 2019 flow maps",
    "ckplus": "CK+",
    "oulu_casia": "Oulu-CASIA",
    "jaffe": "JAFFE",
    "mug": "MUG",
}


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


def database_name(database: str) -> str:
    """The printed name of a database, or of several joined with "+": "casme2+samm" is "CASME II + SAMM"."""
    return " + ".join(DATABASES.get(part, part) for part in database.split("+"))


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / name, dtype=str, keep_default_na=False)
