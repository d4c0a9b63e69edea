"""The reproducible mode. Whether the bits are the same on another CPU, `benchmarks/emulated_cpu.py` shows."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from merlib import paths, reproducible
from merlib.cache import arrays
from merlib.training import loop

# what makes this machine an older one, where it has more than SSE
OLDER = {"ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default"}
TRAINED = """
import json, numpy as np, torch
from torch import nn
from merlib.training import loop, splits

class Small(nn.Sequential):
    def __init__(self, classes):
        super().__init__(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.GELU(), nn.Flatten(), nn.Linear(16 * 100, classes))

X = np.random.default_rng(0).integers(0, 256, (20, 3, 12, 12), dtype=np.uint8)
fold = splits.Fold("one", np.arange(16), np.arange(16, 20))
settings = loop.Settings(num_epochs=3, batch_size=8, lr=1e-3)
result = loop.fit(Small, X, np.arange(20) % 3, fold, 3, settings, seed=0)
print(json.dumps([settings.precision, result.logits.tobytes().hex(), np.cbrt(X[0].astype(float)).tobytes().hex()]))
"""

needs_avx2 = pytest.mark.skipif(bool(reproducible.faults()), reason="the mode is for x86-64 CPUs with AVX2")


def trained(**variables):
    """Precision, logits and cube roots, computed in a process with these variables."""
    clean = {name: value for name, value in os.environ.items() if name not in reproducible.ENVIRONMENT}
    made = subprocess.run(
        [sys.executable, "-c", TRAINED], env=clean | variables, capture_output=True, text=True, check=True
    )
    return json.loads(made.stdout)


@needs_avx2
def test_one_machine_plays_an_older_one():
    newest, older = trained(), trained(**OLDER)
    assert newest[0] == "bf16" and newest[1] != older[1], "without the mode the bits depend on the CPU"
    first, again = trained(**reproducible.ENVIRONMENT), trained(**OLDER | reproducible.ENVIRONMENT)
    assert first[0] == "float32" and first == again


@pytest.fixture
def in_the_mode(monkeypatch):
    for name, value in reproducible.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_it_is_on_only_as_a_whole(in_the_mode, monkeypatch):
    assert reproducible.is_on() and reproducible.mode() == "reproducible"
    monkeypatch.setenv("MKL_CBWR", "AVX2")
    assert not reproducible.is_on() and reproducible.mode().startswith("fast, ATEN_CPU_CAPABILITY=avx2")
    for name in reproducible.OLDEST:
        monkeypatch.delenv(name)
    assert reproducible.mode() == "fast"


def test_training_is_in_float32_on_the_cpu(in_the_mode, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert loop.Settings(1, 1, 1e-3, precision="bf16").precision == "float32"
    assert loop.best_device().type == "cpu"


def test_nothing_is_read_that_the_other_mode_computed(home, monkeypatch):
    video = np.arange(4.0)

    def sines(array):
        return np.sin(array)

    arrays.of_each("sines", sines, [video], n_jobs=1)
    for name, value in reproducible.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    arrays.of_each("sines", sines, [video], n_jobs=1)
    assert len(list(paths.cache("sines").glob("*.npy"))) == 2


@pytest.mark.parametrize(
    ("machine", "sets", "said"),
    [("x86_64", ["avx", "sse2"], "needs a CPU with avx2, fma"), ("arm64", [], "is for x86-64 CPUs; this is arm64")],
)
def test_a_machine_that_cannot(monkeypatch, machine, sets, said):
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr(reproducible, "instruction_sets", lambda: sets)
    (fault,) = reproducible.faults()
    assert said in fault and "without --reproducible" in fault


def test_torch_takes_no_square_root_of_a_tensor():
    """Its last digit is another one on Intel's than on AMD's CPUs. A norm, std and rsqrt are exact."""
    files = [path for path in (paths.home() / "merlib").rglob("*.py") if "import torch" in path.read_text("utf-8")]
    found = {
        path.name: re.findall(r".*(?:\.sqrt\(\)|torch\.sqrt|\*\* 0\.5).*", path.read_text("utf-8")) for path in files
    }
    assert len(files) > 10 and not {name: lines for name, lines in found.items() if lines}
