"""The face as a surface: its outline, its height towards the camera, and how light falls on it."""

import cv2
import numpy as np
from scipy.interpolate import PchipInterpolator

from merlib.synthetic.face.canvas import Canvas
from merlib.synthetic.face.identity import Identity, chin_y

# Half the width of the average head over y; the last row is the chin.
HEAD = np.array(
    [
        (-1.78, 0.0),
        (-1.7, 0.48),
        (-1.45, 0.85),
        (-1.0, 1.06),
        (-0.5, 1.11),
        (0.0, 1.1),
        (0.5, 1.06),
        (0.9, 0.98),
        (1.2, 0.87),
        (1.5, 0.69),
        (1.7, 0.46),
        (1.79, 0.26),
        (1.83, 0.0),
    ]
)


def half_width(who: Identity, y: np.ndarray) -> np.ndarray:
    """Half the width of the head at height `y`, 0 above the skull and below the chin; same shape as `y`."""
    heights, widths = HEAD.T
    jaw = np.interp(heights, [0, 1, 1.5, 1.83], [1, who.jaw_width, who.jaw_width, 1])
    heights = np.where(heights < 0, heights * who.forehead, heights * who.face_length)
    # the square of the width is interpolated: it is a straight line where the outline is a circle
    square = PchipInterpolator(heights, (widths * jaw * who.face_width) ** 2)
    inside = (y > heights[0]) & (y < heights[-1])
    return np.sqrt(np.where(inside, square(np.clip(y, heights[0], heights[-1])), 0)).astype(np.float32)


def face_mask(canvas: Canvas, who: Identity) -> np.ndarray:
    """1 on the head, 0 off it."""
    width = half_width(who, canvas.y[:, 0])[:, None]
    return canvas.inside(width**2 - canvas.x**2, softness=0.01) * (width > 0)


def relief(canvas: Canvas, who: Identity) -> np.ndarray:
    """Height of the skin towards the camera, IPD: the sum of head, nose, sockets, cheeks, mouth and folds."""
    height = _head(canvas, who) + _nose(canvas, who) + _sockets(canvas, who) + _cheeks(canvas, who)
    return canvas.blur((height + _mouth(canvas, who) + _folds(canvas, who)).astype(np.float32), 0.02)


def _head(canvas: Canvas, who: Identity) -> np.ndarray:
    width = np.maximum(half_width(who, canvas.y[:, 0])[:, None], 1e-3)
    across = np.clip(canvas.aside / width, 0, 1)
    round_sides = 0.85 * np.sqrt(np.clip(1 - across**2.6, 0.02, 1))
    return round_sides * np.clip(1 - 0.1 * (canvas.y - 0.35) ** 2, 0.3, 1)


def _nose(canvas: Canvas, who: Identity) -> np.ndarray:
    base, wide = who.nose_y, who.nose_width
    tip = base - 0.13
    down = np.clip(canvas.y / tip, 0, 1)  # 0 between the eyes, 1 at the tip
    profile = np.where(canvas.y < tip, 0.05 + 0.2 * down**1.4, 0.25 * np.exp(-(((canvas.y - tip) / 0.13) ** 2)))
    profile = profile / (1 + np.exp(-np.clip((canvas.y + 0.25) / 0.07, -30, 30)))
    ridge = who.nose_height * profile * np.exp(-0.5 * (canvas.x / ((0.085 + 0.05 * down) * wide)) ** 2)
    wings = 0.1 * canvas.bumps(0.17 * wide, base - 0.07, 0.06, 0.065)
    ball = 0.05 * canvas.bump(0, tip, 0.09 * wide, 0.08)
    return ridge + wings + ball


def _sockets(canvas: Canvas, who: Identity) -> np.ndarray:
    hollow = -0.1 * canvas.bumps(0.43, -0.05, 0.22, 0.12)
    eyeball = 0.05 * canvas.bumps(0.5, -0.01, 0.14, 0.09)
    brow_ridge = 0.05 * canvas.bumps(0.42, who.brow_y, 0.28, 0.09)
    return hollow + eyeball + brow_ridge


