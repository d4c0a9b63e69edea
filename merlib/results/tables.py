"""Published numbers beside ours, both epoch rules beside each other, class counts beside the published ones."""

from collections.abc import Mapping, Sequence

import pandas as pd

from merlib import published
from merlib.data.clips import Clips
from merlib.results import metrics
from merlib.results.rendering import Table

OURS = {"last": "ours, last epoch", "best test epoch": "ours, best test epoch (not a fair estimate)"}
FAIR = {"last": "yes", "best test epoch": "no: chosen on the test person"}
SHOWN = {"uf1": "UF1", "uar": "UAR", "accuracy": "Acc."}
HEADINGS = {"accuracy %": "Acc. (%)", "accuracy": "Acc.", "f1": "F1"}
# What a paper prints as its own "F1" where it is not the mean of the classes' F1. PSN: its Table 7 gives 2PR/(P+R);
# five of the methods beside it have the mean of the classes' F1 (see `audit`).
F1 = {"psn": "f1_of_means"}
F1_OF_MEANS = "2PR/(P+R)"
MEANING = {
    "uf1": "our F1 is UF1, the mean over classes of 2TP/(2TP+FP+FN), pooled over all folds",
    "f1_of_means": "our F1 is 2PR/(P+R) of the classes' mean precision P and mean recall R, pooled over all folds",
    "accuracy_fold_sd": "our STD is the standard deviation of the accuracy over folds (with n - 1), as a share",
}
LOOK_ALIKE = "look-alike data cannot rank architectures; never a reproduction of the published number"
Predictions = pd.DataFrame


def compare(paper: str, table: str, ours: Mapping[str | tuple[str, str], Predictions | Sequence[Predictions]]) -> Table:
    """A published table beside our results: a row a method, database and number of classes.

    Columns: published | ours, last epoch | ours, best test epoch (not a fair estimate) | data used. With several seeds
    ours are mean ± standard deviation over seeds. `ours`: a published method, or (method, setting), -> its
    predictions, or a list with those of several databases; a row that the paper does not have comes last. A published
    quantity that is none of `metrics.METRICS` has no column of ours; "std" is that of the accuracy over folds. Where a
    paper prints as UF1 what is 2PR/(P+R), ours are both.
    Raises KeyError for a method that is not in the paper's table, ValueError for predictions of several experiments
    in one frame or for two frames of one row.
    """
    cells = published.table(paper, table)
    quantities = _quantities(paper, cells["metric"].unique())
    rows, notes = _published_rows(cells), [MEANING[name] for name, _ in quantities.values() if name in MEANING and ours]
    sources: list[str] = []
    for key, frames in ours.items():
        method, setting = _known(key, cells)
        for predictions in [frames] if isinstance(frames, pd.DataFrame) else frames:
            row = _row_key(method, setting, predictions)
            if ("data used", "clips") in rows.setdefault(row, {}):
                raise ValueError(f"two results for the row {', '.join(map(str, row))} of {paper} {table}")
            data, data_notes = _data_used(predictions)
            rows[row] |= _measured(predictions, quantities) | data
            notes += data_notes + [f"{method}, published: {note}" for note in _published_notes(cells, method, row)]
            sources += predictions["source"].unique().tolist()
    return Table(_frame(rows), (*dict.fromkeys(notes), *_source_notes(sources)), tuple(dict.fromkeys(sources)))


def by_epoch_rule(results: Mapping[str, Predictions], shown: Mapping[str, str] = SHOWN) -> Table:
    """Our results alone: a row a result and epoch rule, mean ± standard deviation over seeds.

    `results`: a name -> its predictions; `shown`: a column of `metrics.scores` -> its heading.
    """
    rows, notes, sources = [], [], []
    for name, predictions in results.items():
        data, data_notes = _data_used(predictions)
        used = {heading: data["data used", heading] for heading in ("clips", "subjects", "class counts", "seeds")}
        for rule, fair in FAIR.items():
            by_seed = metrics.scores(predictions, rule)
            cells = {heading: _mean_and_sd(by_seed[metric], percent=False) for metric, heading in shown.items()}
            rows.append({"result": name, "epoch": rule, "fair estimate": fair} | cells | used)
        notes += data_notes
        sources += predictions["source"].unique().tolist()
    return Table(pd.DataFrame(rows), (*dict.fromkeys(notes), *_source_notes(sources)), tuple(dict.fromkeys(sources)))


