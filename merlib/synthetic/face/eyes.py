"""Eyes, open or closed, and brows."""

import numpy as np

from merlib.synthetic.face.canvas import Canvas, blend, darken, paint, sigmoid
from merlib.synthetic.face.identity import Identity

IRIS = np.array([[45, 28, 18], [82, 54, 32], [98, 104, 70], [94, 120, 146]], np.float32)
SCLERA = np.array([214, 206, 200], np.float32)
IRIS_RADIUS, PUPIL_RADIUS = 0.1, 0.042


def lids(canvas: Canvas, who: Identity, side: int, closing: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Place across the eye (-1 inner .. 1 outer corner) and heights of the upper and the lower lid, each (h, w).

    `side` is 1 for the eye on the right of the picture; `closing` is 0 for open and 1 for closed eyes.
    """
    across = (canvas.x * side - 0.5) / who.eye_width
    opening = np.clip(1 - across**2, 0, 1)
    tilt = who.eye_tilt * across
    upper = tilt - who.upper_lid * opening**0.7 * (1 - 0.12 * across)
    lower = tilt + who.lower_lid * opening**0.9 * (1 + 0.15 * across)
    return across, upper + (lower - 0.008 - upper) * closing, lower


def eyes(canvas: Canvas, who: Identity, image: np.ndarray, gaze: float, closing: float = 0.0) -> np.ndarray:
    """Both eyes with their lashes and lid creases; `gaze` is a sideways shift of the irises, IPD."""
    for side in (-1, 1):
        across, upper, lower = lids(canvas, who, side, closing)
        opening = canvas.inside(np.minimum(canvas.y - upper, lower - canvas.y)) * (np.abs(across) < 1)
        image = paint(image, _eyeball(canvas, who, side * 0.5 + gaze, across, upper), opening)
        image = _lashes(canvas, image, across, upper, lower)
        image = _crease(canvas, who, image, across)
    return image


def _eyeball(canvas: Canvas, who: Identity, x: float, across: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Sclera, iris, pupil and the lamp's reflection, in the shadow of the upper lid."""
    radius = np.hypot(canvas.x - x, canvas.y + 0.012)
    iris = blend(IRIS, who.iris**2 * (1 - 0.8 * who.skin_tone))
    ball = SCLERA * (0.9 - 0.25 * np.clip(np.abs(across), 0, 1) ** 2)[..., None]
    ball = paint(ball, iris * (0.75 + 0.4 * radius / IRIS_RADIUS)[..., None], canvas.inside(IRIS_RADIUS - radius, 0.01))
    ball = paint(ball, (12, 10, 10), canvas.inside(PUPIL_RADIUS - radius))
    ball = darken(ball, 0.5 * np.exp(-(((canvas.y - upper) / 0.035) ** 2)))
    return paint(ball, (240, 240, 240), canvas.bump(x + 0.03 * np.sign(who.light_x), -0.04, 0.014, 0.014))


def _lashes(canvas: Canvas, image: np.ndarray, across: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    blur = 0.4 / canvas.unit
    dark = np.exp(-0.5 * ((canvas.y - upper + 0.004) / (0.012 + blur)) ** 2) * (0.75 + 0.25 * np.clip(across, -1, 1))
    image = darken(image, 0.75 * dark * sigmoid((1.04 - np.abs(across)) / 0.04))
    rim = np.exp(-0.5 * ((canvas.y - lower) / (0.009 + blur)) ** 2)
    return darken(image, 0.25 * rim * (np.abs(across) < 1))


def _crease(canvas: Canvas, who: Identity, image: np.ndarray, across: np.ndarray) -> np.ndarray:
    arc = np.clip(1 - 0.8 * across**2, 0, 1) ** 0.75
    height = -who.upper_lid * arc - who.lid_crease + 0.02 * np.abs(across) + who.eye_tilt * across
    line = np.exp(-0.5 * ((canvas.y - height) / (0.013 + 0.3 / canvas.unit)) ** 2)
    return darken(image, 0.25 * who.crease_depth * line * sigmoid((1.1 - np.abs(across)) / 0.08))


def brows(canvas: Canvas, who: Identity, image: np.ndarray, hair: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Both eyebrows, in the colour `hair`: arched, tapered outwards, ragged."""
    along = np.clip((canvas.aside - 0.19) / 0.66, -0.2, 1.2)  # 0 at the inner, 1 at the outer end
    inner = np.clip(along, 0, 1)
    middle = who.brow_y + 0.02 - who.brow_arch * np.sin(2.2 * inner) + 0.05 * inner**2
    thickness = who.brow_thickness * (1 - 0.6 * inner**1.5) * sigmoid((along + 0.02) / 0.03)
    body = sigmoid((thickness / 2 - np.abs(canvas.y - middle)) / 0.016)
    body = body * sigmoid((along - 0.02) / 0.03) * sigmoid((0.97 - along) / 0.03)
    ragged = np.clip(0.9 + 0.16 * canvas.noise(rng, 0.012), 0.3, 1.1)
    return paint(image, hair * 0.75, np.clip(who.brow_density * body * ragged, 0, 1))
