"""Training as a CPU without wide vectors does it: the same sums, added in another order."""

import os
from collections.abc import Sequence

import pandas as pd

from merlib import reproducible
from merlib.data.clips import Clips
from merlib.training.experiments import Experiment
from merlib.training.loop import Inputs


def run(experiment: Experiment, X: Inputs, clips: Clips, seeds: Sequence[int]) -> pd.DataFrame:
    """`experiment.run` with the instructions of the oldest x86-64 CPUs; on other CPUs, and on a GPU, it changes nothing.

    Folds are trained in new worker processes, as a process chooses its instructions when it starts.
    """
    with reproducible.held(reproducible.OLDEST):
        return experiment.run(X, clips, seeds, n_jobs=max(2, os.cpu_count() or 1))
