"""An actor whose expressions are large: the skin moves with the head, furrows have a limit, the mouth opens."""

import cv2
import numpy as np

from merlib.synthetic.face.canvas import Canvas, View
from merlib.synthetic.face.identity import Identity
from merlib.synthetic.face.mouth import Mouth
from merlib.synthetic.motion.filming import NEUTRAL_POSE, PICTURE_SAMPLES, Actor
from merlib.synthetic.motion.takes import AMPLITUDE

DEEPEST, BRIGHTEST = 0.4, 0.1  # share of the light that a furrow takes away, and its bulge gives, at most
LIPS_PART = (25, 26)


class Poser(Actor):
    """`who`, seen through `view`. Action units 25 and 26 open the mouth by their amplitude instead of moving the lips.

    The motions are applied one after the other, each on the face that the ones before it leave at rest: the head, the
    muscles, the mouth. An `Actor` adds them up; for small motions that is the same.
    """

    def __init__(self, who: Identity, view: View):
        super().__init__(who, view)
        self.mouth = Mouth(who, Canvas(view, 1))

    def frame(
        self, activations: dict[tuple[int, str], float], pose: np.ndarray = NEUTRAL_POSE, closing: float = 0.0
    ) -> np.ndarray:
        """See `Actor.frame`."""
        opening = AMPLITUDE * sum(level for (unit, _), level in activations.items() if unit in LIPS_PART) / 2
        moving = {key: level for key, level in activations.items() if key[0] not in LIPS_PART}
        skin, shading = self.muscles.motion(moving)
        resting = self.pixels - self._enlarge(self._rigid(pose)) * np.float32(self.view.ipd)
        relaxed = resting - self._at(skin, resting) * np.float32(self.view.ipd)
        image = self._drawn(relaxed, opening, closing)
        image *= 1 + self._at(_limited(shading), relaxed)[..., None]
        if self.portrait.glasses is not None:
            image -= (image - 30) * _sample(self.portrait.glasses, _in_picture(resting))[..., None]
        return image

    def _drawn(self, places: np.ndarray, opening: float, closing: float) -> np.ndarray:
        """The resting face with its mouth open and its eyes closed, at `places` (H, W, 2)."""
        shift, inside, colour = self.mouth.parted(opening)
        picture = _in_picture(places - self._at(shift, places) * np.float32(self.view.ipd))
        image = _sample(self.portrait.open, picture)
        if closing > 0:
            lid = self._at(self._lid(closing), places)
            image += (_sample(self.portrait.closed, picture) - image) * lid[..., None]
        if opening > 0:
            image += (self._at(colour, places) - image) * self._at(inside, places)[..., None]
        return image

    def _at(self, field: np.ndarray, places: np.ndarray) -> np.ndarray:
        """`field`, which covers the frame in any resolution, at `places` (H, W, 2) of the drawn picture."""
        samples = np.float32(field.shape[1] / self.view.width)
        return _sample(field, (places - np.float32(self.margin) + np.float32(0.5)) * samples - np.float32(0.5))


def _limited(shading: np.ndarray) -> np.ndarray:
    limit = np.where(shading < 0, np.float32(DEEPEST), np.float32(BRIGHTEST))
    return limit * np.tanh(shading / limit)


def _sample(field: np.ndarray, places: np.ndarray) -> np.ndarray:
    return cv2.remap(field, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _in_picture(places: np.ndarray) -> np.ndarray:
    return (places + np.float32(0.5)) * np.float32(PICTURE_SAMPLES) - np.float32(0.5)
