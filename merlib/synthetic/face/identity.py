"""Who a look-alike person is: the shape and colours of the face, and how it moves. Lengths in IPD."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from merlib.synthetic.motion.action_units import ACTION_UNITS

HAIRSTYLES = ("short", "parted", "fringe", "long", "tied", "curly", "shaved")
HAIRSTYLE_SHARES = (0.24, 0.17, 0.15, 0.15, 0.12, 0.1, 0.07)


def _normal(mean: float, sd: float):
    return field(metadata={"draw": lambda rng: rng.normal(mean, sd)})


def _uniform(low: float, high: float):
    return field(metadata={"draw": lambda rng: rng.uniform(low, high)})


def _drawn(draw):
    return field(metadata={"draw": draw})


@dataclass(frozen=True)
class Habit:
    """How one person's anatomy changes an action unit."""

    turn: float  # radians by which its direction differs
    gain: float  # factor on its strength
    shift: tuple[float, float]  # displacement of its centre, IPD


def _habit(rng: np.random.Generator) -> Habit:
    return Habit(rng.normal(0, 0.2), np.exp(rng.normal(0, 0.18)), tuple(rng.normal(0, 0.025, 2)))


@dataclass(frozen=True)
class Identity:
    """One person. Every trait is drawn alone, by the rule beside it; a "factor" is relative to the average face."""

    # proportions
    face_width: float = _normal(1.0, 0.035)  # factor
    jaw_width: float = _normal(1.0, 0.06)  # factor
    face_length: float = _normal(1.0, 0.035)  # factor, below the eyes
    forehead: float = _normal(1.0, 0.05)  # factor, above the eyes
    neck_width: float = _normal(0.74, 0.05)
    age: float = _uniform(0, 1)  # 0 smooth skin, 1 deep folds
    # eyes and brows
    eye_width: float = _normal(0.235, 0.014)
    upper_lid: float = _normal(0.1, 0.013)  # above the pupil
    lower_lid: float = _normal(0.066, 0.008)  # below the pupil
    eye_tilt: float = _normal(-0.012, 0.014)  # outer corner; negative is up
    lid_crease: float = _uniform(0.05, 0.1)  # above the lid
    crease_depth: float = _uniform(0.2, 1)
    iris: float = _uniform(0, 1)  # 0 dark brown .. 1 blue, damped by dark skin
    brow_y: float = _normal(-0.36, 0.028)
    brow_arch: float = _normal(0.055, 0.022)
    brow_thickness: float = _normal(0.1, 0.02)
    brow_density: float = _uniform(0.55, 0.9)
    # nose and mouth
    nose_y: float = _normal(0.77, 0.035)  # base of the nose
    nose_width: float = _normal(1.0, 0.1)  # factor
    nose_height: float = _normal(1.0, 0.14)  # factor
    mouth_y: float = _normal(1.13, 0.03)
    mouth_width: float = _normal(0.41, 0.03)  # half
    upper_lip: float = _normal(0.085, 0.017)
    lower_lip: float = _normal(0.115, 0.018)
    mouth_curve: float = _normal(-0.008, 0.01)  # corners; negative is up
    # colours and marks
    skin_tone: float = _uniform(0, 1)  # 0 light .. 1 dark
    freckles: float = _drawn(lambda rng: max(0.0, rng.normal(-0.6, 0.6)))
    num_moles: int = _drawn(lambda rng: int(rng.poisson(1.2)))
    beard: float = _drawn(
        lambda rng: rng.choice([0, rng.uniform(0.15, 0.5), rng.uniform(0.6, 0.9)], p=[0.68, 0.2, 0.12])
    )
    glasses: float = _drawn(lambda rng: rng.choice([0, rng.uniform(0.5, 1)], p=[0.82, 0.18]))  # thickness of the frame
    # hair
    hairstyle: str = _drawn(lambda rng: str(rng.choice(HAIRSTYLES, p=HAIRSTYLE_SHARES)))
    hair_colour: float = _uniform(0, 1)  # 0 black .. 1 blond, damped by dark skin
    hair_volume: float = _uniform(0.06, 0.22)
    hairline: float = _normal(-1.02, 0.06)
    parting: float = _uniform(-0.5, 0.5)
    # the room
    light_x: float = _uniform(-0.5, 0.5)
    light_y: float = _uniform(-0.75, -0.3)
    ambient: float = _uniform(0.45, 0.6)
    gloss: float = _uniform(4, 16)  # grey levels
    backdrop: float = _uniform(90, 205)  # grey level
    clothes: tuple[int, ...] = _drawn(lambda rng: tuple(rng.integers(30, 200, 3).tolist()))
    # movement
    expressiveness: float = _drawn(lambda rng: float(np.exp(rng.normal(0, 0.25))))  # factor on every action unit
    habits: Mapping[int, Habit] = _drawn(lambda rng: {unit: _habit(rng) for unit in ACTION_UNITS})
    seed: int = _drawn(lambda rng: int(rng.integers(1 << 31)))  # of the skin's and the hair's texture


def draw_identity(rng: np.random.Generator) -> Identity:
    """A new person."""
    return Identity(**{trait.name: trait.metadata["draw"](rng) for trait in fields(Identity)})


def landmarks(who: Identity) -> dict[str, tuple[float, float]]:
    """The points that action units hang on, in IPD, those of pairs on the right of the picture (the person's left)."""
    return {
        "brow": (0.0, who.brow_y),
        "eye": (0.5, 0.0),
        "cheek": (0.0, 0.0),
        "nose": (0.0, who.nose_y),
        "mouth": (0.0, who.mouth_y),
        "corner": (who.mouth_width, who.mouth_y),
        "chin": (0.0, chin_y(who) - 0.3),
    }


def chin_y(who: Identity) -> float:
    """The lowest point of the face."""
    return 1.83 * who.face_length
