"""Which clips the results are about: class counts beside the published ones, and what was left out and why."""

from collections.abc import Mapping, Sequence

import pandas as pd

from merlib import published
from merlib.data.clips import Clips
from merlib.results.rendering import Table

TOTALS = ("Total", "left out", "subjects")


def counts(paper: str, table: str, clips: Mapping[str, Clips]) -> Table:
    """The published counts of clips per class and of subjects beside those of the data used.

    `clips`: database -> clips with classes. One row per class, then the total, the clips left out and the subjects.
    The databases stand in the paper's order, then those that it does not have.
    """
    every = published.table(paper, table)
    cells, people = every.query("metric == 'clips'"), every.query("metric == 'subjects'")
    columns = {}
    for database in [name for name in dict.fromkeys([*cells["database"], *clips]) if name in clips]:
        name, printed = published.database_name(database), cells[cells["database"] == database]
        if len(printed):
            columns[name, "published"] = dict(zip(printed["setting"], printed["printed"], strict=True))
            subjects = people[people["database"] == database]["printed"]
            columns[name, "published"] |= {"subjects": subjects.item()} if len(subjects) else {}
        columns[name, "data used"] = _counted(clips[database], labels=cells["setting"])
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    last = [name for name in TOTALS if name in names]
    order = [name for name in names if name not in last] + last
    frame = pd.DataFrame(columns, index=pd.Index(order, name="class"), dtype=object)
    return Table(frame, sources=tuple(dict.fromkeys(used.source for used in clips.values())))


def by_sheet(paper: str, table: str, clips: Mapping[str, Clips]) -> Table:
    """One row per database: its annotation sheet, the class counts that this gives, the published ones, which are equal.

    `clips`: database -> clips with classes, all that are annotated: `read(..., frames=False)`.
    """
    rows = {}
    for database, annotated in clips.items():
        ours = annotated.counts().set_index("class")["clips"]
        printed = {name.casefold(): n for name, n in published.class_counts(paper, table, database).items()}
        theirs = [printed.get(name, 0) for name in ours.index]
        rows[published.database_name(database)] = {
            "sheet": ", ".join(annotated.table["file"].unique()),
            "classes": " / ".join(ours.index),
            "by the sheet": " / ".join(map(str, ours)),
            "published": " / ".join(map(str, theirs)),
            "equal": ", ".join(ours.index[ours == theirs]) or "none",
        }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("database")
    return Table(frame, sources=tuple(dict.fromkeys(used.source for used in clips.values())))


def left_out(clips: Mapping[str, Clips]) -> Table:
    """One row per task, database and reason: how many annotated clips were left out. `clips`: task -> clips."""
    parts = [used.excluded.assign(task=task) for task, used in clips.items()]
    found = pd.concat(parts).groupby(["task", "database", "reason"], sort=False).size().rename("clips").reset_index()
    return Table(found, sources=tuple(dict.fromkeys(used.source for used in clips.values())))


def _counted(clips: Clips, labels: Sequence[str]) -> dict[str, str]:
    printed = {label.casefold(): label for label in labels}
    counted = {
        printed.get(name, name): str(n) for name, n in clips.counts()[["class", "clips"]].itertuples(index=False)
    }
    totals = zip(TOTALS, (len(clips), len(clips.excluded), len(set(clips.subjects))), strict=True)
    return counted | {name: str(n) for name, n in totals}
