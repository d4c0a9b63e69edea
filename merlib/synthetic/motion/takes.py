"""What happens during a clip: action units rise and fall, the head sways, the eyes blink, the light flickers.

The sizes below were set once, from the databases' descriptions and before any method had been run on the look-alike
data; they are not tuned to any method's scores.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from merlib.synthetic.face.identity import Identity
from merlib.synthetic.motion.emotions import Unit

SHORTEST, LONGEST = 1 / 25, 1 / 2  # seconds from onset to offset
AMPLITUDE = 0.02  # IPD by which an action unit of intensity 1 moves the skin
CLIP_SPREAD, UNIT_SPREAD, SIDE_SPREAD = 0.38, 0.2, 0.15  # log-normal, of intensities
LAG_SPREAD = 0.04  # of the clip, between the peaks of its action units
RESIDUE = 0.05  # of the expression, left at the offset
STRAY_SHARE, STRAY_INTENSITY = 0.25, 0.3  # clips with a faint action unit that no annotation names
STRAY_UNITS = (1, 4, 5, 7, 14, 17, 25)
ANNOTATION_SLIP = 0.03  # of the clip, standard deviation of the annotated apex around the true one
BLINK_SHARE, BLINK_SECONDS = 0.15, 0.2
FLICKER = 0.006  # standard deviation of the light's level
MAINS_FLICKER, MAINS_HERTZ = 0.003, 100.0
# Standard deviations of the head's pose: shift x, y (IPD), roll (radians), scale, yaw, pitch (radians).
SWAY = np.array([0.008, 0.006, 0.005, 0.003, 0.008, 0.008])  # within a clip
MISREGISTRATION = np.array([0.02, 0.02, 0.012, 0.012, 0.01, 0.01])  # between clips of cropped, registered faces
SEATING = np.array([0.1, 0.08, 0.03, 0.03, 0.03, 0.03])  # between clips of uncropped faces


@dataclass(frozen=True)
class Activation:
    """One action unit on one side of the face: peak intensity (1 is typical), and its lag as a share of the clip."""

    intensity: float
    lag: float


@dataclass(frozen=True)
class Take:
    """One clip, played: onset at frame 0, true apex, offset at frame `num_frames` - 1, at `fps` frames a second."""

    num_frames: int
    fps: int
    apex: int
    activations: dict[tuple[int, str], Activation]  # by action unit and side ("L", "R": the person's)
    annotated_apex: int
    annotated_units: tuple[tuple[int, str], ...]  # side "" when both
    hold: int = 0  # frames for which the apex lasts
    filmed: range | None = (
        None  # the frames that are filmed, where that is not from before the onset to after the offset
    )


def play(who: Identity, units: tuple[Unit, ...], fps: int, rng: np.random.Generator) -> Take:
    """A take of `who` showing `units`, one-sided ones all on the same side."""
    seconds = np.clip(rng.gamma(5, 0.062), SHORTEST, LONGEST)
    num_frames = max(5, round(seconds * fps) + 1)
    apex = int(np.clip(round(rng.uniform(0.35, 0.6) * (num_frames - 1)), 2, num_frames - 3))
    slip = round(rng.normal(0, ANNOTATION_SLIP * num_frames))
    side = str(rng.choice(["L", "R"]))
    return Take(
        num_frames,
        fps,
        apex,
        _activations(who, units, side, rng),
        annotated_apex=int(np.clip(apex + slip, 1, num_frames - 2)),
        annotated_units=tuple((unit.number, side if unit.one_sided else "") for unit in units),
    )


def _activations(
    who: Identity, units: tuple[Unit, ...], shown: str, rng: np.random.Generator
) -> dict[tuple[int, str], Activation]:
    strength = who.expressiveness * np.exp(rng.normal(0, CLIP_SPREAD))
    active = {}
    for unit in units:
        intensity = strength * who.habits[unit.number].gain * np.exp(rng.normal(0, UNIT_SPREAD))
        for side in "LR":
            share = 0.08 if unit.one_sided and side != shown else np.exp(rng.normal(0, SIDE_SPREAD))
            active[unit.number, side] = Activation(intensity * share, rng.normal(0, LAG_SPREAD))
    if rng.random() < STRAY_SHARE:
        number, intensity = int(rng.choice(STRAY_UNITS)), STRAY_INTENSITY * np.exp(rng.normal(0, 0.3))
        for side in "LR":
            active.setdefault((number, side), Activation(intensity, rng.normal(0, 2 * LAG_SPREAD)))
    return active


def envelope(take: Take, lag: float, frames: np.ndarray) -> np.ndarray:
    """The share of its peak that an action unit shows at `frames` (counted from the onset), same shape.

    Rises from 0 at the onset to 1 at the apex and falls to `RESIDUE` at the offset, smoothly in speed and acceleration.
    """
    peak = np.clip(take.apex + lag * take.num_frames, 1, take.num_frames - 2 - take.hold)
    end = peak + take.hold
    falling = 1 - (1 - RESIDUE) * _smoothstep((frames - end) / (take.num_frames - 1 - end))
    return np.where(frames < peak, _smoothstep(frames / peak), falling)


def _smoothstep(time: np.ndarray) -> np.ndarray:
    """From 0 to 1 over the unit interval with no jump in speed or acceleration (minimum jerk)."""
    time = np.clip(time, 0, 1)
    return time**3 * (10 - 15 * time + 6 * time**2)


def sway(num_frames: int, fps: int, cropped: bool, rng: np.random.Generator) -> np.ndarray:
    """The head's pose (num_frames, 6): where it is in this clip, and how it moves."""
    place = rng.normal(0, MISREGISTRATION if cropped else SEATING)
    return place + SWAY * _wander(num_frames, 0.12 * fps, 6, rng)


def blink(num_frames: int, fps: int, rng: np.random.Generator) -> np.ndarray:
    """How far the eyes are closed (num_frames,), 0..1. A blink lies between onset and offset; a short clip has none."""
    length = round(BLINK_SECONDS * fps)
    closing = np.zeros(num_frames)
    if rng.random() < BLINK_SHARE and num_frames > length + 2:
        start = rng.integers(1, num_frames - length - 1)
        time = np.linspace(0, 1, length) ** 0.7  # lids fall faster than they rise
        closing[start : start + length] = np.sin(np.pi * time) ** 1.2
    return closing


def flicker(num_frames: int, fps: int, rng: np.random.Generator) -> np.ndarray:
    """The light's level (num_frames,) around 1: slow drift and the hum of the mains, sampled at the frame rate."""
    hum = np.sin(2 * np.pi * (MAINS_HERTZ * 1.013 * np.arange(num_frames) / fps + rng.random()))
    return 1 + FLICKER * _wander(num_frames, 0.05 * fps, 1, rng)[:, 0] + MAINS_FLICKER * hum


def _wander(num_frames: int, correlation: float, channels: int, rng: np.random.Generator) -> np.ndarray:
    """Smooth random motion (num_frames, channels) of unit variance, correlated over `correlation` frames."""
    margin = int(4 * correlation) + 1
    white = rng.standard_normal((num_frames + 2 * margin, channels))
    smooth = gaussian_filter1d(white, correlation, axis=0)[margin:-margin]
    return smooth * np.sqrt(2 * np.sqrt(np.pi) * correlation)
