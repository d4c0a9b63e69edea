"""Frames a second of Eulerian magnification at 224 pixels, one thread, for clips as short and as long as they come.

python benchmarks/magnification.py
"""

import os
import platform
import time
from collections.abc import Callable

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported

import cv2
import numpy as np
import pandas as pd

from merlib.preprocessing import magnification

SIZE, FPS, REPEATS = 224, 100, 3
BAND = (2.0, 10.0)


def frames_a_second(function: Callable, clip: np.ndarray) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function(clip, FPS, band=BAND)
        times.append(time.perf_counter() - start)
    return len(clip) / min(times)


def main() -> None:
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    clips = {length: rng.integers(0, 256, (length, SIZE, SIZE, 3), dtype=np.uint8) for length in (12, 36, 100)}
    ways = magnification.motion, magnification.colour
    rows = [{way.__name__: frames_a_second(way, clip) for way in ways} for clip in clips.values()]
    print(f"frames a second at {SIZE} px, {platform.processor() or platform.machine()}, OpenCV {cv2.__version__}")
    print(pd.DataFrame(rows, index=pd.Index(clips, name="frames")).to_markdown(floatfmt=".0f"))


main()
