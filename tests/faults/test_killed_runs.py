"""`merlib run` as a command: its processes killed, terminated and interrupted at random moments, one of them or all.

Started again, the run goes on in the test's process, which takes a second.
"""

import random
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from faults import toy_paper
from faults.checks import assert_helpful, assert_same_bits, is_part, kinds, snapshot, temporary
from faults.processes import Command

FOLDS = 12 + 12 + 1  # files before the first fold


@dataclass(frozen=True)
class Kill:
    """`whom`: the command (`parent`), its `kernel`, a `worker` or `all`; `by` which signal; `when`, see `strike`."""

    whom: str
    by: signal.Signals
    when: str
    n_jobs: int = 1


KILL, TERM, INT, HUP = signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP
KILLS = {
    "the command, before a file": Kill("parent", KILL, "at a file"),
    "the command, as it starts": Kill("parent", KILL, "starting"),
    "the command, at work": Kill("parent", KILL, "working"),
    "the command, as workers start": Kill("parent", KILL, "workers", 2),
    "the kernel, before a file": Kill("kernel", KILL, "at a file"),
    "the kernel, at work": Kill("kernel", KILL, "working", 2),
    "a worker, as it starts": Kill("worker", KILL, "workers", 2),
    "a worker, before a fold's file": Kill("worker", KILL, "at a fold", 2),
    "everything, before a file": Kill("all", KILL, "at a file"),
    "everything, as workers start": Kill("all", KILL, "workers", 2),
    "everything, at work": Kill("all", KILL, "working", 2),
    "the command is terminated": Kill("parent", TERM, "working", 2),
    "the command is interrupted": Kill("parent", INT, "working", 2),
    "the terminal is closed": Kill("parent", HUP, "working"),
    "the kernel is terminated": Kill("kernel", TERM, "working"),
    "the kernel is interrupted": Kill("kernel", INT, "working"),
    "everything is interrupted": Kill("all", INT, "working", 2),
    "everything is terminated": Kill("all", TERM, "working", 2),
}


@pytest.fixture
def run(start, project, clips):
    """Starts the toy paper's run."""

    def run(n_jobs: int, strike_at: int = 0) -> Command:
        line = ("run", "toy", "--profile", "smoke", "--data-root", str(clips), "--set", f"n_jobs={n_jobs}")
        return start(project, *line, strike_at=strike_at)

    return run


def strike(run: Callable[..., Command], kill: Kill, rng: random.Random) -> Command:
    """Starts a run and ends what `kill` says, when it says: all moments are random ones."""
    first, last = (FOLDS + 1, FOLDS + 4) if kill.when == "at a fold" else (1, FOLDS + 10)
    number = rng.randint(first, last)
    command = run(kill.n_jobs, number if kill.when.startswith("at a") else 0)
    if kill.when == "starting":
        time.sleep(rng.uniform(0, 5))
    elif kill.when == "workers":
        assert command.until(lambda: command.find("worker"))
        time.sleep(rng.uniform(0, 2))
    elif kill.when == "working":
        assert command.until(lambda: command.renames() >= min(number, FOLDS))
        time.sleep(rng.uniform(0, 0.5))
    else:
        assert command.until(command.struck)
    command.end(kill.whom, kill.by)
    return command


@pytest.mark.parametrize("kill", kinds(KILLS))
def test_a_run_that_is_killed_goes_on(project, clips, run, call, no_kernel, undisturbed, rng, kill):
    shutil.copytree(undisturbed.home / "papermill_runs" / "smoke", project / "papermill_runs" / "earlier")
    earlier = snapshot(project / "papermill_runs" / "earlier")
    killed = strike(run, kill, rng)
    assert killed.wait() != 0, killed.said()
    assert not killed.left()
    assert "Traceback" not in killed.said()
    if kill.whom in ("kernel", "worker"):
        assert_helpful(killed.said(), "04_toy", accepts="the same command goes on")
    if kill.whom == "worker":
        assert_helpful(killed.said(), "worker", accepts="close other programs")
    finished = {name: file for name, file in snapshot(project / ".cache").items() if ".partial-" not in name}

    again = call("run", "toy", "--profile", "smoke", "--data-root", clips)
    assert again.exit_code == 0, again.output
    assert_same_bits(toy_paper.predictions_of(project), undisturbed.predictions)
    assert is_part(finished, snapshot(project / ".cache"))
    assert not temporary(project)
    assert snapshot(project / "papermill_runs" / "earlier") == earlier
