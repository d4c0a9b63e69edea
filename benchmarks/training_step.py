"""Seconds a training step of one fold: ResNet-18 on 112 x 112 pictures, 32 a batch, in either precision.

    python benchmarks/training_step.py

Steps are timed inside `loop.fit`, as the difference between a long and a short fit, so that building the model does
not count. On a CPU a fold has one thread, and the GPU, where there is one, is used.
"""

import platform
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from torchvision.models import resnet18

from merlib.training import loop
from merlib.training.splits import Fold

BATCH, SHORT, LONG = 32, 2, 12
FOLD = Fold("one batch", train=np.arange(BATCH), test=np.arange(BATCH, BATCH + 1))


def seconds_a_step(settings: loop.Settings, X: np.ndarray, y: np.ndarray) -> float:
    def seconds(num_epochs: int) -> float:
        start = time.perf_counter()
        loop.fit(
            lambda num_classes: resnet18(num_classes=num_classes),
            X,
            y,
            FOLD,
            5,
            replace(settings, num_epochs=num_epochs),
            seed=0,
        )
        return time.perf_counter() - start

    seconds(1)  # the first call of a kernel prepares it
    return (seconds(LONG) - seconds(SHORT)) / (LONG - SHORT)


def main() -> None:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (BATCH + 1, 3, 112, 112), dtype=np.uint8)
    y = rng.integers(0, 5, BATCH + 1)
    rows = {
        precision: seconds_a_step(loop.Settings(1, BATCH, 1e-3, precision=precision), X, y)
        for precision in ("float32", "bf16")
    }
    table = pd.DataFrame({"precision": rows.keys(), "seconds a step": rows.values()})
    table["times as fast"] = rows["float32"] / table["seconds a step"]
    print(f"{loop.best_device()}, {platform.processor() or platform.machine()}, torch {torch.__version__}")
    print(table.to_markdown(index=False, floatfmt=".3f"))


main()
