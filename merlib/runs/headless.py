"""Runs a notebook headless: checks its parameters, executes it with papermill, leaves a run folder.

`papermill_runs/<run>/<notebook>/` holds the executed notebook, what the notebook recorded (tables, figures,
predictions) and, written last and only on success, `manifest.json`. A repetition takes the place of that folder when it is
whole (`folders`). Trained folds are cached by their content, not in this folder: a run that was interrupted goes on where
it stopped when it is started again under the same name.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from merlib import paths, profiles, reproducible
from merlib.cache.files import CannotWrite, cannot_write, sweep
from merlib.runs import folders, kernel, lock, machine, manifest, notes, parameters
from merlib.runs.folders import RunError
from merlib.runs.notes import Notes
from merlib.runs.status_line import Watch, clock

__all__ = ["Plan", "RunError", "execute", "plan", "run"]

RUN_NAMES = {"reference": "for_reference"}  # of profiles whose own name is that of another folder
OPTIONS = {"output_dir": "--run NAME chooses the run folder", "profile": "--profile NAME chooses the profile"}
OTHER_NAME = "give this one a name of its own (--run NAME)"


@dataclass(frozen=True)
class Plan:
    """A checked run of one notebook: what will be executed, with every parameter's value, in which mode, and where to."""

    notebook: Path
    folder: Path
    parameters: dict[str, Any]
    reproducible: bool = False

    @property
    def data_root(self) -> Path:
        """The folder of the databases; a relative one is meant from the notebooks' folder."""
        return _root(self.parameters.get("data_root"))

    @property
    def databases(self) -> dict[str, Path]:
        """The databases that the notebook will read, as far as its parameters name them -> where each is expected."""
        read = dict.fromkeys(self._settings.get("databases", []), self.data_root)
        return read | dict.fromkeys(self.for_pretraining, self.macro_root)

    @property
    def macro_root(self) -> Path:
        """The folder of the databases for pre-training."""
        return _root(paths.macro(self.data_root, self.parameters.get("macro_root", "")))

    @property
    def for_pretraining(self) -> list[str]:
        """The databases that weights of the notebook's own are trained on; none for others' weights or a file."""
        settings = self._settings
        return settings.get("macro_databases", []) if settings.get("weights", "macro") in ("macro", "faces") else []

    @property
    def _settings(self) -> dict[str, Any]:
        given = {name: value for name, value in self.parameters.items() if value is not None}
        return profiles.defaults(paths.paper_of(self.notebook), self.parameters["profile"]) | given


def run(
    name: str,
    profile: str = "demo",
    given: Mapping[str, Any] | None = None,
    run_name: str | None = None,
    reproducibly: bool = False,
) -> Path:
    """Runs one notebook and returns its run folder; see `plan` and `execute`."""
    return execute(plan(name, profile, given, run_name, reproducibly))


def plan(
    name: str,
    profile: str = "demo",
    given: Mapping[str, Any] | None = None,
    run_name: str | None = None,
    reproducibly: bool = False,
) -> Plan:
    """Checks everything that can be checked before a kernel starts, except the databases.

    `name`: "mmnet" or "04_mmnet"; `given`: parameters that differ from the notebook's own; `run_name`: the profile's
    name unless said; `reproducibly`: in that mode. Raises RunError naming every unknown parameter, wrong type and value out of range, with what is
    accepted; when the run cannot be written; when it is running; and when the run folder holds a finished run with other
    parameters or of the other mode, or a broken manifest.
    """
    given, notebook = dict(given or {}), _notebook(name)
    if reproducibly and (found := reproducible.faults()):
        raise RunError("\n".join(found))
    try:
        known = parameters.read(notebook)
    except ValueError as error:
        raise RunError(str(error)) from error
    if chosen := [f"{name} is no parameter to be set: {OPTIONS[name]}" for name in OPTIONS if name in given]:
        raise RunError("\n".join(chosen))
    given |= {"profile": profile, "output_dir": ""}
    _check(paths.paper_of(notebook), known, given)
    folder = folders.new_run_folder(RUN_NAMES.get(profile, profile) if run_name is None else run_name) / notebook.stem
    given["output_dir"] = _from_notebooks(folder)
    planned = Plan(
        notebook,
        folder,
        {name: parameter.default for name, parameter in known.items()} | given,
        reproducibly or reproducible.is_on(),
    )
    with _said(folder):
        _refuse_places(folder)
        lock.refuse_held(folders.beside(folder, folders.LOCK))
        _refuse_other_run(planned)
    return planned


def execute(planned: Plan) -> Path:
    """Executes a plan and returns its run folder. Raises RunError when a cell fails or the kernel dies.

    The run grows beside its folder and takes its place when it is whole. One that fails changes nothing there; what it
    leaves, with half a notebook, lies beside it.
    """
    folder = planned.folder
    with _said(folder), lock.held(folders.beside(folder, folders.LOCK)) as held:
        folders.settle(folder)
        for place in (folder.parent, *paths.caches().glob("*/")):
            sweep(place)
        _refuse_other_run(planned)
        try:
            seconds = _fill(planned, held)
            folders.finish(folder)
        except BaseException as error:
            with contextlib.suppress(OSError):  # what went wrong first is said
                folders.fail(folder)
            half = folders.beside(folder, folders.FAILED) / "notebook.ipynb"
            if isinstance(error, RunError) and half.exists():
                kept = "finished folds are kept: the same command goes on with the others"
                raise RunError(f"{error}\nThe notebook up to there: {half} ({kept})") from error
            raise
    print(f"{planned.notebook.stem}  finished in {clock(seconds)}: {folder}")
    return folder


