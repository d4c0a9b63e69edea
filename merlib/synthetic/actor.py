"""A person before a camera: the neutral picture, warped by action units and head motion into frames."""

from functools import cache, cached_property

import cv2
import numpy as np

from merlib.synthetic import acting
from merlib.synthetic.acting import Take
from merlib.synthetic.action_units import ACTION_UNITS
from merlib.synthetic.canvas import Canvas, View, sigmoid
from merlib.synthetic.eyes import lids
from merlib.synthetic.identity import Identity, landmarks
from merlib.synthetic.portrait import draw_portrait

PICTURE_SAMPLES, FIELD_SAMPLES = 2.0, 0.5  # samples a pixel of the drawn face and of the motion fields
FURROW_DEPTH = 0.12  # share of the light that a furrow of depth 1 takes away at intensity 1
SENSOR_NOISE = 2.0  # standard deviation, grey levels
NEUTRAL_POSE = np.zeros(6)
SIDES = {"L": 1, "R": -1}  # the person's left is the right of the picture


class Actor:
    """`who`, seen through `view`."""

    def __init__(self, who: Identity, view: View):
        self.who, self.view = who, view
        picture = Canvas(view, PICTURE_SAMPLES)
        self.portrait = draw_portrait(picture, who)
        self.fields = Canvas(view, FIELD_SAMPLES)
        depth = cv2.resize(self.portrait.relief, self.fields.shape[::-1], interpolation=cv2.INTER_AREA)
        self.depth = depth - depth.max() + 0.5  # of the skin before the axis of the head's turns, IPD
        self.head = sigmoid((1.75 - np.hypot(self.fields.x, (self.fields.y - 0.2) / 1.15)) / 0.1)  # 1 moves, 0 rests
        rows, columns = np.mgrid[: view.height, : view.width].astype(np.float32)
        self.pixels = np.stack([columns, rows], -1)
        self._motions: dict[tuple[int, str], tuple[np.ndarray, np.ndarray]] = {}

    def frame(
        self, activations: dict[tuple[int, str], float], pose: np.ndarray = NEUTRAL_POSE, closing: float = 0.0
    ) -> np.ndarray:
        """The face (H, W, 3) float32 RGB 0..255 with action units at `activations`, such as {(12, "L"): 1.0}.

        `pose` is shift x, shift y, roll, scale, yaw, pitch (`acting.SWAY` gives units); `closing` shuts the eyes.
        """
        rigid = self._rigid(pose)
        skin, shading = self.motion(activations)
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

    def motion(self, activations: dict[tuple[int, str], float]) -> tuple[np.ndarray, np.ndarray]:
        """What `activations` do to the skin: displacement (h, w, 2) in IPD and shading (h, w), half the frame's size."""
        skin = np.zeros((*self.fields.shape, 2), np.float32)
        shading = np.zeros(self.fields.shape, np.float32)
        for key, intensity in activations.items():
            displacement, furrow = self._motion_of(key)
            skin += displacement * np.float32(acting.AMPLITUDE * intensity)
            shading += furrow * np.float32(FURROW_DEPTH * intensity)
        return skin, shading

    def _motion_of(self, key: tuple[int, str]) -> tuple[np.ndarray, np.ndarray]:
        if key not in self._motions:
            number, side = key
            scale = np.hypot(*(self._push(number, 1) + self._push(number, -1))).max()
            displacement = np.moveaxis(self._push(number, SIDES[side]) / scale, 0, -1)
            self._motions[key] = displacement.astype(np.float32), self._furrow(number, SIDES[side])
        return self._motions[key]

    def _push(self, number: int, side: int) -> np.ndarray:
        """Displacement (2, h, w) of one half of the face by an action unit in this person, not yet scaled."""
        habit, points = self.who.habits[number], landmarks(self.who)
        cos, sin = np.cos(habit.turn), np.sin(habit.turn)
        total = np.zeros((2, *self.fields.shape))
        for push in ACTION_UNITS[number].pushes:
            x = points[push.landmark][0] + push.x + habit.shift[0]
            y = points[push.landmark][1] + push.y + habit.shift[1]
            direction = side * (cos * push.dx - sin * push.dy), sin * push.dx + cos * push.dy
            total += np.multiply.outer(direction, self.fields.bump(side * x, y, push.width, push.height))
        return total

    def _furrow(self, number: int, side: int) -> np.ndarray:
        """Shading (h, w) by an action unit's furrows: dark in the fold, lighter on the bulge below it."""
        points = landmarks(self.who)
        folds = np.zeros(self.fields.shape, np.float32)
        for furrow in ACTION_UNITS[number].furrows:
            x0, y0 = points[furrow.landmark]
            line = self.fields.blur(
                self.fields.stroke([(side * (x0 + x), y0 + y) for x, y in furrow.points], 0.015), 0.028
            )
            folds = np.maximum(folds, furrow.depth * line / max(line.max(), 1e-6))
        bulge = np.roll(folds, max(1, round(0.04 * self.fields.unit)), axis=0)
        return (0.5 * bulge - folds) * np.float32(0.6 + 0.8 * self.who.age)

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
    def _eye_openings(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
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
    """The frames of a take, uint8 RGB (H, W, 3), with `extra` frames before the onset and after the offset."""
    times = np.arange(-extra, take.num_frames + extra)
    poses = acting.sway(len(times), take.fps, cropped, rng)
    closing, light = acting.blink(len(times), take.fps, rng), acting.flicker(len(times), take.fps, rng)
    shown = {key: unit.intensity * acting.envelope(take, unit.lag, times) for key, unit in take.activations.items()}
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
    """Sensor noise, drawn once: every frame reads another stretch of it, which is much faster than drawing anew."""
    return SENSOR_NOISE * np.random.default_rng(0).standard_normal(length, dtype=np.float32)
