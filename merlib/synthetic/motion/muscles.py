"""What action units do to one person's skin."""

import numpy as np

from merlib.synthetic.face.canvas import Canvas
from merlib.synthetic.face.identity import Identity, landmarks
from merlib.synthetic.motion.action_units import ACTION_UNITS
from merlib.synthetic.motion.takes import AMPLITUDE

FURROW_DEPTH = 0.12  # share of the light that a furrow of depth 1 takes away at intensity 1
SIDES = {"L": 1, "R": -1}  # the person's left is the right of the picture


class Muscles:
    """The action units of `who`, on the points of `canvas`."""

    def __init__(self, who: Identity, canvas: Canvas):
        self.who, self.canvas = who, canvas
        self._motions: dict[tuple[int, str], tuple[np.ndarray, np.ndarray]] = {}

    def motion(self, activations: dict[tuple[int, str], float]) -> tuple[np.ndarray, np.ndarray]:
        """What `activations` do to the skin: displacement (h, w, 2) in IPD and shading (h, w) on the canvas."""
        skin = np.zeros((*self.canvas.shape, 2), np.float32)
        shading = np.zeros(self.canvas.shape, np.float32)
        for key, intensity in activations.items():
            displacement, furrow = self._motion_of(key)
            skin += displacement * np.float32(AMPLITUDE * intensity)
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
        total = np.zeros((2, *self.canvas.shape))
        for push in ACTION_UNITS[number].pushes:
            x = points[push.landmark][0] + push.x + habit.shift[0]
            y = points[push.landmark][1] + push.y + habit.shift[1]
            direction = side * (cos * push.dx - sin * push.dy), sin * push.dx + cos * push.dy
            total += np.multiply.outer(direction, self.canvas.bump(side * x, y, push.width, push.height))
        return total

    def _furrow(self, number: int, side: int) -> np.ndarray:
        """Shading (h, w) by an action unit's furrows: dark in the fold, lighter on the bulge below it."""
        points = landmarks(self.who)
        folds = np.zeros(self.canvas.shape, np.float32)
        for furrow in ACTION_UNITS[number].furrows:
            x0, y0 = points[furrow.landmark]
            line = self.canvas.blur(
                self.canvas.stroke([(side * (x0 + x), y0 + y) for x, y in furrow.points], 0.015), 0.028
            )
            folds = np.maximum(folds, furrow.depth * line / max(line.max(), 1e-6))
        bulge = np.roll(folds, max(1, round(0.04 * self.canvas.unit)), axis=0)
        return (0.5 * bulge - folds) * np.float32(0.6 + 0.8 * self.who.age)
