"""Frames of look-alike data a second on one core, 170 x 140 px: drawn, moved, lit, noisy and JPEG-compressed.

Run: python benchmarks/synth.py
"""

import time

import cv2
import numpy as np

from merlib.synthetic import Actor, View, draw_identity
from merlib.synthetic.motion.emotions import units
from merlib.synthetic.motion.filming import film
from merlib.synthetic.motion.takes import play

NUM_CLIPS = 40


def main() -> None:
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    start = time.perf_counter()
    actor = Actor(draw_identity(rng), View.cropped(170, 140))
    drawn = time.perf_counter()
    num_frames = 0
    for _ in range(NUM_CLIPS):
        frames = film(actor, play(actor.who, units("4+7+9"), 200, rng), cropped=True, extra=0, rng=rng)
        num_frames += len([cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 90]) for frame in frames])
    seconds = time.perf_counter() - drawn
    print(f"one person drawn in {drawn - start:.2f} s; {num_frames} frames, {num_frames / seconds:.0f} frames/s")


if __name__ == "__main__":
    main()
