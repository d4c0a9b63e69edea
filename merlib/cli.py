"""The `merlib` command."""

import json
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from merlib import paths, profiles
from merlib.runs import headless, machine, manifest

# Modules that load pandas, OpenCV or torch are imported in the commands that use them: --help and a refusal answer at once.

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
data_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Write look-alike databases; check your own.")
app.add_typer(data_app, name="data")

Profile = Annotated[str, typer.Option(help="smoke (seconds), demo (a laptop) or paper (the paper's own settings).")]
DataRoot = Annotated[
    Path | None, typer.Option(help="The folder that holds the database folders.", show_default="data/ of the project")
]


@app.callback()
def main() -> None:
    """Reproduces papers on micro-expression recognition: each one a notebook, this command runs them headless."""
    warnings.formatwarning = lambda message, *_, **__: f"{message}\n"  # a sentence for the user, without a line of code


@app.command()
def run(
    notebooks: Annotated[list[str] | None, typer.Argument(help="Such as mmnet or 04_mmnet; all without one.")] = None,
    profile: Profile = "demo",
    database: Annotated[list[str] | None, typer.Option(help="Such as casme2; may be repeated.")] = None,
    data_root: DataRoot = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE, a parameter; may be repeated.")] = None,
    run: Annotated[str, typer.Option("--run", help="Name of the run.", show_default="the profile's")] = "",
) -> None:
    """Runs notebooks.

    What they make and a gallery of it lie in papermill_runs/RUN/ afterwards. A run that was interrupted goes on with the folds it has not finished when it is started again.

    \b
    merlib run
    merlib run mmnet
    merlib run mmnet sma_stn --profile smoke
    merlib run mmnet --profile paper --database casme2 --data-root /databases --run casme2
    merlib run mmnet --set size=96 --set "seeds=[0, 1, 2]" --run size96
    """
    _stop_if(machine.faults(paths.home(), machine.RUN_GB))
    given = _assignments(set_ or [])
    if database:
        given["databases"] = database
    if data_root:
        given["data_root"] = str(data_root.expanduser().resolve())
    plans = _plans(notebooks or list(paths.notebook_files()), profile, given, run)
    failed = _execute(plans)
    _show_results(plans[0].folder.parent)
    if failed:
        _fail("\n".join(["failed:", *(f"- {name}" for name in failed)]))


@app.command()
def status() -> None:
    """Shows which tables and figures are made.

    Every one of the papers, with the last finished run that made it; then the runs of notebooks that did not finish.

    \b
    merlib status
    """
    from tabulate import tabulate

    from merlib import published

    made = _made()
    table = published.artifacts()[["paper", "artifact", "kind", "title"]]
    rows = [[*row, made.get((row[0], row[1]), "-")] for row in table.itertuples(index=False)]
    print(tabulate(rows, headers=["paper", "artifact", "kind", "title", "last run"]))
    if half := _unfinished():
        print("\n".join(["", "not finished:", *(f"- {name}" for name in half)]))
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
    if not (paths.runs() / run).is_dir():
        _fail(f"there is no run {run!r}; there are {', '.join(_runs()) or 'none'}")
    from merlib.site import gallery

    print(gallery.build(paths.runs() / run, faces=not no_faces))


@app.command()
def check() -> None:
    """Checks this machine.

    Prints one sentence per missing part: what it is, and how to get it.

    \b
    merlib check
    """
    _stop_if(machine.faults(paths.home(), machine.RUN_GB))
    print("This machine is ready.")


