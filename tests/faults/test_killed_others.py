"""A real paper's notebook killed several times, look-alike databases killed while they are drawn, two runs at once."""

import shutil
import signal
import time
from pathlib import Path

import pandas as pd
import pytest

from faults import toy_paper
from faults.checks import assert_helpful, assert_same_bits, hashes, snapshot, temporary, whole_runs
from merlib import paths

REAL = Path(__file__).parents[2]
pytestmark = pytest.mark.faults


@pytest.fixture
def mmnet(tmp_path):
    """A project with the notebook 04, and the look-alike data that it reads."""
    home = tmp_path / "mmnet"
    (home / "notebooks").mkdir(parents=True)
    (home / "pyproject.toml").touch()
    shutil.copy(REAL / "notebooks" / "04_mmnet.ipynb", home / "notebooks")
    return home


def test_mmnet_killed_again_and_again_gives_the_bits_of_an_undisturbed_run(mmnet, start, rng, monkeypatch):
    assert start(mmnet, "data", "synth", "casme2", "--profile", "smoke").wait() == 0
    line = ("run", "mmnet", "--profile", "smoke", "--database", "casme2", "--run")
    folds = mmnet / ".cache" / "folds"
    for whom, by in (("parent", signal.SIGKILL), ("kernel", signal.SIGKILL), ("all", signal.SIGKILL)):
        killed = start(mmnet, *line, "killed")
        number = len(list(folds.glob("*.parquet"))) + rng.randint(1, 4)
        assert killed.until(lambda n=number: len(list(folds.glob("*.parquet"))) >= n)
        time.sleep(rng.uniform(0, 3))
        killed.end(whom, by)
        killed.wait()
        assert not killed.left()
    finished = snapshot(folds)
    again = start(mmnet, *line, "killed")
    assert again.wait() == 0, again.said()
    kept = {name: file for name, file in finished.items() if name.endswith(".parquet")}
    assert kept.items() <= snapshot(folds).items()
    shutil.rmtree(mmnet / ".cache")
    undisturbed = start(mmnet, *line, "undisturbed")
    assert undisturbed.wait() == 0, undisturbed.said()
    one, other = (
        pd.read_parquet(mmnet / "papermill_runs" / run / "04_mmnet" / "predictions.parquet")
        for run in ("killed", "undisturbed")
    )
    assert_same_bits(one, other)
    assert not temporary(mmnet) and len(whole_runs(mmnet / "papermill_runs")) == 2


@pytest.mark.parametrize("whom", ["parent", "worker", "all"])
def test_look_alike_data_killed_while_it_is_drawn(project, start, rng, whom):
    line = ("data", "synth", "casme2", "--profile", "smoke")
    killed = start(project, *line)
    assert killed.until(lambda: killed.find("worker"))
    time.sleep(rng.uniform(0, 2))
    killed.end(whom)
    if killed.wait() == 0:
        pytest.skip("it was over before it could be killed")
    assert not killed.left()
    if whom == "worker":
        assert_helpful(killed.said(), "casme2", "worker", accepts="close other programs.*repeat")
    assert not (project / "data" / "CASME2").exists()
    again = start(project, *line)
    assert again.wait() == 0, again.said()
    assert not temporary(project)
    other = start(project, *line, "--data-root", str(project / "other"))
    assert other.wait() == 0
    drawn = [hashes(project / root / "CASME2") for root in ("data", "other")]
    assert drawn[0] == drawn[1]


def test_of_two_runs_of_one_name_the_second_is_refused(project, start, call, clips, rng, undisturbed):
    line = ("run", "toy", "--profile", "smoke", "--data-root", str(clips))
    first = start(project, *line, strike_at=rng.randint(2, toy_paper.CACHED))
    assert first.until(first.struck)
    second = call(*line)
    assert second.exit_code == 1
    assert_helpful(second.output, "smoke", str(first.process.pid), accepts="--run NAME")
    first.end("nobody")
    assert first.wait() == 0, first.said()
    assert whole_runs(project / "papermill_runs")
    assert_same_bits(toy_paper.predictions_of(project), undisturbed.predictions)


def test_a_name_is_free_when_its_owner_is_killed(project, start, clips, rng, undisturbed):
    line = ("run", "toy", "--profile", "smoke", "--data-root", str(clips))
    first = start(project, *line, strike_at=rng.randint(2, toy_paper.CACHED))
    assert first.until(first.struck)
    first.end("all")
    second = start(project, *line)
    assert second.wait() == 0, second.said()
    assert_same_bits(toy_paper.predictions_of(project), undisturbed.predictions)
    assert not first.left() and not temporary(project)


def test_two_runs_of_two_names_at_once_share_the_caches(project, start, clips, undisturbed):
    line = ("run", "toy", "--profile", "smoke", "--data-root", str(clips), "--run")
    both = [start(project, *line, name) for name in ("one", "two")]
    for command in both:
        assert command.wait() == 0, command.said()
    for name in ("one", "two"):
        assert_same_bits(toy_paper.predictions_of(project, name), undisturbed.predictions)
    assert len(whole_runs(paths.runs())) == 2 and not temporary(project)
