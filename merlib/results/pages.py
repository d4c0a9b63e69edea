"""What a page shows of a wide table of results.

One row per method or result, in groups by database. For each score stand side by side: published, last epoch, best test
epoch (of an F1 also what its authors report, where they choose another epoch for it), majority guess. The best published number and the best of ours are marked, but on look-alike data none of ours is:
such data cannot rank methods. The best test epoch is never marked as best: it is no fair estimate.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from merlib.results.rendering import BELOW, BEST, GROUP, Page

PUBLISHED, MAJORITY = "published", "majority guess"
LAST, BEST_TEST = "last epoch", "best test epoch†"
# epoch rule -> the column group of the CSV file that holds our results by this rule
OURS = {"last": "ours, last epoch", "best test epoch": "ours, best test epoch (not a fair estimate)"}
AUTHORS = "ours, authors' F1 (not a fair estimate)"  # by the rule of `tables.AUTHORS_F1`
AUTHORS_F1 = "authors' F1†"
DAGGER = "† The epoch is chosen on the test subjects: not a fair estimate."
# a column group of the CSV file, or a rule -> head on the page
HEADS = {
    PUBLISHED: PUBLISHED,
    OURS["last"]: LAST,
    OURS["best test epoch"]: BEST_TEST,
    AUTHORS: AUTHORS_F1,
    MAJORITY: "majority",
}
RULES = {"last": LAST, "best test epoch": BEST_TEST, MAJORITY: "majority"}
SCORES = ("Acc.", "F1", "UF1", "UAR", "WAR", "2PR/(P+R)")  # how the head of a score begins; larger is better


def compared(frame: pd.DataFrame, marked: bool) -> Page:
    """The page of `tables.compare`. `frame`: index method, database, classes; columns (group, score), text.

    `marked`: whether the best of ours is marked.
    """
    methods, databases, classes = (frame.index.get_level_values(i) for i in range(3))
    scores = dict.fromkeys(score for group, score in frame.columns if group in HEADS and score != "clips")
    columns = {
        (score, head): frame[group, score].fillna("").to_numpy()
        for score in scores
        for group, head in HEADS.items()
        if (group, score) in frame and frame[group, score].notna().any() and (_is_score(score) or group != MAJORITY)
    }
    names = [
        ", ".join(filter(None, [base, f"{n} classes" if n != "" else ""]))
        for base, n in zip(databases, classes, strict=True)
    ]
    return grouped("method", methods, names, columns, best=(PUBLISHED, LAST) if marked else (PUBLISHED,))


def of_results(frame: pd.DataFrame, scores: Sequence[str], marked: bool) -> Page:
    """The page of `tables.by_epoch_rule`. `frame`: columns result, epoch, database and the scores, text."""
    results = frame.drop_duplicates("result")
    by_rule = {rule: frame[frame["epoch"] == rule] for rule in RULES}
    columns = {
        (score, head): by_rule[rule][score].to_numpy()
        for score in scores
        for rule, head in RULES.items()
        if _is_score(score) or rule != MAJORITY
    }
    names = results["database"] if results["database"].nunique() > 1 else [""] * len(results)
    return grouped("result", results["result"], names, columns, best=(LAST,) if marked else ())


def grouped(first: str, rows: Sequence[str], groups: Sequence[str], columns: dict, best: Sequence[str]) -> Page:
    """Rows in groups, each group below a row with its name, unless the name is empty.

    `first`: the head above `rows`. `columns`: (score, head) -> texts, one per row. `best`: the heads under which the largest
    value of a group is marked. Without scores there is one row of heads.
    """
    order = dict.fromkeys(groups)
    cells = pd.DataFrame({("", first): list(rows)} | columns, dtype=object)
    cells.columns = pd.MultiIndex.from_tuples(cells.columns)
    marks = _below(cells)
    parts: list[pd.DataFrame] = []
    part_marks: list[np.ndarray] = []
    for group in order:
        inside = np.array([name == group for name in groups])
        part, found = cells[inside], marks[inside]
        if group:
            parts.append(pd.DataFrame([[group, *[""] * (cells.shape[1] - 1)]], columns=cells.columns))
            part_marks.append(np.array([[GROUP, *[""] * (cells.shape[1] - 1)]], dtype=object))
        parts.append(part)
        part_marks.append(_best(part, found, best))
    if not any(cells.columns.get_level_values(0)):
        parts = [part.droplevel(0, axis="columns") for part in parts]
    return Page(pd.concat(parts, ignore_index=True), np.concatenate(part_marks).astype(object))


def _below(cells: pd.DataFrame) -> np.ndarray:
    """Marks of our numbers that are not above the majority guess."""
    marks = np.full(cells.shape, "", dtype=object)
    for place, (score, head) in enumerate(cells.columns):
        if head in (LAST, BEST_TEST, AUTHORS_F1) and (score, "majority") in cells and _is_score(score):
            values, guess = _numbers(cells.iloc[:, place]), _numbers(cells[score, "majority"])
            marks[(values <= guess).to_numpy(), place] = BELOW
    return marks


def _best(cells: pd.DataFrame, marks: np.ndarray, best: Sequence[str]) -> np.ndarray:
    """The marks of one group's rows, with the largest value of a column marked where it has two or more."""
    marks = marks.copy()
    for place, (score, head) in enumerate(cells.columns):
        if head in best and _is_score(score):
            values = _numbers(cells.iloc[:, place])
            if values.notna().sum() > 1:
                marks[(values == values.max()).to_numpy() & (marks[:, place] == ""), place] = BEST
    return marks


def _is_score(heading: str) -> bool:
    """Whether larger is better: not so for a spread ("STD") or a count ("frames"). A table of one score has no heading."""
    return not heading or heading.split(" ")[0].rstrip(",") in SCORES


def _numbers(texts: pd.Series) -> pd.Series:
    """The first number of each cell ("49.36 ± 4.53"); NaN where there is none."""
    return pd.to_numeric(texts.str.extract(r"^\s*(-?\d+(?:\.\d+)?)", expand=False))
