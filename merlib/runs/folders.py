"""Where runs lie, and how one takes the place of another.

`papermill_runs/<run>/<notebook>/` is a finished run. What did not finish lies beside it, with an ending to its name:

    .running   the run that is going on, or was killed
    .failed    the last one that failed or was interrupted, with half a notebook
    .replaced  the finished run, for the moment in which its repetition takes its place
    .lock      a file that says who runs it (`merlib.runs.lock`)
"""

import os
import re
import shutil
from pathlib import Path

from merlib import paths

RUNNING, FAILED, REPLACED, LOCK = ".running", ".failed", ".replaced", ".lock"
KEPT = ("interactive", "reference")  # begin the names of what JupyterLab records, and of the runs kept in git


class RunError(Exception):
    """A run that cannot start, or that failed; the message is for the person who started it."""


def run_folder(name: str) -> Path:
    """The folder of a run, there or not. Raises RunError for a text that is no plain name."""
    if not re.fullmatch(r"[^\W_][\w.-]{0,99}", name):
        raise RunError(
            f"{name!r} cannot name a run: a name begins with a letter or a digit; "
            f"up to 99 letters, digits and characters of '-_.' may follow, as in casme2_size96"
        )
    return paths.runs() / name


def new_run_folder(name: str) -> Path:
    """The folder of a run that is to be started. Raises RunError also for a name that is in use for something else."""
    folder = run_folder(name)
    if name.casefold().startswith(KEPT):
        raise RunError(f"{name!r} cannot name a run: names that begin with {' or '.join(KEPT)} are for other folders")
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{name!r} cannot name a run: {folder} is a file")
    return folder


def beside(folder: Path, ending: str) -> Path:
    """What lies beside a notebook's run folder, with one of the endings in place of its own."""
    return folder.with_name(folder.name.removesuffix(_ending(folder)) + ending)


def of_run(run: Path) -> list[Path]:
    """One folder per notebook of a run, in order: the finished one, otherwise what its last attempt left."""
    there = {file.parent for name in ("notebook.ipynb", "manifest.json") for file in run.glob(f"*/{name}")}
    found: dict[str, Path] = {}
    for ending in ("", REPLACED, RUNNING, FAILED):
        for folder in sorted(folder for folder in there if _ending(folder) == ending):
            found.setdefault(folder.name.removesuffix(ending), folder)
    return [found[name] for name in sorted(found)]


def finished(folder: Path) -> Path:
    """Where a notebook's finished run lies if there is one: in `folder`, except while a repetition takes its place."""
    replaced = beside(folder, REPLACED)
    return replaced if replaced.exists() and not folder.exists() else folder


def settle(folder: Path) -> None:
    """Puts right what a killed run left beside `folder`; its lock must be held."""
    _restore(folder)
    for ending in (REPLACED, RUNNING):
        _remove(beside(folder, ending))


def finish(folder: Path) -> None:
    """Puts the run that has ended in the place of the one that was at `folder`."""
    if folder.exists():
        os.rename(folder, beside(folder, REPLACED))
    os.rename(beside(folder, RUNNING), folder)
    for ending in (REPLACED, FAILED):
        _remove(beside(folder, ending))


def fail(folder: Path) -> None:
    """Keeps what the run left that has failed, in place of an earlier such."""
    _restore(folder)
    if beside(folder, RUNNING).is_dir():
        _remove(beside(folder, FAILED))
        os.rename(beside(folder, RUNNING), beside(folder, FAILED))


def _restore(folder: Path) -> None:
    if finished(folder) != folder:
        os.rename(finished(folder), folder)


def _ending(folder: Path) -> str:
    return next((ending for ending in (RUNNING, FAILED, REPLACED) if folder.name.endswith(ending)), "")


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
