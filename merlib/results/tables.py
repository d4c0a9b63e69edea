"""Published numbers beside ours, by both epoch rules, with what a majority guess would score.

A table's CSV file is wide and holds everything. Its page (`pages`) shows what is read.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import pandas as pd

from merlib import published
from merlib.data.source import Source
from merlib.results import metrics, pages
from merlib.results.pages import AUTHORS, DAGGER, MAJORITY, OURS
from merlib.results.rendering import Table

USED = "data used"
FAIR = {"last": "yes", "best test epoch": "no: chosen on the test subjects", MAJORITY: ""}
SHOWN = {"uf1": "UF1", "uar": "UAR", "accuracy": "Acc."}
HEADINGS = {"accuracy %": "Acc. (%)", "accuracy": "Acc.", "f1": "F1"}
# What a paper prints as its own "F1" where it is not the mean of the classes' F1. PSN: its Table 7 gives 2PR/(P+R);
# five of the methods beside it have the mean of the classes' F1 (see `audit`).
F1 = {"psn": "f1_of_means"}
# papers whose authors report the F1 of another epoch than the accuracy's, and which
AUTHORS_F1 = {"mmnet": "best test F1 epoch"}
F1_OF_MEANS = "2PR/(P+R)"
MEANING = {
    "uf1": "Our F1 is UF1, the mean over classes of 2TP/(2TP+FP+FN), pooled over all folds.",
    "f1_of_means": "Our F1 is 2PR/(P+R) of the classes' mean precision P and mean recall R, pooled over all folds.",
    AUTHORS: "Authors' F1: of every fold the last epoch with its highest F1 counts, as in the authors' code.",
    "accuracy_fold_sd": "Our STD is the standard deviation of the accuracy over folds (with n - 1), as a share.",
}
Predictions: TypeAlias = pd.DataFrame


def compare(paper: str, table: str, ours: Mapping[str | tuple[str, str], Predictions | Sequence[Predictions]]) -> Table:
    """A published table beside our results: one row per method, database and number of classes.

    Column groups of the CSV file: published; ours, last epoch; ours, best test epoch; majority guess; data used. With several
    seeds ours are mean ± standard deviation over seeds. `ours`: a published method, or (method, setting), -> its
    predictions, or a list with those of several databases; a row that the paper does not have comes last. A published
    quantity that is none of `metrics.METRICS` has no column of ours; an F1 has another one by the authors' rule
    (`AUTHORS_F1`); "std" is that of the accuracy over folds. Where a paper prints as UF1 what is 2PR/(P+R), ours are
    both. Published rows of databases without a result of ours are left out, unless `ours` is empty.
    Raises KeyError for a method that is not in the paper's table, ValueError for predictions of several experiments
    in one frame or for two frames of one row.
    """
    cells = published.table(paper, table)
    quantities = _quantities(paper, cells["metric"].unique())
    rows, frames, notes = _published_rows(cells), [], []
    for key, results in ours.items():
        method, setting = _known(key, cells)
        for predictions in [results] if isinstance(results, pd.DataFrame) else results:
            row = _row_key(method, setting, predictions)
            if (USED, "clips") in rows.setdefault(row, {}):
                raise ValueError(f"two results for the row {', '.join(map(str, row))} of {paper} {table}")
            rows[row] |= (
                _measured(predictions, quantities)
                | _authors_f1(paper, predictions, quantities)
                | {(USED, name): text for name, text in used(predictions).items()}
            )
            frames.append(predictions)
            notes += [f"{method}, published: {note}." for note in _published_notes(cells, method, row)]
    meaning = [MEANING[name] for name, _ in quantities.values() if name in MEANING and frames]
    meaning += [MEANING[AUTHORS]] if paper in AUTHORS_F1 and frames else []
    measured = {database for (_, database, _), row in rows.items() if (USED, "clips") in row}
    frame = _frame({key: row for key, row in rows.items() if key[1] in measured or not measured})
    page = pages.compared(frame, marked=not _drawn(frames))
    return Table(frame, (*_data_lines(frames), *meaning, *dict.fromkeys(notes)), Source.of_predictions(*frames), page)


def by_epoch_rule(results: Mapping[str, Predictions], shown: Mapping[str, str] = SHOWN) -> Table:
    """Our results alone, mean ± standard deviation over seeds: one row per result and epoch rule in the CSV file.

    `results`: a name -> its predictions; `shown`: a column of `metrics.scores` -> its heading. The page has one row per
    result. The rows "majority guess" say what the most frequent class alone would score. The best result is marked if all
    are of the same clips.
    """
    rows = []
    for name, predictions in results.items():
        by_rule = {rule: metrics.scores(predictions, rule) for rule in OURS} | {MAJORITY: metrics.majority(predictions)}
        for rule, by_seed in by_rule.items():
            cells = {heading: _mean_and_sd(by_seed[metric], percent=False) for metric, heading in shown.items()}
            database = published.database_name(predictions["database"].iloc[0])
            rows.append(
                {"result": name, "epoch": rule, "fair estimate": FAIR[rule]}
                | cells
                | used(predictions)
                | {"database": database}
            )
    frame = pd.DataFrame(rows)
    same_clips = len(frame[["database", "clips", "class counts"]].drop_duplicates()) == 1
    page = pages.of_results(frame, list(shown.values()), marked=same_clips and not _drawn(results.values()))
    return Table(frame, tuple(_data_lines(results.values())), Source.of_predictions(*results.values()), page)


def used(predictions: Predictions) -> dict[str, str]:
    """Clips, subjects, class counts and seeds of predictions, as a table's cells."""
    seeds, classes = predictions["seed"].unique(), metrics.class_names(predictions)
    tested = metrics.select(predictions[predictions["seed"] == seeds[0]], "last")
    by_class = [f"{name} {int((tested['target'] == name).sum())}" for name in classes]
    return {
        "clips": str(len(tested)),
        "subjects": str(tested["subject"].nunique()),
        "class counts": ", ".join(by_class),
        "seeds": ", ".join(map(str, seeds)),
    }


