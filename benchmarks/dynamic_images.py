"""Clips per second: dynamic images by weights on frames, a batch at a time, against V_t and their sum, frame by frame.

    python benchmarks/dynamic_images.py

Both make the four dynamic images of three frames of every clip of a batch of 8, as in training; the largest difference
is printed. One thread, as a fold has. At 224 pixels both wait for memory.
"""

import platform
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from merlib.papers.sma_stn import pool, snippets

CLIPS, LENGTH, REPEATS = 8, 60, 20


def frame_by_frame(frames: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Eq. 3 and 4 as they are written: time averages one after the other, then their weighted sum."""
    images = []
    for clip, segments in zip(frames, positions, strict=True):
        for segment in segments:
            total, image = np.zeros(clip.shape[1:], np.float32), np.zeros(clip.shape[1:], np.float32)
            for t, position in enumerate(segment, start=1):
                total += clip[position]
                image += (2 * t - len(segment) - 1) * total / t
            images.append(image)
    return np.stack(images).reshape(*positions.shape[:2], *frames.shape[2:]).transpose(0, 1, 4, 2, 3)


def batched(frames: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """What the notebook does in training."""
    return pool(torch.from_numpy(frames), torch.from_numpy(positions)).numpy()


def clips_per_second(function: Callable, *arguments: np.ndarray) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - start)
    return CLIPS / min(times)


def main() -> None:
    torch.set_num_threads(1)
    rng, rows = np.random.default_rng(0), []
    for size in (48, 224):
        frames = rng.integers(0, 256, (CLIPS, LENGTH, size, size, 3), dtype=np.uint8)
        positions = snippets(torch.full((CLIPS,), LENGTH), torch.Generator().manual_seed(0)).numpy()
        difference = np.abs(batched(frames, positions) - frame_by_frame(frames, positions)).max()
        slow, fast = (clips_per_second(way, frames, positions) for way in (frame_by_frame, batched))
        rows.append(
            {"size": size, "frame by frame": slow, "batched": fast, "times": fast / slow, "difference": difference}
        )
    print(f"{CLIPS} clips of {LENGTH} frames, {platform.processor() or platform.machine()}, torch {torch.__version__}")
    print(pd.DataFrame(rows).to_markdown(index=False, floatfmt=("d", ".0f", ".0f", ".1f", ".1e")))


main()
