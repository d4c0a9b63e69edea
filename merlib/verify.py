"""Repeats a finished run and says what differs: nothing, or which predictions and tables, and by how much.

The repetition has a cache of its own, so that nothing of the first run is read, and a run folder of its own,
`papermill_runs/again-<run>/`. It is a run as any other: if it is interrupted, it goes on where it stopped.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from merlib import paths
from merlib.cache.fingerprint import fingerprint
from merlib.results import repetition
from merlib.runs import folders, headless, manifest

AGAIN = "again"


@dataclass(frozen=True)
class Verdict:
    """What a repetition of one notebook found.

    `predictions` is the table of `repetition.differences`, or None where the first run's predictions are not there and
    only hashes can be compared; `same` says whether all of them are bit for bit the same. `tables` are those that
    differ; a table with times or with the machine's name always does. `notes`: what else is different between the runs.
    """

    notebook: str
    same: bool
    predictions: pd.DataFrame | None
    tables: tuple[str, ...]
    notes: tuple[str, ...]


def verify(folder: Path, share: float = 1.0) -> Verdict:
    """Repeats the finished run in `folder`, or of its trained folds a `share`, and compares the two.

    With a share below 1, the other folds are read from the project's cache, as everything else that is kept there.
    Raises RunError when there is no finished run, or when it cannot be repeated here.
    """
    first = manifest.read(folder)
    if first is None:
        raise folders.RunError(f"{folder} holds no finished run")
    with _own_cache(folder.parent.name, share):
        again = headless.execute(_plan(folder, first))
    second = manifest.read(again) or {}
    if share < 1 and not second["folds"]["trained"]:
        raise folders.RunError(f"none of the folds of {folder} was trained again: name a larger share than {share}")
    return compare(folder, first, again, second)


def compare(folder: Path, first: dict[str, Any], again: Path, second: dict[str, Any]) -> Verdict:
    """The verdict on two run folders of one notebook with their manifests."""
    hashes = first["sha256"] | first.get("left_out", {})
    differing = {name for name in hashes if hashes[name] != second["sha256"].get(name)}
    file = "predictions.parquet"
    table = None
    if (folder / file).exists() and (again / file).exists():
        table = repetition.differences(pd.read_parquet(folder / file), pd.read_parquet(again / file))
    return Verdict(
        notebook=first["notebook"],
        same=file not in differing if table is None else bool((table["equal"] == table["folds"]).all()),
        predictions=table,
        tables=tuple(sorted(Path(name).stem for name in differing if name.endswith(".csv"))),
        notes=tuple(_notes(first, second)),
    )


def _plan(folder: Path, first: dict[str, Any]) -> headless.Plan:
    given = {name: value for name, value in first["parameters"].items() if name not in ("profile", "output_dir")}
    profile, run = first["parameters"]["profile"], f"{AGAIN}-{folder.parent.name}"
    return headless.plan(first["notebook"], profile, given, run, first["arithmetic"]["mode"] == "reproducible")


def _notes(first: dict[str, Any], second: dict[str, Any]) -> Iterator[str]:
    if first["arithmetic"]["mode"] != "reproducible":
        yield "the run was not made in the reproducible mode: on another CPU its last digits differ, and then its scores"
    for what in ("cpu", "instruction_sets", "precisions"):
        if first["arithmetic"][what] != second["arithmetic"][what]:
            yield f"{what}: {first['arithmetic'][what]}, now {second['arithmetic'][what]}"
    for name, version in first["versions"].items():
        if version != (now := second["versions"].get(name)):
            yield f"{name} {version}, now {now}"


@contextmanager
def _own_cache(run: str, share: float) -> Iterator[None]:
    """A cache for the time of the block: empty, or with links to what the project's has but for a share of the folds."""
    kept, own = paths.caches(), paths.caches() / AGAIN / run
    for file in kept.glob("*/*.*") if share < 1 else ():
        if file.parent.name != "folds" or int(fingerprint(file.stem)[:8], 16) >= share * 2**32:
            _link(file, own / file.parent.name / file.name)
    before = os.environ.get("MERLIB_CACHE")
    os.environ["MERLIB_CACHE"] = str(own)
    try:
        yield
    finally:
        os.environ.pop("MERLIB_CACHE") if before is None else os.environ.update(MERLIB_CACHE=before)
    shutil.rmtree(own)  # after an error it stays: the repetition goes on with it


def _link(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        os.link(file, target)