def _data_lines(frames: Iterable[Predictions]) -> list[str]:
    """What was tested, in one line: "Ours: CASME II, 5 classes: 78 clips, 8 people; ... (seeds 0, 1)."""
    tested: dict[str, list[str]] = {}  # what -> the seeds of each result on it
    for predictions in frames:
        found, name = used(predictions), published.database_name(_sorted(predictions["database"].iloc[0]))
        what = f"{name}, {len(metrics.class_names(predictions))} classes: {found['clips']} clips, {found['subjects']} people"
        tested.setdefault(what, []).append(found["seeds"])
    by_seeds: dict[str, list[str]] = {}
    for what, seeds in tested.items():
        by_seeds.setdefault(_seeds(seeds), []).append(what)
    texts = [f"{'; '.join(what)} ({seeds})" for seeds, what in by_seeds.items()]
    return [f"Ours: {'; '.join(texts)}.", DAGGER] if texts else []


def _seeds(of_results: Sequence[str]) -> str:
    """ "seeds 0, 1"; the most that a result has, where they differ."""
    most = max(of_results, key=len)
    fewer = ", some results fewer" if len(set(of_results)) > 1 else ""
    return f"{'seeds' if ',' in most else 'seed'} {most}{fewer}"


def _sorted(databases: str) -> str:
    """Joined names in one order: "samm+casme2" is "casme2+samm"."""
    return "+".join(sorted(databases.split("+")))


def _drawn(frames: Iterable[Predictions]) -> bool:
    """Whether any of the data is look-alike data, which cannot rank methods."""
    return any(source.look_alike for source in Source.of_predictions(*frames))


