"""`merlib run`, killed around each file that it writes: started again, it goes on and gives the same bits.

The notebook's cells run in a copy of the test's process, without a kernel; `test_killed_runs` kills real commands.
"""

import pytest

from faults import toy_paper
from faults.checks import assert_same_bits, is_part, snapshot, temporary, whole_runs
from faults.forks import killed_at

MOMENTS = 25  # evenly spread over the files that a run writes
before_and_after = pytest.mark.parametrize("written", [False, True], ids=["before", "after"])


def moments(fast: int):
    """All moments, and so many random ones for the fast selection."""
    every = [pytest.param(place / MOMENTS, marks=pytest.mark.faults) for place in range(MOMENTS)]
    return pytest.mark.parametrize("share", [*(pytest.param(None, id=f"random {n}") for n in range(fast)), *every])


@before_and_after
@moments(fast=1)
def test_a_run_killed_around_a_file(project, clips, no_kernel, call, undisturbed, rng, share, written):
    run = lambda: call("run", "toy", "--profile", "smoke", "--data-root", clips)  # noqa: E731
    number = 1 + int((rng.random() if share is None else share) * undisturbed.files)
    assert killed_at(number, written, run)
    finished = {name: file for name, file in snapshot(project / ".cache").items() if ".partial-" not in name}
    result = run()
    assert result.exit_code == 0, result.output
    assert_same_bits(toy_paper.predictions_of(project), undisturbed.predictions)
    assert is_part(finished, snapshot(project / ".cache"))  # nothing finished was made again
    assert not temporary(project)


@before_and_after
@moments(fast=1)
def test_a_repetition_killed_around_a_file(finished, clips, no_kernel, call, undisturbed, rng, share, written):
    run = lambda: call("run", "toy", "--profile", "smoke", "--data-root", clips)  # noqa: E731
    number = 1 + int((rng.random() if share is None else share) * (undisturbed.files - toy_paper.CACHED))
    assert killed_at(number, written, run)
    assert whole_runs(finished / "papermill_runs"), "the finished run is gone"
    assert run().exit_code == 0
    assert_same_bits(toy_paper.predictions_of(finished), undisturbed.predictions)
    assert not temporary(finished)
