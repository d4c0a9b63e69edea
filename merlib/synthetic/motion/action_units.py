"""How facial action units move the skin (FACS): a table of pushes and furrows, in IPD.

A push is a Gaussian patch of skin that moves as one; a furrow is a line along which the skin folds
and darkens. Both are given for the right side of the picture, relative to a landmark of
`identity.landmarks`, and mirrored for the other side. Directions are relative within a unit: the
largest displacement of every unit is scaled to 1.
"""

from typing import NamedTuple


class Push(NamedTuple):
    landmark: str
    x: float
    y: float
    width: float
    height: float
    dx: float
    dy: float


class Furrow(NamedTuple):
    landmark: str
    points: tuple[tuple[float, float], ...]
    depth: float


class ActionUnit(NamedTuple):
    name: str
    pushes: tuple[Push, ...]
    furrows: tuple[Furrow, ...] = ()


ACTION_UNITS = {
    1: ActionUnit(
        "inner brow raiser",
        (Push("brow", 0.2, 0, 0.17, 0.16, 0, -1), Push("brow", 0.2, -0.27, 0.2, 0.2, 0, -0.4)),
        (
            Furrow("brow", ((0, -0.23), (0.15, -0.24), (0.3, -0.21)), 0.5),
            Furrow("brow", ((0, -0.34), (0.2, -0.35)), 0.35),
        ),
    ),
    2: ActionUnit(
        "outer brow raiser",
        (
            Push("brow", 0.68, 0, 0.18, 0.16, 0.05, -1),
            Push("brow", 0.62, -0.25, 0.2, 0.2, 0, -0.35),
            Push("eye", 0.08, -0.13, 0.16, 0.07, 0, -0.3),
        ),
        (Furrow("brow", ((0.45, -0.21), (0.65, -0.21), (0.8, -0.13)), 0.5),),
    ),
    4: ActionUnit(
        "brow lowerer",
        (Push("brow", 0.2, 0.02, 0.15, 0.15, -0.65, 0.8), Push("brow", 0.45, 0, 0.2, 0.13, -0.3, 0.55)),
        (
            Furrow("brow", ((0.09, -0.09), (0.075, 0.02), (0.085, 0.13)), 1.0),
            Furrow("brow", ((0, 0.17), (0.1, 0.16)), 0.3),
        ),
    ),
    5: ActionUnit("upper lid raiser", (Push("eye", 0, -0.09, 0.17, 0.05, 0, -1),)),
    6: ActionUnit(
        "cheek raiser",
        (
            Push("cheek", 0.62, 0.33, 0.25, 0.16, 0, -0.8),
            Push("eye", 0.3, 0.02, 0.13, 0.14, -0.45, 0),
            Push("eye", 0, 0.1, 0.18, 0.05, 0, -0.4),
        ),
        (
            Furrow("eye", ((0.28, 0), (0.4, -0.02)), 0.6),
            Furrow("eye", ((0.27, 0.05), (0.38, 0.09)), 0.6),
            Furrow("eye", ((-0.1, 0.15), (0.1, 0.17), (0.22, 0.13)), 0.4),
        ),
    ),
    7: ActionUnit(
        "lid tightener",
        (Push("eye", 0, 0.07, 0.18, 0.045, 0, -0.9), Push("eye", 0, -0.09, 0.18, 0.05, 0, 0.45)),
        (Furrow("eye", ((-0.15, 0.11), (0.03, 0.135), (0.2, 0.1)), 0.7),),
    ),
    9: ActionUnit(
        "nose wrinkler",
        (
            Push("nose", 0.12, -0.36, 0.12, 0.2, 0, -0.9),
            Push("nose", 0.18, -0.08, 0.11, 0.11, 0, -1),
            Push("brow", 0.15, 0.12, 0.13, 0.11, -0.2, 0.5),
            Push("mouth", 0.2, -0.17, 0.13, 0.09, 0, -0.4),
        ),
        (
            Furrow("nose", ((0, -0.66), (0.1, -0.64)), 0.8),
            Furrow("nose", ((0, -0.57), (0.1, -0.54)), 0.6),
            Furrow("nose", ((0.13, -0.34), (0.2, -0.14)), 0.6),
            Furrow("nose", ((0.24, -0.09), (0.33, 0.05)), 0.6),
        ),
    ),
    10: ActionUnit(
        "upper lip raiser",
        (Push("mouth", 0.2, -0.1, 0.15, 0.085, 0, -1), Push("nose", 0.31, 0.03, 0.13, 0.13, 0.1, -0.65)),
        (Furrow("nose", ((0.24, -0.09), (0.34, 0.05), (0.42, 0.2)), 1.0),),
    ),
    12: ActionUnit(
        "lip corner puller",
        (Push("corner", 0.02, -0.02, 0.17, 0.13, 0.6, -0.9), Push("cheek", 0.57, 0.6, 0.22, 0.2, 0.15, -0.5)),
        (
            Furrow("nose", ((0.26, -0.04), (0.38, 0.1), (0.48, 0.24)), 0.9),
            Furrow("corner", ((0.06, -0.06), (0.075, 0.04)), 0.6),
        ),
    ),
    14: ActionUnit(
        "dimpler",
        (Push("corner", 0, 0, 0.1, 0.1, 0.85, -0.1), Push("corner", 0.17, 0, 0.08, 0.12, -0.5, 0)),
        (Furrow("corner", ((0.065, -0.06), (0.08, 0), (0.065, 0.07)), 1.0),),
    ),
    15: ActionUnit(
        "lip corner depressor",
        (Push("corner", 0, 0.05, 0.15, 0.12, 0.1, 1),),
        (Furrow("corner", ((-0.02, 0.06), (0.03, 0.15)), 0.8), Furrow("chin", ((0, -0.17), (0.18, -0.15)), 0.4)),
    ),
    16: ActionUnit(
        "lower lip depressor",
        (Push("mouth", 0.17, 0.1, 0.17, 0.07, 0.1, 1), Push("chin", 0.12, -0.12, 0.2, 0.1, 0, 0.4)),
        (Furrow("mouth", ((0.12, 0.2), (0.26, 0.16)), 0.5),),
    ),
    17: ActionUnit(
        "chin raiser",
        (Push("chin", 0.1, 0, 0.25, 0.14, 0, -1), Push("mouth", 0.1, 0.12, 0.2, 0.08, 0, -0.75)),
        (
            Furrow("chin", ((0, -0.13), (0.15, -0.12), (0.24, -0.07)), 1.0),
            Furrow("chin", ((0.08, 0.02), (0.13, 0.05)), 0.5),
        ),
    ),
    20: ActionUnit(
        "lip stretcher",
        (Push("corner", 0.03, 0.03, 0.17, 0.14, 1, 0.2),),
        (Furrow("corner", ((0.07, -0.03), (0.09, 0.08)), 0.6),),
    ),
    23: ActionUnit(
        "lip tightener",
        (
            Push("mouth", 0.28, 0, 0.13, 0.09, -0.7, 0),
            Push("mouth", 0.1, -0.07, 0.2, 0.05, 0, 0.4),
            Push("mouth", 0.1, 0.1, 0.2, 0.05, 0, -0.4),
        ),
        (Furrow("mouth", ((0, -0.1), (0.2, -0.08)), 0.4),),
    ),
    24: ActionUnit(
        "lip pressor",
        (Push("mouth", 0.12, -0.08, 0.25, 0.06, 0, 0.8), Push("mouth", 0.12, 0.09, 0.25, 0.06, 0, -0.8)),
        (Furrow("mouth", ((0, 0.13), (0.22, 0.11)), 0.6),),
    ),
    25: ActionUnit(
        "lips part",
        (Push("mouth", 0.1, 0.075, 0.22, 0.06, 0, 1), Push("mouth", 0.1, -0.06, 0.22, 0.05, 0, -0.4)),
        (Furrow("mouth", ((0, 0), (0.2, 0)), 0.5),),
    ),
    26: ActionUnit(
        "jaw drop",
        (Push("chin", 0.05, 0, 0.42, 0.2, 0, 1), Push("mouth", 0.1, 0.09, 0.24, 0.08, 0, 1)),
        (Furrow("mouth", ((0, 0), (0.2, 0)), 0.5),),
    ),
}
