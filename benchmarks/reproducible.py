"""What the reproducible mode costs: processor time of a training epoch, against the same epoch in the fast mode.

    python benchmarks/reproducible.py

Each mode has a process of its own, as it is set before the libraries are loaded. Processor time of one thread is counted,
so that other work on the machine matters little.
"""

import json
import os
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pandas as pd

from merlib import reproducible

CLIPS, BATCH = 24, 8
THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
MODES = {"bf16": THREAD, "float32": THREAD, "reproducible": reproducible.ENVIRONMENT}


def seconds_an_epoch(precision: str) -> dict[str, float]:
    from torch import nn
    from torchvision.models import resnet18, vgg16

    from merlib.papers.mmnet import MMNet
    from merlib.training import loop, splits

    class LastState(nn.LSTM):
        def forward(self, x):
            return super().forward(x)[1][0][-1]

    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (CLIPS + 1, 3, 96, 96), dtype=np.uint8)
    pair = {"motion": pictures / np.float32(255), "onset": pictures}
    networks = {
        "MMNet, a quarter as wide, 96 px": (partial(MMNet, size=96, width=0.25), pair),
        "ResNet-18, 96 px": (lambda classes: resnet18(num_classes=classes), pictures),
        "LSTM on 11 x 512 features": (
            lambda classes: nn.Sequential(LastState(512, 512, batch_first=True), nn.Linear(512, classes)),
            rng.standard_normal((CLIPS + 1, 11, 512), dtype=np.float32),
        ),
        "VGG16, 96 px": (lambda classes: vgg16(num_classes=classes), pictures),
    }
    y, fold = rng.integers(0, 3, CLIPS + 1), splits.Fold("one", np.arange(CLIPS), np.array([CLIPS]))

    def seconds(build, X, num_epochs: int) -> float:
        start = time.process_time()
        loop.fit(build, X, y, fold, 3, loop.Settings(num_epochs, BATCH, 1e-4, precision=precision), seed=0)
        return time.process_time() - start

    # the difference of two fits: building the model does not count
    return {name: (seconds(build, X, 4) - seconds(build, X, 1)) / 3 for name, (build, X) in networks.items()}


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(seconds_an_epoch(sys.argv[1])))
        return
    found = {}
    for mode, variables in MODES.items():
        precision = "bf16" if mode == "bf16" else "float32"
        command = [sys.executable, __file__, precision]
        made = subprocess.run(command, env=os.environ | variables, stdout=subprocess.PIPE, text=True, check=True)
        found[mode] = json.loads(made.stdout.splitlines()[-1])
    table = pd.DataFrame(found)
    for mode in ("bf16", "float32"):
        table[f"reproducible / {mode}"] = table["reproducible"] / table[mode]
    print(f"{reproducible.cpu()}: {', '.join(reproducible.instruction_sets())}")
    print(table.to_markdown(floatfmt=".3f"))


main()
