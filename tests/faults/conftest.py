import random
import shutil
import zlib
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from faults import toy_paper
from faults.forks import renames
from faults.processes import Command
from merlib import cli
from merlib.runs import headless


class Undisturbed(NamedTuple):
    """A project with a finished run, the run's predictions, and the number of files that it wrote."""

    home: Path
    predictions: pd.DataFrame
    files: int


@pytest.fixture
def rng(request) -> random.Random:
    """Random moments and places: other ones for each test, the same ones for the same --faults-seed."""
    return random.Random(request.config.getoption("--faults-seed") + zlib.crc32(request.node.nodeid.encode()))


@pytest.fixture(scope="session")
def clips(tmp_path_factory) -> Path:
    """The folder of the toy paper's clips; no test changes it."""
    return toy_paper.write_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, clips) -> Undisturbed:
    """A project in which the toy paper ran once, as the run `smoke`; tests work on copies of it."""
    home = toy_paper.write_project(tmp_path_factory.mktemp("undisturbed") / "project")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERLIB_HOME", str(home))
        patch.setattr("papermill.execute_notebook", toy_paper.execute_notebook)
        files = renames(lambda: headless.run("toy", "smoke", {"data_root": str(clips)}))
    return Undisturbed(home, toy_paper.predictions_of(home), files)


@pytest.fixture
def expected(undisturbed) -> pd.DataFrame:
    """The predictions of an undisturbed run."""
    return undisturbed.predictions


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project with the toy paper's notebook, in which nothing ran yet."""
    home = toy_paper.write_project(tmp_path / "project")
    monkeypatch.setenv("MERLIB_HOME", str(home))
    return home


@pytest.fixture
def finished(tmp_path, monkeypatch, undisturbed) -> Path:
    """A copy of the project in which the toy paper ran: its caches, and the run `smoke`."""
    home = tmp_path / "finished"
    shutil.copytree(undisturbed.home, home)
    monkeypatch.setenv("MERLIB_HOME", str(home))
    return home


@pytest.fixture
def start():
    """Starts `merlib` commands, see `Command`; whatever lives of them at the end of a test is ended."""
    started: list[Command] = []

    def command(*line, **more) -> Command:
        started.append(Command(*line, **more))
        return started[-1]

    yield command
    for process in (process for command in started for process in command.members()):
        process.kill()


@pytest.fixture
def call():
    """Calls `merlib` with arguments. Whatever goes wrong must end in a message, never in an error of Python."""

    def invoke(*line: object) -> Result:
        result = CliRunner().invoke(cli.app, [str(word) for word in line])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise AssertionError(f"merlib {' '.join(map(str, line))}: {result.exception!r}") from result.exception
        return result

    return invoke


@pytest.fixture
def no_kernel(monkeypatch) -> None:
    """Notebooks run in this process, which takes a second."""
    monkeypatch.setattr("papermill.execute_notebook", toy_paper.execute_notebook)