def differences(results: Mapping[str, Predictions], reference: str) -> Table:
    """How much more often `reference` is right than each other result, on the same clips and seeds, at the last epoch.

    Columns: the difference in accuracy in points, its mean over seeds and each seed's; its standard error over persons,
    whose clips are not independent of each other (that of a ratio of sums over clusters), and over seeds; `tells apart`,
    whether the mean is larger than twice both errors together. `results`: a name -> its predictions; seeds that only one
    of the two has do not count. Raises ValueError when two results have no seed in common, or other clips.
    """
    sources = list(dict.fromkeys(source for p in results.values() for source in p["source"].unique()))
    rows = []
    for name in [name for name in results if name != reference]:
        gained = (_right(results[reference]) - _right(results[name])) * 100  # clips x seeds, missing where one has none
        gained = gained.dropna(axis="columns", how="all")
        if gained.empty or gained.isna().any(axis=None):
            raise ValueError(f"{reference!r} and {name!r} have no seed in common, or other clips")
        rows.append({f"{reference} minus": name} | _difference(gained))
    note = "last epoch; errors are standard errors of the mean; no correction for the number of comparisons"
    return Table(pd.DataFrame(rows), (note, *sources, *_source_notes(sources)), tuple(sources))


def _difference(gained: pd.DataFrame) -> dict[str, str]:
    """The row of one comparison; `gained`: points a clip (row) and seed (column)."""
    mean, by_seed = gained.mean(axis=1), gained.mean()
    beyond = (mean - mean.mean()).groupby(gained.index.get_level_values("subject")).sum()
    of_persons = (beyond.pow(2).sum() * len(beyond) / (len(beyond) - 1)) ** 0.5 / len(mean)
    of_seeds = by_seed.std() / len(by_seed) ** 0.5  # NaN of one seed
    apart = "yes" if abs(mean.mean()) > 2 * (of_persons**2 + of_seeds**2) ** 0.5 else "no"
    return {
        "accuracy, points": f"{mean.mean():+.1f}",
        "by seed": ", ".join(f"{value:+.1f} (seed {seed})" for seed, value in by_seed.items()),
        "error over persons": f"{of_persons:.1f}",
        "error over seeds": "one seed" if len(by_seed) == 1 else f"{of_seeds:.1f}",
        "tells apart": "one seed" if len(by_seed) == 1 else apart,
    }


def _right(predictions: Predictions) -> pd.DataFrame:
    """1 where a clip is recognised at the last epoch, else 0: a row a clip, a column a seed."""
    chosen = metrics.select(predictions, "last")
    return (
        chosen.assign(right=chosen["target"] == chosen["predicted"])
        .pivot(index=["subject", "clip"], columns="seed", values="right")
        .astype(float)
    )


def counts(paper: str, table: str, clips: Mapping[str, Clips]) -> Table:
    """The published class counts beside those of the data used, with what was left out and why.

    `clips`: database -> clips with classes. A row a class, then the total, the clips left out and the subjects.
    """
    cells = published.table(paper, table).query("metric == 'clips'")
    columns, notes, sources = {}, [], []
    for database in dict.fromkeys([*cells["database"], *clips]):
        name, printed = published.database_name(database), cells[cells["database"] == database]
        columns[name, "published"] = dict(zip(printed["setting"], printed["printed"], strict=True))
        if database in clips:
            columns[name, "data used"] = _counted(clips[database], labels=cells["setting"])
            reasons = clips[database].excluded["reason"].value_counts()
            notes += [f"{name}, left out: {n} × {reason}" for reason, n in reasons.items()]
            notes += [f"{name}: {clips[database].source}"]
            sources += [clips[database].source]
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    last = [name for name in ("Total", "left out", "subjects") if name in names]
    order = [name for name in names if name not in last] + last
    frame = pd.DataFrame(columns, index=pd.Index(order, name="class"), dtype=object)
    return Table(frame, (*notes, *_source_notes(sources)), tuple(dict.fromkeys(sources)))


