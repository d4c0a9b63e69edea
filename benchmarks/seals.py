"""Seconds to compare the seals of stored frames, and to hash their source files, per second that decoding them takes.

Two look-alike databases: CASME II as face crops (resized only) and SAMM as whole frames (face found, aligned, cropped),
to 128 px. A seal is compared at every start. Source files are not hashed but told by size and times: they are JPEG here,
in real databases often BMP of ten times the size, and read from a slower disk.

Run: python benchmarks/seals.py
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from merlib import paths
from merlib.cache import arrays, files
from merlib.data import databases
from merlib.preprocessing import frames
from merlib.synthetic import Size, write

SIZE = 128
DATABASES = {"casme2": Size(2, 12, 280, 230), "samm": Size(2, 12, 480, 640)}


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["MERLIB_HOME"] = home
        for name, size in DATABASES.items():
            write(name, home, size)
            clips = databases.read(name, home)
            decoding = seconds(lambda clips=clips: frames.load(clips, SIZE))
            comparing = seconds(lambda: [arrays.stored(file) for file in paths.cache("frames").glob("*.npy")])
            hashing = seconds(lambda clips=clips: [files.sha256(Path(f)) for c in clips.table["frames"] for f in c])
            ratios = f"seals {comparing / decoding:.3f}, source files {hashing / decoding:.3f}"
            print(f"{name}, {len(clips)} clips, decoded in {decoding:.1f} s: {ratios}")


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
