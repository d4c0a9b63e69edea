"""Repeats a finished run and says what differs: nothing, or which predictions and tables, and by how much.

The repetition has a cache of its own, so that nothing of the first run is read, and a run folder of its own,
`papermill_runs/again-<run>/`. It is a run as any other: if it is interrupted, it goes on where it stopped.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from merlib import paths
from merlib.results import repetition
from merlib.runs import folders, headless, manifest

AGAIN = "again"
PREDICTIONS = "predictions.parquet"


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the repetition of one notebook found.

    `same`: all predictions, or all tables of a notebook that trains nothing, are the same bit for bit. `predictions` is the
    table of `repetition.differences`, or None where the first ones are not there and only their hash can be compared.
    `tables` are those that differ; one with times or with the machine's name always does. `notes`: what else is different.
    """

    notebook: str
    same: bool
    predictions: pd.DataFrame | None
    tables: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{self.notebook}: {'the same, bit for bit' if self.same else 'DIFFERENT'}"]
        lines += [f"  {note}" for note in self.notes]
        lines += [f"  tables that differ: {', '.join(self.tables)}"] if self.tables else []
        if self.predictions is not None:
            lines += ["", self.predictions.to_markdown(index=False)]
        return "\n".join(lines)


def finished(run: str, notebooks: Sequence[str]) -> list[Path]:
    """The folders of a run's finished notebooks, or of those named, "mmnet" or "04_mmnet".

    Raises RunError when one is not finished, naming those that are.
    """
    there = [folder for folder in folders.of_run(folders.run_folder(run)) if manifest.read(folder)]
    names = {name: folder for folder in there for name in (folder.name, paths.paper_of(folder))}
    if not there:
        raise folders.RunError(f"the run {run!r} has no finished notebook")
    if missing := [name for name in notebooks if name not in names]:
        known = ", ".join(folder.name for folder in there)
        raise folders.RunError(f"not finished in the run {run!r}: {', '.join(missing)}; finished is {known}")
    return list(dict.fromkeys(names[name] for name in notebooks)) or there


def verify(folder: Path, share: float = 1.0) -> Verdict:
    """Repeats the finished run in `folder`, or a `share` of the folds that it trained, and compares the two.

    With a share below 1, the other folds are read from the project's cache, as all else that is kept there.
    Raises RunError when the run cannot be repeated here, or when the share holds none of its folds.
    """
    first = _manifest(folder)
    with _own_cache(folder.parent.name, share):
        again = headless.execute(_plan(folder, first))
    second = _manifest(again)
    if share < 1 and not second["folds"]["trained"]:
        raise folders.RunError(f"no fold of {folder} is in this share of {share}: name a larger one")
    return compare(folder, first, again, second)


def compare(folder: Path, first: dict[str, Any], again: Path, second: dict[str, Any]) -> Verdict:
    """The verdict on two run folders of one notebook, with their manifests."""
    hashes = first["sha256"] | first.get("left_out", {})
    differing = {name for name in hashes if hashes[name] != second["sha256"].get(name)}
    tables = tuple(sorted(Path(name).stem for name in differing if name.endswith(".csv")))
    table, same = None, not tables if PREDICTIONS not in hashes else PREDICTIONS not in differing
    if (folder / PREDICTIONS).exists() and (again / PREDICTIONS).exists():
        table = repetition.differences(*(pd.read_parquet(each / PREDICTIONS) for each in (folder, again)))
        same = bool((table["same bits"] == table["folds"]).all())
    return Verdict(first["notebook"], same, table, tables, tuple(_notes(first, second)))


def _manifest(folder: Path) -> dict[str, Any]:
    if (found := manifest.read(folder)) is None:
        raise folders.RunError(f"{folder} holds no finished run")
    return found


def _plan(folder: Path, first: dict[str, Any]) -> headless.Plan:
    # None was left to the profile: as a value that is given, it is none that is accepted
    given = {name: value for name, value in first["parameters"].items() if value is not None and name != "output_dir"}
    run = f"{AGAIN}-{folder.parent.name}"
    return headless.plan(first["notebook"], given.pop("profile", ""), given, run, manifest.in_mode(first))


def _notes(first: dict[str, Any], second: dict[str, Any]) -> Iterator[str]:
    if not manifest.in_mode(first):
        yield "not made in the reproducible mode: on another CPU the last digits differ, and then the scores"
    for name in ("cpu", "instruction_sets", "precisions"):
        before, now = (found.get("arithmetic", {}).get(name, "not told") for found in (first, second))
        if before != now:
            yield f"{name}: {_words(before)}; now {_words(now)}"
    for name, text in first.get("data", {}).items():
        if text != (now := second.get("data", {}).get(name)):
            yield f"the data in {name}: {text}; now {now}"
    for name, version in first.get("versions", {}).items():
        if version != (now := second.get("versions", {}).get(name)):
            yield f"{name} {version}; now {now}"


def _words(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


@contextmanager
def _own_cache(run: str, share: float) -> Iterator[None]:
    """For the time of the block a cache that is empty, or has links to the project's files except for a share of the folds."""
    kept, own = paths.caches(), paths.caches() / AGAIN / run
    for file in kept.glob("*/*.*") if share < 1 else ():
        # the name of a fold's file is a hash, as good as drawn
        if file.parent.name != "folds" or int(file.stem[:8], 16) >= share * 2**32:
            _link(file, own / file.parent.name / file.name)
    with paths.other_caches(own):
        yield
    shutil.rmtree(own)  # after an error it stays: a repetition goes on with it


def _link(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        os.link(file, target)
