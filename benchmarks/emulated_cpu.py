"""Whether a reproducible run has the same bits on another CPU: this one, and the Intel Haswell that Valgrind emulates.

    python benchmarks/emulated_cpu.py            the notebook mmnet in the profile smoke
    python benchmarks/emulated_cpu.py ststnet

Valgrind (`apt-get install valgrind`) shows every program a CPU of another maker, without AVX-512 and with other caches.
An emulated run takes 50 times as long: half an hour or so.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from merlib import paths
from merlib.results import repetition

MERLIB = [sys.executable, str(Path(sys.executable).with_name("merlib"))]
EMULATOR = ["valgrind", "--quiet", "--tool=none", "--trace-children=yes", "--smc-check=all-non-file"]


def run(home: Path, notebook: str, name: str, *emulator: str) -> pd.DataFrame:
    """The predictions of a smoke run with a cache of its own."""
    command = [*emulator, *MERLIB, "run", notebook, "--profile", "smoke", "--reproducible"]
    variables = {"MERLIB_HOME": str(home), "MERLIB_CACHE": str(home / f"cache-{name}")}
    subprocess.run([*command, "--run", name], env=os.environ | variables, check=True)
    return pd.read_parquet(next((home / "papermill_runs" / name).glob("*/predictions.parquet")))


def main() -> None:
    notebook = sys.argv[1] if len(sys.argv) > 1 else "mmnet"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copytree(paths.notebooks(), home / "notebooks")
        shutil.copy(paths.home() / "pyproject.toml", home)
        synth = [*MERLIB, "data", "synth", "--profile", "smoke"]
        subprocess.run(synth, env=os.environ | {"MERLIB_HOME": folder}, check=True, stdout=subprocess.DEVNULL)
        here, emulated = run(home, notebook, "here"), run(home, notebook, "emulated", *EMULATOR)
    print(repetition.differences(here, emulated).to_markdown(index=False))


main()
