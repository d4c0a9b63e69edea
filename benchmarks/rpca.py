"""Seconds to decompose one clip of PSN, 12,544 pixels x 150 frames: `merlib.preprocessing.rpca` and a full SVD a step, same tolerance.

    python benchmarks/rpca.py

A planted matrix of rank 5 with 5 % large errors, and a look-alike clip interpolated to 150 frames. The full SVD is NumPy's
in float64, the plain implementation that the tests compare with. Every time is the shortest of three.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from merlib.preprocessing import motion, rpca
from merlib.synthetic import Actor, View, draw_identity
from merlib.synthetic.motion.emotions import units
from merlib.synthetic.motion.filming import film
from merlib.synthetic.motion.takes import play

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import full_svd

SIZE = 112


def clip() -> np.ndarray:
    """Grey frames of a look-alike clip at 200 frames a second, interpolated: pixels x frames."""
    rng = np.random.default_rng(0)
    actor = Actor(draw_identity(rng), View.cropped(SIZE, SIZE))
    frames = list(film(actor, play(actor.who, units("4+7"), 200, rng), cropped=True, extra=0, rng=rng))
    return motion.interpolate(np.stack(frames).mean(axis=3), rpca.NUM_FRAMES).reshape(rpca.NUM_FRAMES, -1).T


def shortest(function: Callable) -> tuple[float, object]:
    times = []
    for _ in range(3):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return min(times), result


def main() -> None:
    rows = []
    for name, D in {"planted": sum(full_svd.planted(SIZE**2, rpca.NUM_FRAMES, 5, 0.05)), "clip": clip()}.items():
        ours, found = shortest(lambda D=D: rpca.decompose(torch.as_tensor(D)))
        plain, (A, E, steps) = shortest(lambda D=D: full_svd.decompose(D, rpca.TOLERANCE))
        rows.append(
            {
                "matrix": name,
                "merlib, s": f"{ours:.2f}",
                "full SVD, s": f"{plain:.2f}",
                "times as fast": f"{plain / ours:.1f}",
                "steps": f"{found.steps}, {steps}",
                "A differs by": f"{full_svd.difference(found.low_rank.numpy(), A):.1e}",
                "E differs by": f"{full_svd.difference(found.sparse.numpy(), E):.1e}",
            }
        )
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, NumPy {np.__version__}")
    print(pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True))


main()
