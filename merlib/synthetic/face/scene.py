"""What surrounds the face: backdrop, clothes, neck, ears; and glasses."""

import numpy as np

from merlib.synthetic.face.canvas import Canvas, darken, paint, sigmoid
from merlib.synthetic.face.identity import Identity, chin_y
from merlib.synthetic.face.skin import skin_colour


def backdrop(canvas: Canvas, who: Identity, rng: np.random.Generator) -> np.ndarray:
    """A grey wall, unevenly lit (h, w, 3)."""
    wall = who.backdrop * (1 - 0.05 * canvas.y + 0.06 * who.light_x * canvas.x) + 2 * canvas.noise(rng, 0.5)
    return np.repeat(wall[..., None], 3, axis=2).astype(np.float32)


def neck(canvas: Canvas, who: Identity, image: np.ndarray) -> np.ndarray:
    """The neck, widening into the shoulders, in the shadow of the chin."""
    chin = chin_y(who)
    width = who.neck_width + 0.5 * np.clip(canvas.y - chin - 0.25, 0, 2) ** 1.5 - canvas.aside
    roundness = 0.75 + 0.25 * np.sqrt(np.clip(1 - (canvas.aside / (who.neck_width + 0.05)) ** 2, 0, 1))
    skin = skin_colour(who) * (0.86 * roundness + 0.12 * np.sign(who.light_x) * canvas.x * 0.5)[..., None]
    shadow = 0.5 * sigmoid((chin + 0.16 - 0.25 * canvas.aside**2 - canvas.y) / 0.07)
    cords = 0.04 * canvas.bumps(0.3, chin + 0.5, 0.08, 0.25)
    return paint(image, darken(skin, shadow + cords), canvas.inside(width, 0.02) * (canvas.y > 0.7))


def clothes(canvas: Canvas, who: Identity, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shoulders under a round collar."""
    chin = chin_y(who)
    shoulder = chin + 0.36 + 0.2 * np.clip(canvas.aside - 0.6, 0, 3) ** 1.1
    collar = chin + 0.36 + 0.3 * np.sqrt(np.clip(1 - (canvas.aside / 0.85) ** 2, 0, 1))
    top = np.where(canvas.aside < 0.85, np.maximum(shoulder, collar), shoulder)
    edge = np.clip(1.15 + 0.9 * np.sqrt(np.clip(canvas.y - chin, 0, 3)) - canvas.aside, -1, 1)  # arms
    folds = 0.8 + 0.05 * canvas.noise(rng, 0.15) + 0.02 * canvas.noise(rng, 0.02) - 0.1 * (canvas.y - chin - 0.5)
    seam = 0.25 * np.exp(-(((canvas.y - top - 0.07) / 0.02) ** 2)) * (canvas.aside < 0.9)
    cloth = np.array(who.clothes, np.float32) * np.clip(folds - seam, 0.2, 1.1)[..., None]
    return paint(image, cloth, canvas.inside(np.minimum(canvas.y - top, edge).astype(np.float32), 0.01))


def ears(canvas: Canvas, who: Identity, image: np.ndarray) -> np.ndarray:
    """Both ears, seen from the front."""
    radius = np.hypot((canvas.aside - 1.12 * who.face_width - 0.06 * (0.25 - canvas.y)) / 0.1, (canvas.y - 0.25) / 0.33)
    skin = skin_colour(who) * [0.86, 0.75, 0.72] * (0.72 + 0.25 * np.clip(radius, 0, 1))[..., None]
    return paint(image, skin, canvas.inside((1 - radius).astype(np.float32), 0.02))


def glasses(canvas: Canvas, who: Identity) -> np.ndarray:
    """Coverage (h, w) of the dark frame of the person's glasses."""
    turn = np.linspace(0, 2 * np.pi, 40)
    rim = [np.sign(wave) * np.abs(wave) ** 0.6 for wave in (np.cos(turn), np.sin(turn))]  # a rounded rectangle
    thickness = 0.035 * who.glasses
    frame = canvas.stroke([(-0.17, -0.04), (0, -0.08), (0.17, -0.04)], thickness)
    for side in (-1, 1):
        lens = zip(side * (0.51 + 0.34 * rim[0]), 0.04 + 0.25 * rim[1], strict=True)
        arm = [(side * 0.84, -0.04), (side * 1.1 * who.face_width, 0.02)]
        frame = np.maximum(frame, np.maximum(canvas.stroke(lens, thickness), canvas.stroke(arm, thickness)))
    return 0.9 * np.clip(frame * 1.3, 0, 1)