@data_app.command()
def synth(
    databases: Annotated[list[str] | None, typer.Argument(help="Such as casme2; all without one.")] = None,
    profile: Profile = "demo",
    data_root: DataRoot = None,
    seed: Annotated[int, typer.Option(min=0, help="Other seeds give other people and clips.")] = 0,
) -> None:
    """Writes look-alike databases.

    Drawn faces that move by action units, in the files and folders of the real databases. A folder with a real database in it is never touched.

    \b
    merlib data synth
    merlib data synth casme2 samm --profile smoke
    merlib data synth --data-root /tmp/look-alike --seed 1
    """
    try:
        sizes = profiles.synth(profile)
    except profiles.SettingError as error:
        _fail(str(error))
    if unknown := [name for name in databases or [] if name not in sizes]:
        _fail(f"no look-alike of {', '.join(unknown)}; there are {', '.join(sizes)}")
    from merlib import synthetic

    refused = []
    for name in databases or sizes:
        try:
            print(f"{name}: {synthetic.write(name, data_root or paths.data(), synthetic.Size(**sizes[name]), seed)}")
        except FileExistsError as error:
            print(f"{name}: {error}", file=sys.stderr)
            refused.append(name)
    # a real database among all of them is as it should be; one that was asked for by name is not
    if databases and refused:
        raise typer.Exit(1)


@data_app.command("check")
def check_data(
    database: Annotated[str, typer.Argument(help="Such as casme2.")],
    data_root: DataRoot = None,
) -> None:
    """Checks a database's files.

    Reads its annotation file and folders and lists everything that is wrong.

    \b
    merlib data check casme2
    merlib data check casme2 --data-root /databases
    """
    from merlib.data import databases

    try:
        report = databases.check(database, data_root or "")
    except (OSError, ValueError) as error:
        _fail(str(error))
    print(report)
    if not report.ok:
        raise typer.Exit(1)


def _plans(names: list[str], profile: str, given: dict[str, Any], run_name: str) -> list[headless.Plan]:
    """One plan a notebook; what is wrong with any of them is said before the first one starts."""
    plans, wrong = [], []
    for name in names:
        try:
            plans.append(headless.plan(name, profile, given, run_name))
        except (headless.RunError, ValueError) as error:
            wrong.append(str(error))
    if wrong or not plans:
        _fail("\n\n".join(wrong) or f"there are no notebooks in {paths.notebooks()}")
    return plans


def _execute(plans: list[headless.Plan]) -> list[str]:
    """Runs all of them, also after one failed; returns the names of those that failed."""
    failed = []
    for plan in plans:
        try:
            headless.execute(plan)
        except headless.RunError as error:
            print(error, file=sys.stderr)
            failed.append(plan.notebook.stem)
    return failed


def _show_results(run_folder: Path) -> None:
    from merlib.site import gallery

    print(f"\ngallery   {gallery.build(run_folder)}")
    print(f"tables    {run_folder / '*' / 'tables'}")
    print(f"figures   {run_folder / '*' / 'figures'}")


def _assignments(texts: list[str]) -> dict[str, Any]:
    """NAME=VALUE texts; a value is JSON where it can be (64, true, [0, 1]) and text otherwise."""
    given = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            _fail(f"--set {text}: write NAME=VALUE, as in --set size=64")
        try:
            given[name.strip()] = json.loads(value)
        except json.JSONDecodeError:
            given[name.strip()] = value
    return given


def _made() -> dict[tuple[str, str], str]:
    """(paper, artifact) -> the last finished run that recorded it."""
    folders = [path.parent for path in paths.runs().glob("*/*/manifest.json")]
    finished = [(folder.parent.name, found) for folder in folders if (found := manifest.read(folder))]
    # of a run and its copy in reference/, the run itself
    finished.sort(key=lambda pair: (pair[1]["finished"], pair[0] == pair[1]["run"]))
    return {
        (paths.paper_of(found["notebook"]), artifact["name"]): f"{run}, {found['finished'][:10]}"
        for run, found in finished
        for artifact in found["artifacts"]
    }


def _unfinished() -> list[str]:
    """Run folders of notebooks without a manifest: they failed, or run now."""
    started = sorted(path.parent for path in paths.runs().glob("*/*/notebook.ipynb"))
    return [str(folder.relative_to(paths.runs())) for folder in started if manifest.read(folder) is None]


def _runs() -> list[str]:
    return sorted(folder.name for folder in paths.runs().glob("*/") if any(folder.glob("*/notebook.ipynb")))


def _stop_if(found: list[str]) -> None:
    if found:
        _fail(machine.report(found))


def _fail(message: str) -> None:
    print(message, file=sys.stderr)
    raise typer.Exit(1)