def _cheeks(canvas: Canvas, who: Identity) -> np.ndarray:
    return 0.09 * canvas.bumps(0.68, 0.48, 0.24, 0.22) - 0.04 * canvas.bumps(0.66, 1.02, 0.16, 0.22)


def _mouth(canvas: Canvas, who: Identity) -> np.ndarray:
    mouth, chin = who.mouth_y, chin_y(who)
    lips = 0.06 * canvas.bump(0, mouth, 0.36, 0.17)
    lips = lips + 0.03 * canvas.bump(0, mouth - 0.45 * who.upper_lip, 0.7 * who.mouth_width, 0.4 * who.upper_lip)
    lips = lips + 0.045 * canvas.bump(0, mouth + 0.5 * who.lower_lip, 0.55 * who.mouth_width, 0.4 * who.lower_lip)
    groove = -0.02 * canvas.bump(0, (who.nose_y + mouth) / 2 + 0.01, 0.04, 0.08)
    under_lip = -0.045 * canvas.bump(0, mouth + who.lower_lip + 0.1, 0.22, 0.05)
    return lips + groove + under_lip + 0.08 * canvas.bump(0, chin - 0.28, 0.22, 0.15)


def _folds(canvas: Canvas, who: Identity) -> np.ndarray:
    """The nasolabial folds, deeper with age."""
    nose, mouth = who.nose_y, who.mouth_y
    folds = np.zeros(canvas.shape, np.float32)
    for side in (-1, 1):
        points = [(0.24, nose - 0.09), (0.36, nose + 0.08), (0.48, mouth - 0.1), (0.52, mouth + 0.04)]
        folds += canvas.stroke([(side * x, y) for x, y in points], 0.02)
    return -(0.015 + 0.04 * who.age) * canvas.blur(folds, 0.035)


def light(canvas: Canvas, who: Identity, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Diffuse light (factor on the skin's colour) and gloss (grey levels to add) on the surface `height` (h, w)."""
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0) / 8 * canvas.unit
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1) / 8 * canvas.unit
    lamp = np.array([who.light_x, who.light_y, 1.0])
    facing = _facing(slope_x, slope_y, lamp)
    mirror = _facing(slope_x, slope_y, lamp / np.linalg.norm(lamp) + [0, 0, 1])  # half way to the camera
    diffuse = who.ambient + (1 - who.ambient) * 1.14 * canvas.blur(np.clip(facing, 0, 1), 0.008)
    return diffuse * _occlusion(canvas, who), who.gloss * canvas.blur(np.clip(mirror, 0, 1) ** 24, 0.01)


def _facing(slope_x: np.ndarray, slope_y: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Cosine of the angle between the surface's normal and `direction` (x, y, z)."""
    x, y, z = direction / np.linalg.norm(direction)
    return (z - slope_x * x - slope_y * y) / np.sqrt(1 + slope_x**2 + slope_y**2)


def _occlusion(canvas: Canvas, who: Identity) -> np.ndarray:
    """How much of the room's light reaches the hollows of the face."""
    nose, mouth, chin = who.nose_y, who.mouth_y, chin_y(who)
    width = np.maximum(half_width(who, canvas.y[:, 0])[:, None], 1e-3)
    shadow = 0.22 * canvas.bumps(0.44, -0.09, 0.22, 0.09)  # under the brows
    shadow += 0.16 * canvas.bumps(0.24, 0.0, 0.08, 0.13)  # beside the root of the nose
    shadow += 0.18 * canvas.bump(0, nose + 0.045, 0.18, 0.05)  # under the nose
    shadow += 0.2 * canvas.bump(0, mouth + who.lower_lip + 0.065, 0.2, 0.035)  # under the lip
    shadow += (
        0.2 * np.clip((canvas.y - chin + 0.5) / 0.5, 0, 1) * np.clip(canvas.aside / np.maximum(width, 0.8), 0, 1)
    )  # jaw
    shadow += 0.14 * np.clip(canvas.aside / np.maximum(width, 0.8) - 0.6, 0, 0.4) / 0.4  # sides of the head
    return 1 - shadow
