"""Whether the reproducible mode gives the same bits on another CPU: on this one, and on the one that an emulator shows.

    python benchmarks/emulated_cpu.py

Valgrind (`apt-get install valgrind`) runs any program on an Intel Haswell: without AVX-512, with other caches, and of another
maker than an AMD. Every step of the notebooks that computes is there once, on look-alike clips: from frames to logits after
training. The emulated part takes some fifteen minutes.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import warnings
from functools import partial

import numpy as np
import torch

from merlib import paths, reproducible
from merlib.cache.files import sha256
from merlib.data import read
from merlib.papers import mmnet, psn, sma_stn, vggface_lstm
from merlib.preprocessing import frames, magnification, motion
from merlib.synthetic import Size, write
from merlib.training import loop, splits

EMULATOR = ["valgrind", "--quiet", "--tool=none", "--trace-children=yes", "--smc-check=all-non-file"]
SETTINGS = loop.Settings(num_epochs=2, batch_size=4, lr=1e-3)


def steps(data_root: str) -> dict[str, str]:
    """Step -> a hash of its result."""
    warnings.simplefilter("ignore")
    folder = write("samm", data_root, Size(3, 8, 120, 160))
    found = {"look-alike clips, drawn": sha256(folder / paths.SUMS)}

    def note(name: str, *arrays: np.ndarray) -> None:
        found[name] = hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()
        print(f"{name}: {found[name][:12]}", file=sys.stderr, flush=True)

    clips, videos = frames.load(read("samm", data_root).classes("samm-5"), size=48)
    note("frames: face found, aligned, cropped", *videos)
    pairs = [(video[0], video[apex]) for video, apex in zip(videos, clips.apex_index, strict=True)]
    note("optical flow, strain", *(motion.flow_map(*pair) for pair in pairs))
    note("magnification", magnification.motion(videos[0], fps=200, band=(10, 50)))
    streams = [psn.two_streams(video) for video in videos[:2]]
    note("robust PCA", *streams)
    fold = splits.Fold("one", np.arange(2, len(clips)), np.arange(2))

    def train(name: str, build, X, prepare=loop.as_float, loss=loop.cross_entropy) -> None:
        note(name, loop.fit(build, X, clips.y, fold, 5, SETTINGS, seed=0, prepare=prepare, loss=loss).logits)

    onset = mmnet.onset_and_apex(videos, clips.apex_index)
    train("MMNet", partial(mmnet.MMNet, size=48, width=0.25), onset, mmnet.motion_and_onset)
    rng = np.random.default_rng(0)
    features = {"features": rng.normal(size=(len(clips), 11, 64)).astype(np.float32), "valid": np.full(len(clips), 9)}
    build = partial(vggface_lstm.SequenceNetwork, channels=64, decoder="LSTM", fc=[32, 32], hidden=32)
    train("LSTM", build, features)
    note("DE-loss", _gradient(sma_stn.de_loss, torch.randn(6, 4, 32, generator=torch.Generator().manual_seed(0))))
    return found


def _gradient(function, x: torch.Tensor) -> np.ndarray:
    function(x.requires_grad_()).backward()
    return x.grad.numpy()


def run(*emulator: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        command = [*emulator, sys.executable, __file__, f"{folder}/data"]
        variables = {"MERLIB_CACHE": folder, **reproducible.ENVIRONMENT}
        made = subprocess.run(command, env=os.environ | variables, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(made.stdout.splitlines()[-1])


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(steps(sys.argv[1])))
        return
    here, emulated = run(), run(*EMULATOR)
    for name in here:
        print(f"{name}: {'the same bits' if here[name] == emulated[name] else 'DIFFERENT'}")


main()
