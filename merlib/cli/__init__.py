"""The `merlib` command."""

import contextlib
import io
import json
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from merlib import paths
from merlib.cache.files import CannotWrite
from merlib.cli import data
from merlib.cli.options import DataRoot, Profile, fail
from merlib.runs import folders, headless, machine, overview

# Modules that load pandas, OpenCV or torch are imported in the commands that use them: --help and a refusal answer at once.

PRETRAINING = "Posed expressions are for pre-training: --set macro_root=FOLDER says where their databases lie."
NO_PRETRAINING = " With --set weights=none nothing is pre-trained."

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.add_typer(data.app, name="data")


@app.callback()
def main() -> None:
    """Reproduces papers on micro-expression recognition: each one a notebook, this command runs them headless."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # a terminal in another encoding shows a letter that it lacks by its number
            stream.reconfigure(errors="backslashreplace")
    warnings.formatwarning = lambda message, *_, **__: f"{message}\n"  # a sentence for the user, without a line of code


@app.command()
def run(
    notebooks: Annotated[list[str] | None, typer.Argument(help="Such as mmnet or 04_mmnet; all without one.")] = None,
    profile: Profile = "demo",
    database: Annotated[list[str] | None, typer.Option(help="Such as casme2; may be repeated.")] = None,
    data_root: DataRoot = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE, a parameter; may be repeated.")] = None,
    run: Annotated[str | None, typer.Option("--run", help="Name of the run.", show_default="the profile's")] = None,
    reproducible: Annotated[
        bool, typer.Option("--reproducible", help="The same bits on every x86-64 CPU with AVX2; up to twice as slow.")
    ] = False,
) -> None:
    """Runs notebooks.

    What they make and a gallery of it lie in papermill_runs/RUN/ afterwards. A run that was interrupted goes on with the folds it has not finished when it is started again.

    \b
    merlib run
    merlib run mmnet
    merlib run mmnet sma_stn --profile smoke
    merlib run mmnet --profile paper --database casme2 --data-root /databases --run casme2
    merlib run mmnet --set size=96 --set "seeds=[0, 1, 2]" --run size96
    merlib run mmnet --reproducible --run mmnet_reproducible
    """
    _stop_if(machine.faults(paths.home(), machine.RUN_GB))
    given = {"databases": database, "data_root": data_root and str(data_root.expanduser().resolve())}
    given = _assignments(set_ or [], {name: value for name, value in given.items() if value})
    plans = _plans(notebooks or list(paths.notebook_files()), profile, given, run, reproducible)
    _refuse_missing_databases(plans)
    failed = _execute(plans)
    if folders.of_run(plans[0].folder.parent):
        _show_results(plans[0].folder.parent)
    if failed:
        fail("\n".join(["failed:", *(f"- {name}" for name in failed)]))


@app.command()
def verify(
    run: Annotated[str, typer.Argument(help="Name of a finished run, such as demo or reference.")],
    notebooks: Annotated[list[str] | None, typer.Argument(help="Such as mmnet; all of the run without one.")] = None,
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Of the folds that are trained again.")] = 1.0,
) -> None:
    """Repeats a finished run and says what differs.

    Everything is computed again, in a cache of its own. With a share below 1 only that share of the folds is: the rest is read.

    \b
    merlib verify reference mmnet
    merlib verify demo --share 0.1
    """
    from merlib import verify

    try:
        verdicts = [verify.verify(folder, share) for folder in verify.finished(run, notebooks or [])]
    except (headless.RunError, ValueError) as error:
        fail(str(error))
    print("\n\n".join(map(str, verdicts)))
    if not all(verdict.same for verdict in verdicts):
        raise typer.Exit(1)


@app.command()
def status() -> None:
    """Shows which tables and figures are made.

    Every one of the papers, with the last finished run that made it; then the runs that did not finish, and those whose manifest is broken. Runs on own clips make none of them.

    \b
    merlib status
    """
    from tabulate import tabulate

    from merlib import published

    found, broken = overview.manifests(overview.runs())
    made = overview.made(found)
    rows = [
        [row.paper, row.artifact, row.kind, row.title, run.beside(row.databases.split()) if run else "-"]
        for row in published.artifacts().itertuples()
        for run in [made.get((row.paper, row.artifact))]
    ]
    print(tabulate(rows, headers=["paper", "artifact", "kind", "title", "last run"]))
    for title, lines in (("not finished:", overview.unfinished(found)), ("broken, of no use until removed:", broken)):
        if lines:
            print("\n".join(["", title, *(f"- {line}" for line in lines)]))
    print(f"\n{sum(row[-1] != '-' for row in rows)} of {len(rows)} made")


@app.command()
def gallery(
    run: Annotated[str, typer.Argument(help="Name of the run, such as demo.")],
    no_faces: Annotated[
        bool, typer.Option("--no-faces", help="Copy what shows nobody to papermill_runs/RUN/public/, to be published.")
    ] = False,
) -> None:
    """Builds the HTML pages of a run again.

    \b
    merlib gallery demo
    merlib gallery demo --no-faces
    """
    try:
        folder = folders.run_folder(run)
    except folders.RunError as error:
        fail(str(error))
    if not folders.of_run(folder):
        there = ", ".join(other.name for other in overview.runs())
        fail(f"there is no run {run!r}; there are {there or 'none'}")
    print(_gallery(folder, faces=not no_faces))


@app.command()
def check() -> None:
    """Checks this machine.

    Prints one sentence per missing part: what it is, and how to get it.

    \b
    merlib check
    """
    _stop_if(machine.faults(paths.home(), machine.RUN_GB))
    print("This machine is ready.")


def _plans(
    names: list[str], profile: str, given: dict[str, Any], run_name: str | None, reproducibly: bool
) -> list[headless.Plan]:
    """One plan per notebook; what is wrong with any of them is said before the first one starts."""
    plans, wrong = {}, []
    for name in names:
        try:
            planned = headless.plan(name, profile, given, run_name, reproducibly)
            plans[planned.folder] = planned
        except headless.RunError as error:
            wrong.append(str(error))
    if wrong or not plans:
        fail("\n\n".join(dict.fromkeys(wrong)) or f"there are no notebooks in {paths.notebooks()}")
    return list(plans.values())


def _refuse_missing_databases(plans: list[headless.Plan]) -> None:
    from merlib.data import databases

    missing = {}
    for name, root in [pair for plan in plans for pair in plan.databases.items()]:
        try:
            databases.READERS[name].locate(root)
        except OSError as error:  # not there, or no path
            missing[name] = str(error)
    posed = [planned for planned in plans if missing.keys() & set(planned.for_pretraining)]
    if posed:
        optional = any("weights" in planned.parameters for planned in posed)
        missing["for pre-training"] = PRETRAINING + NO_PRETRAINING * optional
    if missing:
        fail("\n\n".join(missing.values()))


def _execute(plans: list[headless.Plan]) -> list[str]:
    """Runs all of them, also after one failed; returns the names of those that failed."""
    failed = []
    for plan in plans:
        try:
            with _ended_in_order():
                headless.execute(plan)
        except headless.RunError as error:
            print(error, file=sys.stderr)
            failed.append(plan.notebook.stem)
        except KeyboardInterrupt:
            fail(
                f"{plan.notebook.stem} was interrupted. Its finished folds are kept: the same command goes on from there."
            )
    return failed


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """Whoever ends us gives us the time to end the kernel, as Ctrl-C does."""
    signals = [sign for sign in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(sign) == signal.SIG_DFL]
    for sign in signals:
        signal.signal(sign, signal.default_int_handler)
    try:
        yield
    finally:
        for sign in signals:
            signal.signal(sign, signal.SIG_DFL)


def _show_results(run_folder: Path) -> None:
    print(f"\ngallery   {_gallery(run_folder)}")
    print(f"tables    {run_folder / '*' / 'tables'}")
    print(f"figures   {run_folder / '*' / 'figures'}")


def _gallery(run_folder: Path, faces: bool = True) -> Path:
    from merlib.site import gallery

    _, broken = overview.manifests([run_folder])
    if broken:
        fail("\n".join([*broken, "No pages were made: remove what is broken, and run its notebook again."]))
    try:
        return gallery.build(run_folder, faces=faces)
    except (CannotWrite, gallery.PlaceNamed) as error:
        fail(str(error))


def _assignments(texts: list[str], options: dict[str, Any]) -> dict[str, Any]:
    """NAME=VALUE texts, and the `options` given otherwise; a value is JSON where it can be (64, true, [0, 1]), else text."""
    given = dict(options)
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not (equals and name):
            fail(f"--set {text}: write NAME=VALUE, as in --set size=64")
        if name in given:
            fail(f"--set {text}: {name} is given twice")
        try:
            given[name] = json.loads(value)
        except (ValueError, RecursionError):  # numbers of thousands of digits and very deep lists are no JSON, either
            given[name] = value
    return given


def _stop_if(found: list[str]) -> None:
    if found:
        fail(machine.report(found))
