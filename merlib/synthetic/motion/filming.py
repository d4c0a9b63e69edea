"""A person before a camera: the neutral picture, warped by action units and head motion into frames."""

import math
from functools import cache, cached_property

import cv2
import numpy as np

from merlib.synthetic.face.canvas import Canvas, View, sigmoid
from merlib.synthetic.face.eyes import lids
from merlib.synthetic.face.identity import Identity
from merlib.synthetic.face.portrait import draw_portrait
from merlib.synthetic.motion import takes
from merlib.synthetic.motion.muscles import Muscles
from merlib.synthetic.motion.takes import Take

PICTURE_SAMPLES, FIELD_SAMPLES = 2.0, 0.5  # samples a pixel of the drawn face and of the motion fields
MARGIN = 0.12  # IPD drawn around the frame, which a moving head brings into it
SENSOR_NOISE = 2.0  # standard deviation, grey levels
NEUTRAL_POSE = np.zeros(6)


class Actor:
    """`who`, seen through `view`."""

    def __init__(self, who: Identity, view: View):
        self.who, self.view = who, view
        self.margin = math.ceil(MARGIN * view.ipd)
        self.portrait = draw_portrait(Canvas(view.padded(self.margin), PICTURE_SAMPLES), who)
        self.fields = Canvas(view, FIELD_SAMPLES)
        self.muscles = Muscles(who, self.fields)
        outside = round(self.margin * PICTURE_SAMPLES)
        relief = self.portrait.relief[outside:-outside, outside:-outside]
        depth = cv2.resize(relief, self.fields.shape[::-1], interpolation=cv2.INTER_AREA)
        self.depth = depth - depth.max() + 0.5  # of the skin before the axis of the head's turns, IPD
        self.head = sigmoid((1.75 - np.hypot(self.fields.x, self.fields.y / 1.3)) / 0.1)  # 1 moves, 0 rests
        rows, columns = np.mgrid[: view.height, : view.width].astype(np.float32)
        self.pixels = np.stack([columns, rows], -1) + np.float32(self.margin)  # of the frame, in the drawn picture

    def frame(
        self, activations: dict[tuple[int, str], float], pose: np.ndarray = NEUTRAL_POSE, closing: float = 0.0
    ) -> np.ndarray:
        """The face (H, W, 3) float32 RGB 0..255 with action units at `activations`, such as {(12, "L"): 1.0}.

        `pose` is shift x, shift y, roll, scale, yaw, pitch (`takes.SWAY` gives units); `closing` shuts the eyes.
        """
        rigid = self._rigid(pose)
        skin, shading = self.muscles.motion(activations)
        places = self._places(rigid + skin)
        image = _sample(self.portrait.open, places)
        if closing > 0:
            shut = _sample(self.portrait.closed, places)
            image += (shut - image) * self._lid(closing)[..., None]
        if activations:
            image *= 1 + self._enlarge(shading)[..., None]
        if self.portrait.glasses is not None:
            image -= (image - 30) * _sample(self.portrait.glasses, self._places(rigid))[..., None]
        return image

    def _rigid(self, pose: np.ndarray) -> np.ndarray:
        """Displacement (h, w, 2) in IPD by a head pose; what is nearer to the camera moves more when the head turns."""
        shift_x, shift_y, roll, scale, yaw, pitch = pose.astype(np.float32)
        x, y = self.fields.x, self.fields.y - np.float32(0.8)
        move = np.stack(
            [shift_x - roll * y + scale * x + yaw * self.depth, shift_y + roll * x + scale * y + pitch * self.depth], -1
        )
        return move * self.head[..., None]

    def _places(self, displacement: np.ndarray) -> np.ndarray:
        """Where in the drawn picture each pixel of the frame comes from, (H, W, 2)."""
        moved = self.pixels - self._enlarge(displacement) * np.float32(self.view.ipd)
        return (moved + np.float32(0.5)) * np.float32(PICTURE_SAMPLES) - np.float32(0.5)

    def _enlarge(self, field: np.ndarray) -> np.ndarray:
        return cv2.resize(field, (self.view.width, self.view.height), interpolation=cv2.INTER_LINEAR)

    @cached_property
    def _eye_openings(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        full = Canvas(self.view, 1)
        return [(*lids(full, self.who, side), full.y) for side in (-1, 1)]

    def _lid(self, closing: float) -> np.ndarray:
        """1 (H, W) above the edge of the falling lid, so that it sweeps over the eye."""
        cover = np.zeros((self.view.height, self.view.width), np.float32)
        for across, upper, lower, y in self._eye_openings:
            edge = upper + (lower - upper) * np.float32(closing)
            cover = np.maximum(cover, sigmoid((edge - y) / 0.012) * (np.abs(across) < 1.25))
        return cover


def film(actor: Actor, take: Take, cropped: bool, extra: int, rng: np.random.Generator) -> list[np.ndarray]:
    """The frames of a take, uint8 RGB (H, W, 3): those that are filmed, or all with `extra` frames before and after."""
    times = np.arange(-extra, take.num_frames + extra) if take.filmed is None else np.array(take.filmed)
    poses = takes.sway(len(times), take.fps, cropped, rng)
    closing, light = takes.blink(len(times), take.fps, rng), takes.flicker(len(times), take.fps, rng)
    shown = {key: unit.intensity * takes.envelope(take, unit.lag, times) for key, unit in take.activations.items()}
    frames = []
    for i in range(len(times)):
        activations = {key: levels[i] for key, levels in shown.items() if levels[i] > 1e-4}
        image = actor.frame(activations, poses[i], closing[i]) * np.float32(light[i])
        frames.append(_sense(image, rng))
    return frames


def _sample(picture: np.ndarray, places: np.ndarray) -> np.ndarray:
    return cv2.remap(picture, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _sense(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`image` as the camera's sensor gives it: noisy, uint8."""
    bank = _noise(max(1 << 21, 2 * image.size))
    start = rng.integers(len(bank) - image.size)
    noisy = image + bank[start : start + image.size].reshape(image.shape)
    return np.clip(noisy + 0.5, 0, 255).astype(np.uint8)


@cache
def _noise(length: int) -> np.ndarray:
    """Sensor noise, drawn once. Every frame reads another stretch of it; that is much faster than drawing anew."""
    return SENSOR_NOISE * np.random.default_rng(0).standard_normal(length, dtype=np.float32)