def _counted(clips: Clips, labels: Sequence[str]) -> dict[str, str]:
    printed = {label.casefold(): label for label in labels}
    counted = {
        printed.get(name, name): str(n) for name, n in clips.counts()[["class", "clips"]].itertuples(index=False)
    }
    totals = {"Total": len(clips), "left out": len(clips.excluded), "subjects": len(set(clips.subjects))}
    return counted | {name: str(n) for name, n in totals.items()}


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
            f"predictions of one experiment a frame are needed, {method!r} has:\n{runs.to_string(index=False)}"
        )
    return _key(method, setting, runs["database"].iloc[0], len(metrics.class_names(predictions)))


def _key(method: str, setting: str, database: str, classes: int) -> tuple:
    databases = "+".join(sorted(database.split("+")))
    label = ", ".join(filter(None, [method, setting]))
    return (label, published.database_name(databases), "" if pd.isna(classes) else int(classes))


def _measured(predictions: Predictions, quantities: Mapping[str, tuple[str, bool]]) -> dict[tuple[str, str], str]:
    cells = {}
    for rule, group in OURS.items():
        by_seed = metrics.scores(predictions, rule)
        for heading, (name, percent) in quantities.items():
            cells[group, heading] = _mean_and_sd(by_seed[name], percent)
    return cells


def _mean_and_sd(values: pd.Series, percent: bool) -> str:
    scale, digits = (100, 2) if percent else (1, 4)
    numbers = [values.mean() * scale, values.std() * scale][: len(values)]  # one seed has no deviation
    return " ± ".join(f"{number:.{digits}f}" for number in numbers)


def _data_used(predictions: Predictions) -> tuple[dict[tuple[str, str], str], list[str]]:
    """The cells on the clips that were tested, and a note that says which count is of which class."""
    seeds, classes = predictions["seed"].unique(), metrics.class_names(predictions)
    tested = metrics.select(predictions[predictions["seed"] == seeds[0]], "last")
    by_class = [int((tested["target"] == name).sum()) for name in classes]
    cells = {
        "clips": str(len(tested)),
        "subjects": str(tested["subject"].nunique()),
        "class counts": "/".join(map(str, by_class)),
        "seeds": ", ".join(map(str, seeds)),
    }
    name = published.database_name(predictions["database"].iloc[0])
    note = f"class counts, {name}, {len(classes)} classes: {' / '.join(classes)}"
    sources = [f"data, {name}: {source}" for source in predictions["source"].unique()]
    return {("data used", column): text for column, text in cells.items()}, [note, *sources]


def _source_notes(sources: Sequence[str]) -> list[str]:
    return [LOOK_ALIKE] if any("look-alike" in source for source in sources) else []


def _frame(rows: Mapping[tuple, Mapping]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(rows, names=["method", "database", "classes"])
    groups = ["published", *OURS.values(), "data used"]
    columns = dict.fromkeys(column for row in rows.values() for column in row)
    ordered = sorted(columns, key=lambda column: groups.index(column[0]))  # stable: within a group the order stays
    return pd.DataFrame(list(rows.values()), index=index, columns=pd.MultiIndex.from_tuples(ordered))


def _heading(metric: str) -> str:
    if metric in HEADINGS:
        return HEADINGS[metric]
    quantity, _, unit = metric.rpartition(" ")
    return f"{quantity} ({unit})" if quantity else metric.upper()
