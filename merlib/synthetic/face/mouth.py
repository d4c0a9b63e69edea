"""An open mouth: lips and jaw give way along the line between the lips, and teeth and dark show behind it."""

import numpy as np

from merlib.synthetic.face.canvas import Canvas, sigmoid
from merlib.synthetic.face.identity import Identity, chin_y

UPPER_SHARE = 0.28  # of the opening that the upper lip makes room for
DARK, TEETH = np.array([38, 14, 14], np.float32), np.array([212, 204, 190], np.float32)
TEETH_LENGTH = 0.1  # IPD


class Mouth:
    """The mouth of `who` on the points of `canvas`."""

    def __init__(self, who: Identity, canvas: Canvas):
        self.canvas = canvas
        along = canvas.x / who.mouth_width
        self.below = (
            canvas.y - who.mouth_y - 2 * who.mouth_curve * np.clip(along, -1, 1) ** 2
        )  # the lips' line, downwards
        self.lens = np.clip(1 - (along / 0.94) ** 2, 0, 1) ** 0.7
        self.across = along
        # the jaw: everything below the lips as one, fading out over the neck
        chin = chin_y(who) - who.mouth_y
        self.jaw = (
            np.exp(-0.5 * (canvas.x / 0.62) ** 2) * _rise(self.below / 0.4) * _rise((chin + 0.75 - self.below) / 0.7)
        )
        self.lower_lip = np.exp(-0.5 * (np.maximum(self.below - 0.2, 0) / 0.22) ** 2)
        self.upper_lip = np.exp(-0.5 * (self.below / 0.14) ** 2)

    def parted(self, opening: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What lips that are `opening` apart (IPD) do to the face: displacement (h, w, 2) in IPD, how much of what lies
        behind them is seen (h, w), and its colour (h, w, 3)."""
        up, down = np.float32(UPPER_SHARE * opening), np.float32((1 - UPPER_SHARE) * opening)
        lower = down * np.maximum(self.lens * self.lower_lip, 0.85 * self.jaw)
        # between the lips, the skin's place is that of their line: the displacement takes it there and no further
        lower = np.minimum(np.maximum(self.below, 0), lower)
        upper = np.minimum(np.maximum(-self.below, 0), up * self.lens * self.upper_lip)
        shift = np.stack([np.zeros_like(lower), lower - upper], -1).astype(np.float32)
        top, bottom = -up * self.lens, down * self.lens
        edge = 0.7 / self.canvas.unit
        inside = sigmoid((np.minimum(self.below - top, bottom - self.below) - edge) / (0.5 * edge + 0.004))
        inside = inside * np.clip(opening * self.lens / 0.03, 0, 1)
        return shift, inside.astype(np.float32), self._behind(top, up + down)

    def _behind(self, top: np.ndarray, opening: np.floating) -> np.ndarray:
        """The upper teeth, shaded to the sides, over the dark."""
        length = min(TEETH_LENGTH, 0.75 * opening)
        lit = sigmoid((top + length - self.below) / 0.012) * np.exp(-((self.across / 0.75) ** 4))
        lit = lit * (0.9 - 0.35 * self.across**2) * np.clip(0.35 + (self.below - top) / 0.06, 0.35, 1)
        return (DARK + (TEETH - DARK) * np.clip(lit, 0, 1)[..., None]).astype(np.float32)


def _rise(time: np.ndarray) -> np.ndarray:
    """From 0 to 1 over the unit interval, without a kink."""
    time = np.clip(time, 0, 1)
    return time * time * (3 - 2 * time)
