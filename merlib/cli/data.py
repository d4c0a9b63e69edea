"""`merlib data`: look-alike databases, public data, and the check of one's own."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from merlib import paths, profiles, reproducible
from merlib.cli.options import DataRoot, Profile, fail

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Write look-alike databases; get public data; check what you have.",
)


@app.command()
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
        fail(str(error))
    if unknown := [name for name in databases or [] if name not in sizes]:
        fail(f"no look-alike of {', '.join(unknown)}; there are {', '.join(sizes)}")
    # the same files everywhere: what is trained on them can be repeated on another machine
    with reproducible.held({} if reproducible.faults() else reproducible.ENVIRONMENT):
        refused = _draw({name: sizes[name] for name in databases or sizes}, data_root or paths.data(), seed)
    # a real database among all of them is as it should be; one that was asked for by name is not
    if databases and refused:
        raise typer.Exit(1)


@app.command("check")
def check(
    name: Annotated[str, typer.Argument(help="A database such as casme2, or public data such as real.")],
    data_root: DataRoot = None,
) -> None:
    """Checks a database's files, or public data.

    Reads a database's annotation file and folders and lists everything that is wrong. Of public data, compares every file with its hash, and the numbers that it gives with those expected.

    \b
    merlib data check casme2
    merlib data check casme2 --data-root /databases
    merlib data check real
    """
    well = True
    try:
        for report in _reports(name, data_root):
            print(report)
            well &= report.ok
    except (OSError, ValueError) as error:
        fail(str(error))
    if not well:
        raise typer.Exit(1)


@app.command()
def get(
    name: Annotated[str | None, typer.Argument(help="Such as megc2019_flow; real for all.")] = None,
    data_root: DataRoot = None,
    copies: Annotated[
        Path | None, typer.Option("--from", help="A folder that holds copies.", show_default="GitHub")
    ] = None,
) -> None:
    """Gets public real data.

    Flow maps, features, trained weights, predictions and annotation sheets that their authors published; no pictures of faces. The same command goes on after an interruption. Without a name it lists what there is.

    \b
    merlib data get
    merlib data get megc2019_flow
    merlib data get real --from /copies --data-root /databases
    """
    from merlib.data.public import fetching, registry, terms

    root = (data_root or paths.data()).expanduser().resolve()
    if not name:
        print(terms.overview(root))
        return
    try:
        wanted = registry.chosen(name)
        source = copies and copies.expanduser().resolve()
        if source and not source.is_dir():
            fail(f"no folder {source}: --from takes a folder that holds copies of the repositories")
        print(terms.before(wanted, root, source))
        for dataset in wanted:
            print(f"{dataset.name}: {fetching.get(dataset, root, source)}")
    except (OSError, ValueError) as error:
        fail(str(error))


def _reports(name: str, data_root: Path | None) -> Iterator[Any]:
    """The report of a database, and that of each public data set of the name."""
    from merlib import measured
    from merlib.data import databases
    from merlib.data.public import registry

    known = {**databases.READERS, **registry.datasets(), registry.ALL: None}
    if name not in known:
        raise ValueError(f"no database or public data {name!r}; there are {', '.join(known)}")
    if name in databases.READERS:
        yield databases.check(name, data_root or "")
    root = (data_root or paths.data()).expanduser().resolve()
    for dataset in registry.chosen(name) if name not in databases.READERS or name in registry.datasets() else ():
        # a database may also lie where the user keeps it, without what else the data set holds
        if name not in databases.READERS or (root / dataset.folder).is_dir():
            yield measured.check(dataset, root)


def _draw(sizes: dict[str, dict[str, int]], data_root: Path, seed: int) -> list[str]:
    """Draws look-alikes; returns the names of those in whose place there is something else."""
    from merlib import synthetic

    refused = []
    for name, size in sizes.items():
        try:
            print(f"{name}: {synthetic.write(name, data_root, synthetic.Size(**size), seed)}")
        except FileExistsError as error:
            print(f"{name}: {error}", file=sys.stderr)
            refused.append(name)
        except OSError as error:
            fail(f"{name}: {error}")
    return refused
