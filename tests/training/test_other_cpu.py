import os

import numpy as np
import pytest
from helpers import toy

from merlib import reproducible
from merlib.results import repetition
from merlib.training import Experiment, Settings, other_cpu

has_wide_vectors = pytest.mark.skipif(bool(reproducible.faults()), reason="this CPU has no wide vectors to be without")


@has_wide_vectors
def test_the_same_sums_in_another_order(home, monkeypatch):
    for name in reproducible.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    clips = toy.clips(persons=3)
    experiment = Experiment("toy", toy.Net, Settings(3, 4, 1e-2, precision="float32"))
    before = dict(os.environ)
    here = experiment.run(toy.inputs(clips.y), clips, n_jobs=2)
    there = other_cpu.run(experiment, toy.inputs(clips.y), clips, [0])
    again = experiment.run(toy.inputs(clips.y), clips, n_jobs=2)
    assert repetition.differences(here, again)["same bits"].tolist() == [3]
    (row,) = repetition.differences(here, there).to_dict("records")
    assert row["same bits"] == 0 and 0 < row["largest difference"] < 0.1
    assert dict(os.environ) == before


@has_wide_vectors
def test_the_oldest_cpu_gives_the_same_bits_twice(home):
    clips = toy.clips(persons=2)
    experiment = Experiment("toy", toy.Net, Settings(1, 4, 1e-2))
    first = other_cpu.run(experiment, toy.inputs(clips.y), clips, [0])
    for file in (home / ".cache" / "folds").iterdir():
        file.unlink()
    np.testing.assert_array_equal(
        first.filter(like="logit"), other_cpu.run(experiment, toy.inputs(clips.y), clips, [0]).filter(like="logit")
    )
