"""What is computed from each clip's frames, kept on disk: computed once, then mapped.

A result's file is named by a hash of the frames and of all code that the result depends on (`fingerprint`). So another
crop, size or setting, or changed code, is a new file, and nothing stale is ever read.

In a `.npy` file a seal follows the array: the SHA-256 of the file's name and of all that stands before the seal. It is
compared whenever a file is opened. benchmarks/seals.py has what that costs.
"""

import hashlib
import io
import warnings
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

    What is not yet in the cache folder `kind`, or damaged there, is computed by `n_jobs` processes (-1: as many as there
    are cores). Raises what `function` raises, and Unhashable when its code cannot be hashed.
    """
    folder, code = paths.cache(kind), fingerprint(function, reproducible.mode())
    files = [folder / f"{fingerprint(code, video)}.npy" for video in videos]
    found = {file: array for file in files if (array := stored(file)) is not None}
    missing = {file: video for file, video in zip(files, videos, strict=True) if file not in found}
    if missing:
        jobs = (joblib.delayed(_store)(function, video, file) for file, video in missing.items())
        for _ in track(parallel(jobs, n_jobs), kind, total=len(missing)):
            pass
    return [found[file] if file in found else _mapped(file) for file in files]


def stored(path: Path) -> np.ndarray | None:
    """The array that `keep` wrote, memory-mapped and read-only; None if there is none.

    None for a damaged file too, after a warning that names it: it is to be made again.
    """
    if not path.exists():
        return None
    try:
        content, size = memoryview(path.read_bytes()), hashlib.sha256().digest_size
        if content[-size:] == _seal(path, content[:-size]):
            return _mapped(path)
        fault = "its content is not what was stored under this name"
    except OSError as error:
        fault = error.strerror or type(error).__name__
    warnings.warn(f"{path} is damaged ({fault}): what it held is computed again", stacklevel=2)
    return None


def keep(path: Path, array: np.ndarray) -> np.ndarray:
    """Writes `array` as a sealed `.npy` file, whole or not at all, and returns it memory-mapped and read-only."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    content = buffer.getbuffer()
    with whole(path, needed=len(content)) as temporary, temporary.open("wb") as file:
        file.write(content)
        file.write(_seal(path, content))
    return _mapped(path)


def _seal(path: Path, content: memoryview) -> bytes:
    seal = hashlib.sha256(path.stem.encode())
    seal.update(content)
    return seal.digest()


def _mapped(path: Path) -> np.ndarray:
    return np.load(path, mmap_mode="r")


def _store(function: Callable[[np.ndarray], np.ndarray], video: np.ndarray, path: Path) -> None:
    keep(path, function(video))