def _fill(planned: Plan, held: IO[str]) -> float:
    """Executes a plan in the folder of a running one, and writes its manifest; returns the wall time in seconds."""
    folder, title = folders.beside(planned.folder, folders.RUNNING), planned.notebook.stem
    folder.mkdir()
    started, output = manifest.now(), _from_notebooks(folder)
    with notes.kept() as kept, Watch(title, kept.progress) as watch:
        given = planned.parameters | {"output_dir": output}
        with _environment(kept, planned.reproducible), contextlib.chdir(paths.notebooks()):
            kernel.execute(planned.notebook.name, f"{output}/notebook.ipynb", given, kept.folder, held)
            arithmetic = manifest.arithmetic(kept.precisions())
        folds, sources = kept.folds(), kept.sources()
    manifest.write(
        folder,
        notebook=title,
        run=planned.folder.parent.name,
        parameters=planned.parameters,
        data=manifest.data_sources(planned.data_root, sources),
        started=started,
        finished=manifest.now(),
        wall_time_s=round(watch.seconds, 1),
        peak_memory_mb=round(watch.peak_memory / 1e6),
        folds=folds,
        arithmetic=arithmetic,
    )
    return watch.seconds


def _root(given: str | Path | None) -> Path:
    return (paths.notebooks() / Path(given).expanduser() if given else paths.data()).resolve()


def _notebook(name: str) -> Path:
    known = paths.notebook_files()
    for short, path in known.items():
        if name in (short, path.stem, path.name):
            return path
    raise RunError(f"there is no notebook {name!r} in {paths.notebooks()}; there are {', '.join(known) or 'none'}")


def _from_notebooks(folder: Path) -> str:
    """The path from notebooks/, where the kernel starts: a run folder says nothing about the machine it was made on."""
    return os.path.relpath(folder.resolve(), paths.notebooks().resolve())


def _check(paper: str, known: Mapping[str, parameters.Parameter], given: Mapping[str, Any]) -> None:
    examples = profiles.examples(paper, given["profile"], {name: item.default for name, item in known.items()})
    if found := profiles.faults(paper, given, examples):
        lines = [f"{name}: {profiles.accepted(paper, name, examples[name])}" for name in known]
        comments = [parameter.comment for parameter in known.values()]
        listing = [f"  {line}  # {comment}" for line, comment in zip(lines, comments, strict=True)]
        raise RunError("\n".join([f"{paper} cannot run:", *(f"- {fault}" for fault in found), "it accepts", *listing]))


def _refuse_other_run(planned: Plan) -> None:
    """A finished run is replaced only by a repetition of itself."""
    folder = folders.finished(planned.folder)
    try:
        found = manifest.read(folder)
    except manifest.ManifestError as error:
        raise RunError(f"{error}. It may be of a finished run: {OTHER_NAME}, or remove {folder}") from error
    earlier = found["parameters"] if found else planned.parameters
    names = (earlier.keys() | planned.parameters.keys()) - {"output_dir"}
    changed = sorted(name for name in names if earlier.get(name) != planned.parameters.get(name))
    changed += ["mode"] * (found is not None and manifest.in_mode(found) != planned.reproducible)
    if changed:
        raise RunError(
            f"{folder} holds a finished run with another {', '.join(changed)}: {OTHER_NAME}, or remove that folder"
        )


def _refuse_places(folder: Path) -> None:
    """The run folder and the caches can be written, and there is room for them."""
    places = (folder.parent, paths.caches())
    if found := [fault for place in places for fault in machine.place_faults(place, machine.RUN_GB)]:
        raise RunError("\n".join(dict.fromkeys(found)))


@contextlib.contextmanager
def _said(folder: Path) -> Iterator[None]:
    """What keeps us from writing a run becomes a RunError that says so."""
    try:
        yield
    except lock.Busy as error:
        raise RunError(f"{folder} is being run by {error}\nWait for its end, or {OTHER_NAME}") from error
    except CannotWrite as error:
        raise RunError(str(error)) from error
    except OSError as error:
        where = Path(error.filename) if isinstance(error.filename, str) else folder
        said = cannot_write(where, error) or f"{where} cannot be written: {error.strerror or error}"
        raise RunError(said) from error


@contextlib.contextmanager
def _environment(kept: Notes, reproducibly: bool) -> Iterator[None]:
    """The environment variables that a kernel inherits, for the time of a run."""
    before = dict(os.environ)
    os.environ |= {
        "MERLIB_HOME": str(paths.home()),
        **kept.variables,
        # the kernel is the Python that runs us, wherever else a kernel called python3 is installed
        "JUPYTER_PATH": str(Path(sys.prefix, "share", "jupyter")),
        # figures are stored in the notebook, also where the shell asks for another backend
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONHASHSEED": "0",
        **(reproducible.ENVIRONMENT if reproducibly else {}),
    }
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
