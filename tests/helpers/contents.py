"""What the tables of a run say, beside what was trained: a table may be there and mean nothing."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from merlib import published
from merlib.results.clips_used import TOTALS
from merlib.results.pages import SCORES
from merlib.runs import manifest


def tables(folder: Path, kind: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """The tables of a finished run whose kind contains a word: name, and the cells of the CSV file as text."""
    for artifact in manifest.read(folder)["artifacts"]:
        if artifact["type"] == "table" and kind in artifact["kind"]:
            file = folder / "tables" / f"{artifact['name']}.csv"
            yield artifact["name"], pd.read_csv(file, dtype=str, keep_default_na=False)


def tested(folder: Path) -> pd.DataFrame:
    """One row per clip that an experiment tested in a run; experiments on permuted labels are left out."""
    columns = ["experiment", "scheme", "database", "subject", "clip", "target"]
    predictions = pd.read_parquet(folder / "predictions.parquet", columns=columns).drop_duplicates()
    predictions = predictions[~predictions["experiment"].str.contains("permuted")]
    return predictions.rename(columns={"database": "pool"}).assign(
        database=predictions["subject"].str.split("/").str[0]
    )


def columns_of_zeros(folder: Path) -> list[str]:
    """The columns of counted tables in which all numbers are 0."""
    return [
        f"{name}: {column}"
        for name, cells in tables(folder, "counted")
        for column in cells
        if (numbers := [text for text in cells[column] if text.isdecimal()]) and not any(map(int, numbers))
    ]


def class_counts(folder: Path) -> Iterator[tuple[str, str, dict[str, int]]]:
    """Table, database and class -> clips of the data used, of every column of `clips_used.counts`."""
    for name, cells in tables(folder, "counted"):
        for column in (column for column in cells if column.endswith(": data used")):
            found = cells.set_index("class")[column]
            counts = {label.casefold(): int(n) for label, n in found[found != ""].items()}
            assert counts.pop("total") == sum(n for label, n in counts.items() if label not in TOTALS), (name, column)
            yield name, column.removesuffix(": data used"), counts


def trained_on(folder: Path) -> dict[str, list[dict[str, int]]]:
    """Title of a database -> one dictionary per scheme: class -> clips that were tested."""
    found: dict[str, list[dict[str, int]]] = {}
    for part in ("pool", "database"):
        each = tested(folder).drop_duplicates([part, "scheme", "subject", "clip"])
        for (database, _), clips in each.groupby([part, "scheme"]):
            found.setdefault(published.database_name(database), []).append(clips["target"].value_counts().to_dict())
    return found


def wrong_scores(folder: Path) -> list[str]:
    """The scores in measured tables that do not lie in 0..1, and their rows of a number of clips that was never tested."""
    clips = tested(folder)
    run = ["experiment", "scheme", "pool"]
    groups = run, [*run, "target"], [*run, "database"], [*run, "database", "target"]
    known = {str(n) for group in groups for n in clips.groupby(group).size()}
    wrong = []
    for name, cells in tables(folder, "measured"):
        for column in cells if any(column.endswith("clips") for column in cells) else ():
            heading = column.rpartition(": ")[2]
            if heading.startswith(SCORES) and not column.startswith("published"):
                shares = [_share(text, heading) for text in cells[column] if text]
                wrong += [f"{name}, {column}: {share}" for share in shares if not 0 <= share <= 1]
            if heading == "clips" and not column.startswith("published"):
                wrong += [f"{name}: {n} clips" for n in cells[column] if n and n not in known]
    return wrong


def _share(text: str, heading: str) -> float:
    number = re.match(r"-?\d+(\.\d+)?", text)
    return float(number[0]) / (100 if "%" in heading else 1) if number else float("nan")
