"""Posed macro-expressions: near the full range of the face, held, and filmed as the database's people were.

The sizes below were set once, from looks at drawn faces and before any method had been run on them.
"""

from typing import Literal

import numpy as np

from merlib.synthetic.face.identity import Identity
from merlib.synthetic.motion.emotions import Unit
from merlib.synthetic.motion.takes import AMPLITUDE, LAG_SPREAD, SIDE_SPREAD, Activation, Take

# The furthest that an action unit moves the skin, IPD: further, and patches of skin would slide over each other. That of
# 25 and 26 is how far the lips part.
RANGE = {
    1: 0.13, 2: 0.14, 4: 0.11, 5: 0.06, 6: 0.09, 7: 0.06, 9: 0.1, 10: 0.09, 12: 0.18, 14: 0.12, 15: 0.13, 16: 0.08,
    17: 0.1, 20: 0.16, 23: 0.08, 24: 0.06, 25: 0.15, 26: 0.32,
}  # fmt: skip
SHORTEST, LONGEST = 0.6, 1.05  # seconds from onset to offset
HOLD = 0.2  # of the clip, for which the apex is held
POSE_SPREAD = 0.15  # log-normal, of the share of the range that a clip and a unit in it reach
REST = 0.08  # of the weaker side of a one-sided unit

Filmed = Literal["all", "rise", "apex"]


def pose(who: Identity, units: tuple[Unit, ...], fps: int, filmed: Filmed, rng: np.random.Generator) -> Take:
    """A take of `who` posing `units`: filmed as a whole, from onset to apex, or at the apex alone (one frame)."""
    num_frames = round(rng.uniform(SHORTEST, LONGEST) * fps) + 1
    apex = round(rng.uniform(0.45, 0.6) * (num_frames - 1))
    side = str(rng.choice(["L", "R"]))
    return Take(
        num_frames,
        fps,
        apex,
        _activations(who, units, side, rng),
        annotated_apex=apex,
        annotated_units=tuple((unit.number, side if unit.one_sided else "") for unit in units),
        hold=round(HOLD * num_frames),
        filmed={"all": range(num_frames), "rise": range(apex + 1), "apex": range(apex, apex + 1)}[filmed],
    )


def _activations(
    who: Identity, units: tuple[Unit, ...], shown: str, rng: np.random.Generator
) -> dict[tuple[int, str], Activation]:
    effort = 0.9 * who.expressiveness**0.5 * np.exp(rng.normal(0, POSE_SPREAD))
    active = {}
    for unit in units:
        share = effort * who.habits[unit.number].gain ** 0.5 * np.exp(rng.normal(0, POSE_SPREAD))
        # not beyond the range, yet not all alike at its end
        intensity = RANGE[unit.number] / AMPLITUDE * np.tanh(1.3 * share) / np.tanh(1.3)
        for side in "LR":
            factor = REST if unit.one_sided and side != shown else np.exp(rng.normal(0, SIDE_SPREAD / 2))
            active[unit.number, side] = Activation(intensity * factor, rng.normal(0, LAG_SPREAD / 2))
    return active
