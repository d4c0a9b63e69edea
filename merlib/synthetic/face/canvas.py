"""Where a face is drawn: a camera's view, and brushes on its pixel grid.

Every length of the look-alike faces is in inter-pupil distances (IPD), with the origin midway
between the pupils, x to the right of the picture and y down. One drawing thus fits any frame size.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

Points = Iterable[tuple[float, float]]


@dataclass(frozen=True)
class View:
    """A camera's framing of a face: size of the frame, the IPD and the point between the pupils, all in pixels."""

    height: int
    width: int
    ipd: float
    centre_x: float
    centre_y: float

    @classmethod
    def cropped(cls, height: int, width: int) -> "View":
        """The framing of CASME II's `Cropped` faces (280 x 340 px, brow to chin)."""
        return cls(height, width, ipd=0.435 * width, centre_x=0.5 * width - 0.5, centre_y=0.33 * height)

    @classmethod
    def seated(cls, height: int, width: int) -> "View":
        """Head and shoulders of a seated person, before any face cropping."""
        return cls(height, width, ipd=0.21 * height, centre_x=0.5 * width - 0.5, centre_y=0.44 * height)

    def padded(self, margin: int) -> "View":
        """The same view with `margin` more pixels on every side."""
        height, width = self.height + 2 * margin, self.width + 2 * margin
        return View(height, width, self.ipd, self.centre_x + margin, self.centre_y + margin)

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 2) from IPD to pixel coordinates, in which 0 is the centre of the first pixel."""
        return np.asarray(points) * self.ipd + [self.centre_x, self.centre_y]


class Canvas:
    """The coordinates of `view`, sampled `samples` times a pixel, and brushes that return (h, w) float32 maps."""

    def __init__(self, view: View, samples: float):
        self.view, self.samples = view, samples
        self.shape = round(view.height * samples), round(view.width * samples)
        rows, columns = np.mgrid[: self.shape[0], : self.shape[1]].astype(np.float32)
        self.x = ((columns + 0.5) / samples - 0.5 - view.centre_x) / np.float32(view.ipd)
        self.y = ((rows + 0.5) / samples - 0.5 - view.centre_y) / np.float32(view.ipd)
        self.aside = np.abs(self.x)
        self.unit = view.ipd * samples  # samples in one IPD

    def bump(self, x: float, y: float, width: float, height: float) -> np.ndarray:
        """A Gaussian hill of height 1."""
        return np.exp(-0.5 * (((self.x - x) / width) ** 2 + ((self.y - y) / height) ** 2))

    def bumps(self, x: float, y: float, width: float, height: float) -> np.ndarray:
        """A Gaussian hill at (x, y) and its mirror image at (-x, y)."""
        return np.exp(-0.5 * (((self.aside - x) / width) ** 2 + ((self.y - y) / height) ** 2))

    def inside(self, field: np.ndarray, softness: float = 0.0) -> np.ndarray:
        """Coverage 0..1 of the region field > 0, anti-aliased over one sample plus `softness` IPD."""
        slope = np.hypot(cv2.Sobel(field, cv2.CV_32F, 1, 0), cv2.Sobel(field, cv2.CV_32F, 0, 1)) / 8 + 1e-6
        return sigmoid(field / slope / (0.5 + 0.5 * softness * self.unit))

    def blur(self, field: np.ndarray, radius: float) -> np.ndarray:
        """Gaussian blur with a standard deviation of `radius` IPD."""
        return cv2.GaussianBlur(field, (0, 0), max(radius * self.unit, 0.3))

    def noise(self, rng: np.random.Generator, scale: float) -> np.ndarray:
        """Smooth Gaussian noise of unit variance, correlated over `scale` IPD."""
        step = max(1, int(scale * self.unit / 2))
        coarse = rng.standard_normal((self.shape[0] // step + 2, self.shape[1] // step + 2), dtype=np.float32)
        smooth = cv2.GaussianBlur(coarse, (0, 0), max(scale * self.unit / step, 0.5))
        return cv2.resize((smooth - smooth.mean()) / smooth.std(), self.shape[::-1], interpolation=cv2.INTER_CUBIC)

    def stroke(self, points: Points, width: float) -> np.ndarray:
        """A smooth line through `points`, with soft edges."""
        points = self.view.pixels(_smooth(np.array(list(points), float)))
        samples = (points + 0.5) * self.samples - 0.5
        line = np.zeros(self.shape, np.float32)
        thickness = max(1, round(width * self.unit))
        cv2.polylines(line, [np.round(samples * 16).astype(np.int32)], False, 1.0, thickness, cv2.LINE_AA, shift=4)
        return self.blur(line, 0.3 * width)


def _smooth(points: np.ndarray) -> np.ndarray:
    """A polyline of (N, 2) points resampled with rounded corners (two rounds of Chaikin's corner cutting)."""
    for _ in range(2):
        cut = np.stack([0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]], 1)
        points = np.concatenate([points[:1], cut.reshape(-1, 2), points[-1:]])
    return points


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function, without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(x, np.float32)))


def paint(image: np.ndarray, colour: np.ndarray | tuple[int, int, int], coverage: np.ndarray) -> np.ndarray:
    """`image` (h, w, 3) with `colour` laid over it where `coverage` (h, w) is 1."""
    coverage = coverage[..., None].astype(np.float32)
    return image + (np.asarray(colour, np.float32) - image) * coverage


def darken(image: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """`image` (h, w, 3) with the share `amount` (h, w) of its light taken away."""
    return image * (1 - amount)[..., None]


def blend(palette: np.ndarray, position: float) -> np.ndarray:
    """The colour at `position` 0..1 along `palette` (n, 3)."""
    place = np.clip(position, 0, 1) * (len(palette) - 1)
    return np.array([np.interp(place, range(len(palette)), channel) for channel in palette.T], np.float32)
