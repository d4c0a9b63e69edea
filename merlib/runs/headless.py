"""Runs a notebook headless: checks its parameters, executes it with papermill, leaves a run folder.

`papermill_runs/<run>/<notebook>/` holds the executed notebook, what the notebook recorded (tables, figures,
predictions) and, written last and only on success, `manifest.json`. Trained folds are cached by their content, not in
this folder: a run that was interrupted goes on where it stopped when it is started again under the same name.
"""

import contextlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from merlib import paths, profiles
from merlib.runs import manifest, parameters
from merlib.runs.status_line import Watch, clock


class RunError(Exception):
    """A run that cannot start, or that failed; the message is for the person who started it."""


@dataclass(frozen=True)
class Plan:
    """A checked run of one notebook: what will be executed, with every parameter's value, and where to."""

    notebook: Path
    folder: Path
    parameters: dict[str, Any]


def run(name: str, profile: str = "demo", given: Mapping[str, Any] | None = None, run_name: str = "") -> Path:
    """Runs one notebook and returns its run folder; see `plan` and `execute`."""
    return execute(plan(name, profile, given, run_name))


def plan(name: str, profile: str = "demo", given: Mapping[str, Any] | None = None, run_name: str = "") -> Plan:
    """Checks everything that can be checked before a kernel starts.

    `name`: "mmnet" or "04_mmnet"; `given`: parameters that differ from the notebook's own; `run_name`: the profile's
    name unless said. Raises RunError naming every unknown parameter, wrong type and value out of range, with what is
    accepted; and when the run folder holds a finished run with other parameters.
    """
    notebook = _notebook(name)
    paper, known = paths.paper_of(notebook), parameters.read(notebook)
    folder = paths.runs() / (run_name or profile) / notebook.stem
    if "output_dir" in (given or {}):
        raise RunError(f"output_dir is the run folder, {folder}; --run NAME chooses another one")
    # relative, as the kernel starts in notebooks/: a run folder says nothing about the machine it was made on
    given = {"profile": profile, **(given or {}), "output_dir": os.path.relpath(folder, paths.notebooks())}
    _check(paper, known, given)
    planned = Plan(notebook, folder, {name: parameter.default for name, parameter in known.items()} | given)
    _refuse_other_run(planned)
    return planned


def execute(planned: Plan) -> Path:
    """Executes a plan and returns its run folder. Raises RunError when a cell fails or the kernel dies.

    What an earlier run left in the folder is removed first, and the manifest is written last: a folder with a manifest
    is one whole run. The executed notebook is kept, also the half of a failed one.
    """
    shutil.rmtree(planned.folder, ignore_errors=True)
    planned.folder.mkdir(parents=True)
    started, title = manifest.now(), planned.notebook.stem
    progress = paths.cache("progress") / f"{planned.folder.parent.name}_{title}.txt"
    with tempfile.TemporaryDirectory() as notes, Watch(title, progress) as watch:
        log = Path(notes, "folds.txt")
        with _environment(progress, log):
            _papermill(planned)
        folds = _folds(log)
    seconds = watch.seconds
    manifest.write(
        planned.folder,
        notebook=title,
        run=planned.folder.parent.name,
        parameters=planned.parameters,
        data=manifest.data_sources(Path(planned.parameters.get("data_root") or paths.data())),
        started=started,
        finished=manifest.now(),
        wall_time_s=round(seconds, 1),
        peak_memory_mb=round(watch.peak_memory / 1e6),
        folds=folds,
    )
    print(f"{title}  finished in {clock(seconds)}: {planned.folder}")
    return planned.folder


def _notebook(name: str) -> Path:
    known = paths.notebook_files()
    for short, path in known.items():
        if name in (short, path.stem, path.name):
            return path
    raise RunError(f"there is no notebook {name!r} in {paths.notebooks()}; there are {', '.join(known) or 'none'}")


def _check(paper: str, known: Mapping[str, parameters.Parameter], given: Mapping[str, Any]) -> None:
    examples = profiles.examples(paper, given["profile"], {name: item.default for name, item in known.items()})
    if found := profiles.faults(paper, given, examples):
        lines = [f"{name}: {profiles.accepted(paper, name, examples[name])}" for name in known]
        comments = [parameter.comment for parameter in known.values()]
        listing = [f"  {line}  # {comment}" for line, comment in zip(lines, comments, strict=True)]
        raise RunError("\n".join([f"{paper} cannot run:", *(f"- {fault}" for fault in found), "it accepts", *listing]))


def _refuse_other_run(planned: Plan) -> None:
    """A finished run is replaced only by a repetition of itself."""
    earlier = (manifest.read(planned.folder) or {"parameters": planned.parameters})["parameters"]
    names = earlier.keys() | planned.parameters.keys()
    changed = sorted(name for name in names if earlier.get(name) != planned.parameters.get(name))
    if changed:
        raise RunError(
            f"{planned.folder} holds a finished run with another {', '.join(changed)}: "
            f"give this one a name of its own (--run NAME), or remove that folder"
        )


def _papermill(planned: Plan) -> None:
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    logging.getLogger("papermill").setLevel(logging.ERROR)
    output = Path(planned.parameters["output_dir"], "notebook.ipynb")
    half = f"The notebook up to there: {planned.folder / 'notebook.ipynb'}"
    try:
        with contextlib.chdir(paths.notebooks()), tempfile.TemporaryDirectory() as sockets:
            papermill.execute_notebook(
                planned.notebook.name,
                output,
                planned.parameters,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                # socket files of our own instead of TCP: no port is open to other users of the machine
                config=Config(KernelManager={"transport": "ipc", "ip": f"{sockets}/kernel"}),
            )
    except PapermillExecutionError as error:
        first_line = error.source.strip().splitlines()[0]
        raise RunError(
            f"{planned.notebook.stem} failed in cell In [{error.exec_count}] ({first_line!r}): "
            f"{error.ename}: {error.evalue}\n{half}"
        ) from error
    except RuntimeError as error:  # nbclient's DeadKernelError is one
        raise RunError(f"{planned.notebook.stem} stopped: {error}\n{half}") from error


def _folds(log: Path) -> dict[str, float]:
    """Numbers of folds that this run trained and read, and how long each part took to train, from `note_fold`'s lines.

    The time is the sum over folds, each trained in one thread or on the GPU. A fold trained in this run may be read
    again.
    """
    lines = [line.split() for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    trained = {key: float(took) for key, took, now in lines if now == "1"}
    stored = {key: float(took) for key, took, _ in lines if key not in trained}
    found = {"trained": trained, "stored": stored}
    counts = {name: len(folds) for name, folds in found.items()}
    return counts | {f"{name}_s": round(sum(folds.values()), 1) for name, folds in found.items()}


@contextlib.contextmanager
def _environment(progress: Path, folds: Path) -> Iterator[None]:
    """The environment variables that a kernel inherits, for the time of a run."""
    before = dict(os.environ)
    os.environ |= {
        "MERLIB_HOME": str(paths.home()),
        "MERLIB_PROGRESS": str(progress),
        "MERLIB_FOLDS": str(folds),
        # the kernel is the Python that runs us, wherever else a kernel called python3 is installed
        "JUPYTER_PATH": str(Path(sys.prefix, "share", "jupyter")),
        # figures are stored in the notebook, also where the shell asks for another backend
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONHASHSEED": "0",
    }
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
