"""What is computed from each clip's frames, kept on disk: computed once, then mapped.

A result's file is named by a hash of the frames and of all code that the result depends on (`fingerprint`). So another
crop, size or setting, or changed code, is a new file, and nothing stale is ever read.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import joblib
import numpy as np

from merlib import paths, reproducible
from merlib.cache.files import whole
from merlib.cache.fingerprint import fingerprint
from merlib.progress import track
from merlib.workers import parallel


def of_each(
    kind: str, function: Callable[[np.ndarray], np.ndarray], videos: Sequence[np.ndarray], n_jobs: int = -1
) -> list[np.ndarray]:
    """`function(video)` of every video, in their order, memory-mapped and read-only.

    What is not yet in the cache folder `kind` is computed, by `n_jobs` processes (-1: as many as there are cores), and
    written whole or not at all. Raises what `function` raises, and Unhashable when its code cannot be hashed.
    """
    folder, code = paths.cache(kind), fingerprint(function, reproducible.mode())
    files = [folder / f"{fingerprint(code, video)}.npy" for video in videos]
    missing = {file: video for file, video in zip(files, videos, strict=True) if not file.exists()}
    jobs = (joblib.delayed(_store)(function, video, file) for file, video in missing.items())
    if missing:
        for _ in track(parallel(jobs, n_jobs), kind, total=len(missing)):
            pass
    return [np.load(file, mmap_mode="r") for file in files]


def keep(path: Path, array: np.ndarray) -> None:
    """Writes `array` as a `.npy` file, whole or not at all."""
    with whole(path) as temporary, temporary.open("wb") as file:
        np.save(file, array)


def _store(function: Callable[[np.ndarray], np.ndarray], video: np.ndarray, path: Path) -> None:
    keep(path, function(video))