def _quantities(paper: str, published_metrics: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """Heading -> our metric, and whether it is shown in percent; of what our side has a function for."""
    ours = {}
    for metric in published_metrics:
        name = metric.split()[0]
        name = {"f1": F1.get(paper, "uf1"), "std": "accuracy_fold_sd"}.get(name, name)
        if name in (*metrics.METRICS, "accuracy_fold_sd"):
            ours[_heading(metric)] = (name, metric.endswith("%"))
        if name == "uf1" and paper in F1:
            ours[F1_OF_MEANS] = (F1[paper], False)
    return ours


def _published_rows(cells: pd.DataFrame) -> dict[tuple, dict]:
    rows: dict[tuple, dict] = {}
    for cell in cells.to_dict("records"):
        row = rows.setdefault(_key(cell["method"], cell["setting"], cell["database"], cell["classes"]), {})
        row["published", _heading(cell["metric"])] = cell["printed"]
        if not pd.isna(cell["n"]):
            row["published", "clips"] = str(cell["n"])
    return rows


def _published_notes(cells: pd.DataFrame, method: str, row: tuple) -> list[str]:
    of_method = cells[(cells["method"] == method) & (cells["note"] != "")].to_dict("records")
    return [c["note"] for c in of_method if _key(method, c["setting"], c["database"], c["classes"]) == row]


def _known(key: str | tuple[str, str], cells: pd.DataFrame) -> tuple[str, str]:
    """Method in the paper's spelling, and setting."""
    method, setting = (key, "") if isinstance(key, str) else key
    known = {name.casefold(): name for name in cells["method"]}
    if method.casefold() not in known:
        raise KeyError(f"{method!r} is no method of the table; it has {', '.join(known.values())}")
    return known[method.casefold()], setting


def _row_key(method: str, setting: str, predictions: Predictions) -> tuple:
    runs = predictions[["experiment", "database", "scheme"]].drop_duplicates()
    if len(runs) != 1:
        raise ValueError(
            f"one frame holds the predictions of one experiment; that of {method!r} has:\n{runs.to_string(index=False)}"
        )
    return _key(method, setting, runs["database"].iloc[0], len(metrics.class_names(predictions)))


def _key(method: str, setting: str, database: str, classes: int) -> tuple:
    label = ", ".join(filter(None, [method, setting]))
    return (label, published.database_name(_sorted(database)), "" if pd.isna(classes) else int(classes))


def _measured(predictions: Predictions, quantities: Mapping[str, tuple[str, bool]]) -> dict[tuple[str, str], str]:
    by_group = {group: metrics.scores(predictions, rule) for rule, group in OURS.items()}
    by_group[MAJORITY] = metrics.majority(predictions)
    return {
        (group, heading): _mean_and_sd(by_seed[name], percent)
        for group, by_seed in by_group.items()
        for heading, (name, percent) in quantities.items()
    }


def _authors_f1(paper: str, predictions: Predictions, quantities: Mapping) -> dict[tuple[str, str], str]:
    headings = [heading for heading, (name, _) in quantities.items() if name == "uf1" and paper in AUTHORS_F1]
    by_seed = metrics.scores(predictions, AUTHORS_F1[paper]) if headings else pd.DataFrame()
    return {(AUTHORS, heading): _mean_and_sd(by_seed["uf1"], percent=False) for heading in headings}


def _mean_and_sd(values: pd.Series, percent: bool) -> str:
    scale, digits = (100, 2) if percent else (1, 4)
    numbers = [values.mean() * scale, values.std() * scale][: len(values)]  # one seed has no deviation
    return " ± ".join(f"{number:.{digits}f}" for number in numbers)


def _frame(rows: Mapping[tuple, Mapping]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(rows, names=["method", "database", "classes"])
    groups = ["published", *OURS.values(), AUTHORS, MAJORITY, USED]
    columns = dict.fromkeys(column for row in rows.values() for column in row)
    ordered = sorted(columns, key=lambda column: groups.index(column[0]))  # stable: within a group the order stays
    return pd.DataFrame(list(rows.values()), index=index, columns=pd.MultiIndex.from_tuples(ordered))


def _heading(metric: str) -> str:
    if metric in HEADINGS:
        return HEADINGS[metric]
    quantity, _, unit = metric.rpartition(" ")
    return f"{quantity} ({unit})" if quantity else metric.upper()
