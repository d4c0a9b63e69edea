"""Frames a second that `frames.load` delivers, decoded, aligned and cropped to 128 px: first from the files, then cached.

Two look-alike databases: CASME II as face crops (resized only) and SAMM as whole frames (face found, aligned, cropped).

Run: python benchmarks/decode.py
"""

import os
import tempfile
import time

from merlib.data import databases
from merlib.data.clips import Clips
from merlib.preprocessing import frames
from merlib.synthetic import Size, write

SIZE = 128
DATABASES = {"casme2": Size(6, 48, 170, 140), "samm": Size(6, 48, 240, 320)}


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["MERLIB_HOME"] = home
        for name, size in DATABASES.items():
            write(name, home, size)
            clips = databases.read(name, home)
            cold, cached = frames_a_second(clips), frames_a_second(clips)
            print(
                f"{name}, {len(clips)} clips of {size.height} x {size.width} px: {cold:.0f} frames/s, cached {cached:.0f}"
            )


def frames_a_second(clips: Clips) -> float:
    """Every frame is read to its last pixel: a memory map that nobody reads costs nothing."""
    start = time.perf_counter()
    _, arrays = frames.load(clips, SIZE)
    num_frames = sum(len(array) for array in arrays if array.max() > 0)
    return num_frames / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
